"""LinearRegression and LogisticRegression beside scikit-learn, statsmodels' formulas and R.

Where a solver is compared, its minimum is: both are run to a tiny gradient, and the coefficients
may differ by that gradient over the smallest curvature, which the penalties here keep above 1e-4.
"""

import pickle
import warnings

import joblib
import numpy as np
import pytest

pytest.importorskip("sklearn")

import pandas as pd
import sklearn.linear_model as peer
from recorder import Recorder
from scipy import optimize, sparse, stats
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastscratch.linear_model import LinearRegression, LogisticRegression

TIGHT = {"tol": 1e-9, "max_iter": 100_000}
SMOOTH = ["lbfgs", "newton-cholesky", "fista", "gradient-descent"]


def iris():
    return load_iris(return_X_y=True)


def flowers():
    """Versicolor and virginica, by sepal and petal length over the largest of both."""
    X, y = iris()
    lengths = X[y > 0][:, [0, 2]]
    return lengths / lengths.max(), y[y > 0]


def three_labels():
    X, species = iris()
    Y = np.column_stack([species == 2, X[:, 0] > 5.8, X[:, 3] > 1.3]).astype(int)
    return X[:, [1, 2]], Y


def scaled(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def weights(n):
    return np.random.default_rng(n).integers(0, 4, n).astype(float)


# --- linear regression ----------------------------------------------------------------------------


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("shape", [(60, 5), (5000, 12), (12, 12), (13, 12), (6, 20), (40, 300)])
def test_linear_regression_equals_scikit_learn(shape, weighted, targets, fit_intercept):
    rng = np.random.default_rng(shape)
    X = rng.standard_normal(shape) + 3
    y = rng.standard_normal(shape[0] if targets is None else (shape[0], targets))
    weight = rng.uniform(0.5, 2, shape[0]) if weighted else None
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, weight)
    theirs = peer.LinearRegression(fit_intercept=fit_intercept).fit(X, y, weight)
    assert ours.coef_.shape == theirs.coef_.shape
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    assert ours.rank_ == theirs.rank_
    kept = theirs.singular_[: theirs.rank_]
    # Backward stable both: roundings times the squared condition number.
    bound = 1e-14 * shape[0] * (kept[0] / kept[-1]) ** 2
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=bound)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=50 * bound)
    np.testing.assert_allclose(ours.singular_[: ours.rank_], kept, rtol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=0, atol=100 * bound)


# With all columns, two of which are nearly opposite, the steps are many.
@pytest.mark.parametrize("columns", [4, pytest.param(10, marks=pytest.mark.slow)])
def test_linear_regression_of_diabetes_by_all_solvers(columns):
    X, y = load_diabetes(return_X_y=True)
    X = X[:, :columns]
    theirs = peer.LinearRegression().fit(X, y)
    for model in (
        LinearRegression(),
        LinearRegression(solver="gradient-descent", tol=1e-9, max_iter=1_000_000),
    ):
        np.testing.assert_allclose(model.fit(X, y).coef_, theirs.coef_, rtol=1e-5)
    found = LinearRegression().fit(sparse.csr_array(X), y)
    np.testing.assert_allclose(found.coef_, theirs.coef_, rtol=1e-3)
    found = LinearRegression(tol=1e-14).fit(sparse.csr_array(X), y, np.ones(len(y)))
    np.testing.assert_allclose(found.coef_, theirs.coef_, rtol=1e-8)


def test_singular_values_are_those_of_all_rows_so_far():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((50, 4)) + 2, rng.standard_normal(50)
    model = LinearRegression()
    with pytest.raises(AttributeError, match="singular_ needs a fit with solver='qr' on dense"):
        _ = model.singular_
    for start, stop in ((0, 20), (20, 50)):
        model.partial_fit(X[start:stop], y[start:stop])
        centred = X[:stop] - X[:stop].mean(axis=0)
        expected = np.linalg.svd(centred, compute_uv=False)
        np.testing.assert_allclose(model.singular_, expected, rtol=1e-12)
    model.set_params(fit_intercept=False)
    np.testing.assert_allclose(pickle.loads(pickle.dumps(model)).singular_, expected, rtol=1e-12)
    model.set_params(solver="gradient-descent", tol=0.01).fit(X, y)
    assert not hasattr(model, "singular_")


def test_positive_coefficients():
    X, y = load_diabetes(return_X_y=True)
    for rows in (slice(None), slice(9)):
        ours = LinearRegression(positive=True).fit(X[rows], y[rows])
        theirs = peer.LinearRegression(positive=True).fit(X[rows], y[rows])
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8)
    with pytest.raises(ValueError, match="positive=True needs solver='qr', got 'gradient-descent'"):
        LinearRegression(positive=True, solver="gradient-descent").fit(X, y)


def test_collinear_columns_get_the_smallest_coefficients():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((40, 3))
    X = np.column_stack([X, X[:, 0] - 2 * X[:, 1], X[:, 2]])
    y = rng.standard_normal(40)
    ours, theirs = LinearRegression().fit(X, y), peer.LinearRegression().fit(X, y)
    assert ours.rank_ == 3
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-12)
    summary = ours.summary()
    assert np.isnan(summary.standard_errors).all()
    assert "depend on each other (rank 3 of 5)" in str(summary)


