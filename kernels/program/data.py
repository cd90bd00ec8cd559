"""Operations on the data set: the order of an epoch, the rows of a mini-batch, the results."""

import numpy as np

from ..call import array_at
from ..instructions import prefetch_to_read
from ..jit import njit
from ..machine import CACHE_LINE, VECTOR_BYTES
from ..random import shuffle
from ..tiles import Matrix, transpose_square
from .columns import (
    ADDRESS_OF,
    ARGUMENTS,
    COUNT,
    DA,
    GRADIENT_OF_TENSOR,
    INPUT,
    NONE,
    PLACE,
    UNITS,
    A,
    fields,
    operation,
)
from .hand_down import hand_down

# Of the rows that know the data set: its size, and the address of the int64 order of its rows
# (NONE: their own), or of the array of results.
N_SAMPLES, BATCH_SIZE, ORDER = fields(
    ARGUMENTS, n_samples=COUNT, batch_size=COUNT, order=ADDRESS_OF
)
(RESULTS,) = fields(ARGUMENTS + 2, results=ADDRESS_OF)
# Whether the order is shuffled, and how; and the address of int64 numbers of the rows that are
# taken (NONE: all of them, each once).
SHUFFLE, SEED, ROWS = fields(ARGUMENTS + 3, shuffle=COUNT, seed=COUNT, rows=ADDRESS_OF)
# Up to three sources (inputs, targets, weights): address, numbers in a row, place of the copy.
(SAMPLES_AN_ITEM,) = fields(ARGUMENTS + 3, samples_an_item=COUNT)
SOURCES = ARGUMENTS + 4
MAX_SOURCES = 3
SOURCE_ADDRESS, SOURCE_WIDTH, SOURCE_PLACE, SOURCE_COLUMNS = range(4)
SOURCE_FIELDS = tuple(
    fields(
        SOURCES + k * SOURCE_COLUMNS,
        **{f"source_{k}": ADDRESS_OF, f"source_{k}_width": COUNT, f"source_{k}_place": PLACE},
    )
    for k in range(MAX_SOURCES)
)
# Where the workers that gather blocks note whether all numbers are finite, a cache line for each.
(FINITE,) = fields(SOURCES + SOURCE_COLUMNS, finite=PLACE)

# The processor does not guess where the next row of a shuffled order begins: that of this many
# samples later is fetched before it is needed.
AHEAD = 8


