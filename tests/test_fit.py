"""What a fit does besides its steps: validation, weights of samples, cuts, and early ends."""

import io
import re
import signal
import sys
import time
from functools import partialmethod

import numpy as np
import pytest
from children import finish, start
from tqdm import tqdm

import fastscratch
from fastscratch import Sequential, layers, losses, metrics, optimizers, output
from fastscratch.callbacks import Callback, LambdaCallback
from fastscratch.engine import Trainer, evaluation, slices, training
from fastscratch.models import fitting
from fastscratch.utils import set_random_seed, to_categorical


class EachBatch(Callback):
    """The fit returns to Python after each step."""

    def on_train_batch_end(self, batch, logs=None):
        pass


# Of float32: the losses are sums of fewer than 1000 terms of size about 1.
CLOSE = {"rel": 1e-4, "abs": 1e-4}


def data(n=50):
    rng = np.random.default_rng(n)
    return rng.random((n, 6), np.float32), rng.integers(3, size=n)


def one_hot(n=50):
    x, y = data(n)
    return x, to_categorical(y)


def network(optimizer=None, metrics=(), loss="sparse_categorical_crossentropy"):
    """A compiled model with dropout and averages, the same at each call."""
    set_random_seed(8)
    model = Sequential(
        [
            layers.Input((6,)),
            layers.Dense(8, "relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(3, "linear" if loss == "mean_squared_error" else "softmax"),
        ]
    )
    model.compile(optimizer or optimizers.Adam(0.02), loss, metrics)
    return model


def bits(model):
    return [weight.tobytes() for weight in model.get_weights()]


def fitted(epochs=4, then=(), **options):
    """What is left of a model after a fit, or several."""
    model = network()
    history = []
    for n in (epochs, *then):
        fit = model.fit(*data(), **({"batch_size": 8, "epochs": n, "verbose": 0} | options))
        history += fit.history["loss"]
    return bits(model), history


# --- cuts of the run ------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adagrad", "adam", "adamw"])
def test_ten_epochs_are_seven_and_three(optimizer):
    ends = []
    for parts in ([10], [7, 3], [1] * 10):
        model = network(optimizer)
        for epochs in parts:
            model.fit(*data(), batch_size=8, epochs=epochs, verbose=0)
        ends.append(bits(model))
        assert (model.trained_epochs, model.iterations) == (10, 70)
    assert ends[1:] == ends[:1] * 2


@pytest.mark.parametrize("seconds", [0, 1e9])  # slices of one step, and of as many as there may be
def test_slices_change_no_bit(monkeypatch, seconds):
    expected = fitted()
    monkeypatch.setattr(slices, "SLICE_SECONDS", seconds)
    assert fitted() == expected
    assert fitted(callbacks=[Callback()]) == expected


def test_a_fit_begins_with_slices_as_long_as_those_before(monkeypatch):
    model, counts = network(), []
    run = fitting.Fit.run

    def counted(self, first, count):
        counts.append(count)
        run(self, first, count)

    monkeypatch.setattr(fitting.Fit, "run", counted)
    monkeypatch.setattr(slices, "SLICE_SECONDS", 1e9)
    for callbacks in ([], [Callback()]):
        counts.clear()
        for _ in range(2):
            model.fit(*data(), batch_size=5, epochs=1, callbacks=callbacks, verbose=0)
        assert counts == ([1, 9, 10] if not callbacks else [10, 10])


def test_a_state_that_is_held_keeps_its_numbers(monkeypatch):
    monkeypatch.setattr(training, "FRESH", 0)  # memory of states is used again
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0)
    model, held = network(), []

    class Hold(Callback):
        def on_train_batch_end(self, batch, logs=None):
            parameters = model._state.parameters
            held.append((parameters, parameters.tobytes()))
            del held[:-2]  # the memory of the others is free

    model.fit(*data(), batch_size=8, epochs=4, callbacks=[Hold()], verbose=0)
    model.fit(*data(), batch_size=8, epochs=4, verbose=0)
    assert all(parameters.tobytes() == before for parameters, before in held)
    assert bits(model) == fitted(4, then=[4])[0]


def test_callbacks_of_epochs_and_of_batches_change_no_bit():
    def by_batch(batch, logs=None):
        pass

    expected = fitted()
    assert fitted(callbacks=Callback()) == expected
    assert fitted(callbacks=[LambdaCallback(on_train_batch_end=by_batch)]) == expected
    assert fitted(validation_data=data(20)) == expected


