"""A learning rate for each epoch."""

import inspect
from collections.abc import Callable

from .. import output
from ..optimizers import Optimizer
from ..optimizers.schedules import LearningRateSchedule
from ..validation import as_function
from .callback import Callback, Logs, as_verbose


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch.

    The logs get the ``"learning_rate"`` of the epoch.

    Parameters
    ----------
    schedule : callable
        Called with the number of the epoch, counted from 0, and, if it takes two arguments, the
        learning rate; returns the new one.
    verbose : {0, 1}
        Whether to say the rate of each epoch.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> halve = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> history = model.fit(x, x, epochs=3, verbose=0, callbacks=[halve])
    >>> np.round(history.history["learning_rate"], 5)
    array([0.005  , 0.0025 , 0.00125])
    """

    _adds = ("learning_rate",)

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        self.verbose = as_verbose(verbose)
        self.schedule = as_function("schedule", schedule)
        try:
            inspect.signature(schedule).bind(0, 0.1)
            self._takes_rate = True
        except TypeError:
            self._takes_rate = False
        except ValueError:  # a function written in C does not tell its arguments
            self._takes_rate = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        optimizer_and_rate(self)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer, rate = optimizer_and_rate(self)
        optimizer.learning_rate = self.schedule(epoch, *((rate,) if self._takes_rate else ()))
        if self.verbose:
            output.say(f"Epoch {epoch + 1}: the learning rate is {optimizer.learning_rate:g}")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if logs is not None:
            _, logs["learning_rate"] = optimizer_and_rate(self)


def optimizer_and_rate(callback: Callback) -> tuple[Optimizer, float]:
    """The optimiser of the model, and its learning rate, which a callback can replace.

    Raises
    ------
    TypeError
        If the learning rate is no number but a schedule.
    """
    optimizer = callback.model.optimizer
    assert optimizer is not None  # a model that is fitted is compiled
    rate = optimizer.learning_rate
    if isinstance(rate, LearningRateSchedule):
        raise TypeError(
            f"{type(callback).__name__} needs an optimizer whose learning rate is a number, got "
            f"{rate}"
        )
    return optimizer, rate
