"""Searches for the best parameters, with the fits of all candidates and folds done together."""

from typing import Any

from sklearn import model_selection
from sklearn.experimental import enable_halving_search_cv  # noqa: F401, it makes them importable

from ..neural_network.together import fitted_together
from .once import forget, with_memory

__all__ = [
    "GridSearchCV",
    "HalvingGridSearchCV",
    "HalvingRandomSearchCV",
    "RandomizedSearchCV",
]


class _Together:
    """Base of the searches."""

    estimator: Any
    n_jobs: int | None

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Run the search; parameters and results are those of scikit-learn."""
        given = self.estimator
        self.estimator = with_memory(given)
        try:
            with fitted_together(given, X, self.n_jobs):
                return super().fit(X, y, **params)  # type: ignore[misc]
        finally:
            self.estimator = given
            forget(getattr(self, "best_estimator_", None))


class GridSearchCV(_Together, model_selection.GridSearchCV):
    """scikit-learn's search over a grid, with the fits of networks done together."""


class RandomizedSearchCV(_Together, model_selection.RandomizedSearchCV):
    """scikit-learn's search over random parameters, with the fits of networks done together."""


class HalvingGridSearchCV(_Together, model_selection.HalvingGridSearchCV):
    """scikit-learn's halving search over a grid, with the fits of networks done together."""


class HalvingRandomSearchCV(_Together, model_selection.HalvingRandomSearchCV):
    """scikit-learn's halving search over random parameters, with fits of networks done together."""
