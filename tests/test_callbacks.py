"""Callbacks on tiny fits, and on sequences of losses that the test chooses."""

import csv
import inspect
import signal
import threading
from unittest.mock import Mock

import numpy as np
import pytest

from fastscratch import Model, Sequential, callbacks, layers, load_model, optimizers
from fastscratch.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)


def data(n=24):
    rng = np.random.default_rng(n)
    return rng.random((n, 4), np.float32), rng.random((n, 2), np.float32)


def network(learning_rate=0.1):
    model = Sequential([layers.Input((4,)), layers.Dense(2)])
    model.compile(optimizers.SGD(learning_rate), "mean_squared_error")
    return model


class Chosen(Callback):
    """Puts losses of the test's choice into the logs, and remembers the weights then."""

    def __init__(self, values, name="chosen"):
        self.values, self.name, self.weights = values, name, []

    def on_epoch_end(self, epoch, logs=None):
        logs[self.name] = self.values[epoch]
        self.weights.append(self.model.get_weights())


def watched(values, *watching, name="chosen"):
    """Fit for as many epochs as there are values; the model, who put them there, the history."""
    model, chosen = network(), Chosen(values, name)
    history = model.fit(*data(), epochs=len(values), verbose=0, callbacks=[chosen, *watching])
    return model, chosen, history


# --- the hooks ------------------------------------------------------------------------------------


class Diary(Callback):
    """Writes down each hook that is called, and with what."""

    def __init__(self):
        self.lines = []

    def set_params(self, params):
        super().set_params(params)
        self.lines.append(("params", params))

    def _write(self, *line):
        self.lines.append(line)

    def on_train_begin(self, logs=None):
        self._write("train begin")

    def on_train_end(self, logs=None):
        self._write("train end")

    def on_epoch_begin(self, epoch, logs=None):
        self._write("epoch begin", epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._write("epoch end", epoch, sorted(logs))

    def on_train_batch_begin(self, batch, logs=None):
        self._write("batch begin", batch)

    def on_train_batch_end(self, batch, logs=None):
        self._write("batch end", batch, sorted(logs))

    def on_test_begin(self, logs=None):
        self._write("test begin")

    def on_test_end(self, logs=None):
        self._write("test end", sorted(logs))


def test_order_of_the_hooks():
    diary, model = Diary(), network()
    held_out = data(5)
    model.fit(
        *data(), batch_size=16, epochs=2, verbose=0, callbacks=[diary], validation_data=held_out
    )
    assert diary.model is model
    epochs = [
        [
            ("epoch begin", epoch),
            *(
                (f"batch {when}", batch, *([["loss"]] if when == "end" else []))
                for batch in range(2)
                for when in ("begin", "end")
            ),
            ("test begin",),
            ("test end", ["loss"]),
            ("epoch end", epoch, ["loss", "val_loss"]),
        ]
        for epoch in range(2)
    ]
    assert diary.lines == [
        ("params", {"epochs": 2, "steps": 2, "verbose": 0}),
        ("train begin",),
        *epochs[0],
        *epochs[1],
        ("train end",),
    ]


def test_the_base_does_nothing():
    nothing = Callback()
    network().fit(*data(), callbacks=[nothing], validation_data=data(5), verbose=0)
    assert not nothing.wants_batches
    for hook in ("train_batch_begin", "train_batch_end"):
        assert getattr(nothing, f"on_{hook}")(0) is None


def test_logs_of_a_batch_are_the_mean_of_the_epoch_so_far():
    """At the end of the epoch all mini-batches are in it."""
    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs=None: seen.append(logs["loss"]))
    assert watch.wants_batches
    history = network().fit(*data(), batch_size=8, callbacks=[watch], verbose=0)
    assert len(seen) == 3
    assert seen[-1] == history.history["loss"][0]


