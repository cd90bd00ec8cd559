"""Losses as functions of arrays; their names; weights of each row; factors of classes."""

import inspect

import numpy as np
import pytest
from test_losses import CASES, IGNORED, IMAGES, LABELS, MANY, REAL, SHARES

from fastscratch import Sequential, layers, load_model, losses

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FUNCTIONS = [
    name for name in losses.__all__ if inspect.isfunction(getattr(losses, name)) and name != "get"
]
FACTORS = [0.5, 2.0, 0.25]


def function_of(module, kind):
    """The function of a class, and its name."""
    name = getattr(losses, kind).kind
    return name, getattr(module, name, None)


# --- functions ------------------------------------------------------------------------------------


def test_values_by_hand():
    y, p = [[1.0, 2.0], [3.0, 4.0]], [[1.0, 4.0], [0.0, 0.0]]
    assert losses.mean_squared_error(y, p).tolist() == [2, 12.5]
    assert losses.mean_absolute_error(y, p).tolist() == [1, 3.5]
    assert losses.huber(y, p, delta=2.0).tolist() == [1, 5]
    assert losses.hinge([[1, 0]], [[0.5, 0.5]]).tolist() == [1]
    assert losses.cosine_similarity([[3.0, 4.0]], [[6.0, 8.0]]).tolist() == pytest.approx([-1])
    half = losses.sparse_categorical_crossentropy([0, 1], [[0.5, 0.5], [0.75, 0.25]])
    assert half.tolist() == pytest.approx([np.log(2), np.log(4)])


@pytest.mark.parametrize(("kind", "options", "y", "p"), CASES)
def test_values_are_those_of_keras(keras, kind, options, y, p):
    name, theirs = function_of(keras.losses, kind)
    expected = (
        theirs(np.asarray(y, float), keras.ops.convert_to_tensor(p), **options).detach().cpu()
    )
    found = getattr(losses, name)(y, p, **options)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_the_sum_over_labels_is_as_many_times_their_mean():
    many = losses.multilabel_crossentropy(MANY, SHARES, label_smoothing=0.1)
    mean = losses.binary_crossentropy(MANY, SHARES, label_smoothing=0.1)
    np.testing.assert_allclose(many, 3 * mean, rtol=1e-12)


@pytest.mark.parametrize("kind", dict.fromkeys(case[0] for case in CASES))
def test_arguments_are_those_of_keras(keras, kind):
    name, theirs = function_of(keras.losses, kind)
    ours = inspect.signature(getattr(losses, name)).parameters
    expected = inspect.signature(theirs).parameters
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in expected.values()
    ]


def test_every_loss_has_a_function():
    assert {losses.get(getattr(losses, name)).kind for name in FUNCTIONS} == set(losses._BY_NAME)
    assert all(losses.get(getattr(losses, name)) == losses.get(name) for name in FUNCTIONS)


@pytest.mark.parametrize("short", ["mse", "mae", "mape", "msle", "bce", "kld"])
def test_short_names_of_functions(short):
    function = getattr(losses, short)
    assert function is getattr(losses, short.upper())
    assert losses.get(function) == losses.get(short)


def test_a_function_can_be_compiled_and_saved(tmp_path):
    model = Sequential([layers.Input((4,)), layers.Dense(2)])
    model.compile("sgd", losses.mean_absolute_error)
    assert model.loss == losses.MeanAbsoluteError()
    model.save(tmp_path / "m.safetensors")
    assert load_model(tmp_path / "m.safetensors").loss == losses.MeanAbsoluteError()


def test_functions_check_as_the_classes_do():
    with pytest.raises(ValueError, match="y_true and y_pred must have the same shape"):
        losses.hinge([[1, 0, 1]], [[1.0, 0.0]])
    with pytest.raises(ValueError, match="delta must be positive, got 0"):
        losses.huber([1.0], [1.0], delta=0)
    with pytest.raises(TypeError, match="got a function"):
        losses.get(np.mean)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", dict.fromkeys(case[0] for case in CASES))
def test_losses_are_called_as_in_keras(keras, kind):
    theirs = getattr(keras.losses, kind)
    assert getattr(losses, kind)().name == theirs().name
    named = getattr(losses, kind)(name="mine")
    assert named.name == theirs(name="mine").name == "mine"
    assert named == getattr(losses, kind)()  # a name makes no other loss
    assert losses.get(named.get_config()).name == "mine"


def test_messages_and_files_have_the_name(tmp_path):
    model = Sequential([layers.Input((4,)), layers.Dense(2)])
    with pytest.raises(ValueError, match="reduction of mine must be one of"):
        model.compile("sgd", losses.MeanSquaredError(reduction=None, name="mine"))
    model.compile("sgd", losses.Huber(2.0, name="mine"))
    model.save(tmp_path / "m.safetensors")
    assert load_model(tmp_path / "m.safetensors").loss.name == "mine"


