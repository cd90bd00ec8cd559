"""Linear models with the interface of scikit-learn: for pipelines, grid searches, data frames.

They need scikit-learn, ``pip install 'fastscratch[sklearn]'``, and ``import fastscratch`` does not
load them. The kernels do the computing. :mod:`fastscratch.regression` has the essay's regressions
as functions that need only NumPy.
"""

from .. import estimators  # noqa: F401, imported first because its error says what to install
from .elastic_net import ElasticNet, Lasso
from .elastic_net_cv import ElasticNetCV, LassoCV
from .linear_regression import LinearRegression
from .logistic_regression import LogisticRegression
from .logistic_regression_cv import LogisticRegressionCV
from .ridge import Ridge
from .ridge_classifier import RidgeClassifier, RidgeClassifierCV
from .ridge_cv import RidgeCV
from .summary import Summary, Test

__all__ = [
    "ElasticNet",
    "ElasticNetCV",
    "Lasso",
    "LassoCV",
    "LinearRegression",
    "LogisticRegression",
    "LogisticRegressionCV",
    "Ridge",
    "RidgeCV",
    "RidgeClassifier",
    "RidgeClassifierCV",
    "Summary",
    "Test",
]
