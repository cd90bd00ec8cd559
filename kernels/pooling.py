"""Pooling: the largest number or the mean of each window of an image, channel by channel.

There is no padding with zeros: what is outside the image counts neither for the maximum nor for the
average, as in Keras. A window must see at least one pixel.

Each costs about one operation for each pixel of each window, and is bound by memory. The innermost
loops run along the channels. The backward passes gather: a row of the image collects from the
windows that saw it, so no two threads add to the same number.
"""

import numpy as np

from .chunks import chunk_bounds, chunk_count
from .finite import is_finite, share_is_finite
from .jit import njit, prange
from .runs import mean_of_runs
from .sums import BLOCK, sum_runs
from .windows import tap_position, tap_range

__all__ = [
    "average_pool2d_backward",
    "average_pool2d_forward",
    "max_pool2d_backward",
    "max_pool2d_forward",
]

# A pixel of a window, where there are few channels, takes as long as this many multiply-adds.
TAP_WORK = 20


@njit
def _max_row_of_quads(out, argmax, above, below):
    """One row of maxima of 2 x 2 windows that do not overlap: every number is read once."""
    for ox in range(out.shape[0]):
        first, second, third, fourth = (
            above[2 * ox],
            above[2 * ox + 1],
            below[2 * ox],
            below[2 * ox + 1],
        )
        largest, places = out[ox], argmax[ox]
        for c in range(out.shape[1]):
            value, place = first[c], np.int32(0)
            wins = second[c] > value or second[c] != second[c]  # NaN stays NaN
            value, place = second[c] if wins else value, np.int32(1) if wins else place
            wins = third[c] > value or third[c] != third[c]
            value, place = third[c] if wins else value, np.int32(2) if wins else place
            wins = fourth[c] > value or fourth[c] != fourth[c]
            value, place = fourth[c] if wins else value, np.int32(3) if wins else place
            largest[c], places[c] = value, place


@njit
def max_row(out, argmax, x, y, pool_size, strides, padding):
    """One row of one sample's maxima, tap by tap."""
    height, width, channels = x.shape
    positions = out.shape[0]
    quads = (pool_size, strides, padding) == ((2, 2), (2, 2), (0, 0))
    if quads and 2 * positions <= width and 2 * y + 1 < height:
        _max_row_of_quads(out, argmax, x[2 * y], x[2 * y + 1])
        return
    out[:] = -np.inf
    argmax[:] = 0
    for py in range(pool_size[0]):
        iy = y * strides[0] + py - padding[0]
        if iy < 0 or iy >= height:
            continue
        for px in range(pool_size[1]):
            place = np.int32(py * pool_size[1] + px)
            first, stop = tap_range(px, width, positions, strides[1], 1, padding[1])
            for ox in range(first, stop):
                pixel = x[iy, ox * strides[1] + px - padding[1]]
                largest, places = out[ox], argmax[ox]
                for c in range(channels):
                    wins = pixel[c] > largest[c] or pixel[c] != pixel[c]  # NaN stays NaN
                    largest[c] = pixel[c] if wins else largest[c]
                    places[c] = place if wins else places[c]


@njit
def _max_rows(out, argmax, x, pool_size, strides, padding, start, stop):
    """Some rows of maxima, of one image after the other; whether the images are finite there."""
    height, finite = out.shape[1], True
    for row in range(start, stop):
        n, y = divmod(row, height)
        finite &= share_is_finite(x[n], y, y + 1, height)
        max_row(out[n, y], argmax[n, y], x[n], y, pool_size, strides, padding)
    return finite


@njit(parallel=True)
def max_pool2d_forward(out, argmax, x, pool_size, strides, padding):
    """Largest number of each window, parallel over output rows of all samples.

    ``out[n,y,x,c] = max over py, px of x[n, y sy + py - top, x sx + px - left, c]``, over the
    places inside the image.

    Parameters
    ----------
    out : (n, out_h, out_w, c) array
        Output.
    argmax : (n, out_h, out_w, c) int32 array
        Output: the place of the maximum in its window, ``py * pool_width + px``; the first, if
        several are equal.
    x : (n, h, w, c) array
        Images, channels last.
    pool_size : (ph, pw) ints
        Height and width of the window.
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        How far the first window begins before the image; how far the last one goes past it follows
        from the shape of `out`.

    Returns
    -------
    bool
        Whether all numbers of `x` are finite.
    """
    rows = out.shape[0] * out.shape[1]
    chunks = chunk_count(rows, TAP_WORK * out[0, 0].size * pool_size[0] * pool_size[1])
    if chunks == 1:
        return _max_rows(out, argmax, x, pool_size, strides, padding, 0, rows)
    finite = 0
    for chunk in prange(chunks):
        start, stop = chunk_bounds(chunk, chunks, rows)
        finite += _max_rows(out, argmax, x, pool_size, strides, padding, start, stop)
    return finite == chunks


