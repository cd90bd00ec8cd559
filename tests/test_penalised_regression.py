"""Ridge, Lasso, ElasticNet and their CV forms beside scikit-learn, by hand, and by gradients."""

from fractions import Fraction
from operator import mul

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.linear_model as peer
from scipy import sparse
from sklearn.datasets import load_diabetes, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import KFold, LeaveOneOut, cross_val_predict

from fastscratch.linear_model import ElasticNet, ElasticNetCV, Lasso, LassoCV, Ridge, RidgeCV

#: scikit-learn stops at a gap, which is quadratic in the error of the coefficients.
TIGHT = {"tol": 1e-14, "max_iter": 1_000_000}


def data(n_targets=1):
    X, y = load_diabetes(return_X_y=True)
    X = X * 20 + np.arange(10)
    return X, y if n_targets == 1 else np.column_stack([y, y**2 / 100, np.sqrt(y)])[:, :n_targets]


def weights(n):
    return np.random.default_rng(n).integers(0, 4, n).astype(float)


# --- ridge ----------------------------------------------------------------------------------------


def test_ridge_by_hand():
    # Centred: x = -1, 1 and y = -1, 1, so b = 2 / (2 + alpha); and the mean of y stays.
    model = Ridge(alpha=2.0).fit([[0.0], [2.0]], [0.0, 2.0])
    assert model.coef_ == pytest.approx([0.5])
    assert model.intercept_ == pytest.approx(0.5)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("rows", [442, 11, 6])
