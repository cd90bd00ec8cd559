"""A model's layers, and the weights that they have."""

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import losses, optimizers
from ..engine import Network
from ..engine.network import Placed
from ..layers import Layer
from ..layers.base import as_shape
from ..output import encodable
from ..utils import derived_seed, next_seed
from ..validation import as_array, as_flag, as_function, as_integer, as_text, one_of
from ..wording import quantity
from .head import Heads
from .names import different, name_of
from .programs import Programs
from .state import Holder, State
from .summary import summary, summary_html


class Weighted:
    """The layers of a model, its weights, and how far training has come."""

    def _start(self, name: str, dtype: str) -> None:
        """Set the attributes of a model without layers."""
        self.name = as_text("name", name)
        self._dtype = one_of("dtype", dtype, ("float32", "float64"))
        self._optimizer: optimizers.Optimizer | None = None
        self.metadata: dict[str, Any] = {}
        self.seed = next_seed()
        self.stop_training = False
        self.input_names = ["x"]
        self._losses: list[losses.Loss] = []
        self._loss_weights: list[float] = []
        self._metrics: list[tuple[Any, ...]] = []
        self._weighted_metrics: list[tuple[Any, ...]] = []
        self._heads_of: Network | None = None
        self._known_heads = Heads()
        self._programs: Programs | None = None
        self._holder = Holder()

    def _known_programs(self) -> Programs:
        if self._programs is None:
            raise RuntimeError("the model has no network before it knows its input shape")
        return self._programs

    @property
    def _network(self) -> Network:
        return self._known_programs().network

    @property
    def layers(self) -> list[Layer]:
        return self._network.layers

    @property
    def output_names(self) -> list[str]:
        """Names of the layers whose outputs the model returns, numbered if one returns several."""
        network = self._network
        names: list[str] = []
        for tensor in network.outputs:
            layer = network.nodes[tensor - network.n_inputs].layer
            names.append(different(name_of(layer), names))
        return names

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at a place.

        Raises
        ------
        ValueError
            If there is none, or not exactly one of the two is given.
        """
        if (name is None) == (index is None):
            raise ValueError("get_layer needs either a name or an index")
        if name is not None:
            return self.layers[self._place_of(as_text("name", name))]
        return self.layers[self._place_of(as_integer("index", index, -(2**63)))]

    def _place_of(self, layer: str | int) -> int:
        if isinstance(layer, str):
            names = [name_of(other) for other in self.layers]
            if layer not in names:
                raise ValueError(f"no layer is named {layer!r}; there are {', '.join(names)}")
            return names.index(layer)
        place = as_integer("layer", layer, -(2**63))
        try:
            return range(len(self.layers))[place]
        except IndexError:
            raise ValueError(
                f"the model has {quantity(len(self.layers), 'layer')}, got index {layer}"
            ) from None

    def __repr__(self) -> str:
        """The name, and how large the model is."""
        size = "not built yet"
        if self._holder.state is not None:
            size = quantity(self._network.n_parameters, "weight")
        layers = quantity(len(self.layers), "layer")
        return f"<{type(self).__name__} {self.name!r}: {layers}, {size}>"

    def summary(self, print_fn: Callable[[str], Any] | None = None) -> None:
        """Print the layers, what shape of sample each returns, and its number of weights.

        Parameters
        ----------
        print_fn : function, optional
            What is called with the text in place of ``print``.
        """
        self._build(None)
        text = summary(self.name, self._network, self.dtype)
        if print_fn is None:
            print(encodable(text, sys.stdout))
        else:
            as_function("print_fn", print_fn)(text)

    def _repr_html_(self) -> str | None:
        """What a notebook shows: the table of :meth:`summary`, once the model is built."""
        if self._holder.state is None:
            return None
        return summary_html(self.name, self._network, self.dtype)

    @property
    def _state(self) -> State:
        state = self._holder.state
        if state is None:
            raise RuntimeError("the model has no weights before it is built")
        return state

    @_state.setter
    def _state(self, state: State) -> None:
        self._holder.state = state

    @property
    def dtype(self) -> str:
        return self._dtype

    @property
    def seed(self) -> int:
        return self._seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self._seed = as_integer("seed", seed, 0)

    @property
    def trainable(self) -> bool:
        """Whether training changes any layer; what it is set to is set for all layers."""
        return any(layer.trainable for layer in self.layers)

    @trainable.setter
    def trainable(self, value: bool) -> None:
        value = as_flag("trainable", value)
        for layer in self.layers:
            layer.trainable = value

    @property
    def iterations(self) -> int:
        return 0 if self._holder.state is None else self._holder.state.updates

    @property
    def trained_epochs(self) -> int:
        return 0 if self._holder.state is None else self._holder.state.epochs

    @trained_epochs.setter
    def trained_epochs(self, epochs: int) -> None:
        self._check_not_training()
        self._build(None)
        epochs = as_integer("trained_epochs", epochs, 0)
        self._state = self._state.replaced(epochs=epochs)

    @property
    def weights(self) -> list[np.ndarray]:
        """Copies of the weights, as :meth:`get_weights` returns them."""
        return self.get_weights()

    @property
    def trainable_weights(self) -> list[np.ndarray]:
        """Copies of the weights that training changes by their gradients."""
        return self._copied(lambda layer, placed: layer.trainable and placed.weight.trainable)

    @property
    def non_trainable_weights(self) -> list[np.ndarray]:
        """Copies of the others."""
        return self._copied(lambda layer, placed: not (layer.trainable and placed.weight.trainable))

    def _copied(self, is_wanted: Callable[[Layer, Placed], bool]) -> list[np.ndarray]:
        self._build(None)
        named, parameters = list(self._named_weights()), self._state.parameters
        return [placed.view(parameters).copy() for one, placed in named if is_wanted(one, placed)]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the weights: kernel and bias of each layer in turn."""
        self._build(None)
        parameters = self._state.parameters
        return [placed.view(parameters).copy() for placed in self._network.placed()]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace the weights by arrays of the shapes that :meth:`get_weights` returns.

        Raises
        ------
        ValueError, TypeError
            If their number or a shape differs; nothing has changed then.
        RuntimeError
            If another thread is training the model.
        """
        self._build(None)
        self._replace_weights(self._network.placed(), weights)

    def _replace_weights(self, all_placed: Sequence[Placed], weights: Sequence[Any]) -> None:
        if not isinstance(weights, Sequence):
            raise TypeError(f"weights must be a list of arrays, got {type(weights).__name__}")
        if self._holder.is_running:
            raise RuntimeError("weights cannot be set while another thread trains the model")
        if len(weights) != len(all_placed):
            raise ValueError(
                f"weights must be {quantity(len(all_placed), 'array')}, got {len(weights)}"
            )
        arrays = [as_array(f"weights[{i}]", w, self.dtype) for i, w in enumerate(weights)]
        parameters = self._state.parameters.copy()
        for i, (placed, array) in enumerate(zip(all_placed, arrays, strict=True)):
            if array.shape != placed.weight.shape:
                raise ValueError(
                    f"weights[{i}] must have shape {placed.weight.shape}, got {array.shape}"
                )
            placed.view(parameters)[...] = array
        self._state = self._state.replaced(parameters=parameters)

    def _placed_in(self, layer: Layer) -> list[Placed]:
        return next(w for other, w in self._network.weights_by_layer() if other is layer)

    def _layer_weights(self, layer: Layer) -> list[np.ndarray]:
        """Copies of the weights of a layer."""
        parameters = self._state.parameters
        return [placed.view(parameters).copy() for placed in self._placed_in(layer)]

    def _set_layer_weights(self, layer: Layer, weights: Sequence[Any]) -> None:
        self._replace_weights(self._placed_in(layer), weights)

    @property
    def built(self) -> bool:
        """Whether there are weights."""
        return self._holder.state is not None

    def build(self, input_shape: Any = None) -> None:
        """Make the first weights.

        Parameters
        ----------
        input_shape : tuple, optional
            With the number of samples, or None, in front: ``(None, 784)``. Needed by a `Sequential`
            that does not know it yet.

        Raises
        ------
        ValueError
            If it is another than that of the model.
        """
        if input_shape is None:
            self._build(None)
            return
        if not isinstance(input_shape, (tuple, list)) or len(input_shape) < 2:
            raise ValueError(f"input_shape must be as (None, 784), got {input_shape!r}")
        self._build(as_shape("input_shape[1:]", tuple(input_shape[1:])))

    @property
    def input_shape(self) -> Any:
        """Shape of the input, with None for the number of samples; a list for several inputs."""
        shapes = [(None, *shape) for shape in self._network_for(None).input_shapes]
        return shapes if len(shapes) > 1 else shapes[0]

    @property
    def output_shape(self) -> Any:
        """Shape of the output, with None for the number of samples; a list for several outputs."""
        shapes = [(None, *shape) for shape in self._network_for(None).output_shapes]
        return shapes if len(shapes) > 1 else shapes[0]

    def _network_for(self, shape: tuple[int, ...] | None) -> Network:
        """The network, on samples of a shape if that is not known yet."""
        return self._network

    def count_params(self) -> int:
        """Number of all weights."""
        self._build(None)
        return self._network.n_parameters

    def _named_weights(self) -> Iterator[tuple[Layer, Placed]]:
        """Every weight with its layer, in order."""
        for layer, weights in self._network.weights_by_layer():
            for placed in weights:
                yield layer, placed

    def _weights_by_name(self) -> dict[tuple[str, str], np.ndarray]:
        return {
            (name_of(layer), placed.weight.name): placed.view(self._state.parameters)
            for layer, placed in self._named_weights()
        }

    def _take_weights(self, known: Mapping[tuple[str, str], np.ndarray]) -> None:
        """Build the model with those of its weights that are known, by layer and name."""
        self._build(None)
        parameters = self._state.parameters.copy()
        for layer, placed in self._named_weights():
            name = name_of(layer), placed.weight.name
            if name in known:
                placed.view(parameters)[...] = known[name]
        self._state = self._state.replaced(parameters=parameters)

    def _build(self, shape: tuple[int, ...] | None) -> None:
        """Make the first weights, if there are none; check the shape of samples, if it is given."""
        known = self._network.input_shapes[0]
        if shape is not None and shape != known and self._network.n_inputs == 1:
            raise ValueError(
                f"the model has samples of shape {known}, as its Input says, got {shape}"
            )
        if self._holder.state is None:
            self._begin(self._network)

    def _begin(self, network: Network) -> None:
        """Make the first weights of a network, and take both."""
        self._check_dtypes(network.layers)
        parameters = np.empty(network.n_parameters, self.dtype)
        for i, placed in enumerate(network.placed()):
            weight, seed = placed.weight, derived_seed(self.seed, 0) + i
            numbers = as_array(weight.name, weight.initializer(weight.shape, seed), self.dtype)
            if numbers.shape != weight.shape:
                raise ValueError(
                    f"the initializer of {weight.name} must return an array of shape "
                    f"{weight.shape}, got {numbers.shape}"
                )
            placed.view(parameters)[...] = numbers
        if self._programs is None or network is not self._programs.network:
            self._take_network(network)
        if self._holder.state is None:  # else another thread was faster, with the same numbers
            self._state = State(parameters)
            for layer, weights in network.weights_by_layer():
                other = layer._owner()
                if weights and other is not None and other is not self:
                    warnings.warn(
                        f"{layer!r} is in two models, {other.name!r} and {self.name!r}, and does "
                        "not share its weights as in Keras: each model has its own; for a part of "
                        "a model with the weights of that, use its submodel",
                        stacklevel=3,
                    )
                layer._belongs_to(self)

    def _check_not_training(self) -> None:
        if self._holder.is_training:
            raise RuntimeError(
                "the model is being trained, by another thread or by the fit that this is a "
                "callback of; wait until that has ended"
            )

    def _check_dtypes(self, layers: Iterable[Layer]) -> None:
        """Check that no layer asks for a dtype that is not the model's."""
        for layer in layers:
            if layer.dtype not in (None, self._dtype):
                raise ValueError(
                    f"{layer!r} cannot be part of a model of {self._dtype}: all layers of a model "
                    f"have its dtype; make the model with dtype={layer.dtype!r}"
                )

    def _take_network(self, network: Network) -> None:
        self._programs = Programs(network, self.dtype)

    def _current_programs(self) -> Programs:
        """The network and its programs; new ones if an attribute of a layer has been set since.

        Raises
        ------
        ValueError
            If the weights would have other shapes.
        """
        programs = self._programs or self._known_programs()
        if not programs.network.is_current:
            old = programs.network
            network = Network(old.nodes, old.input_shapes, old.outputs)
            self._check_dtypes(network.layers)
            for layer, before, after in zip(
                *(old.layers, _weight_shapes(old), _weight_shapes(network)), strict=True
            ):
                if self._holder.state is not None and before != after:
                    raise ValueError(
                        f"{layer!r} has been changed since the model was built: its weights must "
                        f"keep the shapes {before}, got {after}"
                    )
            self._programs = programs = Programs(network, self.dtype)
        return programs


def _weight_shapes(network: Network) -> list[list[tuple[int, ...]]]:
    """Shapes of the weights of each layer."""
    return [
        [placed.weight.shape for placed in weights] for _, weights in network.weights_by_layer()
    ]
