"""Sequential in float64, and penalties that change between fits."""

import copy

import numpy as np
import pytest

from fastscratch import Sequential, layers, load_model, optimizers, regularizers
from fastscratch.utils import set_random_seed


def network(dtype):
    set_random_seed(1)
    stack = [layers.Input((5,)), layers.Dense(7, "tanh"), layers.Dense(3, "softmax")]
    model = Sequential(stack, dtype=dtype)
    model.compile(optimizers.SGD(0.5), "categorical_crossentropy", ["accuracy"])
    return model


def data():
    rng = np.random.default_rng(0)
    return rng.standard_normal((40, 5)), np.eye(3)[rng.integers(3, size=40)]


def test_a_step_by_its_formula():
    x, y = data()
    model = network("float64")
    W, b, V, c = before = model.get_weights()
    assert {weight.dtype.name for weight in before} == {"float64"}
    weight = np.linspace(0.5, 1.5, 40)
    model.fit(x, y, batch_size=40, shuffle=False, sample_weight=weight, verbose=0)
    h = np.tanh(x @ W + b)
    p = np.exp(h @ V + c)
    p /= p.sum(axis=1, keepdims=True)
    dz = (p - y) * weight[:, None] / 40
    dh = dz @ V.T * (1 - h**2)
    after = [W - x.T @ dh / 2, b - dh.sum(axis=0) / 2, V - h.T @ dz / 2, c - dz.sum(axis=0) / 2]
    for found, expected in zip(model.get_weights(), after, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_float32_and_float64_agree(tmp_path):
    x, y = data()
    single, double = network("float32"), network("float64")
    for model in (single, double):
        model.fit(x, y, batch_size=8, epochs=5, class_weight={0: 2.0}, verbose=0)
    assert single.predict(x).dtype == np.float32
    assert double.predict(x).dtype == np.float64
    np.testing.assert_allclose(single.predict(x), double.predict(x), rtol=0, atol=1e-5)
    np.testing.assert_allclose(single.evaluate(x, y)[0], double.evaluate(x, y)[0], rtol=1e-5)
    double.save(tmp_path / "model")
    for again in (load_model(tmp_path / "model"), copy.deepcopy(double), double.submodel(1)):
        assert again.dtype == "float64"
        assert (again.predict(x) == double.predict(x)).all()
    with pytest.raises(ValueError, match="dtype must be one of 'float32', 'float64', got 'half'"):
        Sequential(dtype="half")


def test_a_penalty_can_change_between_fits():
    x, y = data()
    model = network("float64")
    model.fit(x, y, batch_size=40, verbose=0)
    other = copy.deepcopy(model)
    kernel = model.get_weights()[0]
    model.layers[0].kernel_regularizer = regularizers.L2(0.1)
    for m in (model, other):
        m.fit(x, y, batch_size=40, verbose=0)
    # The gradient of l2 sum(w**2) is 2 l2 w, and the rate 1/2.
    difference = other.get_weights()[0] - model.get_weights()[0]
    np.testing.assert_allclose(difference, 0.5 * 2 * 0.1 * kernel, rtol=0, atol=1e-14)
