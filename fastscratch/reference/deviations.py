"""Losses of real numbers, of shares and of directions, past those of `losses`."""

import math

#: No target is divided by a smaller number, and no logarithm taken of a smaller share.
_EPSILON = 1e-7


def mean_absolute_percentage_error_forward(prediction, y):
    """Return the mean over the outputs of ``100 |prediction - y| / |y|``; ``|y|`` is at least 1e-7.

    Parameters
    ----------
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        total += abs(prediction[o] - y[o]) / max(abs(y[o]), _EPSILON)
    return 100 * total / len(y)


def mean_absolute_percentage_error_backward(dprediction, prediction, y):
    """Write the gradient of the percentage error: ``100 sign(prediction - y) / |y|``, over o.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.
    """
    for o in range(len(y)):
        slope = 100 / max(abs(y[o]), _EPSILON) / len(y)
        if prediction[o] == y[o]:
            slope = 0.0
        dprediction[o] = slope if prediction[o] > y[o] else -slope


def mean_squared_logarithmic_error_forward(prediction, y):
    """Return the mean of (log(1 + prediction) - log(1 + y))**2; both are at least 1e-7.

    Parameters
    ----------
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        total += (_log_of_one_more(prediction[o]) - _log_of_one_more(y[o])) ** 2
    return total / len(y)


def mean_squared_logarithmic_error_backward(dprediction, prediction, y):
    """Write the gradient of the squared logarithmic error, by the chain rule.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.
    """
    for o in range(len(y)):
        residual = _log_of_one_more(prediction[o]) - _log_of_one_more(y[o])
        slope = 1 / (1 + prediction[o]) if prediction[o] >= _EPSILON else 0.0
        dprediction[o] = 2 * residual * slope / len(y)


def _log_of_one_more(x):
    return math.log1p(max(x, _EPSILON))


def log_cosh_forward(prediction, y):
    """Return the mean over the outputs of log(cosh(prediction - y)).

    Parameters
    ----------
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        size = abs(prediction[o] - y[o])
        if size < 1:  # 2 sinh(x / 2)**2 is cosh(x) - 1
            total += math.log1p(2 * math.sinh(size / 2) ** 2)
        else:
            total += size + math.log1p(math.exp(-2 * size)) - math.log(2)
    return total / len(y)


def log_cosh_backward(dprediction, prediction, y):
    """Write the gradient of the log-cosh loss: tanh(prediction - y), over o.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.
    """
    for o in range(len(y)):
        dprediction[o] = math.tanh(prediction[o] - y[o]) / len(y)


def kl_divergence_forward(prediction, y):
    """Return sum(y log(y / p)); both are taken as at least 1e-7 and at most 1.

    Parameters
    ----------
    prediction : list of float, (o,)
        Probabilities of the classes.
    y : list of float, (o,)
        Targets.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        target = min(max(y[o], _EPSILON), 1.0)
        total += target * math.log(target / min(max(prediction[o], _EPSILON), 1.0))
    return total


def kl_divergence_backward(dprediction, prediction, y):
    """Write the gradient of the divergence: -y / p, and 0 beyond the bounds.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Probabilities of the classes.
    y : list of float, (o,)
        Targets.
    """
    for o in range(len(y)):
        target = min(max(y[o], _EPSILON), 1.0)
        within = _EPSILON <= prediction[o] <= 1
        dprediction[o] = -target / prediction[o] if within else 0.0


def _length(x):
    return max(math.sqrt(sum(number * number for number in x)), _EPSILON)


def cosine_similarity_forward(prediction, y):
    """Return minus the cosine of the angle between prediction and y.

    Parameters
    ----------
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.

    Returns
    -------
    float
        The loss of the sample.
    """
    product = sum(p * t for p, t in zip(prediction, y, strict=True))
    return -product / (_length(prediction) * _length(y))


def cosine_similarity_backward(dprediction, prediction, y):
    """Write the gradient of the loss c.

    It is ``-(y / |y| + c prediction / |prediction|) / |prediction|``.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Outputs of the last layer.
    y : list of float, (o,)
        Targets.
    """
    length, loss = _length(prediction), cosine_similarity_forward(prediction, y)
    if length == _EPSILON:  # a prediction of 0 has no direction
        loss = 0.0
    for o in range(len(y)):
        dprediction[o] = -(y[o] / _length(y) + loss * prediction[o] / length) / length
