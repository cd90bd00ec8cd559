"""What a fit shows: a line for each epoch, and on a terminal a bar within a long one."""

import sys
import time
from typing import Any

from .. import output


class Progress:
    """Shows how far a fit has come.

    Parameters
    ----------
    verbose : {0, 1, 2}
        0 shows nothing, 1 lines and a bar, 2 lines only. A bar needs a terminal or a notebook.
    first_epoch, last_epoch : int
        Numbers, counted from 1.
    steps : int
        Of an epoch.
    """

    def __init__(self, verbose: int, first_epoch: int, last_epoch: int, steps: int):
        self._shows = verbose > 0
        self._shows_bar = verbose == 1 and output.is_live(sys.stdout)
        self._epoch, self._last_epoch, self._steps = first_epoch, last_epoch, steps
        self._began = time.perf_counter()
        self._bar: Any = None

    def update(self, done: int, loss: float) -> None:
        """Tell of the steps of the epoch that are done, and of the mean loss so far."""
        if not self._shows_bar:
            return
        if self._bar is None:
            if time.perf_counter() - self._began < output.DELAY:
                return
            title = self._title()
            self._bar = output.progress_bar(
                self._steps, title, "step", sys.stdout, initial=done, delay=0
            )
        self._bar.set_postfix({"loss": shown(loss)}, refresh=False)
        self._bar.update(done - self._bar.n)

    def end_epoch(self, logs: dict[str, float]) -> None:
        """Print the line of an epoch, and begin with the next."""
        now = time.perf_counter()
        self.end_epochs([logs], now - self._began)

    def end_epochs(self, all_logs: list[dict[str, float]], seconds: float) -> None:
        """Print the lines of several epochs, each of which has taken this long."""
        self.close()
        self._began = time.perf_counter()
        if self._shows and all_logs:
            lines = []
            for logs in all_logs:
                numbers = "".join(f" - {name}: {shown(value)}" for name, value in logs.items())
                lines.append(f"{self._title()} - {_duration(seconds)}{numbers}")
                self._epoch += 1
            output.say("\n".join(lines))

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _title(self) -> str:
        return f"Epoch {self._epoch}/{self._last_epoch}"


def shown(value: float) -> str:
    """A number in a line: four decimals, or if it is small or large, five digits."""
    return f"{value:.4f}" if value == 0 or 1e-3 < abs(value) < 1e5 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    """A time with about two digits."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.0f}us"
    if seconds < 1:
        return f"{seconds * 1e3:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}h{minutes % 60:02d}m" if minutes >= 60 else f"{minutes}m{rest:02d}s"
