"""Metrics as objects: of samples that are given one mini-batch after the other."""

import dataclasses
import re
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..validation import (
    as_array,
    as_flag,
    as_fraction,
    as_integer,
    as_number,
    as_positive,
    as_text,
    one_of,
)
from .checks import as_axis, as_class_ids, as_index, as_share, as_thresholds, or_none, weights_of

Function = Callable[..., Any]

AVERAGES = ("micro", "macro", "weighted")
AGGREGATIONS = ("uniform_average", "variance_weighted_average")
CURVES = ("ROC", "PR")
WEIGHTINGS = ("linear", "quadratic")


def _choice(choices: tuple[str, ...]) -> Callable[[str, Any], str]:
    return lambda name, value: one_of(name, value, choices)


# An argument means the same in every metric, so it has one check.
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "name": as_text,
    "threshold": or_none(as_number),
    "thresholds": or_none(as_thresholds),
    "k": lambda name, value: as_integer(name, value, 1),
    "top_k": or_none(lambda name, value: as_integer(name, value, 1)),
    "class_id": or_none(as_index),
    "ignore_class": or_none(lambda name, value: as_integer(name, value, -(2**31))),
    "num_classes": lambda name, value: as_integer(name, value, 1),
    "target_class_ids": as_class_ids,
    "average": or_none(_choice(AVERAGES)),
    "class_aggregation": or_none(_choice(AGGREGATIONS)),
    "curve": _choice(CURVES),
    "weights": or_none(_choice(WEIGHTINGS)),
    "axis": as_axis,
    **dict.fromkeys(("sensitivity", "specificity", "precision", "recall"), as_share),
    "num_thresholds": lambda name, value: as_integer(name, value, 2),
    "num_regressors": lambda name, value: as_integer(name, value, 0),
    "beta": as_positive,
    "delta": as_positive,
    "label_smoothing": as_fraction,
    "from_logits": as_flag,
    "multi_label": as_flag,
    "sparse_y_true": as_flag,
    "sparse_y_pred": as_flag,
}


def snake_case(name: str) -> str:
    """The name of a class as Keras writes that of its objects: "TopK" as "top_k"."""
    parts = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", parts).lower()


