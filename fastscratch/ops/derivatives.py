"""Derivatives of the activations: the essay's ``sigmoid_prime``, and those of the others.

``<name>_prime`` is the derivative of an activation that is applied to each element by itself. In a
softmax each result depends on several elements, so its derivative is a matrix:
``softmax_backward`` multiplies by it, as the backward pass of a network does.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels.activations import (
    ACTIVATIONS,
    activation_backward,
    activation_forward,
    backward_of,
    elu_backward,
    elu_forward,
    forward_of,
    leaky_relu_backward,
    leaky_relu_forward,
)
from ..validation import as_flag, as_floating, as_not_negative, as_positive
from .axes import as_axis, as_gradient, from_rows, last_axis_rows, to_rows


def _prime(name: str, x: Any) -> np.ndarray:
    z = as_floating("x", x)
    rows = last_axis_rows(z)
    a = rows
    if not ACTIVATIONS[name].reads_z:
        a = np.empty_like(rows)
        activation_forward(a, rows, forward_of(name, z.dtype))
    # Into another array: over its own gradient a kernel writes one number after the other.
    derivative = np.empty_like(rows)
    activation_backward(derivative, rows, a, np.ones_like(rows), backward_of(name, z.dtype))
    return derivative.reshape(z.shape)


def _prime_with(
    forward: Callable[..., None], backward: Callable[..., None], x: Any, parameter: float
) -> np.ndarray:
    """The derivative of an activation that has a parameter, by its own kernels."""
    z = as_floating("x", x)
    a, derivative = np.empty(z.size, z.dtype), np.empty(z.size, z.dtype)
    forward(a, z.reshape(-1), parameter)
    backward(derivative, z.reshape(-1), a, np.ones_like(a), parameter)
    return derivative.reshape(z.shape)


def _backward(name: str, x: Any, doutputs: Any, axis: int) -> np.ndarray:
    z = as_floating("x", x)
    da = as_gradient(doutputs, z.dtype, z.shape)
    shape = z.shape or (1,)
    axis = as_axis(axis, len(shape))
    rows, gradient = to_rows(z.reshape(shape), axis), to_rows(da.reshape(shape), axis)
    a, dz = np.empty_like(rows), np.empty_like(rows)
    activation_forward(a, rows, forward_of(name, z.dtype))
    activation_backward(dz, rows, a, gradient, backward_of(name, z.dtype))
    return from_rows(dz, shape, axis).reshape(z.shape)


def relu_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`relu` at each element: 1 above 0, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.relu_prime([-2.0, 0.0, 2.0]).round(4)
    array([0., 0., 1.], dtype=float32)
    """
    return _prime("relu", x)


def leaky_relu_prime(x: Any, negative_slope: float = 0.2) -> np.ndarray:
    """Derivative of :func:`leaky_relu` at each element: 1 above 0, else `negative_slope`.

    Parameters
    ----------
    x : array_like
    negative_slope : float
        Not negative.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers, or the slope is negative.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.leaky_relu_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.2, 0.2, 1. ], dtype=float32)
    """
    slope = as_not_negative("negative_slope", negative_slope)
    return _prime_with(leaky_relu_forward, leaky_relu_backward, x, slope)


def elu_prime(x: Any, alpha: float = 1.0) -> np.ndarray:
    """Derivative of :func:`elu` at each element: 1 above 0, else ``alpha exp(x)``.

    Parameters
    ----------
    x : array_like
    alpha : float
        Positive.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers, or `alpha` is not positive.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.elu_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.1353, 1.    , 1.    ], dtype=float32)
    """
    return _prime_with(elu_forward, elu_backward, x, as_positive("alpha", alpha))


def selu_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`selu` at each element: 1.0507 above 0, else ``1.0507 * 1.6733 exp(x)``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.selu_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.2379, 1.7581, 1.0507], dtype=float32)
    """
    return _prime("selu", x)


def gelu_prime(x: Any, approximate: bool = True) -> np.ndarray:
    """Derivative of :func:`gelu` at each element.

    Without the approximation it is ``Phi(x) + x phi(x)``, with the distribution function ``Phi``
    and the density ``phi`` of the standard normal distribution.

    Parameters
    ----------
    x : array_like
    approximate : bool
        Whether to take the derivative of the approximation.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.gelu_prime([-2.0, 0.0, 2.0]).round(4)
    array([-0.0861,  0.5   ,  1.0861], dtype=float32)
    """
    return _prime("gelu_tanh" if as_flag("approximate", approximate) else "gelu", x)


def silu_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`silu` at each element, ``s (1 + x (1 - s))`` with ``s = sigmoid(x)``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.silu_prime([-2.0, 0.0, 2.0]).round(4)
    array([-0.0908,  0.5   ,  1.0908], dtype=float32)
    """
    return _prime("silu", x)


def softplus_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`softplus` at each element: the sigmoid.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.softplus_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808], dtype=float32)
    """
    return _prime("softplus", x)


def sigmoid_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`sigmoid` at each element, ``s (1 - s)`` with ``s = sigmoid(x)``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.sigmoid_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.105, 0.25 , 0.105], dtype=float32)
    """
    return _prime("sigmoid", x)


def log_sigmoid_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`log_sigmoid` at each element, ``sigmoid(-x)``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.log_sigmoid_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.8808, 0.5   , 0.1192], dtype=float32)
    """
    return _prime("log_sigmoid", x)


def tanh_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`tanh` at each element, ``1 - tanh(x)**2``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.tanh_prime([-2.0, 0.5, 2.0]).round(4)
    array([0.0707, 0.7864, 0.0707], dtype=float32)
    """
    return _prime("tanh", x)


