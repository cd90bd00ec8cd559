"""What is minimised and measured at one output of a model."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import losses
from ..activations import Custom
from ..addresses import is_finite
from ..engine import Objective
from ..kernels.program.columns import NONE
from ..kernels.program.loss import ARGMAX, REDUCTIONS, THRESHOLD
from .measures import Measure

# Activations whose outputs are probabilities.
READ_OUTS = ("sigmoid", "softmax")

# Metrics that the engine counts while it trains.
_COUNTED = {
    "binary_accuracy": THRESHOLD,
    "categorical_accuracy": ARGMAX,
    "sparse_categorical_accuracy": ARGMAX,
}


@dataclasses.dataclass(frozen=True)
class Head:
    """The loss and the metrics of an output, and what they are computed from.

    Attributes
    ----------
    loss : Loss
    measures : dict of Measure
        The metrics, by their names in the logs.
    loss_weight : float
    activation : str or Custom
        The last one before the output.
    is_read_once : bool
        Whether nothing but the loss reads the output.
    shape : tuple of int
        Of one sample of it.
    name : str
        Of the output.
    prefix : str
        What the names of its metrics begin with in the logs; nothing for the only output.
    """

    loss: losses.Loss
    measures: Mapping[str, Measure]
    loss_weight: float
    activation: str | Custom
    is_read_once: bool
    shape: tuple[int, ...]
    name: str
    prefix: str

    @property
    def is_fused(self) -> bool:
        """Whether the loss is computed together with the last activation, from the scores."""
        loss = self.loss
        return self.is_read_once and not loss.from_logits and loss.read_out == self.activation

    @functools.cached_property
    def counted(self) -> str | None:
        """Name of the metric that the engine counts."""
        for name, measure in self.measures.items():
            usual = getattr(measure.metric, "threshold", 0.5) == 0.5 and not measure.is_weighted
            if usual and measure.kind in _COUNTED and not self._needs_probabilities(measure.kind):
                return name
        return None

    @property
    def counted_kind(self) -> str:
        """The function of :attr:`counted`, if there is one."""
        return self.measures[self.counted].kind if self.counted else ""

    @property
    def measured(self) -> list[str]:
        """Metrics that are computed from predictions."""
        return [name for name in self.measures if name != self.counted]

    def _needs_probabilities(self, kind: str) -> bool:
        """Whether a metric cannot be counted from the scores that the loss is computed from.

        After a softmax no single score says whether its probability is above one half.
        """
        return self.is_fused and self.loss.read_out == "softmax" and kind == "binary_accuracy"

    def objective(self, weight_axes: int) -> Objective:
        """The head as the engine takes it; `weight_axes` as in :class:`TrainingData`."""
        loss, fused = self.loss, self.is_fused
        counted = _COUNTED.get(self.counted_kind, NONE)
        return Objective(
            loss.function(fused),
            fused,
            loss.takes_labels,
            loss.is_of_rows,
            loss.constants,
            loss.label_smoothing,
            loss.factors,
            loss.ignored,
            REDUCTIONS[loss.reduction or ""],
            counted,
            0.0 if fused else 0.5,
            weight_axes,
            self.loss_weight,
        )

    def share_right(self, right: Any, n_samples: Any) -> Any:
        """The counted metric, from the number of right predictions."""
        return right / self.n_predictions(n_samples)

    def n_predictions(self, n_samples: Any) -> Any:
        """Predictions that the counted metric looks at: one of each sample, or of each output."""
        of_each = self.counted_kind == "binary_accuracy"
        return n_samples * math.prod(self.shape if of_each else self.shape[:-1])

    def measure(
        self, y: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None = None
    ) -> dict[str, float]:
        """Metrics that are computed from predictions; `weights` are those of the samples."""
        if not is_finite(predicted):  # a fit that diverged and goes on
            return dict.fromkeys(self.measured, np.nan)
        return {
            name: float(self.measures[name].measure(y, predicted, weights))
            for name in self.measured
        }

    def check_metrics(self, name: str, y: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Check that the metrics can be computed for some targets, whatever is predicted.

        Parameters
        ----------
        name : str
            What the targets are called in a message.
        y : array
        weights : array, optional
            Of the samples.

        Raises
        ------
        ValueError
            If one cannot.
        """
        for metric, measure in self.measures.items():
            try:
                of_places = self.loss.is_of_rows and metric == self.counted
                measure.check_kind(self.shape, self.loss, of_places)
                if metric != self.counted:
                    measure.check_values(y, self.shape, weights)
            except ValueError as error:
                raise ValueError(
                    f"metric {metric!r} cannot be computed of {name}: {error}"
                ) from None


