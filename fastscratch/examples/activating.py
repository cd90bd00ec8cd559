"""Examples of activations that have arguments, or weights."""

from collections.abc import Callable, Iterator
from functools import partial

from ..layers import ELU, Conv2D, Dense, Flatten, Layer, LeakyReLU, PReLU, ReLU, Softmax
from .example import Example


def _between(make: Callable[[], Layer]) -> list[Layer]:
    return [Dense(5, "tanh", input_shape=(4,)), make(), Dense(3), make(), Dense(2)]


def _of_images(make: Callable[[], Layer]) -> list[Layer]:
    image = Conv2D(3, 2, activation="sigmoid", input_shape=(5, 4, 1))
    return [image, make(), Conv2D(2, 2), make(), Flatten(), Dense(2)]


def _softmax_along(axis: int) -> list[Layer]:
    return [Dense(3, "tanh", input_shape=(4, 2)), Softmax(axis), Flatten(), Dense(2)]


def _softmax_at_the_end() -> list[Layer]:
    return [Dense(5, "tanh", input_shape=(4,)), Dense(3), Softmax()]


def examples() -> Iterator[Example]:
    """All examples of this file."""
    kinds: dict[str, Callable[[], Layer]] = {
        "ReLU": partial(ReLU, 1.0, 0.1, 0.2),
        "leaky ReLU": LeakyReLU,
        "ELU": partial(ELU, 0.7),
        "PReLU": partial(PReLU, "random_normal"),
    }
    for name, make in kinds.items():
        yield Example(f"{name} with arguments", partial(_between, make))
        yield Example(f"{name} of images", partial(_of_images, make))
    shared = partial(PReLU, "random_normal", "l2", shared_axes=(1, 2))
    yield Example("PReLU of channels", partial(_of_images, shared))
    frozen = partial(PReLU, "random_normal", trainable=False)
    yield Example("frozen PReLU", partial(_between, frozen))
    yield Example("PReLU of inputs", lambda: [PReLU("random_normal", input_shape=(4,)), Dense(2)])
    for axis in (1, 2, -2):
        yield Example(f"softmax along axis {axis}", partial(_softmax_along, axis))
    yield Example("softmax as a layer", _softmax_at_the_end, "categorical_crossentropy")
