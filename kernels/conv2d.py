"""2-D convolution: a window slides over an image, and its dot product with the filter is kept.

As everywhere in this field it is a cross-correlation: the filter is not flipped.

With ``groups`` the channels are cut into so many equal parts, and each filter sees only the input
channels of its own part: filters ``0 ... c_out / groups - 1`` the first, and so on. One group is
the ordinary convolution, and as many groups as channels the depthwise one.

Forward pass and both derivatives cost ``2 n out_h out_w kh kw (c_in / groups) c_out`` flops each,
and all three are products of matrices that lie in the images as they are. What a window sees in one
row of the image is one run of ``kw c`` numbers, so the image *is* the left factor, with rows that
overlap, and the tile of :mod:`.simd` goes over the rows of the window without a copy:

====================  ================  ====================  ===============================
product               rows              columns               sum over
====================  ================  ====================  ===============================
output                positions ``x``   filters               window ``(ky, kx, c)``
gradient of filters   ``(kx, c)``       filters               positions ``(y, x)``
gradient of input     an output of its own: `transposed_conv2d`
====================  ================  ====================  ===============================

Few filters fill no vector. Then as many samples as a vector has lanes are interleaved, numbers of
one place side by side (`lanes`), and a number above becomes a vector: ::

    lanes == 1    image (h, w, c)           every function below takes one image
    lanes > 1     image (h, w, c, lanes)    ... or one block of so many images

Rows and columns then change places, for it is the positions' vectors that are loaded:

====================  ================  ====================  ===============================
output                filters           positions ``x``       window ``(ky, kx, c)``
gradient of filters   ``(kx, c)``       filters               positions ``(y, x)`` and lanes
====================  ================  ====================  ===============================

Where the window leaves the image, or the image is spread (see `Conv2D`), a band of rows is copied
with its zeros first: one copy of a number for ``2 kh kw c_out`` flops with it.
"""

from collections import namedtuple

import numpy as np

