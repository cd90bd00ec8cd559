"""What all layers have in common."""

import dataclasses
import functools
import inspect
import itertools
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..activations import Custom
from ..constraints import Constraint
from ..initializers import Initializer
from ..regularizers import Regularizer
from ..validation import as_flag, as_integer, as_text, one_of
from .arguments import check_fixed
from .symbolic import SymbolicTensor

Shape = tuple[int, ...]

#: Numbers layers in the order in which they are made.
_made = itertools.count()


def as_shape(name: str, value: Any) -> Shape:
    """A tuple of positive ints, the shape of one sample."""
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and value:
        return tuple(as_integer(f"{name}[{i}]", size, 1) for i, size in enumerate(value))
    raise ValueError(f"{name} must be a tuple of ints, as (784,) or (28, 28, 1), got {value!r}")


@dataclasses.dataclass(frozen=True)
class Weight:
    """One array of a layer: its name, its shape, and how it starts and is learned.

    Examples
    --------
    >>> from fastscratch import layers
    >>> layer = layers.Dense(3)
    >>> [weight.shape for weight in layer.weights((4,))]
    [(4, 3), (3,)]
    """

    name: str
    shape: Shape
    initializer: Initializer
    regularizer: Regularizer | None = None
    constraint: Constraint | None = None
    trainable: bool = True

    def __post_init__(self) -> None:
        if self.constraint is not None:
            self.constraint.check(self.name, self.shape)


#: Types of samples, which become the type of the model.
_DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "bfloat16", "float32", "float64"),
)


class Input(SymbolicTensor):
    """The shape of one sample: where a model begins.

    Parameters
    ----------
    shape : tuple of int, optional
        As ``(784,)`` for 784 features, or ``(28, 28, 1)`` for grey images.
    batch_size : int, optional
        Changes nothing: any number of samples is taken.
    dtype : str, optional
        Changes nothing: samples are converted to the dtype of the model.
    batch_shape : tuple, optional
        In place of `shape`: the same after the number of samples, or None, as ``(None, 784)``.
    name : str, optional
        The key of the input, if a model with several is given a dict.
    **kwargs
        `sparse`, `ragged`: only None or False.

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((28, 28, 1)), layers.Flatten()])
    >>> model.output_shape
    (None, 784)
    """

    def __init__(
        self,
        shape: Sequence[int] | None = None,
        batch_size: int | None = None,
        dtype: str | None = None,
        *,
        batch_shape: Sequence[int | None] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ):
        check_fixed("Input", kwargs)
        if (shape is None) == (batch_shape is None):
            raise ValueError("Input needs either a shape or a batch_shape")
        if batch_shape is not None:
            if not isinstance(batch_shape, (list, tuple)) or len(batch_shape) < 2:
                raise ValueError(f"batch_shape must be as (None, 784), got {batch_shape!r}")
            batch_size, *sizes = batch_shape
            shape = as_shape("batch_shape[1:]", sizes)
        if batch_size is not None:
            as_integer("batch_size", batch_size, 1)
        if dtype is not None:
            one_of("dtype", dtype, _DTYPES)
        super().__init__(as_shape("shape", shape))
        self.name = None if name is None else as_text("name", name)

    def __repr__(self) -> str:
        return f"Input({self.sample_shape})"


