"""One epoch of training, end to end: how long, how many samples a second, how much memory."""

import numpy as np

from fastscratch.cases import CODES
from fastscratch.datasets import load_iris, load_mnist
from fastscratch.kernels import KERNELS
from fastscratch.kernels.network import n_parameters

from . import common

IRIS, MNIST = "iris 4-40-3", "MNIST sample 784-100-10"
BATCH_SIZE = 10


def one_epoch(network):
    """The kernel that trains, and its arguments for one epoch from fresh parameters.

    Parameters
    ----------
    network : str
        `IRIS`, 150 samples, or `MNIST`, 14,000.

    Returns
    -------
    tuple of callable and dict
    """
    if network == IRIS:
        iris = load_iris()
        x, labels, hidden = iris.data.astype(np.float32), iris.target, 40
    else:
        (images, labels), _ = load_mnist()
        x, hidden = images.reshape(len(images), -1) / np.float32(255), 100
    y = np.eye(labels.max() + 1, dtype=np.float32)[labels]
    sizes = np.array([x.shape[1], hidden, y.shape[1]])
    parameters = np.random.default_rng(0).standard_normal(n_parameters(sizes), dtype=np.float32)
    return KERNELS["train_steps"], {
        "parameters": parameters / np.sqrt(np.float32(x.shape[1])),
        "losses": np.zeros(1),
        "order": np.zeros(len(x), int),
        "x": x,
        "y": y,
        "sizes": sizes,
        "activations": np.array([CODES["sigmoid"], CODES["softmax"]]),
        "loss": CODES["categorical_crossentropy"],
        "batch_size": BATCH_SIZE,
        "learning_rate": 0.5,
        "shuffle_rows": True,
        "seed": 0,
        "first_step": 0,
        "n_steps": -(-len(x) // BATCH_SIZE),
    }


class Epoch(common.Batch):
    """Softmax read-out, sigmoid hidden layer, batches of ten, float32."""

    params = ([IRIS, MNIST], [1, 2])
    param_names = ("network", "threads")
    unit = "samples/s"

    def setup(self, network, threads):
        common.use_threads(threads)
        train, arguments = one_epoch(network)
        self.samples = len(arguments["x"])
        self.prepare(train, list(arguments.values()))

    def time_epoch(self, network, threads):
        self.run()

    def track_samples_per_second(self, network, threads):
        call = self.function, self.arguments
        return self.samples / min(common.seconds(*call) for _ in range(3))


class Memory:
    """Peak memory of a process that trains on the MNIST sample, imports and data included."""

    params = ([1, 2],)
    param_names = ("threads",)
    timeout = 300

    def setup_cache(self):
        """Compile in another process: the compiler's memory is not the training's."""
        train, arguments = one_epoch(MNIST)
        train(*(arguments | {"n_steps": 1}).values())

    def setup(self, threads):
        common.use_threads(threads)
        self.train, self.arguments = one_epoch(MNIST)

    def peakmem_epoch(self, threads):
        self.train(*self.arguments.values())
