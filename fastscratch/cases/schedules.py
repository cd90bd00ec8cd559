"""Learning rates by step."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .case import FUNCTION, Arguments, Case, Rng, unset

#: Each schedule, with and without what can be switched.
NUMBERS = (
    ("Constant", [0.1]),
    ("ExponentialDecay", [0.1, 10, 0.5, 0]),
    ("ExponentialDecay", [0.1, 10, 0.5, 1]),
    ("PiecewiseConstantDecay", [4, 15, 0.3, 0.2, 0.1]),
    ("PolynomialDecay", [0.1, 10, 0.01, 2, 0]),
    ("PolynomialDecay", [0.1, 10, 0.01, 0.5, 1]),
    ("InverseTimeDecay", [0.1, 10, 2, 0]),
    ("InverseTimeDecay", [0.1, 10, 2, 1]),
    ("CosineDecay", [0.1, 10, 0.05, 0.1, 0]),
    ("CosineDecay", [0.01, 10, 0.05, 0.1, 5]),
    ("CosineDecayRestarts", [0.1, 5, 1, 0.5, 0.05]),
    ("CosineDecayRestarts", [0.1, 5, 2, 0.9, 0.05]),
)
#: Before, at and after the steps at which these schedules change; the last is no float32 number.
STEPS = (0, 4, 5, 10, 15, 23, 20_000_001)

#: Ten epochs of 469 mini-batches, the first of them warming up.
LONG_COSINE = [0.001, 4221, 0.0, 0.1, 469]


def one_rate(rng: Rng, schedule: str, numbers: list[float], step: int) -> Arguments:
    return {"schedule": schedule, "numbers": np.array(numbers, float), "step": step}


def rates(rng: Rng, n_steps: int, numbers: list[float], first_step: int) -> Arguments:
    return {
        "learning_rates": unset(n_steps),
        "schedule": "CosineDecay",
        "numbers": np.array(numbers, float),
        "first_step": first_step,
    }


def cases() -> Iterator[Case]:
    for schedule, numbers in NUMBERS:
        name = f"{schedule}-{'-'.join(f'{number:g}' for number in numbers)}"
        for step in STEPS:
            yield rate(f"{name}-step-{step}", schedule, numbers, step)
    yield rate("CosineDecay-typical", "CosineDecay", LONG_COSINE, 2000)

    for label, *inputs in (
        ("one", 1, [0.01, 50, 0.05, 0.1, 20], 7),
        ("typical", 4690, LONG_COSINE, 0),
    ):
        written = ("learning_rates",)
        doubles = "learning_rates", "numbers"
        yield Case("scheduled_rates", label, rates, (*inputs,), written, FUNCTION, 0.1, doubles)


def rate(label: str, *inputs: Any) -> Case:
    return Case("scheduled_rate", label, one_rate, inputs, (), FUNCTION, 0.1, ("numbers",))
