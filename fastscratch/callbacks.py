"""Callbacks: what is done between the epochs of a fit, under the names of ``keras.callbacks``."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .optimizers import LearningRateSchedule, Optimizer
from .validation import (
    as_flag,
    as_function,
    as_integer,
    as_model_path,
    as_not_negative,
    as_number,
    as_path,
    as_text,
    one_of,
)

if TYPE_CHECKING:
    from .models import Sequential

__all__ = [
    "CSVLogger",
    "Callback",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ReduceLROnPlateau",
]

Logs = dict[str, float]


class Callback:
    """Base of all callbacks: every hook does nothing.

    The `logs` of an epoch hold the loss and the metrics; the names of those of the validation data
    begin with ``val_``. Only if a callback has a hook for batches does the fit return to Python
    after each step, which is slower.

    Attributes
    ----------
    model : Sequential
        The model that is fitted; ``model.stop_training = True`` ends the fit after the epoch.
    params : dict
        "epochs", "steps" (of an epoch) and "verbose".
    """

    model: "Sequential"
    params: dict[str, Any]

    def set_model(self, model: "Sequential") -> None:
        """Receive the model, before the fit begins."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the parameters of the fit, before it begins."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called after the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a step."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a step; `logs` holds the means over the epoch so far."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before the model is evaluated on the validation data."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after the model was evaluated on the validation data."""

    @property
    def wants_batches(self) -> bool:
        """Whether the class overrides a hook for batches."""
        hooks = ("on_train_batch_begin", "on_train_batch_end")
        return any(getattr(type(self), hook) is not getattr(Callback, hook) for hook in hooks)


class History(Callback):
    """The losses and metrics of all epochs; what ``fit`` returns.

    Attributes
    ----------
    history : dict of lists
        A number for each epoch, under each of these names: ``"loss"``, the mean over the
        mini-batches, each taken before its update; the name of each metric; and for the validation
        data the same names after ``val_``.
    epoch : list of int
        Numbers of the epochs; the first is 0.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)


class _Monitor(Callback):
    """Base of callbacks that watch whether a loss or a metric improves."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0):
        self.monitor = as_text("monitor", monitor)
        one_of("mode", mode, ("auto", "min", "max"))
        rising = ("accuracy", "auc", "precision", "recall", "r2_score")
        if mode == "auto":
            mode = "max" if monitor.endswith(rising) else "min"
        self.sign = 1 if mode == "max" else -1
        self.min_delta = as_not_negative("min_delta", min_delta)
        self.best = -self.sign * np.inf

    def value(self, logs: Logs | None) -> float:
        """The number that is watched."""
        reported = logs or {}
        if self.monitor not in reported:
            raise ValueError(
                f"{type(self).__name__} monitors {self.monitor!r}; the fit reports only "
                + ", ".join(map(repr, reported))
            )
        return reported[self.monitor]

    def is_better(self, value: float) -> bool:
        """Whether a value is better than the best so far, which it then replaces."""
        if self.sign * (value - self.best) > self.min_delta:
            self.best = value
            return True
        return False


