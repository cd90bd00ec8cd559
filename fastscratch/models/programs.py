"""The compiled programs of a model, kept for the next time."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from ..engine import Learning, Network, Objective, Trainer, Workspace, are_sparse, team_size
from ..engine.lowering import goes_by_rows
from ..engine.mostly_zeros import pays, units_that_read
from ..engine.plan import Allocate, aligned_zeros
from ..kernels.optimizers import UPDATES
from ..kernels.threads import get_num_threads
from ..optimizers import Optimizer
from ..validation import as_integer
from .state import State

# Programs that share a memory, at most: a prediction has one for each power of two, but a gradient
# or a training step one for each number of samples.
MOST_KEPT = 64

# Samples that go through a network at once when it predicts: enough for full speed, few enough to
# stay in the cache.
PREDICTED_AT_ONCE = 128

# The same if they go through it in blocks, of which each thread holds one at a time; and if it is
# measured, where all blocks are held.
PREDICTED_BY_ROWS = 4096
MEASURED_BY_ROWS = 1024


class Programs:
    """Programs of one network: those that train it, and those that only read its weights.

    All that train it share a memory, and so do all that read it; each thread that reads while
    others do has a memory of its own.

    Parameters
    ----------
    network : Network
    dtype : str

    Attributes
    ----------
    idle : list of Workspace
        Memories and programs for reading that no thread uses at the moment.
    """

    def __init__(self, network: Network, dtype: str) -> None:
        self.network, self._dtype = network, dtype
        self._goes_by_rows, self._units = goes_by_rows(network), units_that_read(network)
        self._training: tuple[Any, Workspace] | None = None
        self._optimizer_given: tuple[Any, ...] = ()
        self.idle: list[Workspace] = []

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy begins without programs, because they hold addresses of this process."""
        return Programs, (self.network, self._dtype)

    def trainer(
        self,
        objectives: Sequence[Objective],
        optimizer: Optimizer,
        batch_size: int,
        x: Sequence[Any],
    ) -> tuple[Trainer, Workspace]:
        """The program that trains the network on mini-batches of samples, and its workspace.

        With another optimiser all begin anew, because what it remembers is in the memory.
        """
        given = get_num_threads(), type(optimizer), *vars(optimizer).values()
        if given != self._optimizer_given:  # else nothing has been set since the last time
            learning = learning_of(optimizer)
            settings = (
                *(optimizer.code, get_num_threads(), tuple(learning.hyper[1:])),
                (learning.clipvalue, learning.clipnorm, learning.global_clipnorm, learning.every),
                (learning.ema_momentum, learning.ema_overwrite_frequency),
            )
            if self._training is None or self._training[0] != settings:
                self._training = settings, Workspace(MOST_KEPT)
            self._optimizer_given = given
        assert self._training is not None
        workspace = self._training[1]
        sparse, mostly_zeros = are_sparse(x), self.leaves_out_zeros(x, batch_size)
        key = batch_size, sparse, mostly_zeros, tuple(objectives)
        if workspace.key != key:
            make = partial(
                new_trainer,
                *(self.network, objectives, optimizer, batch_size, self._dtype),
                sparse=sparse,
                mostly_zeros=mostly_zeros,
            )
            workspace.give_turn_to(key, make)
        return workspace.program, workspace

    def leaves_out_zeros(self, x: Sequence[Any], batch_size: int) -> bool:
        """Whether a program for mini-batches of these samples leaves out what is zero in them."""
        return pays(x, self._units, batch_size)

    def predicted_at_once(
        self, n_samples: int, batch_size: int | None, sparse: bool = False
    ) -> int:
        """Samples that go through a :class:`Predictor` at once."""
        by_rows = self._goes_by_rows and not sparse
        return at_once(n_samples, batch_size, PREDICTED_BY_ROWS if by_rows else PREDICTED_AT_ONCE)

    def measured_at_once(self, n_samples: int, batch_size: int | None, sparse: bool = False) -> int:
        """Samples that go through an :class:`Evaluator` at once."""
        by_rows = self._goes_by_rows and not sparse
        return at_once(n_samples, batch_size, MEASURED_BY_ROWS if by_rows else PREDICTED_AT_ONCE)

    def borrow(
        self,
        state: State,
        kind: Any,
        *arguments: Any,
        sparse: bool = False,
        mostly_zeros: bool = False,
    ) -> tuple[Any, Workspace]:
        """A program that only reads the weights, with those of a state; and its workspace.

        The workspace has a copy of the weights, and activations, so that it is lent to one thread
        at a time; the caller puts it back, ``programs.idle.append(workspace)``, unless it fails.

        Parameters
        ----------
        state : State
        kind : type of program
            Predictor, or one of the kinds of Evaluator.
        *arguments
            Of the program, after the network; the last of them is how many samples it takes at
            once, or at least takes at once: the batch size, or the number of threads.
        sparse, mostly_zeros : bool
            Whether it takes a sparse matrix; or an array that is mostly zeros.
        """
        workers = team_size(kind._work * arguments[-1] * self.network.work)
        try:
            workspace = self.idle.pop()
        except IndexError:
            workspace = Workspace(MOST_KEPT)
        key = kind, workers, sparse, mostly_zeros, *arguments
        if workspace.key != key:
            given = {"sparse": sparse, "mostly_zeros": mostly_zeros}
            make = partial(kind, self.network, *arguments, self._dtype, **given)
            workspace.give_turn_to(key, make)
        reader = workspace.program
        if workspace.holds is not state:
            reader.parameters[:] = state.parameters
            workspace.holds = state
        return reader, workspace


def new_trainer(
    network: Network,
    objectives: Sequence[Objective],
    optimizer: Optimizer,
    batch_size: int,
    dtype: str,
    allocate: Allocate = aligned_zeros,
    sparse: bool = False,
    mostly_zeros: bool = False,
) -> Trainer:
    """A program that trains the network."""
    learning, n_slots = learning_of(optimizer), optimizer.n_remembered
    return Trainer(
        *(network, objectives, learning, n_slots, batch_size, dtype),
        allocate=allocate,
        sparse=sparse,
        mostly_zeros=mostly_zeros,
    )


def learning_of(optimizer: Optimizer) -> Learning:
    """An optimiser as the engine takes it."""
    return Learning(
        UPDATES[optimizer.code],
        optimizer.hyper(),
        optimizer.clipvalue or np.inf,
        optimizer.clipnorm or np.inf,
        optimizer.global_clipnorm or np.inf,
        optimizer.gradient_accumulation_steps or 1,
        optimizer.ema_momentum if optimizer.use_ema else None,
        optimizer.ema_overwrite_frequency,
    )


def at_once(n_samples: int, batch_size: int | None, most: int = PREDICTED_AT_ONCE) -> int:
    """Samples that go through a program at once that only reads the weights.

    Only powers of two, because a program is kept for each size; by default at most `most`.
    """
    wanted = most if batch_size is None else as_integer("batch_size", batch_size, 1)
    return min(1 << wanted.bit_length() - 1, 1 << (n_samples - 1).bit_length())