class Layer:
    """Base of all layers.

    Attributes that are arguments can be set, and are then checked like arguments.

    Parameters
    ----------
    name : str, optional
        By default the class in small letters, numbered by the model.
    trainable : bool
        Whether training changes the weights.
    input_shape : tuple of int, optional
        Shape of one sample, for the first layer of a model (or put an :class:`Input` before it).
    dtype : {"float32", "float64"}, optional
        That of the model that the layer is part of: another is refused.
    **kwargs
        `input_dim`, which is short for ``input_shape=(input_dim,)``; and arguments of Keras that
        are taken where they change nothing, such as ``data_format="channels_last"``.

    Raises
    ------
    ValueError, TypeError
        If an argument is not known, or cannot have its value.

    Examples
    --------
    >>> from fastscratch import layers
    >>> layer = layers.Dense(10, name="scores", trainable=False)
    >>> layer.name, layer.trainable
    ('scores', False)
    """

    #: The activation that the layer applies last.
    activation: str | Custom = "linear"
    #: Whether it joins several tensors.
    reads_several: bool = False
    #: Whether its outputs are its inputs, in another order or shape.
    only_moves: bool = False
    #: Arguments that are shown even if they have their defaults.
    _always_shown: tuple[str, ...] = ()
    #: How many attributes have been set: of the layer, and of all layers there are.
    _changes = 0
    changes_of_all = 0

    def __init__(
        self,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int] | None = None,
        dtype: str | None = None,
        **kwargs: Any,
    ):
        if "input_dim" in kwargs:
            if input_shape is not None:
                raise ValueError("a layer takes an input_shape or an input_dim, got both")
            input_shape = (as_integer("input_dim", kwargs.pop("input_dim"), 1),)
        check_fixed(type(self).__name__, kwargs)
        self._made = next(_made)
        self.name = None if name is None else as_text("name", name)
        self.trainable = as_flag("trainable", trainable)
        self.dtype = dtype if dtype is None else one_of("dtype", dtype, ("float32", "float64"))
        self.input_shape = None if input_shape is None else as_shape("input_shape", input_shape)

    def __call__(self, inputs: SymbolicTensor | Sequence[SymbolicTensor]) -> SymbolicTensor:
        """Return the symbolic output for symbolic inputs, to build a :class:`fastscratch.Model`.

        Parameters
        ----------
        inputs : SymbolicTensor, or a sequence of them for a layer that reads several

        Raises
        ------
        TypeError
            If it is given anything else, such as an array.
        ValueError
            If it does not take tensors of these shapes, or this number of them.
        """
        tensors = [inputs] if isinstance(inputs, SymbolicTensor) else inputs
        if not isinstance(tensors, (list, tuple)) or not all(
            isinstance(tensor, SymbolicTensor) for tensor in tensors
        ):
            raise TypeError(
                f"{self!r} must be called on an Input or on what a layer has returned, got "
                f"{type(inputs).__name__}; to compute with arrays, use predict of a model"
            )
        if len(tensors) != 1 and not self.reads_several:
            raise ValueError(f"{self!r} reads one tensor, got {len(tensors)}")
        shape = self.output_shape(*(tensor.sample_shape for tensor in tensors))
        return SymbolicTensor(shape, self, tensors)

    def __setattr__(self, name: str, value: Any) -> None:
        """Check an argument that is set anew, and count the changes: a model can notice them."""
        kind: Any = type(self)
        names = _argument_names(kind) if kind.__module__.startswith(__package__) else {}
        if name in names and self.__dict__.keys() >= names.keys():  # else it is only being made
            value = getattr(kind(**self._arguments() | {name: value}), name)
        object.__setattr__(self, name, value)
        if name != "_model":
            self.__dict__["_changes"] = self._changes + 1
            Layer.changes_of_all += 1

    def output_shape(self, shape: Shape) -> Shape:
        """Shape of one sample after the layer.

        Raises
        ------
        ValueError
            If the layer does not take samples of that shape.
        """
        return shape

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        """The layer's arrays, for samples of a shape; those that are learned come first."""
        return ()

    def check_input(self, name: str, samples: np.ndarray) -> None:
        """Check numbers of an input of the model that the layer reads.

        Raises
        ------
        ValueError
            If the layer does not take them; `name` is theirs.
        """

    def _take_name(self, name: str) -> None:
        """Have the name that a model gives, which nothing else depends on."""
        self.__dict__["name"] = name

    def _belongs_to(self, model: Any) -> None:
        """Remember the model that has the layer's weights."""
        self._model = weakref.ref(model)

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the model: a copy belongs to none yet."""
        return {name: value for name, value in self.__dict__.items() if name != "_model"}

    def _owner(self) -> Any:
        """The model that has the layer's weights, if there is one."""
        model = self._model() if "_model" in self.__dict__ else None
        is_part = model is not None and any(layer is self for layer in model.layers)
        return model if is_part else None

    def _built_model(self) -> Any:
        model = self._owner()
        if model is None:
            raise ValueError(f"{self!r} has no weights yet: it is not part of a built model")
        return model

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the layer's weights, from the model that it is part of.

        Raises
        ------
        ValueError
            If it is part of none, or of one that has no weights yet.
        """
        return self._built_model()._layer_weights(self)

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the layer's weights in the model that it is part of.

        Raises
        ------
        ValueError, TypeError
            If it is part of no built model, or the arrays have other shapes.
        RuntimeError
            If another thread is training the model.
        """
        self._built_model()._set_layer_weights(self, weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make the layer again, as JSON can hold them."""
        return {
            name: value.get_config() if hasattr(value, "get_config") else value
            for name, value in self._arguments().items()
        }

    def _arguments(self) -> dict[str, Any]:
        """The arguments that make the layer again."""
        kind: Any = type(self)
        return {name: getattr(self, name) for name in _argument_names(kind)}

    def __repr__(self) -> str:
        """The arguments that it needs, and those that differ from a layer made with only these."""
        arguments = {
            name: parameter.default is parameter.empty or name in self._always_shown
            for name, parameter in inspect.signature(type(self)).parameters.items()
            if hasattr(self, name)
        }
        needed = {name: getattr(self, name) for name, is_needed in arguments.items() if is_needed}
        shown, plain = list(map(repr, needed.values())), type(self)(**needed)
        for name, is_needed in arguments.items():
            value = getattr(self, name)
            if is_needed or value == getattr(plain, name):
                continue
            if isinstance(value, (str, int, float, tuple, Custom)):
                shown.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(shown)})"


@functools.cache
def _argument_names(kind: type) -> dict[str, None]:
    """Names of the arguments of a layer, and of those that it hands on to its bases, in order."""
    return dict.fromkeys(
        name
        for base in kind.__mro__[:-1]
        for name, parameter in inspect.signature(base).parameters.items()
        if parameter.kind is not parameter.VAR_KEYWORD
    )


def as_image(layer: Layer, shape: Shape) -> Shape:
    """Check that a layer is given images."""
    if len(shape) != 3:
        raise ValueError(
            f"{layer!r} takes images of shape (height, width, channels), got samples of {shape}"
        )
    return shape
