"""Activations: the functions a layer puts its scores `z` through, and their derivatives.

The backward functions take both the scores `z` and the activations `a`, and use the one in which
the derivative is simplest to write.
"""

import math

from fastscratch.reference import pointwise

# Constants of SELU: with them, mean 0 and variance 1 carry over from layer to layer.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946

# math.exp overflows from here on.
_LARGEST_POWER = 709.78

# So far from 0, the exponentials in SiLU and GELU are 0.
_FAR = 800.0


def sigmoid_forward(a, z):
    """Squash every score to a probability: a = 1 / (1 + exp(-z)).

    For z < 0 the same number is computed as exp(z) / (1 + exp(z)), since exp(-z) could overflow.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Essay, step 2: `sigmoid`.
    """
    for o in range(len(z)):
        if z[o] >= 0:
            a[o] = 1 / (1 + math.exp(-z[o]))
        else:
            a[o] = math.exp(z[o]) / (1 + math.exp(z[o]))


def sigmoid_backward(dz, z, a, da):
    """Take a gradient back through the sigmoid: dz = da * a * (1 - a).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `sigmoid_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.

    Notes
    -----
    Essay, step 4: `sigmoid_prime`.
    """
    for o in range(len(a)):
        dz[o] = da[o] * a[o] * (1 - a[o])


def tanh_forward(a, z):
    """Squash every score to between -1 and 1: a = tanh(z) = 2 sigmoid(2z) - 1.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    LeCun, Bottou, Orr & Müller (1998), "Efficient BackProp", section 4.4.
    """
    for o in range(len(z)):
        a[o] = math.tanh(z[o])


def tanh_backward(dz, z, a, da):
    """Take a gradient back through tanh: dz = da * (1 - a**2).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `tanh_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(a)):
        dz[o] = da[o] * (1 - a[o] * a[o])


def relu_forward(a, z):
    """Flatten negative scores to zero: a = max(z, 0).

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Essay, step 4: ReLU "is just the max function".
    """
    for o in range(len(z)):
        a[o] = max(z[o], 0.0)


def relu_backward(dz, z, a, da):
    """Take a gradient back through ReLU: dz = da where a > 0, else 0.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `relu_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(a)):
        dz[o] = da[o] if a[o] > 0 else 0.0


def softmax_forward(a, z):
    """Turn the scores of one sample into class probabilities: a[o] = exp(z[o]) / sum(exp(z)).

    The largest score is subtracted first.  The ratio stays the same and exp cannot overflow.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations; they sum to 1.
    z : list of float, (o,)
        Scores, one per class.

    Notes
    -----
    Essay, step 3.
    """
    largest = max(z)
    total = 0.0
    for o in range(len(z)):
        a[o] = math.exp(z[o] - largest)
        total += a[o]
    for o in range(len(z)):
        a[o] /= total


def softmax_backward(dz, z, a, da):
    """Take a gradient back through softmax: dz[o] = a[o] * (da[o] - sum(a * da)).

    The sum is there because raising one score lowers the probability of every other class.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `softmax_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    mean = 0.0
    for o in range(len(a)):
        mean += a[o] * da[o]
    for o in range(len(a)):
        dz[o] = a[o] * (da[o] - mean)


def log_softmax_forward(a, z):
    """Take the logarithm of softmax: a[o] = z[o] - log(sum(exp(z))).

    The largest score is subtracted first, as in `softmax_forward`.  The result is an ordinary
    number even where the probability itself rounds to 0.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations, logarithms of probabilities.
    z : list of float, (o,)
        Scores, one per class.
    """
    largest = max(z)
    total = 0.0
    for o in range(len(z)):
        total += math.exp(z[o] - largest)
    for o in range(len(z)):
        a[o] = z[o] - largest - math.log(total)


