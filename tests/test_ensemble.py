"""Bagging: the same as scikit-learn's over the same networks, and intervals that cover."""

import numpy as np
import pytest
from sklearn import ensemble as theirs
from sklearn.datasets import load_diabetes, load_iris
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastscratch import ensemble as ours
from fastscratch.neural_network import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

CLASSIFIER = MLPClassifier(hidden_layer_sizes=(6,), max_iter=20)
REGRESSOR = MLPRegressor(hidden_layer_sizes=(6,), max_iter=20, learning_rate_init=0.01)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bootstrap": False, "max_samples": 0.5, "max_features": 0.6},
        {"oob_score": True, "n_estimators": 30},
    ],
    ids=["default", "parts", "out of bag"],
)
def test_classifier_is_that_of_scikit_learn(options):
    X, y = load_iris(return_X_y=True)
    options = {"n_estimators": 12, "random_state": 1} | options
    a, b = (m.BaggingClassifier(CLASSIFIER, **options).fit(X, y) for m in (theirs, ours))
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))
    if "oob_score" in options:
        assert a.oob_score_ == b.oob_score_
    for one, other in zip(a.estimators_, b.estimators_, strict=True):
        assert all(map(np.array_equal, one.coefs_, other.coefs_))


def test_regressor_is_that_of_scikit_learn():
    X, y = load_diabetes(return_X_y=True)
    options = {"n_estimators": 8, "random_state": 1, "oob_score": True}
    with pytest.warns(UserWarning, match="Some inputs do not have OOB scores"):
        a, b = (m.BaggingRegressor(REGRESSOR, **options).fit(X, y) for m in (theirs, ours))
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    np.testing.assert_array_equal(a.oob_prediction_, b.oob_prediction_)


def test_standard_deviation_is_that_of_the_members():
    X, y = load_diabetes(return_X_y=True)
    model = ours.BaggingRegressor(REGRESSOR, n_estimators=5, random_state=0).fit(X, y)
    mean, std = model.predict(X[:9], return_std=True)
    of_each = [member.predict(X[:9]) for member in model.estimators_]
    np.testing.assert_allclose(mean, np.mean(of_each, axis=0), rtol=1e-12)
    np.testing.assert_allclose(std, np.std(of_each, axis=0), rtol=1e-9)


def test_standard_deviation_of_probabilities():
    X, y = load_iris(return_X_y=True)
    model = ours.BaggingClassifier(CLASSIFIER, n_estimators=4, max_features=0.5, random_state=0)
    mean, std = model.fit(X, y).predict_proba(X, return_std=True)
    of_each = [
        member.predict_proba(X[:, columns])
        for member, columns in zip(model.estimators_, model.estimators_features_, strict=True)
    ]
    np.testing.assert_allclose(mean, np.mean(of_each, axis=0), atol=1e-12)
    np.testing.assert_allclose(std, np.std(of_each, axis=0), atol=1e-9)


def test_by_default_the_members_are_networks():
    X, y = load_iris(return_X_y=True)
    model = ours.BaggingClassifier(n_estimators=2, random_state=0).fit(X, y)
    assert all(isinstance(member, MLPClassifier) for member in model.estimators_)


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_intervals_cover_as_often_as_they_say(level):
    """400 targets, of 5 fits: a share has a standard deviation of sqrt(level (1 - level) / n).

    The width is an order statistic of 400 errors, which varies as much again.
    """
    rng, covered = np.random.default_rng(0), []
    for seed in range(5):
        X = rng.uniform(-1, 1, (800, 2))
        y = np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + rng.gumbel(0, 0.3, 800)
        model = ours.BaggingRegressor(
            MLPRegressor(hidden_layer_sizes=(10,), max_iter=60, learning_rate_init=0.01),
            n_estimators=25,
            oob_score=True,
            random_state=seed,
        ).fit(X[:400], y[:400])
        lower, upper = model.predict_interval(X[400:], level)
        covered += [np.mean((lower <= y[400:]) & (y[400:] <= upper))]
    spread = np.sqrt(2 * level * (1 - level) / 2000)
    assert abs(np.mean(covered) - level) < 4 * spread


def test_bad_input_of_intervals():
    X, y = load_diabetes(return_X_y=True)
    model = ours.BaggingRegressor(REGRESSOR, n_estimators=3, random_state=0).fit(X, y)
    with pytest.raises(AttributeError, match="needs a fit with oob_score=True"):
        model.predict_interval(X)
    model = ours.BaggingRegressor(REGRESSOR, n_estimators=30, oob_score=True, random_state=0)
    model.fit(X[:40], y[:40])
    with pytest.raises(ValueError, match="level must be above 0 and below 1, got 1"):
        model.predict_interval(X, 1)
    with pytest.raises(ValueError, match=r"level=0\.99 needs at least 99 training rows, got 40"):
        model.predict_interval(X, 0.99)


@pytest.mark.slow
@parametrize_with_checks(
    [
        ours.BaggingClassifier(MLPClassifier(hidden_layer_sizes=(8,), max_iter=60), n_estimators=3),
        ours.BaggingRegressor(
            MLPRegressor(hidden_layer_sizes=(8,), max_iter=60, learning_rate_init=0.01),
            n_estimators=3,
        ),
    ],
    expected_failed_checks=lambda estimator: {
        f"check_sample_weight_equivalence_on_{kind}_data": "weights decide what is drawn"
        for kind in ("dense", "sparse")
    },
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
