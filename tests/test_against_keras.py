"""Models beside Keras': from the same weights, the same steps, histories and evaluations.

Keras computes in float32 too. A step rounds once for each term that is summed on the way through
the network and the mini-batch; errors of all steps add up.
"""

import numpy as np
import pytest

import fastscratch
from fastscratch import losses, optimizers
from fastscratch.activations import NAMES

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

BATCH, EPOCHS, SAMPLES = 8, 2, 20
STEPS = EPOCHS * 3
# Sums of at most 300 terms of size about 1.
CLOSE = {"rtol": 0, "atol": STEPS * 300 * 2.0**-23}


def images(n=SAMPLES, seed=1):
    return np.random.default_rng(seed).standard_normal((n, 8, 7, 4)).astype(np.float32)


def labels(n=SAMPLES, seed=2):
    return np.random.default_rng(seed).integers(3, size=n)


def translated(keras, make, package):
    """The layers of `make` from one package or the other, which have the same names."""
    of_keras = package is keras

    def activation(name):
        if of_keras and name == "gelu_tanh":  # it has no name there
            return lambda z: keras.activations.gelu(z, approximate=True)
        return name

    return make(package.layers, activation)


def pair(keras, make, optimizer, loss, metrics=(), shape=(8, 7, 4)):
    """The same model in both packages, with the same weights."""
    ours = fastscratch.Sequential(
        [fastscratch.layers.Input(shape), *translated(keras, make, fastscratch)]
    )
    theirs = keras.Sequential([keras.layers.Input(shape), *translated(keras, make, keras)])
    ours.compile(optimizer(fastscratch.optimizers), loss(fastscratch.losses), metrics)
    theirs.compile(optimizer(keras.optimizers), loss(keras.losses), metrics=list(metrics))
    draws = np.random.default_rng(7)
    # So small that no probability comes near 1e-7, where Keras cuts its logarithm off.
    weights = [0.15 * draws.standard_normal(weight.shape) for weight in ours.get_weights()]
    for i, (_, placed) in enumerate(ours._named_weights()):
        if placed.weight.name == "moving_variance":
            weights[i] = np.abs(weights[i]) + 0.5
    ours.set_weights(weights)
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def compare(ours, theirs, x, y, **options):
    """Train both; weights, histories, predictions and evaluations must agree."""
    options = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, "verbose": 0} | options
    found, expected = ours.fit(x, y, **options), theirs.fit(x, y, **options)
    assert found.history.keys() == expected.history.keys()
    for name, values in expected.history.items():
        np.testing.assert_allclose(found.history[name], values, **CLOSE, err_msg=name)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours.predict(x), theirs.predict(x, verbose=0), **CLOSE)
    np.testing.assert_allclose(
        ours.evaluate(x, y, batch_size=BATCH),
        theirs.evaluate(x, y, verbose=0, batch_size=BATCH),
        **CLOSE,
    )


def sgd(module):
    return module.SGD(0.05)


def sparse(module):
    return module.SparseCategoricalCrossentropy()


def classifier(body):
    """Layers, and a dense layer of three classes after them."""

    def make(L, activation):
        return [*body(L, activation), L.Flatten(), L.Dense(3, "softmax")]

    return make


