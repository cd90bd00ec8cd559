"""Addresses of arrays, and checks of their numbers by address."""

import numpy as np

from .kernels.checks import are_finite, are_labels, start_of
from .kernels.finite import is_finite as is_each_finite

# An empty array of each type that compiled code knows.
_LIKE = {np.dtype(dtype): np.empty(0, dtype) for dtype in (np.float32, np.float64)}


def address_of(array: np.ndarray) -> int:
    """Where a C-contiguous array begins."""
    # As bytes, arrays of all types are of one, for which the function is compiled once. Of those
    # that are read-only or not aligned it would be compiled again.
    return start_of(np.frombuffer(array, np.uint8)) if array.flags.carray else array.ctypes.data


def is_finite(array: np.ndarray) -> bool:
    """Whether all numbers are finite."""
    if array.flags.carray:  # the usual case
        return is_each_finite(array.reshape(-1))
    if not array.flags.c_contiguous:
        array = array.copy()  # in C order
    return are_finite(address_of(array), array.size, _LIKE[array.dtype])


def is_of_labels(array: np.ndarray, classes: int, ignored: float) -> bool:
    """Whether all numbers are integers from 0 to below `classes`, or `ignored`, if not NaN."""
    if not array.flags.c_contiguous:
        array = array.copy()  # in C order
    return are_labels(address_of(array), array.size, _LIKE[array.dtype], classes, ignored)
