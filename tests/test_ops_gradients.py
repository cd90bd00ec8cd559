"""The derivatives in `ops` against central differences of formulas in NumPy, and by hand.

Central differences in float64 with steps of 1e-5: their own error is below 1e-9 where the third
derivatives are below 50. Rounding adds one unit for each term of a sum, 16 for a library function.
"""

import numpy as np
import pytest
from test_ops import FORMULAS, OF_AN_AXIS, log_softmax, pair, pooled, softmax, windows

from fastscratch import ops

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
STEP = 1e-5


def slopes(function, x):
    """The gradient of a number with respect to an array, element by element."""
    gradient = np.empty(x.shape)
    for place in np.ndindex(x.shape):
        ends = []
        for step in (STEP, -STEP):
            moved = x.astype(float)
            moved[place] += step
            ends.append(function(moved))
        gradient[place] = (ends[0] - ends[1]) / (2 * STEP)
    return gradient


def close_to(expected, terms, dtype):
    size = max(1, np.abs(expected).max())
    error = 1e-9 + (16 + terms) * np.finfo(dtype).eps
    return pytest.approx(expected, rel=0, abs=float(error * size))


def draw(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


# --- activations ----------------------------------------------------------------------------------

ELEMENTWISE = [name for name in FORMULAS if name not in OF_AN_AXIS]
OPTIONS = {
    "leaky_relu": {"negative_slope": 0.3},
    "elu": {"alpha": 1.5},
    "celu": {"alpha": 1.5},
    "gelu": {"approximate": False},
}


@DTYPES
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_prime(name, dtype):
    prime = getattr(ops, f"{name}_prime")
    x = np.array([[-4.0, -1.5, -0.25], [0.125, 1.25, 5.0]], dtype)
    for options in ({}, OPTIONS.get(name, {})):
        found = prime(x, **options)
        ends = [FORMULAS[name](x.astype(float) + step, **options) for step in (STEP, -STEP)]
        assert found.shape == x.shape
        assert found.dtype == dtype
        assert found == close_to((ends[0] - ends[1]) / (2 * STEP), 0, dtype)


def test_primes_at_zero():
    """A kink has the slope of its left side."""
    for name, expected in (
        ("relu", 0),
        ("leaky_relu", 0.2),
        ("elu", 1),
        ("selu", 1.0507009873554805 * 1.6732632423543772),
        ("gelu", 0.5),
        ("silu", 0.5),
        ("softplus", 0.5),
        ("sigmoid", 0.25),
        ("log_sigmoid", 0.5),
        ("tanh", 1),
    ):
        assert getattr(ops, f"{name}_prime")(np.zeros(1)) == pytest.approx([expected], abs=1e-15)


def test_prime_takes_any_shape():
    assert ops.sigmoid_prime(0.0).shape == ()
    assert ops.elu_prime(0.0).shape == ()
    assert ops.tanh_prime(np.zeros((2, 3, 4))).tolist() == np.ones((2, 3, 4)).tolist()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_prime_errors(name):
    prime = getattr(ops, f"{name}_prime")
    for wrong, error, message in (
        ([1, np.nan], ValueError, r"x must be finite in float32, got nan at \(1,\)"),
        ([], ValueError, r"x must not be empty, got shape \(0,\)"),
        ("a", TypeError, "x must hold real numbers, got 'a'"),
    ):
        with pytest.raises(error, match=message):
            prime(wrong)


def test_prime_parameter_errors():
    for call, error, message in (
        (lambda: ops.leaky_relu_prime([1], -1), ValueError, "negative_slope must not be negative"),
        (lambda: ops.elu_prime([1], 0), ValueError, "alpha must be positive, got 0.0"),
        (lambda: ops.gelu_prime([1], 1), TypeError, "approximate must be True or False, got 1"),
    ):
        with pytest.raises(error, match=message):
            call()


@DTYPES
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", OF_AN_AXIS)
def test_backward_of_a_softmax(name, axis, dtype):
    x, dout = draw(3, 4, 2, dtype=dtype), draw(3, 4, 2, seed=1, dtype=dtype)
    formula = {"softmax": softmax, "log_softmax": log_softmax}[name]
    expected = slopes(lambda z: (formula(z, axis) * dout).sum(), x)
    found = getattr(ops, f"{name}_backward")(x, dout, axis)
    assert found.dtype == dtype
    assert found == close_to(expected, x.shape[axis], dtype)


def test_softmax_backward_errors():
    for name in OF_AN_AXIS:
        backward = getattr(ops, f"{name}_backward")
        for arguments, message in (
            (([1, 2], [1]), r"doutputs must have the shape of the output, \(2,\), got \(1,\)"),
            (([1, 2], [1, np.inf]), r"doutputs must be finite in float32, got inf at \(1,\)"),
            (([1, 2], [1, 2], 1), "axis must be below 1, got 1"),
        ):
            with pytest.raises(ValueError, match=message):
                backward(*arguments)


# --- losses ---------------------------------------------------------------------------------------


def huber(y, p, delta=1.0):
    residual = np.abs(p - y)
    squared, linear = residual**2 / 2, delta * (residual - delta / 2)
    return np.where(residual <= delta, squared, linear).mean(-1)


def binary(y, p, from_logits=False):
    p = 1 / (1 + np.exp(-p)) if from_logits else p
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def categorical(y, p, from_logits=False, axis=-1):
    logarithms = log_softmax(p, axis) if from_logits else np.log(p / p.sum(axis, keepdims=True))
    return -(y * logarithms).sum(axis)


LOSSES = {
    "mean_squared_error": lambda y, p: ((p - y) ** 2).mean(-1),
    "mean_absolute_error": lambda y, p: np.abs(p - y).mean(-1),
    "huber": huber,
    "poisson": lambda y, p: (p - y * np.log(p + 1e-7)).mean(-1),
    "binary_crossentropy": binary,
    "categorical_crossentropy": categorical,
}


@DTYPES
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mean_squared_error", {}),
        ("mean_absolute_error", {}),
        ("huber", {}),
        ("huber", {"delta": 0.3}),
        ("poisson", {}),
        ("binary_crossentropy", {}),
        ("binary_crossentropy", {"from_logits": True}),
        ("categorical_crossentropy", {}),
        ("categorical_crossentropy", {"from_logits": True, "axis": 0}),
        ("categorical_crossentropy", {"axis": 1}),
    ],
)
def test_delta(name, options, dtype):
    """The slope of the sum of all samples' losses is that of each sample's own loss."""
    y = np.random.default_rng(0).uniform(0.1, 0.9, (4, 3)).astype(dtype)
    p = np.random.default_rng(1).uniform(0.4, 0.8, (4, 3)).astype(dtype)  # slopes bend little
    expected = slopes(lambda p: LOSSES[name](y.astype(float), p, **options).sum(), p)
    found = getattr(ops, f"{name}_delta")(y, p, **options)
    assert found.dtype == dtype
    assert found == close_to(expected, 4, dtype)


