"""A table of all epochs in a file."""

import csv
import warnings
from collections.abc import Sequence
from pathlib import Path

from ..validation import as_flag, as_path, as_text
from .callback import Callback, Logs


class CSVLogger(Callback):
    """Write the logs of each epoch as a row of a CSV file.

    Parameters
    ----------
    filename : path
    separator : str
        One character.
    append : bool
        Whether rows are added to a file that exists; if not, it is replaced. Rows keep the columns
        of its first line: a number that an epoch does not report is "NA", as in Keras.

    Raises
    ------
    ValueError
        By the fit, before it begins: if the file to append to has no column for what is reported.

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
    ...     log = callbacks.CSVLogger(f"{folder}/log.csv")
    ...     history = model.fit(x, x, epochs=2, verbose=0, callbacks=[log])
    ...     lines = pathlib.Path(folder, "log.csv").read_text().splitlines()
    >>> lines[0], len(lines)
    ('epoch,loss', 3)
    """

    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False):
        self.filename, self.append = as_path("filename", filename), as_flag("append", append)
        self.separator = as_text("separator", separator)
        if len(separator) != 1:
            raise ValueError(f"separator must be one character, got {separator!r}")

    def check_logs(self, names: Sequence[str]) -> None:
        row = ("epoch", *names)
        columns = self._columns_to_append_to(row)
        unknown = [name for name in row if name not in columns]
        if unknown:
            raise ValueError(
                f"{self.filename} has no column for {', '.join(map(repr, unknown))}; use "
                "another file, or append=False"
            )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._columns = self._columns_to_append_to([])
        if not self.append:
            self.filename.write_text("", encoding="utf-8")

    def _columns_to_append_to(self, default: Sequence[str]) -> Sequence[str]:
        """The columns of the file that rows are added to, if there are any."""
        if not (self.append and self.filename.exists()):
            return default
        with self.filename.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file, delimiter=self.separator), default)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        row = {"epoch": epoch, **(logs or {})}
        is_new = not self._columns
        self._columns = self._columns or list(row)
        unknown = [name for name in row if name not in self._columns]
        if unknown:
            warnings.warn(
                f"{self.filename} has no column for {', '.join(map(repr, unknown))}: left out",
                stacklevel=2,
            )
        with self.filename.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self._columns, "NA", "ignore", delimiter=self.separator)
            if is_new:
                writer.writeheader()
            writer.writerow(row)
