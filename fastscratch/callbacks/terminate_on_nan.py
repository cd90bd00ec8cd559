"""The end of a fit that has diverged."""

from .callback import Callback


class TerminateOnNaN(Callback):
    """End a fit in which a loss or a weight is no longer finite, without an error.

    A fit ends by itself then, with a FloatingPointError. With this callback it says why and returns
    its history, in which the numbers of the last epoch are NaN. Unlike in Keras, the model keeps
    the weights from before the step.
    """