@pytest.mark.parametrize("alpha", [1e-3, 1.0, np.array([0.1, 10.0, 1000.0])])
def test_ridge_equals_scikit_learn(alpha, rows, fit_intercept):
    X, y = data(3)
    X, y = X[:rows], y[:rows]
    for weight in (None, weights(rows)):
        theirs = peer.Ridge(alpha, fit_intercept=fit_intercept, solver="svd").fit(X, y, weight)
        ours = Ridge(alpha, fit_intercept=fit_intercept).fit(X, y, weight)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-7)
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-8, atol=1e-7)
        found = Ridge(alpha, fit_intercept=fit_intercept, tol=1e-7)
        found.fit(sparse.csr_array(X), y, weight)
        np.testing.assert_allclose(found.coef_, theirs.coef_, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("solver", ["svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga"])
def test_all_names_of_solvers_have_the_same_minimum(solver):
    X, y = data()
    found, expected = Ridge(solver=solver).fit(X, y).coef_, Ridge().fit(X, y).coef_
    np.testing.assert_allclose(found, expected, rtol=1e-13 if solver == "svd" else 0)


def exact_ridge(X, y, alpha):
    """The minimum without an intercept, by Gaussian elimination with fractions."""
    X, y = [[Fraction(v) for v in row] for row in X.tolist()], [Fraction(v) for v in y.tolist()]
    columns, k = list(zip(*X, strict=True)), len(X[0])
    rows = [
        [sum(map(mul, a, b)) + (Fraction(alpha) if a is b else 0) for b in columns]
        + [sum(map(mul, a, y))]
        for a in columns
    ]
    for i in range(k):
        rows[i] = [v / rows[i][i] for v in rows[i]]
        for j in range(k):
            if j != i:
                rows[j] = [v - rows[j][i] * w for v, w in zip(rows[j], rows[i], strict=True)]
    return np.array([float(row[-1]) for row in rows])


@pytest.mark.parametrize("shape", [(30, 6), (4, 9)])
@pytest.mark.parametrize(
    ("condition", "alpha", "method"),
    [(10, 1.0, "cholesky"), (1e3, 1e-3, "cholesky"), (1e6, 1.0, "cholesky"), (1e6, 1e-9, "svd")],
)
def test_ridge_is_as_exact_by_normal_equations_as_by_singular_values(
    shape, condition, alpha, method
):
    rng = np.random.default_rng(0)
    left, _, right = np.linalg.svd(rng.standard_normal(shape), full_matrices=False)
    X = left * np.geomspace(10, 10 / condition, min(shape)) @ right
    y = rng.standard_normal(shape[0])
    model = Ridge(alpha, fit_intercept=False).fit(X, y)
    assert model.solver_ == method
    expected = exact_ridge(X, y, alpha)
    steep = 10 / np.sqrt((10 / condition) ** 2 + alpha)  # condition number of the augmented matrix
    bound = 1e-14 * steep * (1 + steep * np.abs(y - X @ expected).max() / np.abs(expected).max())
    np.testing.assert_allclose(model.coef_, expected, rtol=0, atol=bound * np.abs(expected).max())


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_ridge_of_columns_whose_squares_are_no_numbers(scale):
    X, y = data()
    plain = Ridge(0.0).fit(X, y)
    np.testing.assert_allclose(Ridge(0.0).fit(X * scale, y).coef_ * scale, plain.coef_, rtol=1e-9)


def test_positive_ridge_has_no_slope_but_at_zero():
    X, y = data()
    model = Ridge(0.5, positive=True).fit(X, y)
    slope = X.T @ (model.predict(X) - y) + 0.5 * model.coef_
    size = np.abs(X).T @ np.abs(y)
    assert (model.coef_ >= 0).all()
    assert (np.abs(slope) < 1e-10 * size)[model.coef_ > 0].all()
    assert (slope > -1e-10 * size)[model.coef_ == 0].all()
    assert 0 < (model.coef_ == 0).sum() < 10
    again = Ridge(0.5, positive=True).fit(sparse.csr_array(X), y)
    np.testing.assert_array_equal(again.coef_, model.coef_)


@pytest.mark.parametrize("n_targets", [1, 3])
def test_ridge_cv_leaves_one_out(n_targets):
    """The errors are those of refits without each sample."""
    X, y = data(n_targets)
    X, y = X[:40], y[:40]
    alphas = [0.1, 1.0, 10.0]
    model = RidgeCV(alphas, store_cv_results=True).fit(X, y)
    for i, alpha in enumerate(alphas):
        errors = (y - cross_val_predict(Ridge(alpha), X, y, cv=LeaveOneOut())) ** 2
        np.testing.assert_allclose(model.cv_results_[..., i], errors, rtol=1e-8)
    means = model.cv_results_.reshape(-1, 3).mean(axis=0)
    assert model.alpha_ == alphas[means.argmin()]
    assert model.best_score_ == pytest.approx(-means.min())


def test_ridge_cv_equals_scikit_learn():
    X, y = data(3)
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    options = (
        {},
        {"alpha_per_target": True},
        {"scoring": "r2"},
        {"cv": 4},
        {"fit_intercept": False},
    )
    for option in options:
        ours = RidgeCV([0.1, 3.0, 100.0], **option).fit(X, y, weight)
        theirs = peer.RidgeCV([0.1, 3.0, 100.0], **option).fit(X, y, weight)
        np.testing.assert_array_equal(ours.alpha_, theirs.alpha_)
        np.testing.assert_allclose(ours.best_score_, theirs.best_score_, rtol=1e-8)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6)


# --- lasso and elastic net ------------------------------------------------------------------------


