"""Examples of what comes first: scales of the inputs, and embeddings of class numbers."""

from collections.abc import Iterator
from functools import partial

from ..layers import (
    Conv2D,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Input,
    Layer,
    Normalization,
    Rescaling,
)
from ..optimizers import Adam
from .example import Example, Graph


def _scaled(filters: int) -> list[Layer]:
    return [
        Rescaling(0.5, 0.1, input_shape=(5, 4, 3)),
        Normalization(),
        Conv2D(filters, 2, activation="tanh"),
        Rescaling(2, [0.1] * filters),
        Normalization((1, -1), invert=True),
        Normalization(None),
        Flatten(),
        Dense(4, "relu"),
        Normalization(mean=[0.1, 0.2, 0.3, 0.4], variance=[1, 0.5, 0, 2], invert=True),
        Normalization(None, mean=0.1, variance=4),
        Dense(2),
    ]


def _embedded(penalty: str | None) -> list[Layer]:
    return [
        Embedding(7, 4, embeddings_regularizer=penalty, input_shape=(5,)),
        GlobalAveragePooling1D(),
        Dense(2),
    ]


def _shared_table() -> Graph:
    a, b = Input((3,)), Input((2, 2))
    table = Embedding(40, 4)
    return [a, b], [Dense(2)(Flatten()(table(a))), Dense(2)(Flatten()(table(b)))]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    innermost = partial(Example, samples=37, batch_size=20)
    yield innermost("scales, samples innermost", partial(_scaled, 3))
    yield Example("scales, one by one", partial(_scaled, 33), samples=5)
    adam = partial(Adam, 0.01, epsilon=0.1)
    yield Example("embedding", partial(_embedded, None), classes=7)
    yield Example("embedding, Adam", partial(_embedded, "l2"), optimizer=adam, classes=7)
    yield Example("shared embedding", _shared_table, ["mse", "mse"], classes=40)