def test_the_size_of_the_batches_may_change_between_fits():
    model = network()
    for batch_size in (8, 50, 1, 8):
        model.fit(*data(), batch_size=batch_size, verbose=0)
    assert model.trained_epochs == 4
    assert model.iterations == 7 + 1 + 50 + 7


def test_train_on_batch_is_a_fit_of_one_batch():
    x, y = data()
    by_fit, by_batch = network(metrics=["accuracy"]), network(metrics=["accuracy"])
    for _ in range(3):
        history = by_fit.fit(x, y, batch_size=50, shuffle=False, verbose=0).history
        result = by_batch.train_on_batch(x, y)
        assert result == [history["loss"][0], history["accuracy"][0]]
    assert bits(by_batch) == bits(by_fit)
    assert type(network().train_on_batch(x, y)) is float


def test_train_on_batch_names_its_results_as_keras_does():
    """The fifth argument, too, is that of Keras."""
    x, y = data()
    loss, accuracy = network(metrics=["accuracy"]).train_on_batch(x, y)
    named = network(metrics=["accuracy"]).train_on_batch(x, y, None, None, True)
    assert named == {"loss": loss, "accuracy": accuracy}
    with pytest.raises(TypeError, match="return_dict must be True or False, got 'no'"):
        network().train_on_batch(x, y, return_dict="no")


def test_initial_epoch_counts_from_there():
    seen = []
    epochs = LambdaCallback(on_epoch_begin=lambda epoch, logs=None: seen.append(epoch))
    model = network()
    history = model.fit(*data(), epochs=5, initial_epoch=3, callbacks=[epochs], verbose=0)
    assert seen == history.epoch == [3, 4]
    assert len(history.history["loss"]) == 2
    assert model.fit(*data(), epochs=2, initial_epoch=3, verbose=0).history == {}


# --- data besides the training data ---------------------------------------------------------------


def test_validation_is_an_evaluation_after_each_epoch():
    held_out = data(20)
    model, seen = network(metrics=["accuracy"]), []
    after = LambdaCallback(
        on_epoch_end=lambda epoch, logs=None: seen.append(model.evaluate(*held_out))
    )
    history = model.fit(
        *data(), epochs=3, validation_data=held_out, callbacks=[after], verbose=0
    ).history
    pairs = zip(history["val_loss"], history["val_accuracy"], strict=True)
    assert [list(pair) for pair in pairs] == seen


def test_validation_split_holds_out_the_last_samples():
    x, y = data()
    weights = np.linspace(0, 2, 50)
    by_split, by_hand = network(), network()
    options = {"epochs": 2, "verbose": 0}
    first = by_split.fit(x, y, validation_split=0.3, sample_weight=weights, **options)
    given = x[35:], y[35:], weights[35:]
    second = by_hand.fit(
        x[:35], y[:35], validation_data=given, sample_weight=weights[:35], **options
    )
    assert first.history == second.history
    assert bits(by_split) == bits(by_hand)


def test_class_weights_are_weights_of_samples():
    x, y = data()
    of_class = {0: 0.5, 2: 3.0}
    weights = np.array([0.5, 1.0, 3.0])[y]
    ends = []
    for options in (
        {"class_weight": of_class},
        {"sample_weight": weights},
        {"sample_weight": weights / [2.0], "class_weight": {0: 2, 1: 2, 2: 2}},
    ):
        model = network()
        history = model.fit(x, y, epochs=2, verbose=0, **options).history
        ends.append((bits(model), history))
    assert ends[1:] == ends[:1] * 2
    one_hot = network(loss="categorical_crossentropy")
    one_hot.fit(x, to_categorical(y), epochs=2, verbose=0, class_weight=of_class)
    assert bits(one_hot) == ends[0][0]


def test_class_weights_are_for_training_only():
    """The validation loss is that of the same model without them, as Keras has it."""
    x, y = data()
    weights = np.arange(1.0, 51.0) / 25
    for sample_weight in (None, weights):
        model = network(optimizers.SGD(1e-12))  # stays where it is
        options = {"verbose": 0, "validation_split": 0.4, "sample_weight": sample_weight}
        history = model.fit(x, y, class_weight={0: 5.0, 1: 0.1}, **options).history
        held_out = None if sample_weight is None else sample_weight[30:]
        expected = model.evaluate(x[30:], y[30:], sample_weight=held_out)
        assert history["val_loss"] == pytest.approx([expected], **CLOSE)


