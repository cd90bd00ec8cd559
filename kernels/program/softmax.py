"""The softmax of short rows, some rows at a time.

A row of 9 scores fills no vector: its exponentials are computed one by one, in 25 ns. Transposed,
the same score of many rows lies side by side: so a row takes 9 ns.
"""

import numpy as np

from ..elementary import exp
from ..jit import njit
from ..machine import VECTOR_BYTES
from ..tiles import Matrix, pick_rows
from .columns import INPUT, UNITS, A, operation, scratch_of
from .elementwise import LANES, ROWS, SAMPLES_AN_ITEM, range_of

# Rows of less than this many vectors are short.
SHORT = 4
# This many vectors of rows are transposed at once: the additions of one vector wait for each other.
AT_ONCE = 4
# Fewer rows than this are not transposed.
FEW = 3


@njit(exact=True)
def _one_by_one(a, z, length):
    """The softmax of a few rows: the bits of `_of_columns`, whose sums are in the same order."""
    for start in range(0, z.size, length):
        largest, total = z[start], z.dtype.type(0)
        for i in range(start, start + length):
            largest = max(largest, z[i])
        for i in range(start, start + length):
            a[i] = exp(z[i] - largest)
            total += a[i]
        for i in range(start, start + length):
            a[i] = a[i] / total


@njit
def _transpose(target, at, step, source, of, row, rows, width, addresses):
    """``target[j, i] = source[i, j]``; instead of rows that are missing, the last one is taken."""
    begin, distance = np.int64(source[of:].ctypes.data), row * source.itemsize
    for lane in range(addresses.size):
        addresses[lane] = begin + min(lane, rows - 1) * distance
    pick_rows(Matrix(target, at, step, 1), addresses, width)


@njit
def _of_columns(scores, largest, total):
    """The softmax of columns, in place; the other arrays are overwritten."""
    columns = total.size
    for i in range(columns):
        largest[i], total[i] = scores[i], 0
    for start in range(columns, scores.size, columns):
        own = scores[start : start + columns]
        for i in range(columns):
            largest[i] = max(largest[i], own[i])
    for start in range(0, scores.size, columns):
        own = scores[start : start + columns]
        for i in range(columns):
            own[i] = exp(own[i] - largest[i])
        for i in range(columns):
            total[i] += own[i]
    for start in range(0, scores.size, columns):
        own = scores[start : start + columns]
        for i in range(columns):
            own[i] /= total[i]


@operation(INPUT, A, UNITS, LANES, ROWS, SAMPLES_AN_ITEM)
def short_softmax_item(memory, row, samples, item, worker, step):
    """The softmax of rows of less than `SHORT` vectors.

    What is transposed back is stored as whole vectors, of which the last may reach into the rows
    after it: their own numbers come later. Therefore this is done in scratch, and copied.
    """
    first, size = range_of(row, samples, item)
    length, lanes = row[UNITS] // row[ROWS], VECTOR_BYTES // memory.itemsize
    z, a = memory[row[INPUT] + first :][:size], memory[row[A] + first :][:size]
    if size < FEW * length:
        _one_by_one(a, z, length)
        return
    most, addresses = AT_ONCE * lanes, np.empty(lanes, np.int64)
    scratch = scratch_of(memory, row, worker)
    largest, total, scratch = scratch[:most], scratch[most : 2 * most], scratch[2 * most :]
    for start in range(0, size, most * length):
        present = min(most, (size - start) // length)
        columns = (present + lanes - 1) // lanes * lanes
        scores, rows = scratch[: length * columns], scratch[length * most :]
        for i in range(0, columns, lanes):
            of, left = start + i * length, present - i
            _transpose(scores, i, columns, z, of, length, left, length, addresses)
        _of_columns(scores, largest[:columns], total[:columns])
        for j in range((length - 1) // lanes * lanes, -1, -lanes):
            of, left = j * columns, length - j
            _transpose(rows, j, length, scores, of, columns, left, present, addresses)
        to = a[start : start + present * length]
        for i in range(to.size):
            to[i] = rows[i]
