"""A network: layers that read tensors, with a place for each of their weights."""

import copy
import dataclasses
import functools
import math
import pickle
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..layers import Dense, Layer, Weight
from ..regularizers import Regularizer
from ..wording import quantity
from .registry import lowering_of
from .sparse_rows import SparseRows


@dataclasses.dataclass(frozen=True)
class Node:
    """A layer, and the numbers of the tensors that it reads.

    The inputs of the network are its first tensors; after them each node makes one, in order.
    """

    layer: Layer
    inputs: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Placed:
    """A weight and its place in the flat vector of parameters."""

    weight: Weight
    offset: int

    @property
    def stop(self) -> int:
        """The place after it."""
        return self.offset + math.prod(self.weight.shape)

    def view(self, parameters: np.ndarray) -> np.ndarray:
        """The weight as an array, a view of the vector."""
        return parameters[self.offset : self.stop].reshape(self.weight.shape)


class Network:
    """Layers that read tensors of known shapes.

    Parameters
    ----------
    nodes : sequence of Node
        Each reads tensors that come before its own.
    input_shapes : sequence of tuple
        Shape of one sample of each input.
    outputs : sequence of int, optional
        Numbers of the tensors that the network returns; by default the last one.

    Attributes
    ----------
    nodes, outputs
        As given.
    shapes : list of tuple
        Shape of one sample of each tensor: of the inputs, then of what each node makes.
    input_shapes, output_shapes : list of tuple
        Those of the inputs and outputs.
    checked_inputs : list of (int, Layer)
        Inputs that must hold certain numbers, and the layers that check them.
    checked_at : int
        ``Layer.changes_of_all`` when the layers were last found to be unchanged.
    is_plain : bool
        Whether there is one input and one output.
    layers : list of Layer
        Each once, in the order of their first nodes.
    weights : list of list of Placed
        Of each node; nodes of the same layer share them. All are in one flat vector, layer by
        layer.
    readers : list of int
        How many nodes read each tensor, plus one if the network returns it.
    uses : list of int
        How many nodes the layer of each node has.
    n_parameters : int
        Length of the vector of parameters.
    work : int
        About the multiply-adds for one sample: one for each weight at each place where it is used.

    Raises
    ------
    ValueError
        If a layer does not take what it reads.
    TypeError
        If the engine does not know a kind of layer.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        input_shapes: Sequence[tuple[int, ...]],
        outputs: Sequence[int] | None = None,
    ):
        self.nodes = list(nodes)
        self.n_inputs = len(input_shapes)
        self.shapes = list(input_shapes)
        self.layers: list[Layer] = []
        self.weights: list[list[Placed]] = []
        placed_of: dict[int, list[Placed]] = {}
        self.n_parameters = self.work = 0
        for node in self.nodes:
            layer, shapes = node.layer, [self.shapes[tensor] for tensor in node.inputs]
            lowering_of(layer)
            shape = layer.output_shape(*shapes)
            wanted = layer.weights(*shapes)
            if id(layer) not in placed_of:
                self.layers.append(layer)
                placed_of[id(layer)] = self._place(wanted)
            placed = placed_of[id(layer)]
            if [p.weight.shape for p in placed] != [weight.shape for weight in wanted]:
                raise ValueError(
                    f"layer {layer.name!r} reads tensors of different shapes, so that its weights "
                    f"cannot be shared; the second reads {shapes[0]}"
                )
            self.weights.append(placed)
            self.shapes.append(shape)
            used = math.prod(shape[:-1]) * sum(math.prod(p.weight.shape) for p in placed)
            self.work += used + math.prod(shape)
        nodes_of = Counter(id(node.layer) for node in self.nodes)
        self.uses = [nodes_of[id(node.layer)] for node in self.nodes]
        self._changes = [layer._changes for layer in self.layers]
        self.checked_at = Layer.changes_of_all
        self.outputs = [len(self.shapes) - 1] if outputs is None else list(outputs)
        self.checked_inputs = self._find_checked_inputs()
        self.is_plain = self.n_inputs == len(self.outputs) == 1
        self.input_shapes = self.shapes[: self.n_inputs]
        self.output_shapes = [self.shapes[tensor] for tensor in self.outputs]
        read = Counter(tensor for node in self.nodes for tensor in node.inputs)
        read.update(self.outputs)
        self.readers = [read[tensor] for tensor in range(len(self.shapes))]

    def _find_checked_inputs(self) -> list[tuple[int, Layer]]:
        """Inputs whose numbers reach a layer that checks them, if only moved to other places."""
        reached_by = [[k] for k in range(self.n_inputs)]  # for each tensor, inputs that make it up
        found = []
        for node in self.nodes:
            inputs = [k for tensor in node.inputs for k in reached_by[tensor]]
            if type(node.layer).check_input is not Layer.check_input:
                found += [(k, node.layer) for k in dict.fromkeys(inputs)]
            reached_by.append(inputs if node.layer.only_moves else [])
        return found

    def _place(self, weights: Sequence[Weight]) -> list[Placed]:
        placed = []
        for weight in weights:
            placed.append(Placed(weight, self.n_parameters))
            self.n_parameters = placed[-1].stop
        return placed

    def __getstate__(self) -> dict[str, Any]:
        """A copy, as another thread may add what it finds out while this one is being pickled."""
        return dict(self.__dict__)

    def with_layers(self, layers: Sequence[Layer]) -> "Network":
        """The same network of other layers, which are copies of its own."""
        copies = {id(own): other for own, other in zip(self.layers, layers, strict=True)}
        self.kind, self.penalties  # noqa: B018, so that the copy knows them
        twin = copy.copy(self)
        twin.nodes = [Node(copies[id(node.layer)], node.inputs) for node in self.nodes]
        twin.layers = list(layers)
        twin.checked_inputs = [(k, copies[id(layer)]) for k, layer in self.checked_inputs]
        return twin

    def check_inputs(self, name: str, samples: Sequence[Any]) -> None:
        """Check the samples of each input by the layers that read them.

        Raises
        ------
        ValueError
            If one of them does not take its numbers, or is no dense layer and reads a sparse
            matrix.
        """
        if SparseRows in map(type, samples):
            self._check_reads_sparse(name)
        for tensor, layer in self.checked_inputs:
            which = f"{name}[{tensor}]" if self.n_inputs > 1 else name
            layer.check_input(which, samples[tensor])

    def _check_reads_sparse(self, name: str) -> None:
        readers = [node.layer for node in self.nodes if 0 in node.inputs]
        if self.n_inputs > 1 or self.readers[0] > 1 or type(readers[0]) is not Dense:
            kinds = ", ".join(type(layer).__name__ for layer in readers)
            raise ValueError(
                f"{name} may be a sparse matrix only for a model whose one input is read by one "
                f"Dense layer, got {quantity(self.n_inputs, 'input')}, read by {kinds}"
            )

    def weights_by_layer(self) -> list[tuple[Layer, list[Placed]]]:
        """Each layer once, with its weights."""
        of_layer = {id(n.layer): w for n, w in zip(self.nodes, self.weights, strict=True)}
        return [(layer, of_layer[id(layer)]) for layer in self.layers]

    @functools.cached_property
    def kind(self) -> Hashable:
        """What its phases depend on: not names, first weights, nor the factors of penalties."""
        places = {id(layer): place for place, layer in enumerate(self.layers)}
        nodes = tuple((places[id(node.layer)], node.inputs) for node in self.nodes)
        layers = tuple(_kind_of(layer) for layer in self.layers)
        return layers, nodes, tuple(self.input_shapes), tuple(self.outputs)

    @functools.cached_property
    def penalties(self) -> np.ndarray:
        """First and last place, l1 and l2 of each weight that has a penalty, if it is learned."""
        rows = [
            (placed.offset, placed.stop, placed.weight.regularizer.l1, placed.weight.regularizer.l2)
            for layer, weights in self.weights_by_layer()
            for placed in weights
            if placed.weight.regularizer is not None and layer.trainable
        ]
        return np.array(rows, float).reshape(-1, 4)

    def placed(self) -> list[Placed]:
        """The weights of all layers in their order."""
        return [placed for _, weights in self.weights_by_layer() for placed in weights]

    @property
    def is_current(self) -> bool:
        """Whether the layers are as they were when the network was made."""
        if self.checked_at != Layer.changes_of_all:
            if self._changes != [layer._changes for layer in self.layers]:
                return False
            self.checked_at = Layer.changes_of_all
        return True

    @property
    def moves_averages(self) -> bool:
        """Whether a forward pass in training changes weights, as batch normalisation does."""
        return any(
            placed.weight.trainable is False and layer.trainable
            for layer, weights in self.weights_by_layer()
            for placed in weights
        )

    @property
    def is_chain(self) -> bool:
        """Whether each layer reads the output of the layer before it, which nothing else reads."""
        in_order = all(node.inputs == (i,) for i, node in enumerate(self.nodes))
        once = all(readers == 1 for readers in self.readers)
        return self.n_inputs == 1 and in_order and once and len(self.layers) == len(self.nodes)


def _kind_of(layer: Layer) -> Hashable:
    """The attributes of a layer that its phases depend on."""
    values = [
        value._is_of_sum if isinstance(value, Regularizer) else value
        for name, value in vars(layer).items()
        if _matters(name)
    ]
    try:
        return type(layer), pickle.dumps(values)
    except (pickle.PicklingError, AttributeError, TypeError):  # an attribute of the user's own
        return id(layer)


@functools.cache
def _matters(name: str) -> bool:
    """Whether the phases of a layer depend on its attribute of a name."""
    is_own = name in ("name", "_changes", "_made", "_model")
    return not is_own and not name.endswith("initializer")


def chain(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> Network:
    """Layers in a row."""
    return Network([Node(layer, (i,)) for i, layer in enumerate(layers)], [input_shape])
