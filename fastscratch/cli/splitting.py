"""Which rows to learn from, and which to test with."""

import numpy as np

__all__ = ["folds", "hold_out"]


def hold_out(
    rows: np.ndarray, labels: np.ndarray | None, share: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Divide rows at random in two, with the same share of each class.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
    labels : ndarray of int, shape (n,), optional
        Their classes.
    share : float
        Of the rows that are held out.
    seed : int

    Returns
    -------
    rest, held_out : ndarray of int
        In the order of the rows.
    """
    order = _shuffled(labels, len(rows), seed)
    is_held_out = np.diff(np.floor(np.arange(len(rows) + 1) * share)) > 0
    return rows[np.sort(order[~is_held_out])], rows[np.sort(order[is_held_out])]


def folds(labels: np.ndarray | None, n: int, k: int, seed: int) -> list[np.ndarray]:
    """Divide ``n`` rows at random in `k` parts, with the same share of each class."""
    order = _shuffled(labels, n, seed)
    return [np.sort(order[fold::k]) for fold in range(k)]


def _shuffled(labels: np.ndarray | None, n: int, seed: int) -> np.ndarray:
    """Places of rows at random, class by class."""
    order = np.random.default_rng(seed).permutation(n)
    return order if labels is None else order[np.argsort(labels[order], kind="stable")]
