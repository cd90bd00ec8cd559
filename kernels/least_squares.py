"""Least squares in closed form, through a Householder QR factorisation.

The normal equations ``X'X B = X'y`` are solved without forming ``X'X``, whose condition number is
the square of that of ``X``: with ``X P = Q R`` they read ``R B = Q'y``.

References
----------
Golub and Van Loan (2013), Matrix Computations, 5.2.2 (Householder QR), 5.4.2 (column pivoting),
5.5.6 (complete orthogonal decomposition).
"""

import math

import numpy as np

from .jit import njit

__all__ = ["least_squares"]


@njit
def _householder(v):
    """Turn `v` into the vector of a reflection that maps the old `v` onto the first axis.

    Returns ``(beta, length)``: the reflection is ``I - beta v v'`` and the image ``(length, 0,
    ...)``. A zero vector is left alone, with ``beta = 0``.
    """
    largest = np.abs(v).max()
    if largest == 0:
        return largest, largest
    scaled = v / largest  # squares neither overflow nor underflow
    norm = largest * math.sqrt((scaled * scaled).sum())
    length = -norm if v[0] > 0 else norm  # the sign with which nothing cancels
    beta = (length - v[0]) / length
    v /= v[0] - length
    v[0] = 1
    return beta, length


@njit
def _reflect(rows, v, beta):
    """Apply ``I - beta v v'`` to each row of `rows`."""
    for r in range(rows.shape[0]):
        row = rows[r]
        factor = beta * (v * row).sum()
        for n in range(v.size):
            row[n] -= factor * v[n]


@njit
def _factorize(columns, right, pivots, diagonal, rcond):
    """QR with column pivoting of the matrix whose columns are the rows of `columns`.

    R's part above the diagonal replaces the columns, its diagonal goes to `diagonal`, `right`
    becomes ``Q' right``. Stops at the rank, which it returns.
    """
    n_columns, n_rows = columns.shape
    for step in range(min(n_columns, n_rows)):
        best = step
        largest = -1.0
        for k in range(step, n_columns):
            rest = columns[k, step:]
            norm = np.abs(rest).max()
            if norm > 0:
                scaled = rest / norm
                norm *= math.sqrt((scaled * scaled).sum())
            if norm > largest:
                best, largest = k, norm
        if step == 0:
            smallest = rcond * largest
        if largest <= smallest:
            return step
        if best != step:
            pivots[step], pivots[best] = pivots[best], pivots[step]
            for n in range(n_rows):
                held = columns[step, n]
                columns[step, n] = columns[best, n]
                columns[best, n] = held
        v = columns[step, step:]
        beta, diagonal[step] = _householder(v)
        _reflect(columns[step + 1 :, step:], v, beta)
        _reflect(right[:, step:], v, beta)
    return min(n_columns, n_rows)


@njit
def least_squares(coefficients, pivots, X, y, rcond):
    """Coefficients that minimise ``||X B - y||``; the smallest such ``B`` if there are many.

    Parameters
    ----------
    coefficients : (k, o) array
        Output: ``B``.
    pivots : (k,) int array
        Output: the columns in the order in which they were chosen. As many as the rank are
        independent; the others depend on them.
    X : (n, k) array
        Design matrix, also with ``n < k``.
    y : (n, o) array
        Responses.
    rcond : float
        A column counts as dependent if its part that is orthogonal to those chosen before is at
        most `rcond` times as long as the longest column.

    Returns
    -------
    int
        The rank of `X`.
    """
    n_columns = X.shape[1]
    columns = X.T.copy()
    right = y.T.copy()
    diagonal = np.zeros(n_columns, X.dtype)
    for k in range(n_columns):
        pivots[k] = k
    rank = _factorize(columns, right, pivots, diagonal, rcond)

    # R of the first `rank` rows, transposed: (k, rank).
    lower = np.zeros((n_columns, rank), X.dtype)
    for k in range(n_columns):
        for r in range(min(k, rank)):
            lower[k, r] = columns[k, r]
        if k < rank:
            lower[k, k] = diagonal[k]

    solution = np.zeros((y.shape[1], n_columns), X.dtype)
    if rank == n_columns:
        for o in range(y.shape[1]):
            for r in range(rank - 1, -1, -1):
                rest = right[o, r]
                for k in range(r + 1, rank):
                    rest -= lower[k, r] * solution[o, k]
                solution[o, r] = rest / lower[r, r]
    else:
        # R' = Z T, so that R B = T' Z' B: the smallest B has nothing outside the span of Z.
        reflections = lower.T.copy()
        betas = np.zeros(rank, X.dtype)
        for r in range(rank):
            v = reflections[r, r:]
            betas[r], diagonal[r] = _householder(v)
            _reflect(reflections[r + 1 :, r:], v, betas[r])
        for o in range(y.shape[1]):
            for r in range(rank):
                rest = right[o, r]
                for k in range(r):
                    rest -= reflections[r, k] * solution[o, k]
                solution[o, r] = rest / diagonal[r]
        for r in range(rank - 1, -1, -1):
            _reflect(solution[:, r:], reflections[r, r:], betas[r])

    for k in range(n_columns):
        for o in range(y.shape[1]):
            coefficients[pivots[k], o] = solution[o, k]
    return rank
