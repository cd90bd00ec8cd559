"""Cross-entropies that count what is known well, or labelled wrong, for less.

As in `losses`, a cross-entropy takes the scores, and a log loss probabilities.  Lin, Goyal,
Girshick, He & Dollar (2017), "Focal loss for dense object detection"; Zhang & Sabuncu (2018),
"Generalized cross entropy loss for training deep neural networks with noisy labels".
"""

import math

from fastscratch.reference.activations import softmax_forward

#: Bounds of a probability, so that its logarithm is finite.
_LOWEST, _HIGHEST = 1e-7, 1 - 1e-7


def _inside(p):
    return min(max(p, _LOWEST), _HIGHEST)


def _is_inside(p):
    return _LOWEST <= p <= _HIGHEST


def _power_slope(x, exponent):
    """Return the derivative of x**exponent; at 0, where it may be infinite, that at 1e-7."""
    return exponent * max(x, _LOWEST) ** (exponent - 1) if exponent else 0.0


def _probabilities(z):
    """Return the probabilities of the labels 1 and 0, of which neither is rounded to 0."""
    e = math.exp(-abs(z))
    large, small = 1 / (1 + e), e / (1 + e)
    return (large, small) if z > 0 else (small, large)


def _binary_entropy(z, y):
    return max(z, 0.0) - z * y + math.log1p(math.exp(-abs(z)))


def binary_focal_crossentropy_forward(logits, y, gamma, of_ones, of_zeros):
    """Return the mean over the labels of weight * unknown**gamma * (cross-entropy).

    What is unknown of a label is the probability that was predicted for what it is not.

    Parameters
    ----------
    logits : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets, from 0 to 1.
    gamma : float
        How much less well-known labels count; with 0 all count alike.
    of_ones : float
        Weight of the labels 1.
    of_zeros : float
        Weight of the labels 0.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        p, q = _probabilities(logits[o])
        unknown = y[o] * q + (1 - y[o]) * p
        weight = y[o] * of_ones + (1 - y[o]) * of_zeros
        total += weight * unknown**gamma * _binary_entropy(logits[o], y[o])
    return total / len(y)


def binary_focal_crossentropy_backward(dlogits, logits, y, gamma, of_ones, of_zeros):
    """Write the gradient, by the product rule; the slope of the sigmoid p is p (1 - p).

    Parameters
    ----------
    dlogits : list of float, (o,)
        Written: gradient with respect to the logits.
    logits : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets, from 0 to 1.
    gamma : float
        How much less well-known labels count.
    of_ones : float
        Weight of the labels 1.
    of_zeros : float
        Weight of the labels 0.
    """
    for o in range(len(y)):
        p, q = _probabilities(logits[o])
        unknown = y[o] * q + (1 - y[o]) * p
        weight = y[o] * of_ones + (1 - y[o]) * of_zeros
        dunknown = (1 - 2 * y[o]) * p * q
        dfactor = _power_slope(unknown, gamma) * dunknown
        dentropy = p - y[o]
        slope = dfactor * _binary_entropy(logits[o], y[o]) + unknown**gamma * dentropy
        dlogits[o] = weight * slope / len(y)


def binary_focal_log_loss_forward(prediction, y, gamma, of_ones, of_zeros):
    """Return the focal cross-entropy of probabilities, the mean over the labels.

    Parameters
    ----------
    prediction : list of float, (o,)
        Probabilities p; in the logarithms they are kept within 1e-7 and 1 - 1e-7.
    y : list of float, (o,)
        Targets, from 0 to 1.
    gamma : float
        How much less well-known labels count; with 0 all count alike.
    of_ones : float
        Weight of the labels 1.
    of_zeros : float
        Weight of the labels 0.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        p = prediction[o]
        entropy = -y[o] * math.log(_inside(p)) - (1 - y[o]) * math.log(1 - _inside(p))
        unknown = y[o] * (1 - p) + (1 - y[o]) * p
        weight = y[o] * of_ones + (1 - y[o]) * of_zeros
        total += weight * unknown**gamma * entropy
    return total / len(y)


def binary_focal_log_loss_backward(dprediction, prediction, y, gamma, of_ones, of_zeros):
    """Write the gradient with respect to the probabilities, by the product rule.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the probabilities.
    prediction : list of float, (o,)
        Probabilities p.
    y : list of float, (o,)
        Targets, from 0 to 1.
    gamma : float
        How much less well-known labels count.
    of_ones : float
        Weight of the labels 1.
    of_zeros : float
        Weight of the labels 0.
    """
    for o in range(len(y)):
        p = prediction[o]
        entropy = -y[o] * math.log(_inside(p)) - (1 - y[o]) * math.log(1 - _inside(p))
        dentropy = (p - y[o]) / (p * (1 - p)) if _is_inside(p) else 0.0
        unknown = y[o] * (1 - p) + (1 - y[o]) * p
        dfactor = _power_slope(unknown, gamma) * (1 - 2 * y[o])
        weight = y[o] * of_ones + (1 - y[o]) * of_zeros
        dprediction[o] = weight * (dfactor * entropy + unknown**gamma * dentropy) / len(y)