def test_a_weight_of_two_is_the_sample_twice():
    """In the loss: the sum of the weighted losses over the number of samples."""
    x, y = data(10)
    model = network()
    alone = [model.evaluate(x[n : n + 1], y[n : n + 1]) for n in range(10)]
    weights = np.arange(10.0)
    expected = np.dot(alone, weights) / 10
    assert model.evaluate(x, y, sample_weight=weights) == pytest.approx(expected, **CLOSE)


# --- what is counted and measured -----------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
def test_accuracy_of_the_loop_is_that_of_predictions(weighted):
    """With a step too small to move a prediction, the epoch's accuracy is that of the model."""
    x, y = data(101)
    model = Sequential([layers.Input((6,)), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(1e-12), "sparse_categorical_crossentropy", ["accuracy"])
    options = {"sample_weight": np.linspace(0, 1, 101)} if weighted else {}
    history = model.fit(x, y, batch_size=16, verbose=0, **options).history
    share = (model.predict(x).argmax(axis=1) == y).sum() / 101  # counted, then divided once
    assert history["accuracy"] == [share]
    assert model.evaluate(x, y)[1] == share


@pytest.mark.parametrize(
    ("loss", "read_out", "level"),
    [
        (losses.BinaryCrossentropy(), "sigmoid", 0.5),
        (losses.BinaryCrossentropy(from_logits=True), "linear", 0.5),
        (losses.MeanSquaredError(), "linear", 0.5),
        (losses.CategoricalCrossentropy(), "softmax", 0.5),
    ],
)
def test_binary_accuracy_of_several_outputs(loss, read_out, level):
    x = data(40)[0]
    y = np.eye(3)[np.random.default_rng(1).integers(3, size=40)]
    model = Sequential([layers.Input((6,)), layers.Dense(3, read_out)])
    model.compile("sgd", loss, ["binary_accuracy"])
    expected = ((model.predict(x) > level) == y).sum() / 120
    assert model.evaluate(x, y)[1] == expected


@pytest.mark.parametrize("n", [1, 3, 7, 49, 100, 1000])
@pytest.mark.parametrize("batch_size", [1, 3, 7, 32, 1000])
def test_a_perfect_model_has_an_accuracy_of_one(n, batch_size):
    """Exactly: what is right is counted, and divided once. The sum of shares of batches is not."""
    x = np.eye(3)[np.arange(n) % 3]
    for loss, read_out, y in (
        ("categorical_crossentropy", "softmax", x),
        ("sparse_categorical_crossentropy", "softmax", x.argmax(axis=1)),
        ("binary_crossentropy", "sigmoid", x),
    ):
        model = Sequential([layers.Input((3,)), layers.Dense(3, read_out)])
        metric = "binary_accuracy" if read_out == "sigmoid" else "accuracy"
        model.compile(optimizers.SGD(1e-3), loss, [metric])
        model.set_weights([20 * np.eye(3) - 10, np.zeros(3)])
        options = {"epochs": 2, "validation_data": (x, y), "verbose": 0}
        history = model.fit(x, y, batch_size=batch_size, **options).history
        assert history[metric] == history[f"val_{metric}"] == [1.0, 1.0]
        assert model.evaluate(x, y, batch_size=batch_size)[1] == 1.0


def test_accuracy_is_a_quotient_of_integers():
    """Of 1000 samples, 7 of which are wrong, in batches that do not divide them."""
    x = np.eye(3)[np.arange(1000) % 3]
    y = (np.arange(1000) % 3 + (np.arange(1000) % 143 == 5)) % 3
    assert (x.argmax(axis=1) != y).sum() == 7
    model = Sequential([layers.Input((3,)), layers.Dense(3, "softmax")])
    model.compile(optimizers.SGD(1e-6), "sparse_categorical_crossentropy", ["accuracy"])
    model.set_weights([10 * np.eye(3), np.zeros(3)])
    for batch_size in (1, 7, 33, 999, 1000):
        assert model.evaluate(x, y, batch_size=batch_size)[1] == 993 / 1000
        history = model.fit(x, y, batch_size=batch_size, verbose=0).history
        assert history["accuracy"] == [993 / 1000]


def test_acc_is_accuracy_by_another_name():
    x, y = data()
    models = [network(metrics=[name]) for name in ("acc", "accuracy")]
    ends = [
        (
            model.fit(x, y, epochs=2, validation_data=data(20), verbose=0).history,
            model.evaluate(x, y),
        )
        for model in models
    ]
    for prefix in ("", "val_"):
        assert ends[0][0][f"{prefix}acc"] == ends[1][0][f"{prefix}accuracy"]
    assert list(ends[0][0]) == ["loss", "acc", "val_loss", "val_acc"]
    assert ends[0][1] == ends[1][1]
    assert list(models[0].evaluate(x, y, return_dict=True)) == ["loss", "acc"]


# Keras' variables hand themselves out to NumPy in a way that is going out of use.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_acc_is_that_of_keras(keras):
    x, y = data()
    theirs = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, "softmax")])
    theirs.compile("sgd", "sparse_categorical_crossentropy", metrics=["acc"])
    ours = Sequential([layers.Input((6,)), layers.Dense(3, "softmax")])
    ours.compile("sgd", "sparse_categorical_crossentropy", ["acc"])
    kernel, bias = ours.get_weights()
    theirs.set_weights([kernel, bias])
    expected = theirs.evaluate(x, y, verbose=0, return_dict=True)
    assert ours.evaluate(x, y, return_dict=True) == pytest.approx(expected, **CLOSE)
    options = {"batch_size": 50, "shuffle": False, "verbose": 0}
    history = theirs.fit(x, y, **options).history
    assert ours.fit(x, y, **options).history == {
        name: pytest.approx(values, **CLOSE) for name, values in history.items()
    }


