"""All callbacks of a fit, an evaluation or a prediction, called as one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .callback import Callback, Logs

if TYPE_CHECKING:
    from ..models import Model


class CallbackList:
    """All callbacks, called as one, with the arguments that Keras passes.

    Parameters
    ----------
    callbacks : sequence of Callback
    model : Model
    params : dict
        "epochs", "steps" and "verbose".
    """

    def __init__(self, callbacks: Sequence[Callback], model: "Model", params: dict[str, Any]):
        self.callbacks = callbacks
        #: Those that are told of each step, and of each mini-batch of the validation data.
        self.of_batches = [c for c in callbacks if c.wants_batches]
        self.of_test_batches = [c for c in callbacks if c.wants_test_batches]
        for callback in callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def check(self, reported: Sequence[str]) -> None:
        """Let callbacks check the names that the logs of an epoch will hold.

        Those after one that is not of this package are not asked: it may add what they need.

        Parameters
        ----------
        reported : sequence of str
            Names that the fit reports after an epoch.

        Raises
        ------
        ValueError
            If a callback cannot do its work with them.
        """
        known = tuple(reported)
        for callback in self.callbacks:
            callback.check_logs(known)
            added = callback.names_added
            if added is None:
                return
            known += added

    def train_begin(self) -> None:
        """Call `on_train_begin`."""
        for callback in self.callbacks:
            callback.on_train_begin({})

    def train_end(self, logs: Logs) -> None:
        """Call `on_train_end` of every callback; one that raises an error keeps none from it."""
        errors = []
        for callback in self.callbacks:
            try:
                callback.on_train_end(logs)
            except BaseException as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def epoch_begin(self, epoch: int) -> None:
        """Call `on_epoch_begin`."""
        for callback in self.callbacks:
            callback.on_epoch_begin(epoch, {})

    def epoch_end(self, epoch: int, logs: Logs) -> None:
        """Call `on_epoch_end`; callbacks may add to the logs."""
        for callback in self.callbacks:
            callback.on_epoch_end(epoch, logs)

    def train_batch_begin(self, batch: int) -> None:
        """Call `on_train_batch_begin`."""
        for callback in self.of_batches:
            callback.on_train_batch_begin(batch, logs={})

    def train_batch_end(self, batch: int, logs: Logs) -> None:
        """Call `on_train_batch_end`."""
        for callback in self.of_batches:
            callback.on_train_batch_end(batch, logs=logs)

    def test_begin(self) -> None:
        """Call `on_test_begin`."""
        for callback in self.callbacks:
            callback.on_test_begin({})

    def test_end(self, logs: Logs) -> None:
        """Call `on_test_end`."""
        for callback in self.callbacks:
            callback.on_test_end(logs)

    def test_batch_begin(self, batch: int) -> None:
        """Call `on_test_batch_begin`."""
        for callback in self.of_test_batches:
            callback.on_test_batch_begin(batch, logs={})

    def test_batch_end(self, batch: int, logs: Logs) -> None:
        """Call `on_test_batch_end`."""
        for callback in self.of_test_batches:
            callback.on_test_batch_end(batch, logs=logs)

    def predict_begin(self) -> None:
        """Call `on_predict_begin`."""
        for callback in self.callbacks:
            callback.on_predict_begin({})

    def predict_end(self) -> None:
        """Call `on_predict_end`."""
        for callback in self.callbacks:
            callback.on_predict_end({})

    def predict_batch_begin(self, batch: int) -> None:
        """Call `on_predict_batch_begin`."""
        for callback in self.callbacks:
            callback.on_predict_batch_begin(batch, logs={})

    def predict_batch_end(self, batch: int, outputs: Sequence[Any]) -> None:
        """Call `on_predict_batch_end` with the outputs."""
        one = outputs[0] if len(outputs) == 1 else list(outputs)
        for callback in self.callbacks:
            callback.on_predict_batch_end(batch, logs={"outputs": one})
