"""Batch and layer normalisation."""

from typing import Any

import numpy as np

from ..kernels.normalization import (
    batch_norm_inference,
    layer_norm_backward,
    layer_norm_forward,
)
from ..validation import as_array, as_floating, as_positive
from .axes import as_axis, as_gradient, from_rows, to_rows


def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 0.001,
) -> np.ndarray:
    """Normalise each channel: ``scale (x - mean) / sqrt(variance + epsilon) + offset``.

    Parameters
    ----------
    x : array_like
    mean, variance : array_like, shape (c,)
        One for each channel; variances must not be negative.
    axis : int
        The axis of the channels.
    offset, scale : array_like, shape (c,), optional
        By default 0 and 1.
    epsilon : float
        Positive.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, numbers are not finite, or a variance is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> x = np.array([[1.0], [3.0]])
    >>> ops.batch_normalization(x, mean=[2.0], variance=[1.0], axis=-1, epsilon=1e-9)
    array([[-1.],
           [ 1.]])
    """
    array = as_floating("x", x, finite=False)
    axis = as_axis(axis, array.ndim)
    rows = to_rows(array, axis)
    means = _for_columns("mean", mean, rows)
    variances = _for_columns("variance", variance, rows)
    if variances.min() < 0:
        raise ValueError(f"variance must not be negative, got {variances.min():g}")
    gamma, beta = _or_default("scale", scale, 1, rows), _or_default("offset", offset, 0, rows)
    out = np.empty_like(rows)
    epsilon = as_positive("epsilon", epsilon)
    if not batch_norm_inference(out, rows, means, variances, gamma, beta, epsilon):
        as_floating("x", x)  # raises, and says where
    return from_rows(out, array.shape, axis)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: int = -1, epsilon: float = 1e-7
) -> np.ndarray:
    """Normalise along an axis: ``gamma (x - mean) / sqrt(variance + epsilon) + beta``.

    Mean and variance are those of the numbers along the axis; the variance divides by their number.

    Parameters
    ----------
    x : array_like
    gamma, beta : array_like, shape (length of the axis,), optional
        Scale and offset; by default 1 and 0.
    axis : int
    epsilon : float
        Positive. The default of the layer is 0.001.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, or numbers are not finite.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.layer_normalization([[1.0, 3.0], [0.0, 4.0]]).round(4)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    array = as_floating("x", x, finite=False)
    axis = as_axis(axis, array.ndim)
    rows = to_rows(array, axis)
    scale, offset = _or_default("gamma", gamma, 1, rows), _or_default("beta", beta, 0, rows)
    out = np.empty_like(rows)
    mean, variance = np.empty(len(rows), rows.dtype), np.empty(len(rows))
    epsilon = as_positive("epsilon", epsilon)
    if not layer_norm_forward(out, mean, variance, rows, scale, offset, epsilon):
        as_floating("x", x)  # raises, and says where
    return from_rows(out, array.shape, axis)


def layer_normalization_backward(
    x: Any, doutputs: Any, gamma: Any = None, axis: int = -1, epsilon: float = 1e-7
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradients of a loss with respect to the inputs of :func:`layer_normalization`.

    With ``xhat = (x - mean) / sqrt(variance + epsilon)``, ``g = gamma doutputs``, and means along
    the axis: ``dx = (g - mean(g) - xhat mean(g xhat)) / sqrt(variance + epsilon)``. ``dgamma`` is
    the sum of ``doutputs xhat`` over all other axes, and ``dbeta`` that of ``doutputs``. Not in
    Keras.

    Parameters
    ----------
    x : array_like
    doutputs : array_like, shape of `x`
        Gradient of the loss with respect to the output of :func:`layer_normalization`.
    gamma : array_like, shape (length of the axis,), optional
        Scale; by default 1.
    axis : int
    epsilon : float
        Positive.

    Returns
    -------
    dx : ndarray, shape of `x`
    dgamma, dbeta : ndarray, shape (length of the axis,)

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, or numbers are not finite.

    Examples
    --------
    >>> from fastscratch import ops
    >>> dx, dgamma, dbeta = ops.layer_normalization_backward([[1.0, 3.0]], [[1.0, 0.0]])
    >>> dgamma.round(4), dbeta.round(4)
    (array([-1.,  0.], dtype=float32), array([1., 0.], dtype=float32))
    """
    array = as_floating("x", x)
    dout = as_gradient(doutputs, array.dtype, array.shape)
    axis = as_axis(axis, array.ndim)
    rows, gradient = to_rows(array, axis), to_rows(dout, axis)
    scale, epsilon = _or_default("gamma", gamma, 1, rows), as_positive("epsilon", epsilon)
    dx, mean, variance = np.empty_like(rows), np.empty(len(rows), rows.dtype), np.empty(len(rows))
    layer_norm_forward(dx, mean, variance, rows, scale, np.zeros_like(scale), epsilon)
    dgamma, dbeta = np.empty((2, rows.shape[1]), rows.dtype)
    layer_norm_backward(dx, dgamma, dbeta, gradient, rows, mean, variance, scale, epsilon)
    return from_rows(dx, array.shape, axis), dgamma, dbeta


def _for_columns(name: str, value: Any, rows: np.ndarray) -> np.ndarray:
    """One number for each column."""
    array = as_array(name, value, rows.dtype, 1)
    if array.size != rows.shape[1]:
        raise ValueError(
            f"{name} must have shape ({rows.shape[1]},), the length of the axis of x, got "
            f"{array.shape}"
        )
    return array


def _or_default(name: str, value: Any, default: float, rows: np.ndarray) -> np.ndarray:
    """One number for each column; if None, the default for all."""
    if value is None:  # nothing to check
        array = np.empty(rows.shape[1], rows.dtype)
        array.fill(default)  # `np.full` takes three times as long
        return array
    return _for_columns(name, value, rows)
