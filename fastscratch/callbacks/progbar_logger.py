"""The lines and the bar of a fit, as a callback."""

from .callback import Callback


class ProgbarLogger(Callback):
    """Show what a fit with ``verbose=1`` shows: a line for each epoch, and a bar in a long one.

    A fit shows it by default, so that only one with ``verbose=0`` needs this callback.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> lines = callbacks.ProgbarLogger()
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[lines])  # doctest: +ELLIPSIS
    Epoch 1/2 - ... - loss: ...
    Epoch 2/2 - ... - loss: ...
    """
