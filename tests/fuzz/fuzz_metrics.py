"""Metrics with weights of the samples, and as objects; beside a plain mean where they are one."""

import math

import numpy as np
import sklearn.metrics
from calls import calls, labels, numbers, real, sizes, some_of
from hypothesis import strategies as st
from surface import resolve

from fastscratch import metrics

flags, parts, counts = st.booleans(), st.floats(0, 0.99), st.integers(1, 4)
AVERAGES = st.sampled_from([None, "micro", "macro", "weighted"])


def weighted(draw, arguments):
    """The same, perhaps with weights of the samples."""
    n = len(arguments["y_true"])
    weights = np.random.default_rng(draw(st.integers(0, 999))).random(n) + 0.01
    return arguments | ({"sample_weight": weights} if draw(flags) else {})


def regression(draw):
    shape = (draw(counts), draw(sizes)) if draw(flags) else (draw(counts),)
    return {"y_true": numbers(draw, *shape), "y_pred": numbers(draw, *shape)}


def binary(draw):
    shape = (draw(counts) + 1, draw(sizes))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    truth = rng.integers(0, 2, shape)
    truth[0], truth[1] = 0, 1
    return {"y_true": truth, "y_pred": rng.random(shape).round(1)}


def classes(draw):
    n, k = draw(counts), draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return {"y_true": np.eye(k)[rng.integers(0, k, n)], "y_pred": rng.random((n, k)) + 0.01}


def of_labels(draw):
    arguments = classes(draw)
    return arguments | {"y_true": arguments["y_true"].argmax(axis=1)}


def two_labels(draw):
    n = draw(counts)
    return {"y_true": labels(draw, n, 3), "y_pred": labels(draw, n, 3)}


def inside(low, high):
    """A check that a metric is a number in a range, or an array of some."""

    def check(result, **arguments):
        values = np.asarray(result)
        assert values.dtype == float
        assert isinstance(result, float) or values.ndim > 0
        room = 1e-9 * max(abs(low), 1) if math.isfinite(low) else 0
        assert np.isnan(values).sum() == 0
        assert (values >= low - room).all(), result
        assert (values <= high * (1 + 1e-9)).all(), result

    return check


def of_elements(function, limit=1e100):
    """A check against the weighted mean of a function of each element."""

    def check(result, y_true, y_pred, sample_weight=None, **options):
        b = np.atleast_1d(real(y_pred))
        a = real(y_true).reshape(b.shape)
        assert isinstance(result, float)
        if max(abs(a).max(), abs(b).max()) > limit:
            return
        each = function(a, b, **options).reshape(len(a), -1).mean(axis=1)
        weights = None if sample_weight is None else real(sample_weight).reshape(-1)
        expected = np.average(each, weights=weights)
        assert math.isclose(result, expected, rel_tol=1e-9, abs_tol=1e-9 * abs(each).max())

    return check


def check_kappa(result, y_true, y_pred, weights=None, sample_weight=None):
    if not math.isnan(result):
        assert -1 - 1e-9 <= result <= 1 + 1e-9


def check_log_loss(result, y_true, y_pred, sample_weight=None):
    a, p = real(y_true), real(y_pred)
    if a.shape == p.shape and p.ndim == 2 and p.shape[1] > 1 and ((p >= 0) & (p <= 1)).all():
        each = -(a * np.log(np.clip(p, 2.3e-16, 1))).sum(axis=1)
        expected = np.average(each, weights=sample_weight)
        assert math.isclose(result, expected, rel_tol=1e-9, abs_tol=1e-9)


