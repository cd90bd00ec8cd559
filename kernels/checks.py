"""Checks of the numbers of arrays: one compiled loop for all that can be wrong."""

import numpy as np

from .call import array_at
from .finite import is_finite
from .jit import njit


@njit
def are_finite(address, size, like):
    """Whether all numbers of an array are finite that is given by its address.

    That serves read-only arrays and those that are not aligned as well: as arguments they would be
    of other types, for which Numba would compile the function again.

    Parameters
    ----------
    address, size : int
        Of a C-contiguous array.
    like : array
        Of the same type.
    """
    return is_finite(array_at(address, size, like.dtype))


@njit
def are_labels(numbers, classes, ignored):
    """Whether all numbers are integers from 0 to below `classes`, or the one that is ignored."""
    right = True
    for i in range(numbers.size):
        label = numbers[i]
        right &= (label >= 0 and label < classes and label == np.floor(label)) or label == ignored
    return right
