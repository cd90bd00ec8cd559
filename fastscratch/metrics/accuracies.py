"""Metrics: how good predictions are, as plain functions on NumPy arrays.

Names are Keras's where it has one, values are scikit-learn's. Each function takes the truth first,
checks both arrays, and returns a float (:func:`confusion_matrix` an array). A NaN is an error.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .keras_names import full_name
from .validation import as_array, as_integer, as_labels, as_number, memory_for, one_of, same_length

__all__ = [
    "accuracy",
    "auc",
    "binary_accuracy",
    "categorical_accuracy",
    "confusion_matrix",
    "direction",
    "get",
    "mean_absolute_error",
    "mean_squared_error",
    "precision",
    "r2_score",
    "recall",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of labels that are predicted exactly.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
        Labels (not probabilities).
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return float((y_true == y_pred).mean())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> float:
    """Share of predictions that are on the right side of the threshold.

    Parameters
    ----------
    y_true : array_like
        0 or 1.
    y_pred : array_like, the same shape
        Probabilities of 1; above `threshold` counts as 1.
    threshold : float
    """
    y_true, y_pred = _pair(y_true, y_pred)
    return float((_binary(y_true) == (y_pred > as_number("threshold", threshold))).mean())


def categorical_accuracy(y_true: Any, y_pred: Any) -> float:
    """Share of samples whose class gets the highest score; of equal scores the first counts.

    Parameters
    ----------
    y_true : array_like, shape (n, classes)
        One-hot, or probabilities: the largest is the class.
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    """
    y_true, y_pred = _pair(y_true, y_pred, 2)
    return float((y_true.argmax(axis=1) == y_pred.argmax(axis=1)).mean())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> float:
    """As :func:`categorical_accuracy`, for class labels.

    Parameters
    ----------
    y_true : array_like, shape (n,)
        Labels 0, 1, 2, ...
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    """
    labels, y_pred = _labelled(y_true, y_pred)
    return float((labels == y_pred.argmax(axis=1)).mean())


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> float:
    """Share of samples with fewer than `k` classes scored higher than their own.

    Parameters
    ----------
    y_true : array_like, shape (n, classes)
        One-hot, or probabilities: the largest is the class.
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    k : int
    """
    y_true, y_pred = _pair(y_true, y_pred, 2)
    return sparse_top_k_categorical_accuracy(y_true.argmax(axis=1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> float:
    """As :func:`top_k_categorical_accuracy`, for class labels.

    Parameters
    ----------
    y_true : array_like, shape (n,)
        Labels 0, 1, 2, ...
    y_pred : array_like, shape (n, classes)
        Probabilities or scores.
    k : int
    """
    labels, y_pred = _labelled(y_true, y_pred)
    own = np.take_along_axis(y_pred, labels[:, None], axis=1)
    return float(((y_pred > own).sum(axis=1) < as_integer("k", k, 1)).mean())


def precision(y_true: Any, y_pred: Any, threshold: float = 0.5) -> float:
    """Of what is predicted to be 1, the share that is; 0 if nothing is.

    Parameters
    ----------
    y_true : array_like
        0 or 1.
    y_pred : array_like, the same shape
        Probabilities of 1; above `threshold` counts as 1.
    threshold : float
    """
    truth, guess = _decided(y_true, y_pred, threshold)
    return float((truth & guess).sum() / max(guess.sum(), 1))


def recall(y_true: Any, y_pred: Any, threshold: float = 0.5) -> float:
    """Of what is 1, the share that is predicted to be; 0 if nothing is.

    Parameters
    ----------
    y_true : array_like
        0 or 1.
    y_pred : array_like, the same shape
        Probabilities of 1; above `threshold` counts as 1.
    threshold : float
    """
    truth, guess = _decided(y_true, y_pred, threshold)
    return float((truth & guess).sum() / max(truth.sum(), 1))


def auc(y_true: Any, y_pred: Any) -> float:
    """Area under the ROC curve, exactly.

    It is the share of pairs of a 1 and a 0 in which the 1 scores higher, a tie counting half: the
    statistic of Mann and Whitney, from the ranks of the scores. (Keras approximates the area by 200
    thresholds.)

    Parameters
    ----------
    y_true : array_like
        0 or 1, both of them.
    y_pred : array_like, the same shape
        Scores of any scale.

    References
    ----------
    Hanley and McNeil (1982), The meaning and use of the area under a ROC curve.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    truth = _binary(y_true).ravel()
    ones = int(truth.sum())
    zeros = truth.size - ones
    if ones == 0 or zeros == 0:
        raise ValueError(f"y_true must hold both 0 and 1, got {truth.size} times {int(truth[0])}")
    _, place, count = np.unique(y_pred, return_inverse=True, return_counts=True)
    ranks = (count.cumsum() - (count - 1) / 2)[place.ravel()]  # equal scores share their mean rank
    return float((ranks[truth].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def confusion_matrix(y_true: Any, y_pred: Any, num_classes: int | None = None) -> np.ndarray:
    """How often each class is predicted for each true class.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (n,)
        Labels 0, 1, 2, ...
    num_classes : int, optional
        By default one more than the largest label.

    Returns
    -------
    ndarray of int64, shape (num_classes, num_classes)
        Rows are the truth, columns the prediction.
    """
    truth, guess = as_array("y_true", y_true, ndim=1), as_array("y_pred", y_pred, ndim=1)
    same_length(y_true=truth, y_pred=guess)
    if num_classes is None:
        num_classes = max(int(truth.max()), int(guess.max()), 0) + 1
    num_classes = as_integer("num_classes", num_classes, 1)
    truth = as_labels("y_true", truth, num_classes)
    guess = as_labels("y_pred", guess, num_classes)
    with memory_for(f"num_classes={num_classes}"):
        counts = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(counts, (truth, guess), 1)
    return counts


def mean_squared_error(y_true: Any, y_pred: Any) -> float:
    """Mean of ``(y_pred - y_true)**2`` over all elements.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    """
    y_true, y_pred = _pair(y_true, y_pred)
    with np.errstate(over="ignore"):  # the result is then infinite
        return float(((y_pred - y_true) ** 2).mean())


def mean_absolute_error(y_true: Any, y_pred: Any) -> float:
    """Mean of ``|y_pred - y_true|`` over all elements.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    """
    y_true, y_pred = _pair(y_true, y_pred)
    with np.errstate(over="ignore"):  # the result is then infinite
        return float(np.abs(y_pred - y_true).mean())


def r2_score(y_true: Any, y_pred: Any) -> float:
    """Share of the variance that is explained, ``1 - residual squares / squares about the mean``.

    The mean over the columns, if there are several. A column that does not vary counts 1 if it is
    predicted exactly, and 0 otherwise.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (n,) or (n, o)
        At least two samples.
    """
    y_true, y_pred = _pair(y_true, y_pred)
    if len(y_true) < 2:
        raise ValueError(f"y_true must hold at least two samples, got {len(y_true)}")
    # Divide by a power of two near the largest number: squares then neither overflow nor vanish,
    # and nothing is rounded.
    largest = max(np.abs(y_true).max(), np.abs(y_pred).max())
    unit = np.ldexp(1.0, np.frexp(largest)[1] - 1)
    y_true, y_pred = y_true / unit, y_pred / unit
    residual = ((y_true - y_pred) ** 2).sum(axis=0)
    total = ((y_true - y_true.mean(axis=0)) ** 2).sum(axis=0)
    flat = np.where(residual == 0, 1.0, 0.0)
    varies = y_true.max(axis=0) > y_true.min(axis=0)  # total may be that of rounding
    with np.errstate(divide="ignore"):  # predictions so large that R2 is no float64: -inf
        shares = residual / np.where(varies, total, 1)
    return float(np.where(varies, 1 - shares, flat).mean())


_BY_NAME: dict[str, Callable[..., float]] = {
    metric.__name__: metric
    for metric in (
        accuracy,
        auc,
        binary_accuracy,
        categorical_accuracy,
        mean_absolute_error,
        mean_squared_error,
        precision,
        r2_score,
        recall,
        sparse_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )
}
_SHORT = {
    "acc": "accuracy",
    "auc": "auc",
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
}
#: Metrics of which a lower value is better; of all others a higher one is.
_ERRORS = (mean_absolute_error, mean_squared_error)


def get(identifier: str | Callable[[Any, Any], float]) -> Callable[[Any, Any], float]:
    """The metric of a name; a function is returned as it is.

    Parameters
    ----------
    identifier : str or callable
        Name of a function of this module that returns a number, as ``"mean_squared_error"``; that
        of its class in Keras, ``"MeanSquaredError"``; or a short one, ``"mse"`` or ``"MSE"``.

    Raises
    ------
    ValueError
        If there is no such metric.
    """
    if callable(identifier):
        return identifier
    return _BY_NAME[one_of("metric", full_name(identifier, _BY_NAME, _SHORT), tuple(_BY_NAME))]


def direction(identifier: str | Callable[[Any, Any], float]) -> str:
    """Which values of a metric are better: "min", the lower ones, or "max", the higher ones.

    Raises
    ------
    ValueError
        If there is no such metric in this module.
    """
    metric = get(identifier)
    if metric not in _BY_NAME.values():
        raise ValueError(f"metric must be one of this module, got {identifier!r}")
    return "min" if metric in _ERRORS else "max"


def _pair(y_true: Any, y_pred: Any, ndim: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 arrays, which must have the same shape."""
    truth, guess = as_array("y_true", y_true, ndim=ndim), as_array("y_pred", y_pred, ndim=ndim)
    if truth.shape != guess.shape:
        raise ValueError(
            f"y_true and y_pred must have the same shape, got {truth.shape} and {guess.shape}"
        )
    return truth, guess


def _labelled(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    scores = as_array("y_pred", y_pred, ndim=2)
    labels = as_labels("y_true", y_true, scores.shape[1])
    same_length(y_true=labels, y_pred=scores)
    return labels, scores


def _binary(y_true: np.ndarray) -> np.ndarray:
    wrong = (y_true != 0) & (y_true != 1)
    if wrong.any():
        raise ValueError(f"y_true must hold 0 and 1 only, got {y_true[wrong][0]:g}")
    return y_true == 1


def _decided(y_true: Any, y_pred: Any, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    truth, guess = _pair(y_true, y_pred)
    return _binary(truth), guess > as_number("threshold", threshold)
