"""`ops` against NumPy and SciPy: activations by formula, convolutions as sums over windows.

Tolerances: one unit of roundoff for each term of a sum, 16 for a library function (`cases`).
"""

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from fastscratch import ops

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])


# --- activations ----------------------------------------------------------------------------------


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


FORMULAS = {
    "sigmoid": lambda x: np.where(x < 0, np.exp(np.minimum(x, 0)), 1) / (1 + np.exp(-np.abs(x))),
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softmax": softmax,
}
EXTREMES = np.array([-1000.0, -88.0, -1.0, -1e-30, 0.0, 0.5, 88.0, 1000.0])


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
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(a, expected.reshape(shape), rtol=(16 + 7) * eps, atol=eps)
    np.testing.assert_array_equal(x, before)


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
        ("a", TypeError, "x must hold real numbers, got an array of <U1"),
    ):
        with pytest.raises(error, match=message):
            activation(wrong)


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
            "must fit in the image with padding='valid', got a filter that spans 7 pixels of 5",
        ),
        ((1, 5, 5, 1), (6, 1, 1, 1), {}, ValueError, "a filter that spans 6 pixels of 5"),
        ((1, 5, 5, 1), (3, 3, 1, 1), {"strides": 0}, ValueError, "strides must be at least 1"),
        ((1, 5, 5, 1), (3, 3, 1, 1), {"strides": (1,)}, ValueError, "an int or two, got 1 of them"),
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
    with pytest.raises(error, match=message):
        ops.conv(images(*inputs), images(*kernel), **options)


def test_conv_image_errors():
    for image, kernel, message in (
        (images(3, 3, 1), images(2, 2), r"image must be 2-D .*, got shape \(3, 3, 1\)"),
        (images(3, 3), images(2), r"kernel must be 2-D .*, got shape \(2,\)"),
        (images(3, 3), images(4, 1), r"fit in the image \(3, 3\), got shape \(4, 1\)"),
        (images(3, 3).tolist(), 1e39 * images(1, 1), r"kernel must be finite in float32, got 1e"),
    ):
        with pytest.raises(ValueError, match=message):
            ops.conv_image(image, kernel)
