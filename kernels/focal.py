"""Cross-entropies that count what is known well, or labelled wrong, for less; see ``losses.py``.

As there, a cross-entropy takes logits, and its log loss probabilities that come from elsewhere.

References
----------
Lin, Goyal, Girshick, He and Dollar (2017), Focal loss for dense object detection. Zhang and Sabuncu
(2018), Generalized cross entropy loss for training deep neural networks with noisy labels.
"""

from .activations import log_softmax_forward
from .elementary import exp, log, log1p
from .jit import njit

__all__ = [
    "binary_focal_crossentropy_backward",
    "binary_focal_crossentropy_forward",
    "binary_focal_log_loss_backward",
    "binary_focal_log_loss_forward",
    "categorical_focal_crossentropy_backward",
    "categorical_focal_crossentropy_forward",
    "categorical_focal_log_loss_backward",
    "categorical_focal_log_loss_forward",
    "categorical_generalized_cross_entropy_backward",
    "categorical_generalized_cross_entropy_forward",
]

# Keras' epsilon. Log losses limit probabilities to between this and 1 minus this.
EPSILON = 1e-7


@njit
def _power(x, exponent):
    """A number that is not negative to a power, by the exponential; 0 to the power of 0 is 1."""
    if exponent == 2:
        return x * x
    if exponent == 0:
        return type(x)(1)
    return exp(type(x)(exponent) * log(x)) if x > 0 else type(x)(0) * x


@njit
def _power_slope(x, exponent):
    """Its derivative; where that is infinite, at 0, the derivative at 1e-7."""
    if exponent == 0:
        return type(x)(0)
    low = type(x)(EPSILON)
    return type(x)(exponent) * _power(low if x < low else x, exponent - 1)


@njit
def binary_focal_crossentropy_forward(logits, y, gamma, of_ones, of_zeros):
    """Focal cross-entropy of labels, ``mean(w u**gamma (max(z, 0) - z y + log(1 + exp(-|z|))))``.

    ``u = y (1 - p) + (1 - y) p`` with ``p = sigmoid(z)`` is how far the label is from being known,
    and ``w = y of_ones + (1 - y) of_zeros``.

    Parameters
    ----------
    logits : (o,) array
        Scores ``z``.
    y : (o,) array
        Targets between 0 and 1.
    gamma : float
        Not negative; with 0 it is the cross-entropy. Keras uses 2.
    of_ones, of_zeros : float
        Weight of the labels 1, and 0.

    Returns
    -------
    float
    """
    total, one = 0.0, logits.dtype.type(1)
    for o in range(y.size):
        z, target = logits[o], y[o]
        e = exp(-abs(z))
        p, q = (one / (one + e), e / (one + e)) if z > 0 else (e / (one + e), one / (one + e))
        weight = target * of_ones + (one - target) * of_zeros
        entropy = max(z, 0) - z * target + log1p(e)
        total += weight * _power(target * q + (one - target) * p, gamma) * entropy
    return total / y.size


@njit
def binary_focal_crossentropy_backward(dlogits, logits, y, gamma, of_ones, of_zeros):
    """Derivative of the focal cross-entropy of labels.

    ``w (u**gamma (p - y) + gamma u**(gamma - 1) (1 - 2 y) p (1 - p) b) / o``, where ``b`` is the
    cross-entropy.

    Parameters
    ----------
    dlogits : (o,) array
        Output: gradient with respect to the logits.
    logits : (o,) array
        Scores ``z``.
    y : (o,) array
        Targets between 0 and 1.
    gamma : float
        Not negative.
    of_ones, of_zeros : float
        Weight of the labels 1, and 0.
    """
    one, two = logits.dtype.type(1), logits.dtype.type(2)
    for o in range(y.size):
        z, target = logits[o], y[o]
        e = exp(-abs(z))
        p, q = (one / (one + e), e / (one + e)) if z > 0 else (e / (one + e), one / (one + e))
        weight = (target * of_ones + (one - target) * of_zeros) / y.size
        entropy = max(z, 0) - z * target + log1p(e)
        unknown = target * q + (one - target) * p
        slope = _power_slope(unknown, gamma) * (one - two * target) * p * q * entropy
        dlogits[o] = weight * (_power(unknown, gamma) * (p - target) + slope)