from .chunks import chunk_bounds, chunk_count
from .jit import get_thread_id, njit, prange, thread_count
from .matmul import tile_shape, window
from .simd import (
    DOT_COLUMNS,
    DOT_ROWS,
    TILE_ROWS,
    TILE_VECTORS,
    VECTOR_BYTES,
    Matrix,
    dot_tile,
    tile_product,
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
"""

# A band of the image, with what is written, is to stay in a second-level cache.
BAND_BYTES = 1 << 17


@njit
def transposed_conv2d(shape):
    """The geometry of the input gradient, which is a convolution of `dout` by `transpose_kernel`.

    Output (y, x) has seen pixel ``y sy + ky dy - top``. Seen from the pixel: it collects from the
    outputs at ``(iy + top - ky dy) / sy`` where that is whole. So the kernel runs backwards, and
    `dout` lies ``sy`` apart.
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
def transpose_kernel(packed, kernel, shape):
    """Turn the filters round, and exchange input and output channels in each group.

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
def _is_padded(shape):
    """Whether the image cannot be read as it lies."""
    bottom = (shape.out_height - 1) * shape.stride_y + (shape.kernel_height - 1) * shape.dilation_y
    inside = shape.top == 0 and shape.left == 0 and bottom < shape.height
    inside = inside and _seen_columns(shape) <= shape.width
    return not (inside and shape.spread_y == 1 and shape.spread_x == 1)


@njit
def _seen_columns(shape):
    """Columns of the image, padded and spread, that the window meets."""
    return (shape.out_width - 1) * shape.stride_x + (shape.kernel_width - 1) * shape.dilation_x + 1


@njit
def _seen_rows(shape, rows):
    """Rows of the image, padded and spread, that the window meets in so many rows of output."""
    return (rows - 1) * shape.stride_y + (shape.kernel_height - 1) * shape.dilation_y + 1


@njit
def _band(shape, itemsize):
    """Rows of output that are computed from one band of the image."""
    row_bytes = _seen_columns(shape) * shape.channels * shape.lanes * itemsize
    rows = (BAND_BYTES // row_bytes - _seen_rows(shape, 1)) // shape.stride_y + 1
    return min(max(rows, 1), shape.out_height)


@njit
def conv2d_scratch_size(shape, itemsize):
    """Elements of scratch that one thread needs."""
    band = _seen_rows(shape, _band(shape, itemsize)) * _seen_columns(shape)
    band *= shape.channels * shape.lanes if _is_padded(shape) else 0
    return shape.filters * shape.lanes + band


@njit
def _copy_band(band, x, shape, first):
    """Copy rows of the padded, spread image from row `first` on, as many as `band` has."""
    pixel = shape.channels * shape.lanes
    columns = _seen_columns(shape)
    for i in range(band.size // (columns * pixel)):
        row = band[i * columns * pixel :][: columns * pixel]
        y = (first + i - shape.top) // shape.spread_y
        if y * shape.spread_y != first + i - shape.top or y < 0 or y >= shape.height:
            row[:] = 0
        elif shape.spread_x == 1:
            start = min(max(shape.left, 0), columns)
            stop = min(max(shape.left + shape.width, 0), columns)
            of = (y * shape.width - shape.left) * pixel
            row[: start * pixel] = 0
            row[start * pixel : stop * pixel] = x[of + start * pixel : of + stop * pixel]
            row[stop * pixel :] = 0
        else:
            row[:] = 0
            for ix in range(shape.width):
                at = ix * shape.spread_x + shape.left
                if 0 <= at < columns:
                    of = (y * shape.width + ix) * pixel
                    row[at * pixel : (at + 1) * pixel] = x[of : of + pixel]


@njit
def _runs(shape):
    """How the window is cut along a row: into how many runs, of how many numbers each.

    The whole row of the window is contiguous in the image, unless it has gaps, or only some of the
    channels are looked at.
    """
    channels = shape.channels // shape.groups
    if shape.dilation_x == 1 and shape.groups == 1:
        return 1, shape.kernel_width * channels
    return shape.kernel_width, channels


@njit
def _is_depthwise(shape):
    return shape.groups == shape.channels == shape.filters and shape.groups > 1 and shape.lanes == 1


@njit
def conv2d_rows(out, x, kernel, bias, shape, first, stop, scratch):
    """Compute some rows of the output of one image, or of one block of `lanes` images.

    Parameters
    ----------
    out : (out_h out_w c_out lanes,) array
        Output; only the rows asked for are touched.
    x : (h w c_in lanes,) array
        The image.
    kernel : (kh kw c_in / groups c_out,) array
        Filters.
    bias : (c_out,) array
    shape : Conv2D
    first, stop : int
        The first row of output, and the one after the last.
    scratch : (`conv2d_scratch_size`,) array
        Overwritten.
    """
    lanes, pixel = shape.lanes, shape.channels * shape.lanes
    for o in range(shape.filters):
        for lane in range(lanes):
            scratch[o * lanes + lane] = bias[o]
    band_at = shape.filters * lanes
    rows_a_band = _band(shape, scratch.itemsize)
    padded = _is_padded(shape)
    for y in range(first, stop, rows_a_band):
        rows = min(rows_a_band, stop - y)
        if padded:
            pitch = _seen_columns(shape) * pixel
            band = scratch[band_at:][: _seen_rows(shape, rows) * pitch]
            _copy_band(band, x, shape, y * shape.stride_y)
            _rows_of_band(out, y, rows, scratch, band_at, pitch, kernel, scratch, shape)
        else:
            pitch = shape.width * pixel
            at = y * shape.stride_y * pitch
            _rows_of_band(out, y, rows, x, at, pitch, kernel, scratch, shape)


@njit
def _rows_of_band(out, first, rows, x, at, pitch, kernel, start, shape):
    """Rows of output from the image, or its copy, that lies at `at` with rows `pitch` apart."""
    if _is_depthwise(shape):
        _depthwise_rows(out, first, rows, x, at, pitch, kernel, start, shape)
        return
    channels, filters = shape.channels // shape.groups, shape.filters // shape.groups
    lanes, width = shape.lanes, shape.out_width
    runs, run = _runs(shape)
    stride = shape.stride_x * shape.channels
    row = width * shape.filters * lanes
    x_jump = shape.dilation_y * pitch - run * lanes
    kernel_jump = (shape.kernel_width * channels - run) * shape.filters
    for group in range(shape.groups):
        o = group * filters
        for r in range(runs):
            to = first * row + o * lanes
            of = at + (r * shape.dilation_x * shape.channels + group * channels) * lanes
            weights = r * channels * shape.filters + o
            if lanes == 1:
                c = Matrix(out, to, shape.filters, 1)
                begin = Matrix(start, o, 0, 1) if r == 0 else c
                a = Matrix(x, of, stride, 1)
                b = Matrix(kernel, weights, shape.filters, 1)
                panel = TILE_VECTORS * VECTOR_BYTES // start.itemsize
                sizes = shape.kernel_height, run, x_jump, kernel_jump
                for j in range(0, filters, panel):
                    columns = min(panel, filters - j)
                    for y in range(rows):
                        _product(
                            _shifted(window(c, 0, j), y * row),
                            _shifted(window(begin, 0, j), 0 if r == 0 else y * row),
                            _shifted(a, y * shape.stride_y * pitch),
                            window(b, 0, j),
                            width,
                            columns,
                            sizes,
                        )
            else:
                c = Matrix(out, to, lanes, shape.filters)
                begin = Matrix(start, o * lanes, lanes, 0) if r == 0 else c
                a = Matrix(kernel, weights, 1, shape.filters)
                b = Matrix(x, of, lanes, stride)
                sizes = shape.kernel_height, run, kernel_jump, x_jump
                for y in range(rows):
                    _product(
                        _shifted(c, y * row),
                        _shifted(begin, 0 if r == 0 else y * row),
                        a,
                        _shifted(b, y * shape.stride_y * pitch),
                        filters,
                        width * lanes,
                        sizes,
                    )


@njit
def _shifted(m, by):
    """The matrix `by` elements further on."""
    return Matrix(m.values, m.at + by, m.row, m.step)


@njit
def _product(c, start, a, b, rows, columns, sizes):
    """``c = start + a @ b``, tile by tile; `sizes` are the turns, depth and jumps of the tiles."""
    turns, depth, a_jump, b_jump = sizes
    i = 0
    while i < rows:
        height, vectors = tile_shape(rows - i)
        panel = vectors * VECTOR_BYTES // c.values.itemsize
        for j in range(0, columns, panel):
            tile_product(
                window(c, i, j),
                window(start, i, j),
                window(a, i, 0),
                window(b, 0, j),
                height,
                min(panel, columns - j),
                depth,
                turns,
                a_jump,
                b_jump,
            )
        i += height


@njit
def _depthwise_rows(out, first, rows, x, at, pitch, kernel, bias, shape):
    """As many groups as channels and filters: along the channels, tap by tap."""
    channels = shape.channels
    for y in range(first, first + rows):
        for ox in range(shape.out_width):
            sums = out[(y * shape.out_width + ox) * channels :][:channels]
            sums[:] = bias[:channels]
            for ky in range(shape.kernel_height):
                row = at + ((y - first) * shape.stride_y + ky * shape.dilation_y) * pitch
                for kx in range(shape.kernel_width):
                    column = ox * shape.stride_x + kx * shape.dilation_x
                    pixel = x[row + column * channels :][:channels]
                    weights = kernel[(ky * shape.kernel_width + kx) * channels :][:channels]
                    for c in range(channels):
                        sums[c] += pixel[c] * weights[c]


@njit
def conv2d_weight_rows(dkernel, x, dout, shape, first, stop, accumulate, scratch):
    """Compute some rows of the gradient of the filters, from one image or block of images.

    Parameters
    ----------
    dkernel : (kh kw c_in / groups c_out,) array
        Output: sums over the positions (and lanes), not means.
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
    """
    pixel = shape.channels * shape.lanes
    band_at = shape.filters * shape.lanes
    rows_a_band = _band(shape, scratch.itemsize)
    padded = _is_padded(shape)
    if not accumulate:
        dkernel[first * shape.filters : stop * shape.filters] = 0
    for y in range(0, shape.out_height, rows_a_band):
        rows = min(rows_a_band, shape.out_height - y)
        if padded:
            pitch = _seen_columns(shape) * pixel
            band = scratch[band_at:][: _seen_rows(shape, rows) * pitch]
            _copy_band(band, x, shape, y * shape.stride_y)
            _weights_of_band(dkernel, first, stop, scratch, band_at, pitch, dout, y, rows, shape)
        else:
            pitch = shape.width * pixel
            at = y * shape.stride_y * pitch
            _weights_of_band(dkernel, first, stop, x, at, pitch, dout, y, rows, shape)


@njit
def _weights_of_band(dkernel, first, stop, x, at, pitch, dout, y, rows, shape):
    """Add what `rows` rows of `dout` from `y` on give to some rows of the gradient."""
    channels, filters = shape.channels // shape.groups, shape.filters // shape.groups
    lanes, width = shape.lanes, shape.out_width
    runs, run = _runs(shape)
    x_step = shape.stride_x * shape.channels * lanes
    dout_step = shape.filters * lanes
    sizes = rows, width, shape.stride_y * pitch - width * x_step, 0
    row = first
    while row < stop:  # run by run
        number = row // run
        count = min(stop, (number + 1) * run) - row
        tap = number * shape.kernel_width // runs
        ky, kx = tap // shape.kernel_width, tap % shape.kernel_width
        of = at + ky * shape.dilation_y * pitch + kx * shape.dilation_x * shape.channels * lanes
        of += row % run * lanes
        for group in range(shape.groups):
            o = group * filters
            c = Matrix(dkernel, row * shape.filters + o, shape.filters, 1)
            a = Matrix(x, of + group * channels * lanes, lanes, x_step)
            b_at = (y * width * shape.filters + o) * lanes
            if lanes == 1:
                b = Matrix(dout, b_at, dout_step, 1)
                _product(c, c, a, b, count, filters, sizes)
            else:
                b = Matrix(dout, b_at, dout_step, lanes)
                _dot_product(c, a, b, count, filters, sizes)
        row += count


@njit
def _dot_product(c, a, b, rows, columns, sizes):
    """``c += a @ b`` of vectors, added up over their lanes, tile by tile."""
    turns, depth, a_jump, b_jump = sizes
    down, across = -(-rows // DOT_ROWS), -(-columns // DOT_COLUMNS)
    for tile in range(down * across):
        i, i_stop = chunk_bounds(tile // across, down, rows)
        j, j_stop = chunk_bounds(tile % across, across, columns)
        to = window(c, i, j)
        height, width = i_stop - i, j_stop - j
        left, right = window(a, i, 0), window(b, 0, j)
        dot_tile(to, to, left, right, height, width, depth, turns, a_jump, b_jump)


@njit
def conv2d_bias_gradient(dbias, dout, shape, accumulate):
    """Compute the gradient of the bias: the sum of `dout` over positions and lanes.

    Parameters
    ----------
    dbias : (c_out,) array
        Output.
    dout : (out_h out_w c_out lanes,) array
        Gradient with respect to the output of one image, or of one block of `lanes` images.
    shape : Conv2D
        Of the forward pass.
    accumulate : bool
        Add to `dbias`; otherwise overwrite it.
    """
    filters, lanes = shape.filters, shape.lanes
    if not accumulate:
        dbias[:] = 0
    positions = shape.out_height * shape.out_width
    if lanes == 1:
        for position in range(positions):
            pixel = dout[position * filters :][:filters]
            for o in range(filters):
                dbias[o] += pixel[o]
    else:
        c = Matrix(dbias, 0, 1, 1)
        ones = Matrix(np.ones(lanes, dout.dtype), 0, 0, 0)
        b = Matrix(dout, 0, filters * lanes, lanes)
        _dot_product(c, ones, b, 1, filters, (1, positions, 0, 0))


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
    """Rows `start` to `stop` of the outputs of all images, one after the other."""
    height = shape.out_height
    for n in range(start // height, -(-stop // height)):
        first, last = max(start - n * height, 0), min(stop - n * height, height)
        conv2d_rows(out[n].reshape(-1), x[n].reshape(-1), kernel, bias, shape, first, last, scratch)


@njit(parallel=True)
def _all_rows(out, x, kernel, bias, shape):
    """Output rows of all images, in parallel."""
    rows = out.shape[0] * shape.out_height
    chunks = chunk_count(rows, shape.out_width * kernel.size)
    scratch = _scratch(shape, chunks, out)
    if chunks == 1:
        _chunk_of_rows(out, x, kernel, bias, shape, 0, rows, scratch[0])
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            _chunk_of_rows(out, x, kernel, bias, shape, start, stop, scratch[get_thread_id()])


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
        Zeros before the first row and column; `out` says how far the window goes past the last.
    dilation_rate : (dy, dx) ints
        Distance between neighbouring taps of the filter.
    groups : int
        Parts that the channels are cut into; divides ``c_in`` and ``c_out``.
    """
    shape = _geometry(x, kernel, out, strides, padding, dilation_rate, groups)
    _all_rows(out, x, kernel.reshape(-1), bias, shape)


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
        Parts that the channels are cut into.
    """
    shape = _geometry(dx, kernel, dout, strides, padding, dilation_rate, groups)
    packed = np.empty(kernel.size, kernel.dtype)
    transpose_kernel(packed, kernel.reshape(-1), shape)
    zeros = np.zeros(shape.channels, dx.dtype)
    _all_rows(dx, dout, packed, zeros, transposed_conv2d(shape))


@njit
def _chunk_of_weights(dkernel, dbias, x, dout, shape, start, stop, scratch):
    """Some rows of the gradient, over all images; the bias is one more row, after the last."""
    rows = dkernel.size // shape.filters
    for n in range(x.shape[0]):
        last = min(stop, rows)
        x_n, dout_n = x[n].reshape(-1), dout[n].reshape(-1)
        if start < last:
            conv2d_weight_rows(dkernel, x_n, dout_n, shape, start, last, n > 0, scratch)
        if stop > rows:
            conv2d_bias_gradient(dbias, dout_n, shape, n > 0)


@njit(parallel=True)
def _all_weights(dkernel, dbias, x, dout, shape):
    """All rows of the gradient and that of the bias, in parallel."""
    rows = dkernel.size // shape.filters + 1
    # Whole tiles: a chunk of a few rows would be slow.
    tiles = -(-rows // TILE_ROWS)
    chunks = chunk_count(tiles, dout.size * TILE_ROWS)
    scratch = _scratch(shape, chunks, dkernel)
    if chunks == 1:
        _chunk_of_weights(dkernel, dbias, x, dout, shape, 0, rows, scratch[0])
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, tiles)
            start, stop = start * TILE_ROWS, min(stop * TILE_ROWS, rows)
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
        Parts that the channels are cut into.
    """
    shape = _geometry(x, dkernel, dout, strides, padding, dilation_rate, groups)
    _all_weights(dkernel.reshape(-1), dbias, x, dout, shape)


@njit
def _image_rows(out, image, kernel, first):
    """Output rows from `first` on: one pass over a row for each tap of the filter."""
    width = out.shape[1]
    for y in range(out.shape[0]):
        out_row = out[y]
        out_row[:] = 0
        for ky in range(kernel.shape[0]):
            for kx in range(kernel.shape[1]):
                weight = kernel[ky, kx]
                pixels = image[first + y + ky, kx : kx + width]
                for ox in range(width):
                    out_row[ox] += weight * pixels[ox]


@njit(parallel=True)
def conv2d_image_forward(out, image, kernel):
    """One filter over one grey image, the essay's ``convolution``; parallel over output rows.

    ``out[y,x] = sum over ky, kx of image[y + ky, x + kx] kernel[ky, kx]``.

    Parameters
    ----------
    out : (h - kh + 1, w - kw + 1) array
        Output.
    image : (h, w) array
    kernel : (kh, kw) array
    """
    rows = out.shape[0]
    chunks = chunk_count(rows, out.shape[1] * kernel.size)
    if chunks == 1:
        _image_rows(out, image, kernel, 0)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            _image_rows(out[start:stop], image, kernel, start)