@pytest.mark.parametrize("factor", [1e-150, 1e-9, 1e9, 1e150])
def test_units_of_a_column_do_not_matter(factor):
    X, y = load_diabetes(return_X_y=True)
    plain = LinearRegression().fit(X, y)
    X = X.copy()
    X[:, 2] *= factor
    model = LinearRegression().fit(X, y)
    assert model.rank_ == 10
    assert model.coef_[2] * factor == pytest.approx(plain.coef_[2], rel=1e-9)
    assert model.summary().p_values == pytest.approx(plain.summary().p_values, rel=1e-8)
    chosen = y > 150
    for solver in ("lbfgs", "newton-cholesky", "fista"):
        options = {"C": np.inf, "solver": solver, "tol": 1e-6, "max_iter": 1000}
        b = LogisticRegression(**options).fit(X, chosen)
        plain = LogisticRegression(**options).fit(load_diabetes().data, chosen)
        assert b.coef_[0, 2] * factor == pytest.approx(plain.coef_[0, 2], rel=1e-6)


def test_a_constant_column_has_no_effect():
    X, y = load_diabetes(return_X_y=True)
    with_constant = np.column_stack([X, np.full(len(X), 1e10 / 3)])
    model = LinearRegression().fit(with_constant, y)
    assert model.coef_[-1] == 0
    assert model.rank_ == 10
    np.testing.assert_allclose(model.coef_[:-1], LinearRegression().fit(X, y).coef_, rtol=1e-6)
    for C in (1.0, np.inf):
        for solver in ("lbfgs", "newton-cholesky", "fista"):
            options = {"C": C, "solver": solver, "tol": 1e-8, "max_iter": 10_000}
            model = LogisticRegression(**options).fit(with_constant, y > 150)
            assert model.coef_[0, -1] == 0
            expected = LogisticRegression(**options).fit(X, y > 150).coef_
            # The tolerance over the smallest curvature, 1e-3, and a standard deviation of 0.05.
            np.testing.assert_allclose(model.coef_[:, :-1], expected, rtol=0, atol=1e-3)


def test_partial_fit_of_a_linear_regression_is_the_fit_of_all_rows():
    X, y = load_diabetes(return_X_y=True)
    weight = weights(len(y))
    model = LinearRegression()
    for rows in (slice(0, 7), slice(7, 8), slice(8, 442)):
        model.partial_fit(sparse.csr_array(X[rows]), y[rows], weight[rows])
    whole = LinearRegression().fit(X, y, weight)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-9)
    assert model.summary().p_values == pytest.approx(whole.summary().p_values, rel=1e-8)
    with pytest.raises(ValueError, match="as many targets as before, got shape"):
        model.partial_fit(X, np.column_stack([y, y]))
    wide = LinearRegression().fit(X[:5], y[:5])
    with pytest.raises(ValueError, match="partial_fit with solver='qr' cannot go on from a fit on"):
        wide.partial_fit(X, y)


def test_gradient_descent_steps_by_hand():
    # X = 1, 3 and y = 2, 4 from 0 at rate 1/2: gradient ((0 - 2) 1 + (0 - 4) 3) / 2 = -7.
    model = LinearRegression(solver="gradient-descent", learning_rate=0.5, fit_intercept=False)
    model.partial_fit([[1.0], [3.0]], [2.0, 4.0])
    assert model.coef_ == pytest.approx([3.5])
    # One sample of score 0 and class 1 at rate 1: b = 0 - (1/2 - 1) x.
    model = LogisticRegression(
        solver="gradient-descent", learning_rate=1.0, C=np.inf, fit_intercept=False
    )
    model.partial_fit([[3.0]], ["b"], classes=["a", "b"])
    assert model.coef_ == pytest.approx(np.array([[1.5]]))


def test_warm_start_and_divergence():
    X, y = load_diabetes(return_X_y=True)
    X = scaled(X)
    model = LinearRegression(solver="gradient-descent", warm_start=True, max_iter=100_000)
    first = model.fit(X, y).n_iter_
    assert model.fit(X, y).n_iter_ < first / 100
    with pytest.raises(ValueError, match=r"warm_start needs .* of shape \(1, 10\) for \(1, 3\)"):
        model.fit(X[:, :3], y)
    with pytest.warns(ConvergenceWarning, match="did not converge within max_iter=3 iterations"):
        LinearRegression(solver="gradient-descent", max_iter=3).fit(X, y)
    with pytest.raises(FloatingPointError, match=r"diverged within .* learning_rate=10"):
        LinearRegression(solver="gradient-descent", learning_rate=10, max_iter=10**6).fit(X, y)
    with pytest.raises(FloatingPointError, match=r"after 50 iterations the loss is .* start"):
        LinearRegression(solver="gradient-descent", learning_rate=10, max_iter=50).fit(X, y)
    labels, options = y > np.median(y), {"C": np.inf, "learning_rate": 1e4, "max_iter": 50}
    with pytest.raises(FloatingPointError, match=r"after 50 iterations the loss is .* start"):
        LogisticRegression(solver="gradient-descent", **options).fit(1e3 * X, labels)


# --- logistic regression --------------------------------------------------------------------------


