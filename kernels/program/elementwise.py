"""Operations on single numbers that stand alone: activations of rows, dropout, sums."""

import numpy as np

from ..activations import (
    elu_backward,
    elu_forward,
    prelu_backward,
    prelu_forward,
    rectifier_backward,
    rectifier_forward,
)
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
    NONE,
    NUMBER,
    PLACE,
    UNITS,
    A,
    fields,
    number,
    operation,
    scratch_of,
)
from .hand_down import hand_down

# The samples innermost; the rows of a sample, which the softmax takes one by one.
LANES, ROWS, SAMPLES_AN_ITEM = fields(ARGUMENTS, lanes=COUNT, rows=COUNT, samples_an_item=COUNT)
# Derivative of the activation itself; FUNCTION is that of the tensor before.
OWN_FUNCTION, OUTPUT = fields(ARGUMENTS + 3, own_function=ADDRESS_OF, output=PLACE)
# Dropout: its rate, and its seed, of which each step takes a stream.
RATE, SEED = fields(ARGUMENTS + 3, rate=NUMBER, seed=COUNT)
# The constants of a rectifier, and of an ELU.
MAX_VALUE, NEGATIVE_SLOPE, THRESHOLD = fields(
    ARGUMENTS + 3, max_value=NUMBER, negative_slope=NUMBER, threshold=NUMBER
)
ALPHA, OUTPUT_OF_ELU = fields(ARGUMENTS + 3, alpha=NUMBER, output=PLACE)
# Learned slopes: where they are and how many; a place with a number for each unit, which slope it
# has; and the partial gradients of the items (NONE: they are not learned).
SLOPES, N_SLOPES, SLOPE_OF_UNIT, PARTIAL, PARTIAL_SIZE = fields(
    ARGUMENTS + 3,
    slopes=PLACE,
    n_slopes=COUNT,
    slope_of_unit=PLACE,
    partial=PLACE,
    partial_size=COUNT,
)
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


@operation(INPUT, A, UNITS, LANES, SAMPLES_AN_ITEM, MAX_VALUE, NEGATIVE_SLOPE, THRESHOLD)
def rectifier_forward_item(memory, row, samples, item, worker, step):
    """A ReLU with a largest value, a slope and a threshold."""
    first, size = range_of(row, samples, item)
    a, z = memory[row[A] + first :][:size], memory[row[INPUT] + first :][:size]
    bounds = number(row, MAX_VALUE), number(row, NEGATIVE_SLOPE), number(row, THRESHOLD)
    rectifier_forward(a, z, bounds[0], bounds[1], bounds[2])


@operation(
    *(INPUT, DOUTPUT, *GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM),
    *(MAX_VALUE, NEGATIVE_SLOPE, THRESHOLD),
)
def rectifier_backward_item(memory, row, samples, item, worker, step):
    """Its derivative, and then that of the activation before."""
    first, size = range_of(row, samples, item)
    dz, z = memory[row[DA] + first :][:size], memory[row[INPUT] + first :][:size]
    da = memory[row[DOUTPUT] + first :][:size]
    bounds = number(row, MAX_VALUE), number(row, NEGATIVE_SLOPE), number(row, THRESHOLD)
    rectifier_backward(dz, z, z, da, bounds[0], bounds[1], bounds[2])
    hand_down(memory, row, first, dz)


@operation(INPUT, A, UNITS, LANES, SAMPLES_AN_ITEM, ALPHA)
def elu_forward_item(memory, row, samples, item, worker, step):
    """An ELU with a limit of its own."""
    first, size = range_of(row, samples, item)
    a, z = memory[row[A] + first :][:size], memory[row[INPUT] + first :][:size]
    elu_forward(a, z, number(row, ALPHA))


@operation(DOUTPUT, *GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM, ALPHA, OUTPUT_OF_ELU)
def elu_backward_item(memory, row, samples, item, worker, step):
    """Its derivative, and then that of the activation before."""
    first, size = range_of(row, samples, item)
    dz, a = memory[row[DA] + first :][:size], memory[row[OUTPUT_OF_ELU] + first :][:size]
    elu_backward(dz, a, a, memory[row[DOUTPUT] + first :][:size], number(row, ALPHA))
    hand_down(memory, row, first, dz)


@njit
def _slopes_of_units(memory, row, worker):
    """The slope of each unit of a sample, in the worker's scratch; and the rest of that."""
    units, scratch = row[UNITS], scratch_of(memory, row, worker)
    slopes = scratch[:units]
    for u in range(units):
        slopes[u] = memory[row[SLOPES] + np.int64(memory[row[SLOPE_OF_UNIT] + u])]
    return slopes, scratch[(units + 1) // 2 * 2 :]


@operation(INPUT, A, UNITS, LANES, SAMPLES_AN_ITEM, SLOPES, SLOPE_OF_UNIT)
def prelu_forward_item(memory, row, samples, item, worker, step):
    """Leaky units with learned slopes, sample by sample."""
    units = row[UNITS]
    slopes, _ = _slopes_of_units(memory, row, worker)
    first, size = range_of(row, samples, item)
    for start in range(first, first + size, units):
        a, z = memory[row[A] + start :][:units], memory[row[INPUT] + start :][:units]
        prelu_forward(a, z, slopes)


@operation(
    *(INPUT, DOUTPUT, *GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM),
    *(SLOPES, N_SLOPES, SLOPE_OF_UNIT, PARTIAL, PARTIAL_SIZE),
)
def prelu_backward_item(memory, row, samples, item, worker, step):
    """Their derivatives, summed over the item's samples; then that of the activation before."""
    units = row[UNITS]
    slopes, rest = _slopes_of_units(memory, row, worker)
    gradients = rest.view(np.float64)[:units]
    for u in range(units):
        gradients[u] = 0
    first, size = range_of(row, samples, item)
    for start in range(first, first + size, units):
        dz, z = memory[row[DA] + start :][:units], memory[row[INPUT] + start :][:units]
        prelu_backward(dz, gradients, z, memory[row[DOUTPUT] + start :][:units], slopes)
    if row[PARTIAL] != NONE:
        partial = memory[row[PARTIAL] + item * row[PARTIAL_SIZE] :][: row[N_SLOPES]]
        for k in range(partial.size):
            partial[k] = 0
        for u in range(units):
            partial[np.int64(memory[row[SLOPE_OF_UNIT] + u])] += gradients[u]
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