def test_lasso_by_hand():
    # Centred x = -1, 0, 1 has the mean square 2/3: b = 1 - alpha 3/2, and 0 from alpha = 2/3.
    X, y = [[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]
    assert Lasso(0.1).fit(X, y).coef_ == pytest.approx([0.85])
    assert Lasso(0.67).fit(X, y).coef_ == [0]
    # With half of each penalty: (2/3 - alpha / 2) / (2/3 + alpha / 2).
    assert ElasticNet(0.4).fit(X, y).coef_ == pytest.approx([(4 - 1.2) / (4 + 1.2)])


@pytest.mark.parametrize("alpha", [0.01, 0.3, 5.0])
@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("positive", [True, False])
def test_slopes_of_an_elastic_net(alpha, l1_ratio, fit_intercept, positive):
    """At the minimum each slope is balanced by the penalty, or if a coefficient is 0, below it."""
    X, y = data()
    X = X * 10.0 ** np.linspace(-2, 2, 10)  # of any units
    weight = weights(len(y))
    for form in (np.asarray, sparse.csr_array):
        model = ElasticNet(
            alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, positive=positive
        ).fit(form(X), y, weight)
        b = model.coef_
        slope = (weight * (model.predict(X) - y)) @ X / weight.sum()
        slope += alpha * (1 - l1_ratio) * b
        room = 1e-6 * np.abs(X).max(axis=0)
        away = slope + alpha * l1_ratio * np.sign(b)
        assert (np.abs(away) < room)[b != 0].all()
        rest = -slope if positive else np.abs(slope)
        assert (rest < alpha * l1_ratio + room)[b == 0].all()
        assert not positive or (b >= 0).all()
        assert abs(model.dual_gap_) < 1e-6 * (y @ y) / len(y) or l1_ratio == 0


@pytest.mark.parametrize(("n", "k"), [(300, 20), (40, 120)])
def test_elastic_net_equals_scikit_learn(n, k):
    X, y = make_regression(n, k, n_informative=10, noise=3, n_targets=2, random_state=k)
    for l1_ratio in (0.5, 1.0):
        theirs = peer.ElasticNet(1.5, l1_ratio=l1_ratio, **TIGHT)
        ours = ElasticNet(1.5, l1_ratio=l1_ratio).fit(X, y)
        for o in range(2):
            theirs.fit(X, y[:, o])
            np.testing.assert_allclose(ours.coef_[o], theirs.coef_, rtol=0, atol=1e-5)
            assert ours.intercept_[o] == pytest.approx(theirs.intercept_, abs=1e-5)
            assert ((ours.coef_[o] == 0) == (theirs.coef_ == 0)).all()


def test_the_default_is_nearer_to_the_minimum_than_scikit_learns():
    X, y = data()
    for alpha in (0.01, 0.1, 1.0):
        exact = peer.Lasso(alpha, **TIGHT).fit(X, y).coef_
        off = [np.abs(m(alpha).fit(X, y).coef_ - exact).max() for m in (Lasso, peer.Lasso)]
        assert off[0] <= off[1]


@pytest.mark.parametrize("ours", [LassoCV, ElasticNetCV])
def test_cross_validation_equals_scikit_learn(ours):
    X, y = data()
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    theirs = getattr(peer, ours.__name__)
    cv = KFold(4, shuffle=True, random_state=0)
    found = ours(alphas=20, cv=cv).fit(X, y, weight)
    expected = theirs(alphas=20, cv=cv, **TIGHT).fit(X, y, weight)
    np.testing.assert_allclose(found.alphas_, expected.alphas_, rtol=1e-10)
    np.testing.assert_allclose(found.mse_path_, expected.mse_path_, rtol=1e-6)
    assert found.alpha_ == pytest.approx(expected.alpha_)
    np.testing.assert_allclose(found.coef_, expected.coef_, rtol=0, atol=1e-4)
    given = ours(alphas=[0.1, 2.0, 0.5], cv=cv).fit(sparse.csr_array(X), y)
    expected = theirs(alphas=[0.1, 2.0, 0.5], cv=cv, **TIGHT).fit(X, y)
    np.testing.assert_array_equal(given.alphas_, [2.0, 0.5, 0.1])
    np.testing.assert_allclose(given.mse_path_, expected.mse_path_, rtol=1e-6)


def test_elastic_net_cv_chooses_the_share_too():
    X, y = make_regression(80, 30, n_informative=4, noise=5, random_state=0)
    options = {"l1_ratio": [0.1, 0.9], "alphas": 10}
    found = ElasticNetCV(**options).fit(X, y)
    expected = peer.ElasticNetCV(**options, **TIGHT).fit(X, y)
    assert found.l1_ratio_ == expected.l1_ratio_
    np.testing.assert_allclose(found.alphas_, expected.alphas_, rtol=1e-10)
    np.testing.assert_allclose(found.mse_path_, expected.mse_path_, rtol=1e-5)


def test_warm_start_and_too_few_sweeps():
    X, y = make_regression(60, 200, n_informative=20, noise=1, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"did not converge within max_iter=1 iteration:"):
        Lasso(0.1, max_iter=1).fit(X, y)
    model = Lasso(0.1, warm_start=True).fit(X, y)
    before = model.coef_, model.n_iter_
    np.testing.assert_allclose(model.fit(X, y).coef_, before[0], rtol=0, atol=1e-9)
    assert model.n_iter_ < before[1]
    with pytest.raises(ValueError, match=r"warm_start needs data of the same shape as before"):
        model.fit(X[:, :3], y)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Ridge(np.array([1.0, 2.0])), r"alpha must be one number, or one for each of 1 targets"),
        (Ridge(np.array([-1.0])), r"alpha must be at least 0, got \[-1.\]"),
        (Ridge(positive=True, solver="svd"), r"positive=True needs solver='auto' or 'lbfgs', got"),
        (Ridge(solver="lbfgs"), r"solver='lbfgs' needs positive=True"),
        (RidgeCV([0.0, 1.0]), r"alphas must be numbers above 0, got \[0.0, 1.0\]"),
        (RidgeCV(cv=3, store_cv_results=True), r"need cv=None"),
        (Lasso(-1.0), r"'alpha' parameter of Lasso must be a float in the range"),
        (ElasticNetCV(l1_ratio=0.0), r"l1_ratio=0 needs alphas"),
        (ElasticNetCV(l1_ratio=[0.5, 2.0]), r"l1_ratio must lie between 0 and 1, got \[0.5, 2.0\]"),
        (LassoCV(alphas=[-1.0]), r"alphas must be numbers of at least 0, got \[-1.0\]"),
    ],
)
def test_errors(model, message):
    X, y = data()
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)


