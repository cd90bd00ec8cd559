"""Operations of bilinear interpolation, to a whole number of times the size of an image.

Pixels are squares, and what is interpolated stands in their centres: pixel ``i`` of an output
``s`` times as large has its centre at ``(i + 1/2) / s - 1/2`` of the input. Outside of the centres
the outermost pixel counts. Lanes of samples count as channels.
"""

from ..jit import njit
from .columns import (
    ARGUMENTS,
    COUNT,
    DA,
    DOUTPUT,
    GRADIENT_OF_TENSOR,
    INPUT,
    A,
    fields,
    operation,
)
from .elementwise import LANES, SAMPLES_AN_ITEM, blocks_of
from .hand_down import hand_down

# Rows, columns and channels of the input; and by how much its rows and columns are multiplied.
HEIGHT, WIDTH, CHANNELS, TIMES_Y, TIMES_X = fields(
    ARGUMENTS + 3, height=COUNT, width=COUNT, channels=COUNT, times_y=COUNT, times_x=COUNT
)

SIZES = (LANES, SAMPLES_AN_ITEM, HEIGHT, WIDTH, CHANNELS, TIMES_Y, TIMES_X)


@njit
def _between(i, times, size):
    """Between which pixels a centre lies, and how near to the second, from 0 to 1."""
    place = min(max((i + 0.5) / times - 0.5, 0.0), size - 1.0)
    first = int(place)
    return first, min(first + 1, size - 1), place - first


@njit
def _images(memory, row, place, block, times_y, times_x):
    """A block of images, of those that start at a place."""
    height, width, channels = row[HEIGHT] * times_y, row[WIDTH] * times_x, row[CHANNELS]
    size = height * width * channels
    return memory[place + block * size :][:size].reshape(height, width, channels)


@operation(INPUT, A, *SIZES)
def bilinear_forward_item(memory, row, samples, item, worker, step):
    """Some samples, interpolated along the columns and then along the rows."""
    start, stop = blocks_of(row, samples, item)
    for block in range(start, stop):
        x = _images(memory, row, row[INPUT], block, 1, 1)
        out = _images(memory, row, row[A], block, row[TIMES_Y], row[TIMES_X])
        for y in range(out.shape[0]):
            above, below, down = _between(y, row[TIMES_Y], x.shape[0])
            down = memory.dtype.type(down)
            for column in range(out.shape[1]):
                left, right, along = _between(column, row[TIMES_X], x.shape[1])
                along = memory.dtype.type(along)
                pixel, a, b = out[y, column], x[above, left], x[above, right]
                c, d = x[below, left], x[below, right]
                for i in range(pixel.size):
                    upper = a[i] + (b[i] - a[i]) * along
                    lower = c[i] + (d[i] - c[i]) * along
                    pixel[i] = upper + (lower - upper) * down


@njit
def _add(to, of, factor):
    for i in range(to.size):
        to[i] += of[i] * factor


@operation(DOUTPUT, *GRADIENT_OF_TENSOR, *SIZES)
def bilinear_backward_item(memory, row, samples, item, worker, step):
    """Their gradient: each pixel of the output in turn adds to four of the input."""
    start, stop = blocks_of(row, samples, item)
    for block in range(start, stop):
        dx = _images(memory, row, row[DA], block, 1, 1)
        dout = _images(memory, row, row[DOUTPUT], block, row[TIMES_Y], row[TIMES_X])
        dx[:] = 0
        for y in range(dout.shape[0]):
            above, below, down = _between(y, row[TIMES_Y], dx.shape[0])
            for column in range(dout.shape[1]):
                left, right, along = _between(column, row[TIMES_X], dx.shape[1])
                pixel = dout[y, column]
                _add(dx[above, left], pixel, memory.dtype.type((1 - down) * (1 - along)))
                _add(dx[above, right], pixel, memory.dtype.type((1 - down) * along))
                _add(dx[below, left], pixel, memory.dtype.type(down * (1 - along)))
                _add(dx[below, right], pixel, memory.dtype.type(down * along))
        hand_down(memory, row, block * dx.size, dx.reshape(-1))
