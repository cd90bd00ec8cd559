"""Linear models with the interface of scikit-learn: for pipelines, grid searches, data frames.

They need scikit-learn, ``pip install 'fastscratch[sklearn]'``, and are not loaded by
``import fastscratch``. What they fit is computed by the kernels; :mod:`fastscratch.regression` has
the essay's regressions as functions that need NumPy only.
"""

import importlib

try:
    importlib.import_module("sklearn.callback")  # came with 1.9
except ImportError as error:
    raise ImportError(
        "fastscratch.linear_model needs scikit-learn 1.9 or newer: "
        "pip install 'fastscratch[sklearn]'"
    ) from error

from .linear_regression import LinearRegression
from .logistic_regression import LogisticRegression
from .summary import Summary

__all__ = ["LinearRegression", "LogisticRegression", "Summary"]
