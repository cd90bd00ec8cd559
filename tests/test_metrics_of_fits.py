"""Metrics that compile is given by name: one meaning in fits, evaluations and callbacks.

Whatever cannot be computed is refused before a fit has changed anything.
"""

import numpy as np
import pytest

from fastscratch import Model, Sequential, layers, load_model, metrics, optimizers
from fastscratch.callbacks import EarlyStopping, LambdaCallback
from fastscratch.utils import to_categorical

N = 37
X = np.random.default_rng(3).random((N, 5), np.float32)
LABELS = np.arange(N) % 3
ONE_HOT = to_categorical(LABELS, 3)
BINARY = (X[:, 0] > 0.5).astype(np.float32)


def network(loss, names, learning_rate=0.1, seed=2):
    """A model for classes that exclude each other, or for one label, or for numbers."""
    softmax = loss.endswith("categorical_crossentropy")
    units, activation = (3, "softmax") if softmax else (1, "sigmoid" if "binary" in loss else None)
    model = Sequential([layers.Input((5,)), layers.Dense(units, activation)])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.standard_normal((5, units)), rng.standard_normal(units)])
    model.compile(optimizers.SGD(learning_rate), loss, names)
    return model


SPELLINGS = [
    *("acc", "ACC", "accuracy", "Accuracy"),
    *("binary_accuracy", "BinaryAccuracy", "auc", "AUC", "precision", "Precision"),
    *("recall", "Recall", "mse", "MSE", "MeanSquaredError", "mae", "MAE", "r2_score", "R2Score"),
    *("rmse", "RMSE", "root_mean_squared_error", "mape", "msle", "log_cosh", "LogCoshError"),
    *("f1", "f1_score", "F1Score", "fbeta_score", "f_beta_score", "FBetaScore", "binary_iou"),
    *("matthews_corrcoef", "cohen_kappa_score", "CohenKappa", "log_loss", "bce", "BCE", "hinge"),
    *("true_positives", "FalseNegatives", "poisson", "kl_divergence", "KLDivergence"),
]


@pytest.mark.parametrize("name", SPELLINGS)
def test_every_spelling_means_the_same_everywhere(name):
    """In an evaluation, a history, on validation data and for a callback: one number, one name."""
    model = network("binary_crossentropy", [name], learning_rate=0)
    function = metrics.get(name)
    expected = (metrics.binary_accuracy if function is metrics.accuracy else function)(
        BINARY, model.predict(X)
    )
    assert expected not in (0, 1)
    early = EarlyStopping("val_" + name, mode="max", patience=5)
    history = model.fit(
        X, BINARY, epochs=2, verbose=0, validation_data=(X, BINARY), callbacks=early
    ).history
    for found in (
        model.evaluate(X, BINARY, return_dict=True)[name],
        model.evaluate(X, BINARY)[1],
        history[name][0],
        history["val_" + name][1],
        early.best,
    ):
        assert found == pytest.approx(expected, rel=1e-6)  # predictions in float32


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        *((name, "sparse_categorical_crossentropy") for name in ("acc", "Accuracy")),
        *((name, "sparse_categorical_crossentropy") for name in ("SparseCategoricalAccuracy",)),
        *((name, "categorical_crossentropy") for name in ("acc", "CategoricalAccuracy")),
    ],
)
def test_accuracy_of_classes(name, loss):
    model = network(loss, [name])
    y = LABELS if loss.startswith("sparse") else ONE_HOT
    right = (model.predict(X).argmax(axis=1) == LABELS).sum()
    assert 0 < right < N
    assert model.evaluate(X, y)[1] == right / N


def share_above(y_true, y_pred):
    """A metric of one's own: a number."""
    return (y_pred > y_true).mean()


def distances(y_true, y_pred):
    """A metric of one's own: a number for each sample."""
    return abs(y_pred - y_true)[:, 0]


class Largest(metrics.Metric):
    """A metric of one's own, with a state."""

    direction = "min"

    def __init__(self):
        super().__init__("largest")
        self.reset_state()

    def update_state(self, y_true, y_pred, sample_weight=None):
        weights = np.ones(len(y_true)) if sample_weight is None else sample_weight
        self.seen.append((weights * distances(y_true, y_pred)).max())

    def result(self):
        return max(self.seen)

    def reset_state(self):
        self.seen = []


