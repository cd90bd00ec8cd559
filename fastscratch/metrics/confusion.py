"""Metrics of how often each class is taken for each other."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..validation import (
    as_array,
    as_integer,
    as_labels,
    as_number,
    memory_for,
    one_of,
    same_length,
)
from .checks import (
    as_class_ids,
    pair,
    ratio,
    weights_of,
    weights_of_elements,
)
from .metric import WEIGHTINGS, FunctionOfArrays


def confusion_matrix(
    y_true: Any, y_pred: Any, num_classes: int | None = None, sample_weight: Any = None
) -> np.ndarray:
    """How often each class is predicted for each true class.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (n,)
        Labels 0, 1, 2, ...
    num_classes : int, optional
        By default one more than the largest label.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    ndarray of int64, shape (num_classes, num_classes); of float64 if samples have weights
        Rows are the truth, columns the prediction.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.confusion_matrix([0, 1, 2, 2], [0, 1, 2, 0])
    array([[1, 0, 0],
           [0, 1, 0],
           [1, 0, 1]])
    """
    truth, guess = as_array("y_true", y_true, ndim=1), as_array("y_pred", y_pred, ndim=1)
    same_length(y_true=truth, y_pred=guess)
    if num_classes is None:
        for name, labels in (("y_true", truth), ("y_pred", guess)):
            if labels.max() >= 2**31:  # no table could hold a row for each
                raise ValueError(f"{name} must hold labels below 2**31, got {labels.max():g}")
        num_classes = max(int(truth.max()), int(guess.max()), 0) + 1
    num_classes = as_integer("num_classes", num_classes, 1)
    truth = as_labels("y_true", truth, num_classes)
    guess = as_labels("y_pred", guess, num_classes)
    weights = weights_of(sample_weight, len(truth))
    with memory_for("num_classes", num_classes):
        counts = np.zeros((num_classes, num_classes), np.int64 if weights is None else np.float64)
    np.add.at(counts, (truth, guess), 1 if weights is None else weights)
    return counts


def matthews_corrcoef(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Correlation of the true and the predicted classes, from -1 to 1; 0 if one never varies.

    Parameters
    ----------
    y_true : array_like, shape (n,) or (n, classes)
        Labels 0, 1, 2, ..., or one-hot rows.
    y_pred : array_like, shape (n,) or (n, classes)
        Labels, probabilities of 1 (above 0.5 counts as 1), or scores of all classes.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    References
    ----------
    Gorodkin (2004), Comparing two K-category assignments by a K-category correlation coefficient.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.matthews_corrcoef([0, 1, 1, 0], [0, 1, 0, 1])
    0.0
    """
    counts = _counts_of_labels(y_true, y_pred, sample_weight)
    truth, guess, n = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    spread = (n**2 - truth @ truth) * (n**2 - guess @ guess)
    return float((n * np.trace(counts) - truth @ guess) / spread**0.5) if spread > 0 else 0.0


def cohen_kappa_score(
    y_true: Any, y_pred: Any, weights: str | None = None, sample_weight: Any = None
) -> float:
    """Agreement of the true and the predicted classes, 1 if all are right and 0 if by chance.

    Parameters
    ----------
    y_true, y_pred : array_like
        As :func:`matthews_corrcoef` takes them.
    weights : {"linear", "quadratic"}, optional
        How a mistake grows with the distance of the labels; by default all are equal.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float
        NaN if there is one class only.

    References
    ----------
    Cohen (1960), A coefficient of agreement for nominal scales.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.cohen_kappa_score([0, 1, 2, 2], [0, 1, 2, 0]), 4)
    0.6364
    """
    if weights is not None:
        one_of("weights", weights, WEIGHTINGS)
    counts = _counts_of_labels(y_true, y_pred, sample_weight)
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    distance = np.abs(np.subtract.outer(np.arange(len(counts)), np.arange(len(counts))))
    costs = distance > 0 if weights is None else distance ** WEIGHTINGS.index(weights) * distance
    by_chance = (costs * expected).sum()
    return float(1 - (costs * counts).sum() / by_chance) if by_chance > 0 else float("nan")