BODIES = {
    "Dense": lambda L, f: [L.Dense(5, "tanh"), L.Dense(6, "relu", use_bias=False)],
    "Conv2D": lambda L, f: [L.Conv2D(5, 3, activation="relu"), L.Conv2D(6, (2, 3))],
    "Conv2D same": lambda L, f: [L.Conv2D(5, (4, 3), (2, 3), "same", use_bias=False)],
    "Conv2D dilated": lambda L, f: [L.Conv2D(5, 3, dilation_rate=(2, 1), padding="same")],
    "Conv2D grouped": lambda L, f: [L.Conv2D(6, 3, groups=2, activation="silu")],
    "Conv2D wide": lambda L, f: [L.Conv2D(34, 2, activation="tanh"), L.MaxPooling2D()],
    "MaxPooling2D": lambda L, f: [L.MaxPooling2D(), L.Conv2D(3, 2), L.MaxPooling2D(2, 1)],
    "MaxPooling2D same": lambda L, f: [L.MaxPooling2D((3, 2), (2, 3), "same")],
    "AveragePooling2D": lambda L, f: [L.Conv2D(3, 2), L.AveragePooling2D((2, 3), 1)],
    # Not with padding: Keras on PyTorch counts pixels at the edge twice, on other backends not.
    "GlobalAveragePooling2D": lambda L, f: [L.Conv2D(6, 3), L.GlobalAveragePooling2D()],
    "BatchNormalization": lambda L, f: [
        L.Conv2D(5, 3, use_bias=False),
        L.BatchNormalization(momentum=0.9),
        L.Activation("relu"),
    ],
    "BatchNormalization of rows": lambda L, f: [
        L.Flatten(),
        L.BatchNormalization(center=False, epsilon=0.01),
        L.Dense(6, use_bias=False),
        L.BatchNormalization(scale=False),
    ],
    "BatchNormalization frozen": lambda L, f: [
        L.Conv2D(5, 3),
        L.BatchNormalization(trainable=False),
    ],
    "LayerNormalization": lambda L, f: [
        L.Conv2D(5, 3),
        L.LayerNormalization(),
        L.Dense(6, "tanh"),
        L.LayerNormalization(center=False, scale=False),
    ],
    "Reshape": lambda L, f: [L.Reshape((14, -1)), L.Dense(3, "tanh"), L.Reshape((6, 7, 1))],
    "ReLU": lambda L, f: [L.Conv2D(3, 2), L.ReLU(0.5, 0.2, 0.1), L.ReLU()],
    "ReLU without a largest": lambda L, f: [L.Dense(4), L.ReLU(None, 0.2, 0.1)],
    "LeakyReLU": lambda L, f: [L.Conv2D(3, 2), L.LeakyReLU(0.1), L.Dense(3), L.LeakyReLU()],
    "ELU": lambda L, f: [L.Conv2D(3, 2), L.ELU(0.7)],
    "PReLU": lambda L, f: [L.PReLU(), L.Dense(3), L.PReLU("random_normal")],
    "PReLU shared": lambda L, f: [
        L.Conv2D(3, 2),
        L.PReLU(shared_axes=[1, 2]),
        L.PReLU(alpha_regularizer="l2", shared_axes=3),
    ],
    "Softmax": lambda L, f: [L.Softmax(1), L.Conv2D(3, 2), L.Softmax(axis=-2)],
    "Softmax of rows": lambda L, f: [L.Dense(3), L.Softmax()],
    "Conv2D frozen": lambda L, f: [L.Conv2D(5, 3), L.Conv2D(4, 2, trainable=False)],
}


@pytest.mark.parametrize("body", BODIES)
def test_layers(keras, body):
    models = pair(keras, classifier(BODIES[body]), sgd, sparse, ["accuracy"])
    compare(*models, images(), labels())


@pytest.mark.parametrize("name", NAMES)
def test_activations(keras, name):
    def body(L, activation):
        # In a layer, after a layer, and alone; between them a tanh, for exp(exp(x)) is too much.
        own = L.Conv2D(4, 2, activation=activation(name)), L.MaxPooling2D(), L.Activation("tanh")
        return [*own, L.Activation(activation(name)), L.Dense(5), L.Activation(activation(name))]

    compare(*pair(keras, classifier(body), sgd, sparse), images(), labels())


