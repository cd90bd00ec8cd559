"""Kernels as checked functions, under the names and argument names of ``keras.ops``.

NumPy in and out: float64 stays float64, everything else is float32.
"""

from typing import Any

import numpy as np

from .kernels.activations import activation_forward
from .kernels.codes import ACTIVATIONS
from .kernels.conv2d import conv2d_forward, conv2d_image_forward
from .validation import as_array, as_floating, as_pair, one_of

__all__ = ["conv", "conv_image", "relu", "sigmoid", "softmax", "tanh"]


def conv(
    inputs: Any,
    kernel: Any,
    strides: int | tuple[int, int] = 1,
    padding: str = "valid",
    dilation_rate: int | tuple[int, int] = 1,
) -> np.ndarray:
    """2-D convolution of images, channels last (a cross-correlation, as everywhere here).

    Parameters
    ----------
    inputs : array_like, shape (n, h, w, c_in)
        Images.
    kernel : array_like, shape (kh, kw, c_in, c_out)
        Filters.
    strides : int or two
        Steps of the window.
    padding : {"valid", "same"}
        "valid": the window stays inside the image. "same": zeros are put around it, so that the
        output has ``ceil(h / stride)`` rows; an odd zero goes below and to the right.
    dilation_rate : int or two
        Distance between neighbouring taps of the filter.

    Returns
    -------
    ndarray, shape (n, out_h, out_w, c_out)

    Raises
    ------
    ValueError, TypeError
        If shapes do not fit, or the filter is larger than the image it must stay inside.

    Notes
    -----
    Cost: ``2 n out_h out_w kh kw c_in c_out`` flops. Twin: ``reference.conv2d.conv2d_forward``.
    """
    images = as_floating("inputs", inputs, 4)
    filters = as_array("kernel", kernel, images.dtype, 4)
    if filters.shape[2] != images.shape[3]:
        raise ValueError(
            f"kernel must have {images.shape[3]} input channels, as inputs have, got shape "
            f"{filters.shape}"
        )
    strides = as_pair("strides", strides, 1)
    dilation = as_pair("dilation_rate", dilation_rate, 1)
    one_of("padding", padding, ("valid", "same"))
    height, top = _output_size(images.shape[1], filters.shape[0], strides[0], dilation[0], padding)
    width, left = _output_size(images.shape[2], filters.shape[1], strides[1], dilation[1], padding)
    out = np.empty((len(images), height, width, filters.shape[3]), images.dtype)
    bias = np.zeros(filters.shape[3], images.dtype)
    conv2d_forward(out, images, filters, bias, strides, (top, left), dilation, 1)
    return out


def _output_size(size: int, taps: int, stride: int, rate: int, padding: str) -> tuple[int, int]:
    """Length of one axis of the output, and the zeros before the image on it."""
    extent = rate * (taps - 1) + 1
    if padding == "same":
        out = -(-size // stride)
        return out, max(0, (out - 1) * stride + extent - size) // 2
    if extent > size:
        raise ValueError(
            f"kernel must fit in the image with padding='valid', got a filter that spans {extent} "
            f"pixels of {size}"
        )
    return (size - extent) // stride + 1, 0


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
    """
    pixels = as_floating("image", image, 2)
    weights = as_array("kernel", kernel, pixels.dtype, 2)
    shape = tuple(h - kh + 1 for h, kh in zip(pixels.shape, weights.shape, strict=True))
    if min(shape) < 1:
        raise ValueError(f"kernel must fit in the image {pixels.shape}, got shape {weights.shape}")
    out = np.empty(shape, pixels.dtype)
    conv2d_image_forward(out, pixels, weights)
    return out


def _activation(name: str, x: Any) -> np.ndarray:
    z = as_floating("x", x)
    a = np.empty_like(z)
    rows = (-1, z.shape[-1]) if z.ndim else (1, 1)
    activation_forward(a.reshape(rows), z.reshape(rows), ACTIVATIONS.index(name))
    return a


def sigmoid(x: Any) -> np.ndarray:
    """Logistic sigmoid of each element, ``1 / (1 + exp(-x))``."""
    return _activation("sigmoid", x)


def tanh(x: Any) -> np.ndarray:
    """Hyperbolic tangent of each element."""
    return _activation("tanh", x)


def relu(x: Any) -> np.ndarray:
    """Rectified linear unit of each element, ``max(x, 0)``."""
    return _activation("relu", x)


def softmax(x: Any) -> np.ndarray:
    """Softmax along the last axis."""
    return _activation("softmax", x)
