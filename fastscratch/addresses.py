"""Addresses of arrays, and checks of their numbers by address."""

from ctypes import addressof, c_char

import numpy as np

from .kernels.checks import are_finite, are_labels

# An empty array of each type that compiled code knows.
_LIKE = {np.dtype(dtype): np.empty(0, dtype) for dtype in (np.float32, np.float64)}

# What a buffer holds, of which no more than its address is wanted.
_Nothing = c_char * 0


def address_of(array: np.ndarray) -> int:
    """Where a C-contiguous array begins."""
    # The attribute `ctypes` takes longer; but a read-only array gives its buffer to nobody else.
    return addressof(_Nothing.from_buffer(array)) if array.flags.carray else array.ctypes.data


def is_finite(array: np.ndarray) -> bool:
    """Whether all numbers are finite."""
    if not array.flags.c_contiguous:
        array = array.copy()  # in C order
    return are_finite(address_of(array), array.size, _LIKE[array.dtype])


def is_of_labels(array: np.ndarray, classes: int, ignored: float) -> bool:
    """Whether all numbers are integers from 0 to below `classes`, or `ignored`, if not NaN."""
    if not array.flags.c_contiguous:
        array = array.copy()  # in C order
    return are_labels(address_of(array), array.size, _LIKE[array.dtype], classes, ignored)
