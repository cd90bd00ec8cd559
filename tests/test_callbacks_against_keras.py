"""Callbacks beside those of Keras: on random sequences of losses, and in fits of both.

The losses are multiples of 1/8 and the rates powers of two, so that nothing is rounded: Keras
compares in float32.
"""

import csv
import inspect

import numpy as np
import pytest

import fastscratch
from fastscratch import Model, Sequential, callbacks, layers, metrics

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SEQUENCES = 400
HOOKS = [name for name in dir(callbacks.Callback) if name.startswith("on_")]


class Fitted:
    """What callbacks see of a model: its weights are the number of the epoch."""

    metrics = ()

    def __init__(self, rate=1.0):
        self.directions = {"loss": "min"}
        self.stop_training, self.weights, self.saved = False, None, []
        self.optimizer = Rate(rate)

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights

    def save(self, filepath, overwrite=True):
        self.saved.append(str(filepath).rpartition(".")[0])

    def _check_save(self, filepath, weights_only=False):
        """Everything can be saved."""


class Rate:
    """What callbacks see of an optimiser."""

    def __init__(self, learning_rate):
        self.learning_rate = learning_rate


def ran(callback, values, batches=0):
    """Call the hooks as a fit does, with a chosen loss in each epoch; what is left of it."""
    model, logs = Fitted(), {}
    callback.set_model(model)
    callback.set_params({"epochs": len(values), "steps": max(batches, 1), "verbose": 0})
    callback.on_train_begin({})
    rates, notes = [], []
    for epoch, value in enumerate(values):
        callback.on_epoch_begin(epoch, {})
        for batch in range(batches):
            callback.on_train_batch_end(batch, logs={"loss": value + batch / 16})
        model.weights = [epoch]
        logs = {"loss": value}
        callback.on_epoch_end(epoch, logs)
        rates.append(model.optimizer.learning_rate)
        notes.append(logs)
        if model.stop_training:
            break
    callback.on_train_end(logs)
    state = {
        name: getattr(callback, name)
        for name in ("best", "best_epoch", "stopped_epoch", "wait")
        if hasattr(callback, name)
    }
    return {
        "epochs": epoch,
        "rates": rates,
        "logs": notes,
        **vars(model),
        "optimizer": None,
    } | state


def sequence(rng):
    """Losses that fall, rise and stay."""
    n = rng.integers(1, 16)
    return (rng.integers(0, 12, n) / 8 + rng.integers(0, 2) * np.arange(n, 0, -1) / 8).tolist()


def eighth(rng, low, high):
    return float(rng.integers(low, high) / 8)


def test_early_stopping(keras):
    rng = np.random.default_rng(1)
    stopped = restored = below = 0
    for _ in range(SEQUENCES):
        options = {
            "min_delta": eighth(rng, 0, 3),
            "patience": int(rng.integers(0, 4)),
            "mode": str(rng.choice(["min", "max"])),
            "baseline": None if rng.random() < 0.4 else eighth(rng, 0, 12),
            "restore_best_weights": bool(rng.integers(2)),
            "start_from_epoch": int(rng.choice([0, 0, 2])),
        }
        values = sequence(rng)
        expected = ran(keras.callbacks.EarlyStopping("loss", **options), values)
        found = ran(callbacks.EarlyStopping("loss", **options), values)
        assert found == expected, (options, values)
        stopped += found["stop_training"]
        restored += found["weights"] != [found["epochs"]]
        below += options["baseline"] is not None and found["best_epoch"] > 0
    assert min(stopped, restored, below) > SEQUENCES / 10  # the sequences reach what they are for


