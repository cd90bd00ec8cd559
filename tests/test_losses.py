"""Losses as objects: names, values of arrays, reductions; and losses of a user's own."""

import copy
import math
import pickle
import sys

import numpy as np
import pytest

from fastscratch import Sequential, layers, load_model, losses, optimizers

X = np.random.default_rng(0).standard_normal((12, 4))
Y = np.random.default_rng(1).standard_normal((12, 3))


def quartic(prediction, target, weight=1.0):
    total = 0.0
    for o in range(prediction.size):
        total += weight * (prediction[o] - target[o]) ** 4
    return total


def quartic_gradient(out, prediction, target, weight=1.0):
    for o in range(prediction.size):
        out[o] = 4 * weight * (prediction[o] - target[o]) ** 3


def cubic_gradient(out, prediction, target):
    for o in range(prediction.size):
        out[o] = 3 * (prediction[o] - target[o]) ** 2


def squared(prediction, target):
    return np.sum((prediction - target) ** 2) / target.size


def squared_gradient(out, prediction, target):
    out[:] = 2 * (prediction - target) / target.size


def model_of(loss, *body, dtype="float64"):
    body = body or (layers.Dense(3),)
    model = Sequential([layers.Input((4,)), *body], dtype=dtype)
    model.seed = 3
    model.compile(optimizers.SGD(0.1), loss)
    return model


# --- names ----------------------------------------------------------------------------------------


def test_short_names():
    for short, kind in {
        "mse": losses.MeanSquaredError,
        "MAE": losses.MeanAbsoluteError,
        "mape": losses.MeanAbsolutePercentageError,
        "MSLE": losses.MeanSquaredLogarithmicError,
        "bce": losses.BinaryCrossentropy,
        "KLD": losses.KLDivergence,
        "kl_divergence": losses.KLDivergence,
        "KLDivergence": losses.KLDivergence,
        "logcosh": losses.LogCosh,
        "LogCosh": losses.LogCosh,
        "cosine_similarity": losses.CosineSimilarity,
        "SquaredHinge": losses.SquaredHinge,
    }.items():
        assert type(losses.get(short)) is kind
    assert losses.get(losses.Hinge) == losses.Hinge()


def test_every_loss_of_keras_is_here_or_refused():
    keras = pytest.importorskip("keras")
    from keras.src.losses import ALL_OBJECTS_DICT

    refused = ("Loss", "LossFunctionWrapper", "Dice", "dice", "Tversky", "tversky", "Circle")
    refused += ("circle", "CTC", "ctc")
    for name in sorted(set(ALL_OBJECTS_DICT) - set(refused)):
        ours, theirs = losses.get(name), keras.losses.get(name)
        plain = getattr(theirs, "__name__", type(theirs).__name__)
        assert plain in (ours.kind, type(ours).__name__), name
    for name in refused:
        with pytest.raises(ValueError, match="loss must be one of 'mean_squared_error', "):
            losses.get(name)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: losses.get("mean"), ValueError, "loss must be one of 'mean_squared_error', "),
        (lambda: losses.get(quartic), TypeError, r"losses\.Custom\(value, gradient\) makes"),
        (lambda: losses.Hinge(reduction="average"), ValueError, "reduction must be one of 'sum_"),
        (lambda: losses.Huber(-1), ValueError, "delta must be positive"),
        (lambda: losses.BinaryFocalCrossentropy(gamma=-1), ValueError, "gamma must not be neg"),
        (lambda: losses.BinaryFocalCrossentropy(alpha=[0.2]), TypeError, "alpha must be a number"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(1), ValueError, "q must be below 1"),
        (lambda: losses.CosineSimilarity(0.5), TypeError, "axis must be an integer"),
        (
            lambda: losses.SparseCategoricalCrossentropy(ignore_class=0.5),
            *(TypeError, "ignore_class must be an integer"),
        ),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("reduction", [None, "none"])
def test_losses_without_a_number_are_not_trained(reduction):
    loss = losses.MeanSquaredError(reduction=reduction)
    with pytest.raises(ValueError, match="reduction of mean_squared_error must be one of"):
        model_of(loss)


def test_only_the_last_axis_is_trained():
    with pytest.raises(ValueError, match="axis of categorical_crossentropy must be -1 in training"):
        model_of(losses.CategoricalCrossentropy(axis=1))


# --- values of arrays -----------------------------------------------------------------------------


