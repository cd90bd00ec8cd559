"""The networks of the estimators; those that a search fits together are copies of a few.

To build a network takes several times as long as to copy one. Copies also share the memories in
which they predict, with the programs there, so that these are made once for each architecture.
"""

import contextlib
import contextvars
import itertools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .. import layers
from ..engine import Workspace
from ..losses import Loss
from ..models import Sequential
from ..models.state import State
from ..regularizers import L2

__all__ = ["Architecture", "L2OfSum", "copied", "new_network"]

#: Activations that have another name in scikit-learn than in Keras.
KERAS_NAMES = {"identity": "linear", "logistic": "sigmoid"}


class L2OfSum(L2):
    """scikit-learn's penalty: divided by the samples of a mini-batch, as the losses are."""

    _is_of_sum = True


class Architecture(NamedTuple):
    """What a network is built from.

    Attributes
    ----------
    n_in : int
        Features.
    layers : tuple of (int, str, float)
        Units, activation, and the dropout after it, of each layer.
    dtype : {"float32", "float64"}
    """

    n_in: int
    layers: tuple[tuple[int, str, float], ...]
    dtype: str

    @property
    def shapes(self) -> list[tuple[int, ...]]:
        """Of the kernel and bias of each layer."""
        sizes = [self.n_in, *(units for units, _, _ in self.layers)]
        pairs = itertools.pairwise(sizes)
        return [shape for n_in, units in pairs for shape in ((n_in, units), (units,))]


class Copied:
    """Networks of which there will be copies."""

    def __init__(self) -> None:
        self._known: dict[tuple[Architecture, float, Loss], Sequential] = {}
        self._idle: dict[Architecture, list[Workspace]] = {}

    def copy(self, architecture: Architecture, l2: float, loss: Loss) -> Sequential:
        """A copy of a network without weights, which is built if there is none yet."""
        key = architecture, l2, loss
        if key not in self._known:
            self._known[key] = _built(*key)
        model = self._known[key]._twin()
        model._known_programs().idle = self._idle.setdefault(architecture, [])
        return model


_CURRENT: contextvars.ContextVar[Copied | None] = contextvars.ContextVar("copied", default=None)


@contextlib.contextmanager
def copied() -> Iterator[None]:
    """A context in which networks are copies of others that have the same architecture."""
    token = _CURRENT.set(Copied())
    try:
        yield
    finally:
        _CURRENT.reset(token)


def new_network(
    architecture: Architecture, l2: float, loss: Loss, parameters: np.ndarray
) -> Sequential:
    """A network that has not been trained; it is compiled, but has no optimiser.

    Parameters
    ----------
    architecture : Architecture
    l2 : float
        Factor of the penalty on the kernels.
    loss : Loss
    parameters : (p,) array
        Kernel and bias of each layer in turn.
    """
    known = _CURRENT.get()
    make = _built if known is None else known.copy
    model = make(architecture, l2, loss)
    model._state = State(parameters.astype(architecture.dtype, copy=False))
    for layer in model.layers:
        layer._belongs_to(model)
    return model


def _built(architecture: Architecture, l2: float, loss: Loss) -> Sequential:
    """A network without weights."""
    stack: list[layers.Layer] = []
    for units, activation, rate in architecture.layers:
        dense = layers.Dense(
            units,
            KERAS_NAMES.get(activation, activation),
            kernel_regularizer=L2OfSum(l2) if l2 else None,
        )
        stack += [dense, layers.Dropout(rate)] if rate else [dense]
    model = Sequential([layers.Input((architecture.n_in,)), *stack], dtype=architecture.dtype)
    network = model._network_for(None)
    model._take_network(network)
    model.compile(loss=loss)
    model._optimizer = None
    model._heads(network)
    return model
