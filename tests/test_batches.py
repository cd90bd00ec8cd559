"""Fits, evaluations and predictions of data that come in batches."""

import gc
import threading

import numpy as np
import pytest
from children import PATIENCE

import fastscratch as fs
from fastscratch import callbacks, layers
from fastscratch.models.batches import END_OF_EPOCH, Batches, are_batches

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SAMPLES, BATCH = 22, 8


def data(n=SAMPLES):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, 4)).astype(np.float32)
    return x, rng.integers(3, size=n), rng.random(n)


def make(metrics=(), optimizer="adam", dropout=0.5):
    model = fs.Sequential(
        [
            fs.Input((4,)),
            layers.Dense(8, "tanh", kernel_regularizer="l2"),
            layers.Dropout(dropout),
            layers.BatchNormalization(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.seed = 3
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics)
    return model


def cut(weighted=True, n=SAMPLES):
    """The data in batches, the last one smaller."""
    arrays = data(n) if weighted else data(n)[:2]
    return [tuple(a[i : i + BATCH] for a in arrays) for i in range(0, n, BATCH)]


class Numbered(fs.utils.PyDataset):
    """The batches by their numbers, with a note of what is called."""

    def __init__(self):
        super().__init__(workers=2)
        self.asked, self.begun, self.ended = [], 0, 0

    def __len__(self):
        return 3

    def __getitem__(self, index):
        self.asked.append(index)
        return cut()[index]

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        self.ended += 1


class Again:
    """Can be iterated again and again, and says nothing else."""

    def __iter__(self):
        return iter(cut())


def endless():
    while True:
        yield from cut()


SOURCES = {
    "generator": lambda: ((batch for _ in range(3) for batch in cut()), {"steps_per_epoch": 3}),
    "endless generator": lambda: (endless(), {"steps_per_epoch": 3}),
    "iterable": lambda: (Again(), {}),
    "iterable in steps": lambda: (Again(), {"steps_per_epoch": 3}),
    "numbered": lambda: (Numbered(), {}),
    "lists": lambda: (map(list, endless()), {"steps_per_epoch": 3}),
}


@pytest.mark.parametrize("source", SOURCES)
def test_the_same_bits_as_arrays(source):
    """With dropout, moving averages, a penalty and weights of samples; history and counts too."""
    arrays, streamed = make(["accuracy"]), make(["accuracy"])
    x, y, weights = data()
    options = {"epochs": 3, "shuffle": False, "verbose": 0}
    expected = arrays.fit(x, y, batch_size=BATCH, sample_weight=weights, **options)
    batches, steps = SOURCES[source]()
    found = streamed.fit(batches, **options, **steps)
    for a, b in zip(arrays.get_weights(), streamed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert found.epoch == expected.epoch
    for name, values in expected.history.items():
        # Sums of three means in float64.
        np.testing.assert_allclose(found.history[name], values, rtol=8 * 2.0**-52)
    assert streamed.iterations == arrays.iterations == 9
    assert streamed.trained_epochs == arrays.trained_epochs == 3
    for model in (arrays, streamed):  # and go on alike
        model.fit(x, y, batch_size=BATCH, verbose=0)
    np.testing.assert_array_equal(arrays.get_weights()[0], streamed.get_weights()[0])


def test_loaders_of_pytorch():
    torch = pytest.importorskip("torch")
    x, y, _ = data()
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    loader = torch.utils.data.DataLoader(dataset, BATCH)
    streamed, arrays = make(), make()
    streamed.fit(loader, epochs=2, validation_data=loader, verbose=0)
    arrays.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(streamed.get_weights()[0], arrays.get_weights()[0])
    assert streamed.evaluate(loader) == pytest.approx(arrays.evaluate(x, y), rel=1e-6)
    np.testing.assert_array_equal(streamed.predict(loader), arrays.predict(x))


class Eager:
    """An array as TensorFlow hands it out: with a method `numpy`, and as one for NumPy."""

    def __init__(self, array):
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype

    def numpy(self):
        return self._array

    def __array__(self, dtype=None, copy=None):
        return np.array(self._array, dtype)


class Dataset:
    """What is asked of a ``tf.data.Dataset``: it can be iterated, and may not know its length."""

    def __init__(self, times):
        self._times = times

    def __iter__(self):
        for _ in range(self._times):
            for batch in cut():
                yield tuple(Eager(array) for array in batch)

    def __len__(self):
        raise TypeError("The dataset length is unknown.")


def test_data_sets_like_those_of_tensorflow():
    streamed, arrays = make(), make()
    x, y, weights = data()
    history = streamed.fit(Dataset(1), epochs=2, validation_data=Dataset(1), verbose=0).history
    arrays.fit(x, y, BATCH, epochs=2, sample_weight=weights, shuffle=False, verbose=0)
    np.testing.assert_array_equal(streamed.get_weights()[0], arrays.get_weights()[0])
    expected = arrays.evaluate(x, y, sample_weight=weights)
    assert history["val_loss"][-1] == pytest.approx(np.ravel(expected)[0], rel=1e-6)
    np.testing.assert_array_equal(streamed.predict(Dataset(1)), arrays.predict(x))
    repeated = make()  # one that is repeated without end
    repeated.fit(Dataset(10**6), epochs=2, steps_per_epoch=3, verbose=0)
    np.testing.assert_array_equal(repeated.get_weights()[0], arrays.get_weights()[0])


def test_data_sets_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    x, y, weights = data()
    source = tf.data.Dataset.from_tensor_slices((x, y, weights)).batch(BATCH).prefetch(2)
    streamed, arrays = make(), make()
    streamed.fit(source, epochs=2, validation_data=source, verbose=0)
    arrays.fit(x, y, BATCH, epochs=2, sample_weight=weights, shuffle=False, verbose=0)
    np.testing.assert_array_equal(streamed.get_weights()[0], arrays.get_weights()[0])
    np.testing.assert_array_equal(streamed.predict(source), arrays.predict(x))


def test_data_sets_of_keras(keras):
    """What is derived from its PyDataset is taken as it is, and gives what Keras computes."""

    class Own(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return cut()[index]

    ours, theirs = (
        module.Sequential(
            [module.Input((4,)), module.layers.Dense(3, "softmax", kernel_regularizer="l2")]
        )
        for module in (fs, keras)
    )
    theirs.set_weights(ours.get_weights())
    for model, module in ((ours, fs), (theirs, keras)):
        model.compile(module.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        model.fit(Own(), epochs=2, shuffle=False, verbose=0)
    # Sums of at most 30 terms of about 1, in 6 steps.
    close = {"rtol": 0, "atol": 6 * 30 * 2.0**-23}
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **close)
    np.testing.assert_allclose(ours.predict(Own()), theirs.predict(Own(), verbose=0), **close)


def test_numbered_batches_are_shuffled_each_epoch_and_told_of_epochs():
    numbered, model = Numbered(), make()
    model.fit(numbered, epochs=6, verbose=0)
    orders = [tuple(numbered.asked[i : i + 3]) for i in range(0, 18, 3)]
    assert all(sorted(order) == [0, 1, 2] for order in orders)
    assert len(set(orders)) > 1
    assert (numbered.begun, numbered.ended) == (6, 6)
    again = Numbered()
    make().fit(again, epochs=6, verbose=0)
    assert again.asked == numbered.asked  # the seed of the model decides


def test_arrays_in_steps_go_on_after_each_epoch():
    """Eleven steps of 8 of 22 samples: all samples are seen as often as they can be."""
    x, y = np.arange(22.0)[:, None], np.zeros(22)
    model = fs.Sequential([fs.Input((1,)), layers.Dense(1, use_bias=False)])
    model.compile(fs.optimizers.SGD(0.0), "mean_absolute_error")
    model.set_weights([[[1.0]]])
    history = model.fit(x, y, batch_size=8, epochs=3, steps_per_epoch=1, verbose=0)
    losses = history.history["loss"]
    sizes = [8, 8, 6]
    assert np.dot(losses, sizes) == pytest.approx(x.sum())  # an epoch in three
    in_order = model.fit(x, y, batch_size=8, epochs=2, steps_per_epoch=3, shuffle=False, verbose=0)
    assert in_order.history["loss"] == pytest.approx([10.5, 10.5])
    assert model.trained_epochs == 5


def test_metrics_that_need_predictions_are_taken_of_the_batches():
    """Before each step, as Keras does, and of all batches together."""
    x = data()[0]
    y = (x[:, 0] > 0).astype(float)
    batches = [(x[i : i + BATCH], y[i : i + BATCH]) for i in range(0, SAMPLES, BATCH)]
    model = fs.Sequential([fs.Input((4,)), layers.Dense(1, "sigmoid")])
    model.compile(fs.optimizers.SGD(0.0), "binary_crossentropy", ["auc"])
    expected = model.evaluate(x, y, return_dict=True)
    again = model.evaluate(iter(batches), return_dict=True)
    assert again == pytest.approx(expected, rel=1e-6)
    found = model.fit(iter(batches), verbose=0).history
    assert found["auc"] == pytest.approx([expected["auc"]])


def test_evaluation_and_prediction_of_batches():
    model = make(["accuracy"])
    x, y, weights = data()
    model.fit(x, y, verbose=0)
    expected = model.evaluate(x, y, sample_weight=weights, return_dict=True)
    found = model.evaluate(Again(), return_dict=True)
    assert found == pytest.approx(expected, rel=1e-6)
    np.testing.assert_array_equal(model.predict(Again()), model.predict(x))
    np.testing.assert_array_equal(
        model.predict(x[i : i + 5] for i in range(0, SAMPLES, 5)), model.predict(x)
    )
    generator = endless()
    assert len(model.predict(generator, steps=2)) == 16
    first = model.evaluate(x[16:], y[16:], sample_weight=weights[16:])
    assert model.evaluate(generator, steps=1) == pytest.approx(first, rel=1e-6)  # the third batch


def test_a_graph_with_several_inputs_and_outputs():
    a, b = fs.Input((4,), name="a"), fs.Input((4,), name="b")
    outs = [layers.Dense(1, name="p")(a), layers.Dense(2, name="q")(layers.Add()([a, b]))]
    model = fs.Model([a, b], outs)
    model.compile("sgd", "mse")
    rng = np.random.default_rng(0)
    xs = {"a": rng.standard_normal((10, 4)), "b": rng.standard_normal((10, 4))}
    ys = {"p": rng.standard_normal((10, 1)), "q": rng.standard_normal((10, 2))}
    batch = (xs, ys)
    first = model.evaluate(xs, ys, return_dict=True)
    history = model.fit((batch for _ in range(1)), verbose=0)
    assert sorted(history.history) == ["loss", "p_loss", "q_loss"]
    assert history.history["loss"] == pytest.approx([first["loss"]], rel=1e-6)
    p, q = model.predict(iter([(xs,), (xs,)]))
    assert p.shape == (20, 1)
    assert q.shape == (20, 2)


def test_a_model_without_an_input_shape_takes_that_of_the_first_batch():
    model = fs.Sequential([layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(Again(), verbose=0)
    assert model.input_shape == (None, 4)
    unbuilt = fs.Sequential([layers.Dense(3)])
    assert unbuilt.predict(Again()).shape == (SAMPLES, 3)


def test_validation_of_batches_in_steps():
    """A generator goes on where it stood; the same samples in arrays have the same loss."""
    x, y, weights = data()
    model = make(optimizer=fs.optimizers.SGD(0.0))
    history = model.fit(
        x, y, epochs=2, validation_data=endless(), validation_steps=3, verbose=0
    ).history
    expected = model.evaluate(x, y, sample_weight=weights)
    moved = model.layers[2].get_weights()[2:]  # moving averages, which a rate of 0 does not stop
    assert history["val_loss"][1] == pytest.approx(expected, rel=1e-6), moved


@pytest.mark.parametrize(
    ("freq", "epochs"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4]), ([1, 4], [1, 4]), ([3], [3]), (9, [])]
)
def test_validation_freq(keras, freq, epochs):
    """After the epochs that Keras takes."""
    x, y, _ = data()
    for module in (fs, keras):
        noted = []

        class Note(module.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None, noted=noted):
                if "val_loss" in logs:
                    noted.append(epoch + 1)

        model = module.Sequential([module.Input((4,)), module.layers.Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        options = {"validation_split": 0.3, "validation_freq": freq, "verbose": 0}
        history = model.fit(x, y, epochs=5, callbacks=[Note()], **options)
        assert noted == epochs, module
        assert len(history.history.get("val_loss", [])) == len(epochs)


def test_validation_steps_and_sizes_of_arrays():
    x, y, _ = data()
    model = make(optimizer=fs.optimizers.SGD(0.0))
    seen = []

    class Note(callbacks.Callback):
        def on_test_batch_end(self, batch, logs=None):
            seen.append(batch)

    options = {"validation_steps": 2, "validation_batch_size": 5, "verbose": 0}
    history = model.fit(x, y, validation_data=(x, y), callbacks=[Note()], **options)
    assert seen == [0, 1]
    assert history.history["val_loss"] == pytest.approx([model.evaluate(x[:10], y[:10])], rel=1e-6)


def test_hooks_of_batches_and_what_callbacks_are_told():
    told = []

    class Note(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            told.append((batch, logs["loss"]))

        def on_test_batch_end(self, batch, logs=None):
            told.append(("test", batch))

    note = Note()
    model = make()
    model.fit(Again(), epochs=2, callbacks=[note], validation_data=Numbered(), verbose=0)
    assert [batch for batch, _ in told[:3]] == [0, 1, 2]
    assert told[3:6] == [("test", 0), ("test", 1), ("test", 2)]
    assert note.params == {"epochs": 2, "steps": None, "verbose": 0}
    model.fit(endless(), steps_per_epoch=4, callbacks=[note], verbose=0)
    assert note.params["steps"] == 4


def test_a_fit_is_stopped_in_the_middle_of_an_epoch():
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model, threads = make(), threading.active_count()
    model.fit(endless(), steps_per_epoch=100, epochs=3, callbacks=[Stop()], verbose=0)
    assert model.iterations == 2
    assert model.trained_epochs == 1
    assert threading.active_count() == threads


def test_no_more_batches_are_taken_than_are_needed():
    taken = []

    def noted():
        for k, batch in enumerate(endless()):
            taken.append(k)
            yield batch

    generator, model = noted(), make()
    for _ in range(3):
        model.fit(generator, steps_per_epoch=2, verbose=0)
        gc.collect()
    assert taken == list(range(6))
    assert model.iterations == 6


def test_batches_are_made_while_the_engine_runs():
    """The generator waits until a step has been taken that needs no later batch."""
    model = make()
    model.fit(Again(), verbose=0)  # compiles
    ready = threading.Event()

    def slow():
        yield cut()[0]
        yield cut()[1]
        ready.set()
        yield cut()[0]

    class Wait(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 0:  # else the thread would not have been asked for the others yet
                assert ready.wait(PATIENCE)

    model.fit(slow(), callbacks=[Wait()], verbose=0)


def test_a_source_that_ends_early_ends_the_fit():
    model = make()
    with pytest.warns(
        UserWarning, match="x has no more batches: the fit ends in epoch 2 of 3, aft"
    ):
        history = model.fit(iter(cut()), steps_per_epoch=2, epochs=3, verbose=0)
    assert len(history.epoch) == 2
    assert model.iterations == 3


def test_a_source_that_ends_with_an_epoch_ends_the_fit_there():
    model = make()
    with pytest.warns(UserWarning, match="the fit ends in epoch 2 of 3, after 0 of its steps"):
        history = model.fit(iter(cut()), steps_per_epoch=3, epochs=3, verbose=0)
    assert history.epoch == [0]
    assert len(history.history["loss"]) == 1


def test_errors_of_the_source_are_raised_and_no_thread_stays():
    def wrong():
        yield cut()[0]
        raise OSError("the disk is gone")

    threads, model = threading.active_count(), make()
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(wrong(), verbose=0)
    with pytest.raises(ValueError, match=r"x must have samples of shape \(4,\)"):
        model.fit(iter([cut()[0], (np.zeros((2, 5)), np.zeros(2))]), verbose=0)
    assert threading.active_count() == threads
    assert not model._holder.is_training
    model.fit(Again(), verbose=0)


def test_a_step_that_diverges_is_named():
    x = np.full((4, 1), 1e20)
    model = fs.Sequential([fs.Input((1,)), layers.Dense(1)])
    model.compile(fs.optimizers.SGD(0.1), "mse")
    calm = (np.zeros((4, 1)), np.zeros(4))
    with pytest.raises(FloatingPointError, match="diverged in step 2 of epoch 1"):
        model.fit(iter([calm, (x, np.zeros(4))]), verbose=0)
    assert model.iterations == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            {"x": iter(()), "y": [1]},
            "y must not be given beside an x that yields batches, got list",
        ),
        ({"x": Again(), "batch_size": 3}, "batch_size must not be given beside an x that yields"),
        ({"x": Again(), "sample_weight": [1]}, "sample_weight must not be given beside"),
        ({"x": Again(), "validation_split": 0.5}, "validation_split needs arrays, got batches"),
        (
            {"x": iter(cut()), "epochs": 2},
            "iterated again, because there are 2 epochs; a list_iter",
        ),
        ({"x": iter(())}, "x must yield at least one batch, got none"),
        ({"x": iter([(1, 2, 3, 4)])}, r"x must yield \(x,\), \(x, y\) or .*, got 4 of them"),
        ({"x": Again(), "steps_per_epoch": 0}, "steps_per_epoch must be at least 1, got 0"),
        ({"x": Again(), "validation_data": iter(()), "epochs": 2}, "validation_data must be an ob"),
        (
            {"x": Again(), "validation_data": 3},
            r"validation_data must be \(x, y\) or .*, got a int",
        ),
        ({"x": Again(), "validation_freq": 0}, "validation_freq must be at least 1, got 0"),
        (
            {"x": Again(), "validation_data": Again(), "validation_steps": 0},
            "validation_steps must",
        ),
        ({"x": Again(), "validation_batch_size": 0}, "validation_batch_size must be at least 1"),
    ],
)
def test_refused(arguments, words):
    model = make()
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=words):
        model.fit(**({"verbose": 0} | arguments))
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.trained_epochs == 0


def test_numbered_batches_without_a_number_are_refused():
    class Unknown:
        def __getitem__(self, index):
            return cut()[0]

    with pytest.raises(ValueError, match="says neither by its num_batches nor by its len"):
        make().fit(Unknown(), verbose=0)
    with pytest.raises(ValueError, match="use_multiprocessing must be False, because a thread"):
        fs.utils.PyDataset(use_multiprocessing=True)
    assert fs.utils.Sequence is fs.utils.PyDataset


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.zeros(3), False),
        ([1, 2], False),
        ((1, 2), False),
        ({"a": [1]}, False),
        ("text", False),
        (3, False),
        (None, False),
        (iter([1]), True),
        (Again(), True),
        (Numbered(), True),
    ],
)
def test_what_yields_batches(value, expected):
    assert are_batches(value) == expected


def test_epochs_of_what_can_be_iterated_again():
    """In steps, the next epoch goes on, and at the end the source begins again."""
    letters = Batches("x", type("Letters", (), {"__iter__": lambda self: iter("abc")})(), 2)
    found = ["|" if item is END_OF_EPOCH else item for item in letters.epochs(3)]
    assert "".join(found) == "ab|ca|bc|"


def test_a_fit_without_epochs_takes_no_batch():
    generator = iter(cut())
    assert make().fit(generator, epochs=0, verbose=0).history == {}
    assert len(list(generator)) == 3


def test_lines_of_a_fit(capsys):
    make().fit(Again(), epochs=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" - ")[0] for line in lines] == ["Epoch 1/2", "Epoch 2/2"]
    assert "loss: " in lines[0]


