"""Operations of a dense layer whose samples are rows of a sparse matrix: zeros cost nothing.

The matrix is given by its entries, row after row: their values and columns, and where each row
starts. The rows of a mini-batch are read where they are. The products are the same as those of a
dense layer, in the same order, without those by zero.
"""

import numpy as np

from ..call import array_at, call
from ..instructions import fma
from ..jit import njit
from ..sums import sum_rows
from .columns import (
    ADDRESS_OF,
    ARGUMENTS,
    BIAS,
    COUNT,
    DOUTPUT,
    FUNCTION,
    KERNEL,
    LEARNING,
    LENGTH,
    NONE,
    PARAMETERS,
    SCRATCH,
    SCRATCH_SIZE,
    STOP,
    TENSOR,
    UNITS,
    A,
    Z,
    fields,
    operation,
)
from .data import BATCH_SIZE, N_SAMPLES, ORDER, first_of_batch
from .update import learn, learning_rate

# The gradient of the weights is computed in strips of this many input units.
STRIP = 64

VALUES, COLUMNS, STARTS = fields(
    ARGUMENTS + 3, values=ADDRESS_OF, columns=ADDRESS_OF, starts=ADDRESS_OF
)
# An int64 array for the entries of a mini-batch in the order of their strips: where each strip
# begins, then which entry of the matrix each is, and to which sample of the mini-batch it belongs.
SORTED, CAPACITY = fields(ARGUMENTS + 6, sorted_entries=ADDRESS_OF, capacity=COUNT)
MATRIX = (N_SAMPLES, BATCH_SIZE, ORDER, VALUES, COLUMNS, STARTS)

(SAMPLES_AN_ITEM,) = fields(ARGUMENTS + 8, samples_an_item=COUNT)
# The columns of the matrix. In the backward pass UNITS are the outputs too.
(N_IN,) = fields(ARGUMENTS + 9, n_in=COUNT)
# Whether the weights are only lowered by the gradient times the learning rate; and, if the gradient
# of a strip is used at once, where in scratch it is, else NONE.
UNITS_AN_ITEM, DESCENDS, GRADIENT = fields(
    ARGUMENTS + 10, units_an_item=COUNT, descends=COUNT, gradient=COUNT
)


@njit
def _strips(row):
    return (row[N_IN] + STRIP - 1) // STRIP


@njit
def _entries(memory, row):
    """Values, columns, and starts of the rows."""
    starts = array_at(row[STARTS], row[N_SAMPLES] + 1, np.int64)
    size = starts[row[N_SAMPLES]]
    values = array_at(row[VALUES], size, memory.dtype)
    return values, array_at(row[COLUMNS], size, np.int32), starts


@njit
def _place(row, step, n):
    """Which row of the matrix the n-th sample of the mini-batch is."""
    at = first_of_batch(row, step) + n
    if row[ORDER] == NONE:
        return at
    return array_at(row[ORDER], row[N_SAMPLES], np.int64)[at]


@operation(*MATRIX, *PARAMETERS, *TENSOR, SAMPLES_AN_ITEM)
def sparse_forward_item(memory, row, samples, item, worker, step):
    """A dense layer for some samples: a row of weights for each entry."""
    n_out = row[UNITS]
    start = item * row[SAMPLES_AN_ITEM]
    stop = min(start + row[SAMPLES_AN_ITEM], samples)
    values, columns, starts = _entries(memory, row)
    for n in range(start, stop):
        sample = _place(row, step, n)
        z = memory[row[Z] + n * n_out :][:n_out]
        if row[BIAS] < row[STOP]:
            bias = memory[row[BIAS] :][:n_out]
            for o in range(n_out):
                z[o] = bias[o]
        else:
            z[:] = 0
        # Four entries at a time, while a sum is in a register, won 1% of a step (784-512-10).
        for entry in range(starts[sample], starts[sample + 1]):
            x = values[entry]
            weights = memory[row[KERNEL] + np.int64(columns[entry]) * n_out :][:n_out]
            for o in range(n_out):
                z[o] = fma(x, weights[o], z[o])
    if row[FUNCTION] != NONE and start < stop:
        at, size = start * n_out, (stop - start) * n_out
        call(row[FUNCTION], memory[row[A] + at :][:size], memory[row[Z] + at :][:size])


