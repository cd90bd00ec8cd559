"""2-D convolution: a window slides over an image, and its dot product with the filter is kept.

As everywhere in this field it is a cross-correlation: the filter is not flipped.
"""

from .chunks import chunk_bounds, chunk_count
from .jit import njit, prange

__all__ = ["conv2d_forward", "conv2d_image_forward"]


@njit
def _output_row(out, x, kernel, bias, y, strides, padding, dilation_rate):
    """One row of one sample's output; the filters are the innermost, contiguous axis."""
    out_width = out.shape[0]
    height, width, in_channels = x.shape
    out_channels = out.shape[1]
    for ox in range(out_width):
        out[ox] = bias
    for ky in range(kernel.shape[0]):
        iy = y * strides[0] + ky * dilation_rate[0] - padding[0]
        if iy < 0 or iy >= height:
            continue  # padding: zeros add nothing
        for ox in range(out_width):
            for kx in range(kernel.shape[1]):
                ix = ox * strides[1] + kx * dilation_rate[1] - padding[1]
                if ix < 0 or ix >= width:
                    continue
                for c in range(in_channels):
                    pixel, weights = x[iy, ix, c], kernel[ky, kx, c]
                    for o in range(out_channels):
                        out[ox, o] += pixel * weights[o]


@njit(parallel=True)
def conv2d_forward(out, x, kernel, bias, strides, padding, dilation_rate):
    """Forward pass of a 2-D convolution, parallel over output rows of all samples.

    ``out[n,y,x,o] = bias[o] + sum over ky, kx, c of
    x[n, y sy + ky dy - top, x sx + kx dx - left, c] kernel[ky,kx,c,o]``,
    where the image counts as zero outside.

    Parameters
    ----------
    out : (n, out_h, out_w, c_out) array
        Output.
    x : (n, h, w, c_in) array
        Images, channels last.
    kernel : (kh, kw, c_in, c_out) array
        Filters.
    bias : (c_out,) array
    strides : (sy, sx) ints
        Steps of the window.
    padding : (top, left) ints
        Zeros before the first row and column; `out` says how far the window goes past the last.
    dilation_rate : (dy, dx) ints
        Distance between neighbouring taps of the filter.
    """
    samples, out_height = out.shape[:2]
    rows = samples * out_height
    chunks = chunk_count(rows, out.shape[2] * kernel.size)
    if chunks == 1:
        for row in range(rows):
            n, y = divmod(row, out_height)
            _output_row(out[n, y], x[n], kernel, bias, y, strides, padding, dilation_rate)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            for row in range(start, stop):
                n, y = divmod(row, out_height)
                _output_row(out[n, y], x[n], kernel, bias, y, strides, padding, dilation_rate)


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
