"""Summaries beside R's published output, statsmodels, and results on paper.

statsmodels is compared with where it is installed; bounds of 1e-8 are the rounding errors of sums
of some hundred numbers, in covariances of well conditioned columns, and in those of a logistic
regression its last Newton step.
"""

import copy
import importlib
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

import pandas as pd
from scipy import sparse, stats
from sklearn.datasets import load_diabetes, load_iris

from fastscratch import get_num_threads, set_num_threads
from fastscratch.linear_model import LinearRegression, LogisticRegression
from fastscratch.linear_model.tables import aligned, p_texts

#: R's data set `cars`, speed and distance; and of `mtcars` the columns `wt` and `am`.
CARS = """
4 4 7 7 8 9 10 10 10 11 11 12 12 12 12 13 13 13 13 14 14 14 14 15 15 15 16 16 17 17 17 18 18 18 18
19 19 19 20 20 20 20 20 22 23 24 24 24 24 25
2 10 4 22 16 10 18 26 34 17 28 14 20 24 28 26 34 34 46 26 36 60 80 20 26 54 32 40 32 40 50 42 56 76
84 36 46 68 32 48 52 56 64 66 54 70 92 93 120 85
"""
WEIGHTS = """
2.620 2.875 2.320 3.215 3.440 3.460 3.570 3.190 3.150 3.440 3.440 4.070 3.730 3.780 5.250 5.424
5.345 2.200 1.615 1.835 2.465 3.520 3.435 3.840 3.845 1.935 2.140 1.513 3.170 2.770 3.570 2.780
"""
SPEED, DIST = np.array(CARS.split(), float).reshape(2, 50)
WEIGHT = np.array(WEIGHTS.split(), float)
MANUAL = np.array([1] * 3 + [0] * 14 + [1] * 3 + [0] * 5 + [1] * 7)

EXACT = {"C": np.inf, "solver": "newton-cholesky", "tol": 1e-10}
ROBUST = ["HC0", "HC1", "HC2", "HC3"]


def cars():
    return LinearRegression().fit(pd.DataFrame({"speed": SPEED}), DIST)


def mtcars():
    return LogisticRegression(**EXACT).fit(pd.DataFrame({"wt": WEIGHT}), MANUAL)


def diabetes():
    """Data, a binary response, one of three classes, and clusters of samples."""
    X, y = load_diabetes(return_X_y=True)
    X = X[:, [0, 2, 3, 8]] * 20
    return X, y, (y > 140).astype(int), np.digitize(y, [100, 180]), np.arange(len(y)) % 37


def statsmodels():
    pytest.importorskip("statsmodels")
    return importlib.import_module("statsmodels.api")


# --- R's output -----------------------------------------------------------------------------------


def test_a_linear_summary_as_r_prints_it():
    """``summary(lm(dist ~ speed, cars))``, line by line."""
    lines = str(cars().summary()).splitlines()
    table = [
        "Residuals:",
        "    Min      1Q  Median      3Q     Max",
        "-29.069  -9.525  -2.272   9.215  43.201",
        "",
        "Coefficients:",
        "            Estimate Std. Error t value Pr(>|t|)",
        "(Intercept) -17.5791     6.7584  -2.601   0.0123 *",
        "speed         3.9324     0.4155   9.464 1.49e-12 ***",
    ]
    assert lines[2:10] == table
    assert "Residual standard error: 15.38 on 48 degrees of freedom" in lines
    assert "R-squared: 0.6511,  adjusted R-squared: 0.6438" in lines


def test_intervals_and_criteria_of_r():
    """``confint``, ``logLik``, ``AIC`` and ``BIC`` of the same model, and ``vcov``."""
    model = cars()
    expected = [[-31.167850, -3.990340], [3.096964, 4.767853]]
    assert model.conf_int()[0] == pytest.approx(np.array(expected), abs=5e-7)
    summary = model.summary()
    assert summary.log_likelihood == pytest.approx(-206.5784, abs=5e-5)
    assert summary.aic == pytest.approx(419.1569, abs=5e-5)
    assert summary.bic == pytest.approx(424.8929, abs=5e-5)
    # sigma**2 (X'X)**-1, of which 15.38**2 / sum((speed - mean)**2) is the last number.
    D = np.column_stack([np.ones(50), SPEED])
    squares = ((DIST - model.predict(pd.DataFrame({"speed": SPEED}))) ** 2).sum() / 48
    assert model.vcov() == pytest.approx(squares * np.linalg.inv(D.T @ D), rel=1e-10)


