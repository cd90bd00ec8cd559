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


@njit(inline=True)
def _in_order(bits, shift, others):
    """The bits of a number as an integer of the same order; and from that the bits again."""
    return bits ^ ((bits >> shift) & others)


@njit
def largest_of(z):
    """The largest of some numbers; any number if one of them is NaN.

    Of many, as integers: LLVM keeps the comparisons of numbers in their order, each waiting for the
    one before, but those of integers fill vectors (of 1000, 0.05 us in place of 0.13).
    """
    if z.size < 16:
        largest = z[0]
        for o in range(1, z.size):
            largest = max(largest, z[o])
        return largest
    if z.itemsize == 4:
        shift, others = np.int32(31), np.int32(0x7FFFFFFF)
        most = np.int32(-0x80000000)
        for o in range(z.size):
            most = max(most, _in_order(np.float32(z[o]).view(np.int32), shift, others))
        return z.dtype.type(np.int32(_in_order(most, shift, others)).view(np.float32))
    shift_64, others_64 = np.int64(63), np.int64(0x7FFFFFFFFFFFFFFF)
    most_64 = np.int64(-0x8000000000000000)
    for o in range(z.size):
        most_64 = max(most_64, _in_order(np.float64(z[o]).view(np.int64), shift_64, others_64))
    return z.dtype.type(np.int64(_in_order(most_64, shift_64, others_64)).view(np.float64))


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
