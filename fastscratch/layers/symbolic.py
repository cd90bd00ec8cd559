"""Symbolic tensors: what layers are called on before there are numbers."""

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Layer, Shape

_count = itertools.count()


class SymbolicTensor:
    """What a layer returns when it is called on others of its kind; a :class:`Model` joins them.

    Parameters
    ----------
    shape : tuple of int
        Of one sample.
    layer : Layer, optional
        The layer that makes it; an :class:`Input` has none.
    inputs : sequence of SymbolicTensor
        What that layer reads.

    Attributes
    ----------
    shape : tuple
        With None for the samples, as Keras writes it.

    Examples
    --------
    >>> from fastscratch import layers
    >>> x = layers.Input((4,))
    >>> layers.Dense(3)(x).shape
    (None, 3)
    """

    def __init__(
        self,
        shape: "Shape",
        layer: "Layer | None" = None,
        inputs: "Sequence[SymbolicTensor]" = (),
    ):
        self.sample_shape = shape
        self.layer = layer
        self.inputs = tuple(inputs)
        self.number = next(_count)  # those that it is made from have smaller ones

    @property
    def shape(self) -> tuple[int | None, ...]:
        return (None, *self.sample_shape)

    def __repr__(self) -> str:
        maker = "" if self.layer is None else f", made by {self.layer!r}"
        return f"<{type(self).__name__} of shape {self.shape}{maker}>"
