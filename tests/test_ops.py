"""`ops` against NumPy and SciPy: functions by their formulas, windows as views of padded images.

Tolerances: one unit of roundoff for each term of a sum, 16 for a library function (`cases`).
"""

import inspect
import math
import re

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from fastscratch import ops
from fastscratch.kernels import conv2d, machine, past_caches

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


# --- activations ----------------------------------------------------------------------------------


def sigmoid(x):
    return np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x)))


def softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def expm1(x):
    return np.expm1(np.minimum(x, 0))


def normal_distribution(x):
    return np.array([math.erfc(-z / math.sqrt(2)) / 2 for z in x.ravel()]).reshape(x.shape)


def gelu(x, approximate=True):
    if not approximate:
        return x * normal_distribution(x)
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x, axis=-1):
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


FORMULAS = {
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -softplus(-x),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x, negative_slope=0.2: np.where(x < 0, negative_slope * x, x),
    "elu": lambda x, alpha=1.0: np.where(x < 0, alpha * expm1(x), x),
    "selu": lambda x: 1.0507009873554805 * np.where(x < 0, 1.6732632423543772 * expm1(x), x),
    "gelu": gelu,
    "silu": lambda x: x * sigmoid(x),
    "softplus": softplus,
    "celu": lambda x, alpha=1.0: np.where(x < 0, alpha * expm1(x / alpha), x),
    "hard_shrink": lambda x: np.where(abs(x) > 0.5, x, 0),
    "hard_sigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hard_silu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "relu6": lambda x: np.clip(x, 0, 6),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0),
    "softsign": lambda x: x / (1 + abs(x)),
    "sparse_plus": lambda x: np.where(abs(x) < 1, (x + 1) ** 2 / 4, np.maximum(x, 0)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    # Below 0 the sum is 4 divided by the difference.
    "squareplus": lambda x: np.where(
        x < 0, 2 / (np.hypot(x, 2) + abs(x)), (x + np.hypot(x, 2)) / 2
    ),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "softmax": softmax,
    "log_softmax": log_softmax,
}
OF_AN_AXIS = ("softmax", "log_softmax")
EXTREMES = np.array([-1000.0, -88.0, -1.0, -1e-30, 0.0, 0.5, 88.0, 1000.0])


def close_to(expected, roundings, dtype):
    """Within this many units of roundoff of the largest number, at least of 1."""
    size = max(1, np.abs(expected).max())
    return pytest.approx(expected, rel=0, abs=float(roundings * np.finfo(dtype).eps * size))


@DTYPES
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 5), (2, 3, 4, 5)])
@pytest.mark.parametrize("name", FORMULAS)
def test_activation(name, shape, dtype):
    x = np.asarray(3 * np.random.default_rng(1).standard_normal(shape)).astype(dtype)
    before = x.copy()
    a = getattr(ops, name)(x)
    assert a.dtype == dtype
    assert a.shape == shape
    expected = FORMULAS[name](x.astype(float).reshape(shape or 1))
    assert a.reshape(shape or 1) == close_to(expected, 16 + 7, dtype)
    np.testing.assert_array_equal(x, before)


@DTYPES
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "relu", "softmax"])
def test_activation_keeps_its_relative_accuracy(name, dtype):
    x = (3 * np.random.default_rng(1).standard_normal((3, 5))).astype(dtype)
    eps = np.finfo(dtype).eps
    expected = FORMULAS[name](x.astype(float))
    np.testing.assert_allclose(getattr(ops, name)(x), expected, rtol=(16 + 7) * eps, atol=eps)


@DTYPES
@pytest.mark.parametrize("name", FORMULAS)
def test_activation_at_the_extremes(name, dtype):
    x = EXTREMES.astype(dtype)
    eps = np.finfo(dtype).eps
    a = getattr(ops, name)(x)
    np.testing.assert_allclose(a, FORMULAS[name](x.astype(float)), rtol=23 * eps, atol=eps)
    if name == "softmax":
        np.testing.assert_array_equal(ops.softmax(x[:1]), [1])
        np.testing.assert_array_equal(ops.softmax(x[[0, 0]]), [0.5, 0.5])


