"""Seeds, one-hot labels and numbered batches, under the names of ``keras.utils``."""

import functools
import os
from typing import Any

import numpy as np

from .kernels.random import random_bits
from .validation import as_array, as_integer, memory_for

__all__ = ["PyDataset", "set_random_seed", "to_categorical"]

_seed = int.from_bytes(os.urandom(7), "little")
_drawn = 0


def set_random_seed(seed: int) -> None:
    """Make what is random after this call reproducible: first weights, shuffles, dropout.

    Parameters
    ----------
    seed : int
        From 0 to ``2**63 - 1``.

    Raises
    ------
    TypeError, ValueError
        If `seed` is not such an integer.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, utils
    >>> utils.set_random_seed(0)
    >>> first = Sequential([layers.Input((4,)), layers.Dense(3)]).get_weights()[0]
    >>> utils.set_random_seed(0)
    >>> again = Sequential([layers.Input((4,)), layers.Dense(3)]).get_weights()[0]
    >>> bool((first == again).all())
    True
    """
    global _seed, _drawn
    _seed, _drawn = as_integer("seed", seed, 0), 0


def next_seed() -> int:
    """The next of the seeds that follow from the one that was set."""
    global _drawn
    _drawn += 1
    return derived_seed(_seed, _drawn)


@functools.lru_cache(1024)  # each fit of a model asks again
def derived_seed(seed: int, stream: int) -> int:
    """A seed for each `stream`, independent of the others."""
    return int(random_bits(seed, stream, 0)) >> 1


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """One-hot rows from class labels.

    Parameters
    ----------
    x : array_like of int, shape (n,)
        Labels ``0 ... num_classes - 1``.
    num_classes : int, optional
        By default one more than the largest label.

    Returns
    -------
    ndarray of float32, shape (n, num_classes)

    Raises
    ------
    ValueError, TypeError
        If a label is not an integer in that range.

    Examples
    --------
    >>> from fastscratch import utils
    >>> utils.to_categorical([0, 2, 1])
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 1., 0.]], dtype=float32)
    """
    labels = as_array("x", x, np.float64, 1)
    if num_classes is None:
        classes, known = max(int(labels.max()), 0) + 1, "0, 1, 2, ..."
    else:
        classes = as_integer("num_classes", num_classes, 1)
        known = f"from 0 to {classes - 1}"
    wrong = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
    if wrong.any():
        raise ValueError(f"x must hold labels {known}, got {labels[wrong][0]:g}")
    with memory_for("num_classes", classes):
        one_hot = np.zeros((labels.size, classes), np.float32)
    one_hot[np.arange(labels.size), labels.astype(np.int64)] = 1
    return one_hot


class PyDataset:
    """Base of data sets that make their batches themselves, as ``keras.utils.PyDataset``.

    A class of your own has ``__getitem__(index)``, which returns a batch, (x, y) or
    (x, y, sample_weight), and ``__len__``, the number of batches. ``fit`` shuffles the batches, and
    has a thread make the next ones while it trains on one.

    Parameters
    ----------
    workers, max_queue_size : int
        Change nothing: one thread makes batches, a few ahead of their use.
    use_multiprocessing : bool
        Only False.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers, utils
    >>> class Squares(utils.PyDataset):
    ...     '''Ten mini-batches of numbers and their squares.'''
    ...     def __len__(self):
    ...         return 10
    ...     def __getitem__(self, index):
    ...         x = np.linspace(-1, 1, 32)[:, None] + index / 100
    ...         return x, x**2
    >>> model = Sequential([layers.Dense(8, "tanh"), layers.Dense(1)])
    >>> model.compile("adam", "mean_squared_error")
    >>> history = model.fit(Squares(), epochs=2, verbose=0)
    >>> history.epoch
    [0, 1]
    """

    def __init__(
        self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10
    ):
        as_integer("workers", workers, 0)
        as_integer("max_queue_size", max_queue_size, 0)
        if use_multiprocessing:
            raise ValueError(
                "use_multiprocessing must be False, because a thread makes the batches, got "
                f"{use_multiprocessing!r}"
            )

    def __getitem__(self, index: int) -> Any:
        """The batch of a number, from 0."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Number of batches."""
        raise NotImplementedError

    @property
    def num_batches(self) -> int:
        """Number of batches."""
        return len(self)

    def on_epoch_begin(self) -> None:
        """Called before the first batch of an epoch is made."""

    def on_epoch_end(self) -> None:
        """Called after the last batch of an epoch is made."""


Sequence = PyDataset  # its older name
