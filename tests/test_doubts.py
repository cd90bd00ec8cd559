"""Pairs of outputs, losses and metrics that run, and teach or tell nothing: compile warns."""

import warnings

import numpy as np
import pytest

from fastscratch import Model, Sequential, layers, losses, optimizers
from fastscratch.losses import BinaryCrossentropy, CategoricalCrossentropy

X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)


def compiled(units, activation, loss, metrics=(), input_shape=(4,)):
    """A model with one layer, and the warnings of its compile."""
    model = Sequential([layers.Dense(units, activation, input_shape=input_shape)])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.compile(optimizers.SGD(0.1), loss, metrics)
    return model, [str(warning.message) for warning in caught]


NOTHING_LEARNED = {
    "softmax of one": (1, "softmax", "categorical_crossentropy", "softmax of one output is always"),
    "with labels": (1, "softmax", "sparse_categorical_crossentropy", "softmax of one output is"),
    "with 0 and 1": (1, "softmax", "binary_crossentropy", "softmax of one output is always 1, so"),
    "squared": (
        1,
        "softmax",
        "mse",
        "so that nothing can be learned; for two classes use Dense",
    ),
    "log": (1, "log_softmax", "mse", "the log_softmax of one output is always 0, so that nothing"),
    "one sigmoid": (1, "sigmoid", "categorical_crossentropy", "the share of a single output is"),
    "one score": (1, "linear", CategoricalCrossentropy(from_logits=True), "always 1, so that"),
    "logarithms": (3, "log_softmax", "binary_crossentropy", "after log_softmax they may be"),
}


@pytest.mark.parametrize("case", NOTHING_LEARNED)
def test_what_learns_nothing(case):
    """The weights do not move, whatever the targets: that is what the warning says."""
    units, activation, loss, message = NOTHING_LEARNED[case]
    model, said = compiled(units, activation, loss)
    assert len(said) == 1
    with pytest.warns(UserWarning, match=message):
        model.compile("sgd", loss)
    labels = model.loss.takes_labels
    y = np.zeros(30) if labels else np.random.default_rng(1).integers(0, 2, (30, units))
    before = model.get_weights()
    model.fit(X, y, epochs=3, verbose=0)
    for weight, first in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, first)


@pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "selu", "gelu", "softplus"])
def test_outputs_that_are_no_probabilities(activation):
    """Where they are cut off there is no gradient: all are, in this model."""
    model, said = compiled(2, activation, "binary_crossentropy")
    (text,) = said
    assert text == (
        f"binary_crossentropy takes the outputs for probabilities, and after {activation} they may "
        "be outside of 0 to 1, where they are cut off and have no gradient; use a sigmoid "
        "activation in the last layer, or from_logits=True"
    )
    bias = 2.0 if activation in ("softplus", "relu", "linear", "selu", "gelu") else -1.0
    model.set_weights([np.zeros((4, 2)), np.full(2, bias)])
    _, gradients = model.gradients(X, np.ones((30, 2)))
    assert not any(gradient.any() for gradient in gradients)


@pytest.mark.parametrize("activation", ["linear", "tanh", "elu", "silu"])
def test_counts_of_less_than_nothing(activation):
    (text,) = compiled(1, activation, "poisson")[1]
    assert text.startswith(f"poisson takes the logarithm of the outputs, which after {activation}")


@pytest.mark.parametrize(
    ("units", "activation", "loss", "metric", "message"),
    [
        (1, "linear", "mse", "accuracy", "says nothing about the real numbers that mean_squ"),
        (1, "linear", "mae", "acc", "acc counts how often outputs and targets are on the same"),
        (1, "relu", "huber", "Accuracy", "use mean_absolute_error or r2_score"),
        (1, "sigmoid", "bce", "categorical_accuracy", "of a single output is always 1; use"),
        (3, "softmax", "categorical_crossentropy", "top_k_categorical_accuracy", "its k=5 is alw"),
    ],
)
def test_metrics_that_tell_nothing(units, activation, loss, metric, message):
    (text,) = compiled(units, activation, loss, [metric])[1]
    assert message in text


@pytest.mark.parametrize(
    ("units", "activation", "loss", "metrics"),
    [
        (1, "linear", "mse", ["mae", "r2_score"]),
        (1, "linear", "mse", ["binary_accuracy"]),  # a linear probability model, on purpose
        (1, "sigmoid", "mse", ["accuracy"]),
        (3, "linear", "mse", ["accuracy"]),  # least squares on one-hot rows
        (1, "sigmoid", "binary_crossentropy", ["accuracy", "auc"]),
        (1, "linear", BinaryCrossentropy(from_logits=True), ["accuracy"]),
        (3, "softmax", "sparse_categorical_crossentropy", ["accuracy"]),
        (3, "linear", CategoricalCrossentropy(from_logits=True), ["accuracy"]),
        (3, "exponential", "categorical_crossentropy", []),  # a softmax, written in two steps
        (9, "softmax", "categorical_crossentropy", ["top_k_categorical_accuracy"]),
        (1, "exponential", "poisson", ["mae"]),
        (1, "softplus", "poisson", []),
        (1, "relu", "poisson", []),
    ],
)
def test_pairs_that_are_right(units, activation, loss, metrics):
    assert compiled(units, activation, loss, metrics)[1] == []


def test_before_the_input_shape_is_known():
    assert len(compiled(1, "softmax", "mse", input_shape=None)[1]) == 1
    assert compiled(2, "softmax", "mse", input_shape=None)[1] == []


def test_a_layer_that_moves_numbers_hides_what_these_are():
    last = [layers.Dense(4, "softmax"), layers.Reshape((2, 2))]
    model = Sequential([layers.Input((4,)), *last])
    model.compile("sgd", losses.BinaryCrossentropy())  # warnings are errors here


def test_each_output_of_a_model():
    x = layers.Input((4,))
    model = Model(x, [layers.Dense(1, "softmax")(x), layers.Dense(1)(x)])
    with pytest.warns(UserWarning, match="the softmax|accuracy") as caught:
        model.compile("sgd", ["categorical_crossentropy", "mse"], [[], ["accuracy"]])
    assert [str(warning.message)[:20] for warning in caught] == [
        "the softmax of one o",
        "accuracy counts how ",
    ]
    assert {warning.filename for warning in caught} == {__file__}


@pytest.mark.parametrize("decay", [1e-5, 1e-3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_weight_decay_that_is_lost_to_rounding(decay, dtype):
    """A weight of 1 decays by 1e-9 in a step, which float32 does not hold; or by 1e-7."""
    model = Sequential([layers.Input((1,)), layers.Dense(1, kernel_initializer="ones")], "m", dtype)
    is_lost = decay == 1e-5 and dtype == "float32"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.compile(optimizers.AdamW(1e-4, weight_decay=decay), "mse")
    assert [str(w.message).startswith("learning_rate * weight_decay = 1e-09") for w in caught] == (
        [True] if is_lost else []
    )
    model.fit(np.zeros((100, 1)), np.zeros(100), batch_size=1, verbose=0)
    assert (model.get_weights()[0].item() == 1) == is_lost
