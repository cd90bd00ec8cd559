"""The fit: epochs of compiled steps, and what Python does between them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks import Callback, History
from ..engine import Network, Predictor, Trainer, progress_bar, run_in_slices
from ..kernels.schedules import scheduled_rates
from ..utils import derived_seed
from ..validation import is_finite
from .training_data import TrainingData

if TYPE_CHECKING:
    from .sequential import Sequential


class Fit:
    """One fit of a model.

    The number of a step counts from the first that the model ever took at this batch size, and so
    does that of an epoch: ten epochs in one fit, or in two, are the same steps.

    Parameters
    ----------
    model : Sequential
        Compiled and built.
    data : TrainingData
    batch_size, epochs : int
    shuffle, terminate_on_nan : bool
    """

    def __init__(
        self,
        model: "Sequential",
        data: TrainingData,
        batch_size: int,
        epochs: int,
        shuffle: bool,
        terminate_on_nan: bool,
    ):
        self.model, self.data, self.epochs = model, data, epochs
        self.terminate_on_nan = terminate_on_nan
        self.batch_size = min(batch_size, len(data))
        self.steps = -(-len(data) // self.batch_size)
        self.first_epoch = model.trained_epochs
        self.totals = np.zeros((epochs, 2))
        self.trainer: Trainer = model.trainer(self.batch_size, data.weights is not None)
        self.order = np.arange(len(data))
        self.trainer.bind(
            data.x,
            data.y,
            data.weights,
            self.order,
            self.totals,
            shuffle,
            derived_seed(model.seed, 1),
            self.first_epoch,
        )

    def run(self, first: int, count: int) -> None:
        """Run some steps; `first` counts from the start of the fit.

        Raises
        ------
        FloatingPointError
            If a loss or a weight is no longer finite, and that is to end the fit: the model then
            stands before that step.
        """
        self._epochs = slice(first // self.steps, -(-(first + count) // self.steps))
        before = self._state()
        try:
            self._run(first, count, before)
        except BaseException:
            if self.terminate_on_nan and not self._is_finite():
                self._restore(before)
            raise
        if not self.terminate_on_nan or self._is_finite():
            return
        # Again from where the slice began, step by step: the same bits, up to the one that fails.
        self._restore(before)
        for step in range(first, first + count):
            before = self._state()
            self._run(step, 1, before)
            if not self._is_finite():
                after = self._first_loss_or_weight_not_finite()
                batch = step % self.steps
                rows = self.order[batch * self.batch_size :][: self.batch_size].copy()
                self._restore(before)
                # A loss that is NaN makes all weights NaN: what came first says more.
                where = self._first_output_not_finite(rows) or after
                raise FloatingPointError(self._complaint(step, where))

    def _run(self, first: int, count: int, before: tuple) -> None:
        model, first_loss = self.model, self.trainer.first_loss
        schedule = model.optimizer.schedule
        rates = np.empty(count)
        scheduled_rates(rates, schedule.code, schedule.numbers(), model.iterations)
        self._rate = rates[0]
        start = self.first_epoch * self.steps + first
        iterations, epochs = model.iterations + count, -(-(start + count) // self.steps)
        # Meanwhile other threads predict with the weights from before. From here to `try`, and in
        # `finally`, nothing is called: a signal is heard at calls, and would leave things undone.
        model._parameters, weights = before[0][0], model._parameters
        model._version += 1
        first_loss[0] = -np.inf
        try:
            self.trainer.train(start, rates, model.iterations)
        finally:
            if first_loss[0] > -np.inf or first_loss[0] != first_loss[0]:
                # Ctrl-C was not heard before the first step, which writes a number or NaN.
                model.iterations, model.trained_epochs = iterations, epochs
            model._parameters = weights
            model._version += 1

    def _arrays(self) -> list[np.ndarray]:
        """All that the steps of a slice change."""
        totals = self.totals[self._epochs]
        return [self.trainer.parameters, *self.trainer.slots, totals, self.order]

    def _state(self) -> tuple:
        arrays = [array.copy() for array in self._arrays()]
        arrays[0].flags.writeable = False  # it is lent to the model
        return arrays, self.model.iterations, self.model.trained_epochs

    def _restore(self, state: tuple) -> None:
        model = self.model
        arrays, model.iterations, model.trained_epochs = state
        for array, old in zip(self._arrays(), arrays, strict=True):
            array[:] = old
        model._version += 1

    def _is_finite(self) -> bool:
        totals, parameters = self.totals[self._epochs], self.trainer.parameters
        return bool(np.isfinite(totals).all() and is_finite(parameters))

    def _first_loss_or_weight_not_finite(self) -> str:
        if not np.isfinite(self.totals[self._epochs]).all():
            return f"the loss after layer {self.model.layers[-1].name!r}"
        return next(
            f"{placed.weight.name} of layer {layer.name!r}"
            for layer, placed in self.model.named_weights()
            if not is_finite(placed.view(self.trainer.parameters))
        )

    def _first_output_not_finite(self, rows: np.ndarray) -> str:
        """The first layer that overflows on these samples, or nothing."""
        x, layers = self.data.x[rows], self.model.layers
        for i, layer in enumerate(layers):
            network = Network(layers[: i + 1], x.shape[1:])
            reader = Predictor(network, len(x), x.dtype)
            reader.parameters[:] = self.trainer.parameters[: network.n_parameters]
            outputs = np.empty((len(x), *network.shapes[-1]), x.dtype)
            reader.run(outputs, x)
            if not is_finite(outputs):
                return f"output of layer {layer.name!r}"
        return ""

    def _complaint(self, step: int, where: str) -> str:
        """What went wrong in a step."""
        epoch, batch = divmod(step, self.steps)
        return (
            f"training diverged in step {batch + 1} of epoch {epoch + 1}: {where} is not finite "
            f"at learning_rate={self._rate:g}; wanted: a smaller one, inputs and targets scaled to "
            "about 0 to 1, or clipping of the gradient"
        )

    def logs(self, epoch: int) -> dict[str, float]:
        """Loss and metrics of an epoch that was run."""
        logs = {"loss": float(self.totals[epoch, 0])}
        if self.model.counts_right:
            logs[self.model.counts_right] = float(self.totals[epoch, 1])
        return logs


def fit(
    run: Fit,
    validation: TrainingData | None,
    callbacks: Sequence[Callback],
    verbose: int,
    initial_epoch: int,
) -> History:
    """Run all epochs of a fit, and between them validation, callbacks and messages."""
    model, history = run.model, History()
    quiet = validation is None and not callbacks and not model.slow_metrics and verbose < 2
    bar = progress_bar(run.epochs * run.steps, "fit", "step") if verbose == 1 else None
    if quiet:
        run_in_slices(run.epochs * run.steps, run.run, bar)
        for epoch in range(run.epochs):
            history.on_epoch_end(initial_epoch + epoch, run.logs(epoch))
        return history

    everyone = [history, *callbacks]
    params = {"epochs": initial_epoch + run.epochs, "steps": run.steps, "verbose": verbose}
    model.stop_training = False
    for callback in callbacks:
        callback.set_model(model)
        callback.set_params(params)
        callback.on_train_begin()
    try:
        by_batch = [callback for callback in callbacks if callback.wants_batches]
        count = 1
        for epoch in range(run.epochs):
            for callback in callbacks:
                callback.on_epoch_begin(initial_epoch + epoch)
            count = _run_epoch(run, epoch, by_batch, bar, count)
            logs = run.logs(epoch) | model.measure(run.data, model.slow_metrics)
            if validation is not None:
                for callback in callbacks:
                    callback.on_test_begin()
                measured = model.evaluate_data(validation)
                logs |= {f"val_{name}": value for name, value in measured.items()}
                for callback in callbacks:
                    callback.on_test_end(measured)
            for callback in everyone:
                callback.on_epoch_end(initial_epoch + epoch, logs)
            shown = {name: f"{value:.4f}" for name, value in logs.items()}
            if bar is not None:
                bar.set_postfix(shown, refresh=False)  # or a short fit would show it
            if verbose == 2:
                numbers = " - ".join(f"{name}: {value}" for name, value in shown.items())
                print(f"Epoch {initial_epoch + epoch + 1}/{params['epochs']} - {numbers}")
            if model.stop_training:
                break
    finally:
        if bar is not None:
            bar.close()
        for callback in callbacks:
            callback.on_train_end()
    return history


def _run_epoch(run: Fit, epoch: int, by_batch: list[Callback], bar: Any, count: int) -> int:
    """Run an epoch; takes and returns the steps that are worth a slice."""
    first = epoch * run.steps

    def slice_of(start: int, count: int) -> None:
        run.run(first + start, count)
        if bar is not None:
            bar.update(count)

    if not by_batch:
        return run_in_slices(run.steps, slice_of, count=count)
    for batch in range(run.steps):
        for callback in by_batch:
            callback.on_train_batch_begin(batch)
        slice_of(batch, 1)
        for callback in by_batch:
            callback.on_train_batch_end(batch, run.logs(epoch))
    return count
