"""The validation of a fit: what it is measured on, and after which epochs."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..callbacks.callback_list import CallbackList
from ..validation import as_integer
from .batches import Batches
from .streaming import evaluate_batches
from .training_data import TrainingData

if TYPE_CHECKING:
    from .model import Model


class Validation:
    """Validation data, and the epochs after which a fit measures them.

    Parameters
    ----------
    model : Model
    data : TrainingData or Batches
    batch_size : int
        Samples of the mini-batches that callbacks hear of.
    freq : int or set of int
        Once in this many epochs, or after the epochs of these numbers, from 1.
    """

    def __init__(
        self, model: "Model", data: TrainingData | Batches, batch_size: int, freq: int | set[int]
    ):
        self._model, self._data, self._batch_size = model, data, batch_size
        self._freq = freq

    def is_due(self, epoch: int) -> bool:
        """Whether the data are measured after the epoch of a number, from 1."""
        if isinstance(self._freq, int):
            return epoch % self._freq == 0
        return epoch in self._freq

    def measure(self, callbacks: CallbackList) -> dict[str, float]:
        """Loss and metrics of the data."""
        callbacks.test_begin()
        if isinstance(self._data, Batches):
            logs, _ = evaluate_batches(self._model, self._data, callbacks)
        elif callbacks.of_test_batches:
            logs = self._model._evaluate(self._data, self._batch_size, callbacks)
        else:
            logs = self._model._evaluate(self._data, None)
        callbacks.test_end(logs)
        return logs


def as_frequency(freq: Any) -> int | set[int]:
    """After how many epochs, or after which."""
    # An int is asked for first: to ask for an abstract class takes longer.
    if isinstance(freq, (int, str, bytes)) or not isinstance(freq, Collection):
        return as_integer("validation_freq", freq, 1)
    return {as_integer("validation_freq", epoch, 1) for epoch in freq}
