"""Examples of constraints of weights."""

from collections.abc import Callable, Iterator
from functools import partial

from ..constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from ..layers import BatchNormalization, Conv2D, Dense, Embedding, Flatten, Layer
from ..optimizers import SGD, Adam
from .example import Example


def _perceptron() -> list[Layer]:
    return [
        Dense(
            5, "tanh", kernel_constraint=MaxNorm(0.75), bias_constraint="non_neg", input_shape=(4,)
        ),
        Dense(4, "tanh", kernel_constraint=MinMaxNorm(0.5, 0.75, rate=0.5, axis=1)),
        Dense(4, "tanh", kernel_constraint="unit_norm", trainable=False),
        Dense(3, kernel_constraint=NonNeg(), bias_constraint=UnitNorm()),
    ]


def _wide() -> list[Layer]:
    return [
        Dense(70, "tanh", kernel_constraint=MaxNorm(0.9), input_shape=(130,)),
        Dense(3, kernel_constraint=MinMaxNorm(0.2, 1.5, axis=[0, 1])),
    ]


def _images() -> list[Layer]:
    return [
        Conv2D(
            3, 3, activation="relu", kernel_constraint=MaxNorm(1, [0, 1, 2]), input_shape=(6, 6, 2)
        ),
        BatchNormalization(gamma_constraint="non_neg", beta_constraint=MaxNorm(0.25)),
        Conv2D(2, 2, kernel_constraint=MinMaxNorm(0.1, 0.5, axis=(0, 2))),
        Flatten(),
        Dense(2),
    ]


def _texts() -> list[Layer]:
    rows = Embedding(7, 3, embeddings_constraint=UnitNorm(axis=1), input_shape=(4,))
    return [rows, Flatten(), Dense(2)]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    accumulated: Callable[[], SGD] = partial(SGD, 0.1, gradient_accumulation_steps=2)
    yield Example("constraints", _perceptron)
    yield Example(
        "constraints and clipping", _perceptron, optimizer=partial(SGD, 0.1, clipnorm=0.1)
    )
    yield Example("constraints, accumulated", _perceptron, optimizer=accumulated)
    yield Example("constraints of wide layers", _wide, samples=21, batch_size=16)
    adam = partial(Adam, 0.01, epsilon=0.1)
    yield Example("constraints of filters", _images, optimizer=adam, samples=21, batch_size=16)
    yield Example("constraints of an embedding", _texts, classes=7)