def test_functions_and_objects():
    given = [
        *(metrics.mean_squared_error, share_above, distances, Largest()),
        *(metrics.AUC(), metrics.AUC(curve="PR"), metrics.AUC(curve="PR", name="pr")),
        metrics.BinaryAccuracy(threshold=0.2),
        metrics.Precision(thresholds=0.6),
    ]
    model = network("binary_crossentropy", given, learning_rate=0)
    p = model.predict(X).astype(float)
    y = BINARY[:, None]
    expected = {
        "mean_squared_error": ((p - y) ** 2).mean(),
        "share_above": (p > y).mean(),
        "distances": abs(p - y).mean(),
        "largest": abs(p - y).max(),
        "auc": metrics.auc(y, p),
        "auc_1": metrics.auc(y, p, "PR"),
        "pr": metrics.auc(y, p, "PR"),
        "binary_accuracy": ((p > 0.2) == y).mean(),
        "precision": y[p > 0.6].mean(),
    }
    validation = X[:20], BINARY[:20]
    history = model.fit(X, BINARY, epochs=1, verbose=0, validation_data=validation).history
    found = model.evaluate(X, BINARY, return_dict=True)
    assert list(found) == ["loss", *expected]
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6)
        assert history[name] == [pytest.approx(value, rel=1e-6)]
    p, y = p[:20], y[:20]
    assert history["val_distances"] == [pytest.approx(abs(p - y).mean(), rel=1e-6)]
    assert history["val_auc_1"] == [pytest.approx(metrics.auc(y, p, "PR"), rel=1e-6)]
    assert model.metrics == given
    assert model.directions["largest"] == "min"
    assert model.directions["distances"] is None
    with pytest.raises(ValueError, match="cannot know whether a lower or a higher 'distances'"):
        model.fit(X, BINARY, verbose=0, callbacks=EarlyStopping("distances"))


def test_metrics_with_the_weights_of_the_samples():
    weights = np.arange(N) % 4
    given = ["accuracy", "mse", metrics.AUC(), distances]
    model = network("binary_crossentropy", ["accuracy", "mse"], learning_rate=0)
    model.compile(model.optimizer, "binary_crossentropy", ["accuracy", "mse"], None, given)
    p, y = model.predict(X).astype(float), BINARY[:, None]
    expected = {
        "accuracy": metrics.binary_accuracy(y, p),
        "mse": metrics.mean_squared_error(y, p),
        "weighted_accuracy": metrics.binary_accuracy(y, p, sample_weight=weights),
        "weighted_mse": metrics.mean_squared_error(y, p, weights),
        "auc": metrics.auc(y, p, sample_weight=weights),
        "distances": np.average(abs(p - y)[:, 0], weights=weights),
    }
    history = model.fit(X, BINARY, epochs=1, verbose=0, sample_weight=weights).history
    found = model.evaluate(X, BINARY, sample_weight=weights, return_dict=True)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6), name
        assert history[name] == [pytest.approx(value, rel=1e-6)]
    unweighted = model.evaluate(X, BINARY, return_dict=True)
    assert unweighted["weighted_mse"] == unweighted["mse"]
    message = "metric 'auc' cannot be computed of y: sample_weight must not be 0 of all that are 1"
    with pytest.raises(ValueError, match=message):
        model.evaluate(X, BINARY, sample_weight=BINARY == 0)


def test_metrics_of_several_outputs_are_objects_too():
    x = layers.Input((5,))
    model = Model(x, [layers.Dense(1, "sigmoid", name=name)(x) for name in "ab"])
    given = {"a": [metrics.AUC(name="area")], "b": share_above}
    model.compile("sgd", ["binary_crossentropy"] * 2, given)
    found = model.evaluate(X, [BINARY, BINARY], return_dict=True)
    a, b = model.predict(X)
    assert found["a_area"] == pytest.approx(metrics.auc(BINARY, a))
    assert found["b_share_above"] == pytest.approx((b > BINARY[:, None]).mean())


