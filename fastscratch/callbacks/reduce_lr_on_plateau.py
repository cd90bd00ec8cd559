"""A learning rate that falls when a fit no longer improves."""

from ..validation import as_integer, as_not_negative, as_number
from .callback import Logs
from .learning_rate_scheduler import optimizer_and_rate
from .monitor import Monitor


class ReduceLROnPlateau(Monitor):
    """Reduce the learning rate when a loss or a metric has not improved for some epochs.

    The logs get the ``"learning_rate"`` of the epoch.

    Parameters
    ----------
    monitor : str
        Name of the loss or the metric, as in the logs.
    factor : float
        The learning rate is multiplied by this; between 0 and 1.
    patience : int
        The rate is reduced after this many epochs in a row without an improvement.
    verbose : {0, 1}
        Whether to say when it is reduced.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" is what is true of the loss or the metric, and
        not known of other numbers.
    min_delta : float
        An improvement is a change of more than this.
    cooldown : int
        This many epochs after a reduction do not count.
    min_lr : float
        The rate is not reduced below this.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> reduce = callbacks.ReduceLROnPlateau("loss", factor=0.5, min_delta=10.0, patience=2)
    >>> history = model.fit(x, x, epochs=6, verbose=0, callbacks=[reduce])
    >>> np.round(history.history["learning_rate"], 5)
    array([0.01  , 0.01  , 0.01  , 0.005 , 0.005 , 0.0025])
    """

    _adds = ("learning_rate",)

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta, verbose)
        self.factor = as_number("factor", factor)
        if not 0 < self.factor < 1:
            raise ValueError(f"factor must be between 0 and 1, got {factor}")
        self.patience = as_integer("patience", patience, 0)
        self.cooldown = as_integer("cooldown", cooldown, 0)
        self.min_lr = as_not_negative("min_lr", min_lr)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        optimizer_and_rate(self)
        self.best = None
        self.wait = self.cooling = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer, rate = optimizer_and_rate(self)
        if logs is not None:
            logs["learning_rate"] = rate
        value = self.value(logs)
        if self.cooling > 0:
            self.cooling -= 1
            self.wait = 0
        if self.is_better(value, self.best):
            self.best, self.wait = value, 0
        elif self.cooling == 0:
            self.wait += 1
            if self.wait >= self.patience and rate > self.min_lr:
                lower = max(rate * self.factor, self.min_lr)
                optimizer.learning_rate = lower
                worse = f"{self.monitor} is no better than {self.best}"
                self.say(epoch, f"{worse}: the learning rate is {lower:g} now")
                self.cooling, self.wait = self.cooldown, 0