def peer_fit(X, y, C, l1_ratio, weight=None, **options):
    solver = "newton-cholesky" if l1_ratio == 0 else "saga"
    model = peer.LogisticRegression(
        C=C, l1_ratio=l1_ratio, solver=solver, tol=1e-11, max_iter=100_000, **options
    )
    return model.fit(X, y, weight)


DATA = {
    "binary": flowers,
    "iris": lambda: (scaled(iris()[0]), iris()[1]),
    "wine": lambda: (scaled(load_wine().data), np.array(["a", "b", "c"])[load_wine().target]),
}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("C", [0.05, pytest.param(3.0, marks=pytest.mark.slow)])
@pytest.mark.parametrize("solver", SMOOTH)
@pytest.mark.parametrize("name", DATA)
def test_l2_equals_scikit_learn(name, solver, C, fit_intercept):
    X, y = DATA[name]()
    weight = weights(len(y))
    for w, balance in ((None, None), (weight, None), (None, "balanced")):
        options = {"fit_intercept": fit_intercept, "class_weight": balance}
        theirs = peer_fit(X, y, C, 0, w, **options)
        ours = LogisticRegression(C=C, solver=solver, **TIGHT, **options).fit(X, y, w)
        assert ours.coef_.shape == theirs.coef_.shape
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-5)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-5)
        assert (ours.predict(X) == theirs.predict(X)).all()
        for method in ("decision_function", "predict_proba", "predict_log_proba"):
            found, expected = getattr(ours, method)(X), getattr(theirs, method)(X)
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("l1_ratio", [0.4, 1.0])
@pytest.mark.parametrize("solver", ["fista", "gradient-descent"])
@pytest.mark.parametrize("name", DATA)
def test_l1_and_elastic_net_equal_scikit_learn(name, solver, l1_ratio):
    X, y = DATA[name]()
    X = scaled(X)
    theirs = peer_fit(X, y, 0.2, l1_ratio)
    ours = LogisticRegression(C=0.2, l1_ratio=l1_ratio, solver=solver, **TIGHT).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-5)
    # The softmax leaves the sum of the intercepts free.
    centre = ours.intercept_.mean() - theirs.intercept_.mean() if len(ours.intercept_) > 1 else 0
    np.testing.assert_allclose(ours.intercept_ - centre, theirs.intercept_, rtol=0, atol=1e-5)
    assert ((ours.coef_ == 0) == (np.abs(theirs.coef_) < 1e-8)).all()
    assert (ours.coef_ == 0).any()


@pytest.mark.parametrize("solver", SMOOTH)
def test_no_penalty_equals_scikit_learn(solver):
    X, y = load_diabetes(return_X_y=True)
    y = np.digitize(y, [100, 180])
    for classes in (y > 0, y):
        theirs = peer_fit(X, classes, np.inf, 0)
        options = TIGHT | ({"max_iter": 10**6, "tol": 1e-8} if solver == "gradient-descent" else {})
        data = X * 20 if solver == "gradient-descent" else X
        ours = LogisticRegression(C=np.inf, solver=solver, **options).fit(data, classes)
        difference = ours.coef_ * (20 if solver == "gradient-descent" else 1) - theirs.coef_
        assert np.abs(difference).max() < 1e-3  # of coefficients up to 30


@pytest.mark.slow
def test_digits():
    X, y = (part[:500] for part in load_digits(return_X_y=True))
    theirs = peer.LogisticRegression(C=0.01, solver="newton-cholesky", tol=1e-8).fit(X, y)
    for solver in ("lbfgs", "newton-cholesky"):
        ours = LogisticRegression(C=0.01, solver=solver, tol=1e-9, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-5)


@pytest.mark.parametrize("solver", SMOOTH)
@pytest.mark.parametrize("name", ["binary", "iris"])
def test_sparse_equals_dense(name, solver):
    X, y = DATA[name]()
    X = np.where(np.random.default_rng(1).random(X.shape) < 0.4, X, 0)
    options = TIGHT | {"solver": solver, "C": 0.5}
    if solver in ("fista", "gradient-descent"):
        options |= {"l1_ratio": 0.3}
    dense = LogisticRegression(**options).fit(X, y)
    for form in (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.coo_array):
        found = LogisticRegression(**options).fit(form(X), y)
        np.testing.assert_allclose(found.coef_, dense.coef_, rtol=0, atol=1e-6)
        np.testing.assert_allclose(
            found.predict_proba(form(X)), dense.predict_proba(X), rtol=0, atol=1e-6
        )
    empty = sparse.csr_array((len(y), 3))
    shares = np.unique(y, return_counts=True)[1] / len(y)
    model = LogisticRegression(solver=solver, tol=1e-8, max_iter=1000).fit(empty, y)
    np.testing.assert_allclose(model.predict_proba(empty)[0], shares, rtol=1e-5)


