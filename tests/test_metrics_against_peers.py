"""Metrics beside those of scikit-learn and of Keras, with and without weights of the samples."""

import numpy as np
import pytest

from fastscratch import metrics

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

N, CLASSES = 200, 4
RNG = np.random.default_rng(7)
LABELS = RNG.integers(CLASSES, size=N)
ONE_HOT = np.eye(CLASSES)[LABELS]
SCORES = RNG.standard_normal((N, CLASSES)) + 1.5 * ONE_HOT
PROBABILITIES = np.exp(SCORES) / np.exp(SCORES).sum(axis=1, keepdims=True)
BINARY = (LABELS % 2).astype(float)
# With ties.
OF_ONE = np.round(1 / (1 + np.exp(-SCORES[:, 1] + SCORES[:, 0])), 2)
MANY = (RNG.random((N, CLASSES)) < 0.4).astype(float)
OF_MANY = np.clip(np.round(0.3 * MANY + 0.7 * RNG.random((N, CLASSES)), 2), 0.01, 0.99)
# No score near a threshold, and no ties: in float32 they may be decided otherwise.
UNROUNDED = np.round(0.3 * MANY + 0.7 * RNG.random((N, CLASSES)), 2) + 0.005
UNROUNDED = np.clip(UNROUNDED + 1e-4 * np.arange(CLASSES), 0.01, 0.99)
POSITIVE, NEAR = RNG.random((2, N, 3)) * 3
WEIGHTS = RNG.random(N) * 2
WEIGHTS[:5] = 0

WEIGHTED = pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["equal", "weighted"])


# --- scikit-learn ---------------------------------------------------------------------------------


@WEIGHTED
def test_values_are_those_of_scikit_learn(weights):
    peer = pytest.importorskip("sklearn.metrics")
    given = {"sample_weight": weights}
    guess, decided = SCORES.argmax(axis=1), OF_ONE > 0.5
    of_many = OF_MANY > 0.5

    def close(found, expected):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)

    close(metrics.accuracy(LABELS, guess, **given), peer.accuracy_score(LABELS, guess, **given))
    expected = peer.top_k_accuracy_score(LABELS, SCORES, k=2, **given)
    close(metrics.sparse_top_k_categorical_accuracy(LABELS, SCORES, 2, **given), expected)
    close(metrics.top_k_categorical_accuracy(ONE_HOT, SCORES, 2, **given), expected)
    for ours, theirs in (
        (metrics.precision, peer.precision_score),
        (metrics.recall, peer.recall_score),
        (metrics.f1_score, peer.f1_score),
    ):
        close(ours(BINARY, OF_ONE, **given), theirs(BINARY, decided, **given))
    for average in (None, "micro", "macro", "weighted"):
        close(
            metrics.f1_score(LABELS, SCORES, average, **given),
            peer.f1_score(LABELS, guess, average=average, **given),
        )
        close(
            metrics.fbeta_score(MANY, OF_MANY, average, 0.5, threshold=0.5, **given),
            peer.fbeta_score(MANY, of_many, beta=0.5, average=average, **given),
        )
    close(metrics.auc(BINARY, OF_ONE, **given), peer.roc_auc_score(BINARY, OF_ONE, **given))
    close(
        metrics.auc(BINARY, OF_ONE, "PR", **given),
        peer.average_precision_score(BINARY, OF_ONE, **given),
    )
    for curve, score in (("ROC", peer.roc_auc_score), ("PR", peer.average_precision_score)):
        close(metrics.auc(MANY, OF_MANY, curve, True, **given), score(MANY, OF_MANY, **given))
    close(
        metrics.matthews_corrcoef(LABELS, SCORES, **given),
        peer.matthews_corrcoef(LABELS, guess, **given),
    )
    close(
        metrics.matthews_corrcoef(BINARY, OF_ONE, **given),
        peer.matthews_corrcoef(BINARY, decided, **given),
    )
    for kind in (None, "linear", "quadratic"):
        close(
            metrics.cohen_kappa_score(LABELS, SCORES, kind, **given),
            peer.cohen_kappa_score(LABELS, guess, weights=kind, **given),
        )
    close(
        metrics.log_loss(LABELS, PROBABILITIES, **given),
        peer.log_loss(LABELS, PROBABILITIES, **given),
    )
    close(metrics.log_loss(BINARY, OF_ONE, **given), peer.log_loss(BINARY, OF_ONE, **given))
    close(
        metrics.confusion_matrix(LABELS, guess, **given),
        peer.confusion_matrix(LABELS, guess, **given),
    )
    jaccard = peer.jaccard_score(LABELS, guess, average="macro", **given)
    close(metrics.mean_iou(LABELS, guess, CLASSES, **given), jaccard)
    close(
        metrics.hinge(BINARY, SCORES[:, 0], **given),
        peer.hinge_loss(BINARY, SCORES[:, 0], **given),
    )


