"""Winograd's convolution by filters of 3 x 3, against sums in float64."""

import numpy as np
import pytest

import fastscratch
from fastscratch.kernels import winograd
from fastscratch.kernels.conv2d import Conv2D, conv2d_backward_input, conv2d_forward

DTYPES = [np.float32, np.float64]
# image (h, w, c), filters, zeros before and after the image
GEOMETRIES = {
    "one-number": ((3, 3, 1), 1, 0, 0),
    "one-tile": ((4, 4, 3), 2, 0, 0),
    "odd": ((7, 9, 5), 7, 1, 1),
    "uneven": ((5, 14, 3), 4, 1, 0),
    "unseen-edge": ((9, 8, 3), 4, 0, -1),
    "wider-than-the-image": ((3, 4, 2), 3, 2, 2),
    "several-blocks": ((21, 31, 33), 35, 1, 1),
}


def problem(geometry, dtype):
    """Geometry, image, kernel, bias, and the output in float64."""
    (height, width, channels), filters, before, after = GEOMETRIES[geometry]
    rng = np.random.default_rng(height)
    x, kernel, bias = (
        rng.uniform(-1, 1, size).astype(dtype)
        for size in ((height, width, channels), (3, 3, channels, filters), filters)
    )
    padded = np.pad(np.float64(x), [(before, max(after, 0))] * 2 + [(0, 0)])
    out_height, out_width = (size + before + after - 2 for size in (height, width))
    expected = np.float64(bias) + sum(
        padded[ky:, kx:][:out_height, :out_width] @ np.float64(kernel[ky, kx])
        for ky in range(3)
        for kx in range(3)
    )
    sizes = *x.shape, out_height, out_width, filters
    shape = Conv2D(*sizes, 3, 3, 1, 1, before, before, 1, 1, 1, 1, 1, 1)
    return shape, x, kernel, bias, expected


def bound(channels, dtype):
    """Rounding of numbers up to 1: the sums of pixels reach 4 and those of weights 9/4, nine
    products of them make an output, and a number has passed channels + 12 operations."""
    return (channels + 12) * np.finfo(dtype).eps * 9 * channels * 4 * 9 / 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_rows_in_any_cut(geometry, dtype):
    shape, x, kernel, bias, expected = problem(geometry, dtype)
    size = shape.channels * shape.filters
    weights = np.full(winograd.POINTS * size, np.nan, dtype)
    for pairs in ((0, size // 3), (size // 3, size)):
        winograd.transform_kernel(weights, kernel.ravel(), *pairs)
    outputs = []
    for cut in (0, 1, shape.out_height // 2):
        out = np.full(expected.size, np.nan, dtype)
        for first, stop in ((cut, shape.out_height), (0, cut)):
            scratch = np.full(winograd.winograd_scratch_size(shape), np.nan, dtype)
            rows = shape, first, stop, scratch
            winograd.winograd_rows(out, x.ravel(), weights, bias, *rows)
            assert np.isnan(out[: first * shape.out_width * shape.filters]).all()
        outputs.append(out)
    off = np.abs(outputs[0] - expected.ravel()).max()
    assert off <= bound(shape.channels, dtype)
    assert all(np.array_equal(outputs[0], out) for out in outputs)


def test_whole_numbers_are_exact():
    """Halves and their products are floats, so nothing is rounded."""
    rng = np.random.default_rng(1)
    x, kernel = (rng.integers(-9, 10, size).astype(np.float32) for size in ((6, 6), (3, 3)))
    shape = Conv2D(6, 6, 1, 4, 4, 1, 3, 3, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1)
    weights, out = np.empty(16, np.float32), np.empty(16, np.float32)
    winograd.transform_kernel(weights, kernel.ravel(), 0, 1)
    scratch = np.empty(winograd.winograd_scratch_size(shape), np.float32)
    bias = np.zeros(1, np.float32)
    winograd.winograd_rows(out, x.ravel(), weights, bias, shape, 0, 4, scratch)
    expected = [[(x[y : y + 3, c : c + 3] * kernel).sum() for c in range(4)] for y in range(4)]
    assert np.array_equal(out.reshape(4, 4), expected)


@pytest.mark.parametrize("dtype", DTYPES)
def test_kernels_take_it_and_keep_their_bits_on_one_thread(dtype):
    rng = np.random.default_rng(2)
    x = rng.uniform(-1, 1, (3, 13, 11, 33)).astype(dtype)
    kernel = rng.uniform(-1, 1, (3, 3, 33, 40)).astype(dtype)
    bias = rng.uniform(-1, 1, 40).astype(dtype)
    options = (1, 1), (1, 1), (1, 1), 1
    shape = Conv2D(13, 11, 33, 13, 11, 40, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
    assert winograd.is_winograd(shape)
    around = [(0, 0), (1, 1), (1, 1), (0, 0)]
    taps = [(ky, kx) for ky in range(3) for kx in range(3)]
    padded = np.pad(np.float64(x), around)
    expected = bias + sum(
        padded[:, ky : ky + 13, kx : kx + 11] @ np.float64(kernel[ky, kx]) for ky, kx in taps
    )
    dout = np.pad(expected, around)
    expected_dx = sum(
        dout[:, 2 - ky : 15 - ky, 2 - kx : 13 - kx] @ np.float64(kernel[ky, kx]).T
        for ky, kx in taps
    )
    most, found = fastscratch.get_num_threads(), []
    try:
        for threads in (1, most):
            fastscratch.set_num_threads(threads)
            out, dx = np.empty((3, 13, 11, 40), dtype), np.empty_like(x)
            conv2d_forward(out, x, kernel, bias, *options)
            conv2d_backward_input(dx, expected.astype(dtype), kernel, *options)
            found.append((out, dx))
    finally:
        fastscratch.set_num_threads(most)
    (out, dx), (same, same_dx) = found
    assert np.array_equal(out, same)
    assert np.array_equal(dx, same_dx)
    assert np.abs(out - expected).max() <= bound(33, dtype)
    assert np.abs(dx - expected_dx).max() <= bound(40, dtype) * np.abs(expected).max()
