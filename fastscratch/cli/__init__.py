"""The program ``fastscratch``, with a module for each of its commands."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from .. import __version__
from . import demo, predict, train, verify, warmup

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
        output has ended; 2 if the arguments or the data cannot be used; 130 after Ctrl-C.
    """
    try:
        arguments = _parser().parse_args(argv)
        return arguments.run(arguments)
    except SystemExit as stop:  # argparse: --help, --version, or a wrong argument
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("fastscratch: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of the output has ended, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fastscratch", description="Neural networks from scratch, at the speed of the machine."
    )
    parser.add_argument("--version", action="version", version=f"fastscratch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (demo, train, predict, warmup, verify):
        command.add_to(commands)
    return parser
