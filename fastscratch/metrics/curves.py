"""Metrics of all thresholds at once: areas under curves, and the best points on them.

A threshold is wherever it makes a difference: at each score. (Keras approximates all of these by
200 thresholds from 0 to 1.)
"""

import dataclasses
from typing import Any

import numpy as np

from ..validation import as_flag, one_of
from .checks import as_index, as_share, binary, pair, ratio, weights_of_elements
from .metric import CURVES, FunctionOfArrays


def auc(
    y_true: Any,
    y_pred: Any,
    curve: str = "ROC",
    multi_label: bool = False,
    sample_weight: Any = None,
) -> float:
    """Area under a curve, exactly.

    Under the ROC curve it is the share of pairs of a 1 and a 0 in which the 1 scores higher, a tie
    counting half: the statistic of Mann and Whitney, scikit-learn's ``roc_auc_score``. Under the
    curve of precision and recall it is the mean precision over the recalls, scikit-learn's
    ``average_precision_score``.

    Parameters
    ----------
    y_true : array_like
        0 or 1, both of them.
    y_pred : array_like, the same shape
        Scores of any scale.
    curve : {"ROC", "PR"}
    multi_label : bool
        Whether each column has a curve of its own, of whose areas the mean is taken; else all
        elements are in one.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    truth, scores = pair(y_true, y_pred)
    ones, curve = binary(truth), one_of("curve", curve, CURVES)
    each = weights_of_elements(sample_weight, scores.shape)
    if as_flag("multi_label", multi_label) and scores.ndim > 1:
        columns = scores.shape[-1]
        of, by, weights = (array.reshape(-1, columns) for array in (ones, scores, each))
        areas = [_area(of[:, k], by[:, k], weights[:, k], curve) for k in range(columns)]
        return float(np.mean(areas))
    return _area(ones.reshape(-1), scores.reshape(-1), each.reshape(-1), curve)


def _area(ones: np.ndarray, scores: np.ndarray, weights: np.ndarray, curve: str) -> float:
    tp, fp = _positives(ones, scores, weights)
    if curve == "PR":
        return float((np.diff(tp) * ratio(tp, tp + fp)[1:]).sum() / tp[-1])
    between = (tp[1:] + tp[:-1]) / 2
    return float((np.diff(fp) * between).sum() / (tp[-1] * fp[-1]))


def _positives(
    ones: np.ndarray, scores: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """True and false positives, from a threshold above all scores to one below all."""
    if ones.all() or not ones.any():
        raise ValueError(f"y_true must hold both 0 and 1, got {ones.size} times {int(ones[0])}")
    order = np.argsort(-scores, kind="stable")
    ones, scores, weights = ones[order], scores[order], weights[order]
    last_of_ties = np.append(np.diff(scores) != 0, True)
    counts = [np.cumsum(weights * which)[last_of_ties] for which in (ones, ~ones)]
    for count, which in zip(counts, ("1", "0"), strict=True):
        if count[-1] == 0:
            raise ValueError(f"sample_weight must not be 0 of all that are {which}")
    return np.insert(counts[0], 0, 0.0), np.insert(counts[1], 0, 0.0)


def specificity_at_sensitivity(
    y_true: Any,
    y_pred: Any,
    sensitivity: float,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> float:
    """The highest share of the 0s that are recognised, if at least this share of the 1s is.

    Parameters
    ----------
    y_true : array_like
        0 or 1, both of them.
    y_pred : array_like, the same shape
        Scores of any scale.
    sensitivity : float
        From 0 to 1.
    class_id : int, optional
        Only this column of the arrays is looked at.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.specificity_at_sensitivity([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], sensitivity=0.9)
    0.5
    """
    shares = _shares(y_true, y_pred, class_id, sample_weight)
    return _best(shares["specificity"], shares["sensitivity"], "sensitivity", sensitivity)


def sensitivity_at_specificity(
    y_true: Any,
    y_pred: Any,
    specificity: float,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> float:
    """The highest share of the 1s that are recognised, if at least this share of the 0s is.

    Parameters
    ----------
    y_true, y_pred, class_id, sample_weight
        As :func:`specificity_at_sensitivity` takes them.
    specificity : float
        From 0 to 1.

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.sensitivity_at_specificity([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], specificity=0.9)
    0.5
    """
    shares = _shares(y_true, y_pred, class_id, sample_weight)
    return _best(shares["sensitivity"], shares["specificity"], "specificity", specificity)


def precision_at_recall(
    y_true: Any,
    y_pred: Any,
    recall: float,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> float:
    """The highest precision, if the recall is at least this.

    Parameters
    ----------
    y_true, y_pred, class_id, sample_weight
        As :func:`specificity_at_sensitivity` takes them.
    recall : float
        From 0 to 1.

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.precision_at_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], recall=0.5)
    1.0
    """
    shares = _shares(y_true, y_pred, class_id, sample_weight)
    return _best(shares["precision"], shares["sensitivity"], "recall", recall)


def recall_at_precision(
    y_true: Any,
    y_pred: Any,
    precision: float,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> float:
    """The highest recall, if the precision is at least this; 0 if it never is.

    Parameters
    ----------
    y_true, y_pred, class_id, sample_weight
        As :func:`specificity_at_sensitivity` takes them.
    precision : float
        From 0 to 1.

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.recall_at_precision([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], precision=0.9)
    0.5
    """
    shares = _shares(y_true, y_pred, class_id, sample_weight)
    return _best(shares["sensitivity"], shares["precision"], "precision", precision)


def _shares(
    y_true: Any, y_pred: Any, class_id: int | None, sample_weight: Any
) -> dict[str, np.ndarray]:
    """Of all thresholds, from the highest to the lowest."""
    truth, scores = pair(y_true, y_pred)
    ones, each = binary(truth), weights_of_elements(sample_weight, scores.shape)
    if class_id is not None:
        columns = scores.shape[-1] if scores.ndim > 1 else 1
        if as_index("class_id", class_id) >= columns:
            raise ValueError(f"class_id must be below the classes, {columns}, got {class_id}")
        if scores.ndim > 1:
            ones, scores, each = (array[..., class_id] for array in (ones, scores, each))
    tp, fp = _positives(ones.reshape(-1), scores.reshape(-1), each.reshape(-1))
    return {
        "sensitivity": tp / tp[-1],
        "specificity": 1 - fp / fp[-1],
        "precision": ratio(tp, tp + fp),
    }


def _best(of: np.ndarray, given: np.ndarray, name: str, least: Any) -> float:
    """The largest of some shares, where others are at least this large."""
    enough = given >= as_share(name, least)
    return float(of[enough].max()) if enough.any() else 0.0


@dataclasses.dataclass(repr=False, eq=False)
class AUC(FunctionOfArrays):
    """Object of :func:`auc`.

    Parameters
    ----------
    num_thresholds : int
        Not used: the area is exact. Keras has it.
    curve, multi_label
        As :func:`auc` takes them.
    from_logits : bool
        Not used: a sigmoid changes no area. Keras has it.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.AUC()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    0.75
    """

    function = staticmethod(auc)
    num_thresholds: int = 200
    curve: str = "ROC"
    multi_label: bool = dataclasses.field(default=False, kw_only=True)
    from_logits: bool = dataclasses.field(default=False, kw_only=True)

    def _arguments(self) -> dict[str, Any]:
        return {"curve": self.curve, "multi_label": self.multi_label}


@dataclasses.dataclass(repr=False, eq=False)
class _AtShare(FunctionOfArrays):
    """A metric at a share, of which Keras takes the thresholds as its second argument."""

    num_thresholds: int = dataclasses.field(default=200, kw_only=True)
    class_id: int | None = dataclasses.field(default=None, kw_only=True)

    def _arguments(self) -> dict[str, Any]:
        arguments = super()._arguments()
        del arguments["num_thresholds"]  # the thresholds are all that there are
        return arguments


@dataclasses.dataclass(repr=False, eq=False)
class SpecificityAtSensitivity(_AtShare):
    """Object of :func:`specificity_at_sensitivity`; all thresholds, whatever `num_thresholds`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.SpecificityAtSensitivity(0.9)
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    0.5
    """

    function = staticmethod(specificity_at_sensitivity)
    sensitivity: float


@dataclasses.dataclass(repr=False, eq=False)
class SensitivityAtSpecificity(_AtShare):
    """Object of :func:`sensitivity_at_specificity`; all thresholds, whatever `num_thresholds`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.SensitivityAtSpecificity(0.9)
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    0.5
    """

    function = staticmethod(sensitivity_at_specificity)
    specificity: float


@dataclasses.dataclass(repr=False, eq=False)
class PrecisionAtRecall(_AtShare):
    """Object of :func:`precision_at_recall`; all thresholds, whatever `num_thresholds`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.PrecisionAtRecall(0.5)
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    1.0
    """

    function = staticmethod(precision_at_recall)
    recall: float


@dataclasses.dataclass(repr=False, eq=False)
class RecallAtPrecision(_AtShare):
    """Object of :func:`recall_at_precision`; all thresholds, whatever `num_thresholds`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.RecallAtPrecision(0.9)
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    0.5
    """

    function = staticmethod(recall_at_precision)
    precision: float
