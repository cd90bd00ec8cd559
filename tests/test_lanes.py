"""Dense networks with the models innermost end as each does that is fitted alone, bit for bit."""

import numpy as np
import pytest
from together import N, X, Y, assert_same, compare, network

import fastscratch as fs
from fastscratch import Sequential, engine, fit_many, layers, losses, optimizers
from fastscratch.callbacks import EarlyStopping
from fastscratch.engine.lanes import LOSSES
from fastscratch.examples import EXAMPLES
from fastscratch.examples.training import Training
from fastscratch.kernels.activations import ACTIVATIONS
from fastscratch.kernels.program import lane_columns, lanes
from fastscratch.kernels.program.columns import NONE
from fastscratch.kernels.program.lane_activations import IN_PLACE
from fastscratch.neural_network.networks import L2OfSum
from fastscratch.regularizers import L2

RNG = np.random.default_rng(6)
ACTIVATIONS_OF_LANES = [name for name, one in ACTIVATIONS.items() if one.forward in IN_PLACE]
MANY = 21  # more than lanes of a vector, and no multiple of them
BINARY = (Y[:, :1] > 0).astype(np.float32)
OF_LANES = ("sgd", "decayed", "momentum", "adam", "adamw", "scheduled")
ROWS = [RNG.integers(N, size=26 + k % 6) for k in range(MANY)]  # 30 of them leave none at the end
LOSSES_OF_LANES = [
    ("mean_squared_error", "linear", Y),
    ("mean_squared_error", "linear", BINARY),
    ("categorical_crossentropy", "softmax", Y),
    ("sparse_categorical_crossentropy", "softmax", Y.argmax(axis=1)),
    ("binary_crossentropy", "sigmoid", BINARY),
    ("binary_crossentropy", "sigmoid", Y),
    ("multilabel_crossentropy", "sigmoid", Y),
    ("mean_absolute_error", "linear", Y),
    (losses.CategoricalCrossentropy(label_smoothing=0.1), "softmax", Y),
]


@pytest.fixture
def together(monkeypatch):
    """Let any number of models be trained together; a list of how many were."""
    counts, train = [], engine.many._CrewOfLanes.train

    def counted(crew):
        counts.append(len(crew._trainings))
        train(crew)

    monkeypatch.setattr(engine.many, "FEWEST_LANES", 1)
    monkeypatch.setattr(engine.many._CrewOfLanes, "train", counted)
    return counts


def dense(k, *units, activation="tanh", last="linear", loss="mse", optimizer=None, **arguments):
    """A chain of dense layers; `k` chooses its seed and its learning rate."""
    model = Sequential([layers.Input((4,))])
    for width in units[:-1]:
        model.add(layers.Dense(width, activation, **arguments))
    model.add(layers.Dense(units[-1], last, **arguments))
    model.seed = k
    model.compile(optimizer or optimizers.SGD(0.05 + 0.01 * k), loss)
    return model


# --- the same bits --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OF_LANES)
def test_optimizers(together, optimizer, dtype):
    compare(lambda k: network(k, 7, optimizer, dtype=dtype), MANY, rows=ROWS)
    assert together == [MANY]


@pytest.mark.parametrize("activation", ACTIVATIONS_OF_LANES)
def test_activations(together, activation):
    compare(lambda k: dense(k, 9, 5, 3, activation=activation), MANY, rows=ROWS)
    assert together == [MANY]


@pytest.mark.parametrize(("loss", "last", "y"), LOSSES_OF_LANES, ids=range(len(LOSSES_OF_LANES)))
def test_losses(together, loss, last, y):
    """Also those that are computed for each model alone, the last two."""
    width = 3 if y.ndim == 1 else y.shape[1]
    compare(lambda k: dense(k, 7, width, last=last, loss=loss), MANY, rows=ROWS, y=y)
    assert together == [MANY]


