"""Workloads drawn at random: networks of many shapes, products, ops and estimators.

The table of :mod:`.workloads` is won on what was chosen for it; these were chosen by nobody. The
same seed draws the same workloads, and the first ones of a longer draw are those of a shorter one.
"""

import math

import numpy as np

from .workloads import Network, Workload, training

# What a step, or a call, may cost at most: operations, and numbers of the largest arrays.
MOST_FLOPS, MOST_NUMBERS = 4e9, 2e7
# A tenth of the usual one. In the first steps with that one, the loss of a wide network jumps to
# several times its first value, and how far depends on the order of the samples: the mean losses
# of a first epoch of 2048-2048-2048-10 are 5.1 to 6.7. Now they are 2.45 to 2.51.
LEARNING_RATE = 0.0001
ACTIVATIONS = ("relu", "tanh", "sigmoid", "gelu", "elu", "silu")
OPS = (*ACTIVATIONS, "softmax", "layer_normalization")
IMAGE_OPS = ("conv", "depthwise_conv", "max_pool", "average_pool")
SHARES = {
    "train dense": 0.3,
    "train images": 0.2,
    "predict dense": 0.1,
    "predict images": 0.1,
    "product": 0.1,
    "op": 0.1,
    "estimator": 0.1,
}


def draw(count, seed):
    """Draw this many workloads; returns a list."""
    workloads = []
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        kind = rng.choice(list(SHARES), p=list(SHARES.values()))
        made = None
        while made is None:  # until one is small enough
            made = DRAWN[kind](rng, f"{seed}/{number}")
        workloads.append(made)
    return workloads


def log_uniform(rng, low, high):
    """An int whose logarithm is uniform, both ends included."""
    return int(math.exp(rng.uniform(math.log(low), math.log(high + 1))))


def one_of(rng, choices):
    return choices[rng.integers(len(choices))]


def precision(rng):
    """float64 once in five times."""
    return "float64" if rng.random() < 0.2 else "float32"


def dense_network(rng):
    """One to four dense layers, perhaps with layer normalisation or dropout."""
    activation, layers = one_of(rng, ACTIVATIONS), []
    for _ in range(rng.integers(0, 4)):
        layers.append(("dense", log_uniform(rng, 4, 4096), activation))
        extra = rng.random()
        if extra < 0.15:
            layers.append(("layer_norm",))
        elif extra < 0.25:
            layers.append(("dropout", 0.25))
    classes = log_uniform(rng, 2, 1000)
    return Network((log_uniform(rng, 1, 4096),), (*layers, ("dense", classes, "softmax")))


def image_network(rng):
    """One to four blocks of a convolution and a pooling, and a dense layer."""
    height, width = (log_uniform(rng, 8, 64) for _ in range(2))
    shape = height, width, log_uniform(rng, 1, 32)
    activation, smallest, layers = one_of(rng, ACTIVATIONS), min(height, width), []
    for _ in range(rng.integers(1, 5)):
        size = one_of(rng, [size for size in (1, 3, 3, 5) if size <= smallest])
        padding = one_of(rng, ("same", "valid"))
        if rng.random() < 0.2:
            layers.append(("depthwise", size, padding, activation))
        elif rng.random() < 0.3:
            layers.append(("conv", log_uniform(rng, 4, 256), size, padding, "linear"))
            layers += [("batch_norm",), ("activation", activation)]
        else:
            layers.append(("conv", log_uniform(rng, 4, 256), size, padding, activation))
        smallest -= (size - 1) * (padding == "valid")
        if smallest >= 4 and rng.random() < 0.6:
            layers.append((one_of(rng, ("max_pool", "max_pool", "average_pool")), 2))
            smallest //= 2
    layers.append((one_of(rng, ("flatten", "global_average_pool")),))
    return Network(shape, (*layers, ("dense", log_uniform(rng, 2, 100), "softmax")))


def describe(network):
    """A network in a few words."""
    words = ["x".join(map(str, network.input_shape))]
    for kind, *arguments in network.layers:
        words.append(" ".join([kind.replace("_", " "), *map(str, arguments)]))
    return ", ".join(words)


def numbers_of(network):
    """Weights, and numbers of one sample in all layers."""
    walk = list(network.walk())
    weights = sum(math.prod(shape) for _, _, shapes, _ in walk for shape in shapes)
    return weights, sum(math.prod(before) for _, before, _, _ in walk)


