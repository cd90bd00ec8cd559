"""Random numbers from a counter: number `index` of a stream is a function of `index`.

SplitMix64 adds a constant to a counter and mixes the bits, so any number of a stream can be had
without those before it: threads, slices of a run and a resumed run all see the same numbers.

References
----------
Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators, OOPSLA.
Box and Muller (1958), A note on the generation of random normal deviates.
"""

import math

import numpy as np

from .jit import njit

__all__ = ["random_bits", "random_normal", "random_uniform", "shuffle"]

GAMMA = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio, made odd
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)
S11, S27, S30, S31, S32, S40 = (np.uint64(bits) for bits in (11, 27, 30, 31, 32, 40))
ONE = np.uint64(1)


@njit
def mix(bits):
    """SplitMix64's finaliser: every input bit changes about half of the output bits."""
    bits = (bits ^ (bits >> S30)) * MIX_1
    bits = (bits ^ (bits >> S27)) * MIX_2
    return bits ^ (bits >> S31)


@njit
def stream_key(seed, stream):
    """Where the counter of a stream starts."""
    return mix(mix(np.uint64(seed) + GAMMA) + np.uint64(stream) * GAMMA)


@njit
def bits_at(key, index):
    """Number `index` of the stream that starts at `key`."""
    return mix(key + (np.uint64(index) + ONE) * GAMMA)


@njit
def random_bits(seed, stream, index):
    """64 random bits: number `index` of stream `stream` of `seed`.

    Parameters
    ----------
    seed, stream, index : int
        Not negative.

    Returns
    -------
    uint64
    """
    return bits_at(stream_key(seed, stream), index)


@njit
def random_uniform(out, seed, stream):
    """Uniform numbers in [0, 1), multiples of ``2**-24`` so that float32 holds them exactly.

    Parameters
    ----------
    out : (n,) array
        Output.
    seed, stream : int
        Not negative.
    """
    key = stream_key(seed, stream)
    for i in range(out.size):
        out[i] = np.float64(bits_at(key, i) >> S40) * 2.0**-24


@njit
def normal_at(key, index):
    """Number `index` of the standard normal numbers of the stream that starts at `key`."""
    first = index // 2 * 2
    u1 = np.float64((bits_at(key, first) >> S11) + ONE) * 2.0**-53  # in (0, 1]: log(u1) is finite
    angle = np.float64(bits_at(key, first + 1) >> S11) * 2.0**-53 * 2.0 * math.pi
    return math.sqrt(-2.0 * math.log(u1)) * (math.cos(angle) if index == first else math.sin(angle))


@njit
def random_normal(out, seed, stream):
    """Standard normal numbers, each two from two uniform ones (Box-Muller).

    Computed in float64, whatever the type of `out`.

    Parameters
    ----------
    out : (n,) array
        Output.
    seed, stream : int
        Not negative.
    """
    key = stream_key(seed, stream)
    for i in range(0, out.size, 2):
        u1 = np.float64((bits_at(key, i) >> S11) + ONE) * 2.0**-53  # in (0, 1]: log(u1) is finite
        u2 = np.float64(bits_at(key, i + 1) >> S11) * 2.0**-53
        radius = math.sqrt(-2.0 * math.log(u1))
        out[i] = radius * math.cos(2.0 * math.pi * u2)
        if i + 1 < out.size:
            out[i + 1] = radius * math.sin(2.0 * math.pi * u2)


@njit
def shuffle(order, seed, epoch):
    """The permutation of an epoch: ``0 ... n-1``, shuffled by Fisher and Yates' method.

    It depends on `seed` and `epoch` alone, not on what `order` held. Stream 0 of a seed belongs
    to the initial parameters, so epoch ``e`` takes stream ``e + 1``.

    Parameters
    ----------
    order : (n,) int array
        Output, ``n < 2**32``.
    seed, epoch : int
        Not negative.
    """
    key = stream_key(seed, epoch + 1)
    for j in range(order.size):
        order[j] = j
    for j in range(order.size - 1, 0, -1):
        # The upper 32 bits, scaled to 0 ... j without a division.
        k = np.int64(((bits_at(key, j) >> S32) * np.uint64(j + 1)) >> S32)
        order[j], order[k] = order[k], order[j]