def celu_prime(x: Any, alpha: float = 1.0) -> np.ndarray:
    """Derivative of :func:`celu` at each element: 1 above 0, else ``exp(x / alpha)``.

    Parameters
    ----------
    x : array_like
    alpha : float
        Positive.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers, or `alpha` is not positive.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.celu_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.1353, 1.    , 1.    ], dtype=float32)
    """
    z = as_floating("x", x)
    return _prime("celu", z / z.dtype.type(as_positive("alpha", alpha)))


def hard_shrink_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`hard_shrink` at each element: 1 further than 1/2 from 0, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.hard_shrink_prime([-2.0, 0.25, 2.0]).round(4)
    array([1., 0., 1.], dtype=float32)
    """
    return _prime("hard_shrink", x)


def hard_sigmoid_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`hard_sigmoid` at each element: 1/6 between -3 and 3, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.hard_sigmoid_prime([-4.0, 0.0, 1.5]).round(4)
    array([0.    , 0.1667, 0.1667], dtype=float32)
    """
    return _prime("hard_sigmoid", x)


def hard_silu_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`hard_silu` at each element: 0 below -3, 1 above 3.

    Between them it is ``x / 3 + 1 / 2``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.hard_silu_prime([-2.0, 0.0, 2.0]).round(4)
    array([-0.1667,  0.5   ,  1.1667], dtype=float32)
    """
    return _prime("hard_silu", x)


def hard_tanh_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`hard_tanh` at each element: 1 between -1 and 1, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.hard_tanh_prime([-2.0, 0.5, 2.0]).round(4)
    array([0., 1., 0.], dtype=float32)
    """
    return _prime("hard_tanh", x)


def mish_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`mish` at each element, ``t + x (1 - t**2) sigmoid(x)``.

    ``t = tanh(log(1 + exp(x)))``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.mish_prime([-2.0, 0.0, 2.0]).round(4)
    array([-0.1084,  0.6   ,  1.0693], dtype=float32)
    """
    return _prime("mish", x)


def relu6_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`relu6` at each element: 1 between 0 and 6, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.relu6_prime([-2.0, 2.0, 8.0]).round(4)
    array([0., 1., 0.], dtype=float32)
    """
    return _prime("relu6", x)


def soft_shrink_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`soft_shrink` at each element: 1 further than 1/2 from 0, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.soft_shrink_prime([-2.0, 0.25, 2.0]).round(4)
    array([1., 0., 1.], dtype=float32)
    """
    return _prime("soft_shrink", x)


def softsign_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`softsign` at each element, ``1 / (1 + |x|)**2``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.softsign_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.1111, 1.    , 0.1111], dtype=float32)
    """
    return _prime("softsign", x)


def sparse_plus_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`sparse_plus` at each element: ``(x + 1) / 2``, within 0 and 1.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.sparse_plus_prime([-2.0, 0.0, 2.0]).round(4)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return _prime("sparse_plus", x)


def sparse_sigmoid_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`sparse_sigmoid` at each element: 1/2 between -1 and 1, else 0.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.sparse_sigmoid_prime([-2.0, 0.5, 2.0]).round(4)
    array([0. , 0.5, 0. ], dtype=float32)
    """
    return _prime("sparse_sigmoid", x)


def squareplus_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`squareplus` at each element, ``(1 + x / sqrt(x**2 + 4)) / 2``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.squareplus_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.1464, 0.5   , 0.8536], dtype=float32)
    """
    return _prime("squareplus", x)


def tanh_shrink_prime(x: Any) -> np.ndarray:
    """Derivative of :func:`tanh_shrink` at each element, ``tanh(x)**2``.

    Parameters
    ----------
    x : array_like

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.tanh_shrink_prime([-2.0, 0.0, 2.0]).round(4)
    array([0.9293, 0.    , 0.9293], dtype=float32)
    """
    return _prime("tanh_shrink", x)


def softmax_backward(x: Any, doutputs: Any, axis: int = -1) -> np.ndarray:
    """Gradient of a loss with respect to the logits `x`, from that with respect to their softmax.

    ``p (doutputs - sum(p doutputs))`` along the axis, with ``p = softmax(x)``.

    Parameters
    ----------
    x : array_like
        Logits.
    doutputs : array_like, shape of `x`
        Gradient of the loss with respect to the softmax.
    axis : int
        That of the softmax.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, numbers are not finite, or `x` has no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> ops.softmax_backward([[0.0, np.log(3.0)]], [[1.0, 0.0]]).round(4)
    array([[ 0.1875, -0.1875]], dtype=float32)
    """
    return _backward("softmax", x, doutputs, axis)


def log_softmax_backward(x: Any, doutputs: Any, axis: int = -1) -> np.ndarray:
    """As :func:`softmax_backward`, for :func:`log_softmax`.

    ``doutputs - p sum(doutputs)`` along the axis, with ``p = softmax(x)``.

    Parameters
    ----------
    x : array_like
        Logits.
    doutputs : array_like, shape of `x`
        Gradient of the loss with respect to the log-softmax.
    axis : int
        That of the log-softmax.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, numbers are not finite, or `x` has no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> ops.log_softmax_backward([[0.0, np.log(3.0)]], [[1.0, 0.0]]).round(4)
    array([[ 0.75, -0.75]], dtype=float32)
    """
    return _backward("log_softmax", x, doutputs, axis)
