"""2-D convolution: a window slides over an image, and its dot product with the filter is kept.

As everywhere in this field it is a cross-correlation: the filter is not flipped.

With ``groups`` the channels are cut into so many equal parts, and each filter sees only the input
channels of its own part: filters ``0 ... c_out / groups - 1`` the first, and so on. One group is
the ordinary convolution, and as many groups as channels the depthwise one.

Forward pass and both derivatives cost ``2 n out_h out_w kh kw (c_in / groups) c_out`` flops each.
Their innermost loops run along the filters, which are contiguous, and meet no bounds test.
"""

from .chunks import chunk_bounds, chunk_count
from .jit import njit, prange
from .windows import tap_position, tap_range

__all__ = [
    "conv2d_backward_input",
    "conv2d_backward_weight",
    "conv2d_forward",
    "conv2d_image_forward",
]


@njit
def _add_tap(out, pixels, weights, first, stop, stride, offset, groups):
    """What one tap of all filters adds to a row of the output: ``out += pixels @ weights``."""
    in_channels = weights.shape[0]
    out_channels = weights.shape[1] // groups
    if groups == 1:
        for ox in range(first, stop):
            sums, pixel = out[ox], pixels[ox * stride + offset]
            for c in range(in_channels):
                pixel_c, weights_c = pixel[c], weights[c]
                for o in range(out_channels):
                    sums[o] += pixel_c * weights_c[o]
    elif in_channels == 1 and out_channels == 1:  # depthwise: along the channels
        for ox in range(first, stop):
            sums, pixel = out[ox], pixels[ox * stride + offset]
            for c in range(groups):
                sums[c] += pixel[c] * weights[0, c]
    else:
        for ox in range(first, stop):
            pixel = pixels[ox * stride + offset]
            for group in range(groups):
                filters = slice(group * out_channels, (group + 1) * out_channels)
                sums = out[ox, filters]
                for c in range(in_channels):
                    pixel_c = pixel[group * in_channels + c]
                    group_weights = weights[c, filters]
                    for o in range(out_channels):
                        sums[o] += pixel_c * group_weights[o]


@njit
def _output_row(out, x, kernel, bias, y, strides, padding, dilation_rate, groups):
    """One row of one sample's output, tap by tap."""
    height, width, _ = x.shape
    positions = out.shape[0]
    for ox in range(positions):
        out[ox] = bias
    for ky in range(kernel.shape[0]):
        iy = y * strides[0] + ky * dilation_rate[0] - padding[0]
        if iy < 0 or iy >= height:
            continue  # padding: zeros add nothing
        pixels = x[iy]
        for kx in range(kernel.shape[1]):
            weights = kernel[ky, kx]
            offset = kx * dilation_rate[1] - padding[1]
            first, stop = tap_range(kx, width, positions, strides[1], dilation_rate[1], padding[1])
            _add_tap(out, pixels, weights, first, stop, strides[1], offset, groups)


@njit(parallel=True)
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
    samples, out_height = out.shape[:2]
    rows = samples * out_height
    chunks = chunk_count(rows, out.shape[2] * kernel.size)
    if chunks == 1:
        for row in range(rows):
            n, y = divmod(row, out_height)
            _output_row(out[n, y], x[n], kernel, bias, y, strides, padding, dilation_rate, groups)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            for row in range(start, stop):
                n, y = divmod(row, out_height)
                _output_row(
                    out[n, y], x[n], kernel, bias, y, strides, padding, dilation_rate, groups
                )


@njit
def _add_input_gradient(dpixels, dout, weights, first, stop, stride, offset, groups):
    """Derivative of :func:`_add_tap` for the pixels: ``dpixels += dout @ weights.T``."""
    in_channels = weights.shape[0]
    out_channels = weights.shape[1] // groups
    zero = dout.dtype.type(0)
    if groups == 1:
        for ox in range(first, stop):
            dsums, dpixel = dout[ox], dpixels[ox * stride + offset]
            for c in range(in_channels):
                total, weights_c = zero, weights[c]
                for o in range(out_channels):
                    total += dsums[o] * weights_c[o]
                dpixel[c] += total
    elif in_channels == 1 and out_channels == 1:
        for ox in range(first, stop):
            dsums, dpixel = dout[ox], dpixels[ox * stride + offset]
            for c in range(groups):
                dpixel[c] += dsums[c] * weights[0, c]
    else:
        for ox in range(first, stop):
            dpixel = dpixels[ox * stride + offset]
            for group in range(groups):
                filters = slice(group * out_channels, (group + 1) * out_channels)
                dsums = dout[ox, filters]
                for c in range(in_channels):
                    group_weights = weights[c, filters]
                    total = zero
                    for o in range(out_channels):
                        total += dsums[o] * group_weights[o]
                    dpixel[group * in_channels + c] += total


