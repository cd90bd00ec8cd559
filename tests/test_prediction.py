"""Predictions and evaluations of narrow networks: samples go through the layers in blocks."""

import numpy as np
import pytest

import fastscratch
from fastscratch import Sequential, get_num_threads, layers, set_num_threads
from fastscratch.engine.lowering import ROWS_IN_BLOCK
from fastscratch.models.programs import MEASURED_BY_ROWS, PREDICTED_BY_ROWS

COUNTS = (1, ROWS_IN_BLOCK - 1, ROWS_IN_BLOCK, ROWS_IN_BLOCK + 1, PREDICTED_BY_ROWS + 1)


@pytest.fixture
def on_threads():
    """Return a function that calls another one on some threads."""
    before = get_num_threads()

    def call(threads, function, *arguments):
        set_num_threads(threads)
        return function(*arguments)

    yield call
    set_num_threads(before)


@pytest.fixture
def model():
    fastscratch.utils.set_random_seed(0)
    return Sequential(
        [
            layers.Input((7, 30)),
            layers.Flatten(),
            layers.Dense(33, "relu"),
            layers.Dropout(0.5),
            layers.LeakyReLU(0.1),
            layers.Dense(5, "softmax"),
        ]
    )


def samples(count):
    return np.random.default_rng(count).standard_normal((count, 7, 30), np.float32)


def by_numpy(model, x):
    """The outputs, in float64."""
    kernel, bias, last_kernel, last_bias = (w.astype(np.float64) for w in model.get_weights())
    hidden = np.maximum(x.reshape(len(x), -1) @ kernel + bias, 0)
    powers = np.exp(hidden @ last_kernel + last_bias)
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("count", COUNTS)
def test_outputs_are_those_of_numpy(model, count):
    x = samples(count)
    # One unit of roundoff for each term of the two sums, 16 for each exponential, and the scores'
    # own size, which is below 8.
    bound = 8 * (210 + 33 + 2 * 16) * np.finfo(np.float32).eps
    np.testing.assert_allclose(model.predict(x), by_numpy(model, x), rtol=bound)


@pytest.mark.parametrize("count", COUNTS)
def test_bits_depend_neither_on_threads_nor_on_other_samples(model, on_threads, count):
    x = samples(count)
    outputs = [on_threads(threads, model.predict, x) for threads in (1, 2)]
    assert all(np.array_equal(outputs[0], other) for other in outputs[1:])
    last = slice(max(0, count - 50), count)
    alone = np.concatenate([model.predict(sample[None]) for sample in x[last]])
    assert np.array_equal(alone, outputs[0][last])
    assert np.array_equal(model.predict(x, batch_size=32), outputs[0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 2, 3, 49, 65, 130])
@pytest.mark.parametrize(
    ("sizes", "output"),
    [
        ((100, 3), "softmax"),  # as sums over vectors, from where the samples are
        ((70, 90, 1), "sigmoid"),
        ((3, 70, 4), "linear"),
        ((40, 23, 9), "softmax"),  # a vector of columns and half of another one
        ((5, 31), "softmax"),
        ((5, 63), "softmax"),
        ((5, 64), "softmax"),  # each row by itself
        ((300, 400, 3), "softmax"),  # not by blocks: too many weights
    ],
)
def test_few_outputs_and_short_rows(sizes, output, dtype, count):
    model = Sequential(
        [
            layers.Input(sizes[:1]),
            *(layers.Dense(units, "relu") for units in sizes[1:-1]),
            layers.Dense(sizes[-1], output, bias_initializer="random_normal"),
        ],
        dtype=dtype,
    )
    x = np.random.default_rng(count).standard_normal((count, sizes[0])).astype(dtype)
    model.build()
    expected, size = x.astype(np.longdouble), 0
    weights = [w.astype(np.longdouble) for w in model.get_weights()]
    for kernel, bias in zip(weights[::2], weights[1::2], strict=True):
        size = abs(expected) @ abs(kernel) + abs(bias)
        scores = expected @ kernel + bias
        expected = np.maximum(scores, 0)
    if output == "softmax":
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        expected = powers / powers.sum(axis=1, keepdims=True)
    else:
        expected = 1 / (1 + np.exp(-scores)) if output == "sigmoid" else scores
    # A unit of roundoff for each term of the sums, and 16 for exponentials.
    bound = (sum(sizes) + 16) * np.finfo(dtype).eps * max(1, float(np.max(size)))
    predicted = model.predict(x)
    np.testing.assert_allclose(predicted, expected, rtol=bound, atol=bound)
    alone = np.concatenate([model.predict(sample[None]) for sample in x])
    assert np.array_equal(alone, predicted)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_finite_are_refused(model, on_threads, threads, value):
    x = samples(1000)
    expected = on_threads(threads, model.predict, x)
    for sample in (0, 500, 999):
        bad = x.copy()
        bad[sample, 3, 4] = value
        with pytest.raises(ValueError, match=rf"x must be finite .* at \({sample}, 3, 4\)"):
            model.predict(bad)
    assert np.array_equal(model.predict(x), expected)


@pytest.mark.parametrize(
    "count", [1, ROWS_IN_BLOCK + 1, MEASURED_BY_ROWS - 1, MEASURED_BY_ROWS + 1]
)
def test_an_evaluation_is_that_of_numpy_on_any_number_of_threads(model, on_threads, count):
    x, labels = samples(count), np.random.default_rng(count).integers(0, 5, count)
    weights = np.random.default_rng(count).uniform(0, 2, count)
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])

    def evaluate():
        return model.evaluate(x, labels, sample_weight=weights)

    found = [on_threads(threads, evaluate) for threads in (1, 2)]
    assert found[0] == found[1]
    outputs = by_numpy(model, x)
    shares = outputs[np.arange(count), labels]
    # The error of a score, as above; the loss is a difference of scores.
    bound = 8 * (210 + 33 + 2 * 16) * np.finfo(np.float32).eps
    loss, accuracy = found[0]
    assert loss == pytest.approx(np.mean(-np.log(shares) * weights), abs=bound * weights.max())
    assert accuracy == pytest.approx(np.mean(outputs.argmax(axis=1) == labels))
    in_mini_batches = model.evaluate(x, labels, batch_size=32, sample_weight=weights)
    assert in_mini_batches == pytest.approx(found[0], rel=1e-5)
