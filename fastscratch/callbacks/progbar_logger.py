"""The lines and the bar of a fit, as a callback."""

from .callback import Callback


class ProgbarLogger(Callback):
    """Show what a fit with ``verbose=1`` shows: a line for each epoch, and a bar in a long one.

    A fit shows it by default, so that only one with ``verbose=0`` needs this callback.
    """
