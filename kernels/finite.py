"""Whether numbers are finite, found out while they are in a cache for what is computed from them.

A pass of its own over an array took as long as the operation itself, where that is limited by
memory. A kernel that returns whether its input is finite has computed nonsense if it is not: the
caller then raises an error, and the result is lost.
"""

import numpy as np

from .jit import njit

# Numbers that are checked before anything is computed from them: they stay in a first-level cache.
AT_ONCE = 4096


@njit(inline=True)
def is_finite(x):
    """Whether all numbers of a flat array are finite: the largest bits, without the sign, tell."""
    if x.itemsize == 4:
        bits, largest = x.view(np.int32), np.int32(0)
        for i in range(bits.size):
            largest = max(largest, np.int32(bits[i] & 0x7FFFFFFF))
        return largest < 0x7F800000
    bits_64, largest_64 = x.view(np.int64), np.int64(0)
    for i in range(bits_64.size):
        largest_64 = max(largest_64, bits_64[i] & 0x7FFFFFFFFFFFFFFF)
    return largest_64 < 0x7FF0000000000000


@njit
def share_is_finite(image, first, stop, positions):
    """Whether the rows of an image are finite that lie beside some of its `positions` output rows.

    All positions together have all rows of the image, whatever the windows see.
    """
    height = image.shape[0]
    return is_finite(image[first * height // positions : stop * height // positions].reshape(-1))
