"""Examples of optimisers, of clipped gradients and of averaged weights."""

from collections.abc import Callable, Iterator
from functools import partial

from ..layers import Dense, Layer
from ..optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    Nadam,
    Optimizer,
    RMSprop,
)
from .example import Example

OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "SGD, decaying": partial(SGD, 0.1, weight_decay=0.1),
    "momentum": partial(SGD, 0.1, momentum=0.9),
    "Nesterov": partial(SGD, 0.1, momentum=0.9, nesterov=True),
    "RMSprop": partial(RMSprop, 0.01, epsilon=0.1),
    "RMSprop, centered": partial(RMSprop, 0.01, momentum=0.5, centered=True, epsilon=0.1),
    "Adagrad": partial(Adagrad, 0.1, epsilon=0.1),
    "Adam": partial(Adam, 0.01, epsilon=0.1),
    "AdamW": partial(AdamW, 0.01, weight_decay=0.1, epsilon=0.1),
    "AMSGrad": partial(Adam, 0.01, epsilon=0.1, amsgrad=True, weight_decay=0.1),
    "Nadam": partial(Nadam, 0.01, epsilon=0.1),
    "Adamax": partial(Adamax, 0.01, epsilon=0.1),
    "Adadelta": partial(Adadelta, 0.1, epsilon=0.1),
    "Lion": partial(Lion, 0.01),
    "clipvalue": partial(SGD, 0.1, clipvalue=0.05),
    "clipnorm": partial(SGD, 0.1, momentum=0.9, clipnorm=0.1),
    "global_clipnorm": partial(Adam, 0.01, epsilon=0.1, global_clipnorm=0.1),
    "accumulated": partial(Adam, 0.01, epsilon=0.1, gradient_accumulation_steps=2),
    "accumulated and clipped": partial(SGD, 0.1, clipnorm=0.1, gradient_accumulation_steps=3),
    "averaged": partial(SGD, 0.1, use_ema=True, ema_momentum=0.5),
    "averaged and overwritten": partial(
        Adam, 0.01, epsilon=0.1, use_ema=True, ema_momentum=0.75, ema_overwrite_frequency=2
    ),
}


def _perceptron() -> list[Layer]:
    return [Dense(5, "tanh", kernel_regularizer="l2", input_shape=(4,)), Dense(3)]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    for name, optimizer in OPTIMIZERS.items():
        yield Example(name, _perceptron, optimizer=optimizer)