def test_metrics_are_those_of_the_module():
    x, y = data()
    y = to_categorical(y)
    names = ["categorical_accuracy", "mean_absolute_error", "r2_score"]
    model = network(metrics=names, loss="mean_squared_error")
    with pytest.raises(TypeError, match="return_dict must be True or False"):
        model.evaluate(x, y, return_dict=np.array([1, 2]))
    found = model.evaluate(x, y, return_dict=True)
    assert list(found) == ["loss", *names]
    for name in names:
        expected = getattr(metrics, name)(y, model.predict(x))
        assert found[name] == pytest.approx(expected, rel=1e-6)
    last = model.fit(x, y, epochs=2, verbose=0).history
    assert last["mean_absolute_error"][-1] == model.evaluate(x, y)[2]


# --- what is shown --------------------------------------------------------------------------------


def lines_of(history, epochs, first=1):
    """The lines of a fit, as patterns: a time stands in each."""
    last = first + epochs - 1
    return [
        rf"Epoch {first + i}/{last} - \d+(\.\d)?(us|ms|s) - "
        + " - ".join(f"{name}: {values[i]:.4f}" for name, values in history.items())
        for i in range(epochs)
    ]


@pytest.mark.parametrize(
    ("scale", "shown"), [(1e-3, r"\d\.\d{4}e-0\d"), (0, r"0\.0000"), (30, r"\d+\.\d{4}")]
)
def test_numbers_are_shown_with_five_digits_as_in_keras(capsys, scale, shown):
    """Small ones too, which four decimals would show as 0.0000."""
    model = Sequential([layers.Input((6,)), layers.Dense(1, use_bias=False)])
    model.compile(optimizers.SGD(0.0), "mean_squared_error")
    model.set_weights([np.full((6, 1), scale)])
    model.fit(data()[0], np.zeros(50), verbose=2)
    assert re.fullmatch(rf".* - loss: {shown}\n", capsys.readouterr().out)


FITS = [{}, {"validation_split": 0.5}, {"callbacks": [Callback()]}, {"callbacks": [EachBatch()]}]


@pytest.mark.parametrize("options", FITS)
@pytest.mark.parametrize("seconds", [0, 0.1])
def test_a_line_for_each_epoch(monkeypatch, capsys, options, seconds):
    monkeypatch.setattr(slices, "SLICE_SECONDS", seconds)  # a step, or many epochs
    for verbose in (1, 2, "auto"):
        options = {"epochs": 5, "initial_epoch": 2, "batch_size": 8, **options}
        history = network(metrics=["accuracy"]).fit(*data(), verbose=verbose, **options).history
        out, err = capsys.readouterr()
        assert err == ""
        wanted = lines_of(history, 3, 3)
        assert len(out.splitlines()) == len(wanted)
        for line, pattern in zip(out.splitlines(), wanted, strict=True):
            assert re.fullmatch(pattern, line)
    network().fit(*data(), verbose=0, **options)
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self):
        return True

    def frames(self):
        """All that a line has shown, for each line."""
        return [line.split("\r") for line in self.getvalue().split("\n")]

    def screen(self):
        """What can be read when all is done."""
        lines = []
        for frames in self.frames():
            shown = ""
            for frame in frames:
                shown = frame + shown[len(frame) :]
            lines.append(shown.rstrip())
        return lines


