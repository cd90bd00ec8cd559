"""A learning rate for each epoch."""

import inspect
from collections.abc import Callable

from ..optimizers import LearningRateSchedule, Optimizer
from ..validation import as_function
from .callback import Callback, Logs


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch.

    The logs get the ``"learning_rate"`` of the epoch.

    Parameters
    ----------
    schedule : callable
        Called with the number of the epoch, counted from 0, and, if it takes two arguments, the
        learning rate; returns the new one.
    """

    _adds = ("learning_rate",)

    def __init__(self, schedule: Callable[..., float]):
        self.schedule = as_function("schedule", schedule)
        try:
            inspect.signature(schedule).bind(0, 0.1)
            self._takes_rate = True
        except TypeError:
            self._takes_rate = False
        except ValueError:  # a function written in C does not tell its arguments
            self._takes_rate = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        adjustable(self)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer, rate = adjustable(self)
        known = (rate,) if self._takes_rate else ()
        optimizer.learning_rate = self.schedule(epoch, *known)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            _, logs["learning_rate"] = adjustable(self)


def adjustable(callback: Callback) -> tuple[Optimizer, float]:
    """The optimiser of the fit, and its learning rate, which a callback can replace.

    Raises
    ------
    TypeError
        If the rate is a schedule.
    """
    optimizer = callback.model.optimizer
    assert optimizer is not None  # fit refuses a model that is not compiled
    rate = optimizer.learning_rate
    if isinstance(rate, LearningRateSchedule):
        raise TypeError(
            f"{type(callback).__name__} needs an optimizer whose learning rate is a number, got "
            f"{rate}"
        )
    return optimizer, rate
