"""The estimators pass every check that scikit-learn has for its own."""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from fastscratch.linear_model import (
    ElasticNet,
    ElasticNetCV,
    Lasso,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
)

# Some checks fit random numbers, or classes that a plane separates, with max_iter=1 or no penalty.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@parametrize_with_checks([LinearRegression(), Ridge(), ElasticNet(), LogisticRegression()])
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        LinearRegression(fit_intercept=False),
        LinearRegression(positive=True),
        LinearRegression(solver="gradient-descent", max_iter=10_000),
        Ridge(positive=True),
        RidgeCV(),
        RidgeCV(cv=3),
        Lasso(),
        ElasticNet(positive=True),
        LassoCV(alphas=5),
        ElasticNetCV(alphas=5),
        LogisticRegression(solver="liblinear"),
        LogisticRegression(solver="saga", l1_ratio=0.5),
        LogisticRegression(solver="newton-cholesky"),
        LogisticRegression(solver="newton-cholesky", C=float("inf"), warm_start=True),
        LogisticRegression(solver="fista", l1_ratio=0.5, max_iter=1000),
        LogisticRegression(solver="gradient-descent", max_iter=10_000),
        LogisticRegressionCV(Cs=3, cv=3),
        RidgeClassifier(),
        RidgeClassifierCV(),
        RidgeClassifierCV(cv=3),
    ]
)
def test_check_estimator_with_other_arguments(estimator, check):
    check(estimator)
