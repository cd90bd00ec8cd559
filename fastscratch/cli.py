"""The command ``fastscratch``."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from . import __version__
from .datasets import load_mnist
from .kernels.cache import folders
from .utils import set_random_seed
from .warmup import warmup

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are one sentence."""

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
        Exit status: 0, or 1 if the demo missed a known answer, 2 if it was asked for something
        impossible, 130 after Ctrl-C.
    """
    try:
        arguments = _parser().parse_args(argv)
        return arguments.run(arguments)
    except SystemExit as stop:  # argparse: --help, --version, or a wrong argument
        return int(stop.code or 0)
    except KeyboardInterrupt:
        print("fastscratch: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fastscratch", description="Neural networks from scratch, at the speed of the machine."
    )
    parser.add_argument("--version", action="version", version=f"fastscratch {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    demo = commands.add_parser(
        "demo",
        help="the essay's five steps on real data",
        description="The essay's five steps on real data: each result beside a known answer, each "
        "speed beside the naive twin, and pictures.",
    )
    demo.add_argument(
        "--output",
        metavar="FOLDER",
        default="fastscratch-demo",
        help="where the pictures go (default: %(default)s)",
    )
    demo.add_argument(
        "--mnist",
        metavar="FOLDER",
        help="the four IDX files of the full MNIST set, instead of the packaged sample",
    )
    demo.add_argument(
        "--seed", metavar="N", type=int, default=0, help="of all that is random (default: 0)"
    )
    demo.set_defaults(run=_demo)

    warm = commands.add_parser(
        "warmup",
        help="compile every kernel ahead of its first use",
        description="Compile every kernel for this processor and keep the result on disk, so that "
        "first calls need not.",
    )
    warm.set_defaults(run=_warmup)
    return parser


def _demo(arguments: argparse.Namespace) -> int:
    from . import demo

    try:
        set_random_seed(arguments.seed)
        digits = load_mnist(arguments.mnist)
        report = demo.Report(arguments.output)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        print(f"fastscratch: error: {error}", file=sys.stderr)
        return 2
    return 0 if demo.run(report, digits, arguments.seed) else 1


def _warmup(arguments: argparse.Namespace) -> int:
    print(
        "Compiling every kernel for float32 and float64. This takes a minute or two the first\n"
        "time, and seconds when the compiled kernels are on disk already. They are kept in the\n"
        "first of these folders that can be written:"
    )
    for folder in folders():
        print(f"  {folder}")
    total = warmup(lambda line: print(line, flush=True))
    print(f"All kernels are ready, after {total:.1f} s.")
    return 0
