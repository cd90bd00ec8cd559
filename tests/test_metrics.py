"""Metrics against scikit-learn's values, and examples counted by hand."""

import numpy as np
import pytest

from fastscratch import metrics


def data(n=500, classes=7):
    rng = np.random.default_rng(n)
    labels = rng.integers(classes, size=n)
    labels[:classes] = np.arange(classes)
    return labels, rng.standard_normal((n, classes)) + 2 * np.eye(classes)[labels]


# --- by hand --------------------------------------------------------------------------------------


def test_accuracies_by_hand():
    assert metrics.accuracy([0, 2, 1, 1], [0, 2, 2, 1]) == 3 / 4
    # Above one half counts as 1; one half itself does not.
    assert metrics.binary_accuracy([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.6]) == 2 / 4
    assert metrics.binary_accuracy([1, 0, 1, 0], [0.9, 0.5, 0.5, 0.6], threshold=0.4) == 2 / 4
    scores = [[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.2, 0.3, 0.5]]
    assert metrics.sparse_categorical_accuracy([1, 2, 2], scores) == 2 / 3
    assert metrics.categorical_accuracy(np.eye(3)[[1, 2, 2]], scores) == 2 / 3
    # Of the second sample the true class is second, of the third here last.
    assert metrics.sparse_top_k_categorical_accuracy([1, 2, 0], scores, k=1) == 1 / 3
    assert metrics.sparse_top_k_categorical_accuracy([1, 2, 0], scores, k=2) == 2 / 3
    assert metrics.top_k_categorical_accuracy(np.eye(3)[[1, 2, 0]], scores, k=3) == 1
    # A class that ties with others is not below them.
    assert metrics.sparse_top_k_categorical_accuracy([2], [[1.0, 1.0, 1.0]], k=1) == 1


def test_precision_and_recall_by_hand():
    y, p = [1, 1, 1, 0, 0], [0.9, 0.8, 0.1, 0.7, 0.2]
    assert metrics.precision(y, p) == 2 / 3  # three are called 1, two are
    assert metrics.recall(y, p) == 2 / 3  # three are 1, two are called so
    assert metrics.precision(y, p, thresholds=0.85) == 1
    assert metrics.recall(y, p, thresholds=0.85) == 1 / 3
    assert metrics.precision(y, np.zeros(5)) == 0
    assert metrics.recall(np.zeros(5), p) == 0


def test_auc_by_hand():
    # Pairs: (0.8, 0.4) and (0.8, 0.6) are in order, (0.4, 0.4) ties, (0.4, 0.6) is not: 2.5 of 4.
    assert metrics.auc([1, 1, 0, 0], [0.8, 0.4, 0.4, 0.6]) == 2.5 / 4
    assert metrics.auc([0, 0, 1], [-5, 0, 1e9]) == 1


def test_confusion_matrix_by_hand():
    table = metrics.confusion_matrix([0, 1, 1, 2], [0, 1, 0, 1])
    assert table.tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert metrics.confusion_matrix([0], [0], num_classes=2).tolist() == [[1, 0], [0, 0]]


