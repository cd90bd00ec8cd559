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


@njit
def _fold(R, block, rows):
    """Make ``R`` the triangle of ``[R; rows]``; the first `rows` columns of `block` are the rows.

    Step j reflects column j onto its first axis, element (j, j) of ``R``. Of the rows of ``R`` only
    row j takes part, because the column is zero in those below, and those above are finished.
    """
    columns = block.shape[0]
    for j in range(columns):
        v = block[j, :rows]
        largest = np.abs(v).max()
        if largest == 0:
            continue
        head = R[j, j]
        largest = max(largest, abs(head))
        total = (head / largest) * (head / largest)  # squares neither overflow nor underflow
        scale = 1 / largest
        for n in range(rows):
            total += (scale * v[n]) * (scale * v[n])
        length = largest * math.sqrt(total)
        if head > 0:
            length = -length  # the sign with which nothing cancels
        beta = (length - head) / length
        for n in range(rows):
            v[n] /= head - length
        R[j, j] = length
        for k in range(j + 1, columns):
            column = block[k, :rows]
            projection = R[j, k]
            for n in range(rows):
                projection += v[n] * column[n]
            projection *= beta
            R[j, k] -= projection
            for n in range(rows):
                column[n] -= projection * v[n]


@njit
def _fold_rows(R, X, first, stop):
    """Fold the rows `first` to `stop` of `X` into ``R``, block by block."""
    columns = X.shape[1]
    block = np.empty((columns, min(BLOCK, stop - first)), X.dtype)
    for start in range(first, stop, BLOCK):
        rows = min(BLOCK, stop - start)
        for n in range(rows):
            for k in range(columns):
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
