"""Fits to samples that are drawn from the data with replacement."""

import numpy as np
from scipy import linalg

from .. import kernels
from .centring import triangle_of
from .inference import Method

__all__ = ["bootstrap_coefficients"]

#: Weights that are in memory at a time, 64 MB of them.
MOST_WEIGHTS = 2**23
#: Where a refit ends, in coefficients of columns that are orthonormal but for the drawing.
TOL, MAX_ITER = 1e-6, 50


def bootstrap_coefficients(
    coefficients: np.ndarray,
    design: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    activation: int,
    method: Method,
) -> np.ndarray:
    """Coefficients of the fits to bootstrap samples, in which each sample or cluster is drawn.

    Parameters
    ----------
    coefficients : ndarray, shape (o, k)
        Of the fit to all samples.
    design : ndarray, shape (n, k)
        Explanatory variables, with a column of ones if there is an intercept.
    y : ndarray, shape (o, n)
    weight : ndarray, shape (n,)
        Above zero.
    activation : int
        Code of linear, sigmoid or softmax.
    method : Method

    Returns
    -------
    ndarray, shape (fits, o, k)
        Without the fits that have no solution.
    """
    # Columns that are orthonormal: then every refit is well conditioned, and starts near its end.
    root = np.sqrt(weight)
    R = triangle_of(root[:, None] * design)
    columns = np.ascontiguousarray(linalg.solve_triangular(R, design.T, trans="T").T)
    start = coefficients @ R.T
    clusters = np.arange(len(weight)) if method.groups is None else method.groups
    n_clusters = int(clusters.max()) + 1
    found = []
    at_once = max(1, MOST_WEIGHTS // len(weight))
    for first in range(0, method.bootstrap, at_once):
        fits = min(at_once, method.bootstrap - first)
        drawn = method.random_state.randint(n_clusters, size=(fits, n_clusters))
        drawn += n_clusters * np.arange(fits)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=fits * n_clusters)
        weights = counts.reshape(fits, -1)[:, clusters] * weight
        b, n_iter = np.tile(start, (fits, 1, 1)), np.empty(fits, np.int64)
        kernels.refits.linear_model_refits(
            b, n_iter, columns, y, weights, activation, TOL, MAX_ITER
        )
        found.append(b[n_iter > 0])
    flat = np.concatenate(found).reshape(-1, R.shape[0])
    return linalg.solve_triangular(R, flat.T).T.reshape(-1, *coefficients.shape)
