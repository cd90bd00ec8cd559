"""Examples of the other convolutions, and of convolution and pooling of sequences."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..layers import (
    AveragePooling1D,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Layer,
    MaxPooling1D,
    MaxPooling2D,
    SeparableConv2D,
)
from ..optimizers import SGD, Adam
from .example import Example


def _sequences(**options: Any) -> list[Layer]:
    return [
        Conv1D(4, 3, **options, activation="relu", input_shape=(17, 6)),
        MaxPooling1D(),
        Conv1D(3, 2, activation="gelu"),
        AveragePooling1D(2, 1, "same"),
        Flatten(),
        Dense(2),
    ]


def _whole(pooling: Any, keepdims: bool) -> list[Layer]:
    return [
        Conv1D(5, 3, activation="tanh", input_shape=(9, 2)),
        pooling(keepdims=keepdims),
        Dense(2),
    ]


def _largest(filters: int, keepdims: bool) -> list[Layer]:
    return [
        Conv2D(filters, 3, activation="relu", input_shape=(6, 5, 2)),
        GlobalMaxPooling2D(keepdims=keepdims),
        Flatten(),
        Dense(2),
    ]


def _depthwise(**options: Any) -> list[Layer]:
    return [
        DepthwiseConv2D(3, **options, input_shape=(7, 6, 5)),
        DepthwiseConv2D((2, 3), activation="relu", depthwise_regularizer="l2"),
        Flatten(),
        Dense(2),
    ]


def _separable(**options: Any) -> list[Layer]:
    return [
        SeparableConv2D(4, 3, **options, activation="relu", input_shape=(7, 6, 3)),
        SeparableConv2D(5, 2, use_bias=False, pointwise_regularizer="l1"),
        Flatten(),
        Dense(2),
    ]


def _transposed(**options: Any) -> list[Layer]:
    return [
        Conv2D(4, 2, activation="tanh", input_shape=(5, 4, 3)),
        Conv2DTranspose(3, 3, **options, activation="relu", bias_regularizer="l2"),
        Conv2DTranspose(2, (2, 3), use_bias=False),
        Flatten(),
        Dense(2),
    ]


def _transposed_wide() -> list[Layer]:
    """Enough filters and places for Winograd's convolution to be faster, forward and backward."""
    return [
        Conv2DTranspose(32, 1, activation="tanh", input_shape=(7, 5, 3)),
        Conv2DTranspose(32, 3, padding="same", activation="relu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(2),
    ]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    few = partial(Example, samples=5, batch_size=3)
    adam = partial(Adam, 0.01, epsilon=0.1)
    yield Example("sequences", _sequences, optimizer=adam)
    same = partial(_sequences, strides=2, padding="same", groups=2)
    yield Example("sequences, grouped", same)
    causal = partial(_sequences, padding="causal", dilation_rate=2)
    yield Example("sequences, causal", causal)
    for pooling in (GlobalMaxPooling1D, GlobalAveragePooling1D):
        for keepdims in (False, True):
            name = f"{pooling.__name__}, keepdims={keepdims}"
            yield Example(name, partial(_whole, pooling, keepdims))
    innermost = partial(Example, samples=37, batch_size=20)
    yield innermost("largest, samples innermost", partial(_largest, 3, True))
    yield few("largest, one by one", partial(_largest, 33, False))
    yield few("depthwise filters", _depthwise)
    several = partial(_depthwise, depth_multiplier=2, strides=2, padding="same")
    yield few("depthwise filters, several", several, optimizer=adam)
    yield few("separable filters", _separable)
    several = partial(_separable, depth_multiplier=2, dilation_rate=2, padding="same")
    yield few("separable filters, several", several, optimizer=adam)
    momentum = partial(SGD, 0.1, 0.9)
    yield few("transposed filters", _transposed, optimizer=momentum)
    for padding in ("valid", "same"):
        wide = partial(_transposed, strides=(2, 3), padding=padding)
        yield few(f"transposed filters, {padding}", wide, optimizer=adam)
    padded = partial(_transposed, strides=3, padding="same", output_padding=(2, 1))
    yield few("transposed filters, padded", padded)
    dilated = partial(_transposed, dilation_rate=(1, 2))
    yield few("transposed filters, dilated", dilated)
    yield Example("transposed Winograd", _transposed_wide, samples=3, batch_size=2)
