"""Random numbers that depend on nothing but a seed, a stream and a position.

There is no state to carry along: number `index` of a stream is a function of (seed, stream,
index), so numbers can be computed in any order and by any number of threads, and are always the
same.  The function is SplitMix64's (Steele, Lea & Flood, 2014, "Fast splittable pseudorandom
number generators").  Different streams of one seed serve different purposes.
"""

import math

_MASK = 2**64 - 1  # whole numbers modulo 2**64
_GAMMA = 0x9E3779B97F4A7C15  # 2**64 divided by the golden ratio, made odd


def mix(z):
    """Scramble the 64 bits of z; different z give different results.

    Parameters
    ----------
    z : int
        From 0 to 2**64 - 1.

    Returns
    -------
    int
        From 0 to 2**64 - 1.

    Notes
    -----
    The output function of SplitMix64: Steele, Lea & Flood (2014), with Stafford's constants
    ("variant 13").
    """
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)


def random_bits(seed, stream, index):
    """Return number `index` of a stream: mix(key + (index + 1) G), modulo 2**64.

    The key is mix(mix(seed + G) + stream G), and G is the constant of SplitMix64.

    Parameters
    ----------
    seed, stream, index : int
        Not negative.

    Returns
    -------
    int
        64 random bits: from 0 to 2**64 - 1.
    """
    key = mix((mix((seed + _GAMMA) & _MASK) + stream * _GAMMA) & _MASK)
    return mix((key + (index + 1) * _GAMMA) & _MASK)


def random_uniform(out, seed, stream):
    """Fill `out` with uniform numbers from [0, 1): the upper 24 of the 64 bits, times 2**-24.

    24 bits are what a single precision number holds, so rounding never makes a 1.

    Parameters
    ----------
    out : list of float
        Written.
    seed, stream : int
        Which numbers.
    """
    for i in range(len(out)):
        out[i] = (random_bits(seed, stream, i) >> 40) * 2.0**-24


def random_normal(out, seed, stream):
    """Fill `out` with draws from N(0, 1), by the method of Box and Muller.

    A pair of uniform numbers u1, u2 gives a pair of independent normal ones:
    sqrt(-2 log(u1)) cos(2 pi u2) and sqrt(-2 log(u1)) sin(2 pi u2).
    u1 is from (0, 1], so that its logarithm is finite.

    Parameters
    ----------
    out : list of float
        Written.  If its length is odd, the last sine is dropped.
    seed, stream : int
        Which numbers.

    Notes
    -----
    Essay, step 4: `rnorm`.  Box & Muller (1958), "A note on the generation of random normal
    deviates".
    """
    for i in range(0, len(out), 2):
        u1 = ((random_bits(seed, stream, i) >> 11) + 1) * 2.0**-53
        u2 = (random_bits(seed, stream, i + 1) >> 11) * 2.0**-53
        radius = math.sqrt(-2 * math.log(u1))
        out[i] = radius * math.cos(2 * math.pi * u2)
        if i + 1 < len(out):
            out[i + 1] = radius * math.sin(2 * math.pi * u2)


def shuffle(order, seed, epoch):
    """Write a random permutation of 0, ..., n - 1, a new one for every epoch.

    From the last place down, each place swaps its number with a place at or below it, picked at
    random.  The random numbers are those of stream epoch + 1; stream 0 is for the initial
    parameters.

    Parameters
    ----------
    order : list of int, (n,)
        Written; what it held before does not matter.
    seed : int
        Which permutations.
    epoch : int
        Which of them.

    Notes
    -----
    Essay, step 4: `sample(training_data)`.  Fisher & Yates (1938); Durstenfeld (1964),
    "Algorithm 235: random permutation".
    """
    order[:] = range(len(order))
    for last in range(len(order) - 1, 0, -1):
        upper_32_bits = random_bits(seed, epoch + 1, last) >> 32
        pick = upper_32_bits * (last + 1) >> 32  # from 0 to last
        order[last], order[pick] = order[pick], order[last]
