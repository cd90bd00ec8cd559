"""NumPy's side: whole arrays and a loop over steps, as one would write it there."""

import itertools
import math

import numpy as np

from .task import calling, training, weights_of

VERSION = np.__version__


def start(threads):
    """Nothing to do: its threads are those of BLAS, which the environment sets."""


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    return TASKS[workload.kind](workload, data)


def activate(name, z):
    if name == "relu":
        return np.maximum(z, 0)
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z))
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def slope(name, a):
    """Derivative of a hidden activation, from its value."""
    return a > 0 if name == "relu" else a * (1 - a)


class Optimizer:
    """One step over the flat parameters; the rules of Keras."""

    def __init__(self, name, rate, size, dtype):
        self.update = getattr(self, name.lower())
        self.rate = np.float32(rate)
        self.mean, self.square = np.zeros((2, size), dtype)
        self.steps = 0

    def sgd(self, parameters, gradients):
        parameters -= self.rate * gradients

    def rmsprop(self, parameters, gradients):
        self.square += np.float32(0.1) * (gradients * gradients - self.square)
        parameters -= self.rate * gradients / np.sqrt(self.square + np.float32(1e-7))

    def adam(self, parameters, gradients):
        self.steps += 1
        rate = self.rate * np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        self.mean += np.float32(0.1) * (gradients - self.mean)
        self.square += np.float32(0.001) * (gradients * gradients - self.square)
        parameters -= np.float32(rate) * self.mean / (np.sqrt(self.square) + np.float32(1e-7))


def views(flat, shapes):
    """The arrays of these shapes in `flat`, one after the other."""
    ends = list(itertools.accumulate(math.prod(shape) for shape in shapes))
    parts = np.split(flat, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]


def train(workload, data):
    kinds = {layer[0] for layer in workload.network.layers}
    activations = [layer[-1] for layer in workload.network.layers]
    if kinds != {"dense"} or not set(activations) <= {"relu", "sigmoid", "softmax"}:
        raise NotImplementedError("written for dense layers of relu and sigmoid only")
    x, y, rng = data["x"], data["y"], np.random.default_rng(0)
    parameters = np.concatenate([weight.ravel() for weight in weights_of(data)])
    gradients = np.empty_like(parameters)
    shapes = [weight.shape for weight in weights_of(data)]
    weights, dweights = views(parameters, shapes), views(gradients, shapes)
    rate, dtype = workload.learning_rate, parameters.dtype
    optimizer = Optimizer(workload.optimizer, rate, parameters.size, dtype)
    is_sigmoid = workload.network.read_out == "sigmoid"
    # The mean of the losses is over the samples, and for a sigmoid read-out over the labels too.
    terms = np.float32(workload.batch_size * (y.shape[1] if is_sigmoid else 1))
    tiny = np.finfo(np.float32).tiny

    def step(x, y):
        outputs = [x]
        for kernel, bias, activation in zip(weights[::2], weights[1::2], activations, strict=True):
            outputs.append(activate(activation, outputs[-1] @ kernel + bias))
        a = outputs[-1]
        loss = -(y * np.log(a + tiny)).sum()
        if is_sigmoid:
            loss -= ((1 - y) * np.log(1 - a + tiny)).sum()
        dz = (a - y) / terms
        for layer in reversed(range(len(activations))):
            a = outputs[layer]
            np.matmul(a.T, dz, out=dweights[2 * layer])
            np.sum(dz, axis=0, out=dweights[2 * layer + 1])
            if layer:
                dz = dz @ weights[2 * layer].T * slope(activations[layer - 1], a)
        optimizer.update(parameters, gradients)
        return loss / terms

    def fit(epochs):
        for _ in range(epochs):
            total, rows = 0.0, rng.permutation(len(x))
            for at in range(0, len(x), workload.batch_size):
                batch = rows[at : at + workload.batch_size]
                total += step(x[batch], y[batch])
        return float(total / workload.steps)

    return {"whole arrays": training(workload, fit)}


def product(workload, data):
    a, b = data["a"], data["b"]
    c = np.empty((len(a), b.shape[1]), a.dtype)
    return {"matmul": calling(lambda: np.matmul(a, b, out=c))}


TASKS = {"train": train, "product": product}
