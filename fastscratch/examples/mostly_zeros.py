"""Examples whose samples are mostly zeros, which the first layer leaves out."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from ..layers import Dense, Flatten, Layer
from ..optimizers import SGD, Adam
from .example import Example


def _network(n_in: int, n_out: int, **config: Any) -> list[Layer]:
    return [Dense(n_out, input_shape=(n_in,), **config), Dense(3, "softmax")]


def _flattened() -> list[Layer]:
    return [Flatten(input_shape=(7, 9)), Dense(67, "relu"), Dense(3, "softmax")]


def _example(name: str, make: Any, optimizer: Any, samples: int = 21, batch: int = 18) -> Example:
    """Neither all samples of a mini-batch nor all inputs are a multiple of what is looked at."""
    loss, name = "categorical_crossentropy", f"mostly zeros, {name}"
    return Example(name, make, loss, optimizer, samples, batch, mostly_zeros=True)


def examples() -> Iterator[Example]:
    adam, descent = partial(Adam, 1e-3, epsilon=1e-3), partial(SGD, 0.1)
    small = partial(_network, 63, 67)
    yield _example("Adam", partial(small, activation="tanh"), adam)
    yield _example("descent", partial(small, activation="relu"), descent)
    yield _example("descent without bias", partial(small, use_bias=False), descent)
    yield _example("penalty", partial(small, kernel_regularizer="l2"), descent)
    yield _example("clipped", partial(small, activation="gelu"), partial(SGD, global_clipnorm=0.1))
    yield _example("flattened", _flattened, adam)
    # Few samples of many inputs: forward, they are cut by inputs.
    yield _example("many inputs", partial(_network, 402, 41), adam)
    # In large mini-batches, blocks of samples go through the whole network.
    yield _example("blocks of samples", partial(_network, 63, 13), adam, 66, 65)
