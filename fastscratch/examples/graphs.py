"""Examples of graphs: shared layers, tensors that are read twice, several inputs and outputs."""

from collections.abc import Iterator
from functools import partial

from ..layers import Activation, Conv2D, Dense, Flatten, Input, MaxPooling2D
from ..optimizers import Adam
from .example import Example, Graph


def _shared() -> Graph:
    x = Input((5,))
    twice = Dense(5, "tanh", kernel_regularizer="l2")
    return [x], [Dense(2)(twice(twice(x)))]


def _shared_filters() -> Graph:
    x = Input((6, 6, 3))
    twice = Conv2D(3, 3, padding="same", activation="relu")
    return [x], [Dense(2)(Flatten()(twice(twice(x))))]


def _several_outputs() -> Graph:
    """Every output is read by others, or by a loss alone."""
    x = Input((6,))
    h = Dense(7, "silu")(x)
    scores = Dense(3, "softmax")(h)
    return [x], [scores, Dense(1)(h), Dense(2, "sigmoid")(scores)]


def _several_inputs() -> Graph:
    a, b = Input((4,)), Input((4,))
    both = Dense(4, "relu")
    return [a, b], [Dense(2)(both(a)), Dense(2)(Activation("tanh")(both(b)))]


def _two_heads() -> Graph:
    """A body with the samples innermost, and two heads."""
    x = Input((8, 8, 2))
    h = MaxPooling2D(2)(Conv2D(4, 3, activation="relu")(x))
    h = Flatten()(h)
    return [x], [Dense(3)(h), Dense(1, "tanh")(h)]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    adam = partial(Adam, 0.01, epsilon=0.1)
    yield Example("shared layer", _shared)
    clipped = partial(Adam, 0.01, epsilon=0.1, global_clipnorm=0.1)
    yield Example("shared layer, clipped", _shared, optimizer=clipped)
    yield Example("shared filters", _shared_filters, samples=20, batch_size=18)
    losses = ["categorical_crossentropy", "mean_squared_error", "binary_crossentropy"]
    yield Example("several outputs", _several_outputs, losses, adam, loss_weights=[1, 0.5, 2])
    yield Example("several inputs", _several_inputs, ["mse", "mae"], weighted=True)
    yield Example("two heads", _two_heads, ["mse", "mse"], adam, samples=37, batch_size=20)
