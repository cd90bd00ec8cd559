"""Activations and their derivatives.

Every derivative takes the pre-activations ``z`` and the activations ``a``, and reads only one of
them: ``a``, which the forward pass has already computed, if the derivative can be written in terms
of it, else ``z``; ``ACTIVATIONS``, the table at the end, says which. Any array can be passed in the
place of the other. The forward pass may write ``a`` over ``z`` if ``z`` is not needed again, and a
derivative may write ``dz`` over ``da``.

Names and defaults are those of ``keras.activations``.
"""

import math
from functools import cache
from typing import Any, NamedTuple

from .call import address, call, values
from .chunks import COPY_WORK, ROW_WORK, chunk_bounds, chunk_count
from .elementary import erfc, erfc_and_power, exp, expm1, log, log1p, sigmoid, tanh
from .finite import AT_ONCE, is_finite
from .jit import njit, prange
from .pointwise import (
    celu_backward,
    celu_forward,
    hard_shrink_backward,
    hard_shrink_forward,
    hard_sigmoid_backward,
    hard_sigmoid_forward,
    hard_silu_backward,
    hard_silu_forward,
    hard_tanh_backward,
    hard_tanh_forward,
    log_sigmoid_backward,
    log_sigmoid_forward,
    mish_backward,
    mish_forward,
    relu6_backward,
    relu6_forward,
    soft_shrink_backward,
    soft_shrink_forward,
    softsign_backward,
    softsign_forward,
    sparse_plus_backward,
    sparse_plus_forward,
    sparse_sigmoid_backward,
    sparse_sigmoid_forward,
    squareplus_backward,
    squareplus_forward,
    tanh_shrink_backward,
    tanh_shrink_forward,
)
from .sums import largest_of, sum_of

__all__ = [
    "activation_backward",
    "activation_forward",
    "elu_backward",
    "elu_forward",
    "exponential_backward",
    "exponential_forward",
    "gelu_backward",
    "gelu_forward",
    "gelu_tanh_backward",
    "gelu_tanh_forward",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "log_softmax_backward",
    "log_softmax_forward",
    "prelu_backward",
    "prelu_forward",
    "rectifier_backward",
    "rectifier_forward",
    "relu_backward",
    "relu_forward",
    "selu_backward",
    "selu_forward",
    "sigmoid_backward",
    "sigmoid_forward",
    "silu_backward",
    "silu_forward",
    "softmax_backward",
    "softmax_forward",
    "softplus_backward",
    "softplus_forward",
    "tanh_backward",
    "tanh_forward",
]

# An exponential costs about this many multiply-adds.
EXP_WORK = 16

# Defaults of Keras where an activation is chosen by name.
NEGATIVE_SLOPE = 0.2
ALPHA = 1.0

# The constants of Klambauer et al. (2017), with which mean 0 and variance 1 are a fixed point.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

# Hendrycks and Gimpel (2016): Phi(z) is about (1 + tanh(sqrt(2 / pi) (z + 0.044715 z**3))) / 2.
GELU_CUBIC = 0.044715
SQRT_HALF = math.sqrt(1 / 2)
SQRT_2_OVER_PI = math.sqrt(2 / math.pi)

# So far from 0, the exponentials in SiLU and GELU are 0 in float64 too (at 746, 39 and 22).
FAR = 800.0


@njit
def sigmoid_forward(a, z):
    """Logistic sigmoid, ``a = 1 / (1 + exp(-z))``.

    Accurate for every ``z``: see :func:`.elementary.sigmoid`.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    for o in range(z.size):
        a[o] = sigmoid(z[o])


@njit
def sigmoid_backward(dz, z, a, da):
    """Derivative of the sigmoid, ``dz = da * a * (1 - a)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    one = a.dtype.type(1)
    for o in range(a.size):
        dz[o] = da[o] * a[o] * (one - a[o])


@njit
def tanh_forward(a, z):
    """Hyperbolic tangent, ``a = tanh(z)``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    for o in range(z.size):
        a[o] = tanh(z[o])


@njit
def tanh_backward(dz, z, a, da):
    """Derivative of the hyperbolic tangent, ``dz = da * (1 - a**2)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    one = a.dtype.type(1)
    for o in range(a.size):
        dz[o] = da[o] * (one - a[o] * a[o])


