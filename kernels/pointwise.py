"""Activations that are given as the value and the slope of one number.

Each is two functions of a number; the decorators make loops over arrays of them. Those of a user,
``fastscratch.activations.Custom``, are made in the same way.
"""

import functools
import inspect
import math

from .elementary import exp, expm1, log1p, sigmoid, tanh
from .jit import njit

__all__ = [
    "celu_backward",
    "celu_forward",
    "hard_shrink_backward",
    "hard_shrink_forward",
    "hard_sigmoid_backward",
    "hard_sigmoid_forward",
    "hard_silu_backward",
    "hard_silu_forward",
    "hard_tanh_backward",
    "hard_tanh_forward",
    "log_sigmoid_backward",
    "log_sigmoid_forward",
    "mish_backward",
    "mish_forward",
    "relu6_backward",
    "relu6_forward",
    "soft_shrink_backward",
    "soft_shrink_forward",
    "softsign_backward",
    "softsign_forward",
    "sparse_plus_backward",
    "sparse_plus_forward",
    "sparse_sigmoid_backward",
    "sparse_sigmoid_forward",
    "squareplus_backward",
    "squareplus_forward",
    "tanh_shrink_backward",
    "tanh_shrink_forward",
]

_FORWARD = """{0}

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """

_BACKWARD = """{0}

    Parameters
    ----------
    dz : (o,) array
        Output: ``da`` times the slope at ``z``.
    z : (o,) array
        Pre-activations.
    a : (o,) array
        Not read.
    da : (o,) array
        Gradient with respect to the activations.
    """

# Keras' threshold of the two shrinkages.
THRESHOLD = 0.5

# So far from 0, the exponentials in Mish are 0 in float64 too.
FAR = 800.0


# Rounded as it is written, a value has the same bits wherever it stands in an array.
_exactly = functools.partial(njit, exact=True)


def value_of_each(value, compiler=_exactly):
    """Make the kernel ``(a, z)`` of an activation from its value at a number.

    Parameters
    ----------
    value : function
    compiler : function
        The decorator that compiles it, and the loop.
    """
    number = compiler(value, inline=True)

    def forward(a, z):
        for o in range(z.size):
            a[o] = number(z[o])

    return compiler(_named_after(forward, value, _FORWARD))


def slope_of_each(slope, compiler=_exactly):
    """Make the kernel ``(dz, z, a, da)`` of a derivative from the slope at a number."""
    number = compiler(slope, inline=True)

    def backward(dz, z, a, da):
        for o in range(z.size):
            dz[o] = da[o] * number(z[o])

    return compiler(_named_after(backward, slope, _BACKWARD))


def _named_after(loop, function, docstring):
    """The loop under the name of the function, which it takes the place of."""
    loop = functools.wraps(function)(loop)
    del loop.__wrapped__  # has other parameters
    # Only from CPython 3.13 on are docstrings kept without their indentation.
    loop.__doc__ = inspect.cleandoc(docstring).format(inspect.getdoc(function))
    return loop


@njit(inline=True, exact=True)
def _unless_nan(slope, z):
    """The slope; NaN if z is: comparisons with it are false, and it must not look like a number."""
    return slope if z == z else z


@value_of_each
def relu6_forward(z):
    """ReLU that ends at 6, ``min(max(z, 0), 6)``."""
    zero, six = type(z)(0), type(z)(6)
    return zero if z < zero else six if z > six else z


@slope_of_each
def relu6_backward(z):
    """Derivative of ReLU6: 1 between 0 and 6, else 0."""
    zero, one = type(z)(0), type(z)(1)
    return _unless_nan(zero if z <= zero else zero if z >= type(z)(6) else one, z)


@value_of_each
def hard_sigmoid_forward(z):
    """Three lines in place of a sigmoid: ``z / 6 + 1 / 2``, but not below 0 or above 1."""
    zero, one = type(z)(0), type(z)(1)
    line = (z + type(z)(3)) * type(z)(1 / 6)
    return zero if z < type(z)(-3) else one if z > type(z)(3) else line


