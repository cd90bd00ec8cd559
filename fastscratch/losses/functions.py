"""Losses as functions of arrays, under the names of ``keras.losses``: the loss of each row.

Each is the loss of the class of the same name, called on arrays, before anything becomes of it. A
row is along the last axis, or along `axis`. float64 predictions are computed in float64, and others
in float32. What all take:

y_true : array_like
    Targets.
y_pred : array_like, shape (n, ...)
    Predictions.

Each returns an array of the losses, of the shape of `y_pred` without the axis of the rows.
"""

from typing import Any

import numpy as np

from . import classification, regression


def mean_squared_error(y_true: Any, y_pred: Any) -> np.ndarray:
    """Mean of ``(y_pred - y_true)**2`` over each row.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.mean_squared_error([[1.0, 2.0]], [[1.0, 4.0]]).round(4)
    array([2.], dtype=float32)
    """
    return regression.MeanSquaredError(reduction=None)(y_true, y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> np.ndarray:
    """Mean of ``abs(y_pred - y_true)`` over each row.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.mean_absolute_error([[1.0, 2.0]], [[1.0, 4.0]]).round(4)
    array([1.], dtype=float32)
    """
    return regression.MeanAbsoluteError(reduction=None)(y_true, y_pred)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> np.ndarray:
    """``100 mean(abs(y_pred - y_true) / abs(y_true))`` of each row; a target of 0 counts as 1e-7.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.mean_absolute_percentage_error([[1.0, 2.0]], [[1.0, 4.0]]).round(4)
    array([50.], dtype=float32)
    """
    return regression.MeanAbsolutePercentageError(reduction=None)(y_true, y_pred)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> np.ndarray:
    """``mean((log(1 + y_pred) - log(1 + y_true))**2)`` of each row; each number at least 1e-7.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.mean_squared_logarithmic_error([[1.0, 2.0]], [[1.0, 4.0]]).round(4)
    array([0.1305], dtype=float32)
    """
    return regression.MeanSquaredLogarithmicError(reduction=None)(y_true, y_pred)


def log_cosh(y_true: Any, y_pred: Any) -> np.ndarray:
    """``mean(log(cosh(y_pred - y_true)))`` of each row.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.log_cosh([[1.0, 2.0]], [[1.0, 4.0]]).round(4)
    array([0.6625], dtype=float32)
    """
    return regression.LogCosh(reduction=None)(y_true, y_pred)


def poisson(y_true: Any, y_pred: Any) -> np.ndarray:
    """``mean(y_pred - y_true log(y_pred))`` of each row.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.poisson([[1.0, 2.0]], [[1.0, 4.0]]).round(4)
    array([1.1137], dtype=float32)
    """
    return regression.Poisson(reduction=None)(y_true, y_pred)


def kl_divergence(y_true: Any, y_pred: Any) -> np.ndarray:
    """``sum(y_true log(y_true / y_pred))`` of each row, both from 1e-7 to 1.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.kl_divergence([[1.0, 0.0]], [[0.75, 0.25]]).round(4)
    array([0.2877], dtype=float32)
    """
    return regression.KLDivergence(reduction=None)(y_true, y_pred)


def hinge(y_true: Any, y_pred: Any) -> np.ndarray:
    """``mean(max(1 - y_true y_pred, 0))`` of each row; targets are -1 or 1, or all 0 or 1.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.hinge([[1.0, -1.0]], [[0.5, 0.5]]).round(4)
    array([1.], dtype=float32)
    """
    return regression.Hinge(reduction=None)(y_true, y_pred)


def squared_hinge(y_true: Any, y_pred: Any) -> np.ndarray:
    """``mean(max(1 - y_true y_pred, 0)**2)`` of each row; targets are -1 or 1, or all 0 or 1.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.squared_hinge([[1.0, -1.0]], [[0.5, 0.5]]).round(4)
    array([1.25], dtype=float32)
    """
    return regression.SquaredHinge(reduction=None)(y_true, y_pred)


def categorical_hinge(y_true: Any, y_pred: Any) -> np.ndarray:
    """``max(1 + wrong - right, 0)`` of each row, whose targets are one-hot.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.categorical_hinge([[1.0, 0.0]], [[0.75, 0.25]]).round(4)
    array([0.5], dtype=float32)
    """
    return classification.CategoricalHinge(reduction=None)(y_true, y_pred)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> np.ndarray:
    """Mean over each row of half the squared residuals up to `delta`, and linear beyond.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    delta : float
        Positive.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.huber([[1.0, 2.0]], [[1.0, 4.0]]).round(4)
    array([0.75], dtype=float32)
    """
    return regression.Huber(delta, reduction=None)(y_true, y_pred)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> np.ndarray:
    """The cosine of the angle between each row and its target, negated: -1 is best.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    axis : int
        Along which the directions are.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.cosine_similarity([[1.0, 0.0]], [[1.0, 1.0]]).round(4)
    array([-0.7071], dtype=float32)
    """
    return regression.CosineSimilarity(axis, reduction=None)(y_true, y_pred)


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> np.ndarray:
    """``-mean(y_true log(p) + (1 - y_true) log(1 - p))`` of each row, for probabilities ``p``.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    from_logits : bool
        Whether `y_pred` are scores, of which the sigmoid is taken.
    label_smoothing : float
        The fraction of the way that targets are moved towards one half.
    axis : int
        Along which the mean is taken.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.binary_crossentropy([[1.0, 0.0]], [[0.75, 0.25]]).round(4)
    array([0.2877], dtype=float32)
    """
    loss = classification.BinaryCrossentropy(from_logits, label_smoothing, axis, reduction=None)
    return loss(y_true, y_pred)


def multilabel_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0
) -> np.ndarray:
    """:func:`binary_crossentropy`, but the sum over each row. Not in Keras.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    from_logits : bool
        Whether `y_pred` are scores, of which the sigmoid is taken.
    label_smoothing : float
        The fraction of the way that targets are moved towards one half.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.multilabel_crossentropy([[1.0, 0.0]], [[0.75, 0.25]]).round(4)
    array([0.5754], dtype=float32)
    """
    loss = classification.MultilabelCrossentropy(from_logits, label_smoothing, reduction=None)
    return loss(y_true, y_pred)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> np.ndarray:
    """:func:`binary_crossentropy` that counts labels less that are predicted well.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    apply_class_balancing : bool
        Whether labels of 1 are multiplied with `alpha`, and those of 0 with ``1 - alpha``.
    alpha, gamma : float
        As of :class:`BinaryFocalCrossentropy`.
    from_logits, label_smoothing, axis
        As of :func:`binary_crossentropy`.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.binary_focal_crossentropy([[1.0, 0.0]], [[0.75, 0.25]]).round(4)
    array([0.018], dtype=float32)
    """
    loss = classification.BinaryFocalCrossentropy(
        apply_class_balancing,
        alpha,
        gamma,
        from_logits,
        label_smoothing,
        axis,
        reduction=None,
    )
    return loss(y_true, y_pred)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> np.ndarray:
    """``-sum(y_true log(p))`` of each row, for probabilities ``p``, which are divided by their sum.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    from_logits : bool
        Whether `y_pred` are scores, of which the softmax is taken.
    label_smoothing : float
        The fraction of the way that targets are moved towards equal probabilities.
    axis : int
        That of the classes.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.categorical_crossentropy([[1.0, 0.0]], [[0.75, 0.25]]).round(4)
    array([0.2877], dtype=float32)
    """
    loss = classification.CategoricalCrossentropy(
        from_logits, label_smoothing, axis, reduction=None
    )
    return loss(y_true, y_pred)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> np.ndarray:
    """:func:`categorical_crossentropy` times ``alpha (1 - p)**gamma``: less for what is known.

    Parameters
    ----------
    y_true, y_pred : array_like, of the same shape
    alpha : float, or sequence of float
        Of all classes, or of each.
    gamma : float
        Not negative.
    from_logits, label_smoothing, axis
        As of :func:`categorical_crossentropy`.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.categorical_focal_crossentropy([[1.0, 0.0]], [[0.75, 0.25]]).round(4)
    array([0.0045], dtype=float32)
    """
    loss = classification.CategoricalFocalCrossentropy(
        alpha, gamma, from_logits, label_smoothing, axis, reduction=None
    )
    return loss(y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> np.ndarray:
    """:func:`categorical_crossentropy` for class labels.

    Parameters
    ----------
    y_true : array_like, of the shape of `y_pred` without the axis of the classes
        Labels 0, 1, 2, ...
    y_pred : array_like
    from_logits : bool
        Whether `y_pred` are scores, of which the softmax is taken.
    ignore_class : int, optional
        The loss of this label is 0.
    axis : int
        That of the classes.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.sparse_categorical_crossentropy([0, 1], [[0.75, 0.25], [0.5, 0.5]]).round(4)
    array([0.2877, 0.6931], dtype=float32)
    """
    loss = classification.SparseCategoricalCrossentropy(
        from_logits, ignore_class, axis, reduction=None
    )
    return loss(y_true, y_pred)


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> np.ndarray:
    """``(1 - p**q) / q`` for the probability of the right class in each row.

    Parameters
    ----------
    y_true : array_like, of the shape of `y_pred` without the last axis
        Labels 0, 1, 2, ...
    y_pred : array_like
        Probabilities.
    q : float
        Above 0 and below 1.

    Returns
    -------
    float array, as `y_pred` without its last axis
        The loss of each row.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5)
    array([1.], dtype=float32)
    """
    return classification.CategoricalGeneralizedCrossEntropy(q, reduction=None)(y_true, y_pred)