def test_deltas_by_hand():
    y, p = np.array([[1.0, 0.0], [2.0, 2.0]]), np.array([[3.0, 0.5], [2.0, 0.0]])
    assert ops.mean_squared_error_delta(y, p).tolist() == [[2, 0.5], [0, -2]]
    assert ops.mean_absolute_error_delta(y, p).tolist() == [[0.5, 0.5], [0, -0.5]]
    assert ops.huber_delta(y, p).tolist() == [[0.5, 0.25], [0, -0.5]]
    assert ops.poisson_delta([2.0], np.ones(1)) == pytest.approx([-1], abs=1e-6)
    assert ops.mean_squared_error_delta(1.0, 3.0) == 4
    # With logits it is the essay's a - y: a sigmoid, and a softmax, of zeros is a half.
    assert ops.binary_crossentropy_delta([1, 0], [0, 0], True).tolist() == [-0.5, 0.5]
    assert ops.categorical_crossentropy_delta([1, 0], [0, 0], True).tolist() == [-0.5, 0.5]
    # A probability outside the bounds has no slope.
    assert ops.binary_crossentropy_delta([1, 0.5], [1e-8, 0.5]).tolist() == [0, 0]


@pytest.mark.parametrize("from_logits", [False, True])
def test_sparse_delta_is_that_of_one_hot_targets(from_logits):
    p = np.random.default_rng(1).uniform(0.4, 0.8, (4, 3, 2))
    labels = np.array([[0, 2], [1, 1], [2, 0], [0, 0]])
    y = np.moveaxis(np.eye(3)[labels], -1, 1)
    expected = slopes(lambda p: categorical(y, p, from_logits, axis=1).sum(), p)
    found = ops.sparse_categorical_crossentropy_delta(labels, p, from_logits, axis=1)
    assert found == close_to(expected, 3, float)


