"""Fits that are interrupted and go on from a copy, end without an error, or measure an average."""

import numpy as np
import pytest

import fastscratch
from fastscratch import Sequential, layers, load_model, optimizers
from fastscratch.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LambdaCallback,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TerminateOnNaN,
)

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RNG = np.random.default_rng(5)
X = RNG.standard_normal((40, 3)).astype(np.float32)
Y = (X @ [1.0, -2.0, 0.5])[:, None]


def network(optimizer=None, seed=3):
    model = Sequential([layers.Input((3,)), layers.Dense(4, "tanh"), layers.Dense(1)])
    model.seed = seed
    model.compile(optimizer or optimizers.Adam(0.01), "mean_squared_error")
    return model


def bits(model):
    return [weight.tobytes() for weight in model.get_weights()]


class Stopping(Callback):
    """Interrupts a fit by an error: before an epoch, or before a mini-batch of it."""

    def __init__(self, epoch, batch=None):
        self.epoch, self.batch = epoch, batch

    @property
    def wants_batches(self):
        return self.batch is not None

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch
        if self.batch is None and epoch == self.epoch:
            raise KeyboardInterrupt

    def on_train_batch_begin(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, self.batch):
            raise KeyboardInterrupt


# --- BackupAndRestore -----------------------------------------------------------------------------


@pytest.mark.parametrize("stopped", [(3,), (3, 2)], ids=["between epochs", "within an epoch"])
def test_a_fit_that_was_interrupted_ends_with_the_same_bits(tmp_path, stopped):
    folder = tmp_path / "a" / "copies"
    whole = network()
    whole.fit(X, Y, batch_size=8, epochs=6, verbose=0)
    first = network()
    callbacks = [BackupAndRestore(folder), Stopping(*stopped)]
    with pytest.raises(KeyboardInterrupt):
        first.fit(X, Y, batch_size=8, epochs=6, verbose=0, callbacks=callbacks)
    assert [path.name for path in folder.iterdir()] == ["epoch-3.safetensors"]
    second = network(seed=99)  # as in another process; the seed is that of the copy
    history = second.fit(X, Y, 8, 6, verbose=0, callbacks=BackupAndRestore(folder))
    assert history.epoch == [3, 4, 5]
    assert bits(second) == bits(whole)
    assert second.iterations == whole.iterations
    assert second.trained_epochs == 6
    assert not folder.exists()


def test_the_epochs_are_those_of_keras(keras, tmp_path):
    ran = []
    for number, (package, L) in enumerate(((keras, keras.layers), (fastscratch, layers))):
        lines = []
        for stop in (2, None):
            model = package.Sequential([L.Input((3,)), L.Dense(1)])
            model.compile("sgd", "mse")

            def begin(epoch, logs, stop=stop, lines=lines):
                lines.append((epoch, stop))
                if epoch == stop:
                    raise InterruptedError

            callbacks = [
                package.callbacks.BackupAndRestore(str(tmp_path / str(number))),
                package.callbacks.LambdaCallback(on_epoch_begin=begin),
            ]
            fit = {"epochs": 4, "verbose": 0, "callbacks": callbacks}
            if stop is None:
                lines.append(len(model.fit(X, Y, **fit).history["loss"]))
            else:
                with pytest.raises(InterruptedError):
                    model.fit(X, Y, **fit)
        ran.append(lines)
    assert ran[0] == ran[1] == [(0, 2), (1, 2), (2, 2), (2, None), (3, None), 2]


def test_copies_within_an_epoch_begin_it_again(tmp_path):
    model = network()
    callbacks = [BackupAndRestore(tmp_path, save_freq=3), Stopping(1, 2)]
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=8, epochs=3, verbose=0, callbacks=callbacks)
    # Of 5 + 2 steps the copy is of the sixth.
    assert load_model(tmp_path / "epoch-1.safetensors").iterations == 6
    again = network()
    history = again.fit(X, Y, 8, 3, verbose=0, callbacks=BackupAndRestore(tmp_path))
    assert history.epoch == [1, 2]
    assert again.iterations == 6 + 10


def test_two_copies_and_a_damaged_one(tmp_path):
    backup = BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)
    network().fit(X, Y, epochs=4, verbose=0, callbacks=backup)
    assert [epochs for epochs, _ in backup.copies()] == [4, 3]
    backup.copies()[0][1].write_bytes(b"damaged")
    assert network().fit(X, Y, epochs=4, verbose=0, callbacks=backup).epoch == [3]
    for _, path in backup.copies():
        path.write_bytes(b"damaged")
    model = network()
    before = bits(model)
    with pytest.raises(ValueError, match="is not a model that fastscratch saved"):
        model.fit(X, Y, epochs=4, verbose=0, callbacks=backup)
    assert bits(model) == before


def test_a_copy_has_the_learning_rate(tmp_path):
    reduce = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    with pytest.raises(KeyboardInterrupt):
        network().fit(
            X, Y, epochs=9, verbose=0, callbacks=[reduce, BackupAndRestore(tmp_path), Stopping(3)]
        )
    model = network()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=BackupAndRestore(tmp_path))
    assert model.optimizer.learning_rate == 0.01 * 0.5**2  # in the second and the third epoch


