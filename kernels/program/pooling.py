"""Operations of pooling: strips of rows of an image, lanes of samples counting as channels."""

from ..jit import njit
from ..pooling import (
    average_row,
    average_row_backward,
    column_sums,
    max_row,
    max_row_backward,
)
from ..sums import sum_runs
from .columns import (
    ARGUMENTS,
    COUNT,
    DOUTPUT,
    DZ,
    FUNCTION,
    INPUT,
    NONE,
    PLACE,
    SCRATCH,
    SCRATCH_SIZE,
    UNITS,
    A,
    Z,
    fields,
    operation,
    scratch_of,
)
from .hand_down import hand_down

# Rows, columns and channels (times lanes) of an image and of its pooled form, and the window. Of
# the global average, HEIGHT are all places of the image.
(
    HEIGHT,
    WIDTH,
    CHANNELS,
    OUT_HEIGHT,
    OUT_WIDTH,
    POOL_Y,
    POOL_X,
    STRIDE_Y,
    STRIDE_X,
    TOP,
    LEFT,
    LANES,
    ROWS_AN_ITEM,
    ITEMS_AN_IMAGE,
    ARGMAX,
) = fields(
    ARGUMENTS,
    height=COUNT,
    width=COUNT,
    channels=COUNT,
    out_height=COUNT,
    out_width=COUNT,
    pool_y=COUNT,
    pool_x=COUNT,
    stride_y=COUNT,
    stride_x=COUNT,
    top=COUNT,
    left=COUNT,
    lanes=COUNT,
    rows_an_item=COUNT,
    items_an_image=COUNT,
    argmax=PLACE,
)
SIZES = (HEIGHT, WIDTH, CHANNELS, LANES)
WINDOW = (
    *(*SIZES, OUT_HEIGHT, OUT_WIDTH, POOL_Y, POOL_X, STRIDE_Y, STRIDE_X),
    *(TOP, LEFT, ROWS_AN_ITEM, ITEMS_AN_IMAGE),
)

# A gradient is written to DZ at once, or computed in scratch and then multiplied.
GRADIENT = (DOUTPUT, Z, A, DZ, FUNCTION, UNITS)


@njit
def _window(row):
    """Size, steps and padding of the window."""
    return (
        (row[POOL_Y], row[POOL_X]),
        (row[STRIDE_Y], row[STRIDE_X]),
        (row[TOP], row[LEFT]),
    )


@njit
def _image(memory, place, image, height, width, channels):
    """One image, or block of samples, of those that start at a place."""
    size = height * width * channels
    return memory[place + image * size :][:size].reshape(height, width, channels)


@njit
def _strip(row, samples, item, height):
    """The image of an item and its rows; none if the mini-batch has no such image."""
    image, strip = divmod(item, row[ITEMS_AN_IMAGE])
    first = strip * row[ROWS_AN_ITEM]
    if image * row[LANES] >= samples:
        return image, 0, 0
    return image, first, min(first + row[ROWS_AN_ITEM], height)


@njit
def _pooled(memory, row, place, image):
    return _image(memory, place, image, row[OUT_HEIGHT], row[OUT_WIDTH], row[CHANNELS])


@njit
def _whole(memory, row, place, image):
    return _image(memory, place, image, row[HEIGHT], row[WIDTH], row[CHANNELS])


@njit
def _gradient_row(memory, row, image, iy, worker):
    """Where a row of the gradient is computed: in scratch, if it is multiplied afterwards."""
    size = row[WIDTH] * row[CHANNELS]
    place = row[DZ] + (image * row[HEIGHT] + iy) * size
    if row[FUNCTION] != NONE:
        place = row[SCRATCH] + worker * row[SCRATCH_SIZE]
    return memory[place:][:size].reshape(row[WIDTH], row[CHANNELS])


@njit
def _hand_down(memory, row, image, iy, gradient):
    """Hand down a row of the gradient of an image."""
    start = (image * row[HEIGHT] + iy) * gradient.size
    hand_down(memory, row, start, gradient.reshape(-1))


