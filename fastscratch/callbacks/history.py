"""The record of a fit."""

from .. import notebook
from .callback import Callback, Logs


class History(Callback):
    """The losses and metrics of all epochs; what ``fit`` returns.

    Attributes
    ----------
    history : dict of lists
        A number for each epoch, under each of these names: ``"loss"``, the mean over the
        mini-batches, each taken before its update; the name of each metric; for the validation
        data the same names after ``val_``; and what callbacks have added to the logs, such as
        ``"learning_rate"``.
    epoch : list of int
        Numbers of the epochs; the first is 0.
    error : FloatingPointError or None
        Why the training of a model has ended that :func:`fastscratch.fit_many` trained with others:
        a loss or a weight was no longer finite. (``fit`` raises the error.)

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> history = model.fit(x, x, epochs=3, verbose=0)
    >>> history.epoch, sorted(history.history)
    ([0, 1, 2], ['loss'])
    """

    def __init__(self) -> None:
        self.error: FloatingPointError | None = None
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        """The number of epochs, and the last loss and metrics."""
        n = len(self.epoch)
        last = ", ".join(f"{name} {values[-1]:.4g}" for name, values in self.history.items())
        return f"<History of {n} epoch{'s' * (n != 1)}{last and f', the last with {last}'}>"

    def _repr_html_(self) -> str:
        """What a notebook shows: for each loss and metric its course, and some of its values."""
        rows = [
            (name, notebook.sparkline(values), *(f"{v:.4g}" for v in _marks(values)))
            for name, values in self.history.items()
        ]
        head = ("", f"{len(self.epoch)} epochs", "first", "last", "lowest", "highest")
        return notebook.table(head, rows)


def _marks(values: list[float]) -> tuple[float, ...]:
    """The first, last, lowest and highest of some numbers, which may be NaN."""
    known = [value for value in values if value == value] or [float("nan")]
    return values[0], values[-1], min(known), max(known)
