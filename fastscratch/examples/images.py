"""Examples of images: convolutions and poolings, in each layout and shortcut of the engine."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..layers import (
    Activation,
    AveragePooling2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)
from ..optimizers import SGD, Adam
from .example import Example

CROSSENTROPY = "sparse_categorical_crossentropy"


def _lenet(pooling: Any, activation: str, **options: Any) -> list[Layer]:
    """Few filters: the samples are innermost, and blocks of them go through all layers."""
    return [
        Conv2D(5, 3, activation=activation, input_shape=(13, 12, 6)),
        pooling(**options),
        Conv2D(6, (2, 3), activation=activation),
        pooling(**options),
        Flatten(),
        Dense(7, "tanh"),
        Dense(3, "softmax"),
    ]


def _few_channels(size: int) -> list[Layer]:
    """What a filter sees in a row of an image is shorter than a vector."""
    return [
        Conv2D(3, size, activation="relu", input_shape=(11, 10, 1)),
        MaxPooling2D(2),
        Flatten(),
        Dense(3, "softmax"),
    ]


def _few_filters(**options: Any) -> list[Layer]:
    return [
        Conv2D(3, 3, **options, activation="silu", input_shape=(10, 11, 2)),
        AveragePooling2D(2),
        Conv2D(4, 2, **options),
        Activation("tanh"),
        GlobalAveragePooling2D(),
        Dense(3, "softmax"),
    ]


def _many_filters(padding: str) -> list[Layer]:
    """Enough filters and places for Winograd's convolution to be faster, forward and backward."""
    height, width = (7, 5) if padding == "same" else (9, 7)
    return [
        Conv2D(32, 1, activation="tanh", input_shape=(height, width, 3)),
        Conv2D(32, 3, padding=padding, activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(3, "softmax"),
    ]


def _rows(**options: Any) -> list[Layer]:
    """Images one by one, their channels innermost."""
    return [
        Conv2D(32, 3, activation="relu", input_shape=(9, 8, 2)),
        MaxPooling2D(3, 2, "same"),
        Conv2D(34, 2, **options, activation="gelu"),
        AveragePooling2D(2, 1),
        GlobalAveragePooling2D(),
        Dense(3, "softmax"),
    ]


def _overlapping() -> list[Layer]:
    return [
        Conv2D(4, 3, activation="softplus", input_shape=(8, 8, 3)),
        MaxPooling2D(3, 2),
        Conv2D(4, 1, activation="relu"),
        MaxPooling2D(2, 1, "same"),
        Flatten(),
        Dense(2),
    ]


def _large_head() -> list[Layer]:
    """The samples are innermost in the first layers, but do not go through all layers by blocks."""
    return [
        Conv2D(2, 3, activation="relu", kernel_regularizer="l2", input_shape=(20, 20, 1)),
        Flatten(),
        Dense(160),
        Dense(3),
    ]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    some = partial(Example, loss=CROSSENTROPY, samples=37, batch_size=20)
    few = partial(Example, loss=CROSSENTROPY, samples=5, batch_size=3)
    adam = partial(Adam, 0.01, epsilon=0.1)
    yield some("winners of max pooling", partial(_lenet, MaxPooling2D, "relu"))
    for size in (3, 5):
        yield some(f"winners of few channels, {size} x {size}", partial(_few_channels, size))
    yield some("average pooling by blocks", partial(_lenet, AveragePooling2D, "tanh"))
    yield some("Adam by blocks", partial(_lenet, MaxPooling2D, "elu"), optimizer=adam)
    yield some("few filters", _few_filters, optimizer=adam)
    yield some("strides and padding", partial(_few_filters, strides=2, padding="same"))
    yield some("dilated filters", partial(_few_filters, dilation_rate=2))
    yield Example("overlapping maxima", _overlapping, samples=37, batch_size=20)
    yield Example("large head", _large_head, samples=10, batch_size=8)
    yield few("fewer samples than lanes", _few_filters)
    for padding in ("valid", "same"):
        filters = partial(_many_filters, padding)
        yield Example(f"Winograd, {padding}", filters, CROSSENTROPY, samples=3, batch_size=2)
    yield few("images one by one", _rows)
    yield few("grouped filters", partial(_rows, groups=2, padding="same"))
    yield Example(
        "maxima one by one",
        partial(_many_filters, "same"),
        CROSSENTROPY,
        partial(SGD, 0.1, 0.9),
        3,
        2,
    )