def test_lambda_callback_calls_each_function():
    names = ["epoch_begin", "epoch_end", "train_begin", "train_end"]
    names += ["train_batch_begin", "train_batch_end"]
    seen = []
    hooks = {f"on_{name}": lambda *_, name=name, **__: seen.append(name) for name in names}
    network().fit(*data(), batch_size=24, verbose=0, callbacks=[LambdaCallback(**hooks)])
    assert seen == [
        "train_begin",
        "epoch_begin",
        "train_batch_begin",
        "train_batch_end",
        "epoch_end",
        "train_end",
    ]
    assert not LambdaCallback(on_epoch_end=print).wants_batches


def test_stop_training_ends_the_fit_after_the_epoch():
    model = network()

    def stop(epoch, logs=None):
        model.stop_training = epoch == 2

    history = model.fit(*data(), epochs=9, verbose=0, callbacks=[LambdaCallback(stop)])
    assert history.epoch == [0, 1, 2]
    again = model.fit(*data(), epochs=2, verbose=0, callbacks=[Callback()])
    assert again.epoch == [0, 1]  # a new fit begins afresh


def test_a_callback_that_fails_to_begin_ends_nothing():
    def fail(logs=None):
        raise OSError("no disk")

    with pytest.raises(OSError, match="no disk"):
        network().fit(*data(), callbacks=[LambdaCallback(on_train_begin=fail), EarlyStopping()])


def test_a_callback_that_fails_to_end_keeps_no_other_from_it():
    """The first error is raised, and the best weights are there."""

    def fail(logs):
        raise OSError("no disk")

    early = EarlyStopping("chosen", patience=9, mode="min", restore_best_weights=True)
    model, chosen, others = network(), Chosen([5, 2, 4]), []
    with pytest.raises(OSError, match="no disk"):
        model.fit(
            *data(),
            epochs=3,
            verbose=0,
            callbacks=[
                chosen,
                LambdaCallback(on_train_end=fail),
                early,
                LambdaCallback(on_train_end=others.append),
            ],
        )
    np.testing.assert_array_equal(model.get_weights()[0], chosen.weights[1][0])
    (logs,) = others
    assert logs["chosen"] == 4  # the logs of the last epoch


@pytest.fixture
def every_tenth_of_a_second(request):
    """Call a function again and again, from a signal handler or another thread."""
    done, threads = threading.Event(), []

    def start(how, function):
        if how == "handler":
            previous = signal.signal(signal.SIGALRM, lambda *_: function())
            request.addfinalizer(lambda: signal.signal(signal.SIGALRM, previous))
            request.addfinalizer(lambda: signal.setitimer(signal.ITIMER_REAL, 0))
            signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
            return

        def call():
            while not done.wait(0.1):
                function()

        threads.append(threading.Thread(target=call))
        threads[0].start()

    yield start
    done.set()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("others", [[], [Callback()], [LambdaCallback(on_batch_end=Mock())]])
@pytest.mark.parametrize("how", ["handler", "thread"])
def test_stop_training_is_heard_from_outside(others, how, every_tenth_of_a_second):
    """With any callbacks, or none."""
    model = network()
    every_tenth_of_a_second(how, lambda: setattr(model, "stop_training", True))
    # without a stop this takes minutes
    history = model.fit(*data(), batch_size=1, epochs=10**6, verbose=0, callbacks=others)
    assert 0 < len(history.epoch) < 10**6
    assert len(history.history["loss"]) == len(history.epoch)


def still():
    """A model that a fit does not change, and its data."""
    model = Sequential([layers.Input((4,)), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(0.0), "sparse_categorical_crossentropy", ["acc"])
    x = data(50)[0]
    return model, x, np.arange(50) % 3


def test_a_fit_ends_in_the_middle_of_an_epoch():
    """The means are then those over the steps that were run."""
    model, x, y = still()
    seen = []

    def stop(batch, logs):
        seen.append(batch)
        model.stop_training = batch == 2

    end = LambdaCallback(on_train_batch_end=stop)
    history = model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0, callbacks=end)
    assert seen == [0, 1, 2]
    assert history.epoch == [0]
    assert [history.history[name][0] for name in ("loss", "acc")] == pytest.approx(
        model.evaluate(x[:24], y[:24]), rel=50 * 2**-24
    )
    assert model.iterations == 3


