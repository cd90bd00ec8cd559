"""The fit: epochs of compiled steps, and what Python does between them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import output
from ..addresses import is_finite
from ..callbacks import Callback, History, TerminateOnNaN
from ..callbacks.callback_list import CallbackList
from ..engine import Network, Predictor, run_in_slices
from ..kernels.program.train import FINITE, NOT_RUN
from ..utils import derived_seed
from ..validation import TOO_LARGE, more_than_memory
from .head import logs_of
from .progress import Progress
from .training_data import TrainingData

if TYPE_CHECKING:
    from .model import Model
    from .validating import Validation


class Fit:
    """One fit of a model.

    Steps and epochs are counted over all fits of the model, at this batch size: ten epochs in one
    fit, or in two, are the same steps.

    A slice of steps runs on the memory of the program that trains; when it is done, the model gets
    a new state, a copy. Until then all threads read the old one.

    Parameters
    ----------
    model : Model
        Compiled and built.
    data : TrainingData
    batch_size, epochs : int
    shuffle, terminate_on_nan : bool

    Attributes
    ----------
    steps : int
        In an epoch.
    done : int
        Steps that were run, of all epochs.
    """

    #: Whether many steps are run by one call.
    in_slices = True
    #: Whether there were no data for an epoch.
    is_over = False

    def __init__(
        self,
        model: "Model",
        data: TrainingData,
        batch_size: int,
        epochs: int,
        shuffle: bool,
        terminate_on_nan: bool,
    ):
        self.model, self.data, self.epochs = model, data, epochs
        self.shuffle, self.terminate_on_nan = shuffle, terminate_on_nan
        self.n_samples, self._holder = len(data), model._holder
        self._cut(batch_size)
        self._optimizer = model._compiled_optimizer()
        self._take_program()
        self.done = 0
        try:
            self.totals = np.zeros((epochs, len(self.heads) + 1, 2))
        except TOO_LARGE:
            raise more_than_memory("epochs", epochs) from None
        self.order = np.empty(self.n_samples, np.int64)
        self._bind()

    def _cut(self, batch_size: int) -> None:
        """Cut the data into mini-batches, and count the epochs before."""
        self.batch_size = min(batch_size, self.n_samples)
        self.steps = -(-self.n_samples // self.batch_size)
        self.first_epoch = self.model._state.epochs

    def _take_program(self) -> None:
        """Take what is minimised and measured, and the program that trains."""
        programs, data = self.model._current_programs(), self.data
        self.heads = self.model._heads(programs.network)
        self.trainer, self._workspace = programs.trainer(
            *(self.heads.objectives(data.weight_axes), self._optimizer, self.batch_size, data.x)
        )

    def _epochs_after(self, step: int) -> int:
        """How many epochs of all fits have begun after some steps."""
        return -(-step // self.steps)

    def _bind(self) -> None:
        """Let the program read the data, and write its losses here."""
        data, seed = self.data, derived_seed(self.model.seed, 1)
        self.trainer.bind(
            *(data.x, data.y, data.weights, self.order, self.totals),
            *(self.shuffle, seed, self.first_epoch),
        )

    def renew(self) -> None:
        """Take another program, if an attribute of a layer or the optimiser has been set."""
        before = self.trainer
        self._take_program()
        if self.trainer is not before:
            self._bind()

    def run(self, first: int, count: int) -> None:
        """Run some steps; `first` counts from the start of the fit.

        Raises
        ------
        FloatingPointError
            If a loss or a weight is no longer finite, and that ends the fit: the model is then as
            before that step.
        """
        self._epochs = slice(first // self.steps, -(-(first + count) // self.steps))
        # Losses are added up, and the order of the samples made, from the start of an epoch.
        before = self._notes() if first % self.steps else None
        if self._run(first, count):
            self.done = first + count
            return
        # Again from the start of the slice, step by step: the same bits, up to the one that fails.
        self.totals[self._epochs] = 0
        if before is not None:
            self.totals[self._epochs.start], self.order[:] = before
        for step in range(first, first + count):
            if not self._run(step, 1):
                raise self._complaint(step)

    def _run(self, first: int, count: int) -> bool:
        """Run some steps from the state of the model; replace it, unless they have diverged.

        Ctrl-C takes effect before the compiled steps, or after them and then they count.
        """
        holder, trainer, workspace = self._holder, self.trainer, self._workspace
        optimizer = self._optimizer
        assert holder.state is not None  # the model is built
        state = holder.state.for_optimizer(optimizer)
        rates = optimizer.rates(state.iterations, count)
        self._rate = rates[0]
        start = self.first_epoch * self.steps + first
        epochs = self._epochs_after(start + count)
        if workspace.holds is not state:
            trainer.load(state.numbers(optimizer))
        taken, totals = state.taken(optimizer), self.totals[self._epochs]
        learned = trainer.new_numbers()
        workspace.holds = None  # the steps change its numbers
        trainer.outcome[0] = NOT_RUN
        try:
            holder.run_in = holder.trained_in
            trainer.train(start, rates, taken, totals, learned)
        finally:
            outcome, holder.run_in = trainer.outcome[0], None
            counts = outcome == FINITE or (outcome != NOT_RUN and not self.terminate_on_nan)
            if counts:
                holder.state = state.after(count, epochs, optimizer, learned)
                workspace.holds = holder.state
        return counts

    def finish(self) -> None:
        """Give the model the moving average of its weights, if the optimiser keeps one."""
        if self.done and self._optimizer.use_ema:
            self.model._take_average()

    def _notes(self) -> tuple[np.ndarray, np.ndarray]:
        """What steps within an epoch change besides the state of the model."""
        return self.totals[self._epochs.start].copy(), self.order.copy()

    def _complaint(self, step: int) -> FloatingPointError:
        """What went wrong in the step that was just run; the model is as before it."""
        after = self._first_loss_or_weight_not_finite()
        batch = step % self.steps
        rows = self.order[batch * self.batch_size :][: self.batch_size]
        # A loss that is NaN makes all weights NaN: the first output that is not finite says more.
        where = self._first_output_not_finite(rows) or after
        return FloatingPointError(
            f"training diverged in {self._named(step)}: {where} is not finite at "
            f"learning_rate={self._rate:g}; use a smaller one, scale inputs and targets to about "
            "0 to 1, or clip the gradient"
        )

    def _named(self, step: int) -> str:
        """A step, for a message."""
        epoch, batch = divmod(step, self.steps)
        return f"step {batch + 1} of epoch {epoch + 1}"

    def _first_loss_or_weight_not_finite(self) -> str:
        network = self.trainer.network
        for head, losses in zip(self.heads, self.totals.swapaxes(0, 1), strict=False):
            if not np.isfinite(losses[self._epochs]).all():
                return f"the loss after layer {head.name!r}"
        return next(
            (
                f"{placed.weight.name} of layer {layer.name!r}"
                for layer, weights in network.weights_by_layer()
                for placed in weights
                if not is_finite(placed.view(self.trainer.parameters))
            ),
            "a penalty of the weights",
        )

    def _first_output_not_finite(self, rows: np.ndarray) -> str:
        """The first layer that overflows on these samples, or nothing."""
        network, parameters = self.trainer.network, self.model._state.parameters
        xs = [np.ascontiguousarray(x[rows]) for x in self.data.x]
        for i, node in enumerate(network.nodes):
            ahead = Network(network.nodes[: i + 1], network.input_shapes)
            reader = Predictor(ahead, len(rows), self.trainer.memory.dtype)
            reader.parameters[:] = parameters[: ahead.n_parameters]
            out = np.empty((len(rows), *ahead.output_shapes[0]), self.trainer.memory.dtype)
            reader.run([out], xs)
            if not is_finite(out):
                return f"output of layer {node.layer.name!r}"
        return ""

    def logs(self, epoch: int) -> dict[str, float]:
        """Loss and metrics of an epoch, or of its part that was run."""
        n_seen = min((self.done - epoch * self.steps) * self.batch_size, self.n_samples)
        return logs_of(self.heads, self.totals[epoch], self.n_samples, n_seen)

    def logs_of_epochs(self, first: int, count: int) -> dict[str, list[float]]:
        """Losses and metrics of some epochs; the last may not be complete."""
        if count == 1:
            return {name: [value] for name, value in self.logs(first).items()}
        n = self.n_samples
        epochs = np.arange(first, first + count)
        n_seen = np.minimum((self.done - epochs * self.steps) * self.batch_size, n)
        logs = logs_of(self.heads, self.totals[first : first + count], n, n_seen)
        return {name: values.tolist() for name, values in logs.items()}

    @property
    def known_steps(self) -> int | None:
        """Steps of an epoch, if that is known before."""
        return self.steps

    def measure(self) -> dict[str, float]:
        """Metrics that are computed from predictions after an epoch."""
        return self.model._measure(self.data)

    def run_slices(self, total: int, run: Callable[[int, int], bool]) -> None:
        """Run some steps in slices, the first as long as those of the fit before."""
        trainer = self.trainer
        trainer.steps_at_once = run_in_slices(
            total, run, count=trainer.steps_at_once, longer=trainer.patience
        )

    def run_epoch(self, epoch: int, callbacks: CallbackList, progress: Progress) -> None:
        """Run an epoch."""
        first = epoch * self.steps

        def run_slice(start: int, count: int) -> bool:
            self.run(first + start, count)
            progress.update()
            return self.model.stop_training

        if not callbacks.of_batches:
            self.run_slices(self.steps, run_slice)
            return
        for batch in range(self.steps):
            callbacks.train_batch_begin(batch)
            run_slice(batch, 1)
            callbacks.train_batch_end(batch, self.logs(epoch))
            if self.model.stop_training:
                break


def fit(
    run: Fit,
    validation: "Validation | None",
    callbacks: Sequence[Callback],
    verbose: int,
    initial_epoch: int,
) -> History:
    """Run all epochs of a fit, with validation, callbacks and messages between them.

    ``model.stop_training`` is looked at after each slice of steps.
    """
    model, history = run.model, History()
    model.stop_training = False
    alone = validation is None and not callbacks and run.in_slices
    if alone and not run.heads.need_predictions:
        shown = Progress(run, verbose, initial_epoch) if verbose else None

        def run_slice(first: int, count: int) -> bool:
            run.run(first, count)
            if shown is not None:
                shown.end_epochs()
                shown.update()
            return model.stop_training

        try:
            run.run_slices(run.epochs * run.steps, run_slice)
            run.finish()
        finally:
            if shown is not None:
                shown.close()
        begun = -(-run.done // run.steps)
        history.epoch = list(range(initial_epoch, initial_epoch + begun))
        history.history = run.logs_of_epochs(0, begun) if begun else {}
        return history

    params = {"epochs": initial_epoch + run.epochs, "steps": run.known_steps, "verbose": verbose}
    progress = Progress(run, verbose, initial_epoch)
    everyone = CallbackList([*callbacks, history], model, params)
    reported = [*model.directions, *(f"val_{n}" for n in model.directions if validation)]
    everyone.check(reported)
    everyone.train_begin()
    logs: dict[str, float] = {}
    try:
        for epoch in range(run.epochs):
            everyone.epoch_begin(initial_epoch + epoch)
            run.renew()
            try:
                run.run_epoch(epoch, everyone, progress)
            except FloatingPointError as error:
                if not any(isinstance(callback, TerminateOnNaN) for callback in callbacks):
                    raise
                output.say(str(error))
                logs, model.stop_training = dict.fromkeys(reported, np.nan), True
                everyone.epoch_end(initial_epoch + epoch, logs)
                break
            if run.is_over:
                break
            logs = run.logs(epoch) | run.measure()
            if validation is not None and validation.is_due(initial_epoch + epoch + 1):
                of_validation = validation.measure(everyone)
                logs |= {f"val_{name}": value for name, value in of_validation.items()}
            progress.end_epoch(logs)
            everyone.epoch_end(initial_epoch + epoch, logs)
            if model.stop_training:
                break
        run.finish()
    finally:
        progress.close()
        everyone.train_end(logs)
    return history
