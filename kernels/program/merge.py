"""Operations that merge two tensors of one shape, number by number.

More than two are merged one after the other. If a maximum or a minimum is in both tensors,
all of the gradient goes to the first, as in TensorFlow.
"""

from .columns import (
    ARGUMENTS,
    COUNT,
    DA,
    DOUTPUT,
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
from .elementwise import LANES, SAMPLES_AN_ITEM, range_of
from .hand_down import hand_down

# The second tensor, what numbers are multiplied with, and whether a gradient is that of the second.
SECOND, FACTOR, OF_SECOND = fields(ARGUMENTS + 3, second=PLACE, factor=NUMBER, of_second=COUNT)

CUT = (UNITS, LANES, SAMPLES_AN_ITEM)
BACKWARD = (DOUTPUT, *GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM)


@operation(INPUT, SECOND, A, *CUT)
def add_item(memory, row, samples, item, worker, step):
    """``a = x + y``."""
    start, size = range_of(row, samples, item)
    a, x = memory[row[A] + start :][:size], memory[row[INPUT] + start :][:size]
    y = memory[row[SECOND] + start :][:size]
    for i in range(size):
        a[i] = x[i] + y[i]


@operation(INPUT, SECOND, A, *CUT)
def subtract_item(memory, row, samples, item, worker, step):
    """``a = x - y``."""
    start, size = range_of(row, samples, item)
    a, x = memory[row[A] + start :][:size], memory[row[INPUT] + start :][:size]
    y = memory[row[SECOND] + start :][:size]
    for i in range(size):
        a[i] = x[i] - y[i]


@operation(INPUT, SECOND, A, *CUT)
def multiply_item(memory, row, samples, item, worker, step):
    """``a = x y``."""
    start, size = range_of(row, samples, item)
    a, x = memory[row[A] + start :][:size], memory[row[INPUT] + start :][:size]
    y = memory[row[SECOND] + start :][:size]
    for i in range(size):
        a[i] = x[i] * y[i]


@operation(INPUT, SECOND, A, *CUT)
def maximum_item(memory, row, samples, item, worker, step):
    """``a = max(x, y)``; NaN if one of them is."""
    start, size = range_of(row, samples, item)
    a, x = memory[row[A] + start :][:size], memory[row[INPUT] + start :][:size]
    y = memory[row[SECOND] + start :][:size]
    for i in range(size):
        a[i] = x[i] if x[i] >= y[i] or x[i] != x[i] else y[i]


@operation(INPUT, SECOND, A, *CUT)
def minimum_item(memory, row, samples, item, worker, step):
    """``a = min(x, y)``; NaN if one of them is."""
    start, size = range_of(row, samples, item)
    a, x = memory[row[A] + start :][:size], memory[row[INPUT] + start :][:size]
    y = memory[row[SECOND] + start :][:size]
    for i in range(size):
        a[i] = x[i] if x[i] <= y[i] or x[i] != x[i] else y[i]


@operation(INPUT, A, FACTOR, *CUT)
def scale_item(memory, row, samples, item, worker, step):
    """``a = factor x``."""
    start, size = range_of(row, samples, item)
    a, x = memory[row[A] + start :][:size], memory[row[INPUT] + start :][:size]
    factor = memory.dtype.type(number(row, FACTOR))
    for i in range(size):
        a[i] = factor * x[i]


@operation(*BACKWARD, FACTOR)
def scale_backward_item(memory, row, samples, item, worker, step):
    """``dx = factor dout``: the gradient of a term of a sum, a difference or a mean."""
    start, size = range_of(row, samples, item)
    dx, dout = memory[row[DA] + start :][:size], memory[row[DOUTPUT] + start :][:size]
    factor = memory.dtype.type(number(row, FACTOR))
    for i in range(size):
        dx[i] = factor * dout[i]
    hand_down(memory, row, start, dx)


@operation(*BACKWARD, SECOND)
def multiply_backward_item(memory, row, samples, item, worker, step):
    """``dx = y dout``, where `y` is the other factor."""
    start, size = range_of(row, samples, item)
    dx, dout = memory[row[DA] + start :][:size], memory[row[DOUTPUT] + start :][:size]
    y = memory[row[SECOND] + start :][:size]
    for i in range(size):
        dx[i] = y[i] * dout[i]
    hand_down(memory, row, start, dx)


@operation(*BACKWARD, INPUT, SECOND, OF_SECOND)
def maximum_backward_item(memory, row, samples, item, worker, step):
    """``dx = dout`` where `x` is the maximum, else 0; of the second tensor where `x` is not."""
    start, size = range_of(row, samples, item)
    dx, dout = memory[row[DA] + start :][:size], memory[row[DOUTPUT] + start :][:size]
    x, y = memory[row[INPUT] + start :][:size], memory[row[SECOND] + start :][:size]
    of_second, zero = row[OF_SECOND] != 0, memory.dtype.type(0)
    for i in range(size):
        dx[i] = dout[i] if (x[i] >= y[i]) != of_second else zero
    hand_down(memory, row, start, dx)


@operation(*BACKWARD, INPUT, SECOND, OF_SECOND)
def minimum_backward_item(memory, row, samples, item, worker, step):
    """``dx = dout`` where `x` is the minimum, else 0; of the second tensor where `x` is not."""
    start, size = range_of(row, samples, item)
    dx, dout = memory[row[DA] + start :][:size], memory[row[DOUTPUT] + start :][:size]
    x, y = memory[row[INPUT] + start :][:size], memory[row[SECOND] + start :][:size]
    of_second, zero = row[OF_SECOND] != 0, memory.dtype.type(0)
    for i in range(size):
        dx[i] = dout[i] if (x[i] <= y[i]) != of_second else zero
    hand_down(memory, row, start, dx)
