"""Where weights start, under the names of Keras."""

import math

from fastscratch.reference.nested import full, shaped, stretched
from fastscratch.reference.random import random_normal, random_uniform


def initial(initializer, shape, seed):
    """Return a new weight.

    Parameters
    ----------
    initializer : str or dict
        "zeros", "ones", "constant", "identity", "random_normal", "random_uniform",
        "truncated_normal", "variance_scaling", "glorot_normal", "glorot_uniform", "he_normal",
        "he_uniform", "lecun_normal", "lecun_uniform" or "orthogonal"; or a dict of that `name` and
        the arguments.
    shape : tuple of int
    seed : int
        For initializers without a seed of their own.

    Returns
    -------
    nested lists of float

    Notes
    -----
    Essay, step 4: `rnorm`, which is "random_normal" with `stddev` 1.  Glorot & Bengio (2010),
    "Understanding the difficulty of training deep feedforward neural networks"; He, Zhang, Ren &
    Sun (2015), "Delving deep into rectifiers"; LeCun, Bottou, Orr & Müller (1998), "Efficient
    backprop"; Saxe, McClelland & Ganguli (2014), "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks".
    """
    config = {"name": initializer} if isinstance(initializer, str) else initializer
    name = config["name"]
    if config.get("seed") is not None:
        seed = config["seed"]
    if name == "zeros":
        return full(shape, 0.0)
    if name == "ones":
        return full(shape, 1.0)
    if name == "constant":
        return stretched(config.get("value", 0.0), shape)
    if name == "identity":
        rows, columns = shape
        gain = config.get("gain", 1.0)
        return [[gain if i == o else 0.0 for o in range(columns)] for i in range(rows)]
    if name == "orthogonal":
        return shaped(_orthogonal(shape, seed, config.get("gain", 1.0)), shape)
    if name == "random_normal":
        numbers = _normal(math.prod(shape), seed)
        return _scaled(numbers, shape, config.get("mean", 0.0), config.get("stddev", 0.05))
    if name == "truncated_normal":
        numbers = _truncated_normal(math.prod(shape), seed)
        return _scaled(numbers, shape, config.get("mean", 0.0), config.get("stddev", 0.05))
    if name == "random_uniform":
        low, high = config.get("minval", -0.05), config.get("maxval", 0.05)
        return _scaled(_uniform(math.prod(shape), seed), shape, low, high - low)
    return _of_a_variance({**_SCALES.get(name, {}), **config}, shape, seed)


#: The variances that keep the size of the numbers from layer to layer.
_SCALES = {
    "glorot_normal": {"scale": 1.0, "mode": "fan_avg"},
    "glorot_uniform": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform"},
    "he_normal": {"scale": 2.0},
    "he_uniform": {"scale": 2.0, "distribution": "uniform"},
    "lecun_normal": {"scale": 1.0},
    "lecun_uniform": {"scale": 1.0, "distribution": "uniform"},
}


def _of_a_variance(config, shape, seed):
    """Return numbers of mean 0 and variance scale / n, where n is a number of inputs or outputs."""
    fan_in, fan_out = _fans(shape)
    mode = config.get("mode", "fan_in")
    n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    variance = config.get("scale", 1.0) / n
    distribution = config.get("distribution", "truncated_normal")
    if distribution == "uniform":  # a third of the square of the limit is the variance
        limit = math.sqrt(3 * variance)
        return _scaled(_uniform(math.prod(shape), seed), shape, -limit, 2 * limit)
    if distribution == "untruncated_normal":
        return _scaled(_normal(math.prod(shape), seed), shape, 0.0, math.sqrt(variance))
    # Without the tails the standard deviation is less than 1.
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    left = math.sqrt(1 - 4 * density / math.erf(math.sqrt(2)))
    numbers = _truncated_normal(math.prod(shape), seed)
    return _scaled(numbers, shape, 0.0, math.sqrt(variance) / left)


def _scaled(numbers, shape, start, factor):
    """Return start + factor * number for each of the numbers."""
    return shaped([start + factor * u for u in numbers], shape)


def _uniform(size, seed, stream=0):
    """Return numbers from 0 to 1."""
    numbers = [0.0] * size
    random_uniform(numbers, seed, stream)
    return numbers


def _normal(size, seed, stream=0):
    """Return standard normal numbers."""
    numbers = [0.0] * size
    random_normal(numbers, seed, stream)
    return numbers


def _truncated_normal(size, seed):
    """Return standard normal numbers; those beyond 2 are drawn again, from the next stream."""
    numbers, stream = _normal(size, seed), 0
    while True:
        beyond = [i for i in range(size) if abs(numbers[i]) > 2]
        if not beyond:
            return numbers
        stream += 1
        for i, number in zip(beyond, _normal(len(beyond), seed, stream), strict=True):
            numbers[i] = number


def _orthogonal(shape, seed, gain):
    """Return the numbers of a matrix of orthogonal columns of length `gain`, or rows if fewer.

    Columns of random numbers are made orthogonal one after the other: of each, what is parallel to
    those before it is taken away, twice because of roundoff (Gram and Schmidt).
    """
    rows, columns = math.prod(shape[:-1]), shape[-1]
    tall, narrow = max(rows, columns), min(rows, columns)
    numbers = _normal(tall * narrow, seed)
    found = []
    for k in range(narrow):
        column = numbers[k::narrow]
        for other in found * 2:
            parallel = sum(a * b for a, b in zip(column, other, strict=True))
            column = [a - parallel * b for a, b in zip(column, other, strict=True)]
        length = math.sqrt(sum(a * a for a in column))
        found.append([a / length for a in column])
    if rows >= columns:
        return [gain * found[o][i] for i in range(rows) for o in range(columns)]
    return [gain * found[i][o] for i in range(rows) for o in range(columns)]


def _fans(shape):
    """Return how many inputs an output sees, and how many outputs an input has.

    The axes of a convolution kernel before the last two are the places of the kernel.
    """
    places = math.prod(shape[:-2])
    return places * shape[-2:][0], places * shape[-1]