class EarlyStopping(_Monitor):
    """End the fit when a loss or a metric has not improved for some epochs.

    Parameters
    ----------
    monitor : str
        Name of the loss or the metric, as in the logs.
    min_delta : float
        An improvement is a change of more than this.
    patience : int
        The fit ends after this many epochs in a row without an improvement.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" decides by the name.
    baseline : float, optional
        The first epoch that counts as an improvement must be better than this.
    restore_best_weights : bool
        Whether the model gets back the weights of its best epoch when the fit ends.
    start_from_epoch : int
        Epochs before this one do not count.

    Attributes
    ----------
    stopped_epoch : int
        The epoch after which the fit was ended; 0 if it was not.
    best_epoch : int
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.patience = as_integer("patience", patience, 0)
        self.baseline = None if baseline is None else as_number("baseline", baseline)
        self.restore_best_weights = as_flag("restore_best_weights", restore_best_weights)
        self.start_from_epoch = as_integer("start_from_epoch", start_from_epoch, 0)
        self._best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = -self.sign * np.inf if self.baseline is None else self.baseline
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self._best_weights = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        value = self.value(logs)
        if epoch < self.start_from_epoch:
            return
        if self.is_better(value):
            self.wait, self.best_epoch = 0, epoch
            if self.restore_best_weights:
                self._best_weights = self.model.get_weights()
            return
        self.wait += 1
        if self.wait >= max(self.patience, 1):
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
            self._best_weights = None


class ModelCheckpoint(_Monitor):
    """Save the model after each epoch, or after those that are the best so far.

    Parameters
    ----------
    filepath : path
        Can contain the epoch, counted from 1, and the logs, as in
        ``"model-{epoch:02d}-{val_loss:.3f}.safetensors"``.
    monitor : str
        Name of the loss or the metric that decides which epoch is the best.
    save_best_only : bool
        Whether to save only after an epoch that is the best so far.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" decides by the name.
    save_freq : int, optional
        Number of epochs from one save to the next.
    """

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        save_best_only: bool = False,
        mode: str = "auto",
        save_freq: int = 1,
    ):
        super().__init__(monitor, mode)
        self.filepath = str(as_model_path("filepath", filepath))
        self.save_best_only = as_flag("save_best_only", save_best_only)
        self.save_freq = as_integer("save_freq", save_freq, 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if (epoch + 1) % self.save_freq:
            return
        if self.save_best_only and not self.is_better(self.value(logs)):
            return
        self.model.save(self.filepath.format(epoch=epoch + 1, **(logs or {})))


class ReduceLROnPlateau(_Monitor):
    """Reduce the learning rate when a loss or a metric has not improved for some epochs.

    Parameters
    ----------
    monitor : str
        Name of the loss or the metric, as in the logs.
    factor : float
        The learning rate is multiplied by this; between 0 and 1.
    patience : int
        The rate is reduced after this many epochs in a row without an improvement.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" decides by the name.
    min_delta : float
        An improvement is a change of more than this.
    cooldown : int
        This many epochs after a reduction do not count.
    min_lr : float
        The rate is not reduced below this.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        super().__init__(monitor, mode, min_delta)
        self.factor = as_number("factor", factor)
        if not 0 < self.factor < 1:
            raise ValueError(f"factor must be between 0 and 1, got {factor}")
        self.patience = as_integer("patience", patience, 0)
        self.cooldown = as_integer("cooldown", cooldown, 0)
        self.min_lr = as_not_negative("min_lr", min_lr)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.best = -self.sign * np.inf
        self.wait = self.cooling = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        better = self.is_better(self.value(logs))
        if self.cooling > 0:
            self.cooling -= 1
            self.wait = 0
        if better:
            self.wait = 0
        elif self.cooling == 0:
            self.wait += 1
            optimizer, rate = _adjustable(self)
            if self.wait >= max(self.patience, 1) and rate > self.min_lr:
                optimizer.learning_rate = max(rate * self.factor, self.min_lr)
                self.cooling, self.wait = self.cooldown, 0


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch.

    Parameters
    ----------
    schedule : callable
        Called with the number of the epoch, counted from 0, and the learning rate; returns the
        new one.
    """

    def __init__(self, schedule: Callable[[int, float], float]):
        self.schedule = as_function("schedule", schedule)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        optimizer, rate = _adjustable(self)
        optimizer.learning_rate = self.schedule(epoch, rate)


def _adjustable(callback: Callback) -> tuple[Optimizer, float]:
    """The optimiser of the fit, and its learning rate, which a callback is about to replace."""
    optimizer = callback.model.optimizer
    assert optimizer is not None  # fit refuses a model that is not compiled
    rate = optimizer.learning_rate
    if isinstance(rate, LearningRateSchedule):
        raise TypeError(
            f"{type(callback).__name__} needs an optimizer whose learning rate is a number, got "
            f"{rate}"
        )
    return optimizer, rate


class CSVLogger(Callback):
    """Write the logs of each epoch as a row of a CSV file.

    Parameters
    ----------
    filename : path
    separator : str
        One character.
    append : bool
        Whether rows are added to a file that exists; if not, it is replaced.
    """

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False):
        self.filename, self.append = as_path("filename", filename), as_flag("append", append)
        self.separator = as_text("separator", separator)
        if len(separator) != 1:
            raise ValueError(f"separator must be one character, got {separator!r}")
        self._has_header = False

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._has_header = self.append and self.filename.exists()
        if not self.append:
            self.filename.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        row = {"epoch": epoch, **(logs or {})}
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, row, delimiter=self.separator)
            if not self._has_header:
                writer.writeheader()
                self._has_header = True
            writer.writerow(row)


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin, \
on_train_batch_end : callable, optional
        Called with the arguments of the hook of the same name.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[[int, Logs], Any] | None = None,
        on_epoch_end: Callable[[int, Logs], Any] | None = None,
        on_train_begin: Callable[[Logs], Any] | None = None,
        on_train_end: Callable[[Logs], Any] | None = None,
        on_train_batch_begin: Callable[[int, Logs], Any] | None = None,
        on_train_batch_end: Callable[[int, Logs], Any] | None = None,
    ):
        hooks = {
            name: as_function(name, hook)
            for name, hook in locals().items()
            if name.startswith("on_") and hook is not None
        }
        for name, hook in hooks.items():
            setattr(self, name, hook)
        self._wants_batches = any("batch" in name for name in hooks)

    @property
    def wants_batches(self) -> bool:
        """Whether a hook for batches was given."""
        return self._wants_batches
