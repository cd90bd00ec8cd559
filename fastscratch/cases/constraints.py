"""Constraints of weights."""

from collections.abc import Iterator

import numpy as np

from .case import FUNCTION, Arguments, Case, Rng


def weights(rng: Rng, shape: tuple[int, ...], min_value: float, rate: float) -> Arguments:
    """Weights in five axes; some of their norms are below the interval, in it and above it."""
    vectors = shape[0], 1, shape[2], 1, shape[4]
    a, _, c, _, e = shape
    length = np.sqrt(shape[1] * shape[3])
    return {
        "weights": rng.standard_normal(shape) * 2 * rng.random(vectors) / length,
        "factors": np.full((a, c, e), np.nan),
        "min_value": min_value,
        "max_value": 1.25,
        "rate": rate,
    }


def numbers(rng: Rng, size: int) -> Arguments:
    return {"parameters": rng.standard_normal(size)}


#: In five axes: a kernel of a dense layer, of a convolution, and rows of an embedding.
SHAPES = {
    "one": (1, 1, 1, 1, 1),
    "odd": (2, 3, 1, 5, 7),
    "alternating": (2, 3, 4, 2, 3),
    "rows": (1, 1, 9, 13, 1),
    "typical": (1, 784, 1, 1, 128),
}


def cases() -> Iterator[Case]:
    written = "weights", "factors"
    for label, shape in SHAPES.items():
        for strict, options in {"": (0.5, 1.0), "-slowly": (0.5, 0.25)}.items():
            if label == "typical" and strict:
                continue
            # The sum of squares is taken in float64, and a factor rounds a few times.
            bound = FUNCTION + shape[1] * shape[3] // 2**20
            inputs = shape, *options
            yield Case(
                "min_max_norm",
                label + strict,
                weights,
                inputs,
                written,
                bound,
                doubles=("factors",),
            )
    for label, size in {"one": 1, "odd": 37, "typical": 100_000}.items():
        yield Case("non_negative", label, numbers, (size,), ("parameters",))