class Metric:
    """Base of all metrics, also of your own.

    A class of your own defines the three methods `update_state`, `result` and `reset_state`, which
    get NumPy arrays.

    Parameters
    ----------
    name : str, optional
        Of the metric in the logs of a fit; by default that of the class, in snake case.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import metrics
    >>> class Largest(metrics.Metric):
    ...     '''The largest error of any sample.'''
    ...     def reset_state(self):
    ...         self.largest = 0.0
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.largest = max(self.largest, abs(y_true - y_pred).max())
    ...     def result(self):
    ...         return self.largest
    >>> metric = Largest()
    >>> metric.reset_state()
    >>> float(metric(np.array([1.0, 2.0]), np.array([1.5, 4.0])))
    2.0
    """

    #: Which values are better: "min", the lower ones, "max", the higher ones, or None.
    direction: ClassVar[str | None] = None
    name: str | None

    def __init__(self, name: str | None = None):
        self.name = snake_case(type(self).__name__) if name is None else as_text("name", name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take more samples into account."""
        raise NotImplementedError(f"{type(self).__name__} must define update_state")

    def result(self) -> Any:
        """The metric of all samples since the beginning, or since `reset_state`."""
        raise NotImplementedError(f"{type(self).__name__} must define result")

    def reset_state(self) -> None:
        """Forget all samples."""
        raise NotImplementedError(f"{type(self).__name__} must define reset_state")

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """`update_state`, and then the `result`."""
        self.update_state(*arguments, **named)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


@dataclasses.dataclass(repr=False, eq=False)
class FunctionOfArrays(Metric):
    """Base of the metrics of this package: a function of all samples, with its other arguments.

    The samples are kept until `reset_state`: the area under a curve and the like are functions of
    all of them, and no mean over mini-batches.
    """

    #: What computes it.
    function: ClassVar[Function]
    direction: ClassVar[str | None] = "max"
    #: What the object is called if it is given no name, unless it is the name of the class.
    usual_name: ClassVar[str | None] = None

    name: str | None = dataclasses.field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.name is None:
            self.name = self.usual_name or snake_case(type(self).__name__)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            setattr(self, field.name, _CHECKS[field.name](field.name, value))
        self._samples: list[tuple[np.ndarray, ...]] = []
        self._is_weighted = False

    def _arguments(self) -> dict[str, Any]:
        """What the function takes besides the arrays."""
        names = (field.name for field in dataclasses.fields(self))
        return {name: getattr(self, name) for name in names if name != "name"}

    def compute(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The metric of some samples alone."""
        function = type(self).function
        return function(y_true, y_pred, **self._arguments(), sample_weight=sample_weight)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take more samples into account.

        Parameters
        ----------
        y_true, y_pred : array_like, shape (n, ...)
            As the function takes them.
        sample_weight : array_like, shape (n,), optional
            By default each sample has the weight 1.

        Raises
        ------
        TypeError, ValueError
            If they are no arrays of numbers, or of other shapes than those before.
        """
        truth, guess = as_array("y_true", y_true), as_array("y_pred", y_pred)
        if truth.ndim == 0 or guess.ndim == 0 or len(truth) != len(guess):
            raise ValueError(
                "y_true and y_pred must have one row for each sample, got shapes "
                f"{truth.shape} and {guess.shape}"
            )
        weights = weights_of(sample_weight, len(truth))
        if self._samples:
            before, was, _ = self._samples[0]
            if truth.shape[1:] != before.shape[1:] or guess.shape[1:] != was.shape[1:]:
                raise ValueError(
                    f"y_true and y_pred must have the shapes of those before, (n, *"
                    f"{before.shape[1:]}) and (n, *{was.shape[1:]}), got {truth.shape} and "
                    f"{guess.shape}"
                )
        self._is_weighted |= weights is not None
        kept = np.ones(len(truth)) if weights is None else weights
        self._samples.append((truth.copy(), guess.copy(), kept.copy()))

    def result(self) -> Any:
        """The metric of all samples since `reset_state`; 0 if there are none, as in Keras."""
        if not self._samples:
            return 0.0
        truth, guess, weights = (np.concatenate(a) for a in zip(*self._samples, strict=True))
        self._samples = [(truth, guess, weights)]
        return self.compute(truth, guess, weights if self._is_weighted else None)

    def reset_state(self) -> None:
        """Forget all samples."""
        self._samples, self._is_weighted = [], False

    def get_config(self) -> dict[str, Any]:
        """The class and the arguments, in types that JSON has."""
        fields = dataclasses.fields(self)
        return {"class": type(self).__name__, **{f.name: getattr(self, f.name) for f in fields}}

    def __repr__(self) -> str:
        """The arguments that are not their defaults."""
        shown = {
            field.name: getattr(self, field.name)
            for field in dataclasses.fields(self)
            if field.name != "name" and getattr(self, field.name) != field.default
        }
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"


class OfFunction(Metric):
    """A function of one's own as a metric.

    Parameters
    ----------
    function : callable
        Called as ``function(y_true, y_pred)`` with all samples as NumPy arrays; returns a number,
        or one for each sample, whose mean is the metric.
    """

    def __init__(self, function: Function):
        super().__init__(getattr(function, "__name__", None) or type(function).__name__)
        self.function = function

    def compute(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """The metric of some samples."""
        values = np.asarray(self.function(y_true, y_pred), float)
        if values.ndim > 0 and len(values) == len(y_true):
            of_samples = values.reshape(len(values), -1).mean(axis=1)
            return float(np.average(of_samples, weights=sample_weight))
        if values.size != 1:
            raise ValueError(
                f"metric {self.name!r} must return a number, or one for each of the {len(y_true)} "
                f"samples, got shape {values.shape}"
            )
        return float(values.reshape(()))


class _Running(Metric):
    """Base of metrics of values that are computed elsewhere."""

    #: What is made of several values of one sample.
    _of_samples: ClassVar[Function]

    def __init__(self, name: str | None = None):
        super().__init__(name)
        self.reset_state()

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take more values into account.

        Parameters
        ----------
        values : array_like, shape (n, ...) or ()
        sample_weight : array_like, shape (n,) or (), optional
            By default 1.
        """
        array = np.atleast_1d(as_array("values", values))
        weights = np.ones(()) if sample_weight is None else as_array("sample_weight", sample_weight)
        if weights.shape not in ((), (1,), (len(array),)):
            raise ValueError(
                f"sample_weight must be a number, or one for each of the {len(array)} values, got "
                f"shape {weights.shape}"
            )
        of_samples = self._of_samples(array.reshape(len(array), -1), axis=1)
        each = np.broadcast_to(weights, of_samples.shape)
        self._total += float((of_samples * each).sum())
        self._weight += float(each.sum())

    def reset_state(self) -> None:
        """Forget all values."""
        self._total = self._weight = 0.0


class Mean(_Running):
    """Weighted mean of values, such as the losses of one's own training steps.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.Mean()
    >>> metric.update_state([1.0, 2.0])
    >>> metric.update_state([6.0])
    >>> metric.result()
    3.0
    """

    _of_samples = staticmethod(np.mean)

    def result(self) -> float:
        """The mean of all values since `reset_state`; 0 if there are none."""
        return self._total / self._weight if self._weight else 0.0


class Sum(_Running):
    """Weighted sum of values.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.Sum()
    >>> metric.update_state([1.0, 2.0])
    >>> metric.update_state([6.0])
    >>> metric.result()
    9.0
    """

    _of_samples = staticmethod(np.sum)

    def result(self) -> float:
        """The sum of all values since `reset_state`."""
        return self._total