def train(rng, title, make):
    network, batch_size = make(rng), log_uniform(rng, 1, 8192)
    optimizer, dtype = one_of(rng, ("SGD", "RMSprop", "Adam")), precision(rng)
    weights, activations = numbers_of(network)
    steps = max(1, min(100, 2**15 // batch_size))
    numbers = max(4 * weights, batch_size * activations)
    numbers = max(numbers, steps * batch_size * math.prod(network.input_shape))
    if batch_size * network.flops(training=True) > MOST_FLOPS or numbers > MOST_NUMBERS:
        return None
    is_dense = len(network.input_shape) == 1
    jax = "JAX: scan" if is_dense else "JAX: step"  # convolutions are slow inside a scan
    peers = ("PyTorch", jax, "scikit-learn", "NumPy") if is_dense else ("PyTorch", jax)
    name = f"{title} train {describe(network)}; batch {batch_size}, {optimizer}, {dtype}"
    return training(
        name,
        network,
        {},
        peers=peers,
        dataset="normal",
        rows=steps * batch_size,
        batch_size=batch_size,
        optimizer=optimizer,
        learning_rate=LEARNING_RATE,
        dtype=dtype,
    )


def predict(rng, title, make):
    network, rows, dtype = make(rng), log_uniform(rng, 1, 100_000), precision(rng)
    flops = rows * network.flops(training=False)
    weights, activations = numbers_of(network)
    if flops > MOST_FLOPS or max(weights, rows * activations) > MOST_NUMBERS:
        return None
    return Workload(
        f"{title} predict {rows} of {describe(network)}; {dtype}",
        "predict",
        ("PyTorch", "JAX", "onnxruntime"),
        {},
        flops,
        network=network,
        dataset="normal",
        rows=rows,
        batch_size=rows,
        dtype=dtype,
    )


def product(rng, title):
    shape, dtype = tuple(log_uniform(rng, 1, 4096) for _ in range(3)), precision(rng)
    rows, depth, columns = shape
    flops = 2 * math.prod(shape)
    moved = np.dtype(dtype).itemsize * (rows * depth + depth * columns + rows * columns)
    if flops > MOST_FLOPS:
        return None
    name = f"{title} product {rows} x {depth} x {columns}; {dtype}"
    peers = "PyTorch", "NumPy"
    return Workload(name, "product", peers, {}, flops, moved, shape=shape, dtype=dtype)


def op(rng, title):
    name, dtype = one_of(rng, (*OPS, *IMAGE_OPS)), precision(rng)
    if name in IMAGE_OPS:
        shape = tuple(log_uniform(rng, *ends) for ends in ((1, 64), (8, 128), (8, 128), (1, 128)))
    else:
        shape = log_uniform(rng, 1, 100_000), log_uniform(rng, 2, 4096)
    call, flops, numbers = (name,), 0, 2 * math.prod(shape)
    match name:
        case "conv":
            call = name, log_uniform(rng, 1, 128), one_of(rng, (1, 3, 5))
            flops = 2 * math.prod(shape) * call[1] * call[2] ** 2
            numbers = math.prod(shape[:3]) * (shape[3] + call[1])
        case "depthwise_conv":
            call = name, one_of(rng, (3, 5))
            flops = 2 * math.prod(shape) * call[1] ** 2
        case "max_pool" | "average_pool":
            call = name, one_of(rng, (2, 3))
            numbers = math.prod(shape)
    if flops > MOST_FLOPS or numbers > 2 * MOST_NUMBERS:
        return None
    title = f"{title} {' '.join(map(str, call))} of {'x'.join(map(str, shape))}; {dtype}"
    moved = np.dtype(dtype).itemsize * numbers
    return Workload(
        title, "op", ("PyTorch",), {}, flops, moved, shape=shape, call=call, dtype=dtype
    )


def estimator(rng, title):
    name = one_of(rng, ("LinearRegression", "LogisticRegression", "MLPClassifier", "MLPRegressor"))
    shape = log_uniform(rng, 100, 1_000_000), log_uniform(rng, 1, 20_000)
    is_network, density = name.startswith("MLP"), 1.0
    if name != "LinearRegression" and shape[1] >= 100 and rng.random() < 0.5:
        density = log_uniform(rng, 1, 200) / 1000
    units = log_uniform(rng, 4, 256) if is_network else 0
    numbers = math.prod(shape) * density
    flops = 6 * numbers * units if is_network else 2 * numbers
    # A step of a network moves all its weights, however sparse the samples are.
    if name == "LinearRegression":
        flops *= shape[1] / 2
    if max(numbers, shape[1] * units, shape[0]) > MOST_NUMBERS / 4 or flops > MOST_FLOPS:
        return None
    call = (name, units) if is_network else (name,)
    how = "dense" if density == 1 else f"{density:.1%} of a sparse matrix"
    return Workload(
        f"{title} {' '.join(map(str, call))} on {shape[0]} x {shape[1]}, {how}",
        "estimator",
        ("scikit-learn",),
        {},
        flops,
        shape=shape,
        call=call,
        density=density,
        dtype="float64",
        at_most=100,
    )


DRAWN = {
    "train dense": lambda rng, title: train(rng, title, dense_network),
    "train images": lambda rng, title: train(rng, title, image_network),
    "predict dense": lambda rng, title: predict(rng, title, dense_network),
    "predict images": lambda rng, title: predict(rng, title, image_network),
    "product": product,
    "op": op,
    "estimator": estimator,
}