@njit
def first_of_batch(row, step):
    """Where in the epoch the mini-batch of a step starts."""
    n_samples, batch_size = row[N_SAMPLES], row[BATCH_SIZE]
    return step % ((n_samples + batch_size - 1) // batch_size) * batch_size


@njit
def bind_prediction(gather, scatter, out, x, n_samples, batch_size):
    """Tell a row that gathers samples where they are, and another where results go."""
    for row in (gather, scatter):
        row[N_SAMPLES], row[BATCH_SIZE] = n_samples, batch_size
    gather[SOURCES + SOURCE_ADDRESS] = np.int64(x.ctypes.data)
    scatter[RESULTS] = np.int64(out.ctypes.data)


@operation(N_SAMPLES, BATCH_SIZE, ORDER, SHUFFLE, SEED, ROWS)
def epoch_item(memory, row, samples, item, worker, step):
    """The order of the rows in the epoch that begins with this step."""
    n_samples, batch_size = row[N_SAMPLES], row[BATCH_SIZE]
    order = array_at(row[ORDER], n_samples, np.int64)
    if row[SHUFFLE]:
        shuffle(order, row[SEED], step // ((n_samples + batch_size - 1) // batch_size))
    else:
        for n in range(n_samples):
            order[n] = n
    if row[ROWS] != NONE:
        rows = array_at(row[ROWS], n_samples, np.int64)
        for n in range(n_samples):
            order[n] = rows[order[n]]


@operation(N_SAMPLES, BATCH_SIZE, ORDER, SAMPLES_AN_ITEM, *sum(SOURCE_FIELDS, ()))
def gather_item(memory, row, samples, item, worker, step):
    """Copy some rows of the data set to their places in the mini-batch."""
    n_samples, batch_start = row[N_SAMPLES], first_of_batch(row, step)
    start = item * row[SAMPLES_AN_ITEM]
    stop = min(start + row[SAMPLES_AN_ITEM], samples)
    in_order = row[ORDER] == NONE
    order = array_at(row[ORDER], 0 if in_order else n_samples, np.int64)
    for source in range(MAX_SOURCES):
        about = row[SOURCES + source * SOURCE_COLUMNS :]
        width = about[SOURCE_WIDTH]
        if about[SOURCE_ADDRESS] == NONE:
            continue
        for n in range(start, stop):
            chosen = (batch_start + n if in_order else order[batch_start + n]) * width
            place = about[SOURCE_PLACE] + n * width
            of = array_at(about[SOURCE_ADDRESS] + chosen * memory.itemsize, width, memory.dtype)
            if not in_order:
                later = order[batch_start + min(n + AHEAD, stop - 1)]
                prefetch_to_read(of, later * width - chosen)
            to = memory[place : place + width]
            for i in range(width):
                to[i] = of[i]


@operation(N_SAMPLES, BATCH_SIZE, SAMPLES_AN_ITEM, *SOURCE_FIELDS[0], FINITE)
def gather_block_item(memory, row, samples, item, worker, step):
    """Copy the next samples, in their own order, to the places of the worker.

    Zero times a number that is not finite is NaN, which stays in the worker's note.
    """
    at_once, width = row[SAMPLES_AN_ITEM], row[SOURCES + SOURCE_WIDTH]
    start = item * at_once
    size = (min(start + at_once, samples) - start) * width
    first = (first_of_batch(row, step) + start) * width
    of = array_at(row[SOURCES + SOURCE_ADDRESS] + first * memory.itemsize, size, memory.dtype)
    to = memory[row[SOURCES + SOURCE_PLACE] + worker * at_once * width :][:size]
    zero = memory.dtype.type(0)
    total = zero
    for i in range(size):
        to[i] = of[i]
        total += zero * of[i]
    memory[row[FINITE] + worker * (CACHE_LINE // memory.itemsize)] += total


@operation(N_SAMPLES, BATCH_SIZE, RESULTS, SAMPLES_AN_ITEM, A, UNITS)
def scatter_block_item(memory, row, samples, item, worker, step):
    """Copy the results of a block from the places of the worker to an array outside."""
    at_once, units = row[SAMPLES_AN_ITEM], row[UNITS]
    start = item * at_once
    size = (min(start + at_once, samples) - start) * units
    results = array_at(row[RESULTS], row[N_SAMPLES] * units, memory.dtype)
    to = results[(first_of_batch(row, step) + start) * units :][:size]
    of = memory[row[A] + worker * at_once * units :][:size]
    for i in range(size):
        to[i] = of[i]


@operation(N_SAMPLES, BATCH_SIZE, RESULTS, SAMPLES_AN_ITEM, A, UNITS)
def scatter_item(memory, row, samples, item, worker, step):
    """Copy the results of a mini-batch to the rows of an array outside, in their own order."""
    units, batch_start = row[UNITS], first_of_batch(row, step)
    results = array_at(row[RESULTS], row[N_SAMPLES] * units, memory.dtype)
    start = item * row[SAMPLES_AN_ITEM]
    stop = min(start + row[SAMPLES_AN_ITEM], samples)
    of = memory[row[A] + start * units : row[A] + stop * units]
    to = results[(batch_start + start) * units :][: of.size]
    for i in range(of.size):
        to[i] = of[i]


@njit
def _transpose(memory, to, to_row, of, of_row, rows, columns):
    """``to[j, i] = of[i, j]`` for this many rows and columns of `of`."""
    lanes = VECTOR_BYTES // memory.itemsize
    whole = columns // lanes * lanes if rows == lanes else 0
    for j in range(0, whole, lanes):
        transpose_square(
            Matrix(memory, to + j * to_row, to_row, 1), Matrix(memory, of + j, of_row, 1)
        )
    for j in range(whole, columns):
        for i in range(rows):
            memory[to + j * to_row + i] = memory[of + i * of_row + j]


@njit
def to_lanes(memory, to, of, units, present):
    """Rows of this many samples become a block with the samples innermost."""
    lanes = VECTOR_BYTES // memory.itemsize
    _transpose(memory, to, lanes, of, units, present, units)


@njit
def from_lanes(memory, to, of, units):
    """A block of samples innermost becomes rows of samples."""
    lanes = VECTOR_BYTES // memory.itemsize
    for start in range(0, units, lanes):
        size = min(lanes, units - start)
        _transpose(memory, to + start, units, of + start * lanes, lanes, size, lanes)


@operation(INPUT, *GRADIENT_OF_TENSOR)
def to_lanes_item(memory, row, samples, item, worker, step):
    """Rows of samples become a block with the samples innermost.

    Lanes without a sample are zeros: so what is computed from them stays finite.
    """
    lanes, units = VECTOR_BYTES // memory.itemsize, row[UNITS]
    first = item * lanes
    present = max(min(samples - first, lanes), 0)
    place, size = first * units, lanes * units
    if present < lanes:
        memory[row[DA] + place :][:size] = 0
    to_lanes(memory, row[DA] + place, row[INPUT] + place, units, present)
    hand_down(memory, row, place, memory[row[DA] + place :][:size])


@operation(INPUT, A, UNITS)
def from_lanes_item(memory, row, samples, item, worker, step):
    """A block of samples innermost becomes rows of samples."""
    units = row[UNITS]
    first = item * (VECTOR_BYTES // memory.itemsize) * units
    from_lanes(memory, row[A] + first, row[INPUT] + first, units)
