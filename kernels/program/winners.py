"""Gradients of a convolution before a max pooling, from the places of the maxima.

In each window only the place of the maximum, the winner, has a gradient, and after a rectified
linear unit often not even that: three numbers of four, or more, are zeros. A product of matrices
multiplies them all. Here the few others are found, sample by sample and filter by filter; each
multiplies the part of the image that it was computed from (gradient of the filter), and the filter
(gradient of the image): ``4 kh kw c`` flops for each of them. In LeNet-5 on digits, where 0.7 of
the winners are not zero, that takes four fifths of the time of the products; with more zeros, less.

For blocks of samples that are innermost; the numbers of a sample are brought together first.
"""

from ..jit import njit
from ..machine import RUN_ROWS, RUN_VECTORS
from ..tiles import Matrix, gather_runs, scatter_runs
from .columns import (
    BIAS,
    COUNT,
    DA,
    DOUTPUT,
    DZ,
    GRADIENT_OF_TENSOR,
    INPUT,
    KERNEL,
    NONE,
    PARAMETERS,
    PLACE,
    SCRATCH,
    SCRATCH_SIZE,
    STOP,
    fields,
    operation,
)
from .conv2d import AFTER_GEOMETRY, GEOMETRY, geometry
from .data import from_lanes, to_lanes
from .hand_down import hand_down

# After the geometry: the place of the maxima's positions in their windows; their rows and columns,
# and the window; the place of the packed kernel; the place of the partial gradients of the blocks
# (NONE if they are not needed), how far apart they are, and how many a block has: one, or one for
# each of its samples.
(
    ARGMAX,
    MAXIMA_Y,
    MAXIMA_X,
    POOL_Y,
    POOL_X,
    STRIDE_Y,
    STRIDE_X,
    PACKED,
    PARTIAL,
    PARTIAL_SIZE,
    GRADIENTS,
) = fields(
    AFTER_GEOMETRY,
    argmax=PLACE,
    maxima_y=COUNT,
    maxima_x=COUNT,
    pool_y=COUNT,
    pool_x=COUNT,
    stride_y=COUNT,
    stride_x=COUNT,
    packed=PLACE,
    partial=PLACE,
    partial_size=COUNT,
    gradients=COUNT,
)
MAXIMA = (ARGMAX, MAXIMA_Y, MAXIMA_X, POOL_Y, POOL_X, STRIDE_Y, STRIDE_X)


@njit
def padded(run, lanes):
    """A run of numbers, up to a whole vector."""
    return (run + lanes - 1) // lanes * lanes


@njit
def winners_scratch_size(shape, windows):
    """Scratch of `conv2d_winners_item`."""
    lanes = shape.lanes
    run = padded(shape.kernel_width * shape.channels, lanes)
    image = shape.height * shape.width * shape.channels
    maxima = windows * shape.filters
    kernel = shape.filters * shape.kernel_height * run
    return lanes * (3 * maxima + 2 * image) + 2 * run + kernel + 2 * windows


@operation(*PARAMETERS, *GEOMETRY, PACKED)
def winners_pack_item(memory, row, samples, item, worker, step):
    """The kernel filter by filter, ``(f, kh, kw c)``, with zeros after each run."""
    shape = geometry(row)
    run = shape.kernel_width * shape.channels
    width = padded(run, shape.lanes)
    for f in range(shape.filters):
        for ky in range(shape.kernel_height):
            to = memory[row[PACKED] + (f * shape.kernel_height + ky) * width :][:width]
            to[run:] = 0
            for j in range(run):
                to[j] = memory[row[KERNEL] + (ky * run + j) * shape.filters + f]


@njit
def _place_winners(row, shape, place, argmax):
    """Where in the image the window begins that each maximum was computed from."""
    lanes = shape.filters * shape.lanes
    for y in range(row[MAXIMA_Y]):
        for x in range(row[MAXIMA_X]):
            place[:lanes] = 0
            for k in range(row[POOL_Y] * row[POOL_X]):
                py, px = divmod(k, row[POOL_X])
                iy = (y * row[STRIDE_Y] + py) * shape.stride_y
                ix = (x * row[STRIDE_X] + px) * shape.stride_x
                start = place.dtype.type((iy * shape.width + ix) * shape.channels)
                for i in range(lanes):
                    place[i] = start if argmax[i] == k else place[i]
            argmax, place = argmax[lanes:], place[lanes:]


@njit
def _find(found, values, places, f, filters, windows):
    """The values of a filter that are not zero, and their places; returns how many."""
    count = 0
    for w in range(windows):
        value = values[w * filters + f]
        found[count], found[windows + count] = value, places[w * filters + f]
        count += int(value != 0)  # of the value, not of what was stored: that would be read back
    return count