def test_a_logistic_summary_of_r():
    """``summary(glm(am ~ wt, binomial, mtcars))``."""
    model = mtcars()
    text = str(model.summary())
    assert "(Intercept)   12.040      4.510   2.670  0.00759 **" in text
    assert "wt            -4.024" in text
    # R's weights are those of the step before the last, which changes the fourth digit.
    assert model.summary().standard_errors[0, 1] == pytest.approx(1.436, abs=1e-3)
    assert model.summary().p_values[0, 1] == pytest.approx(0.00509, abs=1e-5)
    assert "Null deviance: 43.2297 on 31 degrees of freedom" in text
    assert "Residual deviance: 19.176" in text
    assert model.summary().aic == pytest.approx(23.176, abs=5e-4)
    assert model.summary().pseudo_r2 == pytest.approx(1 - 19.176 / 43.230, abs=1e-4)


def test_numbers_have_the_decimals_that_they_need():
    assert aligned([1.5, 0.25, 100.0], digits=4) == ["1.50", "0.25", "100.00"]
    assert aligned([12.3456, 0.0123456], digits=4) == ["12.34560", "0.01235"]
    assert aligned([1e12, 1e-6], digits=4) == ["1e+12", "1e-06"]
    assert aligned([np.nan, 2.0], digits=4) == ["nan", "2"]
    assert p_texts(np.array([0.5, 0.0123, 1e-5, 1e-20])) == ["0.5000", "0.0123", "1e-05", "<2e-16"]


# --- on paper -------------------------------------------------------------------------------------


def test_robust_errors_of_two_means():
    """A dummy compares two means: the variance of each is that of its own group."""
    x, y = [[0.0], [0.0], [1.0], [1.0], [1.0]], [1.0, 3.0, 2.0, 5.0, 8.0]
    model = LinearRegression().fit(x, y)
    # Residuals -1, 1 and -3, 0, 3; leverages 1/2 and 1/3.
    mean, difference = 2 / 2**2, 2 / 2**2 + 18 / 3**2
    assert np.diag(model.vcov(cov_type="HC0")) == pytest.approx([mean, difference])
    assert np.diag(model.vcov(cov_type="HC1")) == pytest.approx(
        np.array([mean, difference]) * 5 / 3
    )
    second = 2 / 2**2 / (1 / 2) + 18 / 3**2 / (2 / 3)
    assert np.diag(model.vcov(cov_type="HC2"))[1] == pytest.approx(second)
    third = 2 / 2**2 / (1 / 2) ** 2 + 18 / 3**2 / (2 / 3) ** 2
    assert np.diag(model.vcov(cov_type="HC3"))[1] == pytest.approx(third)
    # Clusters {1, 2}, {3, 4} and {5}: sums of residuals 0, -3 and 3 of the second group.
    found = model.vcov(cov_type="HC0", groups=["a", "a", "b", "b", "c"])
    assert found[1, 1] == pytest.approx((9 + 9) / 3**2 * 3 / 2)
    found = model.vcov(groups=["a", "a", "b", "b", "c"])
    assert found[1, 1] == pytest.approx((9 + 9) / 3**2 * 3 / 2 * 4 / 3)


def test_effects_of_two_shares():
    """Shares of 1/4 and 1/2: the log-odds differ by log 3, and the effect is its mean slope."""
    x = np.repeat([0.0, 1.0], 4)[:, None]
    y = [0, 0, 0, 1, 0, 0, 1, 1]
    model = LogisticRegression(**EXACT).fit(x, y)
    # 1 / (n p (1 - p)) for each share.
    expected = [4 / 3, 4 / 3 + 1]
    assert np.diag(model.vcov()) == pytest.approx(expected, rel=1e-8)
    effects = model.marginal_effects()
    slope = (3 / 16 + 1 / 4) / 2
    assert effects.coefficients == pytest.approx(np.log(3) * slope, rel=1e-8)
    # Derivatives by the log-odds of the shares: b p (1 - p) (1 - 2 p) / 2, and the slope.
    by_first, by_second = 3 / 16 / 2 * np.log(3) / 2 - slope, 0 + slope
    variance = by_first**2 * 4 / 3 + by_second**2 * 1
    assert effects.standard_errors == pytest.approx(np.sqrt(variance), rel=1e-8)


