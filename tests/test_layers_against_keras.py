"""The layers beyond the first ones beside Keras': from the same weights, the same training.

Tolerances are those of test_against_keras: a step rounds once for each term that is summed on the
way through the network and the mini-batch.
"""

import numpy as np
import pytest

import fastscratch

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SAMPLES, BATCH, EPOCHS = 20, 8, 2
# Sums of at most 300 terms of size about 1, in each of three steps an epoch.
CLOSE = {"rtol": 0, "atol": EPOCHS * 3 * 300 * 2.0**-23}


def images():
    return np.random.default_rng(1).standard_normal((SAMPLES, 8, 7, 4)).astype(np.float32)


def labels():
    return np.random.default_rng(2).integers(3, size=SAMPLES)


def row(make):
    """A graph of the layers that a function lists."""

    def graph(L):
        x = h = L.Input((8, 7, 4))
        for layer in make(L):
            h = layer(h)
        return x, h

    return graph


def branches(merge):
    """A graph that merges an image with a branch as large, and one of a number a channel."""

    def graph(L):
        x = L.Input((8, 7, 4))
        large = L.Conv2D(4, 3, padding="same", activation="relu")(x)
        small = L.GlobalAveragePooling2D(keepdims=True)(L.Conv2D(4, 2, activation="tanh")(x))
        return x, merge(L, x, large, small)

    return graph


