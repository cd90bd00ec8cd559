"""Cross-validation, with the fits of all folds done together."""

import functools
from collections.abc import Callable
from typing import Any

from sklearn import model_selection

from ..neural_network.together import fitted_together

__all__ = [
    "cross_val_predict",
    "cross_val_score",
    "cross_validate",
    "learning_curve",
    "validation_curve",
]


def _together(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of scikit-learn that fits an estimator many times, with the fits done together."""

    @functools.wraps(function)
    def wrapped(estimator: Any, X: Any, *args: Any, **options: Any) -> Any:
        with fitted_together(estimator, X, options.get("n_jobs")):
            return function(estimator, X, *args, **options)

    return wrapped


cross_val_predict = _together(model_selection.cross_val_predict)
cross_val_score = _together(model_selection.cross_val_score)
cross_validate = _together(model_selection.cross_validate)
learning_curve = _together(model_selection.learning_curve)
validation_curve = _together(model_selection.validation_curve)
