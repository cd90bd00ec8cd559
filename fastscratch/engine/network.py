"""A network: layers on samples of a known shape, with a place for each of their weights."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from ..layers import Layer, Weight


@dataclasses.dataclass(frozen=True)
class Placed:
    """A weight and its place in the flat vector of parameters."""

    weight: Weight
    offset: int

    @property
    def stop(self) -> int:
        """The place behind it."""
        return self.offset + math.prod(self.weight.shape)

    def view(self, parameters: np.ndarray) -> np.ndarray:
        """The weight as an array, a view of the vector."""
        return parameters[self.offset : self.stop].reshape(self.weight.shape)


class Network:
    """Layers on samples of a known shape.

    Attributes
    ----------
    layers : list of Layer
    shapes : list of tuple
        Shape of a sample before the first layer, and behind each.
    weights : list of list of Placed
        Of each layer; all stand in one flat vector, layer by layer.
    n_parameters : int
        Length of that vector.
    work : int
        Multiply-adds for one sample, about: one for each weight and each place it is used at.

    Raises
    ------
    ValueError
        If a layer does not take what the one before it gives.
    """

    def __init__(self, layers: Sequence[Layer], input_shape: tuple[int, ...]):
        self.layers = list(layers)
        self.shapes = [input_shape]
        self.weights: list[list[Placed]] = []
        offset = self.work = 0
        for layer in self.layers:
            placed = []
            for weight in layer.weights(self.shapes[-1]):
                placed.append(Placed(weight, offset))
                offset = placed[-1].stop
            self.weights.append(placed)
            shape = layer.output_shape(self.shapes[-1])
            self.shapes.append(shape)
            used = math.prod(shape[:-1]) * sum(math.prod(p.weight.shape) for p in placed)
            self.work += used + math.prod(shape)
        self.n_parameters = offset

    def placed(self) -> list[Placed]:
        """The weights of all layers in their order."""
        return [placed for layer in self.weights for placed in layer]
