"""The triangle of a QR factorisation, to which rows can be added."""

import math


def qr_update(R, X):
    """Write the triangle R of the rows of the old R and of X together: R'R = old R'R + X'X.

    One row of X after the other is rotated into R.  A rotation mixes the row with row k of R so
    that element k of the row becomes 0; when all are 0, R holds what there was to know of the row.

    Parameters
    ----------
    R : list of lists of float, (k, k)
        Updated in place: upper triangular, zero to begin with; no diagonal element is negative.
    X : list of lists of float, (n, k)
        The rows to add.

    Notes
    -----
    Givens (1958), "Computation of plane unitary rotations transforming a general matrix to
    triangular form".
    """
    for row in X:
        rest = list(row)
        for k in range(len(R)):
            length = math.hypot(R[k][k], rest[k])
            if length == 0:
                continue
            cosine, sine = R[k][k] / length, rest[k] / length
            for i in range(k, len(R)):
                above, below = R[k][i], rest[i]
                R[k][i] = cosine * above + sine * below
                rest[i] = cosine * below - sine * above
