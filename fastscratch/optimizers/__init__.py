"""Optimisers, under the names and defaults of ``keras.optimizers``.

They only hold numbers. The steps are computed in :mod:`fastscratch.kernels.optimizers`; the engine
asks an optimiser which of the ``UPDATES`` there it uses, and for its hyper-parameters.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..kernels.codes import OPTIMIZERS
from ..kernels.schedules import scheduled_rates
from ..validation import (
    as_flag,
    as_fraction,
    as_integer,
    as_not_negative,
    as_positive,
    one_of,
)
from . import schedules
from .schedules import LearningRateSchedule, as_known, as_schedule

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Optimizer",
    "RMSprop",
    "from_config",
    "get",
    "schedules",
]


def _rate(name: str, value: Any) -> float | LearningRateSchedule:
    return as_known(name, value) or as_not_negative(name, value)


def _optional(check: Callable[[str, Any], float]) -> Callable[[str, Any], float | None]:
    return lambda name, value: None if value is None else check(name, value)


# An argument means the same in every optimiser, so it has one check.
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "learning_rate": _rate,
    "momentum": as_fraction,
    "nesterov": as_flag,
    "rho": as_fraction,
    "centered": as_flag,
    "beta_1": as_fraction,
    "beta_2": as_fraction,
    "epsilon": as_positive,
    "initial_accumulator_value": as_not_negative,
    "weight_decay": _optional(as_not_negative),
    "clipnorm": _optional(as_positive),
    "clipvalue": _optional(as_positive),
    "global_clipnorm": _optional(as_positive),
    "gradient_accumulation_steps": _optional(lambda name, value: as_integer(name, value, 2)),
}


@dataclasses.dataclass(repr=False)
class Optimizer:
    """Base of all optimisers, with the arguments that they have in common.

    Attributes can be changed, and are then checked again.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    weight_decay : float, optional
        In each step the weights are also reduced by ``learning_rate * weight_decay * weights``.
    clipnorm : float, optional
        The gradient of each weight array is scaled down to this norm if its norm is larger.
    clipvalue : float, optional
        Each element of the gradient is limited to the range from minus this to this.
    global_clipnorm : float, optional
        The gradient of all weights together is scaled down to this norm if its norm is larger. At
        most one of the three may be set.
    gradient_accumulation_steps : int, optional
        The weights are updated only once in this many mini-batches, by the mean of their gradients;
        2 or more. A schedule of the learning rate counts mini-batches.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    AttributeError
        If an attribute is set that the optimiser does not have.
    """

    learning_rate: float | LearningRateSchedule
    weight_decay: float | None = dataclasses.field(default=None, kw_only=True)
    clipnorm: float | None = dataclasses.field(default=None, kw_only=True)
    clipvalue: float | None = dataclasses.field(default=None, kw_only=True)
    global_clipnorm: float | None = dataclasses.field(default=None, kw_only=True)
    gradient_accumulation_steps: int | None = dataclasses.field(default=None, kw_only=True)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dataclass_fields__:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} to set")
        object.__setattr__(self, name, _CHECKS[name](name, value))
        bounds = {
            bound: getattr(self, bound) for bound in ("clipnorm", "clipvalue", "global_clipnorm")
        }
        given = [bound for bound, value in bounds.items() if value is not None]
        if len(given) > 1:
            object.__setattr__(self, name, None)
            raise ValueError(
                f"at most one of {', '.join(bounds)} may be set, got {' and '.join(given)}"
            )

    def __repr__(self) -> str:
        """The learning rate, and each argument that is not its default."""
        shown = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name == "learning_rate" or getattr(self, field.name) != field.default
        }
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"

    @property
    def kind(self) -> str:
        """Name of the step, one of ``codes.OPTIMIZERS``."""
        raise NotImplementedError

    @property
    def code(self) -> int:
        """Place of :attr:`kind` in ``codes.OPTIMIZERS``."""
        return OPTIMIZERS.index(self.kind)

    @property
    def slots(self) -> tuple[str, ...]:
        """What is remembered for each parameter, in the order of the kernel's arguments."""
        raise NotImplementedError

    @property
    def n_slots(self) -> int:
        """How many numbers are remembered for each parameter."""
        return len(self.slots)

    @property
    def remembered(self) -> tuple[str, ...]:
        """:attr:`slots`, and the sum of gradients if they are added up over several steps."""
        if self.gradient_accumulation_steps is None:
            return self.slots
        return *self.slots, f"sum of {self.gradient_accumulation_steps} gradients"

    @property
    def n_remembered(self) -> int:
        """How many :attr:`remembered` are."""
        return len(self.remembered)

    @property
    def slot_start(self) -> float:
        """First value of all that is remembered."""
        return 0.0

    @property
    def schedule(self) -> LearningRateSchedule:
        """The learning rate as a schedule, constant if it is a number."""
        return as_schedule("learning_rate", self.learning_rate)

    def rates(self, first: int, count: int) -> np.ndarray:
        """The learning rates of this many steps from the first on."""
        rates = np.empty(count)
        if isinstance(self.learning_rate, float):
            rates[:] = self.learning_rate
        else:
            schedule = self.schedule
            scheduled_rates(rates, schedule.code, schedule.numbers(), first)
        return rates

    def hyper(self, step: int = 0) -> np.ndarray:
        """What the kernel takes for a step: learning rate, weight decay, and the rest in order."""
        return np.array([self.schedule(step), self.weight_decay or 0.0, *self._rest()], float)

    def _rest(self) -> tuple[float, ...]:
        return ()

    def get_config(self) -> dict[str, Any]:
        """The class and the arguments, in types that JSON has."""
        config = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        if isinstance(self.learning_rate, LearningRateSchedule):
            config["learning_rate"] = self.learning_rate.get_config()
        return {"class": type(self).__name__, **config}