@njit
def max_row_backward(dx, dout, argmax, iy, pool_size, strides, padding):
    """One row of one sample's input gradient."""
    out_height, positions, channels = dout.shape
    zero = dx.dtype.type(0)
    if strides == pool_size and padding == (0, 0) and positions * strides[1] <= dx.shape[0]:
        # Side by side: every place belongs to one window, or to none at the far edges.
        y, py = divmod(iy, strides[0])
        dx[positions * strides[1] if y < out_height else 0 :] = 0
        for ox in range(positions if y < out_height else 0):
            dlargest, places = dout[y, ox], argmax[y, ox]
            for px in range(pool_size[1]):
                place = py * pool_size[1] + px
                dpixel = dx[ox * strides[1] + px]
                for c in range(channels):
                    dpixel[c] = dlargest[c] if places[c] == place else zero
        return
    dx[:] = 0
    for py in range(pool_size[0]):
        y = tap_position(py, iy, out_height, strides[0], 1, padding[0])
        if y < 0:
            continue
        for px in range(pool_size[1]):
            place = np.int32(py * pool_size[1] + px)
            first, stop = tap_range(px, dx.shape[0], positions, strides[1], 1, padding[1])
            for ox in range(first, stop):
                dpixel = dx[ox * strides[1] + px - padding[1]]
                dlargest, places = dout[y, ox], argmax[y, ox]
                for c in range(channels):
                    dpixel[c] += dlargest[c] if places[c] == place else zero


