"""The serial convolution of one image, or one block of interleaved images, against the twin."""

import numpy as np
import pytest

from fastscratch.kernels import conv2d
from fastscratch.kernels.conv2d import Conv2D
from fastscratch.kernels.machine import VECTOR_BYTES
from fastscratch.reference import conv2d as twin

DTYPES = [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)]
GUARD = 40

# image (h, w, c), kernel (kh, kw, c / groups, filters), strides, padding (top, left), rows and
# columns of zeros after the image (negative: not seen), dilation, groups
GEOMETRIES = {
    "one": ((1, 1, 1), (1, 1, 1, 1), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    "one-filter": ((5, 7, 3), (3, 2, 3, 1), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    "one-channel": ((9, 13, 1), (3, 3, 1, 5), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    "odd": ((6, 23, 3), (3, 5, 3, 7), (1, 1), (1, 2), (1, 2), (1, 1), 1),
    "many-filters": ((3, 15, 2), (2, 2, 2, 37), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    "many-channels": ((4, 5, 29), (2, 3, 29, 13), (1, 1), (0, 1), (1, 1), (1, 1), 1),
    "pointwise": ((4, 4, 6), (1, 1, 6, 9), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    "whole-image": ((3, 4, 5), (3, 4, 5, 6), (1, 1), (0, 0), (0, 0), (1, 1), 1),
    "strides": ((11, 10, 3), (3, 2, 3, 5), (2, 3), (0, 0), (0, 0), (1, 1), 1),
    "strides-unseen-edge": ((8, 9, 2), (3, 3, 2, 4), (2, 2), (0, 0), (-1, 0), (1, 1), 1),
    "strides-beyond-filter": ((8, 9, 2), (1, 2, 2, 3), (3, 4), (0, 0), (0, 0), (1, 1), 1),
    "dilation": ((9, 11, 2), (2, 3, 2, 5), (1, 1), (1, 0), (0, 2), (3, 2), 1),
    "everything": ((11, 9, 4), (3, 4, 2, 6), (2, 3), (2, 3), (1, 3), (1, 2), 2),
    "strides-dilation": ((13, 12, 2), (3, 3, 2, 3), (3, 2), (2, 1), (1, 2), (2, 3), 1),
    "padding-beyond-filter": ((2, 3, 2), (2, 3, 2, 3), (1, 1), (4, 5), (3, 4), (1, 1), 1),
    "smaller-than-filter": ((2, 2, 3), (5, 4, 3, 4), (1, 1), (2, 1), (2, 2), (1, 1), 1),
    "groups": ((5, 6, 6), (3, 2, 2, 9), (1, 1), (1, 0), (1, 1), (1, 1), 3),
    "depthwise-strides": ((6, 7, 5), (3, 2, 1, 5), (2, 3), (1, 0), (0, 1), (1, 2), 5),
    "depthwise": ((6, 7, 5), (3, 3, 1, 5), (2, 1), (1, 1), (1, 1), (1, 1), 5),
    "depthwise-one": ((9, 61, 1), (3, 3, 1, 1), (1, 1), (1, 1), (1, 1), (1, 1), 1),
    "depthwise-few": ((7, 39, 3), (3, 5, 1, 3), (1, 1), (1, 2), (1, 2), (1, 1), 3),
    "depthwise-wide": ((5, 15, 19), (3, 3, 1, 19), (1, 1), (0, 0), (0, 0), (1, 1), 19),
    "depthwise-wide-strides": ((9, 15, 37), (3, 7, 1, 37), (2, 2), (1, 3), (1, 3), (1, 1), 37),
    "depthwise-dilation": ((9, 13, 33), (2, 3, 1, 33), (1, 1), (2, 3), (0, 1), (3, 2), 33),
    "depthwise-window": ((11, 9, 37), (3, 3, 1, 37), (1, 1), (1, 1), (1, 1), (1, 1), 37),
    "depthwise-window-inside": ((9, 8, 16), (5, 5, 1, 16), (1, 1), (0, 0), (0, 0), (1, 1), 16),
    "depthwise-window-outside": ((7, 6, 17), (5, 5, 1, 17), (1, 1), (5, 4), (3, 4), (1, 1), 17),
    "depthwise-window-narrow": ((3, 1, 18), (3, 3, 1, 18), (1, 1), (1, 1), (1, 1), (1, 1), 18),
    "depthwise-window-unseen": ((6, 9, 20), (3, 3, 1, 20), (1, 1), (0, 1), (-1, -2), (1, 1), 20),
    "depthwise-beyond-filter": ((2, 9, 17), (2, 3, 1, 17), (1, 1), (4, 5), (3, 4), (1, 1), 17),
}


def problem(geometry, dtype, lanes):
    """Shape of one convolution, and as many images, filters, bias and output gradient."""
    image, kernel, strides, padding, after, dilation, groups = GEOMETRIES[geometry]
    out = [
        (size + before + behind - rate * (taps - 1) - 1) // stride + 1
        for size, before, behind, rate, taps, stride in zip(
            image[:2], padding, after, dilation, kernel[:2], strides, strict=True
        )
    ]
    shape = Conv2D(
        *image, *out, kernel[3], *kernel[:2], *strides, *padding, *dilation, 1, 1, groups, lanes
    )
    rng = np.random.default_rng(len(geometry))
    arrays = (
        rng.uniform(-1, 1, size).astype(dtype)
        for size in ((lanes, *image), kernel, kernel[3], (lanes, *out, kernel[3]))
    )
    return shape, *arrays, (strides, padding, dilation, groups)


def interleaved(images):
    """The images as one flat array with samples innermost."""
    return np.ascontiguousarray(np.moveaxis(images, 0, -1)).ravel()


def separate(flat, like):
    """The reverse of `interleaved`."""
    return np.moveaxis(flat.reshape(*like.shape[1:], like.shape[0]), -1, 0)


def twin_of(function, out, *arguments):
    """What the twin writes, in float64."""
    written = [np.zeros(size).tolist() for size in out]
    lists = [np.float64(a).tolist() if isinstance(a, np.ndarray) else a for a in arguments]
    function(*written, *lists)
    return [np.array(array) for array in written]


def guarded(array):
    """A flat copy between two stretches of nan, to notice what is written or read beside it."""
    flat = np.full(array.size + 2 * GUARD, np.nan, array.dtype)
    flat[GUARD:-GUARD] = array.ravel()
    return flat, flat[GUARD:-GUARD]


def scratch_of(shape, dtype):
    """Scratch that holds nan, in the middle of nan."""
    size = conv2d.conv2d_scratch_size(shape, np.dtype(dtype).itemsize)
    return guarded(np.full(size, np.nan, dtype))[1]


def assert_close(computed, expected, terms):
    """One rounding of numbers up to 1 for each term of the sum, and one for its bias."""
    assert computed.shape == expected.shape
    tolerance = (terms + 1) * terms * np.finfo(computed.dtype).eps
    assert np.max(np.abs(computed - expected)) <= tolerance


def layouts(dtype):
    return 1, VECTOR_BYTES // np.dtype(dtype).itemsize


@pytest.fixture(params=["channels-innermost", "samples-innermost"])
def samples_innermost(request):
    return request.param == "samples-innermost"


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_rows_of_output(geometry, dtype, samples_innermost):
    lanes = layouts(dtype)[samples_innermost]
    shape, x, kernel, bias, dout, rest = problem(geometry, dtype, lanes)
    (expected,) = twin_of(twin.conv2d_forward, [dout.shape], x, kernel, bias, *rest)
    flat, out = guarded(np.full(dout.size, np.nan, dtype))
    _, image = guarded(interleaved(x))
    _, weights = guarded(kernel)
    middle = shape.out_height // 2  # in two parts, the second first
    for first, stop in ((middle, shape.out_height), (0, middle)):
        scratch = scratch_of(shape, dtype)
        conv2d.conv2d_rows(out, image, weights, bias, shape, first, stop, scratch)
        assert np.isnan(out[: first * out.size // shape.out_height]).all()
    assert_close(separate(out, dout), expected, kernel[..., 0].size + 1)
    assert np.isnan(flat).sum() == 2 * GUARD


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_input_gradient_is_a_convolution(geometry, dtype, samples_innermost):
    lanes = layouts(dtype)[samples_innermost]
    shape, x, kernel, _, dout, rest = problem(geometry, dtype, lanes)
    (expected,) = twin_of(twin.conv2d_backward_input, [x.shape], dout, kernel, *rest)
    transposed = conv2d.transposed_conv2d(shape)
    packed = np.empty(kernel.size, dtype)
    conv2d.transpose_kernel(packed, kernel.ravel(), shape)
    flat, dx = guarded(np.full(x.size, np.nan, dtype))
    zeros = np.zeros(shape.channels, dtype)
    scratch = scratch_of(transposed, dtype)
    _, gradient = guarded(interleaved(dout))
    conv2d.conv2d_rows(dx, gradient, packed, zeros, transposed, 0, shape.height, scratch)
    assert_close(separate(dx, x), expected, kernel[:, :, 0].size // shape.groups)
    assert np.isnan(flat).sum() == 2 * GUARD


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_rows_of_weight_gradient(geometry, dtype, samples_innermost):
    lanes = layouts(dtype)[samples_innermost]
    shape, x, kernel, bias, dout, rest = problem(geometry, dtype, lanes)
    sizes = [kernel.shape, bias.shape]
    expected, expected_bias = twin_of(twin.conv2d_backward_weight, sizes, x, dout, *rest)
    flat, dkernel = guarded(np.full(kernel.size, np.nan, dtype))
    _, image = guarded(interleaved(x))
    _, gradient = guarded(interleaved(dout))
    rows = kernel.size // shape.filters
    for first, stop in ((rows // 3, rows), (0, rows // 3)):
        for accumulate in (False, True):
            scratch = scratch_of(shape, dtype)
            conv2d.conv2d_weight_rows(
                dkernel, image, gradient, shape, first, stop, accumulate, scratch, False
            )
        assert np.isnan(dkernel[: first * shape.filters]).all()
    terms = 2 * dout[..., 0].size
    assert_close(dkernel.reshape(kernel.shape), 2 * expected, terms)
    assert np.isnan(flat).sum() == 2 * GUARD

    dbias = np.full(shape.filters, np.nan, dtype)
    conv2d.conv2d_bias_gradient(dbias, np.concatenate([gradient, gradient]), shape, False)
    assert_close(dbias, 2 * expected_bias, terms)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_weight_gradient_of_each_sample(geometry, dtype):
    """Samples innermost, that are kept apart."""
    lanes = layouts(dtype)[1]
    shape, x, kernel, bias, dout, rest = problem(geometry, dtype, lanes)
    flat, dkernel = guarded(np.full(kernel.size * lanes, np.nan, dtype))
    bias_flat, dbias = guarded(np.full(bias.size * lanes, np.nan, dtype))
    _, image = guarded(interleaved(x))
    _, gradient = guarded(interleaved(dout))
    rows, scratch = kernel.size // shape.filters, scratch_of(shape, dtype)
    for first, stop in ((rows // 3, rows), (0, rows // 3)):
        where = shape, first, stop
        conv2d.conv2d_weight_rows(dkernel, image, gradient, *where, False, scratch, True)
    conv2d.conv2d_bias_gradient(dbias, gradient, shape, True)
    sizes, terms = [kernel.shape, bias.shape], dout[0, ..., 0].size
    for n in range(lanes):
        one = x[n : n + 1], dout[n : n + 1]
        expected, expected_bias = twin_of(twin.conv2d_backward_weight, sizes, *one, *rest)
        assert_close(dkernel.reshape(*kernel.shape, lanes)[..., n], expected, terms)
        assert_close(dbias.reshape(-1, lanes)[:, n], expected_bias, terms)
    assert np.isnan(flat).sum() == np.isnan(bias_flat).sum() == 2 * GUARD


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tall_image_is_computed_in_bands(dtype, samples_innermost):
    """The truth is NumPy's, and the bits do not depend on which rows are computed together."""
    lanes, height = layouts(dtype)[samples_innermost], 900
    shape, _, kernel, bias, _, _ = problem("odd", dtype, lanes)
    shape = shape._replace(height=height, out_height=height)
    assert conv2d._band_rows(shape, np.dtype(dtype).itemsize)[0] < height
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (lanes, height, 23, 3)).astype(dtype)
    dout = rng.uniform(-1, 1, (lanes, height, 23, 7)).astype(dtype)
    padded = np.pad(np.float64(x), [(0, 0), (1, 1), (2, 2), (0, 0)])
    seen = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[:2], (1, 2))

    image, gradient, scratch = interleaved(x), interleaved(dout), scratch_of(shape, dtype)
    out = [np.full(dout.size, np.nan, dtype) for _ in range(2)]
    conv2d.conv2d_rows(out[0], image, kernel.ravel(), bias, shape, 0, height, scratch)
    expected = np.einsum("nyxcij,ijco->nyxo", seen, np.float64(kernel), optimize=True) + bias
    assert_close(separate(out[0], dout), expected, kernel[..., 0].size + 1)
    for y in range(0, height, 7):
        rows = y, min(y + 7, height)
        conv2d.conv2d_rows(out[1], image, kernel.ravel(), bias, shape, *rows, scratch)
    assert np.array_equal(*out)

    dkernel = np.full(kernel.size, np.nan, dtype)
    conv2d.conv2d_weight_rows(dkernel, image, gradient, shape, 0, 45, False, scratch, False)
    expected = np.einsum("nyxcij,nyxo->ijco", seen, np.float64(dout), optimize=True)
    assert_close(dkernel.reshape(kernel.shape), expected, dout[..., 0].size)
