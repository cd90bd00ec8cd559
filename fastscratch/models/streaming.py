"""Fits, evaluations and predictions of data that come in batches."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks.callback_list import CallbackList
from .batches import Batches, Prepared, unpacked
from .fitting import Fit
from .head import logs_of
from .progress import Progress, Shown
from .training_data import TrainingData

if TYPE_CHECKING:
    from .model import Model


class BatchFit(Fit):
    """The fit of one mini-batch, by the program of mini-batches of another size.

    Parameters
    ----------
    model, data, terminate_on_nan
        As :class:`Fit` takes them.
    batch_size : int
        Not less than the samples of the mini-batch.
    epoch, batch : int
        Of this fit, from 0.
    epochs : int
        How many epochs of all fits have begun, this one included.
    """

    def __init__(
        self,
        model: "Model",
        data: TrainingData,
        batch_size: int,
        terminate_on_nan: bool,
        epoch: int,
        batch: int,
        epochs: int,
    ):
        self._epoch, self._batch, self._epochs_begun = epoch, batch, epochs
        super().__init__(model, data, batch_size, 1, False, terminate_on_nan)

    def _cut(self, batch_size: int) -> None:
        self.batch_size, self.steps = batch_size, 1
        self.first_epoch = self.model._state.iterations  # the number of the step

    def _epochs_after(self, step: int) -> int:
        return self._epochs_begun

    def _named(self, step: int) -> str:
        return f"step {self._batch + 1} of epoch {self._epoch + 1}"


class StreamedFit(Fit):
    """A fit of data that come in batches: each is a step of the same compiled program.

    Parameters
    ----------
    model : Model
        Compiled.
    batches : Batches
    class_weight : dict, optional
    epochs : int
    terminate_on_nan : bool
    """

    in_slices = False

    def __init__(
        self,
        model: "Model",
        batches: Batches,
        class_weight: Any,
        epochs: int,
        terminate_on_nan: bool,
    ):
        def prepare(item: Any) -> TrainingData:
            if isinstance(item, TrainingData):
                return item
            x, y, weights = unpacked(batches.name, item)
            return model._data(x, y, weights, class_weight).weighted_by_class()

        self.model, self.epochs, self.terminate_on_nan = model, epochs, terminate_on_nan
        self._batches = batches
        self._prepared = Prepared(batches, epochs, prepare)
        self.first_epoch = model.trained_epochs
        self._optimizer = model._compiled_optimizer()
        self.batch_size = len(self._prepared.first)
        self.renew()
        self._begin_epoch(0)

    def _begin_epoch(self, epoch: int) -> None:
        self._epoch, self._batch, self._n_seen = epoch, 0, 0
        self._sums = np.zeros((len(self.heads) + 1, 2))
        self._measured: list[tuple[TrainingData, list[np.ndarray]]] = []
        self._count()

    def _count(self) -> None:
        """Count the steps of an epoch, this one if no number is known, and of all epochs."""
        self.steps = self._batches.steps or max(1, self._batch)
        self.done = self._epoch * self.steps + self._batch

    @property
    def known_steps(self) -> int | None:
        return self._batches.steps

    def renew(self) -> None:
        self.heads = self.model._heads(self.model._current_programs().network)

    def close(self) -> None:
        self._prepared.close()

    def run_epoch(self, epoch: int, callbacks: CallbackList, progress: Progress) -> None:
        model, measured = self.model, self.heads.need_predictions
        self._begin_epoch(epoch)
        for data in self._prepared.epoch():
            callbacks.train_batch_begin(self._batch)
            if measured:  # of the outputs before the step, as the loss is
                self._measured.append((data, model._predict(data.x, None)[0]))
            self._take(data)
            if callbacks.of_batches:
                callbacks.train_batch_end(self._batch - 1, self.logs(epoch))
            progress.update()
            if model.stop_training:
                break
        if self._prepared.is_exhausted:
            warnings.warn(
                f"{self._batches.name} has no more batches: the fit ends in epoch {epoch + 1} of "
                f"{self.epochs}, after {self._batch} of its steps",
                stacklevel=2,
            )
            model.stop_training = True
            self.is_over = self._batch == 0

    def _take(self, data: TrainingData) -> None:
        """Take the step of a mini-batch."""
        self.batch_size = max(self.batch_size, len(data))
        place = self._epoch, self._batch, self.first_epoch + self._epoch + 1
        step = BatchFit(self.model, data, self.batch_size, self.terminate_on_nan, *place)
        step.run(0, 1)
        self._sums += step.totals[0] * [len(data), 1]
        self._n_seen += len(data)
        self._batch += 1
        self._count()

    def logs(self, epoch: int) -> dict[str, float]:
        n = max(1, self._n_seen)
        return logs_of(self.heads, self._sums / [n, 1], n, n)

    def measure(self) -> dict[str, float]:
        return measured_of(self.model, self._measured)


def measured_of(
    model: "Model", parts: list[tuple[TrainingData, list[np.ndarray]]]
) -> dict[str, float]:
    """Metrics that are computed from predictions, of mini-batches and what was predicted."""
    if not parts:
        return {}
    data = TrainingData.joined([part for part, _ in parts])
    predicted = [np.concatenate(outs) for outs in zip(*(outs for _, outs in parts), strict=True)]
    return model._measure(data, predicted)


def evaluate_batches(
    model: "Model",
    batches: Batches,
    callbacks: CallbackList | None = None,
    shown: Shown | None = None,
) -> tuple[dict[str, float], int]:
    """Mean loss over one epoch of batches, and the metrics; and the number of samples."""

    def prepare(item: Any) -> TrainingData:
        return model._data(*unpacked(batches.name, item))

    sums: dict[str, float] = {}
    measured: list[tuple[TrainingData, list[np.ndarray]]] = []
    n = 0
    for batch, data in enumerate(_epoch_of(Prepared(batches, 1, prepare))):
        if callbacks is not None:
            callbacks.test_batch_begin(batch)
        n += len(data)
        for name, value in model._losses_of(data).items():
            sums[name] = sums.get(name, 0.0) + value * len(data)
        if model._heads(model._network).need_predictions:
            measured.append((data, model._predict(data.x, None)[0]))
        if callbacks is not None:
            callbacks.test_batch_end(batch, {name: total / n for name, total in sums.items()})
        if shown is not None:
            shown.update(batches.steps)
    return {name: total / n for name, total in sums.items()} | measured_of(model, measured), n


def predict_batches(
    model: "Model", batches: Batches, shown: Shown, callbacks: CallbackList | None = None
) -> tuple[list[np.ndarray], int]:
    """Outputs for one epoch of batches, one after the other; and the number of samples."""

    def prepare(item: Any) -> tuple[np.ndarray, ...]:
        x, _, _ = unpacked(batches.name, item)
        model._build_for(x)
        samples = model._samples(batches.name, x)
        model._network.check_inputs(batches.name, samples)
        return samples

    parts: list[list[np.ndarray]] = []
    prepared = Prepared(batches, 1, prepare)
    if callbacks is not None:
        callbacks.predict_begin()
    for batch, xs in enumerate(_epoch_of(prepared)):
        if callbacks is not None:
            callbacks.predict_batch_begin(batch)
        parts.append(model._predict(xs, None)[0])
        if callbacks is not None:
            callbacks.predict_batch_end(batch, parts[-1])
        shown.update(batches.steps)
    outs = [np.concatenate(of_output) for of_output in zip(*parts, strict=True)]
    return outs, len(outs[0])


def _epoch_of(prepared: Prepared) -> Iterator[Any]:
    """The batches of the only epoch."""
    try:
        yield from prepared.epoch()
    finally:
        prepared.close()
