"""Learning-rate schedules, under the names and defaults of ``keras.optimizers.schedules``.

A schedule is called with the number of a step, counted from 0, and returns its learning rate. It
only holds the numbers: the formulas are in :func:`fastscratch.kernels.schedules.scheduled_rate`,
which compiled training calls at each step.
"""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.codes import SCHEDULES
from ..kernels.schedules import scheduled_rate
from ..validation import (
    as_flag,
    as_fraction,
    as_integer,
    as_not_negative,
    as_positive,
    one_of,
)

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
]


@dataclasses.dataclass(frozen=True)
class LearningRateSchedule:
    """Base of all schedules.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> from fastscratch.optimizers import schedules
    >>> model = Sequential([layers.Input((2,)), layers.Dense(1)])
    >>> rate = schedules.ExponentialDecay(0.1, decay_steps=1000, decay_rate=0.5)
    >>> model.compile(optimizers.SGD(rate), "mean_squared_error")
    """

    # Place of the schedule's name, or that of its base, in ``codes.SCHEDULES``.
    _code = None  # type: int | None  # an annotation would make it an argument

    def __init_subclass__(cls) -> None:
        names = [kind.__name__ for kind in cls.__mro__]
        cls._code = next((SCHEDULES.index(name) for name in names if name in SCHEDULES), None)

    def __call__(self, step: int) -> float:
        """Learning rate of a step.

        Parameters
        ----------
        step : int
            Number of the step, counted from 0.

        Raises
        ------
        TypeError, ValueError
            If it is not an integer, or negative.
        """
        return float(scheduled_rate(self.code, self.numbers(), as_integer("step", step, 0)))

    @property
    def code(self) -> int:
        """What the kernel knows the schedule by."""
        assert self._code is not None  # `as_known` refuses others
        return self._code

    def numbers(self) -> np.ndarray:
        """What the kernel takes: the arguments in their order, as float64."""
        return np.array([getattr(self, name) for name in self.__dataclass_fields__], float)

    def get_config(self) -> dict[str, Any]:
        """The class and the arguments, in types that JSON has."""
        return {"class": type(self).__name__, **dataclasses.asdict(self)}

    def _check(self, **checks: Any) -> None:
        """Put each named argument through its check."""
        for name, check in checks.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))


@dataclasses.dataclass(frozen=True)
class Constant(LearningRateSchedule):
    """The same learning rate for all steps; a number given as a schedule is made into this."""

    learning_rate: float

    def __post_init__(self) -> None:
        self._check(learning_rate=as_not_negative)