def log_softmax_backward(dz, z, a, da):
    """Take a gradient back through log-softmax: dz[o] = da[o] - exp(a[o]) * sum(da).

    The factor exp(a) is the softmax, the derivative of log(sum(exp(z))).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `log_softmax_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    total = 0.0
    for o in range(len(a)):
        total += da[o]
    for o in range(len(a)):
        dz[o] = da[o] - math.exp(a[o]) * total


def leaky_relu_forward(a, z, negative_slope):
    """Flatten negative scores, but not entirely: a = z where z > 0, else negative_slope * z.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.
    negative_slope : float
        Slope below zero, not negative.

    Notes
    -----
    Maas, Hannun & Ng (2013), "Rectifier nonlinearities improve neural network acoustic models".
    """
    for o in range(len(z)):
        a[o] = z[o] if z[o] > 0 else negative_slope * z[o]


def leaky_relu_backward(dz, z, a, da, negative_slope):
    """Take a gradient back through leaky ReLU: da where a > 0, else negative_slope * da.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `leaky_relu_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    negative_slope : float
        Slope below zero, not negative.
    """
    for o in range(len(z)):
        dz[o] = da[o] if a[o] > 0 else negative_slope * da[o]


def rectifier_forward(a, z, max_value, negative_slope, threshold):
    """ReLU with bounds: a = min(z, max_value) where z > threshold, else slope (z - threshold).

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.
    max_value : float
        Largest activation, or infinity.
    negative_slope : float
        Slope below the threshold, not negative.
    threshold : float
        Not negative.
    """
    for o in range(len(z)):
        if z[o] > threshold:
            a[o] = min(z[o], max_value)
        else:
            a[o] = negative_slope * (z[o] - threshold)


def rectifier_backward(dz, z, a, da, max_value, negative_slope, threshold):
    """Take a gradient back through the rectifier: times 1, 0 or its slope.

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
    max_value : float
        Largest activation, or infinity.
    negative_slope : float
        Slope below the threshold, not negative.
    threshold : float
        Not negative.
    """
    for o in range(len(z)):
        if z[o] > threshold:
            dz[o] = da[o] if z[o] < max_value else 0.0
        else:
            dz[o] = negative_slope * da[o]


def prelu_forward(a, z, alpha):
    """Leaky ReLU whose slopes are learned: a = z where z > 0, else alpha * z.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.
    alpha : list of float, (o,)
        The slope of each below zero.

    Notes
    -----
    He, Zhang, Ren & Sun (2015), "Delving deep into rectifiers".
    """
    for o in range(len(z)):
        a[o] = z[o] if z[o] > 0 else alpha[o] * z[o]


def prelu_backward(dz, dalpha, z, da, alpha):
    """Take a gradient back through PReLU, to the scores and to the slopes.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    dalpha : list of float, (o,)
        Added to: gradient with respect to the slopes.
    z : list of float, (o,)
        Scores.
    da : list of float, (o,)
        Gradient with respect to the activations.
    alpha : list of float, (o,)
        The slope of each below zero.
    """
    for o in range(len(z)):
        if z[o] > 0:
            dz[o] = da[o]
        else:
            dz[o] = alpha[o] * da[o]
            dalpha[o] += da[o] * z[o]


def elu_forward(a, z, alpha):
    """Let negative scores level off at -alpha: a = z where z > 0, else alpha (exp(z) - 1).

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.
    alpha : float
        Minus the limit at minus infinity, positive.

    Notes
    -----
    Clevert, Unterthiner & Hochreiter (2016), "Fast and accurate deep network learning by
    exponential linear units (ELUs)".
    """
    for o in range(len(z)):
        a[o] = z[o] if z[o] > 0 else alpha * math.expm1(z[o])


def elu_backward(dz, z, a, da, alpha):
    """Take a gradient back through ELU: da where a > 0, else da * alpha * exp(z).

    That is da * (a + alpha).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `elu_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    alpha : float
        Minus the limit at minus infinity, positive.
    """
    for o in range(len(z)):
        dz[o] = da[o] if a[o] > 0 else da[o] * (a[o] + alpha)


def selu_forward(a, z):
    """Scale an ELU, a = scale * elu(z, alpha), by constants that keep mean 0 and variance 1.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Klambauer, Unterthiner, Mayr & Hochreiter (2017), "Self-normalizing neural networks".
    """
    for o in range(len(z)):
        a[o] = _SELU_SCALE * (z[o] if z[o] > 0 else _SELU_ALPHA * math.expm1(z[o]))


def selu_backward(dz, z, a, da):
    """Take a gradient back through SELU: scale * da where a > 0, else da * (a + scale * alpha).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `selu_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(z)):
        dz[o] = da[o] * (_SELU_SCALE if a[o] > 0 else a[o] + _SELU_SCALE * _SELU_ALPHA)


def exponential_forward(a, z):
    """Make any score a positive number, such as the mean of a count: a = exp(z).

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations; infinite where exp(z) is too large for a float.
    z : list of float, (o,)
        Scores.
    """
    for o in range(len(z)):
        a[o] = math.exp(z[o]) if z[o] < _LARGEST_POWER else math.inf


def exponential_backward(dz, z, a, da):
    """Take a gradient back through the exponential, which is its own derivative: dz = da * a.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores; not used.
    a : list of float, (o,)
        Activations, from `exponential_forward`.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(z)):
        dz[o] = da[o] * a[o]


def softplus_forward(a, z):
    """Round off the corner of ReLU: a = log(1 + exp(z)).

    Computed as ``max(z, 0) + log(1 + exp(-|z|))``, which is the same number and cannot overflow.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Glorot, Bordes & Bengio (2011), "Deep sparse rectifier neural networks".
    """
    for o in range(len(z)):
        a[o] = max(z[o], 0.0) + math.log1p(math.exp(-abs(z[o])))


def softplus_backward(dz, z, a, da):
    """Take a gradient back through softplus, whose derivative is the sigmoid of z.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores.
    a : list of float, (o,)
        Activations, from `softplus_forward`; not used.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(z)):
        sigmoid = [0.0]
        sigmoid_forward(sigmoid, [z[o]])
        dz[o] = da[o] * sigmoid[0]


def _within_reach(z):
    """Return z between -800 and 800, where its powers do not overflow."""
    return max(-_FAR, min(z, _FAR))


def silu_forward(a, z):
    """Weight each score by its own sigmoid: a = z * sigmoid(z).

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Elfwing, Uchibe & Doya (2018), "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning".
    """
    for o in range(len(z)):
        sigmoid = [0.0]
        sigmoid_forward(sigmoid, [z[o]])
        a[o] = max(z[o], -_FAR) * sigmoid[0]


def silu_backward(dz, z, a, da):
    """Take a gradient back through SiLU: dz = da * (s + z s (1 - s)), where s = sigmoid(z).

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores.
    a : list of float, (o,)
        Activations, from `silu_forward`; not used.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(z)):
        sigmoid = [0.0]
        sigmoid_forward(sigmoid, [z[o]])
        x = _within_reach(z[o])
        dz[o] = da[o] * (sigmoid[0] + x * sigmoid[0] * (1 - sigmoid[0]))


def gelu_forward(a, z):
    """Weight each score by the probability of a smaller normal draw: a = z * Phi(z).

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Hendrycks & Gimpel (2016), "Gaussian error linear units (GELUs)".
    """
    for o in range(len(z)):
        a[o] = max(z[o], -_FAR) * _normal_distribution(z[o])


def _normal_distribution(z):
    """Return Phi(z), the probability that a draw from N(0, 1) is below z."""
    return (1 + math.erf(z / math.sqrt(2))) / 2


def gelu_backward(dz, z, a, da):
    """Take a gradient back through GELU: dz = da * (Phi(z) + z * phi(z)), phi the density.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores.
    a : list of float, (o,)
        Activations, from `gelu_forward`; not used.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(z)):
        x = _within_reach(z[o])
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        dz[o] = da[o] * (_normal_distribution(x) + x * density)


def gelu_tanh_forward(a, z):
    """Apply GELU with Phi(z) replaced by (1 + tanh(sqrt(2 / pi) (z + 0.044715 z**3))) / 2.

    Parameters
    ----------
    a : list of float, (o,)
        Written: the activations.
    z : list of float, (o,)
        Scores.

    Notes
    -----
    Hendrycks & Gimpel (2016), "Gaussian error linear units (GELUs)", section 2.
    """
    for o in range(len(z)):
        x = max(z[o], -_FAR)
        u = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        a[o] = x * (1 + math.tanh(u)) / 2


def gelu_tanh_backward(dz, z, a, da):
    """Take a gradient back through the approximate GELU, by the product and chain rules.

    Parameters
    ----------
    dz : list of float, (o,)
        Written: gradient with respect to the scores.
    z : list of float, (o,)
        Scores.
    a : list of float, (o,)
        Activations, from `gelu_tanh_forward`; not used.
    da : list of float, (o,)
        Gradient with respect to the activations.
    """
    for o in range(len(z)):
        x = _within_reach(z[o])
        u = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        du = math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x * x)
        dtanh = 1 - math.tanh(u) ** 2
        dz[o] = da[o] * ((1 + math.tanh(u)) / 2 + x * dtanh * du / 2)


#: The two functions of each activation, and their parameters where they are chosen by name.
ACTIVATIONS = {
    "sigmoid": (sigmoid_forward, sigmoid_backward, ()),
    "tanh": (tanh_forward, tanh_backward, ()),
    "relu": (relu_forward, relu_backward, ()),
    "softmax": (softmax_forward, softmax_backward, ()),
    "log_softmax": (log_softmax_forward, log_softmax_backward, ()),
    "selu": (selu_forward, selu_backward, ()),
    "exponential": (exponential_forward, exponential_backward, ()),
    "softplus": (softplus_forward, softplus_backward, ()),
    "silu": (silu_forward, silu_backward, ()),
    "gelu": (gelu_forward, gelu_backward, ()),
    "gelu_tanh": (gelu_tanh_forward, gelu_tanh_backward, ()),
    "leaky_relu": (leaky_relu_forward, leaky_relu_backward, (0.2,)),
    "elu": (elu_forward, elu_backward, (1.0,)),
    "celu": (pointwise.celu_forward, pointwise.celu_backward, ()),
    "hard_shrink": (pointwise.hard_shrink_forward, pointwise.hard_shrink_backward, ()),
    "hard_sigmoid": (pointwise.hard_sigmoid_forward, pointwise.hard_sigmoid_backward, ()),
    "hard_silu": (pointwise.hard_silu_forward, pointwise.hard_silu_backward, ()),
    "hard_tanh": (pointwise.hard_tanh_forward, pointwise.hard_tanh_backward, ()),
    "log_sigmoid": (pointwise.log_sigmoid_forward, pointwise.log_sigmoid_backward, ()),
    "mish": (pointwise.mish_forward, pointwise.mish_backward, ()),
    "relu6": (pointwise.relu6_forward, pointwise.relu6_backward, ()),
    "soft_shrink": (pointwise.soft_shrink_forward, pointwise.soft_shrink_backward, ()),
    "softsign": (pointwise.softsign_forward, pointwise.softsign_backward, ()),
    "sparse_plus": (pointwise.sparse_plus_forward, pointwise.sparse_plus_backward, ()),
    "sparse_sigmoid": (pointwise.sparse_sigmoid_forward, pointwise.sparse_sigmoid_backward, ()),
    "squareplus": (pointwise.squareplus_forward, pointwise.squareplus_backward, ()),
    "tanh_shrink": (pointwise.tanh_shrink_forward, pointwise.tanh_shrink_backward, ()),
}


def _functions_of(activation):
    """Return the two functions of an activation, and their parameters.

    That of a user is a pair of functions of a number: its value and its slope.
    """
    if isinstance(activation, str):
        return ACTIVATIONS[activation]
    value, slope = activation
    return pointwise.value_of_each(value), pointwise.slope_of_each(slope), ()


def activation_forward(a, z, activation):
    """Apply an activation to each sample (row).

    Parameters
    ----------
    a : list of lists of float, (n, o)
        Written: the activations.
    z : list of lists of float, (n, o)
        Scores.
    activation : str, or pair of functions
        Name of the activation: "linear" or one of `ACTIVATIONS`.  Or a value and a slope.
    """
    for n in range(len(z)):
        if activation == "linear":
            a[n][:] = z[n]
        else:
            forward, _, parameters = _functions_of(activation)
            forward(a[n], z[n], *parameters)


def activation_backward(dz, z, a, da, activation):
    """Take a gradient back through an activation, for each sample (row).

    Parameters
    ----------
    dz : list of lists of float, (n, o)
        Written: gradient with respect to the scores.
    z : list of lists of float, (n, o)
        Scores.
    a : list of lists of float, (n, o)
        Activations, from `activation_forward`.
    da : list of lists of float, (n, o)
        Gradient with respect to the activations.
    activation : str, or pair of functions
        As `activation_forward` takes it.
    """
    for n in range(len(a)):
        if activation == "linear":
            dz[n][:] = da[n]
        else:
            _, backward, parameters = _functions_of(activation)
            backward(dz[n], z[n], a[n], da[n], *parameters)