@pytest.mark.parametrize("options", FITS)
def test_a_bar_within_each_epoch_leaves_only_the_line(monkeypatch, options):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(output, "DELAY", 0.0)
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("tqdm.tqdm.__init__", partialmethod(tqdm.__init__, mininterval=0))
    history = network().fit(*data(), epochs=3, batch_size=8, **options).history
    *lines, last = terminal.screen()
    assert last == ""
    for line, pattern in zip(lines, lines_of(history, 3), strict=True):
        assert re.fullmatch(pattern, line)
    for epoch, frames in enumerate(terminal.frames()[:3]):
        assert max(map(len, frames)) <= 80 + len(frames[-1])
        bars = [frame for frame in frames if "step" in frame]
        assert len(bars) >= 3
        assert all(frame.startswith(f"Epoch {epoch + 1}/3: ") for frame in bars)
        assert all("loss=" in frame for frame in bars[1:])


def test_a_bar_is_removed_if_a_fit_fails(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(output, "DELAY", 0.0)
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0)
    with pytest.raises(FloatingPointError):
        network(optimizers.SGD(1e30)).fit(*data(), epochs=3, batch_size=2)
    assert terminal.screen() == [""]


# --- frozen layers --------------------------------------------------------------------------------


@pytest.mark.parametrize("clip", [{}, {"clipnorm": 0.5}, {"global_clipnorm": 0.5}])
@pytest.mark.parametrize("weight_decay", [None, 0.1])
def test_frozen_weights_keep_their_bits(clip, weight_decay):
    optimizer = optimizers.Adam(0.1, weight_decay=weight_decay, **clip)
    model = network(optimizer)
    model.layers[0].trainable = model.layers[1].trainable = False
    before = bits(model)
    model.fit(*data(), epochs=2, verbose=0)
    after = bits(model)
    assert after[:6] == before[:6]  # kernel, bias, gamma, beta, mean, variance
    assert all(a != b for a, b in zip(after[6:], before[6:], strict=True))
    model.layers[0].trainable = True  # heard by the next fit
    model.fit(*data(), verbose=0)
    assert bits(model)[0] != before[0]
    assert bits(model)[2:6] == before[2:6]


# --- fits that end early --------------------------------------------------------------------------


@pytest.mark.parametrize("callbacks", [[], [Callback()]])
def test_ctrl_c_keeps_the_steps_that_were_taken(monkeypatch, callbacks):
    def press(line):
        raise KeyboardInterrupt

    monkeypatch.setattr(output, "say", press)  # after the first epoch
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0)
    interrupted, whole = network(), network()
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(*data(), batch_size=8, epochs=1000, callbacks=callbacks, verbose=1)
    whole.fit(*data(), batch_size=8, verbose=0)  # seven steps
    assert interrupted.iterations == 7
    for model in (interrupted, whole):
        model.fit(*data(), batch_size=8, epochs=2, verbose=0)
    assert bits(interrupted) == bits(whole)


@pytest.fixture
def ctrl_c_after_the_steps(monkeypatch):
    """Each run of compiled steps ends with a Ctrl-C."""
    train = Trainer.train

    def train_and_press(*arguments):
        train(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "train", train_and_press)


def test_ctrl_c_within_a_slice_counts_its_steps(ctrl_c_after_the_steps):
    """It takes effect when the compiled steps are done, before Python notes them."""
    model = network()
    x, y = data()
    before = model.predict(x)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=8, verbose=0)
    assert model.iterations == 1
    same = network()
    same.set_weights(model.get_weights())
    np.testing.assert_array_equal(model.predict(x), same.predict(x))
    assert not np.array_equal(model.predict(x), before)


def test_ctrl_c_before_the_compiled_steps_counts_none(monkeypatch):
    model = network()
    x, y = data()
    model.fit(x, y, batch_size=8, verbose=0)
    before = bits(model), model.iterations, model.trained_epochs

    def press(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "train", press)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=8, verbose=0)
    assert (bits(model), model.iterations, model.trained_epochs) == before


