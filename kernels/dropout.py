"""Dropout: in training a share of the numbers is set to zero, and the others are scaled up for it.

Whether element ``i`` is kept is decided by number ``i`` of a stream of the counter-based generator
(:mod:`.random`), so no mask is stored: the backward pass asks the generator again. The caller gives
each step and layer a stream of its own; stream 0 of a seed belongs to the initial parameters, and
stream ``e + 1`` to the shuffle of epoch ``e``.
"""

import math

import numpy as np

from .chunks import chunk_bounds, chunk_count
from .jit import njit, prange
from .random import S40, bits_at, stream_key

__all__ = ["dropout_backward", "dropout_forward"]

# A random number and its comparison cost about as much as this many multiply-adds.
DROPOUT_WORK = 4


@njit
def drop(out, x, rate, key, first, stride=1):
    """Dropout of some elements on one thread: numbers `first`, `first + stride`, ... of the stream.

    The uniform number ``(bits >> 40) 2**-24`` is at least `rate` where the integer is at least
    ``rate 2**24``, rounded up; this is exact.
    """
    threshold = np.uint64(math.ceil(rate * 2.0**24))
    scale = x.dtype.type(1 / (1 - rate) if rate < 1 else 0)
    zero = x.dtype.type(0)
    start, step = np.uint64(first), np.uint64(stride)
    for i in range(x.size):
        bits = bits_at(key, start + step * np.uint64(i))
        out[i] = x[i] * scale if (bits >> S40) >= threshold else zero


@njit(parallel=True)
def dropout_forward(out, x, rate, seed, stream):
    """Inverted dropout, ``out[i] = x[i] / (1 - rate)`` where ``u[i] >= rate``, else 0.

    ``u[i]`` is number ``i`` of :func:`.random.random_uniform` with the same seed and stream. The
    expectation of ``out`` is ``x``, so nothing is left to do when the network is used. Parallel
    over elements.

    Parameters
    ----------
    out : (n,) array
        Output; may be `x` itself.
    x : (n,) array
        Numbers of all samples, one after the other.
    rate : float
        Share that is dropped, from 0 to 1.
    seed, stream : int
        Not negative.

    References
    ----------
    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout: a simple way to
    prevent neural networks from overfitting.
    """
    key = stream_key(seed, stream)
    chunks = chunk_count(x.size, DROPOUT_WORK)
    if chunks == 1:
        drop(out, x, rate, key, 0)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, x.size)
            drop(out[start:stop], x[start:stop], rate, key, start)


@njit(parallel=True)
def dropout_backward(dx, dout, rate, seed, stream):
    """Derivative of dropout: the same elements are dropped, and the others scaled, again.

    ``dx[i] = dout[i] / (1 - rate)`` where element ``i`` was kept, else 0. Parallel over elements.

    Parameters
    ----------
    dx : (n,) array
        Output: gradient with respect to the input; may be `dout` itself.
    dout : (n,) array
        Gradient with respect to the output.
    rate : float
        Share that was dropped.
    seed, stream : int
        Those of the forward pass.
    """
    key = stream_key(seed, stream)
    chunks = chunk_count(dout.size, DROPOUT_WORK)
    if chunks == 1:
        drop(dx, dout, rate, key, 0)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, dout.size)
            drop(dx[start:stop], dout[start:stop], rate, key, start)
