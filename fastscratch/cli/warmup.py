"""``fastscratch warmup``: compile every kernel before its first use."""

import argparse

from ..kernels import cache
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
        "Compiling every kernel for float32 and float64: minutes the first time, and seconds once\n"
        "the compiled kernels are on disk."
    )
    cache.says_compiling = False  # it has been said
    total = warmup(progress=True)
    folder = cache.folder_in_use()
    where = f"kept in {folder}" if folder else "not kept: no folder can be written"
    say(f"All kernels were ready after {total:.1f} s. They are {where}.")
    return 0
