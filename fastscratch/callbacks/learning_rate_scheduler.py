"""A learning rate for each epoch."""

import inspect
from collections.abc import Callable

from ..optimizers import LearningRateSchedule
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
        check_learning_rate(self)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        rate = (optimizer.learning_rate,) if self._takes_rate else ()
        optimizer.learning_rate = self.schedule(epoch, *rate)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            logs["learning_rate"] = self.model.optimizer.learning_rate


def check_learning_rate(callback: Callback) -> None:
    """Check that the learning rate is a number, which a callback can replace."""
    rate = callback.model.optimizer.learning_rate
    if isinstance(rate, LearningRateSchedule):
        raise TypeError(
            f"{type(callback).__name__} needs an optimizer whose learning rate is a number, got "
            f"{rate}"
        )
