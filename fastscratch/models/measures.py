"""The metrics that compile is given: names, functions and objects, by their names in the logs."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import losses, metrics
from ..metrics.metric import FunctionOfArrays
from ..metrics.registry import as_metric

# These take labels as the targets of a sparse cross-entropy are; and so do those called "sparse_".
_TAKES_LABELS = (
    *("f1_score", "fbeta_score", "matthews_corrcoef", "cohen_kappa_score", "log_loss"),
    *("iou", "mean_iou"),
)
# These compare the classes of samples, and not of each of several positions.
_OF_SAMPLES = ("categorical_accuracy", "sparse_categorical_crossentropy")


@dataclasses.dataclass(frozen=True)
class Measure:
    """A metric of an output, and what is measured by it.

    Attributes
    ----------
    metric : Metric
        "accuracy" is replaced by the one that suits the targets.
    is_weighted : bool
        Whether it takes the weights of the samples.
    is_general : bool
        Whether "accuracy" was asked for.
    """

    metric: metrics.Metric
    is_weighted: bool = False
    is_general: bool = False

    @property
    def kind(self) -> str:
        """Name of its function; empty if it is one of the user's own."""
        metric = self.metric
        return type(metric).function.__name__ if isinstance(metric, FunctionOfArrays) else ""

    def measure(self, y: np.ndarray, predicted: np.ndarray, weights: np.ndarray | None) -> Any:
        """The metric of all samples."""
        weights = weights if self.is_weighted else None
        if isinstance(self.metric, FunctionOfArrays | metrics.metric.OfFunction):
            return self.metric.compute(y, predicted, weights)
        self.metric.reset_state()
        self.metric.update_state(y, predicted, sample_weight=weights)
        result = self.metric.result()
        self.metric.reset_state()
        return result

    def check_kind(self, shape: tuple[int, ...], loss: losses.Loss, of_places: bool) -> None:
        """Check that it can be computed for targets of a loss, and outputs of a shape.

        With `of_places` it is counted at each of several places, as the loss is taken.

        Raises
        ------
        ValueError
            If it cannot.
        """
        kind = self.kind
        if len(shape) > 1 and not of_places and any(name in kind for name in _OF_SAMPLES):
            raise ValueError(f"the outputs have several axes, {shape}")
        if kind.startswith("sparse") and not loss.takes_labels:
            raise ValueError(f"it compares labels, which {loss.name} does not take")
        takes_labels = not kind or kind.startswith("sparse") or kind in _TAKES_LABELS
        if loss.takes_labels and not takes_labels:
            raise ValueError(f"{loss.name} takes labels, one for all outputs")

    def check_values(
        self, y: np.ndarray, shape: tuple[int, ...], weights: np.ndarray | None
    ) -> None:
        """Check that it can be computed for some targets, whatever is predicted.

        Raises
        ------
        ValueError
            If it cannot.
        """
        if self.kind:
            result = self.measure(y, np.zeros((len(y), *shape), y.dtype), weights)
            if np.ndim(result) > 0:
                raise ValueError(
                    f"it has {np.size(result)} numbers, but a fit reports one; give "
                    "average='macro', or another argument that makes one of them"
                )


def as_metrics(given: Any, name: str = "metrics") -> tuple[Any, ...]:
    """Names, functions and objects of metrics, checked; None is none of them."""
    if given is None:
        return ()
    if isinstance(given, str | metrics.Metric) or callable(given):
        given = [given]
    if not isinstance(given, Sequence):
        raise TypeError(f"{name} must be names, functions or objects of metrics, got {given!r}")
    for one in given:
        as_metric(one)
    return tuple(given)


def measures_of(
    given: Sequence[Any], weighted: Sequence[Any], loss: losses.Loss, width: int
) -> dict[str, Measure]:
    """The metrics of an output by their names, each of which is another."""
    measures: dict[str, Measure] = {}
    for identifier, is_weighted in [*((m, False) for m in given), *((m, True) for m in weighted)]:
        metric = as_metric(identifier)
        name = _unique(str(metric.name), measures, is_weighted)
        is_general = type(metric) is metrics.Accuracy
        measures[name] = Measure(_suited(metric, loss, width), is_weighted, is_general)
    return measures


def directions(
    of_each: Sequence[tuple[Sequence[Any], Sequence[Any]]], names: Sequence[str]
) -> dict[str, str | None]:
    """Of the losses and metrics in the logs, whether "min" or "max" is better; None: not known.

    Parameters
    ----------
    of_each : sequence of pairs
        The metrics of each output, and those that take the weights of the samples.
    names : sequence of str
        Of the outputs.
    """
    known: dict[str, str | None] = {"loss": "min"}
    if len(names) > 1:
        known |= {f"{name}_loss": "min" for name in names}
    for prefix, (given, weighted) in zip(prefixes(names), of_each, strict=False):
        measures = measures_of(given, weighted, losses.MeanSquaredError(), 1)
        known |= {prefix + name: measure.metric.direction for name, measure in measures.items()}
    return known


def prefixes(names: Sequence[str]) -> list[str]:
    """The beginning of the names of each output's metrics: empty, if there is one output."""
    return [""] if len(names) == 1 else [f"{name}_" for name in names]


def _suited(metric: metrics.Metric, loss: losses.Loss, width: int) -> metrics.Metric:
    """The metric itself; for an accuracy the one that suits the targets, as in Keras."""
    if type(metric) is not metrics.Accuracy:
        return metric
    if loss.takes_labels:
        return metrics.SparseCategoricalAccuracy(name=metric.name)
    if width == 1:
        return metrics.BinaryAccuracy(name=metric.name)
    return metrics.CategoricalAccuracy(name=metric.name)


def _unique(name: str, taken: Mapping[str, Any], is_weighted: bool) -> str:
    """A name that is not taken: with a prefix if samples have weights, else with a number."""
    if name in taken and is_weighted:
        name = f"weighted_{name}"
    numbered, number = name, 0
    while numbered in taken:
        number += 1
        numbered = f"{name}_{number}"
    return numbered