def test_lines_of_evaluations_and_predictions(capsys):
    model = make(["accuracy"])
    x, y, _ = data()
    model.predict(x)
    model.evaluate(x, y)
    assert capsys.readouterr().out == ""
    np.testing.assert_array_equal(model.predict(x, verbose=1), model.predict(x))
    line = capsys.readouterr().out
    assert line.startswith("predict - 22 samples - ")
    loss, accuracy = model.evaluate(x, y, verbose="auto")
    words = capsys.readouterr().out.strip().split(" - ")
    assert words[:2] == ["evaluate", "22 samples"]
    assert words[3:] == [f"loss: {loss:.4f}", f"accuracy: {accuracy:.4f}"]
    model.evaluate(Again(), verbose=2)
    assert capsys.readouterr().out.startswith("evaluate - 22 samples - ")
    with pytest.raises(ValueError, match="verbose must be 'auto', 0, 1 or 2, got 3"):
        model.predict(x, verbose=3)


def test_bars(monkeypatch):
    """In slices, with the same numbers."""
    from fastscratch import output

    class Bar:
        total = done = 0

        def update(self, count):
            Bar.done += count

        def close(self):
            pass

    def bar(total, *arguments, **options):
        Bar.total, Bar.done = total, 0
        return Bar()

    monkeypatch.setattr(output, "is_live", lambda stream: True)
    monkeypatch.setattr(output, "progress_bar", bar)
    model = make()
    x, y, _ = data(1000)
    expected = model.predict(x), model.evaluate(x, y)
    np.testing.assert_array_equal(model.predict(x, verbose=1), expected[0])
    assert Bar.total == Bar.done == 8
    assert model.evaluate(x, y, verbose=1) == expected[1]
    assert Bar.total == Bar.done == 8
    model.evaluate(Again(), verbose=1)
    assert (Bar.total, Bar.done) == (None, 3)


