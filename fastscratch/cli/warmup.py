"""``fastscratch warmup``: compile every kernel before its first use."""

import argparse

from ..kernels.cache import folders
from ..output import say
from ..warmup import warmup

__all__ = ["add_to", "run"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "warmup",
        help="compile every kernel before its first use",
        description="Compile every kernel for this processor and keep the results on disk, so that "
        "later programs do not wait for the compiler.",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compile, and print where the compiled kernels are kept."""
    say(
        "Compiling every kernel for float32 and float64. This takes about five minutes the first\n"
        "time, and seconds once the compiled kernels are on disk. They are kept in the first of\n"
        "these folders that can be written to:"
    )
    for folder in folders():
        say(f"  {folder}")
    total = warmup(say)
    say(f"All kernels are ready, after {total:.1f} s.")
    return 0
