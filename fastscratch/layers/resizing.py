"""Layers that make images larger or smaller."""

from collections.abc import Sequence
from typing import Any

from ..validation import as_pair, one_of
from .base import Layer, Shape, as_image

Borders = tuple[tuple[int, int], tuple[int, int]]


def as_borders(name: str, value: Any) -> Borders:
    """Rows above and below an image, and columns to its left and right.

    One int is for all four; of two, the first is for the rows.
    """
    several = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    if several and len(value) != 2:
        raise ValueError(
            f"{name} must be an int, two ints, as (1, 1), or two pairs, as ((1, 1), (1, 1)), got "
            f"{value!r}"
        )
    rows, columns = value if several else (value, value)
    return as_pair(name, rows, 0), as_pair(name, columns, 0)


class ZeroPadding2D(Layer):
    """Rows and columns of zeros around an image.

    Parameters
    ----------
    padding : int, (int, int), or ((int, int), (int, int))
        One int for all sides; two for rows and columns; or two pairs,
        ``((above, below), (left, right))``.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[[[5.0]]]])
    >>> Sequential([layers.ZeroPadding2D(1)]).predict(x, verbose=0)[0, :, :, 0]
    array([[0., 0., 0.],
           [0., 5., 0.],
           [0., 0., 0.]], dtype=float32)
    """

    def __init__(self, padding: int | tuple[Any, Any] = (1, 1), **kwargs: Any):
        super().__init__(**kwargs)
        self.padding = as_borders("padding", padding)

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = as_image(self, shape)
        rows, columns = self.padding
        return (height + sum(rows), width + sum(columns), channels)


class Cropping2D(Layer):
    """An image without some rows and columns at its sides.

    Parameters
    ----------
    cropping : int, (int, int), or ((int, int), (int, int))
        One int for all sides; two for rows and columns; or two pairs,
        ``((above, below), (left, right))``.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> Sequential([layers.Cropping2D(1)]).predict(x, verbose=0)[0, :, :, 0]
    array([[ 5.,  6.],
           [ 9., 10.]], dtype=float32)
    """

    def __init__(self, cropping: int | tuple[Any, Any] = ((0, 0), (0, 0)), **kwargs: Any):
        super().__init__(**kwargs)
        self.cropping = as_borders("cropping", cropping)

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = as_image(self, shape)
        rows, columns = self.cropping
        if sum(rows) >= height or sum(columns) >= width:
            raise ValueError(f"{self!r} leaves nothing of images of {(height, width)}")
        return (height - sum(rows), width - sum(columns), channels)


class UpSampling2D(Layer):
    """An image made a whole number of times as large.

    Parameters
    ----------
    size : int or (int, int)
        By how much the numbers of rows and columns are multiplied.
    interpolation : {"nearest", "bilinear"}
        "nearest" repeats each pixel; "bilinear" interpolates between the centres of pixels.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[1.0, 2.0]]).reshape(1, 1, 2, 1)
    >>> Sequential([layers.UpSampling2D(2)]).predict(x, verbose=0)[0, :, :, 0]
    array([[1., 1., 2., 2.],
           [1., 1., 2., 2.]], dtype=float32)
    """

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        interpolation: str = "nearest",
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.size = as_pair("size", size, 1)
        self.interpolation = one_of("interpolation", interpolation, ("nearest", "bilinear"))

    def output_shape(self, shape: Shape) -> Shape:
        height, width, channels = as_image(self, shape)
        rows, columns = self.size
        return (height * rows, width * columns, channels)
