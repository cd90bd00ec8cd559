"""Copies of a model that is fitted, from which an interrupted fit goes on."""

import re
import shutil
from pathlib import Path

from ..validation import as_flag, as_integer, as_path, one_of
from .callback import Callback, Logs

_NAME = re.compile(r"epoch-(\d+)\.safetensors")


class BackupAndRestore(Callback):
    """Save the model while it is fitted, and go on from there if the fit was interrupted.

    The next fit of the same model with the same folder begins with the weights, the optimiser's
    memory, its learning rate and the seed that were saved, in the epoch after the last that was
    complete. If the copies are of the ends of epochs, it gives the same bits as a fit that was not
    interrupted. What other callbacks remember begins anew.

    Parameters
    ----------
    backup_dir : path
        Folder for the copies; made if it is not there. For nothing else.
    save_freq : "epoch" or int
        When to save: after each epoch, or each time that this many mini-batches have been trained
        on.
    double_checkpoint : bool
        Whether the copy before the last is kept too, for the case that the last is damaged.
    delete_checkpoint : bool
        Whether the copies are removed when a fit has ended, if not in an error.

    Raises
    ------
    ValueError, TypeError, OSError
        By the fit, before it begins: if the model cannot be saved, or the copy is of another model.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     backup = callbacks.BackupAndRestore(folder)
    ...     history = model.fit(x, x, epochs=2, verbose=0, callbacks=[backup])
    >>> history.epoch
    [0, 1]
    """

    def __init__(
        self,
        backup_dir: str | Path,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        self.backup_dir = as_path("backup_dir", backup_dir)
        self.save_freq: str | int = "epoch"
        if isinstance(save_freq, str):
            one_of("save_freq", save_freq, ("epoch",))
        else:
            self.save_freq = as_integer("save_freq", save_freq, 1)
        self.double_checkpoint = as_flag("double_checkpoint", double_checkpoint)
        self.delete_checkpoint = as_flag("delete_checkpoint", delete_checkpoint)
        self._batches = 0

    @property
    def wants_batches(self) -> bool:
        is_own = type(self).on_train_batch_end is BackupAndRestore.on_train_batch_end
        return self.save_freq != "epoch" or not is_own

    def copies(self) -> list[tuple[int, Path]]:
        """The complete epochs of each copy, and its file; the latest first."""
        if not self.backup_dir.is_dir():
            return []
        found = ((_NAME.fullmatch(path.name), path) for path in self.backup_dir.iterdir())
        return sorted(((int(match[1]), path) for match, path in found if match), reverse=True)

    def delete(self) -> None:
        """Remove the copies, at the end of a fit; and the folder, if nothing else is in it."""
        if not self.delete_checkpoint:
            return
        for _, path in self.copies():
            path.unlink(missing_ok=True)
        if self.backup_dir.is_dir() and not any(self.backup_dir.iterdir()):
            shutil.rmtree(self.backup_dir)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._batches = 0
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        self.model._check_save(self._path(0))

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch + 1)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        super().on_train_batch_end(batch, logs=logs)
        self._batches += 1
        if self._batches == self.save_freq:
            self._batches = 0
            self._save(self._epoch)

    def _save(self, epochs: int) -> None:
        self.model.save(self._path(epochs))
        for _, path in self.copies()[2 if self.double_checkpoint else 1 :]:
            path.unlink(missing_ok=True)

    def _path(self, epochs: int) -> Path:
        return self.backup_dir / f"epoch-{epochs}.safetensors"