@pytest.mark.parametrize("solver", SMOOTH)
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1.0, 1: 3.0}])
def test_several_labels_are_one_regression_each(solver, class_weight):
    X, Y = three_labels()
    X = scaled(X)
    theirs = OneVsRestClassifier(
        peer.LogisticRegression(solver="newton-cholesky", tol=1e-11, class_weight=class_weight)
    ).fit(X, Y)
    ours = LogisticRegression(solver=solver, class_weight=class_weight, **TIGHT).fit(X, Y)
    expected = np.vstack([model.coef_ for model in theirs.estimators_])
    np.testing.assert_allclose(ours.coef_, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert ours.n_iter_.shape == (3,)
    assert ours.score(X, Y) == theirs.score(X, Y)
    found = LogisticRegression(solver=solver, class_weight=class_weight, **TIGHT)
    assert (found.fit(X, sparse.csr_array(Y)).coef_ == ours.coef_).all()


def test_extreme_scores_keep_their_log_probability():
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    model.coef_, model.intercept_ = np.array([[1.0]]), np.array([0.0])
    np.testing.assert_array_equal(
        model.predict_log_proba([[-2000.0], [2000.0]]), [[0, -2000], [-2000, 0]]
    )


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "fista"])
@pytest.mark.parametrize("classes", [2, 3])
def test_separable_classes_are_said_and_stay_finite(solver, classes):
    X = np.arange(12.0)[:, None]
    y = np.arange(12) * classes // 12
    model = LogisticRegression(C=np.inf, solver=solver, max_iter=10_000)
    with pytest.warns(ConvergenceWarning, match="a plane separates some class from the others"):
        model.fit(X, y)
    assert np.isfinite(model.coef_).all()
    assert (model.predict(X) == y).all()
    assert np.isfinite(LogisticRegression(solver=solver).fit(X, y).coef_).all()  # and no warning


SEPARATES = "a plane separates some class from the others"


@pytest.mark.parametrize("solver", SMOOTH)
def test_quasi_separation_is_seen(solver):
    """The two samples at 5 are of both classes, all others on their own side."""
    X = np.array([1.0, 2, 3, 4, 5, 5, 6, 7])[:, None]
    y = [0, 0, 0, 0, 0, 1, 1, 1]
    with pytest.warns(ConvergenceWarning, match=SEPARATES):
        model = LogisticRegression(C=np.inf, solver=solver).fit(X, y)
    assert SEPARATES in str(model.summary())


@pytest.mark.parametrize("solver", SMOOTH)
def test_one_class_of_three_is_separated(solver):
    """Of the irises: setosa from the others, which overlap."""
    X, y = iris()
    with pytest.warns(ConvergenceWarning, match=SEPARATES):
        summary = LogisticRegression(C=np.inf, solver=solver, max_iter=2000).fit(X, y).summary()
    assert np.isnan(summary.standard_errors).all()
    assert np.isnan(summary.p_values).all()
    assert [SEPARATES in note for note in summary.notes] == [True]
    penalised = LogisticRegression(solver=solver, max_iter=5000, tol=1e-2).fit(X, y).summary()
    assert SEPARATES not in str(penalised)


def gains_without_loss(X, y):
    """Whether some coefficients raise the score of a sample's own class and lower none, by an LP.

    Albert and Anderson (1984): then, and only then, the likelihood has no maximum.
    """
    classes = np.unique(y)
    rows = []
    for x, own in zip(np.column_stack([np.ones(len(X)), X]), y, strict=True):
        for other in classes[classes != own]:
            row = np.zeros((len(classes), len(x)))
            row[classes == own], row[classes == other] = x, -x
            rows.append(row.ravel())
    gains = np.array(rows)
    bounds = {"b_ub": np.repeat([1.0, 0.0], len(gains)), "A_ub": np.vstack([gains, -gains])}
    found = optimize.linprog(-gains.sum(axis=0), **bounds, bounds=(None, None))
    assert found.success
    return found.fun < -1e-6


@pytest.mark.parametrize("n_classes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_separation_is_what_a_linear_program_finds(n_classes):
    rng = np.random.default_rng(n_classes)
    counts = {True: 0, False: 0}
    for _ in range(60):
        k = rng.integers(1, 4)
        X = rng.integers(0, rng.integers(2, 9), size=(rng.integers(6, 40), k)).astype(float)
        score = X @ rng.integers(-2, 3, k) + rng.integers(3) * rng.integers(-1, 2, len(X))
        y = np.searchsorted(np.quantile(score, [0.3, 0.6][: n_classes - 1]), score)
        y[:n_classes] = range(n_classes)
        wanted = gains_without_loss(X, y)
        counts[wanted] += 1
        for solver in ("lbfgs", "newton-cholesky"):
            for data in (X, sparse.csr_array(X)):
                model = LogisticRegression(C=np.inf, solver=solver, max_iter=10_000)
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    summary = model.fit(data, y).summary()
                said = " ".join(str(warning.message) for warning in caught)
                assert (SEPARATES in str(summary)) == (SEPARATES in said) == wanted, solver
    assert min(counts.values()) > 10


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "fista"])
def test_collinear_columns_share_a_coefficient(solver):
    X, y = flowers()
    options = {"C": np.inf, "solver": solver, "tol": 1e-7, "max_iter": 10_000}
    single = LogisticRegression(**options).fit(X, y)
    twice = LogisticRegression(**options).fit(np.column_stack([X, X[:, 1]]), y)
    assert twice.coef_[0, 1] == pytest.approx(twice.coef_[0, 2], rel=1e-6)
    assert 2 * twice.coef_[0, 1] == pytest.approx(single.coef_[0, 1], rel=1e-4)
    assert "columns depend on each other" in str(twice.summary())


