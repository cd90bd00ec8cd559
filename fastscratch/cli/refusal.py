"""How a command reports an error."""

import sys

__all__ = ["refuse"]


def refuse(error: Exception) -> int:
    """Print the message of an error; return the exit status."""
    print(f"fastscratch: error: {error}", file=sys.stderr)
    return 2
