"""Checks of the arrays that metrics are computed from, and weighted means."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..validation import as_array, as_integer, as_labels, as_number, same_length


def pair(y_true: Any, y_pred: Any, ndim: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64 arrays of the same shape; a last axis of one may be left out of either."""
    truth, guess = as_array("y_true", y_true), as_array("y_pred", y_pred)
    truth, guess = np.atleast_1d(truth), np.atleast_1d(guess)
    if truth.shape != guess.shape:
        if truth.shape == (*guess.shape, 1) or guess.shape == (*truth.shape, 1):
            truth = truth.reshape(guess.shape)
        else:
            raise ValueError(
                f"y_true and y_pred must have the same shape, got {truth.shape} and {guess.shape}"
            )
    if ndim is not None:
        as_array("y_true", truth, ndim=ndim)
    return truth, guess


def labelled(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    """Labels of shape (n,), and a score for each class."""
    scores = as_array("y_pred", y_pred, ndim=2)
    truth = as_array("y_true", y_true)
    if truth.ndim == 2 and truth.shape[1] == 1:
        truth = truth.reshape(-1)
    labels = as_labels("y_true", truth, scores.shape[1])
    same_length(y_true=labels, y_pred=scores)
    return labels, scores


def one_hot_pair(y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray]:
    """A column for each class in both; labels become one-hot rows, and one axis one column."""
    scores = as_array("y_pred", y_pred)
    scores = scores.reshape(-1, 1) if scores.ndim == 1 else scores
    truth = as_array("y_true", y_true)
    if scores.ndim == 2 and scores.shape[1] > 1 and truth.size == len(scores):
        labels, scores = labelled(truth, scores)
        return np.eye(scores.shape[1])[labels], scores
    return pair(truth, scores, 2)


def binary(y_true: np.ndarray) -> np.ndarray:
    """Whether each element is 1; the others must be 0."""
    wrong = (y_true != 0) & (y_true != 1)
    if wrong.any():
        raise ValueError(f"y_true must hold 0 and 1 only, got {y_true[wrong][0]:g}")
    return y_true == 1


def weights_of(sample_weight: Any, n_samples: int) -> np.ndarray | None:
    """Weights of the samples, if they have any."""
    if sample_weight is None:
        return None
    weights = np.atleast_1d(as_array("sample_weight", sample_weight))
    if weights.shape == (len(weights), 1):
        weights = weights.reshape(-1)
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must have a number for each of the {n_samples} samples, got shape "
            f"{weights.shape}"
        )
    if weights.min() < 0 or weights.max() == 0:
        raise ValueError(
            "sample_weight must not be negative, and not 0 everywhere, got numbers from "
            f"{weights.min():g} to {weights.max():g}"
        )
    return weights


def weights_of_elements(sample_weight: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A weight for each element of an array of samples, which it has from its sample; else 1."""
    weights = weights_of(sample_weight, shape[0])
    if weights is None:
        return np.ones(shape)
    return np.broadcast_to(weights.reshape(-1, *[1] * (len(shape) - 1)), shape)


def mean(values: np.ndarray, sample_weight: Any) -> float:
    """The mean over all elements of an array, whose samples may have weights."""
    weights = weights_of(sample_weight, len(values))
    with np.errstate(over="ignore"):  # the result is then infinite
        if weights is None:
            return float(values.mean())
        return float(np.average(values.reshape(len(values), -1).mean(axis=1), weights=weights))


def ratio(part: Any, whole: Any) -> Any:
    """A share, 0 where there is nothing to share; a float, or an array of several."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    shares = np.divide(part, whole, out=np.zeros(whole.shape), where=whole > 0)
    return float(shares) if shares.ndim == 0 else shares


def or_none(check: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """The same check, with None as another value that is right."""
    return lambda name, value: None if value is None else check(name, value)


def as_thresholds(name: str, value: Any) -> Any:
    """A threshold, or several of them as a tuple."""
    if isinstance(value, (list, tuple, np.ndarray)) and np.ndim(value) == 1:
        return tuple(as_number(f"{name}[{i}]", one) for i, one in enumerate(value))
    return as_number(name, value)


def as_index(name: str, value: Any) -> int:
    """The number of a class."""
    return as_integer(name, value, 0)


def as_share(name: str, value: Any) -> float:
    """A float from 0 to 1."""
    number = as_number(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must be from 0 to 1, got {number}")
    return number


def as_class_ids(name: str, value: Any) -> tuple[int, ...]:
    """Numbers of classes, at least one."""
    if isinstance(value, (str, bytes)) or not isinstance(value, (Sequence, np.ndarray)):
        raise TypeError(f"{name} must be a sequence of integers, got {type(value).__name__}")
    if np.ndim(value) != 1 or len(value) == 0:
        raise ValueError(f"{name} must hold at least one class, got {value!r}")
    return tuple(as_index(f"{name}[{i}]", one) for i, one in enumerate(value))


def as_axis(name: str, value: Any) -> int:
    """The number of an axis, from either end."""
    return as_integer(name, value, -(2**31))