@dataclasses.dataclass(frozen=True)
class ExponentialDecay(LearningRateSchedule):
    """A rate that is multiplied by `decay_rate` in the course of every `decay_steps` steps.

    ``initial_learning_rate * decay_rate ** (step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    decay_rate : float
        Positive.
    staircase : bool
        Change the rate only every `decay_steps` steps: ``step / decay_steps`` is rounded down.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from fastscratch.optimizers import schedules
    >>> rate = schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    >>> [round(float(rate(step)), 4) for step in (0, 100, 200)]
    [0.1, 0.05, 0.025]
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        self._check(
            initial_learning_rate=as_not_negative,
            decay_steps=as_positive,
            decay_rate=as_positive,
            staircase=as_flag,
        )


@dataclasses.dataclass(frozen=True)
class InverseTimeDecay(LearningRateSchedule):
    """A rate that falls in inverse proportion to the time.

    ``initial_learning_rate / (1 + decay_rate * step / decay_steps)``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    decay_rate : float
        Not negative.
    staircase : bool
        Change the rate only every `decay_steps` steps: ``step / decay_steps`` is rounded down.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from fastscratch.optimizers import schedules
    >>> rate = schedules.InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)
    >>> [round(float(rate(step)), 4) for step in (0, 100, 300)]
    [0.1, 0.05, 0.025]
    """

    initial_learning_rate: float
    decay_steps: int
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        self._check(
            initial_learning_rate=as_not_negative,
            decay_steps=as_positive,
            decay_rate=as_not_negative,
            staircase=as_flag,
        )


@dataclasses.dataclass(frozen=True)
class PiecewiseConstantDecay(LearningRateSchedule):
    """A constant rate up to each of the given steps, which is included.

    ``values[0]`` while ``step <= boundaries[0]``, then ``values[1]`` while
    ``step <= boundaries[1]``, and so on; after the last boundary the last value.

    Parameters
    ----------
    boundaries : sequence of int
        Increasing.
    values : sequence of float
        One more than there are boundaries.

    Raises
    ------
    TypeError, ValueError
        If the lengths do not match, or a number is out of range.

    Examples
    --------
    >>> from fastscratch.optimizers import schedules
    >>> rate = schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
    >>> [float(rate(step)) for step in (0, 150, 250)]
    [0.1, 0.01, 0.001]
    """

    boundaries: Sequence[int]
    values: Sequence[float]

    def __post_init__(self) -> None:
        self._check(boundaries=_each(as_not_negative), values=_each(as_not_negative))
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"values must have one element more than boundaries, got {len(self.values)} and "
                f"{len(self.boundaries)}"
            )
        if any(b <= a for a, b in itertools.pairwise(self.boundaries)):
            raise ValueError(f"boundaries must increase, got {list(self.boundaries)}")

    def numbers(self) -> np.ndarray:
        """What the kernel takes: the boundaries, then the values."""
        return np.array([*self.boundaries, *self.values], float)


@dataclasses.dataclass(frozen=True)
class PolynomialDecay(LearningRateSchedule):
    """From one rate to another, along a power of the share of the steps that is left.

    ``(initial - end) * (1 - step / decay_steps) ** power + end``, and `end_learning_rate` after
    `decay_steps`.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    end_learning_rate : float
        Not negative.
    power : float
        Positive; 1 is a straight line.
    cycle : bool
        Begin again after `decay_steps`, which is then replaced by the smallest multiple of it that
        is not below the step.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    Examples
    --------
    >>> from fastscratch.optimizers import schedules
    >>> rate = schedules.PolynomialDecay(0.1, decay_steps=100, end_learning_rate=0.0)
    >>> [round(float(rate(step)), 4) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    """

    initial_learning_rate: float
    decay_steps: int
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        self._check(
            initial_learning_rate=as_not_negative,
            decay_steps=as_positive,
            end_learning_rate=as_not_negative,
            power=as_positive,
            cycle=as_flag,
        )


@dataclasses.dataclass(frozen=True)
class CosineDecay(LearningRateSchedule):
    """Half a period of a cosine, after a linear warm-up if `warmup_target` is given.

    ``rate * (alpha + (1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2)``, and
    ``rate * alpha`` after `decay_steps`; `rate` is the initial one or the warm-up's target.

    Parameters
    ----------
    initial_learning_rate : float
        Not negative if there is a warm-up, else positive.
    decay_steps : int
        Steps of the decay, after those of the warm-up.
    alpha : float
        The last rate as a fraction of `rate`; from 0 to below 1.
    warmup_target : float, optional
        The rate at the end of the warm-up.
    warmup_steps : int
        Steps of the warm-up.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range, or there are warm-up steps but no target.

    References
    ----------
    Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts.

    Examples
    --------
    >>> from fastscratch.optimizers import schedules
    >>> rate = schedules.CosineDecay(0.1, decay_steps=100)
    >>> [round(float(rate(step)), 4) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    """

    initial_learning_rate: float
    decay_steps: int
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: int = 0

    def __post_init__(self) -> None:
        warms_up = self.warmup_target is not None
        self._check(
            initial_learning_rate=as_not_negative,
            decay_steps=as_positive,
            alpha=as_fraction,
            warmup_steps=as_not_negative,
        )
        if warms_up:
            self._check(warmup_target=as_positive)
        elif self.warmup_steps:
            raise ValueError(f"warmup_steps={self.warmup_steps:g} needs a warmup_target, got None")

    def numbers(self) -> np.ndarray:
        """What the kernel takes: the arguments in their order; no warm-up is one of 0 steps."""
        target = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        return np.array(
            [self.initial_learning_rate, self.decay_steps, self.alpha, target, self.warmup_steps],
            float,
        )


@dataclasses.dataclass(frozen=True)
class CosineDecayRestarts(LearningRateSchedule):
    """Half a period of a cosine, again and again: each restart is a jump back up.

    ``initial_learning_rate * (alpha + (1 - alpha) * m_mul**i * (1 + cos(pi * share)) / 2)``, where
    `i` restarts have been and `share` is how much of the period since the last one is over.

    Parameters
    ----------
    initial_learning_rate : float
        Positive.
    first_decay_steps : int
        Steps of the first period.
    t_mul : float
        Each period is this many times as long as the one before; 1 or more.
    m_mul : float
        Each period begins at this many times the rate of the one before; positive.
    alpha : float
        The last rate of a period as a fraction of the initial one; from 0 to below 1.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.

    References
    ----------
    Loshchilov and Hutter (2017), SGDR: stochastic gradient descent with warm restarts.

    Examples
    --------
    >>> from fastscratch.optimizers import schedules
    >>> rate = schedules.CosineDecayRestarts(0.1, first_decay_steps=100)
    >>> [round(float(rate(step)), 4) for step in (0, 50, 100, 200)]
    [0.1, 0.05, 0.1, 0.05]
    """

    initial_learning_rate: float
    first_decay_steps: int
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def __post_init__(self) -> None:
        self._check(
            initial_learning_rate=as_positive,
            first_decay_steps=as_positive,
            t_mul=as_positive,
            m_mul=as_positive,
            alpha=as_fraction,
        )
        if self.t_mul < 1:
            raise ValueError(f"t_mul must be at least 1, got {self.t_mul}")


def _each(check: Any) -> Any:
    """A check that a value is a sequence and that each element passes `check`."""

    def check_all(name: str, value: Any) -> tuple[Any, ...]:
        is_row = isinstance(value, np.ndarray) and value.ndim == 1
        if isinstance(value, (str, bytes)) or not (is_row or isinstance(value, Sequence)):
            raise TypeError(f"{name} must be a sequence of numbers, got {type(value).__name__}")
        return tuple(check(f"{name}[{i}]", element) for i, element in enumerate(value))

    return check_all


def as_schedule(name: str, value: Any) -> LearningRateSchedule:
    """A schedule; a number is made into a constant one."""
    return as_known(name, value) or Constant(as_not_negative(name, value))


def as_known(name: str, value: Any) -> LearningRateSchedule | None:
    """A schedule, or None for what is none.

    Raises
    ------
    ValueError
        If it is of a class with a formula of its own, which compiled training could not call.
    """
    if not isinstance(value, LearningRateSchedule):
        return None
    kind = type(value)
    if kind.__call__ is not LearningRateSchedule.__call__ or kind._code is None:
        raise ValueError(
            f"{name} must be a number or a schedule of optimizers.schedules, got one with a "
            f"formula of its own, {kind.__name__}; callbacks.LearningRateScheduler takes functions"
        )
    return value


def from_config(config: dict[str, Any]) -> LearningRateSchedule:
    """The schedule whose `get_config` returned a config.

    Raises
    ------
    TypeError, ValueError
        If `config` is not from a schedule.
    """
    arguments = dict(config)
    return globals()[one_of("class", arguments.pop("class", None), SCHEDULES)](**arguments)
