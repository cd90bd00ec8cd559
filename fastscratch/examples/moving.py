"""Examples of layers that move numbers, resize images and add noise."""

from collections.abc import Iterator
from functools import partial

from ..layers import (
    Conv2D,
    Cropping2D,
    Dense,
    Flatten,
    GaussianNoise,
    Layer,
    MaxPooling2D,
    Permute,
    RepeatVector,
    Reshape,
    SpatialDropout2D,
    UpSampling2D,
    ZeroPadding2D,
)
from .example import Example


def _resized(filters: int, interpolation: str) -> list[Layer]:
    return [
        ZeroPadding2D(((1, 2), (0, 1)), input_shape=(5, 4, 2)),
        Conv2D(filters, 2, activation="relu"),
        Cropping2D(((1, 0), (1, 1))),
        UpSampling2D((2, 3), interpolation=interpolation),
        ZeroPadding2D(1),
        Conv2D(filters, 3, activation="silu"),
        MaxPooling2D(2),
        Flatten(),
        Dense(2),
    ]


def _moved() -> list[Layer]:
    return [
        Conv2D(4, 2, activation="relu", input_shape=(5, 4, 2)),
        Permute((3, 1, 2)),
        Dense(5, "tanh"),
        Permute((2, 3, 1)),
        Flatten(),
        Dense(6, "elu"),
        RepeatVector(3),
        Dense(2),
    ]


def _reshaped_maxima() -> list[Layer]:
    """The maxima are not those of the convolution's own windows."""
    return [
        Conv2D(4, 1, activation="relu", input_shape=(4, 4, 2)),
        Reshape((2, 8, 4)),
        MaxPooling2D(2),
        Flatten(),
        Dense(2),
    ]


def _noisy(filters: int) -> list[Layer]:
    return [
        GaussianNoise(0.5, input_shape=(5, 5, 2)),
        Conv2D(filters, 2, activation="tanh"),
        SpatialDropout2D(0.4),
        GaussianNoise(0.3),
        Flatten(),
        Dense(7, "relu"),
        GaussianNoise(0.1),
        Dense(2),
    ]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    innermost = partial(Example, samples=37, batch_size=20)
    for interpolation in ("nearest", "bilinear"):
        resized = partial(_resized, interpolation=interpolation)
        yield innermost(f"{interpolation}, samples innermost", partial(resized, 3))
        yield Example(f"{interpolation}, one by one", partial(resized, 33), samples=5)
    yield Example("axes moved", _moved)
    yield Example("maxima after a reshape", _reshaped_maxima)
    yield innermost("noise, samples innermost", partial(_noisy, 3))
    yield Example("noise, one by one", partial(_noisy, 33), samples=5)
