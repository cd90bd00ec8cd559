"""Examples of dense layers: sizes, activations, losses, regularisers."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..activations import NAMES
from ..layers import ELU, Activation, Dense, Layer, LayerNormalization
from ..losses import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    Huber,
    MultilabelCrossentropy,
    SparseCategoricalCrossentropy,
)
from ..optimizers import Adam
from .example import Example

#: Losses, each with an activation before it: its own, and another.
LOSSES = (
    ("mean_squared_error", "linear"),
    ("mean_absolute_error", "tanh"),
    (Huber(0.7), "linear"),
    ("poisson", "softplus"),
    ("binary_crossentropy", "sigmoid"),
    ("binary_crossentropy", "softmax"),
    (BinaryCrossentropy(from_logits=True, label_smoothing=0.2), "linear"),
    ("multilabel_crossentropy", "sigmoid"),
    ("multilabel_crossentropy", "softmax"),
    (MultilabelCrossentropy(label_smoothing=0.1), "sigmoid"),
    ("categorical_crossentropy", "softmax"),
    ("categorical_crossentropy", "sigmoid"),
    (CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), "linear"),
    ("sparse_categorical_crossentropy", "softmax"),
    (SparseCategoricalCrossentropy(from_logits=True), "linear"),
    ("mean_absolute_percentage_error", "linear"),
    ("mean_squared_logarithmic_error", "softplus"),
    ("log_cosh", "linear"),
    ("kl_divergence", "softmax"),
    ("cosine_similarity", "linear"),
    ("hinge", "tanh"),
    ("squared_hinge", "linear"),
    ("categorical_hinge", "linear"),
    ("binary_focal_crossentropy", "sigmoid"),
    ("binary_focal_crossentropy", "softmax"),
    (BinaryFocalCrossentropy(True, 0.3, 1.5, label_smoothing=0.1), "sigmoid"),
    ("categorical_focal_crossentropy", "softmax"),
    ("categorical_focal_crossentropy", "sigmoid"),
    (CategoricalFocalCrossentropy(0.4, 3.0, from_logits=True, label_smoothing=0.1), "linear"),
    ("categorical_generalized_cross_entropy", "softmax"),
    (CategoricalGeneralizedCrossEntropy(0.8), "softmax"),
)


def _activated(name: str) -> list[Layer]:
    return [
        Dense(5, name, input_shape=(4,)),
        Dense(3),
        Activation("tanh"),  # the layer before does it
        Activation(name),
        Dense(2),
    ]


def _read_out(activation: str) -> list[Layer]:
    return [Dense(4, "tanh", input_shape=(3,)), Dense(3, activation)]


def _perceptron(*sizes: int, output: str = "sigmoid") -> list[Layer]:
    layers = [Dense(units, "tanh", input_shape=sizes[:1]) for units in sizes[1:2]]
    return [*layers, *(Dense(units, output) for units in sizes[2:])]


def _narrow() -> list[Layer]:
    return [
        Dense(6, "tanh", input_shape=(5,)),
        LayerNormalization(),
        Dense(7),
        ELU(),
        Dense(3, "softmax"),
    ]


def _regularised() -> list[Layer]:
    return [
        Dense(4, "relu", kernel_regularizer="l1_l2", bias_regularizer="l2", input_shape=(5,)),
        Dense(3, use_bias=False, kernel_regularizer="l1"),
    ]


def _alike(activation: str, **penalties: Any) -> list[Layer]:
    first = Dense(4, activation, input_shape=(3,), **penalties)
    return [first, Dense(5, activation, **penalties), Dense(2, **penalties)]


def _frozen() -> list[Layer]:
    return [
        Dense(5, "tanh", input_shape=(4,)),
        Dense(5, "tanh", trainable=False),
        Dense(2),
    ]


def _positions() -> list[Layer]:
    return [Dense(5, "relu", input_shape=(3, 4)), Dense(2)]


def _broad() -> list[Layer]:
    return [Dense(330, "tanh", input_shape=(4, 3)), Dense(2, "sigmoid")]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    for name in NAMES:
        yield Example(f"activation {name}", partial(_activated, name))
    for loss, activation in LOSSES:
        title = loss if isinstance(loss, str) else f"{loss.kind} with its options"
        yield Example(f"{title} after {activation}", partial(_read_out, activation), loss)
    yield Example("weighted samples", partial(_read_out, "softmax"), LOSSES[10][0], weighted=True)
    yield Example("regularised", _regularised)
    # These can be trained in vectors of models, with each activation that these take.
    for name in ("relu", "sigmoid"):
        yield Example(f"chain of {name}", partial(_alike, name))
    penalties = {"kernel_regularizer": "l1_l2", "bias_regularizer": "l2"}
    yield Example("chain of tanh with penalties", partial(_alike, "tanh", **penalties))
    yield Example("frozen layer", _frozen)
    yield Example("positions", _positions)
    # Wide layers are cut by their outputs, and backward by their inputs.
    wide = partial(_perceptron, 70, 130, 60)
    yield Example("wide layers", wide, "mean_squared_error", samples=65, batch_size=60)
    # Many inputs and few samples: forward they are cut by inputs too.
    deep, rule = partial(_perceptron, 3000, 20, 3), partial(Adam, 0.01, epsilon=0.1)
    yield Example("many inputs", deep, "mean_squared_error", rule, 11, 8)
    # Few samples and many weights: each strip of weights is used and updated in one go.
    few = partial(_perceptron, 5, 120, 137)
    yield Example("few samples", few, "mean_squared_error", rule, 8, 5)
    yield Example("one sample", few, "mean_squared_error", samples=3, batch_size=1)
    # In a prediction, few outputs are sums over vectors.
    yield Example("few outputs of many inputs", partial(_perceptron, 80, 3), "mean_squared_error")
    # Rows of scores that fill several vectors.
    classes = partial(_perceptron, 3, 4, 70, output="softmax")
    yield Example("many classes", classes, "categorical_crossentropy")
    # Outputs whose gradient is copied into panels, some of them for two parts of the sum. In a
    # prediction, the two outputs are sums over vectors.
    yield Example("many outputs", _broad, "mean_squared_error", rule, 110, 100)
    # A large mini-batch of a narrow network goes through all layers in blocks.
    yield Example(
        "large mini-batch", _narrow, "categorical_crossentropy", samples=600, batch_size=520
    )
