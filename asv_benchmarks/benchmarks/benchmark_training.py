"""Training: epochs, single steps, how much faster than the naive network, how much memory."""

import time

import numpy as np

from fastscratch import Sequential, layers, optimizers
from fastscratch.callbacks import Callback
from fastscratch.datasets import load_iris, load_mnist
from fastscratch.examples import EXAMPLES
from fastscratch.examples.naive import (
    naive_loss,
    naive_network,
    naive_rule,
    naive_targets,
    naive_weights,
)
from fastscratch.examples.training import Training
from fastscratch.reference.train import SGD
from fastscratch.utils import set_random_seed

from . import common

IRIS, MNIST, CNN = "iris 4-40-3", "MNIST sample 784-100-10", "MNIST sample LeNet-5"
SMALL_CNN = "MNIST sample 4 filters"
BATCH_SIZE = {IRIS: 10, MNIST: 10, CNN: 32, SMALL_CNN: 10}


def model_and_data(network):
    """A compiled model, its samples and their labels.

    Parameters
    ----------
    network : str
        `IRIS`, 150 samples, or one of the others, 14,000.

    Returns
    -------
    tuple of Sequential, ndarray and ndarray
    """
    set_random_seed(0)
    if network == IRIS:
        iris = load_iris()
        x, y = iris.data.astype(np.float32), iris.target
    else:
        (images, y), _ = load_mnist()
        x = images[..., None] / np.float32(255)
    if network == SMALL_CNN:
        body = [
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
        ]
    elif network == CNN:
        body = [
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, "relu"),
            layers.Dense(84, "relu"),
        ]
    else:
        x = x.reshape(len(x), -1)
        body = [layers.Dense(40 if network == IRIS else 100, "sigmoid")]
    model = Sequential([layers.Input(x.shape[1:]), *body, layers.Dense(y.max() + 1, "softmax")])
    optimizer = optimizers.Adam() if network == CNN else optimizers.SGD(0.5)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model, x, y


def one_epoch(network):
    """A call that trains for one epoch, and its number of samples."""
    model, x, y = model_and_data(network)
    return lambda: model.fit(x, y, BATCH_SIZE[network], verbose=0), len(x)


class Epoch(common.Batch):
    """Softmax read-out; the dense networks with a hidden layer of sigmoids; float32."""

    params = ([IRIS, MNIST, CNN], [1, 2])
    param_names = ("network", "threads")
    unit = "samples/s"

    def setup(self, network, threads):
        common.use_threads(threads)
        epoch, self.samples = one_epoch(network)
        self.prepare(epoch, [])

    def time_epoch(self, network, threads):
        self.run()

    def track_samples_per_second(self, network, threads):
        return self.samples / min(common.seconds(self.function, []) for _ in range(3))


class TrainingSpeedup:
    """The naive network's time for a step over that of `fit`, both measured in turn in one run."""

    params = ([IRIS, MNIST, SMALL_CNN], [1, 2])
    param_names = ("network", "threads")
    unit = "x"
    timeout = 300
    # So that the fit takes some milliseconds, and the naive network, on a few steps, a second.
    epochs = {IRIS: 200, MNIST: 1, SMALL_CNN: 1}  # noqa: RUF012, asv's attributes are the class's
    naive_steps = {IRIS: 15, MNIST: 2, SMALL_CNN: 2}  # noqa: RUF012

    def setup(self, network, threads):
        common.use_threads(threads)
        self.model, self.x, self.y = model_and_data(network)
        self.batch_size, self.n_epochs = BATCH_SIZE[network], self.epochs[network]
        self.n_naive = self.naive_steps[network] * self.batch_size
        self.fit()  # compiles
        network, parameters = self.model._network, self.model._state.parameters
        self.naive, self.weights = naive_network(network), naive_weights(network, parameters)

    def fit(self):
        self.model.fit(self.x, self.y, self.batch_size, self.n_epochs, verbose=0)

    def fit_naively(self):
        """Train on the first samples only."""
        data = [self.x[: self.n_naive].tolist()], [naive_targets(self.y[: self.n_naive])]
        losses = [naive_loss(self.model.loss)]
        rule, rate = naive_rule(self.model.optimizer), self.model.optimizer.learning_rate
        SGD(self.naive, self.weights, *data, losses, 1, self.batch_size, rate, rule)

    def track_training_speedup(self, network, threads):
        slow = fast = np.inf
        samples = self.n_epochs * len(self.x)
        for _ in range(2):
            slow = min(slow, common.seconds(self.fit_naively, []) / self.n_naive)
            fast = min(fast, *(common.seconds(self.fit, []) / samples for _ in range(3)))
        return slow / fast


class Step(common.Batch):
    """One step of each small network of the tests: together they reach every operation."""

    params = (list(EXAMPLES), [1, 2])
    param_names = ("example", "threads")

    def setup(self, example, threads):
        common.use_threads(threads)
        example = EXAMPLES[example]
        self.prepare(Training(example, example.model(), threads).run, [1])

    def time_step(self, example, threads):
        self.run()


class FitOverhead:
    """What `fit` adds to the time of the compiled loop, an epoch."""

    params = ([IRIS, MNIST], ["no callback", "a callback"])
    param_names = ("network", "fit with")
    unit = "s"
    epochs = {IRIS: 200, MNIST: 5}  # noqa: RUF012, asv's attributes are the class's

    def setup(self, network, kind):
        self.model, self.x, self.y = model_and_data(network)
        self.options = {"callbacks": [Callback()] if kind == "a callback" else [], "verbose": 0}
        self.fit(network)
        trainer = self.model._programs._training[1].program  # the fit's
        train, self.within = trainer.train, 0.0

        def timed(*arguments):
            start = time.perf_counter()
            train(*arguments)
            self.within += time.perf_counter() - start

        trainer.train = timed

    def fit(self, network):
        self.model.fit(
            self.x, self.y, BATCH_SIZE[network], epochs=self.epochs[network], **self.options
        )

    def outside(self, network):
        """Seconds of `fit` that are not the loop's, and those that are."""
        self.within, start = 0.0, time.perf_counter()
        self.fit(network)
        return time.perf_counter() - start - self.within, self.within

    def track_overhead_of_an_epoch(self, network, kind):
        """The median of five fits: one that is disturbed says little."""
        return float(np.median([self.outside(network)[0] for _ in range(5)])) / self.epochs[network]

    def track_share_of_fit(self, network, kind):
        """The same as a fraction of the loop's own time."""
        return float(np.median([np.divide(*self.outside(network)) for _ in range(5)]))

    track_share_of_fit.unit = "1"


class Memory:
    """Peak memory of a process that trains on the MNIST sample, imports and data included."""

    params = ([1, 2],)
    param_names = ("threads",)
    timeout = 300

    def setup_cache(self):
        """Compile in another process: the compiler's memory is not the training's."""
        epoch, _ = one_epoch(MNIST)
        epoch()

    def setup(self, threads):
        common.use_threads(threads)
        self.epoch, _ = one_epoch(MNIST)

    def peakmem_epoch(self, threads):
        self.epoch()
