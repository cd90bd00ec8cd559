"""Convolution by filters of 3 x 3 with fewer multiplications: Winograd's ``F(2 x 2, 3 x 3)``.

A square of four outputs takes 36 products of a pixel and a weight, but they share pixels. In one
dimension two outputs of a filter of three weights take not six products but four::

    y0 = m0 + m1 + m2        m0 = (d0 - d2) g0               m1 = (d1 + d2) (g0 + g1 + g2) / 2
    y1 = m1 - m2 - m3        m3 = (d1 - d3) g2               m2 = (d2 - d1) (g0 - g1 + g2) / 2

In two dimensions, one after the other, 16 products are enough instead of 36. The sums of pixels are
the same for all filters, and those of weights for all positions. So with many filters and positions
nearly all of the work is 16 products of matrices, ``(tiles, channels) @ (channels, filters)``:
2.25 times fewer flops, and 1.7 times less time.

Outputs are computed from pixels that they do not see, and that cancel. So rounding errors are
relative to the largest pixel of a tile of 4 x 4, not of the window, and a pixel that is not finite
spoils the outputs of its whole tile.

References
----------
Lavin and Gray (2016), Fast algorithms for convolutional neural networks.
"""

from .jit import njit
from .matmul import product_of_runs
from .tiles import Matrix

# Numbers of a tile, transformed.
POINTS = 16

# Tiles whose products are computed at once: enough rows for a product of matrices, few enough that
# their sums stay in a second-level cache.
TILES = 32
# This many weights stay there too. More are read again for each block of tiles, which still takes
# 1.4 to 3 times less time than 36 products (256 to 1024 channels). But to write their sums takes as
# long as is saved for 120 places, so the images should not be smaller than this.
WEIGHTS, PLACES = 1 << 14, 64
# From these numbers on the sums cost less than the multiplications that they save.
FEW_CHANNELS = FEW_FILTERS = 32


@njit
def is_winograd(shape):
    """Whether a convolution is computed this way."""
    filters = (shape.kernel_height, shape.kernel_width) == (3, 3)
    strides = (shape.stride_y, shape.stride_x, shape.spread_y, shape.spread_x) == (1, 1, 1, 1)
    plain = (shape.dilation_y, shape.dilation_x, shape.groups, shape.lanes) == (1, 1, 1, 1)
    padding = 0 <= shape.left <= 2 and shape.out_width - shape.width <= 2
    many = shape.channels >= FEW_CHANNELS and shape.filters >= FEW_FILTERS
    places = shape.out_height * shape.out_width
    few = shape.channels * shape.filters <= WEIGHTS
    pays = places >= (TILES if few else PLACES)
    return filters and strides and plain and padding and many and pays


