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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(4.0).reshape(1, 4, 1)
    >>> Sequential([layers.MaxPooling1D(2)]).predict(x, verbose=0)[0, :, 0]
    array([1., 3.], dtype=float32)
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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> Sequential([layers.MaxPooling2D(2)]).predict(x, verbose=0)[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(4.0).reshape(1, 4, 1)
    >>> Sequential([layers.AveragePooling1D(2)]).predict(x, verbose=0)[0, :, 0]
    array([0.5, 2.5], dtype=float32)
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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> Sequential([layers.AveragePooling2D(2)]).predict(x, verbose=0)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(6.0).reshape(1, 3, 2)
    >>> Sequential([layers.GlobalMaxPooling1D()]).predict(x, verbose=0)
    array([[4., 5.]], dtype=float32)
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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> Sequential([layers.GlobalMaxPooling2D()]).predict(x, verbose=0)
    array([[15.]], dtype=float32)
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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(6.0).reshape(1, 3, 2)
    >>> Sequential([layers.GlobalAveragePooling1D()]).predict(x, verbose=0)
    array([[2., 3.]], dtype=float32)
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

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> Sequential([layers.GlobalAveragePooling2D()]).predict(x, verbose=0)
    array([[7.5]], dtype=float32)
    """

    rank = 2
