"""The end of a fit that has diverged."""

from .callback import Callback


class TerminateOnNaN(Callback):
    """End a fit in which a loss or a weight is no longer finite, without an error.

    A fit ends by itself then, with a FloatingPointError. With this callback it says why and returns
    its history, in which the numbers of the last epoch are NaN. Unlike in Keras, the model keeps
    the weights from before the step.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> stop = callbacks.TerminateOnNaN()
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[stop])
    >>> history.epoch
    [0, 1]
    """