def test_logs_of_batches_are_means_so_far():
    """Of the training and of the validation data, which is cut as in Keras."""
    model, x, y = still()
    train, test = [], []
    watch = LambdaCallback(
        on_batch_end=lambda batch, logs: train.append((batch, logs)),
        on_test_batch_end=lambda batch, logs: test.append((batch, logs)),
    )
    model.fit(
        *(x, y),
        batch_size=20,
        shuffle=False,
        verbose=0,
        callbacks=watch,
        validation_data=(x[::-1], y[::-1]),
    )
    for seen, (inputs, targets) in ((train, (x, y)), (test, (x[::-1], y[::-1]))):
        assert [batch for batch, _ in seen] == [0, 1, 2]
        for (_, logs), n in zip(seen, (20, 40, 50), strict=True):
            loss, accuracy = model.evaluate(inputs[:n], targets[:n])
            assert logs["acc"] == accuracy
            assert logs["loss"] == pytest.approx(loss, rel=50 * 2**-24)


def test_lambda_callback_takes_every_hook():
    hooks = [name for name in dir(Callback) if name.startswith("on_")]
    seen = []
    every = {name: lambda *_, name=name, **__: seen.append(name) for name in hooks}
    model, callback = network(), LambdaCallback(**every)
    model.fit(*data(), verbose=0, validation_data=data(5), callbacks=callback)
    model.predict(data()[0], callbacks=callback)
    # The aliases are called by the hooks that are replaced here.
    assert set(seen) == set(hooks) - {"on_batch_begin", "on_batch_end"}
    with pytest.raises(TypeError, match="LambdaCallback has no hook 'on_epoch_ended', only on_"):
        LambdaCallback(on_epoch_ended=print)


def test_what_is_shown():
    assert repr(EarlyStopping(patience=3)) == "EarlyStopping(patience=3)"
    assert repr(ModelCheckpoint("a", save_freq=2)) == "ModelCheckpoint('a', save_freq=2)"
    assert repr(LearningRateScheduler(halved)) == "LearningRateScheduler(halved)"
    assert repr(LambdaCallback(on_epoch_end=print)) == "LambdaCallback(on_epoch_end)"
    assert repr(Chosen([1.0])) == "Chosen([1.0])"
    history = History()
    assert repr(history) == "<History of 0 epochs>"
    history.on_epoch_end(0, {"loss": 0.25, "val_loss": 1 / 3})
    assert repr(history) == "<History of 1 epoch, the last with loss 0.25, val_loss 0.3333>"


def halved(epoch):
    return 0.5**epoch


def test_history():
    history = History()
    history.on_epoch_end(3, {"loss": 1.0})
    history.on_epoch_end(4, {"loss": 0.5, "val_loss": 2.0})
    assert history.epoch == [3, 4]
    assert history.history == {"loss": [1.0, 0.5], "val_loss": [2.0]}
    history.on_epoch_end(5)
    assert history.epoch == [3, 4, 5]


def test_all_is_exported():
    assert set(callbacks.__all__) == {
        "BackupAndRestore",
        "CSVLogger",
        "Callback",
        "EarlyStopping",
        "History",
        "LambdaCallback",
        "LearningRateScheduler",
        "ModelCheckpoint",
        "ProgbarLogger",
        "ReduceLROnPlateau",
        "SwapEMAWeights",
        "TensorBoard",
        "TerminateOnNaN",
    }


