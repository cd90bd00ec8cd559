"""Names of activations, the layers that have arguments, and activations of a user's own."""

import copy
import math
import pickle
import sys

import numpy as np
import pytest

from fastscratch import Sequential, activations, layers, load_model, losses, optimizers
from fastscratch.kernels.activations import ACTIVATIONS
from fastscratch.kernels.elementary import tanh


def bent(z):
    return math.asinh(z)


def bent_slope(z):
    return 1 / math.sqrt(1 + z * z)


def wrong_slope(z):
    return 1 / (1 + z * z)


def model_of(*body, loss="mean_squared_error", seed=3, dtype="float64"):
    model = Sequential(list(body), dtype=dtype)
    model.seed = seed
    model.compile(optimizers.SGD(0.1), loss)
    return model


X = np.random.default_rng(0).standard_normal((12, 4))
Y = np.random.default_rng(1).standard_normal((12, 2))


# --- names ----------------------------------------------------------------------------------------


def test_names():
    assert activations.get(None) == "linear"
    assert activations.get("swish") == "silu"
    assert activations.get("hard_swish") == "hard_silu"
    assert {"hard_sigmoid", "softsign", "relu6", "mish", "celu", "log_sigmoid"} <= set(ACTIVATIONS)
    assert layers.Dense(3, "swish").activation == "silu"


def test_every_name_of_keras_is_here_or_refused():
    keras = pytest.importorskip("keras")
    known = {name for name in keras.activations.__dict__ if name[0] != "_" and name.islower()}
    known -= {"get", "serialize", "deserialize", "activations", "types", "serialization_lib"}
    refused = {"glu", "sparsemax", "threshold", "keras_export", "object_registration"}
    for name in sorted(known - refused):
        assert activations.get(name), name
    for name in ("glu", "sparsemax", "threshold"):
        with pytest.raises(ValueError, match="activation must be one of 'linear', "):
            activations.get(name)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("rellu", ValueError, "activation must be one of 'linear', 'sigmoid', .*got 'rellu'"),
        (3, ValueError, "activation must be one of .*got 3"),
        (bent, TypeError, r"a pair of functions \(value, derivative\).*got bent alone"),
        ((bent, 3), TypeError, "derivative must be a function, got int"),
        ((math.sin, math.cos), TypeError, "value must be a function written in Python.*got built"),
        (layers.ReLU(), TypeError, "got ReLU alone; a layer such as LeakyReLU stands after"),
    ],
)
def test_what_is_no_activation_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        layers.Dense(3, given)


# --- layers with arguments ------------------------------------------------------------------------


def test_values_by_hand():
    z = np.array([[-2.0, 0.1, 0.5, 3.0]])

    def out(layer):
        return Sequential([layers.Input((4,)), layer], dtype="float64").predict(z)[0].tolist()

    assert out(layers.ReLU()) == [0, 0.1, 0.5, 3]
    assert out(layers.ReLU(2.0, 0.5, 0.3)) == pytest.approx([-1.15, -0.1, 0.5, 2], abs=1e-15)
    assert out(layers.LeakyReLU()) == pytest.approx([-0.6, 0.1, 0.5, 3], abs=1e-15)
    assert out(layers.ELU(2)) == pytest.approx([2 * math.expm1(-2), 0.1, 0.5, 3], abs=1e-14)
    assert out(layers.PReLU("ones")) == [-2, 0.1, 0.5, 3]
    assert out(layers.PReLU()) == [0, 0.1, 0.5, 3]


@pytest.mark.parametrize(("axis", "total"), [(1, 1), (2, 2), (-1, 3), (-2, 2), (-3, 1), (3, 3)])
def test_softmax_sums_to_one_along_its_axis(axis, total):
    x = np.random.default_rng(2).standard_normal((5, 2, 3, 4))
    model = Sequential([layers.Input((2, 3, 4)), layers.Softmax(axis)], dtype="float64")
    found = model.predict(x)
    powers = np.exp(x)
    np.testing.assert_allclose(found, powers / powers.sum(axis=total, keepdims=True), rtol=1e-13)


def test_a_softmax_at_the_end_is_fused_with_the_loss():
    def model(*end):
        return model_of(layers.Input((4,)), *end, loss="categorical_crossentropy")

    fused = model(layers.Dense(2), layers.Softmax())
    assert fused.program(batch_size=4).operations() == (
        model(layers.Dense(2, "softmax")).program(batch_size=4).operations()
    )


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.ReLU(-1), ValueError, "max_value must not be negative, got -1"),
        (lambda: layers.ReLU(threshold=-1), ValueError, "threshold must not be negative"),
        (lambda: layers.LeakyReLU(-0.1), ValueError, "negative_slope must not be negative"),
        (lambda: layers.ELU(0), ValueError, "alpha must be positive, got 0"),
        (lambda: layers.PReLU(shared_axes=1.5), TypeError, "shared_axes must be an integer"),
        (lambda: layers.PReLU("ones", shared_axes=5), ValueError, "samples that have an axis 5"),
        (lambda: layers.Softmax(0), ValueError, "axis must not be 0, which is that of the batch"),
        (lambda: layers.Softmax(4), ValueError, "samples that have an axis 4"),
        (lambda: layers.Softmax((1, 2)), TypeError, "axis must be an integer, got tuple"),
    ],
)
def test_errors(make, error, message):
    def build():
        Sequential([layers.Input((4,)), make()]).count_params()

    with pytest.raises(error, match=message):
        build()


