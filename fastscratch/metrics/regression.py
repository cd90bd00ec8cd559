"""How far predicted numbers are from the true ones."""

import dataclasses
from typing import Any, ClassVar

import numpy as np

from ..validation import as_integer, as_positive, one_of
from .checks import as_axis, mean, pair, weights_of
from .metric import AGGREGATIONS, FunctionOfArrays

#: Smaller numbers are not divided by, nor are their logarithms taken; as in Keras.
EPSILON = 1e-7


def mean_squared_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``(y_pred - y_true)**2`` over all elements.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.mean_squared_error([1.0, 2.0], [1.5, 4.0])
    2.125
    """
    y_true, y_pred = pair(y_true, y_pred)
    with np.errstate(over="ignore"):  # the result is then infinite
        return mean((y_pred - y_true) ** 2, sample_weight)


def root_mean_squared_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Root of :func:`mean_squared_error`.

    As in Keras, the mean is over all elements; scikit-learn averages the roots of the columns.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.root_mean_squared_error([1.0, 2.0], [1.5, 4.0]), 4)
    1.4577
    """
    return mean_squared_error(y_true, y_pred, sample_weight) ** 0.5


def mean_absolute_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``|y_pred - y_true|`` over all elements.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.mean_absolute_error([1.0, 2.0], [1.5, 4.0])
    1.25
    """
    y_true, y_pred = pair(y_true, y_pred)
    with np.errstate(over="ignore"):  # the result is then infinite
        return mean(np.abs(y_pred - y_true), sample_weight)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``100 |y_pred - y_true| / max(|y_true|, 1e-7)``.

    In per cent, as in Keras; scikit-learn returns the fraction.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.mean_absolute_percentage_error([1.0, 2.0], [1.5, 4.0])
    75.0
    """
    y_true, y_pred = pair(y_true, y_pred)
    with np.errstate(over="ignore"):  # the result is then infinite
        errors = np.abs(y_pred - y_true) / np.maximum(np.abs(y_true), EPSILON)
        return mean(100 * errors, sample_weight)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``(log(1 + y_pred) - log(1 + y_true))**2``; negative numbers count as 0.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.mean_squared_logarithmic_error([1.0, 2.0], [1.5, 4.0]), 4)
    0.1554
    """
    logs = [np.log1p(np.maximum(array, 0.0)) for array in pair(y_true, y_pred)]
    return mean((logs[1] - logs[0]) ** 2, sample_weight)


def log_cosh(y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
    """Mean of ``log(cosh(y_pred - y_true))``: half the square of small errors, as large as large.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.log_cosh([0.0, 0.0], [0.0, 1.0]), 4)
    0.2169
    """
    y_true, y_pred = pair(y_true, y_pred)
    with np.errstate(over="ignore"):
        size = np.abs(y_pred - y_true)
        return mean(size + np.log1p(np.exp(-2 * size)) - np.log(2), sample_weight)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0, sample_weight: Any = None) -> float:
    """Mean of half the squared errors up to `delta`, and linear beyond.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    delta : float
        Positive.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.huber([0.0, 0.0], [0.5, 3.0])
    1.3125
    """
    y_true, y_pred = pair(y_true, y_pred)
    delta = as_positive("delta", delta)
    with np.errstate(over="ignore"):
        size = np.abs(y_pred - y_true)
        linear = delta * (size - 0.5 * delta)
        return mean(np.where(size <= delta, 0.5 * size**2, linear), sample_weight)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1, sample_weight: Any = None) -> float:
    """Mean cosine of the angle between the vectors along an axis; 0 if one of them is 0.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    axis : int
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.cosine_similarity([[1.0, 0.0], [3.0, 4.0]], [[0.0, 2.0], [3.0, 4.0]])
    0.5
    """
    y_true, y_pred, axis = _pair_along(y_true, y_pred, axis)
    units = [_of_length_one(array, axis) for array in (y_true, y_pred)]
    return mean(np.atleast_1d((units[0] * units[1]).sum(axis=axis)), sample_weight)


def pearson_correlation(
    y_true: Any, y_pred: Any, axis: int = -1, sample_weight: Any = None
) -> float:
    """Mean correlation of the vectors along an axis; 0 where one of them does not vary.

    The default is the last axis, as in Keras: the outputs of a sample. Of the numbers of a column,
    over the samples, it is with ``axis=0``.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    axis : int
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.pearson_correlation([[1.0, 2.0, 3.0]], [[1.0, 3.0, 2.0]]), 6)
    0.5
    """
    y_true, y_pred, axis = _pair_along(y_true, y_pred, axis)
    units = [_of_length_one(_centred(array, axis), axis) for array in (y_true, y_pred)]
    return mean(np.atleast_1d((units[0] * units[1]).sum(axis=axis)), sample_weight)


def concordance_correlation(
    y_true: Any, y_pred: Any, axis: int = -1, sample_weight: Any = None
) -> float:
    """Mean concordance of the vectors along an axis: near 1 if they are equal, not only in line.

    ``2 cov(a, b) / (var(a) + var(b) + (mean(a) - mean(b))**2)``; 0 where neither varies.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    axis : int
        As of :func:`pearson_correlation`.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float

    Examples
    --------
    >>> from fastscratch import metrics
    >>> round(metrics.concordance_correlation([[1.0, 2.0, 3.0]], [[1.0, 3.0, 2.0]]), 6)
    0.5
    """
    y_true, y_pred, axis = _pair_along(y_true, y_pred, axis)
    largest = np.maximum(np.abs(y_true), np.abs(y_pred)).max(axis=axis, keepdims=True)
    a, b = (array / np.where(largest > 0, largest, 1) for array in (y_true, y_pred))
    da, db = _centred(a, axis), _centred(b, axis)
    apart = (a.mean(axis=axis) - b.mean(axis=axis)) ** 2
    total = (da**2).mean(axis=axis) + (db**2).mean(axis=axis) + apart
    shared = 2 * (da * db).mean(axis=axis)
    return mean(np.atleast_1d(shared / np.where(total > 0, total, 1)), sample_weight)


def _pair_along(y_true: Any, y_pred: Any, axis: Any) -> tuple[np.ndarray, np.ndarray, int]:
    """Both arrays, and one of their axes."""
    y_true, y_pred = pair(y_true, y_pred)
    axis = as_axis("axis", axis)
    if not -y_true.ndim <= axis < y_true.ndim:
        raise ValueError(f"axis must be one of the {y_true.ndim} axes of y_true, got {axis}")
    return y_true, y_pred, axis


def _centred(array: np.ndarray, axis: int) -> np.ndarray:
    """Vectors less their means; zeros, and no rounding errors, where all numbers are equal."""
    varies = array.max(axis=axis, keepdims=True) > array.min(axis=axis, keepdims=True)
    largest = np.abs(array).max(axis=axis, keepdims=True)
    scaled = array / np.where(largest > 0, largest, 1)  # so that no sum overflows
    return np.where(varies, (scaled - scaled.mean(axis=axis, keepdims=True)) * largest, 0)


def _of_length_one(array: np.ndarray, axis: int) -> np.ndarray:
    """Vectors divided by their lengths; first by their largest element, so that none overflows."""
    largest = np.abs(array).max(axis=axis, keepdims=True)
    scaled = array / np.where(largest > 0, largest, 1)
    length = np.sqrt((scaled**2).sum(axis=axis, keepdims=True))
    return scaled / np.where(length > 0, length, 1)


def r2_score(
    y_true: Any,
    y_pred: Any,
    class_aggregation: str | None = "uniform_average",
    num_regressors: int = 0,
    sample_weight: Any = None,
) -> Any:
    """Share of the variance that is explained, ``1 - residual squares / squares about the mean``.

    A column that does not vary counts 1 if it is predicted exactly, and 0 otherwise.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (n,) or (n, o)
        At least two samples.
    class_aggregation : {"uniform_average", "variance_weighted_average"} or None
        The mean over the columns, the mean weighted by their variances, or an array of all.
    num_regressors : int
        Inputs of the model, for the adjusted R squared ``1 - (1 - r2) (n - 1) / (n - inputs - 1)``;
        0 for the ordinary one.
    sample_weight : array_like, shape (n,), optional

    Returns
    -------
    float, or (o,) array if `class_aggregation` is None

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metrics.r2_score([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    0.5
    """
    y_true, y_pred = pair(y_true, y_pred)
    if class_aggregation is not None:
        one_of("class_aggregation", class_aggregation, AGGREGATIONS)
    n, inputs = len(y_true), as_integer("num_regressors", num_regressors, 0)
    if n < 2:
        raise ValueError(f"y_true must hold at least two samples, got {n}")
    if 0 < inputs >= n - 1:
        raise ValueError(f"num_regressors must be below the samples less 1, {n - 1}, got {inputs}")
    given = weights_of(sample_weight, n)
    weights = None if given is None else given / given.max()  # of the same share, and no overflow
    # Divide by a power of two near the largest number: squares then neither overflow nor vanish,
    # and nothing is rounded.
    largest = max(np.abs(y_true).max(), np.abs(y_pred).max())
    unit = np.ldexp(1.0, np.frexp(largest)[1] - 1)
    y_true, y_pred = y_true / unit, y_pred / unit
    center = np.average(y_true, axis=0, weights=weights)
    each = 1.0 if weights is None else weights.reshape(-1, *[1] * (y_true.ndim - 1))
    residual = (each * (y_true - y_pred) ** 2).sum(axis=0)
    total = (each * (y_true - center) ** 2).sum(axis=0)
    flat = np.where(residual == 0, 1.0, 0.0)
    varies = y_true.max(axis=0) > y_true.min(axis=0)  # total may be that of rounding
    with np.errstate(divide="ignore"):  # predictions so large that R2 is no float64: -inf
        scores = np.where(varies, 1 - residual / np.where(varies, total, 1), flat)
    if inputs:
        scores = 1 - (1 - scores) * (n - 1) / (n - inputs - 1)
    if class_aggregation is None:
        return np.atleast_1d(scores)
    if class_aggregation == "variance_weighted_average" and varies.any():
        return float(np.average(np.atleast_1d(scores), weights=np.atleast_1d(varies * total)))
    return float(scores.mean())


@dataclasses.dataclass(repr=False, eq=False)
class _Error(FunctionOfArrays):
    direction: ClassVar[str | None] = "min"


@dataclasses.dataclass(repr=False, eq=False)
class MeanSquaredError(_Error):
    """Object of :func:`mean_squared_error`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.MeanSquaredError()
    >>> metric.update_state([1.0], [1.5])
    >>> metric.update_state([2.0], [4.0])
    >>> metric.result()
    2.125
    """

    function = staticmethod(mean_squared_error)


@dataclasses.dataclass(repr=False, eq=False)
class RootMeanSquaredError(_Error):
    """Object of :func:`root_mean_squared_error`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.RootMeanSquaredError()
    >>> metric.update_state([1.0], [1.5])
    >>> metric.update_state([2.0], [4.0])
    >>> round(metric.result(), 4)
    1.4577
    """

    function = staticmethod(root_mean_squared_error)


@dataclasses.dataclass(repr=False, eq=False)
class MeanAbsoluteError(_Error):
    """Object of :func:`mean_absolute_error`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.MeanAbsoluteError()
    >>> metric.update_state([1.0], [1.5])
    >>> metric.update_state([2.0], [4.0])
    >>> metric.result()
    1.25
    """

    function = staticmethod(mean_absolute_error)


@dataclasses.dataclass(repr=False, eq=False)
class MeanAbsolutePercentageError(_Error):
    """Object of :func:`mean_absolute_percentage_error`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.MeanAbsolutePercentageError()
    >>> metric.update_state([1.0], [1.5])
    >>> metric.update_state([2.0], [4.0])
    >>> metric.result()
    75.0
    """

    function = staticmethod(mean_absolute_percentage_error)


@dataclasses.dataclass(repr=False, eq=False)
class MeanSquaredLogarithmicError(_Error):
    """Object of :func:`mean_squared_logarithmic_error`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.MeanSquaredLogarithmicError()
    >>> metric.update_state([1.0], [1.5])
    >>> metric.update_state([2.0], [4.0])
    >>> round(metric.result(), 4)
    0.1554
    """

    function = staticmethod(mean_squared_logarithmic_error)


@dataclasses.dataclass(repr=False, eq=False)
class LogCoshError(_Error):
    """Object of :func:`log_cosh`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.LogCoshError()
    >>> metric.update_state([1.0], [1.5])
    >>> metric.update_state([2.0], [4.0])
    >>> round(metric.result(), 4)
    0.7226
    """

    function = staticmethod(log_cosh)
    usual_name = "logcosh"


@dataclasses.dataclass(repr=False, eq=False)
class CosineSimilarity(FunctionOfArrays):
    """Object of :func:`cosine_similarity`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.CosineSimilarity()
    >>> metric.update_state([[1.0, 0.0]], [[0.0, 2.0]])
    >>> metric.update_state([[3.0, 4.0]], [[3.0, 4.0]])
    >>> metric.result()
    0.5
    """

    function = staticmethod(cosine_similarity)
    axis: int = -1


@dataclasses.dataclass(repr=False, eq=False)
class PearsonCorrelation(FunctionOfArrays):
    """Object of :func:`pearson_correlation`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.PearsonCorrelation()
    >>> metric.update_state([[1.0, 2.0, 3.0]], [[1.0, 3.0, 2.0]])
    >>> round(metric.result(), 6)
    0.5
    """

    function = staticmethod(pearson_correlation)
    axis: int = -1


@dataclasses.dataclass(repr=False, eq=False)
class ConcordanceCorrelation(FunctionOfArrays):
    """Object of :func:`concordance_correlation`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.ConcordanceCorrelation()
    >>> metric.update_state([[1.0, 2.0, 3.0]], [[1.0, 3.0, 2.0]])
    >>> round(metric.result(), 6)
    0.5
    """

    function = staticmethod(concordance_correlation)
    axis: int = -1


@dataclasses.dataclass(repr=False, eq=False)
class R2Score(FunctionOfArrays):
    """Object of :func:`r2_score`.

    Examples
    --------
    >>> from fastscratch import metrics
    >>> metric = metrics.R2Score()
    >>> metric.update_state([1.0, 2.0], [1.0, 2.0])
    >>> metric.update_state([3.0], [4.0])
    >>> metric.result()
    0.5
    """

    function = staticmethod(r2_score)
    class_aggregation: str | None = "uniform_average"
    num_regressors: int = 0
