"""Seeds and one-hot labels, under the names of ``keras.utils``."""

import os
from typing import Any

import numpy as np

from .kernels.random import random_bits
from .validation import as_array, as_integer

__all__ = ["set_random_seed", "to_categorical"]

_seed = int.from_bytes(os.urandom(7), "little")
_drawn = 0


def set_random_seed(seed: int) -> None:
    """Make all that follows reproducible: initial weights and the order of the rows.

    Parameters
    ----------
    seed : int
        From 0 to ``2**63 - 1``.

    Raises
    ------
    TypeError, ValueError
        If `seed` is not such an integer.
    """
    global _seed, _drawn
    _seed, _drawn = as_seed("seed", seed), 0


def as_seed(name: str, value: Any) -> int:
    """A seed that a kernel takes."""
    seed = as_integer(name, value, 0)
    if seed >= 2**63:
        raise ValueError(f"{name} must be below 2**63, got {seed}")
    return seed


def next_seed() -> int:
    """A fresh seed from the one that was set."""
    global _drawn
    _drawn += 1
    return derived_seed(_seed, _drawn)


def derived_seed(seed: int, stream: int) -> int:
    """Seed number `stream` of a family of independent ones."""
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
    """
    labels = as_array("x", x, np.float64, 1)
    classes = int(labels.max()) + 1 if num_classes is None else num_classes
    classes = as_integer("num_classes", classes, 1)
    wrong = (labels < 0) | (labels >= classes) | (labels != np.floor(labels))
    if wrong.any():
        raise ValueError(f"x must hold labels from 0 to {classes - 1}, got {labels[wrong][0]:g}")
    one_hot = np.zeros((labels.size, classes), np.float32)
    one_hot[np.arange(labels.size), labels.astype(np.int64)] = 1
    return one_hot
