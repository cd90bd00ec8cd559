"""A network of any layers by the twins: lists of floats, one operation after the other."""

import math

import numpy as np

from fastscratch.layers.convolution import output_places
from fastscratch.reference.activations import activation_forward
from fastscratch.reference.conv2d import conv2d_forward
from fastscratch.reference.dense import dense_forward
from fastscratch.reference.dropout import dropout_forward
from fastscratch.reference.losses import huber_forward, loss_forward
from fastscratch.reference.normalization import (
    batch_norm_forward,
    batch_norm_inference,
    layer_norm_forward,
)
from fastscratch.reference.optimizers import penalty
from fastscratch.reference.pooling import (
    average_pool2d_forward,
    global_average_pool2d_forward,
    max_pool2d_forward,
)
from fastscratch.utils import derived_seed


def zeros(*shape):
    return np.zeros(shape).tolist()


def rows(values):
    """All axes but the last become one, as dense layers and normalisation see samples."""
    return np.reshape(values, (-1, np.shape(values)[-1])).tolist()


def dense(layer, x, weights, shape):
    out = zeros(len(rows(x)), shape[-1])
    dense_forward(out, rows(x), weights["kernel"], weights.get("bias", zeros(shape[-1])))
    return out


def window(layer, x, extent):
    """Strides and padding, as the twins take them."""
    _, padding = output_places(layer, np.shape(x)[1:3], extent, layer.strides, layer.padding)
    return layer.strides, padding


def conv2d(layer, x, weights, shape):
    out = zeros(len(x), *shape)
    bias = weights.get("bias", zeros(shape[-1]))
    geometry = (*window(layer, x, layer.extent), layer.dilation_rate, layer.groups)
    conv2d_forward(out, x, weights["kernel"], bias, *geometry)
    return out


def max_pooling(layer, x, weights, shape):
    out = zeros(len(x), *shape)
    max_pool2d_forward(
        out, zeros(len(x), *shape), x, layer.pool_size, *window(layer, x, layer.pool_size)
    )
    return out


def average_pooling(layer, x, weights, shape):
    out = zeros(len(x), *shape)
    average_pool2d_forward(out, x, layer.pool_size, *window(layer, x, layer.pool_size))
    return out


def global_average_pooling(layer, x, weights, shape):
    out = zeros(len(x), *shape)
    global_average_pool2d_forward(out, x)
    return out


def scale_and_offset(weights, channels):
    return weights.get("gamma", [1.0] * channels), weights.get("beta", [0.0] * channels)


def batch_normalization(layer, x, weights, shape):
    out, learned = rows(x), scale_and_offset(weights, shape[-1])
    if layer.trainable:
        mean, variance = zeros(shape[-1]), zeros(shape[-1])
        batch_norm_forward(out, mean, variance, rows(x), *learned, layer.epsilon)
    else:
        moving = weights["moving_mean"], weights["moving_variance"]
        batch_norm_inference(out, rows(x), *moving, *learned, layer.epsilon)
    return out


def layer_normalization(layer, x, weights, shape):
    out, learned = rows(x), scale_and_offset(weights, shape[-1])
    layer_norm_forward(out, zeros(len(out)), zeros(len(out)), rows(x), *learned, layer.epsilon)
    return out


LAYERS = {
    "Activation": lambda layer, x, weights, shape: x,
    "AveragePooling2D": average_pooling,
    "BatchNormalization": batch_normalization,
    "Conv2D": conv2d,
    "Dense": dense,
    "Flatten": lambda layer, x, weights, shape: x,
    "GlobalAveragePooling2D": global_average_pooling,
    "LayerNormalization": layer_normalization,
    "MaxPooling2D": max_pooling,
    "Reshape": lambda layer, x, weights, shape: x,
}


def dropout(layer, x, seed, step):
    """Numbers are dealt out sample by sample."""
    out = zeros(np.size(x))
    dropout_forward(out, np.reshape(x, -1).tolist(), layer.rate, seed, step)
    return np.reshape(out, np.shape(x)).tolist()


def forward(network, parameters, x, *, seed=0, step=0, logits=False):
    """Outputs in training, as an array; with `logits` those before the last activation."""
    t = np.asarray(x, float).tolist()
    last = len(network.layers) - 1
    for i, layer in enumerate(network.layers):
        shape = network.shapes[i + 1]
        if type(layer).__name__ == "Dropout":
            t = dropout(layer, t, derived_seed(seed, i + 1), step)
            continue
        weights = {p.weight.name: p.view(parameters).tolist() for p in network.weights[i]}
        t = LAYERS[type(layer).__name__](layer, t, weights, shape)
        if not (logits and i == last):
            z = np.reshape(t, (-1, shape[-1])).tolist()
            t = zeros(*np.shape(z))
            activation_forward(t, z, layer.activation)
        t = np.reshape(t, (len(x), *shape)).tolist()
    return np.array(t)


def one_hot_and_smooth(loss, y, classes):
    """Targets as the formula of the loss takes them."""
    if loss.takes_labels:
        y = np.eye(classes)[np.asarray(y, int)]
    shares = classes if "categorical" in loss.name else 2
    smoothing = loss.label_smoothing
    return (1 - smoothing) * np.asarray(y, float) + smoothing / shares


def mean_loss(network, parameters, x, y, loss, weights=None, **run):
    """The loss of a mini-batch before its step, regularisation included."""
    fused = loss.read_out is not None and not loss.from_logits
    out = forward(network, parameters, x, logits=fused, **run).reshape(len(x), -1)
    targets = one_hot_and_smooth(loss, np.reshape(y, (len(x), -1)).squeeze(), out.shape[1])
    targets = targets.reshape(out.shape)
    values = zeros(len(x))
    if type(loss).__name__ == "Huber":
        pairs = zip(out.tolist(), targets.tolist(), strict=True)
        values = [huber_forward(a, b, loss.delta) for a, b in pairs]
    else:
        name = loss.name.removeprefix("sparse_")
        loss_forward(values, out.tolist(), targets.tolist(), name)
    total = math.fsum(np.multiply(values, 1 if weights is None else weights)) / len(x)
    for layer, placed_weights in zip(network.layers, network.weights, strict=True):
        for placed in placed_weights:
            regularizer = placed.weight.regularizer
            if layer.trainable and regularizer is not None:
                view = placed.view(parameters).reshape(-1).tolist()
                total += penalty(view, regularizer.l1, regularizer.l2)
    return total