def check_area(result, y_true, y_pred, curve="ROC", multi_label=False, sample_weight=None):
    score = sklearn.metrics.roc_auc_score if curve == "ROC" else None
    score = score or sklearn.metrics.average_precision_score
    a, b = real(y_true), real(y_pred)
    a = a.reshape(b.shape)
    weights = None if sample_weight is None else real(sample_weight).reshape(-1)
    if not multi_label and weights is not None:
        weights = np.repeat(weights, b.size // len(b))
    if multi_label and b.ndim == 2 and b.shape[1] > 1:
        expected = score(a, b, sample_weight=weights)
    elif multi_label:
        return
    else:
        expected = score(a.reshape(-1), b.reshape(-1), sample_weight=weights)
    assert math.isclose(result, expected, rel_tol=1e-9, abs_tol=1e-9)


def percentage(a, b):
    return 100 * abs(a - b) / np.maximum(abs(a), 1e-7)


def logarithmic(a, b):
    return (np.log1p(np.maximum(a, 0)) - np.log1p(np.maximum(b, 0))) ** 2


def huber(a, b, delta=1.0):
    size = abs(a - b)
    return np.where(size <= delta, size**2 / 2, delta * (size - delta / 2))


anything = inside(-math.inf, math.inf)
shares = inside(0, 1)
positive = inside(0, math.inf)

#: For each function: good arrays, its other arguments, and the check.
FUNCTIONS = {
    "root_mean_squared_error": (regression, {}, positive),
    "mean_absolute_percentage_error": (regression, {}, of_elements(percentage)),
    "mean_squared_logarithmic_error": (regression, {}, of_elements(logarithmic)),
    "log_cosh": (regression, {}, of_elements(lambda a, b: np.log(np.cosh(a - b)), 100)),
    "huber": (regression, {"delta": st.floats(0.1, 2)}, of_elements(huber)),
    **{
        name: (regression, {"axis": st.just(-1)}, inside(-1, 1))
        for name in ("cosine_similarity", "pearson_correlation", "concordance_correlation")
    },
    "auc": (binary, {"curve": st.sampled_from(["ROC", "PR"]), "multi_label": flags}, check_area),
    "specificity_at_sensitivity": (binary, {"sensitivity": parts}, shares),
    "sensitivity_at_specificity": (binary, {"specificity": parts}, shares),
    "precision_at_recall": (binary, {"recall": parts}, shares),
    "recall_at_precision": (binary, {"precision": parts}, shares),
    **{
        name: (binary, {"thresholds": parts | st.just([0.2, 0.5])}, positive)
        for name in ("true_positives", "false_positives", "true_negatives", "false_negatives")
    },
    "f1_score": (classes, {"average": AVERAGES, "threshold": parts}, shares),
    "fbeta_score": (of_labels, {"average": AVERAGES, "beta": st.floats(0.5, 2)}, shares),
    "matthews_corrcoef": (of_labels, {}, inside(-1, 1)),
    "cohen_kappa_score": (
        two_labels,
        {"weights": st.sampled_from([None, "linear", "quadratic"])},
        check_kappa,
    ),
    "log_loss": (classes, {}, check_log_loss),
    "iou": (
        two_labels,
        {"num_classes": st.integers(3, 4), "target_class_ids": st.just([0, 2])},
        shares,
    ),
    "mean_iou": (two_labels, {"num_classes": st.integers(3, 4), "ignore_class": counts}, shares),
    "binary_iou": (binary, {"threshold": parts, "target_class_ids": st.just([1])}, shares),
    "binary_crossentropy": (binary, {"from_logits": flags, "label_smoothing": parts}, anything),
    "categorical_crossentropy": (
        classes,
        {"from_logits": flags, "label_smoothing": parts},
        anything,
    ),
    "sparse_categorical_crossentropy": (of_labels, {"from_logits": flags}, positive),
    "poisson": (regression, {}, anything),
    "kl_divergence": (classes, {}, anything),
    "hinge": (binary, {}, positive),
    "squared_hinge": (binary, {}, positive),
    "categorical_hinge": (classes, {}, positive),
}
#: They cannot be left out.
NEEDED = ("sensitivity", "specificity", "recall", "precision", "num_classes", "target_class_ids")


def function_target(name):
    arrays, options, check = FUNCTIONS[name]
    needed = {key: value for key, value in options.items() if key in NEEDED}
    if name == "binary_iou":
        needed = {}

    def good(draw):
        given = {key: draw(value) for key, value in needed.items()} | some_of(draw, options)
        return weighted(draw, arrays(draw)) | given

    return calls(f"metrics.{name}", getattr(metrics, name), good, check)


#: For each class the arguments that it needs, and others.
OBJECTS = {
    **{
        name: ({}, {})
        for name in (
            *("MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError", "LogCoshError"),
            *("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Accuracy", "Poisson"),
            *("CategoricalAccuracy", "SparseCategoricalAccuracy", "LogLoss", "KLDivergence"),
            *("Hinge", "SquaredHinge", "CategoricalHinge", "MatthewsCorrelationCoefficient"),
            *("Mean", "Sum"),
        )
    },
    **{
        name: ({}, {"axis": st.integers(-2, 1)})
        for name in ("CosineSimilarity", "PearsonCorrelation", "ConcordanceCorrelation")
    },
    "R2Score": (
        {},
        {
            "class_aggregation": st.sampled_from([None, "variance_weighted_average"]),
            "num_regressors": st.integers(0, 3),
        },
    ),
    "BinaryAccuracy": ({}, {"threshold": parts}),
    "TopKCategoricalAccuracy": ({}, {"k": counts}),
    "SparseTopKCategoricalAccuracy": ({}, {"k": counts}),
    **{
        name: ({}, {"thresholds": parts, "top_k": counts, "class_id": counts})
        for name in ("Precision", "Recall")
    },
    **{
        name: ({}, {"thresholds": parts | st.just([0.2, 0.5])})
        for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives")
    },
    "F1Score": ({}, {"average": AVERAGES, "threshold": parts}),
    "FBetaScore": ({}, {"average": AVERAGES, "beta": st.floats(0.5, 2), "threshold": parts}),
    "CohenKappa": ({}, {"weights": st.sampled_from([None, "linear", "quadratic"])}),
    **{
        name: ({"num_classes": counts, "target_class_ids": st.just([0])}, {"ignore_class": counts})
        for name in ("IoU", "OneHotIoU")
    },
    **{
        name: ({"num_classes": counts}, {"sparse_y_true": flags, "sparse_y_pred": flags})
        for name in ("MeanIoU", "OneHotMeanIoU")
    },
    "BinaryIoU": ({}, {"target_class_ids": st.just((0, 1)), "threshold": parts}),
    "AUC": (
        {},
        {
            **{"num_thresholds": st.integers(2, 9), "curve": st.sampled_from(["ROC", "PR"])},
            **{"multi_label": flags, "from_logits": flags},
        },
    ),
    "SpecificityAtSensitivity": ({"sensitivity": parts}, {"class_id": counts}),
    "SensitivityAtSpecificity": ({"specificity": parts}, {"class_id": counts}),
    "PrecisionAtRecall": ({"recall": parts}, {"class_id": counts}),
    "RecallAtPrecision": ({"precision": parts}, {"class_id": counts}),
    **{
        name: ({}, {"from_logits": flags, "label_smoothing": parts})
        for name in ("BinaryCrossentropy", "CategoricalCrossentropy")
    },
    "SparseCategoricalCrossentropy": ({}, {"from_logits": flags, "ignore_class": counts}),
}


def check_object(result, **arguments):
    """It describes itself; what is made of the description does the same."""
    assert isinstance(result.name, str)
    assert result.result() == 0
    if hasattr(result, "get_config"):
        again = metrics.registry.deserialize(metrics.registry.serialize(result))
        assert repr(again) == repr(result)


def object_target(name):
    needed, options = OBJECTS[name]

    def good(draw):
        named = {} if draw(flags) else {"name": "mine"}
        given = {key: draw(value) for key, value in needed.items()}
        return given | some_of(draw, options) | named

    return calls(f"metrics.{name}", resolve(f"metrics.{name}"), good, check_object)


TARGETS = {f"metrics.{name}": function_target(name) for name in FUNCTIONS}
TARGETS |= {f"metrics.{name}": object_target(name) for name in OBJECTS}
