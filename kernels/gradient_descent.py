"""Gradient descent for the essay's regressions: linear, logistic, softmax.

The three differ in one function only: ``f`` in the residual ``f(X B) - y``. Inside, all matrices
are transposed, so that every inner loop runs along the samples, which are many, and vectorises.
The error of a sum over the samples is at most a unit of roundoff for each, of the sum of the
absolute values: in float64, as `regression` calls it, 1e-9 for ten million samples.
"""

import numpy as np

from .activations import EXP_WORK, sigmoid_forward
from .chunks import chunk_bounds, chunk_count
from .codes import SIGMOID, SOFTMAX
from .elementary import exp
from .jit import njit, prange

__all__ = ["gradient_descent"]


@njit
def _softmax_columns(z, first, stop):
    """Softmax of the columns `first` to `stop` of a matrix, in place."""
    outputs = z.shape[0]
    for n in range(first, stop):
        largest = z[0, n]
        for o in range(1, outputs):
            largest = max(largest, z[o, n])
        for o in range(outputs):
            z[o, n] = exp(z[o, n] - largest)
        total = z[0, n]
        for o in range(1, outputs):
            total += z[o, n]
        for o in range(outputs):
            z[o, n] /= total


@njit
def _residual_gradient(gradient, residual, X, y, coefficients, activation, first, stop):
    """``X' (f(X B) - y)`` of the samples `first` to `stop`, on one thread."""
    columns, outputs = coefficients.shape
    for o in range(outputs):
        scores = residual[o, first:stop]
        for n in range(scores.size):
            scores[n] = 0
        for i in range(columns):
            x, b = X[i, first:stop], coefficients[i, o]
            for n in range(scores.size):
                scores[n] += b * x[n]
        if activation == SIGMOID:
            sigmoid_forward(scores, scores)
    if activation == SOFTMAX:
        _softmax_columns(residual, first, stop)
    for o in range(outputs):
        difference, target = residual[o, first:stop], y[o, first:stop]
        for n in range(difference.size):
            difference[n] -= target[n]
        for i in range(columns):
            x = X[i, first:stop]
            total = x.dtype.type(0)
            for n in range(x.size):
                total += x[n] * difference[n]
            gradient[i, o] = total


@njit(parallel=True)
def _descend(coefficients, residual, gradients, X, y, activation, rate, n_iterations):
    """The iterations, with everything transposed; `gradients` has one matrix for each chunk."""
    chunks, samples = gradients.shape[0], X.shape[1]
    for _ in range(n_iterations):
        if chunks == 1:
            _residual_gradient(gradients[0], residual, X, y, coefficients, activation, 0, samples)
        else:
            for chunk in prange(chunks):
                first, stop = chunk_bounds(chunk, chunks, samples)
                _residual_gradient(
                    gradients[chunk], residual, X, y, coefficients, activation, first, stop
                )
        for i in range(coefficients.shape[0]):
            for o in range(coefficients.shape[1]):
                total = gradients[0, i, o]
                for chunk in range(1, chunks):
                    total += gradients[chunk, i, o]
                coefficients[i, o] -= rate * total


@njit(calls_parallel=True)
def gradient_descent(coefficients, X, y, activation, learning_rate, n_iterations):
    """Iterations of ``B -= learning_rate * X' (f(X B) - y) / n``, parallel over rows.

    With the identity for ``f`` this descends the mean squared error of a linear regression (half
    of it, as the essay does), with the sigmoid the negative log-likelihood of a logistic
    regression (one for each column of `y`), with the softmax that of a multinomial one; each
    divided by ``n``.

    Parameters
    ----------
    coefficients : (k, o) array
        ``B``: where to start, and the result.
    X : (n, k) array
        Design matrix.
    y : (n, o) array
        Responses.
    activation : int
        ``f``: place of linear, sigmoid or softmax in ``codes.READ_OUTS``.
    learning_rate : float
    n_iterations : int
    """
    samples, columns = X.shape
    outputs = y.shape[1]
    rate = coefficients.dtype.type(learning_rate / samples)
    chunks = chunk_count(samples, 8 * outputs * (2 * columns + EXP_WORK))
    _descend(
        coefficients,
        np.empty((outputs, samples), coefficients.dtype),
        np.empty((chunks, columns, outputs), coefficients.dtype),
        X.T.copy(),
        y.T.copy(),
        activation,
        rate,
        n_iterations,
    )
