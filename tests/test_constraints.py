"""Constraints of weights: formulas by hand, beside Keras, in training, and what is refused."""

import json

import numpy as np
import pytest

import fastscratch as fs
from fastscratch import constraints, layers
from fastscratch.constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

#: Its columns have the norms 5, 1 and 0.
KERNEL = np.array([[3.0, 0.6, 0.0], [-4.0, 0.8, 0.0]])


@pytest.mark.parametrize(
    ("constraint", "norms"),
    [
        (MaxNorm(2), [2, 1, 0]),
        (UnitNorm(), [1, 1, 0]),
        (MinMaxNorm(2, 4), [4, 2, 0]),
        (MinMaxNorm(2, 4, rate=0.5), [4.5, 1.5, 0]),
        (MaxNorm(6, axis=0), [5, 1, 0]),
    ],
)
def test_norms_of_columns(constraint, norms):
    """Apart from what keeps the division from zero: a share of 1e-7 of the norm."""
    found = constraint(KERNEL)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), norms, rtol=2e-7)
    directions = KERNEL[:, :2] / [5, 1]
    np.testing.assert_allclose(found[:, :2], directions * norms[:2], rtol=2e-7)


def test_non_negative():
    np.testing.assert_array_equal(NonNeg()(KERNEL), [[3, 0.6, 0], [0, 0.8, 0]])


def test_the_argument_is_not_changed_and_keeps_its_precision():
    before = KERNEL.copy()
    for dtype in (np.float32, np.float64):
        for constraint in (MaxNorm(), NonNeg()):
            assert constraint(KERNEL.astype(dtype)).dtype == dtype
    np.testing.assert_array_equal(KERNEL, before)


AXES = [0, 1, 2, 3, -1, [0, 1], [0, 1, 2], [1, 2], [0, 2], [1, 3], [0, 3], [0, 1, 3], [0, 1, 2, 3]]


@pytest.mark.parametrize("axis", AXES, ids=str)
@pytest.mark.parametrize("name", ["MaxNorm", "MinMaxNorm", "UnitNorm"])
def test_constraints_of_keras(keras, name, axis):
    """Sums of at most 120 squares, and a few roundings, in float32."""
    options = {"MaxNorm": {"max_value": 1.5}, "MinMaxNorm": {"min_value": 1, "rate": 0.75}}
    config = {"axis": axis, **options.get(name, {})}
    weights = np.random.default_rng(0).standard_normal((2, 3, 4, 5)).astype(np.float32)
    expected = getattr(keras.constraints, name)(**config)(weights)
    found = getattr(constraints, name)(**config)(weights)
    np.testing.assert_allclose(found, expected, rtol=128 * 2.0**-23, atol=0)


def test_defaults_and_names_of_keras(keras):
    for name in ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"):
        ours, theirs = getattr(constraints, name)(), getattr(keras.constraints, name)()
        assert {k: v for k, v in ours.get_config().items() if k != "class"} == theirs.get_config()
        snake = {"MaxNorm": "max_norm", "MinMaxNorm": "min_max_norm"}
        snake = snake | {"NonNeg": "non_neg", "UnitNorm": "unit_norm"}
        for spelling in (name, snake[name]):
            assert type(constraints.get(spelling, "c")) is type(ours)
            assert type(keras.constraints.get(spelling)) is type(theirs)


def layers_with_constraints(module, of):
    """Layers of one package, each weight with a constraint."""
    return [
        module.Conv2D(4, 3, kernel_constraint=of.MaxNorm(0.5, axis=[0, 1, 2])),
        module.DepthwiseConv2D(2, depthwise_constraint=of.NonNeg(), bias_constraint=of.NonNeg()),
        module.BatchNormalization(gamma_constraint=of.NonNeg(), beta_constraint=of.MaxNorm(0.25)),
        module.Conv2DTranspose(3, 2, kernel_constraint=of.UnitNorm(axis=[0, 1, 3])),
        module.SeparableConv2D(
            4, 2, depthwise_constraint=of.UnitNorm(), pointwise_constraint=of.MaxNorm(0.4, axis=2)
        ),
        module.LayerNormalization(gamma_constraint=of.MaxNorm(0.3)),
        module.Reshape((-1, 4)),
        module.Conv1D(3, 2, kernel_constraint=of.MinMaxNorm(0.1, 0.2, 0.5, axis=[0, 1])),
        module.Flatten(),
        module.Dense(4, "tanh", kernel_constraint=of.UnitNorm(), trainable=False),
        module.Dense(3, "softmax", kernel_constraint=of.MaxNorm(0.7), bias_constraint="non_neg"),
    ]


