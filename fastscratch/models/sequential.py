"""The Sequential model: layers in a row."""

import copy
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..activations import Custom
from ..engine import Network, chain
from ..engine.registry import lowering_of
from ..layers import Input, Layer
from ..layers.base import Shape
from ..validation import as_flag
from .model import Model
from .names import name_of, numbered
from .state import Holder
from .training_data import check_samples

__all__ = ["Sequential"]


class Sequential(Model):
    """Layers in a row, as ``keras.Sequential``.

    Parameters
    ----------
    layers : iterable of layers, optional
        More can be added with :meth:`add`.
    name : str, optional
    dtype : {"float32", "float64"}
        Of the weights and of all that is computed with them.
    trainable : bool
        False freezes all of these layers.

    Notes
    -----
    The attributes are those of :class:`Model`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, optimizers
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])
    >>> model.compile(optimizers.SGD(0.5), loss="categorical_crossentropy")
    >>> model.count_params()
    15
    """

    def __init__(
        self,
        layers: Iterable[Input | Layer] | None = None,
        name: str | None = None,
        dtype: str = "float32",
        trainable: bool = True,
    ):
        self._start("sequential" if name is None else name, dtype)
        self._layers: list[Layer] = []
        #: Of the first layers: each with the count of its changes and the shape of what it was
        #: given, and the shape that it returned.
        self._checked: list[tuple[tuple[Layer, int, Shape], Shape]] = []
        self._input_shape: tuple[int, ...] | None = None
        try:
            given = [] if layers is None else list(layers)
        except TypeError:
            kind = type(layers).__name__
            raise TypeError(f"layers must be a sequence of layers, got {kind}") from None
        for layer in given:
            self.add(layer)
        if not as_flag("trainable", trainable):
            self.trainable = False

    @property
    def layers(self) -> list[Layer]:
        return self._layers

    @property
    def output_names(self) -> list[str]:
        return [name_of(layer) for layer in self.layers[-1:]]

    def add(self, layer: Input | Layer) -> None:
        """Add a layer after the others; the weights of those stay.

        Raises
        ------
        TypeError
            If it is no layer, or of a kind that cannot be computed.
        ValueError
            If it is an Input, or names an input shape, and is not the first; if it does not take
            what the layer before it gives; or if another layer has its name.
        """
        if not isinstance(layer, (Input, Layer)):
            raise TypeError(f"layer must be a layer, got {type(layer).__name__}")
        if isinstance(layer, Layer):
            self._check_dtypes([layer])
        shape = layer.sample_shape if isinstance(layer, Input) else layer.input_shape
        if shape is not None and (self.layers or self._input_shape not in (None, shape)):
            raise ValueError(f"only the first layer takes an input shape, got {layer!r} later")
        if isinstance(layer, Input):
            self._input_shape = shape
            return
        known = shape or self._input_shape
        if known is None:
            lowering_of(layer)
        else:
            self._check([*self.layers, layer], known)
        names = {name_of(other) for other in self.layers}
        if layer.name is None:
            layer._take_name(numbered(type(layer).__name__, names))
        elif layer.name in names or any(layer is other for other in self.layers):
            raise ValueError(f"every layer of a model has its own name, got {layer.name!r} again")
        self._input_shape = known
        self._change_layers([*self.layers, layer])

    def _check(self, layers: list[Layer], shape: tuple[int, ...]) -> None:
        """Check that each layer takes what the one before it gives, unless that is known already.

        Raises
        ------
        ValueError, TypeError
            If one does not.
        """
        for i, layer in enumerate(layers):
            asked = layer, layer._changes, shape
            if i < len(self._checked) and self._checked[i][0] == asked:
                shape = self._checked[i][1]
            else:
                (shape,) = chain([layer], shape).output_shapes
                self._checked[i:] = [(asked, shape)]

    def pop(self) -> Layer:
        """Remove the last layer and return it; the weights of the others stay.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self.layers:
            raise ValueError("the model has no layers to remove")
        last = self.layers[-1]
        self._change_layers(self.layers[:-1])
        return last

    def _change_layers(self, layers: list[Layer]) -> None:
        """Replace the layers; those that stay keep their weights, and training starts anew."""
        self._check_not_training()
        before = self._holder.state
        kept = None if before is None else self._weights_by_name()
        self._layers = layers
        self._programs = self._holder.state = None
        if before is not None and kept is not None and layers:
            self._take_weights(kept)
            self._state = before.without_slots(parameters=self._state.parameters)

    def submodel(self, layer: str | int) -> "Sequential":
        """A model of the layers up to one of them, with copies of their weights.

        What its ``predict`` returns are the features that the network has learned there; with
        layers added, it is a trained body with a new head.

        Parameters
        ----------
        layer : str or int
            Name or place of the last layer that is taken.

        Raises
        ------
        ValueError
            If there is no such layer.
        """
        layers = self.layers[: self._place_of(layer) + 1]
        body = Sequential(copy.deepcopy(layers), f"{self.name}_body", self.dtype)
        if self._input_shape is not None:
            body._input_shape = self._input_shape
        if self._holder.state is not None:
            body._take_weights(self._weights_by_name())
        return body

    def _twin(self) -> "Sequential":
        """A copy that has no weights yet, and no optimiser; compiled otherwise as this is."""
        twin = Sequential.__new__(Sequential)
        twin.__dict__.update(self.__dict__)
        twin._layers = [copy.copy(layer) for layer in self._layers]
        twin._holder, twin._optimizer = Holder(), None
        twin._checked, twin.metadata = [], copy.deepcopy(self.metadata)
        twin._take_network(self._network.with_layers(twin._layers))
        twin._take_heads(self)
        return twin

    # --- before the input shape is known from the first samples -----------------------------------

    def _check_layers(self) -> None:
        if not self.layers:
            raise ValueError("a model needs at least one layer before it is compiled, got none")

    def _read_outs(self) -> list[str | Custom]:
        return [self.layers[-1].activation]

    def _outputs(self) -> list[tuple[Layer, int | None]]:
        last = self.layers[-1]
        if self._input_shape is None:
            return [(last, getattr(last, "units", None))]
        (shape,) = self._network_for(None).output_shapes
        return [(last, shape[-1])]

    def _build(self, shape: tuple[int, ...] | None) -> None:
        """Make the first weights, or check that the model was built for samples of a shape."""
        if not self.layers:
            raise ValueError("the model has no layers; add one first")
        known = self._input_shape
        if shape is not None and (known or shape) != shape:
            raise ValueError(
                f"x must have samples of shape {known}, as the model has inputs, got {shape}"
            )
        if self._holder.state is None:
            network = self._network_for(shape)
            self._begin(network)
            self._input_shape = network.input_shapes[0]

    def _samples(self, name: str, x: Any) -> tuple[np.ndarray, ...]:
        return (check_samples(name, x, self._input_shape, self._dtype),)

    def _network_for(self, shape: tuple[int, ...] | None) -> Network:
        if self._programs is not None:
            return self._programs.network
        shape = self._input_shape or shape
        if shape is None:
            raise ValueError("the model does not know its input shape; begin it with an Input")
        return chain(self.layers, shape)

    def _build_for(self, x: Any) -> None:
        # A sample that is refused must not fix the shape.
        self._build(self._samples("x", x)[0].shape[1:])
