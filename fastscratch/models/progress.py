"""What fits, evaluations and predictions show: lines, and on a terminal a bar in a long one."""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import output
from ..engine import run_in_slices
from ..wording import quantity

if TYPE_CHECKING:
    from .fitting import Fit


class Progress:
    """Shows how far a fit has come.

    Parameters
    ----------
    run : Fit
    verbose : {0, 1, 2}
        0 shows nothing, 1 lines and a bar, 2 lines only. A bar needs a terminal or a notebook.
    initial_epoch : int
        Number of epochs before the first.
    """

    def __init__(self, run: "Fit", verbose: int, initial_epoch: int):
        self._run, self._initial_epoch = run, initial_epoch
        self._shows_lines = verbose > 0
        self._shows_bar = verbose == 1 and output.is_live(sys.stdout)
        self._bar: Any = None
        self._lines = 0  # of epochs
        self._began, self._began_at = time.perf_counter(), 0  # the time, and the steps done then

    def update(self) -> None:
        """Show a bar of the steps of the current epoch, if it takes long."""
        if not self._shows_bar:
            return
        done = self._run.done - self._lines * self._run.steps
        if self._bar is None:
            if not done or time.perf_counter() - self._began < output.DELAY:
                return
            self._bar = output.progress_bar(
                *(self._run.steps, self._title(), "step", sys.stdout), initial=done, delay=0
            )
        loss = self._run.logs(self._lines)["loss"]
        self._bar.set_postfix({"loss": shown(loss)}, refresh=False)
        self._bar.update(done - self._bar.n)

    def end_epochs(self) -> None:
        """Print a line for each epoch that has ended since the last call."""
        ended = self._run.done // self._run.steps
        if ended > self._lines and self._shows_lines:
            self._print([self._run.logs(epoch) for epoch in range(self._lines, ended)])

    def end_epoch(self, logs: dict[str, float]) -> None:
        """Print the line of an epoch."""
        if self._shows_lines:
            self._print([logs])

    def _print(self, of_each: list[dict[str, float]]) -> None:
        self.close()
        now, done = time.perf_counter(), self._run.done
        # If epochs are shorter than a slice of steps, only their mean time is known.
        share = self._run.steps / max(self._run.steps, done - self._began_at)
        seconds = _duration((now - self._began) * share)
        self._began, self._began_at = now, done
        lines = []
        for logs in of_each:
            numbers = "".join(f" - {name}: {shown(value)}" for name, value in logs.items())
            lines.append(f"{self._title()} - {seconds}{numbers}")
            self._lines += 1
        output.say("\n".join(lines))

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _title(self) -> str:
        last = self._initial_epoch + self._run.epochs
        return f"Epoch {self._initial_epoch + self._lines + 1}/{last}"


class Shown:
    """Shows how far an evaluation or a prediction has come.

    Parameters
    ----------
    title : str
    verbose : {"auto", 0, 1, 2}
        0 shows nothing, 1 and "auto" a line in the end and a bar, 2 the line only.
    """

    def __init__(self, title: str, verbose: Any):
        level = as_level(verbose)
        self._title, self._shows_line = title, level > 0
        self._shows_bar = level == 1 and output.is_live(sys.stdout)
        self._bar: Any = None
        self._began = time.perf_counter()

    def update(self, total: int | None, count: int = 1) -> None:
        """Some more of the steps are done; `total` are all, if that is known."""
        if self._shows_bar and self._bar is None:
            self._bar = output.progress_bar(total, self._title, "step", sys.stdout)
        if self._bar is not None:
            self._bar.update(count)

    def run(self, total: int, run: Callable[[int, int], Any]) -> bool:
        """Call ``run(first, count)`` for all steps, in slices if there is a bar.

        Returns whether it has returned anything but False.
        """
        if not self._shows_bar:
            return run(0, total) is not False
        went_well = True

        def run_slice(first: int, count: int) -> bool:
            nonlocal went_well
            went_well = run(first, count) is not False
            self.update(total, count)
            return not went_well

        run_in_slices(total, run_slice)
        return went_well

    def end(self, n_samples: int, logs: dict[str, float]) -> None:
        """Remove the bar, and print the line."""
        if self._bar is not None:
            self._bar.close()
        if self._shows_line:
            seconds = _duration(time.perf_counter() - self._began)
            numbers = "".join(f" - {name}: {shown(value)}" for name, value in logs.items())
            samples = quantity(n_samples, "sample")
            output.say(f"{self._title} - {samples} - {seconds}{numbers}")


def as_level(verbose: Any) -> int:
    """How much is shown: 0, 1 or 2; "auto" is 1."""
    if verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2, got {verbose!r}")
    return 1 if verbose == "auto" else int(verbose)


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
