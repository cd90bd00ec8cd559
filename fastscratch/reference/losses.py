"""Losses: how wrong one sample is, and the gradient of that.

The cross-entropies take the scores before the last activation (the "logits"), not the
probabilities after it.  A probability that rounds to 0 or 1 has an infinite logarithm; its logit is
an ordinary number.  The other losses take the activations of the last layer.

A "log loss" is a cross-entropy of probabilities, for predictions that come from anything but the
sigmoid or softmax that belongs to it.  It keeps the logarithms finite by bounds, as Keras does.
"""

import math

from fastscratch.reference import deviations, focal, hinges
from fastscratch.reference.activations import sigmoid_forward, softmax_forward


def mean_squared_error_forward(prediction, y):
    """Return the mean over the outputs of (prediction - y)**2.

    Parameters
    ----------
    prediction : list of float, (o,)
        Activations of the last layer.
    y : list of float, (o,)
        Targets.

    Returns
    -------
    float
        The loss of the sample.

    Notes
    -----
    Essay, step 1.
    """
    total = 0.0
    for o in range(len(y)):
        total += (prediction[o] - y[o]) ** 2
    return total / len(y)


def mean_squared_error_backward(dprediction, prediction, y):
    """Write the gradient of the squared error: dprediction = 2 (prediction - y) / o.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Activations of the last layer.
    y : list of float, (o,)
        Targets.
    """
    for o in range(len(y)):
        dprediction[o] = 2 * (prediction[o] - y[o]) / len(y)


def mean_absolute_error_forward(prediction, y):
    """Return the mean over the outputs of ``|prediction - y|``.

    Parameters
    ----------
    prediction : list of float, (o,)
        Activations of the last layer.
    y : list of float, (o,)
        Targets.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        total += abs(prediction[o] - y[o])
    return total / len(y)


def mean_absolute_error_backward(dprediction, prediction, y):
    """Write the gradient of the absolute error: the sign of prediction - y, over o.

    Where they are equal there is a corner; the gradient taken is 0.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Activations of the last layer.
    y : list of float, (o,)
        Targets.
    """
    for o in range(len(y)):
        if prediction[o] > y[o]:
            dprediction[o] = 1 / len(y)
        elif prediction[o] < y[o]:
            dprediction[o] = -1 / len(y)
        else:
            dprediction[o] = 0.0


def huber_forward(prediction, y, delta):
    """Return the mean over the outputs of Huber's function of the residual.

    It is r**2 / 2 for residuals up to delta and goes on as a straight line,
    ``delta (|r| - delta / 2)``, so that outliers count less than in the squared error.

    Parameters
    ----------
    prediction : list of float, (o,)
        Activations of the last layer.
    y : list of float, (o,)
        Targets.
    delta : float
        Largest residual that is squared.

    Returns
    -------
    float
        The loss of the sample.

    Notes
    -----
    Huber (1964), "Robust estimation of a location parameter".
    """
    total = 0.0
    for o in range(len(y)):
        residual = abs(prediction[o] - y[o])
        if residual <= delta:
            total += residual**2 / 2
        else:
            total += delta * (residual - delta / 2)
    return total / len(y)


def huber_backward(dprediction, prediction, y, delta):
    """Write the gradient of Huber's loss: the residual, cut off at -delta and delta, over o.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Activations of the last layer.
    y : list of float, (o,)
        Targets.
    delta : float
        Largest residual that is squared.
    """
    for o in range(len(y)):
        dprediction[o] = min(max(prediction[o] - y[o], -delta), delta) / len(y)


def poisson_forward(prediction, y):
    """Return the mean over the outputs of prediction - y log(prediction + 1e-7).

    Without the small number, and but for a term in y alone, it is the negative log-likelihood of
    counts y that are Poisson distributed with these means.

    Parameters
    ----------
    prediction : list of float, (o,)
        Activations of the last layer, not negative.
    y : list of float, (o,)
        Targets, not negative.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        total += prediction[o] - y[o] * math.log(prediction[o] + 1e-7)
    return total / len(y)


def poisson_backward(dprediction, prediction, y):
    """Write the gradient of the Poisson loss: (1 - y / (prediction + 1e-7)) / o.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Activations of the last layer, not negative.
    y : list of float, (o,)
        Targets, not negative.
    """
    for o in range(len(y)):
        dprediction[o] = (1 - y[o] / (prediction[o] + 1e-7)) / len(y)