def test_logistic_warm_start_and_partial_fit():
    X, y = iris()
    model = LogisticRegression(warm_start=True, tol=1e-6, max_iter=1000)
    first = model.fit(X, y).n_iter_[0]
    assert model.fit(X, y).n_iter_[0] <= 1 < first
    with pytest.raises(ValueError, match=r"warm_start needs .* got coefficients of shape \(3, 4\)"):
        model.fit(X[:, :2], y)

    assert not hasattr(LogisticRegression(), "partial_fit")
    with pytest.raises(AttributeError) as caught:
        LogisticRegression().partial_fit  # noqa: B018
    assert "solver='gradient-descent', got 'lbfgs'" in str(caught.value.__cause__)
    model = LogisticRegression(solver="gradient-descent", C=np.inf, learning_rate=0.1)
    with pytest.raises(ValueError, match="first call of partial_fit must be given all classes"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"classes must be finite, got \[ 0. nan\]"):
        model.partial_fit(X, y, classes=[0.0, np.nan])
    with pytest.raises(ValueError, match=r"y must hold the classes \[0 1\], got 2"):
        clone(model).partial_fit(X, y, classes=[0, 1])
    for _ in range(3):  # as many steps of a fit, on all rows
        model.partial_fit(X, y, classes=[0, 1, 2])
    whole = LogisticRegression(solver="gradient-descent", C=np.inf, learning_rate=0.1, max_iter=3)
    with pytest.warns(ConvergenceWarning):
        whole.fit(X, y)
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=0, atol=1e-13)
    model.partial_fit(X[:1], y[:1])
    with pytest.raises(ValueError, match="a summary needs a fit, got coefficients of partial_fit"):
        model.summary()
    with pytest.raises(ValueError, match="classes must be those of the first call"):
        model.partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match=r"y must hold the classes \[0 1 2\], got 5"):
        model.partial_fit(X, y + 5)
    with pytest.raises(ValueError, match=r"y must be as in the first call, got shape \(150, 2\)"):
        model.partial_fit(X, np.eye(2, dtype=int)[y % 2])


def test_weights_without_end_and_targets_that_are_texts():
    X, y = load_iris(return_X_y=True)
    for model in (LinearRegression(), LogisticRegression()):
        with pytest.raises(ValueError, match="sample_weight must be finite, got inf"):
            model.fit(X, y, sample_weight=np.inf)
    with pytest.raises(TypeError, match="y must hold real numbers, got 'a' at"):
        LinearRegression().fit(X, np.full((150, 2), "a"))


def test_logistic_partial_fit_of_labels_learns():
    X, Y = three_labels()
    model = LogisticRegression(solver="gradient-descent", C=np.inf)
    for _ in range(500):
        model.partial_fit(X - X.mean(axis=0), Y)
    assert model.score(X - X.mean(axis=0), Y) > 0.6


@pytest.mark.parametrize(
    ("options", "y", "message"),
    [
        ({"l1_ratio": 0.5}, None, "solver='lbfgs' needs l1_ratio=0, got 0.5; use solver="),
        ({}, [1] * 150, "at least two classes, got only one class"),
        ({"C": 0}, None, "'C' parameter of LogisticRegression must be a float in the range"),
        ({"solver": "svd"}, None, "'solver' parameter of LogisticRegression must be a str among"),
        ({}, np.arange(300).reshape(150, 2) % 3, "y with several columns must hold 0 and 1 only"),
        ({}, np.linspace(0, 1, 150), "Unknown label type: continuous"),
    ],
)
def test_errors(options, y, message):
    X, species = iris()
    with pytest.raises(ValueError, match=message):
        LogisticRegression(**options).fit(X, species if y is None else y)


def test_weights_of_zero_and_unfitted_models():
    X, y = flowers()
    for model in (LogisticRegression(), LinearRegression()):
        with pytest.raises(ValueError, match="Sample weights must contain at least one non-zero"):
            model.fit(X, y, np.zeros(len(y)))
        with pytest.raises(NotFittedError):
            clone(model).summary()


# --- within scikit-learn --------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [pytest.param("loky", marks=pytest.mark.slow), "threading"])
def test_grid_search_and_cross_validation(backend):
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    grid = {"logisticregression__C": [0.01, 1.0]}
    with joblib.parallel_backend(backend):
        found = GridSearchCV(pipeline, grid, n_jobs=2, cv=3).fit(X, y)
        scores = cross_val_score(LinearRegression(), X, y, n_jobs=2, cv=3)
    theirs = make_pipeline(StandardScaler(), peer.LogisticRegression())
    expected = GridSearchCV(theirs, grid, cv=3).fit(X, y)
    assert found.best_params_ == expected.best_params_
    means = found.cv_results_["mean_test_score"]
    np.testing.assert_allclose(means, expected.cv_results_["mean_test_score"], rtol=0, atol=0.01)
    np.testing.assert_allclose(
        scores, cross_val_score(peer.LinearRegression(), X, y, cv=3), rtol=1e-9
    )


