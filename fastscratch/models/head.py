"""What is minimised and measured at one output of a model."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import losses, metrics
from ..engine import Objective
from ..kernels.program.columns import NONE
from ..kernels.program.loss import ARGMAX, THRESHOLD
from ..validation import is_finite

# Activations that make probabilities.
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
    activation : str
        The last that is computed for the output.
    is_read_once : bool
        Whether nothing but the loss reads the output.
    shape : tuple of int
        Of one sample of it.
    """

    loss: losses.Loss
    metrics: tuple[str, ...]
    loss_weight: float
    activation: str
    is_read_once: bool
    shape: tuple[int, ...]

    @property
    def is_fused(self) -> bool:
        """Whether the loss is computed in one with the last activation, from the scores."""
        loss = self.loss
        return self.is_read_once and not loss.from_logits and loss.read_out == self.activation

    @property
    def counted(self) -> str | None:
        """Name of the metric that the engine counts, as it was given."""
        for name in self.metrics:
            if self.kind(name) in _COUNTED and not self._needs_probabilities(name):
                return name
        return None

    @property
    def measured(self) -> list[str]:
        """Metrics that are taken of predictions."""
        return [name for name in self.metrics if name != self.counted]

    def kind(self, name: str) -> str:
        """The metric of a name; of "accuracy" the kind that suits the targets, as in Keras."""
        if name not in ("accuracy", "acc"):
            return name
        if self.loss.takes_labels:
            return "sparse_categorical_accuracy"
        return "binary_accuracy" if self.shape[-1] == 1 else "categorical_accuracy"

    def _needs_probabilities(self, name: str) -> bool:
        """Whether a metric cannot be counted on the scores that the loss is computed from.

        After a softmax no single score says whether its probability is above one half.
        """
        is_softmax = self.is_fused and self.loss.read_out == "softmax"
        return is_softmax and self.kind(name) == "binary_accuracy"

    def objective(self, weighted: bool) -> Objective:
        """The head as the engine takes it."""
        loss, fused = self.loss, self.is_fused
        takes_outputs = loss.read_out is None or loss.from_logits
        counted = NONE if self.counted is None else _COUNTED[self.kind(self.counted)]
        return Objective(
            loss.code if takes_outputs or fused else loss.log_loss,
            fused,
            loss.takes_labels,
            loss.delta,
            loss.label_smoothing,
            counted,
            0.0 if fused else 0.5,
            weighted,
            self.loss_weight,
        )

    def share_right(self, right: float, n_samples: int) -> float:
        """The counted metric, from the number of right predictions."""
        of_each = self.kind(self.counted or "") == "binary_accuracy"
        return right / (n_samples * (int(np.prod(self.shape)) if of_each else 1))

    def measure(self, y: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
        """Metrics that are taken of predictions."""
        if not is_finite(predicted):  # a fit that diverged and goes on
            return dict.fromkeys(self.measured, np.nan)
        return {name: float(metrics.get(self.kind(name))(y, predicted)) for name in self.measured}


def check_logits(loss: losses.Loss, activation: str) -> None:
    """Check that a loss of scores is not given what a sigmoid or softmax has made of them."""
    if loss.from_logits and activation in READ_OUTS:
        raise ValueError(
            f"{loss.name} with from_logits=True needs a linear activation in the last layer, got "
            f"{activation}"
        )


def as_metrics(names: Any) -> tuple[str, ...]:
    """Names of metrics, checked."""
    names = [names] if isinstance(names, str) else names
    if not isinstance(names, Sequence):
        raise TypeError(f"metrics must be names of metrics, got {names!r}")
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"metrics must be names of metrics, got {name!r}")
        if name not in ("accuracy", "acc"):
            metrics.get(name)
    return tuple(names)


def prefixes(heads: Sequence[Head], names: Sequence[str]) -> list[str]:
    """What stands before the names of each output's metrics: nothing, if there is one output."""
    return [""] if len(heads) == 1 else [f"{name}_" for name in names]


def logs_of(
    heads: Sequence[Head], names: Sequence[str], totals: np.ndarray, n_samples: int
) -> dict[str, float]:
    """The losses and the counted metrics, by the names that Keras gives them.

    Parameters
    ----------
    heads : sequence of Head
    names : sequence of str
        Of the outputs.
    totals : (outputs + 1, 2) array
        As the engine leaves them, of one epoch.
    n_samples : int
    """
    losses, right = totals[:, 0], totals[:, 1]
    weighted = sum(head.loss_weight * loss for head, loss in zip(heads, losses, strict=False))
    logs = {"loss": float(weighted + losses[-1])}
    if len(heads) > 1:
        logs |= {f"{name}_loss": float(loss) for name, loss in zip(names, losses, strict=False)}
    for prefix, head, count in zip(prefixes(heads, names), heads, right, strict=False):
        if head.counted:
            logs[prefix + head.counted] = head.share_right(float(count), n_samples)
    return logs
