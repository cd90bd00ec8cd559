"""First values of weights, under the names and defaults of ``keras.initializers``.

An initializer is called with a shape and the seed that a model has for the weight, and returns a
float32 array. An initializer that was made with a seed of its own uses that one.
"""

import inspect
import math
from typing import Any

import numpy as np

from .keras_names import full_name
from .kernels.random import random_normal as draw_normal
from .kernels.random import random_uniform as draw_uniform
from .representation import representation
from .utils import next_seed
from .validation import as_array, as_integer, as_number, as_positive, one_of

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "get",
]

# Standard deviation of standard normal numbers of which those beyond 2 have been drawn again:
# 1 - 4 phi(2) / (2 Phi(2) - 1) is its square, with the normal density and distribution function.
TRUNCATED_STDDEV = 0.87962566103423978


class Initializer:
    """Base of all initializers.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, initializers, layers
    >>> class Halves(initializers.Initializer):
    ...     def __call__(self, shape, seed=None):
    ...         return np.full(shape, 0.5, np.float32)
    >>> layer = layers.Dense(1, kernel_initializer=Halves())
    >>> Sequential([layers.Input((2,)), layer]).get_weights()[0]
    array([[0.5],
           [0.5]], dtype=float32)
    """

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        """New values; the same shape and seed give the same values."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """The arguments that are not their defaults."""
        return representation(self)

    def __eq__(self, other: object) -> bool:
        """Whether both make the same values."""
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]

    def get_config(self) -> dict[str, Any]:
        """The name and the arguments, in types that JSON has."""
        name = next((name for name, kind in _BY_NAME.items() if kind is type(self)), None)
        if name is None:
            raise ValueError(
                f"only initializers of fastscratch can be saved, got {type(self).__name__}"
            )
        arguments = inspect.signature(type(self)).parameters
        return {"name": name, **{argument: getattr(self, argument) for argument in arguments}}


class Zeros(Initializer):
    """All zero.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> initializers.Zeros()((2, 2))
    array([[0., 0.],
           [0., 0.]], dtype=float32)
    """

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        return np.zeros(shape, np.float32)


class Ones(Initializer):
    """All one.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> initializers.Ones()((2, 2))
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        return np.ones(shape, np.float32)


class Constant(Initializer):
    """The same number everywhere, or the numbers of an array.

    Parameters
    ----------
    value : float or array_like
        An array of the shape of the weight, or one that NumPy broadcasts to it.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> initializers.Constant(0.5)((2, 2))
    array([[0.5, 0.5],
           [0.5, 0.5]], dtype=float32)
    """

    def __init__(self, value: Any = 0.0):
        as_array("value", value, np.float32)
        self.value = np.asarray(value, float).tolist()

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        values = np.empty(shape, np.float32)
        try:
            values[...] = self.value
        except ValueError:
            raise ValueError(
                f"value must broadcast to the shape of the weight, {shape}, got an array of "
                f"{np.shape(self.value)}"
            ) from None
        return values


class Identity(Initializer):
    """`gain` times the identity matrix; of other than square shape, its first rows or columns.

    Parameters
    ----------
    gain : float

    Examples
    --------
    >>> from fastscratch import initializers
    >>> initializers.Identity()((2, 2))
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """

    def __init__(self, gain: float = 1.0):
        self.gain = _as_float32("gain", gain)

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices, got a weight of shape {shape}")
        return np.float32(self.gain) * np.eye(*shape, dtype=np.float32)


def _as_float32(name: str, value: Any) -> float:
    """A number that is finite in float32."""
    number = as_number(name, value)
    if abs(number) > float(np.finfo(np.float32).max):
        raise ValueError(f"{name} must be finite in float32, got {number:g}")
    return number


class RandomInitializer(Initializer):
    """Base of the initializers that draw random numbers.

    Parameters
    ----------
    seed : int, optional
        Fixes the values: two weights of one shape then start equal, in any model. By default each
        weight has a seed that follows from the seed of its model.
    """

    def __init__(self, seed: int | None = None):
        self.seed = None if seed is None else as_integer("seed", seed, 0)

    def _seed(self, given: int | None) -> int:
        """Its own seed, else the one that is given, else a new one."""
        if self.seed is not None:
            return self.seed
        return next_seed() if given is None else given


def _uniform(shape: tuple[int, ...], seed: int, low: float, high: float) -> np.ndarray:
    values = np.empty(shape, np.float32)
    draw_uniform(values.reshape(-1), seed, 0)
    return np.float32(low) + np.float32(high - low) * values


def _normal(shape: tuple[int, ...], seed: int, mean: float, stddev: float) -> np.ndarray:
    values = np.empty(shape, np.float32)
    draw_normal(values.reshape(-1), seed, 0)
    return np.float32(mean) + np.float32(stddev) * values