@pytest.mark.parametrize(
    "metric",
    [
        metrics.F1Score(average="macro"),
        metrics.CohenKappa(weights="linear"),
        *("matthews_corrcoef", "log_loss", "sparse_categorical_crossentropy"),
        metrics.MeanIoU(3, sparse_y_pred=False),
        metrics.SparseTopKCategoricalAccuracy(k=2),
    ],
    ids=str,
)
def test_metrics_of_labels(metric):
    """The same of labels with the sparse loss as of one-hot rows with the other."""
    model = network("sparse_categorical_crossentropy", [metric])
    p = model.predict(X)
    if isinstance(metric, str):
        expected = metrics.get(metric)(LABELS, p)
    else:
        expected = metric(LABELS, p)
        metric.reset_state()
    assert model.evaluate(X, LABELS)[1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("metric", "error", "message"),
    [
        (
            "MeanIoU",
            ValueError,
            r"'MeanIoU' needs .* an object, metrics.MeanIoU\(num_classes=...\)",
        ),
        ("precision_at_recall", ValueError, r"metrics.PrecisionAtRecall\(recall=...\)"),
        (metrics.AUC, TypeError, "metrics must be names, functions or objects of metrics, got <cl"),
        (3, TypeError, "metrics must be names, functions or objects of metrics, got 3"),
        ([3], TypeError, "metrics must be names, functions or objects of metrics, got 3"),
    ],
)
def test_what_is_no_metric_is_refused_by_compile(metric, error, message):
    with pytest.raises(error, match=message):
        network("binary_crossentropy", [metric] if isinstance(metric, str) else metric)


def test_a_metric_of_several_numbers_is_refused():
    model = network("categorical_crossentropy", ["f1_score"])
    refused(model, "metric 'f1_score' .* it has 3 numbers, .* give average='macro'", X, ONE_HOT)
    model.compile("sgd", "categorical_crossentropy", [lambda y, p: p.mean(axis=0)])
    with pytest.raises(ValueError, match=r"'<lambda>' must return a number, .* got shape \(3,\)"):
        model.evaluate(X, ONE_HOT)


def test_metrics_are_saved(tmp_path):
    given = ["acc", metrics.AUC(curve="PR", name="pr"), metrics.mean_squared_error]
    model = network("binary_crossentropy", [])
    model.compile("sgd", "binary_crossentropy", given, weighted_metrics=[metrics.Recall(0.3)])
    path = tmp_path / "model.safetensors"
    model.save(path)
    again = load_model(path)
    weights = np.arange(N) % 4
    names = ["loss", "acc", "pr", "mean_squared_error", "recall"]
    found = again.evaluate(X, BINARY, sample_weight=weights, return_dict=True)
    assert list(found) == names
    assert found == model.evaluate(X, BINARY, sample_weight=weights, return_dict=True)
    for mine, name in ((distances, "distances"), (Largest(), "largest")):
        model.compile("sgd", "binary_crossentropy", [mine])
        with pytest.raises(TypeError, match=f"metric '{name}' is of your own, and cannot be saved"):
            model.save(path)


def test_a_metric_that_is_given_twice_counts_twice():
    model = network("binary_crossentropy", ["acc", "accuracy", "BinaryAccuracy"])
    first, *others = model.evaluate(X, BINARY)[1:]
    assert others == [first] * 2


# --- shares that are counts -----------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 3, 7, 10, 49, 105, 107, 1000])
@pytest.mark.parametrize("batch_size", [1, 3, 32, 128])
def test_a_perfect_model_is_right_in_1_and_nothing_else(n, batch_size):
    """A mean of parts would be 0.9999999999999999 or 1.0000000000000002 at some of these."""
    model = network("binary_crossentropy", ["accuracy", "precision", "auc"], learning_rate=0)
    model.set_weights([np.eye(5)[:, :1], [0.0]])  # the sign of the first input
    x = np.random.default_rng(n).standard_normal((n + 1, 5)).astype(np.float32)
    x[0, 0], x[-1, 0] = 1, -1  # both classes
    y = x[:, 0] > 0
    history = model.fit(x, y, batch_size=batch_size, epochs=2, verbose=0).history
    assert history["accuracy"] == history["precision"] == history["auc"] == [1.0, 1.0]
    assert model.evaluate(x, y, batch_size)[1:] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_accuracy_of_a_still_model_is_one_number(outputs):
    """However the samples are cut and shuffled: the count, divided once."""
    loss = "binary_crossentropy" if outputs == 1 else "sparse_categorical_crossentropy"
    y = BINARY if outputs == 1 else LABELS
    model = network(loss, ["accuracy"], learning_rate=0)
    predicted = model.predict(X)
    guess = predicted[:, 0] > 0.5 if outputs == 1 else predicted.argmax(axis=1)
    seen = set()
    for batch_size in (1, 2, 5, 7, 36, 37):
        seen |= set(model.fit(X, y, batch_size, epochs=20, verbose=0).history["accuracy"])
        seen.add(model.evaluate(X, y, batch_size)[1])
    assert seen == {int((guess == y).sum()) / N}