@pytest.mark.parametrize("model", [LinearRegression(), LogisticRegression(C=np.inf)])
def test_data_frames_clones_and_dumps(model, tmp_path):
    X, y = flowers()
    frame = pd.DataFrame(X, columns=["sepal", "petal"])
    model = clone(model).fit(frame, y)
    assert list(model.feature_names_in_) == ["sepal", "petal"]
    assert model.summary().names == ["(Intercept)", "sepal", "petal"]
    joblib.dump(model, tmp_path / "model")
    again = joblib.load(tmp_path / "model")
    assert (again.predict(frame) == model.predict(frame)).all()
    tables = [str(m.summary()).partition("Coefficients:")[2] for m in (again, model)]
    assert tables[0] == tables[1]  # and before it the residuals, of which only one knows
    copy = clone(model).fit(frame, pd.Series(y))
    assert copy.get_params() == model.get_params()
    assert (copy.coef_ == model.coef_).all()
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        model.predict(X)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # gradient descent
@pytest.mark.parametrize("solver", SMOOTH)
@pytest.mark.parametrize("data", [flowers, three_labels])
def test_callbacks_see_every_iteration(solver, data):
    X, y = data()
    recorder = Recorder()
    options = {"solver": solver, "max_iter": 30}
    model = LogisticRegression(**options).set_callbacks(recorder).fit(X, y)
    plain = LogisticRegression(**options).fit(X, y)
    assert (model.coef_ == plain.coef_).all()
    assert (model.n_iter_ == plain.n_iter_).all()
    task = [f"begin {solver}-iter", f"end {solver}-iter"]
    middle = task * model.n_iter_.sum()
    assert recorder.calls == ["setup", "begin fit", *middle, "end fit", "teardown"]
    assert recorder.scores[-1] == model.score(X, y)


@pytest.mark.parametrize("solver", SMOOTH)
def test_a_callback_can_stop(solver):
    X, y = flowers()
    recorder = Recorder(stop_after=2)
    model = LogisticRegression(solver=solver, tol=1e-12).set_callbacks(recorder).fit(X, y)
    assert model.n_iter_ == 2
    assert len(recorder.scores) == 3  # and the end of the fit


# --- summaries ------------------------------------------------------------------------------------


def test_summary_equals_r_lm():
    """``summary(lm(Sepal.Length ~ Sepal.Width + Petal.Length, iris))``."""
    X, _ = iris()
    summary = LinearRegression().fit(X[:, [1, 2]], X[:, 0]).summary()
    assert summary.coefficients[0] == pytest.approx([2.24914, 0.59552, 0.47192], abs=5e-6)
    text = str(summary)
    assert "t value" in text
    assert "Residual standard error: 0.3333 on 147 degrees of freedom" in text
    assert "R-squared: 0.8402,  adjusted R-squared: 0.8380" in text


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_summary_of_least_squares_by_its_formulas(fit_intercept):
    X, y = load_diabetes(return_X_y=True)
    weight = weights(len(y))
    s = LinearRegression(fit_intercept=fit_intercept).fit(X, np.column_stack([y, -y]), weight)
    s = s.summary()
    D = np.column_stack([np.ones(len(X)), X]) if fit_intercept else X
    inverse = np.linalg.inv((D * weight[:, None]).T @ D)
    b = inverse @ (D * weight[:, None]).T @ y
    kept = weight > 0
    n, k = kept.sum(), D.shape[1]
    squares = (weight * (y - D @ b) ** 2).sum()
    errors = np.sqrt(squares / (n - k) * np.diag(inverse))
    for row, sign in ((0, 1), (1, -1)):
        assert s.coefficients[row] == pytest.approx(sign * b, rel=1e-8)
        assert s.standard_errors[row] == pytest.approx(errors, rel=1e-8)
        assert s.statistics[row] == pytest.approx(sign * b / errors, rel=1e-8)
        assert s.p_values[row] == pytest.approx(2 * stats.t.sf(np.abs(b / errors), n - k), rel=1e-6)
    # The normal density at its most likely variance, `squares / n / w` for each sample.
    spread = np.sqrt(squares / n / weight[kept])
    likelihood = stats.norm.logpdf(y[kept], (D @ b)[kept], spread).sum()
    assert s.log_likelihood == pytest.approx(likelihood, rel=1e-10)
    assert s.aic == pytest.approx(2 * (k + 1) - 2 * likelihood, rel=1e-10)
    assert (s.n_samples, s.df_resid) == (n, n - k)
    assert "Target 1:" in str(s)


def test_summary_equals_r_glm():
    """``summary(glm(y ~ X, family = binomial))``."""
    X, y = flowers()
    s = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(X, y).summary()
    assert s.coefficients[0] == pytest.approx([-39.838, -31.732, 105.170], abs=1e-3)
    assert s.log_likelihood == pytest.approx(-11.925, abs=5e-4)
    assert s.aic == pytest.approx(2 * 3 + 2 * 11.925, abs=1e-3)
    # Half of a hundred: each contributes 2 log 2 to the null deviance.
    assert "Null deviance: 138.6294 on 99 degrees of freedom" in str(s)
    D = np.column_stack([np.ones(100), X])
    p = 1 / (1 + np.exp(-(D @ s.coefficients[0])))
    errors = np.sqrt(np.diag(np.linalg.inv((D * (p * (1 - p))[:, None]).T @ D)))
    assert s.standard_errors[0] == pytest.approx(errors, rel=1e-6)
    assert s.p_values[0] == pytest.approx(2 * stats.norm.sf(np.abs(s.statistics[0])), rel=1e-10)
    assert "z value" in str(s)