def test_values_by_hand():
    assert losses.MeanSquaredError()([[1.0, 2.0]], [[2.0, 4.0]]) == 2.5
    assert losses.MeanAbsolutePercentageError()([[1.0, 2.0]], [[2.0, 3.0]]) == 75
    assert losses.Hinge()([[1, 0]], [[0.5, -3.0]]) == 0.25
    assert losses.SquaredHinge()([[-1.0, 1.0]], [[0.5, 0.0]]) == pytest.approx(1.625)
    assert losses.CategoricalHinge()([[0, 1.0]], [[2.0, 0.5]]) == 2.5
    assert losses.CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]]) == pytest.approx(-0.96)
    assert losses.LogCosh()([0.0], [1.0]) == pytest.approx(math.log(math.cosh(1)))
    assert losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]) == pytest.approx(
        0.5 * math.log(2) + 0.5 * math.log(2 / 3)
    )
    found = losses.BinaryFocalCrossentropy()(np.array([[1.0]]), np.array([[0.75]]))
    assert found == pytest.approx(-(0.25**2) * math.log(0.75))
    found = losses.CategoricalFocalCrossentropy()(np.array([[0.0, 1]]), np.array([[0.5, 0.5]]))
    assert found == pytest.approx(0.25 * 0.25 * math.log(2))
    found = losses.CategoricalGeneralizedCrossEntropy(0.5)([1], np.array([[0.75, 0.25]]))
    assert found == pytest.approx(1)


def test_reductions_by_hand():
    y, p, weight = [[0.0], [0.0], [0.0]], [[1.0], [2.0], [3.0]], [1, 2, 1]

    def loss(reduction):
        return losses.MeanSquaredError(reduction=reduction)(y, p, weight)

    assert loss("sum_over_batch_size") == loss("mean") == 6
    assert loss("sum") == 18
    assert loss("mean_with_sample_weight") == 4.5
    assert loss(None).tolist() == loss("none").tolist() == [1, 8, 9]


def test_ignored_labels_by_hand():
    half = np.full((1, 3, 2), 0.5)
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert loss([[0, -1, 1]], half) == pytest.approx(math.log(2))
    assert loss([[-1, -1, -1]], half) == 0
    none = losses.SparseCategoricalCrossentropy(ignore_class=-1, reduction=None)
    assert none([[0, -1, 1]], half)[0].tolist() == pytest.approx([math.log(2), 0, math.log(2)])


def test_float32_unless_the_predictions_are_float64():
    loss = losses.MeanSquaredError(reduction=None)
    assert loss(Y, Y.astype(np.float32)).dtype == np.float32
    assert loss(Y.astype(np.float32), Y).dtype == np.float64


def test_inputs_are_left_alone():
    y, p = np.eye(3), np.full((3, 3), 1 / 3)
    losses.BinaryCrossentropy(from_logits=True)(y, p)
    assert (y == np.eye(3)).all()
    assert (p == 1 / 3).all()


SHARES = np.random.default_rng(2).dirichlet(np.ones(3), (6, 5))
MANY = np.random.default_rng(3).integers(2, size=(6, 5, 3)).astype(float)
LABELS = np.random.default_rng(4).integers(3, size=(6, 5))
REAL = np.random.default_rng(5).standard_normal((6, 5, 3))
IGNORED = np.where(np.random.default_rng(6).random((6, 5)) < 0.3, 7, LABELS)
CASES = [
    ("MeanSquaredError", {}, REAL, SHARES),
    ("MeanAbsoluteError", {}, REAL, SHARES),
    ("MeanAbsolutePercentageError", {}, REAL, SHARES),
    ("MeanSquaredLogarithmicError", {}, REAL, SHARES),
    ("LogCosh", {}, 5 * REAL, SHARES),
    ("Huber", {"delta": 0.5}, REAL, SHARES),
    ("Poisson", {}, MANY, SHARES),
    ("KLDivergence", {}, SHARES[::-1], SHARES),
    ("CosineSimilarity", {}, REAL, SHARES),
    ("CosineSimilarity", {"axis": 1}, REAL, SHARES),
    ("Hinge", {}, MANY, REAL),
    ("Hinge", {}, 2 * MANY - 1, REAL),
    ("SquaredHinge", {}, MANY, REAL),
    ("CategoricalHinge", {}, np.eye(3)[LABELS], REAL),
    ("BinaryCrossentropy", {}, MANY, SHARES),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, MANY, REAL),
    ("BinaryFocalCrossentropy", {}, MANY, SHARES),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 3}, MANY, SHARES),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, MANY, REAL),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, np.eye(3)[LABELS], SHARES),
    ("CategoricalCrossentropy", {"from_logits": True, "axis": 1}, SHARES, REAL),
    ("CategoricalFocalCrossentropy", {"alpha": 0.5}, np.eye(3)[LABELS], SHARES),
    ("CategoricalFocalCrossentropy", {"from_logits": True}, np.eye(3)[LABELS], REAL),
    ("SparseCategoricalCrossentropy", {}, LABELS, SHARES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS[..., None], REAL),
    ("SparseCategoricalCrossentropy", {"ignore_class": 7}, IGNORED, SHARES),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.3}, LABELS, SHARES),
]


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize(("name", "options", "y", "p"), CASES)
def test_values_are_those_of_keras(keras, name, options, y, p, reduction):
    options = options | {"reduction": reduction}
    ours = getattr(losses, name)(**options)
    theirs = getattr(keras.losses, name)(**options, dtype="float64")
    along = p.shape[:-1] if options.get("axis", -1) == -1 else p.shape[:1] + p.shape[2:]
    for weight in (None, np.random.default_rng(7).uniform(0, 2, along)):
        expected = theirs(y, p, weight).detach().cpu()
        np.testing.assert_allclose(ours(y, p, weight), expected, rtol=1e-6, atol=1e-7)


