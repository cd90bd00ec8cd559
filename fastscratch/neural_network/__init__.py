"""Neural networks with the interface of scikit-learn: for pipelines, grid searches, data frames.

They need scikit-learn, ``pip install 'fastscratch[sklearn]'``, and ``import fastscratch`` does not
load them. Each trains a :class:`~fastscratch.Sequential`.
"""

from .. import estimators  # noqa: F401, imported first because its error says what to install
from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
