"""Gradient descent for the essay's regressions: linear, logistic, softmax.

The three differ in one function only: ``f`` in the residual ``f(X B) - y``.
"""

import numpy as np

from .activations import EXP_WORK, activate
from .chunks import chunk_bounds, chunk_count
from .jit import njit, prange

__all__ = ["gradient_descent"]


@njit
def _residual_gradient(gradient, residual, X, y, coefficients, activation):
    """``X' (f(X B) - y)`` of some rows, on one thread."""
    samples, columns = X.shape
    outputs = y.shape[1]
    residual[:] = 0
    for n in range(samples):
        for i in range(columns):
            for o in range(outputs):
                residual[n, o] += X[n, i] * coefficients[i, o]
    activate(residual, residual, activation)
    residual -= y
    gradient[:] = 0
    for n in range(samples):
        for i in range(columns):
            for o in range(outputs):
                gradient[i, o] += X[n, i] * residual[n, o]


@njit(parallel=True)
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
        ``f``: place of linear, sigmoid or softmax in ``codes.ACTIVATIONS``.
    learning_rate : float
    n_iterations : int
    """
    samples, columns = X.shape
    rate = coefficients.dtype.type(learning_rate / samples)
    chunks = chunk_count(samples, y.shape[1] * (2 * columns + EXP_WORK))
    residual = np.empty_like(y)
    gradients = np.empty((chunks, *coefficients.shape), coefficients.dtype)
    for _ in range(n_iterations):
        if chunks == 1:
            _residual_gradient(gradients[0], residual, X, y, coefficients, activation)
        else:
            for chunk in prange(chunks):
                start, stop = chunk_bounds(chunk, chunks, samples)
                _residual_gradient(
                    gradients[chunk],
                    residual[start:stop],
                    X[start:stop],
                    y[start:stop],
                    coefficients,
                    activation,
                )
        for chunk in range(1, chunks):
            gradients[0] += gradients[chunk]
        coefficients -= rate * gradients[0]