@DTYPES
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("leaky_relu", {"negative_slope": 0.0}),
        ("leaky_relu", {"negative_slope": 0.7}),
        ("elu", {"alpha": 2.5}),
        ("gelu", {"approximate": False}),
        ("gelu", {"approximate": True}),
    ],
)
def test_activation_with_a_parameter(name, options, dtype):
    x = (3 * np.random.default_rng(1).standard_normal((4, 6))).astype(dtype)
    a = getattr(ops, name)(x, **options)
    assert a.dtype == dtype
    assert a == close_to(FORMULAS[name](x.astype(float), **options), 16, dtype)


@DTYPES
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
@pytest.mark.parametrize("name", OF_AN_AXIS)
def test_activation_along_an_axis(name, axis, dtype):
    x = (3 * np.random.default_rng(1).standard_normal((3, 4, 5))).astype(dtype)
    a = getattr(ops, name)(x, axis=axis)
    assert a.dtype == dtype
    assert a == close_to(FORMULAS[name](x.astype(float), axis), 16 + 5, dtype)


def test_lists_become_float32_and_layout_does_not_matter():
    assert ops.relu([[-1, 2], [3, -4]]).tolist() == [[0, 2], [3, 0]]
    assert ops.relu([1]).dtype == np.float32
    x = np.random.default_rng(2).standard_normal((6, 8))
    np.testing.assert_array_equal(ops.softmax(x.T[::2]), ops.softmax(x.T[::2].copy()))


@pytest.mark.parametrize("name", FORMULAS)
def test_activation_errors(name):
    activation = getattr(ops, name)
    for wrong, error, message in (
        ([1, np.nan], ValueError, r"x must be finite in float32, got nan at \(1,\)"),
        (np.array([np.inf]), ValueError, r"x must be finite in float64, got inf at \(0,\)"),
        ([], ValueError, r"x must not be empty, got shape \(0,\)"),
        ("a", TypeError, "x must hold real numbers, got 'a'"),
    ):
        with pytest.raises(error, match=message):
            activation(wrong)


def test_activation_parameter_errors():
    for call, error, message in (
        (lambda: ops.leaky_relu([1], -0.1), ValueError, "negative_slope must not be negative, got"),
        (lambda: ops.elu([1], 0), ValueError, "alpha must be positive, got 0.0"),
        (lambda: ops.gelu([1], "tanh"), TypeError, "approximate must be True or False, got 'tanh'"),
        (lambda: ops.softmax([1], 1), ValueError, "axis must be below 1, got 1"),
        (lambda: ops.softmax([[1]], -3), ValueError, "axis must be at least -2, got -3"),
        (lambda: ops.log_softmax([1], None), TypeError, "axis must be an integer, got NoneType"),
    ):
        with pytest.raises(error, match=message):
            call()


def test_numbers_that_are_not_finite_are_found_wherever_they_are():
    """Also where no window sees them; in one piece, and in the pieces of several threads."""
    kernel, ones = np.ones((1, 1, 20, 1), np.float32), np.ones(20, np.float32)
    calls = {
        "x": (
            ops.relu,
            ops.sigmoid,
            ops.softmax,
            lambda x: ops.softmax(x, axis=1),
            ops.leaky_relu,
            lambda x: ops.elu(x, 0.5),
            ops.layer_normalization,
            lambda x: ops.batch_normalization(x, ones, ones, -1),
        ),
        "inputs": (
            lambda x: ops.max_pool(x, 1, 3),
            lambda x: ops.average_pool(x, 2, 3),
            lambda x: ops.max_pool_backward(x, ops.max_pool(np.ones_like(x), 2), 2),
            lambda x: ops.average_pool_backward(x, ops.average_pool(np.ones_like(x), 2), 2),
            lambda x: ops.conv(x, kernel, 4),
            lambda x: ops.depthwise_conv(x, kernel, 4),
        ),
    }
    for shape in ((1, 5, 5, 20), (4, 50, 30, 20)):
        for wrong in (np.nan, np.inf, -np.inf):
            for place in ((0, 0, 0, 0), (0, 3, 4, 7), tuple(size - 1 for size in shape)):
                images = np.ones(shape, np.float32)
                images[place] = wrong
                said = re.escape(f" must be finite in float32, got {wrong} at {place}")
                for name, functions in calls.items():
                    for function in functions:
                        with pytest.raises(ValueError, match=name + said):
                            function(images)


