"""Arrays turned so that any axis is the last: kernels work along rows."""

from typing import Any

import numpy as np

from ..validation import as_integer


def as_axis(axis: Any, ndim: int) -> int:
    """An axis of an array, counted from the front."""
    number = as_integer("axis", axis, -ndim)
    if number >= ndim:
        raise ValueError(f"axis must be below {ndim}, got {number}")
    return number % ndim


def to_rows(array: np.ndarray, axis: int) -> np.ndarray:
    """The numbers along an axis as rows, C-contiguous; without a copy if they are that already."""
    rows = np.moveaxis(array, axis, -1).reshape(-1, array.shape[axis])
    return np.ascontiguousarray(rows)


def from_rows(rows: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """The inverse of :func:`to_rows`: an array of a shape, with the rows along an axis."""
    others = shape[:axis] + shape[axis + 1 :]
    return np.moveaxis(rows.reshape(*others, shape[axis]), -1, axis)