def test_an_argument_can_be_set():
    softmax = layers.Softmax()
    softmax.axis = 1
    assert softmax.activation == "linear"
    softmax.axis = -1
    assert softmax.activation == "softmax"
    with pytest.raises(ValueError, match="alpha must be positive"):
        layers.ELU().alpha = -1


def test_saved_and_loaded(tmp_path):
    model = model_of(
        layers.Input((3, 4)),
        layers.ReLU(1.0, 0.1),
        layers.LeakyReLU(0.2),
        layers.ELU(0.5),
        layers.PReLU("ones", shared_axes=(1,)),
        layers.Softmax(1),
        layers.Flatten(),
        layers.Dense(2, "mish"),
    )
    x = np.random.default_rng(0).standard_normal((12, 3, 4))
    model.fit(x, Y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.predict(x).tobytes() == model.predict(x).tobytes()
    assert [repr(layer) for layer in again.layers] == [repr(layer) for layer in model.layers]


# --- a user's own ---------------------------------------------------------------------------------


def test_an_activation_of_ones_own_does_what_its_formula_says():
    model = model_of(layers.Input((4,)), layers.Dense(2, (bent, bent_slope)))
    (kernel, bias) = model.get_weights()
    np.testing.assert_allclose(model.predict(X), np.arcsinh(X @ kernel + bias), rtol=1e-13)
    before = [w.copy() for w in model.get_weights()]
    model.fit(X, Y, batch_size=12, verbose=0)
    z = X @ before[0] + before[1]
    dz = (np.arcsinh(z) - Y) / 12 / np.sqrt(1 + z * z)  # the mean over 2 outputs, times 2
    np.testing.assert_allclose(model.get_weights()[0], before[0] - 0.1 * X.T @ dz, rtol=1e-12)


def test_that_of_the_package_has_nearly_the_same_numbers():
    def swish(z):
        return z / (1 + math.exp(-z))

    def slope(z):
        s = 1 / (1 + math.exp(-z))
        return s * (1 + z * (1 - s))

    trained = []
    for own in ("silu", activations.Custom(swish, slope)):
        model = model_of(
            *(layers.Input((4,)), layers.Dense(5, own), layers.Dense(3), layers.Activation(own)),
            layers.Dense(2),
        )
        model.fit(X, Y, batch_size=4, epochs=3, verbose=0)
        trained.append(model.get_weights())
    for a, b in zip(*trained, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11)


def test_it_may_call_the_elementary_functions_of_the_package():
    own = activations.Custom(lambda z: tanh(z), lambda z: 1 - tanh(z) ** 2)
    found = [
        model_of(layers.Input((4,)), layers.Dense(2, activation)).predict(X)
        for activation in ("tanh", own)
    ]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ((bent, wrong_slope), "derivative of the activation bent must be .* at .*, as central"),
        ((lambda z: z + "a", bent_slope), "the value of an activation cannot be compiled"),
        ((lambda z: math.log(-10 - z * z), bent_slope), "<lambda> is finite at none of the"),
    ],
)
def test_a_wrong_one_is_refused_when_the_model_is_compiled(pair, message):
    model = Sequential([layers.Input((4,)), layers.Dense(2, pair)])
    with pytest.raises(ValueError, match=message):
        model.compile("sgd", "mse")
    assert model.optimizer is None


def test_where_its_value_is_not_finite_nothing_is_compared():
    model = Sequential([layers.Input((4,)), layers.Dense(2, (math_log, math_log_slope))])
    model.compile("sgd", "mse")


def math_log(z):
    return math.log(z) if z > 0 else math.nan


def math_log_slope(z):
    return 1 / z


def test_it_is_compared_and_copied_and_shown():
    own = activations.Custom(bent, bent_slope)
    assert own == activations.Custom(bent, bent_slope)
    assert own != activations.Custom(bent, wrong_slope)
    assert own != "relu"
    assert repr(own) == "Custom(bent, bent_slope)"
    assert repr(layers.Dense(2, own)) == "Dense(2, activation=Custom(bent, bent_slope))"
    assert copy.deepcopy(own) == own
    assert pickle.loads(pickle.dumps(own)) == own
    assert len({own, activations.Custom(bent, bent_slope)}) == 1


def test_it_is_saved_by_where_it_can_be_imported_from(tmp_path, monkeypatch):
    model = model_of(layers.Input((4,)), layers.Dense(2, (bent, bent_slope)))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.layers[0].activation == activations.Custom(bent, bent_slope)
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    monkeypatch.delitem(sys.modules, __name__)
    with pytest.raises(ValueError, match=r"'bent' of the module .*; import that before the model"):
        load_model(tmp_path / "model.safetensors")


def test_one_that_cannot_be_imported_is_not_saved(tmp_path):
    model = model_of(layers.Input((4,)), layers.Dense(2, (lambda z: 2 * z, lambda z: 2)))
    with pytest.raises(ValueError, match="must be a function at the top of a module"):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


def test_a_loss_after_it_takes_its_outputs():
    model = model_of(
        *(layers.Input((4,)), layers.Dense(2, (bent, bent_slope))), loss=losses.MeanAbsoluteError()
    )
    assert model.evaluate(X, Y) == pytest.approx(abs(model.predict(X) - Y).mean(), rel=1e-12)
