"""Estimators that are fitted together: each asks for its fit, and all are done in one call.

:func:`fit` is what an estimator calls. It fits a network at once, unless it is called in a
coroutine: then it waits there until :func:`fit_all` has fitted it with others. Each network ends
with the same bits in any case.
"""

import dataclasses
import time
from collections.abc import Sequence

import numpy as np
from scipy import sparse

from .. import coroutines
from ..callbacks import History
from ..engine import Objective, Stopping
from ..kernels.program.loss import ARGMAX, THRESHOLD
from ..models import Sequential
from ..models.assignments import Assignment
from ..models.many import take, train, training_of
from ..models.shared_programs import SharedPrograms
from ..output import progress_bar
from . import continued
from .epochs import Epochs

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
    losses, scores : list of float
        Of the epochs that are done, if compiled code has trained them.
    seconds : float
        That its training took of those of all networks that were trained together.
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
    losses: list[float] = dataclasses.field(default_factory=list)
    scores: list[float] = dataclasses.field(default_factory=list)
    seconds: float = 0.0
    best: np.ndarray | None = None

    def alone(self) -> None:
        """Fit the network now."""
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

    def assignment(self) -> "EstimatorAssignment":
        """The fit as one of many."""
        model, validation = self.model, None
        model._build(self.x.shape[1:])
        data = model._checked_data(self.x, self.y, self.weight)
        if self.epochs.validation is not None:
            x, y = self.epochs.validation
            validation = model._checked_data(x, y, None, prefix="validation ")
        return EstimatorAssignment(
            model,
            data,
            np.arange(len(data)),
            validation,
            np.arange(0 if validation is None else len(validation)),
            self.max_iter - len(self.losses),
            self.batch_size,
            None,
            rules=self.epochs,
        )

    def take_records(self, losses: Sequence[float], scores: Sequence[float]) -> None:
        """Let the estimator note what happened in each epoch."""
        before = len(self.losses)
        self.losses += losses
        self.scores += scores
        self.epochs.set_model(self.model)
        self.epochs.scores = iter(scores)
        if self.best is not None:
            placed = self.model._network.placed()
            self.epochs.best_weights = [one.view(self.best).copy() for one in placed]
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
        (objective,) = found
        metric = ARGMAX if objective.takes_labels else THRESHOLD
        return (dataclasses.replace(objective, metric=metric, level=0.0),)

    def stopping(self) -> Stopping:
        """The rules, as the engine takes them."""
        return self.rules.stopping(len(self.validation_rows))


def fit(wanted: Fit) -> None:
    """Fit a network now, or in a coroutine when :func:`fit_all` does it."""
    coroutine = coroutines.current()
    if coroutine is None or not wanted.can_be_compiled:
        wanted.alone()
        return
    earlier, key = continued.current(), ""
    if earlier is not None:
        key = earlier.key(wanted)
        earlier.resume(key, wanted)
    if wanted.is_over:
        return
    before = len(wanted.losses)
    # The assignment is made here, so that its errors are those of this fit.
    coroutine.ask((wanted, wanted.assignment()))
    coroutine.waited -= wanted.seconds
    if len(wanted.losses) == before:  # it has diverged: the same again says where
        wanted.alone()
    elif earlier is not None:
        earlier.keep(key, wanted)


def fit_all(fits: Sequence[tuple[Fit, EstimatorAssignment]]) -> None:
    """Fit networks in one compiled call; of one that diverges nothing is changed."""
    programs = SharedPrograms()
    trainings = [training_of(assignment, programs, one.shuffle) for one, assignment in fits]
    for (one, _), training in zip(fits, trainings, strict=True):
        if one.best is not None:
            training.keep_best(one.best)
    began = time.perf_counter()
    with progress_bar(len(fits), "fits", "fit") as bar:
        train(trainings, bar)
    pace = (time.perf_counter() - began) / max(1, sum(one.done * one.work for one in trainings))
    for (one, assignment), training in zip(fits, trainings, strict=True):
        one.seconds = pace * training.done * training.work
        if not training.has_diverged:
            history = History()
            take(assignment, training, history)
            n = len(assignment.validation_rows)
            right = training.validation_totals[: len(history.epoch), 0, 1]
            one.take_records(history.history["loss"], (right / max(1, n)).tolist())
