"""Cross-entropies and the activations in front of them, by Keras's formulas in NumPy.

A cross-entropy after its own activation is computed from the scores; after any other it is that
of the outputs as probabilities, cut off at 1e-7 and 1 - 1e-7, the categorical one after they are
divided by their sum.
"""

import warnings

import numpy as np
import pytest

from fastscratch import Sequential, layers, losses, optimizers
from fastscratch.utils import set_random_seed, to_categorical

SAMPLES, INPUTS, OUTPUTS = 40, 4, 3
EPSILON = 1e-7
EPS = float(np.finfo(np.float32).eps)


def bounded(p):
    return np.clip(p, EPSILON, 1 - EPSILON)


def multilabel(p, y):
    return -(y * np.log(bounded(p)) + (1 - y) * np.log(bounded(1 - p))).sum(axis=1).mean()


def binary(p, y):
    return multilabel(p, y) / y.shape[1]


def categorical(p, y):
    return -(y * np.log(bounded(p / p.sum(axis=1, keepdims=True)))).sum(axis=1).mean()


def softmax(z):
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


LOSSES = {
    "binary_crossentropy": binary,
    "multilabel_crossentropy": multilabel,
    "categorical_crossentropy": categorical,
    "sparse_categorical_crossentropy": categorical,
}
READ_OUTS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "softmax": softmax,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "linear": lambda z: z,
}
WRONG = {
    "binary_crossentropy": "softmax",
    "multilabel_crossentropy": "softmax",
    "categorical_crossentropy": "sigmoid",
    "sparse_categorical_crossentropy": "sigmoid",
}


def model_of(read_out, apart=False):
    """A model that is the same at each call; its outputs lie between 0 and 1."""
    set_random_seed(5)
    last = [layers.Dense(OUTPUTS), layers.Activation(read_out)]
    last = last if apart else [layers.Dense(OUTPUTS, read_out)]
    model = Sequential([layers.Input((INPUTS,)), *last])
    rng = np.random.default_rng(7)
    if read_out in ("sigmoid", "softmax"):
        kernel = rng.standard_normal((INPUTS, OUTPUTS))
        bias = rng.standard_normal(OUTPUTS)
    else:
        kernel = rng.uniform(-0.1, 0.1, (INPUTS, OUTPUTS))
        bias = rng.uniform(0.45, 0.55, OUTPUTS) if read_out == "linear" else [-0.5, -0.4, -0.6]
    model.set_weights([kernel, bias])
    return model


