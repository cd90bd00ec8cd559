"""Activations and their derivatives."""

from collections.abc import Iterator

import numpy as np

from ..kernels.codes import ACTIVATIONS, OF_SAMPLES
from .case import FUNCTION, Arguments, Case, Rng, Shape, unset

#: Not the defaults.
PARAMETERS = {"leaky_relu": {"negative_slope": 0.3}, "elu": {"alpha": 1.5}}


def forward(rng: Rng, shape: Shape, options: Arguments, z: np.ndarray | None = None) -> Arguments:
    """Scores of ordinary size, or those that are given."""
    return {
        "a": unset(*shape),
        "z": 3 * rng.standard_normal(shape) if z is None else z,
        **options,
    }


def backward(rng: Rng, shape: Shape, options: Arguments, z: np.ndarray | None = None) -> Arguments:
    """Any numbers as activations: a derivative only reads them."""
    return {
        "dz": unset(*shape),
        "z": 3 * rng.standard_normal(shape) if z is None else z,
        "a": rng.uniform(-1, 1, shape),
        "da": rng.standard_normal(shape),
        **options,
    }


def cases() -> Iterator[Case]:
    for name in ACTIVATIONS[1:]:
        yield from one_activation(name)
    for name in ACTIVATIONS:
        yield from batch(name)


def one_activation(name: str) -> Iterator[Case]:
    """The two kernels of an activation."""
    of_samples = ACTIVATIONS.index(name) in OF_SAMPLES
    parameters = PARAMETERS.get(name, {})
    # A softmax is given one sample, the others all of a layer's mini-batch.
    for label, size in {"one": 1, "odd": 7, "typical": 1000 if of_samples else 65_536}.items():
        inputs = (size,), parameters
        terms = size if of_samples else 0
        reduction, scale = FUNCTION + terms, max(terms, 1)
        yield Case(f"{name}_forward", label, forward, inputs, ("a",), reduction)
        yield Case(f"{name}_backward", label, backward, inputs, ("dz",), reduction, scale)

    # The exponential of 88 is the largest in float32; the cube of 1e30 is more than it holds.
    reach = 80.0 if name == "exponential" else 1e30
    extremes = np.array([-reach, -(reach**0.5), -8.0, -0.0, 0.0, 8.0, reach**0.5, reach])
    given = extremes.shape, parameters, extremes
    yield Case(f"{name}_forward", "extreme", forward, given, ("a",), FUNCTION)
    yield Case(f"{name}_backward", "extreme", backward, given, ("dz",), FUNCTION)


def batch(name: str) -> Iterator[Case]:
    """The kernels that take the address of an activation."""
    shapes = {"one": (1, 1), "row": (1, 9), "chunks": (500, 17)}
    if name == "sigmoid":
        shapes["typical"] = (1000, 100)
    for size, shape in shapes.items():
        label, inputs = f"{name}-{size}", (shape, {"activation": name})
        reduction, scale = FUNCTION + shape[1], shape[1]
        yield Case("activation_forward", label, forward, inputs, ("a",), reduction)
        yield Case("activation_backward", label, backward, inputs, ("dz",), reduction, scale)