def binary_crossentropy_forward(logits, y):
    """Return the mean over the outputs of the Bernoulli negative log-likelihood.

    With a = sigmoid(z) it is -y log(a) - (1 - y) log(1 - a), for one output; Keras divides by the
    number of outputs.

    Parameters
    ----------
    logits : list of float, (o,)
        Scores z before the sigmoid.
    y : list of float, (o,)
        Targets, 0 or 1 (or a probability).

    Returns
    -------
    float
        The loss of the sample.

    Notes
    -----
    Essay, step 2.
    """
    return multilabel_crossentropy_forward(logits, y) / len(y)


def binary_crossentropy_terms(terms, logits, y):
    """Write the binary cross-entropy of each element: its `binary_crossentropy_forward`.

    Parameters
    ----------
    terms : list of float, (n,)
        Written: one loss per element.
    logits : list of float, (n,)
        Scores z before the sigmoid.
    y : list of float, (n,)
        Targets, 0 or 1 (or a probability).
    """
    for n in range(len(y)):
        terms[n] = binary_crossentropy_forward([logits[n]], [y[n]])


def binary_crossentropy_backward(dlogits, logits, y):
    """Write the gradient of the binary cross-entropy: dlogits = (sigmoid(z) - y) / o.

    Parameters
    ----------
    dlogits : list of float, (o,)
        Written: gradient with respect to the logits.
    logits : list of float, (o,)
        Scores z before the sigmoid.
    y : list of float, (o,)
        Targets.
    """
    multilabel_crossentropy_backward(dlogits, logits, y)
    for o in range(len(y)):
        dlogits[o] /= len(y)


def multilabel_crossentropy_forward(logits, y):
    """Return the sum over the outputs of the Bernoulli negative log-likelihood.

    The essay's `-log_likelihood` is log(1 + exp(z)) - y z.  Its first term is computed as
    ``max(z, 0) + log(1 + exp(-|z|))``, which is the same number and cannot overflow.

    Parameters
    ----------
    logits : list of float, (o,)
        Scores z before the sigmoid, one per label.
    y : list of float, (o,)
        Targets, 0 or 1 (or a probability).

    Returns
    -------
    float
        The loss of the sample.

    Notes
    -----
    Essay, step 1 ("n-binomial logistic regressions") and step 4.
    """
    total = 0.0
    for o in range(len(y)):
        z = logits[o]
        total += max(z, 0.0) - z * y[o] + math.log1p(math.exp(-abs(z)))
    return total


def multilabel_crossentropy_backward(dlogits, logits, y):
    """Write the gradient of the multi-label cross-entropy: dlogits = sigmoid(z) - y.

    Parameters
    ----------
    dlogits : list of float, (o,)
        Written: gradient with respect to the logits.
    logits : list of float, (o,)
        Scores z before the sigmoid.
    y : list of float, (o,)
        Targets.

    Notes
    -----
    Essay, step 4: `cost_delta`, which is `a - y`.
    """
    sigmoid_forward(dlogits, logits)
    for o in range(len(y)):
        dlogits[o] -= y[o]


def categorical_crossentropy_forward(logits, y):
    """Return the multinomial negative log-likelihood, -sum(y * log(softmax(z))).

    The logarithm of softmax is z - log(sum(exp(z))).  As in `softmax_forward`, the largest logit is
    subtracted first.

    Parameters
    ----------
    logits : list of float, (o,)
        Scores z before the softmax, one per class.
    y : list of float, (o,)
        Targets: 1 for the class of the sample, 0 for the others (or probabilities).

    Returns
    -------
    float
        The loss of the sample.

    Notes
    -----
    Essay, step 3.
    """
    largest = max(logits)
    total = 0.0
    for o in range(len(y)):
        total += math.exp(logits[o] - largest)
    loss = 0.0
    for o in range(len(y)):
        if y[o] != 0:  # 0 times an infinite logarithm would be nan
            loss += y[o] * (math.log(total) - (logits[o] - largest))
    return loss


