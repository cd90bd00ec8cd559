"""Metrics of what is predicted to be 1: precision, recall, and what is made of them."""

import dataclasses
from typing import Any

import numpy as np

from ..validation import as_integer, as_number, as_positive, one_of
from .checks import as_index, as_thresholds, binary, one_hot_pair, pair, ratio, weights_of_elements
from .metric import AVERAGES, FunctionOfArrays


def precision(
    y_true: Any,
    y_pred: Any,
    thresholds: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> Any:
    """Of what is predicted to be 1, the share that is; 0 if nothing is.

    Parameters
    ----------
    y_true : array_like
        0 or 1.
    y_pred : array_like, the same shape
        Probabilities of 1; above a threshold counts as 1.
    thresholds : float or sequence of float, optional
        By default 0.5, or with `top_k` none.
    top_k : int, optional
        Only this many of the highest scores of a sample can count as 1.
    class_id : int, optional
        Only this column of the arrays is looked at.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float, or an array of one for each of several thresholds

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.precision([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.6])
    0.5
    """
    tp, fp, _, _ = _counted(y_true, y_pred, thresholds, top_k, class_id, sample_weight)
    return ratio(tp, tp + fp)


def recall(
    y_true: Any,
    y_pred: Any,
    thresholds: Any = None,
    top_k: int | None = None,
    class_id: int | None = None,
    sample_weight: Any = None,
) -> Any:
    """Of what is 1, the share that is predicted to be; 0 if nothing is.

    Parameters
    ----------
    y_true, y_pred, thresholds, top_k, class_id, sample_weight
        As :func:`precision` takes them.

    Returns
    -------
    float, or an array of one for each of several thresholds

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.recall([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.6])
    0.5
    """
    tp, _, _, fn = _counted(y_true, y_pred, thresholds, top_k, class_id, sample_weight)
    return ratio(tp, tp + fn)


def true_positives(
    y_true: Any, y_pred: Any, thresholds: Any = None, sample_weight: Any = None
) -> Any:
    """How many elements are 1 and predicted to be.

    Parameters
    ----------
    y_true, y_pred, thresholds, sample_weight
        As :func:`precision` takes them.

    Returns
    -------
    float, or an array of one for each of several thresholds

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.true_positives([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.6])
    1.0
    """
    return _plain(_counted(y_true, y_pred, thresholds, None, None, sample_weight)[0])


def false_positives(
    y_true: Any, y_pred: Any, thresholds: Any = None, sample_weight: Any = None
) -> Any:
    """How many elements are 0 and predicted to be 1.

    Parameters
    ----------
    y_true, y_pred, thresholds, sample_weight
        As :func:`precision` takes them.

    Returns
    -------
    float, or an array of one for each of several thresholds

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.false_positives([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.6])
    1.0
    """
    return _plain(_counted(y_true, y_pred, thresholds, None, None, sample_weight)[1])


def true_negatives(
    y_true: Any, y_pred: Any, thresholds: Any = None, sample_weight: Any = None
) -> Any:
    """How many elements are 0 and predicted to be.

    Parameters
    ----------
    y_true, y_pred, thresholds, sample_weight
        As :func:`precision` takes them.

    Returns
    -------
    float, or an array of one for each of several thresholds

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.true_negatives([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.6])
    1.0
    """
    return _plain(_counted(y_true, y_pred, thresholds, None, None, sample_weight)[2])


def false_negatives(
    y_true: Any, y_pred: Any, thresholds: Any = None, sample_weight: Any = None
) -> Any:
    """How many elements are 1 and predicted to be 0.

    Parameters
    ----------
    y_true, y_pred, thresholds, sample_weight
        As :func:`precision` takes them.

    Returns
    -------
    float, or an array of one for each of several thresholds

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.false_negatives([0, 1, 1, 0], [0.2, 0.9, 0.4, 0.6], thresholds=[0.3, 0.95])
    array([0., 2.])
    """
    return _plain(_counted(y_true, y_pred, thresholds, None, None, sample_weight)[3])


def fbeta_score(
    y_true: Any,
    y_pred: Any,
    average: str | None = None,
    beta: float = 1.0,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> Any:
    """Weighted harmonic mean of precision and recall of each class.

    ``(1 + beta**2) precision recall / (beta**2 precision + recall)``; 0 if nothing is right.

    Parameters
    ----------
    y_true : array_like, shape (n, classes), or (n,)
        0 or 1; or labels 0, 1, 2, ... of several classes.
    y_pred : array_like, shape (n, classes), or (n,)
        Probabilities or scores.
    average : {"micro", "macro", "weighted"} or None
        The score of the counts of all classes; the mean of the scores; their mean weighted by the
        frequency of the classes; or an array of all.
    beta : float
        How many times as much recall weighs as precision.
    threshold : float, optional
        Above this counts as 1; by default only the highest score of a sample, and of a single
        column what is above 0.5.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float, or (classes,) array if `average` is None and there are several

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.fbeta_score([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]], beta=2.0).round(4)
    array([0.    , 0.8333])
    """
    truth, scores = one_hot_pair(y_true, y_pred)
    if average is not None:
        one_of("average", average, AVERAGES)
    square = as_positive("beta", beta) ** 2
    ones, columns = binary(truth), scores.shape[1]
    if threshold is None and columns > 1:
        guess = np.eye(columns, dtype=bool)[scores.argmax(axis=1)]
    else:
        guess = scores > (0.5 if threshold is None else as_number("threshold", threshold))
    weights = weights_of_elements(sample_weight, scores.shape)
    tp, fp, fn = (
        (weights * which).sum(axis=0) for which in (ones & guess, ~ones & guess, ones & ~guess)
    )
    if average == "micro":
        tp, fp, fn = tp.sum(), fp.sum(), fn.sum()
    scores_of_classes = ratio((1 + square) * tp, (1 + square) * tp + square * fn + fp)
    if average == "macro":
        return float(np.mean(scores_of_classes))
    if average == "weighted":
        return float(ratio((scores_of_classes * (tp + fn)).sum(), (tp + fn).sum()))
    return scores_of_classes if columns > 1 else float(np.mean(scores_of_classes))


def f1_score(
    y_true: Any,
    y_pred: Any,
    average: str | None = None,
    threshold: float | None = None,
    sample_weight: Any = None,
) -> Any:
    """Harmonic mean of precision and recall of each class.

    Parameters
    ----------
    y_true, y_pred, average, threshold, sample_weight
        As :func:`fbeta_score` takes them.

    Returns
    -------
    float, or (classes,) array if `average` is None and there are several

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.f1_score([[0, 1], [1, 0]], [[0.2, 0.8], [0.3, 0.7]], average="macro"), 4)
    0.3333
    """
    return fbeta_score(y_true, y_pred, average, 1.0, threshold, sample_weight)


def _counted(
    y_true: Any,
    y_pred: Any,
    thresholds: Any,
    top_k: int | None,
    class_id: int | None,
    sample_weight: Any,
) -> list[Any]:
    """True and false positives, true and false negatives: an array of one for each threshold."""
    truth, scores = pair(y_true, y_pred)
    ones = binary(truth)
    above = np.array(
        (0.5 if top_k is None else -np.inf)
        if thresholds is None
        else as_thresholds("thresholds", thresholds)
    )
    if top_k is not None or class_id is not None:
        columns = scores.shape[-1] if scores.ndim > 1 else 1
        if top_k is not None and as_integer("top_k", top_k, 1) > columns:
            raise ValueError(f"top_k must be at most the number of classes, {columns}, got {top_k}")
        if class_id is not None and as_index("class_id", class_id) >= columns:
            raise ValueError(f"class_id must be below the classes, {columns}, got {class_id}")
    if top_k is not None:
        order = np.argsort(-scores, axis=-1, kind="stable")
        among = np.zeros(scores.shape, bool)
        np.put_along_axis(among, order[..., :top_k], True, axis=-1)
    else:
        among = np.ones(scores.shape, bool)
    each = weights_of_elements(sample_weight, scores.shape)
    if class_id is not None and scores.ndim > 1:
        ones, scores, among, each = (a[..., class_id] for a in (ones, scores, among, each))
    guesses = [among & (scores > threshold) for threshold in above.reshape(-1)]
    counts = np.array(
        [
            [(each * which).sum() for which in (ones & guess, ~ones & guess)]
            + [(each * which).sum() for which in (~ones & ~guess, ones & ~guess)]
            for guess in guesses
        ]
    ).T
    return [of_each.reshape(above.shape) for of_each in counts]


def _plain(counts: np.ndarray) -> Any:
    """A float, unless there are several."""
    return counts if counts.ndim else float(counts)


@dataclasses.dataclass(repr=False, eq=False)
class Precision(FunctionOfArrays):
    """Object of :func:`precision`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.Precision()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    0.5
    """

    function = staticmethod(precision)
    thresholds: Any = None
    top_k: int | None = None
    class_id: int | None = None


@dataclasses.dataclass(repr=False, eq=False)
class Recall(FunctionOfArrays):
    """Object of :func:`recall`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.Recall()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    0.5
    """

    function = staticmethod(recall)
    thresholds: Any = None
    top_k: int | None = None
    class_id: int | None = None


@dataclasses.dataclass(repr=False, eq=False)
class TruePositives(FunctionOfArrays):
    """Object of :func:`true_positives`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.TruePositives()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    1.0
    """

    function = staticmethod(true_positives)
    thresholds: Any = None


@dataclasses.dataclass(repr=False, eq=False)
class FalsePositives(FunctionOfArrays):
    """Object of :func:`false_positives`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.FalsePositives()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    1.0
    """

    function = staticmethod(false_positives)
    direction = "min"
    thresholds: Any = None


@dataclasses.dataclass(repr=False, eq=False)
class TrueNegatives(FunctionOfArrays):
    """Object of :func:`true_negatives`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.TrueNegatives()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    1.0
    """

    function = staticmethod(true_negatives)
    thresholds: Any = None


@dataclasses.dataclass(repr=False, eq=False)
class FalseNegatives(FunctionOfArrays):
    """Object of :func:`false_negatives`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.FalseNegatives()
    >>> metric.update_state([0, 1], [0.2, 0.9])
    >>> metric.update_state([1, 0], [0.4, 0.6])
    >>> metric.result()
    1.0
    """

    function = staticmethod(false_negatives)
    direction = "min"
    thresholds: Any = None


@dataclasses.dataclass(repr=False, eq=False)
class FBetaScore(FunctionOfArrays):
    """Object of :func:`fbeta_score`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.FBetaScore(average="macro", beta=2.0)
    >>> metric.update_state([[0, 1]], [[0.2, 0.8]])
    >>> metric.update_state([[1, 0]], [[0.3, 0.7]])
    >>> round(metric.result(), 4)
    0.4167
    """

    function = staticmethod(fbeta_score)
    usual_name = "fbeta_score"
    average: str | None = None
    beta: float = 1.0
    threshold: float | None = None


@dataclasses.dataclass(repr=False, eq=False)
class F1Score(FunctionOfArrays):
    """Object of :func:`f1_score`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.F1Score(average="macro")
    >>> metric.update_state([[0, 1]], [[0.2, 0.8]])
    >>> metric.update_state([[1, 0]], [[0.3, 0.7]])
    >>> round(metric.result(), 4)
    0.3333
    """

    function = staticmethod(f1_score)
    average: str | None = None
    threshold: float | None = None