@WEIGHTED
def test_regressions_are_those_of_scikit_learn(weights):
    peer = pytest.importorskip("sklearn.metrics")
    given = {"sample_weight": weights}
    for name in ("mean_squared_error", "mean_absolute_error", "mean_squared_log_error", "r2_score"):
        ours = getattr(metrics, name.replace("squared_log_", "squared_logarithmic_"))
        expected = getattr(peer, name)(POSITIVE, NEAR, **given)
        assert ours(POSITIVE, NEAR, **given) == pytest.approx(expected, rel=1e-12)
    expected = 100 * peer.mean_absolute_percentage_error(POSITIVE, NEAR, **given)
    found = metrics.mean_absolute_percentage_error(POSITIVE, NEAR, **given)
    assert found == pytest.approx(expected, rel=1e-12)
    one = POSITIVE[:, 0], NEAR[:, 0]
    expected = peer.root_mean_squared_error(*one, **given)
    assert metrics.root_mean_squared_error(*one, **given) == pytest.approx(expected, rel=1e-12)
    for aggregation, name in (
        ("variance_weighted_average", "variance_weighted"),
        (None, "raw_values"),
    ):
        np.testing.assert_allclose(
            metrics.r2_score(POSITIVE, NEAR, aggregation, **given),
            peer.r2_score(POSITIVE, NEAR, multioutput=name, **given),
            rtol=1e-12,
        )


# --- Keras ----------------------------------------------------------------------------------------

#: The object of both packages, and what it is given. Keras computes in float32.
OBJECTS = [
    ("MeanSquaredError", {}, POSITIVE, NEAR),
    ("RootMeanSquaredError", {}, POSITIVE, NEAR),
    ("MeanAbsoluteError", {}, POSITIVE, NEAR),
    ("MeanAbsolutePercentageError", {}, POSITIVE, NEAR),
    ("MeanSquaredLogarithmicError", {}, POSITIVE, NEAR),
    ("LogCoshError", {}, POSITIVE, NEAR),
    ("CosineSimilarity", {}, POSITIVE, NEAR - 1),
    ("PearsonCorrelation", {}, POSITIVE, NEAR),
    ("ConcordanceCorrelation", {}, POSITIVE, NEAR),
    ("R2Score", {}, POSITIVE, NEAR),
    ("R2Score", {"class_aggregation": None}, POSITIVE, NEAR),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, POSITIVE, NEAR),
    # Of several columns Keras takes all elements for samples.
    ("R2Score", {"num_regressors": 5}, POSITIVE[:, :1], NEAR[:, :1]),
    ("Accuracy", {}, LABELS, SCORES.argmax(axis=1)),
    ("BinaryAccuracy", {}, MANY, UNROUNDED),
    ("BinaryAccuracy", {"threshold": 0.3}, MANY, UNROUNDED),
    ("CategoricalAccuracy", {}, ONE_HOT, SCORES),
    ("SparseCategoricalAccuracy", {}, LABELS, SCORES),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, SCORES),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, LABELS, SCORES),
    *(
        (name, arguments, MANY, UNROUNDED)
        for name in ("Precision", "Recall")
        for arguments in (
            {},
            {"thresholds": 0.3},
            {"thresholds": [0.2, 0.6]},
            {"top_k": 2},
            {"class_id": 1},
            {"class_id": 2, "top_k": 3, "thresholds": [0.3, 0.9]},
        )
    ),
    *(
        (name, arguments, MANY, UNROUNDED)
        for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
        for arguments in ({}, {"thresholds": [0.25, 0.75]})
    ),
    *(
        ("F1Score", {"average": average}, ONE_HOT, SCORES)
        for average in (None, "micro", "macro", "weighted")
    ),
    ("F1Score", {"threshold": 0.5}, MANY, UNROUNDED),
    ("FBetaScore", {"beta": 2.0, "average": "macro", "threshold": 0.4}, MANY, UNROUNDED),
    ("BinaryCrossentropy", {}, MANY, UNROUNDED),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, MANY, SCORES),
    ("CategoricalCrossentropy", {}, ONE_HOT, PROBABILITIES),
    ("CategoricalCrossentropy", {}, ONE_HOT, 3 * PROBABILITIES),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, ONE_HOT, SCORES),
    ("SparseCategoricalCrossentropy", {}, LABELS, PROBABILITIES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, SCORES),
    ("Poisson", {}, POSITIVE, NEAR),
    ("KLDivergence", {}, PROBABILITIES, np.roll(PROBABILITIES, 1, axis=0)),
    ("Hinge", {}, MANY, SCORES),
    ("Hinge", {}, 2 * MANY - 1, SCORES),
    ("SquaredHinge", {}, MANY, SCORES),
    ("CategoricalHinge", {}, ONE_HOT, SCORES),
    ("IoU", {"num_classes": CLASSES, "target_class_ids": [0, 2]}, LABELS, SCORES.argmax(axis=1)),
    ("MeanIoU", {"num_classes": CLASSES}, LABELS, SCORES.argmax(axis=1)),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 1}, LABELS, SCORES.argmax(axis=1)),
    ("MeanIoU", {"num_classes": CLASSES, "sparse_y_pred": False}, LABELS, SCORES),
    ("OneHotIoU", {"num_classes": CLASSES, "target_class_ids": [1, 3]}, ONE_HOT, SCORES),
    ("OneHotMeanIoU", {"num_classes": CLASSES}, ONE_HOT, SCORES),
    ("BinaryIoU", {}, MANY, UNROUNDED),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, MANY, UNROUNDED),
]
NAMES = [f"{name}-{arguments}" for name, arguments, _, _ in OBJECTS]


