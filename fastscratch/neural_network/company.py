"""Estimators that are fitted together: each asks for its fit, and all are done in one call.

:func:`fit` fits a network at once, unless it is called in a coroutine: then it waits there until
:func:`fit_all` has fitted it with others. Each network ends with the same bits in any case.
"""

import dataclasses
import functools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from .. import coroutines
from ..callbacks import History
from ..engine import Objective, Stopping, Training
from ..kernels.program.loss import ARGMAX, THRESHOLD
from ..models import Sequential
from ..models.assignments import Assignment
from ..models.many import take, train, training_of
from ..models.shared_programs import SharedPrograms
from ..models.training_data import TrainingData
from ..output import progress_bar
from . import continued
from .epochs import Epochs
from .shared import Make, Same, anew

__all__ = ["Fit", "fit", "fit_all"]


@dataclasses.dataclass(eq=False)
class Fit:
    """The fit of a network by mini-batches.

    Attributes
    ----------
    model : Sequential
        Compiled.
    x, y, weight
        As ``fit`` of a model takes them.
    batch_size, max_iter : int
    shuffle : bool
    epochs : Epochs
        What is done after each epoch.
    make : callable
        Makes what other fits may share.
    assignment : EstimatorAssignment or None
        The fit as one of many, if there is something to train.
    losses, scores : list of float
        Of the epochs that are done, if compiled code has trained them.
    seconds : float
        That its training took of those of all networks that were trained together.
    earlier : Continued or None
        Fits that it may go on from, and that it is then one of.
    key : str
        What it depends on but for its number of epochs, if others may go on from it.
    best : (p,) array, optional
        The weights after the best epoch. With it the network keeps those of its last epoch, with
        which it can go on.
    """

    model: Sequential
    x: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    batch_size: int
    max_iter: int
    shuffle: bool
    epochs: Epochs
    make: Make = anew
    assignment: "EstimatorAssignment | None" = None
    losses: list[float] = dataclasses.field(default_factory=list)
    scores: list[float] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    earlier: continued.Continued | None = dataclasses.field(default_factory=continued.current)
    key: str = ""
    best: np.ndarray | None = None

    def alone(self) -> None:
        """Fit the network, and no other."""
        self.model.fit(
            self.x,
            self.y,
            batch_size=self.batch_size,
            epochs=self.max_iter - len(self.losses),
            verbose=0,
            callbacks=[self.epochs],
            shuffle=self.shuffle,
            sample_weight=self.weight,
        )

    @property
    def can_be_compiled(self) -> bool:
        """Whether compiled code knows all that is to be done after each epoch."""
        return self.epochs.is_plain and not sparse.issparse(self.x)

    @property
    def is_over(self) -> bool:
        """Whether no epoch is left."""
        return self.epochs.ended or len(self.losses) == self.max_iter

    def prepare(self) -> None:
        """Go on from an earlier fit, if there is one, and check the data."""
        if not self.can_be_compiled:
            return
        if self.earlier is not None:
            self.earlier.resume(self)
        if not self.is_over:
            self.assignment = self._assignment()

    def conclude(self) -> None:
        """Fit the network now, if it has not been trained with others."""
        one = self.assignment
        if one is not None and len(self.losses) > self.max_iter - one.epochs:
            if self.earlier is not None:
                self.earlier.keep(self)
        elif not self.is_over:  # also if it has diverged: the same again says where
            self.alone()

    def _assignment(self) -> "EstimatorAssignment":
        model = self.model
        model._build(self.x.shape[1:])
        data, rows = self._checked("", self.x, self.y, self.weight)
        validation, validation_rows = None, np.empty(0, np.int64)
        if self.epochs.validation is not None:
            validation, validation_rows = self._checked("validation ", *self.epochs.validation)
        return EstimatorAssignment(
            model,
            data,
            rows,
            validation,
            validation_rows,
            self.max_iter - len(self.losses),
            self.batch_size,
            None,
            rules=self.epochs,
        )

    def _checked(
        self, prefix: str, x: Any, y: np.ndarray, weight: np.ndarray | None = None
    ) -> tuple[TrainingData, np.ndarray]:
        """Checked data, and the numbers of all their rows."""

        def check() -> tuple[TrainingData, np.ndarray]:
            data = self.model._checked_data(x, y, weight, prefix=prefix)
            return data, np.arange(len(data))

        shape = self.model._network.output_shapes[0]
        return self.make((self.model.loss, shape, Same(x), Same(y), Same(weight)), check)

    def take_records(self, losses: Sequence[float], scores: Sequence[float]) -> None:
        """Let the estimator note what happened in each epoch."""
        before = len(self.losses)
        self.losses += losses
        self.scores += scores
        self.epochs.set_model(self.model)
        self.epochs.scores = iter(scores)
        if self.best is not None:
            self.epochs.best_weights = self.best.copy()
        for epoch, loss in enumerate(losses, before):
            self.epochs.on_epoch_end(epoch, {"loss": loss})
        self.epochs.scores = self.epochs.best_weights = None


@dataclasses.dataclass(frozen=True)
class EstimatorAssignment(Assignment):
    """What one of the estimators is fitted on; it ends by the rules of scikit-learn."""

    rules: Epochs = dataclasses.field(kw_only=True)

    def objectives(self, weight_axes: Sequence[int]) -> tuple[Objective, ...]:
        """Those of the model; with validation data, which predictions are right is counted too."""
        found = super().objectives(weight_axes)
        if self.validation is None:
            return found
        return (_counting(*found),)

    def stopping(self) -> Stopping:
        """The rules, as the engine takes them."""
        return self.rules.stopping(len(self.validation_rows))


@functools.cache
def _counting(objective: Objective) -> Objective:
    """The same, and count which predictions are right."""
    metric = ARGMAX if objective.takes_labels else THRESHOLD
    return dataclasses.replace(objective, metric=metric, level=0.0)


def fit(wanted: Fit) -> None:
    """Fit a network now, or in a coroutine when :func:`fit_all` does it."""
    coroutine = coroutines.current()
    if coroutine is not None:
        wanted.prepare()
        if wanted.assignment is not None:
            coroutine.ask(wanted)
            coroutine.waited -= wanted.seconds
    wanted.conclude()


def _trainings(fits: Sequence[Fit]) -> list[Training]:
    """The trainings of networks, as the engine takes them.

    Those on the same data are made one after the other, so that programs learn of it once.
    """
    programs, made = SharedPrograms(), dict[int, Training]()
    for place, one in sorted(enumerate(fits), key=lambda pair: id(pair[1].x)):
        assert one.assignment is not None
        made[place] = training = training_of(one.assignment, programs, one.shuffle)
        if one.best is not None:
            training.keep_best(one.best)
    return [made[place] for place in range(len(fits))]


def fit_all(fits: Sequence[Fit]) -> None:
    """Fit networks that are prepared in one compiled call; one that diverges is not changed."""
    assignments = [one.assignment for one in fits if one.assignment is not None]
    trainings = _trainings(fits)
    began = time.perf_counter()
    with progress_bar(len(fits), "fits", "fit") as bar:
        train(trainings, bar)
    pace = (time.perf_counter() - began) / max(1, sum(one.done * one.work for one in trainings))
    for one, assignment, training in zip(fits, assignments, trainings, strict=True):
        one.seconds = pace * training.done * training.work
        if not training.has_diverged:
            history = History()
            take(assignment, training, history)
            n = len(assignment.validation_rows)
            right = training.validation_totals[: len(history.epoch), 0, 1]
            one.take_records(history.history["loss"], (right / max(1, n)).tolist())