@njit(parallel=True)
def max_pool2d_backward(dx, dout, argmax, pool_size, strides, padding):
    """Derivative of max pooling, parallel over input rows of all samples.

    Each window passes its gradient on to the place of its maximum.

    Parameters
    ----------
    dx : (n, h, w, c) array
        Output: gradient with respect to the images.
    dout : (n, out_h, out_w, c) array
        Gradient with respect to the output.
    argmax : (n, out_h, out_w, c) int32 array
        Places of the maxima, from the forward pass.
    pool_size : (ph, pw) ints
        Height and width of the window.
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        How far the first window begins before the image.
    """
    samples, height = dx.shape[:2]
    rows = samples * height
    chunks = chunk_count(rows, TAP_WORK * dout[0].size * pool_size[0] * pool_size[1] // height)
    if chunks == 1:
        for row in range(rows):
            n, iy = divmod(row, height)
            max_row_backward(dx[n, iy], dout[n], argmax[n], iy, pool_size, strides, padding)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            for row in range(start, stop):
                n, iy = divmod(row, height)
                max_row_backward(dx[n, iy], dout[n], argmax[n], iy, pool_size, strides, padding)


@njit
def _seen(position, size, taps, stride, padding):
    """How many places of the image a window sees along one axis."""
    first = position * stride - padding
    return min(first + taps, size) - max(first, 0)


@njit
def column_sums(image):
    """Memory for :func:`average_row`: a number for each column and channel of an image."""
    return np.empty(image[0].size, image.dtype)


@njit
def _mean(means, to, size, values, at, step, count, weight):
    """A weight times the sum of runs of numbers, however many there are."""
    if count <= BLOCK:
        mean_of_runs(means, to, size, values, at, step, count, weight)
        return
    mean = means[to : to + size]
    sum_runs(mean, values, at, step, count)
    for i in range(size):
        mean[i] *= weight


@njit
def average_row(out, x, y, pool_size, strides, padding, sums):
    """One row of one sample's averages: first sums down the columns, then sums of these.

    So the longest loop runs over whole rows, and vectors are full with any number of channels.
    `sums` are from :func:`column_sums`; they are overwritten.
    """
    height, width, channels = x.shape
    positions, taps, stride = out.shape[0], pool_size[1], strides[1]
    top = y * strides[0] - padding[0]
    first, stop = max(top, 0), min(top + pool_size[0], height)
    rows, means, one = stop - first, out.reshape(-1), out.dtype.type(1)
    _mean(sums, 0, sums.size, x.reshape(-1), first * sums.size, sums.size, rows, one)
    # Windows from `inner` to before `after` lie within the image, so that all see as many columns.
    inner = tap_range(0, width, positions, stride, 1, padding[1])[0]
    after = max(inner, tap_range(taps - 1, width, positions, stride, 1, padding[1])[1])
    if taps > BLOCK:
        after = inner  # none of them is summed up in one go
    share, step = out.dtype.type(1 / (rows * taps)), stride * channels
    at = (inner * stride - padding[1]) * channels
    for ox in range(inner, after):
        mean_of_runs(means, ox * channels, channels, sums, at, channels, taps, share)
        at += step
    for k in range(inner + positions - after):
        ox = k if k < inner else k - inner + after
        left = ox * stride - padding[1]
        first, stop = max(left, 0), min(left + taps, width)
        share = out.dtype.type(1 / (rows * (stop - first)))
        at = first * channels
        _mean(means, ox * channels, channels, sums, at, channels, stop - first, share)


@njit
def _average_rows(out, x, pool_size, strides, padding, start, stop):
    """Some rows of averages, of one image after the other; whether the images are finite there.

    They are if the sums are, and the rows of the image that no window sees.
    """
    height, finite = out.shape[1], True
    sums = column_sums(x[0])
    for row in range(start, stop):
        n, y = divmod(row, height)
        average_row(out[n, y], x[n], y, pool_size, strides, padding, sums)
        finite &= is_finite(sums)
        seen = y * strides[0] - padding[0] + pool_size[0]
        following = seen - pool_size[0] + strides[0] if y + 1 < height else x.shape[1]
        if seen < following:
            finite &= is_finite(x[n, seen:following].reshape(-1))
    return finite


@njit(parallel=True)
def average_pool2d_forward(out, x, pool_size, strides, padding):
    """Mean of each window, parallel over output rows of all samples.

    ``out[n,y,x,c] = mean over py, px of x[n, y sy + py - top, x sx + px - left, c]``, over the
    places inside the image: the sum is divided by their number, not by the size of the window. The
    error is at most ``2 BLOCK + 4`` units of roundoff of the mean absolute value, however large the
    window is.

    Parameters
    ----------
    out : (n, out_h, out_w, c) array
        Output.
    x : (n, h, w, c) array
        Images, channels last.
    pool_size : (ph, pw) ints
        Height and width of the window.
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        How far the first window begins before the image; how far the last one goes past it follows
        from the shape of `out`.

    Returns
    -------
    bool
        Whether all numbers of `x` are finite, and the sums of them.
    """
    rows = out.shape[0] * out.shape[1]
    chunks = chunk_count(rows, TAP_WORK * out[0, 0].size * pool_size[0] * pool_size[1])
    if chunks == 1:
        return _average_rows(out, x, pool_size, strides, padding, 0, rows)
    finite = 0
    for chunk in prange(chunks):
        start, stop = chunk_bounds(chunk, chunks, rows)
        finite += _average_rows(out, x, pool_size, strides, padding, start, stop)
    return finite == chunks


@njit
def average_row_backward(dx, dout, iy, height, pool_size, strides, padding):
    """One row of one sample's input gradient; `height` is that of the image."""
    out_height, positions, channels = dout.shape
    width = dx.shape[0]
    dx[:] = 0
    for py in range(pool_size[0]):
        y = tap_position(py, iy, out_height, strides[0], 1, padding[0])
        if y < 0:
            continue
        rows = _seen(y, height, pool_size[0], strides[0], padding[0])
        for px in range(pool_size[1]):
            first, stop = tap_range(px, width, positions, strides[1], 1, padding[1])
            for ox in range(first, stop):
                pixels = rows * _seen(ox, width, pool_size[1], strides[1], padding[1])
                share = dx.dtype.type(1 / pixels)
                dpixel, dmean = dx[ox * strides[1] + px - padding[1]], dout[y, ox]
                for c in range(channels):
                    dpixel[c] += share * dmean[c]


@njit(parallel=True)
def average_pool2d_backward(dx, dout, pool_size, strides, padding):
    """Derivative of average pooling, parallel over input rows of all samples.

    Each window passes an equal share of its gradient on to every pixel that it saw.

    Parameters
    ----------
    dx : (n, h, w, c) array
        Output: gradient with respect to the images.
    dout : (n, out_h, out_w, c) array
        Gradient with respect to the output.
    pool_size : (ph, pw) ints
        Height and width of the window.
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        How far the first window begins before the image.
    """
    samples, height = dx.shape[:2]
    rows = samples * height
    chunks = chunk_count(rows, TAP_WORK * dout[0].size * pool_size[0] * pool_size[1] // height)
    if chunks == 1:
        for row in range(rows):
            n, iy = divmod(row, height)
            average_row_backward(dx[n, iy], dout[n], iy, height, pool_size, strides, padding)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            for row in range(start, stop):
                n, iy = divmod(row, height)
                average_row_backward(dx[n, iy], dout[n], iy, height, pool_size, strides, padding)
