"""The compiled programs of a model, kept for the next time."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import Learning, Network, Objective, Trainer, team_size
from ..kernels.optimizers import UPDATES
from ..kernels.threads import get_num_threads
from ..optimizers import Optimizer
from ..validation import as_integer
from .state import State

# Programs that only read the weights, for sizes of which there are this many at most: a prediction
# has one for each power of two, but a gradient one for each number of samples.
MOST_KEPT = 64


# Samples that go through a network at once when it predicts: enough for full speed, few enough to
# stay in the cache.
PREDICTED_AT_ONCE = 128


class Programs:
    """Programs of one network: one that trains it, and those that only read its weights.

    Parameters
    ----------
    network : Network
    dtype : str
    """

    def __init__(self, network: Network, dtype: str) -> None:
        self.network, self._dtype = network, dtype
        self._trainer: tuple[Any, Trainer] | None = None
        self._readers: dict[Any, list[tuple[Any, State | None]]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy begins without programs, because they hold addresses of this process."""
        return Programs, (self.network, self._dtype)

    def trainer(
        self, objectives: Sequence[Objective], optimizer: Optimizer, batch_size: int
    ) -> Trainer:
        """The program that trains the network; a new one only if something has changed."""
        learning = learning_of(optimizer)
        key = (
            *(batch_size, tuple(objectives), optimizer.code, get_num_threads()),
            tuple(learning.hyper[1:]),
            (learning.clipvalue, learning.clipnorm, learning.global_clipnorm, learning.every),
        )
        if self._trainer is None or self._trainer[0] != key:
            trainer = new_trainer(self.network, objectives, optimizer, batch_size, self._dtype)
            self._trainer = key, trainer
        return self._trainer[1]

    def borrow(self, state: State, kind: type, *arguments: Any) -> tuple[Any, list[Any]]:
        """A program that only reads the weights, with those of a state; and the list it belongs to.

        Programs hold copies of the weights, and activations, so that each is lent to one thread at
        a time; the caller puts it back with its state, ``idle.append((reader, state))``, unless it
        fails.

        Parameters
        ----------
        state : State
        kind : type
            Of the program.
        *arguments
            Of the program, after the network; the last of them is how many samples it takes at
            once, or at least takes at once: the batch size, or the number of threads.
        """
        workers = team_size(arguments[-1] * self.network.work)
        idle = self._readers.setdefault((kind, workers, *arguments), [])
        if len(self._readers) > MOST_KEPT:
            oldest, *_ = self._readers  # all at once: other threads may add theirs
            self._readers.pop(oldest, None)
        try:
            reader, known = idle.pop()
        except IndexError:
            reader, known = kind(self.network, *arguments, dtype=self._dtype), None
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


def at_once(n_samples: int, batch_size: int | None) -> int:
    """Samples that go through a program at once that only reads the weights.

    Only powers of two, because for each size a program with copies of the weights is kept.
    """
    wanted = PREDICTED_AT_ONCE if batch_size is None else as_integer("batch_size", batch_size, 1)
    return min(1 << wanted.bit_length() - 1, 1 << (n_samples - 1).bit_length())