def compile_quietly(model, optimizer, loss):
    """Compile a pair that may be the wrong one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.compile(optimizer, loss)
    return model


def data(loss, seed=1):
    rng = np.random.default_rng(seed)
    x = rng.random((SAMPLES, INPUTS), np.float32)
    labels = (x[:, 0] > 0.5) + (x[:, 1] > 0.6).astype(int)
    one_hot = to_categorical(labels, OUTPUTS)
    return x, labels if loss.startswith("sparse") else one_hot, one_hot


def expected_loss(loss, read_out, x, y, kernel, bias):
    x, y, kernel, bias = (np.asarray(array, float) for array in (x, y, kernel, bias))
    return LOSSES[loss](READ_OUTS[read_out](x @ kernel + bias), y)


@pytest.mark.parametrize("apart", [False, True], ids=["in-the-layer", "apart"])
@pytest.mark.parametrize("read_out", READ_OUTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_is_that_of_the_probabilities(loss, read_out, apart):
    x, y, one_hot = data(loss)
    model = compile_quietly(model_of(read_out, apart), "sgd", loss)
    expected = expected_loss(loss, read_out, x, one_hot, *model.get_weights())
    # a dozen sums, and 16 for each exponential and logarithm; p >= 0.01 here
    bound = (12 + 32) * EPS / 0.01
    assert model.evaluate(x, y) == pytest.approx(expected, rel=bound)


@pytest.mark.parametrize("read_out", READ_OUTS)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_step_goes_down_the_gradient(loss, read_out):
    """One step of plain descent on all samples, against central differences in float64."""
    x, y, one_hot = data(loss)
    model = compile_quietly(model_of(read_out), optimizers.SGD(1.0), loss)
    weights = [weight.astype(float) for weight in model.get_weights()]
    model.fit(x, y, batch_size=SAMPLES, verbose=0)
    h = 1e-5  # truncation h**2 times a third derivative below 1e5, rounding 1e-16 / h
    for before, after in zip(weights, model.get_weights(), strict=True):
        gradient = np.empty_like(before)
        for place in np.ndindex(before.shape):
            ends = []
            for step in (h, -h):
                before[place] += step
                ends.append(expected_loss(loss, read_out, x, one_hot, *weights))
                before[place] -= step
            gradient[place] = (ends[0] - ends[1]) / (2 * h)
        size = max(1, np.abs(gradient).max(), np.abs(before).max())
        bound = 1e-5 + (SAMPLES + 64) * EPS * size / 0.01
        np.testing.assert_allclose(before - after, gradient, rtol=0, atol=bound)
        assert np.abs(gradient).max() > 10 * bound


@pytest.mark.parametrize("loss", LOSSES)
def test_the_wrong_pair_warns_and_learns(loss):
    x, y, _ = data(loss)
    model, read_out = model_of(WRONG[loss]), losses.get(loss).read_out
    message = f"{loss} needs a {read_out} activation in the last layer, got {WRONG[loss]}: what is"
    with pytest.warns(UserWarning, match=message) as caught:
        model.compile(optimizers.SGD(1.0), loss)
    assert caught[0].filename == __file__  # it points at the caller
    history = model.fit(x, y, batch_size=10, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.8 * history[0]


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_of_the_wrong_pair_are_others(loss):
    """The essay says that they are the same. Those of each sample with respect to its scores."""
    x, y, one_hot = data(loss)
    for read_out in ("sigmoid", "softmax"):
        model = compile_quietly(model_of(read_out), "sgd", loss)
        _, (_, gradients) = model.per_sample_gradients(x, y)  # of the bias, which each score adds
        kernel, bias = model.get_weights()
        delta = READ_OUTS[read_out](x @ kernel + bias) - one_hot  # the essay's a - y
        factors = gradients / delta
        if read_out == losses.get(loss).read_out:
            share = 1 / OUTPUTS if loss == "binary_crossentropy" else 1
            np.testing.assert_allclose(factors, share, rtol=1e-4)
        else:
            assert factors.max() > 1.5 * factors.min()


def test_gradients_that_the_guide_gives():
    """docs/training.md: at the scores (2, 1, 0), with the target (0, 1, 0)."""
    gradients = []
    for loss in ("categorical_crossentropy", "binary_crossentropy"):
        model = Sequential([layers.Input((3,)), layers.Activation("softmax")])
        compile_quietly(model, "sgd", loss)
        (gradient,) = model.input_gradients([[2, 1, 0]], [[0, 1, 0]]).round(3).tolist()
        gradients.append(pytest.approx(gradient))
    assert gradients == [[0.665, -0.755, 0.09], [0.422, -0.422, 0.0]]


@pytest.mark.parametrize("loss", LOSSES)
def test_other_pairs_do_not_warn(loss):  # warnings are errors here
    model_of(losses.get(loss).read_out).compile("sgd", loss)
    model_of("linear").compile("sgd", type(losses.get(loss))(from_logits=True))


@pytest.mark.parametrize("loss", LOSSES)
def test_logits_are_wanted_before_the_read_out(loss):
    kind = type(losses.get(loss))
    x, y, _ = data(loss)
    for read_out in ("sigmoid", "softmax"):
        model = compile_quietly(model_of(read_out), "sgd", loss)
        before = model.evaluate(x, y)
        message = f"{loss} with from_logits=True needs a linear activation .*, got {read_out}"
        with pytest.raises(ValueError, match=message):
            model.compile("sgd", kind(from_logits=True))
        assert model.evaluate(x, y) == before  # it is still compiled as it was
    right, logits = model_of(kind.read_out), model_of("linear")
    logits.set_weights(right.get_weights())
    right.compile("sgd", loss)
    logits.compile("sgd", kind(from_logits=True))
    assert logits.evaluate(x, y) == right.evaluate(x, y)


def test_scores_of_any_activation_may_be_logits():
    x, y, one_hot = data("categorical_crossentropy")
    model = model_of("softplus")
    model.compile("sgd", losses.CategoricalCrossentropy(from_logits=True))
    outputs = model.predict(x).astype(float)
    expected = -(one_hot * np.log(softmax(outputs))).sum(axis=1).mean()
    assert model.evaluate(x, y) == pytest.approx(expected, rel=44 * EPS)


@pytest.mark.parametrize("read_out", ["sigmoid", "softmax"])
@pytest.mark.parametrize(
    ("loss", "towards"),
    [
        ("binary_crossentropy", 1 / 2),
        ("multilabel_crossentropy", 1 / 2),
        ("categorical_crossentropy", 1 / OUTPUTS),
    ],
)
def test_smoothed_targets(loss, towards, read_out):
    x, y, one_hot = data(loss)
    model = model_of(read_out)
    compile_quietly(model, "sgd", type(losses.get(loss))(label_smoothing=0.25))
    smoothed = 0.75 * one_hot + 0.25 * towards
    expected = expected_loss(loss, read_out, x, smoothed, *model.get_weights())
    bound = (12 + 32) * EPS / 0.01
    assert model.evaluate(x, y) == pytest.approx(expected, rel=bound)


def test_a_layer_added_later_changes_the_read_out():
    x, y, one_hot = data("categorical_crossentropy")
    model = model_of("softmax")
    model.compile("sgd", "categorical_crossentropy")
    model.add(layers.Reshape((OUTPUTS,)))  # the outputs are the same, the scores are not at hand
    expected = -(one_hot * np.log(model.predict(x).astype(float))).sum(axis=1).mean()
    assert model.evaluate(x, y) == pytest.approx(expected, rel=44 * EPS)


def test_accuracy_counts_probabilities():
    x, y, _ = data("categorical_crossentropy")
    model = model_of("sigmoid")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    right = model.predict(x).argmax(axis=1) == y.argmax(axis=1)
    assert model.evaluate(x, y)[1] == pytest.approx(right.mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        model = model_of("softmax")
        model.compile("sgd", "binary_crossentropy", metrics=["binary_accuracy"])
    right = (model.predict(x) > 0.5) == (y > 0.5)
    assert model.evaluate(x, y)[1] == pytest.approx(right.mean())


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy"])
def test_classes_of_every_place(loss):
    """The mean over samples and places of the logarithm of the right probability."""
    model = Sequential([layers.Input((2, 3)), layers.Dense(4, "softmax")])
    model.compile("sgd", loss)
    rng = np.random.default_rng(0)
    x, labels = rng.standard_normal((5, 2, 3)), rng.integers(4, size=(5, 2))
    one_hot = np.eye(4)[labels]
    right = (model.predict(x).astype(float) * one_hot).sum(axis=-1)
    y = labels if loss.startswith("sparse") else one_hot
    assert model.evaluate(x, y) == pytest.approx(-np.log(right).mean(), rel=1e-6)
