"""Pooling layers."""

from collections.abc import Sequence
from typing import Any

from ..validation import as_flag, as_sizes, one_of
from .base import Layer, Shape
from .checks import as_places
from .convolution import output_places


class Pooling(Layer):
    #: Axes along which the window moves: 1 for sequences, 2 for images.
    rank: int
    _always_shown = ("pool_size",)

    def __init__(self, pool_size: Any, strides: Any, padding: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.pool_size = as_sizes("pool_size", pool_size, self.rank, 1)
        self.strides = self.pool_size
        if strides is not None:
            self.strides = as_sizes("strides", strides, self.rank, 1)
        self.padding = one_of("padding", padding, ("valid", "same"))

    def output_shape(self, shape: Shape) -> Shape:
        *places, channels = as_places(self, shape, self.rank)
        sizes, _ = output_places(self, places, self.pool_size, self.strides, self.padding)
        return (*sizes, channels)


class Pooling1D(Pooling):
    rank = 1

    def __init__(
        self,
        pool_size: int | tuple[int] = (2,),
        strides: int | tuple[int] | None = None,
        padding: str = "valid",
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, **kwargs)


class Pooling2D(Pooling):
    rank = 2

    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        **kwargs: Any,
    ):
        super().__init__(pool_size, strides, padding, **kwargs)


def seen_window(pool_size: tuple[int, ...], places: Sequence[int], padding: str) -> tuple[int, ...]:
    """The window without the part that is outside of the image at each of its positions.

    With "same" padding, one of twice the image covers all of it at each of its positions, as any
    larger one does.
    """
    if padding == "valid":
        return pool_size
    return tuple(min(window, 2 * size) for window, size in zip(pool_size, places, strict=True))


class MaxPooling1D(Pooling1D):
    """Largest number of each window of a sequence, channel by channel.

    Parameters
    ----------
    pool_size : int
        Steps of the window.
    strides : int, optional
        Steps by which the window moves; by default its size.
    padding : {"valid", "same"}
        "same" lets windows go past the ends; what lies outside does not count.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """


class MaxPooling2D(Pooling2D):
    """Largest number of each window of an image, channel by channel.

    Parameters
    ----------
    pool_size : int or (int, int)
        Rows and columns of the window.
    strides : int or (int, int), optional
        Steps of the window; by default its size.
    padding : {"valid", "same"}
        "same" lets windows go past the edge; what lies outside does not count.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """


class AveragePooling1D(Pooling1D):
    """Mean of each window of a sequence, channel by channel.

    Parameters
    ----------
    pool_size : int
        Steps of the window.
    strides : int, optional
        Steps by which the window moves; by default its size.
    padding : {"valid", "same"}
        "same" lets windows go past the ends; what lies outside does not count.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """


class AveragePooling2D(Pooling2D):
    """Mean of each window of an image, channel by channel.

    Parameters
    ----------
    pool_size : int or (int, int)
        Rows and columns of the window.
    strides : int or (int, int), optional
        Steps of the window; by default its size.
    padding : {"valid", "same"}
        "same" lets windows go past the edge; what lies outside does not count.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """


class _GlobalPooling(Layer):
    rank: int

    def __init__(self, keepdims: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.keepdims = as_flag("keepdims", keepdims)

    def output_shape(self, shape: Shape) -> Shape:
        channels = as_places(self, shape, self.rank)[-1]
        return (*((1,) * self.rank * self.keepdims), channels)


class GlobalMaxPooling1D(_GlobalPooling):
    """Largest number of each channel over all steps of the sequence.

    Parameters
    ----------
    keepdims : bool
        Whether the axis of the steps stays, with size 1.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """

    rank = 1


class GlobalMaxPooling2D(_GlobalPooling):
    """Largest number of each channel over all places of the image.

    Parameters
    ----------
    keepdims : bool
        Whether the axes of rows and columns stay, with size 1.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """

    rank = 2


class GlobalAveragePooling1D(_GlobalPooling):
    """Mean of each channel over all steps of the sequence.

    Parameters
    ----------
    keepdims : bool
        Whether the axis of the steps stays, with size 1.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """

    rank = 1


class GlobalAveragePooling2D(_GlobalPooling):
    """Mean of each channel over all places of the image.

    Parameters
    ----------
    keepdims : bool
        Whether the axes of rows and columns stay, with size 1.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """

    rank = 2