ONE_HOT = np.eye(3, dtype=np.float32)[labels()]
MANY = np.random.default_rng(3).integers(2, size=(SAMPLES, 3)).astype(np.float32)
REAL = np.random.default_rng(4).standard_normal((SAMPLES, 3)).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "options", "read_out", "y"),
    [
        ("MeanSquaredError", {}, "linear", REAL),
        ("MeanAbsoluteError", {}, "linear", REAL),
        ("Huber", {"delta": 0.4}, "tanh", REAL),
        ("Poisson", {}, "softplus", MANY),
        ("BinaryCrossentropy", {}, "sigmoid", MANY),
        ("BinaryCrossentropy", {"label_smoothing": 0.2}, "sigmoid", MANY),
        ("BinaryCrossentropy", {"from_logits": True}, "linear", MANY),
        ("CategoricalCrossentropy", {}, "softmax", ONE_HOT),
        ("CategoricalCrossentropy", {"label_smoothing": 0.2}, "softmax", ONE_HOT),
        ("CategoricalCrossentropy", {"from_logits": True}, "linear", ONE_HOT),
        ("SparseCategoricalCrossentropy", {}, "softmax", labels()),
        ("SparseCategoricalCrossentropy", {"from_logits": True}, "linear", labels()),
        ("SparseCategoricalCrossentropy", {"ignore_class": 1}, "softmax", labels()),
        ("MeanAbsolutePercentageError", {}, "linear", MANY + 1),
        ("MeanSquaredLogarithmicError", {}, "softplus", MANY),
        ("LogCosh", {}, "linear", REAL),
        ("KLDivergence", {}, "softmax", ONE_HOT),
        ("CosineSimilarity", {}, "linear", REAL),
        ("Hinge", {}, "tanh", MANY),
        ("Hinge", {}, "linear", 2 * MANY - 1),
        ("SquaredHinge", {}, "linear", MANY),
        ("CategoricalHinge", {}, "linear", ONE_HOT),
        ("BinaryFocalCrossentropy", {}, "sigmoid", MANY),
        (
            "BinaryFocalCrossentropy",
            {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1},
            *("sigmoid", MANY),
        ),
        ("BinaryFocalCrossentropy", {"from_logits": True}, "linear", MANY),
        ("CategoricalFocalCrossentropy", {}, "softmax", ONE_HOT),
        ("CategoricalFocalCrossentropy", {"alpha": 0.6, "gamma": 1.5}, "softmax", ONE_HOT),
        ("CategoricalFocalCrossentropy", {"from_logits": True}, "linear", ONE_HOT),
        ("CategoricalGeneralizedCrossEntropy", {}, "softmax", labels()),
        ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, "softmax", labels()),
        ("MeanSquaredError", {"reduction": "sum"}, "linear", REAL / 9),
        ("MeanSquaredError", {"reduction": "mean"}, "linear", REAL),
        ("CategoricalCrossentropy", {"reduction": "mean_with_sample_weight"}, "softmax", ONE_HOT),
    ],
)
def test_losses(keras, name, options, read_out, y):
    def make(L, activation):
        return [L.Flatten(), L.Dense(5, "tanh"), L.Dense(3, read_out)]

    models = pair(keras, make, sgd, lambda module: getattr(module, name)(**options), ["accuracy"])
    compare(*models, images() / 4, y)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("ignored", [None, -1])
def test_labels_of_every_place(keras, ignored, reduction):
    """Three classes of each pixel; some pixels have none."""

    def loss(module):
        options = {"ignore_class": ignored, "reduction": reduction}
        return module.SparseCategoricalCrossentropy(from_logits=True, **options)

    def make(L, activation):
        return [L.Conv2D(4, 3, padding="same", activation="tanh"), L.Conv2D(3, 1)]

    rng = np.random.default_rng(5)
    y = rng.integers(3, size=(SAMPLES, 8, 7))
    if ignored is not None:
        y[rng.random(y.shape) < 0.4] = ignored
    slow = (lambda module: module.SGD(1e-4)) if reduction == "sum" else sgd
    compare(*pair(keras, make, slow, loss), images() / 4, y)


@pytest.mark.parametrize("reduction", ["sum", "mean", "mean_with_sample_weight"])
def test_reductions_of_weighted_samples(keras, reduction):
    def make(L, activation):
        return [L.Flatten(), L.Dense(3, "softmax")]

    def loss(module):
        return module.CategoricalCrossentropy(reduction=reduction)

    weights = np.random.default_rng(6).uniform(0, 2, SAMPLES)
    slow = (lambda module: module.SGD(1e-3)) if reduction == "sum" else sgd
    ours, theirs = pair(keras, make, slow, loss)
    options = {"batch_size": BATCH, "epochs": 2, "shuffle": False, "verbose": 0}
    options["sample_weight"] = weights
    found = ours.fit(images() / 4, ONE_HOT, **options)
    expected = theirs.fit(images() / 4, ONE_HOT, **options)
    np.testing.assert_allclose(found.history["loss"], expected.history["loss"], **CLOSE)
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **CLOSE)


def test_every_loss_is_compared():
    """All but the one that Keras does not have."""
    ours = {type(losses.get(name)).__name__ for name in losses._BY_NAME}
    marks = test_losses.pytestmark[0].args[1]
    assert ours - {case[0] for case in marks} == {"MultilabelCrossentropy"}


@pytest.mark.parametrize("loss", ["mse", "mae", "huber", "poisson"])
def test_one_output_and_targets_in_one_axis(keras, loss):
    def make(L, activation):
        return [L.Flatten(), L.Dense(5, "tanh"), L.Dense(1, "softplus")]

    models = pair(keras, make, sgd, lambda module: loss)
    compare(*models, images() / 4, MANY[:, :1])