def test_a_copy_of_another_model_is_refused(tmp_path):
    backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
    network().fit(X, Y, epochs=1, verbose=0, callbacks=backup)
    other = Sequential([layers.Input((3,)), layers.Dense(5), layers.Dense(1)])
    other.compile("sgd", "mse")
    before = bits(other)
    with pytest.raises(ValueError, match=r"found a copy of another model in .*; name another back"):
        other.fit(X, Y, epochs=2, verbose=0, callbacks=backup)
    assert bits(other) == before


def test_a_fit_that_a_callback_ends_is_complete(tmp_path):
    stop = LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", True))
    model = network()
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[BackupAndRestore(tmp_path), stop])
    assert not tmp_path.exists()


def test_other_files_are_kept(tmp_path):
    (tmp_path / "mine.txt").write_text("")
    network().fit(X, Y, epochs=1, verbose=0, callbacks=BackupAndRestore(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


# --- TerminateOnNaN -------------------------------------------------------------------------------


def test_a_fit_that_diverges_ends_without_an_error(capsys):
    rates = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: setattr(
            model.optimizer, "learning_rate", 0.01 if epoch < 2 else 1e30
        )
    )
    model = network(optimizers.SGD(0.01))
    stop = EarlyStopping("val_loss", patience=5)
    seen = []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(bits(model)))
    history = model.fit(
        X, Y, 8, 9, 0, [rates, TerminateOnNaN(), stop, note], validation_data=(X, Y)
    )
    assert history.epoch == [0, 1, 2]
    assert np.isfinite(history.history["loss"][:2]).all()
    assert np.isnan(history.history["loss"][2])
    assert np.isnan(history.history["val_loss"][2])
    assert "training diverged in step" in capsys.readouterr().out
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_it_ends_a_fit_that_would_go_on():
    model = network(optimizers.SGD(1e30))
    history = model.fit(X, Y, 8, 9, 0, TerminateOnNaN(), terminate_on_nan=False)
    assert history.epoch == [0]
    model = network(optimizers.SGD(1e30))
    assert len(model.fit(X, Y, 8, 3, 0, terminate_on_nan=False).epoch) == 3
    with pytest.raises(FloatingPointError):
        network(optimizers.SGD(1e30)).fit(X, Y, 8, 3, 0, callbacks=EarlyStopping("loss"))


# --- SwapEMAWeights and ProgbarLogger -------------------------------------------------------------


def ema_of(module):
    return module.SGD(0.1, momentum=0.9, use_ema=True, ema_momentum=0.6)


@pytest.mark.parametrize("swap_on_epoch", [False, True])
def test_averages_are_swapped_as_in_keras(keras, swap_on_epoch):
    """The validation losses, the weights after each epoch, and those of the end."""
    weights = network().get_weights()
    found = []
    for package, L in ((keras, keras.layers), (fastscratch, layers)):
        model = package.Sequential([L.Input((3,)), L.Dense(4, "tanh"), L.Dense(1)])
        model.compile(ema_of(package.optimizers), "mean_squared_error")
        model.set_weights(weights)
        seen = []
        note = package.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs, model=model, seen=seen: seen.append(
                [np.array(weight) for weight in model.get_weights()]
            )
        )
        history = model.fit(
            *(X, Y, 8, 3, 0, [package.callbacks.SwapEMAWeights(swap_on_epoch), note]),
            validation_data=(X, Y),
            shuffle=False,
        )
        seen.append(model.get_weights())
        found.append((history.history, seen))
    (theirs, expected), (ours, seen) = found
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-4)
    for a, b in zip(seen, expected, strict=True):
        for weight, other in zip(a, b, strict=True):
            np.testing.assert_allclose(weight, other, atol=1e-5)


def test_training_is_the_same_with_and_without_swaps():
    ends = []
    for callbacks in ([], [SwapEMAWeights()], [SwapEMAWeights(swap_on_epoch=True)]):
        model = network(ema_of(optimizers))
        model.fit(X, Y, 8, 3, 0, callbacks, validation_data=(X, Y))
        model.fit(X, Y, 8, 2, 0, callbacks)
        ends.append(bits(model))
    assert ends[0] == ends[1] == ends[2]


def test_a_checkpoint_after_it_saves_the_average(tmp_path):
    model, path = network(ema_of(optimizers)), tmp_path / "best.safetensors"
    swap = SwapEMAWeights(swap_on_epoch=True)
    model.fit(X, Y, 8, 1, 0, [swap, ModelCheckpoint(path)], validation_data=(X, Y))
    assert bits(load_model(path)) == bits(model)  # which has the average, too


def test_a_fit_that_ends_in_an_error_has_its_own_weights():
    model = network(ema_of(optimizers))
    fail = LambdaCallback(on_epoch_end=lambda epoch, logs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        model.fit(X, Y, 8, 1, 0, [SwapEMAWeights(swap_on_epoch=True), fail])
    twin = network(optimizers.SGD(0.1, momentum=0.9))
    twin.fit(X, Y, 8, 1, 0)
    assert bits(model) == bits(twin)


def test_an_optimizer_without_an_average_is_refused():
    with pytest.raises(ValueError, match=r"SwapEMAWeights needs an .* use_ema=True, got Adam"):
        network().fit(X, Y, verbose=0, callbacks=SwapEMAWeights())


def test_the_lines_of_a_fit_as_a_callback(capsys):
    network().fit(X, Y, epochs=2, verbose=0, callbacks=ProgbarLogger())
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2", "Epoch 2/2"]