@operation(*MATRIX, SORTED, CAPACITY, N_IN)
def sparse_sort_item(memory, row, samples, item, worker, step):
    """Sort the entries of the mini-batch by strips, those of a strip in the order of the samples.

    By counting: `begins` holds, one place further, how many entries each strip has; then where the
    next one of the strip goes; and in the end where each strip begins.
    """
    strips, capacity = _strips(row), row[CAPACITY]
    _, columns, starts = _entries(memory, row)
    found = array_at(row[SORTED], strips + 2 + 2 * capacity, np.int64)
    begins, entries = found[: strips + 2], found[strips + 2 :][:capacity]
    owners = found[strips + 2 + capacity :][:capacity]
    begins[:] = 0
    for n in range(samples):
        sample = _place(row, step, n)
        for entry in range(starts[sample], starts[sample + 1]):
            begins[columns[entry] // STRIP + 2] += 1
    for strip in range(strips):
        begins[strip + 2] += begins[strip + 1]
    for n in range(samples):
        sample = _place(row, step, n)
        for entry in range(starts[sample], starts[sample + 1]):
            strip = columns[entry] // STRIP
            place = begins[strip + 1]
            begins[strip + 1] = place + 1
            entries[place], owners[place] = entry, n


@njit
def _add_entries(memory, row, target, first, strip, factor):
    """Add ``factor * x.T @ doutput`` for the inputs of a strip, of which `first` is at `target`."""
    n_out, strips, capacity = row[UNITS], _strips(row), row[CAPACITY]
    values, columns, _ = _entries(memory, row)
    found = array_at(row[SORTED], strips + 2 + 2 * capacity, np.int64)
    for place in range(strips + 2 + found[strip], strips + 2 + found[strip + 1]):
        entry, n = found[place], found[place + capacity]
        x = factor * values[entry]
        gradient = memory[target + (np.int64(columns[entry]) - first) * n_out :][:n_out]
        doutput = memory[row[DOUTPUT] + n * n_out :][:n_out]
        for o in range(n_out):
            gradient[o] = fma(x, doutput[o], gradient[o])


@operation(
    *(DOUTPUT, UNITS, *MATRIX, SORTED, CAPACITY, *PARAMETERS, *LEARNING),
    *(N_IN, UNITS_AN_ITEM, DESCENDS, GRADIENT),
)
def sparse_backward_item(memory, row, samples, item, worker, step):
    """The gradient of the weights of some input units, and their update."""
    n_out, one = row[UNITS], memory.dtype.type(1)
    first = item * row[UNITS_AN_ITEM]
    stop = min(first + row[UNITS_AN_ITEM], row[N_IN])
    for start in range(first, stop, STRIP):
        size = (min(start + STRIP, stop) - start) * n_out
        kernel, strip = row[KERNEL] + start * n_out, start // STRIP
        if row[DESCENDS]:
            rate = memory.dtype.type(learning_rate(row, step))
            _add_entries(memory, row, kernel, start, strip, -rate)
            continue
        at = row[LENGTH] + kernel
        if row[GRADIENT] != NONE:
            at = row[SCRATCH] + worker * row[SCRATCH_SIZE] + row[GRADIENT]
        memory[at:][:size] = 0
        _add_entries(memory, row, at, start, strip, one)
        learn(memory, row, kernel, kernel + size, at, samples, step)
    if item == 0 and row[BIAS] < row[STOP]:
        dbias = memory[row[LENGTH] + row[BIAS] :][:n_out]
        doutput = memory[row[DOUTPUT] :][: samples * n_out]
        sum_rows(dbias, doutput.reshape(samples, n_out))
        learn(memory, row, row[BIAS], row[STOP], row[LENGTH] + row[BIAS], samples, step)