def test_summary_of_a_softmax_is_relative_to_the_first_class():
    """Two of three classes: what a logistic regression says, with rows of the third away."""
    X, y = load_diabetes(return_X_y=True)
    X, y = scaled(X)[:, :3], np.digitize(y, [100, 180])
    s = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-9).fit(X, y).summary()
    assert s.equations == ["class 1, against 0", "class 2, against 0"]
    D = np.column_stack([np.ones(len(X)), X])
    z = np.column_stack([np.zeros(len(X)), D @ s.coefficients.T])
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    assert s.log_likelihood == pytest.approx(np.log(p[np.arange(len(y)), y]).sum(), rel=1e-12)
    information = np.zeros((8, 8))
    for n in range(len(X)):
        q = p[n, 1:]
        information += np.kron(np.diag(q) - np.outer(q, q), np.outer(D[n], D[n]))
    errors = np.sqrt(np.diag(np.linalg.inv(information))).reshape(2, 4)
    assert s.standard_errors == pytest.approx(errors, rel=1e-8)


def test_summary_of_labels_weights_and_penalties():
    X, Y = three_labels()
    s = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(scaled(X), Y).summary()
    # scikit-learn's, as the demo quotes them.
    assert s.log_likelihood == pytest.approx([-15.756, -33.838, -18.187], abs=1e-3)
    assert s.equations == ["label 0", "label 1", "label 2"]
    X, y = flowers()
    weight = weights(100)
    options = {"C": np.inf, "solver": "newton-cholesky", "tol": 1e-9}
    model = LogisticRegression(**options).fit(X, y, weight)
    repeated = LogisticRegression(**options).fit(
        np.repeat(X, weight.astype(int), axis=0), np.repeat(y, weight.astype(int))
    )
    ours, theirs = model.summary(), repeated.summary()
    assert ours.standard_errors == pytest.approx(theirs.standard_errors, rel=1e-8)
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-10)
    penalised = LogisticRegression(class_weight="balanced").fit(X, y).summary()
    assert np.isnan(penalised.standard_errors).all()
    text = str(penalised)
    assert "Note: no standard errors, p values and AIC: they would not account for the bias" in text
    assert "Note: with class weights" in text
    assert "AIC:" not in text.replace("and AIC:", "")
    many = load_digits()
    with pytest.warns(ConvergenceWarning):
        model = LogisticRegression(C=np.inf, max_iter=5).fit(many.data, many.target)
    assert "more than 500 coefficients" in str(model.summary())


def test_summary_of_other_fits():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="a summary needs a fit with solver='qr' on dense data"):
        LinearRegression().fit(sparse.csr_array(X), y).summary()
    assert "forced to be positive" in str(LinearRegression(positive=True).fit(X, y).summary())


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "fista"])
@pytest.mark.parametrize("classes", [2, 3])
def test_a_summary_does_not_count_columns_that_depend_on_others(solver, classes):
    """R leaves them out: the criterion and the degrees of freedom are those without them."""
    X, y = load_diabetes(return_X_y=True)
    X, y = scaled(X)[:, :3], np.digitize(y, [100, 180][: classes - 1])
    options = {"C": np.inf, "solver": solver, "tol": 1e-8, "max_iter": 10_000}
    plain = LogisticRegression(**options).fit(X, y).summary()
    for more in (X[:, :1] - X[:, 1:2], np.full((len(X), 1), 0.1)):
        summary = LogisticRegression(**options).fit(np.column_stack([X, more]), y).summary()
        assert np.isnan(summary.standard_errors).all()
        assert summary.aic == pytest.approx(plain.aic, rel=1e-9)
        assert summary.df_resid == plain.df_resid == len(X) - 4 * (classes - 1)


def test_a_summary_of_an_exact_fit_has_no_tests_of_rounding_errors():
    X = load_diabetes().data[:, :3]
    line = X @ [1, 2, 3] + 0.1
    Y = np.column_stack([line, np.full(len(X), 0.1), line + X[:, 0] ** 2])
    summary = LinearRegression().fit(X, Y).summary()
    assert np.isnan(summary.standard_errors[:2]).all()
    assert np.isnan(summary.log_likelihood[:2]).all()
    assert np.isfinite(summary.standard_errors[2]).all()
    assert "fitted exactly" in str(summary)
    assert "Residual standard error: 0 on" in str(summary)
    assert "R-squared: 1.0000" in str(summary)
    saturated = LinearRegression().fit(X[:4], Y[:4, 2]).summary()
    assert saturated.df_resid == 0
    assert np.isnan(saturated.log_likelihood)
    assert "fitted exactly" in str(saturated)
    assert "fitted exactly" not in str(LinearRegression().fit(X, Y[:, 2]).summary())


