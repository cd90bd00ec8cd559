"""A convolution and the max pooling after it, in one tile: for windows of 2 x 2 side by side.

Four neighbouring outputs of a few filters are in registers at the end of their sums. There the
largest is found, so that the others are never stored. For blocks of samples that are innermost,
where every number is a vector, and for images without padding.
"""

from .chunks import chunk_bounds
from .jit import njit
from .machine import MAXIMA_ROWS
from .tiles import Matrix, maxima_tile


@njit
def has_maxima_tile(shape, pool_y, pool_x):
    """Whether `conv2d_maxima_rows` computes this convolution and pooling."""
    bottom = (shape.out_height - 1) * shape.stride_y + shape.kernel_height
    right = (shape.out_width - 1) * shape.stride_x + shape.kernel_width
    inside = shape.top == shape.left == 0 and bottom <= shape.height and right <= shape.width
    dense = (shape.dilation_y, shape.dilation_x, shape.spread_y, shape.spread_x) == (1, 1, 1, 1)
    return shape.lanes > 1 and inside and dense and shape.groups == 1 and pool_y == pool_x == 2


@njit
def conv2d_maxima_rows(maxima, argmax, x, kernel, bias, shape, first, stop, scratch):
    """Some rows of maxima of one block of images.

    Parameters
    ----------
    maxima : (out_h / 2, out_w / 2, c_out lanes) array
        Output; only the requested rows are written, as of `argmax`.
    argmax : (out_h / 2, out_w / 2, c_out lanes) array
        Output: the places in their windows, from 0 to 3; the first of equal numbers.
    x : (h w c_in lanes,) array
        The images.
    kernel : (kh kw c_in c_out,) array
    bias : (c_out,) array
    shape : Conv2D
        That `has_maxima_tile`.
    first, stop : int
        The first row of maxima, and the one after the last.
    scratch : (c_out lanes,) array
        Overwritten.
    """
    filters, lanes = shape.filters, shape.lanes
    for o in range(filters):
        scratch[o * lanes : (o + 1) * lanes] = bias[o]
    pixel = shape.channels * lanes
    pitch, right = shape.width * pixel, shape.stride_x * pixel
    below, depth = shape.stride_y * pitch, shape.kernel_width * shape.channels
    sums, places = maxima.reshape(-1), argmax.reshape(-1)
    pieces, width = -(-filters // MAXIMA_ROWS), maxima.shape[1]
    for piece in range(pieces):
        o, o_stop = chunk_bounds(piece, pieces, filters)
        for y in range(first, stop):
            for window in range(width):
                at = ((y * width + window) * filters + o) * lanes
                maxima_tile(
                    Matrix(sums, at, lanes, 0),
                    Matrix(places, at, lanes, 0),
                    Matrix(scratch, o * lanes, lanes, 0),
                    Matrix(kernel, o, 1, filters),
                    Matrix(x, 2 * y * below + 2 * window * right, lanes, right),
                    o_stop - o,
                    depth,
                    shape.kernel_height,
                    pitch - depth * lanes,
                    below,
                )
