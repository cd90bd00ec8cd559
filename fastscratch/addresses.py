"""Addresses of arrays, and checks of their numbers by address."""

from ctypes import addressof, c_char
from typing import Any

import numpy as np

from .kernels.checks import are_finite, are_labels
from .kernels.finite import is_finite as is_each_finite

# An empty array of each type that compiled code knows.
_LIKE = {np.dtype(dtype): np.empty(0, dtype) for dtype in (np.float32, np.float64)}

# An object of no bytes, made at the beginning of an array, tells its address.
_Nothing = c_char * 0


def address_of(array: np.ndarray) -> int:
    """Where a C-contiguous array begins."""
    buffer: Any = array  # it is one, which type checkers do not know
    try:  # in a third of the time that the attribute `ctypes` takes
        return addressof(_Nothing.from_buffer(buffer))
    except TypeError:  # it is read-only
        return array.ctypes.data


def is_finite(array: np.ndarray) -> bool:
    """Whether all numbers are finite."""
    if array.flags.carray:  # the usual case
        return is_each_finite(array.reshape(-1))
    if not array.flags.c_contiguous:
        array = array.copy()  # in C order
    return are_finite(address_of(array), array.size, _LIKE[array.dtype])


def is_of_labels(array: np.ndarray, classes: int, ignored: float) -> bool:
    """Whether all numbers are integers from 0 to below `classes`, or `ignored`, if not NaN."""
    if not array.flags.carray:
        array = array.copy()  # in C order
    return are_labels(array.reshape(-1), classes, ignored)
