"""Losses: how wrong one sample is, and the gradient of that.

The cross-entropies take the scores before the last activation (the "logits"), not the
probabilities after it.  A probability that rounds to 0 or 1 has an infinite logarithm; its logit is
an ordinary number.
"""

import math

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
    max(z, 0) + log(1 + exp(-|z|)), which is the same number and cannot overflow.

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


def loss_forward(losses, logits, y, loss):
    """Write the loss of each sample (row).

    Parameters
    ----------
    losses : list of float, (n,)
        Written: one loss per sample.
    logits : list of lists of float, (n, o)
        Scores before the last activation; for "mean_squared_error", the predictions after it.
    y : list of lists of float, (n, o)
        Targets.
    loss : {"mean_squared_error", "binary_crossentropy", "multilabel_crossentropy", \
"categorical_crossentropy"}
        Name of the loss.
    """
    for n in range(len(y)):
        if loss == "mean_squared_error":
            losses[n] = mean_squared_error_forward(logits[n], y[n])
        elif loss == "binary_crossentropy":
            losses[n] = binary_crossentropy_forward(logits[n], y[n])
        elif loss == "multilabel_crossentropy":
            losses[n] = multilabel_crossentropy_forward(logits[n], y[n])
        elif loss == "categorical_crossentropy":
            losses[n] = categorical_crossentropy_forward(logits[n], y[n])


def loss_backward(dlogits, logits, y, loss):
    """Write the gradient of each sample's own loss; it is not divided by the number of samples.

    Parameters
    ----------
    dlogits : list of lists of float, (n, o)
        Written: gradient with respect to the logits (or predictions).
    logits : list of lists of float, (n, o)
        Scores before the last activation; for "mean_squared_error", the predictions after it.
    y : list of lists of float, (n, o)
        Targets.
    loss : {"mean_squared_error", "binary_crossentropy", "multilabel_crossentropy", \
"categorical_crossentropy"}
        Name of the loss.
    """
    for n in range(len(y)):
        if loss == "mean_squared_error":
            mean_squared_error_backward(dlogits[n], logits[n], y[n])
        elif loss == "binary_crossentropy":
            binary_crossentropy_backward(dlogits[n], logits[n], y[n])
        elif loss == "multilabel_crossentropy":
            multilabel_crossentropy_backward(dlogits[n], logits[n], y[n])
        elif loss == "categorical_crossentropy":
            categorical_crossentropy_backward(dlogits[n], logits[n], y[n])