@pytest.mark.parametrize("classes", [8, 10, 17])
def test_many_classes(together, classes):
    """Their losses are computed for each model alone."""
    y = RNG.integers(classes, size=N)
    loss = "sparse_categorical_crossentropy"
    compare(lambda k: dense(k, 7, classes, last="softmax", loss=loss), MANY, rows=ROWS, y=y)
    assert together == [MANY]


@pytest.mark.parametrize("batch_size", [1, 2, 7, 25, 200])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_batch_sizes(together, batch_size, optimizer):
    """With one sample left at the end, or all of them in one step."""
    make = lambda k: network(k, 7, optimizer)  # noqa: E731
    if batch_size > N:
        compare(make, MANY, rows=[row[:26] for row in ROWS], batch_size=batch_size)
    else:
        compare(make, MANY, rows=ROWS, batch_size=batch_size)
    assert sum(together) == MANY


@pytest.mark.parametrize("loss", ["mse", "mae"])
@pytest.mark.parametrize("batch_size", [70, 120])
def test_models_whose_samples_go_by_blocks_when_they_are_alone(together, batch_size, loss):
    """Also if their losses are computed for each model alone."""
    rows = [RNG.integers(N, size=150 + k) for k in range(MANY)]
    make = lambda k: network(k, 7, "adam", loss)  # noqa: E731
    compare(make, MANY, rows=rows, batch_size=batch_size, validation_rows=rows)
    assert together == [MANY]


@pytest.mark.parametrize("units", [(1,), (3,), (1, 1), (13, 2, 6), (5, 4, 3, 2, 1)])
def test_sizes(together, units):
    y = RNG.standard_normal((N, units[-1])).astype(np.float32)
    compare(lambda k: dense(k, *units), MANY, rows=ROWS, y=y)
    assert together == [MANY]


@pytest.mark.parametrize(("inputs", "batch_size"), [(400, 20), (4, 200)])
def test_long_sums(together, inputs, batch_size):
    """Two parts of a product, and two blocks of a sum over samples."""
    x = RNG.standard_normal((300, inputs)).astype(np.float32)
    y = RNG.standard_normal((300, 2)).astype(np.float32)

    def make(k):
        model = Sequential([layers.Input((inputs,)), layers.Dense(2)])
        model.seed = k
        model.compile(optimizers.SGD(1e-3), "mse")
        return model

    rows = [RNG.integers(300, size=280 + k) for k in range(MANY)]
    compare(make, MANY, rows=rows, x=x, y=y, batch_size=batch_size, epochs=2)
    assert together == [MANY]


@pytest.mark.parametrize("batch_size", [33, 64, 100])
def test_many_samples(together, batch_size):
    """Gradients of a kernel that are added up over some samples after the other."""
    x = RNG.standard_normal((210, 4)).astype(np.float32)
    y = RNG.standard_normal((210, 3)).astype(np.float32)
    rows = [RNG.integers(210, size=200 + k % 3) for k in range(MANY)]
    compare(lambda k: dense(k, 30, 9, 3), MANY, rows=rows, x=x, y=y, batch_size=batch_size)
    assert together == [MANY]


@pytest.mark.parametrize("loss", ["mse", "multilabel_crossentropy", "mae"])
def test_a_small_last_mini_batch_of_all_models(together, loss):
    """It is computed for three samples, after one of ten; the last loss for each model alone."""
    rows = [RNG.integers(N, size=21 + k % 3) for k in range(MANY)]
    last = "sigmoid" if loss == "multilabel_crossentropy" else "linear"
    compare(lambda k: dense(k, 7, 3, last=last, loss=loss), MANY, rows=rows)
    assert together == [MANY]


def test_without_biases(together):
    compare(lambda k: dense(k, 7, 3, use_bias=False), MANY, rows=ROWS)
    assert together == [MANY]


@pytest.mark.parametrize("batch_size", [10, 1])
def test_penalties(together, batch_size):
    penalties = {"kernel_regularizer": "l1_l2", "bias_regularizer": "l2"}
    compare(lambda k: dense(k, 7, 3, **penalties), MANY, rows=ROWS, batch_size=batch_size)
    assert together == [MANY]


