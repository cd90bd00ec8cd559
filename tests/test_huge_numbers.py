"""Numbers whose squares are too large for float32, or too small: the values of float64 come out."""

import numpy as np
import pytest

from fastscratch import Sequential, layers, ops
from fastscratch.kernels import KERNELS
from fastscratch.optimizers import SGD

F = np.float32
U = np.finfo(F).eps / 2
SIZES = pytest.mark.parametrize("size", [1e-25, 1.0, 1e15, 1e25, 1e35])


def rows(size):
    return (size * np.random.default_rng(0).standard_normal((40, 6))).astype(F)


def normalized(x, axis, epsilon=1e-3):
    x = x.astype(float)
    mean, variance = x.mean(axis, keepdims=True), x.var(axis, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon)


def assert_near(found, truth, terms):
    """An ulp of the largest number for each term."""
    assert np.abs(found - truth).max() <= terms * U * np.abs(truth).max()


@SIZES
def test_layer_normalization(size):
    x = rows(size)
    model = Sequential([layers.Input((6,)), layers.LayerNormalization()])
    assert_near(model.predict(x), normalized(x, 1), 20)
    assert_near(ops.layer_normalization(x, epsilon=1e-3), normalized(x, 1), 20)


@SIZES
def test_gradient_of_layer_normalization(size):
    """Of the inputs, by the formula, and of gamma: the sum of dout times what is normalised."""
    x, dout = rows(size), rows(1.0)[::-1].copy()
    dx, dgamma, _ = ops.layer_normalization_backward(x, dout, epsilon=1e-3)
    normal, g = normalized(x, 1), dout.astype(float)
    inverse = 1 / np.sqrt(x.astype(float).var(1, keepdims=True) + 1e-3)
    mean = (g * normal).mean(1, keepdims=True)
    truth = inverse * (g - g.mean(1, keepdims=True) - normal * mean)
    assert_near(dx, truth, 40)
    assert_near(dgamma, (g * normal).sum(0), 60)


@SIZES
def test_batch_normalization(size):
    """The loss is the sum of the outputs' errors: gamma's gradient is the mean of what is seen."""
    x = rows(size)
    model = Sequential([layers.Input((6,)), layers.BatchNormalization()])
    model.compile("sgd", "mean_absolute_error")
    y = np.where(x > 0, 100, -100).astype(F)
    _, (dgamma, dbeta, *_) = model.gradients(x, y)
    sign = np.sign(x) / 6
    assert_near(dgamma, -(sign * normalized(x, 0)).mean(0), 60)
    assert np.abs(dbeta + sign.mean(0)).max() <= 60 * U
    if size <= 1e15:
        model.train_on_batch(x, y)
        variance = model.get_weights()[3]
        assert_near(variance, 0.99 + 0.01 * x.astype(float).var(0), 60)


def test_a_variance_that_is_no_float32_ends_the_fit():
    """The moving variance would be infinite, and all predictions beta."""
    model = Sequential([layers.Input((6,)), layers.BatchNormalization()])
    model.compile("sgd", "mean_absolute_error")
    with pytest.raises(FloatingPointError, match="moving_variance of layer"):
        model.train_on_batch(rows(1e25), np.zeros((40, 6), F))


@pytest.mark.parametrize("dtype", [F, np.float64])
@pytest.mark.parametrize("clipnorm", [1.0, 1e-3])
def test_a_clipped_gradient_has_the_norm(dtype, clipnorm):
    """Whatever its length: here the direction is (3, 4, 0) / 5."""
    top = 37 if dtype is F else 300
    for exponent in (0, 18, 19, 25, top):
        gradient = dtype(10.0**exponent) * np.array([3, 4, 0], dtype)
        KERNELS["clip_by_norm"](gradient, clipnorm)
        expected = np.array([0.6, 0.8, 0]) * clipnorm
        np.testing.assert_allclose(gradient, expected, rtol=4 * np.finfo(dtype).eps)
    tiny = dtype(10.0 ** -(30 if dtype is F else 200)) * np.array([3, 4, 0], dtype)
    kept = tiny.copy()
    KERNELS["clip_by_norm"](tiny, float(kept[1]))  # shorter than the norm by a fifth
    np.testing.assert_allclose(tiny, 0.8 * kept, rtol=4 * np.finfo(dtype).eps)


def test_what_cannot_be_clipped_stays_visible():
    for bad in (np.nan, np.inf):
        gradient = np.array([1, bad, 0])
        KERNELS["clip_by_norm"](gradient, 1.0)
        assert not np.isfinite(gradient).all()


@pytest.mark.parametrize("name", ["clipnorm", "global_clipnorm"])
def test_training_with_a_huge_gradient_takes_a_step_of_the_norm(name):
    """Targets of 1e30 give a gradient of 2e37 in the mean absolute error of inputs of 2e37."""
    model = Sequential([layers.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(SGD(0.5, **{name: 1.0}), "mean_absolute_error")
    model.set_weights([np.ones((1, 1))])
    model.train_on_batch(np.full((2, 1), 2e37, F), np.zeros((2, 1), F))
    np.testing.assert_allclose(model.get_weights()[0], [[0.5]], rtol=1e-6)


@pytest.mark.parametrize("size", [1e-20, 1e15, 1e18])
def test_normalization_adapts_to_the_size_of_the_data(size):
    """Standard deviations below 1e-7 count as that, as in Keras."""
    x = rows(size)
    layer = layers.Normalization()
    layer.adapt(x)
    model = Sequential([layers.Input((6,)), layer])
    deviation = np.maximum(x.astype(float).std(0), 1e-7)
    assert_near(model.predict(x), (x - x.astype(float).mean(0)) / deviation, 20)


def test_normalization_refuses_a_variance_that_is_no_float32():
    with pytest.raises(ValueError, match="variance of data"):
        layers.Normalization().adapt(rows(1e25))
