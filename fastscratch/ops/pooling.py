"""Pooling of images, channels last."""

import functools
from typing import Any

import numpy as np

from ..kernels.pooling import (
    average_pool2d_backward,
    average_pool2d_forward,
    max_pool2d_backward,
    max_pool2d_forward,
)
from ..layers.convolution import output_places
from ..layers.pooling import seen_window
from ..validation import as_floating, as_pair, one_of
from .axes import as_gradient


def max_pool(
    inputs: Any,
    pool_size: int | tuple[int, int],
    strides: int | tuple[int, int] | None = None,
    padding: str = "valid",
) -> np.ndarray:
    """Largest number of each window of an image, channel by channel.

    Parameters
    ----------
    inputs : array_like, shape (n, h, w, c)
        Images.
    pool_size : int or two
        Rows and columns of the window.
    strides : int or two, optional
        Steps of the window; by default its size.
    padding : {"valid", "same"}
        "same" lets windows reach beyond the edge, so that the output has ``ceil(h / stride)`` rows;
        places outside the image are left out.

    Returns
    -------
    ndarray, shape (n, out_h, out_w, c)

    Raises
    ------
    ValueError, TypeError
        If `inputs` are not images, or the window does not fit into the image.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> ops.max_pool(image, 2)[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]])
    """
    images, out, window = _images_and_window(inputs, pool_size, strides, padding)
    argmax = np.empty(out.shape, np.int32)  # only training reads it
    if not max_pool2d_forward(out, argmax, images, *window):
        as_floating("inputs", inputs)  # raises, and says where
    return out


def average_pool(
    inputs: Any,
    pool_size: int | tuple[int, int],
    strides: int | tuple[int, int] | None = None,
    padding: str = "valid",
) -> np.ndarray:
    """Mean of each window of an image, channel by channel.

    Parameters
    ----------
    inputs, pool_size, strides, padding
        As in :func:`max_pool`.

    Returns
    -------
    ndarray, shape (n, out_h, out_w, c)

    Raises
    ------
    ValueError, TypeError
        As :func:`max_pool`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> ops.average_pool(image, 2)[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]])
    """
    images, out, window = _images_and_window(inputs, pool_size, strides, padding)
    if not average_pool2d_forward(out, images, *window):
        as_floating("inputs", inputs)  # raises, and says where
    return out


def max_pool_backward(
    inputs: Any,
    doutputs: Any,
    pool_size: int | tuple[int, int],
    strides: int | tuple[int, int] | None = None,
    padding: str = "valid",
) -> np.ndarray:
    """Gradient of a loss with respect to the images of :func:`max_pool`. Not in Keras.

    The gradient of each window goes to its largest number; of equal ones, to the first.

    Parameters
    ----------
    inputs : array_like, shape (n, h, w, c)
        Images.
    doutputs : array_like, shape (n, out_h, out_w, c)
        Gradient of the loss with respect to the output of :func:`max_pool`.
    pool_size, strides, padding
        Those of :func:`max_pool`.

    Returns
    -------
    ndarray, shape of `inputs`

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, or the window does not fit into the image.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image, doutputs = np.arange(4.0).reshape(1, 2, 2, 1), np.ones((1, 1, 1, 1))
    >>> ops.max_pool_backward(image, doutputs, 2)[0, :, :, 0]
    array([[0., 0.],
           [0., 1.]])
    """
    images, out, window = _images_and_window(inputs, pool_size, strides, padding)
    dout = as_gradient(doutputs, images.dtype, out.shape)
    argmax, dimages = np.empty(out.shape, np.int32), np.empty_like(images)
    if not max_pool2d_forward(out, argmax, images, *window):
        as_floating("inputs", inputs)  # raises, and says where
    max_pool2d_backward(dimages, dout, argmax, *window)
    return dimages


def average_pool_backward(
    inputs: Any,
    doutputs: Any,
    pool_size: int | tuple[int, int],
    strides: int | tuple[int, int] | None = None,
    padding: str = "valid",
) -> np.ndarray:
    """Gradient of a loss with respect to the images of :func:`average_pool`. Not in Keras.

    The gradient of each window is divided equally among the pixels of the image inside it.

    Parameters
    ----------
    inputs, doutputs, pool_size, strides, padding
        As in :func:`max_pool_backward`.

    Returns
    -------
    ndarray, shape of `inputs`

    Raises
    ------
    ValueError, TypeError
        As :func:`max_pool_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image, doutputs = np.arange(4.0).reshape(1, 2, 2, 1), np.ones((1, 1, 1, 1))
    >>> ops.average_pool_backward(image, doutputs, 2)[0, :, :, 0]
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    images, out, window = _images_and_window(inputs, pool_size, strides, padding, finite=True)
    dimages = np.empty_like(images)
    average_pool2d_backward(dimages, as_gradient(doutputs, images.dtype, out.shape), *window)
    return dimages


def _images_and_window(
    inputs: Any, pool_size: Any, strides: Any, padding: str, finite: bool = False
) -> tuple[np.ndarray, np.ndarray, tuple[tuple[int, ...], ...]]:
    """Checked images, room for the output, and the window as kernels take it.

    Unless `finite`, the caller checks whether the numbers are.
    """
    images = as_floating("inputs", inputs, 4, finite)
    size = as_pair("pool_size", pool_size, 1)
    steps = size if strides is None else as_pair("strides", strides, 1)
    one_of("padding", padding, ("valid", "same"))
    shape, window = _known_window(images.shape, size, steps, padding)
    return images, np.empty(shape, images.dtype), window


@functools.lru_cache(256)
def _known_window(
    images: tuple[int, ...], size: tuple[int, ...], steps: tuple[int, ...], padding: str
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Shape of the output, and the window: found out once, as it takes microseconds."""
    size = seen_window(size, images[1:3], padding)
    places, before = output_places("pool_size", images[1:3], size, steps, padding)
    return (images[0], *places, images[3]), (size, steps, before)