def test_a_wald_test_of_all_slopes_is_the_f_test():
    model = cars()
    test = model.wald_test("speed")
    assert (test.df, test.distribution) == ((1, 48), "F")
    assert test.statistic == pytest.approx(89.57, abs=5e-3)  # R's
    assert test.statistic == pytest.approx(model.summary().statistics[0, 1] ** 2)
    assert test.p_value == pytest.approx(1.49e-12, rel=5e-3)
    assert "F: 89.57 on 1 and 48 df, p-value: 1.49e-12" in str(test)
    own = float(model.coef_[0])
    zero = model.wald_test([[0.0, 1.0]], values=own)
    assert (zero.statistic, zero.p_value) == (pytest.approx(0), pytest.approx(1))


def test_a_likelihood_ratio_of_deviances():
    X, _, y, _, _ = diabetes()
    larger, smaller = (LogisticRegression(**EXACT).fit(X[:, :k], y) for k in (4, 2))
    test = larger.lr_test(smaller)
    deviances = [-2 * model.summary().log_likelihood[0] for model in (smaller, larger)]
    assert test.statistic == pytest.approx(deviances[0] - deviances[1])
    assert test.df == (2,)
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, 2))
    assert larger.lr_test(smaller.summary()) == test
    with pytest.raises(ValueError, match="smaller must have fewer parameters than 3, got 5"):
        smaller.lr_test(larger)
    with pytest.raises(ValueError, match="smaller must be a fit to the same samples, got 441"):
        larger.lr_test(LogisticRegression(**EXACT).fit(X[1:, :2], y[1:]))
    with pytest.raises(ValueError, match="lr_test needs fits without a penalty"):
        larger.lr_test(LogisticRegression().fit(X[:, :2], y))
    with pytest.raises(TypeError, match="smaller must be a Summary, got int"):
        larger.lr_test(3)


# --- statsmodels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cov_type", ["nonrobust", *ROBUST, "cluster"])
def test_linear_covariances_equal_statsmodels(cov_type, weighted):
    sm = statsmodels()
    X, y, _, _, groups = diabetes()
    weight = np.random.default_rng(0).uniform(0.5, 3, len(y)) if weighted else np.ones(len(y))
    model = LinearRegression().fit(X, y, weight)
    peer = sm.WLS(y, sm.add_constant(X), weights=weight)
    if cov_type == "cluster":
        options = {"groups": groups}
        kwds = {"cov_kwds": options, "use_t": True}
    else:
        options, kwds = {"cov_type": cov_type}, {"use_t": True}
    theirs = peer.fit(cov_type=cov_type, **kwds)
    expected = theirs.cov_params()
    room = {"rtol": 1e-8, "atol": 1e-8 * np.diag(expected).min()}  # zeros, for centred columns
    np.testing.assert_allclose(model.vcov(**options), expected, **room)
    np.testing.assert_allclose(model.conf_int(**options)[0], theirs.conf_int(), rtol=1e-8)
    summary = model.summary(**options)
    np.testing.assert_allclose(summary.p_values[0], theirs.pvalues, rtol=1e-7)
    ours, peers = model.wald_test(["x1", "x3"], **options), [[0, 0, 1, 0, 0], [0, 0, 0, 0, 1]]
    expected = theirs.wald_test(np.array(peers, float), scalar=True)
    assert ours.statistic == pytest.approx(float(expected.statistic), rel=1e-8)
    assert ours.p_value == pytest.approx(float(expected.pvalue), rel=1e-7)


@pytest.mark.parametrize("cov_type", ["nonrobust", "HC0", "cluster"])
@pytest.mark.parametrize("classes", [2, 3])
def test_logistic_covariances_equal_statsmodels(classes, cov_type):
    sm = statsmodels()
    X, _, two, three, groups = diabetes()
    y = two if classes == 2 else three
    model = LogisticRegression(**EXACT).fit(X, y)
    peer = (sm.Logit if classes == 2 else sm.MNLogit)(y, sm.add_constant(X))
    options = {"groups": groups} if cov_type == "cluster" else {"cov_type": cov_type}
    kwds = {"cov_kwds": options} if cov_type == "cluster" else {}
    theirs = peer.fit(method="newton", tol=1e-14, disp=0, cov_type=cov_type, **kwds)
    np.testing.assert_allclose(model.vcov(**options), theirs.cov_params(), rtol=1e-8, atol=1e-12)
    summary = model.summary(**options)
    assert summary.bic == pytest.approx(theirs.bic)
    assert summary.pseudo_r2 == pytest.approx(theirs.prsquared)
    effects, expected = model.marginal_effects(**options), theirs.get_margeff()
    found = effects.coefficients[0] if classes == 2 else effects.coefficients.T
    np.testing.assert_allclose(found, expected.margeff, rtol=1e-8)
    if cov_type == "nonrobust":
        found = effects.standard_errors[0] if classes == 2 else effects.standard_errors.T
        np.testing.assert_allclose(found, expected.margeff_se, rtol=1e-8)


