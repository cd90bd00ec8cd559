"""Long float32 sums: within the bounds that the docstrings state, of up to ten million terms.

The truth is the sum of the same numbers in float64 (by `math.fsum`, or NumPy's pairwise sum, whose
error is far below float32's). Constant terms are the hard ones: in a running sum all of them are
rounded in the same direction, and ten million times 0.1 is 9% off.
"""

import math

import numpy as np
import pytest

import fastscratch
from fastscratch import Model, Sequential, layers, ops
from fastscratch.kernels import KERNELS
from fastscratch.kernels.conv2d import SUM_LENGTH
from fastscratch.kernels.losses import OUTPUTS
from fastscratch.kernels.matmul import DEPTH
from fastscratch.kernels.sums import BLOCK, sum_rows

F = np.float32
U = np.finfo(F).eps / 2
MANY = 10_000_000
TENTH = F(0.1)
EXACT = float(TENTH)
#: A block is added up in float32; then a rounding of the result, and two of a factor.
OF_BLOCKS = (BLOCK + 3) * U


def constant(n):
    return np.full(n, TENTH)


def positive(n):
    return np.random.default_rng(0).random(n, F)


def both(name="terms"):
    return pytest.mark.parametrize(name, [constant, positive])


def assert_near(found, truth, bound):
    assert np.abs(np.asarray(found, float) - truth).max() <= bound * np.abs(truth).max()


# --- rows and positions ---------------------------------------------------------------------------


@both()
def test_rows(terms):
    rows, total = terms(MANY).reshape(-1, 4), np.empty(4, F)
    sum_rows(total, rows)
    assert_near(total, [math.fsum(column) for column in rows.T], OF_BLOCKS)


@both()
@pytest.mark.parametrize("window", [(3000, 3000), (3000, 2), (1, 3000), (9, 9)])
def test_average_of_a_window(window, terms):
    x = terms(3000 * 3000).reshape(1, 3000, 3000, 1)
    out = np.empty((1, 1, 1, 1), F)
    KERNELS["average_pool2d_forward"](out, x, window, window, (0, 0))
    truth = x[0, : window[0], : window[1]].mean(dtype=float)
    assert_near(out, truth, OF_BLOCKS)
    if window == (3000, 3000):
        assert_near(ops.average_pool(x, window), truth, OF_BLOCKS)


@pytest.mark.slow
@both()
@pytest.mark.parametrize(
    ("shape", "samples"), [((3000, 3000, 1), 1), ((200_000, 3), 1), ((100, 100, 2), 20)]
)
def test_global_average(shape, samples, terms):
    """Also with samples innermost, after a convolution of few filters."""
    x = terms(samples * math.prod(shape)).reshape(samples, *shape)
    pooling = layers.GlobalAveragePooling1D if len(shape) == 2 else layers.GlobalAveragePooling2D
    stack = [layers.Input(shape), pooling()]
    if samples > 1:
        stack.insert(1, layers.DepthwiseConv2D(1, depthwise_initializer="ones"))
    truth = x.mean(axis=tuple(range(1, x.ndim - 1)), dtype=float)
    found = Sequential(stack).predict(x)
    assert_near(found, truth, OF_BLOCKS)


@pytest.mark.slow
@both()
@pytest.mark.parametrize(("channels", "filters"), [(1, 6), (3, 32), (32, 32)])
def test_gradients_of_a_convolution(channels, filters, terms):
    side = 1026 if channels < 32 else 258
    n = (side - 2) ** 2
    x, dout = np.ones((1, side, side, channels), F), np.empty((1, side - 2, side - 2, filters), F)
    dout[:] = terms(n).reshape(1, side - 2, side - 2, 1)
    dkernel, dbias = np.empty((3, 3, channels, filters), F), np.empty(filters, F)
    KERNELS["conv2d_backward_weight"](dkernel, dbias, x, dout, (1, 1), (0, 0), (1, 1), 1)
    truth = math.fsum(dout[..., 0].ravel())
    assert_near(dbias, truth, OF_BLOCKS)
    assert_near(dkernel, truth, (SUM_LENGTH + n / SUM_LENGTH + side) * U)


def test_gradients_of_a_depthwise_convolution():
    x, dout = np.ones((3, 514, 514, 4), F), np.full((3, 512, 512, 4), TENTH)
    dkernel, dbias = np.empty((3, 3, 1, 4), F), np.empty(4, F)
    KERNELS["conv2d_backward_weight"](dkernel, dbias, x, dout, (1, 1), (0, 0), (1, 1), 4)
    n = 3 * 512**2
    assert_near(dbias, n * EXACT, OF_BLOCKS)
    assert_near(dkernel, n * EXACT, (SUM_LENGTH + n / SUM_LENGTH + 512) * U)


@pytest.mark.slow
@both()
def test_a_product_of_matrices(terms):
    depth = MANY // 8
    a, b = terms(MANY).reshape(8, depth), np.ones((depth, 32), F)
    out = np.empty((8, 32), F)
    KERNELS["matmul"](out, a, b)
    truth = a.sum(axis=1, dtype=float)[:, None]
    assert_near(out, truth, (DEPTH + depth / DEPTH + 1) * U)


