"""Workloads that somebody looked for, because fastscratch was slower than a peer when found.

Each is meant to be faster by a tenth or more now; some of them are not yet.
"""

import math

from .drawing import LEARNING_RATE, numbers_of
from .workloads import Network, Workload, dense, training

FLOOR = 1.1
PEERS = ("PyTorch", "JAX: scan")


def conv_network(input_shape, *convolutions):
    """Convolutions ``(filters, size)`` with relu, a mean over all places, and ten classes."""
    blocks = [("conv", filters, size, "same", "relu") for filters, size in convolutions]
    return Network(input_shape, (*blocks, ("global_average_pool",), ("dense", 10, "softmax")))


def train(name, network, batch_size, steps, peers=PEERS):
    """Training with Adam on drawn numbers."""
    return training(
        f"train {name}, batch {batch_size}, Adam",
        network,
        dict.fromkeys(peers, FLOOR),
        peers=peers,
        dataset="normal",
        rows=steps * batch_size,
        batch_size=batch_size,
        optimizer="Adam",
        learning_rate=LEARNING_RATE,
    )


def predict(name, rows, network):
    """A prediction of all rows at once."""
    peers = "PyTorch", "JAX", "onnxruntime"
    weights, activations = numbers_of(network)
    return Workload(
        f"predict {rows:,} of {name}",
        "predict",
        peers,
        dict.fromkeys(peers, 1.5),
        rows * network.flops(training=False),
        4 * (weights + rows * (network.input_shape[0] + activations)),
        network=network,
        dataset="normal",
        rows=rows,
        batch_size=rows,
    )


def product(rows, depth, columns):
    shape, peers = (rows, depth, columns), ("PyTorch", "NumPy")
    moved = 4 * (rows * depth + depth * columns + rows * columns)
    name, floors = f"product {rows} x {depth} x {columns}", dict.fromkeys(peers, FLOOR)
    return Workload(name, "product", peers, floors, 2 * math.prod(shape), moved, shape=shape)


IMAGES = (32, 64, 64, 32)

HARD = (
    Workload(
        "depthwise convolution 3x3 of 32x64x64x32",
        "op",
        ("PyTorch",),
        {"PyTorch": 2},
        2 * 9 * math.prod(IMAGES),
        2 * 4 * math.prod(IMAGES),
        shape=IMAGES,
        call=("depthwise_conv", 3),
    ),
    Workload(
        "MLPClassifier, 64 units, on sparse 20,000 x 50,000, 80 entries a row",
        "estimator",
        ("scikit-learn",),
        {"scikit-learn": 8},
        6 * 20_000 * 80 * 64,
        shape=(20_000, 50_000),
        call=("MLPClassifier", 64),
        density=80 / 50_000,
        at_most=100,
    ),
    *(
        train(
            f"30-100-100-10 {name}",
            dense(30, 100, 100, 10, hidden=name, read_out="softmax"),
            4096,
            8,
        )
        for name in ("gelu", "relu")
    ),
    predict("100-64-64-1 relu", 100_000, dense(100, 64, 64, 1, hidden="relu", read_out="sigmoid")),
    predict("409-22-9 relu", 22_000, dense(409, 22, 9, hidden="relu", read_out="softmax")),
    predict("5-43-116-216 elu", 22_000, dense(5, 43, 116, 216, hidden="elu", read_out="softmax")),
    train("71 filters 5x5 over 26x26x4", conv_network((26, 26, 4), (71, 5)), 17, 8, ("PyTorch",)),
    train(
        "2048-2048-2048-10 relu",
        dense(2048, 2048, 2048, 10, hidden="relu", read_out="softmax"),
        256,
        4,
    ),
    train("784-128-1000 relu", dense(784, 128, 1000, hidden="relu", read_out="softmax"), 256, 16),
    product(30, 5000, 30),
    train(
        "two layers of 256 filters 3x3 on 8x8x256",
        conv_network((8, 8, 256), (256, 3), (256, 3)),
        64,
        4,
        ("PyTorch",),
    ),
    train(
        "two layers of 256 filters 1x1 on 14x14x256",
        conv_network((14, 14, 256), (256, 1), (256, 1)),
        32,
        4,
        ("PyTorch",),
    ),
)