class Heads(list[Head]):
    """The heads of all outputs of a network."""

    @functools.cached_property
    def need_predictions(self) -> bool:
        """Whether a metric is computed from predictions."""
        return any(head.measured for head in self)

    @functools.cached_property
    def have_metrics(self) -> bool:
        """Whether there is any metric."""
        return any(head.measures for head in self)

    @functools.cached_property
    def _objectives(self) -> dict[tuple[int, ...], tuple[Objective, ...]]:
        return {}

    def objectives(self, weight_axes: tuple[int, ...]) -> tuple[Objective, ...]:
        """What is minimised at each output, with weights of this many axes; made once."""
        known = self._objectives.get(weight_axes)
        if known is None:
            known = tuple(head.objective(n) for head, n in zip(self, weight_axes, strict=True))
            self._objectives[weight_axes] = known
        return known


def check_logits(loss: losses.Loss, activation: str | Custom) -> None:
    """Check that a loss of scores is not applied to outputs of a sigmoid or softmax."""
    if loss.from_logits and activation in READ_OUTS:
        raise ValueError(
            f"{loss.name} with from_logits=True needs a linear activation in the last layer, got "
            f"{activation}"
        )


def check_loss(loss: losses.Loss, width: int | None) -> None:
    """Check that a loss can be trained, for outputs of a size along the last axis if known.

    Raises
    ------
    ValueError
        If it has no single number to make small, or the gradient of a user's loss is wrong.
    """
    if loss.reduction not in REDUCTIONS:
        known = ", ".join(repr(known) for known in REDUCTIONS)
        raise ValueError(
            f"reduction of {loss.name} must be one of {known} in training, got {loss.reduction!r}"
        )
    if loss.axis != -1:
        raise ValueError(
            f"axis of {loss.name} must be -1 in training, got {loss.axis}; Permute moves an axis"
        )
    if isinstance(loss, losses.Custom):
        loss.check(width)


def logs_of(
    heads: Sequence[Head], totals: np.ndarray, n_samples: int, n_seen: Any
) -> dict[str, Any]:
    """The losses and the counted metrics, by the names that Keras gives them.

    Parameters
    ----------
    heads : sequence of Head
    totals : (outputs + 1, 2) array, or (epochs, outputs + 1, 2)
        As the engine leaves them.
    n_samples : int
        Samples in an epoch.
    n_seen : int, or (epochs,) array
        How many of these the totals are of.

    Returns
    -------
    dict of float, or of (epochs,) array
    """
    # Of each output its losses and its right predictions; NumPy takes longer for single numbers.
    pairs = totals.tolist() if totals.ndim == 2 else totals.transpose(1, 2, 0)
    share, total, of_outputs, counted = n_samples / n_seen, 0.0, {}, {}
    for head, (loss, right) in zip(heads, pairs, strict=False):
        total = total + head.loss_weight * (loss * share)
        if len(heads) > 1:
            of_outputs[f"{head.name}_loss"] = loss * share
        if head.counted:
            counted[head.prefix + head.counted] = head.share_right(right, n_seen)
    penalty = pairs[-1][0] * share
    return {"loss": total + penalty, **of_outputs, **counted}
