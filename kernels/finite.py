"""Whether numbers are finite, found out while they are in a cache for what is computed from them.

A pass of its own over an array took as long as the operation itself, where that is limited by
memory. A kernel that returns whether its input is finite has computed nonsense if it is not: the
caller then raises an error, and the result is lost.
"""

from .jit import njit

# Numbers that are checked before anything is computed from them: they stay in a first-level cache.
AT_ONCE = 4096


@njit(inline=True)
def is_finite(x):
    """Whether all numbers of a flat array are finite: zero times any other one is not zero."""
    total, zero = x.dtype.type(0), x.dtype.type(0)
    for i in range(x.size):
        total += x[i] * zero
    return total == zero


@njit
def share_is_finite(image, first, stop, positions):
    """Whether the rows of an image are finite that lie beside some of its `positions` output rows.

    All positions together have all rows of the image, whatever the windows see.
    """
    height = image.shape[0]
    return is_finite(image[first * height // positions : stop * height // positions].reshape(-1))