# --- robust errors of a logistic regression -------------------------------------------------------


def test_robust_logistic_errors_by_their_formulas():
    """As ``sandwich::vcovHC``: leverages of the weighted regression, and n / (n - k)."""
    X, _, y, _, _ = diabetes()
    model = LogisticRegression(**EXACT).fit(X, y)
    D = np.column_stack([np.ones(len(X)), X])
    p = model.predict_proba(X)[:, 1]
    bread = np.linalg.inv((D * (p * (1 - p))[:, None]).T @ D)
    leverage = p * (1 - p) * ((D @ bread) * D).sum(axis=1)
    factors = {
        "HC0": 1,
        "HC1": len(y) / (len(y) - 5),
        "HC2": 1 / (1 - leverage),
        "HC3": 1 / (1 - leverage) ** 2,
    }
    for cov_type, factor in factors.items():
        middle = (D * (factor * (y - p) ** 2)[:, None]).T @ D
        np.testing.assert_allclose(
            model.vcov(cov_type=cov_type), bread @ middle @ bread, rtol=1e-7, atol=1e-12
        )
    several = LogisticRegression(**EXACT).fit(X, diabetes()[3])
    with pytest.raises(ValueError, match="cov_type='HC3' needs one output, got several classes"):
        several.summary(cov_type="HC3")


def test_a_weight_counts_as_samples_in_robust_errors():
    X, _, y, _, _ = diabetes()
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    model = LogisticRegression(**EXACT).fit(X, y, weight)
    repeated = LogisticRegression(**EXACT).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    expected = repeated.vcov(cov_type="HC0")
    np.testing.assert_allclose(model.vcov(cov_type="HC0"), expected, rtol=1e-7, atol=1e-12)
    effects = [m.marginal_effects(cov_type="HC0") for m in (model, repeated)]
    assert effects[0].standard_errors == pytest.approx(effects[1].standard_errors, rel=1e-7)


def test_labels_and_sparse_data():
    X, _, two, three, groups = diabetes()
    Y = np.column_stack([two, three == 2])
    X = np.where(np.abs(X) < 0.5, 0, X)
    model = LogisticRegression(**EXACT).fit(sparse.csr_array(X), Y)
    for method in ({"cov_type": "HC1"}, {"groups": groups}):
        for o in range(2):
            alone = LogisticRegression(**EXACT).fit(X, Y[:, o])
            np.testing.assert_allclose(
                model.vcov(**method)[o], alone.vcov(**method), rtol=1e-6, atol=1e-12
            )
            own = alone.marginal_effects(**method).standard_errors[0]
            assert model.marginal_effects(**method).standard_errors[o] == pytest.approx(own)


# --- bootstrap ------------------------------------------------------------------------------------


