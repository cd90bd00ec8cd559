"""Operations that copy a box of numbers from one layout of a sample to another.

Zero padding, cropping, repeating, transposing and concatenating are the same five nested loops,
``out[o + i0 p0 + ... + i4 p4] = x[q + i0 s0 + ... + i4 s4]``, with other sizes and strides. A
stride of 0 in `x` repeats the number there.
"""

from ..jit import njit
from .columns import (
    ARGUMENTS,
    COUNT,
    DA,
    DOUTPUT,
    GRADIENT_OF_TENSOR,
    INPUT,
    UNITS,
    A,
    fields,
    operation,
)
from .elementwise import LANES, SAMPLES_AN_ITEM, blocks_of
from .hand_down import hand_down

AXES = 5

# How many numbers a sample has in the tensor that UNITS does not count, and where the box begins in
# a sample of the output and of the input.
OTHER_UNITS, OUT_START, IN_START = fields(
    ARGUMENTS + 3, other_units=COUNT, out_start=COUNT, in_start=COUNT
)
# Whether what is written is set to zero first, all of a sample; and whether the backward pass adds
# to it, because several numbers of the output come from one of the input.
CLEARS, ADDS = fields(ARGUMENTS + 6, clears=COUNT, adds=COUNT)
SIZES = fields(ARGUMENTS + 8, **{f"size_{i}": COUNT for i in range(AXES)})
OUT_STRIDES = fields(ARGUMENTS + 8 + AXES, **{f"out_stride_{i}": COUNT for i in range(AXES)})
IN_STRIDES = fields(ARGUMENTS + 8 + 2 * AXES, **{f"in_stride_{i}": COUNT for i in range(AXES)})
SIZE, OUT_STRIDE, IN_STRIDE = SIZES[0], OUT_STRIDES[0], IN_STRIDES[0]

BOX = (
    *(LANES, SAMPLES_AN_ITEM, OTHER_UNITS, OUT_START, IN_START, CLEARS),
    *(*SIZES, *OUT_STRIDES, *IN_STRIDES),
)


@njit
def _line(to, to_step, of, of_step, size, adds):
    """The innermost loop."""
    if to_step == 1 and of_step == 1:
        to, of = to[:size], of[:size]
        if adds:
            for i in range(size):
                to[i] += of[i]
        else:
            for i in range(size):
                to[i] = of[i]
    elif adds:
        for i in range(size):
            to[i * to_step] += of[i * of_step]
    else:
        for i in range(size):
            to[i * to_step] = of[i * of_step]


@njit
def _box(row, to, to_stride, of, of_stride, adds):
    """Copy the box, or add it; the strides are in the five columns from the given ones on."""
    for i0 in range(row[SIZE]):
        for i1 in range(row[SIZE + 1]):
            for i2 in range(row[SIZE + 2]):
                t = i0 * row[to_stride] + i1 * row[to_stride + 1] + i2 * row[to_stride + 2]
                o = i0 * row[of_stride] + i1 * row[of_stride + 1] + i2 * row[of_stride + 2]
                for i3 in range(row[SIZE + 3]):
                    _line(
                        to[t + i3 * row[to_stride + 3] :],
                        row[to_stride + 4],
                        of[o + i3 * row[of_stride + 3] :],
                        row[of_stride + 4],
                        row[SIZE + 4],
                        adds,
                    )


@operation(INPUT, A, UNITS, *BOX)
def copy_item(memory, row, samples, item, worker, step):
    """The box of some samples; UNITS are those of the output."""
    start, stop = blocks_of(row, samples, item)
    out_size, in_size = row[UNITS] * row[LANES], row[OTHER_UNITS] * row[LANES]
    for block in range(start, stop):
        out = memory[row[A] + block * out_size :][:out_size]
        x = memory[row[INPUT] + block * in_size :][:in_size]
        if row[CLEARS]:
            out[:] = 0
        _box(row, out[row[OUT_START] :], OUT_STRIDE, x[row[IN_START] :], IN_STRIDE, False)


@operation(DOUTPUT, *GRADIENT_OF_TENSOR, *BOX, ADDS)
def copy_backward_item(memory, row, samples, item, worker, step):
    """The gradient of some samples of the input; UNITS are those of the input.

    The gradients of one number that was repeated are added in the order of the loops.
    """
    start, stop = blocks_of(row, samples, item)
    out_size, in_size = row[OTHER_UNITS] * row[LANES], row[UNITS] * row[LANES]
    for block in range(start, stop):
        dout = memory[row[DOUTPUT] + block * out_size :][:out_size]
        dx = memory[row[DA] + block * in_size :][:in_size]
        if row[CLEARS]:
            dx[:] = 0
        adds = row[ADDS] != 0
        _box(row, dx[row[IN_START] :], IN_STRIDE, dout[row[OUT_START] :], OUT_STRIDE, adds)
        hand_down(memory, row, block * in_size, dx)