def categorical_crossentropy_backward(dlogits, logits, y):
    """Write the gradient of the categorical cross-entropy: dlogits = softmax(z) sum(y) - y.

    For a one-hot y the sum is 1, and this is `a - y` once more.

    Parameters
    ----------
    dlogits : list of float, (o,)
        Written: gradient with respect to the logits.
    logits : list of float, (o,)
        Scores z before the softmax.
    y : list of float, (o,)
        Targets.

    Notes
    -----
    Essay, step 3.
    """
    softmax_forward(dlogits, logits)
    for o in range(len(y)):
        dlogits[o] = dlogits[o] * sum(y) - y[o]


def _within_bounds(p):
    """Whether a probability is one that the log losses take as it is."""
    return 1e-7 <= p <= 1 - 1e-7


def _log(p):
    """The logarithm of a probability, or of the bound that it is beyond."""
    return math.log(min(max(p, 1e-7), 1 - 1e-7))


def binary_log_loss_forward(prediction, y):
    """Return the mean over the outputs of -y log(p) - (1 - y) log(1 - p).

    Parameters
    ----------
    prediction : list of float, (o,)
        Probabilities p; taken as at least 1e-7 and at most 1 - 1e-7.
    y : list of float, (o,)
        Targets, 0 or 1 (or a probability).

    Returns
    -------
    float
        The loss of the sample.
    """
    return multilabel_log_loss_forward(prediction, y) / len(y)


def binary_log_loss_terms(terms, prediction, y):
    """Write the binary log loss of each element: its `binary_log_loss_forward`.

    Parameters
    ----------
    terms : list of float, (n,)
        Written: one loss per element.
    prediction : list of float, (n,)
        Probabilities p.
    y : list of float, (n,)
        Targets, 0 or 1 (or a probability).
    """
    for n in range(len(y)):
        terms[n] = binary_log_loss_forward([prediction[n]], [y[n]])


def binary_log_loss_backward(dprediction, prediction, y):
    """Write the gradient of the binary log loss: (p - y) / (p (1 - p)), over o.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the probabilities.
    prediction : list of float, (o,)
        Probabilities p.
    y : list of float, (o,)
        Targets.
    """
    multilabel_log_loss_backward(dprediction, prediction, y)
    for o in range(len(y)):
        dprediction[o] /= len(y)


