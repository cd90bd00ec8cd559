"""Results that go to memory past the caches, because these cannot hold them.

An ordinary store fetches the cache line first, and pushes another line out of the cache. For a
large array both cost as much time as the store itself, and gain nothing: before anybody reads the
result, most of it has been pushed out, too.
"""

import numpy as np

from .instructions import store_past_cache
from .jit import njit
from .machine import VECTOR_BYTES

# Results of at least this many bytes: half of a third-level cache of 32 MB. What is computed from
# an array of the same size finds nothing left of it there. Of 3 x 3 depthwise convolutions with two
# threads that of 16 MB took 356 us and not 457, and then a sum of the result 860 us and not 1080;
# at 8 MB it took 308 us and not 346, but then the sum 480 us and not 290. Activations of ten
# million numbers gain nothing: the system clears new pages for results of that size.
TOO_LARGE = 1 << 24


@njit
def is_aligned(array):
    """Whether an array begins at a vector's width."""
    return np.int64(array.ctypes.data) % VECTOR_BYTES == 0


@njit
def store(to, of, past_caches):
    """``to = of``; if past the caches, all but the few numbers before and after whole vectors.

    Call `finish_stores` after the last one.
    """
    lanes = VECTOR_BYTES // to.itemsize
    first = last = 0
    if past_caches:
        first = min(-(np.int64(to.ctypes.data) // to.itemsize) % lanes, to.size)
        last = first + (to.size - first) // lanes * lanes
    for i in range(first):
        to[i] = of[i]
    for i in range(first, last, lanes):
        store_past_cache(to, i, of, i)
    for i in range(last, to.size):
        to[i] = of[i]
