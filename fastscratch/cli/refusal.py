"""How a command says that something cannot be done."""

import sys

__all__ = ["refuse"]


def refuse(error: Exception) -> int:
    """Print the sentence of an error; return the exit status."""
    print(f"fastscratch: error: {error}", file=sys.stderr)
    return 2
