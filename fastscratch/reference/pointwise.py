"""Activations that are simplest as the value and the slope at one number.

`value_of_each` and `slope_of_each` make loops over lists of them, the twins of the kernels.  A
user's own activation, a pair of functions, is made into a layer's activation in the same way.
"""

import math


def value_of_each(value):
    """Return forward(a, z), which writes the value at each score.

    Parameters
    ----------
    value : function
        Takes a number and returns one.
    """

    def forward(a, z):
        for o in range(len(z)):
            a[o] = value(z[o])

    return _named_after(forward, value, _FORWARD)


def slope_of_each(slope):
    """Return backward(dz, z, a, da), which multiplies each gradient with the slope at the score.

    Parameters
    ----------
    slope : function
        Takes a number and returns one.
    """

    def backward(dz, z, a, da):
        for o in range(len(z)):
            dz[o] = da[o] * slope(z[o])

    return _named_after(backward, slope, _BACKWARD)


_FORWARD = """{0}

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.
    """

_BACKWARD = """{0}

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores.
    a : list of float, (o,)
        Activations; not used.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """


def _named_after(loop, function, docstring):
    """Return the loop with the name and the description of the function."""
    loop.__name__ = loop.__qualname__ = function.__name__
    loop.__module__ = function.__module__
    loop.__doc__ = docstring.format(function.__doc__)
    return loop


def _sigmoid(z):
    if z >= 0:
        return 1 / (1 + math.exp(-z))
    return math.exp(z) / (1 + math.exp(z))


def _softplus(z):
    return max(z, 0.0) + math.log1p(math.exp(-abs(z)))


@value_of_each
def relu6_forward(z):
    """ReLU that stops at 6: min(max(z, 0), 6)."""
    return min(max(z, 0.0), 6.0)


@slope_of_each
def relu6_backward(z):
    """Slope of ReLU6: 1 where 0 < z < 6, else 0."""
    return 1.0 if 0 < z < 6 else 0.0


@value_of_each
def hard_sigmoid_forward(z):
    """A sigmoid of straight lines: z / 6 + 1 / 2, no less than 0 and no more than 1."""
    return min(max(z / 6 + 0.5, 0.0), 1.0)


@slope_of_each
def hard_sigmoid_backward(z):
    """Slope of the hard sigmoid: 1/6 where -3 < z < 3, else 0."""
    return 1 / 6 if -3 < z < 3 else 0.0


@value_of_each
def hard_silu_forward(z):
    """SiLU with the hard sigmoid: z times z / 6 + 1 / 2, which is kept from 0 to 1."""
    return z * min(max(z / 6 + 0.5, 0.0), 1.0)


@slope_of_each
def hard_silu_backward(z):
    """Slope of the hard SiLU: z / 3 + 1 / 2 where -3 < z < 3, 0 below that and 1 above."""
    if z <= -3:
        return 0.0
    return 1.0 if z >= 3 else z / 3 + 0.5


@value_of_each
def hard_tanh_forward(z):
    """A tanh of straight lines: z, no less than -1 and no more than 1."""
    return min(max(z, -1.0), 1.0)


@slope_of_each
def hard_tanh_backward(z):
    """Slope of the hard tanh: 1 where -1 < z < 1, else 0."""
    return 1.0 if -1 < z < 1 else 0.0


@value_of_each
def softsign_forward(z):
    """Softsign: ``z / (1 + |z|)``."""
    return z / (1 + abs(z))


@slope_of_each
def softsign_backward(z):
    """Slope of softsign: ``1 / (1 + |z|)**2``."""
    return 1 / (1 + abs(z)) ** 2


@value_of_each
def mish_forward(z):
    """Mish: z tanh(softplus(z))."""
    # Misra (2020), "Mish: A self regularized non-monotonic activation function".
    return z * math.tanh(_softplus(z))


@slope_of_each
def mish_backward(z):
    """Slope of Mish, by the product and the chain rule; the slope of softplus is the sigmoid."""
    t = math.tanh(_softplus(z))
    return t + z * (1 - t * t) * _sigmoid(z)


@value_of_each
def celu_forward(z):
    """CELU: z where z > 0, else exp(z) - 1."""
    # Barron (2017), "Continuously differentiable exponential linear units".
    return z if z > 0 else math.expm1(z)


@slope_of_each
def celu_backward(z):
    """Slope of CELU: 1 where z > 0, else exp(z)."""
    return 1.0 if z > 0 else math.exp(z)


@value_of_each
def log_sigmoid_forward(z):
    """Logarithm of the sigmoid: -softplus(-z)."""
    return -_softplus(-z)


@slope_of_each
def log_sigmoid_backward(z):
    """Slope of the logarithm of the sigmoid: sigmoid(-z)."""
    return _sigmoid(-z)


@value_of_each
def tanh_shrink_forward(z):
    """What tanh takes away: z - tanh(z)."""
    return z - math.tanh(z)


@slope_of_each
def tanh_shrink_backward(z):
    """Slope of tanh shrinkage: tanh(z)**2."""
    return math.tanh(z) ** 2


@value_of_each
def soft_shrink_forward(z):
    """Soft shrinkage: z moved towards 0 by 1/2, but not past it."""
    return math.copysign(max(abs(z) - 0.5, 0.0), z)


@slope_of_each
def soft_shrink_backward(z):
    """Slope of soft shrinkage: 1 where ``|z| > 1/2``, else 0."""
    return 1.0 if abs(z) > 0.5 else 0.0


@value_of_each
def hard_shrink_forward(z):
    """Hard shrinkage: z where ``|z| > 1/2``, else 0."""
    return z if abs(z) > 0.5 else 0.0


@slope_of_each
def hard_shrink_backward(z):
    """Slope of hard shrinkage: 1 where ``|z| > 1/2``, else 0."""
    return 1.0 if abs(z) > 0.5 else 0.0


@value_of_each
def squareplus_forward(z):
    """Squareplus: (z + sqrt(z**2 + 4)) / 2, or 2 / (sqrt(z**2 + 4) - z), which is the same."""
    # Barron (2021), "Squareplus: A softplus-like algebraic rectifier".
    root = math.hypot(z, 2)
    return (z + root) / 2 if z >= 0 else 2 / (root - z)


@slope_of_each
def squareplus_backward(z):
    """Slope of squareplus: (1 + z / sqrt(z**2 + 4)) / 2."""
    return (1 + z / math.hypot(z, 2)) / 2


@value_of_each
def sparse_plus_forward(z):
    """Sparse plus: 0 where z <= -1, z where z >= 1, and (z + 1)**2 / 4 between."""
    if z <= -1:
        return 0.0
    return z if z >= 1 else (z + 1) ** 2 / 4


@slope_of_each
def sparse_plus_backward(z):
    """Slope of sparse plus: 0 where z <= -1, 1 where z >= 1, and (z + 1) / 2 between."""
    return min(max((z + 1) / 2, 0.0), 1.0)


@value_of_each
def sparse_sigmoid_forward(z):
    """Sparse sigmoid: (z + 1) / 2, no less than 0 and no more than 1."""
    return min(max((z + 1) / 2, 0.0), 1.0)


@slope_of_each
def sparse_sigmoid_backward(z):
    """Slope of the sparse sigmoid: 1/2 where -1 < z < 1, else 0."""
    return 0.5 if -1 < z < 1 else 0.0