def drawn(seed, n, fits):
    """The counts of a bootstrap, from the same random numbers: each 64 fits have a seed."""
    seeds = np.random.RandomState(seed).randint(2**32, size=-(-fits // 64), dtype=np.uint32)
    draws = [np.random.RandomState(one).randint(n, size=(64, n)) for one in seeds]
    return [np.bincount(row, minlength=n) for row in np.concatenate(draws)[:fits]]


@pytest.mark.parametrize("classes", [1, 2, 3])
def test_a_bootstrap_is_as_many_fits(classes):
    X, line, two, three, _ = diabetes()
    y = {1: line, 2: two, 3: three}[classes]
    weight = np.random.default_rng(0).integers(0, 3, len(y)).astype(float)
    model = LinearRegression() if classes == 1 else LogisticRegression(**EXACT)
    summary = model.fit(X, y, weight).summary(bootstrap=6, random_state=3)
    kept = weight > 0
    X, y, weight = X[kept], y[kept], weight[kept]
    for found, counts in zip(summary.draws, drawn(3, len(y), 6), strict=True):
        own = copy.deepcopy(model).fit(X, y, counts * weight).summary()
        np.testing.assert_allclose(found, own.coefficients, rtol=1e-6)
    assert summary.standard_errors == pytest.approx(summary.draws.std(axis=0, ddof=1))
    tails = np.quantile(summary.draws, [0.05, 0.95], axis=0)
    assert summary.conf_int(0.9) == pytest.approx(np.moveaxis(tails, 0, -1))
    assert "2.5 %" in str(summary)
    assert "standard errors and intervals from 6 bootstrap samples" in str(summary)


def test_a_bootstrap_draws_clusters():
    X, y, _, _, groups = diabetes()
    summary = LinearRegression().fit(X, y).summary(bootstrap=4, random_state=0, groups=groups)
    for found, counts in zip(summary.draws, drawn(0, 37, 4), strict=True):
        own = LinearRegression().fit(X, y, counts[groups])
        np.testing.assert_allclose(found[0, 1:], own.coef_, rtol=1e-8)


def test_bootstrap_errors_are_near_the_robust_ones():
    """Both hold if variances differ; the standard deviation of 2000 draws is off by 1.6%."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((2000, 2))
    y = X @ [1, 2] + X[:, 0] ** 2 * rng.standard_normal(2000)
    model = LinearRegression().fit(X, y)
    errors = model.summary(bootstrap=2000, random_state=0).standard_errors
    assert errors == pytest.approx(model.summary(cov_type="HC0").standard_errors, rel=0.06)
    classes = (y > 0).astype(int)
    model = LogisticRegression(**EXACT).fit(X, classes)
    errors = model.summary(bootstrap=2000, random_state=0).standard_errors
    assert errors == pytest.approx(model.summary(cov_type="HC0").standard_errors, rel=0.08)


def test_a_bootstrap_has_the_same_bits_for_any_number_of_threads():
    X, y, two, _, _ = diabetes()
    models = LinearRegression().fit(X, y), LogisticRegression(**EXACT).fit(X, two)
    most = get_num_threads()
    draws = [model.summary(bootstrap=50, random_state=1).draws for model in models]
    try:
        set_num_threads(1)
        for model, expected in zip(models, draws, strict=True):
            found = model.summary(bootstrap=50, random_state=1).draws
            assert found.tobytes() == expected.tobytes()
    finally:
        set_num_threads(most)


def test_n_jobs_are_as_joblib_takes_them():
    model = LinearRegression().fit(*diabetes()[:2])
    with pytest.raises(ValueError, match="n_jobs must be above 0, or below for all"):
        model.summary(bootstrap=10, n_jobs=0)
    with pytest.raises(TypeError, match="n_jobs"):
        model.conf_int(bootstrap=10, n_jobs="all")


def test_samples_without_a_solution_are_left_out():
    x = np.array([[0.0], [0.0], [0.0], [1.0]])  # many samples lack the last row
    summary = LinearRegression().fit(x, [1.0, 2.0, 4.0, 8.0]).summary(bootstrap=200, random_state=0)
    without = sum(counts[3] == 0 or counts[3] == 4 for counts in drawn(0, 4, 200))
    assert len(summary.draws) == 200 - without < 200
    assert f"{without} samples, in which columns depend on each other, are left out" in str(summary)
    y = [0, 0, 1, 0, 1, 1, 0, 1]
    model = LogisticRegression(**EXACT).fit(np.arange(8.0)[:, None], y)
    summary = model.summary(bootstrap=200, random_state=0)
    assert 100 < len(summary.draws) < 200  # in the others a number separates the classes
    assert np.abs(summary.draws).max() < 1000
    assert "or the likelihood has no maximum, are left out" in str(summary)


# --- what is needed, and what is not known --------------------------------------------------------


def test_a_saved_model_and_one_of_partial_fits_have_no_samples():
    X, y, two, _, _ = diabetes()
    line, logistic = LinearRegression().fit(X, y), LogisticRegression(**EXACT).fit(X, two)
    for model in (line, logistic):
        saved = pickle.dumps(model)
        assert len(saved) < 8 * X.size
        again = pickle.loads(saved)
        assert again.summary().p_values == pytest.approx(model.summary().p_values)
        assert again.summary().residual_quantiles is None
        for method in ({"cov_type": "HC1"}, {"bootstrap": 10}):
            with pytest.raises(ValueError, match="need the samples, which are known after a fit"):
                again.summary(**method)
    line.partial_fit(X, y)
    with pytest.raises(ValueError, match="need the samples"):
        line.summary(cov_type="HC1")


def test_data_that_have_changed_are_refused():
    X, y, two, _, _ = diabetes()
    for model, target in ((LinearRegression(), y.copy()), (LogisticRegression(**EXACT), two)):
        own = X.copy()
        model.fit(own, target)
        model.summary(cov_type="HC1")
        own[:, 2] *= 1.5
        with pytest.raises(ValueError, match="arrays that were fitted to have changed since"):
            model.summary(cov_type="HC1")


@pytest.mark.parametrize(
    ("method", "error", "message"),
    [
        ({"bootstrap": 1}, ValueError, "bootstrap must be 0, for none, or at least 2, got 1"),
        ({"bootstrap": 2.5}, TypeError, "bootstrap must be an integer"),
        ({"cov_type": "HC9"}, ValueError, "cov_type must be one of"),
        ({"bootstrap": 9, "cov_type": "HC1"}, ValueError, "bootstrap needs cov_type=None, got"),
        ({"groups": [1, 2]}, ValueError, "groups must have one entry for each of 442 samples"),
        ({"groups": [[1, 2]]}, ValueError, "groups must be 1-D, got shape"),
        ({"groups": [1] * 442}, ValueError, "groups must name at least two clusters, got one"),
        ({"groups": range(442), "cov_type": "HC3"}, ValueError, "groups need cov_type='HC0' or"),
    ],
)
def test_errors(method, error, message):
    X, y, two, _, _ = diabetes()
    for model, target in ((LinearRegression(), y), (LogisticRegression(**EXACT), two)):
        with pytest.raises(error, match=message):
            model.fit(X, target).summary(**method)


def test_a_bootstrap_needs_coefficients_that_are_determined():
    X, y, two, _, _ = diabetes()
    twice = np.column_stack([X, X[:, :1]])
    for model in (LinearRegression(positive=True).fit(X, y), LinearRegression().fit(twice, y)):
        with pytest.raises(ValueError, match="a bootstrap needs columns that do not depend on"):
            model.summary(bootstrap=10)
    model = LogisticRegression(**EXACT).fit(twice, two)
    with pytest.raises(ValueError, match="needs a model with standard errors, but: no standard"):
        model.summary(bootstrap=10)


def test_errors_of_levels_hypotheses_and_penalties():
    model = cars()
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got 95"):
        model.conf_int(95)
    with pytest.raises(ValueError, match=r"hypotheses must name coefficients among .*, got 'x'"):
        model.wald_test(["x"])
    with pytest.raises(ValueError, match="hypotheses must name at least one coefficient, got none"):
        model.wald_test([])
    with pytest.raises(ValueError, match=r"must have a column for each of 2 .* got shape \(1, 3\)"):
        model.wald_test([[1.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="must not depend on each other, got 2 of rank 1"):
        model.wald_test([[0.0, 1.0], [0.0, 2.0]])
    X, _, two, _, _ = diabetes()
    penalised = LogisticRegression().fit(X, two)
    with pytest.raises(ValueError, match=r"need a fit without a penalty, C=np.inf, got C=1"):
        penalised.summary(cov_type="HC1")
    assert np.isnan(penalised.summary().bic).all()
    assert np.isnan(penalised.marginal_effects().standard_errors).all()
    assert np.isfinite(penalised.marginal_effects().coefficients).all()


# --- data frames ----------------------------------------------------------------------------------


def test_summaries_as_data_frames():
    frame = cars().summary().to_frame()
    assert list(frame.index) == ["(Intercept)", "speed"]
    assert frame.loc["speed", "estimate"] == pytest.approx(3.9324, abs=5e-5)
    assert frame.loc["speed", "conf_high"] == pytest.approx(4.767853, abs=5e-7)
    X, y = load_iris(return_X_y=True)
    X, y = X[50:], y[50:]
    several = LogisticRegression(**EXACT).fit(X[:, :2], y + (X[:, 1] > 3)).summary().to_frame(0.9)
    assert several.index.names == ["equation", "term"]
    assert len(several) == 2 * 3