def test_a_dtype_of_its_own_is_refused():
    assert losses.Hinge(dtype=None) == losses.Hinge()
    with pytest.raises(ValueError, match="dtype of a loss must be None, because it has that of"):
        losses.Hinge(dtype="float32")
    with pytest.raises(TypeError, match="name must be a string"):
        losses.Hinge(name=3)


# --- factors of classes ---------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"gamma": 0.5}])
def test_factors_are_those_of_keras(keras, options):
    y = np.eye(3)[LABELS]
    ours = losses.CategoricalFocalCrossentropy(alpha=FACTORS, **options)
    theirs = keras.losses.CategoricalFocalCrossentropy(alpha=FACTORS, **options, dtype="float64")
    assert ours(y, SHARES) == pytest.approx(float(theirs(y, SHARES)), rel=1e-6)
    assert losses.get(ours.get_config()) == ours
    scored = losses.CategoricalFocalCrossentropy(alpha=np.array(FACTORS), from_logits=True)
    expected = keras.losses.CategoricalFocalCrossentropy(
        alpha=FACTORS, from_logits=True, dtype="float64"
    )
    assert scored(y, REAL) == pytest.approx(float(expected(y, REAL)), rel=1e-6)


def test_equal_factors_are_one_factor():
    y = np.eye(3)[LABELS]
    one = losses.CategoricalFocalCrossentropy(alpha=0.5)
    assert losses.CategoricalFocalCrossentropy(alpha=[0.5] * 3)(y, SHARES) == pytest.approx(
        one(y, SHARES), rel=1e-12
    )


