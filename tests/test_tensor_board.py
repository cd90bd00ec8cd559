"""What is written for TensorBoard, read by its own reader."""

import numpy as np
import pytest

from fastscratch import Sequential, layers, optimizers
from fastscratch.callbacks import TensorBoard

reader = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator",
    reason="the callback needs tensorboard installed",
)
from tensorboard.util.tensor_util import make_ndarray  # noqa: E402 -- after the check

X = np.random.default_rng(5).standard_normal((40, 3)).astype(np.float32)
Y = X[:, :1]


def fitted(folder, epochs=3, **arguments):
    model = Sequential([layers.Input((3,)), layers.Dense(1, name="out")])
    rate = optimizers.schedules.ExponentialDecay(0.1, 5, 0.5)
    model.compile(optimizers.SGD(rate), "mse", ["mae"])
    board = TensorBoard(folder, **arguments)
    data = {"validation_data": (X[:10], Y[:10])}
    return model, model.fit(X, Y, 8, epochs, verbose=0, callbacks=board, **data).history


def read(folder):
    """The numbers under each tag, by step."""
    accumulator = reader.EventAccumulator(str(folder), size_guidance={reader.TENSORS: 0})
    accumulator.Reload()
    return {
        tag: {event.step: make_ndarray(event.tensor_proto) for event in accumulator.Tensors(tag)}
        for tag in accumulator.Tags()["tensors"]
    }


def test_losses_metrics_and_rates_of_epochs(tmp_path):
    _, history = fitted(tmp_path)
    train, validation = read(tmp_path / "train"), read(tmp_path / "validation")
    for name in ("loss", "mae"):
        found = train[f"epoch_{name}"]
        assert list(found) == [0, 1, 2]
        np.testing.assert_allclose(list(found.values()), history[name], rtol=1e-6)
        found = validation[f"epoch_{name}"]
        np.testing.assert_allclose(list(found.values()), history[f"val_{name}"], rtol=1e-6)
        found = validation[f"evaluation_{name}_vs_iterations"]
        assert list(found) == [5, 10, 15]  # steps
        np.testing.assert_allclose(list(found.values()), history[f"val_{name}"], rtol=1e-6)
    # Halved in each 5 steps, an epoch.
    np.testing.assert_allclose(
        list(train["epoch_learning_rate"].values()), [0.05, 0.025, 0.0125], rtol=1e-6
    )
    assert set(train) == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}


def test_batches_histograms_and_speed(tmp_path):
    model, _ = fitted(tmp_path, update_freq=2, histogram_freq=2, write_steps_per_second=True)
    train = read(tmp_path / "train")
    assert list(train["batch_loss"]) == [2, 4, 6, 8, 10, 12, 14]
    assert min(train["epoch_steps_per_second"].values()) > 0
    histograms = train["out/kernel/histogram"]
    assert list(histograms) == [0, 2]
    buckets = histograms[2]  # left edge, right edge, count
    kernel = model.get_weights()[0]
    assert buckets[0, 0] == pytest.approx(kernel.min())
    assert buckets[-1, 1] == pytest.approx(kernel.max())
    assert buckets[:, 2].sum() == kernel.size
    fitted(tmp_path / "all", epochs=1, update_freq="batch")
    assert list(read(tmp_path / "all" / "train")["batch_loss"]) == [1, 2, 3, 4, 5]


def test_the_tags_are_those_of_keras(keras, tmp_path):
    pytest.importorskip("tensorflow", reason="Keras writes with TensorFlow")
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", ["mae"])
    board = keras.callbacks.TensorBoard(str(tmp_path / "keras"), write_graph=False)
    model.fit(X, Y, 8, 1, callbacks=[board], validation_data=(X, Y), verbose=0)
    fitted(tmp_path / "ours")
    for part in ("train", "validation"):
        assert set(read(tmp_path / "ours" / part)) == set(read(tmp_path / "keras" / part))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"write_images": True}, "write_images must be False: .* fastscratch.plot draws filters"),
        ({"profile_batch": 2}, r"profile_batch must be 0: .* print\(model.program\(\)\).*, got 2"),
        ({"embeddings_freq": 1}, "embeddings_freq must be 0 and embeddings_metadata None: histogr"),
        ({"embeddings_metadata": "a"}, "embeddings_metadata None: .*, got 0 and 'a'"),
        ({"update_freq": "step"}, "update_freq must be one of 'epoch', 'batch', got 'step'"),
        ({"histogram_freq": -1}, "histogram_freq must be at least 0, got -1"),
    ],
)
def test_arguments_without_a_meaning_here_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        TensorBoard(**arguments)


def test_a_missing_package_is_named(child):
    code = """
import sys
sys.modules["tensorboard"] = None
from fastscratch.callbacks import TensorBoard
try:
    TensorBoard()
except ModuleNotFoundError as error:
    print(error)
"""
    assert "needs the package tensorboard: pip install 'fastscratch[tensorboard]'" in child(code)