@pytest.mark.parametrize("power", [-700, -550, 550, 700])
def test_units_of_any_size_change_a_linear_regression_by_their_factor_only(power):
    """Powers of two, whose squares overflow or vanish in float64."""
    X, y = load_diabetes(return_X_y=True)
    X, unit = X[:, :3], 2.0**power
    plain, expected = (m := LinearRegression().fit(X, y)), m.summary()
    of_x = LinearRegression().fit(X * unit, y)
    assert of_x.coef_ * unit == pytest.approx(plain.coef_, rel=1e-12)
    assert of_x.summary().p_values == pytest.approx(expected.p_values, rel=1e-9)
    of_y = LinearRegression().fit(X, y * unit)
    summary = of_y.summary()
    assert of_y.coef_ / unit == pytest.approx(plain.coef_, rel=1e-12)
    assert summary.standard_errors / unit == pytest.approx(expected.standard_errors, rel=1e-12)
    assert summary.p_values == pytest.approx(expected.p_values, rel=1e-9)
    shift = len(y) * power * np.log(2)
    assert summary.log_likelihood + shift == pytest.approx(expected.log_likelihood, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_weights_of_any_size_make_no_columns_dependent(seed):
    """Two rows of weight 1e20 are constraints: b_0 = y_0, b_0 + sum(b) = y_1; the rest is plain."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 2, (60, 4)).astype(float)
    X[0], X[1] = 0, 1
    y, weight = X @ [1, 2, 3, 4] + 3 + rng.standard_normal(60), np.ones(60)
    weight[:2] = 1e20
    total, rest = y[1] - y[0], X[2:, :3] - X[2:, 3:]
    b = np.linalg.lstsq(rest, y[2:] - y[0] - X[2:, 3] * total, rcond=None)[0]
    model = LinearRegression().fit(X, y, weight)
    # The constraints hold to 1e-10, the square root of a weight.
    assert model.coef_ == pytest.approx([*b, total - b.sum()], rel=1e-8)
    assert model.intercept_ == pytest.approx(y[0], rel=1e-8)
    assert model.rank_ == 4


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_units_of_columns_do_not_matter_if_there_are_few_rows(fit_intercept):
    """More columns than rows fit exactly, as do the smallest coefficients, those of the inverse."""
    rng = np.random.default_rng(5)
    X, y = rng.standard_normal((5, 10)), rng.standard_normal(5)
    X[:, 0] *= 1e8
    X[:, 1] += 2000
    X[:, 2] = 0.1
    model = LinearRegression(fit_intercept=fit_intercept).fit(X, y)
    assert model.predict(X) == pytest.approx(y, abs=1e-7)
    centred, target = (X - X.mean(axis=0), y - y.mean()) if fit_intercept else (X, y)
    smallest = np.linalg.pinv(centred, rcond=1e-14) @ target
    assert model.coef_ == pytest.approx(smallest, rel=1e-4, abs=1e-10)
    assert model.rank_ == 5 - fit_intercept


def test_parameters_that_are_set_after_a_fit_leave_its_summary():
    X, y = flowers()
    plain = LogisticRegression(C=np.inf, solver="newton-cholesky").fit(X, y)
    line = LinearRegression().fit(X[:, :1], X[:, 1])
    expected = [str(model.summary()) for model in (plain, line)]
    plain.set_params(C=1.0, fit_intercept=False, solver="fista", class_weight="balanced")
    line.set_params(fit_intercept=False, positive=True)
    assert [str(model.summary()) for model in (plain, line)] == expected
    before = line.coef_.copy()
    with pytest.raises(ValueError, match="go on with fit_intercept=True, as it began, got False"):
        line.partial_fit(X[:, :1], X[:, 1])
    assert np.array_equal(line.coef_, before)
    assert str(clone(line).fit(X[:, :1], X[:, 1]).summary()) != expected[1]


@pytest.mark.parametrize("class_weight", [{"a": 3}, {0: 1, 7: 3}, {"no": 2, "yess": 1}])
def test_weights_of_unknown_classes_are_refused(class_weight):
    X, y = flowers()
    for targets in (np.array(["no", "yes"])[y - 1], y - 1):
        with pytest.raises(ValueError, match=r"class_weight must have keys among the classes \["):
            LogisticRegression(class_weight=class_weight).fit(X, targets)


def test_import_without_scikit_learn(child):
    code = """
import sys
sys.modules["sklearn"] = None
import fastscratch
try:
    import fastscratch.linear_model
except ImportError as error:
    print(error)
"""
    assert "need scikit-learn 1.9 or newer: pip install 'fastscratch[sklearn]'" in child(code)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_entries_of_one_place_add_up(fit_intercept):
    # Two entries in one place, an empty row, and columns out of order.
    values, columns = np.array([1.0, 2, 3, -1, 4, 0.5]), np.array([2, 0, 2, 1, 0, 1])
    X = sparse.csr_array((values, columns, np.array([0, 3, 3, 4, 6])), shape=(4, 3))
    dense = np.array([[2.0, 0, 4], [0, 0, 0], [0, -1, 0], [4, 0.5, 0]])
    y = np.array([0, 1, 0, 1])
    ours = LogisticRegression(fit_intercept=fit_intercept, tol=1e-8).fit(X, y)
    theirs = peer.LogisticRegression(fit_intercept=fit_intercept, tol=1e-10).fit(dense, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
