"""How far probabilities are from the truth, and scores from its sign."""

import dataclasses
from typing import Any, ClassVar

import numpy as np

from ..validation import as_array, as_flag, as_fraction, as_integer
from .checks import binary, labelled, mean, one_hot_pair, pair, weights_of
from .metric import FunctionOfArrays
from .regression import EPSILON


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    sample_weight: Any = None,
) -> float:
    """Mean of ``-y log(p) - (1 - y) log(1 - p)``, with p from 1e-7 to 1 - 1e-7.

    Parameters
    ----------
    y_true : array_like
        From 0 to 1.
    y_pred : array_like, the same shape
        Probabilities of 1.
    from_logits : bool
        Whether `y_pred` are the scores that a sigmoid makes probabilities of.
    label_smoothing : float
        The fraction of the way that targets are moved towards one half.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.binary_crossentropy([0, 1], [0.2, 0.9]), 4)
    0.1643
    """
    y_true, y_pred = pair(y_true, y_pred)
    smoothing = as_fraction("label_smoothing", label_smoothing)
    y_true = (1 - smoothing) * y_true + smoothing / 2
    if as_flag("from_logits", from_logits):
        ones, zeros = np.logaddexp(0, -y_pred), np.logaddexp(0, y_pred)
    else:
        p = np.clip(y_pred, EPSILON, 1 - EPSILON)
        ones, zeros = -np.log(p), -np.log1p(-p)
    return mean(y_true * ones + (1 - y_true) * zeros, sample_weight)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    sample_weight: Any = None,
) -> float:
    """Mean of ``-sum(y log(p))`` over the classes, with p from 1e-7 to 1 - 1e-7.

    Parameters
    ----------
    y_true : array_like, shape (..., classes)
        One-hot, or probabilities.
    y_pred : array_like, the same shape
        Probabilities, or positive numbers that are divided by their sum.
    from_logits : bool
        Whether `y_pred` are the scores that a softmax makes probabilities of.
    label_smoothing : float
        The fraction of the way that targets are moved towards equal probabilities.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.categorical_crossentropy([[1, 0], [0, 1]], [[0.8, 0.2], [0.6, 0.4]]), 4)
    0.5697
    """
    y_true, y_pred = pair(y_true, y_pred)
    smoothing = as_fraction("label_smoothing", label_smoothing)
    y_true = (1 - smoothing) * y_true + smoothing / y_true.shape[-1]
    losses = -(y_true * _log_probabilities(y_pred, from_logits)).sum(axis=-1)
    return mean(np.atleast_1d(losses), sample_weight)


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    sample_weight: Any = None,
) -> float:
    """As :func:`categorical_crossentropy`, for class labels.

    Parameters
    ----------
    y_true : array_like, shape (n,)
        Labels 0, 1, 2, ...
    y_pred : array_like, shape (n, classes)
    from_logits : bool
    ignore_class : int, optional
        Samples of this label are left out.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.sparse_categorical_crossentropy([0, 1], [[0.8, 0.2], [0.6, 0.4]]), 4)
    0.5697
    """
    scores = as_array("y_pred", y_pred, ndim=2)
    weights = weights_of(sample_weight, len(scores))
    if ignore_class is not None:
        kept = as_array("y_true", y_true).reshape(-1) != as_integer(
            "ignore_class", ignore_class, -(2**31)
        )
        if not kept.any():
            raise ValueError(f"y_true must hold labels besides ignore_class, {ignore_class}")
        y_true, scores = as_array("y_true", y_true).reshape(-1)[kept], scores[kept]
        weights = None if weights is None else weights[kept]
    labels, scores = labelled(y_true, scores)
    own = np.take_along_axis(_log_probabilities(scores, from_logits), labels[:, None], axis=1)
    return mean(-own, weights)


def _log_probabilities(y_pred: np.ndarray, from_logits: bool) -> np.ndarray:
    """Logarithms of the probabilities of all classes."""
    if as_flag("from_logits", from_logits):
        above = y_pred - y_pred.max(axis=-1, keepdims=True)
        return above - np.log(np.exp(above).sum(axis=-1, keepdims=True))
    total = y_pred.sum(axis=-1, keepdims=True)
    shares = np.divide(y_pred, total, out=np.zeros_like(y_pred), where=total != 0)
    return np.log(np.clip(shares, EPSILON, 1 - EPSILON))


def log_loss(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of minus the logarithm of the probability of the right class, as in scikit-learn.

    Probabilities are cut off at the roundoff of float64, not at 1e-7 as those of the
    cross-entropies.

    Parameters
    ----------
    y_true : array_like, shape (n,) or (n, classes)
        Labels 0, 1, 2, ..., or one-hot rows.
    y_pred : array_like, shape (n,), (n, 1) or (n, classes)
        Probabilities of 1, or of each class.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.log_loss([0, 1], [[0.8, 0.2], [0.6, 0.4]]), 4)
    0.5697
    """
    y_true, y_pred = one_hot_pair(y_true, y_pred)
    if y_pred.shape[1] == 1:
        ones = binary(y_true)
        y_true, y_pred = np.hstack([~ones, ones]), np.hstack([1 - y_pred, y_pred])
    least = np.finfo(np.float64).eps
    return mean(-(y_true * np.log(np.clip(y_pred, least, 1 - least))).sum(axis=1), sample_weight)


def poisson(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``y_pred - y_true log(y_pred + 1e-7)``.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
        Not negative; predictions below 0 count as 0.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.poisson([[1.0, 2.0]], [[1.0, 2.0]]), 4)
    0.8069
    """
    y_true, y_pred = pair(y_true, y_pred)
    logs = np.log(np.maximum(y_pred, 0.0) + EPSILON)
    return mean(y_pred - y_true * logs, sample_weight)


