"""2-D convolution: dot products of a filter and of a window that slides over an image.

As everywhere in this field it is a cross-correlation: the filter is not flipped.

With ``groups`` the channels are divided into that many equal parts, and each filter sees only the
input channels of one part: filters ``0 ... c_out / groups - 1`` see those of the first, and so on.
One group is the ordinary convolution, and as many groups as channels the depthwise one.

The forward pass and both derivatives cost ``2 n out_h out_w kh kw (c_in / groups) c_out`` flops
each, and all three are products of matrices that need not be made, because they are there in the
images. What a window sees in one row of the image is a run of ``kw c`` consecutive numbers, and at
the next position the run begins a few numbers later: the runs are the rows of a matrix, which
overlap in memory. Tiles (:mod:`.tiles`) add up the runs of all rows of the window without a copy.

===================  ===============  =========  =================================
product              rows             columns    summed over
===================  ===============  =========  =================================
output               positions ``x``  filters    window ``(ky, kx, c)``
gradient of filters  ``(kx, c)``      filters    positions ``(y, x)``
gradient of input    pixels ``x``     channels   window ``(ky, kx, o)``
===================  ===============  =========  =================================

The last one is computed as a convolution of its own, see `transposed_conv2d`.

The columns fill the vectors. If there are few filters they do not, and then as many samples as a
vector has lanes are interleaved: their numbers are side by side, and every number above becomes a
vector::

    lanes == 1    (h, w, c)           one image
    lanes > 1     (h, w, c, lanes)    one block of `lanes` images

Rows and columns of the output change places, because now the pixels are loaded as vectors; the
gradient of the filters is a product of vectors whose lanes are added up at the end.

Many filters of 3 x 3 are computed in another way: see :mod:`.winograd`. So are depthwise
convolutions: see :mod:`.depthwise`.

Padding is left out of the sums: rows of the window that are outside the image are skipped, and at
the edge the run of a row is shorter. (But all rows of a tile of several positions, or of several
taps, must have one length: then a band of rows of the image is copied together with its zeros. Each
number that is copied serves ``2 kh kw c_out`` flops.)
"""

from collections import namedtuple

import numpy as np

from .chunks import chunk_bounds, chunk_count
from .depthwise import (
    depthwise_row,
    depthwise_scratch_size,
    depthwise_weights,
    has_window_tile,
    positions_at_once,
    repeat_filters,
    rows_at_once,
    window_rows,
)
from .finite import share_is_finite
from .instructions import finish_stores
from .jit import get_thread_id, njit, prange, thread_count
from .machine import DOT_COLUMNS, DOT_ROWS, TILE_ROWS, TILE_VECTORS, VECTOR_BYTES
from .matmul import product_of_runs, tile_shape, window
from .past_caches import TOO_LARGE
from .sums import BLOCK, add_block, sum_runs
from .tiles import Matrix, dot_tile, lane_tile, tile_product
from .windows import tap_range
from .winograd import (
    POINTS,
    is_winograd,
    transform_kernel,
    winograd_rows,
    winograd_scratch_size,
)

__all__ = [
    "conv2d_backward_input",
    "conv2d_backward_weight",
    "conv2d_forward",
    "conv2d_image_forward",
]

Conv2D = namedtuple(
    "Conv2D",
    "height width channels out_height out_width filters kernel_height kernel_width "
    "stride_y stride_x top left dilation_y dilation_x spread_y spread_x groups lanes",
)
Conv2D.__doc__ = """The geometry of a convolution: integers.

`top` and `left` are the zeros before the first row and column. The image counts as having
``spread_y - 1`` rows and ``spread_x - 1`` columns of zeros between its pixels: 1 in a forward pass.
It may be spread only with strides of 1. `lanes` is 1, or the number of lanes of a vector.
"""

Image = namedtuple("Image", "values at pitch width left")
Image.__doc__ = """Where the rows of an image are: the first at `at`, the others `pitch` apart.

It is `width` pixels wide, and at the first position the window begins `left` pixels before it.
"""

Run = namedtuple("Run", "pixel pixel_jump weight weight_jump rows taps column")
Run.__doc__ = """Neighbouring taps in a row of the window, and the same taps in its other rows.

The first pixel and weight are at `pixel` and `weight`, those of the next row `pixel_jump` and
`weight_jump` further. `rows` and `taps` are how many there are. At the first position of the window
the run begins in `column` of the image.
"""

# A band of the image should stay in the second-level cache, together with the filters.
BAND_BYTES = 1 << 17

# Positions of a band, at most: so many products are added up before they are added to the gradient.
SUM_LENGTH = 4096

# The gradient of the filters is cut into at most this many pieces.
WEIGHT_CHUNKS = 8

# Positions of rows that are joined, at most: enough for several tiles of full height, and few
# enough that a large image is still cut.
JOINED = 128


