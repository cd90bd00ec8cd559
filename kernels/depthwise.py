"""Depthwise convolution: each channel has a filter of its own, and channels fill the vectors.

A tile is one vector of channels along a row of positions: the sums of a few neighbours stay in
registers over all taps of the window, and share the weights that are loaded. The vectors of one
pixel end with its last channel: the last two may overlap.

With fewer channels than lanes, a few neighbouring positions are taken for one with that many more
channels. What a tap sees of them is again a run of numbers, if the steps of the window are 1, and
the filters are written as often side by side. The padding must then be there in memory; else the
positions at the edges are computed one by one, from the taps that are inside.

Windows of 3 x 3 and 5 x 5 that move by single pixels have a tile of their own, which computes a few
rows of output together and loads each pixel of theirs once: 1.5 times as fast. It can leave out
lanes, and is used from half a vector of channels on.
"""

from .jit import njit
from .machine import DOT_ROWS, MASKS, VECTOR_BYTES, WINDOWS
from .past_caches import is_aligned
from .tiles import Matrix, lane_tile, slide_tile, window_tile


@njit
def positions_at_once(shape, itemsize):
    """Neighbouring positions whose channels fill a few vectors; 0 if there are no such.

    Of one to four vectors, those that compute a row with the fewest vectors in all.
    """
    if shape.lanes > 1 or shape.spread_x > 1 or shape.spread_y > 1:
        return 0
    if not shape.groups == shape.channels == shape.filters:
        return 0
    lanes = VECTOR_BYTES // itemsize
    if shape.channels >= lanes:
        return 1
    if shape.stride_x > 1:
        return 0
    best, fewest = 0, shape.out_width * shape.channels
    for vectors in range(1, 5):
        count = vectors * lanes // shape.channels
        needed = -(-shape.out_width // count) * vectors
        if count * shape.channels >= lanes and count <= shape.out_width and needed < fewest:
            best, fewest = count, needed
    return best


@njit
def _window_rows(rows, taps):
    """Rows of output that a window tile computes, of at most so many; 0 if there is none."""
    for height, size in WINDOWS:
        if size == taps and height <= rows:
            return height
    return 0


@njit
def _edges(shape):
    """Columns that the first window misses on its left, positions whose last column is inside, and
    positions after these."""
    left, positions = max(shape.left, 0), shape.width - shape.kernel_width + 1 + shape.left
    positions = min(positions, shape.out_width)
    return left, positions, shape.out_width - positions


@njit
def has_window_tile(shape, itemsize):
    """Whether `window_rows` computes this convolution: its channels fill half a vector."""
    steps = shape.stride_x, shape.stride_y, shape.dilation_x, shape.dilation_y
    if positions_at_once(shape, itemsize) == 0 or steps != (1, 1, 1, 1):
        return False
    lanes = VECTOR_BYTES // itemsize
    if shape.channels < (lanes // 2 if MASKS else lanes):
        return False
    if shape.kernel_height != shape.kernel_width:
        return False
    if shape.left < 0 or _window_rows(1, shape.kernel_width) == 0:
        return False
    left, positions, right = _edges(shape)
    return left < shape.kernel_width and right < shape.kernel_width and positions >= 0


@njit
def rows_at_once(shape, itemsize):
    """Rows of output that should not be cut further: a window tile, twice, reads few of them again.

    1 if there is no such tile.
    """
    if has_window_tile(shape, itemsize):
        return 2 * _window_rows(shape.out_height, shape.kernel_width)
    return 1


@njit
def window_rows(out, x, kernel, bias, scratch, shape, first, stop, past_caches):
    """Some rows of output, of a convolution that `has_window_tile`.

    Parameters
    ----------
    out : (out_h out_w c,) array
    x : (h w c,) array
    kernel : (kh kw c,) array
    bias : (c,) array
    scratch : array
        `depthwise_scratch_size` numbers; overwritten.
    shape : Conv2D
    first, stop : int
        The first row of output, and the one after the last.
    past_caches : bool
        Whether to store past the caches, if `out` lies so that this is possible.
    """
    channels, taps = shape.channels, shape.kernel_width
    lanes = VECTOR_BYTES // out.itemsize
    missing = max(lanes - channels, 0)
    scratch[: 2 * lanes + missing] = 0
    biases, weights = bias, kernel
    if missing > 0:  # the one vector would begin before them
        biases, weights = scratch[lanes:], scratch[2 * lanes :]
        for c in range(channels):
            biases[missing + c] = bias[c]
        for i in range(taps * taps * channels):
            weights[missing + i] = kernel[i]
    row_size = shape.out_width * channels
    left, positions, right = _edges(shape)
    past_caches &= channels % lanes == 0 and is_aligned(out)
    y = first
    while y < stop:
        rows, top = _window_rows(stop - y, taps), y - shape.top
        for vector in range(-(-channels // lanes)):
            lane = _first_lane(vector, channels, lanes)
            window_tile(
                Matrix(out, y * row_size + lane, row_size, channels),
                Matrix(biases, missing + lane, 0, 0),
                Matrix(scratch, 0, 0, 0),
                Matrix(x, top * shape.width * channels + lane, shape.width * channels, channels),
                Matrix(weights, missing + lane, taps * channels, channels),
                rows,
                taps,
                positions,
                left,
                right,
                max(-top, 0),
                max(top + rows + taps - 1 - shape.height, 0),
                missing,
                int(past_caches),
            )
        y += rows


@njit
def depthwise_scratch_size(shape, count, itemsize):
    """Numbers that are kept beside a band of the image: of one pass, forward or backward."""
    size, taps = count * shape.channels, shape.kernel_height * shape.kernel_width
    forward = size * (1 + taps) if count > 1 else size
    return max(forward, DOT_ROWS * (size + VECTOR_BYTES // itemsize))


@njit
def repeat_filters(target, kernel, shape, count):
    """Write the filters of each tap `count` times side by side."""
    channels = shape.channels
    for tap in range(shape.kernel_height * shape.kernel_width):
        for position in range(count):
            for c in range(channels):
                target[(tap * count + position) * channels + c] = kernel[tap * channels + c]


@njit
def _first_lane(vector, size, lanes):
    """Where a vector of `size` numbers begins: the last one ends with them."""
    return min(vector * lanes, size - lanes)


@njit
def _segment(position, shape, column, width, taps):
    """Positions from this one on that see the same taps, and the first and last + 1 of these.

    At the first position the first tap sees `column` of an image of `width` columns.
    """
    column += position * shape.stride_x
    window = (taps - 1) * shape.dilation_x + 1
    if column >= 0 and column + window <= width:
        count = (width - window - column) // shape.stride_x + 1
        return min(count, shape.out_width - position), 0, taps
    first = min(max(-(column // shape.dilation_x), 0), taps)
    stop = min(max(-((column - width) // shape.dilation_x), first), taps)
    return 1, first, stop


@njit
def depthwise_row(out, at, bias, a, kernel, rows, row_jump, column, width, shape, count):
    """One row of output: ``out = bias +`` the products of some rows of the window.

    Parameters
    ----------
    out : array
    at : int
        Where the row begins.
    bias : array
        For `count` positions.
    a : Matrix
        The image: `at` is what the first tap sees at the first position, `row` how far the next
        position is, `step` the next tap.
    kernel : Matrix
        The filters, for `count` positions: `at` the first tap, `row` how far the next one is.
    rows : int
        Of the window, that are inside.
    row_jump : int
        How far apart these are in the image.
    column, width : int
        What the first tap sees at the first position, and columns of the image.
    shape : Conv2D
    count : int
        What `positions_at_once` gives.
    """
    lanes = VECTOR_BYTES // out.itemsize
    size, position = count * shape.channels, 0
    while position < shape.out_width:
        positions, first, stop = _segment(position, shape, column, width, shape.kernel_width)
        if positions < count:  # the last ones, some of them once more
            position, positions = shape.out_width - count, count
        height = positions // count
        depth = stop - first
        for vector in range(-(-size // lanes)):
            lane = _first_lane(vector, size, lanes)
            seen = a.at + position * a.row + first * a.step + lane
            slide_tile(
                Matrix(out, at + position * shape.channels + lane, size, 0),
                Matrix(bias, lane, 0, 0),
                Matrix(a.values, seen, count * a.row, a.step),
                Matrix(kernel.values, kernel.at + first * kernel.row + lane, kernel.row, 0),
                height,
                1,
                depth,
                rows,
                row_jump - depth * a.step,
                (shape.kernel_width - depth) * kernel.row,
            )
        position += height * count


@njit
def depthwise_weights(
    dkernel, at, a, dout, dout_at, taps, rows, row_jump, column, width, shape, count, sums
):
    """Add to the gradient of some taps of one row of the window.

    Parameters
    ----------
    dkernel : array
    at : int
        Where the gradient of the first tap is.
    a : Matrix
        The image: `at` is what the first tap sees at the first position, `row` how far the next tap
        is, `step` the next position.
    dout : array
        Gradient with respect to the output.
    dout_at : int
        Where its first row begins.
    taps : int
        At most `DOT_ROWS`.
    rows : int
        Of the output.
    row_jump : int
        How far apart the rows of the image are that they see.
    column, width : int
        What the first tap sees at the first position, and columns of the image.
    shape : Conv2D
    count : int
        What `positions_at_once` gives.
    sums : array
        `depthwise_scratch_size` numbers; overwritten. A vector of channels for each tap.
    """
    lanes, channels = VECTOR_BYTES // dkernel.itemsize, shape.channels
    size, position = count * channels, 0
    vectors = -(-size // lanes)
    sums[: vectors * taps * lanes] = 0
    while position < shape.out_width:
        positions, first, stop = _segment(position, shape, column, width, taps)
        depth = positions // count
        if depth == 0:  # fewer than fill a vector, and all taps are inside
            break
        for vector in range(vectors if stop > first else 0):
            lane = _first_lane(vector, size, lanes)
            to = Matrix(sums, (vector * taps + first) * lanes, lanes, 0)
            seen = a.at + position * a.step + first * a.row + lane
            lane_tile(
                to,
                to,
                Matrix(a.values, seen, a.row, count * a.step),
                Matrix(dout, dout_at + position * channels + lane, size, 0),
                stop - first,
                1,
                depth,
                rows,
                row_jump - depth * count * a.step,
                shape.out_width * channels - depth * size,
            )
        position += depth * count
    for vector in range(vectors):
        begin = _first_lane(vector, size, lanes)
        for tap in range(taps):
            # Lanes that the vector before has are left out.
            for lane in range(vector * lanes - begin, lanes):
                place = at + tap * channels + (begin + lane) % channels
                dkernel[place] += sums[(vector * taps + tap) * lanes + lane]
    for y in range(rows):
        for x in range(position, shape.out_width):
            derivatives = dout[dout_at + (y * shape.out_width + x) * channels :]
            for tap in range(taps):
                pixels = a.values[a.at + y * row_jump + x * a.step + tap * a.row :]
                for c in range(channels):
                    dkernel[at + tap * channels + c] += pixels[c] * derivatives[c]
