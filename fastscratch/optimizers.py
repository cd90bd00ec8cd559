"""Optimisers, under the names and defaults of ``keras.optimizers``."""

from .validation import as_positive

__all__ = ["SGD"]


class SGD:
    """Stochastic gradient descent, ``parameters -= learning_rate * gradient``.

    The gradient is the mean over the mini-batch.

    Parameters
    ----------
    learning_rate : float
        Positive.
    """

    def __init__(self, learning_rate: float = 0.01):
        self.learning_rate = as_positive("learning_rate", learning_rate)

    def __repr__(self) -> str:
        return f"SGD(learning_rate={self.learning_rate:g})"
