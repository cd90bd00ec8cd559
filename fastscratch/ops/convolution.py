"""2-D convolutions, which are cross-correlations, as everywhere in the field."""

import functools
import math
from typing import Any

import numpy as np

from ..kernels.conv2d import (
    conv2d_backward_input,
    conv2d_backward_weight,
    conv2d_forward,
    conv2d_image_forward,
)
from ..kernels.machine import VECTOR_BYTES
from ..kernels.past_caches import TOO_LARGE
from ..layers.convolution import output_places
from ..validation import as_array, as_floating, as_pair, one_of
from .axes import as_gradient


def conv(
    inputs: Any,
    kernel: Any,
    strides: int | tuple[int, int] = 1,
    padding: str = "valid",
    dilation_rate: int | tuple[int, int] = 1,
) -> np.ndarray:
    """2-D convolution of images, channels last.

    Parameters
    ----------
    inputs : array_like, shape (n, h, w, c_in)
        Images.
    kernel : array_like, shape (kh, kw, c_in, c_out)
        Filters.
    strides : int or two
        Steps of the window.
    padding : {"valid", "same"}
        "valid": the window stays inside the image. "same": zeros are put around the image, so that
        the output has ``ceil(h / stride)`` rows; if their number is odd, the additional one goes
        below or to the right.
    dilation_rate : int or two
        Distance, in pixels, between neighbouring elements of the filter.

    Returns
    -------
    ndarray, shape (n, out_h, out_w, c_out)

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, or the filter does not fit into the image.

    Notes
    -----
    Cost: ``2 n out_h out_w kh kw c_in c_out`` flops. Twin: ``reference.conv2d.conv2d_forward``.

    Filters of 3 x 3 with at least 32 channels in and out take 2.25 times fewer (Winograd's
    algorithm, ``kernels/winograd.py``). Rounding errors are then relative to the largest number of
    a tile of 4 x 4 pixels, not of the window.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> kernel = np.ones((2, 2, 1, 1))  # each output is the sum of a window of 2 x 2
    >>> ops.conv(image, kernel)[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    images, filters = _images_and_filters(inputs, kernel, finite=False)
    return _convolve(inputs, images, filters, 1, strides, padding, dilation_rate)


def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: int | tuple[int, int] = 1,
    padding: str = "valid",
    dilation_rate: int | tuple[int, int] = 1,
) -> np.ndarray:
    """2-D convolution in which each channel of the images has its own filters.

    Parameters
    ----------
    inputs : array_like, shape (n, h, w, c)
        Images.
    kernel : array_like, shape (kh, kw, c, m)
        `m` filters for each channel.
    strides, padding, dilation_rate
        As in :func:`conv`.

    Returns
    -------
    ndarray, shape (n, out_h, out_w, c m)
        The `m` results of the first channel, those of the second, and so on.

    Raises
    ------
    ValueError, TypeError
        As :func:`conv`.

    Notes
    -----
    Cost: ``2 n out_h out_w kh kw c m`` flops. Twin: ``reference.conv2d.conv2d_forward``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image = np.arange(8.0).reshape(1, 2, 2, 2)
    >>> kernel = np.ones((2, 2, 2, 1))
    >>> ops.depthwise_conv(image, kernel)  # the sum of each channel
    array([[[[12., 16.]]]])
    """
    images, filters = _images_and_filters(inputs, kernel, finite=False)
    filters, groups = _as_groups(filters)
    return _convolve(inputs, images, filters, groups, strides, padding, dilation_rate)


def conv_backward(
    inputs: Any,
    kernel: Any,
    doutputs: Any,
    strides: int | tuple[int, int] = 1,
    padding: str = "valid",
    dilation_rate: int | tuple[int, int] = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of a loss with respect to the inputs of :func:`conv`. Not in Keras.

    Parameters
    ----------
    inputs : array_like, shape (n, h, w, c_in)
        Images.
    kernel : array_like, shape (kh, kw, c_in, c_out)
        Filters.
    doutputs : array_like, shape (n, out_h, out_w, c_out)
        Gradient of the loss with respect to the output of :func:`conv`.
    strides, padding, dilation_rate
        Those of :func:`conv`.

    Returns
    -------
    dinputs : ndarray, shape of `inputs`
    dkernel : ndarray, shape of `kernel`
        A sum over the images.

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, or the filter does not fit into the image.

    Notes
    -----
    Cost: ``4 n out_h out_w kh kw c_in c_out`` flops. Twins:
    ``reference.conv2d.conv2d_backward_input`` and ``conv2d_backward_weight``.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image, kernel = np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
    >>> dimage, dkernel = ops.conv_backward(image, kernel, np.ones((1, 2, 2, 1)))
    >>> dimage[0, :, :, 0]  # in how many windows each pixel is
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    images, filters = _images_and_filters(inputs, kernel)
    return _gradients(images, filters, 1, doutputs, strides, padding, dilation_rate)


def depthwise_conv_backward(
    inputs: Any,
    kernel: Any,
    doutputs: Any,
    strides: int | tuple[int, int] = 1,
    padding: str = "valid",
    dilation_rate: int | tuple[int, int] = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Gradients of a loss with respect to the inputs of :func:`depthwise_conv`. Not in Keras.

    Parameters
    ----------
    inputs : array_like, shape (n, h, w, c)
        Images.
    kernel : array_like, shape (kh, kw, c, m)
        `m` filters for each channel.
    doutputs : array_like, shape (n, out_h, out_w, c m)
        Gradient of the loss with respect to the output of :func:`depthwise_conv`.
    strides, padding, dilation_rate
        Those of :func:`depthwise_conv`.

    Returns
    -------
    dinputs : ndarray, shape of `inputs`
    dkernel : ndarray, shape of `kernel`
        A sum over the images.

    Raises
    ------
    ValueError, TypeError
        As :func:`conv_backward`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> image, kernel = np.arange(8.0).reshape(1, 2, 2, 2), np.ones((2, 2, 2, 1))
    >>> dimage, dkernel = ops.depthwise_conv_backward(image, kernel, np.ones((1, 1, 1, 2)))
    >>> dkernel[:, :, 0, 0]
    array([[0., 2.],
           [4., 6.]])
    """
    images, filters = _images_and_filters(inputs, kernel)
    grouped, groups = _as_groups(filters)
    dinputs, dkernel = _gradients(
        images, grouped, groups, doutputs, strides, padding, dilation_rate
    )
    return dinputs, dkernel.reshape(filters.shape)


