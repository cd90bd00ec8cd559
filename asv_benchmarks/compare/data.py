"""The numbers that all libraries are given, made once and seeded."""

import numpy as np

from fastscratch.datasets import load_iris, load_mnist

from .workloads import CONVOLUTION, IMAGE


def make(workload):
    """The arrays of a workload by name, float32.

    For a network these are the inputs ``x`` (images channels last), the one-hot ``y``, and the
    weights that training starts from, ``weight0``, ``weight1``, ... in the order of Keras.
    """
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape, np.float32)

    if workload.network:
        x, labels = samples(workload.dataset, workload.rows, rng)
        units = workload.network.layers[-1][1]
        weights = [
            weight
            for layer, _, shapes, _ in workload.network.walk()
            for weight in first_weights(layer[0], shapes, rng)
        ]
        return {
            "x": x.reshape(-1, *workload.network.input_shape),
            "y": np.eye(units, dtype=np.float32)[labels],
            **{f"weight{i}": weight for i, weight in enumerate(weights)},
        }
    if workload.kind.startswith("conv"):
        *positions, channels = CONVOLUTION["shape"]
        filters = CONVOLUTION["filters"]
        return {
            "x": normal(*positions, channels),
            "kernel": normal(3, 3, channels, filters) / np.float32(24),
            "bias": normal(filters),
            "dout": normal(*positions, filters),
        }
    if workload.kind == "window":
        return {"image": normal(*IMAGE), "kernel": normal(workload.size, workload.size)}
    if workload.kind == "product":
        shape = (workload.size, workload.size)
        return {"a": normal(*shape), "b": normal(*shape)}
    return {"source": normal(*IMAGE)}


def samples(dataset, rows, rng):
    """Inputs and labels, `rows` of them."""
    if dataset == "iris":
        iris = load_iris()
        x = (iris.data - iris.data.mean(axis=0)) / iris.data.std(axis=0)
        return x[:rows].astype(np.float32), iris.target[:rows]
    if dataset == "mnist":
        (images, labels), _ = load_mnist()
        chosen = rng.permutation(len(images))[:rows]
        return images[chosen] / np.float32(255), labels[chosen]
    labels = rng.integers(10, size=rows)
    means = rng.standard_normal((10, 32, 32, 3), np.float32)
    return means[labels] + rng.standard_normal((rows, 32, 32, 3), np.float32), labels


def first_weights(layer, shapes, rng):
    """The weights of one layer: kernels by the rule of Glorot and Bengio, biases 0."""
    if layer == "batch_norm":  # gamma, beta, moving mean and variance
        return [np.full(*pair, np.float32) for pair in zip(shapes, (1, 0, 0, 1), strict=True)]
    if not shapes:
        return []
    kernel, bias = shapes
    limit = np.sqrt(6 / (np.prod(kernel[:-2]) * (kernel[-2] + kernel[-1])))
    return [rng.uniform(-limit, limit, kernel).astype(np.float32), np.zeros(bias, np.float32)]
