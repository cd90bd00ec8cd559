"""Pooling layers."""

from typing import Any

from ..validation import as_pair, one_of
from .base import Layer, Shape, as_image
from .convolution import output_places


class _Pooling2D(Layer):
    def __init__(
        self,
        pool_size: int | tuple[int, int] = (2, 2),
        strides: int | tuple[int, int] | None = None,
        padding: str = "valid",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.pool_size = as_pair("pool_size", pool_size, 1)
        self.strides = self.pool_size if strides is None else as_pair("strides", strides, 1)
        self.padding = one_of("padding", padding, ("valid", "same"))

    def output_shape(self, shape: Shape) -> Shape:
        *places, channels = as_image(self, shape)
        sizes, _ = output_places(self, places, self.pool_size, self.strides, self.padding)
        return (*sizes, channels)


def seen_window(pool_size, places, padding):
    """The window without the part that sees nothing of the image, wherever it stands.

    With "same" padding, one of twice the image covers all of it at each of its positions, as any
    larger one does.
    """
    if padding == "valid":
        return pool_size
    return tuple(min(window, 2 * size) for window, size in zip(pool_size, places, strict=True))


class MaxPooling2D(_Pooling2D):
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
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """


class AveragePooling2D(_Pooling2D):
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
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """


class GlobalAveragePooling2D(Layer):
    """Mean of each channel over all places of the image.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)

    def output_shape(self, shape: Shape) -> Shape:
        return as_image(self, shape)[2:]