def categorical_focal_crossentropy_forward(logits, y, alpha, gamma):
    """Return -alpha sum(y (1 - p)**gamma log(p)), where p = softmax(logits).

    Parameters
    ----------
    logits : list of float, (o,)
        Scores, one per class.
    y : list of float, (o,)
        Targets: 1 for the class of the sample, 0 for the others.
    alpha : float
        Factor of all of it.
    gamma : float
        How much less well-known classes count; with 0 it is the cross-entropy.

    Returns
    -------
    float
        The loss of the sample.
    """
    largest = max(logits)
    log_total = math.log(sum(math.exp(z - largest) for z in logits))
    loss = 0.0
    for o in range(len(y)):
        logarithm = logits[o] - largest - log_total
        loss -= alpha * y[o] * (1 - math.exp(logarithm)) ** gamma * logarithm
    return loss


def categorical_focal_crossentropy_backward(dlogits, logits, y, alpha, gamma):
    """Write the gradient: that of the softmax, from that with respect to the probabilities.

    Parameters
    ----------
    dlogits : list of float, (o,)
        Written: gradient with respect to the logits.
    logits : list of float, (o,)
        Scores, one per class.
    y : list of float, (o,)
        Targets.
    alpha : float
        Factor of all of it.
    gamma : float
        How much less well-known classes count.
    """
    p = [0.0] * len(logits)
    softmax_forward(p, logits)
    largest = max(logits)
    log_total = math.log(sum(math.exp(z - largest) for z in logits))
    times_p = []  # the gradient with respect to each probability, times the probability
    for o in range(len(y)):
        logarithm = logits[o] - largest - log_total
        slope = _power_slope(1 - p[o], gamma) * p[o] * logarithm - (1 - p[o]) ** gamma
        times_p.append(alpha * y[o] * slope)
    for o in range(len(y)):
        dlogits[o] = times_p[o] - p[o] * sum(times_p)


def categorical_focal_log_loss_forward(prediction, y, alpha, gamma):
    """Return -alpha sum(y (1 - q)**gamma log(q)), where q = p / sum(p) are the shares.

    Parameters
    ----------
    prediction : list of float, (o,)
        Probabilities p, one per class; the shares are kept within 1e-7 and 1 - 1e-7.
    y : list of float, (o,)
        Targets: 1 for the class of the sample, 0 for the others.
    alpha : float
        Factor of all of it.
    gamma : float
        How much less well-known classes count; with 0 it is the log loss.

    Returns
    -------
    float
        The loss of the sample.
    """
    loss = 0.0
    for o in range(len(y)):
        q = _inside(prediction[o] / sum(prediction))
        loss -= alpha * y[o] * (1 - q) ** gamma * math.log(q)
    return loss


def categorical_focal_log_loss_backward(dprediction, prediction, y, alpha, gamma):
    """Write the gradient: (g - sum(g q)) / sum(p), where g is that with respect to the shares q.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the probabilities.
    prediction : list of float, (o,)
        Probabilities p, one per class.
    y : list of float, (o,)
        Targets.
    alpha : float
        Factor of all of it.
    gamma : float
        How much less well-known classes count.
    """
    total = sum(prediction)
    shares = [p / total for p in prediction]
    slopes = []
    for o in range(len(y)):
        q = _inside(shares[o])
        slope = _power_slope(1 - q, gamma) * math.log(q) - (1 - q) ** gamma / q
        slopes.append(alpha * y[o] * slope if _is_inside(shares[o]) else 0.0)
    along = sum(slope * q for slope, q in zip(slopes, shares, strict=True))
    for o in range(len(y)):
        dprediction[o] = (slopes[o] - along) / total


def categorical_generalized_cross_entropy_forward(prediction, y, q):
    """Return (1 - p**q) / q, where p is the probability of the right class.

    Parameters
    ----------
    prediction : list of float, (o,)
        Probabilities, one per class.
    y : list of float, (o,)
        Targets: 1 for the class of the sample, 0 for the others.
    q : float
        From near 0, which is the cross-entropy, to 1, which is the absolute error.

    Returns
    -------
    float
        The loss of the sample.
    """
    p = sum(t * share for t, share in zip(y, prediction, strict=True))
    return (1 - p**q) / q


def categorical_generalized_cross_entropy_backward(dprediction, prediction, y, q):
    """Write the gradient: -p**(q - 1) at the right class; p at least 1e-7.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the probabilities.
    prediction : list of float, (o,)
        Probabilities, one per class.
    y : list of float, (o,)
        Targets.
    q : float
        From near 0 to 1.
    """
    p = sum(t * share for t, share in zip(y, prediction, strict=True))
    for o in range(len(y)):
        dprediction[o] = -y[o] * _power_slope(p, q) / q
