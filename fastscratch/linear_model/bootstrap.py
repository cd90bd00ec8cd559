"""Fits to samples that are drawn from the data with replacement."""

import numpy as np
from scipy import linalg

from .. import kernels
from ..workers import results_of
from .centring import triangle_of
from .inference import Method

__all__ = ["bootstrap_coefficients"]

#: Where a refit ends, in coefficients of columns that are orthonormal but for the drawing.
TOL, MAX_ITER = 1e-6, 50
#: Refits that are drawn from one seed and done in one call, and so never by two workers: about as
#: many as have this many weights, within bounds.
WEIGHTS, FEWEST, MOST = 2**20, 8, 64


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
    at_once = min(max(WEIGHTS // len(weight), FEWEST), MOST)
    firsts = range(0, method.bootstrap, at_once)
    seeds = method.random_state.randint(2**32, size=len(firsts), dtype=np.uint32)
    found = results_of(
        (
            (
                *(_refits, start, columns, y, weight, clusters, activation),
                *(min(at_once, method.bootstrap - first), int(seed)),
            )
            for first, seed in zip(firsts, seeds, strict=True)
        ),
        method.n_jobs,
    )
    flat = np.concatenate(found).reshape(-1, R.shape[0])
    return linalg.solve_triangular(R, flat.T).T.reshape(-1, *coefficients.shape)


def _refits(
    start: np.ndarray,
    columns: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    clusters: np.ndarray,
    activation: int,
    fits: int,
    seed: int,
) -> np.ndarray:
    """Coefficients of some fits, in terms of the orthonormal columns."""
    n_clusters = int(clusters.max()) + 1
    drawn = np.random.RandomState(seed).randint(n_clusters, size=(fits, n_clusters))
    drawn += n_clusters * np.arange(fits)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=fits * n_clusters)
    weights = counts.reshape(fits, -1)[:, clusters] * weight
    b, n_iter = np.tile(start, (fits, 1, 1)), np.empty(fits, np.int64)
    kernels.refits.linear_model_refits(b, n_iter, columns, y, weights, activation, TOL, MAX_ITER)
    return b[n_iter > 0]
