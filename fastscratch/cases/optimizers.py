"""Optimisers, and what is done to a gradient before their step."""

from collections.abc import Iterator

from ..kernels.codes import OPTIMIZERS
from .case import FUNCTION, Arguments, Case, Rng

#: About the parameters of a network of 784, 100 and 10 units.
MANY = 100_000

SLOTS = {
    "sgd": (),
    "momentum": ("velocity",),
    "rmsprop": ("mean_square",),
    "rmsprop_momentum": ("mean_square", "mean", "velocity"),
    "adagrad": ("accumulator",),
    "adam": ("first_moment", "second_moment"),
    "adamw": ("first_moment", "second_moment"),
    "amsgrad": ("first_moment", "second_moment", "largest"),
    "nadam": ("first_moment", "second_moment"),
    "adamax": ("first_moment", "largest"),
    "adadelta": ("mean_square", "mean_square_step"),
    "lion": ("mean",),
}
SIGNED_SLOTS = ("velocity", "mean", "first_moment")

#: What a step takes besides the learning rate and the weight decay.
HYPER = {
    "sgd": {},
    "momentum": {"momentum": 0.9, "nesterov": False},
    "rmsprop": {"rho": 0.9, "epsilon": 1e-7},
    "rmsprop_momentum": {"rho": 0.9, "epsilon": 1e-7, "momentum": 0.8, "centered": True},
    "adagrad": {"epsilon": 1e-7},
    "adam": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "adamw": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "amsgrad": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "nadam": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "adamax": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
    "adadelta": {"rho": 0.95, "epsilon": 1e-7},
    "lion": {"beta_1": 0.9, "beta_2": 0.99},
}
WEIGHT_DECAY = 0.01
VARIANTS = {
    "-nesterov": ("momentum", {"nesterov": True}),
    "-not-centered": ("rmsprop_momentum", {"centered": False}),
}


def slots(rng: Rng, optimizer: str, size: int) -> Arguments:
    """Slots some steps into a run: squares above zero, and above the mean's square."""
    return {
        name: 0.5 * rng.standard_normal(size) if name in SIGNED_SLOTS else 4 + rng.random(size)
        for name in SLOTS[optimizer]
    }


def one_step(rng: Rng, optimizer: str, hyper: Arguments, size: int, step: int) -> Arguments:
    return {
        "parameters": rng.standard_normal(size),
        **slots(rng, optimizer, size),
        "gradient": rng.standard_normal(size),
        "learning_rate": 0.125,
        "weight_decay": WEIGHT_DECAY,
        **hyper,
        "step": step,
    }


def gradient_alone(rng: Rng, size: int, options: Arguments) -> Arguments:
    return {"gradient": rng.standard_normal(size), **options}


def parameters_alone(rng: Rng, size: int, options: Arguments) -> Arguments:
    return {"parameters": rng.standard_normal(size), **options}


def gradient_of_penalty(rng: Rng, size: int, options: Arguments) -> Arguments:
    return {
        "gradient": rng.standard_normal(size),
        "parameters": rng.standard_normal(size).round(1),  # some of them zero
        **options,
    }


def moving_average(rng: Rng, size: int) -> Arguments:
    average, parameters = rng.standard_normal((2, size))
    return {"average": average, "parameters": parameters, "momentum": 0.75}


def cases() -> Iterator[Case]:
    for optimizer in OPTIMIZERS:
        yield from steps(optimizer, "", HYPER[optimizer])
    for variant, (optimizer, changed) in VARIANTS.items():
        yield from steps(optimizer, variant, HYPER[optimizer] | changed)
    for label, size in {"one": 1, "odd": 37, "typical": MANY}.items():
        yield from before_the_step(label, size)
        yield Case("average_step", label, moving_average, (size,), ("average",), 3)
    short = 9, {"clipnorm": 9.0}
    yield Case("clip_by_norm", "short-enough", gradient_alone, short, ("gradient",))


def steps(optimizer: str, variant: str, hyper: Arguments) -> Iterator[Case]:
    written = "parameters", *SLOTS[optimizer]
    for label, size, step in (("one", 1, 0), ("odd", 37, 8), ("typical", MANY, 1000)):
        if label == "typical" and variant:
            continue
        inputs = optimizer, hyper, size, step
        yield Case(f"{optimizer}_step", label + variant, one_step, inputs, written, FUNCTION)


def before_the_step(label: str, size: int) -> Iterator[Case]:
    """Weight decay, clipping and regularisation."""
    decay, penalty = {"learning_rate": 0.125, "weight_decay": WEIGHT_DECAY}, {"l1": 0.1, "l2": 0.2}
    value, norm = {"clipvalue": 0.5}, {"clipnorm": 0.01}
    gradient, parameters = ("gradient",), ("parameters",)
    yield Case("weight_decay_step", label, parameters_alone, (size, decay), parameters, 2)
    yield Case("clip_by_value", label, gradient_alone, (size, value), gradient, 1)
    yield Case("squared_norm", label, gradient_alone, (size, {}), (), size)
    yield Case("clip_by_norm", label, gradient_alone, (size, norm), gradient, FUNCTION, 0.01)
    yield Case("penalty", label, parameters_alone, (size, penalty), (), size)
    yield Case("add_penalty_gradient", label, gradient_of_penalty, (size, penalty), gradient, 4)