def iou(
    y_true: Any,
    y_pred: Any,
    num_classes: int,
    target_class_ids: Sequence[int],
    ignore_class: int | None = None,
    sparse_y_true: bool = True,
    sparse_y_pred: bool = True,
    sample_weight: Any = None,
) -> float:
    """Mean over some classes of the elements in which both agree, over those of either.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
        Labels 0, 1, 2, ..., of any shape: of the pixels of images, say.
    num_classes : int
    target_class_ids : sequence of int
        A class that neither has is left out.
    ignore_class : int, optional
        Elements of which this is the true label are left out.
    sparse_y_true, sparse_y_pred : bool
        False if the last axis of the array is one of the classes: the largest number counts.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.iou([0, 0, 1, 1], [0, 1, 0, 1], num_classes=2, target_class_ids=[0]), 4)
    0.3333
    """
    truth, guess = as_array("y_true", y_true), as_array("y_pred", y_pred)
    truth = truth if sparse_y_true else truth.argmax(axis=-1).astype(float)
    guess = guess if sparse_y_pred else guess.argmax(axis=-1).astype(float)
    truth, guess = pair(truth, guess)
    each = weights_of_elements(sample_weight, truth.shape).reshape(-1)
    truth, guess = truth.reshape(-1), guess.reshape(-1)
    if ignore_class is not None:
        kept = truth != as_integer("ignore_class", ignore_class, -(2**31))
        truth, guess, each = truth[kept], guess[kept], each[kept]
    num_classes = as_integer("num_classes", num_classes, 1)
    targets = list(as_class_ids("target_class_ids", target_class_ids))
    if max(targets) >= num_classes:
        raise ValueError(f"target_class_ids must be below {num_classes}, got {max(targets)}")
    if truth.size == 0:
        return 0.0
    counts = confusion_matrix(truth, guess, num_classes, each)
    both = np.diag(counts)[targets]
    either = counts.sum(axis=0)[targets] + counts.sum(axis=1)[targets] - both
    return float(ratio(both, either)[either > 0].mean()) if (either > 0).any() else 0.0


def mean_iou(
    y_true: Any,
    y_pred: Any,
    num_classes: int,
    ignore_class: int | None = None,
    sparse_y_true: bool = True,
    sparse_y_pred: bool = True,
    sample_weight: Any = None,
) -> float:
    """:func:`iou` of all classes.

    Parameters
    ----------
    y_true, y_pred, num_classes, ignore_class, sparse_y_true, sparse_y_pred, sample_weight
        As :func:`iou` takes them.

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.mean_iou([0, 0, 1, 1], [0, 1, 0, 1], num_classes=2), 4)
    0.3333
    """
    classes = range(as_integer("num_classes", num_classes, 1))
    options = ignore_class, sparse_y_true, sparse_y_pred, sample_weight
    return iou(y_true, y_pred, num_classes, classes, *options)


def binary_iou(
    y_true: Any,
    y_pred: Any,
    target_class_ids: Sequence[int] = (0, 1),
    threshold: float = 0.5,
    sample_weight: Any = None,
) -> float:
    """:func:`iou` of two classes.

    Parameters
    ----------
    y_true : array_like
        0 or 1.
    y_pred : array_like, the same shape
        Probabilities of 1; the threshold or more counts as 1.
    target_class_ids : sequence of int
    threshold : float
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.binary_iou([0, 1, 1, 0], [0.2, 0.9, 0.7, 0.6], target_class_ids=[1]), 4)
    0.6667
    """
    guess = as_array("y_pred", y_pred) >= as_number("threshold", threshold)
    return iou(y_true, guess, 2, target_class_ids, sample_weight=sample_weight)


def _counts_of_labels(y_true: Any, y_pred: Any, sample_weight: Any) -> np.ndarray:
    """The confusion matrix of labels or scores, in float64."""
    guess = as_array("y_pred", y_pred)
    classes = guess.shape[1] if guess.ndim == 2 and guess.shape[1] > 1 else None
    labels = _labels("y_true", y_true)
    return confusion_matrix(labels, _labels("y_pred", guess), classes, sample_weight).astype(float)


