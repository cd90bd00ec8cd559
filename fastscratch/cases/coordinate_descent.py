"""Quadratic functions with an absolute penalty."""

from collections.abc import Iterator

import numpy as np

from .case import Arguments, Case, Rng

#: Coefficients, and whether they are kept from being negative.
SIZES = {
    "one": (1, False),
    "few": (5, False),
    "odd": (17, False),
    "positive": (9, True),
    "typical": (100, False),
}
SWEEPS = 5


def quadratic(rng: Rng, k: int, is_positive: bool) -> Arguments:
    """The squares of a regression in their triangle, with the intercept not penalised."""
    rows = rng.standard_normal((2 * k + 1, k)) / np.sqrt(2 * k + 1)
    coefficients = np.where(rng.random(k) < 0.5, abs(rng.standard_normal(k)), 0)
    hessian = rows.T @ rows
    hessian[-1] = hessian[:, -1] = 0  # a column of zeros
    return {
        "coefficients": coefficients,
        "gradient": rng.standard_normal(k),
        "hessian": hessian,
        "l1": np.concatenate([[0.0], rng.uniform(0, 0.5, k)])[:k],
        "lower": np.full(k, 0.0 if is_positive else -np.inf),
        "tol": -1.0,  # take all sweeps: in float32 the last of them may move nothing
        "max_iter": SWEEPS,
    }


def cases() -> Iterator[Case]:
    for label, inputs in SIZES.items():
        # Each sweep adds a move of every coefficient to each element of the gradient.
        reduction = 2 * SWEEPS * inputs[0]
        yield Case(
            "coordinate_descent", label, quadratic, inputs, ("coefficients", "gradient"), reduction
        )
