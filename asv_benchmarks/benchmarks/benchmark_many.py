"""Many models in one call, and how much faster that is than one fit after the other."""

import time

import numpy as np

from fastscratch import Sequential, fit_many, layers, optimizers
from fastscratch.datasets import load_iris, load_mnist

from . import common

IRIS, DENSE, CNN = "256 networks 4-40-3", "64 networks 30-50-50-1", "32 LeNet-5"
#: How many, samples in a mini-batch, and epochs.
SIZES = {IRIS: (256, 10, 50), DENSE: (64, 32, 10), CNN: (32, 32, 1)}


def model(network, seed):
    """A compiled model; its learning rate differs from that of the others."""
    if network == IRIS:
        stack = [layers.Input((4,)), layers.Dense(40, "sigmoid"), layers.Dense(3, "softmax")]
        optimizer, loss = optimizers.SGD(0.1 + 0.001 * seed), "sparse_categorical_crossentropy"
    elif network == DENSE:
        hidden = [layers.Dense(50, "relu") for _ in range(2)]
        stack = [layers.Input((30,)), *hidden, layers.Dense(1, "sigmoid")]
        optimizer, loss = optimizers.Adam(1e-3 + 1e-5 * seed), "binary_crossentropy"
    else:
        stack = [
            layers.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
        optimizer, loss = optimizers.Adam(), "sparse_categorical_crossentropy"
    made = Sequential(stack)
    made.seed = seed
    made.compile(optimizer, loss)
    made.count_params()
    return made


def data(network):
    """Samples and targets."""
    if network == IRIS:
        iris = load_iris()
        return iris.data.astype(np.float32), iris.target
    if network == DENSE:
        x = np.random.default_rng(0).standard_normal((569, 30)).astype(np.float32)
        return x, (x[:, 0] > x[:, 1]).astype(np.float32)
    (images, labels), _ = load_mnist()
    return images[:640, ..., None] / np.float32(255), labels[:640]


class ManyModels:
    """All are fitted on the same samples, each in its own order."""

    params = ([IRIS, DENSE, CNN], [1, 2])
    param_names = ("models", "threads")
    unit = "s"
    timeout = 600

    def setup(self, network, threads):
        common.use_threads(threads)
        self.x, self.y = data(network)
        self.number, self.batch_size, self.epochs = SIZES[network]
        self.make(network)
        self.fit_together(1)  # compiles

    def make(self, network):
        """Models that were not trained yet."""
        self.models = [model(network, seed) for seed in range(self.number)]

    def fit_together(self, epochs):
        fit_many(self.models, self.x, self.y, epochs=epochs, batch_size=self.batch_size, verbose=0)

    def fit_one_by_one(self, count):
        for one in self.models[:count]:
            one.fit(self.x, self.y, self.batch_size, self.epochs, verbose=0)

    def seconds_together(self):
        """Of all models."""
        start = time.perf_counter()
        self.fit_together(self.epochs)
        return time.perf_counter() - start

    def track_time_of_a_model_and_step(self, network, threads):
        steps = self.epochs * -(-len(self.x) // self.batch_size)
        return min(self.seconds_together() for _ in range(3)) / self.number / steps

    def track_speedup_over_one_by_one(self, network, threads):
        """Both measured in turn in one run; of the models that are fitted alone only some."""
        count = max(2, self.number // 8)
        self.fit_one_by_one(2)  # makes their programs
        fast = slow = np.inf
        for _ in range(2):
            start = time.perf_counter()
            self.fit_one_by_one(count)
            slow = min(slow, (time.perf_counter() - start) / count)
            fast = min(fast, self.seconds_together() / self.number)
        return slow / fast

    track_speedup_over_one_by_one.unit = "x"

    def track_gflops(self, network, threads):
        """Operations of the steps that the engine counts, of all models."""
        steps = self.epochs * -(-len(self.x) // self.batch_size)
        flops = self.models[0].program(self.batch_size).flops
        return flops * steps * self.number / self.seconds_together() / 1e9

    track_gflops.unit = "GF/s"