@slope_of_each
def hard_sigmoid_backward(z):
    """Derivative of the hard sigmoid: 1/6 between -3 and 3, else 0."""
    return _unless_nan(type(z)(0) if abs(z) >= type(z)(3) else type(z)(1 / 6), z)


@value_of_each
def hard_silu_forward(z):
    """SiLU with the hard sigmoid, also called hard swish: ``z hard_sigmoid(z)``.

    References
    ----------
    Howard and others (2019), Searching for MobileNetV3.
    """
    middle = z * ((z + type(z)(3)) * type(z)(1 / 6))
    return type(z)(0) if z < type(z)(-3) else z if z > type(z)(3) else middle


@slope_of_each
def hard_silu_backward(z):
    """Derivative of the hard SiLU: 0 below -3, ``z / 3 + 1 / 2`` up to 3, and 1 above."""
    middle = z * type(z)(1 / 3) + type(z)(0.5)
    return type(z)(0) if z <= type(z)(-3) else type(z)(1) if z >= type(z)(3) else middle


@value_of_each
def hard_tanh_forward(z):
    """Three lines in place of a tanh: ``z``, but not below -1 or above 1."""
    one = type(z)(1)
    return -one if z < -one else one if z > one else z


@slope_of_each
def hard_tanh_backward(z):
    """Derivative of the hard tanh: 1 between -1 and 1, else 0."""
    return _unless_nan(type(z)(0) if abs(z) >= type(z)(1) else type(z)(1), z)


@value_of_each
def softsign_forward(z):
    """Softsign, ``z / (1 + |z|)``: from -1 to 1, which it approaches more slowly than a tanh."""
    one, huge = type(z)(1), type(z)(1e30)
    near = z / (one + abs(z))
    return one if z > huge else -one if z < -huge else near


@slope_of_each
def softsign_backward(z):
    """Derivative of softsign, ``1 / (1 + |z|)**2``."""
    share = type(z)(1) / (type(z)(1) + abs(z))
    return share * share


@value_of_each
def mish_forward(z):
    """Mish, ``z tanh(log(1 + exp(z)))``.

    With ``e = exp(-|z|)`` the tanh is a ratio of two polynomials in e, without a logarithm.

    References
    ----------
    Misra (2020), Mish: a self regularized non-monotonic activation function.
    """
    far, one, two = type(z)(-FAR), type(z)(1), type(z)(2)
    e = exp(-abs(z))
    above = (one + two * e) / (one + two * e + two * e * e)
    below = e * (two + e) / (two + two * e + e * e)
    return (far if z < far else z) * (below if z < type(z)(0) else above)


@slope_of_each
def mish_backward(z):
    """Derivative of Mish, ``t + z (1 - t**2) sigmoid(z)`` with ``t = tanh(log(1 + exp(z)))``."""
    far, one, two = type(z)(FAR), type(z)(1), type(z)(2)
    x = far if z > far else -far if z < -far else z
    e = exp(-abs(x))
    # Above and below zero: 1 - t**2 is the square of the second.
    divisor = one + two * e + two * e * e
    above = (one + two * e) / divisor, two * e * (one + e) / divisor
    divisor = two + two * e + e * e
    below = e * (two + e) / divisor, two * (one + e) / divisor
    t, rest = below if x < type(z)(0) else above
    return t + x * rest * rest * sigmoid(x)


@value_of_each
def celu_forward(z):
    """Continuously differentiable ELU: ``z`` above 0, else ``exp(z) - 1``.

    As ELU, while ``alpha`` is 1. With another one it is ``alpha celu(z / alpha)``.

    References
    ----------
    Barron (2017), Continuously differentiable exponential linear units.
    """
    return z if z > type(z)(0) else expm1(z)


@slope_of_each
def celu_backward(z):
    """Derivative of CELU: 1 above 0, else ``exp(z)``."""
    return type(z)(1) if z > type(z)(0) else exp(z)


