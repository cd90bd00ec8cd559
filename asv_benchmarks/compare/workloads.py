"""What is computed, by whom, and by how much fastscratch is meant to be faster."""

import dataclasses
import math

TRAINERS = ("PyTorch", "JAX: scan", "JAX: step", "scikit-learn", "NumPy")


@dataclasses.dataclass(frozen=True)
class Network:
    """Layers in a row, described once for all libraries.

    Attributes
    ----------
    input_shape : tuple of int
        Of one sample, channels last.
    layers : tuple of tuple
        ``("dense", units, activation)``, ``("conv", filters, size, padding, activation)``,
        ``("depthwise", size, padding, activation)``, ``("max_pool", size)``,
        ``("average_pool", size)``, ``("batch_norm",)``, ``("layer_norm",)``,
        ``("activation", name)``, ``("dropout", rate)``, ``("global_average_pool",)`` or
        ``("flatten",)``.
    """

    input_shape: tuple
    layers: tuple

    @property
    def read_out(self):
        """Activation of the last layer: sigmoid (binary cross-entropy) or softmax."""
        return self.layers[-1][-1]

    def walk(self):
        """Each layer with the shape of its input and the shapes of its weights, as in Keras."""
        shape = self.input_shape
        for layer in self.layers:
            before, weights = shape, ()
            match layer:
                case ("dense", units, _):
                    weights, shape = ((*shape, units), (units,)), (units,)
                case ("conv", filters, size, padding, _):
                    weights = ((size, size, shape[2], filters), (filters,))
                    shape = (*(n - (size - 1) * (padding == "valid") for n in shape[:2]), filters)
                case ("depthwise", size, padding, _):
                    weights = ((size, size, shape[2], 1), (shape[2],))
                    shape = (*(n - (size - 1) * (padding == "valid") for n in shape[:2]), shape[2])
                case ("max_pool" | "average_pool", size):
                    shape = (shape[0] // size, shape[1] // size, shape[2])
                case ("layer_norm",):
                    weights = ((shape[-1],),) * 2  # gamma, beta
                case ("batch_norm",):
                    weights = ((shape[2],),) * 4  # gamma, beta, moving mean and variance
                case ("global_average_pool",):
                    shape = shape[2:]
                case ("flatten",):
                    shape = (math.prod(shape),)
            yield layer, before, weights, shape

    def flops(self, training):
        """Floating-point operations of one sample in dense and convolution layers.

        Backpropagation costs the forward pass twice more, save the input gradient of the first.
        """
        forward = [
            2 * math.prod(weights[0]) * math.prod(after[:-1])
            for layer, _, weights, after in self.walk()
            if layer[0] in ("dense", "conv", "depthwise")
        ]
        return 3 * sum(forward) - forward[0] if training else sum(forward)


@dataclasses.dataclass(frozen=True, eq=False)
class Workload:
    """One thing that is timed.

    Attributes
    ----------
    name : str
    kind : str
        What a library must know to take part: "train", "predict", "conv forward",
        "conv backward", "window", "product", "op", "estimator", "search".
    peers : tuple of str
        Who is compared with: a library, which is its best variant, or "library: variant".
    floors : dict of str to float
        How many times faster than a peer fastscratch is meant to be, with the most threads.
    flops, bytes : float
        Of one step, or of one call.
    network : Network, optional
    dataset : {"iris", "mnist", "noise", "normal", "breast cancer"}, optional
    rows : int
        Samples in the data; a multiple of the batch size, so that all batches are full.
    batch_size : int
        Of a training step, or of a prediction.
    optimizer : {"SGD", "RMSprop", "Adam"}, optional
    learning_rate : float
    check_epochs : int
        The loss of this epoch is compared.
    epochs : int
        Of one repetition.
    models : int
        How many networks are trained together, each with a learning rate and a seed of its own; a
        step of one of them is timed.
    at_most : int
        Epochs of one call of ``fit``, or calls in a row.
    size : int
        Of the sliding window.
    shape : tuple of int
        Rows, depth and columns of a product; samples and features of an estimator; else of the
        input of an op.
    call : tuple
        Of an op or an estimator: its name, and numbers it needs. Of a search: the parameters of
        the network, and the grid, as pairs of a name and a value or values.
    density : float
        Part of the inputs of an estimator that are not zero; below 1 they are a sparse matrix.
    dtype : {"float32", "float64"}
    """

    name: str
    kind: str
    peers: tuple
    floors: dict
    flops: float
    bytes: float = 0
    network: Network | None = None
    dataset: str | None = None
    rows: int = 0
    batch_size: int = 1
    optimizer: str | None = None
    learning_rate: float = 0.001
    check_epochs: int = 1
    epochs: int = 1
    models: int = 1
    at_most: int = 1_000_000
    size: int = 0
    shape: tuple = ()
    call: tuple = ()
    density: float = 1.0
    dtype: str = "float32"

    @property
    def libraries(self):
        """The libraries that take part."""
        return dict.fromkeys(("fastscratch", *(peer.partition(":")[0] for peer in self.peers)))

    def compares_with(self, library, variant):
        """Whether a variant is compared with: all of a library are, unless peers name some."""
        named = [peer for peer in self.peers if peer.startswith(f"{library}: ")]
        return not named or f"{library}: {variant}" in named

    @property
    def steps(self):
        """Steps in one repetition: those of its epochs of all models, or the one call."""
        steps = self.rows // self.batch_size * self.epochs * self.models
        return steps if self.kind == "train" else 1

    @property
    def learning_rates(self):
        """One for each of the models."""
        return [self.learning_rate * (1 + k / self.models) for k in range(self.models)]


def dense(*sizes, hidden, read_out):
    """A network of dense layers."""
    below = [("dense", units, hidden) for units in sizes[1:-1]]
    return Network(sizes[:1], (*below, ("dense", sizes[-1], read_out)))


def lenet(padding):
    """LeNet-5 with rectified linear units and maxima."""
    return Network(
        (28, 28, 1),
        (
            ("conv", 6, 5, padding, "relu"),
            ("max_pool", 2),
            ("conv", 16, 5, "valid", "relu"),
            ("max_pool", 2),
            ("flatten",),
            ("dense", 120, "relu"),
            ("dense", 84, "relu"),
            ("dense", 10, "softmax"),
        ),
    )


def deep_cnn():
    """Six convolutions of 32 to 64 channels with batch normalisation."""

    def block(filters):
        return (("conv", filters, 3, "same", "linear"), ("batch_norm",), ("activation", "relu"))

    return Network(
        (32, 32, 3),
        (
            *(block(32) * 2),
            ("max_pool", 2),
            *(block(64) * 2),
            ("max_pool", 2),
            *(block(64) * 2),
            ("global_average_pool",),
            ("dense", 10, "softmax"),
        ),
    )


def training(name, network, floors, *, peers=TRAINERS, **how):
    """Mini-batch training, with shuffling and the loss; a step is timed."""
    flops = how["batch_size"] * network.flops(training=True)
    return Workload(name, "train", peers, floors, flops, network=network, **how)


def searching(name, dataset, floors, parameters, grid):
    """A grid search over networks of scikit-learn's interface, in five folds; all of it is timed.

    The second peer is the search of scikit-learn with the networks of fastscratch.
    """
    call = tuple({"random_state": 0, **parameters}.items()), tuple(grid.items())
    peers = "scikit-learn: MLPClassifier", "scikit-learn: networks of fastscratch"
    floors = dict(zip(peers, floors, strict=False))
    return Workload(name, "search", peers, floors, 0, dataset=dataset, call=call, dtype="float64")


RATES = (1e-3, 3e-3, 1e-2)
LENET, LENET_SAME, DIGITS = lenet("valid"), lenet("same"), "mnist"
SIGMOIDS = dense(784, 100, 10, hidden="sigmoid", read_out="sigmoid")
CONVOLUTION = {"shape": (16, 56, 56, 64), "filters": 64}  # images, channels last; 3 x 3 "same"
CONVOLUTION_FLOPS = 2 * math.prod(CONVOLUTION["shape"]) * 9 * CONVOLUTION["filters"]
IMAGE = (2048, 2048)

WORKLOADS = (
    training(
        "train 4-40-3 sigmoid, batch 10, SGD",
        dense(4, 40, 3, hidden="sigmoid", read_out="sigmoid"),
        {"PyTorch": 60, "JAX: scan": 1.2},
        dataset="iris",
        rows=150,
        batch_size=10,
        optimizer="SGD",
        learning_rate=0.1,
        check_epochs=200,
        at_most=1000,
    ),
    training(
        "train 256 times 4-40-3 sigmoid together, batch 10, SGD",
        dense(4, 40, 3, hidden="sigmoid", read_out="sigmoid"),
        {"JAX": 12},
        peers=("JAX",),
        dataset="iris",
        rows=150,
        batch_size=10,
        optimizer="SGD",
        learning_rate=0.1,
        check_epochs=200,
        epochs=100,
        models=256,
    ),
    training(
        "train 784-100-10 sigmoid, batch 10, SGD",
        SIGMOIDS,
        {"PyTorch": 7, "JAX: scan": 1.2},
        dataset=DIGITS,
        rows=14_000,
        batch_size=10,
        optimizer="SGD",
        learning_rate=1.0,
    ),
    training(
        "train 784-512-10 relu, batch 128, RMSprop",
        dense(784, 512, 10, hidden="relu", read_out="softmax"),
        {"PyTorch": 2, "JAX: scan": 1.2},
        dataset=DIGITS,
        rows=109 * 128,
        batch_size=128,
        optimizer="RMSprop",
    ),
    training(
        "train 784-512-512-10 relu, batch 128, Adam",
        dense(784, 512, 512, 10, hidden="relu", read_out="softmax"),
        {"PyTorch": 1.3, "JAX: scan": 1.2},
        dataset=DIGITS,
        rows=109 * 128,
        batch_size=128,
        optimizer="Adam",
    ),
    *(
        training(
            f"train LeNet-5{extra}, batch {batch_size}, Adam",
            network,
            floors,
            peers=("PyTorch", "JAX: scan", "JAX: step"),
            dataset=DIGITS,
            rows=2560,
            batch_size=batch_size,
            optimizer="Adam",
        )
        for extra, network, batch_size, floors in (
            ("", LENET, 32, {"PyTorch": 8, "JAX: scan": 20}),
            ("", LENET, 128, {"PyTorch": 5.5, "JAX: scan": 20}),
            (" 'same' (extra)", LENET_SAME, 32, {}),
            (" 'same' (extra)", LENET_SAME, 128, {}),
        )
    ),
    training(
        "train deep CNN with batch norm, batch 32, Adam",
        deep_cnn(),
        {"PyTorch": 1.2, "JAX: step": 1.2},
        peers=("PyTorch", "JAX: step"),  # a scan took 3.5 s a step on one thread, 30 times more
        dataset="noise",
        rows=320,
        batch_size=32,
        optimizer="Adam",
        check_epochs=2,
    ),
    searching(
        "grid search, iris, 4-40-3: 75 fits of 50 epochs, batch 10, Adam",
        "iris",
        (30, 5),
        {"hidden_layer_sizes": (40,), "max_iter": 50, "batch_size": 10},
        {"alpha": (1e-5, 1e-4, 1e-3, 1e-2, 1e-1), "learning_rate_init": RATES},
    ),
    *(
        searching(
            f"grid search, breast cancer: 240 fits, early stopping, batch {batch_size}, Adam",
            "breast cancer",
            (25,),
            {"early_stopping": True, "batch_size": batch_size},
            {
                "alpha": (1e-5, 1e-4, 1e-3, 1e-2),
                "learning_rate_init": RATES,
                "hidden_layer_sizes": ((20,), (50,), (100,), (50, 50)),
            },
        )
        for batch_size in (10, "auto")
    ),
    Workload(
        "predict one sample, 784-100-10",
        "predict",
        ("PyTorch", "onnxruntime"),
        {"PyTorch": 1.5, "onnxruntime": 1.5},
        SIGMOIDS.flops(training=False),
        network=SIGMOIDS,
        dataset=DIGITS,
        rows=1,
    ),
    Workload(
        "predict 10,000 digits, LeNet-5",
        "predict",
        ("PyTorch", "JAX", "onnxruntime"),
        {"PyTorch": 2},
        10_000 * LENET.flops(training=False),
        network=LENET,
        dataset=DIGITS,
        rows=10_000,
        batch_size=10_000,
    ),
    Workload(
        "convolution 16x64x56x56, 64 filters 3x3, forward",
        "conv forward",
        ("PyTorch",),
        {"PyTorch": 1},
        CONVOLUTION_FLOPS,
    ),
    Workload(
        "convolution 16x64x56x56, 64 filters 3x3, backward",
        "conv backward",
        ("PyTorch",),
        {"PyTorch": 1},
        2 * CONVOLUTION_FLOPS,
    ),
    *(
        Workload(
            f"sliding window {size}x{size} over 2048x2048",
            "window",
            ("OpenCV", "SciPy", "PyTorch"),
            {"OpenCV": 1},
            2 * size**2 * math.prod(IMAGE),
            2 * 4 * math.prod(IMAGE),
            size=size,
        )
        for size in (3, 5, 7)
    ),
    *(
        Workload(
            f"dense product, n = {n}",
            "product",
            ("PyTorch", "NumPy"),
            {"PyTorch": 0.95, "NumPy": 1},
            2 * n**3,
            shape=(n, n, n),
        )
        for n in (128, 256, 512, 1024, 2048)
    ),
)

#: What the machine can do, measured by fastscratch: the roofs that the others are held against.
TILE, COPY = "tile of a product (the machine's peak)", "copy of 2048x2048 numbers"
ROOFS = (
    Workload(TILE, "tile", (), {}, 1e9),
    Workload(COPY, "copy", (), {}, 0, 2 * 4 * math.prod(IMAGE)),
)
