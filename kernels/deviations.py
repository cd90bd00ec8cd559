"""More losses of real numbers, of shares, and of directions; see ``losses.py``."""

import math

import numpy as np

from .elementary import expm1, log, log1p, tanh
from .jit import njit

__all__ = [
    "cosine_similarity_backward",
    "cosine_similarity_forward",
    "kl_divergence_backward",
    "kl_divergence_forward",
    "log_cosh_backward",
    "log_cosh_forward",
    "mean_absolute_percentage_error_backward",
    "mean_absolute_percentage_error_forward",
    "mean_squared_logarithmic_error_backward",
    "mean_squared_logarithmic_error_forward",
]

# Keras' epsilon: no target is divided by a smaller one, no logarithm taken of a smaller share.
EPSILON = 1e-7


@njit
def mean_absolute_percentage_error_forward(prediction, y):
    """Mean absolute error in percent of the targets, ``100 mean(|prediction - y| / |y|)``.

    Targets count as at least 1e-7 in size.

    Parameters
    ----------
    prediction : (o,) array
    y : (o,) array
        Targets.

    Returns
    -------
    float
    """
    total, epsilon = 0.0, prediction.dtype.type(EPSILON)
    for o in range(y.size):
        total += abs(prediction[o] - y[o]) / max(abs(y[o]), epsilon)
    return 100 * total / y.size


@njit
def mean_absolute_percentage_error_backward(dprediction, prediction, y):
    """Derivative of the percentage error, ``100 sign(prediction - y) / (|y| o)``.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
    y : (o,) array
        Targets.
    """
    zero, percent = prediction.dtype.type(0), prediction.dtype.type(100 / y.size)
    epsilon = prediction.dtype.type(EPSILON)
    for o in range(y.size):
        residual, share = prediction[o] - y[o], percent / max(abs(y[o]), epsilon)
        flat = zero * residual  # NaN, if that is none of the three
        dprediction[o] = share if residual > zero else -share if residual < zero else flat


@njit
def mean_squared_logarithmic_error_forward(prediction, y):
    """Mean squared logarithmic error, ``mean((log(1 + prediction) - log(1 + y))**2)``.

    Predictions and targets count as at least 1e-7.

    Parameters
    ----------
    prediction : (o,) array
    y : (o,) array
        Targets.

    Returns
    -------
    float
    """
    total, epsilon = 0.0, prediction.dtype.type(EPSILON)
    for o in range(y.size):
        p = epsilon if prediction[o] < epsilon else prediction[o]
        residual = log1p(p) - log1p(max(y[o], epsilon))
        total += residual * residual
    return total / y.size


@njit
def mean_squared_logarithmic_error_backward(dprediction, prediction, y):
    """Derivative of the squared logarithmic error; 0 where the prediction is below 1e-7.

    Elsewhere it is ``2 (log(1 + prediction) - log(1 + y)) / ((1 + prediction) o)``.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
    y : (o,) array
        Targets.
    """
    zero, one = prediction.dtype.type(0), prediction.dtype.type(1)
    epsilon, scale = prediction.dtype.type(EPSILON), prediction.dtype.type(2 / y.size)
    for o in range(y.size):
        p = epsilon if prediction[o] < epsilon else prediction[o]
        residual = log1p(p) - log1p(max(y[o], epsilon))
        dprediction[o] = zero if prediction[o] < epsilon else scale * residual / (one + p)


@njit(inline=True)
def _log_cosh(x):
    """The logarithm of cosh x; near 0 without the difference of log 2 from log 2."""
    one, half, size = type(x)(1), type(x)(0.5), abs(x)
    s = expm1(size if size < one else one)
    near = log1p(half * s * s / (one + s))  # cosh x - 1 is that
    far = size - type(x)(math.log(2)) + log1p(expm1(-size - size) + one)
    return near if size < one else far


@njit
def log_cosh_forward(prediction, y):
    """Logarithm of the hyperbolic cosine of the residuals, ``mean(log(cosh(prediction - y)))``.

    Half of the square of a small residual, and the size of a large one less log 2.

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
        total += _log_cosh(prediction[o] - y[o])
    return total / y.size


@njit
def log_cosh_backward(dprediction, prediction, y):
    """Derivative of the loss by the hyperbolic cosine, ``tanh(prediction - y) / o``.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
    y : (o,) array
        Targets.
    """
    share = prediction.dtype.type(1 / y.size)
    for o in range(y.size):
        dprediction[o] = share * tanh(prediction[o] - y[o])


@njit(inline=True)
def _within(p, low, high):
    """A number, limited; NaN stays NaN."""
    return low if p < low else high if p > high else p


@njit
def kl_divergence_forward(prediction, y):
    """Kullback-Leibler divergence of one distribution from another, ``sum(y log(y / p))``.

    Both are limited to ``[1e-7, 1]``, as in Keras.

    Parameters
    ----------
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Targets: probabilities too.

    Returns
    -------
    float
    """
    total = 0.0
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1)
    for o in range(y.size):
        target, p = _within(y[o], low, high), _within(prediction[o], low, high)
        total += target * log(target / p)
    return np.float64(total)


@njit
def kl_divergence_backward(dprediction, prediction, y):
    """Derivative of the divergence, ``-y / p``; 0 outside the bounds.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the probabilities.
    prediction : (o,) array
        Probabilities ``p``.
    y : (o,) array
        Targets.
    """
    zero = prediction.dtype.type(0)
    low, high = prediction.dtype.type(EPSILON), prediction.dtype.type(1)
    for o in range(y.size):
        p = prediction[o]
        slope = -_within(y[o], low, high) / _within(p, low, high)
        dprediction[o] = zero if p < low or p > high else slope


@njit
def _products(prediction, y):
    """The product of two vectors, and the length of each, at least 1e-7."""
    product = of_prediction = of_y = 0.0
    for o in range(y.size):
        p, target = np.float64(prediction[o]), np.float64(y[o])
        product += p * target
        of_prediction += p * p
        of_y += target * target
    return product, max(math.sqrt(of_prediction), EPSILON), max(math.sqrt(of_y), EPSILON)


@njit
def cosine_similarity_forward(prediction, y):
    """Cosine of the angle between prediction and target, negated: -1 if they point the same way.

    ``-sum(p y) / (|p| |y|)``, with lengths of at least 1e-7.

    Parameters
    ----------
    prediction : (o,) array
    y : (o,) array
        Targets.

    Returns
    -------
    float
    """
    product, length, length_of_y = _products(prediction, y)
    return -product / (length * length_of_y)


@njit
def cosine_similarity_backward(dprediction, prediction, y):
    """Derivative of the negated cosine ``c``, ``-(y / |y| + c p / |p|) / |p|``.

    Parameters
    ----------
    dprediction : (o,) array
        Output: gradient with respect to the prediction.
    prediction : (o,) array
    y : (o,) array
        Targets.
    """
    product, length, length_of_y = _products(prediction, y)
    along = product / (length * length * length_of_y) if length > EPSILON else 0.0
    for o in range(y.size):
        dprediction[o] = (along * prediction[o] - y[o] / length_of_y) / length