@njit
def _sizes(shape):
    """Tiles in a row, rows of tiles in a block, and pixels of a band."""
    tiles = (shape.out_width + 1) // 2
    rows = max(1, min(TILES // tiles, (shape.out_height + 1) // 2))
    return tiles, rows, (2 * tiles + 2) * shape.channels


@njit
def winograd_scratch_size(shape):
    """Elements of scratch that one thread needs."""
    tiles, rows, band = _sizes(shape)
    products = 4 * rows * tiles * (shape.channels + shape.filters)
    return (1 + 4 * rows) * band + 8 * rows * tiles * shape.filters + products


@njit(exact=True)
def _add(to, a, b, sign):
    """``to = a + sign * b``."""
    factor = to.dtype.type(sign)
    for n in range(to.size):
        to[n] = a[n] + factor * b[n]


@njit(exact=True)
def _add_three(to, a, b, c, sign):
    """``to = a + sign * (b + c)``."""
    factor = to.dtype.type(sign)
    for n in range(to.size):
        to[n] = a[n] + factor * (b[n] + c[n])


@njit
def _difference(k):
    """Which two of four neighbours the k-th sum of pixels adds, and the sign of the second."""
    first = 0 if k == 0 else 2 if k == 2 else 1
    second = 3 if k == 3 else 1 if k == 2 else 2
    return first, second, 1 if k == 1 else -1


@njit(exact=True)
def _transform_weights(to, g0, g1, g2, k):
    """The k-th sum of three weights."""
    half = to.dtype.type(0.5)
    for n in range(to.size):
        if k == 0:
            to[n] = g0[n]
        elif k == 1:
            to[n] = half * (g0[n] + g1[n] + g2[n])
        elif k == 2:
            to[n] = half * (g0[n] - g1[n] + g2[n])
        else:
            to[n] = g2[n]


@njit
def transform_kernel(weights, kernel, first, stop):
    """Sums of the weights of a kernel, as the products take them.

    Parameters
    ----------
    weights : (16 c_in c_out,) array
        Output.
    kernel : (3 3 c_in c_out,) array
        The filters.
    first, stop : int
        Which of the ``c_in c_out`` pairs of a channel and a filter.
    """
    size, count = kernel.size // 9, stop - first
    weights, kernel = weights[first:], kernel[first:]
    spare = weights[(POINTS - 3) * size :]  # written last, and from the kernel itself
    for i in range(4):
        if i == 0 or i == 3:
            row = kernel[2 * i * size :]
        else:
            row = spare
            for kx in range(3):
                g0, g1, g2 = (
                    kernel[kx * size :],
                    kernel[(3 + kx) * size :],
                    kernel[(6 + kx) * size :],
                )
                _transform_weights(row[kx * size :][:count], g0, g1, g2, i)
        for j in range(4):
            to = weights[(4 * i + j) * size :][:count]
            _transform_weights(to, row, row[size:], row[2 * size :], j)


@njit(exact=True)
def _add_every_second(to, a, b, sign, channels):
    """``to = a + sign * b`` of every second pixel of `a` and `b`."""
    factor = to.dtype.type(sign)
    for pixel in range(to.size // channels):
        at = pixel * channels
        for c in range(channels):
            to[at + c] = a[2 * at + c] + factor * b[2 * at + c]


@njit
def _transform_columns(band, x, shape, y, zeros):
    """Sums of pixels down the columns, for one row of tiles whose first pixels are in row `y`.

    `band` has four rows of sums, and in each first the even columns and then the odd ones.
    """
    channels, left, width = shape.channels, shape.left, shape.width
    pitch, half = width * channels, band.size // 8
    columns = half // channels
    for i in range(4):
        first, second, sign = _difference(i)
        above = below = zeros
        if 0 <= y + first < shape.height:
            above = x[(y + first) * pitch :]
        if 0 <= y + second < shape.height:
            below = x[(y + second) * pitch :]
        for odd in range(2):
            to = band[(2 * i + odd) * half :][:half]
            # Columns `odd`, `odd` + 2, ... begin `left` pixels before the image.
            start = (left - odd + 1) // 2
            stop = min((left + width - odd + 1) // 2, columns)
            at = (2 * start + odd - left) * channels
            to[: start * channels] = 0
            inside = to[start * channels : stop * channels]
            _add_every_second(inside, above[at:], below[at:], sign, channels)
            to[stop * channels :] = 0


@njit
def _transform_rows(sums, band, channels, tiles, i, first, count):
    """Sums along a row of sums: for `tiles` of the `count` tiles of a block, from `first` on."""
    half = band.size // 8
    for j in range(4):
        a, b, sign = _difference(j)
        to = sums[(j * count + first) * channels :][: tiles * channels]
        left = band[(2 * i + a % 2) * half + a // 2 * channels :]
        right = band[(2 * i + b % 2) * half + b // 2 * channels :]
        _add(to, left, right, sign)


@njit(exact=True)
def _write_row(out, halves, bias, row, size, width):
    """One row of outputs, from the sums of products of one row of tiles, `size` apart."""
    filters = bias.size
    sign = out.dtype.type(1 - 2 * row)
    for x in range(width):
        at = (2 * row + x % 2) * size + x // 2 * filters
        a, b, c = halves[at:], halves[at + 2 * size :], halves[at + 4 * size :]
        pixel = out[x * filters :][:filters]
        for o in range(filters):
            pixel[o] = bias[o] + (a[o] + sign * (b[o] + c[o]))


@njit
def winograd_rows(out, x, weights, bias, shape, first, stop, scratch):
    """Compute some rows of the output of one image; see `conv2d_rows`.

    The places of the tiles do not depend on which rows are computed, so a row always has the same
    bits.

    Parameters
    ----------
    weights : (16 c_in c_out,) array
        What `transform_kernel` wrote.
    """
    channels, filters = shape.channels, shape.filters
    tiles, rows, band_size = _sizes(shape)
    most = rows * tiles
    zeros = scratch[:band_size]  # as long as a row of the image, or longer
    zeros[:] = 0
    bands = scratch[band_size:][: 4 * rows * band_size]
    halves = scratch[(1 + 4 * rows) * band_size :][: 8 * most * filters]
    sums_at = (1 + 4 * rows) * band_size + 8 * most * filters
    products_at = sums_at + 4 * most * channels
    sums, products = scratch[sums_at:products_at], scratch[products_at:]
    zero = Matrix(scratch, 0, 0, 0)
    for top in range(first // 2, (stop + 1) // 2, rows):
        bottom = min(top + rows, (stop + 1) // 2)
        count = (bottom - top) * tiles
        for row in range(top, bottom):
            band = bands[4 * (row - top) * band_size :][: 4 * band_size]
            _transform_columns(band, x, shape, 2 * row - shape.top, zeros)
        for i in range(4):
            for row in range(bottom - top):
                band = bands[4 * row * band_size :][: 4 * band_size]
                _transform_rows(sums, band, channels, tiles, i, row * tiles, count)
            for j in range(4):
                c = Matrix(scratch, products_at + j * count * filters, filters, 1)
                a = Matrix(scratch, sums_at + j * count * channels, channels, 1)
                b = Matrix(weights, (4 * i + j) * channels * filters, filters, 1)
                product_of_runs(c, zero, a, b, count, filters, (1, channels, 0, 0), False)
            size = count * filters
            for column in range(2):  # m0 + m1 + m2, and m1 - m2 - m3
                m = products[column * size :]
                to = halves[(2 * i + column) * size :][:size]
                _add_three(to, m, m[size:], m[2 * size :], 1 - 2 * column)
        for row in range(top, bottom):
            for y in range(max(2 * row, first), min(2 * row + 2, stop)):
                pixels = out[y * shape.out_width * filters :]
                place = (row - top) * tiles * filters
                _write_row(pixels, halves[place:], bias, y - 2 * row, size, shape.out_width)
