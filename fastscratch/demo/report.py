"""What the steps have in common: comparison with known answers and naive twins, and pictures."""

import contextlib
import pathlib
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..kernels import cache
from ..output import is_live, progress_bar
from ..plot import panels
from ..plot.ratios import draw_ratios

__all__ = ["Report", "clock", "counted", "duration", "seconds", "timed"]

#: Of the demo.
STEPS = 6


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """The result of a call, and the seconds that it took."""
    start = time.perf_counter()
    result = function()
    return result, time.perf_counter() - start


def seconds(function: Callable[[], Any], repeats: int = 1) -> float:
    """The seconds that a call takes; of several, the fastest."""
    return min(timed(function)[1] for _ in range(repeats))


def duration(value: float) -> str:
    """Seconds as a text, to three digits, in a suitable unit."""
    for unit, size in (("h", 3600), ("min", 60), ("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if value >= size * (2 if size > 1 else 1) or unit == "us":
            break
    number = value / size
    return f"{number:.{max(0, 2 - (number >= 10) - (number >= 100))}f} {unit}"


def counted(total: int, title: str, unit: str) -> Iterator[int]:
    """Count to `total`, with a progress bar."""
    with progress_bar(total, title, unit) as bar:
        for i in range(total):
            yield i
            bar.update()


@contextlib.contextmanager
def clock(title: str, now: Callable[[], str] = str) -> Iterator[None]:
    """Show a running clock while something lasts longer than a second.

    Parameters
    ----------
    title : str
        What lasts.
    now : callable
        Returns what is done at the moment.
    """
    done = threading.Event()

    def tick() -> None:
        if done.wait(1) or not is_live(sys.stderr):
            return
        with progress_bar(None, title, "", bar_format="{desc}: {elapsed}", delay=0) as bar:
            bar.start_t -= 1
            while not done.wait(1):
                bar.set_description_str(" ".join([title, now()]).rstrip())

    thread = threading.Thread(target=tick, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Report:
    """Prints the demo, counts the known answers that were met, and writes the pictures.

    Parameters
    ----------
    folder : str or path
        Where the pictures are written; created if it does not exist.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.
    ModuleNotFoundError
        If matplotlib is not installed.
    """

    def __init__(self, folder: Any):
        panels()
        self.folder = pathlib.Path(folder).resolve()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise OSError(f"{folder}: pictures cannot be written there: {error.strerror}") from None
        self.met: list[bool] = []
        self.pictures: list[str] = []
        self.ratios: dict[str, float] = {}
        self._number = self._step = ""
        self.compiling = 0.0
        self._start = time.perf_counter()

    def title(self, text: str) -> None:
        """Print the heading of a step: its number, its name, and after a colon more about it."""
        self._number, _, self._step = text.partition(":")[0].partition(". ")
        print(f"\n{text}\n{'-' * len(text)}", flush=True)

    def say(self, text: str, indent: str = "") -> None:
        """Print a paragraph."""
        print(textwrap.fill(text, 96, initial_indent=indent, subsequent_indent=indent), flush=True)

    def compile(self, function: Callable[[], Any]) -> None:
        """Make a small call twice, and print by how much the first, which compiles, took longer."""
        with clock(f"compiling for step {self._number} of {STEPS},", lambda: cache.missing):
            first = seconds(function)
        extra = max(0.0, first - seconds(function))
        self.compiling += extra
        self.say(f"compiled, or loaded from disk, in {duration(extra)}", "  ")

    def check(
        self,
        what: str,
        names: Sequence[str],
        found: Any,
        known: Any,
        source: str,
        *,
        within: float | None = None,
        digits: int = 3,
    ) -> None:
        """Print numbers above the known ones.

        Parameters
        ----------
        what : str
            What the numbers are.
        names : sequence of str
            A heading for each number; none if `what` is enough.
        found, known : array_like, shape (n,)
        source : str
            Where the known numbers come from.
        within : float, optional
            Largest difference that counts as a match; without it, `known` are lower bounds.
        digits : int
            Number of decimals to print.
        """
        found, known = np.atleast_1d(found), np.atleast_1d(known)
        if within is None:
            met = bool((found >= known).all())
            verdict = "reached" if met else "NOT REACHED"
        else:
            met = bool((abs(found - known) <= within).all())  # False for NaN
            size = f"within {within:.12f}".rstrip("0").rstrip(".") if within else "exactly"
            verdict = f"{'matches' if met else 'DOES NOT MATCH'} {size}"
        self.met.append(met)

        def row(name: str, values: np.ndarray) -> str:
            return f"    {name:<24}" + "".join(f"{value:>14.{digits}f}" for value in values)

        print(f"  {what:<26}{''.join(f'{name:>14}' for name in names)}".rstrip())
        print(row("here", found))
        print(f"{row(source, known)}   {verdict}", flush=True)

    def refusal(self, what: str, function: Callable[[], Any]) -> None:
        """Print the ValueError that a call should raise."""
        try:
            function()
        except ValueError as error:
            message = str(error)
        else:
            message = ""
        self.met.append(bool(message))
        self.say(f"{what}: {'an error, as it should be' if message else 'NO ERROR'}", "  ")
        self.say(message, "    ")

    def speed(self, what: str, here: float, twin: float, part: str = "") -> None:
        """Print the seconds of both for the same work.

        Those of the twin may be scaled up from a `part` of the work.
        """
        ratio = self.ratios[f"{self._step}, {what}"] = twin / here
        how = f" (scaled from {part})" if part else ""
        self.say(
            f"speed: {what} in {duration(here)}; naive twin {duration(twin)}{how}: "
            f"{ratio:,.{0 if ratio >= 10 else 1}f} times as long",
            "  ",
        )

    def picture(self, name: str, ax: Any, dpi: int = 150) -> None:
        """Write the figure of some Axes into the folder."""
        ax.figure.savefig(self.folder / name, dpi=dpi)
        self.pictures.append(name)

    def picture_of_speeds(self) -> None:
        """Draw how many times as long the naive twins took."""
        ax = draw_ratios(self.ratios)
        ax.figure.suptitle("How many times faster than the same algorithm in plain Python")
        self.picture("speed-ups.png", ax)

    def finish(self) -> bool:
        """Print a summary; return whether every known answer was met."""
        self.title("Done")
        missed = len(self.met) - sum(self.met)
        self.say(
            f"{missed} of {len(self.met)} known answers MISSED."
            if missed
            else f"All {len(self.met)} known answers met."
        )
        total = time.perf_counter() - self._start
        self.say(
            f"Took {duration(total)}; of that, {duration(self.compiling)} went into compiling "
            "kernels, or loading them from disk."
        )
        self.say(f"Pictures in {self.folder}:")
        for name in self.pictures:
            self.say(name, "  ")
        return missed == 0
