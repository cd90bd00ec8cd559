"""Losses, metrics and weights for TensorBoard."""

import functools
import time
from pathlib import Path
from typing import Any

from ..validation import as_flag, as_integer, as_path, one_of
from .callback import Callback, Logs


class TensorBoard(Callback):
    """Write losses and metrics of each epoch for TensorBoard; needs the package ``tensorboard``.

    As from Keras, those of training are in the folder ``train`` and those of the validation data in
    ``validation``, under the names ``epoch_loss``, ``epoch_learning_rate`` and so on.

    Parameters
    ----------
    log_dir : path
        Folder of both, made if it is not there.
    histogram_freq : int
        A histogram of each weight array is written once in this many epochs; 0 for never.
    write_graph : bool
        Not used: a model has no graph of TensorFlow. ``print(model.program())`` shows its phases.
    write_images : bool
        Must be False: weights are no pictures; ``fastscratch.plot`` draws filters.
    write_steps_per_second : bool
        Whether the number of steps in a second is written for each epoch.
    update_freq : "epoch", "batch" or int
        Losses and metrics so far are also written after each mini-batch, or once in this many of
        them; the fit is then slower.
    profile_batch : int
        Must be 0: compiled steps have no trace of TensorFlow.
    embeddings_freq : int
        Must be 0: embeddings are written with the other weights, as histograms.
    embeddings_metadata
        Must be None.

    Raises
    ------
    ModuleNotFoundError
        If ``tensorboard`` is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, callbacks, layers
    >>> x = np.linspace(-1, 1, 20)[:, None]
    >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> board = callbacks.TensorBoard("logs")  # doctest: +SKIP
    >>> history = model.fit(x, x, epochs=2, callbacks=[board])  # doctest: +SKIP
    """

    def __init__(
        self,
        log_dir: str | Path = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ):
        self.log_dir = as_path("log_dir", log_dir)
        self.histogram_freq = as_integer("histogram_freq", histogram_freq, 0)
        self.write_graph = as_flag("write_graph", write_graph)
        self.write_steps_per_second = as_flag("write_steps_per_second", write_steps_per_second)
        self.update_freq: str | int = "epoch"
        if isinstance(update_freq, str):
            self.update_freq = one_of("update_freq", update_freq, ("epoch", "batch"))
        else:
            self.update_freq = as_integer("update_freq", update_freq, 1)
        if as_flag("write_images", write_images):
            raise ValueError(
                "write_images must be False: weights are no pictures; fastscratch.plot draws "
                "filters, got True"
            )
        if profile_batch != 0:
            raise ValueError(
                "profile_batch must be 0: compiled steps have no trace of TensorFlow; "
                f"print(model.program()) shows what a step does, got {profile_batch!r}"
            )
        if embeddings_freq != 0 or embeddings_metadata is not None:
            raise ValueError(
                "embeddings_freq must be 0 and embeddings_metadata None: histogram_freq writes all "
                f"weights, got {embeddings_freq!r} and {embeddings_metadata!r}"
            )
        _tensorboard()
        self._writers: dict[str, Any] = {}

    @property
    def wants_batches(self) -> bool:
        is_own = type(self).on_train_batch_end is TensorBoard.on_train_batch_end
        return self.update_freq != "epoch" or not is_own

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._began, self._first_step = time.perf_counter(), self.model._state.iterations

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        super().on_train_batch_end(batch, logs=logs)
        step = self.model._state.iterations
        if self.update_freq == "batch" or step % int(self.update_freq) == 0:
            for name, value in (logs or {}).items():
                self._write("train", f"batch_{name}", value, step)

    def on_test_end(self, logs: Logs | None = None) -> None:
        for name, value in (logs or {}).items():
            step = self.model._state.iterations
            self._write("validation", f"evaluation_{name}_vs_iterations", value, step)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        steps = self.model._state.iterations
        numbers = dict(logs or {})
        if self.model.optimizer is not None:
            numbers["learning_rate"] = self.model.optimizer.schedule(steps)
        if self.write_steps_per_second:
            seconds = time.perf_counter() - self._began
            numbers["steps_per_second"] = (steps - self._first_step) / seconds
        for name, value in numbers.items():
            part = "validation" if name.startswith("val_") else "train"
            self._write(part, f"epoch_{name.removeprefix('val_')}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            weights = self.model.get_weights()
            for (layer, placed), weight in zip(self.model._named_weights(), weights, strict=True):
                tag = f"{layer.name}/{placed.weight.name}/histogram"
                self._add("train", _tensorboard().histogram(tag, weight), epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write(self, part: str, tag: str, value: float, step: int) -> None:
        self._add(part, _tensorboard().scalar(tag, value), step)

    def _add(self, part: str, summary: Any, step: int) -> None:
        """Write a summary into the file of a part, which is made when it is needed."""
        package = _tensorboard()
        if part not in self._writers:
            self._writers[part] = package.writer(str(self.log_dir / part))
        event = package.event(wall_time=time.time(), step=step, summary=summary)
        self._writers[part].add_event(event)


class _Package:
    """What is used of the package ``tensorboard``."""

    def __init__(self) -> None:
        try:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.plugins.histogram.summary_v2 import histogram_pb
            from tensorboard.plugins.scalar.summary_v2 import scalar_pb
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "callbacks.TensorBoard needs the package tensorboard: pip install "
                f"'fastscratch[tensorboard]' ({error})"
            ) from None
        self.event, self.histogram, self.scalar = Event, histogram_pb, scalar_pb
        self.writer = EventFileWriter


@functools.cache
def _tensorboard() -> _Package:
    return _Package()
