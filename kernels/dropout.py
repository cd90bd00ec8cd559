"""Dropout: in training a share of the numbers is set to zero, and the others are scaled up.

Whether element ``i`` is kept is decided by number ``i`` of a stream of the counter-based generator
(:mod:`.random`), so no mask is stored: the backward pass asks the generator again. The caller gives
each step and layer a stream of its own; stream 0 of a seed belongs to the initial parameters, and
stream ``e + 1`` to the shuffle of epoch ``e``.

Source: Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), "Dropout: a simple way
to prevent neural networks from overfitting".
"""

import math

import numpy as np

from .jit import njit
from .random import S40, bits_at


@njit
def drop(out, x, rate, key, first, stride=1):
    """Inverted dropout of some elements, on one thread.

    ``out[i] = x[i] / (1 - rate)`` where ``u[i] >= rate``, else 0. The expectation of ``out`` is
    ``x``, so nothing is left to do when the network is used. The derivative is the same function,
    of the gradient. ``u`` are numbers `first`, `first + stride`, ... of the stream: the uniform
    number ``(bits >> 40) 2**-24`` is at least `rate` where the integer is at least
    ``rate 2**24``, rounded up; this is exact.
    """
    threshold = np.uint64(math.ceil(rate * 2.0**24))
    scale = x.dtype.type(1 / (1 - rate) if rate < 1 else 0)
    zero = x.dtype.type(0)
    start, step = np.uint64(first), np.uint64(stride)
    for i in range(x.size):
        bits = bits_at(key, start + step * np.uint64(i))
        out[i] = x[i] * scale if (bits >> S40) >= threshold else zero