def _images_and_filters(
    inputs: Any, kernel: Any, finite: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    images = as_floating("inputs", inputs, 4, finite)
    filters = as_array("kernel", kernel, images.dtype, 4)
    if filters.shape[2] != images.shape[3]:
        raise ValueError(
            f"kernel must have {images.shape[3]} input channels, as inputs have, got shape "
            f"{filters.shape}"
        )
    return images, filters


def _as_groups(filters: np.ndarray) -> tuple[np.ndarray, int]:
    """Filters of a depthwise convolution as those of groups of one channel, and their number."""
    height, width, channels, multiplier = filters.shape
    return filters.reshape(height, width, 1, channels * multiplier), channels


def _geometry(
    images: np.ndarray, filters: np.ndarray, strides: Any, padding: Any, dilation_rate: Any
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Shape of the output; strides, zeros before the image, and dilation, as kernels take them."""
    steps = as_pair("strides", strides, 1)
    dilation = as_pair("dilation_rate", dilation_rate, 1)
    one_of("padding", padding, ("valid", "same"))
    return _known_geometry(images.shape, filters.shape, steps, padding, dilation)


@functools.lru_cache(256)
def _known_geometry(
    images: tuple[int, ...],
    filters: tuple[int, ...],
    steps: tuple[int, ...],
    padding: str,
    dilation: tuple[int, ...],
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The same of the shapes of images and filters: found out once, as it takes microseconds."""
    extent = tuple(rate * (taps - 1) + 1 for rate, taps in zip(dilation, filters[:2], strict=True))
    places, before = output_places("kernel", images[1:3], extent, steps, padding)
    return (images[0], *places, filters[3]), (steps, before, dilation)


def _result(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An array that begins where vectors can be stored past the caches, if it is large."""
    if math.prod(shape) * dtype.itemsize < TOO_LARGE:
        return np.empty(shape, dtype)
    block = np.empty(math.prod(shape) + VECTOR_BYTES // dtype.itemsize, dtype)
    first = -block.ctypes.data % VECTOR_BYTES // dtype.itemsize
    return block[first : first + math.prod(shape)].reshape(shape)


def _convolve(
    inputs: Any,
    images: np.ndarray,
    filters: np.ndarray,
    groups: int,
    strides: Any,
    padding: Any,
    rate: Any,
) -> np.ndarray:
    shape, window = _geometry(images, filters, strides, padding, rate)
    out, bias = _result(shape, images.dtype), np.zeros(shape[3], images.dtype)
    if not conv2d_forward(out, images, filters, bias, *window, groups):
        as_floating("inputs", inputs)  # raises, and says where
    return out


def _gradients(
    images: np.ndarray,
    filters: np.ndarray,
    groups: int,
    doutputs: Any,
    strides: Any,
    padding: Any,
    rate: Any,
) -> tuple[np.ndarray, np.ndarray]:
    shape, window = _geometry(images, filters, strides, padding, rate)
    dout = as_gradient(doutputs, images.dtype, shape)
    dinputs, dkernel = np.empty_like(images), np.empty_like(filters)
    dbias = np.empty(shape[3], images.dtype)  # there is no bias here
    conv2d_backward_input(dinputs, dout, filters, *window, groups)
    conv2d_backward_weight(dkernel, dbias, images, dout, *window, groups)
    return dinputs, dkernel


def conv_image(image: Any, kernel: Any) -> np.ndarray:
    """One filter over one grey image: the essay's ``convolution``. Not in Keras.

    Parameters
    ----------
    image : array_like, shape (h, w)
    kernel : array_like, shape (kh, kw)

    Returns
    -------
    ndarray, shape (h - kh + 1, w - kw + 1)

    Raises
    ------
    ValueError, TypeError
        If one is not 2-D, or the filter is larger than the image.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> laplace = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]
    >>> ops.conv_image(np.eye(4), laplace)
    array([[-4.,  2.],
           [ 2., -4.]])
    """
    pixels = as_floating("image", image, 2)
    weights = as_array("kernel", kernel, pixels.dtype, 2)
    shape = tuple(h - kh + 1 for h, kh in zip(pixels.shape, weights.shape, strict=True))
    if min(shape) < 1:
        raise ValueError(f"kernel must fit in the image {pixels.shape}, got shape {weights.shape}")
    out = np.empty(shape, pixels.dtype)
    conv2d_image_forward(out, pixels, weights)
    return out