@njit
def _input_row(dx, dout, kernel, iy, strides, padding, dilation_rate, groups):
    """One row of one sample's input gradient: every output that saw it sends its share."""
    out_height, positions = dout.shape[:2]
    dx[:] = 0
    for ky in range(kernel.shape[0]):
        y = tap_position(ky, iy, out_height, strides[0], dilation_rate[0], padding[0])
        if y < 0:
            continue
        dout_row = dout[y]
        for kx in range(kernel.shape[1]):
            weights = kernel[ky, kx]
            offset = kx * dilation_rate[1] - padding[1]
            first, stop = tap_range(
                kx, dx.shape[0], positions, strides[1], dilation_rate[1], padding[1]
            )
            _add_input_gradient(dx, dout_row, weights, first, stop, strides[1], offset, groups)


@njit(parallel=True)
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
    samples, height = dx.shape[:2]
    rows = samples * height
    chunks = chunk_count(rows, dout.shape[1] * dout.shape[2] * kernel.size // height)
    if chunks == 1:
        for row in range(rows):
            n, iy = divmod(row, height)
            _input_row(dx[n, iy], dout[n], kernel, iy, strides, padding, dilation_rate, groups)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            for row in range(start, stop):
                n, iy = divmod(row, height)
                _input_row(dx[n, iy], dout[n], kernel, iy, strides, padding, dilation_rate, groups)


@njit
def _add_weight_gradient(dweights, pixels, dout, channel, first, stop, stride, offset, groups):
    """Derivative of :func:`_add_tap` for the weights: ``dweights += pixels.T @ dout``.

    `dweights` may be some of the rows only, those from `channel` on.
    """
    in_channels = pixels.shape[1] // groups
    out_channels = dout.shape[1] // groups
    if groups == 1:
        for ox in range(first, stop):
            dsums, pixel = dout[ox], pixels[ox * stride + offset, channel:]
            for c in range(dweights.shape[0]):
                pixel_c, dweights_c = pixel[c], dweights[c]
                for o in range(out_channels):
                    dweights_c[o] += pixel_c * dsums[o]
    elif in_channels == 1 and out_channels == 1:
        for ox in range(first, stop):
            dsums, pixel = dout[ox], pixels[ox * stride + offset]
            for c in range(groups):
                dweights[0, c] += pixel[c] * dsums[c]
    else:
        for ox in range(first, stop):
            pixel = pixels[ox * stride + offset]
            for group in range(groups):
                filters = slice(group * out_channels, (group + 1) * out_channels)
                dsums = dout[ox, filters]
                for c in range(dweights.shape[0]):
                    pixel_c = pixel[group * in_channels + channel + c]
                    group_dweights = dweights[c, filters]
                    for o in range(out_channels):
                        group_dweights[o] += pixel_c * dsums[o]


@njit
def _tap_gradient(dweights, x, dout, ky, kx, channel, strides, padding, dilation_rate, groups):
    """Gradient of one tap's weights from `channel` on, added up over samples and positions.

    The samples and positions come in order, and no other thread adds to these weights.
    """
    samples, height, width, _ = x.shape
    out_height, positions = dout.shape[1:3]
    top, bottom = tap_range(ky, height, out_height, strides[0], dilation_rate[0], padding[0])
    left, right = tap_range(kx, width, positions, strides[1], dilation_rate[1], padding[1])
    offset_y = ky * dilation_rate[0] - padding[0]
    offset_x = kx * dilation_rate[1] - padding[1]
    dweights[:] = 0
    for n in range(samples):
        for y in range(top, bottom):
            pixels = x[n, y * strides[0] + offset_y]
            _add_weight_gradient(
                dweights, pixels, dout[n, y], channel, left, right, strides[1], offset_x, groups
            )


@njit
def _weight_rows(dkernel, dbias, x, dout, start, stop, strides, padding, dilation_rate, groups):
    """Some rows of the weight gradient; the bias counts as one more row, after the last."""
    kernel_width, in_channels = dkernel.shape[1:3]
    rows = dkernel.shape[0] * kernel_width * in_channels
    row = start
    while row < min(stop, rows):  # tap by tap
        tap, channel = divmod(row, in_channels)
        ky, kx = divmod(tap, kernel_width)
        last = min(in_channels, channel + stop - row)
        dweights = dkernel[ky, kx, channel:last]
        _tap_gradient(dweights, x, dout, ky, kx, channel, strides, padding, dilation_rate, groups)
        row += last - channel
    if stop > rows:
        dbias[:] = 0
        dpixels = dout.reshape(-1, dbias.size)
        for position in range(dpixels.shape[0]):
            for o in range(dbias.size):
                dbias[o] += dpixels[position, o]


@njit(parallel=True)
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
    rows = dkernel.shape[0] * dkernel.shape[1] * dkernel.shape[2] + 1
    chunks = chunk_count(rows, dout.size)
    if chunks == 1:
        _weight_rows(dkernel, dbias, x, dout, 0, rows, strides, padding, dilation_rate, groups)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            _weight_rows(
                dkernel, dbias, x, dout, start, stop, strides, padding, dilation_rate, groups
            )


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
