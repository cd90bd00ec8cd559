"""Linear regression in closed form: least squares by QR factorisation.

The essay solves (X'X) beta = X'y.  That squares the condition number of X, so up to twice as many
digits are lost, and it fails when columns depend on each other.  Here X itself is made upper
triangular by reflections (X = QR), and then R beta = Q'y is solved from the last row up.
"""

import math


def least_squares(coefficients, pivots, X, y, rcond):
    """Write the coefficients that minimise the sum of squares of X coefficients - y.

    Every step picks the column with the most length left (the pivot) and reflects it onto one
    axis.  When nothing but rounding is left, the other columns depend on those picked; then, of all
    the solutions, the one with the smallest sum of squared coefficients is written.

    Parameters
    ----------
    coefficients : list of lists of float, (k, o)
        Written: the solution, a column per output.
    pivots : list of int, (k,)
        Written: the columns in the order they were picked.  Those from `rank` on depend on the
        others.
    X : list of lists of float, (n, k)
        Explanatory variables; a column of ones if there is an intercept.
    y : list of lists of float, (n, o)
        What is to be predicted.
    rcond : float
        A pivot no longer than rcond times the first pivot counts as 0.

    Returns
    -------
    int
        The rank: how many columns are independent.

    Notes
    -----
    Essay, step 1.  Businger & Golub (1965), "Linear least squares solutions by Householder
    transformations"; Golub & Van Loan, "Matrix Computations", sections 5.4 and 5.5.
    """
    n_samples, n_in, n_out = len(X), len(coefficients), len(coefficients[0])
    R = [list(row) for row in X]
    Qy = [list(row) for row in y]
    pivots[:] = range(n_in)

    # Make R upper triangular, column by column, and reflect y along with it.
    rank = 0
    while rank < min(n_samples, n_in):
        lengths = []
        for i in range(rank, n_in):
            lengths.append(_length(_column(R, i, rank)))
        longest = max(lengths)
        if rank == 0:
            first = longest
        if longest <= rcond * first:
            break
        _swap_columns(R, pivots, rank, rank + lengths.index(longest))
        v = _reflection(_column(R, rank, rank))
        _reflect(R, v, rank)
        _reflect(Qy, v, rank)
        rank += 1

    for o in range(n_out):
        target = _column(Qy, o, 0)[:rank]
        if rank == n_in:
            solution = _solve_upper(R, target)
        else:
            solution = _solve_minimum_norm(R[:rank], target, n_in)
        for i in range(n_in):
            coefficients[pivots[i]][o] = solution[i]
    return rank


def _length(vector):
    return math.hypot(*vector)


def _column(matrix, i, first_row):
    """Return column i of a matrix, from a row down."""
    return [row[i] for row in matrix[first_row:]]


def _swap_columns(R, pivots, i, j):
    for row in [*R, pivots]:
        row[i], row[j] = row[j], row[i]


def _reflection(vector):
    """Return the unit vector v for which I - 2vv' sends `vector` to (-+length, 0, ..., 0).

    The sign is the one that makes the first element of v a sum of two numbers of the same sign, so
    that no digits cancel.
    """
    v = list(vector)
    v[0] += math.copysign(_length(vector), vector[0])
    length = _length(v)
    return [element / length for element in v]


def _reflect(matrix, v, first_row):
    """Multiply the rows of a matrix from `first_row` down by I - 2vv', in place."""
    for i in range(len(matrix[0])):
        projection = 0.0
        for n in range(len(v)):
            projection += v[n] * matrix[first_row + n][i]
        for n in range(len(v)):
            matrix[first_row + n][i] -= 2 * projection * v[n]


def _solve_upper(R, target):
    """Solve R solution = target, R upper triangular, from the last row up."""
    solution = [0.0] * len(target)
    for n in reversed(range(len(target))):
        rest = target[n]
        for i in range(n + 1, len(target)):
            rest -= R[n][i] * solution[i]
        solution[n] = rest / R[n][n]
    return solution


def _solve_minimum_norm(R, target, n_in):
    """Find the shortest solution of R solution = target; R has more columns than rows.

    R' is made upper triangular in its turn: R' = ZS, so R = S'Z'.  Then S' u = target is solved
    from the first row down, and the solution is Z (u, 0, ..., 0).
    """
    rank = len(target)
    S = [[R[n][i] for n in range(rank)] for i in range(n_in)]
    reflections = []
    for n in range(rank):
        v = _reflection(_column(S, n, n))
        _reflect(S, v, n)
        reflections.append(v)

    u = [[0.0] for _ in range(n_in)]
    for n in range(rank):
        rest = target[n]
        for i in range(n):
            rest -= S[i][n] * u[i][0]
        u[n][0] = rest / S[n][n]
    for n in reversed(range(rank)):
        _reflect(u, reflections[n], n)
    return _column(u, 0, 0)
