"""Coordinate descent: minimise a quadratic function with an absolute penalty, number by number.

If all coefficients but one stay, the function is a parabola plus a roof, ``l1 |b|``, and its
minimum is known: the minimum of the parabola, moved towards 0 by l1 over its curvature.
"""

import math


def coordinate_descent(coefficients, gradient, hessian, l1, lower, tol, max_iter):
    """Minimise ``q(b) + sum(l1 |b|)``, with q quadratic and no b below its lower bound.

    Parameters
    ----------
    coefficients : list of float, (k,)
        Updated in place: where to start, and the result.
    gradient : list of float, (k,)
        Updated in place: the derivatives of q at the coefficients.
    hessian : list of lists of float, (k, k)
        The second derivatives of q.
    l1 : list of float, (k,)
        Absolute penalty of each coefficient.
    lower : list of float, (k,)
        Smallest value of each coefficient.
    tol : float
        Stop when no coefficient moves by more than this, times its second derivative.
    max_iter : int
        Stop after as many iterations; in each, every coefficient is visited once.

    Returns
    -------
    int
        Iterations taken; negative if the last of them did not meet `tol`.

    Notes
    -----
    Friedman, Hastie & Tibshirani (2010), "Regularization paths for generalized linear models via
    coordinate descent".
    """
    for iteration in range(max_iter):
        moves = []
        for i in range(len(coefficients)):
            curvature = hessian[i][i]
            if curvature == 0:
                continue
            lowest = coefficients[i] - gradient[i] / curvature
            shrunk = math.copysign(max(abs(lowest) - l1[i] / curvature, 0.0), lowest)
            move = max(shrunk, lower[i]) - coefficients[i]
            coefficients[i] += move
            for j in range(len(gradient)):
                gradient[j] += move * hessian[i][j]
            moves.append(abs(move) * curvature)
        if max(moves, default=0.0) <= tol:
            return iteration + 1
    return -max_iter