def multilabel_log_loss_forward(prediction, y):
    """Return the sum over the outputs of -y log(p) - (1 - y) log(1 - p).

    Parameters
    ----------
    prediction : list of float, (o,)
        Probabilities p; taken as at least 1e-7 and at most 1 - 1e-7.
    y : list of float, (o,)
        Targets, 0 or 1 (or a probability).

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        total -= y[o] * _log(prediction[o]) + (1 - y[o]) * _log(1 - prediction[o])
    return total


def multilabel_log_loss_backward(dprediction, prediction, y):
    """Write the gradient of the multi-label log loss: (p - y) / (p (1 - p)).

    It is -y / p + (1 - y) / (1 - p) as one fraction.  Beyond the bounds the loss is flat.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the probabilities.
    prediction : list of float, (o,)
        Probabilities p.
    y : list of float, (o,)
        Targets.
    """
    for o in range(len(y)):
        p = prediction[o]
        dprediction[o] = (p - y[o]) / (p * (1 - p)) if _within_bounds(p) else 0.0


def categorical_log_loss_forward(prediction, y):
    """Return -sum(y log(q)), where q = p / sum(p) are the shares of the classes.

    For the outputs of a softmax the sum is 1, and q is p.

    Parameters
    ----------
    prediction : list of float, (o,)
        Probabilities p, one per class; the shares are taken as at least 1e-7 and at most 1 - 1e-7.
    y : list of float, (o,)
        Targets: 1 for the class of the sample, 0 for the others (or probabilities).

    Returns
    -------
    float
        The loss of the sample.
    """
    loss = 0.0
    for o in range(len(y)):
        loss -= y[o] * _log(prediction[o] / sum(prediction))
    return loss


def categorical_log_loss_backward(dprediction, prediction, y):
    """Write the gradient of the categorical log loss: (sum(y) - y / q) / sum(p).

    A class whose share q is beyond the bounds has a flat loss: its y counts as 0.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the probabilities.
    prediction : list of float, (o,)
        Probabilities p, one per class.
    y : list of float, (o,)
        Targets.
    """
    total = sum(prediction)
    shares = [p / total for p in prediction]
    counted = [t if _within_bounds(q) else 0.0 for t, q in zip(y, shares, strict=True)]
    for o in range(len(y)):
        slope = counted[o] / shares[o] if _within_bounds(shares[o]) else 0.0
        dprediction[o] = (sum(counted) - slope) / total


#: The two functions of each loss, and its constants where it is chosen by name.
LOSSES = {
    "mean_squared_error": (mean_squared_error_forward, mean_squared_error_backward, ()),
    "mean_absolute_error": (mean_absolute_error_forward, mean_absolute_error_backward, ()),
    "poisson": (poisson_forward, poisson_backward, ()),
    "binary_crossentropy": (binary_crossentropy_forward, binary_crossentropy_backward, ()),
    "multilabel_crossentropy": (
        multilabel_crossentropy_forward,
        multilabel_crossentropy_backward,
        (),
    ),
    "categorical_crossentropy": (
        categorical_crossentropy_forward,
        categorical_crossentropy_backward,
        (),
    ),
    "binary_log_loss": (binary_log_loss_forward, binary_log_loss_backward, ()),
    "multilabel_log_loss": (multilabel_log_loss_forward, multilabel_log_loss_backward, ()),
    "categorical_log_loss": (categorical_log_loss_forward, categorical_log_loss_backward, ()),
    "huber": (huber_forward, huber_backward, (1.0,)),
    "mean_absolute_percentage_error": (
        deviations.mean_absolute_percentage_error_forward,
        deviations.mean_absolute_percentage_error_backward,
        (),
    ),
    "mean_squared_logarithmic_error": (
        deviations.mean_squared_logarithmic_error_forward,
        deviations.mean_squared_logarithmic_error_backward,
        (),
    ),
    "log_cosh": (deviations.log_cosh_forward, deviations.log_cosh_backward, ()),
    "kl_divergence": (deviations.kl_divergence_forward, deviations.kl_divergence_backward, ()),
    "cosine_similarity": (
        deviations.cosine_similarity_forward,
        deviations.cosine_similarity_backward,
        (),
    ),
    "hinge": (hinges.hinge_forward, hinges.hinge_backward, ()),
    "squared_hinge": (hinges.squared_hinge_forward, hinges.squared_hinge_backward, ()),
    "categorical_hinge": (hinges.categorical_hinge_forward, hinges.categorical_hinge_backward, ()),
    "binary_focal_crossentropy": (
        focal.binary_focal_crossentropy_forward,
        focal.binary_focal_crossentropy_backward,
        (2.0, 1.0, 1.0),
    ),
    "binary_focal_log_loss": (
        focal.binary_focal_log_loss_forward,
        focal.binary_focal_log_loss_backward,
        (2.0, 1.0, 1.0),
    ),
    "categorical_focal_crossentropy": (
        focal.categorical_focal_crossentropy_forward,
        focal.categorical_focal_crossentropy_backward,
        (0.25, 2.0),
    ),
    "categorical_focal_log_loss": (
        focal.categorical_focal_log_loss_forward,
        focal.categorical_focal_log_loss_backward,
        (0.25, 2.0),
    ),
    "categorical_generalized_cross_entropy": (
        focal.categorical_generalized_cross_entropy_forward,
        focal.categorical_generalized_cross_entropy_backward,
        (0.5,),
    ),
}


def loss_forward(losses, logits, y, loss):
    """Write the loss of each sample (row).

    Parameters
    ----------
    losses : list of float, (n,)
        Written: one loss per sample.
    logits : list of lists of float, (n, o)
        Scores before the last activation for the cross-entropies, predictions for the others.
    y : list of lists of float, (n, o)
        Targets.
    loss : str
        Name of the loss, one of `LOSSES`.
    """
    forward, _, constants = LOSSES[loss]
    for n in range(len(y)):
        losses[n] = forward(logits[n], y[n], *constants)


def loss_backward(dlogits, logits, y, loss):
    """Write the gradient of each sample's own loss; it is not divided by the number of samples.

    Parameters
    ----------
    dlogits : list of lists of float, (n, o)
        Written: gradient with respect to the logits (or predictions).
    logits : list of lists of float, (n, o)
        Scores before the last activation for the cross-entropies, predictions for the others.
    y : list of lists of float, (n, o)
        Targets.
    loss : str
        Name of the loss, one of `LOSSES`.
    """
    _, backward, constants = LOSSES[loss]
    for n in range(len(y)):
        backward(dlogits[n], logits[n], y[n], *constants)
