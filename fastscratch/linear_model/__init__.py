"""Linear models with the interface of scikit-learn: for pipelines, grid searches, data frames.

They need scikit-learn, ``pip install 'fastscratch[sklearn]'``, and are not loaded by
``import fastscratch``. What they fit is computed by the kernels; :mod:`fastscratch.regression` has
the essay's regressions as functions that need NumPy only.
"""

from .. import estimators  # noqa: F401, first, for it says what is missing
from .linear_regression import LinearRegression
from .logistic_regression import LogisticRegression
from .summary import Summary

__all__ = ["LinearRegression", "LogisticRegression", "Summary"]