@dataclasses.dataclass(repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent, ``parameters -= learning_rate * gradient``.

    The gradient is the mean over the mini-batch. With momentum,
    ``velocity = momentum * velocity - learning_rate * gradient`` and
    ``parameters += velocity``.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    momentum : float
        Fraction of the velocity that is kept in each step; from 0 to below 1.
    nesterov : bool
        Whether to use Nesterov's momentum: the parameters move by
        ``momentum * velocity - learning_rate * gradient``, with the new velocity.
    **kwargs
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`: see :class:`Optimizer`.
    """

    learning_rate: float | LearningRateSchedule = 0.01
    momentum: float = 0.0
    nesterov: bool = False

    @property
    def kind(self) -> str:
        return "momentum" if self.momentum else "sgd"

    @property
    def slots(self) -> tuple[str, ...]:
        return ("velocity",) if self.momentum else ()

    def _rest(self) -> tuple[float, ...]:
        return (self.momentum, self.nesterov) if self.momentum else ()


@dataclasses.dataclass(repr=False)
class RMSprop(Optimizer):
    """Steps along ``gradient / sqrt(mean_square + epsilon)``, with a running mean of the square.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    rho : float
        Fraction of the running mean that is kept in each step; from 0 to below 1.
    momentum : float
        Fraction of the previous step that is added to each step; from 0 to below 1.
    epsilon : float
        Prevents a division by zero.
    centered : bool
        Whether the square of the mean gradient is subtracted from the mean square, which makes it
        the variance.
    **kwargs
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`: see :class:`Optimizer`.

    References
    ----------
    Tieleman and Hinton (2012), Neural networks for machine learning, lecture 6.5.
    """

    learning_rate: float | LearningRateSchedule = 0.001
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    centered: bool = False

    @property
    def kind(self) -> str:
        return "rmsprop_momentum" if self.momentum or self.centered else "rmsprop"

    @property
    def slots(self) -> tuple[str, ...]:
        if self.momentum or self.centered:
            return "mean_square", "mean", "velocity"
        return ("mean_square",)

    def _rest(self) -> tuple[float, ...]:
        if self.momentum or self.centered:
            return self.rho, self.epsilon, self.momentum, self.centered
        return self.rho, self.epsilon


@dataclasses.dataclass(repr=False)
class Adagrad(Optimizer):
    """Steps along ``gradient / sqrt(sum + epsilon)``, with the sum of all its squares so far.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    initial_accumulator_value : float
        First value of the sum; not negative.
    epsilon : float
        Prevents a division by zero.
    **kwargs
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`: see :class:`Optimizer`.

    References
    ----------
    Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and stochastic
    optimization.
    """

    learning_rate: float | LearningRateSchedule = 0.001
    initial_accumulator_value: float = 0.1
    epsilon: float = 1e-7

    kind: ClassVar[str] = "adagrad"
    slots: ClassVar[tuple[str, ...]] = ("sum_of_squares",)

    @property
    def slot_start(self) -> float:
        return self.initial_accumulator_value

    def _rest(self) -> tuple[float, ...]:
        return (self.epsilon,)


@dataclasses.dataclass(repr=False)
class Adam(Optimizer):
    """Steps along ``mean / (sqrt(mean_square) + epsilon)``.

    The running means of the gradient and of its square are corrected for their start at 0.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    beta_1, beta_2 : float
        Fraction of the running mean of the gradient, and of its square, that is kept in each step;
        from 0 to below 1.
    epsilon : float
        Prevents a division by zero.
    **kwargs
        `weight_decay`, `clipnorm`, `clipvalue`, `global_clipnorm`: see :class:`Optimizer`.

    References
    ----------
    Kingma and Ba (2015), Adam: a method for stochastic optimization.
    """

    learning_rate: float | LearningRateSchedule = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    slots: ClassVar[tuple[str, ...]] = ("mean", "mean_square")

    @property
    def kind(self) -> str:
        return "adamw" if self.weight_decay else "adam"

    def _rest(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon


@dataclasses.dataclass(repr=False)
class AdamW(Optimizer):
    """:class:`Adam` with weight decay by default.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        Not negative; at 0 the weights stay.
    weight_decay : float
        In each step the weights are also reduced by ``learning_rate * weight_decay * weights``;
        None is 0.
    beta_1, beta_2, epsilon : float
        As in :class:`Adam`.
    **kwargs
        `clipnorm`, `clipvalue`, `global_clipnorm`: see :class:`Optimizer`.

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization.
    """

    learning_rate: float | LearningRateSchedule = 0.001
    weight_decay: float | None = 0.004
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7

    kind: ClassVar[str] = "adamw"
    slots: ClassVar[tuple[str, ...]] = ("mean", "mean_square")

    def _rest(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon


_BY_NAME = {kind.__name__.lower(): kind for kind in (SGD, RMSprop, Adagrad, Adam, AdamW)}


def get(identifier: str | Optimizer) -> Optimizer:
    """The optimiser of a name, with its defaults; an instance is returned as it is.

    Parameters
    ----------
    identifier : {"sgd", "rmsprop", "adagrad", "adam", "adamw"} or Optimizer

    Returns
    -------
    Optimizer

    Raises
    ------
    ValueError
        If it is neither a known name nor an Optimizer.
    """
    if isinstance(identifier, Optimizer):
        if not isinstance(identifier, tuple(_BY_NAME.values())):
            known = ", ".join(kind.__name__ for kind in _BY_NAME.values())
            raise ValueError(
                f"optimizer must be one of {known}, got one with a formula of its own, "
                f"{type(identifier).__name__}"
            )
        return identifier
    name = identifier.lower() if isinstance(identifier, str) else identifier
    return _BY_NAME[one_of("optimizer", name, tuple(_BY_NAME))]()


def from_config(config: dict[str, Any]) -> Optimizer:
    """The optimiser whose `get_config` returned a config.

    Raises
    ------
    TypeError, ValueError
        If `config` is not from an optimiser.
    """
    if not isinstance(config, dict):
        raise TypeError(f"config must be a dict, got {type(config).__name__}")
    arguments = dict(config)
    kind = one_of(
        "class", arguments.pop("class", None), tuple(k.__name__ for k in _BY_NAME.values())
    )
    if isinstance(arguments.get("learning_rate"), dict):
        arguments["learning_rate"] = schedules.from_config(arguments["learning_rate"])
    return _BY_NAME[kind.lower()](**arguments)
