"""Regressions that are fitted to bootstrap samples."""

from collections.abc import Iterator

import numpy as np

from .case import FUNCTION, Arguments, Case, Rng
from .losses import targets

#: Activation, fits, rows, columns, outputs.
PROBLEMS = {
    "one": ("linear", 1, 3, 1, 1),
    "linear": ("linear", 3, 40, 4, 2),
    "binary": ("sigmoid", 5, 130, 3, 1),
    "multilabel": ("sigmoid", 2, 90, 2, 3),
    "softmax": ("softmax", 3, 150, 3, 3),
    "typical": ("sigmoid", 20, 300, 6, 1),
}


def bootstrap(rng: Rng, activation: str, r: int, n: int, k: int, o: int) -> Arguments:
    """Samples that are drawn 0, 1, 2, ... times, with responses that do not depend on them."""
    loss = {"linear": "mean_squared_error", "sigmoid": "binary_crossentropy"}.get(
        activation, "categorical_crossentropy"
    )
    draws = rng.integers(n, size=(r, n))
    return {
        "coefficients": np.zeros((r, o, k)),
        "n_iter": np.zeros(r, np.int64),
        "X": rng.standard_normal((n, k)),
        "y": np.ascontiguousarray(targets(rng, loss, (n, o)).T),
        "weights": np.array([np.bincount(row, minlength=n) for row in draws]) / n,
        "activation": activation,
        "tol": 1e-2,
        "max_iter": 20,
    }


def cases() -> Iterator[Case]:
    for label, inputs in PROBLEMS.items():
        _, _, n, k, o = inputs
        outputs = ("coefficients", "n_iter")
        reduction = 4 * (n + k * o + FUNCTION)
        yield Case("linear_model_refits", label, bootstrap, inputs, outputs, reduction)
