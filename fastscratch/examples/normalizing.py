"""Examples of batch and layer normalisation, and of dropout."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNormalization,
)
from .example import Example


def _normalised(kind: Any, **options: Any) -> list[Layer]:
    return [
        kind(**options, input_shape=(3, 2, 4)),
        Activation("tanh"),  # else the next normalisation would remove every offset
        Conv2D(33, 2, use_bias=False),
        kind(**options),
        Activation("relu"),
        Flatten(),
        Dense(5, use_bias=False),
        kind(**options),
        Activation("gelu"),
        Dense(2),
    ]


def _normalised_over_several_axes() -> list[Layer]:
    return [
        Conv2D(5, 2, activation="tanh", input_shape=(5, 4, 2)),
        LayerNormalization(axis=[1, 2, 3]),
        Activation("relu"),
        LayerNormalization(axis=(-2, -1), gamma_regularizer="l2"),
        Flatten(),
        Dense(2),
    ]


def _dropped(seed: int | None) -> list[Layer]:
    return [
        Dropout(0.2, seed=seed, input_shape=(6,)),
        Dense(20, "relu"),
        Dropout(0.5),
        Dense(2),
    ]


def _dropped_images() -> list[Layer]:
    return [
        Conv2D(3, 2, activation="tanh", input_shape=(5, 5, 2)),
        Dropout(0.3),
        Flatten(),
        Dense(2),
    ]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    for kind in (BatchNormalization, LayerNormalization):
        name = kind.__name__
        yield Example(name, partial(_normalised, kind))
        yield Example(f"{name} without scale", partial(_normalised, kind, scale=False))
        yield Example(f"{name} without center", partial(_normalised, kind, center=False))
        yield Example(f"{name}, frozen", partial(_normalised, kind, trainable=False))
    yield Example("LayerNormalization over several axes", _normalised_over_several_axes)
    yield Example("dropout", partial(_dropped, None))
    yield Example("dropout with a seed", partial(_dropped, 7))
    yield Example("dropout, samples innermost", _dropped_images, samples=37, batch_size=20)
