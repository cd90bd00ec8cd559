"""Long sums: blocks are added up in the type of the numbers, and the blocks' sums in float64.

A running sum of n float32 numbers can be off by n units of roundoff: the sum of ten million times
0.1 by 9%. Here only the numbers of a block are added up that way, which costs no more, and the
error no longer grows with n.
"""

import numpy as np

from .jit import njit

# Numbers that are added up in their own type. (With 64, layer normalisation's sums took 5% longer.)
BLOCK = 128


@njit
def _sum_block(total, values, at, step, count):
    """The sum of a few runs of numbers."""
    for i in range(total.size):
        total[i] = 0
    for k in range(count):
        run = values[at + k * step :][: total.size]
        for i in range(total.size):
            total[i] += run[i]


@njit
def add_block(sums, total):
    """Add the sum of a block to the float64 sums."""
    for i in range(total.size):
        sums[i] += total[i]


@njit
def _sum_blocks(total, values, at, step, count):
    """The sum of many runs. Apart, because a function that takes memory costs 20 ns more."""
    sums = np.zeros(total.size)
    for first in range(0, count, BLOCK):
        _sum_block(total, values, at + first * step, step, min(BLOCK, count - first))
        add_block(sums, total)
    for i in range(total.size):
        total[i] = sums[i]


@njit
def sum_runs(total, values, at, step, count):
    """Sum of runs of numbers that are `step` apart: ``total = sum over k of values[at + k step:]``.

    The error is at most ``BLOCK + 1`` units of roundoff of the sum of the absolute values, however
    many runs there are.

    Parameters
    ----------
    total : (m,) array
        Output.
    values : (n,) array
    at, step, count : int
        Where the first run begins; how far apart they are; how many there are.
    """
    if count <= BLOCK:
        _sum_block(total, values, at, step, count)
    else:
        _sum_blocks(total, values, at, step, count)


@njit
def sum_rows(total, rows):
    """Sum of each column of a matrix, as :func:`sum_runs`."""
    if rows.shape[0] > BLOCK:
        _sum_blocks(total, rows.reshape(-1), 0, rows.shape[1], rows.shape[0])
        return
    for i in range(total.size):
        total[i] = 0
    for n in range(rows.shape[0]):
        for i in range(total.size):
            total[i] += rows[n, i]


@njit
def largest_of(z):
    """The largest of some numbers; any number if one of them is NaN.

    Eight maxima side by side: LLVM keeps the comparisons of one in their order, each waiting for
    the one before, which takes five times as long.
    """
    largest, whole = z[0], z.size // 8 * 8
    if whole >= 16:
        m0, m1, m2, m3, m4, m5, m6, m7 = z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7]
        for start in range(8, whole, 8):
            part = z[start : start + 8]
            m0, m1, m2, m3 = max(m0, part[0]), max(m1, part[1]), max(m2, part[2]), max(m3, part[3])
            m4, m5, m6, m7 = max(m4, part[4]), max(m5, part[5]), max(m6, part[6]), max(m7, part[7])
        largest = max(max(max(m0, m1), max(m2, m3)), max(max(m4, m5), max(m6, m7)))
    else:
        whole = 1
    for o in range(whole, z.size):
        largest = max(largest, z[o])
    return largest


@njit(inline=True)
def sum_of(values):
    """Sum of numbers, with an error of at most ``BLOCK + 1`` units of roundoff, as above."""
    if values.size <= BLOCK:
        total = values.dtype.type(0)
        for i in range(values.size):
            total += values[i]
        return total
    double = 0.0
    for i in range(values.size):
        double += values[i]
    return values.dtype.type(double)
