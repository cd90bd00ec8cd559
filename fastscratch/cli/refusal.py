"""How a command reports an error."""

import contextlib
import sys

from ..output import encodable

__all__ = ["complain", "refuse"]


def refuse(error: Exception) -> int:
    """Print the message of an error; return the exit status."""
    complain(f"error: {error}")
    return 2


def complain(text: str) -> None:
    """Print a text on the standard error output, if there is one."""
    if sys.stderr is not None:  # or `print` would write to the standard output
        with contextlib.suppress(OSError, ValueError):
            print(f"fastscratch: {encodable(text, sys.stderr)}", file=sys.stderr, flush=True)
