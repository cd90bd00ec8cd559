"""Programs that models of the same kind share."""

import pickle
from collections.abc import Hashable
from typing import Any

from ..engine import Evaluator, Kind, Network, Trainer, kind_of
from ..layers import Layer
from .assignments import Assignment
from .programs import at_once, learning_of


class SharedPrograms:
    """Programs for one thread, by what they depend on: not on weights, seeds or learning rates."""

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def trainer(self, one: Assignment) -> Trainer:
        """The program that trains a model."""
        model, optimizer = one.model, one.model._compiled_optimizer()
        network = model._current_programs().network
        objectives = one.objectives(one.data.weight_axes)
        learning, batch_size = learning_of(optimizer), min(one.batch_size, len(one.rows))
        bounds = learning.clipvalue, learning.clipnorm, learning.global_clipnorm
        key = (
            *(_kind(network), model.dtype, tuple(objectives), batch_size),
            *(optimizer.code, tuple(learning.hyper[1:]), *bounds, learning.every),
            *(learning.ema_momentum, learning.ema_overwrite_frequency),
        )
        if key not in self._known:
            slots = optimizer.n_remembered
            self._known[key] = Trainer(
                network, objectives, learning, slots, batch_size, model.dtype, workers=1
            )
        return self._known[key]

    def evaluator(self, one: Assignment) -> Evaluator:
        """The program that measures a model on its validation samples."""
        model = one.model
        assert one.validation is not None
        network = model._current_programs().network
        objectives = one.objectives(one.validation.weight_axes)
        size = at_once(len(one.validation_rows), None)
        key = _kind(network), model.dtype, tuple(objectives), size
        if key not in self._known:
            self._known[key] = Evaluator(network, objectives, size, model.dtype, workers=1)
        return self._known[key]

    def kind(self, trainer: Trainer, evaluator: Evaluator | None) -> Kind | None:
        """What models with these programs have in common, if they can be trained together."""
        key = id(trainer), id(evaluator)
        if key not in self._known:
            self._known[key] = kind_of(trainer, evaluator)
        return self._known[key]


def _kind(network: Network) -> Hashable:
    """What the phases of a network depend on."""
    places = {id(layer): place for place, layer in enumerate(network.layers)}
    nodes = tuple((places[id(node.layer)], node.inputs) for node in network.nodes)
    layers = tuple(_kind_of_layer(layer) for layer in network.layers)
    return layers, nodes, tuple(network.input_shapes), tuple(network.outputs)


def _kind_of_layer(layer: Layer) -> Hashable:
    """The attributes of a layer, but not its name and its first weights."""
    known = {
        name: value
        for name, value in layer.__getstate__().items()
        if name not in ("name", "_changes", "_made") and not name.endswith("initializer")
    }
    try:
        return type(layer), pickle.dumps(known)
    except (pickle.PicklingError, AttributeError, TypeError):  # an attribute of the user's own
        return id(layer)
