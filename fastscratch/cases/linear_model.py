"""Loss, Hessian and penalised descent of linear, logistic and softmax regression."""

from collections.abc import Iterator

import numpy as np

from .case import FUNCTION, Arguments, Case, Rng, unset
from .losses import targets

#: Activation, rows, columns, outputs, and whether the design is sparse.
PROBLEMS = {
    "one": ("sigmoid", 1, 1, 1, False),
    "linear": ("linear", 30, 4, 2, False),
    "binary": ("sigmoid", 70, 5, 1, False),
    "multilabel": ("sigmoid", 70, 9, 3, False),
    "softmax": ("softmax", 65, 9, 3, False),
    "wide": ("softmax", 7, 70, 5, False),
    "chunks": ("sigmoid", 2001, 4, 1, False),
    "slabs": ("softmax", 1100, 3, 3, False),
    "sparse": ("softmax", 40, 12, 3, True),
    "sparse-chunks": ("sigmoid", 1701, 12, 1, True),
    "typical": ("softmax", 500, 15, 4, False),
}
#: Each descent, and what it writes.
DESCENTS = {
    "proximal_gradient": ("coefficients",),
    "proximal_gradient_accelerated": ("coefficients", "ahead", "state"),
}


def compressed_rows(X: np.ndarray) -> tuple[np.ndarray, ...]:
    """A matrix in compressed rows: nonzeros, their columns, and where each row starts."""
    n, columns = np.nonzero(X)
    starts = np.searchsorted(n, np.arange(len(X) + 1))
    return X[n, columns][None], np.ascontiguousarray(columns), starts


def regression(rng: Rng, activation: str, n: int, k: int, o: int, is_sparse: bool) -> Arguments:
    """Some coefficients, samples, and their weights; penalties, and five steps of a descent."""
    loss = "categorical_crossentropy" if o > 1 else "binary_crossentropy"
    X, columns, starts = rng.standard_normal((n, k)), np.zeros(0, int), np.zeros(0, int)
    is_kept = rng.random((n, k)) < 0.3
    if is_sparse:
        X, columns, starts = compressed_rows(X * is_kept)
    coefficients = rng.standard_normal((o, k)) / np.sqrt(k)
    return {
        "coefficients": coefficients,
        "ahead": coefficients.copy(),
        "X": X,
        "columns": columns,
        "starts": starts,
        "y": np.ascontiguousarray(targets(rng, loss, (n, o)).T),
        "weight": rng.uniform(0.5, 1.5, n) / n,
        "activation": activation,
        "gradient": unset(o, k),
        "hessian": unset(o * k, o * k),
        "l2": rng.uniform(0, 0.1, k),
        "l1": rng.uniform(0, 0.1, k),
        "learning_rate": 0.1,
        "state": np.array([1.0, 0.5 / k]),
        "tol": 0.0,
        "max_iter": 5,
    }


def cases() -> Iterator[Case]:
    for label, inputs in PROBLEMS.items():
        _, n, k, _, _ = inputs
        reduction = n + k + FUNCTION
        yield Case("linear_model_loss", label, regression, inputs, ("gradient",), reduction)
        yield Case("linear_model_hessian", label, regression, inputs, ("hessian",), reduction)
        if label == "slabs":  # of the Hessian, cut into slabs of samples
            continue
        for kernel, written in DESCENTS.items():
            yield Case(kernel, label, regression, inputs, written, 10 * reduction)
