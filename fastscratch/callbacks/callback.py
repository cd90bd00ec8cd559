"""What all callbacks have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..representation import representation

if TYPE_CHECKING:
    from ..models import Model

Logs = dict[str, float]


def as_verbose(verbose: int) -> bool:
    """Whether a callback says what it does.

    Raises
    ------
    ValueError
        If it is neither 0 nor 1 (nor 2, which is the same here).
    """
    if verbose not in (0, 1, 2):
        raise ValueError(f"verbose must be 0 or 1, got {verbose!r}")
    return bool(verbose)


class Callback:
    """Base of all callbacks: every hook does nothing.

    The `logs` of an epoch hold the loss and the metrics; the names of those of the validation data
    begin with ``val_``. All callbacks are given the same `logs`: what one adds, the next ones see,
    and the history keeps. Only if a callback has a hook for batches does the fit return to Python
    after each step, which is slower.

    Attributes
    ----------
    model : Model
        The model that is fitted; ``model.stop_training = True`` ends the fit after the step.
    params : dict
        "epochs", "steps" (of an epoch) and "verbose".

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> class Report(callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(f"epoch {epoch} has ended")
    >>> history = model.fit(x, x, epochs=2, verbose=0, callbacks=[Report()])
    epoch 0 has ended
    epoch 1 has ended
    """

    model: "Model"
    params: dict[str, Any]
    #: What the callbacks of this package add to the logs of an epoch.
    _adds: tuple[str, ...] | None = ()

    def set_model(self, model: "Model") -> None:
        """Receive the model, before the fit begins."""
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the parameters of the fit, before it begins."""
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called after the last epoch, with its logs; also if the fit ends in an error."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before an epoch."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a step."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a step; `logs` holds the means over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Another name of `on_train_batch_end`."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before the model is evaluated on the validation data."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after the model was evaluated on the validation data."""

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a mini-batch of the validation data is evaluated."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after that; `logs` holds the means over the validation data so far."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after a prediction."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a mini-batch is predicted."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Called after that; `logs` holds the "outputs", a list for several of them."""

    def check_logs(self, names: Sequence[str]) -> None:
        """Check, before the fit begins, the names in the logs that an epoch will end with.

        Raises
        ------
        ValueError
            If the callback cannot do its work with them.
        """

    @property
    def names_added(self) -> tuple[str, ...] | None:
        """Names that the callback adds to the logs of an epoch; None if it may add any."""
        if type(self).__module__.startswith(__package__):
            return self._adds
        return None if self._has_hook("on_epoch_end", "on_test_end") else ()

    @property
    def wants_batches(self) -> bool:
        """Whether it has a hook for steps."""
        return self._has_hook(
            *("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end")
        )

    @property
    def wants_test_batches(self) -> bool:
        """Whether it has a hook for mini-batches of the validation data."""
        return self._has_hook("on_test_batch_begin", "on_test_batch_end")

    def _has_hook(self, *hooks: str) -> bool:
        """Whether it does something in one of the hooks, which an instance may have as well."""
        return any(
            getattr(getattr(self, hook), "__func__", None) is not getattr(Callback, hook)
            for hook in hooks
        )

    def __repr__(self) -> str:
        """The arguments that are not their defaults."""
        return representation(self)
