"""The same regression fitted many times, each time with other weights of the samples.

A bootstrap draws samples with replacement: a sample that is drawn twice has twice its weight, and
one that is not drawn has none. The fits do not depend on each other, and share all data.

References
----------
Efron and Tibshirani (1993), An Introduction to the Bootstrap, 9.5 (bootstrapping pairs).
McCullagh and Nelder (1989), Generalized Linear Models, 2.5 (iterative weighted least squares).
"""

import math

import numpy as np

from .codes import LINEAR, SIGMOID
from .jit import njit, prange
from .linear_model import (
    BLOCK,
    add_gradient,
    loss_and_residual,
    probabilities,
    scores_of,
    weigh_rows,
)
from .machine import ROW_VECTORS, VECTOR_BYTES
from .matmul import product_serial, scratch_size
from .tiles import Matrix

__all__ = ["linear_model_refits"]


@njit
def _drawn_rows(X, y, weight):
    """Copies of the samples whose weight is not 0, of their responses, and of their weights."""
    count = (weight != 0).sum()
    rows = np.empty((count, X.shape[1]), X.dtype)
    responses = np.empty((y.shape[0], count), X.dtype)
    weights = np.empty(count, X.dtype)
    at = 0
    for n in range(weight.size):
        if weight[n] != 0:
            rows[at] = X[n]
            for o in range(y.shape[0]):
                responses[o, at] = y[o, n]
            weights[at] = weight[n]
            at += 1
    return rows, responses, weights


@njit
def _derivatives(gradient, hessian, coefficients, X, y, weight, activation):
    """Loss, gradient and Hessian on one thread; no blocks above the diagonal of the Hessian."""
    outputs, k = coefficients.shape
    size = scratch_size(max(k, BLOCK), max(k, outputs), X.itemsize)
    scratch = np.empty(size + ROW_VECTORS * VECTOR_BYTES // X.itemsize, X.dtype)
    z = np.empty((outputs, BLOCK), X.dtype)
    product_of_rows, weighted = np.empty((BLOCK, outputs), X.dtype), np.empty((BLOCK, k), X.dtype)
    none = np.zeros(0, np.int64)
    gradient[:] = 0
    hessian[:] = 0
    loss = X.dtype.type(0)
    for first in range(0, X.shape[0], BLOCK):
        rows = min(BLOCK, X.shape[0] - first)
        block = X[first : first + rows]
        scores_of(z, coefficients, X, none, none, first, rows, product_of_rows, scratch)
        p = z.copy()
        loss += loss_and_residual(z, y, weight, first, rows, activation)
        add_gradient(gradient, z, X, none, none, first, rows, scratch)
        probabilities(p, rows, activation)
        for a in range(outputs):
            for b in range(a + 1):
                if a != b and activation in (LINEAR, SIGMOID):
                    continue
                weigh_rows(weighted, block, weight, first, rows, p, a, b, activation)
                to = Matrix(hessian.reshape(-1), (a * outputs * k + b) * k, outputs * k, 1)
                product_serial(
                    to,
                    to,
                    Matrix(X.reshape(-1), first * k, 1, k),
                    Matrix(weighted.reshape(-1), 0, k, 1),
                    k,
                    k,
                    rows,
                    scratch,
                    1.0,
                )
    return loss


@njit
def _fix_sums_of_classes(hessian, outputs, k):
    """Give a curvature to what changes no probability: to add a number to every class."""
    free = np.trace(hessian) / hessian.shape[0]
    for a in range(outputs):
        for b in range(a + 1):
            for i in range(k):
                hessian[a * k + i, b * k + i] += free


@njit
def _solve(matrix, right, smallest):
    """Solve ``matrix @ x = right`` in place by Cholesky's factor; False if the matrix is singular.

    Only the part of `matrix` on and below the diagonal is read. It is singular if what the columns
    before it do not explain of a column is at most the share `smallest`.
    """
    size = right.size
    for i in range(size):
        row = matrix[i]
        least = smallest * row[i]
        for j in range(i):
            before = matrix[j]
            total = row[j]
            for m in range(j):
                total -= row[m] * before[m]
            row[j] = total / before[j]
        rest = row[i]
        for m in range(i):
            rest -= row[m] * row[m]
        if not rest > least:
            return False
        row[i] = math.sqrt(rest)
    for i in range(size):
        for m in range(i):
            right[i] -= matrix[i, m] * right[m]
        right[i] /= matrix[i, i]
    for i in range(size - 1, -1, -1):
        right[i] /= matrix[i, i]
        for m in range(i):
            right[m] -= matrix[i, m] * right[i]
    return True


@njit
def _refit(coefficients, X, y, weight, activation, tol, max_iter):
    """Newton's method for one of the regressions; iterations taken, not positive if it failed."""
    outputs, k = coefficients.shape
    flat = coefficients.reshape(-1)
    gradient, step = np.empty_like(coefficients), np.zeros_like(flat)
    hessian = np.empty((flat.size, flat.size), X.dtype)
    smallest = 2.0**-40 if X.itemsize == 8 else 2.0**-17
    best = X.dtype.type(np.inf)
    for iteration in range(max_iter):
        loss = _derivatives(gradient, hessian, coefficients, X, y, weight, activation)
        if loss > best + tol * abs(best):  # the last step was too long: go back half of it
            for i in range(flat.size):
                step[i] /= 2
                flat[i] += step[i]
            continue
        best = loss
        if activation != LINEAR and activation != SIGMOID:
            _fix_sums_of_classes(hessian, outputs, k)
        step[:] = gradient.reshape(-1)
        if not _solve(hessian, step, smallest):
            return -iteration
        largest = X.dtype.type(0)
        for i in range(flat.size):
            flat[i] -= step[i]
            largest = max(largest, abs(step[i]))
        if largest <= tol or activation == LINEAR:
            return iteration + 1
    return -max_iter


@njit(parallel=True)
def linear_model_refits(coefficients, n_iter, X, y, weights, activation, tol, max_iter):
    """Linear, logistic or softmax regressions that differ in the weights; parallel over them.

    Each minimises its weighted sum of losses (see ``linear_model_loss``) by Newton's method, which
    takes one step for the identity. A step that raises the loss is halved.

    Parameters
    ----------
    coefficients : (r, o, k) array
        Where each fit starts, and its result.
    n_iter : (r,) int array
        Output: iterations of each fit; 0 or negative if it found no minimum, because columns depend
        on each other where the weights are not 0, or coefficients grow without bound.
    X : (n, k) array
        Explanatory variables. The closer ``X'X`` is to a multiple of the identity, the smaller are
        the rounding errors.
    y : (o, n) array
        Responses, a row for each output: real; 0 or 1; one-hot.
    weights : (r, n) array
        Weights of the samples in each fit.
    activation : int
        Place of linear, sigmoid or softmax in ``codes.ACTIVATIONS``.
    tol : float
        Stop after a step that moves no coefficient by more than this; the error is then about its
        square.
    max_iter : int

    Notes
    -----
    ``2 n k**2`` flops for each fit, iteration, and pair of outputs (for each of o, if outputs do
    not depend on each other). Samples of weight 0 cost nothing.
    """
    for r in prange(weights.shape[0]):
        rows, responses, weight = _drawn_rows(X, y, weights[r])
        n_iter[r] = _refit(coefficients[r], rows, responses, weight, activation, tol, max_iter)