@value_of_each
def log_sigmoid_forward(z):
    """Logarithm of the sigmoid, ``min(z, 0) - log(1 + exp(-|z|))``."""
    zero = type(z)(0)
    return (zero if z > zero else z) - log1p(exp(-abs(z)))


@slope_of_each
def log_sigmoid_backward(z):
    """Derivative of the logarithm of the sigmoid, ``sigmoid(-z)``."""
    return sigmoid(-z)


@value_of_each
def tanh_shrink_forward(z):
    """What a tanh takes away, ``z - tanh(z)``."""
    return z - tanh(z)


@slope_of_each
def tanh_shrink_backward(z):
    """Derivative of tanh shrinkage, ``tanh(z)**2``."""
    t = tanh(z)
    return t * t


@value_of_each
def soft_shrink_forward(z):
    """Soft shrinkage: ``z`` moved by 1/2 towards 0, and 0 if it is no further from it."""
    by = type(z)(THRESHOLD)
    return z - by if z > by else z + by if z < -by else z - z


@slope_of_each
def soft_shrink_backward(z):
    """Derivative of soft shrinkage: 1 further than 1/2 from 0, else 0."""
    return _unless_nan(type(z)(1) if abs(z) > type(z)(THRESHOLD) else type(z)(0), z)


@value_of_each
def hard_shrink_forward(z):
    """Hard shrinkage: ``z`` further than 1/2 from 0, else 0."""
    return type(z)(0) if abs(z) <= type(z)(THRESHOLD) else z


@slope_of_each
def hard_shrink_backward(z):
    """Derivative of hard shrinkage: 1 further than 1/2 from 0, else 0."""
    return _unless_nan(type(z)(1) if abs(z) > type(z)(THRESHOLD) else type(z)(0), z)


@value_of_each
def squareplus_forward(z):
    """Squareplus, ``(z + sqrt(z**2 + 4)) / 2``; below 0, where that cancels, the reciprocal at -z.

    References
    ----------
    Barron (2021), Squareplus: a softplus-like algebraic rectifier.
    """
    half, two, size = type(z)(0.5), type(z)(2), abs(z)
    ratio = two / size
    far = size * math.sqrt(type(z)(1) + ratio * ratio)  # the square of z could overflow
    near = math.sqrt(z * z + two * two)
    large = half * size + half * (far if size > two else near)  # their sum could overflow
    return large if z > type(z)(0) else type(z)(1) / large


@slope_of_each
def squareplus_backward(z):
    """Derivative of squareplus, ``(1 + z / sqrt(z**2 + 4)) / 2``."""
    half, one, two = type(z)(0.5), type(z)(1), type(z)(2)
    ratio = two / abs(z)
    far = one / math.sqrt(one + ratio * ratio)
    near = z / math.sqrt(z * z + two * two)
    return half * (one + (far if z > two else -far if z < -two else near))


@value_of_each
def sparse_plus_forward(z):
    """Sparse plus: 0 below -1, ``(z + 1)**2 / 4`` up to 1, and ``z`` above."""
    one = type(z)(1)
    middle = type(z)(0.25) * (z + one) * (z + one)
    return type(z)(0) if z <= -one else z if z >= one else middle


@slope_of_each
def sparse_plus_backward(z):
    """Derivative of sparse plus: 0 below -1, ``(z + 1) / 2`` up to 1, and 1 above."""
    one = type(z)(1)
    middle = type(z)(0.5) * (z + one)
    return type(z)(0) if z <= -one else one if z >= one else middle


@value_of_each
def sparse_sigmoid_forward(z):
    """Sparse sigmoid: 0 below -1, ``(z + 1) / 2`` up to 1, and 1 above."""
    one = type(z)(1)
    middle = type(z)(0.5) * (z + one)
    return type(z)(0) if z <= -one else one if z >= one else middle


@slope_of_each
def sparse_sigmoid_backward(z):
    """Derivative of the sparse sigmoid: 1/2 between -1 and 1, else 0."""
    return _unless_nan(type(z)(0) if abs(z) >= type(z)(1) else type(z)(0.5), z)
