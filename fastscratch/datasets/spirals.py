"""Spirals: points in the plane that no straight line separates."""

from __future__ import annotations

import numpy as np

from ..validation import as_integer, as_not_negative, memory_for


def make_spirals(
    n_samples: int = 300, n_classes: int = 2, noise: float = 0.1, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw points along spiral arms that wind around each other, one arm for each class.

    Parameters
    ----------
    n_samples : int
        Number of points, spread evenly over the arms and along each; at least one for each arm.
    n_classes : int
        Number of arms.
    noise : float
        Standard deviation of the normal noise on both coordinates; the arms end at radius 2.
    seed : int
        Seed of the noise.

    Returns
    -------
    X : ndarray of float64, shape (n_samples, 2)
    y : ndarray of int64, shape (n_samples,)
        The arm of each point, 0, 1, 2, ..., in ascending order.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range.

    Notes
    -----
    Before the noise, the point at the fraction ``t`` of arm ``k`` has the radius ``2 t`` and the
    angle ``5 t + 2 pi k / n_classes``: a spiral of Archimedes over four fifths of a turn.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import datasets
    >>> points, arm = datasets.make_spirals(300, n_classes=3, seed=0)
    >>> points.shape, np.bincount(arm)
    ((300, 2), array([100, 100, 100]))
    """
    n_classes = as_integer("n_classes", n_classes, 1)
    n_samples = as_integer("n_samples", n_samples, n_classes)
    noise = as_not_negative("noise", noise)
    rng = np.random.default_rng(as_integer("seed", seed, 0))
    with memory_for("n_samples", n_samples):
        X = np.empty((n_samples, 2))
    y = np.sort(np.arange(n_samples) % n_classes)
    t = np.concatenate([np.linspace(0.05, 1, np.count_nonzero(y == k)) for k in range(n_classes)])
    angle = 5 * t + 2 * np.pi * y / n_classes
    X[:] = 2 * t[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    with np.errstate(over="ignore"):  # the next check finds what overflows
        X += noise * rng.standard_normal(X.shape)
    if not np.isfinite(X).all():
        raise ValueError(f"noise must leave the points finite, got {noise:g}")
    return X, y
