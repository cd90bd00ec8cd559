"""First values of weights, under the names and defaults of ``keras.initializers``.

An initializer is called with a shape and a seed, and returns a float32 array.
"""

import dataclasses
from typing import Any

import numpy as np

from .keras_names import full_name
from .kernels.random import random_normal, random_uniform
from .representation import representation
from .validation import as_array, as_number

__all__ = [
    "Constant",
    "GlorotUniform",
    "HeUniform",
    "Initializer",
    "LecunUniform",
    "Ones",
    "RandomNormal",
    "RandomUniform",
    "Zeros",
    "get",
]


class Initializer:
    """Base of all initializers."""

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        """New values; the same shape and seed give the same values."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """The arguments that are not their defaults."""
        return representation(self)

    def get_config(self) -> dict[str, Any]:
        """The name and the arguments, in types that JSON has."""
        name = next((name for name, kind in _BY_NAME.items() if kind is type(self)), None)
        if name is None:
            raise ValueError(
                f"only initializers of fastscratch can be saved, got {type(self).__name__}"
            )
        return {"name": name, **vars(self)}


class Zeros(Initializer):
    """All zero."""

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        return np.zeros(shape, np.float32)


class Ones(Initializer):
    """All one."""

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        return np.ones(shape, np.float32)


class Constant(Initializer):
    """The same number everywhere, or the numbers of an array.

    Parameters
    ----------
    value : float or array_like
        An array of the shape of the weight, or one that NumPy broadcasts to it.
    """

    def __init__(self, value: Any = 0.0):
        as_array("value", value, np.float32)
        self.value = np.asarray(value, float).tolist()

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        values = np.empty(shape, np.float32)
        try:
            values[...] = self.value
        except ValueError:
            raise ValueError(
                f"value must broadcast to the shape of the weight, {shape}, got an array of "
                f"{np.shape(self.value)}"
            ) from None
        return values


def _as_float32(name: str, value: Any) -> float:
    """A number that is finite in float32."""
    number = as_number(name, value)
    if abs(number) > float(np.finfo(np.float32).max):
        raise ValueError(f"{name} must be finite in float32, got {number:g}")
    return number


@dataclasses.dataclass
class RandomNormal(Initializer):
    """Normally distributed numbers; ``stddev=1`` is the essay's ``rnorm``."""

    mean: float = 0.0
    stddev: float = 0.05

    def __post_init__(self) -> None:
        self.mean = _as_float32("mean", self.mean)
        self.stddev = _as_float32("stddev", self.stddev)

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        values = np.empty(shape, np.float32)
        random_normal(values.reshape(-1), seed, 0)
        return np.float32(self.mean) + np.float32(self.stddev) * values


@dataclasses.dataclass
class RandomUniform(Initializer):
    """Uniformly distributed numbers from `minval` to `maxval`."""

    minval: float = -0.05
    maxval: float = 0.05

    def __post_init__(self) -> None:
        self.minval = _as_float32("minval", self.minval)
        self.maxval = _as_float32("maxval", self.maxval)

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        values = np.empty(shape, np.float32)
        random_uniform(values.reshape(-1), seed, 0)
        return np.float32(self.minval) + np.float32(self.maxval - self.minval) * values


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Number of inputs of each output, and of outputs that each input contributes to.

    The axes before the last two are those of a filter: each of its places counts as an input, and
    as an output, of its own.
    """
    places = int(np.prod(shape[:-2]))
    return places * (shape[-2] if len(shape) > 1 else shape[-1]), places * shape[-1]


class GlorotUniform(Initializer):
    """Uniformly distributed numbers within ``+-sqrt(6 / (n_in + n_out))``.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks.
    """

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        limit = (6 / sum(_fans(shape))) ** 0.5
        return RandomUniform(-limit, limit)(shape, seed)


class HeUniform(Initializer):
    """Uniformly distributed numbers within ``+-sqrt(6 / n_in)``, for layers with a ReLU.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.
    """

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        limit = (6 / _fans(shape)[0]) ** 0.5
        return RandomUniform(-limit, limit)(shape, seed)


class LecunUniform(Initializer):
    """Uniformly distributed numbers within ``+-sqrt(3 / n_in)``, for layers with a SELU.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), Efficient backprop.
    """

    def __call__(self, shape: tuple[int, ...], seed: int) -> np.ndarray:
        limit = (3 / _fans(shape)[0]) ** 0.5
        return RandomUniform(-limit, limit)(shape, seed)


_BY_NAME = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "glorot_uniform": GlorotUniform,
    "he_uniform": HeUniform,
    "lecun_uniform": LecunUniform,
}

# Keras' short names.
_ALIASES = {
    "zero": "zeros",
    "one": "ones",
    "normal": "random_normal",
    "uniform": "random_uniform",
}


def get(name: str, identifier: Any) -> Initializer:
    """The initializer for a name, an instance, or what `get_config` returned.

    Raises
    ------
    ValueError
        If it is none of them.
    """
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, str) and full_name(identifier, _BY_NAME, _ALIASES) in _BY_NAME:
        return _BY_NAME[full_name(identifier, _BY_NAME, _ALIASES)]()
    if isinstance(identifier, dict) and identifier.get("name") in _BY_NAME:
        arguments = {key: value for key, value in identifier.items() if key != "name"}
        return _BY_NAME[identifier["name"]](**arguments)
    known = ", ".join(repr(known) for known in _BY_NAME)
    raise ValueError(f"{name} must be an initializer or one of {known}, got {identifier!r}")