@njit
def relu_forward(a, z):
    """Rectified linear unit, ``a = max(z, 0)``; NaN stays NaN.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    zero = a.dtype.type(0)
    for o in range(z.size):
        a[o] = zero if z[o] < zero else z[o]


@njit
def relu_backward(dz, z, a, da):
    """Derivative of the rectified linear unit, ``dz = da`` where ``a > 0``, else 0.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    zero = a.dtype.type(0)
    for o in range(a.size):
        dz[o] = da[o] if a[o] > zero else zero


@njit
def softmax_forward(a, z):
    """Softmax of one sample, ``a = exp(z - max z) / sum(exp(z - max z))``.

    Subtracting the maximum changes nothing in exact arithmetic, and no exponential exceeds 1.

    Parameters
    ----------
    a : (o,) array
        Output: positive, with sum 1.
    z : (o,) array
        Logits.
    """
    largest = largest_of(z)
    for o in range(z.size):
        a[o] = exp(z[o] - largest)
    # A separate loop: in the one above, LLVM would add in an order that depends on where the arrays
    # are in memory.
    total = sum_of(a)
    for o in range(z.size):
        a[o] /= total


@njit
def softmax_backward(dz, z, a, da):
    """Derivative of the softmax of one sample, ``dz = a * (da - sum(a * da))``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the logits.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    double = 0.0
    for o in range(a.size):
        double += a[o] * da[o]
    total = a.dtype.type(double)
    for o in range(a.size):
        dz[o] = a[o] * (da[o] - total)


@njit
def log_softmax_forward(a, z):
    """Logarithm of the softmax of one sample, ``a = z - max z - log(sum(exp(z - max z)))``.

    Finite wherever ``z`` is, also where the softmax itself rounds to 0.

    Parameters
    ----------
    a : (o,) array
        Output: not positive.
    z : (o,) array
        Logits.
    """
    largest = largest_of(z)
    # The differences are stored first. Otherwise the compiler might compute
    # z - (largest + log_total), and for scores of ten thousand that sum is off by 1e-3.
    for o in range(z.size):
        a[o] = z[o] - largest
    total = 0.0  # in a separate loop, as in the softmax
    for o in range(z.size):
        total += exp(a[o])
    log_total = log(a.dtype.type(total))
    for o in range(z.size):
        a[o] -= log_total


@njit
def log_softmax_backward(dz, z, a, da):
    """Derivative of the log-softmax of one sample, ``dz = da - exp(a) sum(da)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the logits.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    total = sum_of(da)
    for o in range(a.size):
        dz[o] = da[o] - exp(a[o]) * total


@njit
def leaky_relu_forward(a, z, negative_slope):
    """Leaky rectified linear unit, ``a = z`` where ``z >= 0``, else ``negative_slope z``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    negative_slope : float
        Not negative; Keras uses 0.2.
    """
    slope, zero = a.dtype.type(negative_slope), a.dtype.type(0)
    for o in range(z.size):
        a[o] = slope * z[o] if z[o] < zero else z[o]


@njit
def leaky_relu_backward(dz, z, a, da, negative_slope):
    """Derivative of the leaky unit, ``dz = da`` where ``a > 0``, else ``negative_slope da``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    negative_slope : float
        Not negative; Keras uses 0.2.
    """
    slope, zero = a.dtype.type(negative_slope), a.dtype.type(0)
    for o in range(a.size):
        dz[o] = da[o] if a[o] > zero else slope * da[o]


@njit
def rectifier_forward(a, z, max_value, negative_slope, threshold):
    """ReLU with bounds, ``a = min(z, max_value)`` from the threshold on, and a slope below it.

    Below the threshold ``a = negative_slope (z - threshold)``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    max_value : float
        Not negative; may be infinite.
    negative_slope : float
        Not negative.
    threshold : float
        Not negative.
    """
    largest, slope = a.dtype.type(max_value), a.dtype.type(negative_slope)
    least, zero = a.dtype.type(threshold), a.dtype.type(0)
    for o in range(z.size):
        below = slope * (z[o] - least) if slope != zero else zero
        capped = largest if z[o] > largest else z[o]
        a[o] = below if z[o] <= least else capped


