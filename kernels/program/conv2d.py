"""Operations of convolutions: strips of rows of an image, and pieces of the kernel's gradient.

An *image* is one sample, channels last, or a block of samples that stand innermost (`lanes`).
"""

from ..call import call
from ..chunks import chunk_bounds
from ..conv2d import (
    Conv2D,
    conv2d_bias_gradient,
    conv2d_rows,
    conv2d_weight_rows,
    transpose_kernel,
)
from ..conv2d_maxima import conv2d_maxima_rows, has_maxima_tile
from ..jit import njit
from ..pooling import max_row
from ..winograd import POINTS, transform_kernel
from .columns import (
    ARGUMENTS,
    BIAS,
    COUNT,
    DA,
    DOUTPUT,
    FUNCTION,
    GRADIENT_OF_TENSOR,
    INPUT,
    ITEMS,
    KERNEL,
    LEARNING,
    LENGTH,
    NONE,
    PARAMETERS,
    PLACE,
    SCRATCH,
    SCRATCH_SIZE,
    STOP,
    TENSOR,
    UNITS,
    ZEROS,
    A,
    Z,
    fields,
    operation,
    scratch_of,
)
from .hand_down import hand_down
from .update import learn

# The fields of the geometry, in its order; UNITS are the numbers of one image (of the tensor
# that the row computes), INPUT_UNITS those of what it is computed from.
GEOMETRY = fields(ARGUMENTS, **dict.fromkeys(Conv2D._fields, COUNT))
AFTER_GEOMETRY = ARGUMENTS + len(GEOMETRY)
INPUT_UNITS, ROWS_AN_ITEM, ITEMS_AN_IMAGE = fields(
    AFTER_GEOMETRY, input_units=COUNT, rows_an_item=COUNT, items_an_image=COUNT
)
# Forward and for the input gradient: where in scratch, after the convolution's own part, there is
# room for pre-activations that are not needed later. For the weight gradient: how far apart the
# partial gradients of the images are, or NONE if there is one for all images. Where the packed
# kernel is, or NONE if the kernel is used as it is.
SPARE, PARTIAL, PARTIAL_SIZE, PACKED = fields(
    ITEMS_AN_IMAGE + 1, spare=COUNT, partial=PLACE, partial_size=COUNT, packed=PLACE
)
# If only the maxima of windows are kept: the places of their positions in the windows, the window,
# and how many rows are computed before their maxima are taken.
ARGMAX, POOL_Y, POOL_X, BAND = fields(
    PACKED + 1, argmax=PLACE, pool_y=COUNT, pool_x=COUNT, band=COUNT
)

# How many gradients an image has: one, or one for each of its samples, which are then innermost.
(GRADIENTS,) = fields(PACKED + 1, gradients=COUNT)

STRIPS = (*GEOMETRY, INPUT_UNITS, ROWS_AN_ITEM, ITEMS_AN_IMAGE)


@njit
def geometry(row):
    """The convolution that a row describes."""
    g = row[ARGUMENTS:]
    return Conv2D(
        g[0],
        g[1],
        g[2],
        g[3],
        g[4],
        g[5],
        g[6],
        g[7],
        g[8],
        g[9],
        g[10],
        g[11],
        g[12],
        g[13],
        g[14],
        g[15],
        g[16],
        g[17],
    )


@njit
def _strip(row, item, height):
    """The image of an item, and its rows."""
    image, strip = divmod(item, row[ITEMS_AN_IMAGE])
    first = strip * row[ROWS_AN_ITEM]
    return image, first, min(first + row[ROWS_AN_ITEM], height)


@njit
def _images(samples, lanes):
    return (samples + lanes - 1) // lanes


@njit
def _arguments(memory, row, image):
    """What a convolution of one image reads: the image, the kernel and the bias."""
    x = memory[row[INPUT] + image * row[INPUT_UNITS] :][: row[INPUT_UNITS]]
    kernel = memory[row[KERNEL] if row[PACKED] == NONE else row[PACKED] :]
    return x, kernel, memory[row[BIAS] : row[STOP]] if row[BIAS] < row[STOP] else memory[ZEROS:]


@njit
def _convolve(memory, row, shape, z_at, image, first, stop, worker):
    """Some rows of one image's pre-activations, ``x * kernel + bias``, to where row 0 would go."""
    x, kernel, bias = _arguments(memory, row, image)
    scratch = scratch_of(memory, row, worker)
    conv2d_rows(memory[z_at:], x, kernel, bias, shape, first, stop, scratch)


