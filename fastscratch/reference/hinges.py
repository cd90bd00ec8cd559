"""Hinge losses: a score that is right by a margin of 1 costs nothing."""


def hinge_forward(prediction, y):
    """Return the mean over the outputs of max(1 - y prediction, 0).

    Parameters
    ----------
    prediction : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets, -1 or 1.

    Returns
    -------
    float
        The loss of the sample.

    Notes
    -----
    Cortes & Vapnik (1995), "Support-vector networks".
    """
    total = 0.0
    for o in range(len(y)):
        total += max(1 - y[o] * prediction[o], 0.0)
    return total / len(y)


def hinge_backward(dprediction, prediction, y):
    """Write the gradient of the hinge loss: -y / o where the margin is not reached, else 0.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets, -1 or 1.
    """
    for o in range(len(y)):
        dprediction[o] = -y[o] / len(y) if y[o] * prediction[o] < 1 else 0.0


def squared_hinge_forward(prediction, y):
    """Return the mean over the outputs of max(1 - y prediction, 0)**2.

    Parameters
    ----------
    prediction : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets, -1 or 1.

    Returns
    -------
    float
        The loss of the sample.
    """
    total = 0.0
    for o in range(len(y)):
        total += max(1 - y[o] * prediction[o], 0.0) ** 2
    return total / len(y)


def squared_hinge_backward(dprediction, prediction, y):
    """Write the gradient of the squared hinge loss: -2 y max(1 - y prediction, 0), over o.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets, -1 or 1.
    """
    for o in range(len(y)):
        dprediction[o] = -2 * y[o] * max(1 - y[o] * prediction[o], 0.0) / len(y)


def categorical_hinge_forward(prediction, y):
    """Return max(1 + wrong - right, 0), for the best wrong score and the right one.

    Parameters
    ----------
    prediction : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets: 1 for the class of the sample, 0 for the others.

    Returns
    -------
    float
        The loss of the sample.
    """
    right = sum(t * p for t, p in zip(y, prediction, strict=True))
    wrong = max((1 - t) * p for t, p in zip(y, prediction, strict=True))
    return max(1 + wrong - right, 0.0)


def categorical_hinge_backward(dprediction, prediction, y):
    """Write the gradient of the categorical hinge: 1 at the best wrong score, -1 at the right one.

    Parameters
    ----------
    dprediction : list of float, (o,)
        Written: gradient with respect to the prediction.
    prediction : list of float, (o,)
        Scores.
    y : list of float, (o,)
        Targets: 1 for the class of the sample, 0 for the others.
    """
    scores = [(1 - t) * p for t, p in zip(y, prediction, strict=True)]
    best = scores.index(max(scores))
    misses = categorical_hinge_forward(prediction, y) > 0
    for o in range(len(y)):
        slope = (1 - y[o] if o == best else 0.0) - y[o]
        dprediction[o] = slope if misses else 0.0
