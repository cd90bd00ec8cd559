"""fastscratch's side, through its public functions; and the roofs of the machine."""

import numba
import numpy as np

import fastscratch
from fastscratch import layers, linear_model, model_selection, neural_network, ops
from fastscratch.kernels.conv2d import (
    conv2d_backward_input,
    conv2d_backward_weight,
    conv2d_forward,
    conv2d_image_forward,
)
from fastscratch.kernels.machine import TILE_ROWS, TILE_VECTORS, VECTOR_BYTES
from fastscratch.kernels.matmul import matmul
from fastscratch.kernels.tiles import Matrix, tile_product

from .task import Task, calling, fitting, searching, spread, training, weights_of

VERSION = fastscratch.__version__


def start(threads):
    """Use this many threads from now on."""
    fastscratch.set_num_threads(threads)


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    return TASKS[workload.kind](workload, data, threads)


def make_layer(kind, *arguments):
    match kind, arguments:
        case "dense", (units, activation):
            return layers.Dense(units, activation=activation)
        case "conv", (filters, size, padding, activation):
            return layers.Conv2D(filters, size, padding=padding, activation=activation)
        case "depthwise", (size, padding, activation):
            return layers.DepthwiseConv2D(size, padding=padding, activation=activation)
        case "max_pool", (size,):
            return layers.MaxPooling2D(size)
        case "average_pool", (size,):
            return layers.AveragePooling2D(size)
        case "layer_norm", ():
            return layers.LayerNormalization()
        case "dropout", (rate,):
            return layers.Dropout(rate)
        case "batch_norm", ():
            return layers.BatchNormalization()
        case "activation", (name,):
            return layers.Activation(name)
        case "global_average_pool", ():
            return layers.GlobalAveragePooling2D()
        case "flatten", ():
            return layers.Flatten()


def make_model(network, data):
    hidden = [make_layer(*layer) for layer in network.layers]
    inputs = layers.Input(network.input_shape)
    model = fastscratch.Sequential([inputs, *hidden], dtype=data["x"].dtype.name)
    model.set_weights(weights_of(data))
    return model


def make_trainable(workload, data, rate):
    model = make_model(workload.network, data)
    optimizer = getattr(fastscratch.optimizers, workload.optimizer)
    is_sigmoid = workload.network.read_out == "sigmoid"
    loss = "binary_crossentropy" if is_sigmoid else "categorical_crossentropy"
    model.compile(optimizer(rate), loss=loss)
    return model


def train_many(workload, data):
    models = [make_trainable(workload, data, rate) for rate in workload.learning_rates]
    for seed, model in enumerate(models):
        model.seed = seed

    def fit(epochs):
        how = {"batch_size": workload.batch_size, "epochs": epochs, "verbose": 0}
        histories = fastscratch.fit_many(models, data["x"], data["y"], **how)
        return float(np.mean([history.history["loss"][-1] for history in histories]))

    return {"fit_many": training(workload, fit)}


def train(workload, data, threads):
    if workload.models > 1:
        return train_many(workload, data)
    model = make_trainable(workload, data, workload.learning_rate)

    def fit(epochs):
        history = model.fit(
            data["x"], data["y"], batch_size=workload.batch_size, epochs=epochs, verbose=0
        )
        return history.history["loss"][-1]

    return {"fit": training(workload, fit)}


def predict(workload, data, threads):
    model, x = make_model(workload.network, data), data["x"]
    tasks = {"predict": calling(lambda: model.predict(x))}
    if hasattr(model, "predict_on_batch"):
        tasks["predict_on_batch"] = calling(lambda: model.predict_on_batch(x))
    return tasks


ONES, NO_GROUPS = (1, 1), 1  # of a 3 x 3 convolution with "same" padding


def conv_forward(workload, data, threads):
    x, kernel, bias = data["x"], data["kernel"], data["bias"]
    out = np.empty_like(data["dout"])

    def run():
        conv2d_forward(out, x, kernel, bias, ONES, ONES, ONES, NO_GROUPS)
        return out

    return {
        "kernel": calling(run),
        "ops.conv": calling(lambda: ops.conv(x, kernel, padding="same"), lambda out: out + bias),
    }


