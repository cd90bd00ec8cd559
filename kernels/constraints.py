"""Constraints: what is done to weights after each update, so that they stay in a region.

Formulas are those of Keras 3. Both kernels read and write each weight once or twice.
"""

import numpy as np

from .jit import njit

__all__ = ["min_max_norm", "non_negative"]

# Keeps the division by a norm from zero, as in Keras.
EPSILON = 1e-7


@njit(exact=True)
def non_negative(parameters):
    """Numbers below zero become zero; NaN stays NaN.

    Parameters
    ----------
    parameters : (p,) array
        Updated in place.
    """
    zero = parameters.dtype.type(0)
    for p in range(parameters.size):
        w = parameters[p]
        parameters[p] = zero if w < zero else w


@njit
def norms_of_columns(norms, weights, i, k, first):
    """The norms of the vectors ``weights[i, :, k, :, m]``, from ``m = first`` on."""
    size = norms.size
    norms[:] = 0
    if weights.shape[4] == 1:  # a loop over one column would take one step
        for j in range(weights.shape[1]):
            vector = weights[i, j, k].reshape(-1)
            squares = 0.0
            for n in range(vector.size):
                w = np.float64(vector[n])
                squares += w * w
            norms[0] += squares
    else:
        for j in range(weights.shape[1]):
            for n in range(weights.shape[3]):
                run = weights[i, j, k, n][first:][:size]
                for m in range(size):
                    w = np.float64(run[m])
                    norms[m] += w * w
    for m in range(size):
        norms[m] = np.sqrt(norms[m])


@njit(exact=True)
def scale_columns(weights, factors, i, k, first):
    """Multiply the vectors ``weights[i, :, k, :, m]``, from ``m = first`` on, each by a factor."""
    size = factors.size
    if weights.shape[4] == 1:
        factor = weights.dtype.type(factors[0])
        for j in range(weights.shape[1]):
            vector = weights[i, j, k].reshape(-1)
            for n in range(vector.size):
                vector[n] *= factor
        return
    for j in range(weights.shape[1]):
        for n in range(weights.shape[3]):
            run = weights[i, j, k, n][first:][:size]
            for m in range(size):
                run[m] *= weights.dtype.type(factors[m])


@njit(exact=True)
def norm_factors(factors, min_value, max_value, rate):
    """What vectors are multiplied with; `factors` holds their norms before."""
    for m in range(factors.size):
        norm = factors[m]
        wanted = min(max(norm, min_value), max_value)
        factors[m] = (rate * wanted + (1 - rate) * norm) / (EPSILON + norm)


@njit
def min_max_norm(weights, factors, min_value, max_value, rate):
    """Bring the norms of vectors of weights into an interval, or closer to it.

    ``w *= (rate * clip(norm, min_value, max_value) + (1 - rate) * norm) / (1e-7 + norm)``; sums of
    squares are taken in float64.

    Parameters
    ----------
    weights : (a, b, c, d, e) array
        Updated in place. For each place along the axes of a, c and e there is a vector: the numbers
        along the axes of b and d.
    factors : (a, c, e) float64 array
        Output: what the vectors were multiplied with.
    min_value, max_value : float
    rate : float
        How far a norm outside of the interval moves towards it, from 0 to 1.
    """
    for i in range(weights.shape[0]):
        for k in range(weights.shape[2]):
            norms_of_columns(factors[i, k], weights, i, k, 0)
            norm_factors(factors[i, k], min_value, max_value, rate)
            scale_columns(weights, factors[i, k], i, k, 0)
