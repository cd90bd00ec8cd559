"""``fastscratch demo``: the essay's steps on real data."""

import argparse

from ..datasets import load_mnist
from ..utils import set_random_seed
from .refusal import refuse

__all__ = ["add_to", "run"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    demo = commands.add_parser(
        "demo",
        help="the essay's five steps on real data, and a convolutional network",
        description="Run the essay's five steps on real data, and a convolutional network. Each "
        "result is compared with a known answer, and each speed with that of the naive twin.",
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
        "--seed", metavar="N", type=int, default=0, help="seed of all random numbers (default: 0)"
    )
    demo.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; return 1 if a known answer was missed."""
    from .. import demo

    try:
        set_random_seed(arguments.seed)
        digits = load_mnist(arguments.mnist)
        report = demo.Report(arguments.output)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        return refuse(error)
    return 0 if demo.run(report, digits, arguments.seed) else 1
