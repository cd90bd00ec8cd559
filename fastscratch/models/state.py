"""What training changes, in one object that is replaced as a whole."""

import dataclasses
import os
from typing import Any

import numpy as np

from ..optimizers import Optimizer
from ..optimizers.optimizer import AVERAGE


@dataclasses.dataclass(slots=True)
class State:
    """Weights, what the optimiser remembers of them, and how far training has come.

    It never changes, nor do its arrays: training works on copies, and gives the model another state
    after each slice of steps. So a thread that reads a state sees the numbers of one moment.

    Attributes
    ----------
    parameters : (p,) array
        All weights, one after the other.
    slots : tuple of (p,) array, or None
        What the optimiser remembers, or None before its first step; the sum of gradients is the
        last of them, if these are added up over several steps.
    remembered : tuple of str
        A name for each slot, ``Optimizer.remembered``.
    iterations : int
        Mini-batches since the model was compiled.
    updates : int
        Updates of the weights since then, fewer if gradients are added up.
    pending : int
        Mini-batches since the last update, whose gradients are added up.
    epochs : int
        Epochs of all fits so far.
    is_swapped : bool
        Whether the weights and their moving average have changed places for a while.
    """

    parameters: np.ndarray
    slots: tuple[np.ndarray, ...] | None = None
    remembered: tuple[str, ...] = ()
    iterations: int = 0
    updates: int = 0
    pending: int = 0
    epochs: int = 0
    is_swapped: bool = False

    def __post_init__(self) -> None:
        self.parameters.setflags(write=False)
        for slot in self.slots or ():
            slot.setflags(write=False)

    def replaced(self, **changes: Any) -> "State":
        """The same with some attributes changed."""
        return dataclasses.replace(self, **changes)

    def without_slots(self, **changes: Any) -> "State":
        """The same with an optimiser that remembers nothing."""
        return self.replaced(slots=None, remembered=(), pending=0, **changes)

    def for_optimizer(self, optimizer: Optimizer) -> "State":
        """The same with what an optimiser remembers, whose attributes may have been set since.

        A slot is known by its name, so that none is taken for another; new ones begin anew. Where
        the number of gradients that are added up has changed, a sum that was begun is dropped.
        """
        if self.slots is None or self.remembered == optimizer.remembered:
            return self
        known = dict(zip(self.remembered, self.slots, strict=True))
        begun = np.full_like(self.parameters, optimizer.slot_start)
        # An average that begins after some steps begins with the weights of that moment.
        known = {AVERAGE: self.parameters} | known
        slots = tuple(known.get(name, begun) for name in optimizer.remembered)
        pending = self.pending if optimizer.remembered[-1:] == self.remembered[-1:] else 0
        return self.replaced(slots=slots, remembered=optimizer.remembered, pending=pending)

    def numbers(self, optimizer: Optimizer) -> np.ndarray:
        """A copy of the weights, and below them each slot of an optimiser as it is or begins."""
        shape = 1 + optimizer.n_remembered, self.parameters.size
        numbers = np.empty(shape, self.parameters.dtype)
        numbers[0] = self.parameters
        if self.slots:
            numbers[1:] = self.slots
        else:
            numbers[1:] = optimizer.slot_start
        return numbers

    def origins(self, optimizer: Optimizer) -> list[np.ndarray]:
        """The weights, and each slot of an optimiser, or one number that stands for all of it."""
        if self.slots:
            return [self.parameters, *self.slots]
        begun = np.array([optimizer.slot_start], self.parameters.dtype)
        return [self.parameters] + [begun] * optimizer.n_remembered

    def taken(self, optimizer: Optimizer) -> int:
        """Mini-batches that an optimiser has taken."""
        return self.updates * (optimizer.gradient_accumulation_steps or 1) + self.pending

    def after(
        self,
        steps: int,
        epochs: int,
        optimizer: Optimizer,
        numbers: np.ndarray,
    ) -> "State":
        """The state after some more steps, where this one is :meth:`for_optimizer`.

        Parameters
        ----------
        steps : int
        epochs : int
            Of all fits, after them.
        optimizer : Optimizer
        numbers : (1 + slots, p) array
            The weights, and what the optimiser remembers of them then.
        """
        parameters, *slots = numbers
        every = optimizer.gradient_accumulation_steps or 1
        updates, pending = divmod(self.taken(optimizer) + steps, every)
        remembered = optimizer.remembered if self.slots is None else self.remembered
        iterations = self.iterations + steps
        return State(parameters, tuple(slots), remembered, iterations, updates, pending, epochs)


class Holder:
    """Where a model keeps its state, and whether it is being trained.

    A child that is forked while another thread trains the model has a copy of the holder, but not
    the thread: there nobody trains it.

    Attributes
    ----------
    state : State or None
        None before there are weights.
    trained_in : int or None
        The process in which a fit is going on.
    run_in : int or None
        The process in which steps of it are running, after which the state will be replaced.
    """

    def __init__(self, state: State | None = None):
        self.state = state
        self.trained_in: int | None = None
        self.run_in: int | None = None

    @property
    def is_training(self) -> bool:
        """Whether a fit is going on."""
        return self.trained_in is not None and self.trained_in == os.getpid()

    @property
    def is_running(self) -> bool:
        """Whether steps of it are running."""
        return self.run_in is not None and self.run_in == os.getpid()