def conv_backward(workload, data, threads):
    x, kernel, dout = data["x"], data["kernel"], data["dout"]
    dx, dkernel, dbias = np.empty_like(x), np.empty_like(kernel), np.empty_like(data["bias"])

    def run():
        conv2d_backward_input(dx, dout, kernel, ONES, ONES, ONES, NO_GROUPS)
        conv2d_backward_weight(dkernel, dbias, x, dout, ONES, ONES, ONES, NO_GROUPS)

    return {"kernel": calling(run, lambda _: dx, lambda _: dkernel, lambda _: dbias)}


def window(workload, data, threads):
    image, kernel = data["image"], data["kernel"]
    out = np.empty([n - workload.size + 1 for n in image.shape], np.float32)

    def run():
        conv2d_image_forward(out, image, kernel)
        return out

    return {
        "kernel": calling(run),
        "ops.conv_image": calling(lambda: ops.conv_image(image, kernel)),
    }


def product(workload, data, threads):
    a, b = data["a"], data["b"]
    c = np.empty((len(a), b.shape[1]), a.dtype)

    def run():
        matmul(c, a, b)
        return c

    return {"kernel": calling(run)}


def op(workload, data, threads):
    function, x = getattr(ops, workload.call[0]), data["x"]
    match workload.call:
        case ("conv" | "depthwise_conv", *_):
            return {"ops": calling(lambda: function(x, data["kernel"], padding="same"))}
        case ("max_pool" | "average_pool", size):
            return {"ops": calling(lambda: function(x, size))}
        case ("gelu",):
            return {"ops": calling(lambda: function(x, approximate=False))}
    return {"ops": calling(lambda: function(x))}


def estimator(workload, data, threads):
    is_network = workload.call[0].startswith("MLP")
    return fitting(workload, data, neural_network if is_network else linear_model)


def search(workload, data, threads):
    made = model_selection.GridSearchCV, neural_network.MLPClassifier
    return {"GridSearchCV": searching(workload, data, *made)}


@numba.njit(parallel=True)
def multiply_tiles(c, zeros, a, b, turns):
    """One tile of a product over and over on each thread, all of it in the first-level cache."""
    rows, width, depth = TILE_ROWS, c.shape[1] // TILE_ROWS, a.shape[1] // TILE_ROWS
    for thread in numba.prange(c.shape[0]):
        for _ in range(turns):
            tile_product(
                Matrix(c[thread], 0, width, 1),
                Matrix(zeros, 0, 0, 0),
                Matrix(a[thread], 0, depth, 1),
                Matrix(b[thread], 0, width, 1),
                rows,
                width,
                depth,
                1,
                0,
                0,
            )


def tile(workload, data, threads):
    width, depth = TILE_VECTORS * VECTOR_BYTES // 4, 256
    c = np.ones((threads, TILE_ROWS * width), np.float32)
    a = np.ones((threads, TILE_ROWS * depth), np.float32)
    b = np.ones((threads, depth * width), np.float32)
    zeros = np.zeros(width, np.float32)
    turns = workload.flops / (2 * threads * TILE_ROWS * width * depth)

    def run(calls):
        multiply_tiles(c, zeros, a, b, round(calls * turns))
        return c

    return {"tile_product": Task(lambda: spread(run(1)), run)}


@numba.njit(parallel=True)
def copy_rows(target, source):
    for row in numba.prange(source.shape[0]):
        target[row] = source[row]


def copy(workload, data, threads):
    source = data["source"]
    target = np.empty_like(source)
    return {"rows": calling(lambda: copy_rows(target, source), lambda _: target)}


TASKS = {
    "train": train,
    "predict": predict,
    "conv forward": conv_forward,
    "conv backward": conv_backward,
    "window": window,
    "product": product,
    "op": op,
    "estimator": estimator,
    "search": search,
    "tile": tile,
    "copy": copy,
}
