"""Operations on single numbers that stand alone: activations of rows, dropout, sums."""

from ..call import call
from ..dropout import drop
from ..jit import njit
from ..random import stream_key
from .columns import (
    ADDRESS_OF,
    ARGUMENTS,
    COUNT,
    DA,
    DOUTPUT,
    FUNCTION,
    GRADIENT_OF_TENSOR,
    INPUT,
    NUMBER,
    PLACE,
    UNITS,
    A,
    fields,
    number,
    operation,
)
from .hand_down import hand_down

# The samples innermost; the rows of a sample, which the softmax takes one by one.
LANES, ROWS, SAMPLES_AN_ITEM = fields(ARGUMENTS, lanes=COUNT, rows=COUNT, samples_an_item=COUNT)
# Derivative of the activation itself; FUNCTION is that of the tensor before.
OWN_FUNCTION, OUTPUT = fields(ARGUMENTS + 3, own_function=ADDRESS_OF, output=PLACE)
# Dropout: its rate, and its seed, of which each step takes a stream.
RATE, SEED = fields(ARGUMENTS + 3, rate=NUMBER, seed=COUNT)
# Gradients that several readers of a tensor have handed down: the place of the first, how many
# there are, and how far apart they are.
PARTS, N_PARTS, PART_SIZE = fields(ARGUMENTS + 3, parts=PLACE, n_parts=COUNT, part_size=COUNT)


@njit
def range_of(row, samples, item):
    """The numbers of an item's samples, in whole blocks of them: the first, and how many."""
    lanes = row[LANES]
    samples = (samples + lanes - 1) // lanes * lanes
    start = min(item * row[SAMPLES_AN_ITEM], samples)
    stop = min(start + row[SAMPLES_AN_ITEM], samples)
    return start * row[UNITS], (stop - start) * row[UNITS]


@njit
def blocks_of(row, samples, item):
    """The blocks of an item's samples: the first, and the one after the last.

    If there are no samples innermost, a block is one sample.
    """
    lanes = row[LANES]
    blocks = (samples + lanes - 1) // lanes
    at_once = row[SAMPLES_AN_ITEM] // lanes
    start = min(item * at_once, blocks)
    return start, min(start + at_once, blocks)


@operation(INPUT, A, FUNCTION, UNITS, LANES, ROWS, SAMPLES_AN_ITEM)
def activation_forward_item(memory, row, samples, item, worker, step):
    """``a = f(z)``, row by row."""
    first, size = range_of(row, samples, item)
    length = row[UNITS] // row[ROWS]
    for start in range(first, first + size, length):
        z = memory[row[INPUT] + start :][:length]
        call(row[FUNCTION], memory[row[A] + start :][:length], z)


@operation(INPUT, DOUTPUT, *GRADIENT_OF_TENSOR, LANES, ROWS, SAMPLES_AN_ITEM, OWN_FUNCTION, OUTPUT)
def activation_backward_item(memory, row, samples, item, worker, step):
    """Its derivative, and then that of the activation before."""
    first, size = range_of(row, samples, item)
    length = row[UNITS] // row[ROWS]
    for start in range(first, first + size, length):
        call(
            row[OWN_FUNCTION],
            memory[row[DA] + start :][:length],
            memory[row[INPUT] + start :][:length],
            memory[row[OUTPUT] + start :][:length],
            memory[row[DOUTPUT] + start :][:length],
        )
    hand_down(memory, row, first, memory[row[DA] + first :][:size])


@njit
def _drop(memory, row, samples, item, step, to, of):
    """Dropout of an item's samples. What is dropped does not depend on the width of a vector.

    What is drawn for a number depends on its place in rows of samples, even if the samples are
    innermost.
    """
    start, size = range_of(row, samples, item)
    key, rate, lanes = stream_key(row[SEED], step), number(row, RATE), row[LANES]
    if lanes == 1:
        drop(memory[to + start :][:size], memory[of + start :][:size], rate, key, start)
        return
    for unit in range(size // lanes):  # of one block
        place, units = start + unit * lanes, row[UNITS]
        out, x = memory[to + place :][:lanes], memory[of + place :][:lanes]
        drop(out, x, rate, key, start + unit, units)


@operation(INPUT, A, UNITS, LANES, SAMPLES_AN_ITEM, RATE, SEED)
def dropout_forward_item(memory, row, samples, item, worker, step):
    """Some samples after dropout."""
    _drop(memory, row, samples, item, step, row[A], row[INPUT])


@operation(DOUTPUT, *GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM, RATE, SEED)
def dropout_backward_item(memory, row, samples, item, worker, step):
    """Their gradient: the same numbers are dropped."""
    _drop(memory, row, samples, item, step, row[DA], row[DOUTPUT])
    start, size = range_of(row, samples, item)
    hand_down(memory, row, start, memory[row[DA] + start :][:size])


@operation(*GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM)
def hand_down_item(memory, row, samples, item, worker, step):
    """Multiply the gradient of some samples with the derivative of the activation there."""
    start, size = range_of(row, samples, item)
    hand_down(memory, row, start, memory[row[DA] + start :][:size])


@operation(*GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM, PARTS, N_PARTS, PART_SIZE)
def sum_gradients_item(memory, row, samples, item, worker, step):
    """Add up, for some samples, the gradients that the readers of a tensor have handed down."""
    start, size = range_of(row, samples, item)
    total, part = memory[row[DA] + start :][:size], memory[row[PARTS] + start :][:size]
    for i in range(size):
        total[i] = part[i]
    for k in range(1, row[N_PARTS]):
        part = memory[row[PARTS] + k * row[PART_SIZE] + start :][:size]
        for i in range(size):
            total[i] += part[i]
    hand_down(memory, row, start, total)