def test_reduce_lr_on_plateau(keras):
    rng = np.random.default_rng(2)
    reduced = 0
    for _ in range(SEQUENCES):
        options = {
            "factor": 0.5,
            "patience": int(rng.integers(0, 4)),
            "mode": str(rng.choice(["min", "max"])),
            "min_delta": eighth(rng, 0, 3),
            "cooldown": int(rng.integers(0, 3)),
            "min_lr": float(rng.choice([0, 0.25])),
        }
        values = sequence(rng)
        expected = ran(keras.callbacks.ReduceLROnPlateau("loss", **options), values)
        found = ran(callbacks.ReduceLROnPlateau("loss", **options), values)
        assert found == expected, (options, values)
        reduced += found["rates"][-1] < 1
    assert reduced > SEQUENCES / 10


def test_model_checkpoint(keras):
    """Also where the number of mini-batches from one save to the next is no divisor of an epoch."""
    rng = np.random.default_rng(3)
    saved = 0
    for _ in range(SEQUENCES):
        save_freq = "epoch" if rng.random() < 0.5 else int(rng.integers(1, 9))
        options = {
            "save_best_only": bool(rng.integers(2)) and save_freq == "epoch",
            "mode": str(rng.choice(["min", "max"])),
            "save_freq": save_freq,
            "initial_value_threshold": None if rng.random() < 0.5 else eighth(rng, 0, 12),
        }
        pattern = "{epoch:02d}-{loss:.3f}" + ("" if save_freq == "epoch" else "-{batch}")
        values, batches = sequence(rng), int(rng.integers(1, 6))
        theirs = keras.callbacks.ModelCheckpoint(pattern + ".keras", "loss", **options)
        ours = callbacks.ModelCheckpoint(pattern + ".safetensors", "loss", **options)
        expected, found = ran(theirs, values, batches), ran(ours, values, batches)
        assert found == expected, (options, values)
        saved += len(found["saved"])
    assert saved > SEQUENCES


@pytest.mark.parametrize("schedule", [lambda epoch: 0.5**epoch, lambda epoch, rate: rate / 2])
def test_learning_rate_scheduler(keras, schedule):
    expected = ran(keras.callbacks.LearningRateScheduler(schedule), [1.0, 2.0, 3.0])
    found = ran(callbacks.LearningRateScheduler(schedule), [1.0, 2.0, 3.0])
    assert found == expected
    assert found["logs"][2]["learning_rate"] in (0.25, 0.125)


def test_csv_logger(keras, tmp_path):
    """The same numbers; Keras sorts the columns, and has some of a validation that is none."""
    tables = []
    for module in (keras.callbacks, callbacks):
        file = tmp_path / f"{module.__name__}.csv"
        ran(module.CSVLogger(str(file)), [0.5, 0.25])
        ran(module.CSVLogger(str(file), append=True), [0.125])
        with file.open(newline="") as lines:
            tables.append([(row["epoch"], row["loss"]) for row in csv.DictReader(lines)])
    assert tables[0] == tables[1] == [("0", "0.5"), ("1", "0.25"), ("0", "0.125")]


# --- fits of both ---------------------------------------------------------------------------------


def diary(base, names, lines):
    """A callback that writes down each call of some hooks: place and name of every argument."""

    def writing(hook):
        def method(self, *arguments, **named):
            logs = [*arguments, *named.values()][-1]
            numbers = [argument for argument in arguments if argument is not logs]
            lines.append((hook, *numbers, list(named), sorted(logs)))

        return method

    return type("Diary", (base,), {name: writing(name) for name in names})()