@njit
def rectifier_backward(dz, z, a, da, max_value, negative_slope, threshold):
    """Derivative of the rectifier: ``da`` from the threshold to the largest value.

    Above them 0, and below ``negative_slope da``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Pre-activations.
    a : (o,) array
        Not read.
    da : (o,) array
        Gradient with respect to the activations.
    max_value : float
        Not negative; may be infinite.
    negative_slope : float
        Not negative.
    threshold : float
        Not negative.
    """
    largest, slope = z.dtype.type(max_value), z.dtype.type(negative_slope)
    least, zero = z.dtype.type(threshold), z.dtype.type(0)
    for o in range(z.size):
        above = zero if z[o] >= largest else da[o]
        dz[o] = slope * da[o] if z[o] <= least else above


@njit
def prelu_forward(a, z, alpha):
    """Leaky unit of learned slopes, ``a = z`` where ``z > 0``, else ``alpha z``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    alpha : (o,) array
        Slope of each.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.
    """
    zero = a.dtype.type(0)
    for o in range(z.size):
        a[o] = z[o] if z[o] > zero else alpha[o] * z[o]


@njit
def prelu_backward(dz, dalpha, z, da, alpha):
    """Derivatives of the leaky unit of learned slopes.

    ``dz = da`` where ``z > 0``, else ``alpha da``; to ``dalpha`` is added ``da z`` where ``z < 0``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    dalpha : (o,) float64 array
        Added to: gradient with respect to the slopes.
    z : (o,) array
        Pre-activations.
    da : (o,) array
        Gradient with respect to the activations.
    alpha : (o,) array
        Slope of each.
    """
    zero = dz.dtype.type(0)
    for o in range(z.size):
        gradient, score = da[o], z[o]  # dz may be written over da
        dz[o] = gradient if score > zero else alpha[o] * gradient
        dalpha[o] += zero if score > zero else gradient * score


@njit
def elu_forward(a, z, alpha):
    """Exponential linear unit, ``a = z`` where ``z > 0``, else ``alpha (exp(z) - 1)``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    alpha : float
        Positive; ``a`` tends to ``-alpha`` at minus infinity. Keras uses 1.

    References
    ----------
    Clevert, Unterthiner and Hochreiter (2016), Fast and accurate deep network learning by
    exponential linear units.
    """
    scale, zero = a.dtype.type(alpha), a.dtype.type(0)
    for o in range(z.size):
        a[o] = z[o] if z[o] > zero else scale * expm1(z[o])


@njit
def elu_backward(dz, z, a, da, alpha):
    """Derivative of the exponential linear unit, ``da`` where ``a > 0``, else ``da (a + alpha)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    alpha : float
        Positive; ``a`` tends to ``-alpha`` at minus infinity. Keras uses 1.
    """
    scale, zero = a.dtype.type(alpha), a.dtype.type(0)
    for o in range(a.size):
        dz[o] = da[o] if a[o] > zero else da[o] * (a[o] + scale)


@njit
def selu_forward(a, z):
    """Scaled exponential linear unit, ``scale elu(z, alpha)`` with two fixed constants.

    They preserve mean 0 and variance 1 of the inputs from layer to layer.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks.
    """
    scale, zero = a.dtype.type(SELU_SCALE), a.dtype.type(0)
    negative_scale = a.dtype.type(SELU_SCALE * SELU_ALPHA)
    for o in range(z.size):
        a[o] = scale * z[o] if z[o] > zero else negative_scale * expm1(z[o])


@njit
def selu_backward(dz, z, a, da):
    """Derivative of SELU, ``scale da`` where ``a > 0``, else ``da (a + scale alpha)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    scale, zero = a.dtype.type(SELU_SCALE), a.dtype.type(0)
    negative_scale = a.dtype.type(SELU_SCALE * SELU_ALPHA)
    for o in range(a.size):
        dz[o] = scale * da[o] if a[o] > zero else da[o] * (a[o] + negative_scale)


@njit
def exponential_forward(a, z):
    """Exponential, ``a = exp(z)``: in Poisson regression, the mean of a count.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    for o in range(z.size):
        a[o] = exp(z[o])


@njit
def exponential_backward(dz, z, a, da):
    """Derivative of the exponential, ``dz = da * a``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Not read.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    for o in range(a.size):
        dz[o] = da[o] * a[o]


@njit
def softplus_forward(a, z):
    """Softplus, ``a = log(1 + exp(z))``, computed as ``max(z, 0) + log(1 + exp(-|z|))``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    zero = a.dtype.type(0)
    for o in range(z.size):
        a[o] = max(z[o], zero) + log1p(exp(-abs(z[o])))


