"""``fastscratch warmup``: every kernel compiled ahead of its first use."""

import argparse

from ..kernels.cache import folders
from ..warmup import warmup

__all__ = ["add_to", "run"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "warmup",
        help="compile every kernel ahead of its first use",
        description="Compile every kernel for this processor and keep the result on disk, so that "
        "first calls need not.",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compile, and say where to."""
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
