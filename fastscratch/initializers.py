"""Where weights start, under the names and defaults of ``keras.initializers``.

An initializer is called with a shape and a seed and returns a float32 array.
"""

import dataclasses
from typing import Any

import numpy as np

from .kernels.random import random_normal, random_uniform
from .validation import as_number

__all__ = ["GlorotUniform", "Initializer", "Ones", "RandomNormal", "RandomUniform", "Zeros", "get"]


class Initializer:
    """Base of all initializers."""

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        """Fresh values; the same for the same shape and seed."""
        raise NotImplementedError


class Zeros(Initializer):
    """All zero."""

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        return np.zeros(shape, np.float32)


class Ones(Initializer):
    """All one."""

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        return np.ones(shape, np.float32)


@dataclasses.dataclass
class RandomNormal(Initializer):
    """Normal numbers; with ``stddev=1`` the essay's ``rnorm``."""

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        self.mean = as_number("mean", self.mean)
        self.stddev = as_number("stddev", self.stddev)

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        values = np.empty(shape, np.float32)
        random_normal(values.reshape(-1), seed, 0)
        return np.float32(self.mean) + np.float32(self.stddev) * values


@dataclasses.dataclass
class RandomUniform(Initializer):
    """Uniform numbers from `minval` to `maxval`."""

    minval: float = -0.05
    maxval: float = 0.05

    def __post_init__(self) -> None:
        self.minval = as_number("minval", self.minval)
        self.maxval = as_number("maxval", self.maxval)

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        values = np.empty(shape, np.float32)
        random_uniform(values.reshape(-1), seed, 0)
        return np.float32(self.minval) + np.float32(self.maxval - self.minval) * values


class GlorotUniform(Initializer):
    """Uniform numbers within ``+-sqrt(6 / (n_in + n_out))``.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks.
    """

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        # All axes but the last two are the places of a filter, each of which is an input.
        field = int(np.prod(shape[:-2]))
        fan_in = field * (shape[-2] if len(shape) > 1 else shape[-1])
        limit = (6 / (fan_in + field * shape[-1])) ** 0.5
        return RandomUniform(-limit, limit)(shape, seed)


_BY_NAME = {
    "zeros": Zeros,
    "ones": Ones,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "glorot_uniform": GlorotUniform,
}


def get(name: str, identifier: Any) -> Initializer:
    """The initializer for a name or an instance.

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier]()
    known = ", ".join(repr(known) for known in _BY_NAME)
    raise ValueError(f"{name} must be an initializer or one of {known}, got {identifier!r}")