def test_penalties_of_each_model(together):
    """Also those of the sum of the losses, in mini-batches of other sizes."""

    def make(k):
        kind = L2OfSum if k % 2 else L2
        return dense(k, 7, 3, kernel_regularizer=kind(0.01 * (k + 1)))

    compare(make, MANY, rows=ROWS)
    assert together == [21]


@pytest.mark.parametrize("penalty", [L2(0.1), L2(0)], ids=["another", "zero"])
def test_penalties_that_differ_between_layers(together, penalty):
    """The models that have such share a program with others, but are trained alone."""

    def make(k):
        model = dense(k, 7, 3, kernel_regularizer=L2(0.01))
        if k % 3 == 0:
            model.layers[1].kernel_regularizer = penalty
        return model

    compare(make, MANY, rows=ROWS)
    assert together == [14]


def test_sample_weights_and_metrics(together):
    weights = RNG.uniform(0, 2, N)
    for loss, last, metric in [
        ("categorical_crossentropy", "softmax", "accuracy"),
        ("multilabel_crossentropy", "sigmoid", "binary_accuracy"),
    ]:

        def make(k, loss=loss, last=last, metric=metric):
            model = dense(k, 7, 3, last=last, loss=loss)
            model.compile(model.optimizer, loss, metrics=[metric])
            return model

        compare(make, MANY, rows=ROWS, y=Y, sample_weight=weights)
    assert together == [MANY, MANY]


@pytest.mark.parametrize("size", [1, 5, 13, 70, 150])
@pytest.mark.parametrize("batch_size", [1, 10, 200])
def test_validation(together, batch_size, size):
    """Of fewer samples than a mini-batch, of more, and of more than are measured at once."""
    x = RNG.standard_normal((200, 4)).astype(np.float32)
    y = RNG.standard_normal((200, 3)).astype(np.float32)
    chosen = RNG.permutation(200)
    rows = [chosen[: 26 + k % 6] for k in range(MANY)]
    validation = [chosen[32 : 32 + max(1, size - k % 3)] for k in range(MANY)]
    compare(
        lambda k: dense(k, 9, 5, 3, optimizer=optimizers.Adam(0.01), kernel_regularizer="l2"),
        MANY, rows=rows, x=x, y=y, batch_size=batch_size, validation_rows=validation,
    )  # fmt: skip
    assert sum(together) == MANY


@pytest.mark.parametrize(("loss", "last", "y"), LOSSES_OF_LANES, ids=range(len(LOSSES_OF_LANES)))
def test_losses_of_validation(together, loss, last, y):
    width = 3 if y.ndim == 1 else y.shape[1]
    validation = [np.arange(k, k + 11) for k in range(MANY)]
    compare(
        lambda k: dense(k, 7, width, last=last, loss=loss), MANY,
        rows=ROWS, y=y, validation_rows=validation, sample_weight=RNG.uniform(0, 2, N),
    )  # fmt: skip
    assert together == [MANY]


def test_early_stopping_frees_lanes(together):
    """A model that has ended gives its lane to the next, at any time."""
    stopping = EarlyStopping(patience=3, restore_best_weights=True)
    rng = np.random.default_rng(0)  # of its own, so that the epochs do not hang on other tests
    validation = [rng.integers(N, size=9) for _ in range(40)]
    rows = [rng.integers(N, size=20 + k) for k in range(40)]
    _, found = compare(
        lambda k: network(k, 7, "momentum"), 40, rows=rows, epochs=[3 + k for k in range(40)],
        validation_rows=validation, stopping=stopping,
    )  # fmt: skip
    assert together == [40]
    assert len({len(history.epoch) for history in found}) > 5


@pytest.fixture(params=[1, 2])
def threads(request):
    """Some number of threads, while the test runs."""
    before = fs.get_num_threads()
    if request.param > before:
        pytest.skip("fewer threads here")
    fs.set_num_threads(request.param)
    yield request.param
    fs.set_num_threads(before)


def test_any_number_of_threads_and_any_company(together, threads):
    for company in (2, 5, 33):
        compare(network, company)
    assert together == [2, 5, 33]