GRAPHS = {
    "Conv1D": row(
        lambda L: [
            L.Reshape((14, 16)),
            L.Conv1D(5, 3, activation="relu"),
            L.Conv1D(4, 2, padding="causal", dilation_rate=2),
        ]
    ),
    "Conv1D same": row(lambda L: [L.Reshape((14, 16)), L.Conv1D(6, 4, 2, "same", groups=2)]),
    "MaxPooling1D": row(
        lambda L: [
            L.Reshape((14, 16)),
            L.Conv1D(5, 3, activation="relu"),
            L.MaxPooling1D(),
            L.MaxPooling1D(3, 2, "same"),
        ]
    ),
    # Not with padding: Keras on PyTorch counts what is at the edge twice, on other backends not.
    "AveragePooling1D": row(lambda L: [L.Reshape((14, 16)), L.Dense(5), L.AveragePooling1D(3, 2)]),
    "GlobalMaxPooling1D": row(
        lambda L: [
            L.Reshape((14, 16)),
            L.Conv1D(5, 3, activation="relu"),
            L.GlobalMaxPooling1D(keepdims=True),
        ]
    ),
    "GlobalAveragePooling1D": row(
        lambda L: [L.Reshape((14, 16)), L.Dense(5), L.GlobalAveragePooling1D()]
    ),
    "GlobalMaxPooling2D": row(
        lambda L: [L.Conv2D(6, 3, activation="tanh"), L.GlobalMaxPooling2D()]
    ),
    "GlobalMaxPooling2D wide": row(
        lambda L: [
            L.Conv2D(34, 2),
            L.Activation("relu"),
            L.GlobalMaxPooling2D(keepdims=True),
            L.GlobalAveragePooling2D(keepdims=True),
        ]
    ),
    "DepthwiseConv2D": row(
        lambda L: [
            L.DepthwiseConv2D(3, depth_multiplier=2, activation="tanh"),
            L.DepthwiseConv2D(2, 2, "same", use_bias=False),
        ]
    ),
    "SeparableConv2D": row(
        lambda L: [
            L.SeparableConv2D(5, 3, depth_multiplier=2, activation="tanh"),
            L.SeparableConv2D(6, 2, 2, "same", use_bias=False),
        ]
    ),
    "Conv2DTranspose": row(
        lambda L: [
            L.Conv2DTranspose(5, 3, 2, activation="tanh"),
            L.Conv2DTranspose(3, (2, 3), (1, 2), "same"),
        ]
    ),
    "Conv2DTranspose wide": row(
        lambda L: [
            L.Dense(16, "relu"),
            L.Conv2DTranspose(32, 3, padding="same", use_bias=False),
            L.Conv2DTranspose(16, 3, activation="relu"),
            L.MaxPooling2D(),
        ]
    ),
    "Conv2DTranspose padded": row(
        lambda L: [
            L.Conv2DTranspose(5, (4, 3), 3, "same", (2, 1)),
            L.Conv2DTranspose(2, 1, 3),
            L.Conv2DTranspose(2, 2, dilation_rate=2),
        ]
    ),
    "ZeroPadding2D": row(lambda L: [L.Conv2D(3, 2), L.ZeroPadding2D(((1, 2), (0, 3)))]),
    "Cropping2D": row(
        lambda L: [L.Conv2D(3, 2, activation="relu"), L.Cropping2D(((1, 2), (0, 3)))]
    ),
    "UpSampling2D": row(
        lambda L: [
            L.Conv2D(3, 2, activation="relu"),
            L.UpSampling2D((2, 3)),
            L.Conv2D(2, 2),
            L.MaxPooling2D(),
        ]
    ),
    "UpSampling2D bilinear": row(
        lambda L: [
            L.Conv2D(3, 2, activation="relu"),
            L.UpSampling2D((2, 3), interpolation="bilinear"),
            L.Conv2D(2, 2),
        ]
    ),
    "Permute": row(lambda L: [L.Conv2D(3, 2, activation="relu"), L.Permute((3, 1, 2)), L.Dense(4)]),
    "RepeatVector": row(lambda L: [L.Flatten(), L.Dense(5, "tanh"), L.RepeatVector(4), L.Dense(3)]),
    "Rescaling": row(
        lambda L: [L.Rescaling(0.5, 1), L.Conv2D(3, 2), L.Rescaling([1, 2, 3], [[1]] * 6)]
    ),
    "Normalization": row(
        lambda L: [
            L.Normalization(),
            L.Conv2D(3, 2, activation="relu"),
            L.Normalization(mean=[1, 2, 3], variance=[1, 4, 9]),
            L.Normalization((1, 3), invert=True),
            L.Normalization(None, 1.5, 2),
        ]
    ),
    "Add": branches(lambda L, x, large, small: L.Add()([large, x, large, small])),
    "Subtract": branches(lambda L, x, large, small: L.Subtract()([small, large])),
    "Multiply": branches(lambda L, x, large, small: L.Multiply()([large, small, x])),
    "Average": branches(lambda L, x, large, small: L.Average()([small, large, x])),
    "Maximum": branches(lambda L, x, large, small: L.Maximum()([small, large, x])),
    "Minimum": branches(lambda L, x, large, small: L.Minimum()([large, x, small])),
    "Concatenate": branches(lambda L, x, large, small: L.Concatenate()([large, x, large])),
    "Concatenate rows": branches(
        lambda L, x, large, small: L.Concatenate(1)(
            [large, L.Cropping2D(((1, 2), (0, 0)))(large), x]
        )
    ),
    "squeeze and excite": branches(
        lambda L, x, large, small: L.Add()(
            [x, L.Multiply()([large, L.Dense(4, "sigmoid")(L.Reshape((4,))(small))])]
        )
    ),
}