# --- watching one number --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "options", "epochs", "best"),
    [
        ([5, 4, 3, 2, 1], {}, 5, 4),
        ([5, 4, 4, 3], {}, 3, 1),  # not better is enough
        ([5, 4, 4.5, 4.2, 3], {"patience": 2}, 4, 1),
        ([5, 4, 4.5, 3, 4, 4, 4], {"patience": 2}, 6, 3),
        ([5, 4.95, 4.9, 4.85, 3], {"min_delta": 0.5, "patience": 3}, 4, 0),
        ([1, 2, 3, 3], {"mode": "max"}, 4, 2),
        ([5, 4, 3, 2, 4], {"baseline": 1, "patience": 2}, 5, 3),  # ends when it gets no better
        ([0.7, 0.6, 0.8], {"baseline": 0.5, "patience": 1}, 3, 1),
        ([0.4, 0.6, 0.6], {"baseline": 0.5, "patience": 2}, 3, 0),
        ([np.nan, 5, 4, 5], {}, 4, 2),  # as no number is, NaN is not the best so far
        ([1, 2, 3, 2, 1], {"start_from_epoch": 2}, 5, 4),
    ],
)
def test_early_stopping(values, options, epochs, best):
    early = EarlyStopping("chosen", **{"mode": "min", **options})
    _, _, history = watched(values, early)
    assert len(history.epoch) == epochs
    assert early.best_epoch == best
    assert early.stopped_epoch == (epochs - 1 if epochs < len(values) else early.stopped_epoch)


def compiled(*metrics, loss="mean_squared_error", outputs=2):
    """A model with metrics, and targets of 0 and 1 for it."""
    read_out = "sigmoid" if loss.startswith("binary") else "linear"
    model = Sequential([layers.Input((4,)), layers.Dense(outputs, read_out)])
    model.compile("sgd", loss, list(metrics))
    x = data()[0]
    return model, x, (x[:, :outputs] > 0.5).astype(np.float32)


RISING = [
    "acc",
    "ACC",
    "accuracy",
    "BinaryAccuracy",
    "AUC",
    "auc",
    "Precision",
    "recall",
    "R2Score",
]
FALLING = ["loss", "mse", "MSE", "MeanSquaredError", "mae", "mean_absolute_error"]


@pytest.mark.parametrize("name", RISING + FALLING)
@pytest.mark.parametrize("prefix", ["", "val_"])
def test_the_direction_is_that_of_the_metric(name, prefix):
    """Of the training and of the validation data, by the name that the metric was given."""
    model, x, y = compiled(
        *([] if name == "loss" else [name]), loss="binary_crossentropy", outputs=1
    )
    early = EarlyStopping(prefix + name, patience=9)
    chosen = Chosen([0.1, 0.2, 0.3, 0.2], prefix + name)
    model.fit(x, y, epochs=4, verbose=0, validation_data=(x, y), callbacks=[chosen, early])
    assert early.best_epoch == (2 if name in RISING else 0)


def test_the_direction_of_a_metric_of_one_of_several_outputs():
    x = layers.Input((4,))
    model = Model(x, [layers.Dense(2, name="a")(x), layers.Dense(2, name="b")(x)])
    model.compile("sgd", ["mse", "mse"], [["r2_score"], ["mae"]])
    assert model.directions == {
        "loss": "min",
        "a_loss": "min",
        "b_loss": "min",
        "a_r2_score": "max",
        "b_mae": "min",
    }
    inputs, targets = data()
    history = model.fit(inputs, [targets, targets], verbose=0)
    assert set(history.history) == set(model.directions)