@njit
def softplus_backward(dz, z, a, da):
    """Derivative of softplus, ``dz = da sigmoid(z)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Pre-activations.
    a : (o,) array
        Not read.
    da : (o,) array
        Gradient with respect to the activations.
    """
    for o in range(z.size):
        dz[o] = da[o] * sigmoid(z[o])


@njit
def _from_below(x):
    """x, but no less than -FAR: minus infinity times an exponential of 0 would be nan."""
    far = type(x)(-FAR)
    return far if x < far else x


@njit
def _within_reach(x):
    """x between -FAR and FAR, where its powers do not overflow; nan stays nan."""
    far = type(x)(FAR)
    return far if x > far else _from_below(x)


@njit
def silu_forward(a, z):
    """Sigmoid linear unit, also called swish: ``a = z sigmoid(z)``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.

    References
    ----------
    Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning.
    """
    for o in range(z.size):
        a[o] = _from_below(z[o]) * sigmoid(z[o])


@njit
def _two_sigmoids(x):
    """The sigmoid s of x, and 1 - s = sigmoid(-x), without a subtraction that loses digits."""
    small = sigmoid(-abs(x))
    large = type(x)(1) - small
    return (large, small) if x > type(x)(0) else (small, large)


@njit
def silu_backward(dz, z, a, da):
    """Derivative of SiLU, ``dz = da s (1 + z (1 - s))`` with ``s = sigmoid(z)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Pre-activations.
    a : (o,) array
        Not read.
    da : (o,) array
        Gradient with respect to the activations.
    """
    one = z.dtype.type(1)
    for o in range(z.size):
        x = _within_reach(z[o])
        s, rest = _two_sigmoids(x)
        dz[o] = da[o] * s * (one + x * rest)


@njit
def gelu_forward(a, z):
    """Gaussian error linear unit, ``a = z Phi(z)``; ``Phi`` is the normal distribution function.

    ``Phi(z) = erfc(-z / sqrt(2)) / 2``, which stays accurate where ``Phi`` is small.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian error linear units (GELUs).
    """
    half, root = a.dtype.type(0.5), a.dtype.type(SQRT_HALF)
    for o in range(z.size):
        a[o] = half * _from_below(z[o]) * erfc(-z[o] * root)


@njit
def gelu_backward(dz, z, a, da):
    """Derivative of GELU, ``dz = da (Phi(z) + z phi(z))``; ``phi`` is the normal density.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Pre-activations.
    a : (o,) array
        Not read.
    da : (o,) array
        Gradient with respect to the activations.
    """
    half, root = z.dtype.type(0.5), z.dtype.type(SQRT_HALF)
    height = z.dtype.type(1 / math.sqrt(2 * math.pi))
    for o in range(z.size):
        x = _within_reach(z[o])
        twice, power = erfc_and_power(-x * root)
        dz[o] = da[o] * (half * twice + x * height * power)


@njit
def gelu_tanh_forward(a, z):
    """GELU with ``Phi(z)`` approximated by ``(1 + tanh(u)) / 2 = sigmoid(2 u)``.

    ``u = sqrt(2 / pi) (z + 0.044715 z**3)``. It is within 0.0005 of :func:`gelu_forward`. The
    sigmoid stays accurate where it is small.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.

    References
    ----------
    Hendrycks and Gimpel (2016), Gaussian error linear units (GELUs), section 2.
    """
    one, root = a.dtype.type(1), a.dtype.type(2 * SQRT_2_OVER_PI)
    cubic = a.dtype.type(GELU_CUBIC)
    for o in range(z.size):
        x = _from_below(z[o])
        a[o] = x * sigmoid(root * x * (one + cubic * x * x))


@njit
def gelu_tanh_backward(dz, z, a, da):
    """Derivative of the approximate GELU.

    ``dz = da s (1 + z (1 - s) du)`` with ``s = sigmoid(2 u)`` and
    ``du = 2 sqrt(2 / pi) (1 + 3 * 0.044715 z**2)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    z : (o,) array
        Pre-activations.
    a : (o,) array
        Not read.
    da : (o,) array
        Gradient with respect to the activations.
    """
    one, three = z.dtype.type(1), z.dtype.type(3)
    root, cubic = z.dtype.type(2 * SQRT_2_OVER_PI), z.dtype.type(GELU_CUBIC)
    for o in range(z.size):
        x = _within_reach(z[o])
        square = cubic * x * x
        s, rest = _two_sigmoids(root * x * (one + square))
        du = root * (one + three * square)
        dz[o] = da[o] * s * (one + x * rest * du)