def test_a_model_that_diverges_does_not_disturb_its_neighbours(together):
    rates = [0.05] * MANY
    rates[4] = rates[17] = 1e5
    models = [network(k, optimizer=optimizers.SGD(rate)) for k, rate in enumerate(rates)]
    with pytest.warns(RuntimeWarning, match=r"2 of 21 models diverged, the first is models\[4\]: "):
        found = fit_many(models, X, Y, epochs=30, batch_size=10, verbose=0)
    assert together == [MANY]
    for k, rate in enumerate(rates):
        alone = network(k, optimizer=optimizers.SGD(rate))
        if rate > 1:
            with pytest.raises(FloatingPointError) as raised:
                alone.fit(X, Y, epochs=30, batch_size=10, verbose=0)
            assert str(found[k].error) == str(raised.value)
        else:
            alone.fit(X, Y, epochs=30, batch_size=10, verbose=0)
        assert_same(models[k], alone)


@pytest.fixture
def short_slices(monkeypatch):
    """Calls of the compiled loop that end anywhere in an epoch."""

    def run_in_slices(total, run, count):
        while not run(0, 1):
            pass

    monkeypatch.setattr(engine.many, "run_in_slices", run_in_slices)
    monkeypatch.setattr(engine.many.op, "MOST_STEPS", 2)


def test_slices(together, short_slices):
    compare(lambda k: network(k, 7, "adam"), MANY, rows=ROWS, epochs=7)
    assert together == [MANY]


def wide(k):
    return network(k, 60, "adam")


def test_the_last_models_are_trained_alone(together):
    _, found = compare(wide, MANY, epochs=[2 + k for k in range(MANY)], batch_size=40)
    assert together == [MANY]
    assert [len(history.epoch) for history in found] == [2 + k for k in range(MANY)]


def test_the_last_models_in_slices(together, short_slices):
    compare(wide, MANY, epochs=[2 + k for k in range(MANY)], batch_size=40)
    assert together == [MANY]


def test_the_last_models_of_wide_networks_are_few(together, monkeypatch):
    """The networks of the two tests above are such ones; those of the others are not."""
    works, sort = [], engine.many._Crew.__init__

    def noted(crew, trainings, *arguments):
        works.append(trainings[0].work)
        sort(crew, trainings, *arguments)

    monkeypatch.setattr(engine.many._Crew, "__init__", noted)
    for make, batch_size in ((wide, 40), (network, 10)):
        fit_many([make(k) for k in range(2)], X, Y, batch_size=batch_size, verbose=0)
    few = [lanes.are_few(2, work) for work in works]
    assert few == [True, False]


def test_ctrl_c_keeps_what_has_been_learned(together, monkeypatch):
    """Five steps an epoch are slices of 2, 2 and 1 here: six of them are two epochs."""

    def interrupted(total, run, count):
        for _ in range(6):
            run(0, 1)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.many, "run_in_slices", interrupted)
    monkeypatch.setattr(engine.many.op, "MOST_STEPS", 2)
    models = [network(k, 7, "adam") for k in range(MANY)]
    with pytest.raises(KeyboardInterrupt):
        fit_many(models, X, Y, epochs=9, batch_size=10, verbose=0)
    assert together == [MANY]
    begun = [(k, model) for k, model in enumerate(models) if model.iterations]
    assert begun
    for k, model in begun:
        alone = network(k, 7, "adam")
        alone.fit(X, Y, batch_size=10, epochs=2, verbose=0)
        assert_same(model, alone)
        model.fit(X, Y, verbose=0)  # not as one that is being trained