# --- outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [10, pytest.param(MANY, marks=pytest.mark.slow)])
def test_softmax(n):
    """An exponential is off by a few units of roundoff, the sum of them no more."""
    z = np.random.default_rng(1).standard_normal(n).astype(F)
    a, da, dz = np.empty_like(z), np.full(n, TENTH), np.empty_like(z)
    truth = np.exp(z.astype(float) - z.max())
    truth /= truth.sum()
    KERNELS["softmax_forward"](a, z)
    np.testing.assert_allclose(a, truth, rtol=16 * U)
    KERNELS["softmax_backward"](dz, z, a, da)
    assert np.abs(dz).max() <= 16 * U * EXACT * a.max()  # a constant gradient has no effect
    KERNELS["log_softmax_forward"](a, z)
    np.testing.assert_allclose(a, np.log(truth), rtol=16 * U)
    KERNELS["log_softmax_backward"](dz, z, a, da)
    assert_near(dz, EXACT - truth * n * EXACT, 32 * U)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber", "poisson"])
def test_losses_of_numbers(loss):
    prediction, y = np.full(MANY, F(0.4)), constant(MANY)
    p, t = float(F(0.4)), EXACT
    truth = {
        "mean_squared_error": (p - t) ** 2,
        "mean_absolute_error": p - t,
        "huber": (p - t) ** 2 / 2,
        "poisson": p - t * math.log(p + 1e-7),
    }[loss]
    delta = [1.0] if loss == "huber" else []
    assert_near(KERNELS[f"{loss}_forward"](prediction, y, *delta), truth, 8 * U)


@pytest.mark.slow
@pytest.mark.parametrize(
    "loss",
    [
        "multilabel_crossentropy",
        "binary_crossentropy",
        "categorical_crossentropy",
        "multilabel_log_loss",
        "binary_log_loss",
        "categorical_log_loss",
    ],
)
def test_losses_of_classes(loss):
    """Of scores 0.4, or of probabilities 0.4, and targets 0.1."""
    z, y = np.full(MANY, F(0.4)), constant(MANY)
    p, t = float(F(0.4)), EXACT
    truth = {
        "multilabel_crossentropy": MANY * (p - p * t + math.log1p(math.exp(-p))),
        "binary_crossentropy": p - p * t + math.log1p(math.exp(-p)),
        "categorical_crossentropy": MANY * t * math.log(MANY),
        "multilabel_log_loss": -MANY * (t * math.log(p) + (1 - t) * math.log(1 - p)),
        "binary_log_loss": -(t * math.log(p) + (1 - t) * math.log(1 - p)),
        "categorical_log_loss": MANY * t * math.log(MANY),
    }[loss]
    assert_near(KERNELS[f"{loss}_forward"](z, y), truth, (32 + OUTPUTS) * U)


@pytest.mark.slow
def test_layer_normalization_of_a_long_row_and_of_many():
    x = positive(MANY)
    for rows in (x.reshape(1, -1), x.reshape(-1, 2)):
        units = rows.shape[1]
        gamma, beta = np.ones(units, F), np.zeros(units, F)
        out, mean, variance = np.empty_like(rows), np.empty(len(rows), F), np.empty(len(rows))
        KERNELS["layer_norm_forward"](out, mean, variance, rows, gamma, beta, 1.0)
        assert_near(mean, rows.mean(axis=1, dtype=float), U)
        dout, dx = np.full_like(rows, TENTH), np.empty_like(rows)
        dgamma, dbeta = np.empty((2, units), F)
        arguments = dout, rows, mean, variance, gamma, 1.0
        KERNELS["layer_norm_backward"](dx, dgamma, dbeta, *arguments)
        assert_near(dbeta, len(rows) * EXACT, OF_BLOCKS)
        assert_near(dgamma, EXACT * out.sum(axis=0, dtype=float), 1e-3)


# --- training -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_gradients_and_loss_of_two_million_samples_at_once():
    """Each sample has the residual 0.1: bias and kernel get 0.2, the loss is 0.01."""
    n = 2_000_000
    model = Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd", "mean_squared_error")
    loss, (dkernel, dbias) = model.gradients(np.ones((n, 1), F), -constant(n))
    assert_near(loss, EXACT**2, 3 * U)
    assert_near(dbias, 2 * EXACT, OF_BLOCKS)
    assert_near(dkernel, 2 * EXACT, (DEPTH + n / DEPTH + 4) * U)


@pytest.mark.slow
def test_batch_normalization_of_a_million_samples():
    """Of the numbers 0 and 1 in turn: mean 1/2, variance 1/4; the gradient of beta is their sum."""
    n = 1_000_000
    model = Sequential([layers.Input((1,)), layers.BatchNormalization(momentum=0.0)])
    model.compile("sgd", "mean_absolute_error")
    x = (np.arange(n) % 2).astype(F)[:, None]
    _, gradients = model.gradients(x, np.full((n, 1), F(-9)))
    assert_near(gradients[1], 1.0, OF_BLOCKS)
    model.train_on_batch(x, np.full((n, 1), F(-9)))
    assert_near(model.get_weights()[2:], [[0.5], [0.25]], 4 * U)


def test_any_number_of_threads_gives_the_same_bits():
    rng = np.random.default_rng(0)
    x = fastscratch.Input((70, 70, 3))
    image = layers.Conv2D(6, 3, padding="same")(x)
    pooled = layers.GlobalAveragePooling2D()(image)
    window = layers.Flatten()(layers.AveragePooling2D(35)(image))
    normal = layers.LayerNormalization()(layers.Concatenate()([pooled, window]))
    model = Model(x, layers.Dense(4)(normal))
    model.compile("sgd", "mean_squared_error")
    data = rng.standard_normal((150, 70, 70, 3)).astype(F), rng.random((150, 4), F)
    most, seen = fastscratch.get_num_threads(), []
    try:
        for threads in {1, most}:
            fastscratch.set_num_threads(threads)
            loss, gradients = model.gradients(*data)
            seen.append([loss, model.predict(data[0]).tobytes(), *(g.tobytes() for g in gradients)])
    finally:
        fastscratch.set_num_threads(most)
    assert all(other == seen[0] for other in seen)
