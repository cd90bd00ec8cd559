"""The compiled programs of a model, kept for the next time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import Learning, Network, Objective, Trainer, team_size
from ..kernels.optimizers import UPDATES
from ..kernels.threads import get_num_threads
from ..optimizers import Optimizer

if TYPE_CHECKING:
    from .state import State


class Programs:
    """Programs of one network: one that trains it, and those that only read its weights."""

    def __init__(self) -> None:
        self._trainer: tuple[Any, Trainer] | None = None
        self._readers: dict[Any, list[tuple[Any, State | None]]] = {}

    def trainer(
        self,
        network: Network,
        objectives: Sequence[Objective],
        optimizer: Optimizer,
        batch_size: int,
        dtype: str,
    ) -> Trainer:
        """The program that trains the network; another one only if something has changed."""
        learning = learning_of(optimizer)
        key = (
            *(batch_size, tuple(objectives), optimizer.code, get_num_threads()),
            tuple(learning.hyper[1:]),
            (learning.clipvalue, learning.clipnorm, learning.global_clipnorm, learning.every),
            learned_how(network),
        )
        if self._trainer is None or self._trainer[0] != key:
            trainer = new_trainer(network, objectives, optimizer, batch_size, dtype)
            self._trainer = key, trainer
        return self._trainer[1]

    def borrow(
        self, state: "State", kind: type, network: Network, *arguments: Any, dtype: str
    ) -> tuple[Any, list]:
        """A program that only reads the weights, with those of a state, and where it belongs.

        Programs hold copies of the weights and the numbers on their way, so that each is lent to
        one thread at a time; the caller puts it back with its state, ``idle.append((reader,
        state))``, unless it fails.

        Parameters
        ----------
        state : State
        kind : type
            Of the program.
        network : Network
        *arguments
            Of the program, after the network; the last of them is the batch size.
        dtype : str
        """
        workers = team_size(arguments[-1] * network.work)
        idle = self._readers.setdefault((kind, workers, *arguments), [])
        try:
            reader, known = idle.pop()
        except IndexError:
            reader, known = kind(network, *arguments, dtype=dtype), None
        if known is not state:
            reader.parameters[:] = state.parameters
        return reader, idle


def new_trainer(
    network: Network,
    objectives: Sequence[Objective],
    optimizer: Optimizer,
    batch_size: int,
    dtype: str,
) -> Trainer:
    """A program that trains the network."""
    learning = learning_of(optimizer)
    return Trainer(network, objectives, learning, optimizer.n_remembered, batch_size, dtype)


def learning_of(optimizer: Optimizer) -> Learning:
    """An optimiser as the engine takes it."""
    return Learning(
        UPDATES[optimizer.code],
        optimizer.hyper(),
        optimizer.clipvalue or np.inf,
        optimizer.clipnorm or np.inf,
        optimizer.global_clipnorm or np.inf,
        optimizer.gradient_accumulation_steps or 1,
    )


def learned_how(network: Network) -> tuple:
    """What may have changed in the layers since they were built: what learns, and penalties."""
    return (
        tuple(layer.trainable for layer in network.layers),
        tuple(placed.weight.regularizer for placed in network.placed()),
    )
