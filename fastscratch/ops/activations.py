"""Activations of arrays of any shape."""

from typing import Any

import numpy as np

from ..kernels.activations import (
    ALPHA,
    NEGATIVE_SLOPE,
    activation_forward,
    elements_forward,
    elu_forward,
    forward_of,
    leaky_relu_forward,
)
from ..kernels.chunks import SERIAL_WORK
from ..validation import as_flag, as_floating, as_not_negative, as_positive
from .axes import as_axis, from_rows, to_rows


def _elementwise(name: str, x: Any) -> np.ndarray:
    z = as_floating("x", x, finite=False)
    a, activation = np.empty_like(z), forward_of(name, z.dtype)
    if z.size * activation[-1] < SERIAL_WORK:
        finite = elements_forward(a.reshape(-1), z.reshape(-1), activation[0])
    else:  # as rows of one number, so that a vector is shared out among threads, too
        finite = activation_forward(a.reshape(-1, 1), z.reshape(-1, 1), activation)
    if not finite:
        as_floating("x", x)  # raises, and says where
    return a


def _along_axis(name: str, x: Any, axis: int) -> np.ndarray:
    z = as_floating("x", x, finite=False)
    shape = z.shape or (1,)
    axis = as_axis(axis, len(shape))
    rows = to_rows(z.reshape(shape), axis)
    a = np.empty_like(rows)
    if not activation_forward(a, rows, forward_of(name, z.dtype)):
        as_floating("x", x)  # raises, and says where
    return from_rows(a, shape, axis).reshape(z.shape)


