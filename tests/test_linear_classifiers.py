"""RidgeClassifier, RidgeClassifierCV and LogisticRegressionCV beside scikit-learn, and by hand."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.linear_model as peer
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, KFold

from fastscratch.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    RidgeClassifierCV,
)

ALPHAS = [0.01, 1.0, 100.0]


def data(classes=2):
    X, y = load_diabetes(return_X_y=True)
    return X * 20, np.digitize(y, [100, 180][: classes - 1])


def weights(n):
    return np.random.default_rng(n).integers(1, 4, n).astype(float)


# --- ridge ----------------------------------------------------------------------------------------


def test_ridge_classifier_by_hand():
    # Centred: x = -1, 1 and targets -1, 1, so b = 2 / (2 + alpha).
    model = RidgeClassifier(alpha=2.0).fit([[0.0], [2.0]], ["a", "b"])
    assert model.coef_ == pytest.approx([0.5])
    assert model.decision_function([[3.0]]) == pytest.approx([1.0])
    assert model.predict([[0.9], [1.1]]).tolist() == ["a", "b"]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"class_weight": "balanced"},
        {"class_weight": {0: 3.0}},
        {"fit_intercept": False},
        {"positive": True},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_ridge_classifier_equals_scikit_learn(classes, options, weighted):
    X, y = data(classes)
    weight = weights(len(y)) if weighted else None
    exact = {} if options.get("positive") else {"solver": "svd"}
    theirs = peer.RidgeClassifier(tol=1e-12, **exact, **options).fit(X, y, weight)
    ours = RidgeClassifier(**options).fit(X, y, weight)
    # scikit-learn finds coefficients that must not be negative by L-BFGS.
    room = 1e-4 if options.get("positive") else 1e-9
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=room)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=room)
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), rtol=0, atol=10 * room
    )
    if room < 1e-6:
        assert (ours.predict(X) == theirs.predict(X)).all()


def test_several_labels_and_sparse_samples():
    X, y = data(3)
    labels = np.column_stack([y > 0, y > 1, y == 1]).astype(int)
    theirs = peer.RidgeClassifier(solver="svd").fit(X, labels)
    ours = RidgeClassifier().fit(X, labels)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-9)
    assert (ours.predict(X) == theirs.predict(X)).all()
    found = RidgeClassifier(tol=1e-7).fit(sparse.csr_array(X), y)
    expected = RidgeClassifier().fit(X, y)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=0, atol=1e-6)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "options", [{}, {"scoring": "accuracy"}, {"cv": 3}, {"cv": 3, "scoring": "f1_macro"}]
)
def test_ridge_classifier_cv_equals_scikit_learn(classes, options):
    X, y = data(classes)
    theirs = peer.RidgeClassifierCV(ALPHAS, **options).fit(X, y)
    ours = RidgeClassifierCV(ALPHAS, **options).fit(X, y)
    if not (classes == 2 and "cv" not in options and "scoring" in options):  # see below
        assert ours.best_score_ == pytest.approx(theirs.best_score_, rel=1e-9)
        assert ours.alpha_ == theirs.alpha_
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_without_refits_are_those_of_leaving_each_out(classes):
    """Of two classes scikit-learn 1.9 finds an accuracy of 1 here."""
    X, y = (a[:40] for a in data(classes))
    ours = RidgeClassifierCV(ALPHAS, scoring="accuracy").fit(X, y)
    search = GridSearchCV(RidgeClassifier(), {"alpha": ALPHAS}, cv=KFold(40), scoring="accuracy")
    search.fit(X, y)
    assert ours.best_score_ == pytest.approx(search.best_score_)
    assert ours.alpha_ == search.best_params_["alpha"]
    np.testing.assert_allclose(ours.coef_, search.best_estimator_.coef_, rtol=0, atol=1e-12)


def test_results_that_are_kept():
    X, y = data(3)
    theirs = peer.RidgeClassifierCV(ALPHAS, store_cv_results=True).fit(X, y)
    ours = RidgeClassifierCV(ALPHAS, store_cv_results=True).fit(X, y)
    np.testing.assert_allclose(ours.cv_results_, theirs.cv_results_, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (RidgeClassifierCV(cv=3, store_cv_results=True), "store_cv_results needs cv=None, got cv"),
        (RidgeClassifierCV([0.0]), "alphas must be numbers above 0"),
        (RidgeClassifier(class_weight={7: 1.0}), "class_weight must have keys among the classes"),
    ],
)
def test_ridge_classifiers_refuse(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(*data())


# --- logistic regression --------------------------------------------------------------------------

CS = [0.001, 0.01, 0.1]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scoring": "neg_log_loss"},
        {"scoring": "neg_log_loss", "refit": False},
        {"class_weight": "balanced", "fit_intercept": False},
        {
            **{"solver": "saga", "l1_ratios": [0.0, 0.5, 1.0], "scoring": "neg_log_loss"},
            "Cs": [0.05, 0.5],  # scikit-learn's intercept is not right where all others are zero
        },
        {"cv": KFold(3, shuffle=True, random_state=0), "Cs": [0.1, 0.001, 0.01]},
    ],
)
def test_logistic_regression_cv_equals_scikit_learn(classes, options):
    X, y = data(classes)
    given = {"Cs": CS, "cv": 4, "l1_ratios": [0.0], "scoring": None, "tol": 1e-9}
    given |= {"max_iter": 10_000, "use_legacy_attributes": False} | options
    theirs = peer.LogisticRegressionCV(**given).fit(X, y)
    ours = LogisticRegressionCV(**given).fit(X, y)
    # scikit-learn's saga looks at the moves of the other coefficients, and not at the intercept.
    room = 1e-2 if "solver" in options else 1e-5
    np.testing.assert_allclose(ours.scores_, theirs.scores_, rtol=0, atol=room / 10)
    np.testing.assert_allclose(ours.coefs_paths_, theirs.coefs_paths_, rtol=0, atol=room)
    assert pytest.approx(theirs.C_) == ours.C_
    assert ours.l1_ratio_ == pytest.approx(theirs.l1_ratio_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=room)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=room)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), abs=room / 10)


def test_weights_of_samples_are_those_of_repeated_ones():
    X, y = data()
    folds = [(np.arange(200), np.arange(200, 442)), (np.arange(200, 442), np.arange(200))]
    counts = weights(442).astype(int)
    rows = np.repeat(np.arange(442), counts)
    repeated = [tuple(np.flatnonzero(np.isin(rows, part)) for part in fold) for fold in folds]
    options = {"Cs": CS, "scoring": "neg_log_loss", "tol": 1e-9}
    by_weight = LogisticRegressionCV(cv=folds, **options).fit(X, y, counts)
    by_rows = LogisticRegressionCV(cv=repeated, **options).fit(X[rows], y[rows])
    np.testing.assert_allclose(by_weight.scores_, by_rows.scores_, rtol=1e-8)
    np.testing.assert_allclose(by_weight.coef_, by_rows.coef_, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
@pytest.mark.filterwarnings("ignore:.*will change from None:FutureWarning")
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("ratios", [None, [0.0], [0.3, 1.0]])
def test_legacy_forms_are_those_of_scikit_learn(classes, ratios):
    X, y = data(classes)
    options = {"Cs": [0.05, 0.5], "cv": 3, "l1_ratios": ratios, "scoring": "neg_log_loss"}
    options |= {"solver": "saga", "max_iter": 1000, "use_legacy_attributes": True, "tol": 1e-6}
    theirs = peer.LogisticRegressionCV(**options).fit(X, y)
    ours = LogisticRegressionCV(**options).fit(X, y)
    assert ours.C_.shape == theirs.C_.shape
    assert ours.l1_ratio_.shape == np.shape(theirs.l1_ratio_)
    assert ours.n_iter_.shape == theirs.n_iter_.shape
    for name in ("scores_", "coefs_paths_"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert list(found) == list(expected)
        for label in found:
            np.testing.assert_allclose(found[label], expected[label], rtol=0, atol=1e-2)


def test_the_old_penalty_is_a_share():
    X, y = data()
    options = {"Cs": CS, "cv": 3, "solver": "liblinear"}
    with pytest.warns(FutureWarning, match=r"penalty is deprecated.*l1_ratios=\(1,\) for 'l1'"):
        old = LogisticRegressionCV(penalty="l1", **options).fit(X, y)
    new = LogisticRegressionCV(l1_ratios=[1.0], **options).fit(X, y)
    assert (old.coef_ == new.coef_).all()


def test_a_number_of_penalties():
    X, y = data()
    model = LogisticRegressionCV(Cs=3, cv=3).fit(X, y)
    np.testing.assert_allclose(model.Cs_, [1e-4, 1, 1e4])
    alone = LogisticRegression(C=model.C_).fit(X, y)
    assert (alone.coef_ == model.coef_).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"Cs": [0.0, 1.0]}, "Cs must be an integer, or numbers above 0"),
        ({"l1_ratios": [2.0]}, "l1_ratios must be numbers from 0 to 1"),
        ({"l1_ratios": [0.5]}, "solver='lbfgs' needs l1_ratio=0"),
        ({"cv": [(np.arange(3), np.arange(3, 6))]}, "cv must leave samples of every class in a f"),
    ],
)
def test_logistic_regression_cv_refuses(options, message):
    X, y = data()
    order = np.argsort(y, kind="stable")
    with pytest.raises(ValueError, match=message):
        LogisticRegressionCV(**options).fit(X[order], y[order])


def test_too_few_iterations_are_said():
    with pytest.warns(ConvergenceWarning):
        LogisticRegressionCV(Cs=[1e4], max_iter=1, cv=2).fit(*data())
