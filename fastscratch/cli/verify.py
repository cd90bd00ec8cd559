"""``fastscratch verify``: compare with the naive reference on this machine."""

import argparse

from ..verify import verify

__all__ = ["add_to", "run"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    command = commands.add_parser(
        "verify",
        help="compare kernels and training with the naive reference on this machine",
        description="Run every kernel and its naive twin in plain Python, train small networks by "
        "the engine and by the naive network, compare the results, and print tables for a bug "
        "report. The exit status is 1 if anything is wrong.",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, and print the report."""
    report = verify()
    print(report)
    return 1 if report.wrong else 0