@njit
def _linear_forward(a, z):
    a[:] = z


@njit
def _linear_backward(dz, z, a, da):
    dz[:] = da


@njit
def _leaky_relu_forward(a, z):
    leaky_relu_forward(a, z, NEGATIVE_SLOPE)


@njit
def _leaky_relu_backward(dz, z, a, da):
    leaky_relu_backward(dz, z, a, da, NEGATIVE_SLOPE)


@njit
def _elu_forward(a, z):
    elu_forward(a, z, ALPHA)


@njit
def _elu_backward(dz, z, a, da):
    elu_backward(dz, z, a, da, ALPHA)


class Activation(NamedTuple):
    """What is known of an activation.

    Attributes
    ----------
    forward : kernel
        Called with ``(a, z)``.
    backward : kernel
        Its derivative, called with ``(dz, z, a, da)``.
    reads_z : bool
        Whether the derivative reads the pre-activations ``z``, and not the activations ``a``.
    of_samples : bool
        Whether it depends on all scores of a sample, and not on each score alone.
    is_signed : bool
        Whether it may be below zero.
    work : int
        A number costs about this many multiply-adds.
    """

    forward: Any
    backward: Any
    reads_z: bool = False
    of_samples: bool = False
    is_signed: bool = False
    work: int = EXP_WORK


#: Every activation by its name in Keras; "gelu_tanh" is its ``gelu(x, approximate=True)``, which
#: has no name of its own there. Leaky ReLU has the slope 0.2, and ELU the limit -1.
ACTIVATIONS = {
    "linear": Activation(_linear_forward, _linear_backward, is_signed=True, work=COPY_WORK),
    "sigmoid": Activation(sigmoid_forward, sigmoid_backward),
    "tanh": Activation(tanh_forward, tanh_backward, is_signed=True),
    "relu": Activation(relu_forward, relu_backward, work=COPY_WORK),
    "softmax": Activation(softmax_forward, softmax_backward, of_samples=True),
    "log_softmax": Activation(
        log_softmax_forward, log_softmax_backward, of_samples=True, is_signed=True
    ),
    "leaky_relu": Activation(
        _leaky_relu_forward, _leaky_relu_backward, is_signed=True, work=COPY_WORK
    ),
    "elu": Activation(_elu_forward, _elu_backward, is_signed=True),
    "selu": Activation(selu_forward, selu_backward, is_signed=True),
    "exponential": Activation(exponential_forward, exponential_backward),
    "softplus": Activation(softplus_forward, softplus_backward, reads_z=True),
    "silu": Activation(silu_forward, silu_backward, reads_z=True, is_signed=True),
    "gelu": Activation(gelu_forward, gelu_backward, reads_z=True, is_signed=True),
    "gelu_tanh": Activation(gelu_tanh_forward, gelu_tanh_backward, reads_z=True, is_signed=True),
    "celu": Activation(celu_forward, celu_backward, reads_z=True, is_signed=True),
    "hard_shrink": Activation(
        hard_shrink_forward, hard_shrink_backward, reads_z=True, is_signed=True, work=COPY_WORK
    ),
    "hard_sigmoid": Activation(
        hard_sigmoid_forward, hard_sigmoid_backward, reads_z=True, work=COPY_WORK
    ),
    "hard_silu": Activation(
        hard_silu_forward, hard_silu_backward, reads_z=True, is_signed=True, work=COPY_WORK
    ),
    "hard_tanh": Activation(
        hard_tanh_forward, hard_tanh_backward, reads_z=True, is_signed=True, work=COPY_WORK
    ),
    "log_sigmoid": Activation(
        log_sigmoid_forward, log_sigmoid_backward, reads_z=True, is_signed=True
    ),
    "mish": Activation(mish_forward, mish_backward, reads_z=True, is_signed=True),
    "relu6": Activation(relu6_forward, relu6_backward, reads_z=True, work=COPY_WORK),
    "soft_shrink": Activation(
        soft_shrink_forward, soft_shrink_backward, reads_z=True, is_signed=True, work=COPY_WORK
    ),
    "softsign": Activation(
        softsign_forward, softsign_backward, reads_z=True, is_signed=True, work=COPY_WORK
    ),
    "sparse_plus": Activation(
        sparse_plus_forward, sparse_plus_backward, reads_z=True, work=COPY_WORK
    ),
    "sparse_sigmoid": Activation(
        sparse_sigmoid_forward, sparse_sigmoid_backward, reads_z=True, work=COPY_WORK
    ),
    "squareplus": Activation(squareplus_forward, squareplus_backward, reads_z=True, work=COPY_WORK),
    "tanh_shrink": Activation(
        tanh_shrink_forward, tanh_shrink_backward, reads_z=True, is_signed=True
    ),
}