@WEIGHTED
@pytest.mark.parametrize(("name", "arguments", "y", "p"), OBJECTS, ids=NAMES)
def test_objects_are_those_of_keras(keras, name, arguments, y, p, weights):
    ours = getattr(metrics, name)(**arguments)
    # Otherwise weights become integers there.
    dtype = {"dtype": "float32"} if "IoU" in name else {}
    theirs = getattr(keras.metrics, name)(**arguments, **dtype)
    y, p = y.astype(np.float32), p.astype(np.float32)
    for rows in (slice(0, 70), slice(70, N)):
        # Keras takes a weight for each element of what it flattens.
        own = None if weights is None else weights[rows]
        flat = name == "BinaryIoU" or "Positives" in name or "Negatives" in name
        flat = flat or (name in ("Precision", "Recall", "Accuracy") and p.ndim > 1)
        spread = own if own is None or not flat else np.repeat(own[:, None], p.shape[1], axis=1)
        if spread is not None and arguments.get("class_id") is not None:
            spread = own
        ours.update_state(y[rows], p[rows], own)
        theirs.update_state(y[rows], p[rows], spread)
    # 800 terms are added up in float32.
    np.testing.assert_allclose(ours.result(), np.asarray(theirs.result()), rtol=800 * 2.0**-24)
    ours.reset_state()
    assert ours.result() == 0
    assert np.ndim(ours(y[:70], p[:70])) == np.ndim(theirs.result())


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("AUC", {}),
        ("AUC", {"curve": "PR"}),
        ("SpecificityAtSensitivity", {"sensitivity": 0.7}),
        ("SensitivityAtSpecificity", {"specificity": 0.7}),
        ("PrecisionAtRecall", {"recall": 0.7}),
        ("RecallAtPrecision", {"precision": 0.7}),
    ],
)
def test_curves_are_those_of_keras_between_its_thresholds(keras, name, arguments):
    """Keras has a threshold in every hundredth; the scores are hundredths, and so are between."""
    thresholds = {"num_thresholds": 101}
    theirs = getattr(keras.metrics, name)(**arguments, **thresholds)
    theirs.update_state(BINARY, OF_ONE - 0.005)
    found = getattr(metrics, name)(**arguments)(BINARY, OF_ONE)
    # Between two points of a curve of precision and recall Keras interpolates, where the mean
    # precision has a step.
    tolerance = 0.01 if arguments == {"curve": "PR"} else 1e-5
    assert found == pytest.approx(float(np.asarray(theirs.result())), abs=tolerance)


def test_running_means_and_sums_are_those_of_keras(keras):
    for name in ("Mean", "Sum"):
        ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
        for values, weights in (
            (2.5, None),
            ([1.0, 4.0], [0.25, 2.0]),
            ([[1.0, 2.0]] * 3, [0.5, 1.0, 0.0]),
        ):
            ours.update_state(values, weights)
            theirs.update_state(values, weights)
        assert ours.result() == pytest.approx(float(np.asarray(theirs.result())))
        ours.reset_state()
        assert ours.result() == 0