def compare(keras, graph, x, optimizer="SGD"):
    """Build the same model in both packages and train both; everything must agree."""

    def model(package):
        inputs, h = graph(package.layers)
        out = package.layers.Dense(3, "softmax")(package.layers.Flatten()(h))
        made = package.Model(inputs, out)
        made.compile(
            # So slow that no probability comes near 1e-7, where Keras cuts its logarithm off.
            getattr(package.optimizers, optimizer)(0.01),
            package.losses.SparseCategoricalCrossentropy(),
            metrics=["accuracy"],
        )
        return made

    keras.utils.clear_session()  # names of layers are numbered from the start, as ours
    ours, theirs = model(fastscratch), model(keras)
    ours.get_weights()  # there are weights from now on
    draws = np.random.default_rng(7)
    # The layers are in the same order; Keras numbers their names in that of their making.
    peers = [peer for peer in theirs.layers if not isinstance(peer, keras.layers.InputLayer)]
    assert [type(layer).__name__ for layer in ours.layers] == [type(p).__name__ for p in peers]
    for layer, peer in zip(ours.layers, peers, strict=True):
        for variable in (v for v in peer.weights if v.name != "count"):
            drawn = 0.15 * draws.standard_normal(variable.shape)
            variable.assign(abs(drawn) + 0.5 if variable.name == "variance" else drawn)
        layer.set_weights([variable.numpy() for variable in peer.weights])
        if isinstance(peer, keras.layers.Normalization):
            peer.finalize_state()

    options = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    found, expected = ours.fit(x, labels(), **options), theirs.fit(x, labels(), **options)
    for name, values in expected.history.items():
        np.testing.assert_allclose(found.history[name], values, **CLOSE, err_msg=name)
    for layer, peer in zip(ours.layers, peers, strict=True):
        for weight, variable in zip(layer.get_weights(), peer.weights, strict=True):
            np.testing.assert_allclose(weight, variable.numpy(), **CLOSE)
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), **CLOSE)


@pytest.mark.filterwarnings("ignore:You might experience inconsistencies:UserWarning")
@pytest.mark.filterwarnings("ignore:Torch backend requires:UserWarning")
@pytest.mark.parametrize("name", GRAPHS)
def test_training(keras, name):
    compare(keras, GRAPHS[name], images())


@pytest.mark.parametrize("optimizer", ["SGD", "Adagrad"])
def test_embedding(keras, optimizer):
    def graph(L):
        x = L.Input((6,))
        table = L.Embedding(11, 5, embeddings_regularizer="l2")
        return x, L.GlobalAveragePooling1D()(table(x))

    x = np.random.default_rng(5).integers(11, size=(SAMPLES, 6)).astype(np.float32)
    compare(keras, graph, x, optimizer)


def test_adapted_normalization(keras):
    x = images() + np.arange(4, dtype=np.float32)
    for axis in (-1, None, (1, 3)):
        ours, theirs = fastscratch.layers.Normalization(axis), keras.layers.Normalization(axis)
        ours.adapt(x)
        theirs.adapt(x)
        found = fastscratch.Sequential([fastscratch.Input((8, 7, 4)), ours]).predict(x)
        # Mean, variance, root, difference and quotient of numbers below 8.
        expected = theirs(x).detach().numpy()
        np.testing.assert_allclose(found, expected, rtol=0, atol=8 * 8 * 2**-23)


def test_transposed_convolutions_of_many_geometries(keras):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 3, 4, 2)).astype(np.float32)
    for _ in range(40):
        strides = tuple(int(size) for size in rng.integers(1, 4, 2))
        arguments = {
            "filters": 2,
            "kernel_size": tuple(int(size) for size in rng.integers(1, 6, 2)),
            "strides": strides,
            "padding": str(rng.choice(["valid", "same"])),
        }
        if rng.random() < 0.5:
            arguments["output_padding"] = tuple(int(rng.integers(0, size)) for size in strides)
        theirs = keras.layers.Conv2DTranspose(**arguments)
        expected = theirs(x).detach().numpy()
        if 0 in expected.shape:
            continue
        ours = fastscratch.Sequential(
            [fastscratch.Input((3, 4, 2)), fastscratch.layers.Conv2DTranspose(**arguments)]
        )
        ours.set_weights([variable.numpy() for variable in theirs.weights])
        # Sums of at most 5 * 5 * 2 products of numbers below 4, and the bias.
        np.testing.assert_allclose(ours.predict(x), expected, rtol=0, atol=51 * 4 * 2**-23)
