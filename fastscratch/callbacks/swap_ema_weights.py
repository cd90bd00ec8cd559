"""The moving average of the weights, evaluated in their place."""

from ..validation import as_flag
from .callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Measure the validation data with the moving average of the weights in their place.

    The optimiser must keep it: ``use_ema=True``. At the end of a fit the average replaces the
    weights, with this callback and without it.

    Parameters
    ----------
    swap_on_epoch : bool
        Whether it also takes their place from the end of each epoch to the beginning of the next
        one, so that callbacks after this one, such as :class:`ModelCheckpoint`, save the average.

    Raises
    ------
    ValueError
        By the fit, before it begins: if the optimiser keeps no average.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers, optimizers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile(optimizers.SGD(use_ema=True), "mean_squared_error")
    >>> swap = callbacks.SwapEMAWeights(swap_on_epoch=True)
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[swap])
    """

    def __init__(self, swap_on_epoch: bool = False):
        self.swap_on_epoch = as_flag("swap_on_epoch", swap_on_epoch)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        optimizer = self.model.optimizer
        if optimizer is None or not optimizer.use_ema:
            raise ValueError(
                f"SwapEMAWeights needs an optimizer with use_ema=True, got {optimizer!r}"
            )

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._put(average=False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._put(average=self.swap_on_epoch)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._put(average=True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._put(average=False)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._put(average=False)  # if the fit has ended in an error

    def _put(self, average: bool) -> None:
        """Give the model the average, or the weights that are trained."""
        if self.model._state.is_swapped != average:
            self.model._swap_average()
