"""Batch and layer normalisation."""

from collections.abc import Iterator

from .case import FUNCTION, Arguments, Case, Rng, unset

#: Rows, units, and the mean of the numbers.
SIZES = {
    "one": (1, 1, 0),
    "one-row": (1, 7, 0),
    "one-unit": (9, 1, 0),
    "odd": (13, 5, 0),
    "far-from-zero": (40, 10, 1000),
    "chunks": (1501, 67, 0),
    "typical": (4096, 32, 0),
}
EPSILON = 0.001


def learned(rng: Rng, rows: int, units: int, mean: float) -> Arguments:
    return {
        "x": mean + rng.standard_normal((rows, units)),
        "gamma": rng.standard_normal(units),
        "beta": rng.standard_normal(units),
        "epsilon": EPSILON,
    }


def layer_forward(rng: Rng, rows: int, units: int, mean: float) -> Arguments:
    return {
        **learned(rng, rows, units, mean),
        "out": unset(rows, units),
        "mean": unset(rows),
        "variance": unset(rows),
    }


def layer_backward(rng: Rng, rows: int, units: int, mean: float) -> Arguments:
    arguments = learned(rng, rows, units, mean)
    return {
        **arguments,
        "dout": rng.standard_normal((rows, units)),
        "mean": arguments["x"].mean(axis=1),
        "variance": arguments["x"].var(axis=1),
        "dx": unset(rows, units),
        "dgamma": unset(units),
        "dbeta": unset(units),
    }


def inference(rng: Rng, rows: int, units: int, mean: float) -> Arguments:
    return {
        **learned(rng, rows, units, mean),
        "mean": mean + rng.standard_normal(units),
        "variance": rng.random(units),
        "out": unset(rows, units),
    }


def moving_average(rng: Rng, size: int) -> Arguments:
    return {
        "moving": rng.standard_normal(size),
        "batch": rng.standard_normal(size),
        "momentum": 0.99,
    }


def cases() -> Iterator[Case]:
    for label, inputs in SIZES.items():
        rows, units, mean = inputs
        reduction = FUNCTION + rows + units
        # A constant row or channel is divided by sqrt(epsilon), about 1/32.
        scale = max(mean, 32.0)
        written = "out", "mean", "variance"
        about = reduction, scale, ("variance",)
        yield Case("layer_norm_forward", label, layer_forward, inputs, written, *about)
        written = "dx", "dgamma", "dbeta"
        yield Case("layer_norm_backward", label, layer_backward, inputs, written, *about)
        yield Case("batch_norm_inference", label, inference, inputs, ("out",), FUNCTION, scale)
    for label, size in {"one": 1, "odd": 7, "typical": 1000}.items():
        yield Case("moving_average_update", label, moving_average, (size,), ("moving",), 3)
