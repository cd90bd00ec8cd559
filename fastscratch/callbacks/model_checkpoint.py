"""The model in a file, again and again while it is fitted."""

import os
import string
from collections.abc import Sequence
from pathlib import Path

from ..validation import as_flag, as_integer, as_model_path, as_number, one_of
from .callback import Logs
from .monitor import Monitor


class ModelCheckpoint(Monitor):
    """Save the model after each epoch, or after those that are the best so far.

    Parameters
    ----------
    filepath : path
        Can contain the epoch, counted from 1, and the logs, as in
        ``"model-{epoch:02d}-{val_loss:.3f}.safetensors"``; also the ``batch``, counted from 1, if
        `save_freq` counts them.
    monitor : str
        Name of the loss or the metric that decides which epoch is the best.
    verbose : {0, 1}
        Whether to say what is saved, and what is not because it is no better.
    save_best_only : bool
        Whether to save only what is the best so far. The best is that of all fits with the same
        object; for another object, in a fit that is resumed, give `initial_value_threshold`.
    save_weights_only : bool
        Whether to save the weights alone, by ``model.save_weights``, and not the optimiser, the
        layers and so on.
    mode : {"auto", "min", "max"}
        Whether lower or higher is better; "auto" is what is true of the loss or the metric, and
        not known of other numbers.
    save_freq : "epoch" or int
        When to save: after each epoch, or each time that this many mini-batches have been trained
        on. The logs are then the means over the epoch so far.
    initial_value_threshold : float, optional
        The first that is saved as the best so far must be better than this.

    Raises
    ------
    ValueError, TypeError, OSError
        By the fit, before it begins, what ``model.save`` would raise: if the folder is not there,
        the file may not be written, or the model cannot be saved.

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save = callbacks.ModelCheckpoint(f"{folder}/{{epoch}}.safetensors", "loss")
    ...     history = model.fit(x, x, epochs=2, verbose=0, callbacks=[save])
    ...     files = sorted(path.name for path in pathlib.Path(folder).iterdir())
    >>> files
    ['1.safetensors', '2.safetensors']
    """

    def __init__(
        self,
        filepath: str | Path,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ):
        super().__init__(monitor, mode, verbose=verbose)
        self.filepath = str(as_model_path("filepath", filepath))
        self.save_best_only = as_flag("save_best_only", save_best_only)
        self.save_weights_only = as_flag("save_weights_only", save_weights_only)
        self.save_freq: str | int = "epoch"
        if isinstance(save_freq, str):
            one_of("save_freq", save_freq, ("epoch",))
        else:
            self.save_freq = as_integer("save_freq", save_freq, 1)
        if initial_value_threshold is not None:
            self.best = as_number("initial_value_threshold", initial_value_threshold)
        self.initial_value_threshold = self.best
        self._batches = 0

    @property
    def wants_batches(self) -> bool:
        is_own = type(self).on_train_batch_end is ModelCheckpoint.on_train_batch_end
        return self.save_freq != "epoch" or not is_own

    def check_logs(self, names: Sequence[str]) -> None:
        if self.save_freq != "epoch":  # mini-batches report no validation
            names = [name for name in names if not name.startswith("val_")]
        if self.save_best_only:
            super().check_logs(names)
        counts = ("epoch",) if self.save_freq == "epoch" else ("epoch", "batch")
        for _, field, _, _ in string.Formatter().parse(self.filepath):
            if field is not None and field not in (*counts, *names):
                raise ValueError(
                    f"ModelCheckpoint cannot put {field!r} into the name {self.filepath!r}, only "
                    + ", ".join(map(repr, (*counts, *names)))
                )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self.save_best_only:
            super().on_train_begin(logs)
        if "{" not in os.path.dirname(self.filepath):  # else it is another folder each time
            self.model._check_save(self.filepath, self.save_weights_only)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(logs, {"epoch": epoch + 1})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        super().on_train_batch_end(batch, logs=logs)
        self._batches += 1
        if self._batches == self.save_freq:
            self._batches = 0
            self._save(logs, {"epoch": self._epoch + 1, "batch": batch + 1})

    def _save(self, logs: Logs | None, now: dict[str, int]) -> None:
        self.check_logs(tuple(logs or {}))
        epoch, path = now["epoch"] - 1, self.filepath.format(**now, **(logs or {}))
        if self.save_best_only:
            value = self.value(logs)
            if not self.is_better(value, self.best):
                self.say(epoch, f"{self.monitor} {value} is no better than {self.best}: not saved")
                return
            self.best = value
            self.say(epoch, f"{self.monitor} {value} is the best so far: saved as {path}")
        else:
            self.say(epoch, f"saved as {path}")
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)
