"""Cross-entropies of samples, and one-hot rows, which are targets for them."""

from typing import Any

import numpy as np

from ..kernels.losses import (
    binary_crossentropy_terms,
    binary_log_loss_terms,
    forward_of,
    loss_forward,
)
from ..validation import as_array, as_flag, as_floating, as_integer, as_labels, memory_for
from .axes import as_axis, from_rows, to_rows


def one_hot(x: Any, num_classes: int, axis: int = -1) -> np.ndarray:
    """One at the place of the class, zero elsewhere.

    Parameters
    ----------
    x : array_like of int
        Labels ``0 ... num_classes - 1``.
    num_classes : int
    axis : int
        The axis of the classes in the result.

    Returns
    -------
    ndarray of float32, shape of `x` with an additional axis of `num_classes`

    Raises
    ------
    ValueError, TypeError
        If a label is not an integer in that range.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.one_hot([0, 2], 3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    labels = as_array("x", x)
    classes = as_integer("num_classes", num_classes, 1)
    axis = as_axis(axis, labels.ndim + 1)
    rows = _indicators(as_labels("x", labels.reshape(-1), classes), classes, np.float32)
    return from_rows(rows, (*labels.shape[:axis], classes, *labels.shape[axis:]), axis)


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> np.ndarray:
    """``-(y log(p) + (1 - y) log(1 - p))`` of each element.

    Parameters
    ----------
    target : array_like
        Targets ``y``, from 0 to 1.
    output : array_like, shape of `target`
        Probabilities ``p``, which are limited to ``[1e-7, 1 - 1e-7]``; or their logits.
    from_logits : bool
        Whether `output` holds logits, ``p = 1 / (1 + exp(-output))``, which are not limited.

    Returns
    -------
    ndarray, shape of `target`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, numbers are not finite, or targets or probabilities are negative.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.binary_crossentropy([1.0, 0.0], [0.9, 0.9]).round(4)
    array([0.1054, 2.3026], dtype=float32)
    """
    outputs, is_logits = as_outputs(output, from_logits)
    targets = as_targets(target, outputs, not_negative=True)
    terms = binary_crossentropy_terms if is_logits else binary_log_loss_terms
    losses = np.empty_like(outputs)
    terms(losses.reshape(-1), outputs.reshape(-1), targets.reshape(-1))
    return losses


def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> np.ndarray:
    """``-sum(y log(p))`` along an axis.

    Parameters
    ----------
    target : array_like
        Targets ``y``, one-hot or the weights of the classes.
    output : array_like, shape of `target`
        Probabilities ``p``, which are divided by their sum and then limited to
        ``[1e-7, 1 - 1e-7]``; or their logits.
    from_logits : bool
        Whether `output` holds logits, ``p = softmax(output)``, which are not limited.
    axis : int
        The axis of the classes.

    Returns
    -------
    ndarray, shape of `target` without the axis

    Raises
    ------
    ValueError, TypeError
        If shapes differ, numbers are not finite, or targets or probabilities are negative.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.categorical_crossentropy([[1.0, 0.0]], [[0.25, 0.75]]).round(4)
    array([1.3863], dtype=float32)
    """
    return _losses(*categorical_arguments(target, output, from_logits, axis))


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> np.ndarray:
    """``-log(p)`` of the right class, along an axis.

    Parameters
    ----------
    target : array_like of int, shape of `output` without the axis, or with 1 there
        Labels ``0, 1, 2, ...``.
    output : array_like
        As for :func:`categorical_crossentropy`.
    from_logits : bool
        Whether `output` holds logits.
    axis : int
        The axis of the classes.

    Returns
    -------
    ndarray, shape of `output` without the axis

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, numbers are not finite, a label is none of the classes, or a
        probability is negative.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.sparse_categorical_crossentropy([0], [[0.25, 0.75]]).round(4)
    array([1.3863], dtype=float32)
    """
    return _losses(*sparse_categorical_arguments(target, output, from_logits, axis))


def categorical_arguments(
    target: Any, output: Any, from_logits: bool, axis: int
) -> tuple[np.ndarray, np.ndarray, str, tuple[int, ...], int]:
    """What :func:`categorical_crossentropy` is given, checked.

    Returns
    -------
    tuple
        Targets and outputs as rows, the code of the loss, the shape of `output`, and the axis.
    """
    outputs, is_logits = as_outputs(output, from_logits)
    axis = as_axis(axis, outputs.ndim)
    targets = to_rows(as_targets(target, outputs, not_negative=True), axis)
    return targets, *_categorical_rows(outputs, is_logits, axis), outputs.shape, axis


def sparse_categorical_arguments(
    target: Any, output: Any, from_logits: bool, axis: int
) -> tuple[np.ndarray, np.ndarray, str, tuple[int, ...], int]:
    """As :func:`categorical_arguments`, where the targets are labels."""
    outputs, is_logits = as_outputs(output, from_logits)
    axis = as_axis(axis, outputs.ndim)
    labels, classes = as_array("target", target), outputs.shape[axis]
    before, after = outputs.shape[:axis], outputs.shape[axis + 1 :]
    if labels.shape not in ((*before, *after), (*before, 1, *after)):
        raise ValueError(
            f"target must have shape {(*before, *after)}, that of output without the axis of the "
            f"classes, got {labels.shape}"
        )
    targets = _indicators(as_labels("target", labels.reshape(-1), classes), classes, outputs.dtype)
    return targets, *_categorical_rows(outputs, is_logits, axis), outputs.shape, axis


def _indicators(labels: np.ndarray, classes: int, dtype: Any) -> np.ndarray:
    """A row for each label: one at its place, zero elsewhere."""
    with memory_for("num_classes", classes):
        rows = np.zeros((labels.size, classes), dtype)
    rows[np.arange(labels.size), labels] = 1
    return rows


def as_outputs(output: Any, from_logits: bool) -> tuple[np.ndarray, bool]:
    """Logits or probabilities, and whether they are logits."""
    array, is_logits = as_floating("output", output), as_flag("from_logits", from_logits)
    if not is_logits and array.min() < 0:
        raise ValueError(
            f"output must hold probabilities, got {array.min():g}; scores need from_logits=True"
        )
    return array, is_logits


def as_targets(target: Any, outputs: np.ndarray, not_negative: bool = False) -> np.ndarray:
    """Targets of the shape and type of the outputs."""
    array = as_array("target", target, outputs.dtype)
    if array.shape != outputs.shape:
        raise ValueError(
            f"target and output must have the same shape, got {array.shape} and {outputs.shape}"
        )
    if not_negative and array.min() < 0:
        raise ValueError(f"target must not be negative, got {array.min():g}")
    return array


def _categorical_rows(outputs: np.ndarray, is_logits: bool, axis: int) -> tuple[np.ndarray, str]:
    """Outputs with the classes along rows, and the name of their loss."""
    rows = to_rows(outputs, axis)
    if not is_logits and rows.max(axis=1).min() == 0:
        raise ValueError("output must hold probabilities, got only zeros for a sample")
    return rows, "categorical_crossentropy" if is_logits else "categorical_log_loss"


def _losses(
    targets: np.ndarray, rows: np.ndarray, loss: str, shape: tuple[int, ...], axis: int
) -> np.ndarray:
    """The loss of each row, in the shape of the outputs without their axis of classes."""
    losses = np.empty(len(rows), rows.dtype)
    loss_forward(losses, rows, targets, forward_of(loss, rows.dtype))
    return losses.reshape(shape[:axis] + shape[axis + 1 :])
