"""Gradients of losses with respect to the outputs of a network: the essay's ``cost_delta``.

``<loss>_delta`` is the gradient of the loss of each sample. For that of the mean loss, divide it by
the number of samples.
"""

from typing import Any

import numpy as np

from ..kernels.losses import backward_of, huber_backward, loss_backward
from ..validation import as_floating, as_positive
from .axes import from_rows, last_axis_rows
from .crossentropies import (
    as_outputs,
    as_targets,
    categorical_arguments,
    sparse_categorical_arguments,
)


def _delta(targets: np.ndarray, outputs: np.ndarray, loss: str) -> np.ndarray:
    """The gradient of each sample, with the samples along the last axis."""
    deltas = np.empty_like(outputs)
    rows = last_axis_rows(deltas), last_axis_rows(outputs), last_axis_rows(targets)
    loss_backward(*rows, backward_of(loss, outputs.dtype))
    return deltas


def _delta_along(
    targets: np.ndarray, rows: np.ndarray, loss: str, shape: tuple[int, ...], axis: int
) -> np.ndarray:
    """The gradient of each sample, with the samples along any axis, but given as rows."""
    return from_rows(_delta(targets, rows, loss), shape, axis)


def mean_squared_error_delta(target: Any, output: Any) -> np.ndarray:
    """Gradient of the mean over the last axis of ``(output - target)**2``.

    ``2 (output - target) / o``, where ``o`` is the length of that axis.

    Parameters
    ----------
    target : array_like
    output : array_like, shape of `target`
        Predictions.

    Returns
    -------
    ndarray, shape of `target`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, or numbers are not finite.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.mean_squared_error_delta([[0.0, 0.0]], [[0.5, -3.0]])
    array([[ 0.5, -3. ]], dtype=float32)
    """
    outputs = as_floating("output", output)
    return _delta(as_targets(target, outputs), outputs, "mean_squared_error")


def mean_absolute_error_delta(target: Any, output: Any) -> np.ndarray:
    """Gradient of the mean over the last axis of ``|output - target|``.

    ``sign(output - target) / o``, where ``o`` is the length of that axis; 0 where they are equal.

    Parameters
    ----------
    target : array_like
    output : array_like, shape of `target`
        Predictions.

    Returns
    -------
    ndarray, shape of `target`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, or numbers are not finite.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.mean_absolute_error_delta([[0.0, 0.0]], [[0.5, -3.0]])
    array([[ 0.5, -0.5]], dtype=float32)
    """
    outputs = as_floating("output", output)
    return _delta(as_targets(target, outputs), outputs, "mean_absolute_error")


def huber_delta(target: Any, output: Any, delta: float = 1.0) -> np.ndarray:
    """Gradient of the Huber loss, the mean over the last axis.

    ``(output - target) / o``, limited to the range from ``-delta / o`` to ``delta / o``, where
    ``o`` is the length of that axis.

    Parameters
    ----------
    target : array_like
    output : array_like, shape of `target`
        Predictions.
    delta : float
        Positive: residuals up to this size are squared, larger ones count linearly.

    Returns
    -------
    ndarray, shape of `target`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, numbers are not finite, or `delta` is not positive.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.huber_delta([[0.0, 0.0]], [[0.5, 3.0]])
    array([[0.25, 0.5 ]], dtype=float32)
    """
    outputs = as_floating("output", output)
    targets = as_targets(target, outputs)
    deltas = np.empty_like(outputs)
    flat = (array.reshape(-1) for array in (deltas, outputs, targets))
    huber_backward(*flat, as_positive("delta", delta))
    # The kernel took all numbers for one sample, so it has divided by the number of samples too.
    deltas *= len(last_axis_rows(deltas))
    return deltas


def poisson_delta(target: Any, output: Any) -> np.ndarray:
    """Gradient of the Poisson loss, the mean over the last axis of ``p - y log(p + 1e-7)``.

    ``(1 - y / (p + 1e-7)) / o``, where ``o`` is the length of that axis.

    Parameters
    ----------
    target : array_like
        Counts ``y``, not negative.
    output : array_like, shape of `target`
        Their predicted means ``p``, not negative.

    Returns
    -------
    ndarray, shape of `target`

    Raises
    ------
    ValueError, TypeError
        If shapes differ, or numbers are negative or not finite.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.poisson_delta([[1.0, 3.0]], [[2.0, 2.0]])
    array([[ 0.25, -0.25]], dtype=float32)
    """
    outputs = as_floating("output", output)
    if outputs.min() < 0:
        raise ValueError(f"output must not be negative, got {outputs.min():g}")
    return _delta(as_targets(target, outputs, not_negative=True), outputs, "poisson")


def binary_crossentropy_delta(target: Any, output: Any, from_logits: bool = False) -> np.ndarray:
    """Gradient of :func:`binary_crossentropy`, of each element: with logits, ``p - y``.

    With probabilities ``(p - y) / (p (1 - p))``, and 0 where ``p`` had to be limited.

    Parameters
    ----------
    target, output, from_logits
        As for :func:`binary_crossentropy`.

    Returns
    -------
    ndarray, shape of `target`
        With respect to `output`.

    Raises
    ------
    ValueError, TypeError
        As :func:`binary_crossentropy`.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.binary_crossentropy_delta([1.0, 0.0], [0.0, 0.0], from_logits=True)
    array([-0.5,  0.5], dtype=float32)
    """
    outputs, is_logits = as_outputs(output, from_logits)
    targets = as_targets(target, outputs, not_negative=True)
    # The kernel sums over the elements of a sample; each element has the gradient of its own term.
    loss = "multilabel_crossentropy" if is_logits else "multilabel_log_loss"
    return _delta(targets, outputs, loss)


def categorical_crossentropy_delta(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> np.ndarray:
    """Gradient of :func:`categorical_crossentropy`: with logits and one-hot targets, ``p - y``.

    With logits and any targets ``p sum(y) - y``. With probabilities ``(sum(y) - y / q) / sum(p)``,
    where ``q = p / sum(p)``; if an element of ``q`` had to be limited, its ``y`` counts as 0.

    Parameters
    ----------
    target, output, from_logits, axis
        As for :func:`categorical_crossentropy`.

    Returns
    -------
    ndarray, shape of `output`
        With respect to `output`.

    Raises
    ------
    ValueError, TypeError
        As :func:`categorical_crossentropy`.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.categorical_crossentropy_delta([[1.0, 0.0]], [[0.0, 0.0]], from_logits=True)
    array([[-0.5,  0.5]], dtype=float32)
    """
    return _delta_along(*categorical_arguments(target, output, from_logits, axis))


def sparse_categorical_crossentropy_delta(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> np.ndarray:
    """Gradient of :func:`sparse_categorical_crossentropy`.

    With logits it is ``p``, minus 1 at the label; with probabilities as for
    :func:`categorical_crossentropy_delta`.

    Parameters
    ----------
    target, output, from_logits, axis
        As for :func:`sparse_categorical_crossentropy`.

    Returns
    -------
    ndarray, shape of `output`
        With respect to `output`.

    Raises
    ------
    ValueError, TypeError
        As :func:`sparse_categorical_crossentropy`.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.sparse_categorical_crossentropy_delta([0], [[0.0, 0.0]], from_logits=True)
    array([[-0.5,  0.5]], dtype=float32)
    """
    return _delta_along(*sparse_categorical_arguments(target, output, from_logits, axis))