def test_ctrl_c_in_a_slice_that_diverged_leaves_the_weights_before_it(ctrl_c_after_the_steps):
    model = network(optimizers.SGD(1e30))
    before = bits(model)
    with pytest.raises(KeyboardInterrupt):
        fitting.Fit(model, model._data(*data()), 8, 5, True, True).run(0, 20)
    assert bits(model) == before
    assert (model.iterations, model.trained_epochs) == (0, 0)


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_epoch_end", "on_train_batch_end"])
def test_ctrl_c_in_a_callback_ends_the_fit(hook):
    def press(number, logs=None):
        if number == 1:
            raise KeyboardInterrupt

    ended = []
    model = network()
    callbacks = [
        LambdaCallback(**{hook: press}),
        LambdaCallback(on_train_end=lambda logs=None: ended.append(True)),
    ]
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data(), batch_size=8, epochs=5, callbacks=callbacks, verbose=0)
    assert ended == [True]
    assert len(model.fit(*data(), verbose=0).history["loss"]) == 1


CHILD = """
import signal

import numpy as np

from fastscratch import Sequential, layers

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
model = Sequential([layers.Input((20,)), layers.Dense(300, "relu"), layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
x, y = np.random.default_rng(1).random((500, 20)), np.arange(500) % 3
model.fit(x, y, verbose=0)  # compiled, or loaded
try:
    print("ready", flush=True)
    model.fit(x, y, epochs=10**7, verbose=0)  # would take days
except KeyboardInterrupt:
    assert np.isfinite(model.predict(x)).all()
    assert model.iterations > 16
    print(len(model.fit(x, y, verbose=0).history["loss"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to one process")
def test_a_signal_ends_a_fit_of_days():
    child = start(CHILD)
    assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    assert finish(child)[0] == "1"


@pytest.mark.parametrize("learning_rate", [1e4, 1e30, 1e39, 1e300])
def test_divergence_names_the_step(learning_rate):
    model = network(optimizers.SGD(learning_rate), loss="mean_squared_error")
    x, y = data()
    y = to_categorical(y)
    rate = re.escape(f"{learning_rate:g}")
    message = (
        r"training diverged in step \d of epoch \d+: (the loss after|\w+ of) layer '\w+' is not "
        rf"finite at learning_rate={rate}; use a smaller one"
    )
    with pytest.raises(FloatingPointError, match=message):
        model.fit(x, y, batch_size=8, epochs=50, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    model.compile(optimizers.SGD(0.01), "mean_squared_error")
    model.set_weights(network().get_weights())
    assert model.fit(x, y, verbose=0).history["loss"][0] < 10


@pytest.mark.parametrize("callbacks", [[], [Callback()]])
@pytest.mark.parametrize("seconds", [0, 0.1, 1e9])
@pytest.mark.parametrize("last", [0, 4, 9, 23])
def test_divergence_leaves_the_model_as_the_last_good_step_did(
    monkeypatch, last, seconds, callbacks
):
    """The rate explodes in one step; the steps before it are those of a fit that ends there."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", seconds)
    explode = optimizers.schedules.PiecewiseConstantDecay([last], [0.05, 1e39])
    x, y = data()
    model, expected = network(optimizers.SGD(explode)), network(optimizers.SGD(0.05))
    epoch, step = divmod(last + 1, 7)
    where = rf"step {step + 1} of epoch {epoch + 1}: kernel of layer 'dense' is not finite"
    with pytest.raises(FloatingPointError, match=where):
        model.fit(x, y, batch_size=8, epochs=10, callbacks=callbacks, verbose=0)
    assert model.iterations == last + 1

    def stop(batch, logs=None):
        if expected.iterations == last + 1:
            raise StopIteration

    by_batch = LambdaCallback(on_train_batch_end=stop)
    with pytest.raises(StopIteration):
        expected.fit(x, y, batch_size=8, epochs=10, callbacks=[by_batch], verbose=0)
    assert bits(model) == bits(expected)


