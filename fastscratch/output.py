"""What is shown while work goes on: it must not end the work.

A console can be missing (``sys.stdout`` and ``sys.stderr`` are None under ``pythonw``), closed, on
a full disk, a pipe whose reader has ended, or without a character that is to be printed.
"""

import contextlib
import functools
import os
import sys
import warnings
from typing import Any, TextIO

from .kernels import cache

__all__ = ["compiling_bar", "encodable", "is_live", "progress_bar", "say"]

#: A progress bar appears once the work has lasted this many seconds.
DELAY = 1.0


def encodable(text: str, stream: TextIO | None) -> str:
    """The text, with a backslash and a number for each character that a stream cannot write."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def say(text: str) -> None:
    """Print a text on the standard output, or if that fails, do nothing."""
    with contextlib.suppress(OSError, ValueError):  # ValueError: the stream is closed
        print(encodable(text, sys.stdout), flush=True)


def is_live(stream: TextIO | None) -> bool:
    """Whether what was written to a stream can be overwritten: on a terminal, in a notebook."""
    if type(stream).__module__.startswith("ipykernel"):
        return True
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # it is closed
        return False


class _Forgiving:
    """A stream that loses what cannot be written."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(encodable(text, self._stream))

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


@functools.cache
def _tqdm() -> Any:
    """The class of progress bars, for a terminal or a notebook; importing it takes a while."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without ipywidgets: then a bar of text
        from tqdm.auto import tqdm
    from tqdm.std import TqdmDefaultWriteLock  # type: ignore[attr-defined]

    class Bar(tqdm):  # type: ignore[type-arg]
        """A bar with the lock of threads, without that of processes.

        A child that was forked while another thread held the latter would take it and, by the count
        that it inherited, never give it back: all bars of both processes would hang.
        """

    lock = TqdmDefaultWriteLock.th_lock
    Bar.set_lock(lock)
    if hasattr(os, "register_at_fork"):  # else a child may wait for a bar of a thread it has not
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )
    return Bar


def progress_bar(
    total: int | None, title: str, unit: str, stream: TextIO | None = None, **options: Any
) -> Any:
    """A tqdm progress bar that appears once the work has lasted a second.

    It writes nothing into a file or a pipe, where each of its pictures would stay.

    Parameters
    ----------
    total : int or None
        Number of steps.
    title : str
        What is written before the bar.
    unit : str
        Of what the steps are.
    stream : file, optional
        By default the standard error output.
    **options
        Of tqdm.
    """
    stream = stream or sys.stderr
    if stream is None or not is_live(stream):
        return _tqdm()(total=total, disable=True)
    settings = {"delay": DELAY, "leave": False, "dynamic_ncols": True, **options}
    return _tqdm()(total=total, desc=title, unit=unit, file=_Forgiving(stream), **settings)


def compiling_bar(total: int) -> Any:
    """A bar for kernels that are compiled, or where there is no terminal, one line for all."""
    if is_live(sys.stderr):
        cache.says_compiling = False  # the bar tells
    else:
        cache.say_compiling_once()
    return progress_bar(total, "compiling, once for this machine", "kernel", delay=0)
