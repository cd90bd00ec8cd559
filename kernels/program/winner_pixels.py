"""The gradient of the filters of a first layer of few channels, before a max pooling.

As in :mod:`.winners`, only the winner of each window of the pooling has a gradient; but what a
filter sees in a row of one image fills no vector. So the samples stay innermost, and each lane
takes the pixels that its own winner was computed from.
"""

from ..conv2d import conv2d_bias_gradient
from ..jit import njit
from ..machine import WINNER_TAPS
from ..tiles import Matrix, winner_tile
from .columns import BIAS, DOUTPUT, INPUT, KERNEL, PARAMETERS, STOP, operation
from .conv2d import GEOMETRY, geometry
from .winners import ARGMAX, MAXIMA_X, MAXIMA_Y, PARTIAL, PARTIAL_SIZE

# Positions of windows that are summed up before they are added to the gradient: a few rows, which
# stay in the first-level cache while all filters read them.
BAND = 64


@njit
def has_winner_tile(shape, pool_y, pool_x, stride_y, stride_x):
    """Whether the tile computes the gradient of these filters, before this pooling."""
    pools = pool_y == pool_x == stride_y == stride_x == 2
    single = shape.stride_y == shape.stride_x == shape.dilation_y == shape.dilation_x == 1
    inside = shape.top == shape.left == 0 and shape.lanes > 1
    inside &= shape.out_height + shape.kernel_height - 1 <= shape.height
    inside &= shape.out_width + shape.kernel_width - 1 <= shape.width
    known = shape.kernel_height == shape.kernel_width and shape.kernel_width in WINNER_TAPS
    return pools and single and inside and known and shape.groups == 1


@operation(
    *(INPUT, DOUTPUT, *PARAMETERS, *GEOMETRY, ARGMAX, MAXIMA_Y, MAXIMA_X, PARTIAL, PARTIAL_SIZE)
)
def conv2d_winner_pixels_item(memory, row, samples, item, worker, step):
    """Partial gradients of kernel and bias from one block."""
    shape = geometry(row)
    lanes, filters, taps = shape.lanes, shape.filters, shape.kernel_width
    gradient = memory[row[PARTIAL] + item * row[PARTIAL_SIZE] :][: row[PARTIAL_SIZE]]
    gradient[:] = 0
    if item * lanes >= samples:
        return
    height, width = row[MAXIMA_Y], row[MAXIMA_X]
    pixel = shape.channels * lanes
    pitch, size = shape.width * pixel, height * width * filters * lanes
    dout_at, x_at = row[DOUTPUT] + item * size, row[INPUT] + item * shape.height * pitch
    tap = shape.channels * filters
    rows = max(1, BAND // width)
    for y in range(0, height, rows):
        for f in range(filters):
            for c in range(shape.channels):
                winner_tile(
                    Matrix(gradient, c * filters + f, taps * tap, tap),
                    Matrix(memory, dout_at + (y * width * filters + f) * lanes, 0, filters * lanes),
                    Matrix(memory, x_at + 2 * y * pitch + c * lanes, pitch, pixel),
                    taps,
                    width,
                    min(rows, height - y),
                    2 * (pitch - width * pixel),
                    row[ARGMAX] - row[DOUTPUT],
                )
    dbias = gradient[row[BIAS] - row[KERNEL] : row[STOP] - row[KERNEL]]
    if dbias.size > 0:
        conv2d_bias_gradient(dbias, memory[dout_at:][:size], shape, False)