def test_errors_of_regressions_by_hand():
    y, p = [[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [5.0, 4.0]]
    assert metrics.mean_squared_error(y, p) == 5 / 4
    assert metrics.mean_absolute_error(y, p) == 3 / 4
    # Squares about the mean are 2 in each column, residual squares 4 and 1.
    assert metrics.r2_score(y, p) == ((1 - 4 / 2) + (1 - 1 / 2)) / 2
    assert metrics.r2_score([2.0, 2.0], [2.0, 2.0]) == 1
    assert metrics.r2_score([2.0, 2.0], [2.0, 3.0]) == 0
    # The mean of seven times 0.1 is not 0.1 in binary.
    assert metrics.r2_score([0.1] * 7, [0.2] * 7) == 0


# --- scikit-learn ---------------------------------------------------------------------------------


def test_values_are_those_of_scikit_learn():
    peer = pytest.importorskip("sklearn.metrics")
    labels, scores = data()
    guess = scores.argmax(axis=1)
    one_hot = np.eye(7)[labels]
    expected = peer.accuracy_score(labels, guess)
    assert metrics.accuracy(labels, guess) == expected
    assert metrics.sparse_categorical_accuracy(labels, scores) == expected
    assert metrics.categorical_accuracy(one_hot, scores) == expected
    for k in (1, 3, 5):
        expected = peer.top_k_accuracy_score(labels, scores, k=k)
        assert metrics.sparse_top_k_categorical_accuracy(labels, scores, k) == expected
        assert metrics.top_k_categorical_accuracy(one_hot, scores, k) == expected
    assert (metrics.confusion_matrix(labels, guess) == peer.confusion_matrix(labels, guess)).all()

    y = labels % 2
    p = 1 / (1 + np.exp(-scores[:, 0].round(1)))  # with ties
    assert metrics.binary_accuracy(y, p) == peer.accuracy_score(y, p > 0.5)
    assert metrics.precision(y, p) == pytest.approx(peer.precision_score(y, p > 0.5), rel=1e-14)
    assert metrics.recall(y, p) == pytest.approx(peer.recall_score(y, p > 0.5), rel=1e-14)
    assert metrics.auc(y, p) == pytest.approx(peer.roc_auc_score(y, p), rel=1e-12)

    for a, b in ((one_hot, scores), (scores[:, 0], scores[:, 1])):
        for name in ("mean_squared_error", "mean_absolute_error", "r2_score"):
            found, expected = getattr(metrics, name)(a, b), getattr(peer, name)(a, b)
            assert found == pytest.approx(expected, rel=1e-12)


# --- names and errors -----------------------------------------------------------------------------


def test_get():
    assert metrics.get("accuracy") is metrics.get("acc") is metrics.accuracy
    assert metrics.get("AUC") is metrics.auc
    assert metrics.get("mse") is metrics.mean_squared_error
    assert metrics.get(max) is max
    assert metrics.direction("MSE") == metrics.direction(metrics.mean_absolute_error) == "min"
    assert metrics.direction("acc") == metrics.direction("AUC") == "max"
    assert metrics.direction(max) is None
    assert metrics.get("f1") is metrics.get("F1Score") is metrics.f1_score
    assert metrics.get("RMSE") is metrics.root_mean_squared_error
    for wrong in ("confusion_matrix", "get", "f2", None, 3):
        with pytest.raises(ValueError, match=f"metric must be one of 'accuracy', .* got {wrong!r}"):
            metrics.get(wrong)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: metrics.accuracy([1, 2], [1]),
            ValueError,
            r"the same shape, got \(2,\) and \(1,\)",
        ),
        (lambda: metrics.accuracy([], []), ValueError, "y_true must not be empty"),
        (lambda: metrics.accuracy(["a"], ["a"]), TypeError, "y_true must hold real numbers"),
        (lambda: metrics.mean_squared_error([0.0], [np.nan]), ValueError, "y_pred must be finite"),
        (lambda: metrics.binary_accuracy([2], [0.1]), ValueError, "hold 0 and 1 only, got 2"),
        (
            lambda: metrics.recall([1], [0.1], "a"),
            TypeError,
            "thresholds must be a number, got str",
        ),
        (
            lambda: metrics.accuracy([1, 2], [1, 2], [0, 0]),
            ValueError,
            "sample_weight must not be negative, and not 0 everywhere, got numbers from 0 to 0",
        ),
        (
            lambda: metrics.mean_squared_error([[1], [2]], [1, 2], [1, 2, 3]),
            ValueError,
            r"sample_weight must have a number for each of the 2 samples, got shape \(3,\)",
        ),
        (
            lambda: metrics.precision([[0, 1]], [[0.1, 0.2]], class_id=2),
            ValueError,
            "class_id must be below the classes, 2, got 2",
        ),
        (
            lambda: metrics.recall([[0, 1]], [[0.1, 0.2]], top_k=3),
            ValueError,
            "top_k must be at most the number of classes, 2, got 3",
        ),
        (lambda: metrics.F1Score("mean"), ValueError, "average must be one of 'micro', .* 'mean'"),
        (lambda: metrics.AUC(curve="roc"), ValueError, "curve must be one of 'ROC', 'PR', got 'r"),
        (
            lambda: metrics.PrecisionAtRecall(1.5),
            ValueError,
            "recall must be from 0 to 1, got 1.5",
        ),
        (
            lambda: metrics.IoU(2, [0, 2])([0, 1], [0, 1]),
            ValueError,
            "target_class_ids must be below 2, got 2",
        ),
        (lambda: metrics.BinaryIoU(()), ValueError, "target_class_ids must hold at least one cla"),
        (
            lambda: metrics.R2Score(num_regressors=2)([1, 2, 3], [1, 2, 3]),
            ValueError,
            "num_regressors must be below the samples less 1, 2, got 2",
        ),
        (
            lambda: metrics.cosine_similarity([1, 2], [1, 2], axis=1),
            ValueError,
            "axis must be one of the 1 axes of y_true, got 1",
        ),
        (
            lambda: metrics.Mean()([1, 2], [1, 2, 3]),
            ValueError,
            r"sample_weight must be a number, or one for each of the 2 values, got shape \(3,\)",
        ),
        (
            lambda: metrics.MeanSquaredError()([1, 2], [1, 2, 3]),
            ValueError,
            r"one row for each sample, got shapes \(2,\) and \(3,\)",
        ),
        (
            lambda: metrics.sparse_categorical_crossentropy([1], [[0.5, 0.5]], ignore_class=1),
            ValueError,
            "y_true must hold labels besides ignore_class, 1",
        ),
        (lambda: metrics.auc([1, 1], [0.1, 2]), ValueError, "both 0 and 1, got 2 times 1"),
        (lambda: metrics.categorical_accuracy([1], [1]), ValueError, "y_true must be 2-D"),
        (
            lambda: metrics.sparse_categorical_accuracy([3], [[0.1, 0.2]]),
            ValueError,
            "y_true must hold labels below 2, got 3",
        ),
        (
            lambda: metrics.sparse_categorical_accuracy([1, 1], [[0.1, 0.2]]),
            ValueError,
            "one row for each sample, got 2 and 1",
        ),
        (
            lambda: metrics.top_k_categorical_accuracy([[0, 1]], [[0.1, 0.2]], k=0),
            ValueError,
            "k must be at least 1, got 0",
        ),
        (
            lambda: metrics.confusion_matrix([0, 1], [0, 5], num_classes=3),
            ValueError,
            "y_pred must hold labels below 3, got 5",
        ),
        (lambda: metrics.confusion_matrix([0], [0.5]), ValueError, "hold class labels 0, 1, 2"),
        (
            lambda: metrics.r2_score([1.0], [1.0]),
            ValueError,
            "y_true must hold at least two samples, got 1",
        ),
        (lambda: metrics.confusion_matrix([0], None), TypeError, "y_pred must hold real numbers"),
        (lambda: metrics.confusion_matrix([0], [[0]]), ValueError, "y_pred must be 1-D"),
        (
            lambda: metrics.confusion_matrix([0], [0], 2**40),
            ValueError,
            "num_classes=1099511627776 needs more memory than there is",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_huge_numbers():
    """Squares overflow to infinity, without a warning; R squared has no unit."""
    assert metrics.mean_squared_error([1e200], [-1e200]) == np.inf
    assert metrics.mean_absolute_error([1e308], [-1e308]) == np.inf
    truth, guess = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    for unit in (2.0**700, 2.0**-700):  # powers of two round nothing
        assert metrics.r2_score(unit * truth, unit * guess) == metrics.r2_score(truth, guess)


def test_r2_score_of_predictions_of_another_order_of_magnitude():
    # 1 - 1e400, which is no float64, and 1 - 1e300.
    assert metrics.r2_score([1.0, -1.0], [1e200, -1e200]) == -np.inf
    assert metrics.r2_score([1.0, -1.0], [1e150, -1e150]) == pytest.approx(-1e300)


# --- by hand, where no peer has the same ----------------------------------------------------------


def test_points_of_curves_by_hand():
    # From the highest score down: 1, 0, 1, 1, 0. Sensitivities 1/3, 1/3, 2/3, 1, 1; specificities
    # 1, 1/2, 1/2, 1/2, 0; precisions 1, 1/2, 2/3, 3/4, 3/5.
    y, p = [1, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.3, 0.2]
    assert metrics.specificity_at_sensitivity(y, p, 0.5) == 1 / 2
    assert metrics.specificity_at_sensitivity(y, p, 0.2) == 1
    assert metrics.sensitivity_at_specificity(y, p, 0.5) == 1
    assert metrics.sensitivity_at_specificity(y, p, 0.6) == 1 / 3
    assert metrics.precision_at_recall(y, p, 0.5) == 3 / 4
    assert metrics.recall_at_precision(y, p, 0.8) == 1 / 3
    assert metrics.recall_at_precision([0, 1, 0], [0.9, 0.5, 0.1], 0.9) == 0  # it never is
    assert metrics.auc(y, p, "PR") == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_of_one_column_above_a_half_is_1():
    """Where Keras has no threshold it takes the only column for the highest."""
    assert metrics.f1_score([1, 1, 0, 0], [0.9, 0.2, 0.8, 0.1]) == 1 / 2
    assert metrics.F1Score()([[1], [1], [0]], [[0.9], [0.2], [0.1]]) == pytest.approx(2 / 3)


def test_agreement_of_one_class():
    assert metrics.matthews_corrcoef([1, 1], [1, 0]) == 0
    assert np.isnan(metrics.cohen_kappa_score([1, 1], [1, 1]))


def test_correlations_by_hand():
    line = [[1.0, 2.0, 3.0]]
    assert metrics.pearson_correlation(line, [[2.0, 4.0, 6.0]]) == pytest.approx(1)
    # Variances 2/3 and 8/3, covariance 4/3, means 2 apart.
    assert metrics.concordance_correlation(line, [[2.0, 4.0, 6.0]]) == pytest.approx(4 / 11)
    assert metrics.concordance_correlation(line, line) == pytest.approx(1)
    assert metrics.pearson_correlation(line, [[3.0, 2.0, 1.0]]) == pytest.approx(-1)
    for metric in (metrics.pearson_correlation, metrics.concordance_correlation):
        assert metric([[0.1, 0.1, 0.1]], line) == 0  # it does not vary, though rounded sums do
        assert metric([[1e300, 2e300]], [[1e300, 2e300]]) == pytest.approx(1)
        assert metric([1.0, 2.0, 4.0], [1.0, 2.0, 4.0]) == pytest.approx(1)
    y, p = np.random.default_rng(3).standard_normal((2, 50, 2))
    expected = np.mean([np.corrcoef(y[:, o], p[:, o])[0, 1] for o in range(2)])
    assert metrics.pearson_correlation(y, p, axis=0) == pytest.approx(expected)
    with pytest.raises(ValueError, match="axis must be one of the 2 axes of y_true, got 2"):
        metrics.pearson_correlation(y, p, axis=2)


def test_large_errors_do_not_overflow():
    assert metrics.log_cosh([0.0], [1e300]) == 1e300
    assert metrics.cosine_similarity([[3e200, 4e200]], [[4e-200, 3e-200]]) == pytest.approx(24 / 25)
    assert metrics.cosine_similarity([[0.0, 0.0]], [[1.0, 1.0]]) == 0
    assert metrics.huber([0.0, 0.0], [0.5, 3.0]) == (0.125 + 2.5) / 2


def test_an_object_of_mini_batches_is_the_function_of_all():
    """Also of an area, which is no mean; and not of what it was given before `reset_state`."""
    rng = np.random.default_rng(2)
    y, p = rng.integers(0, 2, 50), rng.random(50)
    area, buffer = metrics.AUC(), np.empty(10)
    area.update_state([0, 1], [1, 0])
    area.reset_state()
    for first in range(0, 50, 10):
        buffer[:] = p[first : first + 10]  # the object keeps a copy
        last = area(y[first : first + 10], buffer)
        assert last == metrics.auc(y[: first + 10], p[: first + 10])
    with pytest.raises(ValueError, match=r"must have the shapes of those before, .* got \(1, 2\)"):
        area.update_state([[0, 1]], [[0, 1]])
    assert area.result() == metrics.auc(y, p)
    assert repr(metrics.AUC(curve="PR")) == "AUC(curve='PR')"
    assert metrics.AUC(name="area").name == "area"