def relu(x: Any) -> np.ndarray:
    """Rectified linear unit of each element, ``max(x, 0)``.

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
    >>> ops.relu([-2.0, 0.0, 2.0]).round(4)
    array([0., 0., 2.], dtype=float32)
    """
    return _elementwise("relu", x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> np.ndarray:
    """Leaky rectified linear unit of each element: ``x``, or ``negative_slope x`` below 0.

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
    >>> ops.leaky_relu([-2.0, 0.0, 2.0]).round(4)
    array([-0.4,  0. ,  2. ], dtype=float32)
    """
    slope = as_not_negative("negative_slope", negative_slope)
    if slope == NEGATIVE_SLOPE:
        return _elementwise("leaky_relu", x)
    z = as_floating("x", x)
    a = np.empty_like(z)
    leaky_relu_forward(a.reshape(-1), z.reshape(-1), slope)
    return a


def elu(x: Any, alpha: float = 1.0) -> np.ndarray:
    """Exponential linear unit of each element: ``x``, or ``alpha (exp(x) - 1)`` below 0.

    Parameters
    ----------
    x : array_like
    alpha : float
        Positive; the function tends to ``-alpha`` at minus infinity.

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
    >>> ops.elu([-2.0, 0.0, 2.0]).round(4)
    array([-0.8647,  0.    ,  2.    ], dtype=float32)
    """
    limit = as_positive("alpha", alpha)
    if limit == ALPHA:
        return _elementwise("elu", x)
    z = as_floating("x", x)
    a = np.empty_like(z)
    elu_forward(a.reshape(-1), z.reshape(-1), limit)
    return a


def selu(x: Any) -> np.ndarray:
    """Scaled exponential linear unit of each element, ``1.0507 elu(x, 1.6733)``.

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
    >>> ops.selu([-2.0, 0.0, 2.0]).round(4)
    array([-1.5202,  0.    ,  2.1014], dtype=float32)
    """
    return _elementwise("selu", x)


def gelu(x: Any, approximate: bool = True) -> np.ndarray:
    """Gaussian error linear unit of each element, ``x Phi(x)``.

    ``Phi`` is the distribution function of the standard normal distribution.

    Parameters
    ----------
    x : array_like
    approximate : bool
        Whether ``Phi(x)`` is approximated by
        ``(1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2``.

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
    >>> ops.gelu([-2.0, 0.0, 2.0]).round(4)
    array([-0.0454,  0.    ,  1.9546], dtype=float32)
    """
    return _elementwise("gelu_tanh" if as_flag("approximate", approximate) else "gelu", x)


def silu(x: Any) -> np.ndarray:
    """Sigmoid linear unit of each element, ``x sigmoid(x)``; also called swish.

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
    >>> ops.swish([-2.0, 0.0, 2.0]).round(4)
    array([-0.2384,  0.    ,  1.7616], dtype=float32)
    """
    return _elementwise("silu", x)


def softplus(x: Any) -> np.ndarray:
    """Softplus of each element, ``log(1 + exp(x))``.

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
    >>> ops.softplus([-2.0, 0.0, 2.0]).round(4)
    array([0.1269, 0.6931, 2.1269], dtype=float32)
    """
    return _elementwise("softplus", x)


def sigmoid(x: Any) -> np.ndarray:
    """Logistic sigmoid of each element, ``1 / (1 + exp(-x))``.

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
    >>> ops.sigmoid([-2.0, 0.0, 2.0]).round(4)
    array([0.1192, 0.5   , 0.8808], dtype=float32)
    """
    return _elementwise("sigmoid", x)


def log_sigmoid(x: Any) -> np.ndarray:
    """Logarithm of the sigmoid of each element, ``-log(1 + exp(-x))``.

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
    >>> ops.log_sigmoid([-2.0, 0.0, 2.0]).round(4)
    array([-2.1269, -0.6931, -0.1269], dtype=float32)
    """
    return _elementwise("log_sigmoid", x)


def tanh(x: Any) -> np.ndarray:
    """Hyperbolic tangent of each element.

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
    >>> ops.tanh([-2.0, 0.5, 2.0]).round(4)
    array([-0.964 ,  0.4621,  0.964 ], dtype=float32)
    """
    return _elementwise("tanh", x)


def softmax(x: Any, axis: int = -1) -> np.ndarray:
    """Softmax along an axis, ``exp(x) / sum(exp(x))``.

    Parameters
    ----------
    x : array_like
        Logits.
    axis : int
        The one along which the results sum to 1.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers, or has no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> ops.softmax([[0.0, 0.0], [0.0, np.log(3.0)]]).round(4)
    array([[0.5 , 0.5 ],
           [0.25, 0.75]], dtype=float32)
    """
    return _along_axis("softmax", x, axis)


def log_softmax(x: Any, axis: int = -1) -> np.ndarray:
    """Logarithm of the softmax along an axis, ``x - log(sum(exp(x)))``.

    Finite also where the softmax itself rounds to 0.

    Parameters
    ----------
    x : array_like
        Logits.
    axis : int
        The one along which the exponentials of the results sum to 1.

    Returns
    -------
    ndarray, shape of `x`

    Raises
    ------
    ValueError, TypeError
        If `x` is empty or does not hold finite numbers, or has no such axis.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ops
    >>> ops.log_softmax([[0.0, 0.0], [0.0, np.log(3.0)]]).round(4)
    array([[-0.6931, -0.6931],
           [-1.3863, -0.2877]], dtype=float32)
    """
    return _along_axis("log_softmax", x, axis)


def celu(x: Any, alpha: float = 1.0) -> np.ndarray:
    """Continuously differentiable ELU of each element.

    It is ``x``, or ``alpha (exp(x / alpha) - 1)`` below 0.

    Parameters
    ----------
    x : array_like
    alpha : float
        Positive; the function tends to ``-alpha`` at minus infinity.

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
    >>> ops.celu([-2.0, 0.0, 2.0]).round(4)
    array([-0.8647,  0.    ,  2.    ], dtype=float32)
    """
    z, alpha = as_floating("x", x), as_positive("alpha", alpha)
    a = _elementwise("celu", z / z.dtype.type(alpha))
    a *= z.dtype.type(alpha)
    return a


def hard_shrink(x: Any) -> np.ndarray:
    """Hard shrinkage of each element: ``x`` further than 1/2 from 0, else 0.

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
    >>> ops.hard_shrink([-2.0, 0.25, 2.0]).round(4)
    array([-2.,  0.,  2.], dtype=float32)
    """
    return _elementwise("hard_shrink", x)


def hard_sigmoid(x: Any) -> np.ndarray:
    """Three lines in place of a sigmoid: ``x / 6 + 1 / 2`` of each element, within 0 and 1.

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
    >>> ops.hard_sigmoid([-4.0, 0.0, 1.5]).round(4)
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return _elementwise("hard_sigmoid", x)


def hard_silu(x: Any) -> np.ndarray:
    """Hard SiLU of each element, ``x hard_sigmoid(x)``; also called hard swish.

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
    >>> ops.hard_swish([-2.0, 0.0, 2.0]).round(4)
    array([-0.3333,  0.    ,  1.6667], dtype=float32)
    """
    return _elementwise("hard_silu", x)


def hard_tanh(x: Any) -> np.ndarray:
    """Three lines in place of a tanh: each element, within -1 and 1.

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
    >>> ops.hard_tanh([-2.0, 0.5, 2.0]).round(4)
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return _elementwise("hard_tanh", x)


def mish(x: Any) -> np.ndarray:
    """Mish of each element, ``x tanh(log(1 + exp(x)))``.

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
    >>> ops.mish([-2.0, 0.0, 2.0]).round(4)
    array([-0.2525,  0.    ,  1.944 ], dtype=float32)
    """
    return _elementwise("mish", x)


def relu6(x: Any) -> np.ndarray:
    """ReLU of each element that ends at 6, ``min(max(x, 0), 6)``.

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
    >>> ops.relu6([-2.0, 2.0, 8.0]).round(4)
    array([0., 2., 6.], dtype=float32)
    """
    return _elementwise("relu6", x)


def soft_shrink(x: Any) -> np.ndarray:
    """Soft shrinkage of each element: moved by 1/2 towards 0, and 0 if no further from it.

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
    >>> ops.soft_shrink([-2.0, 0.25, 2.0]).round(4)
    array([-1.5,  0. ,  1.5], dtype=float32)
    """
    return _elementwise("soft_shrink", x)


def softsign(x: Any) -> np.ndarray:
    """Softsign of each element, ``x / (1 + |x|)``.

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
    >>> ops.softsign([-2.0, 0.0, 2.0]).round(4)
    array([-0.6667,  0.    ,  0.6667], dtype=float32)
    """
    return _elementwise("softsign", x)


def sparse_plus(x: Any) -> np.ndarray:
    """Sparse plus of each element: 0 below -1, ``(x + 1)**2 / 4`` up to 1, and ``x`` above.

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
    >>> ops.sparse_plus([-2.0, 0.0, 2.0]).round(4)
    array([0.  , 0.25, 2.  ], dtype=float32)
    """
    return _elementwise("sparse_plus", x)


def sparse_sigmoid(x: Any) -> np.ndarray:
    """Sparse sigmoid of each element: ``(x + 1) / 2``, within 0 and 1.

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
    >>> ops.sparse_sigmoid([-2.0, 0.5, 2.0]).round(4)
    array([0.  , 0.75, 1.  ], dtype=float32)
    """
    return _elementwise("sparse_sigmoid", x)


def squareplus(x: Any) -> np.ndarray:
    """Squareplus of each element, ``(x + sqrt(x**2 + 4)) / 2``.

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
    >>> ops.squareplus([-2.0, 0.0, 2.0]).round(4)
    array([0.4142, 1.    , 2.4142], dtype=float32)
    """
    return _elementwise("squareplus", x)


def tanh_shrink(x: Any) -> np.ndarray:
    """What a tanh takes away from each element, ``x - tanh(x)``.

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
    >>> ops.tanh_shrink([-2.0, 0.0, 2.0]).round(4)
    array([-1.036,  0.   ,  1.036], dtype=float32)
    """
    return _elementwise("tanh_shrink", x)


#: Other names of the same.
swish = silu
hard_swish = hard_silu
