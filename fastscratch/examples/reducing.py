"""Examples of losses of each place of a sample, and of what becomes of the losses."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

from ..activations import Custom as CustomActivation
from ..layers import Activation, Conv2D, Dense, Layer
from ..losses import (
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalHinge,
    Custom,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from .example import Example


def _sequence(activation: Any = "softmax") -> list[Layer]:
    return [Dense(5, "tanh", input_shape=(6, 4)), Dense(3, activation)]


def _image() -> list[Layer]:
    return [Conv2D(4, 3, padding="same", activation="relu", input_shape=(5, 4, 2)), Dense(3)]


def _one_row(activation: Any = "softmax") -> list[Layer]:
    return [Dense(5, "tanh", input_shape=(4,)), Dense(3, activation)]


def _with_activation(own: CustomActivation) -> list[Layer]:
    return [Dense(5, own, input_shape=(4,)), Dense(3, "tanh"), Activation(own), Dense(2)]


def quartic(prediction: Any, target: Any, weight: float) -> float:
    """The mean of the fourth powers of the residuals."""
    total = 0.0
    for o in range(len(target)):
        total += weight * (prediction[o] - target[o]) ** 4
    return total / len(target)


def quartic_gradient(out: Any, prediction: Any, target: Any, weight: float) -> None:
    """Its derivative."""
    for o in range(len(target)):
        out[o] = 4 * weight * (prediction[o] - target[o]) ** 3 / len(target)


def bent(z: float) -> float:
    """The inverse of the hyperbolic sine."""
    return math.asinh(z)


def bent_slope(z: float) -> float:
    """Its derivative."""
    return 1 / math.sqrt(1 + z * z)


def examples() -> Iterator[Example]:
    """All examples of this file."""
    sparse = SparseCategoricalCrossentropy
    yield Example("labels of a sequence", _sequence, sparse())
    yield Example("labels of an image", _image, sparse(from_logits=True))
    yield Example("labels of a sequence, weighted", _sequence, sparse(), weighted=True)
    yield Example(
        "labels of an image, each weighted", _image, sparse(from_logits=True), weighted="rows"
    )
    yield Example(
        "squares of a sequence, each row weighted", partial(_sequence, "tanh"), weighted="rows"
    )
    yield Example("ignored labels of a sequence", _sequence, sparse(ignore_class=-1))
    yield Example("ignored labels", _one_row, sparse(ignore_class=255), weighted=True)
    smoothed = CategoricalCrossentropy(label_smoothing=0.1)
    yield Example("classes of a sequence", _sequence, smoothed)
    yield Example("hinges of a sequence", partial(_sequence, "linear"), CategoricalHinge())
    for reduction in ("sum", "mean_with_sample_weight"):
        squared = MeanSquaredError(reduction=reduction)
        yield Example(f"{reduction} of squares", partial(_one_row, "tanh"), squared, weighted=True)
        labels = sparse(ignore_class=-1, reduction=reduction)
        yield Example(f"{reduction} of labels", _sequence, labels, weighted=True)
        yield Example(f"{reduction} of labels, each weighted", _sequence, labels, weighted="rows")
    focal = CategoricalFocalCrossentropy(alpha=[0.5, 2.0, 0.25], label_smoothing=0.1)
    yield Example("a factor for each class", _one_row, focal)
    yield Example("a factor for each class of a sequence", _sequence, focal, weighted="rows")
    yield Example("a loss of one's own", _one_row, Custom(quartic, quartic_gradient, weight=0.5))
    own = CustomActivation(bent, bent_slope)
    yield Example("an activation of one's own", partial(_with_activation, own))
