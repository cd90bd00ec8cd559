"""Where weights start, under the names of Keras."""

import math

from fastscratch.reference.nested import full, shaped, stretched
from fastscratch.reference.random import random_normal, random_uniform


def initial(initializer, shape, seed):
    """Return a new weight.

    Parameters
    ----------
    initializer : str or dict
        "zeros", "ones", "constant", "random_normal", "random_uniform", "glorot_uniform",
        "he_uniform" or "lecun_uniform"; or a dict of that `name` and the arguments.
    shape : tuple of int
    seed : int

    Returns
    -------
    nested lists of float

    Notes
    -----
    Essay, step 4: `rnorm`, which is "random_normal" with `stddev` 1.  Glorot & Bengio (2010),
    "Understanding the difficulty of training deep feedforward neural networks"; He, Zhang, Ren &
    Sun (2015), "Delving deep into rectifiers"; LeCun, Bottou, Orr & Müller (1998), "Efficient
    backprop".
    """
    config = {"name": initializer} if isinstance(initializer, str) else initializer
    name = config["name"]
    numbers = [0.0] * math.prod(shape)
    if name == "zeros":
        return full(shape, 0.0)
    if name == "ones":
        return full(shape, 1.0)
    if name == "constant":
        return stretched(config["value"], shape)
    if name == "random_normal":
        mean, stddev = config.get("mean", 0.0), config.get("stddev", 0.05)
        random_normal(numbers, seed, 0)
        return shaped([mean + stddev * u for u in numbers], shape)
    if name == "random_uniform":
        low, high = config.get("minval", -0.05), config.get("maxval", 0.05)
    else:  # within limits that keep the size of the numbers from layer to layer
        fan_in, fan_out = _fans(shape)
        if name == "glorot_uniform":
            high = math.sqrt(6 / (fan_in + fan_out))
        elif name == "he_uniform":
            high = math.sqrt(6 / fan_in)
        elif name == "lecun_uniform":
            high = math.sqrt(3 / fan_in)
        low = -high
    random_uniform(numbers, seed, 0)
    return shaped([low + (high - low) * u for u in numbers], shape)


def _fans(shape):
    """Return how many inputs an output sees, and how many outputs an input has.

    The axes of a convolution kernel before the last two are the places of the kernel.
    """
    places = math.prod(shape[:-2])
    return places * shape[-2:][0], places * shape[-1]
