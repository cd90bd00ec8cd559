"""Models fitted in one call end as each does that is fitted alone, bit for bit."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest
from together import (
    LABELS,
    OPTIMIZERS,
    RNG,
    WEIGHTS,
    N,
    X,
    Y,
    assert_same,
    assert_same_history,
    compare,
    network,
)

import fastscratch as fs
from fastscratch import Sequential, engine, fit_many, layers, losses, optimizers
from fastscratch.callbacks import Callback, EarlyStopping
from fastscratch.examples import EXAMPLES
from fastscratch.kernels.program import many as kernel
from fastscratch.models import shared_programs
from fastscratch.neural_network.networks import L2OfSum

# --- the same bits --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_any_network(name):
    """Two models of an example: the second takes over the memory of the first."""
    example = EXAMPLES[name]
    fitted = [example.model() for _ in range(2)]
    fitted[1].seed += 1
    alone = [example.model() for _ in range(2)]
    alone[1].seed += 1
    given = example.arguments(fitted[0])
    threads = fs.get_num_threads()
    fs.set_num_threads(1)
    try:
        found = fit_many(
            fitted, **given, epochs=2, batch_size=example.batch_size, verbose=0,
            validation_data=(given["x"], given["y"]),
        )  # fmt: skip
    finally:
        fs.set_num_threads(threads)
    for model, one, history in zip(fitted, alone, found, strict=True):
        expected = one.fit(
            **given, epochs=2, batch_size=example.batch_size, verbose=0,
            validation_data=(given["x"], given["y"]),
        )  # fmt: skip
        assert_same(model, one)
        assert_same_history(history, expected)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_any_optimizer(optimizer):
    compare(lambda k: network(k, optimizer=optimizer), 3)


def test_models_of_all_kinds_together():
    """Other sizes, optimisers, losses and types, each with its own rows, epochs and batches."""
    kinds = list(OPTIMIZERS)

    def make(k):
        dtype = "float64" if k % 4 == 1 else "float32"
        return network(k, 3 + k, kinds[k], ["mse", losses.Huber(0.5)][k % 2], dtype)

    n = len(kinds)
    rows = [RNG.integers(N, size=20 + k) for k in range(n)]
    compare(
        make, n, rows=rows, epochs=[1 + k % 5 for k in range(n)],
        batch_size=[4 + 3 * k for k in range(n)],
        validation_rows=[None if k % 3 == 0 else RNG.integers(N, size=5 + k) for k in range(n)],
    )  # fmt: skip


@pytest.mark.parametrize("threads", [1, 2])
def test_any_number_of_threads(threads):
    if threads > fs.get_num_threads():
        pytest.skip("fewer threads here")
    before = fs.get_num_threads()
    fs.set_num_threads(threads)
    try:
        compare(network, 5, rows=[RNG.permutation(N)[:30] for _ in range(5)])
    finally:
        fs.set_num_threads(before)


@pytest.mark.parametrize("weights", ["for all", "for each"])
def test_sample_weights(weights):
    given = WEIGHTS if weights == "for all" else [WEIGHTS, None, 1 + WEIGHTS]
    rows = [np.arange(30), np.arange(43)[::-1], np.arange(9, 40)]
    compare(network, 3, rows=rows, sample_weight=given)


def test_metrics_that_are_counted():
    compare(
        lambda k: network(k, loss="mse", metrics=["accuracy"]), 3,
        validation_rows=[np.arange(9), np.arange(9, 40), None],
    )  # fmt: skip


def test_metrics_that_need_predictions():
    compare(
        lambda k: network(k, metrics=["accuracy", "mae"] if k == 1 else []), 3,
        validation_rows=[np.arange(9)] * 3,
    )  # fmt: skip


def test_rows_as_flags():
    by_number, by_flag = network(), network()
    chosen = LABELS > 0
    fit_many([by_number], X, Y, rows=[np.flatnonzero(chosen)], epochs=2, verbose=0)
    fit_many([by_flag], X, Y, rows=[chosen], epochs=2, verbose=0)
    assert_same(by_flag, by_number)


def test_without_shuffling():
    compare(network, 2, rows=[RNG.permutation(N) for _ in range(2)], shuffle=False)


def test_a_model_that_was_trained_before_goes_on():
    def make(k):
        model = network(k, optimizer="adam")
        model.fit(X, Y, batch_size=10, epochs=1 + k, verbose=0)
        return model

    compare(make, 3)


def test_the_naive_network_trains_the_same():
    """Within rounding: the sums of 43 samples, in 5 mini-batches, through two layers."""
    from fastscratch.examples.comparison import roundings
    from fastscratch.examples.example import network_of
    from fastscratch.examples.naive import train_naively

    example = EXAMPLES["mean_squared_error after linear"]
    model, other = example.model("float64"), example.model("float64")
    fit_many([model, other], **example.arguments(model), batch_size=example.batch_size, verbose=0)
    room = roundings(network_of(model), example) * np.finfo(float).eps
    for found, expected in zip(model.get_weights(), train_naively(example).weights, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=room * abs(expected).max())


def test_several_inputs_and_outputs():
    def make(k):
        a, b = fs.Input((4,), name="a"), fs.Input((3,), name="b")
        hidden = layers.Dense(5, "tanh", name="hidden")(layers.Concatenate(name="both")([a, b]))
        outs = [layers.Dense(3, name="first")(hidden), layers.Dense(1, name="second")(hidden)]
        model = fs.Model([a, b], outs)
        model.seed = k
        model.compile("adam", ["mse", "mae"], loss_weights=[1.0, 0.3])
        return model

    x, y = {"a": X, "b": Y}, [Y, X[:, :1]]
    rows = [np.arange(30), np.arange(9, 40)]
    stopping = EarlyStopping("second_loss", patience=0)
    models = [make(k) for k in range(2)]
    found = fit_many(models, x, y, rows=rows, epochs=9, early_stopping=stopping, verbose=0)
    for k, own in enumerate(rows):
        alone = make(k)
        expected = alone.fit(
            {"a": X[own], "b": Y[own]}, [Y[own], X[own, :1]], epochs=9, callbacks=[stopping],
            verbose=0,
        )  # fmt: skip
        assert_same(models[k], alone)
        assert_same_history(found[k], expected)


# --- early stopping -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stopping",
    [
        EarlyStopping(patience=1),
        EarlyStopping(patience=2, restore_best_weights=True),
        EarlyStopping("loss", min_delta=0.02, patience=1),
        EarlyStopping("val_loss", baseline=0.01, patience=3, restore_best_weights=True),
        EarlyStopping("val_loss", start_from_epoch=6, restore_best_weights=True),
        EarlyStopping("accuracy", patience=2, restore_best_weights=True),
        EarlyStopping("val_accuracy", mode="min"),
        EarlyStopping("val_acc", patience=1),
    ],
    ids=repr,
)
def test_early_stopping(stopping):
    metric = "acc" if stopping.monitor == "val_acc" else "accuracy"
    _, found = compare(
        lambda k: network(k, 5 + k, "momentum", metrics=[metric]), 6,
        rows=[RNG.integers(N, size=20) for _ in range(6)], epochs=25, stopping=stopping,
        validation_rows=[RNG.integers(N, size=9) for _ in range(6)],
    )  # fmt: skip
    assert {len(history.epoch) for history in found} - {25}  # some have ended early


def test_early_stopping_of_a_penalised_loss():
    def make(k):
        model = Sequential([layers.Input((4,))])
        model.add(layers.Dense(5, "tanh", kernel_regularizer="l1_l2"))
        model.add(layers.Dense(3, bias_regularizer="l2"))
        model.seed = k
        model.compile(optimizers.SGD(0.3), "mse")
        return model

    stopping = EarlyStopping(patience=1, restore_best_weights=True)
    compare(
        make, 4, epochs=30, stopping=stopping, validation_rows=[np.arange(k, 9) for k in range(4)]
    )


def test_early_stopping_of_each():
    stoppings = [EarlyStopping("loss", min_delta=0.05), None, EarlyStopping("loss", min_delta=0.2)]
    _, found = compare(network, 3, epochs=20, stopping=stoppings)
    assert len(found[1].epoch) == 20
    assert len(found[2].epoch) < len(found[0].epoch) < 20


# --- what goes wrong ------------------------------------------------------------------------------


def test_a_model_that_diverges():
    """It keeps the weights from before that step, as with `fit`; the others are not disturbed."""
    rates = [0.05, 1e4, 0.07]
    models = [network(k, optimizer=optimizers.SGD(rate)) for k, rate in enumerate(rates)]
    with pytest.warns(RuntimeWarning, match=r"1 of 3 models diverged, the first is models\[1\]: "):
        found = fit_many(models, X, Y, epochs=200, batch_size=10, verbose=0)
    for k, rate in enumerate(rates):
        alone = network(k, optimizer=optimizers.SGD(rate))
        if k == 1:
            with pytest.raises(FloatingPointError) as raised:
                alone.fit(X, Y, epochs=200, batch_size=10, verbose=0)
            assert str(found[k].error) == str(raised.value)
            assert len(found[k].epoch) == models[k].iterations // 5
        else:
            expected = alone.fit(X, Y, epochs=200, batch_size=10, verbose=0)
            assert_same_history(found[k], expected)
            assert found[k].error is None
        assert_same(models[k], alone)


@pytest.mark.parametrize("when", [1, 3])
def test_ctrl_c_leaves_every_model_usable(monkeypatch, when):
    """Between slices: the models that have ended keep what they learned, and one its steps."""
    monkeypatch.setattr(engine.many, "FIRST_SLICE", 1)
    run_in_slices, calls = engine.slices.run_in_slices, []

    def interrupted(total, run, count):
        def run_some(first, count):
            calls.append(first)
            if len(calls) > when:
                raise KeyboardInterrupt
            return run(first, 60_000)

        return run_in_slices(total, run_some, count=count)

    monkeypatch.setattr(engine.many, "run_in_slices", interrupted)
    models = [network(k) for k in range(4)]
    with pytest.raises(KeyboardInterrupt):
        fit_many(models, X, Y, epochs=10, batch_size=10, verbose=0)
    taken = [model.iterations for model in models]
    assert 0 < sum(taken) < 4 * 50
    for k, (model, steps) in enumerate(zip(models, taken, strict=True)):
        alone = network(k)
        alone.fit(X, Y, batch_size=10, epochs=steps // 5, verbose=0)
        if steps % 5 == 0 and steps:
            assert_same(model, alone)
        model.fit(X, Y, verbose=0)  # not as one that is being trained
        assert np.isfinite(model.predict(X)).all()


def test_a_model_that_is_being_trained():
    model, refusals = network(), []

    class FromWithin(Callback):
        def on_epoch_end(self, epoch, logs=None):
            with pytest.raises(RuntimeError, match=r"models\[1\]: the model is being trained") as e:
                fit_many([network(), model], X, Y)
            refusals.append(e)

    model.fit(X, Y, callbacks=[FromWithin()], verbose=0)
    assert len(refusals) == 1


def test_nobody_else_trains_the_models_meanwhile(monkeypatch):
    model, found = network(), []
    train = engine.many.op.train_models

    def watched(*arguments):
        for use in (lambda: model.fit(X, Y), lambda: model.set_weights(model.get_weights())):
            try:
                use()
            except RuntimeError as error:
                found.append(str(error))
        train(*arguments)

    monkeypatch.setattr(engine.many.op, "train_models", watched)
    fit_many([model], X, Y, verbose=0)
    assert "the model is being trained" in found[0]
    assert "weights cannot be set" in found[1]
    model.set_weights(model.get_weights())


def test_threads_that_fit_at_once():
    ended = []

    def work(k):
        models = [network(k), network(k + 1)]
        fit_many(models, X, Y, epochs=20, verbose=0)
        ended.append((k, models))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 4
    for k, models in ended:
        for j, model in enumerate(models):
            alone = network(k + j)
            alone.fit(X, Y, epochs=20, verbose=0)
            assert_same(model, alone)


# --- what is shared -------------------------------------------------------------------------------


@pytest.fixture
def trainers(monkeypatch):
    """The programs that train, which are noted as they are made."""
    made = []

    class Noted(shared_programs.Trainer):
        def __init__(self, *arguments, **options):
            made.append(self)
            super().__init__(*arguments, **options)

    monkeypatch.setattr(shared_programs, "Trainer", Noted)
    return made


def test_models_of_a_kind_share_a_program(trainers):
    kinds = [{}, {"hidden": 8}, {"optimizer": "adam"}, {"loss": "mae"}, {"dtype": "float64"}]
    models = [network(k, **kind) for kind in kinds for k in range(4)]
    fit_many(models, X, Y, verbose=0)
    assert len(trainers) == len(kinds)


@pytest.mark.parametrize("optimizer", ["adam", "clipped", "each clipped", "accumulated"])
def test_models_that_differ_in_their_penalties_share_a_program(trainers, optimizer):
    """Also those of a layer that is used twice, and of one that comes after a frozen one."""

    def make(k):
        l1, l2 = fs.regularizers.L1(0.01 * k), fs.regularizers.L2(0.1 / (k + 1))
        inputs = layers.Input((4,))
        twice = layers.Dense(4, "tanh", kernel_regularizer=l2, bias_regularizer=l1)
        frozen = layers.Dense(5, kernel_regularizer=l2, trainable=False)
        outputs = layers.Dense(3, bias_regularizer=l2)(frozen(twice(twice(inputs))))
        model = fs.Model(inputs, outputs)
        model.seed = k
        model.compile(OPTIMIZERS[optimizer](0.1), "mse")
        return model

    compare(make, 4, validation_rows=[np.arange(k, 9) for k in range(4)])
    assert len(trainers) == 1


def test_a_penalty_of_the_sum_of_the_losses_needs_another_program(trainers):
    penalties = [fs.regularizers.L2(0.1), L2OfSum(0.1), None]

    def make(k):
        body = layers.Dense(3, kernel_regularizer=penalties[k % 3])
        model = Sequential([layers.Input((4,)), body])
        model.seed = k
        model.compile(optimizers.SGD(0.1), "mse")
        return model

    compare(make, 6)
    assert len(trainers) == 3


def test_attributes_of_layers_that_differ():
    """Programs are shared only where all that they depend on is the same."""

    def make(k):
        body = layers.Dense(
            5, ["tanh", "relu"][k % 2], kernel_regularizer=fs.regularizers.L2(k / 9)
        )
        noise = layers.Dropout(0.1 * k)
        model = Sequential([layers.Input((4,)), body, noise, layers.Dense(3, trainable=k != 2)])
        model.seed = k
        model.compile(optimizers.SGD(0.1), "mse")
        return model

    compare(make, 4)


def test_data_are_checked_once_for_models_that_are_alike(monkeypatch):
    """Models of other losses, metrics, types or sizes are checked for themselves."""
    seen = []
    checked = fs.Model._checked_data

    def check(model, *arguments, **given):
        seen.append(model)
        return checked(model, *arguments, **given)

    monkeypatch.setattr(fs.Model, "_checked_data", check)
    others = [
        {"loss": "mae"},
        {"metrics": ["accuracy"]},
        {"loss": losses.Huber(0.5)},
        {"loss": losses.Huber(0.6)},
        {"dtype": "float64"},
        {"hidden": 8},
    ]
    models = [network(k, **given) for given in [{}, *others] for k in range(3)]
    for model in models:
        model.build()
    histories = fit_many(models, X, Y, verbose=0)
    assert seen == models[::3]
    for k, (model, history) in enumerate(zip(models, histories, strict=True)):
        alone = network(k % 3, **[{}, *others][k // 3])
        expected = alone.fit(X, Y, verbose=0)
        assert_same(model, alone)
        assert_same_history(history, expected)


def test_models_that_are_alike_keep_what_they_are_measured_by():
    """What two models share while they are trained together is not shared afterwards."""
    models = [network(k) for k in range(2)]
    for model in models:
        model.build()
    fit_many(models, X, Y, verbose=0)
    models[1].compile("sgd", "mae", metrics=["mse"])
    assert list(models[0].fit(X, Y, verbose=0).history) == ["loss"]
    assert list(models[1].fit(X, Y, verbose=0).history) == ["loss", "mse"]
    predicted = models[1].predict(X)
    expected = np.abs(predicted.astype(float) - Y).mean()
    assert models[1].evaluate(X, Y)[0] == pytest.approx(expected, rel=1e-5)


def test_data_are_converted_once():
    x, calls = X.astype(float), []

    class Counted:
        def __array__(self, dtype=None, copy=None):
            calls.append(dtype)
            return x

    models = [network(k) for k in range(5)]
    fit_many(models, Counted(), Y, verbose=0)
    assert len(calls) < 5


# --- bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"rows": [None]}, "rows must be a list with one for each of 2 models, got 1"),
        ({"rows": [None, [0, N]]}, rf"rows\[1\] must be from 0 to {N - 1}, got {N}"),
        ({"rows": [[-1], None]}, rf"rows\[0\] must be from 0 to {N - 1}, got -1"),
        ({"rows": [None, np.array([], int)]}, r"rows\[1\] must name at least one sample"),
        ({"rows": [None, [0.5]]}, r"rows\[1\] must be a 1-D array of numbers of samples"),
        ({"rows": [None, [[1, 2]]]}, r"rows\[1\] .* got shape \(1, 2\)"),
        ({"rows": [None, [True]]}, rf"rows\[1\] must have a flag for each of {N} samples, got 1"),
        ({"rows": 3}, "rows must be a list with one for each model, got int"),
        ({"validation_rows": [[0], [N]]}, r"validation_rows\[1\] must be from 0"),
        ({"validation_data": X}, "validation_data must be"),
        ({"validation_data": (X[:, :2], Y)}, r"models\[0\]: validation x must have samples of"),
        ({"validation_data": (X, Y), "validation_rows": [[0], [0]]}, "cannot both be given"),
        ({"epochs": [1, -1]}, r"epochs\[1\] must be at least 0, got -1"),
        ({"epochs": [1]}, "epochs must be a list with one for each of 2 models, got 1"),
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"batch_size": [2, 2.5]}, r"batch_size\[1\] must be an integer, got float"),
        ({"sample_weight": [WEIGHTS, WEIGHTS[1:]]}, r"models\[1\]: y and sample_weight must have"),
        ({"early_stopping": 3}, "early_stopping must be a list with one"),
        ({"early_stopping": [Callback(), None]}, "early_stopping must be an EarlyStopping"),
        ({"early_stopping": EarlyStopping()}, r"models\[0\]: EarlyStopping monitors 'val_loss'"),
        ({"shuffle": 1}, "shuffle must be True or False, got 1"),
        ({"verbose": 2}, "verbose must be 'auto', 0 or 1, got 2"),
        ({"y": Y[1:]}, r"models\[0\]: x and y must have one row for each sample"),
        ({"x": np.full((N, 4), np.nan)}, "x must be finite"),
    ],
    ids=str,
)
def test_bad_arguments(given, message):
    models = [network(k) for k in range(2)]
    with pytest.raises((ValueError, TypeError), match=message):
        fit_many(models, **{"x": X, "y": Y, **given})
    assert [model._holder.state for model in models] == [None, None]  # not even built


def test_bad_models():
    model, narrow = network(), Sequential([layers.Input((3,)), layers.Dense(3)])
    narrow.compile("sgd", "mse")
    compiled_not = Sequential([layers.Input((4,)), layers.Dense(3)])
    cases = {
        "is the same model as models\\[0\\]": [model, model],
        "models\\[1\\]: the model is not compiled": [model, compiled_not],
        "models\\[1\\] must be a model, got str": [model, "model"],
        "models must be a list of models, got Sequential": model,
        "models\\[1\\]: x must have samples of shape \\(3,\\)": [model, narrow],
    }
    for message, models in cases.items():
        with pytest.raises((ValueError, TypeError, RuntimeError), match=message):
            fit_many(models, X, Y)
    shared = layers.Dense(3, name="own")
    both = [Sequential([layers.Input((4,)), shared]) for _ in range(2)]
    for one in both:
        one.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"models\[1\] shares its layer 'own' with models\[0\]"):
        fit_many(both, X, Y)
    assert fit_many([], X, Y) == []


def test_no_epochs():
    model = network()
    (history,) = fit_many([model], X, Y, epochs=0)
    assert history.history == {}
    assert model.trained_epochs == 0


@pytest.mark.slow
def test_memory_does_not_grow_with_calls():
    """What a call needs is given back: a tenth of a thousand states, of 63 weights each."""
    models = [network(k, optimizer="adam") for k in range(10)]
    fit_many(models, X, Y, epochs=2, verbose=0)
    tracemalloc.start()
    try:
        for _ in range(3):
            fit_many(models, X, Y, epochs=2, verbose=0)
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(100):
            fit_many(models, X, Y, epochs=2, verbose=0)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1000 * (3 * 63 * 4) / 10


@pytest.mark.parametrize(("optimizer", "at_once"), [("rmsprop", 1), ("momentum", 32)])
def test_memory_of_a_call(optimizer, at_once):
    """The formula of the guide: P = 2403, s = 1, B = 10, A = 4 + 3 + 3 * 300 + 2 * 3."""
    count, epochs, threads = 60, 50, fs.get_num_threads()
    models = [network(k % 5, 300, optimizer) for k in range(count)]
    rows = [RNG.integers(N, size=40) for _ in models]
    fit_many(models, X, Y, rows=rows, verbose=0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        fit_many(models, X, Y, rows=rows, epochs=epochs, verbose=0)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    of_model = 4 * 2 * 2403 + 16 * epochs * 2 + 8 * 40 + 20_000
    of_thread = 4 * 4 * 2403 + 4 * 10 * (4 + 3 + 3 * 300 + 2 * 3) + 8 * 40 + 1_000_000
    assert most - before < count * of_model + threads * at_once * of_thread
    assert most - before > count * 4 * 2 * 2403


def test_rows_of_a_model_fit_its_constants():
    assert kernel.MODEL_COLUMNS > kernel.HAS_DIVERGED
    assert kernel.STOPPING_COLUMNS > kernel.STOPPED_EPOCH
