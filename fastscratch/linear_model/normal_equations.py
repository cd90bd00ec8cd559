"""Ridge regression by its normal equations: the fastest way, where they are not too inexact."""

import numpy as np
from scipy import linalg

from .solvers import EPS

__all__ = ["solve_normal_equations"]

# Of the matrix of squares. Solutions have about half of all digits then, and all after a second.
SMALLEST_RECIPROCAL_CONDITION = np.sqrt(EPS)


def solve_normal_equations(
    design: np.ndarray, targets: np.ndarray, alpha: np.ndarray
) -> np.ndarray | None:
    """Coefficients that minimise ``||X B - Y||**2 + alpha ||B||**2``, or None if they are inexact.

    They solve ``(X'X + alpha I) B = X'Y``. With fewer rows than columns they are ``X'C``, where
    ``(XX' + alpha I) C = Y``. To form the squares loses digits. A second solution, for the
    residuals of the first, brings them back.

    Parameters
    ----------
    design : ndarray, shape (n, k)
    targets : ndarray, shape (n, o)
    alpha : ndarray, shape (o,)

    Returns
    -------
    ndarray, shape (k, o), or None

    References
    ----------
    Björck (1987), Stability analysis of the method of seminormal equations for linear least squares
    problems.
    """
    n, k = design.shape
    is_wide = n < k
    with np.errstate(over="ignore", invalid="ignore"):
        squares = design @ design.T if is_wide else design.T @ design
    if not np.isfinite(squares.trace()):
        return None
    coef = np.empty((k, targets.shape[1]))
    for penalty in np.unique(alpha):
        own = alpha == penalty
        solution = _solve(design, targets[:, own], squares, penalty, is_wide)
        if solution is None:
            return None
        coef[:, own] = solution
    return coef


def _solve(
    design: np.ndarray, targets: np.ndarray, squares: np.ndarray, penalty: float, is_wide: bool
) -> np.ndarray | None:
    matrix = squares + penalty * np.eye(len(squares))
    norm = np.abs(matrix).sum(axis=0).max(initial=0)
    factor, failure = linalg.lapack.dpotrf(matrix, lower=True)
    if failure:
        return None
    reciprocal_condition = linalg.lapack.dpocon(factor, norm, uplo="L")[0]
    if not reciprocal_condition >= SMALLEST_RECIPROCAL_CONDITION:
        return None

    def solve(right: np.ndarray) -> np.ndarray:
        return linalg.cho_solve((factor, True), right, check_finite=False)

    if is_wide:
        dual = solve(targets)
        dual += solve(targets - design @ (design.T @ dual) - penalty * dual)
        return design.T @ dual
    coef = solve(design.T @ targets)
    return coef + solve(design.T @ (targets - design @ coef) - penalty * coef)