@pytest.mark.parametrize("optimizer", [optimizers.Adam, optimizers.RMSprop])
def test_divergence_leaves_what_the_optimiser_remembers(optimizer):
    """A fit that fails in its third epoch leaves what one of two epochs does."""
    explode = optimizers.schedules.PiecewiseConstantDecay([13], [0.05, 1e39])
    x, y = data()
    model, expected = network(optimizer(explode)), network(optimizer(explode))
    expected.fit(x, y, batch_size=8, epochs=2, verbose=0)
    with pytest.raises(FloatingPointError, match="step 1 of epoch 3"):
        model.fit(x, y, batch_size=8, epochs=3, verbose=0)
    assert bits(model) == bits(expected)
    remembered, wanted = (m._state.slots for m in (model, expected))
    assert [slot.tobytes() for slot in remembered] == [slot.tobytes() for slot in wanted]
    assert (model.iterations, model.trained_epochs) == (expected.iterations, 2)


@pytest.mark.parametrize(
    ("x", "where"),
    [
        (1e10, "output of layer 'second'"),  # 1e40, beyond float32
        (1, "output of layer 'third'"),  # 1e45
        (1e-20, "the loss after layer 'third'"),  # 1e25 squared
        (1e-27, "kernel of layer 'first'"),  # 1e18, and the gradient after it is 2e18 * 1e30
    ],
)
def test_divergence_names_what_overflows_first(x, where):
    """Three layers that multiply by 1e15 each."""
    names = ("first", "second", "third")
    model = Sequential([layers.Dense(1, use_bias=False, name=name) for name in names])
    model.compile("sgd", "mean_squared_error")
    model.predict([[0.0]])
    model.set_weights([[[1e15]]] * 3)
    with pytest.raises(FloatingPointError, match=f"step 1 of epoch 1: {where} is not finite"):
        model.fit([[x]], [[0]], verbose=0)
    assert [weight.item() for weight in model.get_weights()] == [np.float32(1e15)] * 3


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"callbacks": [Callback(), LambdaCallback(on_train_batch_end=lambda batch, logs: None)]},
        {"validation_data": one_hot(20)},
    ],
    ids=["quiet", "by-batch", "validated"],
)
def test_a_fit_goes_on_where_the_caller_asks(options):
    """Weights of the first step are infinite, the losses after it are not numbers."""
    loss, metrics = "categorical_crossentropy", ["accuracy", "precision"]
    model = network(optimizers.SGD(1e39), metrics, loss)
    options = {"batch_size": 8, "epochs": 3, "verbose": 0, **options}
    history = model.fit(*one_hot(), terminate_on_nan=False, **options).history
    for name in {"loss", "val_loss", "precision", "val_precision"} & {*history}:
        assert len(history[name]) == 3
        assert np.isnan(history[name]).all()
    assert (model.iterations, model.trained_epochs) == (21, 3)
    assert not any(np.isfinite(weight).all() for weight in model.get_weights()[:2])


def test_terminate_on_nan_changes_no_bit_of_a_fit_that_converges():
    assert fitted(terminate_on_nan=False) == fitted()


def test_one_step_that_diverges():
    model = network(optimizers.SGD(1e39))
    before = bits(model)
    with pytest.raises(FloatingPointError, match="kernel of layer 'dense' is not finite"):
        model.train_on_batch(*data())
    assert bits(model) == before
    assert (model.iterations, model.trained_epochs) == (0, 0)
    assert np.isfinite(model.train_on_batch(*data(), terminate_on_nan=False))  # before its step
    assert np.isnan(model.train_on_batch(*data(), terminate_on_nan=False))
    assert model.iterations == 2


# --- what is refused ------------------------------------------------------------------------------