@pytest.mark.parametrize("model", [RidgeCV([1.0, "2"]), LassoCV(alphas=["0.1"])])
def test_texts_are_no_penalties(model):
    with pytest.raises(TypeError, match="alphas must hold real numbers"):
        model.fit(*data())


@pytest.mark.parametrize("name", ["Ridge", "RidgeCV", "Lasso", "ElasticNet"])
def test_a_column_of_targets_has_the_shapes_of_scikit_learn(name):
    X, y = data()
    ours = globals()[name]().fit(X, y[:, None])
    theirs = getattr(peer, name)().fit(X, y[:, None])
    for attribute in ("coef_", "intercept_"):
        assert np.shape(getattr(ours, attribute)) == np.shape(getattr(theirs, attribute))
    assert ours.predict(X).shape == theirs.predict(X).shape


# --- more columns than are looked at first --------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"positive": True}, {"fit_intercept": False}])
@pytest.mark.parametrize("l1_ratio", [0.5, 1.0])
@pytest.mark.parametrize("alpha", [0.05, 0.5])
def test_many_columns(alpha, l1_ratio, options):
    """Conditions of the minimum: the gradient in a column is its penalty, or below it."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 1200)) * rng.uniform(0.5, 2, 1200)
    X += 3 * options.get("fit_intercept", True)
    X[:, 7] = 1
    y = X[:, :30] @ rng.standard_normal(30) + rng.standard_normal(60)
    model = ElasticNet(alpha, l1_ratio=l1_ratio, **options).fit(X, y)
    gradient = X.T @ (X @ model.coef_ + model.intercept_ - y) / 60
    gradient += alpha * (1 - l1_ratio) * model.coef_
    l1, inside = alpha * l1_ratio, model.coef_ != 0
    np.testing.assert_allclose(gradient[inside], -l1 * np.sign(model.coef_[inside]), atol=1e-8)
    slopes = -gradient[~inside] if options.get("positive") else np.abs(gradient[~inside])
    assert slopes.max() <= l1 * (1 + 1e-8)
    assert 0 < inside.sum() < 100
    assert model.dual_gap_ < 1e-9
    assert np.mean(X @ model.coef_ + model.intercept_ - y) == pytest.approx(0, abs=1e-10) or (
        not model.fit_intercept
    )


def test_many_columns_of_a_path_and_of_a_warm_start():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((80, 900))
    y = X[:, :5] @ [3.0, -2, 1, 1, 1] + 0.1 * rng.standard_normal(80)
    ours = LassoCV(alphas=[0.5, 0.1, 0.02], cv=3).fit(X, y)
    theirs = peer.LassoCV(alphas=[0.5, 0.1, 0.02], cv=3, tol=1e-10, max_iter=100_000).fit(X, y)
    assert ours.alpha_ == theirs.alpha_
    np.testing.assert_allclose(ours.mse_path_, theirs.mse_path_, rtol=1e-4)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-5)
    warm = Lasso(0.5, warm_start=True).fit(X, y).set_params(alpha=0.02).fit(X, y)
    np.testing.assert_allclose(warm.coef_, Lasso(0.02).fit(X, y).coef_, rtol=0, atol=1e-10)