@pytest.mark.parametrize(
    "make",
    [
        EarlyStopping,
        ReduceLROnPlateau,
        lambda name, **mode: ModelCheckpoint("best", name, save_best_only=True, **mode),
    ],
)
def test_an_unknown_direction_is_refused_before_the_fit(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = network()
    message = "cannot know whether a lower or a higher 'chosen' is better, .* only of 'loss'; give"
    with pytest.raises(ValueError, match=message):
        model.fit(*data(), verbose=0, callbacks=[Chosen([1]), make("chosen")])
    assert model.iterations == 0
    model.fit(*data(), verbose=0, callbacks=[Chosen([1]), make("chosen", mode="max")])


@pytest.mark.parametrize("values", [[5, 2, 4, 4, 1], [5, 4, 3, 2, 3]])
def test_early_stopping_restores_the_best_weights(values):
    """Also where the epochs end before the patience does."""
    early = EarlyStopping("chosen", patience=2, mode="min", restore_best_weights=True)
    model, chosen, _ = watched(values, early)
    best = chosen.weights[early.best_epoch]
    for found, expected in zip(model.get_weights(), best, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert not np.array_equal(chosen.weights[-1][0], best[0])


def test_early_stopping_keeps_the_last_weights_by_default():
    model, chosen, _ = watched([5, 2, 4], EarlyStopping("chosen", mode="min"))
    np.testing.assert_array_equal(model.get_weights()[0], chosen.weights[-1][0])


def test_reduce_lr_on_plateau():
    rates, model = [], network()
    seen = LambdaCallback(
        on_epoch_end=lambda epoch, logs=None: rates.append(model.optimizer.learning_rate)
    )
    plateau = ReduceLROnPlateau(
        "chosen", factor=0.5, patience=2, mode="min", cooldown=1, min_lr=0.02
    )
    chosen = Chosen([3, 3, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1])
    history = model.fit(*data(), epochs=12, verbose=0, callbacks=[chosen, plateau, seen])
    # The first is the best so far; two worse halve the rate; one epoch cools down.
    assert rates == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025, 0.02, 0.02, 0.02, 0.02]
    assert history.history["learning_rate"] == [0.1, *rates[:-1]]  # of the epoch, before the change


def test_learning_rate_scheduler():
    """Each epoch is one step of a model that was compiled with its rate."""
    scheduler = LearningRateScheduler(lambda epoch, rate: 0.1 if epoch == 0 else rate / 2)
    model, by_hand = network(0.7), network(0.1)
    by_hand.set_weights(model.get_weights())
    options = {"batch_size": 24, "shuffle": False, "verbose": 0}
    model.fit(*data(), epochs=3, callbacks=scheduler, **options)
    assert model.optimizer.learning_rate == 0.025
    for rate in (0.1, 0.05, 0.025):
        by_hand.optimizer.learning_rate = rate
        by_hand.fit(*data(), **options)
    assert model.get_weights()[0].tobytes() == by_hand.get_weights()[0].tobytes()


@pytest.mark.parametrize(
    "schedule",
    [halved, lambda epoch: 0.5**epoch, lambda epoch, rate=0.0: rate or 1, lambda e, r: r],
)
def test_a_schedule_may_leave_out_the_learning_rate(schedule):
    model = network(1.0)
    history = model.fit(
        *data(), epochs=3, verbose=0, callbacks=LearningRateScheduler(schedule)
    ).history
    one = len(inspect.signature(schedule).parameters) == 1
    assert history["learning_rate"] == ([1, 0.5, 0.25] if one else [1, 1, 1])


def test_an_error_of_the_schedule_is_not_hidden():
    def wrong(epoch, rate):
        return rate + None

    with pytest.raises(TypeError, match="unsupported operand"):
        network().fit(*data(), verbose=0, callbacks=LearningRateScheduler(wrong))


def test_a_scheduler_may_not_give_nonsense():
    with pytest.raises(ValueError, match="learning_rate must not be negative, got -1"):
        network().fit(*data(), verbose=0, callbacks=LearningRateScheduler(lambda *_: -1))


@pytest.mark.parametrize(
    "callback", [ReduceLROnPlateau("loss"), LearningRateScheduler(lambda *_: 0.1)]
)
def test_a_schedule_leaves_callbacks_no_rate_to_change(callback):
    model = network(optimizers.schedules.ExponentialDecay(0.1, 10, 0.5))
    message = f"{type(callback).__name__} needs an optimizer whose learning rate is a number, got "
    with pytest.raises(TypeError, match=message + r"ExponentialDecay\("):
        model.fit(*data(), epochs=12, callbacks=[callback], verbose=0)
    assert model.iterations == 0


# --- files ----------------------------------------------------------------------------------------


def rows(file, delimiter=","):
    return list(csv.DictReader(file.read_text().splitlines(), delimiter=delimiter))


def test_csv_logger(tmp_path):
    file = tmp_path / "log.csv"
    options = {"epochs": 2, "verbose": 0, "validation_data": data(5)}
    first = network().fit(*data(), callbacks=CSVLogger(file), **options).history
    assert [list(row) for row in rows(file)] == [["epoch", "loss", "val_loss"]] * 2
    assert [row["epoch"] for row in rows(file)] == ["0", "1"]
    assert [float(row["loss"]) for row in rows(file)] == first["loss"]
    assert [float(row["val_loss"]) for row in rows(file)] == first["val_loss"]
    network().fit(*data(), callbacks=CSVLogger(file, append=True), **options)
    assert [row["epoch"] for row in rows(file)] == ["0", "1"] * 2
    network().fit(*data(), callbacks=CSVLogger(file, separator=";"), **options)
    assert [row["epoch"] for row in rows(file, ";")] == ["0", "1"]
    other = tmp_path / "other.csv"
    network().fit(*data(), callbacks=CSVLogger(other, append=True), **options)
    assert len(rows(other)) == 2


def test_csv_logger_appends_to_an_empty_file(tmp_path):
    file = tmp_path / "log.csv"
    file.touch()
    network().fit(*data(), callbacks=CSVLogger(file, append=True), verbose=0)
    assert [list(row) for row in rows(file)] == [["epoch", "loss"]]


def test_csv_logger_keeps_its_columns(tmp_path):
    file, model = tmp_path / "log.csv", network()
    held_out = {"validation_data": data(5)}
    model.fit(*data(), callbacks=CSVLogger(file), verbose=0, **held_out)
    model.fit(*data(), callbacks=CSVLogger(file, append=True), verbose=0)
    assert [row["val_loss"] == "NA" for row in rows(file)] == [False, True]
    model.fit(*data(), callbacks=CSVLogger(file), verbose=0)
    before, steps = file.read_bytes(), model.iterations
    with pytest.raises(ValueError, match=r"log\.csv has no column for 'val_loss'; use another"):
        model.fit(*data(), callbacks=CSVLogger(file, append=True), verbose=0, **held_out)
    assert (file.read_bytes(), model.iterations) == (before, steps)
    # What another callback adds is known only when the first epoch has ended.
    added = [Chosen([1]), CSVLogger(file, append=True)]
    with pytest.warns(UserWarning, match=r"log\.csv has no column for 'chosen': left out"):
        model.fit(*data(), callbacks=added, verbose=0)
    assert [list(row) for row in rows(file)] == [["epoch", "loss"]] * 2


def test_checkpoints_of_batches(tmp_path):
    """24 samples are three mini-batches: the second and the fourth is every second one."""
    pattern = str(tmp_path / "{epoch}-{batch}.safetensors")
    model = network()
    weights = []
    model.fit(
        *data(),
        batch_size=8,
        epochs=2,
        verbose=0,
        callbacks=[
            ModelCheckpoint(pattern, save_freq=2),
            LambdaCallback(on_batch_end=lambda *_, **__: weights.append(model.get_weights()[0])),
        ],
    )
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["1-2", "2-1", "2-3"]
    saved = load_model(tmp_path / "2-1.safetensors")
    np.testing.assert_array_equal(saved.get_weights()[0], weights[3])


def test_checkpoints_name_the_epoch_and_the_logs(tmp_path):
    pattern = str(tmp_path / "model-{epoch:02d}-{chosen:.1f}.safetensors")
    _, chosen, _ = watched([5.0, 4.0], ModelCheckpoint(pattern))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model-01-5.0.safetensors", "model-02-4.0.safetensors"]
    for epoch, name in enumerate(names):
        loaded = load_model(tmp_path / name).get_weights()
        for found, expected in zip(loaded, chosen.weights[epoch], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_the_best_checkpoint(tmp_path):
    file = tmp_path / "best.safetensors"
    best = ModelCheckpoint(file, "chosen", save_best_only=True, mode="min")
    _, chosen, _ = watched([5, 2, 4, 3], best)
    np.testing.assert_array_equal(load_model(file).get_weights()[0], chosen.weights[1][0])


def test_the_best_so_far_is_that_of_earlier_fits(tmp_path):
    """Of the same object; a new one knows it from `initial_value_threshold`."""
    file = tmp_path / "best.safetensors"
    best = ModelCheckpoint(file, "chosen", save_best_only=True, mode="min")
    watched([5, 2], best)
    before = file.read_bytes()
    watched([3, 4], best)
    assert (best.best, file.read_bytes()) == (2, before)
    again = ModelCheckpoint(
        *(file, "chosen"), save_best_only=True, mode="min", initial_value_threshold=2
    )
    watched([3, 2], again)
    assert file.read_bytes() == before
    watched([3, 1], again)
    assert file.read_bytes() != before


def test_a_checkpoint_of_the_weights_alone(tmp_path):
    file = tmp_path / "{epoch}.safetensors"
    _, chosen, _ = watched([5, 2], ModelCheckpoint(file, save_weights_only=True))
    model = network()
    model.load_weights(tmp_path / "1.safetensors")
    np.testing.assert_array_equal(model.get_weights()[0], chosen.weights[0][0])
    with pytest.raises(ValueError, match="not a model that fastscratch saved"):
        load_model(tmp_path / "2.safetensors")
    # What cannot be loaded as a model may be saved as weights.
    model.compile("sgd", "mse", [lambda y, p: 0.0])
    model.fit(*data(), verbose=0, callbacks=ModelCheckpoint(file, save_weights_only=True))
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        model.fit(*data(), verbose=0, callbacks=ModelCheckpoint("no/x", save_weights_only=True))


def test_what_callbacks_say(tmp_path, capsys):
    file = tmp_path / "best.safetensors"
    watched(
        [5, 2, 4, 3],
        EarlyStopping("chosen", mode="min", patience=2, verbose=1, restore_best_weights=True),
        ModelCheckpoint(file, "chosen", verbose=1, save_best_only=True, mode="min"),
        callbacks.LearningRateScheduler(lambda epoch: 0.5 / (epoch + 1), verbose=1),
    )
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: the learning rate is 0.5",
        f"Epoch 1: chosen 5 is the best so far: saved as {file}",
        "Epoch 2: the learning rate is 0.25",
        f"Epoch 2: chosen 2 is the best so far: saved as {file}",
        "Epoch 3: the learning rate is 0.166667",
        "Epoch 3: chosen 4 is no better than 2: not saved",
        "Epoch 4: the learning rate is 0.125",
        "Epoch 4: chosen is no better than 2: the fit ends",
        "Epoch 4: chosen 3 is no better than 2: not saved",
        "Epoch 2: chosen was 2: the model has its weights",
    ]
    watched(
        [5, 5],
        ReduceLROnPlateau("chosen", factor=0.5, patience=1, mode="min", verbose=1),
        ModelCheckpoint(file, verbose=1),
    )
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch 1: saved as {file}",
        "Epoch 2: chosen is no better than 5: the learning rate is 0.05 now",
        f"Epoch 2: saved as {file}",
    ]
    with pytest.raises(ValueError, match="verbose must be 0 or 1, got 'auto'"):
        EarlyStopping(verbose="auto")


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [EarlyStopping, ReduceLROnPlateau])
def test_a_number_that_is_not_reported_is_refused_before_the_fit(kind):
    model = network()
    message = f"{kind.__name__} monitors 'val_loss'; the fit reports only 'loss'"
    with pytest.raises(ValueError, match=message):
        model.fit(*data(), callbacks=kind(), verbose=0)
    assert model.iterations == 0
    # Another callback may add it, and only the end of the epoch can tell.
    with pytest.raises(ValueError, match="monitors 'val_loss'; the fit reports only 'loss', 'c'"):
        model.fit(*data(), callbacks=[Chosen([1], "c"), kind()], verbose=0)
    model.fit(*data(), callbacks=[Chosen([1], "val_loss"), kind()], verbose=0)


