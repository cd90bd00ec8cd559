"""Neural networks with the interface of scikit-learn: for pipelines, grid searches, data frames.

They need scikit-learn, ``pip install 'fastscratch[sklearn]'``, and are not loaded by
``import fastscratch``. Inside stands a :class:`~fastscratch.Sequential`.
"""

from .. import estimators  # noqa: F401, first, for it says what is missing
from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