def test_every_loss_has_a_case():
    assert {type(losses.get(name)).__name__ for name in losses._BY_NAME} - {
        case[0] for case in CASES
    } == {"MultilabelCrossentropy"}


@pytest.mark.parametrize(
    ("loss", "arguments", "message"),
    [
        (losses.Hinge(), ([[1, 0, 1]], [[1.0, 0.0]]), r"y_true and y_pred must have the same sha"),
        (losses.Hinge(), ([[1, 0]], [[np.nan, 0.0]]), "y_pred must be finite"),
        (losses.CosineSimilarity(axis=2), ([[1.0]], [[1.0]]), "axis=2 is none of y_pred of shape"),
        (
            losses.SparseCategoricalCrossentropy(),
            *(([[0, 1]], [[0.5, 0.5]]), r"y_true must have shape \(1,\), a label for each row"),
        ),
        (
            losses.SparseCategoricalCrossentropy(ignore_class=7),
            *(([2], [[0.5, 0.5]]), r"y_true must hold labels 0 \.\.\. 1 or 7, got 2"),
        ),
        (losses.Hinge(), ([[1.0]], [[1.0]], [1, 2]), "sample_weight must have a weight for each"),
    ],
)
def test_what_has_no_value_is_refused(loss, arguments, message):
    with pytest.raises(ValueError, match=message):
        loss(*arguments)


def test_a_fit_reports_the_value():
    for loss in ("log_cosh", losses.BinaryCrossentropy(from_logits=True), "cosine_similarity"):
        model = model_of(loss)
        y = abs(Y) / 4
        value = losses.get(loss)(y, model.predict(X))
        assert model.evaluate(X, y) == pytest.approx(value, rel=1e-12)


# --- labels of every place ------------------------------------------------------------------------


def segmentation(loss, metrics=()):
    model = Sequential([layers.Input((4, 5, 2)), layers.Conv2D(3, 1, activation="softmax")])
    model.compile("sgd", loss, metrics=metrics)
    return model


IMAGES = np.random.default_rng(8).standard_normal((6, 4, 5, 2)).astype(np.float32)


def test_the_accuracy_of_every_place_is_counted():
    y = np.random.default_rng(9).integers(3, size=(6, 4, 5))
    model = segmentation("sparse_categorical_crossentropy", ["accuracy"])
    _, share = model.evaluate(IMAGES, y)
    assert share == pytest.approx((model.predict(IMAGES).argmax(axis=-1) == y).mean())


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((6, 4)), r"y must have shape \(samples, 4, 5\).*got \(6, 4\)"),
        (np.full((6, 4, 5), 3), r"y must hold labels 0 \.\.\. 2, got 3"),
        (np.full((6, 4, 5), -1), r"y must hold labels 0 \.\.\. 2, got -1"),
    ],
)
def test_labels_of_other_shapes_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        segmentation("sparse_categorical_crossentropy").fit(IMAGES, y)


