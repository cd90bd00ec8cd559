"""Examples whose samples are rows of a sparse matrix."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ..layers import Dense, Layer
from ..optimizers import SGD, Adam
from .example import Example


def _network(**config: Any) -> list[Layer]:
    """More inputs than a strip of the gradient has."""
    return [Dense(5, input_shape=(150,), **config), Dense(3, "softmax")]


def examples() -> Iterator[Example]:
    adam = partial(Adam, 1e-3, epsilon=1e-3)
    ways: dict[str, tuple[dict[str, Any], Callable[[], Any]]] = {
        "Adam": ({"activation": "tanh"}, adam),
        "descent": ({"activation": "relu"}, lambda: SGD(0.1)),
        "descent without bias": ({"use_bias": False}, lambda: SGD(0.1)),
        "penalty": ({"kernel_regularizer": "l2"}, lambda: SGD(0.1)),
        "clipped": ({"activation": "gelu"}, lambda: SGD(0.1, global_clipnorm=0.1)),
    }
    for name, (config, optimizer) in ways.items():
        yield Example(
            f"sparse, {name}",
            partial(_network, **config),
            "categorical_crossentropy",
            optimizer,
            samples=21,
            batch_size=18,
            sparse=True,
        )
