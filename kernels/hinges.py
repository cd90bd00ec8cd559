"""Hinge losses: predictions that are right by a margin cost nothing; see ``losses.py``."""

from .jit import njit

__all__ = [
    "categorical_hinge_backward",
    "categorical_hinge_forward",
    "hinge_backward",
    "hinge_forward",
    "squared_hinge_backward",
    "squared_hinge_forward",
]


@njit
def hinge_forward(prediction, y):
    """Hinge loss of one sample, ``mean(max(1 - y prediction, 0))``.

    Parameters
    ----------
    prediction : (o,) array
        Scores.
    y : (o,) array
        Targets, -1 or 1.

    Returns
    -------
    float

    References
    ----------
    Cortes and Vapnik (1995), Support-vector networks.
    """
    total, one, zero = 0.0, prediction.dtype.type(1), prediction.dtype.type(0)
    for o in range(y.size):
        missing = one - y[o] * prediction[o]
        total += zero if missing < zero else missing
    return total / y.size


@njit
def hinge_backward(dprediction, prediction, y):
    """Derivative of the hinge loss, ``-y / o`` where ``y prediction < 1``, else 0.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the scores.
    prediction : (o,) array
        Scores.
    y : (o,) array
        Targets, -1 or 1.
    """
    zero, share = prediction.dtype.type(0), prediction.dtype.type(1 / y.size)
    one = prediction.dtype.type(1)
    for o in range(y.size):
        dprediction[o] = zero if y[o] * prediction[o] >= one else -share * y[o]


@njit
def squared_hinge_forward(prediction, y):
    """Squared hinge loss of one sample, ``mean(max(1 - y prediction, 0)**2)``.

    Parameters
    ----------
    prediction : (o,) array
        Scores.
    y : (o,) array
        Targets, -1 or 1.

    Returns
    -------
    float
    """
    total, one, zero = 0.0, prediction.dtype.type(1), prediction.dtype.type(0)
    for o in range(y.size):
        missing = one - y[o] * prediction[o]
        total += zero if missing < zero else missing * missing
    return total / y.size


@njit
def squared_hinge_backward(dprediction, prediction, y):
    """Derivative of the squared hinge loss, ``-2 y max(1 - y prediction, 0) / o``.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the scores.
    prediction : (o,) array
        Scores.
    y : (o,) array
        Targets, -1 or 1.
    """
    zero, scale = prediction.dtype.type(0), prediction.dtype.type(-2 / y.size)
    one = prediction.dtype.type(1)
    for o in range(y.size):
        missing = one - y[o] * prediction[o]
        dprediction[o] = zero if missing < zero else scale * y[o] * missing


@njit
def _best_of_the_wrong(prediction, y):
    """Which class has the largest ``(1 - y) prediction``, and that number."""
    one, best = prediction.dtype.type(1), 0
    largest = (one - y[0]) * prediction[0]
    for o in range(1, y.size):
        score = (one - y[o]) * prediction[o]
        if score > largest:
            best, largest = o, score
    return best, largest


@njit
def categorical_hinge_forward(prediction, y):
    """Hinge loss of classes that exclude each other, ``max(1 + wrong - right, 0)``.

    ``right`` is the score of the right class, ``sum(y prediction)``, and ``wrong`` the largest of
    ``(1 - y) prediction``: it is 0 if all other scores are negative.

    Parameters
    ----------
    prediction : (o,) array
        Scores.
    y : (o,) array
        1 for the right class and 0 elsewhere.

    Returns
    -------
    float
    """
    _, wrong = _best_of_the_wrong(prediction, y)
    right = 0.0
    for o in range(y.size):
        right += y[o] * prediction[o]
    missing = 1 + wrong - right
    return 0.0 if missing < 0 else missing


@njit
def categorical_hinge_backward(dprediction, prediction, y):
    """Derivative of the categorical hinge: 1 for the best wrong class, -1 for the right one.

    All are 0 if nothing is missing.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the scores.
    prediction : (o,) array
        Scores.
    y : (o,) array
        1 for the right class and 0 elsewhere.
    """
    best, _ = _best_of_the_wrong(prediction, y)
    zero, one = prediction.dtype.type(0), prediction.dtype.type(1)
    flat = categorical_hinge_forward(prediction, y) <= 0
    for o in range(y.size):
        dprediction[o] = zero if flat else -y[o]
    if not flat:
        dprediction[best] += one - y[best]