def test_class_weights_need_one_class_a_sample():
    model = Sequential([layers.Input((5, 2)), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="class_weight needs a class for each sample"):
        model.fit(np.zeros((6, 5, 2)), np.zeros((6, 5)), class_weight={0: 2.0})


def test_a_mini_batch_of_ignored_labels_changes_nothing():
    model = segmentation(losses.SparseCategoricalCrossentropy(ignore_class=9))
    before = model.get_weights()
    history = model.fit(IMAGES, np.full((6, 4, 5), 9), verbose=0).history
    assert history["loss"] == [0]
    for a, b in zip(before, model.get_weights(), strict=True):
        assert a.tobytes() == b.tobytes()


# --- a user's own ---------------------------------------------------------------------------------


def test_a_loss_of_ones_own_trains_as_its_formula_says():
    model = model_of(losses.Custom(quartic, quartic_gradient, weight=0.5))
    kernel, bias = model.get_weights()
    model.fit(X, Y, batch_size=12, verbose=0)
    gradient = X.T @ (2 * (X @ kernel + bias - Y) ** 3) / 12
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.1 * gradient, rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_one_that_the_package_has_gives_its_numbers(dtype):
    trained = []
    for loss in ("mse", losses.Custom(squared, squared_gradient)):
        model = model_of(loss, layers.Dense(5, "tanh"), layers.Dense(3), dtype=dtype)
        history = model.fit(X, Y, batch_size=4, epochs=3, verbose=0).history["loss"]
        trained.append([history, *model.get_weights()])
    for a, b in zip(*trained, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5 if dtype == "float32" else 1e-12)


def test_its_value_of_arrays():
    loss = losses.Custom(quartic, quartic_gradient, weight=2)
    assert loss([[1.0, 1.0]], [[2.0, 3.0]]) == 34
    assert losses.Custom(quartic, quartic_gradient)([[1.0]], [[2.0]]) == 1  # its own default


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: losses.Custom(quartic, 3), TypeError, "gradient must be a function, got int"),
        (
            lambda: losses.Custom(quartic, quartic_gradient, factor=2),
            *(ValueError, "factor must be the name of an argument of value or gradient"),
        ),
        (
            lambda: losses.Custom(quartic, quartic_gradient, weight="a"),
            *(TypeError, "weight must be a number, got str"),
        ),
        (
            lambda: losses.Custom(lambda p, y, c: 0.0, quartic_gradient),
            *(ValueError, "<lambda> takes 'c', which must be given as a constant; got none"),
        ),
        (
            lambda: model_of(losses.Custom(quartic, cubic_gradient)),
            *(ValueError, r"the gradient of the loss quartic must be .* for output \d, as central"),
        ),
        (
            lambda: model_of(losses.Custom(lambda p, y: "a", squared_gradient)),
            *(ValueError, "the loss <lambda> cannot be compiled: "),
        ),
        (
            lambda: model_of(losses.Custom(lambda p, y: math.log(-1 - p[0] ** 2), cubic_gradient)),
            *(ValueError, "the loss <lambda> is not finite for any of the predictions tried"),
        ),
    ],
)
def test_errors_of_ones_own(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_it_is_compared_and_copied_and_shown():
    loss = losses.Custom(quartic, quartic_gradient, weight=0.5)
    assert repr(loss) == "Custom(quartic, quartic_gradient, weight=0.5)"
    assert loss == losses.Custom(quartic, quartic_gradient, weight=0.5)
    assert loss != losses.Custom(quartic, quartic_gradient, weight=0.6)
    assert copy.deepcopy(loss) == loss
    assert pickle.loads(pickle.dumps(loss)) == loss


def test_it_is_saved_by_where_it_can_be_imported_from(tmp_path, monkeypatch):
    model = model_of(losses.Custom(quartic, quartic_gradient, weight=0.5, reduction="sum"))
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = load_model(tmp_path / "model.safetensors")
    assert again.loss == model.loss
    for one in (model, again):
        one.fit(X, Y, verbose=0)
    assert again.get_weights()[0].tobytes() == model.get_weights()[0].tobytes()
    monkeypatch.delitem(sys.modules, __name__)
    with pytest.raises(ValueError, match=r"'quartic' of the module .*; import that before the mod"):
        load_model(tmp_path / "model.safetensors")


def test_one_that_cannot_be_imported_is_not_saved(tmp_path):
    def gradient(out, prediction, target):
        out[:] = 2 * (prediction - target)

    model = model_of(losses.Custom(lambda p, y: np.sum((p - y) ** 2), gradient))
    with pytest.raises(ValueError, match="must be a function at the top of a module"):
        model.save(tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())