OPTIMIZERS = [
    optimizers.SGD(0.05),
    optimizers.SGD(0.05, weight_decay=0.1),
    optimizers.SGD(0.05, momentum=0.9),
    optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    optimizers.SGD(0.05, clipvalue=0.01),
    optimizers.SGD(0.5, clipnorm=0.1),
    optimizers.SGD(0.5, global_clipnorm=0.1),
    optimizers.RMSprop(0.01),
    optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    optimizers.Adagrad(0.05),
    optimizers.Adam(0.01),
    optimizers.Adam(0.01, global_clipnorm=0.1),
    optimizers.AdamW(0.01, 0.1),
    optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 2, 0.5)),
    optimizers.SGD(optimizers.schedules.CosineDecay(0.05, 5, 0.1, 0.1, 2)),
]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_optimizers(keras, optimizer):
    """A smooth network, where no gradient is so small that its rounding is amplified."""

    def make(L, activation):
        return [L.Flatten(), L.Dense(5, "tanh"), L.Dense(3, "softmax")]

    def of(module):
        config = optimizer.get_config()
        kind = config.pop("class")
        if isinstance(config["learning_rate"], dict):
            rate = config["learning_rate"]
            config["learning_rate"] = getattr(module.schedules, rate.pop("class"))(**rate)
        return getattr(module, kind)(**config)

    compare(*pair(keras, make, of, sparse), images() / 4, labels())


def test_regularizers(keras):
    def body(L, activation):
        penalties = {"kernel_regularizer": "l2", "bias_regularizer": "l1"}
        return [
            L.Conv2D(4, 3, **penalties),
            L.LayerNormalization(gamma_regularizer="l1", beta_regularizer="l2"),
            L.Dense(5, **penalties, trainable=False),
            L.BatchNormalization(gamma_regularizer="l2"),
            L.Dense(5, kernel_regularizer="l1"),
        ]

    for clip in ({}, {"clipnorm": 0.2}, {"global_clipnorm": 0.5}):
        models = pair(
            keras,
            classifier(body),
            lambda module, clip=clip: module.SGD(0.05, **clip),
            sparse,
        )
        compare(*models, images(), labels())


def test_weights_of_samples_and_classes_and_validation(keras):
    def make(L, activation):
        return [L.Flatten(), L.Dense(5, "tanh"), L.Dense(3, "softmax")]

    x, y = images() / 4, labels()
    weights = np.random.default_rng(5).random(SAMPLES).astype(np.float32)
    held_out = images(11, 8) / 4, labels(11, 9)
    for options in (
        {"sample_weight": weights},
        {"class_weight": {0: 0.5, 1: 2.0, 2: 1.5}},
        {"validation_data": held_out},
        {"validation_data": (*held_out, weights[:11])},
        {"validation_split": 0.3},
        {"epochs": 5, "initial_epoch": 3},
    ):
        compare(*pair(keras, make, sgd, sparse, ["accuracy"]), x, y, **options)


@pytest.mark.parametrize("read_out", ["sigmoid", "linear"])
def test_binary_accuracy(keras, read_out):
    def make(L, activation):
        return [L.Flatten(), L.Dense(1, read_out)]

    def loss(module):
        return module.BinaryCrossentropy(from_logits=read_out == "linear")

    models = pair(keras, make, sgd, loss, ["accuracy"])
    compare(*models, images() / 4, MANY[:, :1])


def test_summary_counts_the_same(keras):
    for body in BODIES.values():
        ours, theirs = pair(keras, classifier(body), sgd, sparse)
        assert ours.count_params() == theirs.count_params()
        assert [w.shape for w in ours.get_weights()] == [w.shape for w in theirs.get_weights()]


@pytest.mark.parametrize("shape", [(1,), (6, 5, 1)])
def test_a_last_axis_of_one_may_be_left_out(keras, shape):
    """As of a single column, or of grey images."""

    def make(layers, activation):
        return [layers.Flatten(), layers.Dense(1)]

    x = np.random.default_rng(0).standard_normal((SAMPLES, *shape)).astype(np.float32)
    y = np.arange(SAMPLES, dtype=np.float32) / SAMPLES
    ours, theirs = pair(keras, make, lambda o: o.SGD(0.1), lambda o: "mse", (), shape)
    np.testing.assert_allclose(
        ours.predict(x[..., 0]), theirs.predict(x[..., 0], verbose=0), **CLOSE
    )
    np.testing.assert_array_equal(ours.predict(x[..., 0]), ours.predict(x))
    for model in (ours, theirs):
        model.fit(x[..., 0], y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)
    np.testing.assert_allclose(ours.get_weights()[0], theirs.get_weights()[0], **CLOSE)
    assert ours.evaluate(x[..., 0], y) == ours.evaluate(x, y)
    unbuilt = fastscratch.Sequential(
        [fastscratch.layers.Input(shape), *make(fastscratch.layers, 0)]
    )
    assert unbuilt.predict(x[..., 0]).shape == (SAMPLES, 1)
