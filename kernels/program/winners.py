"""Gradients of a convolution before a max pooling, from the places of the maxima.

In each window only the place of the maximum, the winner, has a gradient, and after a rectified
linear unit often not even that: three numbers of four, or more, are zeros. A product of matrices
multiplies them all. Here each winner that is not zero multiplies the part of the image that it was
computed from (gradient of the filter), and the filter (gradient of the image): ``4 kh kw c`` flops
for each of them. Sums stay in registers: those of one filter, from all windows of a sample; and
those of the part of the image that one window sees, from all filters. Where in its window the
maximum is, moves the filter in this part: so filters are kept with zeros around them.

For blocks of samples that are innermost; the numbers of a sample are brought together first.
"""

from ..conv2d import conv2d_bias_gradient
from ..jit import njit
from ..machine import RUN_ROWS, RUN_VECTORS, VECTOR_BYTES
from ..matmul import window
from ..tiles import Matrix, copy_rows, gather_runs
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
def _patch(row, shape):
    """What the convolutions of one window of the pooling see: rows, and numbers in a row."""
    down, across = (row[POOL_Y] - 1) * shape.stride_y, (row[POOL_X] - 1) * shape.stride_x
    return shape.kernel_height + down, (shape.kernel_width + across) * shape.channels


@njit
def packed_kernel_size(shape, pool_y, pool_x):
    """Size of the kernel with zeros around the filters; see `winners_pack_item`."""
    down, across = (pool_y - 1) * shape.stride_y, (pool_x - 1) * shape.stride_x
    width = padded((shape.kernel_width + across) * shape.channels, shape.lanes)
    return (shape.filters * pool_x * (shape.kernel_height + down) + down) * width


@njit
def winners_scratch_size(shape, windows):
    """Scratch of `conv2d_winners_item`."""
    lanes = shape.lanes
    run = padded(shape.kernel_width * shape.channels, lanes)
    image = shape.height * shape.width * shape.channels
    maxima = windows * shape.filters
    kernel = shape.filters * (shape.kernel_height * run + lanes)
    return lanes * (4 * maxima + 2 * image) + 2 * run + kernel


@operation(*PARAMETERS, *GEOMETRY, POOL_Y, POOL_X, PACKED)
def winners_pack_item(memory, row, samples, item, worker, step):
    """Each filter as often as a window of the pooling has columns, moved to the right by these.

    ``(f, pool_x)`` blocks of the size of `_patch`: rows of zeros, as many as a maximum may be below
    the first row, and then the filter. After the last block there are such rows of zeros, too: so a
    block that begins some rows higher is the filter, moved down.
    """
    shape = geometry(row)
    height, size = _patch(row, shape)
    width, run = padded(size, shape.lanes), shape.kernel_width * shape.channels
    above = height - shape.kernel_height
    memory[row[PACKED] :][: packed_kernel_size(shape, row[POOL_Y], row[POOL_X])] = 0
    for f in range(shape.filters):
        for px in range(row[POOL_X]):
            for ky in range(shape.kernel_height):
                block = row[PACKED] + (f * row[POOL_X] + px) * height * width
                to = memory[block + (above + ky) * width + px * shape.stride_x * shape.channels :]
                for j in range(run):
                    to[j] = memory[row[KERNEL] + (ky * run + j) * shape.filters + f]


@njit
def _place(memory, places_at, argmax_at, count, row, start, down, across):
    """Places that depend on where in its window a maximum is: the first one's is `start`."""
    argmax, places = memory[argmax_at:][:count], memory[places_at:][:count]
    number = memory.dtype.type
    first, right = number(start), number(across)
    for i in range(count):
        places[i] = first + argmax[i] * right
    # So far a row after another in the window counts as columns further to the right.
    below, zero = number(down - row[POOL_X] * across), number(0)
    for py in range(1, row[POOL_Y]):
        left = number(py * row[POOL_X])
        for i in range(count):
            places[i] += below if argmax[i] >= left else zero


@njit
def _from(m, i, j):
    """The matrix that begins at element (i, j) of `m`, whose `step` is that of another axis."""
    return Matrix(m.values, m.at + i * m.row + j, m.row, m.step)


