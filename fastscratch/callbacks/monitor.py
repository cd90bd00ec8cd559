"""What callbacks have in common that watch whether a loss or a metric improves."""

import math
from collections.abc import Sequence

from .. import output
from ..validation import as_not_negative, as_text, one_of
from .callback import Callback, Logs, as_verbose


class Monitor(Callback):
    """Base of callbacks that watch whether a loss or a metric improves."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0, verbose: int = 0):
        self.monitor = as_text("monitor", monitor)
        self.mode = one_of("mode", mode, ("auto", "min", "max"))
        self.min_delta = as_not_negative("min_delta", min_delta)
        self.verbose = as_verbose(verbose)
        self.best: float | None = None

    def check_logs(self, names: Sequence[str]) -> None:
        if self.monitor not in names:
            raise ValueError(
                f"{type(self).__name__} monitors {self.monitor!r}; the fit reports only "
                + ", ".join(map(repr, names))
            )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._sign = -1 if self._direction() == "min" else 1

    def _direction(self) -> str:
        """Whether the lowest or the highest value is the best."""
        if self.mode != "auto":
            return self.mode
        known = self.model.directions
        for name in (self.monitor, self.monitor.removeprefix("val_")):
            direction = known.get(name)
            if direction is not None:
                return direction
        raise ValueError(
            f"{type(self).__name__} cannot know whether a lower or a higher {self.monitor!r} is "
            "better, for it is known only of "
            f"{', '.join(repr(name) for name in known if known[name])}; give mode='min' or "
            "mode='max'"
        )

    def say(self, epoch: int, what: str) -> None:
        """Print a line, if the callback is verbose."""
        if self.verbose:
            output.say(f"Epoch {epoch + 1}: {what}")

    def value(self, logs: Logs | None) -> float:
        """The number that is watched."""
        reported = logs or {}
        self.check_logs(tuple(reported))
        return reported[self.monitor]

    def is_better(self, value: float, reference: float | None) -> bool:
        """Whether a value is better than a reference by more than `min_delta`.

        Any number is better than None, and NaN is never better: else a first epoch that is NaN
        would be the best one of the fit.
        """
        if math.isnan(value):
            return False
        return reference is None or self._sign * (value - reference) > self.min_delta