@njit
def _multiply(memory, dkernel_at, dx_at, x_at, kernel_at, found, count, shape):
    """Multiply what was found of one filter with its runs, and with the filter."""
    run, pitch = shape.kernel_width * shape.channels, shape.width * shape.channels
    width = padded(run, shape.lanes)
    for ky in range(0, shape.kernel_height, RUN_ROWS):
        height = min(RUN_ROWS, shape.kernel_height - ky)
        for j in range(0, run, RUN_VECTORS * shape.lanes):
            size = min(RUN_VECTORS * shape.lanes, run - j)
            tap, pixel = ky * width + j, ky * pitch + j
            if dkernel_at != NONE:
                dkernel = Matrix(memory, dkernel_at + tap, width, 1)
                x = Matrix(memory, x_at + pixel, pitch, 1)
                gather_runs(dkernel, x, found, height, size, count)
            if dx_at != NONE:
                kernel = Matrix(memory, kernel_at + tap, width, 1)
                dx = Matrix(memory, dx_at + pixel, pitch, 1)
                scatter_runs(kernel, dx, found, height, size, count)


@njit
def _unpack(memory, to, dkernel_at, shape):
    """The gradient of a kernel that is filter by filter, in the order of the kernel."""
    size = shape.kernel_width * shape.channels
    run = padded(size, shape.lanes)
    for f in range(shape.filters):
        for ky in range(shape.kernel_height):
            at = dkernel_at + (f * shape.kernel_height + ky) * run
            for j in range(size):
                memory[to + (ky * size + j) * shape.filters + f] = memory[at + j]


@operation(
    *(INPUT, DOUTPUT, *PARAMETERS, *GRADIENT_OF_TENSOR, *GEOMETRY, *MAXIMA),
    *(PACKED, PARTIAL, PARTIAL_SIZE, GRADIENTS),
)
def conv2d_winners_item(memory, row, samples, item, worker, step):
    """Partial gradients of kernel and bias from one block, and the gradient of its input."""
    shape = geometry(row)
    lanes, filters = shape.lanes, shape.filters
    image = shape.height * shape.width * shape.channels
    windows = row[MAXIMA_Y] * row[MAXIMA_X]
    maxima = windows * filters
    run = padded(shape.kernel_width * shape.channels, lanes)
    if item * lanes >= samples:
        if row[PARTIAL] != NONE:
            size = row[GRADIENTS] * row[PARTIAL_SIZE]
            memory[row[PARTIAL] + item * size :][:size] = 0
        return

    # The scratch: places with the samples innermost, then all of the block sample by sample.
    block = row[SCRATCH] + worker * row[SCRATCH_SIZE]
    values_at = block + maxima * lanes
    places_at = values_at + maxima * lanes
    x_at = places_at + maxima * lanes
    dx_at = x_at + image * lanes + run
    dkernel_at = dx_at + image * lanes + run
    found_at = dkernel_at + filters * shape.kernel_height * run
    here = item * maxima * lanes
    _place_winners(row, shape, memory[block:], memory[row[ARGMAX] + here :])
    from_lanes(memory, values_at, row[DOUTPUT] + here, maxima)
    from_lanes(memory, places_at, block, maxima)
    from_lanes(memory, x_at, row[INPUT] + item * image * lanes, image)

    hands_down, learns = row[DZ] != NONE, row[PARTIAL] != NONE
    memory[dx_at:dkernel_at] = 0
    gradient_at = row[PARTIAL] + item * row[GRADIENTS] * row[PARTIAL_SIZE]
    samples_a_gradient = lanes // row[GRADIENTS] if learns else lanes
    found = memory[found_at:][: 2 * windows]
    for sample in range(lanes):
        dbias = memory[gradient_at + row[BIAS] - row[KERNEL] :][: row[STOP] - row[BIAS]]
        if learns and sample % samples_a_gradient == 0:
            memory[dkernel_at:found_at] = 0
            dbias[:] = 0
        sample_values = memory[values_at + sample * maxima :][:maxima]
        sample_places = memory[places_at + sample * maxima :][:maxima]
        for f in range(filters):
            count = _find(found, sample_values, sample_places, f, filters, windows)
            _multiply(
                memory,
                dkernel_at + f * shape.kernel_height * run if learns else NONE,
                dx_at + sample * image if hands_down else NONE,
                x_at + sample * image,
                row[PACKED] + f * shape.kernel_height * run,
                Matrix(memory, found_at, windows, 1),
                count,
                shape,
            )
            if learns and dbias.size > 0:
                total = 0.0
                for e in range(count):
                    total += found[e]
                dbias[f] += total
        if learns and (sample + 1) % samples_a_gradient == 0:
            _unpack(memory, gradient_at, dkernel_at, shape)
            gradient_at += row[PARTIAL_SIZE]

    if hands_down:
        place = item * image * lanes
        da_at = x_at if row[DA] == NONE else row[DA] + place
        to_lanes(memory, da_at, dx_at, image, lanes)
        hand_down(memory, row, place, memory[da_at:][: image * lanes])
