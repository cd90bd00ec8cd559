"""What is done after each epoch: records, early stopping, the learning rate, callbacks."""

import math
from collections.abc import Callable as Function
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..callbacks import Callback
from ..callbacks.learning_rate_scheduler import optimizer_and_rate
from ..engine import Stopping
from ..estimators import FitTask
from ..output import say
from ..wording import quantity

if TYPE_CHECKING:
    from .base import BaseMLP

#: An adaptive learning rate does not fall below this: the fit ends.
SMALLEST_RATE = 1e-6


class Epochs(Callback):
    """Keeps the records of an estimator, and ends its fit by scikit-learn's rules.

    Parameters
    ----------
    estimator : BaseMLP
        Its attributes are written.
    n_samples : int
    offset : float
        Part of the loss that no weight changes.
    score : callable or None
        Score of a model on the validation data.
    task : FitTask
    validation : tuple of (X, y), optional
        The validation data, if `score` is the share of them that is predicted right.

    Attributes
    ----------
    scores : iterator of float or None
        Scores after the epochs to come, where they are known.
    best_weights : (p,) array or None
        The weights after the best of them, where they are not those of the model.
    ended : bool
        Whether a rule ended the fit.
    """

    def __init__(
        self,
        estimator: "BaseMLP",
        n_samples: int,
        offset: float,
        score: Function[[Any], float] | None,
        task: FitTask,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self.estimator = estimator
        self.n_samples = n_samples
        self.offset = offset
        self.score = score
        self.task = task
        self.validation = validation
        self.ended = False
        self.scores: Iterator[float] | None = None
        self.best_weights: np.ndarray | None = None

    @property
    def is_plain(self) -> bool:
        """Whether :meth:`stopping` says all that is decided after an epoch."""
        e = self.estimator
        changes_rate = e.solver == "sgd" and e.learning_rate != "constant"
        can_score = self.score is None or self.validation is not None
        return not changes_rate and can_score and not self.task.is_heard

    def stopping(self, n_validation: int) -> Stopping:
        """The same rules for compiled code; the score is the share of so many samples."""
        e = self.estimator
        by_score = e.early_stopping
        best = e.best_validation_score_ if by_score else e._lowest_loss
        return Stopping(
            by_score,
            *((0, 1, float(n_validation), 1) if by_score else (-1, 0, 1.0, -1)),
            min_delta=e.tol,
            patience=e.n_iter_no_change,
            baseline=math.nan,
            start_from=0,
            restores_best=by_score,
            by_tolerance=True,
            offset=0.0 if by_score else self.offset,
            best=math.nan if best is None or np.isinf(best) else best,
            wait=e._no_improvement_count,
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        e = self.estimator
        e.n_iter_ += 1
        e.t_ += self.n_samples
        e.loss_ = (logs or {})["loss"] + self.offset
        e.loss_curve_.append(e.loss_)
        if e.verbose:
            say(f"Epoch {e.n_iter_}, loss = {e.loss_:.8f}")
        improved = self._compare_loss()
        if self.score is not None:
            score = self.score(self.model) if self.scores is None else float(next(self.scores))
            better_score = self._compare_score(score)
            improved = better_score if e.early_stopping else improved
        e._no_improvement_count = 0 if improved else e._no_improvement_count + 1
        if e.solver == "sgd" and e.learning_rate == "invscaling":
            optimizer, _ = optimizer_and_rate(self)
            optimizer.learning_rate = e.learning_rate_init / (e.t_ + 1) ** e.power_t
        if e._no_improvement_count > e.n_iter_no_change:
            self._slow_down_or_end()
        if self.task.is_heard and self.task.iteration(e._attributes):
            self._end("a callback asked for it")

    def _compare_loss(self) -> bool:
        """Whether the loss became lower by `tol`."""
        e = self.estimator
        improved = e.loss_ <= e._lowest_loss - e.tol
        e._lowest_loss = min(e._lowest_loss, e.loss_)
        if not e.early_stopping:
            e.best_loss_ = e._lowest_loss
        return improved

    def _compare_score(self, score: float) -> bool:
        """Whether the validation score became higher by `tol`."""
        e = self.estimator
        assert e.validation_scores_ is not None  # there are validation data
        assert e.best_validation_score_ is not None
        e.validation_scores_.append(score)
        if e.verbose:
            say(f"Validation score: {score:.6f}")
        improved = score >= e.best_validation_score_ + e.tol
        if score > e.best_validation_score_:
            e.best_validation_score_ = score
            if e.early_stopping:
                known = self.best_weights
                e._best_weights = self.model._state.parameters if known is None else known
        return improved

    def _slow_down_or_end(self) -> None:
        e = self.estimator
        optimizer, rate = optimizer_and_rate(self)
        what = "validation score" if e.early_stopping else "loss"
        epochs = quantity(e.n_iter_no_change, "epoch")
        reason = f"the {what} did not improve by tol={e.tol:g} for {epochs}"
        adapts = e.solver == "sgd" and e.learning_rate == "adaptive"
        if adapts and rate > SMALLEST_RATE:
            optimizer.learning_rate = rate / 5
            e._no_improvement_count = 0
            if e.verbose:
                say(f"Learning rate {rate / 5:g}: {reason}")
        else:
            self._end(reason)

    def _end(self, reason: str) -> None:
        self.model.stop_training = self.ended = True
        if self.estimator.verbose:
            say(f"Stopped: {reason}")


def accuracy(y: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
    """Share of the samples whose class, or all of whose labels, are right."""
    right = y == predicted
    return float(np.average(right.all(axis=1) if right.ndim == 2 else right, weights=weight))


def r2_score(y: np.ndarray, predicted: np.ndarray, weight: np.ndarray | None) -> float:
    """Mean over the targets of the share of their variance that is explained.

    A target without variance counts as scikit-learn has it: 1 if it is met exactly, or 0.
    """
    mean = np.average(y, axis=0, weights=weight)
    unexplained = np.average((y - predicted) ** 2, axis=0, weights=weight)
    variance = np.average((y - mean) ** 2, axis=0, weights=weight)
    varies = variance > 0
    scores = np.where(varies, 1 - unexplained / np.where(varies, variance, 1), unexplained == 0)
    return float(scores.mean())