@njit
def binary_focal_log_loss_forward(prediction, y, gamma, of_ones, of_zeros):
    """Focal cross-entropy of given probabilities, the mean over the labels.

    ``mean(w u**gamma (-y log(p) - (1 - y) log(1 - p)))`` with ``u = y (1 - p) + (1 - y) p`` and
    ``w = y of_ones + (1 - y) of_zeros``; in the logarithms ``p`` is limited to
    ``[1e-7, 1 - 1e-7]``.

    Parameters
    ----------
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Targets between 0 and 1.
    gamma : float
        Not negative; with 0 it is the log loss. Keras uses 2.
    of_ones, of_zeros : float
        Weight of the labels 1, and 0.

    Returns
    -------
    float
    """
    total, one = 0.0, prediction.dtype.type(1)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        p, target = prediction[o], y[o]
        inside = low if p < low else high if p > high else p
        entropy = -target * log(inside) - (one - target) * log(one - inside)
        weight = target * of_ones + (one - target) * of_zeros
        total += weight * _power(target * (one - p) + (one - target) * p, gamma) * entropy
    return total / y.size


@njit
def binary_focal_log_loss_backward(dprediction, prediction, y, gamma, of_ones, of_zeros):
    """Derivative of the focal log loss of labels.

    ``w (u**gamma (p - y) / (p (1 - p)) + gamma u**(gamma - 1) (1 - 2 y) b) / o``, where ``b`` is
    the log loss; outside the bounds the first term is 0.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the probabilities.
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Targets between 0 and 1.
    gamma : float
        Not negative.
    of_ones, of_zeros : float
        Weight of the labels 1, and 0.
    """
    zero, one, two = prediction.dtype.type(0), prediction.dtype.type(1), prediction.dtype.type(2)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        p, target = prediction[o], y[o]
        inside = low if p < low else high if p > high else p
        entropy = -target * log(inside) - (one - target) * log(one - inside)
        slope = (inside - target) / (inside * (one - inside))
        slope = zero if p < low or p > high else slope
        weight = (target * of_ones + (one - target) * of_zeros) / y.size
        unknown = target * (one - p) + (one - target) * p
        growth = _power_slope(unknown, gamma) * (one - two * target) * entropy
        dprediction[o] = weight * (_power(unknown, gamma) * slope + growth)


@njit
def categorical_focal_crossentropy_forward(logits, y, alpha, gamma):
    """Focal cross-entropy of classes, ``-alpha sum(y (1 - p)**gamma log(p))``, ``p = softmax(z)``.

    Parameters
    ----------
    logits : (o,) array
        Scores ``z``.
    y : (o,) array
        Weight of each class, 1 for the right one and 0 elsewhere.
    alpha : float
        Factor of all of it; Keras uses 0.25.
    gamma : float
        Not negative; with 0 it is the cross-entropy. Keras uses 2.

    Returns
    -------
    float
    """
    largest, one = logits[0], logits.dtype.type(1)
    for o in range(1, y.size):
        largest = max(largest, logits[o])
    mass = 0.0
    for o in range(y.size):
        mass += exp(logits[o] - largest)
    # Two sums, neither of which is negative, as in the cross-entropy without a factor.
    total, weights, below = logits.dtype.type(mass), 0.0, 0.0
    for o in range(y.size):
        p = exp(logits[o] - largest) / total
        weight = y[o] * _power(one - p, gamma)
        weights += weight
        # The difference may be infinite, and 0 times infinity is nan.
        below += weight * (largest - logits[o]) if weight != 0 else weight
    return alpha * (weights * log(total) + below)


