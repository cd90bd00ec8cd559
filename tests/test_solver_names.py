"""The parameters and names of solvers that LogisticRegression has in common with scikit-learn.

Whatever the name, the minimum is scikit-learn's: both are run to a tiny gradient.
"""

import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.linear_model as peer
from scipy import sparse, special
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
)
from sklearn.exceptions import ConvergenceWarning

from fastscratch.linear_model import LinearRegression, LogisticRegression

TIGHT = {"tol": 1e-10, "max_iter": 100_000}


def data(classes=2):
    X, y = load_diabetes(return_X_y=True)
    return X * 20, np.digitize(y, [100, 180][: classes - 1])


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("solver", ["newton-cg", "sag", "saga"])
def test_names_reach_the_same_minimum(solver, l1_ratio, classes):
    X, y = data(classes)
    options = {"solver": solver, "l1_ratio": l1_ratio, "C": 0.05, **TIGHT}
    ours = LogisticRegression(**options)
    if l1_ratio and solver != "saga":
        with pytest.raises(
            ValueError, match=f"solver='{solver}' needs l1_ratio=0, got {l1_ratio:g};"
        ):
            ours.fit(X, y)
        return
    theirs = peer.LogisticRegression(**options).fit(X, y)
    for form in (np.asarray, sparse.csr_array):
        ours.fit(form(X), y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-6)
        assert ((ours.coef_ == 0) == (theirs.coef_ == 0)).all()
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
        assert ours.n_iter_.max() < 40


@pytest.mark.parametrize("intercept_scaling", [1, 7.5])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [0, 1])
def test_liblinear_penalises_the_intercept(l1_ratio, fit_intercept, intercept_scaling):
    X, y = data()
    options = {
        "solver": "liblinear",
        "l1_ratio": l1_ratio,
        "C": 0.2,
        "fit_intercept": fit_intercept,
        "intercept_scaling": intercept_scaling,
    }
    theirs = peer.LogisticRegression(**options, tol=1e-12, max_iter=100_000, random_state=0)
    theirs.fit(X + 1, y)
    for form in (np.asarray, sparse.csr_array):
        ours = LogisticRegression(**options, tol=1e-9).fit(form(X + 1), y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-5)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-5)


@pytest.mark.parametrize("many", [150, 400])
def test_an_l1_penalty_on_many_columns_has_no_slope_but_at_zero(many):
    """For few coefficients by Newton's method, for many by proximal gradient descent."""
    X, y = make_classification(120, many, n_informative=6, n_classes=3, random_state=0)
    model = LogisticRegression(solver="saga", l1_ratio=1, C=0.3, tol=1e-7, max_iter=20_000)
    model.fit(X, y)
    residual = special.softmax(model.decision_function(X), axis=1) - np.eye(3)[y]
    slope, b = 0.3 * residual.T @ X, model.coef_
    assert np.abs(slope + np.sign(b))[b != 0].max() < 1e-3
    assert np.abs(slope)[b == 0].max() < 1 + 1e-3
    assert (b != 0).any()
    np.testing.assert_allclose(residual.sum(axis=0), 0, atol=1e-3)


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize(
    "load",
    [load_iris, load_wine, load_breast_cancer, pytest.param(load_digits, marks=pytest.mark.slow)],
)
def test_the_default_is_nearer_to_the_minimum_than_scikit_learns(load, C):
    """On data as they come, unscaled: by the value of the penalised loss."""
    X, y = load(return_X_y=True)

    def value(model):
        scores = model.decision_function(X)
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros(len(y)), scores])
        loss = -special.log_softmax(scores, axis=1)[np.arange(len(y)), y].sum()
        return C * loss + (model.coef_**2).sum() / 2

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # theirs, and ours of a hundred steps
        found = [kind(C=C).fit(X, y) for kind in (LogisticRegression, peer.LogisticRegression)]
    assert value(found[0]) <= value(found[1]) * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_the_default_is_nearer_on_scaled_data_too(seed):
    X, y = make_classification(500, 10, n_informative=5, n_classes=2 + seed % 2, random_state=seed)
    exact = peer.LogisticRegression(solver="newton-cholesky", tol=1e-12).fit(X, y).coef_
    off = [
        np.abs(kind().fit(X, y).coef_ - exact).max()
        for kind in (LogisticRegression, peer.LogisticRegression)
    ]
    assert off[0] <= off[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"penalty": "l1", "l1_ratio": 1}, {"l1_ratio": 1}),
        ({"penalty": "l2"}, {}),
        ({"penalty": "elasticnet", "l1_ratio": 0.4}, {"l1_ratio": 0.4}),
        ({"penalty": None}, {"C": np.inf}),
        ({"l1_ratio": None}, {}),
    ],
)
def test_deprecated_penalties(old, new):
    X, y = data()
    with pytest.warns(FutureWarning, match="is deprecated"):
        found = LogisticRegression(solver="saga", **old).fit(X, y)
    expected = LogisticRegression(solver="saga", **new).fit(X, y)
    np.testing.assert_array_equal(found.coef_, expected.coef_)
    assert str(found.summary()) == str(expected.summary())
    assert LogisticRegression("l2").penalty == "l2"  # the first of the positions