@pytest.mark.parametrize(
    "options", [{}, {"clipnorm": 0.1}, {"gradient_accumulation_steps": 2}], ids=str
)
def test_training_beside_keras(keras, options):
    """From the same weights, the same steps; each rounds as `test_against_keras` says."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((20, 8, 7, 4)).astype(np.float32)
    y = rng.integers(3, size=20)
    ours = fs.Sequential([fs.Input((8, 7, 4)), *layers_with_constraints(layers, constraints)])
    theirs = keras.Sequential(
        [keras.Input((8, 7, 4)), *layers_with_constraints(keras.layers, keras.constraints)]
    )
    for model, module in ((ours, fs), (theirs, keras)):
        model.compile(module.optimizers.SGD(0.1, **options), "sparse_categorical_crossentropy")
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=6 * 300 * 2.0**-23)
    norms = np.sqrt((ours.layers[0].get_weights()[0] ** 2).sum(axis=(0, 1, 2)))
    assert 0.499 < norms.max() < 0.5 + 2**-22


def test_a_model_with_constraints_is_saved(tmp_path):
    model = fs.Sequential([fs.Input((4,)), layers.Dense(3, kernel_constraint=MaxNorm(0.5, [0]))])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 4)), np.ones((8, 3))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.safetensors")
    same = fs.load_model(tmp_path / "m.safetensors")
    assert repr(same.layers[0].kernel_constraint) == "MaxNorm(max_value=0.5, axis=[0])"
    for fitted in (model, same):
        fitted.fit(x, y, epochs=3, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], same.get_weights()[0])


@pytest.mark.parametrize(
    "constraint", [MaxNorm(3, axis=[0, 1]), MinMaxNorm(0.5), NonNeg(), UnitNorm()]
)
def test_a_config_makes_the_same_again(constraint):
    config = json.loads(json.dumps(constraint.get_config()))
    assert repr(constraints.get(config, "c")) == repr(constraint)


class Own(constraints.Constraint):
    def __call__(self, weights):
        return weights


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: MaxNorm(0), "max_value must be positive, got 0"),
        (lambda: MinMaxNorm(-1), "min_value must not be negative, got -1"),
        (lambda: MinMaxNorm(2, 1), "min_value must not be above max_value=1.0, got 2.0"),
        (lambda: MinMaxNorm(rate=2), "rate must be at least 0 and below 1, got 2"),
        (lambda: MaxNorm(axis=[]), "axis must be an int or several, got none"),
        (lambda: MaxNorm(axis=0.5), "axis must be an integer, got float"),
        (lambda: MaxNorm(axis=2)(KERNEL), r"axis=2\) needs an axis that weights of shape \(2, 3\)"),
        (lambda: MaxNorm(axis=[0, -2])(KERNEL), "names an axis of weights of shape .* twice"),
        (lambda: MaxNorm(axis=[1, 3, 5])(np.ones((2,) * 6)), "more than two groups of neighbour"),
        (
            lambda: layers.Dense(3, kernel_constraint="max"),
            "kernel_constraint must be a constraint",
        ),
        (lambda: layers.Dense(3, bias_constraint=Own()), "one with a formula of its own, Own"),
    ],
)
def test_refused(make, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()


def test_an_axis_that_a_weight_has_not_is_refused_before_training():
    wrong = layers.Dense(3, bias_constraint=MaxNorm(axis=1))
    with pytest.raises(ValueError, match=r"needs an axis that bias of shape \(3,\) has not"):
        fs.Sequential([fs.Input((4,)), wrong])