@pytest.mark.parametrize("name", [*LOSSES, "sparse_categorical_crossentropy"])
def test_delta_errors(name):
    delta = getattr(ops, f"{name}_delta")
    with pytest.raises(ValueError, match=r"target.* must have .*shape.* got .*\(3,\)"):
        delta([0, 1, 0], [[0.5, 0.5]])
    with pytest.raises(ValueError, match=r"output must be finite in float32, got nan at \(0, 1\)"):
        delta([[0, 1]], [[0.5, np.nan]])


def test_delta_errors_of_some_losses():
    for call, message in (
        (lambda: ops.huber_delta([1], [1], 0), "delta must be positive, got 0.0"),
        (lambda: ops.poisson_delta([1], [-1]), "output must not be negative, got -1"),
        (lambda: ops.poisson_delta([-1], [1]), "target must not be negative, got -1"),
        (lambda: ops.binary_crossentropy_delta([-1], [1]), "target must not be negative, got -1"),
        (
            lambda: ops.binary_crossentropy_delta([1], [-1]),
            "output must hold probabilities, got -1; scores need from_logits=True",
        ),
        (
            lambda: ops.categorical_crossentropy_delta([1, 0], [0, 0]),
            "output must hold probabilities, got only zeros for a sample",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy_delta([2], [[0.5, 0.5]]),
            "target must hold labels below 2, got 2",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()


# --- convolution, pooling, normalisation ----------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("image", "kernel", "strides", "rate"),
    [
        ((1, 1, 1, 1), (1, 1, 1, 1), 1, 1),
        ((2, 5, 4, 2), (3, 2, 2, 3), 1, 1),
        ((1, 6, 7, 2), (2, 2, 2, 1), (2, 3), 1),
        ((1, 5, 6, 1), (2, 3, 1, 2), 1, (3, 2)),
    ],
)
def test_conv_backward(image, kernel, strides, rate, padding, dtype):
    x, w = draw(*image, dtype=dtype), draw(*kernel, seed=1, dtype=dtype)
    window = pair(strides), padding, pair(rate)
    dout = draw(*windows(x, w, *window).shape, seed=2, dtype=dtype)
    dinputs, dkernel = ops.conv_backward(x, w, dout, strides, padding, rate)
    x64, w64 = x.astype(float), w.astype(float)
    expected = slopes(lambda x: (windows(x, w64, *window) * dout).sum(), x64)
    assert dinputs == close_to(expected, kernel[0] * kernel[1] * kernel[3], dtype)
    expected = slopes(lambda w: (windows(x64, w, *window) * dout).sum(), w64)
    assert dkernel == close_to(expected, dout.size // kernel[3], dtype)
    assert dinputs.dtype == dkernel.dtype == dtype


def by_channels(x, w, *window):
    """A depthwise convolution: each channel is an image of its own."""
    channels = [windows(x[..., [c]], w[:, :, [c]], *window) for c in range(x.shape[3])]
    return np.concatenate(channels, axis=-1)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_depthwise_conv_backward(padding):
    x, w = draw(2, 5, 4, 3), draw(2, 3, 3, 2, seed=1)
    window = (2, 1), padding, (1, 1)
    dout = draw(*by_channels(x, w, *window).shape, seed=2)
    dinputs, dkernel = ops.depthwise_conv_backward(x, w, dout, (2, 1), padding)
    assert dinputs == close_to(
        slopes(lambda x: (by_channels(x, w, *window) * dout).sum(), x), 6, float
    )
    assert dkernel == close_to(
        slopes(lambda w: (by_channels(x, w, *window) * dout).sum(), w), 60, float
    )


@DTYPES
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("size", "strides"), [(1, None), (2, None), ((3, 2), (1, 2)), ((2, 1), (3, 2))]
)
def test_pooling_backward(size, strides, padding, dtype):
    x, steps = draw(2, 5, 6, 2, dtype=dtype), pair(size if strides is None else strides)
    for name, by_definition in (("max", np.nanmax), ("average", np.nanmean)):
        out = pooled(by_definition, x.astype(float), pair(size), steps, padding)
        dout = draw(*out.shape, seed=1, dtype=dtype)
        found = getattr(ops, f"{name}_pool_backward")(x, dout, size, strides, padding)
        expected = slopes(
            lambda x, f=by_definition, d=dout: (pooled(f, x, pair(size), steps, padding) * d).sum(),
            x,
        )
        assert found.dtype == dtype
        assert found == close_to(expected, np.prod(size) + 1, dtype)


def test_of_equal_maxima_the_first_gets_the_gradient():
    x = np.array([[1.0, 3.0], [3.0, 3.0]]).reshape(1, 2, 2, 1)
    found = ops.max_pool_backward(x, np.full((1, 1, 1, 1), 7.0), 2)
    assert found[0, :, :, 0].tolist() == [[0, 7], [0, 0]]


@DTYPES
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_layer_normalization_backward(axis, dtype):
    x, dout = draw(3, 4, 5, dtype=dtype), draw(3, 4, 5, seed=1, dtype=dtype)
    gamma = draw(x.shape[axis], seed=2, dtype=dtype)
    along = np.moveaxis(np.zeros(x.shape), axis, -1)

    def loss(x, gamma, beta):
        rows = np.moveaxis(x, axis, -1)
        mean, variance = rows.mean(-1, keepdims=True), rows.var(-1, keepdims=True)
        out = gamma * (rows - mean) / np.sqrt(variance + 0.001) + beta
        return (out * np.moveaxis(dout.astype(float), axis, -1)).sum()

    zeros, given = np.zeros(along.shape[-1]), gamma.astype(float)
    dx, dgamma, dbeta = ops.layer_normalization_backward(x, dout, gamma, axis, 0.001)
    terms = x.size
    assert dx == close_to(slopes(lambda x: loss(x, given, zeros), x), terms, dtype)
    x = x.astype(float)
    assert dgamma == close_to(slopes(lambda g: loss(x, g, zeros), given), terms, dtype)
    assert dbeta == close_to(slopes(lambda b: loss(x, given, b), zeros), terms, dtype)
    assert dx.dtype == dgamma.dtype == dbeta.dtype == dtype
    ones = ops.layer_normalization_backward(x, dout, np.ones(len(given)), axis)
    assert ops.layer_normalization_backward(x, dout, axis=axis)[0].tolist() == ones[0].tolist()


def test_backward_errors():
    images, wrong = np.ones((1, 4, 4, 1)), r"doutputs must have the shape of the output, \("
    for call, message in (
        (lambda: ops.conv_backward(images, images[:, :2, :2], images), "kernel must have 1 input"),
        (lambda: ops.conv_backward(images, np.ones((2, 2, 1, 1)), images), rf"{wrong}1, 3, 3, 1\)"),
        (lambda: ops.conv_backward(images, np.ones((5, 1, 1, 1)), images), "larger than the image"),
        (
            lambda: ops.depthwise_conv_backward(images, np.ones((2, 2, 1, 3)), images),
            rf"{wrong}1, 3, 3, 3\), got \(1, 4, 4, 1\)",
        ),
        (lambda: ops.max_pool_backward(images, images, 2), rf"{wrong}1, 2, 2, 1\)"),
        (lambda: ops.average_pool_backward(images, images, 2), rf"{wrong}1, 2, 2, 1\)"),
        (lambda: ops.max_pool_backward(images, images, 5), "larger than the image"),
        (lambda: ops.layer_normalization_backward(images, [1.0]), rf"{wrong}1, 4, 4, 1\)"),
        (
            lambda: ops.layer_normalization_backward(images, images, [1, 1]),
            r"gamma must have shape \(1,\), the length of the axis of x, got \(2,\)",
        ),
        (
            lambda: ops.layer_normalization_backward(images, images, epsilon=0),
            "epsilon must be positive, got 0.0",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            call()