def fit_both(keras, callbacks_of, **options):
    """Fit the same model in both libraries; callbacks are made for each of them."""
    x = np.random.default_rng(4).random((20, 4), np.float32)
    y = np.arange(20) % 3
    histories = []
    for module, L in ((keras, keras.layers), (fastscratch, layers)):
        model = module.Sequential([L.Input((4,)), L.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        given = callbacks_of(module.callbacks)
        held_out = (x[:12], y[:12])
        fit = {"batch_size": 8, "epochs": 3, "verbose": 0, "validation_data": held_out} | options
        histories.append(model.fit(x, y, callbacks=given, **fit))
    return histories


@pytest.mark.parametrize(
    "names",
    [HOOKS, ["on_batch_begin", "on_batch_end"], ["on_train_batch_end"], ["on_test_batch_begin"]],
)
@pytest.mark.parametrize("options", [{}, {"validation_data": None}])
def test_hooks_are_called_as_keras_calls_them(keras, names, options):
    both = []

    def make(module):
        both.append([])
        return [diary(module.Callback, names, both[-1])]

    fit_both(keras, make, **options)
    theirs, ours = both
    assert ours == theirs
    assert ours or options  # without validation there is no test


@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_batch_end", "on_epoch_end"])
def test_a_fit_stops_where_that_of_keras_does(keras, hook):
    both = []

    def make(module):
        lines = []
        both.append(lines)
        stopping = type("Stopping", (module.Callback,), {})

        def stop(self, number, logs=None):
            self.model.stop_training = number == 1

        setattr(stopping, hook, stop)
        names = ["on_train_batch_begin", "on_epoch_end", "on_train_end"]
        return [stopping(), diary(module.Callback, names, lines)]

    theirs, ours = fit_both(keras, make)
    assert both[1] == both[0]
    assert ours.epoch == theirs.epoch


@pytest.mark.parametrize("method", ["evaluate", "predict"])
@pytest.mark.parametrize("options", [{}, {"batch_size": 8}, {"steps": 2, "batch_size": 3}])
def test_hooks_of_evaluations_and_predictions(keras, method, options):
    both = []
    x = np.random.default_rng(4).random((20, 4), np.float32)
    given = (x, np.arange(20) % 3)[: 2 if method == "evaluate" else 1]
    for module, L in ((keras, keras.layers), (fastscratch, layers)):
        model = module.Sequential([L.Input((4,)), L.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
        both.append([])
        heard = diary(module.callbacks.Callback, HOOKS, both[-1])
        getattr(model, method)(*given, callbacks=[heard], verbose=0, **options)
    theirs, ours = both
    assert ours == theirs
    assert ours


def test_the_history_holds_the_same_names(keras):
    def make(module):
        return [module.LearningRateScheduler(lambda epoch: 0.5), module.ReduceLROnPlateau()]

    theirs, ours = fit_both(keras, make)
    assert set(ours.history) == set(theirs.history)
    assert ours.history["learning_rate"] == theirs.history["learning_rate"] == [0.5] * 3


# --- names, directions and defaults ---------------------------------------------------------------


def test_metrics_have_the_names_of_keras(keras):
    """Every spelling that Keras takes for a metric that is here, and nothing else for it."""
    known = keras.src.metrics.ALL_OBJECTS_DICT
    compared = set()
    for spelling, theirs in known.items():
        if hasattr(metrics, theirs.__name__) and theirs.__name__ not in ("Metric", "Mean", "Sum"):
            ours = getattr(metrics, theirs.__name__)
            assert metrics.get(spelling) is ours.function, spelling
            compared.add(ours)
    assert len(compared) == 42


def test_directions_are_those_of_keras(keras):
    for name in METRICS:
        ours, theirs = metric_of(metrics, name), metric_of(keras.metrics, name)
        direction = {"up": "max", "down": "min"}.get(getattr(theirs, "_direction", None))
        if direction is not None:
            assert ours.direction == direction, name
        assert ours.name == theirs.name.removesuffix("_1"), name


#: All that Keras has, too; and what those take that need something.
OWN = ("Metric", "LogLoss", "CohenKappa", "MatthewsCorrelationCoefficient")
METRICS = [name for name in metrics.__all__ if name[0].isupper() and name not in OWN]
NEEDED = {
    **dict.fromkeys(("MeanIoU", "OneHotMeanIoU"), (3,)),
    **dict.fromkeys(("IoU", "OneHotIoU"), (3, (0, 1))),
    **dict.fromkeys(("PrecisionAtRecall", "RecallAtPrecision"), (0.5,)),
    **dict.fromkeys(("SensitivityAtSpecificity", "SpecificityAtSensitivity"), (0.5,)),
}


def metric_of(module, name):
    """A metric object, with arguments if it needs some."""
    made = getattr(module, name)(*NEEDED.get(name, []))
    if made.name.rpartition("_")[2].isdigit():  # Keras numbers those that it names itself
        made.name = made.name.rpartition("_")[0]
    return made


def test_losses_and_initializers_have_the_names_of_keras(keras):
    losses, initializers = fastscratch.losses, fastscratch.initializers
    known = keras.src.losses.ALL_OBJECTS_DICT
    for name, theirs in known.items():
        kind = theirs.__name__.replace("_", "").lower()
        for ours in losses._BY_NAME.values():
            if ours.__name__.lower() == kind:
                assert type(losses.get(name)) is ours, name
    for name, theirs in keras.src.initializers.ALL_OBJECTS_DICT.items():
        for ours in initializers._BY_NAME.values():
            if ours.__name__ == theirs.__name__ != "Constant":
                assert type(initializers.get(name)) is ours, name


@pytest.mark.parametrize("name", ["l1", "L1", "l2", "L2", "l1l2", "L1L2"])
def test_regularizers_have_the_names_of_keras(keras, name):
    ours, theirs = fastscratch.regularizers.get(name), keras.regularizers.get(name)
    assert type(ours).__name__ == type(theirs).__name__
    for factor, value in theirs.get_config().items():
        assert getattr(ours, factor) == pytest.approx(value)


@pytest.mark.parametrize(
    "module",
    [
        "activations",
        "constraints",
        "initializers",
        "losses",
        "metrics",
        "optimizers",
        "regularizers",
    ],
)
def test_get_takes_what_that_of_keras_takes(keras, module):
    ours, theirs = getattr(fastscratch, module).get, getattr(keras, module).get
    (wanted,) = inspect.signature(theirs).parameters
    first, *others = inspect.signature(ours).parameters.values()
    assert first.name == wanted
    assert all(one.default is not one.empty for one in others)


def defaults(function):
    return {
        name: parameter.default
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty
    }


@pytest.mark.parametrize(
    "kind",
    [
        *(f"callbacks.{name}" for name in callbacks.__all__),
        *("losses." + kind.__name__ for kind in fastscratch.losses._BY_NAME.values()),
        *(f"optimizers.{kind.__name__}" for kind in fastscratch.optimizers._BY_NAME.values()),
        *(f"metrics.{name}" for name in METRICS),
        *(f"regularizers.{name}" for name in ("L1", "L2", "L1L2")),
    ],
)
def test_the_defaults_are_those_of_keras(keras, kind):
    """And a default of Keras can be given."""
    place, name = kind.split(".")
    theirs = getattr(getattr(keras, place), name, None)
    if theirs is None:
        pytest.skip("not in Keras")
    ours = getattr(getattr(fastscratch, place), name)
    expected, found = defaults(theirs.__init__), defaults(ours)
    shared = sorted((set(found) & set(expected)) - {"name"})
    assert {n: found[n] for n in shared} == {n: expected[n] for n in shared}
    needed = {"ModelCheckpoint": ["f"], "CSVLogger": ["f"], "LearningRateScheduler": [float]}
    needed |= NEEDED | {"BackupAndRestore": ["f"]}
    if name == "TensorBoard":
        pytest.importorskip("tensorboard")
    ours(*needed.get(name, []), **{n: expected[n] for n in shared})


@pytest.mark.parametrize("method", ["fit", "compile", "evaluate", "predict", "train_on_batch"])
def test_a_default_of_keras_can_be_given_to_a_model(keras, method):
    x, y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    given = {"fit": (x, y), "compile": ("sgd", "mse"), "predict": (x,)}.get(method, (x, y))
    expected = defaults(getattr(keras.Model, method))
    given_in_order = {"loss", "optimizer", "x", "y"}
    shared = sorted(set(defaults(getattr(Model, method))) & set(expected) - given_in_order)
    assert shared
    getattr(model, method)(*given, **{name: expected[name] for name in shared})