def test_evaluate_with_steps_and_callbacks():
    heard = []

    class Hear(callbacks.Callback):
        def on_test_begin(self, logs=None):
            heard.append("begin")

        def on_test_batch_end(self, batch, logs=None):
            heard.append(batch)

        def on_test_end(self, logs=None):
            heard.append(logs["loss"])

    model = make()
    x, y, _ = data()
    loss = model.evaluate(x, y, batch_size=5, steps=2, callbacks=[Hear()])
    assert loss == pytest.approx(model.evaluate(x[:10], y[:10]), rel=1e-6)
    assert heard == ["begin", 0, 1, loss]
    assert model.predict(x, batch_size=5, steps=2).shape == (10, 3)
    with pytest.raises(TypeError, match="callbacks must be Callbacks, got int"):
        model.evaluate(x, y, callbacks=[3])
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        model.predict(x, steps=0)
    with pytest.raises(ValueError, match="y must not be given beside an x that yields batches"):
        model.evaluate(Again(), y)


def test_test_on_batch():
    model = make(["accuracy"])
    x, y, weights = data()
    assert model.test_on_batch(x, y, weights) == model.evaluate(x, y, sample_weight=weights)
    assert list(model.test_on_batch(x, y, return_dict=True)) == ["loss", "accuracy"]