def _truncated_normal(shape: tuple[int, ...], seed: int, mean: float, stddev: float) -> np.ndarray:
    """Numbers beyond two standard deviations, one of 22, are drawn again from the next stream."""
    values = np.empty(shape, np.float32)
    flat = values.reshape(-1)
    draw_normal(flat, seed, 0)
    beyond, stream = np.flatnonzero(abs(flat) > 2), 1
    while beyond.size:
        drawn = np.empty(beyond.size, np.float32)
        draw_normal(drawn, seed, stream)
        flat[beyond] = drawn
        beyond, stream = beyond[abs(drawn) > 2], stream + 1
    return np.float32(mean) + np.float32(stddev) * values


class RandomNormal(RandomInitializer):
    """Normally distributed numbers; ``stddev=1`` is the essay's ``rnorm``.

    Parameters
    ----------
    mean, stddev : float
    seed : int, optional
        Fixes the values; by default the model's seed does.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.RandomNormal(stddev=0.1, seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.100, at most 0.45'
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.mean = _as_float32("mean", mean)
        self.stddev = _as_float32("stddev", stddev)

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        return _normal(shape, self._seed(seed), self.mean, self.stddev)


class TruncatedNormal(RandomNormal):
    """Normally distributed numbers within two standard deviations: others are drawn again.

    Parameters
    ----------
    mean, stddev : float
        Of the normal distribution; that of the numbers that are left is 0.88 times `stddev`.
    seed : int, optional
        Fixes the values; by default the model's seed does.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.TruncatedNormal(stddev=0.1, seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.088, at most 0.20'
    """

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        return _truncated_normal(shape, self._seed(seed), self.mean, self.stddev)


class RandomUniform(RandomInitializer):
    """Uniformly distributed numbers from `minval` to `maxval`.

    Parameters
    ----------
    minval, maxval : float
    seed : int, optional
        Fixes the values; by default the model's seed does.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.RandomUniform(-0.1, 0.1, seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.058, at most 0.10'
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None):
        super().__init__(seed)
        self.minval = _as_float32("minval", minval)
        self.maxval = _as_float32("maxval", maxval)

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        return _uniform(shape, self._seed(seed), self.minval, self.maxval)


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Number of inputs of each output, and of outputs that each input contributes to.

    The axes before the last two are those of a filter: each of its places counts as an input, and
    as an output, of its own.
    """
    places = int(np.prod(shape[:-2]))
    return places * (shape[-2] if len(shape) > 1 else shape[-1]), places * shape[-1]


_DISTRIBUTIONS = {
    "truncated_normal": _truncated_normal,
    "untruncated_normal": _normal,
    "uniform": _uniform,
}


class VarianceScaling(RandomInitializer):
    """Random numbers of mean 0 and variance ``scale / n``.

    Parameters
    ----------
    scale : float
        Positive.
    mode : {"fan_in", "fan_out", "fan_avg"}
        Whether ``n`` is the number of inputs of each output, that of outputs that each input
        contributes to, or their mean.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
        "normal" is short for "truncated_normal", in which no number is further from 0 than two
        standard deviations of the distribution that it is drawn from.
    seed : int, optional
        Fixes the values; by default the model's seed does.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.VarianceScaling(seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.045, at most 0.10'
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | None = None,
    ):
        super().__init__(seed)
        self.scale = as_positive("scale", scale)
        self.mode = one_of("mode", mode, ("fan_in", "fan_out", "fan_avg"))
        full = "truncated_normal" if distribution == "normal" else distribution
        self.distribution = one_of("distribution", full, tuple(_DISTRIBUTIONS))

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        fan_in, fan_out = _fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        if self.distribution == "uniform":
            limit = math.sqrt(3 * self.scale / n)  # a third of its square is the variance
            return _uniform(shape, self._seed(seed), -limit, limit)
        stddev = math.sqrt(self.scale / n)
        if self.distribution == "truncated_normal":
            stddev /= TRUNCATED_STDDEV
        return _DISTRIBUTIONS[self.distribution](shape, self._seed(seed), 0.0, stddev)


class GlorotUniform(VarianceScaling):
    """Uniformly distributed numbers within ``+-sqrt(6 / (n_in + n_out))``.

    Parameters
    ----------
    seed : int, optional
        Fixes the values; by default the model's seed does.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.GlorotUniform(seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.050, at most 0.09'
    """

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "uniform", seed)


class GlorotNormal(VarianceScaling):
    """Truncated normal numbers of variance ``2 / (n_in + n_out)``.

    Parameters
    ----------
    seed : int, optional
        Fixes the values; by default the model's seed does.

    References
    ----------
    Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural
    networks.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.GlorotNormal(seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.050, at most 0.11'
    """

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_avg", "truncated_normal", seed)


class HeUniform(VarianceScaling):
    """Uniformly distributed numbers within ``+-sqrt(6 / n_in)``, for layers with a ReLU.

    Parameters
    ----------
    seed : int, optional
        Fixes the values; by default the model's seed does.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.HeUniform(seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.063, at most 0.11'
    """

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "uniform", seed)


