"""Operations of an embedding: rows of a table are gathered, and their gradients added up."""

from ..jit import njit
from .columns import (
    ARGUMENTS,
    COUNT,
    DOUTPUT,
    INPUT,
    KERNEL,
    LEARNING,
    LENGTH,
    PARAMETERS,
    A,
    fields,
    operation,
)
from .update import learn

# Numbers of a sample, each of which names a row; the length of a row, and how many there are.
INDICES, LONG, ROWS = fields(ARGUMENTS, indices=COUNT, long=COUNT, rows=COUNT)
SAMPLES_AN_ITEM, ROWS_AN_ITEM = fields(ARGUMENTS + 3, samples_an_item=COUNT, rows_an_item=COUNT)


@njit
def _row_number(value, rows):
    """The row that a number names; numbers that name none are brought to the nearest one.

    Data with such numbers are refused. But a layer before this one may compute them, and memory
    outside of the table must not be touched. NaN counts as 0.
    """
    if value >= rows:
        return rows - 1
    return int(value) if value > 0 else 0


@operation(INPUT, A, KERNEL, INDICES, LONG, ROWS, SAMPLES_AN_ITEM)
def embedding_forward_item(memory, row, samples, item, worker, step):
    """The rows of the table that the numbers of some samples name."""
    first = min(item * row[SAMPLES_AN_ITEM], samples) * row[INDICES]
    stop = min((item + 1) * row[SAMPLES_AN_ITEM], samples) * row[INDICES]
    size = row[LONG]
    for place in range(first, stop):
        number = _row_number(memory[row[INPUT] + place], row[ROWS])
        out = memory[row[A] + place * size :][:size]
        vector = memory[row[KERNEL] + number * size :][:size]
        for i in range(size):
            out[i] = vector[i]


@operation(INPUT, DOUTPUT, *PARAMETERS, *LEARNING, INDICES, LONG, ROWS, ROWS_AN_ITEM)
def embedding_backward_item(memory, row, samples, item, worker, step):
    """The gradient of some rows of the table, and their update.

    Each item looks through the whole mini-batch for its own rows: so the gradients of a row are
    added in the order of the samples, whichever worker does it. The error is at most one unit of
    roundoff for each time that the mini-batch names the row.
    """
    size = row[LONG]
    first = item * row[ROWS_AN_ITEM]
    stop = min(first + row[ROWS_AN_ITEM], row[ROWS])
    start = row[KERNEL] + first * size
    gradient = memory[start + row[LENGTH] :][: (stop - first) * size]
    gradient[:] = 0
    for place in range(samples * row[INDICES]):
        number = _row_number(memory[row[INPUT] + place], row[ROWS])
        if first <= number < stop:
            total = gradient[(number - first) * size :][:size]
            dout = memory[row[DOUTPUT] + place * size :][:size]
            for i in range(size):
                total[i] += dout[i]
    learn(memory, row, start, start + gradient.size, start + row[LENGTH], samples, step)
