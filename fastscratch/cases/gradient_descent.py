"""The essay's regressions, step by step."""

from collections.abc import Iterator

from .case import FUNCTION, Arguments, Case, Rng
from .losses import targets

#: Activation, rows, columns, responses, iterations.
PROBLEMS = {
    "one": ("linear", 1, 1, 1, 3),
    "linear": ("linear", 30, 4, 2, 20),
    "logistic": ("sigmoid", 100, 3, 1, 20),
    "multilabel": ("sigmoid", 40, 5, 4, 20),
    "softmax": ("softmax", 60, 4, 3, 20),
    "chunks": ("sigmoid", 3001, 4, 1, 3),
    "typical": ("sigmoid", 1000, 10, 1, 200),
}


def regression(rng: Rng, activation: str, n: int, k: int, o: int, n_iterations: int) -> Arguments:
    return {
        "coefficients": rng.standard_normal((k, o)),
        "X": rng.standard_normal((n, k)),
        "y": targets(rng, "multilabel_crossentropy", (n, o)),
        "activation": activation,
        "learning_rate": 0.1,
        "n_iterations": n_iterations,
    }


def cases() -> Iterator[Case]:
    for label, inputs in PROBLEMS.items():
        _, n, k, _, n_iterations = inputs
        roundings = n_iterations * (n + k + FUNCTION)
        yield Case("gradient_descent", label, regression, inputs, ("coefficients",), roundings)
