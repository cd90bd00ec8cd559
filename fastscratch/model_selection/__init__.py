"""scikit-learn's searches and cross-validation, for networks in one compiled call.

Everything has scikit-learn's names, parameters and results: change the import. The fits of all
candidates and folds of an :class:`~fastscratch.neural_network.MLPClassifier` or
:class:`~fastscratch.neural_network.MLPRegressor`, alone or at the end of a Pipeline, are then done
together, each with the same bits as alone. Any other estimator is fitted as scikit-learn does it.

In `cv_results_` the fit time of a candidate has its share, by multiply-adds, of the time in which
all networks were trained together.
"""

from .searches import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)
from .validation import (
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    validation_curve,
)

__all__ = [
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "RandomizedSearchCV",
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "learning_curve",
    "validation_curve",
]
