"""The estimators pass every check that scikit-learn has for its own."""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from fastscratch.linear_model import LinearRegression, LogisticRegression


# Some checks fit random numbers, or classes that a plane separates, with max_iter=1 or no penalty.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        LinearRegression(),
        LinearRegression(fit_intercept=False),
        LinearRegression(positive=True),
        LinearRegression(solver="gradient-descent", max_iter=10_000),
        LogisticRegression(),
        LogisticRegression(solver="newton-cholesky"),
        LogisticRegression(solver="newton-cholesky", C=float("inf"), warm_start=True),
        LogisticRegression(solver="fista", l1_ratio=0.5, max_iter=1000),
        LogisticRegression(solver="gradient-descent", max_iter=10_000),
    ]
)
def test_check_estimator(estimator, check):
    check(estimator)
