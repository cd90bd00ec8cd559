"""One seed gives the same bits, however the work is cut, watched, shared out or interrupted."""

import hashlib
import pathlib

import numpy as np
import pytest
from children import run

from fastscratch import Sequential, layers, load_model, optimizers
from fastscratch.callbacks import Callback, LambdaCallback
from fastscratch.engine import evaluation, lowering
from fastscratch.kernels.machine import VECTOR_BYTES
from fastscratch.models import fitting
from fastscratch.utils import set_random_seed

EPOCHS = 4
READ_OUT = (3, "softmax")

# The first convolution has few filters and the second has many: samples stand innermost, or not.
NETWORKS = {
    "dense": lambda: [
        layers.Input((8, 8, 1)),
        layers.Flatten(),
        layers.Dense(70, "relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.3),
        layers.LayerNormalization(),
        layers.Dense(*READ_OUT, kernel_regularizer="l2"),
    ],
    "few filters": lambda: [
        layers.Input((8, 8, 1)),
        layers.Conv2D(5, 3, activation="relu"),
        layers.Dropout(0.2),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.2),
        layers.Dense(*READ_OUT),
    ],
    "many filters": lambda: [
        layers.Input((8, 8, 1)),
        layers.Conv2D(33, 3, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Dropout(0.2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(*READ_OUT),
    ],
}


def data():
    """Seven mini-batches of 16, the last of which has 4 samples."""
    rng = np.random.default_rng(3)
    return rng.random((100, 8, 8, 1), np.float32), rng.integers(3, size=100)


def new_model(name):
    set_random_seed(17)
    model = Sequential(NETWORKS[name]())
    rate = optimizers.schedules.ExponentialDecay(0.02, 7, 0.9)
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", ["accuracy"])
    return model


def go_on(model, epochs=EPOCHS, **options):
    model.fit(*data(), batch_size=16, epochs=epochs, **({"verbose": 0} | options))


def bits(model):
    """A digest of all that training leaves: weights, what Adam remembers, predictions."""
    arrays = [*model.get_weights(), *model._state.slots, model.predict(data()[0])]
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def trained(name, **options):
    model = new_model(name)
    go_on(model, **options)
    return bits(model)


def trained_by_teams():
    """Of every network, with all threads that there are."""
    evaluation.PARALLEL_WORK = -1
    return " ".join(trained(name) for name in NETWORKS)


@pytest.fixture(scope="module")
def expected():
    return {name: trained(name) for name in NETWORKS}


def test_the_networks_differ(expected):
    assert len(set(expected.values())) == len(NETWORKS)


@pytest.mark.parametrize("threads", [*(pytest.param(n, marks=pytest.mark.slow) for n in (1, 2)), 3])
def test_in_a_fresh_process_with_any_number_of_threads(expected, threads):
    code = """
        import test_reproducibility as tests
        from fastscratch import get_num_threads
        print(get_num_threads(), tests.trained_by_teams())
    """
    folder = str(pathlib.Path(__file__).parent)
    out, _ = run(code, NUMBA_NUM_THREADS=threads, PYTHONPATH=folder)
    assert out.split() == [str(threads), *expected.values()]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("length", [1, 2, 7, 10, 10**9])
def test_slices_of_any_length(monkeypatch, expected, network, length):
    def run_in_slices(total, run, progress=None, count=1, longer=1.0):
        for first in range(0, total, length):
            run(first, min(length, total - first))
        return length

    monkeypatch.setattr(fitting, "run_in_slices", run_in_slices)
    assert trained(network) == expected[network]
    assert trained(network, callbacks=[Callback()]) == expected[network]


def by_batch(batch, logs=None):
    pass


@pytest.mark.parametrize(
    "options",
    [
        {"verbose": 1},
        {"verbose": 2},
        {"callbacks": [Callback()]},
        {"callbacks": [LambdaCallback(on_train_batch_end=by_batch)], "verbose": 1},
        {"validation_data": data()},
    ],
    ids=str,
)
@pytest.mark.parametrize("network", NETWORKS)
def test_whoever_watches(expected, network, options):
    assert trained(network, **options) == expected[network]


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("first", range(EPOCHS + 1))
def test_saved_and_loaded_after_any_epoch(tmp_path, expected, network, first):
    model = new_model(network)
    go_on(model, first)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    go_on(again, initial_epoch=first)
    assert bits(again) == expected[network]


@pytest.mark.parametrize("network", NETWORKS)
def test_saved_and_loaded_in_the_middle_of_an_epoch(tmp_path, expected, network):
    """The file has the weights of that step, and saving changes nothing."""
    steps = []

    def save(batch, logs=None):
        steps.append(model.iterations)
        model.save(tmp_path / "model")
        loaded = load_model(tmp_path / "model")
        assert loaded.iterations == model.iterations
        for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
            assert ours.tobytes() == theirs.tobytes()

    model = new_model(network)
    go_on(model, callbacks=[LambdaCallback(on_train_batch_end=save)])
    assert bits(model) == expected[network]
    assert steps == list(range(1, 7 * EPOCHS + 1))


def test_dropout_does_not_depend_on_how_samples_stand_in_memory(monkeypatch):
    """As they do on processors whose vectors have another length: only the sums may differ."""
    x, y = data()
    ends = []
    for lanes in (VECTOR_BYTES // 4, 1):
        monkeypatch.setattr(lowering, "lanes_of", lambda *_, lanes=lanes: lanes)
        model = new_model("few filters")
        loss, _ = model.train_on_batch(x[:40], y[:40])
        ends.append((loss, model._state.slots[0]))
    # Sums of at most 40 * 36 products of size 1; the first moment is a tenth of the gradient.
    rounding = 40 * 36 * np.finfo(np.float32).eps
    np.testing.assert_allclose(ends[0][0], ends[1][0], rtol=rounding)
    np.testing.assert_allclose(ends[0][1], ends[1][1], atol=0.1 * rounding)
    assert np.abs(ends[0][1]).max() > 100 * rounding