@pytest.mark.parametrize(
    ("rows", "depth", "columns"),
    [(2, 5, 3), (900, 70, 2), (3, 900, 400), (20, 4000, 30), (99,) * 3],
)
def test_factors_that_are_not_finite_are_found_wherever_they_are(rows, depth, columns):
    """In a product of few rows, of few columns, and in one that is cut along the depth."""
    factors = np.ones((rows, depth), np.float32), np.ones((depth, columns), np.float32)
    assert np.all(ops.matmul(*factors) == depth)
    for name, factor in zip(("x1", "x2"), factors, strict=True):
        for place in (
            (0, 0),
            (factor.shape[0] // 2, 1),
            (factor.shape[0] - 1, factor.shape[1] - 1),
        ):
            factor[place] = np.inf
            said = re.escape(f"{name} must be finite in float32, got inf at {place}")
            with pytest.raises(ValueError, match=said):
                ops.matmul(*factors)
            factor[place] = 1


# --- convolution ----------------------------------------------------------------------------------


def windows(images, kernel, strides, padding, rate):
    """Convolution by its definition: pad with zeros, take every window, sum the products."""
    extent = [r * (taps - 1) + 1 for r, taps in zip(rate, kernel.shape, strict=False)]
    if padding == "same":
        zeros = []
        for size, stride, span in zip(images.shape[1:3], strides, extent, strict=True):
            total = max((-(-size // stride) - 1) * stride + span - size, 0)
            zeros.append((total // 2, total - total // 2))
        images = np.pad(images, [(0, 0), *zeros, (0, 0)])
    seen = sliding_window_view(images, extent, axis=(1, 2))
    seen = seen[:, :: strides[0], :: strides[1], :, :: rate[0], :: rate[1]]
    return np.einsum("nyxcij,ijco->nyxo", seen, kernel)


def pair(value):
    return (value, value) if isinstance(value, int) else value


@DTYPES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("image", "kernel", "strides", "rate"),
    [
        ((1, 1, 1, 1), (1, 1, 1, 1), 1, 1),
        ((2, 7, 6, 3), (3, 3, 3, 4), 1, 1),
        ((2, 7, 6, 1), (4, 2, 1, 3), 1, 1),
        ((1, 9, 8, 2), (3, 2, 2, 5), (2, 3), 1),
        ((1, 8, 8, 2), (2, 2, 2, 1), 3, 1),
        ((1, 9, 11, 1), (2, 3, 1, 2), 1, (3, 2)),
        ((3, 11, 9, 2), (3, 2, 2, 3), (2, 1), (2, 3)),
        ((1, 4, 3, 2), (4, 3, 2, 5), 1, 1),
        ((1, 5, 5, 1), (1, 1, 1, 1), 7, 4),
    ],
)
def test_conv(image, kernel, strides, rate, padding, dtype):
    rng = np.random.default_rng(3)
    x, w = rng.standard_normal(image).astype(dtype), rng.standard_normal(kernel).astype(dtype)
    out = ops.conv(x, w, strides, padding, rate)
    expected = windows(x.astype(float), w.astype(float), pair(strides), padding, pair(rate))
    assert out.shape == expected.shape
    assert out.dtype == dtype
    terms = kernel[0] * kernel[1] * kernel[2]
    assert np.abs(out - expected).max() <= terms * np.finfo(dtype).eps * np.abs(expected).max()
    if padding == "same":
        assert out.shape[1:3] == tuple(
            int(np.ceil(size / stride)) for size, stride in zip(image[1:3], pair(strides), strict=1)
        )


@DTYPES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("image", "kernel", "strides", "rate"),
    [
        ((1, 1, 1, 1), (1, 1, 1, 1), 1, 1),
        ((2, 7, 6, 3), (3, 3, 3, 1), 1, 1),
        ((2, 9, 8, 5), (3, 2, 5, 2), (2, 1), 1),
        ((1, 9, 11, 16), (2, 3, 16, 1), 1, (3, 2)),
    ],
)
def test_depthwise_conv(image, kernel, strides, rate, padding, dtype):
    rng = np.random.default_rng(3)
    x, w = rng.standard_normal(image).astype(dtype), rng.standard_normal(kernel).astype(dtype)
    out = ops.depthwise_conv(x, w, strides, padding, rate)
    window = pair(strides), padding, pair(rate)
    x64, w64 = x.astype(float), w.astype(float)
    channels = [windows(x64[..., [c]], w64[:, :, [c]], *window) for c in range(image[3])]
    expected = np.concatenate(channels, axis=-1)  # each channel was an image of its own
    assert out.shape == expected.shape
    assert out.dtype == dtype
    terms = kernel[0] * kernel[1]
    assert np.abs(out - expected).max() <= terms * np.finfo(dtype).eps * np.abs(expected).max()


@pytest.mark.parametrize("first", [0, 1])
def test_a_depthwise_result_larger_than_the_caches(first):
    """The bits are those of the images alone, wherever the result lies in the memory."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((32, 64, 64, 32), np.float32)
    w = rng.standard_normal((3, 3, 32, 1), np.float32)
    assert x.nbytes >= past_caches.TOO_LARGE
    out = ops.depthwise_conv(x, w, padding="same")
    assert out.ctypes.data % machine.VECTOR_BYTES == 0
    if first > 0:
        out = np.full(x.size + 1, np.nan, np.float32)[1:].reshape(x.shape)
        window = (1, 1), (1, 1), (1, 1), 32
        assert conv2d.conv2d_forward(out, x, w.reshape(3, 3, 1, 32), np.zeros(32, "f"), *window)
    for n in range(32):
        np.testing.assert_array_equal(out[[n]], ops.depthwise_conv(x[[n]], w, padding="same"))


def test_conv_same_may_have_a_filter_larger_than_the_image():
    x, w = np.ones((1, 2, 3, 1)), np.ones((5, 5, 1, 1))
    np.testing.assert_array_equal(ops.conv(x, w, padding="same")[0, :, :, 0], np.full((2, 3), 6))


def test_conv_does_not_flip_the_filter():
    x = np.arange(6.0).reshape(1, 1, 6, 1)
    w = np.array([1.0, 10.0]).reshape(1, 2, 1, 1)
    assert ops.conv(x, w)[0, 0, :, 0].tolist() == [10, 21, 32, 43, 54]


def test_conv_takes_the_type_of_the_inputs():
    x32, x64 = np.ones((1, 1, 1, 1), np.float32), np.ones((1, 1, 1, 1))
    assert ops.conv(x32, x64).dtype == np.float32
    assert ops.conv(x64, x32).dtype == np.float64
    assert ops.conv(x64.tolist(), x64).dtype == np.float32


@DTYPES
@pytest.mark.parametrize(
    ("image", "kernel"), [((1, 1), (1, 1)), ((9, 8), (5, 2)), ((6, 19), (1, 7)), ((4, 4), (4, 4))]
)
def test_conv_image_equals_scipy(image, kernel, dtype):
    signal = pytest.importorskip("scipy.signal")
    rng = np.random.default_rng(4)
    x, w = rng.standard_normal(image).astype(dtype), rng.standard_normal(kernel).astype(dtype)
    out = ops.conv_image(x, w)
    assert out.dtype == dtype
    expected = signal.correlate2d(x.astype(float), w.astype(float), "valid")
    bound = np.prod(kernel) * np.finfo(dtype).eps * np.abs(x).max() * np.abs(w).sum()
    assert np.abs(out - expected).max() <= bound
    four = ops.conv(x[None, :, :, None], w[:, :, None, None])[0, :, :, 0]
    assert np.abs(out - four).max() <= 2 * bound


def images(*shape):
    return np.ones(shape)


@pytest.mark.parametrize(
    ("inputs", "kernel", "options", "error", "message"),
    [
        ((5, 5), (3, 3, 1, 1), {}, ValueError, r"inputs must be 4-D \(samples, height, width, ch"),
        ((1, 5, 5, 1), (3, 3), {}, ValueError, r"kernel must be 4-D .*, got shape \(3, 3\)"),
        ((1, 5, 5, 0), (3, 3, 0, 1), {}, ValueError, r"inputs must not be empty"),
        (
            (1, 5, 5, 2),
            (3, 3, 1, 1),
            {},
            ValueError,
            r"kernel must have 2 input channels, as inputs have, got shape \(3, 3, 1, 1\)",
        ),
        (
            (1, 5, 5, 1),
            (3, 3, 1, 1),
            {"dilation_rate": (1, 3)},
            ValueError,
            r"window of 'kernel' is larger than the image: it covers \(3, 7\), got .* \(5, 5\)",
        ),
        (
            (1, 5, 5, 1),
            (6, 1, 1, 1),
            {},
            ValueError,
            r"larger than the image: it covers \(6, 1\), got",
        ),
        ((1, 5, 5, 1), (3, 3, 1, 1), {"strides": 0}, ValueError, "strides must be at least 1"),
        (
            (1, 5, 5, 1),
            (3, 3, 1, 1),
            {"strides": (1,)},
            ValueError,
            "one int or two ints, got 1 of them",
        ),
        ((1, 5, 5, 1), (3, 3, 1, 1), {"strides": 1.5}, TypeError, "strides must be an integer"),
        ((1, 5, 5, 1), (3, 3, 1, 1), {"dilation_rate": 0}, ValueError, "dilation_rate must be at"),
        (
            (1, 5, 5, 1),
            (3, 3, 1, 1),
            {"padding": "full"},
            ValueError,
            "padding must be one of 'valid', 'same', got 'full'",
        ),
    ],
)
def test_conv_errors(inputs, kernel, options, error, message):
    for function in (ops.conv, ops.depthwise_conv):
        with pytest.raises(error, match=message):
            function(images(*inputs), images(*kernel), **options)


def test_conv_image_errors():
    for image, kernel, message in (
        (images(3, 3, 1), images(2, 2), r"image must be 2-D .*, got shape \(3, 3, 1\)"),
        (images(3, 3), images(2), r"kernel must be 2-D .*, got shape \(2,\)"),
        (images(3, 3), images(4, 1), r"fit in the image \(3, 3\), got shape \(4, 1\)"),
        (images(3, 3).tolist(), 1e39 * images(1, 1), r"kernel must be finite in float32, got 1e"),
    ):
        with pytest.raises(ValueError, match=message):
            ops.conv_image(image, kernel)


# --- pooling --------------------------------------------------------------------------------------


def pooled(function, x, size, strides, padding):
    """Pooling by its definition: NaN around the image, and a NumPy function that skips it."""
    if padding == "same":
        around = []
        for length, stride, window in zip(x.shape[1:3], strides, size, strict=True):
            total = max((-(-length // stride) - 1) * stride + window - length, 0)
            around.append((total // 2, total - total // 2))
        x = np.pad(x, [(0, 0), *around, (0, 0)], constant_values=np.nan)
    seen = sliding_window_view(x, size, axis=(1, 2))[:, :: strides[0], :: strides[1]]
    return function(seen, axis=(-2, -1))


@DTYPES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("image", "size", "strides"),
    [
        ((1, 1, 1, 1), 1, None),
        ((2, 6, 8, 3), 2, None),
        ((2, 7, 5, 2), (3, 2), None),
        ((1, 7, 6, 4), 3, 2),
        ((2, 5, 6, 3), (2, 3), (1, 2)),
        ((1, 8, 9, 2), (2, 1), (3, 4)),
    ],
)
def test_pooling(image, size, strides, padding, dtype):
    x = np.random.default_rng(5).standard_normal(image).astype(dtype)
    steps = pair(size if strides is None else strides)
    for function, by_definition, roundings in (
        (ops.max_pool, np.nanmax, 0),
        (ops.average_pool, np.nanmean, np.prod(size) + 1),
    ):
        out = function(x, size, strides, padding)
        expected = pooled(by_definition, x.astype(float), pair(size), steps, padding)
        assert out.shape == expected.shape
        assert out.dtype == dtype
        assert out == close_to(expected, roundings, dtype)


def test_pooling_errors():
    x = np.ones((1, 4, 5, 1))
    for function in (ops.max_pool, ops.average_pool):
        for call, error, message in (
            (lambda f: f(x[0], 2), ValueError, r"inputs must be 4-D .*, got shape \(4, 5, 1\)"),
            (lambda f: f(x, 0), ValueError, "pool_size must be at least 1, got 0"),
            (lambda f: f(x, 2, 0), ValueError, "strides must be at least 1, got 0"),
            (lambda f: f(x, 2.0), TypeError, "pool_size must be an integer, got float"),
            (
                lambda f: f(x, (2, 6)),
                ValueError,
                r"'pool_size' is larger than the image: it covers \(2, 6\), got .* \(4, 5\)",
            ),
            (lambda f: f(x, 2, padding="full"), ValueError, "padding must be one of 'valid', 's"),
        ):
            with pytest.raises(error, match=message):
                call(function)


# --- matrices -------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((1, 1), (1, 1)),
        ((3, 4), (4, 5)),
        ((130, 70), (70, 90)),
        ((4,), (4,)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((7, 1, 3, 4), (2, 4, 5)),
        ((3, 4), (6, 4, 5)),
    ],
)
def test_matmul(first, second, dtype):
    rng = np.random.default_rng(6)
    a, b = rng.standard_normal(first).astype(dtype), rng.standard_normal(second).astype(dtype)
    expected = a.astype(float) @ b.astype(float)
    c = ops.matmul(a, b)
    assert c.shape == expected.shape
    assert c.dtype == dtype
    terms = np.abs(a.astype(float)) @ np.abs(b.astype(float))
    assert np.all(np.abs(c - expected) <= first[-1] * np.finfo(dtype).eps * terms)


def test_matmul_of_transposes_and_of_one_matrix_with_itself():
    a = np.arange(16.0).reshape(4, 4)  # small integers: the products are exact
    np.testing.assert_array_equal(ops.matmul(a.T, a), a.T @ a)
    np.testing.assert_array_equal(ops.matmul(a, a), a @ a)
    assert ops.matmul(a.tolist(), a).dtype == np.float32


def test_matmul_errors():
    for a, b, message in (
        ((3, 4), (5, 6), r"as many columns as x2 has rows, got shapes \(3, 4\) and \(5, 6\)"),
        ((4,), (3,), r"as many columns as x2 has rows, got shapes \(4,\) and \(3,\)"),
        ((), (3,), r"x1 and x2 must have at least one axis, got shapes \(\) and \(3,\)"),
        ((2, 3, 4), (3, 4, 5), r"before the last two must broadcast, got shapes \(2, 3, 4\) and"),
        ((0, 4), (4, 5), r"x1 must not be empty, got shape \(0, 4\)"),
    ):
        with pytest.raises(ValueError, match=message):
            ops.matmul(np.ones(a), np.ones(b))


# --- cross-entropies ------------------------------------------------------------------------------


def probabilities(rng, shape, dtype):
    return np.asarray(rng.uniform(0.05, 0.95, shape)).astype(dtype)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_one_hot(axis):
    labels = np.array([[0, 3, 1], [2, 2, 0]])
    out = ops.one_hot(labels, 4, axis)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, np.moveaxis(np.eye(4)[labels], -1, axis))
    assert ops.one_hot(2, 3).tolist() == [0, 0, 1]


@DTYPES
@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (2, 3, 4)])
def test_binary_crossentropy(shape, dtype):
    rng = np.random.default_rng(7)
    y = probabilities(rng, shape, dtype).astype(float)
    z = np.asarray(3 * rng.standard_normal(shape)).astype(dtype)
    for output, from_logits in ((probabilities(rng, shape, dtype), False), (z, True)):
        losses = ops.binary_crossentropy(y, output, from_logits)
        wide = output.astype(float)
        q = sigmoid(wide) if from_logits else wide
        expected = -(y * np.log(q) + (1 - y) * np.log(1 - q))
        assert losses.shape == shape
        assert losses.dtype == dtype
        assert losses.reshape(-1) == close_to(expected.reshape(-1), 32, dtype)


@DTYPES
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_categorical_crossentropies(axis, dtype):
    rng = np.random.default_rng(8)
    shape = (3, 4, 5)
    p, z = probabilities(rng, shape, dtype), (3 * rng.standard_normal(shape)).astype(dtype)
    classes = shape[axis]
    labels = rng.integers(classes, size=np.delete(shape, axis))
    y = np.moveaxis(np.eye(classes)[labels], -1, axis)
    for output, from_logits in ((p, False), (z, True)):
        wide = output.astype(float)
        q = softmax(wide, axis) if from_logits else wide / wide.sum(axis, keepdims=True)
        expected = -(y * np.log(q)).sum(axis)
        for losses in (
            ops.categorical_crossentropy(y, output, from_logits, axis),
            ops.sparse_categorical_crossentropy(labels, output, from_logits, axis),
            ops.sparse_categorical_crossentropy(
                np.expand_dims(labels, axis), output, from_logits, axis
            ),
        ):
            assert losses.dtype == dtype
            assert losses == close_to(expected, 32 + classes, dtype)


def test_crossentropies_of_one_sample():
    assert ops.categorical_crossentropy([0, 1], [1, 3]) == pytest.approx(math.log(4 / 3), rel=1e-6)
    assert ops.sparse_categorical_crossentropy(1, [1, 3]).shape == ()


@DTYPES
def test_crossentropies_beyond_their_bounds(dtype):
    # Of logits the loss is the distance; of probabilities at most -log(1e-7).
    eps = np.finfo(dtype).eps
    most = -math.log(1e-7)
    zero_one = np.array([0.0, 1.0], dtype)
    far = np.array([-1000.0, 1000.0], dtype)
    wrong = zero_one[::-1]
    np.testing.assert_allclose(ops.binary_crossentropy(wrong, zero_one), most, rtol=16 * eps)
    np.testing.assert_allclose(ops.categorical_crossentropy(wrong, zero_one), most, rtol=16 * eps)
    assert ops.binary_crossentropy(wrong, far, from_logits=True).tolist() == [1000, 1000]
    assert ops.categorical_crossentropy(wrong, far, from_logits=True) == 2000
    right = -math.log(1 - 1e-7)
    np.testing.assert_allclose(ops.binary_crossentropy(zero_one, zero_one), right, atol=2 * eps)
    assert ops.binary_crossentropy(zero_one, far, from_logits=True).tolist() == [0, 0]


def test_crossentropy_errors():
    p = np.full((2, 3), 0.5)
    for call, error, message in (
        (
            lambda: ops.binary_crossentropy(p[:1], p),
            ValueError,
            r"target and output must have the same shape, got \(1, 3\) and \(2, 3\)",
        ),
        (lambda: ops.binary_crossentropy(-p, p), ValueError, "target must not be negative, got -0"),
        (
            lambda: ops.binary_crossentropy(p, p - 1),
            ValueError,
            "output must hold probabilities, got -0.5; scores need from_logits=True",
        ),
        (lambda: ops.binary_crossentropy(p, p, 1), TypeError, "from_logits must be True or False"),
        (
            lambda: ops.categorical_crossentropy(p.T, p),
            ValueError,
            r"must have the same shape, got \(3, 2\) and \(2, 3\)",
        ),
        (lambda: ops.categorical_crossentropy(p, p, axis=2), ValueError, "axis must be below 2"),
        (
            lambda: ops.categorical_crossentropy(p, p * [[0], [1]]),
            ValueError,
            "output must hold probabilities, got only zeros for a sample",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy([0, 1, 2], p),
            ValueError,
            r"shape \(2,\), that of output without the axis of the classes, got \(3,\)",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy([0, 3], p),
            ValueError,
            "target must hold labels below 3, got 3",
        ),
        (lambda: ops.one_hot([0.5], 2), ValueError, "x must hold class labels 0, 1, 2, ..., got 0"),
        (lambda: ops.one_hot([-1], 2), ValueError, "x must hold class labels 0, 1, 2, ..., got -1"),
        (lambda: ops.one_hot([[2]], 2), ValueError, "x must hold labels below 2, got 2"),
        (lambda: ops.one_hot([0], 0), ValueError, "num_classes must be at least 1, got 0"),
        (lambda: ops.one_hot([0], 2, 2), ValueError, "axis must be below 2, got 2"),
        (lambda: ops.one_hot("a", 2), TypeError, "x must hold real numbers"),
    ):
        with pytest.raises(error, match=message):
            call()


# --- normalisation --------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_normalization(axis, dtype):
    rng = np.random.default_rng(9)
    x = (2 + rng.standard_normal((3, 4, 5))).astype(dtype)
    size, wide = x.shape[axis], x.astype(float)
    shape = np.ones(3, int)
    shape[axis] = size
    mean, variance, scale, offset = rng.uniform(0.5, 1.5, (4, size)).astype(dtype)
    columns = [v.astype(float).reshape(shape) for v in (mean, variance, scale, offset)]
    moments = wide.mean(axis, keepdims=True), wide.var(axis, keepdims=True)

    def by_formula(mean, variance, epsilon, scale=1.0, offset=0.0):
        return scale * (wide - mean) / np.sqrt(variance + epsilon) + offset

    for out, expected in (
        (
            ops.batch_normalization(x, mean, variance, axis),
            by_formula(*columns[:2], 0.001),
        ),
        (
            ops.batch_normalization(x, mean, variance, axis, offset, scale, 0.5),
            by_formula(*columns[:2], 0.5, *columns[2:]),
        ),
        (ops.layer_normalization(x, axis=axis), by_formula(*moments, 1e-7)),
        (
            ops.layer_normalization(x, scale, offset, axis, epsilon=0.5),
            by_formula(*moments, 0.5, *columns[2:]),
        ),
    ):
        assert out.shape == x.shape
        assert out.dtype == dtype
        # a mean and a variance of the numbers on the axis, divided by a deviation above 0.1
        assert out == close_to(expected, 10 * (16 + 2 * size), dtype)


def test_normalization_errors():
    x, c = np.ones((2, 3)), np.ones(3)
    for call, message in (
        (
            lambda: ops.batch_normalization(x, c[:2], c, 1),
            r"mean must have shape \(3,\), the length of the axis of x, got \(2,\)",
        ),
        (lambda: ops.batch_normalization(x, c, -c, 1), "variance must not be negative, got -1"),
        (
            lambda: ops.batch_normalization(x, c, c, 0),
            r"mean must have shape \(2,\), the length of the axis of x",
        ),
        (lambda: ops.batch_normalization(x, c, c, 2), "axis must be below 2, got 2"),
        (lambda: ops.batch_normalization(x, x, c, 1), r"mean must be 1-D, got shape \(2, 3\)"),
        (
            lambda: ops.batch_normalization(x, c, c, 1, scale=c[:1]),
            r"scale must have shape \(3,\), the length of the axis of x, got \(1,\)",
        ),
        (lambda: ops.batch_normalization(x, c, c, 1, epsilon=0), "epsilon must be positive, got 0"),
        (
            lambda: ops.layer_normalization(x, beta=c, axis=0),
            r"beta must have shape \(2,\), the length of the axis of x, got \(3,\)",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_names_and_arguments_are_those_of_keras():
    """Of ``keras.ops`` 3: what is left out are data formats, other types and sparse outputs."""
    for name, arguments in {
        "conv": "inputs, kernel, strides=1, padding='valid', dilation_rate=1",
        "depthwise_conv": "inputs, kernel, strides=1, padding='valid', dilation_rate=1",
        "max_pool": "inputs, pool_size, strides=None, padding='valid'",
        "average_pool": "inputs, pool_size, strides=None, padding='valid'",
        "leaky_relu": "x, negative_slope=0.2",
        "elu": "x, alpha=1.0",
        "gelu": "x, approximate=True",
        "softmax": "x, axis=-1",
        "log_softmax": "x, axis=-1",
        "one_hot": "x, num_classes, axis=-1",
        "matmul": "x1, x2",
        "binary_crossentropy": "target, output, from_logits=False",
        "categorical_crossentropy": "target, output, from_logits=False, axis=-1",
        "sparse_categorical_crossentropy": "target, output, from_logits=False, axis=-1",
        "batch_normalization": "x, mean, variance, axis, offset=None, scale=None, epsilon=0.001",
        "layer_normalization": "x, gamma=None, beta=None, axis=-1, epsilon=1e-07",
    }.items():
        signature = inspect.signature(getattr(ops, name))
        bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
        assert str(inspect.Signature(bare)) == f"({arguments})", name


@pytest.mark.parametrize("size", [8, 9, 10, 1000, 2**31 - 1])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_window_larger_than_the_image_costs_no_more(size, stride):
    """From twice the image on, every "same" window sees all of it."""
    x = np.random.default_rng(0).standard_normal((1, 4, 4, 1))
    largest = ops.max_pool(x, size, stride, "same")
    np.testing.assert_array_equal(largest, np.full(largest.shape, x.max()))
    mean = ops.average_pool(x, size, stride, "same")
    np.testing.assert_allclose(mean, np.full(mean.shape, x.mean()), rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [">f8", "g"])
def test_all_types_of_double_precision_are_computed_in_float64(dtype):
    x = np.array([0.1, 0.2], dtype)
    assert ops.tanh(x).dtype == np.float64
    np.testing.assert_array_equal(ops.tanh(x), ops.tanh(x.astype(np.float64)))


def test_more_classes_than_memory_holds():
    with pytest.raises(ValueError, match="num_classes=1099511627776 needs more memory than"):
        ops.one_hot([0], 2**40)
