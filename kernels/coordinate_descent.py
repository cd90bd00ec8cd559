"""Quadratic functions with an absolute penalty, minimised one coefficient at a time.

The lasso and the elastic net are such functions, and so is each step of Newton's method for a
logistic regression with an absolute penalty.

References
----------
Friedman, Hastie and Tibshirani (2010), Regularization paths for generalized linear models via
coordinate descent, 2.2 (covariance updates).
"""

from .jit import njit
from .linear_model import shrink

__all__ = ["coordinate_descent"]


@njit
def coordinate_descent(coefficients, gradient, hessian, l1, lower, tol, max_iter):
    """Minimise ``q(b) + sum(l1 |b|)`` over ``b >= lower``, where ``q`` is quadratic.

    An iteration visits each coefficient once, and moves it to where the function is smallest if the
    others stay. The gradient of ``q`` is kept up to date: a coefficient that stays costs nothing.

    Parameters
    ----------
    coefficients : (k,) array
        ``b``: where to start, and the result.
    gradient : (k,) array
        Gradient of ``q`` at the coefficients: at the start, and at the result.
    hessian : (k, k) array
        The second derivatives of ``q``. A coefficient with none, 0 on the diagonal, stays.
    l1 : (k,) array
        Absolute penalty of each coefficient.
    lower : (k,) array
        Smallest value of each coefficient; minus infinity for none.
    tol : float
        Stop when no coefficient has moved by more than this, times its second derivative.
    max_iter : int

    Returns
    -------
    int
        Iterations taken; negative if the last of them did not meet `tol`.

    Notes
    -----
    ``2 k`` flops for each coefficient that moves.
    """
    for iteration in range(max_iter):
        largest = gradient.dtype.type(0)
        for i in range(coefficients.size):
            curvature = hessian[i, i]
            if curvature <= 0:
                continue
            old = coefficients[i]
            new = shrink(old - gradient[i] / curvature, l1[i] / curvature)
            new = max(new, lower[i])
            move = new - old
            if move != 0:
                coefficients[i] = new
                row = hessian[i]
                for j in range(gradient.size):
                    gradient[j] += move * row[j]
                largest = max(largest, abs(move) * curvature)
        if largest <= tol:
            return iteration + 1
    return -max_iter
