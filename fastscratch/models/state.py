"""What training changes, in one object that is replaced as a whole."""

import dataclasses
import os
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class State:
    """Weights, what the optimiser remembers of them, and how far training has come.

    Its arrays are never written to: training works on copies, and gives the model another state
    after each slice of steps. So a thread that reads a state sees the numbers of one moment.

    Attributes
    ----------
    parameters : (p,) array
        All weights, one after the other.
    slots : tuple of (p,) array, or None
        What the optimiser remembers, or None before its first step; the sum of gradients is the
        last of them, if these are added up over several steps.
    iterations : int
        Mini-batches since the model was compiled.
    epochs : int
        Epochs of all fits so far.
    """

    parameters: np.ndarray
    slots: tuple[np.ndarray, ...] | None = None
    iterations: int = 0
    epochs: int = 0

    def __post_init__(self) -> None:
        for array in (self.parameters, *(self.slots or ())):
            array.flags.writeable = False

    def replaced(self, **changes: Any) -> "State":
        """The same with some attributes changed."""
        return dataclasses.replace(self, **changes)


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
        return self.trained_in == os.getpid()

    @property
    def is_running(self) -> bool:
        """Whether steps of it are running."""
        return self.run_in == os.getpid()