def test_early_stopping_on_an_accuracy_that_does_not_change():
    """One epoch is the best so far, and `patience` more are not."""
    model = network("sparse_categorical_crossentropy", ["accuracy"], learning_rate=0)
    early = EarlyStopping("accuracy", patience=5)
    history = model.fit(X, LABELS, batch_size=7, epochs=50, verbose=0, callbacks=early)
    assert len(history.epoch) == 6


# --- what cannot be computed ----------------------------------------------------------------------


def refused(model, message, x, y, **options):
    """Check that a fit and an evaluation say it, and that nothing is run."""
    before = [weight.tobytes() for weight in model.get_weights()]
    begun = []
    watch = LambdaCallback(on_train_begin=begun.append)
    with pytest.raises(ValueError, match=message):
        model.fit(x, y, verbose=0, callbacks=watch, **options)
    assert not begun
    assert model.iterations == 0
    assert [weight.tobytes() for weight in model.get_weights()] == before


ONE_CLASS = "metric 'AUC' cannot be computed of {}y: y_true must hold both 0 and 1, got 5 times 1"


def test_validation_data_of_one_class():
    """The training data have both: it is said which data it is."""
    model = network("binary_crossentropy", ["AUC"])
    ones = X[BINARY == 1][:5], np.ones(5)
    refused(model, ONE_CLASS.format("validation "), X, BINARY, validation_data=ones)
    refused(model, ONE_CLASS.format(""), *ones)
    with pytest.raises(ValueError, match=ONE_CLASS.format("")):
        model.evaluate(*ones)
    order = np.argsort(BINARY, kind="stable")
    message = ONE_CLASS.format("validation ").replace("5 times", r"\d times")
    refused(model, message, X[order], BINARY[order], validation_split=0.2)


@pytest.mark.parametrize("name", ["auc", "Precision", "recall", "binary_accuracy", "mse"])
def test_metrics_that_need_a_target_for_each_output(name):
    model = network("sparse_categorical_crossentropy", [name])
    message = f"metric '{name}' cannot be computed of y: .* takes labels, one for all outputs"
    refused(model, message, X, LABELS)
    model.compile("sgd", "categorical_crossentropy", [name])
    model.fit(X, ONE_HOT, verbose=0)


def test_metrics_that_need_labels():
    model = network("categorical_crossentropy", ["sparse_categorical_accuracy"])
    message = "it compares labels, which categorical_crossentropy does not take"
    refused(model, message, X, ONE_HOT)


def test_metrics_of_classes_need_one_axis():
    model = Sequential([layers.Input((2, 2, 3)), layers.Conv2D(4, 1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", ["accuracy"])
    images = np.zeros((5, 2, 2, 3), np.float32)
    message = r"metric 'accuracy' .* of y: the outputs have several axes, \(2, 2, 4\)"
    refused(model, message, images, np.zeros((5, 2, 2, 4)))
    model.compile("sgd", "binary_crossentropy", ["binary_accuracy"])
    model.fit(images, np.zeros((5, 2, 2, 4)), verbose=0)


def test_the_output_is_named():
    x = layers.Input((5,))
    heads = [layers.Dense(1, "sigmoid", name=name)(x) for name in "ab"]
    model = Model(x, heads)
    model.compile("sgd", ["binary_crossentropy"] * 2, [[], ["auc"]])
    message = "metric 'auc' cannot be computed of y of b: y_true must hold both 0 and 1"
    refused(model, message, X, [BINARY, np.ones(N)])


def test_a_score_of_one_sample():
    model = network("mean_squared_error", ["r2_score"])
    message = "metric 'r2_score' cannot be computed of validation y: .* at least two samples, got 1"
    refused(model, message, X, BINARY, validation_data=(X[:1], BINARY[:1]))


def test_steps_alone_take_no_predictions():
    """A step reports what is counted while it runs; other metrics are not in question."""
    model = network("binary_crossentropy", ["auc", "acc"])
    assert len(model.train_on_batch(X[:1], [1.0])) == 2
