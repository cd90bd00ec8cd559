"""What all layers have in common."""

import dataclasses
import inspect
from collections.abc import Sequence
from typing import Any

from ..initializers import Initializer
from ..regularizers import Regularizer
from ..validation import as_flag, as_integer, as_text

Shape = tuple[int, ...]


def as_shape(name: str, value: Any) -> Shape:
    """A tuple of positive ints, the shape of one sample."""
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and value:
        return tuple(as_integer(f"{name}[{i}]", size, 1) for i, size in enumerate(value))
    raise ValueError(f"{name} must be a tuple of ints, as (784,) or (28, 28, 1), got {value!r}")


@dataclasses.dataclass(frozen=True)
class Weight:
    """One array of a layer: its name, its shape, and how it starts and is learned."""

    name: str
    shape: Shape
    initializer: Initializer
    regularizer: Regularizer | None = None
    trainable: bool = True


class Input:
    """The shape of one sample.

    Parameters
    ----------
    shape : tuple of int
        As ``(784,)`` for 784 features, or ``(28, 28, 1)`` for grey images.
    """

    def __init__(self, shape: Sequence[int]):
        self.shape = as_shape("shape", shape)

    def __repr__(self) -> str:
        return f"Input({self.shape})"


class Layer:
    """Base of all layers.

    Parameters
    ----------
    name : str, optional
        By default the class in small letters, numbered by the model.
    trainable : bool
        Whether training changes the weights.
    input_shape : tuple of int, optional
        Shape of one sample, for the first layer of a model (or put an :class:`Input` before it).
    """

    #: Name of the activation that is the layer's last act.
    activation: str = "linear"

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int] | None = None,
    ):
        self.name = None if name is None else as_text("name", name)
        self.trainable = trainable
        self.input_shape = None if input_shape is None else as_shape("input_shape", input_shape)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = as_flag("trainable", value)

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one sample behind the layer.

        Raises
        ------
        ValueError
            If the layer does not take samples of that shape.
        """
        return shape

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        """The layer's arrays, for samples of a shape; those that are learned come first."""
        return ()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again, as JSON can hold them."""
        config = {}
        for kind in type(self).__mro__[:-1]:
            for name, parameter in inspect.signature(kind.__init__).parameters.items():
                if name == "self" or parameter.kind is parameter.VAR_KEYWORD:
                    continue
                value = getattr(self, name)
                config[name] = value.get_config() if hasattr(value, "get_config") else value
        return config

    def __repr__(self) -> str:
        """What is not its default."""
        shown = []
        for name, parameter in inspect.signature(type(self).__init__).parameters.items():
            if name == "self" or parameter.kind is parameter.VAR_KEYWORD:
                continue
            value = getattr(self, name)
            if parameter.default is parameter.empty:
                shown.append(repr(value))
            elif (name, value) == ("activation", "linear"):  # as None is, the default
                continue
            elif isinstance(value, (str, int, float, tuple)) and value != parameter.default:
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


def as_image(layer: Layer, shape: Shape) -> Shape:
    """Check that a layer is given images."""
    if len(shape) != 3:
        raise ValueError(
            f"{layer!r} takes images of shape (height, width, channels), got samples of {shape}"
        )
    return shape