def test_ctrl_c_while_the_last_models_are_trained_alone(together, monkeypatch):
    """When the second epoch has ended a model, there are three: one goes on, the others wait."""

    def interrupted(total, run, count):
        run(0, total // 2)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine.many, "run_in_slices", interrupted)
    models, before = [wide(k) for k in range(4)], fs.get_num_threads()
    fs.set_num_threads(1)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit_many(models, X, Y, epochs=[2, 4, 6, 8], batch_size=40, verbose=0)
    finally:
        fs.set_num_threads(before)
    assert together == [4]
    for k, (model, epochs) in enumerate(zip(models, (2, 2, 2, 4), strict=True)):
        alone = wide(k)
        alone.fit(X, Y, batch_size=40, epochs=epochs, verbose=0)
        assert_same(model, alone)


# --- which models ---------------------------------------------------------------------------------


def of_several_kinds(k):
    """Networks of other sizes, depths and optimisers; every seventh is trained alone."""
    if k % 7 == 3:
        model = Sequential([layers.Input((4,)), layers.LayerNormalization(), layers.Dense(3)])
        model.seed = k
        model.compile("sgd", "mse")
        return model
    if k % 3 == 0:
        return dense(k, 9, 5, 3, kernel_regularizer=L2(0.01 * k))
    return network(k, 5 + k % 2, "adam" if k % 2 else "momentum")


def test_models_of_several_kinds(together, threads):
    """While a worker trains those of one kind, others may train those of another."""
    compare(of_several_kinds, 60, rows=[RNG.integers(N, size=26 + k % 6) for k in range(60)])
    assert together == [51]


def test_models_of_several_kinds_in_slices(together, threads, short_slices):
    epochs = [1 + k % 9 for k in range(30)]
    compare(of_several_kinds, 30, epochs=epochs)
    assert together == [26]


def test_fewer_kinds_than_threads(together):
    """Two workers of each kind, or one after the other."""
    before = fs.get_num_threads()
    compare(lambda k: network(k, 5 + k % 2), 4 * before + 1)
    assert together == [4 * before + 1]


def half_frozen(k):
    model = dense(k, 7, 5, 3)
    model.layers[1].trainable = False
    return model


@pytest.mark.parametrize(
    "make",
    [
        half_frozen,
        lambda k: network(k, optimizer="clipped"),
        lambda k: network(k, optimizer="each clipped"),
        lambda k: network(k, optimizer="accumulated"),
        lambda k: network(k, optimizer="rmsprop"),
        lambda k: dense(k, 7, 3, activation="gelu"),
        lambda k: dense(k, 7, 3, last="tanh"),
        lambda k: dense(k, 600, 600, 3),
        lambda k: dense(k, 100, 100, 3),
        lambda k: dense(k, 80, 250, 3),
    ],
)
def test_what_is_trained_alone(together, make):
    compare(make, 3, epochs=2)
    assert together == []


def test_few_models_are_trained_alone(together, monkeypatch):
    monkeypatch.setattr(engine.many, "FEWEST_LANES", 4)
    fit_many([network(k) for k in range(4 * fs.get_num_threads() - 1)], X, Y, verbose=0)
    assert together == []


def test_the_examples_reach_all_that_is_computed_for_models_innermost():
    """So `fastscratch verify` compares all of it with the naive network."""
    found, is_penalised = {"loss": set(), "rule": set(), "function": set()}, False
    for example in EXAMPLES.values():
        model = example.model("float32")
        if example.sparse or not all(type(layer) is layers.Dense for layer in model.layers):
            continue
        trainer = Training(example, model, 1).trainer
        kind = engine.kind_of(trainer, None, trainer.network.penalties)
        if kind is not None:
            found["loss"].add(int(kind.kind[lane_columns.LOSS]))
            found["rule"] |= set(kind.layers[:, lane_columns.RULE].tolist())
            found["function"] |= set(kind.layers[:, lane_columns.FUNCTION].tolist())
            is_penalised |= bool(kind.kind[lane_columns.HAS_PENALTIES])
    rules = {getattr(lane_columns, name) for name in ("DESCENT", "SGD", "MOMENTUM", "ADAM")}
    assert found["loss"] == {NONE, *LOSSES.values()}
    assert found["rule"] - {NONE} == rules  # none of a layer that does not learn
    assert len(found["function"] - {NONE}) == len(ACTIVATIONS_OF_LANES)
    assert is_penalised
