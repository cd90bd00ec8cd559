"""The program ``fastscratch``, with a module for each of its commands."""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from .. import __version__
from . import demo, predict, train, verify, warmup
from .refusal import complain, refuse

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """A parser whose error messages are one sentence."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"fastscratch: error: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; by default those of the process.

    Returns
    -------
    int
        Exit status: 0; 1 if the demo missed a known answer, a kernel is wrong, or the reader of the
        output has ended; 2 if the arguments or the data cannot be used, or the output cannot be
        written; 130 after Ctrl-C.
    """
    if argv is None:
        _prepare_output()
    try:
        status = _status(argv)
        if sys.stdout is not None:
            sys.stdout.flush()  # not at the exit, where nobody could tell of an error
        return status
    except BrokenPipeError:  # the reader of the output has ended, as `head` does
        _lose_output()
        return 1
    except OSError as error:  # commands refuse what they read themselves
        _lose_output()
        return refuse(OSError(f"the output cannot be written: {error.strerror or error}"))


def _status(argv: Sequence[str] | None) -> int:
    try:
        arguments = _parser().parse_args(argv)
        return arguments.run(arguments)
    except SystemExit as stop:  # argparse: --help, --version, or a wrong argument
        return int(stop.code or 0)
    except KeyboardInterrupt:
        complain("interrupted")
        return 130


def _prepare_output() -> None:
    """Write CSV as it is read, in UTF-8; a terminal shows what it can."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        if sys.stdout.isatty():
            sys.stdout.reconfigure(errors="backslashreplace")
        else:
            sys.stdout.reconfigure(encoding="utf-8")


def _lose_output() -> None:
    """Let what is still to be written vanish, or the flush at the exit would fail too."""
    with contextlib.suppress(OSError, ValueError, AttributeError):  # it may be no file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fastscratch", description="Neural networks from scratch, at the speed of the machine."
    )
    parser.add_argument("--version", action="version", version=f"fastscratch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, train, predict, warmup, verify):
        command.add_to(commands)
    return parser