@njit
def transposed_conv2d(shape):
    """The geometry of the input gradient, which is a convolution of `dout` by `transpose_kernel`.

    Output ``y`` sees pixel ``y sy + ky dy - top``. So pixel ``iy`` collects from the outputs at
    ``(iy + top - ky dy) / sy``, if that is an integer: the kernel is reversed, and the numbers of
    `dout` are ``sy`` apart.
    """
    return Conv2D(
        shape.out_height,
        shape.out_width,
        shape.filters,
        shape.height,
        shape.width,
        shape.channels,
        shape.kernel_height,
        shape.kernel_width,
        1,
        1,
        shape.dilation_y * (shape.kernel_height - 1) - shape.top,
        shape.dilation_x * (shape.kernel_width - 1) - shape.left,
        shape.dilation_y,
        shape.dilation_x,
        shape.stride_y,
        shape.stride_x,
        shape.groups,
        shape.lanes,
    )


@njit
def join_rows(shape):
    """The same convolution with longer rows, if its window of 1 x 1 sees no neighbours.

    A tile holds positions of one row: of rows of 14, one of 12 and one of 2.
    """
    window = (shape.kernel_height, shape.kernel_width, shape.stride_y, shape.stride_x)
    spread = (shape.spread_y, shape.spread_x, shape.lanes)
    same = (shape.height, shape.width) == (shape.out_height, shape.out_width)
    count = 1
    if window == (1, 1, 1, 1) and spread == (1, 1, 1) and same and shape.top == shape.left == 0:
        for rows in range(2, JOINED // shape.width + 1):
            if shape.height % rows == 0:
                count = rows
    return Conv2D(
        shape.height // count,
        shape.width * count,
        shape.channels,
        shape.out_height // count,
        shape.out_width * count,
        *shape[5:],
    )


@njit
def transpose_kernel(packed, kernel, shape):
    """Reverse the filters, and exchange input and output channels within each group.

    Parameters
    ----------
    packed : (kh kw c_out / groups c_in,) array
        Output.
    kernel : (kh kw c_in / groups c_out,) array
    shape : Conv2D
        Of the forward pass.
    """
    taps = shape.kernel_height * shape.kernel_width
    channels, filters = shape.channels // shape.groups, shape.filters // shape.groups
    for tap in range(taps):
        for group in range(shape.groups):
            for o in range(filters):
                to = ((taps - 1 - tap) * filters + o) * shape.channels + group * channels
                for c in range(channels):
                    of = (tap * channels + c) * shape.filters + group * filters + o
                    packed[to + c] = kernel[of]


@njit
def _is_dense(shape):
    """Whether the window sees a run of consecutive numbers in each row of the image."""
    return shape.groups == 1 and shape.dilation_x == 1 and shape.spread_x == 1


@njit
def _is_depthwise(shape):
    """Whether every filter has one channel, so that channels fill the vectors."""
    several = shape.groups > 1 and shape.lanes == 1
    return several and shape.groups == shape.channels == shape.filters


@njit
def _columns(shape):
    """Number of columns that the window sees, of the image and of the padding."""
    window = (shape.kernel_width - 1) * shape.dilation_x + 1
    return (shape.out_width - 1) * shape.stride_x + window


@njit
def _is_padded(shape):
    """Whether some of these columns are padding."""
    return shape.left > 0 or _columns(shape) - shape.left > shape.width


@njit
def _band_rows(shape, itemsize):
    """Rows of output that are computed from one band of the image, and rows of the band."""
    rows = BAND_BYTES // (_columns(shape) * shape.channels * shape.lanes * itemsize)
    window = (shape.kernel_height - 1) * shape.dilation_y
    rows = min(
        max(((rows - 1) * shape.spread_y - window) // shape.stride_y + 1, 1), shape.out_height
    )
    return rows, -(-((rows - 1) * shape.stride_y + window) // shape.spread_y) + 1


@njit
def _band_at(shape, itemsize):
    """Where in scratch a band of the image begins, after the biases."""
    count = positions_at_once(shape, itemsize)
    return depthwise_scratch_size(shape, count, itemsize) if count else shape.filters * shape.lanes


@njit
def conv2d_scratch_size(shape, itemsize):
    """Elements of scratch that one thread needs."""
    if is_winograd(shape):
        return winograd_scratch_size(shape)
    copied = _is_dense(shape) or positions_at_once(shape, itemsize) > 1
    if not (copied and _is_padded(shape)):
        return _band_at(shape, itemsize)
    _, rows = _band_rows(shape, itemsize)
    return _band_at(shape, itemsize) + rows * _columns(shape) * shape.channels * shape.lanes


@njit
def _padded_band(x, shape, first, stop, scratch):
    """Copy the rows of the image that are seen from some rows of output, with their padding."""
    pixel, columns = shape.channels * shape.lanes, _columns(shape)
    top = max((first * shape.stride_y - shape.top) // shape.spread_y, 0)
    bottom = (stop - 1) * shape.stride_y + (shape.kernel_height - 1) * shape.dilation_y - shape.top
    bottom = min(bottom // shape.spread_y + 1, shape.height)
    left = min(max(shape.left, 0), columns) * pixel
    right = min(max(shape.left + shape.width, 0), columns) * pixel
    pitch = columns * pixel
    at = _band_at(shape, scratch.itemsize)
    for y in range(top, bottom):
        row = scratch[at + (y - top) * pitch :][:pitch]
        pixels = x[(y * shape.width - shape.left) * pixel + left :]
        seen = row[left:right]  # a slice, because the copy to `row[left + i]` does not vectorise
        for i in range(seen.size):
            seen[i] = pixels[i]
        row[:left] = 0
        row[right:] = 0
    return Image(scratch, at - top * pitch, pitch, columns, 0)


@njit
def _image(x, shape):
    """The image itself, without a copy."""
    pitch = shape.width * shape.channels * shape.lanes
    return Image(x, 0, pitch, shape.width, shape.left)


@njit
def conv2d_rows(out, x, kernel, bias, shape, first, stop, scratch):
    """Compute some rows of the output of one image, or of one block of `lanes` images.

    Parameters
    ----------
    out : (out_h out_w c_out lanes,) array
        Output; only the requested rows are written.
    x : (h w c_in lanes,) array
        The image.
    kernel : (kh kw c_in / groups c_out,) array
        Filters; transformed by `transform_kernel`, if the convolution `is_winograd`.
    bias : (c_out,) array
    shape : Conv2D
    first, stop : int
        The first row of output, and the one after the last.
    scratch : (`conv2d_scratch_size`,) array
        Overwritten.
    """
    if is_winograd(shape):
        winograd_rows(out, x, kernel, bias[: shape.filters], shape, first, stop, scratch)
        return
    if positions_at_once(shape, scratch.itemsize):
        _depthwise_rows(out, x, kernel, bias, shape, first, stop, scratch)
        return
    for o in range(shape.filters):
        for lane in range(shape.lanes):
            scratch[o * shape.lanes + lane] = bias[o]
    # With interleaved samples, a tile at the edge has one position only, and skips its padding.
    copies = shape.lanes == 1 and _is_dense(shape) and _is_padded(shape)
    rows, _ = _band_rows(shape, scratch.itemsize)
    for y in range(first, stop, rows):
        y_stop = min(y + rows, stop)
        if copies:
            image = _padded_band(x, shape, y, y_stop, scratch)
            _rows_of_band(out, y, y_stop, image, kernel, scratch, shape)
        else:
            _rows_of_band(out, y, y_stop, _image(x, shape), kernel, scratch, shape)


@njit
def _depthwise_rows(out, x, kernel, bias, shape, first, stop, scratch):
    """As `conv2d_rows`, where channels fill the vectors."""
    count, channels = positions_at_once(shape, scratch.itemsize), shape.channels
    size, taps = count * channels, shape.kernel_height * shape.kernel_width
    if has_window_tile(shape, scratch.itemsize):
        window_rows(out, x, kernel, bias, scratch, shape, first, stop, False)
        return
    for i in range(size):
        scratch[i] = bias[i % channels]
    filters = kernel
    if count > 1:
        filters = scratch[size:][: taps * size]
        repeat_filters(filters, kernel, shape, count)
    band, _ = _band_rows(shape, scratch.itemsize)
    row_size = shape.out_width * channels
    for top in range(first, stop, band):
        bottom = min(top + band, stop)
        image = _image(x, shape)
        if count > 1 and _is_padded(shape):
            image = _padded_band(x, shape, top, bottom, scratch)
        for y in range(top, bottom):
            run = _run(image, shape, y, 0, -image.left, 0)
            depthwise_row(
                out,
                y * row_size,
                scratch,
                Matrix(
                    image.values,
                    run.pixel,
                    shape.stride_x * channels,
                    shape.dilation_x * channels,
                ),
                Matrix(filters, run.weight * count, size, 0),
                run.rows,
                run.pixel_jump,
                run.column,
                image.width,
                shape,
                count,
            )


@njit
def _rows_of_band(out, first, stop, image, kernel, bias, shape):
    """Some rows of output, run by run of the window."""
    dense, depthwise = _is_dense(shape), _is_depthwise(shape)
    groups = 1 if depthwise else shape.groups
    filters, lanes = shape.filters // groups, shape.lanes
    row_size = shape.out_width * shape.filters * lanes
    if not dense:
        for at in range(first * row_size, stop * row_size):
            out[at] = bias[at % (shape.filters * lanes)]
    # The weights of a few filters at a time stay in a cache, while all rows use them.
    some = TILE_VECTORS * VECTOR_BYTES // bias.itemsize if lanes == 1 and not depthwise else filters
    for group in range(groups):
        for phase in range(shape.spread_x):
            for kx in range(1 if dense else shape.kernel_width):
                column = phase * shape.stride_x + kx * shape.dilation_x - image.left
                if column % shape.spread_x != 0:
                    continue  # this tap meets the zeros between the pixels
                for o in range(group * filters, (group + 1) * filters, some):
                    count = min(some, (group + 1) * filters - o)
                    for y in range(first, stop):
                        run = _run(image, shape, y, kx, column // shape.spread_x, o)
                        at = y * row_size + (phase * shape.filters + o) * lanes
                        if depthwise:
                            _depthwise_run(out, at, image, kernel, run, phase, shape)
                        elif lanes == 1:
                            c = Matrix(out, at, shape.spread_x * shape.filters, 1)
                            start = Matrix(bias, o, 0, 1) if dense else c
                            _convolve_run(c, start, image, kernel, run, count, phase, shape)
                        else:
                            c = Matrix(out, at, lanes, shape.spread_x * shape.filters)
                            start = Matrix(bias, o * lanes, lanes, 0) if dense else c
                            _convolve_run(c, start, image, kernel, run, count, phase, shape)


@njit
def _run(image, shape, y, kx, column, o):
    """The run that begins at tap `kx`, in all rows of the window that see pixels.

    `y` is the row of the output. In a spread image the rows that see pixels are a constant distance
    apart; those between them see only the zeros between the pixels.
    """
    first = last = rows = 0
    top = y * shape.stride_y - shape.top
    for ky in range(shape.kernel_height):
        place = top + ky * shape.dilation_y
        if 0 <= place < shape.height * shape.spread_y and place % shape.spread_y == 0:
            first, last = ky if rows == 0 else first, ky
            rows += 1
    step = (last - first) // max(rows - 1, 1)
    iy = (top + first * shape.dilation_y) // shape.spread_y
    channels = shape.channels // shape.groups
    # The first of the channels that these filters see: those of their group.
    c = o // (shape.filters // shape.groups) * channels
    weights = channels * shape.filters
    return Run(
        image.at + iy * image.pitch + (column * shape.channels + c) * shape.lanes,
        step * shape.dilation_y // shape.spread_y * image.pitch,
        (first * shape.kernel_width + kx) * weights + o,
        step * shape.kernel_width * weights,
        rows,
        shape.kernel_width if _is_dense(shape) else 1,
        column,
    )


@njit
def _positions(shape, phase):
    """Number of positions in a row of output that see a spread image with the same taps."""
    return -(-(shape.out_width - phase) // shape.spread_x)


@njit
def _convolve_run(c, start, image, kernel, run, filters, phase, shape):
    """``c = start +`` the products of a run of taps; `c` is (positions, filters), or transposed."""
    lanes, pixel = shape.lanes, shape.channels * shape.lanes
    channels, stride = shape.channels // shape.groups, shape.stride_x
    positions = _positions(shape, phase)
    # The first position that sees padding on the right.
    right = min(max((image.width - run.column - run.taps) // stride + 1, 0), positions)
    position = 0
    while position < positions:
        column = run.column + position * stride
        first, stop = max(-column, 0), min(image.width - column, run.taps)
        depth = max(stop - first, 0) * channels
        count = right - position if first == 0 and position < right else 1
        weights = run.weight + first * channels * shape.filters
        pixels = run.pixel + (position * stride + first) * pixel
        weight_jump = run.weight_jump - depth * shape.filters
        pixel_jump = run.pixel_jump - depth * lanes
        if lanes == 1:
            a = Matrix(image.values, pixels, stride * pixel, 1)
            b = Matrix(kernel, weights, shape.filters, 1)
            to, of = window(c, position, 0), window(start, position, 0)
            product_of_runs(
                to, of, a, b, count, filters, (run.rows, depth, pixel_jump, weight_jump), False
            )
        else:
            a = Matrix(kernel, weights, 1, shape.filters)
            b = Matrix(image.values, pixels, lanes, stride * shape.channels)
            to, of = window(c, 0, position * lanes), window(start, 0, position * lanes)
            sizes = run.rows, depth, weight_jump, pixel_jump
            product_of_runs(to, of, a, b, filters, count * lanes, sizes, False)
        position += count


@njit
def _depthwise_run(out, at, image, kernel, run, phase, shape):
    """Add the products of one tap of a depthwise convolution, in loops along the channels."""
    channels = shape.channels
    first, stop = tap_range(
        0, image.width, _positions(shape, phase), shape.stride_x, 1, -run.column
    )
    sums = out[at - phase * channels :][: shape.out_width * channels].reshape(-1, channels)
    for row in range(run.rows):
        weights = kernel[run.weight + row * run.weight_jump :][:channels]
        begin = run.pixel + row * run.pixel_jump - run.column * channels
        pixels = image.values[begin:][: image.width * channels].reshape(-1, channels)
        for position in range(first, stop):
            pixel = pixels[run.column + position * shape.stride_x]
            total = sums[phase + position * shape.spread_x]
            for c in range(channels):
                total[c] += pixel[c] * weights[c]


@njit
def conv2d_weight_rows(dkernel, x, dout, shape, first, stop, accumulate, scratch, apart):
    """Compute some rows of the gradient of the filters, from one image or block of images.

    Sums over at most `SUM_LENGTH` positions (or a row, if that is longer) are added up: the error
    is at most ``SUM_LENGTH`` + the number of such sums units of roundoff of the sum of the
    products' absolute values.

    Parameters
    ----------
    dkernel : (kh kw c_in / groups c_out,) or (kh kw c_in / groups c_out lanes,) array
        Output: sums over the positions (and over the lanes, unless these are kept apart), not
        means.
    x : (h w c_in lanes,) array
        The image.
    dout : (out_h out_w c_out lanes,) array
        Gradient with respect to the output.
    shape : Conv2D
        Of the forward pass.
    first, stop : int
        Rows of `dkernel` seen as a matrix with a row for each ``(ky, kx, c)``.
    accumulate : bool
        Add to `dkernel`; otherwise overwrite it.
    scratch : (`conv2d_scratch_size`,) array
        Overwritten.
    apart : bool
        Whether each lane has a gradient of its own; they are innermost then.
    """
    if not accumulate:
        row_size = shape.filters * (shape.lanes if apart else 1)
        for i in range(first * row_size, stop * row_size):
            dkernel[i] = 0
    if positions_at_once(shape, scratch.itemsize):
        _depthwise_weight_rows(dkernel, x, dout, shape, first, stop, scratch)
        return
    # With enough channels a tile stays within one tap, and skips the padding.
    tile = TILE_ROWS if shape.lanes == 1 else DOT_ROWS
    dense = _is_dense(shape) and (shape.channels < tile or not _is_padded(shape))
    taps = shape.kernel_width if dense else 1
    if not (dense and _is_padded(shape)):
        # Band by band, because every tile reads all of the image and of the gradient.
        seen = min(stop - first, shape.channels) * shape.width * shape.lanes
        row_bytes = (seen + dout.size // shape.out_height) * x.itemsize
        rows_a_band = min(4 * BAND_BYTES // row_bytes, SUM_LENGTH // shape.out_width)
        rows_a_band = max(1, rows_a_band)
        for y in range(0, shape.out_height, rows_a_band):
            rows = y, min(y + rows_a_band, shape.out_height)
            image = _image(x, shape)
            _weights_of_band(dkernel, first, stop, image, dout, rows, taps, shape, scratch, apart)
    else:
        rows_a_band, _ = _band_rows(shape, scratch.itemsize)
        for y in range(0, shape.out_height, rows_a_band):
            rows = y, min(y + rows_a_band, shape.out_height)
            image = _padded_band(x, shape, *rows, scratch)
            _weights_of_band(dkernel, first, stop, image, dout, rows, taps, shape, scratch, apart)


@njit
def _depthwise_weight_rows(dkernel, x, dout, shape, first, stop, scratch):
    """Add to some rows of the gradient, where channels fill the vectors."""
    count, channels = positions_at_once(shape, scratch.itemsize), shape.channels
    band, _ = _band_rows(shape, scratch.itemsize)
    band = max(1, min(band, SUM_LENGTH // shape.out_width))
    for y in range(0, shape.out_height, band):
        y_stop = min(y + band, shape.out_height)
        image = _image(x, shape)
        if count > 1 and _is_padded(shape):
            image = _padded_band(x, shape, y, y_stop, scratch)
        row = first
        while row < stop:
            ky, kx = divmod(row, shape.kernel_width)
            taps = min(stop - row, shape.kernel_width - kx, DOT_ROWS)
            top, bottom = tap_range(
                ky, shape.height, shape.out_height, shape.stride_y, shape.dilation_y, shape.top
            )
            top, bottom = max(top, y), min(bottom, y_stop)
            if top < bottom:
                iy = top * shape.stride_y + ky * shape.dilation_y - shape.top
                ix = kx * shape.dilation_x - image.left
                depthwise_weights(
                    dkernel,
                    row * channels,
                    Matrix(
                        image.values,
                        image.at + iy * image.pitch + ix * channels,
                        shape.dilation_x * channels,
                        shape.stride_x * channels,
                    ),
                    dout,
                    top * shape.out_width * channels,
                    taps,
                    bottom - top,
                    shape.stride_y * image.pitch,
                    ix,
                    image.width,
                    shape,
                    count,
                    scratch,
                )
            row += taps


@njit
def _weights_of_band(dkernel, first, stop, image, dout, rows, taps, shape, scratch, apart):
    """Add to some rows of the gradient what comes from some rows of `dout`, in runs of taps."""
    depthwise = _is_depthwise(shape)
    channels, groups = shape.channels // shape.groups, 1 if depthwise else shape.groups
    filters, lanes, width = shape.filters // groups, shape.lanes, shape.out_width
    pixel, dout_pixel = shape.channels * lanes, shape.filters * lanes
    size = lanes if apart else 1  # of an element of the gradient
    run = taps * channels
    row = first
    while row < stop:
        ky, kx = divmod(row // run * taps, shape.kernel_width)
        count = min(stop, (row // run + 1) * run) - row
        # The positions at which the first tap of the run is inside; its other taps are, too.
        top, bottom = tap_range(
            ky, shape.height, shape.out_height, shape.stride_y, shape.dilation_y, shape.top
        )
        top, bottom = max(top, rows[0]), min(bottom, rows[1])
        left, right = tap_range(
            kx, image.width, width, shape.stride_x, shape.dilation_x, image.left
        )
        iy = top * shape.stride_y + ky * shape.dilation_y - shape.top
        ix = left * shape.stride_x + kx * shape.dilation_x - image.left
        pixels = image.at + iy * image.pitch + ix * pixel + row % run * lanes
        step = shape.stride_x * pixel
        depth = right - left
        sizes = (
            bottom - top,
            depth,
            shape.stride_y * image.pitch - depth * step,
            (width - depth) * dout_pixel,
        )
        for group in range(groups):
            o = group * filters
            c = Matrix(dkernel, (row * shape.filters + o) * size, shape.filters * size, size)
            a = Matrix(image.values, pixels + group * channels * lanes, lanes, step)
            b_at = ((top * width + left) * shape.filters + o) * lanes
            if depthwise:
                b = Matrix(dout, b_at, dout_pixel, 1)
                _depthwise_weights(c, a, b, filters, sizes, scratch)
            elif lanes == 1:
                b = Matrix(dout, b_at, dout_pixel, 1)
                product_of_runs(c, c, a, b, count, filters, sizes, True)
            else:
                b = Matrix(dout, b_at, dout_pixel, lanes)
                _dot_product(c, a, b, count, filters, sizes, apart)
        row += count


@njit
def _dot_product(c, a, b, rows, columns, sizes, apart):
    """``c += a @ b``, where elements of `a` and `b` are vectors.

    They are added up over their lanes, unless those are kept `apart`: in `c` they are vectors then.
    """
    turns, depth, a_jump, b_jump = sizes
    down, across = -(-rows // DOT_ROWS), -(-columns // DOT_COLUMNS)
    for tile in range(down * across):
        i, i_stop = chunk_bounds(tile // across, down, rows)
        j, j_stop = chunk_bounds(tile % across, across, columns)
        to = window(c, i, j)
        height, width = i_stop - i, j_stop - j
        left, right = window(a, i, 0), window(b, 0, j)
        if apart:
            lane_tile(to, to, left, right, height, width, depth, turns, a_jump, b_jump)
        else:
            dot_tile(to, to, left, right, height, width, depth, turns, a_jump, b_jump)


@njit
def _depthwise_weights(c, a, b, channels, sizes, scratch):
    """Add the gradient of one tap of a depthwise convolution, in loops along the channels."""
    turns, depth, a_jump, b_jump = sizes
    sums = scratch[:channels]  # small numbers do not lose their digits to what is in `c`
    sums[:] = 0
    for turn in range(turns):
        for k in range(depth):
            step = turn * depth + k
            pixel = a.values[a.at + step * a.step + turn * a_jump :][:channels]
            dout = b.values[b.at + step * b.row + turn * b_jump :][:channels]
            for i in range(channels):
                sums[i] += pixel[i] * dout[i]
    total = c.values[c.at :][:channels]
    for i in range(channels):
        total[i] += sums[i]


@njit
def conv2d_bias_gradient(dbias, dout, shape, apart):
    """Compute the gradient of the bias: the sum of `dout` over images, positions and lanes.

    The error is at most ``BLOCK + 1`` units of roundoff of the sum of the absolute values (with
    samples innermost, 5 more).

    Parameters
    ----------
    dbias : (c_out,) or (c_out lanes,) array
        Output.
    dout : (n out_h out_w c_out lanes,) array
        Gradient with respect to the output of some images, or of some blocks of `lanes` images.
    shape : Conv2D
        Of the forward pass.
    apart : bool
        Whether each lane has a gradient of its own; they are innermost then.
    """
    filters, lanes = shape.filters, shape.lanes
    positions = dout.size // (filters * lanes)
    if lanes == 1:
        sum_runs(dbias, dout, 0, filters, positions)
        return
    size = lanes if apart else 1  # of an element of the gradient
    sums = np.zeros(filters * size)
    ones = Matrix(np.ones(lanes, dout.dtype), 0, 0, 0)
    for first in range(0, positions, BLOCK):
        dbias[:] = 0
        a = Matrix(dout, first * filters * lanes, lanes, filters * lanes)
        sizes = 1, min(BLOCK, positions - first), 0, 0
        _dot_product(Matrix(dbias, 0, size, size), a, ones, filters, 1, sizes, apart)
        add_block(sums, dbias)
    for i in range(sums.size):
        dbias[i] = sums[i]


@njit
def _geometry(x, kernel, dout, strides, padding, dilation_rate, groups):
    """The geometry of a convolution of images (n, h, w, c)."""
    _, height, width, channels = x.shape
    return Conv2D(
        height,
        width,
        channels,
        dout.shape[1],
        dout.shape[2],
        dout.shape[3],
        kernel.shape[0],
        kernel.shape[1],
        strides[0],
        strides[1],
        padding[0],
        padding[1],
        dilation_rate[0],
        dilation_rate[1],
        1,
        1,
        groups,
        1,
    )


@njit
def _scratch(shape, chunks, out):
    threads = 1 if chunks == 1 else thread_count()
    return np.empty((threads, conv2d_scratch_size(shape, out.itemsize)), out.dtype)


@njit
def _chunk_of_rows(out, x, kernel, bias, shape, start, stop, scratch):
    """Rows `start` to `stop` of the outputs of all images; whether the images are finite there."""
    height, finite = shape.out_height, True
    past_caches = out.nbytes >= TOO_LARGE and has_window_tile(shape, out.itemsize)
    for n in range(start // height, -(-stop // height)):
        first, last = max(start - n * height, 0), min(stop - n * height, height)
        finite &= share_is_finite(x[n], first, last, height)
        out_n, x_n = out[n].reshape(-1), x[n].reshape(-1)
        if past_caches:
            window_rows(out_n, x_n, kernel, bias, scratch, shape, first, last, True)
        else:
            conv2d_rows(out_n, x_n, kernel, bias, shape, first, last, scratch)
    if past_caches:
        finish_stores()
    return finite


@njit
def _weights(kernel, shape):
    """The filters as `conv2d_rows` takes them."""
    if not is_winograd(shape):
        return kernel
    size = shape.channels * shape.filters
    weights = np.empty(POINTS * size, kernel.dtype)
    transform_kernel(weights, kernel, 0, size)
    return weights


@njit(parallel=True)
def _all_rows(out, x, kernel, bias, shape):
    """Output rows of all images, in parallel; returns whether all images are finite."""
    rows = out.shape[0] * shape.out_height
    at_once = rows_at_once(shape, out.itemsize)
    strips = -(-rows // at_once)
    chunks = chunk_count(strips, 2 * at_once * shape.out_width * kernel.size)
    scratch = _scratch(shape, chunks, out)
    if chunks == 1:
        return _chunk_of_rows(out, x, kernel, bias, shape, 0, rows, scratch[0])
    finite = 0
    for chunk in prange(chunks):
        first, last = chunk_bounds(chunk, chunks, strips)
        start, stop = first * at_once, min(last * at_once, rows)
        own = scratch[get_thread_id()]
        finite += _chunk_of_rows(out, x, kernel, bias, shape, start, stop, own)
    return finite == chunks


@njit(calls_parallel=True)
def conv2d_forward(out, x, kernel, bias, strides, padding, dilation_rate, groups):
    """Forward pass of a 2-D convolution, parallel over output rows of all samples.

    ``out[n,y,x,o] = bias[o] + sum over ky, kx, c of
    x[n, y sy + ky dy - top, x sx + kx dx - left, c] kernel[ky,kx,c,o]``,
    where the image counts as zero outside, and ``c`` runs over the channels of the group of ``o``.

    Parameters
    ----------
    out : (n, out_h, out_w, c_out) array
        Output.
    x : (n, h, w, c_in) array
        Images, channels last.
    kernel : (kh, kw, c_in / groups, c_out) array
        Filters.
    bias : (c_out,) array
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        Zeros before the first row and column; those after the last follow from the shape of `out`.
    dilation_rate : (dy, dx) ints
        Distance between neighbouring taps of the filter.
    groups : int
        Number of parts of the channels; divides ``c_in`` and ``c_out``.

    Returns
    -------
    bool
        Whether all numbers of `x` are finite.
    """
    shape = join_rows(_geometry(x, kernel, out, strides, padding, dilation_rate, groups))
    return _all_rows(out, x, _weights(kernel.reshape(-1), shape), bias, shape)


@njit(calls_parallel=True)
def conv2d_backward_input(dx, dout, kernel, strides, padding, dilation_rate, groups):
    """Gradient with respect to the images, parallel over their rows.

    ``dx[n,iy,ix,c]`` is the sum of ``dout[n,y,x,o] kernel[ky,kx,c,o]`` over all ``y, x, ky, kx, o``
    with ``iy = y sy + ky dy - top`` and ``ix = x sx + kx dx - left``: each place of the image
    collects from the outputs that saw it, so no two threads add to the same number.

    Parameters
    ----------
    dx : (n, h, w, c_in) array
        Output.
    dout : (n, out_h, out_w, c_out) array
        Gradient with respect to the output of the forward pass.
    kernel : (kh, kw, c_in / groups, c_out) array
        Filters.
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        Zeros before the first row and column.
    dilation_rate : (dy, dx) ints
        Distance between neighbouring taps of the filter.
    groups : int
        Number of parts of the channels.
    """
    shape = join_rows(_geometry(dx, kernel, dout, strides, padding, dilation_rate, groups))
    packed = np.empty(kernel.size, kernel.dtype)
    transpose_kernel(packed, kernel.reshape(-1), shape)
    zeros = np.zeros(shape.channels, dx.dtype)
    back = transposed_conv2d(shape)
    _all_rows(dx, dout, _weights(packed, back), zeros, back)


@njit
def _chunk_of_weights(dkernel, dbias, x, dout, shape, start, stop, scratch):
    """Some rows of the gradient, over all images; the bias is one more row, after the last."""
    rows = dkernel.size // shape.filters
    for n in range(x.shape[0]):
        last = min(stop, rows)
        x_n, dout_n = x[n].reshape(-1), dout[n].reshape(-1)
        if start < last:
            conv2d_weight_rows(dkernel, x_n, dout_n, shape, start, last, n > 0, scratch, False)
    if stop > rows:
        conv2d_bias_gradient(dbias, dout.reshape(-1), shape, False)


@njit(parallel=True)
def _all_weights(dkernel, dbias, x, dout, shape):
    """All rows of the gradient and that of the bias, in parallel."""
    rows = dkernel.size // shape.filters + 1
    # Chunks of whole tiles; and few of them, because each reads all images.
    height = shape.kernel_width if _is_depthwise(shape) else TILE_ROWS
    tiles = -(-rows // height)
    chunks = min(WEIGHT_CHUNKS, chunk_count(tiles, 2 * dout.size * height))
    scratch = _scratch(shape, chunks, dkernel)
    if chunks == 1:
        _chunk_of_weights(dkernel, dbias, x, dout, shape, 0, rows, scratch[0])
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, tiles)
            start, stop = start * height, min(stop * height, rows)
            thread = get_thread_id()
            _chunk_of_weights(dkernel, dbias, x, dout, shape, start, stop, scratch[thread])


@njit(calls_parallel=True)
def conv2d_backward_weight(dkernel, dbias, x, dout, strides, padding, dilation_rate, groups):
    """Gradient with respect to filters and bias, parallel over taps and input channels.

    ``dkernel[ky,kx,c,o] = sum over n, y, x of
    x[n, y sy + ky dy - top, x sx + kx dx - left, c] dout[n,y,x,o]`` and
    ``dbias[o] = sum over n, y, x of dout[n,y,x,o]``: sums over the samples, not means. Each thread
    owns rows of the result, so no partial gradients are kept.

    Parameters
    ----------
    dkernel : (kh, kw, c_in / groups, c_out) array
        Output.
    dbias : (c_out,) array
        Output.
    x : (n, h, w, c_in) array
        Images.
    dout : (n, out_h, out_w, c_out) array
        Gradient with respect to the output of the forward pass.
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        Zeros before the first row and column.
    dilation_rate : (dy, dx) ints
        Distance between neighbouring taps of the filter.
    groups : int
        Number of parts of the channels.
    """
    shape = join_rows(_geometry(x, dkernel, dout, strides, padding, dilation_rate, groups))
    _all_weights(dkernel.reshape(-1), dbias, x, dout, shape)


@njit
def _image_rows(out, image, kernel, first, stop):
    """Some output rows, two at a time: a row of the image is read once for both.

    `kernel` has a row of zeros before and after it, for the rows of the image that one of the two
    does not see.
    """
    width, pitch = out.shape[1], image.shape[1]
    rows, taps = kernel.shape
    c, b = Matrix(out.reshape(-1), 0, width, 1), Matrix(image.reshape(-1), 0, 1, 1)
    weights = kernel.reshape(-1)
    lanes = VECTOR_BYTES // out.itemsize
    zero = Matrix(np.zeros(lanes, out.dtype), 0, 0, 0)
    for y in range(first, stop, 2):
        height, vectors = tile_shape(min(2, stop - y))
        panel = vectors * lanes
        for x in range(0, width, panel):
            columns = min(panel, width - x)
            tile_product(
                window(c, y, x),
                zero,
                Matrix(weights, taps, -taps, 1),
                window(b, 0, y * pitch + x),
                height,
                columns,
                taps,
                rows - 3 + height,
                0,
                pitch - taps,
            )


@njit(parallel=True)
def conv2d_image_forward(out, image, kernel):
    """One filter over one grey image, the essay's ``convolution``; parallel over output rows.

    ``out[y,x] = sum over ky, kx of image[y + ky, x + kx] kernel[ky, kx]``.

    Parameters
    ----------
    out : (h - kh + 1, w - kw + 1) array
        Output.
    image : (h, w) array
        Finite numbers: two rows of output are computed from the same rows of the image, and each
        multiplies one of these by zero.
    kernel : (kh, kw) array
    """
    rows = out.shape[0]
    chunks = chunk_count(rows, 2 * out.shape[1] * kernel.size)
    kh, kw = kernel.shape
    weights = np.zeros((kh + 2, kw), out.dtype)
    for ky in range(kh):
        for kx in range(kw):
            weights[ky + 1, kx] = kernel[ky, kx]
    if chunks == 1:
        _image_rows(out, image, weights, 0, rows)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            _image_rows(out, image, weights, start, stop)