@operation(INPUT, A, *WINDOW, ARGMAX)
def max_pool2d_forward_item(memory, row, samples, item, worker, step):
    """Some rows of maxima; their positions are kept as numbers of the memory's own type."""
    image, first, stop = _strip(row, samples, item, row[OUT_HEIGHT])
    out, argmax = _pooled(memory, row, row[A], image), _pooled(memory, row, row[ARGMAX], image)
    x = _whole(memory, row, row[INPUT], image)
    pool_size, strides, padding = _window(row)
    for y in range(first, stop):
        max_row(out[y], argmax[y], x, y, pool_size, strides, padding)


@operation(*GRADIENT, *WINDOW, ARGMAX)
def max_pool2d_backward_item(memory, row, samples, item, worker, step):
    """Some rows of the gradient of an image."""
    image, first, stop = _strip(row, samples, item, row[HEIGHT])
    dout = _pooled(memory, row, row[DOUTPUT], image)
    argmax = _pooled(memory, row, row[ARGMAX], image)
    pool_size, strides, padding = _window(row)
    for iy in range(first, stop):
        dx = _gradient_row(memory, row, image, iy, worker)
        max_row_backward(dx, dout, argmax, iy, pool_size, strides, padding)
        _hand_down(memory, row, image, iy, dx)


@operation(INPUT, A, *WINDOW)
def average_pool2d_forward_item(memory, row, samples, item, worker, step):
    """Some rows of averages."""
    image, first, stop = _strip(row, samples, item, row[OUT_HEIGHT])
    out, x = _pooled(memory, row, row[A], image), _whole(memory, row, row[INPUT], image)
    pool_size, strides, padding = _window(row)
    sums = column_sums(x)
    for y in range(first, stop):
        average_row(out[y], x, y, pool_size, strides, padding, sums)


@operation(*GRADIENT, *WINDOW)
def average_pool2d_backward_item(memory, row, samples, item, worker, step):
    """Some rows of the gradient of an image."""
    image, first, stop = _strip(row, samples, item, row[HEIGHT])
    dout = _pooled(memory, row, row[DOUTPUT], image)
    pool_size, strides, padding = _window(row)
    for iy in range(first, stop):
        dx = _gradient_row(memory, row, image, iy, worker)
        average_row_backward(dx, dout, iy, row[HEIGHT], pool_size, strides, padding)
        _hand_down(memory, row, image, iy, dx)


@operation(INPUT, A, *SIZES)
def global_average_pool2d_forward_item(memory, row, samples, item, worker, step):
    """The mean of one image over all its places, by sample: ``(channels,)`` numbers each.

    The error is at most ``BLOCK + 3`` units of roundoff of the mean absolute value.
    """
    lanes, channels, places = row[LANES], row[CHANNELS], row[HEIGHT]
    if item * lanes >= samples:
        return
    filters = channels // lanes
    total = scratch_of(memory, row, worker)[:channels]
    sum_runs(total, memory, row[INPUT] + item * places * channels, channels, places)
    share = memory.dtype.type(1 / places)
    means = memory[row[A] + item * channels :][:channels].reshape(lanes, filters)
    for lane in range(lanes):
        for c in range(filters):
            means[lane, c] = total[c * lanes + lane] * share


@operation(*GRADIENT, *SIZES)
def global_average_pool2d_backward_item(memory, row, samples, item, worker, step):
    """Equal shares of the gradient for all places of one image."""
    lanes = row[LANES]
    if item * lanes >= samples:
        return
    filters = row[CHANNELS] // lanes
    dout = memory[row[DOUTPUT] + item * lanes * filters :]
    share = memory.dtype.type(1 / row[HEIGHT])
    zero = memory.dtype.type(0)
    first = _gradient_row(memory, row, item, 0, worker).reshape(-1)
    for c in range(filters):
        for lane in range(lanes):
            present = item * lanes + lane < samples
            first[c * lanes + lane] = dout[lane * filters + c] * share if present else zero
    for y in range(row[HEIGHT]):
        if row[FUNCTION] == NONE:
            pixel = _gradient_row(memory, row, item, y, worker).reshape(-1)
            for c in range(first.size):
                pixel[c] = first[c]
        _hand_down(memory, row, item, y, first)