LINEAR = ACTIVATIONS["linear"]


@cache
def forward_of(name, dtype):
    """An activation as :func:`activation_forward` takes it.

    Parameters
    ----------
    name : str or Activation
        Of ``ACTIVATIONS``, or one of its own.
    dtype : dtype
        Of the arrays.

    Returns
    -------
    address : int
    takes_samples : bool
        Whether it takes the scores of a sample, and not any number of scores.
    work : int
        Multiply-adds that take as long as one number.
    """
    activation = ACTIVATIONS.get(name, name)
    function = address(activation.forward, *(values(dtype),) * 2)
    return function, activation.of_samples, activation.work


@cache
def backward_of(name, dtype):
    """The derivative of an activation, as :func:`activation_backward` takes it."""
    activation = ACTIVATIONS.get(name, name)
    return address(activation.backward, *(values(dtype),) * 4), activation.of_samples


@njit
def elements_forward(a, z, function):
    """An activation of numbers, on one thread; returns whether they are finite."""
    finite = True
    for first in range(0, z.size, AT_ONCE):
        some = z[first : first + AT_ONCE]
        finite &= is_finite(some)
        call(function, a[first : first + AT_ONCE], some)
    return finite


@njit
def _forward(a, z, function, takes_samples):
    """An activation of some samples, on one thread; returns whether they are finite."""
    if not takes_samples:
        return elements_forward(a.reshape(-1), z.reshape(-1), function)
    finite, at_once = True, max(1, AT_ONCE // z.shape[1])
    for first in range(0, z.shape[0], at_once):
        stop = min(first + at_once, z.shape[0])
        finite &= is_finite(z[first:stop].reshape(-1))
        for n in range(first, stop):
            call(function, a[n], z[n])
    return finite


@njit
def _backward(dz, z, a, da, function, takes_samples):
    """Its derivative."""
    if takes_samples:
        for n in range(z.shape[0]):
            call(function, dz[n], z[n], a[n], da[n])
    else:
        call(function, dz.reshape(-1), z.reshape(-1), a.reshape(-1), da.reshape(-1))


@njit(parallel=True)
def activation_forward(a, z, activation):
    """Activation of a batch, parallel over samples.

    Leaky ReLU has the slope 0.2, and ELU the limit -1: the defaults of Keras.

    Parameters
    ----------
    a : (n, o) array
        Output.
    z : (n, o) array
        Pre-activations.
    activation : (int, bool, int)
        From :func:`forward_of`.

    Returns
    -------
    bool
        Whether all numbers of `z` are finite.
    """
    function, takes_samples, work = activation
    samples, units = z.shape
    chunks = chunk_count(samples, units * work + (ROW_WORK if takes_samples else 0))
    if chunks == 1:
        return _forward(a, z, function, takes_samples)
    finite = 0
    for chunk in prange(chunks):
        start, stop = chunk_bounds(chunk, chunks, samples)
        finite += _forward(a[start:stop], z[start:stop], function, takes_samples)
    return finite == chunks


@njit(parallel=True)
def activation_backward(dz, z, a, da, activation):
    """Derivative of the activation of a batch, parallel over samples.

    Leaky ReLU has the slope 0.2, and ELU the limit -1.

    Parameters
    ----------
    dz : (n, o) array
        Output: gradient with respect to the pre-activations.
    z : (n, o) array
        Pre-activations; read only for activations that read them, see ``ACTIVATIONS``.
    a : (n, o) array
        Activations of the forward pass; read only for the others.
    da : (n, o) array
        Gradient with respect to the activations.
    activation : (int, bool)
        From :func:`backward_of`.
    """
    function, takes_samples = activation
    samples, units = a.shape
    chunks = chunk_count(samples, units * EXP_WORK)
    if chunks == 1:
        _backward(dz, z, a, da, function, takes_samples)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            rows = dz[start:stop], z[start:stop], a[start:stop], da[start:stop]
            _backward(*rows, function, takes_samples)