X, Y = data()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"verbose": 3}, ValueError, "verbose must be 'auto', 0, 1 or 2, got 3"),
        ({"callbacks": ["early"]}, TypeError, "callbacks must be Callbacks, got str"),
        ({"shuffle": 1}, TypeError, "shuffle must be True or False, got 1"),
        ({"terminate_on_nan": 0}, TypeError, "terminate_on_nan must be True or False, got 0"),
        ({"initial_epoch": -1}, ValueError, "initial_epoch must be at least 0, got -1"),
        ({"validation_data": X}, ValueError, r"must be \(x, y\) or \(x, y, sample_weight\)"),
        ({"validation_data": (X,)}, ValueError, r"must be \(x, y\) or \(x, y, sample_weight\)"),
        (
            {"validation_data": (X[:, 1:], Y)},
            ValueError,
            r"validation x must have samples of shape \(6,\), .* got \(5,\)",
        ),
        ({"validation_data": (X, Y + 1)}, ValueError, "validation y must hold labels 0 ... 2, got"),
        ({"validation_split": 1}, ValueError, "validation_split must be at least 0 and below 1"),
        (
            {"validation_split": 0.999},
            ValueError,
            "validation_split=0.999 leaves 0 of 50 samples for training",
        ),
        ({"sample_weight": [1.0]}, ValueError, "y and sample_weight must have one row for each"),
        ({"sample_weight": -np.ones(50)}, ValueError, "sample_weight must not be negative, got -1"),
        ({"class_weight": [1, 2]}, TypeError, "class_weight must be a dict from labels to weights"),
        ({"class_weight": {0: -1}}, ValueError, r"class_weight\[0\] must not be negative, got -1"),
        ({"class_weight": {0: np.nan}}, ValueError, r"class_weight\[0\] must be finite, got nan"),
        ({"class_weight": {-1: 2}}, ValueError, "a label of class_weight must be at least 0"),
        ({"class_weight": {"a": 2}}, TypeError, "a label of class_weight must be an integer"),
        ({"class_weight": {0: 2, 3: 2}}, ValueError, "class_weight must have labels of y, got 3"),
    ],
)
def test_refused_before_anything_changes(options, error, message):
    model = network()
    before = bits(model)
    with pytest.raises(error, match=message):
        model.fit(X, Y, **({"verbose": 0} | options))
    assert bits(model) == before
    assert model.iterations == 0
    model.fit(X, Y, batch_size=8, epochs=4, verbose=0)
    assert bits(model) == fitted()[0]


def test_a_last_layer_that_came_after_compile_is_checked():
    model = network()
    model.pop()
    model.add(layers.Dense(3))
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    model.add(layers.Activation("softmax"))
    with pytest.raises(ValueError, match="needs a linear activation in the last layer, got soft"):
        model.fit(X, Y, verbose=0)
    model.pop()
    model.fit(X, Y, verbose=0)


def test_the_number_of_threads_is_heard_by_the_next_fit(monkeypatch):
    most = fastscratch.get_num_threads()
    if most < 2:
        pytest.skip("only one thread here")
    monkeypatch.setattr(evaluation, "PARALLEL_WORK", -1)
    model, teams, train = network(), set(), Trainer.train

    def note_and_train(trainer, *arguments):
        teams.add(trainer.workers)
        train(trainer, *arguments)

    monkeypatch.setattr(Trainer, "train", note_and_train)
    try:
        for threads in (1, 2):
            fastscratch.set_num_threads(threads)
            model.fit(X, Y, batch_size=8, verbose=0)
            assert teams.pop() == threads
    finally:
        fastscratch.set_num_threads(most)


def test_targets_of_images():
    model = Sequential([layers.Input((4, 4, 1)), layers.Conv2D(2, 3)])
    model.compile("sgd", "mean_squared_error")
    x = np.ones((3, 4, 4, 1))
    assert model.evaluate(x, model.predict(x)) == 0
    with pytest.raises(ValueError, match=r"y must have shape \(samples, 2, 2, 2\), .* got \(3,\)"):
        model.fit(x, np.ones(3))
    labels = Sequential([layers.Input((4, 4, 1)), layers.Conv2D(2, 3, activation="softmax")])
    labels.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"y must have shape \(samples, 2, 2\), .* got \(3,\)"):
        labels.fit(x, np.zeros(3))
    labels.fit(x, np.zeros((3, 2, 2)), verbose=0)


def test_class_weights_of_targets_that_are_no_labels():
    """Targets of a regression, however large, have no class: none is weighted."""
    x, y = np.ones((3, 2), np.float32), np.array([1e9, -1e25, 0.5])
    losses = []
    for options in ({}, {"class_weight": {0: 5.0}}):
        model = Sequential([layers.Dense(1, input_shape=(2,), kernel_initializer="zeros")])
        model.compile("sgd", "mean_absolute_error")
        losses.append(model.train_on_batch(x, y, **options))
    assert losses[0] == losses[1] == pytest.approx(1e25 / 3)


def test_class_weights_want_a_class_a_sample():
    model = Sequential([layers.Dense(1, input_shape=(3, 2))])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(ValueError, match=r"class_weight needs a class .* shape \(2, 3, 1\)"):
        model.fit(np.ones((2, 3, 2)), np.ones((2, 3, 1)), class_weight={0: 2.0})
