"""Losses of one sample and of a batch, and their derivatives.

The cross-entropies take logits, the scores before the sigmoid or softmax: written in logits they
are finite wherever the scores are, and the derivative is the essay's ``a - y``. The others take the
prediction; among them the log losses, which are cross-entropies of probabilities that do not come
from such logits. Nothing here is divided by the number of samples: where a network is trained, the
operation of the loss does that.

More of them are in :mod:`.deviations`, :mod:`.hinges` and :mod:`.focal`; the table at the end has
all.

Sums over outputs are added up in float64: their error is that of the terms, whatever their number
(of the categorical cross-entropy at most ``OUTPUTS`` more units of roundoff).
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .activations import EXP_WORK, sigmoid_forward, softmax_forward
from .call import address, call, call_for_number, values
from .chunks import ROW_WORK, chunk_bounds, chunk_count
from .deviations import (
    cosine_similarity_backward,
    cosine_similarity_forward,
    kl_divergence_backward,
    kl_divergence_forward,
    log_cosh_backward,
    log_cosh_forward,
    mean_absolute_percentage_error_backward,
    mean_absolute_percentage_error_forward,
    mean_squared_logarithmic_error_backward,
    mean_squared_logarithmic_error_forward,
)
from .elementary import exp, log, log1p
from .focal import (
    binary_focal_crossentropy_backward,
    binary_focal_crossentropy_forward,
    binary_focal_log_loss_backward,
    binary_focal_log_loss_forward,
    categorical_focal_crossentropy_backward,
    categorical_focal_crossentropy_forward,
    categorical_focal_log_loss_backward,
    categorical_focal_log_loss_forward,
    categorical_generalized_cross_entropy_backward,
    categorical_generalized_cross_entropy_forward,
)
from .hinges import (
    categorical_hinge_backward,
    categorical_hinge_forward,
    hinge_backward,
    hinge_forward,
    squared_hinge_backward,
    squared_hinge_forward,
)
from .jit import njit, prange
from .sums import largest_of, sum_of

__all__ = [
    "binary_crossentropy_backward",
    "binary_crossentropy_forward",
    "binary_crossentropy_terms",
    "binary_log_loss_backward",
    "binary_log_loss_forward",
    "binary_log_loss_terms",
    "categorical_crossentropy_backward",
    "categorical_crossentropy_forward",
    "categorical_log_loss_backward",
    "categorical_log_loss_forward",
    "huber_backward",
    "huber_forward",
    "loss_backward",
    "loss_forward",
    "mean_absolute_error_backward",
    "mean_absolute_error_forward",
    "mean_squared_error_backward",
    "mean_squared_error_forward",
    "multilabel_crossentropy_backward",
    "multilabel_crossentropy_forward",
    "multilabel_log_loss_backward",
    "multilabel_log_loss_forward",
    "poisson_backward",
    "poisson_forward",
]

# Keras's default where the loss is chosen by name: residuals up to this size are squared.
DELTA = 1.0

# Keras's epsilon, which keeps the logarithm of a prediction of 0 finite. Log losses limit
# probabilities to between this and 1 minus this.
EPSILON = 1e-7

# Terms that are added up in their own type, where three sums in float64 would take longer.
OUTPUTS = 256


@njit
def mean_squared_error_forward(prediction, y):
    """Mean squared error of one sample, ``mean((prediction - y)**2)``.

    Parameters
    ----------
    prediction : (o,) array
    y : (o,) array
        Targets.

    Returns
    -------
    float
    """
    total = 0.0
    for o in range(y.size):
        residual = prediction[o] - y[o]
        total += residual * residual
    return total / y.size


@njit
def mean_squared_error_backward(dprediction, prediction, y):
    """Derivative of the mean squared error, ``2 (prediction - y) / o``.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
    y : (o,) array
        Targets.
    """
    scale = prediction.dtype.type(2 / y.size)
    for o in range(y.size):
        dprediction[o] = scale * (prediction[o] - y[o])


@njit
def mean_absolute_error_forward(prediction, y):
    """Mean absolute error of one sample, ``mean(|prediction - y|)``.

    Parameters
    ----------
    prediction : (o,) array
    y : (o,) array
        Targets.

    Returns
    -------
    float
    """
    total = 0.0
    for o in range(y.size):
        total += abs(prediction[o] - y[o])
    return total / y.size


@njit
def mean_absolute_error_backward(dprediction, prediction, y):
    """Derivative of the mean absolute error, ``sign(prediction - y) / o``; 0 where they are equal.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
    y : (o,) array
        Targets.
    """
    zero, share = prediction.dtype.type(0), prediction.dtype.type(1 / y.size)
    for o in range(y.size):
        residual = prediction[o] - y[o]
        # zero times NaN is NaN: a prediction that is not a number must not look like a perfect one
        flat = zero * residual
        dprediction[o] = share if residual > zero else -share if residual < zero else flat


@njit
def huber_forward(prediction, y, delta):
    """Huber loss of one sample: squared where the residual is small, linear where it is large.

    The mean of ``r**2 / 2`` where ``|r| <= delta`` and of ``delta (|r| - delta / 2)`` elsewhere,
    with ``r = prediction - y``.

    Parameters
    ----------
    prediction : (o,) array
    y : (o,) array
        Targets.
    delta : float
        The size of residuals where the one becomes the other; Keras uses 1.

    Returns
    -------
    float

    References
    ----------
    Huber (1964), Robust estimation of a location parameter.
    """
    half, limit = prediction.dtype.type(0.5), prediction.dtype.type(delta)
    total = 0.0
    for o in range(y.size):
        residual = abs(prediction[o] - y[o])
        if residual <= limit:
            total += half * residual * residual
        else:
            total += limit * (residual - half * limit)
    return total / y.size


@njit
def huber_backward(dprediction, prediction, y, delta):
    """Derivative of the Huber loss, ``(prediction - y) / o`` limited to ``delta / o`` in size.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
    y : (o,) array
        Targets.
    delta : float
        Largest residual that is squared.
    """
    limit, share = prediction.dtype.type(delta), prediction.dtype.type(1 / y.size)
    for o in range(y.size):
        residual = prediction[o] - y[o]
        if residual > limit:
            residual = limit
        if residual < -limit:
            residual = -limit
        dprediction[o] = share * residual


@njit
def poisson_forward(prediction, y):
    """Poisson loss of one sample, ``mean(prediction - y log(prediction + 1e-7))``.

    The negative log-likelihood of counts `y` with these means, without the term in `y` alone.

    Parameters
    ----------
    prediction : (o,) array
        Not negative, as an exponential or a softplus makes it.
    y : (o,) array
        Targets, not negative.

    Returns
    -------
    float
    """
    total, epsilon = 0.0, prediction.dtype.type(EPSILON)
    for o in range(y.size):
        total += prediction[o] - y[o] * log(prediction[o] + epsilon)
    return total / y.size


@njit
def poisson_backward(dprediction, prediction, y):
    """Derivative of the Poisson loss, ``(1 - y / (prediction + 1e-7)) / o``.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
        Not negative.
    y : (o,) array
        Targets, not negative.
    """
    one, share = prediction.dtype.type(1), prediction.dtype.type(1 / y.size)
    epsilon = prediction.dtype.type(EPSILON)
    for o in range(y.size):
        dprediction[o] = share * (one - y[o] / (prediction[o] + epsilon))


@njit
def multilabel_crossentropy_forward(logits, y):
    """Cross-entropy of ``o`` labels that do not exclude each other, summed over the labels.

    Each label is a binomial logistic regression of its own; the loss is the negative
    log-likelihood of them all, ``sum(max(z, 0) - z y + log(1 + exp(-|z|)))``.

    Parameters
    ----------
    logits : (o,) array
    y : (o,) array
        Targets between 0 and 1.

    Returns
    -------
    float
    """
    total = 0.0
    for o in range(y.size):
        z = logits[o]
        total += max(z, 0) - z * y[o] + log1p(exp(-abs(z)))
    return total


@njit
def multilabel_crossentropy_backward(dlogits, logits, y):
    """Derivative of the multi-label cross-entropy, ``sigmoid(z) - y``: the essay's ``a - y``.

    Parameters
    ----------
    dlogits : (o,) array
        Output: gradient with respect to the logits.
    logits : (o,) array
    y : (o,) array
        Targets between 0 and 1.
    """
    sigmoid_forward(dlogits, logits)
    for o in range(y.size):
        dlogits[o] -= y[o]


@njit
def binary_crossentropy_forward(logits, y):
    """Binary cross-entropy of one sample, the mean over its labels, as Keras has it.

    Parameters
    ----------
    logits : (o,) array
    y : (o,) array
        Targets between 0 and 1.

    Returns
    -------
    float
    """
    return multilabel_crossentropy_forward(logits, y) / y.size


@njit
def binary_crossentropy_terms(terms, logits, y):
    """Binary cross-entropy of each element, ``max(z, 0) - z y + log(1 + exp(-|z|))``.

    Where each element is a sample, this loop vectorises: it is 20 times faster than a call of
    :func:`binary_crossentropy_forward` for each.

    Parameters
    ----------
    terms : (n,) array
        Output.
    logits : (n,) array
    y : (n,) array
        Targets between 0 and 1.
    """
    for n in range(y.size):
        z = logits[n]
        terms[n] = max(z, 0) - z * y[n] + log1p(exp(-abs(z)))


@njit
def binary_crossentropy_backward(dlogits, logits, y):
    """Derivative of the binary cross-entropy, ``(sigmoid(z) - y) / o``.

    Parameters
    ----------
    dlogits : (o,) array
        Output: gradient with respect to the logits.
    logits : (o,) array
    y : (o,) array
        Targets between 0 and 1.
    """
    multilabel_crossentropy_backward(dlogits, logits, y)
    for o in range(y.size):
        dlogits[o] /= y.size


@njit(inline=True)
def _sums_of_scores(logits, y, largest):
    """Sums that make up the categorical cross-entropy, over some classes."""
    zero = logits.dtype.type(0)
    total = weights = below = zero
    for o in range(y.size):
        total += exp(logits[o] - largest)
        weights += y[o]
        # The difference may be infinite, and 0 times infinity is nan.
        below += y[o] * (largest - logits[o]) if y[o] != zero else zero
    return total, weights, below


@njit
def _sums_of_many_scores(logits, y, largest):
    """The same, with the sums of some classes added up in float64."""
    total = weights = below = 0.0
    for first in range(0, y.size, OUTPUTS):
        sums = _sums_of_scores(logits[first:], y[first : first + OUTPUTS], largest)
        total += sums[0]
        weights += sums[1]
        below += sums[2]
    single = logits.dtype.type
    return single(total), single(weights), single(below)


@njit
def categorical_crossentropy_forward(logits, y):
    """Cross-entropy of one sample whose classes exclude each other, ``-sum(y log softmax(z))``.

    Parameters
    ----------
    logits : (o,) array
    y : (o,) array
        Weight of each class, 1 for the right one and 0 elsewhere.

    Returns
    -------
    float
    """
    largest = largest_of(logits[: y.size])
    # Two sums, neither of which is negative: in y * (logits - largest - log(total)) the compiler
    # may add the last two first, and that is off by 1e-3 for scores of ten thousand.
    if y.size > OUTPUTS:
        total, weights, below = _sums_of_many_scores(logits, y, largest)
    else:
        total, weights, below = _sums_of_scores(logits, y, largest)
    return np.float64(weights * log(total) + below)


@njit
def categorical_crossentropy_backward(dlogits, logits, y):
    """Derivative of the categorical cross-entropy, ``softmax(z) sum(y) - y``.

    With ``y`` one-hot it is the essay's ``a - y`` again.

    Parameters
    ----------
    dlogits : (o,) array
        Output: gradient with respect to the logits.
    logits : (o,) array
    y : (o,) array
        Weight of each class, 1 for the right one and 0 elsewhere.
    """
    weight = sum_of(y)
    softmax_forward(dlogits, logits)
    for o in range(y.size):
        dlogits[o] = dlogits[o] * weight - y[o]


@njit
def multilabel_log_loss_forward(prediction, y):
    """Multi-label cross-entropy of given probabilities, summed over the labels.

    ``-sum(y log(p) + (1 - y) log(1 - p))``, with ``p`` and ``1 - p`` limited to
    ``[1e-7, 1 - 1e-7]``, as in Keras. After a sigmoid :func:`multilabel_crossentropy_forward`
    computes this from the logits, which needs no bounds.

    Parameters
    ----------
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Targets between 0 and 1.

    Returns
    -------
    float
    """
    total, one = 0.0, prediction.dtype.type(1)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        p, q = prediction[o], one - prediction[o]
        # a NaN is neither below nor above, and stays one
        p = low if p < low else high if p > high else p
        q = low if q < low else high if q > high else q
        total -= y[o] * log(p) + (one - y[o]) * log(q)
    return np.float64(total)


@njit
def multilabel_log_loss_backward(dprediction, prediction, y):
    """Derivative of the multi-label log loss, ``(p - y) / (p (1 - p))``; 0 outside the bounds.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the probabilities.
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Targets between 0 and 1.
    """
    zero, one = prediction.dtype.type(0), prediction.dtype.type(1)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        p = prediction[o]
        inside = low if p < low else high if p > high else p  # keeps the division from zero
        slope = (inside - y[o]) / (inside * (one - inside))
        dprediction[o] = zero if p < low or p > high else slope


@njit
def binary_log_loss_forward(prediction, y):
    """Binary cross-entropy of given probabilities, the mean over the labels.

    Parameters
    ----------
    prediction : (o,) array
        Probabilities, limited to ``[1e-7, 1 - 1e-7]``.
    y : (o,) array
        Targets between 0 and 1.

    Returns
    -------
    float
    """
    return multilabel_log_loss_forward(prediction, y) / y.size


@njit
def binary_log_loss_terms(terms, prediction, y):
    """Binary log loss of each element, ``-y log(p) - (1 - y) log(1 - p)``.

    Parameters
    ----------
    terms : (n,) array
        Output.
    prediction : (n,) array
        Probabilities ``p``, limited to ``[1e-7, 1 - 1e-7]``.
    y : (n,) array
        Targets between 0 and 1.
    """
    one = prediction.dtype.type(1)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for n in range(y.size):
        p, q = prediction[n], one - prediction[n]
        p = low if p < low else high if p > high else p
        q = low if q < low else high if q > high else q
        terms[n] = -y[n] * log(p) - (one - y[n]) * log(q)


@njit
def binary_log_loss_backward(dprediction, prediction, y):
    """Derivative of the binary log loss, ``(p - y) / (p (1 - p) o)``; 0 outside the bounds.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the probabilities.
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Targets between 0 and 1.
    """
    multilabel_log_loss_backward(dprediction, prediction, y)
    for o in range(y.size):
        dprediction[o] /= y.size


@njit
def categorical_log_loss_forward(prediction, y):
    """Categorical cross-entropy of given probabilities, ``-sum(y log(p / sum(p)))``.

    The shares ``p / sum(p)`` are a distribution even if the outputs do not sum to 1, as those of
    sigmoids; they are limited to ``[1e-7, 1 - 1e-7]``, as in Keras. After a softmax
    :func:`categorical_crossentropy_forward` computes this from the logits, which needs no bounds.

    Parameters
    ----------
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Weight of each class, 1 for the right one and 0 elsewhere.

    Returns
    -------
    float
    """
    mass, entropy = 0.0, 0.0
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        mass += prediction[o]
    total = prediction.dtype.type(mass)
    for o in range(y.size):
        share = prediction[o] / total
        entropy -= y[o] * log(low if share < low else high if share > high else share)
    return np.float64(entropy)


@njit
def categorical_log_loss_backward(dprediction, prediction, y):
    """Derivative of the categorical log loss, ``(sum(y) - y / q) / sum(p)``.

    ``q = p / sum(p)`` are the shares; where one is outside the bounds its ``y`` counts as 0.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the probabilities.
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Weight of each class, 1 for the right one and 0 elsewhere.
    """
    zero = prediction.dtype.type(0)
    mass = weights = 0.0
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1 - EPSILON)
    for o in range(y.size):
        mass += prediction[o]
    total = prediction.dtype.type(mass)
    for o in range(y.size):
        share = prediction[o] / total
        weights += zero if share < low or share > high else y[o]
    weight = prediction.dtype.type(weights)
    for o in range(y.size):
        share = prediction[o] / total
        slope = zero if share < low or share > high else y[o] / share
        dprediction[o] = (weight - slope) / total


class Loss(NamedTuple):
    """What is known of a loss.

    Attributes
    ----------
    forward : kernel
        Called with (logits or prediction, y) and the constants; returns the loss of a sample.
    backward : kernel
        Its derivative, called with (dlogits or dprediction, logits or prediction, y) and the
        constants.
    takes_logits : bool
        Whether it takes the scores before its own last activation, the sigmoid or the softmax. The
        others take what the last layer returns; a "log_loss" is a cross-entropy of probabilities
        that come from any other last activation.
    of_rows : bool
        Whether the outputs along the last axis belong together, as those of classes do: a sample
        with more axes has a loss for each place, and theirs is the mean. The other losses are means
        over all outputs, or sums.
    constants : tuple of float
        Those of Keras where the loss is chosen by name.
    """

    forward: Any
    backward: Any
    takes_logits: bool = False
    of_rows: bool = False
    constants: tuple[float, ...] = ()


#: Every loss by its name.
LOSSES = {
    "mean_squared_error": Loss(mean_squared_error_forward, mean_squared_error_backward),
    "mean_absolute_error": Loss(mean_absolute_error_forward, mean_absolute_error_backward),
    "mean_absolute_percentage_error": Loss(
        mean_absolute_percentage_error_forward, mean_absolute_percentage_error_backward
    ),
    "mean_squared_logarithmic_error": Loss(
        mean_squared_logarithmic_error_forward, mean_squared_logarithmic_error_backward
    ),
    "log_cosh": Loss(log_cosh_forward, log_cosh_backward),
    "huber": Loss(huber_forward, huber_backward, constants=(DELTA,)),
    "poisson": Loss(poisson_forward, poisson_backward),
    "hinge": Loss(hinge_forward, hinge_backward),
    "squared_hinge": Loss(squared_hinge_forward, squared_hinge_backward),
    "categorical_hinge": Loss(categorical_hinge_forward, categorical_hinge_backward, of_rows=True),
    "kl_divergence": Loss(kl_divergence_forward, kl_divergence_backward, of_rows=True),
    "cosine_similarity": Loss(cosine_similarity_forward, cosine_similarity_backward, of_rows=True),
    "binary_crossentropy": Loss(
        binary_crossentropy_forward, binary_crossentropy_backward, takes_logits=True
    ),
    "multilabel_crossentropy": Loss(
        multilabel_crossentropy_forward, multilabel_crossentropy_backward, takes_logits=True
    ),
    "categorical_crossentropy": Loss(
        categorical_crossentropy_forward,
        categorical_crossentropy_backward,
        takes_logits=True,
        of_rows=True,
    ),
    "binary_log_loss": Loss(binary_log_loss_forward, binary_log_loss_backward),
    "multilabel_log_loss": Loss(multilabel_log_loss_forward, multilabel_log_loss_backward),
    "categorical_log_loss": Loss(
        categorical_log_loss_forward, categorical_log_loss_backward, of_rows=True
    ),
    "binary_focal_crossentropy": Loss(
        binary_focal_crossentropy_forward,
        binary_focal_crossentropy_backward,
        takes_logits=True,
        constants=(2.0, 1.0, 1.0),
    ),
    "binary_focal_log_loss": Loss(
        binary_focal_log_loss_forward, binary_focal_log_loss_backward, constants=(2.0, 1.0, 1.0)
    ),
    "categorical_focal_crossentropy": Loss(
        categorical_focal_crossentropy_forward,
        categorical_focal_crossentropy_backward,
        takes_logits=True,
        of_rows=True,
        constants=(0.25, 2.0),
    ),
    "categorical_focal_log_loss": Loss(
        categorical_focal_log_loss_forward,
        categorical_focal_log_loss_backward,
        of_rows=True,
        constants=(0.25, 2.0),
    ),
    "categorical_generalized_cross_entropy": Loss(
        categorical_generalized_cross_entropy_forward,
        categorical_generalized_cross_entropy_backward,
        of_rows=True,
        constants=(0.5,),
    ),
}


def _by_default(kernel, loop, constants):
    """A kernel with its constants as Keras has them; `loop` calls it with them."""
    if not constants:
        return kernel
    loop.__qualname__ = f"{kernel.__name__}_by_default"
    return njit(loop)


@cache
def forward_of(name, dtype):
    """The address of a loss of arrays of a type, by its name in ``LOSSES``."""
    kernel, constants = LOSSES[name].forward, LOSSES[name].constants

    def forward(scores, y):
        return kernel(scores, y, *constants)

    return address(_by_default(kernel, forward, constants), *(values(dtype),) * 2)


@cache
def backward_of(name, dtype):
    """The address of the derivative of a loss."""
    kernel, constants = LOSSES[name].backward, LOSSES[name].constants

    def backward(dscores, scores, y):
        kernel(dscores, scores, y, *constants)

    return address(_by_default(kernel, backward, constants), *(values(dtype),) * 3)


@njit(parallel=True)
def loss_forward(losses, logits, y, loss):
    """Loss of each sample of a batch, parallel over samples; with Keras' constants.

    Parameters
    ----------
    losses : (n,) array
        Output.
    logits : (n, o) array
        Logits for the cross-entropies, predictions for the others.
    y : (n, o) array
        Targets.
    loss : int
        From :func:`forward_of`.
    """
    samples, units = y.shape
    chunks = chunk_count(samples, 2 * units * EXP_WORK + ROW_WORK)
    if chunks == 1:
        for n in range(samples):
            losses[n] = call_for_number(loss, logits[n], y[n])
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            for n in range(start, stop):
                losses[n] = call_for_number(loss, logits[n], y[n])


@njit(parallel=True)
def loss_backward(dlogits, logits, y, loss):
    """Derivative of each sample's own loss, parallel over samples; with Keras' constants.

    Parameters
    ----------
    dlogits : (n, o) array
        Output: gradient of each sample's loss; the division by ``n`` is not done here.
    logits : (n, o) array
        Logits for the cross-entropies, predictions for the others.
    y : (n, o) array
        Targets.
    loss : int
        From :func:`backward_of`.
    """
    samples, units = y.shape
    chunks = chunk_count(samples, 2 * units * EXP_WORK + ROW_WORK)
    if chunks == 1:
        for n in range(samples):
            call(loss, dlogits[n], logits[n], y[n])
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            for n in range(start, stop):
                call(loss, dlogits[n], logits[n], y[n])
