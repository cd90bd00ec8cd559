"""Linear regression in closed form."""

from collections.abc import Callable, Iterator

import numpy as np

from .case import Arguments, Case, Rng, unset


def well_conditioned(rng: Rng, n: int, k: int) -> np.ndarray:
    """Singular values between 1 and 2."""
    left, _, right = np.linalg.svd(rng.standard_normal((n, k)), full_matrices=False)
    return left * np.linspace(1, 2, min(n, k)) @ right


def collinear(rng: Rng, n: int, k: int) -> np.ndarray:
    """The last column is a combination of the first two."""
    X = well_conditioned(rng, n, k)
    X[:, -1] = X[:, 0] - 2 * X[:, 1]
    return X


def zero(rng: Rng, n: int, k: int) -> np.ndarray:
    return np.zeros((n, k))


#: Design, rows, columns, responses.
PROBLEMS = {
    "one": (well_conditioned, 1, 1, 1),
    "square": (well_conditioned, 4, 4, 2),
    "tall": (well_conditioned, 50, 5, 1),
    "wide": (well_conditioned, 3, 7, 2),
    "collinear": (collinear, 20, 4, 1),
    "zero": (zero, 5, 3, 1),
    "typical": (well_conditioned, 2000, 20, 1),
}


def regression(rng: Rng, design: Callable[..., np.ndarray], n: int, k: int, o: int) -> Arguments:
    return {
        "coefficients": unset(k, o),
        "pivots": np.zeros(k, int),
        "X": design(rng, n, k),
        "y": rng.standard_normal((n, o)),
        "rcond": 1e-4,
    }


def cases() -> Iterator[Case]:
    for label, inputs in PROBLEMS.items():
        _, n, k, _ = inputs
        yield Case("least_squares", label, regression, inputs, ("coefficients",), 4 * n * k)