class HeNormal(VarianceScaling):
    """Truncated normal numbers of variance ``2 / n_in``, for layers with a ReLU.

    Parameters
    ----------
    seed : int, optional
        Fixes the values; by default the model's seed does.

    References
    ----------
    He, Zhang, Ren and Sun (2015), Delving deep into rectifiers.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.HeNormal(seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.063, at most 0.14'
    """

    def __init__(self, seed: int | None = None):
        super().__init__(2.0, "fan_in", "truncated_normal", seed)


class LecunUniform(VarianceScaling):
    """Uniformly distributed numbers within ``+-sqrt(3 / n_in)``, for layers with a SELU.

    Parameters
    ----------
    seed : int, optional
        Fixes the values; by default the model's seed does.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), Efficient backprop.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.LecunUniform(seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.045, at most 0.08'
    """

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "uniform", seed)


class LecunNormal(VarianceScaling):
    """Truncated normal numbers of variance ``1 / n_in``, for layers with a SELU.

    Parameters
    ----------
    seed : int, optional
        Fixes the values; by default the model's seed does.

    References
    ----------
    LeCun, Bottou, Orr and Müller (1998), Efficient backprop.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> weights = initializers.LecunNormal(seed=0)((500, 300))
    >>> f"{weights.std():.3f}, at most {abs(weights).max():.2f}"
    '0.045, at most 0.10'
    """

    def __init__(self, seed: int | None = None):
        super().__init__(1.0, "fan_in", "truncated_normal", seed)


class Orthogonal(RandomInitializer):
    """Orthogonal columns of length `gain`; rows, if there are fewer of these.

    All such matrices are equally likely. The axes of a filter before the last one count as rows.

    Parameters
    ----------
    gain : float
    seed : int, optional
        Fixes the values; by default the model's seed does.

    References
    ----------
    Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in
    deep linear neural networks.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import initializers
    >>> q = initializers.Orthogonal(seed=0)((3, 3))
    >>> bool(np.allclose(q.T @ q, np.eye(3), atol=1e-6))
    True
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None):
        super().__init__(seed)
        self.gain = _as_float32("gain", gain)

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        if len(shape) < 2:
            raise ValueError(f"Orthogonal makes matrices, got a weight of shape {shape}")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = np.empty((max(rows, columns), min(rows, columns)))
        draw_normal(drawn.reshape(-1), self._seed(seed), 0)
        q, r = np.linalg.qr(drawn)
        q *= np.sign(np.diag(r))  # else the signs of the columns would not be random
        tall = q if rows >= columns else q.T
        return (self.gain * tall).astype(np.float32).reshape(shape)


_BY_NAME = {
    "zeros": Zeros,
    "ones": Ones,
    "constant": Constant,
    "identity": Identity,
    "random_normal": RandomNormal,
    "random_uniform": RandomUniform,
    "truncated_normal": TruncatedNormal,
    "variance_scaling": VarianceScaling,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
    "lecun_normal": LecunNormal,
    "lecun_uniform": LecunUniform,
    "orthogonal": Orthogonal,
}

# Keras' other names.
_ALIASES = {
    "zero": "zeros",
    "one": "ones",
    "normal": "random_normal",
    "uniform": "random_uniform",
    "IdentityInitializer": "identity",
    "OrthogonalInitializer": "orthogonal",
}

# Keras has lower-case names of the classes, too.
zeros, ones, constant, identity, orthogonal = Zeros, Ones, Constant, Identity, Orthogonal
random_normal, random_uniform = RandomNormal, RandomUniform
truncated_normal, variance_scaling = TruncatedNormal, VarianceScaling
glorot_normal, glorot_uniform = GlorotNormal, GlorotUniform
he_normal, he_uniform, lecun_normal, lecun_uniform = HeNormal, HeUniform, LecunNormal, LecunUniform
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal


def get(identifier: Any, name: str = "identifier") -> Initializer:
    """The initializer for a name, a class, an instance, or what `get_config` returned.

    Parameters
    ----------
    identifier : object
    name : str
        What an error calls it.

    Returns
    -------
    Initializer

    Raises
    ------
    ValueError
        If it is none of them.

    Examples
    --------
    >>> from fastscratch import initializers
    >>> initializers.get("he_normal")
    HeNormal()
    """
    if isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, type) and identifier in _BY_NAME.values():
        return identifier()
    if isinstance(identifier, str) and full_name(identifier, _BY_NAME, _ALIASES) in _BY_NAME:
        return _BY_NAME[full_name(identifier, _BY_NAME, _ALIASES)]()
    if isinstance(identifier, dict) and identifier.get("name") in _BY_NAME:
        arguments = {key: value for key, value in identifier.items() if key != "name"}
        return _BY_NAME[identifier["name"]](**arguments)
    known = ", ".join(repr(known) for known in _BY_NAME)
    raise ValueError(f"{name} must be an initializer or one of {known}, got {identifier!r}")
