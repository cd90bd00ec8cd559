"""Accuracies: how often the right class is predicted."""

import dataclasses
from typing import Any

import numpy as np

from ..validation import as_integer, as_number
from .checks import binary, labelled, mean, pair
from .metric import FunctionOfArrays


def accuracy(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Share of labels that are predicted exactly.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
        Labels (not probabilities).
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.accuracy([0, 1, 2, 2], [0, 1, 2, 0])
    0.75
    """
    y_true, y_pred = pair(y_true, y_pred)
    return mean(y_true == y_pred, sample_weight)


def binary_accuracy(
    y_true: Any, y_pred: Any, threshold: float = 0.5, sample_weight: Any = None
) -> float:
    """Share of predictions that are on the right side of the threshold.

    Parameters
    ----------
    y_true : array_like
        0 or 1.
    y_pred : array_like, the same shape
        Probabilities of 1; above `threshold` counts as 1.
    threshold : float
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.binary_accuracy([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.3])
    0.75
    """
    y_true, y_pred = pair(y_true, y_pred)
    return mean(binary(y_true) == (y_pred > as_number("threshold", threshold)), sample_weight)


def categorical_accuracy(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Share of samples whose class gets the highest score; of equal scores the first counts.

    Parameters
    ----------
    y_true : array_like, shape (n, classes)
        One-hot, or probabilities: the largest is the class.
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.categorical_accuracy([[1, 0], [0, 1]], [[0.8, 0.2], [0.6, 0.4]])
    0.5
    """
    y_true, y_pred = pair(y_true, y_pred, 2)
    return mean(y_true.argmax(axis=1) == y_pred.argmax(axis=1), sample_weight)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """As :func:`categorical_accuracy`, for class labels.

    Parameters
    ----------
    y_true : array_like, shape (n,)
        Labels 0, 1, 2, ...
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.sparse_categorical_accuracy([0, 1], [[0.8, 0.2], [0.6, 0.4]])
    0.5
    """
    labels, y_pred = labelled(y_true, y_pred)
    return mean(labels == y_pred.argmax(axis=1), sample_weight)


def top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, sample_weight: Any = None
) -> float:
    """Share of samples with fewer than `k` classes scored higher than their own.

    Parameters
    ----------
    y_true : array_like, shape (n, classes)
        One-hot, or probabilities: the largest is the class.
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    k : int
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> scores = [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]
    >>> metrics.top_k_categorical_accuracy([[0, 1, 0], [0, 0, 1]], scores, k=2)
    0.5
    """
    y_true, y_pred = pair(y_true, y_pred, 2)
    return sparse_top_k_categorical_accuracy(y_true.argmax(axis=1), y_pred, k, sample_weight)


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, sample_weight: Any = None
) -> float:
    """As :func:`top_k_categorical_accuracy`, for class labels.

    Parameters
    ----------
    y_true : array_like, shape (n,)
        Labels 0, 1, 2, ...
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    k : int
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> scores = [[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]
    >>> metrics.sparse_top_k_categorical_accuracy([1, 2], scores, k=2)
    0.5
    """
    labels, y_pred = labelled(y_true, y_pred)
    own = np.take_along_axis(y_pred, labels[:, None], axis=1)
    return mean((y_pred > own).sum(axis=1) < as_integer("k", k, 1), sample_weight)


@dataclasses.dataclass(repr=False, eq=False)
class Accuracy(FunctionOfArrays):
    """Object of :func:`accuracy`; in ``compile`` it is the accuracy that suits the targets.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.Accuracy()
    >>> metric.update_state([0, 1], [0, 1])
    >>> metric.update_state([2, 2], [2, 0])
    >>> metric.result()
    0.75
    """

    function = staticmethod(accuracy)


@dataclasses.dataclass(repr=False, eq=False)
class BinaryAccuracy(FunctionOfArrays):
    """Object of :func:`binary_accuracy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.BinaryAccuracy()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    0.5
    """

    function = staticmethod(binary_accuracy)
    threshold: float = 0.5


@dataclasses.dataclass(repr=False, eq=False)
class CategoricalAccuracy(FunctionOfArrays):
    """Object of :func:`categorical_accuracy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.CategoricalAccuracy()
    >>> metric.update_state([[1, 0]], [[0.8, 0.2]])
    >>> metric.update_state([[0, 1]], [[0.6, 0.4]])
    >>> metric.result()
    0.5
    """

    function = staticmethod(categorical_accuracy)


@dataclasses.dataclass(repr=False, eq=False)
class SparseCategoricalAccuracy(FunctionOfArrays):
    """Object of :func:`sparse_categorical_accuracy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.SparseCategoricalAccuracy()
    >>> metric.update_state([0], [[0.8, 0.2]])
    >>> metric.update_state([1], [[0.6, 0.4]])
    >>> metric.result()
    0.5
    """

    function = staticmethod(sparse_categorical_accuracy)


@dataclasses.dataclass(repr=False, eq=False)
class TopKCategoricalAccuracy(FunctionOfArrays):
    """Object of :func:`top_k_categorical_accuracy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.TopKCategoricalAccuracy(k=2)
    >>> metric.update_state([[0, 1, 0]], [[0.5, 0.3, 0.2]])
    >>> metric.update_state([[0, 0, 1]], [[0.5, 0.3, 0.2]])
    >>> metric.result()
    0.5
    """

    function = staticmethod(top_k_categorical_accuracy)
    k: int = 5


@dataclasses.dataclass(repr=False, eq=False)
class SparseTopKCategoricalAccuracy(FunctionOfArrays):
    """Object of :func:`sparse_top_k_categorical_accuracy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.SparseTopKCategoricalAccuracy(k=2)
    >>> metric.update_state([1], [[0.5, 0.3, 0.2]])
    >>> metric.update_state([2], [[0.5, 0.3, 0.2]])
    >>> metric.result()
    0.5
    """

    function = staticmethod(sparse_top_k_categorical_accuracy)
    k: int = 5
