"""Examples of layers that merge several tensors."""

from collections.abc import Iterator
from functools import partial

from ..layers import (
    Add,
    Average,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    Layer,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from ..optimizers import Adam
from .example import Example, Graph


def _merged(kind: type[Layer], tensors: int) -> Graph:
    """The second tensor is read twice, and the third has one number for each channel."""
    x = Input((4, 3, 2))
    a = Conv2D(2, 3, padding="same", activation="relu")(x)
    b = Conv2D(2, 2, padding="same", activation="tanh")(x)
    c = GlobalAveragePooling2D(keepdims=True)(b)
    return [x], [Dense(2)(Flatten()(kind()([a, b, c, x][:tensors])))]


def _of_one_size(kind: type[Layer]) -> Graph:
    x, y = Input((5,)), Input((3,))
    return [x, y], [Dense(2)(kind()([Dense(4, "relu")(x), Dense(4, "elu")(y)]))]


def _of_ranks() -> Graph:
    x, y = Input((2, 3, 4)), Input((4,))
    gate = Dense(4, "sigmoid")(y)
    return [x, y], [Dense(2)(Flatten()(Multiply()([gate, Dense(4, "relu")(x)])))]


def _residual() -> Graph:
    x = Input((6,))
    h = Dense(6, "relu")(x)
    h = Add()([h, Dense(6, "gelu")(h)])
    h = Add()([h, Dense(6, "gelu")(h)])
    return [x], [Dense(3, "softmax")(h)]


def _joined(axis: int) -> Graph:
    x = Input((4, 3, 2))
    a = Conv2D(2, 3, padding="same", activation="relu")(x)
    return [x], [Dense(2)(Flatten()(Concatenate(axis)([a, x, a])))]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    for kind in (Add, Average, Multiply, Maximum, Minimum):
        for tensors in (1, 2, 4):
            yield Example(f"{kind.__name__} of {tensors}", partial(_merged, kind, tensors))
        yield Example(f"{kind.__name__} of one size", partial(_of_one_size, kind))
    yield Example("Subtract", partial(_merged, Subtract, 2))
    yield Example("Subtract of one size", partial(_of_one_size, Subtract))
    yield Example("gate", _of_ranks)
    adam = partial(Adam, 0.01, epsilon=0.1)
    yield Example("residual", _residual, "sparse_categorical_crossentropy", adam)
    for axis in (-1, 1, -2):
        yield Example(f"Concatenate({axis})", partial(_joined, axis), optimizer=adam)