@pytest.mark.parametrize("where", ["{val_loss:.2f}", "{}", "{batch}"])
def test_a_name_that_no_epoch_reports(where, tmp_path):
    model = network()
    message = "ModelCheckpoint cannot put .* into the name .*, only 'epoch', 'loss'"
    with pytest.raises(ValueError, match=message):
        model.fit(*data(), callbacks=ModelCheckpoint(str(tmp_path / where)), verbose=0)
    assert model.iterations == 0
    batches = ModelCheckpoint(str(tmp_path / "{val_loss:.2f}"), save_freq=2)
    with pytest.raises(ValueError, match=r"cannot put 'val_loss' into .* 'epoch', 'batch', 'loss'"):
        model.fit(*data(), callbacks=batches, verbose=0, validation_data=data(5))
    assert model.iterations == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: EarlyStopping(mode="down"),
            ValueError,
            "mode must be one of 'auto', 'min', 'max'",
        ),
        (lambda: EarlyStopping(patience=-1), ValueError, "patience must be at least 0, got -1"),
        (lambda: EarlyStopping(patience=1.5), TypeError, "patience must be an integer, got float"),
        (lambda: EarlyStopping(min_delta=-1), ValueError, "min_delta must not be negative, got -1"),
        (
            lambda: ModelCheckpoint("f", save_freq="batch"),
            ValueError,
            "save_freq must be one of 'epoch', got 'batch'",
        ),
        (lambda: ModelCheckpoint("f", save_freq=0), ValueError, "save_freq must be at least 1"),
        (lambda: ReduceLROnPlateau(factor=1), ValueError, "factor must be between 0 and 1, got 1"),
        (lambda: ReduceLROnPlateau(min_lr=-1), ValueError, "min_lr must not be negative, got -1"),
        (lambda: ReduceLROnPlateau(factor="1"), TypeError, "factor must be a number, got str"),
        (lambda: EarlyStopping(None), TypeError, "monitor must be a string, got NoneType"),
        (lambda: EarlyStopping(baseline="1"), TypeError, "baseline must be a number, got str"),
        (lambda: ModelCheckpoint(None), TypeError, "filepath must be a string or a path"),
        (lambda: callbacks.CSVLogger(1), TypeError, "filename must be a string or a path, got int"),
        (lambda: callbacks.CSVLogger("f", "ab"), ValueError, "separator must be one character"),
        (
            lambda: callbacks.LearningRateScheduler(0.1),
            TypeError,
            "schedule must be a function, got float",
        ),
        (
            lambda: callbacks.LambdaCallback(on_epoch_end=1),
            TypeError,
            "on_epoch_end must be a function, got int",
        ),
    ],
)
def test_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_checkpoint_that_could_not_be_written_is_refused_before_the_first_step(tmp_path):
    """After an epoch, which may have taken an hour, it would be too late."""
    (tmp_path / "folder").mkdir()
    model = network()
    before = model.get_weights()
    for name, error, message in (
        ("none/model", FileNotFoundError, "there is no folder .*none to save model in"),
        ("none/{epoch}", FileNotFoundError, "there is no folder .*none to save {epoch} in"),
        ("folder", IsADirectoryError, "folder is a folder; name a file in it"),
    ):
        with pytest.raises(error, match=message):
            model.fit(*data(), verbose=0, callbacks=[ModelCheckpoint(tmp_path / name)])
    model.metadata = {"array": np.ones(2)}
    with pytest.raises(TypeError, match="metadata must be what JSON can hold"):
        model.fit(*data(), verbose=0, callbacks=[ModelCheckpoint(tmp_path / "model")])
    assert model.iterations == 0
    assert all(map(np.array_equal, model.get_weights(), before))
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_checkpoint_may_have_a_folder_for_each_epoch(tmp_path):
    for epoch in (1, 2):
        (tmp_path / str(epoch)).mkdir()
    checkpoint = ModelCheckpoint(tmp_path / "{epoch}" / "model")
    network().fit(*data(), epochs=2, verbose=0, callbacks=[checkpoint])
    assert all((tmp_path / str(epoch) / "model").is_file() for epoch in (1, 2))