def kl_divergence(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``sum(y log(y / p))`` over the last axis, with y and p from 1e-7 to 1.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
        Probabilities along the last axis.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """
    y, p = (np.clip(array, EPSILON, 1.0) for array in pair(y_true, y_pred))
    return mean(np.atleast_1d((y * np.log(y / p)).sum(axis=-1)), sample_weight)


def hinge(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``max(1 - y_true * y_pred, 0)``.

    Parameters
    ----------
    y_true : array_like
        -1 and 1; or 0 and 1, where 0 counts as -1.
    y_pred : array_like, the same shape
        Scores of any size.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.hinge([1, -1], [0.5, 0.5])
    1.0
    """
    return mean(_below_the_margin(y_true, y_pred), sample_weight)


def squared_hinge(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``max(1 - y_true * y_pred, 0)**2``.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
        As :func:`hinge` takes them.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.squared_hinge([1, -1], [0.5, 0.5])
    1.25
    """
    return mean(_below_the_margin(y_true, y_pred) ** 2, sample_weight)


def _below_the_margin(y_true: Any, y_pred: Any) -> np.ndarray:
    y_true, y_pred = pair(y_true, y_pred)
    if ((y_true == 0) | (y_true == 1)).all():
        y_true = 2 * y_true - 1
    return np.maximum(1 - y_true * y_pred, 0.0)


def categorical_hinge(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``max(1 + score of the best wrong class - score of the right one, 0)``.

    Parameters
    ----------
    y_true : array_like, shape (..., classes)
        One-hot.
    y_pred : array_like, the same shape
        Scores of any size.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.categorical_hinge([[1, 0], [0, 1]], [[0.75, 0.25], [0.75, 0.25]])
    1.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    right = (y_true * y_pred).sum(axis=-1)
    wrong = ((1 - y_true) * y_pred).max(axis=-1)
    return mean(np.atleast_1d(np.maximum(1 + wrong - right, 0.0)), sample_weight)


@dataclasses.dataclass(repr=False, eq=False)
class _Loss(FunctionOfArrays):
    direction: ClassVar[str | None] = "min"


@dataclasses.dataclass(repr=False, eq=False)
class BinaryCrossentropy(_Loss):
    """Object of :func:`binary_crossentropy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.BinaryCrossentropy()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> round(metric.result(), 4)
    0.5403
    """

    function = staticmethod(binary_crossentropy)
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclasses.dataclass(repr=False, eq=False)
class CategoricalCrossentropy(_Loss):
    """Object of :func:`categorical_crossentropy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.CategoricalCrossentropy()
    >>> metric.update_state([[1, 0]], [[0.8, 0.2]])
    >>> metric.update_state([[0, 1]], [[0.6, 0.4]])
    >>> round(metric.result(), 4)
    0.5697
    """

    function = staticmethod(categorical_crossentropy)
    from_logits: bool = False
    label_smoothing: float = 0.0


@dataclasses.dataclass(repr=False, eq=False)
class SparseCategoricalCrossentropy(_Loss):
    """Object of :func:`sparse_categorical_crossentropy`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.SparseCategoricalCrossentropy()
    >>> metric.update_state([0], [[0.8, 0.2]])
    >>> metric.update_state([1], [[0.6, 0.4]])
    >>> round(metric.result(), 4)
    0.5697
    """

    function = staticmethod(sparse_categorical_crossentropy)
    from_logits: bool = False
    ignore_class: int | None = None


@dataclasses.dataclass(repr=False, eq=False)
class LogLoss(_Loss):
    """Object of :func:`log_loss`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.LogLoss()
    >>> metric.update_state([0], [[0.8, 0.2]])
    >>> metric.update_state([1], [[0.6, 0.4]])
    >>> round(metric.result(), 4)
    0.5697
    """

    function = staticmethod(log_loss)


@dataclasses.dataclass(repr=False, eq=False)
class Poisson(_Loss):
    """Object of :func:`poisson`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.Poisson()
    >>> metric.update_state([1.0], [1.5])
    >>> metric.update_state([2.0], [4.0])
    >>> round(metric.result(), 4)
    1.161
    """

    function = staticmethod(poisson)


@dataclasses.dataclass(repr=False, eq=False)
class KLDivergence(_Loss):
    """Object of :func:`kl_divergence`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.KLDivergence()
    >>> metric.update_state([[0.5, 0.5]], [[0.25, 0.75]])
    >>> round(metric.result(), 4)
    0.1438
    """

    function = staticmethod(kl_divergence)


@dataclasses.dataclass(repr=False, eq=False)
class Hinge(_Loss):
    """Object of :func:`hinge`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.Hinge()
    >>> metric.update_state([1], [0.5])
    >>> metric.update_state([-1], [0.5])
    >>> metric.result()
    1.0
    """

    function = staticmethod(hinge)


@dataclasses.dataclass(repr=False, eq=False)
class SquaredHinge(_Loss):
    """Object of :func:`squared_hinge`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.SquaredHinge()
    >>> metric.update_state([1], [0.5])
    >>> metric.update_state([-1], [0.5])
    >>> metric.result()
    1.25
    """

    function = staticmethod(squared_hinge)


@dataclasses.dataclass(repr=False, eq=False)
class CategoricalHinge(_Loss):
    """Object of :func:`categorical_hinge`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.CategoricalHinge()
    >>> metric.update_state([[1, 0]], [[0.8, 0.2]])
    >>> metric.update_state([[0, 1]], [[0.6, 0.4]])
    >>> round(metric.result(), 4)
    0.8
    """

    function = staticmethod(categorical_hinge)
