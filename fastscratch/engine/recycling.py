"""Memory of results that is used again once nobody holds them any more."""

import math
import weakref
from typing import Any

import numpy as np

# Memory of at most this many bytes is kept.
MOST_KEPT = 1 << 28


class Recycled:
    """Makes arrays of one kind of result, if possible in the memory of an earlier one.

    The system fills fresh memory with zeros, page by page, when it is first written. For a large
    result that takes longer than to write it.
    """

    def __init__(self) -> None:
        self._idle: list[np.ndarray] = []

    def empty(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """An array of this shape, of any numbers.

        When it and all views of it are gone, its memory is kept for the next one.
        """
        size = math.prod(shape) * np.dtype(dtype).itemsize
        try:
            memory = self._idle.pop()
        except IndexError:
            memory = np.empty(size, np.uint8)
        if memory.size != size:
            memory = np.empty(size, np.uint8)
        # The base of its views is this array, and not `memory`: that is not an array's base.
        array = np.frombuffer(memory.data, dtype)
        weakref.finalize(array, self._take_back, memory).atexit = False
        return array.reshape(shape)

    def _take_back(self, memory: np.ndarray) -> None:
        if memory.nbytes <= MOST_KEPT:
            self._idle[:] = [memory]