@njit
def _add_runs(to, of, found, count, height, width):
    """Add the runs of what was found, to rows of any height and width."""
    step = RUN_VECTORS * (VECTOR_BYTES // to.values.itemsize)
    for i in range(0, height, RUN_ROWS):
        for j in range(0, width, step):
            rows, columns = min(RUN_ROWS, height - i), min(step, width - j)
            gather_runs(window(to, i, j), _from(of, i, j), found, rows, columns, count)


@njit
def _image_gradients(memory, row, shape, item, scratch, dx_at):
    """The gradients of the images of a block.

    What one window of the pooling hands to the image is a sum over the filters, each of them where
    its maximum was.
    """
    lanes, filters = shape.lanes, shape.filters
    pitch = shape.width * shape.channels
    maxima = row[MAXIMA_Y] * row[MAXIMA_X] * filters
    height, size = _patch(row, shape)
    width = padded(size, lanes)
    block = height * width
    here, values_at = item * maxima * lanes, scratch + 2 * maxima * lanes
    places_at = values_at + maxima * lanes
    start = (height - shape.kernel_height) * width
    argmax_at = row[ARGMAX] + here
    _place(memory, scratch, argmax_at, maxima * lanes, row, start, -shape.stride_y * width, block)
    from_lanes(memory, values_at, row[DOUTPUT] + here, maxima)
    from_lanes(memory, places_at, scratch, maxima)
    memory[dx_at:][: shape.height * pitch * lanes] = 0
    kernel = Matrix(memory, row[PACKED], width, row[POOL_X] * block)
    for sample in range(lanes):
        image_at = dx_at + sample * shape.height * pitch
        at = values_at + sample * maxima
        for y in range(row[MAXIMA_Y]):
            for x in range(row[MAXIMA_X]):
                top, left = y * row[STRIDE_Y] * shape.stride_y, x * row[STRIDE_X] * shape.stride_x
                dx = Matrix(memory, image_at + top * pitch + left * shape.channels, pitch, 1)
                found = Matrix(memory, at, maxima * lanes, 1)
                _add_runs(dx, kernel, found, filters, height, size)
                at += filters


@njit
def _filter_gradients(memory, row, shape, item, scratch, x_at, dkernel_at):
    """Partial gradients of kernel and bias from a block, or from each of its samples.

    That of a filter is a sum over the windows of what the filter saw there in the image.
    """
    lanes, filters = shape.lanes, shape.filters
    pitch = shape.width * shape.channels
    windows = row[MAXIMA_Y] * row[MAXIMA_X]
    maxima = windows * filters
    here, places_at = item * maxima * lanes, scratch + maxima * lanes
    values_at = scratch + 2 * maxima * lanes
    # By filter: rows of the copies are the windows.
    for w in range(windows):
        y, x = divmod(w, row[MAXIMA_X])
        iy, ix = y * row[STRIDE_Y] * shape.stride_y, x * row[STRIDE_X] * shape.stride_x
        at, start = w * filters * lanes, iy * pitch + ix * shape.channels
        across = shape.stride_x * shape.channels
        _place(
            *(memory, values_at + at, row[ARGMAX] + here + at, filters * lanes),
            *(row, start, shape.stride_y * pitch, across),
        )
    for f in range(filters):
        for to, of in ((scratch, row[DOUTPUT] + here), (places_at, values_at)):
            copy_rows(
                Matrix(memory, to + f * windows * lanes, lanes, 1),
                Matrix(memory, of + f * lanes, filters * lanes, 1),
                windows,
                lanes,
            )
    from_lanes(memory, values_at, scratch, maxima)
    from_lanes(memory, values_at + maxima * lanes, places_at, maxima)
    from_lanes(memory, x_at, row[INPUT] + item * shape.height * pitch * lanes, shape.height * pitch)

    size = shape.kernel_width * shape.channels
    run = padded(size, lanes)
    dbias_at = dkernel_at + filters * shape.kernel_height * run
    dbias = memory[dbias_at:][: filters * lanes]
    conv2d_bias_gradient(dbias, memory[row[DOUTPUT] + here :][: maxima * lanes], shape, True)
    gradients_at = row[PARTIAL] + item * row[GRADIENTS] * row[PARTIAL_SIZE]
    together = lanes // row[GRADIENTS]
    for sample in range(lanes):
        gradient_at = gradients_at + sample // together * row[PARTIAL_SIZE]
        own_bias = memory[gradient_at + row[BIAS] - row[KERNEL] :][: row[STOP] - row[BIAS]]
        if sample % together == 0:
            memory[dkernel_at:dbias_at] = 0
            own_bias[:] = 0
        image = Matrix(memory, x_at + sample * shape.height * pitch, pitch, 0)
        for f in range(filters):
            at = values_at + sample * maxima + f * windows
            dkernel = Matrix(memory, dkernel_at + f * shape.kernel_height * run, run, 1)
            found = Matrix(memory, at, maxima * lanes, 1)
            _add_runs(dkernel, image, found, windows, shape.kernel_height, size)
        for f in range(own_bias.size):
            own_bias[f] += dbias[f * lanes + sample]
        if (sample + 1) % together == 0:
            _unpack(memory, gradient_at, dkernel_at, shape)


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
    lanes = shape.lanes
    units = shape.height * shape.width * shape.channels
    if item * lanes >= samples:
        if row[PARTIAL] != NONE:
            size = row[GRADIENTS] * row[PARTIAL_SIZE]
            memory[row[PARTIAL] + item * size :][:size] = 0
        return
    scratch = row[SCRATCH] + worker * row[SCRATCH_SIZE]
    maxima = row[MAXIMA_Y] * row[MAXIMA_X] * shape.filters
    run = padded(shape.kernel_width * shape.channels, lanes)
    x_at = scratch + 4 * maxima * lanes
    dx_at = x_at + units * lanes + run
    if row[PARTIAL] != NONE:
        dkernel_at = dx_at + units * lanes + run
        _filter_gradients(memory, row, shape, item, scratch, x_at, dkernel_at)
    if row[DZ] != NONE:
        _image_gradients(memory, row, shape, item, scratch, dx_at)
        place = item * units * lanes
        da_at = x_at if row[DA] == NONE else row[DA] + place
        to_lanes(memory, da_at, dx_at, units, lanes)
        hand_down(memory, row, place, memory[da_at:][: units * lanes])
