"""The numbers that all libraries are given, made once and seeded."""

import numpy as np

from fastscratch.datasets import load_iris, load_mnist

from .workloads import CONVOLUTION, IMAGE


def make(workload):
    """The arrays of a workload by name, in its type.

    For a network these are the inputs ``x`` (images channels last), the one-hot ``y``, and the
    weights that training starts from, ``weight0``, ``weight1``, ... in the order of Keras.
    """
    arrays = as_float32(workload)
    return {
        name: array.astype(workload.dtype) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }


def as_float32(workload):
    """These arrays, before they get the type of the workload."""
    rng = np.random.default_rng(0)

    def normal(*shape):
        return rng.standard_normal(shape, np.float32)

    if workload.network:
        x, labels = samples(workload, rng)
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
        rows, depth, columns = workload.shape
        return {"a": normal(rows, depth), "b": normal(depth, columns)}
    if workload.kind == "op":
        filters = filter_shape(workload.call, workload.shape[-1])
        kernel = {"kernel": normal(*filters)} if filters else {}
        return {"x": normal(*workload.shape)} | kernel
    if workload.kind == "estimator":
        return table(workload, rng)
    if workload.kind == "search":
        return classification(workload.dataset)
    return {"source": normal(*IMAGE)}


def filter_shape(call, channels):
    """Shape of the filters of an op; none if it has no filters."""
    match call:
        case ("conv", filters, size):
            return size, size, channels, filters
        case ("depthwise_conv", size):
            return size, size, channels, 1
    return ()


def takes_classes(workload):
    """Whether the targets of an estimator are classes."""
    return workload.call[0] in ("LogisticRegression", "MLPClassifier")


def table(workload, rng):
    """Samples and targets of an estimator: two classes, or a linear function with noise.

    Of a sparse matrix these are the entries, their columns, and where each row begins.
    """
    rows, columns = workload.shape
    weights = rng.standard_normal(columns, np.float32)
    if workload.density < 1:
        entries = max(1, round(columns * workload.density))
        places = np.sort(rng.integers(columns, size=(rows, entries)), axis=1)
        values = rng.random((rows, entries), np.float32)
        scores = ((values - 0.5) * weights[places]).sum(axis=1)
        x = {
            "values": values.reshape(-1),
            "columns": places.reshape(-1),
            "starts": np.arange(0, rows * entries + 1, entries),
        }
    else:
        x = {"x": rng.standard_normal((rows, columns), np.float32)}
        scores = x["x"] @ weights
    scores += scores.std() * rng.standard_normal(rows, np.float32)
    return x | {"y": (scores > 0).astype(int) if takes_classes(workload) else scores}


def classification(dataset):
    """Samples, whose features have a mean of 0 and a deviation of 1, and classes."""
    if dataset == "breast cancer":
        from sklearn.datasets import load_breast_cancer as load
    else:
        load = load_iris
    loaded = load()
    x = loaded.data
    return {"x": (x - x.mean(axis=0)) / x.std(axis=0), "y": loaded.target}


def samples(workload, rng):
    """Inputs and labels of a network."""
    dataset, rows = workload.dataset, workload.rows
    if dataset == "iris":
        iris = classification(dataset)
        return iris["x"][:rows].astype(np.float32), iris["y"][:rows]
    if dataset == "mnist":
        (images, labels), _ = load_mnist()
        chosen = rng.permutation(len(images))[:rows]
        return images[chosen] / np.float32(255), labels[chosen]
    if dataset == "normal":
        shape, classes = workload.network.input_shape, workload.network.layers[-1][1]
        return rng.standard_normal((rows, *shape), np.float32), rng.integers(classes, size=rows)
    labels = rng.integers(10, size=rows)
    means = rng.standard_normal((10, 32, 32, 3), np.float32)
    return means[labels] + rng.standard_normal((rows, 32, 32, 3), np.float32), labels


def first_weights(layer, shapes, rng):
    """The weights of one layer: kernels by the rule of Glorot and Bengio, biases 0."""
    if layer == "batch_norm":  # gamma, beta, moving mean and variance
        return [np.full(*pair, np.float32) for pair in zip(shapes, (1, 0, 0, 1), strict=True)]
    if layer == "layer_norm":
        return [np.full(*pair, np.float32) for pair in zip(shapes, (1, 0), strict=True)]
    if not shapes:
        return []
    kernel, bias = shapes
    limit = np.sqrt(6 / (np.prod(kernel[:-2]) * (kernel[-2] + kernel[-1])))
    return [rng.uniform(-limit, limit, kernel).astype(np.float32), np.zeros(bias, np.float32)]
