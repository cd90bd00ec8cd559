"""Arrays of any shape turned into rows, along any axis: kernels work along rows."""

from typing import Any

import numpy as np

from ..validation import as_array, as_integer


def as_axis(axis: Any, ndim: int) -> int:
    """An axis of an array, counted from the front."""
    number = as_integer("axis", axis, -ndim)
    if number >= ndim:
        raise ValueError(f"axis must be below {ndim}, got {number}")
    return number % ndim


def to_rows(array: np.ndarray, axis: int) -> np.ndarray:
    """The numbers along an axis as rows, C-contiguous; without a copy if they are that already."""
    if axis != array.ndim - 1:  # `moveaxis` takes 2 us
        array = np.moveaxis(array, axis, -1)
    rows = array.reshape(-1, array.shape[-1])
    return np.ascontiguousarray(rows)


def last_axis_rows(array: np.ndarray) -> np.ndarray:
    """A C-contiguous array as rows along its last axis: a view."""
    return array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)


def from_rows(rows: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """The inverse of :func:`to_rows`: an array of a shape, with the rows along an axis."""
    if axis == len(shape) - 1:
        return rows.reshape(shape)
    others = shape[:axis] + shape[axis + 1 :]
    return np.moveaxis(rows.reshape(*others, shape[axis]), -1, axis)


def as_gradient(value: Any, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The gradient of a loss with respect to an output of this shape."""
    array = as_array("doutputs", value, dtype)
    if array.shape != shape:
        raise ValueError(f"doutputs must have the shape of the output, {shape}, got {array.shape}")
    return array
