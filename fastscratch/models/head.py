"""What is minimised and measured at one output of a model."""

import dataclasses
import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import losses, metrics
from ..activations import Custom
from ..engine import Objective
from ..kernels.program.columns import NONE
from ..kernels.program.loss import ARGMAX, REDUCTIONS, THRESHOLD
from ..validation import is_finite

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
    metrics : tuple of str
        As they were given.
    loss_weight : float
    activation : str or Custom
        The last one before the output.
    is_read_once : bool
        Whether nothing but the loss reads the output.
    shape : tuple of int
        Of one sample of it.
    """

    loss: losses.Loss
    metrics: tuple[str, ...]
    loss_weight: float
    activation: str | Custom
    is_read_once: bool
    shape: tuple[int, ...]

    @property
    def is_fused(self) -> bool:
        """Whether the loss is computed together with the last activation, from the scores."""
        loss = self.loss
        return self.is_read_once and not loss.from_logits and loss.read_out == self.activation

    @functools.cached_property
    def kinds(self) -> dict[str, str]:
        """The function of each metric, by the name that was given; see :func:`kind_of`."""
        return {name: kind_of(name, self.loss, self.shape[-1]) for name in self.metrics}

    @functools.cached_property
    def counted(self) -> str | None:
        """Name of the metric that the engine counts, as it was given."""
        for name, kind in self.kinds.items():
            if kind in _COUNTED and not self._needs_probabilities(kind):
                return name
        return None

    @property
    def measured(self) -> list[str]:
        """Metrics that are computed from predictions."""
        return [name for name in self.metrics if name != self.counted]

    def _needs_probabilities(self, kind: str) -> bool:
        """Whether a metric cannot be counted from the scores that the loss is computed from.

        After a softmax no single score says whether its probability is above one half.
        """
        return self.is_fused and self.loss.read_out == "softmax" and kind == "binary_accuracy"

    def objective(self, weighted: bool) -> Objective:
        """The head as the engine takes it."""
        loss, fused = self.loss, self.is_fused
        counted = NONE if self.counted is None else _COUNTED[self.kinds[self.counted]]
        return Objective(
            loss.function(fused),
            fused,
            loss.takes_labels,
            loss.is_of_rows,
            loss.constants,
            loss.label_smoothing,
            loss.ignored,
            REDUCTIONS[loss.reduction or ""],
            counted,
            0.0 if fused else 0.5,
            weighted,
            self.loss_weight,
        )

    def share_right(self, right: Any, n_samples: Any) -> Any:
        """The counted metric, from the number of right predictions."""
        of_each = self.kinds[self.counted or ""] == "binary_accuracy"
        return right / (n_samples * math.prod(self.shape if of_each else self.shape[:-1]))

    def measure(self, y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """Metrics that are computed from predictions."""
        if not is_finite(predicted):  # a fit that diverged and goes on
            return dict.fromkeys(self.measured, np.nan)
        return {name: float(metrics.get(self.kinds[name])(y, predicted)) for name in self.measured}

    def check_metrics(self, name: str, y: np.ndarray) -> None:
        """Check that the metrics can be computed for some targets, whatever is predicted.

        Parameters
        ----------
        name : str
            What the targets are called in a message.
        y : array

        Raises
        ------
        ValueError
            If one cannot.
        """
        for metric, kind in self.kinds.items():
            try:
                of_places = self.loss.is_of_rows and metric == self.counted
                if "categorical" in kind and len(self.shape) > 1 and not of_places:
                    raise ValueError(f"the outputs have several axes, {self.shape}")
                if kind.startswith("sparse") and not self.loss.takes_labels:
                    raise ValueError(f"it compares labels, which {self.loss.name} does not take")
                if self.loss.takes_labels and not kind.startswith("sparse"):
                    raise ValueError(f"{self.loss.name} takes labels, one for all outputs")
                if metric != self.counted:
                    metrics.get(kind)(y, np.zeros((len(y), *self.shape), y.dtype))
            except ValueError as error:
                raise ValueError(
                    f"metric {metric!r} cannot be computed of {name}: {error}"
                ) from None


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


def kind_of(metric: str, loss: losses.Loss, width: int) -> str:
    """The function of a metric; of "accuracy" the one that suits the targets, as in Keras."""
    kind = metrics.get(metric).__name__
    if kind != "accuracy":
        return kind
    if loss.takes_labels:
        return "sparse_categorical_accuracy"
    return "binary_accuracy" if width == 1 else "categorical_accuracy"


def as_metrics(names: Any) -> tuple[str, ...]:
    """Names of metrics, checked; None is none of them."""
    names = [] if names is None else [names] if isinstance(names, str) else names
    if not isinstance(names, Sequence):
        raise TypeError(f"metrics must be names of metrics, got {names!r}")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"metrics must be names of metrics, got {name!r}")
        metrics.get(name)
    return tuple(names)


def prefixes(names: Sequence[str]) -> list[str]:
    """The beginning of the names of each output's metrics: empty, if there is one output."""
    return [""] if len(names) == 1 else [f"{name}_" for name in names]


def directions(of_each: Sequence[Sequence[str]], names: Sequence[str]) -> dict[str, str]:
    """Of the losses and metrics in the logs, whether "min" or "max" is better.

    Parameters
    ----------
    of_each : sequence of sequences of str
        Names of the metrics of each output.
    names : sequence of str
        Of the outputs.
    """
    known = {"loss": "min"}
    if len(names) > 1:
        known |= {f"{name}_loss": "min" for name in names}
    for prefix, own in zip(prefixes(names), of_each, strict=False):
        known |= {prefix + metric: metrics.direction(metric) for metric in own}
    return known


def logs_of(
    heads: Sequence[Head], names: Sequence[str], totals: np.ndarray, n_samples: int, n_seen: Any
) -> dict[str, Any]:
    """The losses and the counted metrics, by the names that Keras gives them.

    Parameters
    ----------
    heads : sequence of Head
    names : sequence of str
        Of the outputs.
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
    losses = totals[..., 0].T * (n_samples / n_seen)
    weighted = sum(head.loss_weight * loss for head, loss in zip(heads, losses, strict=False))
    logs = {"loss": weighted + losses[-1]}
    if len(heads) > 1:
        logs |= {f"{name}_loss": loss for name, loss in zip(names, losses, strict=False)}
    for prefix, head, right in zip(prefixes(names), heads, totals[..., 1].T, strict=False):
        if head.counted:
            logs[prefix + head.counted] = head.share_right(right, n_seen)
    return logs
