"""QR factorisation of a tall matrix, a few rows at a time.

Least squares needs no more of a matrix with many rows than its triangle ``R``: ``R'R`` is ``X'X``,
but ``R`` is computed without the loss of accuracy of that product. Rows are processed in blocks
that stay in the second-level cache. After a block has been folded into ``R`` it is not needed any
more, so a model can also learn from rows that come later.

References
----------
Golub and Van Loan (2013), Matrix Computations, 5.2.2 (Householder QR), 6.5.2 (appending rows).
"""

import math

import numpy as np

from .chunks import chunk_bounds, chunk_count
from .jit import njit, prange

__all__ = ["qr_update"]

# Rows of a block: 50 columns of them are 100 KB.
BLOCK = 256
# Columns whose reflections are applied together.
PANEL = 4


@njit
def _reflection(v, head):
    """Turn `v` into the vector of a reflection that maps column ``[head; v]`` onto its first axis.

    The vector's own first element is 1. Returns ``(beta, length)``: the reflection is ``I - beta v
    v'`` and the image ``(length, 0, ...)``. A zero vector is left alone, with ``beta = 0``.
    """
    largest = np.abs(v).max()
    if largest == 0:
        return largest, head
    largest = max(largest, abs(head))
    total = (head / largest) * (head / largest)  # squares neither overflow nor underflow
    scale = 1 / largest
    for n in range(v.size):
        total += (scale * v[n]) * (scale * v[n])
    length = largest * math.sqrt(total)
    if head > 0:
        length = -length  # the sign with which nothing cancels
    for n in range(v.size):
        v[n] /= head - length
    return (length - head) / length, length


@njit
def _fold(R, block, rows):
    """Make ``R`` the triangle of ``[R; rows]``; the first `rows` columns of `block` are the rows.

    Reflection j maps column j onto its first axis, element (j, j) of ``R``. Of the rows of ``R``
    only row j takes part, because the column is zero in those below, and those above are finished.
    Columns after a panel meet its reflections together, so that they are read once, not four times.
    """
    columns = block.shape[0]
    beta = np.zeros(PANEL, R.dtype)
    for first in range(0, columns, PANEL):
        stop = min(first + PANEL, columns)
        for j in range(first, stop):
            v = block[j, :rows]
            beta[j - first], R[j, j] = _reflection(v, R[j, j])
            for k in range(j + 1, stop):
                column = block[k, :rows]
                projection = R[j, k]
                for n in range(rows):
                    projection += v[n] * column[n]
                projection *= beta[j - first]
                R[j, k] -= projection
                for n in range(rows):
                    column[n] -= projection * v[n]
        if stop < columns:
            _reflect(R, block, rows, first, beta)


@njit
def _reflect(R, block, rows, first, beta):
    """Apply the reflections of the panel at `first` to all columns after it.

    Reflection j meets a column that those before it have changed. Its projection on the changed
    column follows from that on the old one and from the products of the panel's vectors.
    """
    v0, v1 = block[first, :rows], block[first + 1, :rows]
    v2, v3 = block[first + 2, :rows], block[first + 3, :rows]
    v10 = v20 = v21 = v30 = v31 = v32 = R[0, 0] * 0
    for n in range(rows):
        v10 += v1[n] * v0[n]
        v20 += v2[n] * v0[n]
        v21 += v2[n] * v1[n]
        v30 += v3[n] * v0[n]
        v31 += v3[n] * v1[n]
        v32 += v3[n] * v2[n]
    for k in range(first + PANEL, block.shape[0]):
        column = block[k, :rows]
        p0, p1, p2, p3 = R[first, k], R[first + 1, k], R[first + 2, k], R[first + 3, k]
        for n in range(rows):
            p0 += v0[n] * column[n]
            p1 += v1[n] * column[n]
            p2 += v2[n] * column[n]
            p3 += v3[n] * column[n]
        p0 *= beta[0]
        p1 = beta[1] * (p1 - v10 * p0)
        p2 = beta[2] * (p2 - v20 * p0 - v21 * p1)
        p3 = beta[3] * (p3 - v30 * p0 - v31 * p1 - v32 * p2)
        R[first, k] -= p0
        R[first + 1, k] -= p1
        R[first + 2, k] -= p2
        R[first + 3, k] -= p3
        for n in range(rows):
            column[n] -= p0 * v0[n] + p1 * v1[n] + p2 * v2[n] + p3 * v3[n]


@njit
def _fold_rows(R, X, first, stop):
    """Fold the rows `first` to `stop` of `X` into ``R``, block by block."""
    columns = X.shape[1]
    block = np.empty((columns, min(BLOCK, stop - first)), X.dtype)
    for start in range(first, stop, BLOCK):
        rows = min(BLOCK, stop - start)
        for k in range(columns):
            for n in range(rows):
                block[k, n] = X[start + n, k]
        _fold(R, block, rows)


@njit(parallel=True)
def qr_update(R, X):
    """Make ``R`` the triangle of the QR factorisation of ``[R; X]``, parallel over rows.

    Parameters
    ----------
    R : (k, k) array
        Upper triangular: zero, or the triangle of earlier rows. Becomes the triangle of all rows,
        with no negative number on its diagonal.
    X : (n, k) array
        The rows to add.

    Notes
    -----
    ``2 n k**2`` flops, one pass over `X`.
    """
    rows, columns = X.shape
    # A piece causes additional work: its triangle is folded in at the end. That must stay small.
    pieces = min(chunk_count(rows, 16 * columns * columns), max(1, rows // (8 * columns)))
    if pieces == 1:
        _fold_rows(R, X, 0, rows)
    else:
        triangles = np.zeros((pieces, columns, columns), X.dtype)
        for piece in prange(pieces):
            first, stop = chunk_bounds(piece, pieces, rows)
            _fold_rows(triangles[piece], X, first, stop)
        for piece in range(pieces):
            _fold_rows(R, triangles[piece], 0, columns)
    for j in range(columns):
        if R[j, j] < 0:
            for k in range(j, columns):
                R[j, k] = -R[j, k]
