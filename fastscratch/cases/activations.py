"""Activations and their derivatives."""

from collections.abc import Callable, Iterator

import numpy as np

from ..kernels.activations import ACTIVATIONS
from .case import FUNCTION, Arguments, Case, Rng, Shape, unset

#: Not the defaults.
PARAMETERS = {"leaky_relu": {"negative_slope": 0.3}, "elu": {"alpha": 1.5}}
RECTIFIER = {"max_value": 4.0, "negative_slope": 0.2, "threshold": 0.5}


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
    for name in ACTIVATIONS:
        if name == "linear":
            continue
        yield from one_activation(name)
    for name in ACTIVATIONS:
        yield from batch(name)
    yield from rectifiers()


def one_activation(name: str) -> Iterator[Case]:
    """The two kernels of an activation."""
    of_samples = ACTIVATIONS[name].of_samples
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


def rectifiers() -> Iterator[Case]:
    """The kernels of layers that have arguments of their own."""
    sizes = {"one": 1, "odd": 7, "typical": 65_536}
    for label, size in sizes.items():
        for forward_name, made in (("rectifier", RECTIFIER), ("prelu", {})):
            inputs = (size,), made
            yield Case(
                f"{forward_name}_forward", label, slopes_of(forward), inputs, ("a",), FUNCTION
            )
        yield Case("rectifier_backward", label, backward, ((size,), RECTIFIER), ("dz",), FUNCTION)
        yield Case(
            *(
                "prelu_backward",
                label,
                slopes_of(backward),
                ((size,), {}),
                ("dz", "dalpha"),
                FUNCTION,
            ),
            scale=10.0,
            doubles=("dalpha",),
        )
    for label, bounds in (
        ("no bounds", {"max_value": np.inf, "negative_slope": 0.0, "threshold": 0.0}),
        ("largest below threshold", {"max_value": 0.2, "negative_slope": 0.0, "threshold": 0.5}),
    ):
        inputs = (50,), bounds
        yield Case("rectifier_forward", label, forward, inputs, ("a",), FUNCTION)
        yield Case("rectifier_backward", label, backward, inputs, ("dz",), FUNCTION)


def slopes_of(make: Callable[..., Arguments]) -> Callable[..., Arguments]:
    """Arguments with a slope for each number, and gradients of slopes to add to."""

    def made(rng: Rng, shape: Shape, options: Arguments) -> Arguments:
        slopes = {"alpha": rng.uniform(-1, 1, shape), "dalpha": rng.standard_normal(shape)}
        return make(rng, shape, options) | slopes

    return made


def batch(name: str) -> Iterator[Case]:
    """The kernels that take the address of an activation."""
    shapes = {"one": (1, 1), "row": (1, 9), "rows": (50, 17)}
    if name in ("softmax", "relu"):  # a function of a sample, and one of any numbers
        shapes["chunks"] = (700, 17) if name == "softmax" else (2101, 43)
    if name == "sigmoid":
        shapes["typical"] = (1000, 100)
    for size, shape in shapes.items():
        label, inputs = f"{name}-{size}", (shape, {"activation": name})
        reduction, scale = FUNCTION + shape[1], shape[1]
        yield Case("activation_forward", label, forward, inputs, ("a",), reduction)
        yield Case("activation_backward", label, backward, inputs, ("dz",), reduction, scale)