@njit
def categorical_focal_crossentropy_backward(dlogits, logits, y, alpha, gamma):
    """Derivative of the focal cross-entropy of classes, ``g - p sum(g)``.

    ``g = alpha y (gamma (1 - p)**(gamma - 1) p log(p) - (1 - p)**gamma)``.

    Parameters
    ----------
    dlogits : (o,) array
        Output: gradient with respect to the logits.
    logits : (o,) array
        Scores ``z``.
    y : (o,) array
        Weight of each class.
    alpha : float
        Factor of all of it.
    gamma : float
        Not negative.
    """
    total, zero, one = 0.0, logits.dtype.type(0), logits.dtype.type(1)
    log_softmax_forward(dlogits, logits)
    for o in range(y.size):
        p = exp(dlogits[o])
        share = p * dlogits[o] if p > zero else zero * p
        slope = _power_slope(one - p, gamma) * share - _power(one - p, gamma)
        total += y[o] * slope
    for o in range(y.size):
        p = exp(dlogits[o])
        share = p * dlogits[o] if p > zero else zero * p
        slope = _power_slope(one - p, gamma) * share - _power(one - p, gamma)
        dlogits[o] = alpha * (y[o] * slope - p * total)


@njit
def categorical_focal_log_loss_forward(prediction, y, alpha, gamma):
    """Focal cross-entropy of given probabilities, ``-alpha sum(y (1 - q)**gamma log(q))``.

    The shares ``q = p / sum(p)`` are limited to ``[1e-7, 1 - 1e-7]``.

    Parameters
    ----------
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Weight of each class, 1 for the right one and 0 elsewhere.
    alpha : float
        Factor of all of it; Keras uses 0.25.
    gamma : float
        Not negative; with 0 it is the log loss. Keras uses 2.

    Returns
    -------
    float
    """
    total, mass, one = 0.0, 0.0, prediction.dtype.type(1)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        mass += prediction[o]
    for o in range(y.size):
        share = prediction[o] / prediction.dtype.type(mass)
        share = low if share < low else high if share > high else share
        total -= y[o] * _power(one - share, gamma) * log(share)
    return alpha * total


@njit
def categorical_focal_log_loss_backward(dprediction, prediction, y, alpha, gamma):
    """Derivative of the focal log loss of classes, ``(g - sum(g q)) / sum(p)``.

    ``g = alpha y (gamma (1 - q)**(gamma - 1) log(q) - (1 - q)**gamma / q)`` for the shares
    ``q = p / sum(p)``; 0 for those outside the bounds.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the probabilities.
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Weight of each class.
    alpha : float
        Factor of all of it.
    gamma : float
        Not negative.
    """
    total, mass = 0.0, 0.0
    zero, one = prediction.dtype.type(0), prediction.dtype.type(1)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        mass += prediction[o]
    for o in range(y.size):
        share = prediction[o] / prediction.dtype.type(mass)
        inside = low if share < low else high if share > high else share
        slope = _power_slope(one - inside, gamma) * log(inside)
        slope -= _power(one - inside, gamma) / inside
        slope = zero if share < low or share > high else y[o] * slope
        dprediction[o] = slope
        total += slope * share
    for o in range(y.size):
        dprediction[o] = alpha * (dprediction[o] - total) / mass


@njit
def categorical_generalized_cross_entropy_forward(prediction, y, q):
    """Generalised cross-entropy, ``(1 - p**q) / q`` for the probability ``p`` of the right class.

    For q near 0 it is the cross-entropy, and for q = 1 the absolute error, which wrong labels pull
    at less.

    Parameters
    ----------
    prediction : (o,) array
        Probabilities.
    y : (o,) array
        1 for the right class and 0 elsewhere.
    q : float
        Between 0 and 1; Keras uses 0.5.

    Returns
    -------
    float
    """
    right = prediction.dtype.type(0)
    for o in range(y.size):
        right += y[o] * prediction[o]
    return (1.0 - _power(right, q)) / q


@njit
def categorical_generalized_cross_entropy_backward(dprediction, prediction, y, q):
    """Derivative of the generalised cross-entropy, ``-y p**(q - 1)``; p at least 1e-7.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the probabilities.
    prediction : (o,) array
        Probabilities.
    y : (o,) array
        1 for the right class and 0 elsewhere.
    q : float
        Between 0 and 1.
    """
    right = prediction.dtype.type(0)
    for o in range(y.size):
        right += y[o] * prediction[o]
    slope = _power_slope(right, q) / prediction.dtype.type(q)
    for o in range(y.size):
        dprediction[o] = -y[o] * slope
