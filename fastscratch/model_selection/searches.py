"""Searches for the best parameters, with the fits of all candidates and folds done together."""

from typing import Any

from sklearn import model_selection
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401, it makes them importable
from sklearn.utils import check_random_state

from ..neural_network.continued import continued
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


class _Halving(_Together):
    """Base of the searches that drop candidates."""

    resource: str
    random_state: Any

    def fit(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Run the search; parameters and results are those of scikit-learn.

        With ``resource="max_iter"``, or that of the last step of a pipeline, candidates that are
        left go on with their training, and do not begin again. They end with the same bits.
        """
        path, _, name = self.resource.rpartition("__")
        if name != "max_iter":
            return super().fit(X, y, **params)
        given, seed = self.estimator, f"{path}__random_state".removeprefix("__")
        draws = given.get_params().get(seed, 0) is None
        if draws:  # else no fit would be the beginning of a longer one
            drawn = check_random_state(self.random_state).randint(2**31)
            self.estimator = clone(given).set_params(**{seed: drawn})
        try:
            with continued():
                return super().fit(X, y, **params)
        finally:
            self.estimator = given
            if draws and hasattr(self, "best_estimator_"):
                self.best_estimator_.set_params(**{seed: None})


class GridSearchCV(_Together, model_selection.GridSearchCV):
    """scikit-learn's search over a grid, with the fits of networks done together.

    Examples
    --------
    >>> from fastscratch import datasets, model_selection, neural_network
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPClassifier((8,), tol=0.01, random_state=0)
    >>> grid = {"learning_rate_init": [0.0001, 0.05]}
    >>> search = model_selection.GridSearchCV(network, grid, cv=3).fit(iris.data, iris.target)
    >>> search.best_params_
    {'learning_rate_init': 0.05}
    """


class RandomizedSearchCV(_Together, model_selection.RandomizedSearchCV):
    """scikit-learn's search over random parameters, with the fits of networks done together.

    Examples
    --------
    >>> from fastscratch import datasets, model_selection, neural_network
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPClassifier((8,), tol=0.01, random_state=0)
    >>> grid = {"learning_rate_init": [0.0001, 0.05]}
    >>> search = model_selection.RandomizedSearchCV(network, grid, n_iter=2, cv=3, random_state=0)
    >>> search.fit(iris.data, iris.target).best_params_
    {'learning_rate_init': 0.05}
    """


class HalvingGridSearchCV(_Halving, model_selection.HalvingGridSearchCV):
    """scikit-learn's halving search over a grid, with the fits of networks done together.

    Examples
    --------
    >>> from fastscratch import datasets, model_selection, neural_network
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPClassifier((8,), tol=0.01, random_state=0)
    >>> grid = {"learning_rate_init": [0.0001, 0.05]}
    >>> search = model_selection.HalvingGridSearchCV(network, grid, cv=3, random_state=0)
    >>> search.fit(iris.data, iris.target).best_params_
    {'learning_rate_init': 0.05}
    """


class HalvingRandomSearchCV(_Halving, model_selection.HalvingRandomSearchCV):
    """scikit-learn's halving search over random parameters, with fits of networks done together.

    Examples
    --------
    >>> from fastscratch import datasets, model_selection, neural_network
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPClassifier((8,), tol=0.01, random_state=0)
    >>> grid = {"learning_rate_init": [0.0001, 0.05]}
    >>> options = {"n_candidates": 2, "cv": 3, "random_state": 0}
    >>> search = model_selection.HalvingRandomSearchCV(network, grid, **options)
    >>> search.fit(iris.data, iris.target).best_params_
    {'learning_rate_init': 0.05}
    """