def test_factors_that_do_not_fit_are_refused():
    loss = losses.CategoricalFocalCrossentropy(alpha=[1.0, 2.0])
    message = "alpha of categorical_focal_crossentropy must have a number for each of the 3 classes"
    with pytest.raises(ValueError, match=message):
        loss([[0, 0, 1]], [[0.2, 0.3, 0.5]])
    model = Sequential([layers.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("sgd", loss)
    with pytest.raises(ValueError, match=message):
        model.fit(np.zeros((3, 4)), np.eye(3), verbose=0)
    with pytest.raises(ValueError, match=r"alpha\[1\] must not be negative, got -2"):
        losses.CategoricalFocalCrossentropy(alpha=[1.0, -2.0])
    with pytest.raises(TypeError, match="alpha must be a number, got list"):
        losses.BinaryFocalCrossentropy(alpha=[1.0, 2.0])


# --- weights of each row --------------------------------------------------------------------------

WEIGHTS = np.random.default_rng(11).uniform(0, 2, (6, 4, 5)).astype(np.float32)
OF_IMAGES = np.random.default_rng(12).integers(3, size=(6, 4, 5))
ROWS = [
    (losses.SparseCategoricalCrossentropy(), "softmax", OF_IMAGES),
    (losses.SparseCategoricalCrossentropy(ignore_class=1), "softmax", OF_IMAGES),
    (losses.CategoricalCrossentropy(label_smoothing=0.1), "softmax", np.eye(3)[OF_IMAGES]),
    (losses.CategoricalFocalCrossentropy(FACTORS), "softmax", np.eye(3)[OF_IMAGES]),
    (losses.MeanSquaredError(), "tanh", np.eye(3)[OF_IMAGES]),
    (losses.BinaryCrossentropy(), "sigmoid", np.eye(3)[OF_IMAGES]),
    (losses.Huber(0.1, reduction="sum"), "linear", np.eye(3)[OF_IMAGES]),
    (losses.MeanAbsoluteError(reduction="mean_with_sample_weight"), "tanh", np.eye(3)[OF_IMAGES]),
]


def two_models(keras, loss, activation):
    """The same model in both libraries, with the same weights."""
    theirs, ours = (
        made([L.Input((4, 5, 2)), L.Dense(3, activation)])
        for made, L in ((keras.Sequential, keras.layers), (Sequential, layers))
    )
    arguments = loss.get_config()
    del arguments["kind"]
    theirs.compile("sgd", getattr(keras.losses, type(loss).__name__)(**arguments))
    ours.compile("sgd", loss)
    ours.set_weights([np.asarray(w.value.detach()) for w in theirs.weights])
    return theirs, ours


@pytest.mark.parametrize(("loss", "activation", "y"), ROWS)
@pytest.mark.parametrize("axes", [3, 4])
def test_weights_of_rows_are_those_of_keras(keras, loss, activation, y, axes):
    weights = WEIGHTS if axes == 3 else WEIGHTS[..., None]
    theirs, ours = two_models(keras, loss, activation)
    expected = theirs.evaluate(IMAGES, y, sample_weight=weights, verbose=0, batch_size=6)
    # 120 terms of an exponential each.
    assert ours.evaluate(IMAGES, y, sample_weight=weights) == pytest.approx(expected, rel=2e-5)
    if loss.takes_labels:
        return  # Keras cannot train with labels of places: PyTorch wants a contiguous gradient
    fit = {"sample_weight": weights, "batch_size": 4, "epochs": 2, "verbose": 0, "shuffle": False}
    theirs.fit(IMAGES, y, **fit)
    ours.fit(IMAGES, y, **fit)
    for a, b in zip(ours.get_weights(), theirs.weights, strict=True):
        np.testing.assert_allclose(a, np.asarray(b.value.detach()), rtol=0, atol=2e-6)


def test_one_weight_for_all_rows_of_a_sample():
    """Also of an array with axes of one."""
    x, y, weights = REAL[..., :2], REAL, np.arange(6.0)
    expected = of_sequences().evaluate(x, y, sample_weight=np.repeat(weights[:, None], 5, axis=1))
    for own in (weights, weights[:, None]):
        model = of_sequences()
        assert model.evaluate(x, y, sample_weight=own) == pytest.approx(expected, rel=1e-14)


def of_sequences(loss="mse", **options):
    model = Sequential([layers.Input((5, 2)), layers.Dense(3)], dtype="float64")
    model.seed = 5
    model.compile("sgd", loss, **options)
    return model


def test_equal_weights_of_rows_are_none():
    x, y = REAL[..., :2], REAL
    for loss in ("mse", "cosine_similarity", losses.Huber(0.5)):
        model = of_sequences(loss)
        ones = model.evaluate(x, y, sample_weight=np.ones((6, 5)))
        assert ones == pytest.approx(model.evaluate(x, y), rel=1e-14)


def test_rows_of_weight_zero_do_not_count():
    x, y = REAL[..., :2].copy(), np.where(IGNORED == 7, 0, IGNORED)
    weights = (IGNORED != 7).astype(float)
    model = Sequential([layers.Input((5, 2)), layers.Dense(3)], dtype="float64")
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"))
    weighted, gradient = model.gradients(x, y, sample_weight=weights)
    ignoring = losses.SparseCategoricalCrossentropy(
        from_logits=True, ignore_class=7, reduction="sum"
    )
    model.compile("sgd", ignoring)
    left_out, other = model.gradients(x, IGNORED)
    assert weighted == pytest.approx(left_out, rel=1e-13)
    for a, b in zip(gradient, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_generators_can_yield_weights_of_rows():
    x, y, weights = REAL[..., :2], REAL, np.abs(REAL[..., 0])
    model, streamed = of_sequences(), of_sequences()
    streamed.set_weights(model.get_weights())
    model.fit(x, y, batch_size=3, sample_weight=weights, shuffle=False, verbose=0)
    halves = (slice(0, 3), slice(3, 6))
    streamed.fit(((x[rows], y[rows], weights[rows]) for rows in halves), verbose=0)
    for a, b in zip(model.get_weights(), streamed.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize(
    ("loss", "weights", "message"),
    [
        ("mse", np.ones((6, 4)), r"sample_weight must have a weight for each of the losses of sh"),
        ("mse", np.ones((5, 5)), "y and sample_weight must have one row for each sample, got 6"),
        ("mse", np.ones((6, 5, 3)), r"sample_weight must have a weight for each of the losses"),
        ("mse", -np.ones((6, 5)), "sample_weight must not be negative, got -1"),
        ("mse", 1.0, "y and sample_weight must have one row for each sample, got 6 and 1"),
        (
            "multilabel_crossentropy",
            np.ones((6, 5)),
            r"sample_weight of multilabel_crossentropy must have a number for each sample",
        ),
    ],
)
def test_other_weights_are_refused(loss, weights, message):
    y = MANY if loss == "multilabel_crossentropy" else REAL
    model = Sequential([layers.Input((5, 2)), layers.Dense(3, "sigmoid")])
    model.compile("sgd", loss)
    before = model.get_weights()
    with pytest.raises(ValueError, match=message):
        model.fit(REAL[..., :2], y, sample_weight=weights, verbose=0)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_a_weighted_metric_needs_a_weight_for_each_sample():
    model = of_sequences(weighted_metrics=["mae"])
    with pytest.raises(ValueError, match=r"metric 'mae' cannot be computed of y: sample_weight"):
        model.fit(REAL[..., :2], REAL, sample_weight=np.ones((6, 5)), verbose=0)