@operation(INPUT, *PARAMETERS, *TENSOR, *STRIPS, SPARE, PACKED)
def conv2d_forward_item(memory, row, samples, item, worker, step):
    """Some rows of one image's output: ``a = f(x * kernel + bias)``."""
    shape = geometry(row)
    image, first, stop = _strip(row, item, shape.out_height)
    if image >= _images(samples, shape.lanes):
        return
    units = row[UNITS]
    width = units // shape.out_height
    z_at = row[Z] + image * units
    if row[Z] == NONE:
        z_at = row[SCRATCH] + worker * row[SCRATCH_SIZE] + row[SPARE] - first * width
    _convolve(memory, row, shape, z_at, image, first, stop, worker)
    if row[FUNCTION] != NONE:
        z = memory[z_at:]
        size = (stop - first) * width
        a = memory[row[A] + image * units + first * width :][:size]
        call(row[FUNCTION], a, z[first * width :][:size])


@njit
def _maxima_of_bands(memory, row, shape, maxima, argmax, z_at, image, first, stop, worker):
    """Some rows of maxima, of a convolution that is computed some rows at a time.

    These rows stay in the cache; `first` and `stop` are rows of the convolution's output.
    """
    pool_size = row[POOL_Y], row[POOL_X]
    channels = shape.filters * shape.lanes
    row_size = shape.out_width * channels
    for top in range(first, stop, row[BAND]):
        bottom = min(top + row[BAND], stop)
        _convolve(memory, row, shape, z_at - top * row_size, image, top, bottom, worker)
        z = memory[z_at:][: (bottom - top) * row_size].reshape(-1, shape.out_width, channels)
        for y in range(0, (bottom - top) // row[POOL_Y]):
            at = top // row[POOL_Y] + y
            max_row(maxima[at], argmax[at], z, y, pool_size, pool_size, (0, 0))


@operation(*(INPUT, *PARAMETERS, *TENSOR, *STRIPS, SPARE, PACKED, ARGMAX, POOL_Y, POOL_X, BAND))
def conv2d_maxima_item(memory, row, samples, item, worker, step):
    """What a max pooling keeps of some rows of one image's output: the maxima of windows.

    The activation does not change which is the largest, so it is computed of the maxima only; the
    other numbers never leave the cache, or not even the registers.
    """
    shape = geometry(row)
    height, width = shape.out_height // row[POOL_Y], shape.out_width // row[POOL_X]
    image, first, stop = _strip(row, item, height * row[POOL_Y])
    if image >= _images(samples, shape.lanes):
        return
    channels = shape.filters * shape.lanes
    here = image * height * width * channels
    z_at = row[SCRATCH] + worker * row[SCRATCH_SIZE] + row[SPARE]
    size = height * width * channels
    maxima_at = z_at + row[BAND] * shape.out_width * channels
    maxima = memory[maxima_at:][:size].reshape(height, width, channels)
    argmax = memory[row[ARGMAX] + here :][:size].reshape(height, width, channels)
    top, bottom = first // row[POOL_Y], stop // row[POOL_Y]
    if has_maxima_tile(shape, row[POOL_Y], row[POOL_X]):
        read, scratch = _arguments(memory, row, image), scratch_of(memory, row, worker)
        conv2d_maxima_rows(maxima, argmax, *read, shape, top, bottom, scratch)
    else:
        _maxima_of_bands(memory, row, shape, maxima, argmax, z_at, image, first, stop, worker)
    begin, end = top * width * channels, bottom * width * channels
    a, z = memory[row[A] + here :][begin:end], memory[maxima_at:][begin:end]
    if row[FUNCTION] == NONE:
        a[:] = z
    else:
        call(row[FUNCTION], a, z)


@operation(*PARAMETERS, *GEOMETRY, PACKED)
def conv2d_pack_item(memory, row, samples, item, worker, step):
    """The kernel as the input gradient needs it."""
    kernel = memory[row[KERNEL] : row[BIAS]]
    transpose_kernel(memory[row[PACKED] :][: kernel.size], kernel, geometry(row))


@operation(INPUT, *GEOMETRY, PACKED)
def conv2d_transform_item(memory, row, samples, item, worker, step):
    """A part of a kernel as Winograd's convolution needs it."""
    shape = geometry(row)
    size = shape.channels * shape.filters
    weights, kernel = memory[row[PACKED] :][: POINTS * size], memory[row[INPUT] :][: 9 * size]
    transform_kernel(weights, kernel, *chunk_bounds(item, row[ITEMS], size))


@operation(DOUTPUT, *GRADIENT_OF_TENSOR, *STRIPS, SPARE, PACKED)
def conv2d_backward_input_item(memory, row, samples, item, worker, step):
    """Some rows of the gradient of one image, times the derivative of its activation.

    The geometry is that of the gradient as a convolution of ``doutput``.
    """
    shape = geometry(row)
    image, first, stop = _strip(row, item, shape.out_height)
    if image >= _images(samples, shape.lanes):
        return
    units = row[UNITS]
    width = units // shape.out_height
    doutput = memory[row[DOUTPUT] + image * row[INPUT_UNITS] :][: row[INPUT_UNITS]]
    kernel = memory[row[PACKED] :]
    at = first * width
    da_at = row[DA] + image * units
    if row[DA] == NONE:
        da_at = row[SCRATCH] + worker * row[SCRATCH_SIZE] + row[SPARE] - at
    da = memory[da_at:]
    scratch = scratch_of(memory, row, worker)
    conv2d_rows(da, doutput, kernel, memory[ZEROS:], shape, first, stop, scratch)
    hand_down(memory, row, image * units + at, da[at:][: (stop - first) * width])


@operation(
    *(INPUT, DOUTPUT, UNITS, *PARAMETERS, *LEARNING, *STRIPS, PARTIAL, PARTIAL_SIZE, GRADIENTS)
)
def conv2d_backward_weight_item(memory, row, samples, item, worker, step):
    """Some rows of the kernel's gradient, or the bias's.

    Summed over all images and used for the update at once, or else a partial gradient of one image
    or of each of its samples.
    """
    shape = geometry(row)
    images = _images(samples, shape.lanes)
    scratch = scratch_of(memory, row, worker)
    piece, first_image, gradients = item, 0, 1
    start = row[KERNEL] + row[LENGTH]
    if row[PARTIAL] != NONE:
        first_image, piece = divmod(item, row[ITEMS_AN_IMAGE])
        gradients = row[GRADIENTS]
        start = row[PARTIAL] + first_image * row[PARTIAL_SIZE]
        if first_image >= images:
            memory[start:][: (row[STOP] - row[KERNEL]) * gradients] = 0
            return
        images = first_image + 1
    apart = gradients > 1

    if piece == row[ITEMS_AN_IMAGE] - 1:  # the bias comes last
        dbias_at = start + (row[BIAS] - row[KERNEL]) * gradients
        dbias = memory[dbias_at:][: (row[STOP] - row[BIAS]) * gradients]
        if dbias.size > 0:
            units = row[UNITS]
            start_at, stop_at = row[DOUTPUT] + first_image * units, row[DOUTPUT] + images * units
            conv2d_bias_gradient(dbias, memory[start_at:stop_at], shape, apart)
        if row[PARTIAL] == NONE:
            learn(memory, row, row[BIAS], row[STOP], dbias_at, samples, step)
        return

    height = shape.kernel_width * (shape.channels // shape.groups)  # rows of one kernel row
    pieces = (row[ITEMS_AN_IMAGE] - 1) // shape.kernel_height
    ky, part = divmod(piece, pieces)
    first = ky * height + part * row[ROWS_AN_ITEM]
    stop = min(first + row[ROWS_AN_ITEM], (ky + 1) * height)
    dkernel = memory[start:][: (row[BIAS] - row[KERNEL]) * gradients]
    for image in range(first_image, images):
        doutput = memory[row[DOUTPUT] + image * row[UNITS] :][: row[UNITS]]
        x = memory[row[INPUT] + image * row[INPUT_UNITS] :][: row[INPUT_UNITS]]
        again = image > first_image
        conv2d_weight_rows(dkernel, x, doutput, shape, first, stop, again, scratch, apart)
    if row[PARTIAL] == NONE:
        at, end = first * shape.filters, stop * shape.filters
        learn(memory, row, row[KERNEL] + at, row[KERNEL] + end, start + at, samples, step)
