"""Bagging: networks fitted to random samples of the rows, whose predictions are averaged."""

from typing import Any

import numpy as np
from sklearn import ensemble
from sklearn.utils.validation import check_is_fitted

from ..neural_network import MLPClassifier, MLPRegressor
from ..neural_network.together import fitted_together
from ..validation import as_number

__all__ = ["BaggingClassifier", "BaggingRegressor"]


class _Together:
    """Base of both: the members are fitted together."""

    estimator: Any
    n_jobs: int | None
    estimators_: list[Any]
    estimators_features_: list[np.ndarray]

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **fit_params: Any) -> Any:
        """Fit the members, each to a random sample of the rows.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,)
        sample_weight : array-like, shape (n,), optional
            Rows are drawn with probabilities in proportion to these.
        **fit_params
            Passed on to the ``fit`` of each member.

        Returns
        -------
        self
        """
        with fitted_together(self._get_estimator(), X, self.n_jobs):  # type: ignore[attr-defined]
            return super().fit(X, y, sample_weight, **fit_params)  # type: ignore[misc]

    def _of_members(self, method: str, X: Any) -> np.ndarray:
        """What each member predicts, one after the other along the first axis."""
        check_is_fitted(self)
        X = ensemble._bagging.validate_data(
            self, X, accept_sparse=["csr", "csc"], dtype=None, ensure_all_finite=False, reset=False
        )
        members = zip(self.estimators_, self.estimators_features_, strict=True)
        return np.stack([getattr(member, method)(X[:, columns]) for member, columns in members])


class BaggingClassifier(_Together, ensemble.BaggingClassifier):
    """scikit-learn's BaggingClassifier, with networks as members that are fitted together.

    All parameters, attributes and results are those of scikit-learn's, but by default the
    `estimator` is an :class:`~fastscratch.neural_network.MLPClassifier`. Each member ends with the
    same bits as if it were fitted alone.

    Examples
    --------
    >>> from fastscratch import datasets, ensemble, neural_network
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPClassifier((8,), tol=0.01, random_state=0)
    >>> bag = ensemble.BaggingClassifier(network, n_estimators=5, random_state=0)
    >>> bag.fit(iris.data, iris.target).predict_proba(iris.data[:1]).shape
    (1, 3)
    """

    def _get_estimator(self) -> Any:
        return MLPClassifier() if self.estimator is None else self.estimator

    def predict_proba(self, X: Any, return_std: bool = False, **params: Any) -> Any:
        """Mean probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        return_std : bool
            Also return the standard deviation of the members' probabilities.
        **params
            Passed on to the members.

        Returns
        -------
        ndarray, shape (n, n_classes), or two of them
        """
        mean = super().predict_proba(X, **params)
        if not return_std:
            return mean
        return mean, self._of_members("predict_proba", X).std(axis=0)


class BaggingRegressor(_Together, ensemble.BaggingRegressor):
    """scikit-learn's BaggingRegressor, with networks as members that are fitted together.

    All parameters, attributes and results are those of scikit-learn's, but by default the
    `estimator` is an :class:`~fastscratch.neural_network.MLPRegressor`. Each member ends with the
    same bits as if it were fitted alone.

    Examples
    --------
    >>> from fastscratch import datasets, ensemble, neural_network
    >>> iris = datasets.load_iris()
    >>> network = neural_network.MLPRegressor("squared_error", (8,), tol=0.01, max_iter=1000)
    >>> bag = ensemble.BaggingRegressor(network, n_estimators=5, random_state=0)
    >>> bag.fit(iris.data[:, :3], iris.data[:, 3]).predict(iris.data[:1, :3]).shape
    (1,)
    """

    def _get_estimator(self) -> Any:
        return MLPRegressor() if self.estimator is None else self.estimator

    def predict(self, X: Any, return_std: bool = False, **params: Any) -> Any:
        """Mean prediction of the members.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        return_std : bool
            Also return the standard deviation of the members' predictions: how much they differ,
            which is not how far the targets lie from their mean; see :meth:`predict_interval`.
        **params
            Passed on to the members.

        Returns
        -------
        ndarray, shape (n,), or two of them
        """
        mean = super().predict(X, **params)
        return (mean, self._of_members("predict", X).std(axis=0)) if return_std else mean

    def predict_interval(self, X: Any, level: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Intervals in which new targets lie with a given probability.

        The half-width is an order statistic of the errors with which the training rows were
        predicted by the members that have not seen them, so that about `level` of new targets from
        the same distribution are covered, whatever that distribution and however good the networks
        are. All intervals have the same width.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        level : float
            Above 0, below 1.

        Returns
        -------
        lower, upper : ndarray, shape (n,)

        Raises
        ------
        ValueError
            If `level` is out of range, or there are too few training rows for it.
        AttributeError
            If the members were fitted without ``oob_score=True``.

        Notes
        -----
        With n errors the half-width is the ``ceil((n + 1) level)``-th smallest: Johansson, Boström,
        Löfström and Linusson, "Regression conformal prediction with random forests" (2014).
        """
        check_is_fitted(self)
        level = as_number("level", level)
        if not 0 < level < 1:
            raise ValueError(f"level must be above 0 and below 1, got {level:g}")
        if not hasattr(self, "_out_of_bag_errors"):
            raise AttributeError("predict_interval needs a fit with oob_score=True")
        errors = self._out_of_bag_errors
        place = int(np.ceil((len(errors) + 1) * level))
        if place > len(errors):
            needed = int(np.ceil(level / (1 - level)))
            raise ValueError(
                f"level={level:g} needs at least {needed} training rows, got {len(errors)}"
            )
        mean = self.predict(X)
        return mean - errors[place - 1], mean + errors[place - 1]

    def _set_oob_score(self, X: Any, y: Any) -> None:
        super()._set_oob_score(X, y)
        errors = np.abs(y - self.oob_prediction_)
        self._out_of_bag_errors = np.sort(errors[np.isfinite(errors)], axis=None)
