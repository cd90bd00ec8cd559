"""The end of a fit that no longer improves."""

import numpy as np

from ..validation import as_flag, as_integer, as_number
from .callback import Logs
from .monitor import Monitor


class EarlyStopping(Monitor):
    """End the fit when a loss or a metric has not improved for some epochs.

    The best value is too good an estimate, because the data it is of have chosen the epoch.

    Parameters
    ----------
    monitor : str
        Name of the loss or the metric, as in the logs.
    min_delta : float
        An improvement is a change of more than this.
    patience : int
        The fit ends after this many epochs in a row without an improvement.
    verbose : {0, 1}
        Whether to say when the fit is ended, and which weights are given back.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" is what is true of the loss or the metric, and
        not known of other numbers.
    baseline : float, optional
        Only an epoch that is better than this starts the count of `patience` anew.
    restore_best_weights : bool
        Whether the model gets back the weights of its best epoch when the fit ends, be that better
        than `baseline` or not.
    start_from_epoch : int
        Epochs before this one do not count.

    Attributes
    ----------
    stopped_epoch : int
        The epoch after which the fit was ended; 0 if it was not.
    best_epoch : int

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> stop = callbacks.EarlyStopping("loss", min_delta=10.0, patience=2)
    >>> history = model.fit(x, x, epochs=100, verbose=0, callbacks=[stop])
    >>> len(history.epoch)  # no epoch is better than the first by 10
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta, verbose)
        self.patience = as_integer("patience", patience, 0)
        self.baseline = None if baseline is None else as_number("baseline", baseline)
        self.restore_best_weights = as_flag("restore_best_weights", restore_best_weights)
        self.start_from_epoch = as_integer("start_from_epoch", start_from_epoch, 0)
        self._best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        super().on_train_begin(logs)
        self.best = self._best_weights = None
        self.wait = self.stopped_epoch = self.best_epoch = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.value(logs)
        if epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.is_better(value, self.best):
            self.best, self.best_epoch = value, epoch
            if self.restore_best_weights:
                self._best_weights = self.model.get_weights()
            if self.is_better(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.say(epoch, f"{self.monitor} is no better than {self.best}: the fit ends")
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
            self.say(self.best_epoch, f"{self.monitor} was {self.best}: the model has its weights")
            self._best_weights = None
