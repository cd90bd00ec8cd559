"""What all optimisers have in common."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels.codes import CONSTANT, OPTIMIZERS
from ..kernels.schedules import scheduled_rates
from ..validation import (
    as_flag,
    as_fraction,
    as_integer,
    as_not_negative,
    as_positive,
    as_text,
)
from .schedules import LearningRateSchedule, as_known, as_schedule

#: Name of the moving average of the weights among what is remembered.
AVERAGE = "average"


def _rate(name: str, value: Any) -> float | LearningRateSchedule:
    return as_known(name, value) or as_not_negative(name, value)


def _optional(check: Callable[[str, Any], float]) -> Callable[[str, Any], float | None]:
    return lambda name, value: None if value is None else check(name, value)


def _share(name: str, value: Any) -> float:
    share = as_not_negative(name, value)
    if share > 1:
        raise ValueError(f"{name} must be from 0 to 1, got {value}")
    return share


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
    "use_ema": as_flag,
    "ema_momentum": _share,
    "ema_overwrite_frequency": _optional(lambda name, value: as_integer(name, value, 1)),
    "gradient_accumulation_steps": _optional(lambda name, value: as_integer(name, value, 2)),
    "amsgrad": as_flag,
    "name": as_text,
}


#: Of the gradient; at most one may be set.
_BOUNDS = "clipnorm", "clipvalue", "global_clipnorm"


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
    use_ema : bool
        Whether a moving average of the weights is kept. It replaces the weights at the end of a
        fit; :class:`~fastscratch.callbacks.SwapEMAWeights` evaluates it after each epoch.
    ema_momentum : float
        Part of that average that is kept in each step; from 0 to 1.
    ema_overwrite_frequency : int, optional
        The average also replaces the weights each time that they have been updated so often.
    gradient_accumulation_steps : int, optional
        The weights are updated only once in this many mini-batches, by the mean of their gradients;
        2 or more. A schedule of the learning rate counts mini-batches.
    name : str, optional
        For your own use; by default that of the class.

    Raises
    ------
    TypeError, ValueError
        If an argument is out of range.
    AttributeError
        If an attribute is set that the optimiser does not have.

    Examples
    --------
    >>> from fastscratch import optimizers
    >>> optimizer = optimizers.SGD(0.1, clipnorm=1.0)
    >>> optimizer.learning_rate, optimizer.clipnorm
    (0.1, 1.0)
    """

    learning_rate: float | LearningRateSchedule
    weight_decay: float | None = dataclasses.field(default=None, kw_only=True)
    clipnorm: float | None = dataclasses.field(default=None, kw_only=True)
    clipvalue: float | None = dataclasses.field(default=None, kw_only=True)
    global_clipnorm: float | None = dataclasses.field(default=None, kw_only=True)
    use_ema: bool = dataclasses.field(default=False, kw_only=True)
    ema_momentum: float = dataclasses.field(default=0.99, kw_only=True)
    ema_overwrite_frequency: int | None = dataclasses.field(default=None, kw_only=True)
    gradient_accumulation_steps: int | None = dataclasses.field(default=None, kw_only=True)
    name: str | None = dataclasses.field(default="optimizer", kw_only=True)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.__dataclass_fields__:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r} to set")
        if name == "name" and value is None:
            value = self.__dataclass_fields__[name].default
        object.__setattr__(self, name, _CHECKS[name](name, value))
        if name in _BOUNDS and value is not None:
            given = [bound for bound in _BOUNDS if getattr(self, bound) is not None]
            if len(given) > 1:
                object.__setattr__(self, name, None)
                raise ValueError(
                    f"at most one of {', '.join(_BOUNDS)} may be set, got {' and '.join(given)}"
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
        """:attr:`slots`, the average of the weights, and the sum of gradients, if there are any."""
        remembered = self.slots
        if self.use_ema:
            remembered += (AVERAGE,)
        if self.gradient_accumulation_steps is not None:
            remembered += (f"sum of {self.gradient_accumulation_steps} gradients",)
        return remembered

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

    def scheduled(self) -> tuple[int, np.ndarray]:
        """:attr:`schedule` as kernels take it: its code, and its numbers."""
        if isinstance(self.learning_rate, float):  # spares to make an object of it
            return CONSTANT, np.array([self.learning_rate])
        return self.schedule.code, self.schedule.numbers()

    def rates(self, first: int, count: int) -> np.ndarray:
        """The learning rates of this many steps from the first on."""
        rates = np.empty(count)
        if isinstance(self.learning_rate, float):
            rates[:] = self.learning_rate
        else:
            scheduled_rates(rates, *self.scheduled(), first)
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