def _labels(name: str, value: Any) -> np.ndarray:
    """A label for each sample, from labels, probabilities of 1 or scores of all classes."""
    array = as_array(name, value)
    if array.ndim == 2 and array.shape[1] > 1:
        return array.argmax(axis=1)
    flat = array.reshape(-1) if array.ndim == 2 else array
    return flat if (flat == np.floor(flat)).all() else (flat > 0.5).astype(float)


@dataclasses.dataclass(repr=False, eq=False)
class MatthewsCorrelationCoefficient(FunctionOfArrays):
    """Object of :func:`matthews_corrcoef`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.MatthewsCorrelationCoefficient()
    >>> metric.update_state([0, 1], [0, 1])
    >>> metric.update_state([1, 0], [1, 1])
    >>> round(metric.result(), 4)
    0.5774
    """

    function = staticmethod(matthews_corrcoef)


@dataclasses.dataclass(repr=False, eq=False)
class CohenKappa(FunctionOfArrays):
    """Object of :func:`cohen_kappa_score`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.CohenKappa()
    >>> metric.update_state([0, 1], [0, 1])
    >>> metric.update_state([2, 2], [2, 0])
    >>> round(metric.result(), 4)
    0.6364
    """

    function = staticmethod(cohen_kappa_score)
    weights: str | None = None


@dataclasses.dataclass(repr=False, eq=False)
class IoU(FunctionOfArrays):
    """Object of :func:`iou`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.IoU(num_classes=3, target_class_ids=[0])
    >>> metric.update_state([0, 1], [0, 1])
    >>> metric.update_state([2, 2], [2, 0])
    >>> metric.result()
    0.5
    """

    function = staticmethod(iou)
    num_classes: int
    target_class_ids: Sequence[int]
    ignore_class: int | None = None
    sparse_y_true: bool = True
    sparse_y_pred: bool = True


@dataclasses.dataclass(repr=False, eq=False)
class MeanIoU(FunctionOfArrays):
    """Object of :func:`mean_iou`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.MeanIoU(num_classes=3)
    >>> metric.update_state([0, 1], [0, 1])
    >>> metric.update_state([2, 2], [2, 0])
    >>> round(metric.result(), 4)
    0.6667
    """

    function = staticmethod(mean_iou)
    num_classes: int
    ignore_class: int | None = None
    sparse_y_true: bool = True
    sparse_y_pred: bool = True


@dataclasses.dataclass(repr=False, eq=False)
class OneHotIoU(IoU):
    """Object of :func:`iou`, for one-hot rows and scores of all classes.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.OneHotIoU(num_classes=2, target_class_ids=[0])
    >>> metric.update_state([[1, 0]], [[0.8, 0.2]])
    >>> metric.update_state([[0, 1]], [[0.6, 0.4]])
    >>> metric.result()
    0.5
    """

    sparse_y_true: bool = False
    sparse_y_pred: bool = False


@dataclasses.dataclass(repr=False, eq=False)
class OneHotMeanIoU(MeanIoU):
    """Object of :func:`mean_iou`, for one-hot rows and scores of all classes.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.OneHotMeanIoU(num_classes=2)
    >>> metric.update_state([[1, 0]], [[0.8, 0.2]])
    >>> metric.update_state([[0, 1]], [[0.6, 0.4]])
    >>> metric.result()
    0.25
    """

    sparse_y_true: bool = False
    sparse_y_pred: bool = False


@dataclasses.dataclass(repr=False, eq=False)
class BinaryIoU(FunctionOfArrays):
    """Object of :func:`binary_iou`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.BinaryIoU(target_class_ids=[1])
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> round(metric.result(), 4)
    0.3333
    """

    function = staticmethod(binary_iou)
    target_class_ids: Sequence[int] = (0, 1)
    threshold: float = 0.5