@pytest.mark.filterwarnings("ignore:penalty is deprecated:FutureWarning")
def test_contradictions_are_said():
    X, y = data()
    with pytest.warns(UserWarning, match="penalty='l1' and l1_ratio=0 say different things"):
        model = LogisticRegression("l1", solver="saga").fit(X, y)
    expected = LogisticRegression(l1_ratio=1, solver="saga").fit(X, y)
    np.testing.assert_array_equal(model.coef_, expected.coef_)
    with pytest.warns(UserWarning, match="penalty=None ignores C and l1_ratio"):
        LogisticRegression(None, C=3.0).fit(X, y)
    with pytest.warns(FutureWarning, match="n_jobs is deprecated, and has no effect"):
        LogisticRegression(n_jobs=2).fit(X, y)
    with pytest.raises(ValueError, match="l1_ratio must be specified when penalty is elasticnet"):
        LogisticRegression("elasticnet", l1_ratio=None, solver="saga").fit(X, y)


@pytest.mark.parametrize(
    ("options", "classes", "message"),
    [
        ({"solver": "liblinear"}, 3, "Only binary classification is supported by solver="),
        ({"solver": "liblinear", "C": np.inf}, 2, "solver='liblinear' needs a penalty, got C=inf"),
        ({"solver": "liblinear", "l1_ratio": 0.5}, 2, "needs l1_ratio=0 or 1, got 0.5"),
        (
            {"dual": True},
            2,
            "dual=True needs solver='liblinear' and l1_ratio=0, got",
        ),
        ({"intercept_scaling": 0}, 2, "'intercept_scaling' parameter of LogisticRegression must"),
    ],
)
def test_errors(options, classes, message):
    with pytest.raises(ValueError, match=message):
        LogisticRegression(**options).fit(*data(classes))


def test_sparse_coefficients():
    X, y = data(3)
    model = LogisticRegression(solver="saga", l1_ratio=1, C=0.02).fit(X, y)
    dense, predicted, text = model.coef_, model.predict_proba(X), str(model.summary())
    assert sparse.issparse(model.sparsify().coef_)
    assert model.coef_.nnz == (dense != 0).sum() < dense.size
    for form in (np.asarray, sparse.csr_array):
        np.testing.assert_allclose(model.predict_proba(form(X)), predicted, rtol=1e-12)
    assert str(model.summary()) == text
    model.set_params(warm_start=True).fit(X, y)
    np.testing.assert_allclose(model.coef_, dense, rtol=0, atol=1e-4)
    np.testing.assert_array_equal(
        model.sparsify().densify().coef_, model.sparsify().densify().coef_
    )
    assert isinstance(model.densify().coef_, np.ndarray)


def test_what_a_verbose_fit_says(capsys):
    X, y = data()
    LogisticRegression(solver="saga", verbose=1, random_state=3).fit(X, y)
    assert capsys.readouterr().out.startswith("newton-cholesky: ")
    LogisticRegression(random_state=3).fit(X, y)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky", "saga", "fista"])
def test_no_iterations_leave_the_start(solver):
    X, y = data()
    model = LogisticRegression(solver=solver, max_iter=0)
    with pytest.warns(ConvergenceWarning, match="did not converge within max_iter=0 iterations"):
        model.fit(X, y)
    assert not model.coef_.any()
    assert model.n_iter_ == 0


def test_parameters_of_a_linear_regression_without_effect():
    X, y = data()
    own = X.copy()
    model = LinearRegression(copy_X=False, n_jobs=2).fit(own, y)
    np.testing.assert_array_equal(own, X)
    np.testing.assert_array_equal(model.coef_, LinearRegression().fit(X, y).coef_)
