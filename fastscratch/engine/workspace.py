"""A memory on which several programs take turns."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .plan import aligned_zeros


class Workspace:
    """A memory on which programs of one network take turns, with one copy of the weights.

    The memory begins with the weights (and what an optimiser remembers of them), at the same place
    for all programs. What a program computes comes after them, and is lost when another one takes
    its turn. The memory is as large as the largest program needs.

    Parameters
    ----------
    most : int
        How many programs are kept; the oldest is dropped first.

    Attributes
    ----------
    key, program : Any
        Whose turn it is: the program that may run, and its key.
    holds : Any
        The state of a model whose numbers are in the memory, if any is.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._memory = np.empty(0)
        self._programs: dict[Any, Any] = {}
        self.key: Any = None
        self.program: Any = None
        self.holds: Any = None

    def give_turn_to(self, key: Any, make: Callable[..., Any]) -> None:
        """It is the turn of the program of a key; `make` makes it if it is not there."""
        chosen = self._programs.get(key)
        if chosen is None:
            chosen = make(allocate=self._allocate)
            self._programs[key] = chosen
            if len(self._programs) > self._most:
                self._programs.pop(next(iter(self._programs)))
        chosen.program.write_initial()
        self.key, self.program = key, chosen

    def _allocate(self, size: int, dtype: np.dtype) -> np.ndarray:
        """The memory; if it is too small a larger one, for which all programs are made anew."""
        if size > self._memory.size:
            self._programs.clear()
            self.key = self.program = self.holds = None
            self._memory = np.empty(0)  # frees the smaller one before
            self._memory = aligned_zeros(size, dtype)
        return self._memory[:size]
