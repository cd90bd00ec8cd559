"""Operations that bring numbers to a scale: each place of a sample has its own numbers for it.

There is one for each number of a sample, or of a block if samples are innermost.
"""

import math

from ..jit import njit
from .columns import (
    ARGUMENTS,
    DA,
    DOUTPUT,
    GRADIENT_OF_TENSOR,
    INPUT,
    PLACE,
    UNITS,
    A,
    fields,
    operation,
)
from .elementwise import LANES, SAMPLES_AN_ITEM, blocks_of
from .hand_down import hand_down

# A factor and an offset, or a mean and a variance, for each number.
SCALE, OFFSET, MEAN, VARIANCE = fields(
    ARGUMENTS + 3, scale=PLACE, offset=PLACE, mean=PLACE, variance=PLACE
)

CUT = (UNITS, LANES, SAMPLES_AN_ITEM)
BACKWARD = (DOUTPUT, *GRADIENT_OF_TENSOR, LANES, SAMPLES_AN_ITEM)

# A standard deviation below this counts as this, as in Keras.
LEAST = 1e-7


@njit
def _block(memory, row, place, block):
    """The numbers of a block of samples, of those that start at a place."""
    size = row[UNITS] * row[LANES]
    return memory[place + block * size :][:size]


@njit
def _deviation(variance, least):
    return max(math.sqrt(variance), least)


@operation(INPUT, A, *CUT, SCALE, OFFSET)
def rescale_item(memory, row, samples, item, worker, step):
    """``a = x scale + offset``."""
    start, stop = blocks_of(row, samples, item)
    scale, offset = _block(memory, row, row[SCALE], 0), _block(memory, row, row[OFFSET], 0)
    for block in range(start, stop):
        a, x = _block(memory, row, row[A], block), _block(memory, row, row[INPUT], block)
        for i in range(x.size):
            a[i] = x[i] * scale[i] + offset[i]


@operation(*BACKWARD, SCALE)
def rescale_backward_item(memory, row, samples, item, worker, step):
    """``dx = dout scale``."""
    start, stop = blocks_of(row, samples, item)
    scale = _block(memory, row, row[SCALE], 0)
    for block in range(start, stop):
        dx, dout = _block(memory, row, row[DA], block), _block(memory, row, row[DOUTPUT], block)
        for i in range(dx.size):
            dx[i] = dout[i] * scale[i]
        hand_down(memory, row, block * dx.size, dx)


@operation(INPUT, A, *CUT, MEAN, VARIANCE)
def normalize_item(memory, row, samples, item, worker, step):
    """``a = (x - mean) / sqrt(variance)``."""
    start, stop = blocks_of(row, samples, item)
    least = memory.dtype.type(LEAST)
    mean, variance = _block(memory, row, row[MEAN], 0), _block(memory, row, row[VARIANCE], 0)
    for block in range(start, stop):
        a, x = _block(memory, row, row[A], block), _block(memory, row, row[INPUT], block)
        for i in range(x.size):
            a[i] = (x[i] - mean[i]) / _deviation(variance[i], least)


@operation(*BACKWARD, VARIANCE)
def normalize_backward_item(memory, row, samples, item, worker, step):
    """``dx = dout / sqrt(variance)``."""
    start, stop = blocks_of(row, samples, item)
    least = memory.dtype.type(LEAST)
    variance = _block(memory, row, row[VARIANCE], 0)
    for block in range(start, stop):
        dx, dout = _block(memory, row, row[DA], block), _block(memory, row, row[DOUTPUT], block)
        for i in range(dx.size):
            dx[i] = dout[i] / _deviation(variance[i], least)
        hand_down(memory, row, block * dx.size, dx)


@operation(INPUT, A, *CUT, MEAN, VARIANCE)
def denormalize_item(memory, row, samples, item, worker, step):
    """``a = x sqrt(variance) + mean``."""
    start, stop = blocks_of(row, samples, item)
    least = memory.dtype.type(LEAST)
    mean, variance = _block(memory, row, row[MEAN], 0), _block(memory, row, row[VARIANCE], 0)
    for block in range(start, stop):
        a, x = _block(memory, row, row[A], block), _block(memory, row, row[INPUT], block)
        for i in range(x.size):
            a[i] = x[i] * _deviation(variance[i], least) + mean[i]


@operation(*BACKWARD, VARIANCE)
def denormalize_backward_item(memory, row, samples, item, worker, step):
    """``dx = dout sqrt(variance)``."""
    start, stop = blocks_of(row, samples, item)
    least = memory.dtype.type(LEAST)
    variance = _block(memory, row, row[VARIANCE], 0)
    for block in range(start, stop):
        dx, dout = _block(memory, row, row[DA], block), _block(memory, row, row[DOUTPUT], block)
        for i in range(dx.size):
            dx[i] = dout[i] * _deviation(variance[i], least)
        hand_down(memory, row, block * dx.size, dx)
