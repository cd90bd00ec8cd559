"""Ridge regression that chooses its penalty, as an estimator of scikit-learn."""

from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.metrics import get_scorer, get_scorer_names
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import Interval, StrOptions

from ..validation import as_array
from .centring import Centred
from .ridge import BaseRidge, Ridge, Ridges

__all__ = ["RidgeCV"]


class RidgeCV(BaseRidge):
    """Ridge regression that chooses its penalty by leaving out each sample once.

    Leaving one out needs no refits: the error is the residual over one minus the share that a
    sample has in its own fitted value.

    Parameters
    ----------
    alphas : array-like, default=(0.1, 1.0, 10.0)
        Penalties to choose from, above 0 (at least 0 with `cv`).
    fit_intercept : bool, default=True
    scoring : str, callable or None, default=None
        Of the predictions of the samples that are left out; None is the negative mean squared
        error. Only with `cv` it can be a callable that uses the estimator.
    cv : int, splitter or None, default=None
        None leaves one out; anything else is a grid search over :class:`Ridge`.
    gcv_mode : {"auto", "svd", "eigen"} or None, default=None
        Has no effect: there is one way, through singular values.
    store_cv_results : bool, default=False
        Keep the errors (or with `scoring`, predictions) of the samples that are left out.
    alpha_per_target : bool, default=False
        Choose a penalty for each target; only without `cv`.

    Attributes
    ----------
    alpha_ : float or ndarray, shape (n_targets,)
    best_score_ : float or ndarray, shape (n_targets,)
    coef_ : ndarray, shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray, shape (n_targets,)
    cv_results_ : ndarray, shape (n, n_alphas) or (n, n_targets, n_alphas)
        With `store_cv_results` and without `cv`.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    A sparse `X` is made dense. Kernel: ``qr_update``.

    Examples
    --------
    >>> from fastscratch.linear_model import RidgeCV
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0.0, 1.1, 1.9, 3.0]
    >>> float(RidgeCV(alphas=[0.01, 1.0, 100.0]).fit(X, y).alpha_)
    0.01
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        "alphas": ["array-like", Interval(Real, 0, None, closed="left")],
        "fit_intercept": ["boolean"],
        "scoring": [StrOptions(set(get_scorer_names())), callable, None],
        "cv": ["cv_object"],
        "gcv_mode": [StrOptions({"auto", "svd", "eigen"}), None],
        "store_cv_results": ["boolean"],
        "alpha_per_target": ["boolean"],
    }

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: str | None = None,
        store_cv_results: bool = False,
        alpha_per_target: bool = False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode
        self.store_cv_results = store_cv_results
        self.alpha_per_target = alpha_per_target

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "RidgeCV":
        """Choose the penalty, and fit to all samples with it.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_targets)
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or the penalties are not as described.
        """
        alphas = self._checked_alphas()
        X, y, weight = self._checked(X, y, sample_weight)
        if self.cv is not None:
            return self._search(alphas, X, y, weight)
        dense = X.toarray() if sparse.issparse(X) else X
        centred = Centred.of(dense, y, weight, self.fit_intercept)
        design, n_targets = centred.design(), centred.targets.shape[1]
        ridges = Ridges(design, centred.targets)
        own = np.zeros(len(y))  # of a fitted value, what the intercept makes of the sample itself
        if self.fit_intercept:
            own = centred.root**2 / (centred.root**2).sum()
        scores, results = [], []
        for alpha in alphas:
            coef = ridges.coefficients(np.full(n_targets, alpha))
            left = 1 - own - ridges.leverages(design, alpha)
            errors = (centred.targets - design @ coef) / left[:, None]
            with np.errstate(divide="ignore", invalid="ignore"):
                of_data = errors / centred.root[:, None]
            predicted = y.reshape(len(y), -1) - np.where(centred.root[:, None] > 0, of_data, 0)
            scores.append(self._scores_of(errors, predicted, y, weight))
            results.append(errors**2 if self.scoring is None else predicted)
        best = np.argmax(scores, axis=0)
        self.alpha_ = alphas[best]
        self.best_score_ = np.take_along_axis(np.array(scores), best[None], axis=0)[0]
        if not self.alpha_per_target or n_targets == 1:
            self.alpha_, self.best_score_ = self.alpha_[0], self.best_score_[0]
        if self.store_cv_results:
            self.cv_results_ = np.stack(results, axis=-1)
            if y.ndim == 1:
                self.cv_results_ = self.cv_results_[:, 0]
        penalties = np.broadcast_to(self.alpha_, n_targets)
        self._set(ridges.coefficients(penalties), centred, y.ndim)
        return self

    def _checked_alphas(self) -> np.ndarray:
        alphas = np.atleast_1d(as_array("alphas", self.alphas))
        low = "at least 0" if self.cv is not None else "above 0"
        wrong = (alphas < 0) if self.cv is not None else (alphas <= 0)
        if alphas.ndim != 1 or not alphas.size or wrong.any():
            raise ValueError(f"alphas must be numbers {low}, got {self.alphas}")
        if self.cv is not None and (self.store_cv_results or self.alpha_per_target):
            raise ValueError("store_cv_results and alpha_per_target need cv=None, got cv")
        return alphas

    def _scores_of(
        self, errors: np.ndarray, predicted: np.ndarray, y: np.ndarray, weight: np.ndarray | None
    ) -> np.ndarray:
        """The score of each target, or of all targets together, shape (1,)."""
        if self.scoring is None:
            means = -(errors**2).mean(axis=0)
            return means if self.alpha_per_target else means.mean(keepdims=True)
        scorer = get_scorer(self.scoring)
        given = {} if weight is None else {"sample_weight": weight}
        targets = y.reshape(len(y), -1)
        if self.alpha_per_target:
            pairs = zip(predicted.T, targets.T, strict=True)
            return np.array([scorer(_Known(), p, target, **given) for p, target in pairs])
        return np.array([scorer(_Known(), predicted.reshape(y.shape), y, **given)])

    def _search(
        self, alphas: np.ndarray, X: Any, y: np.ndarray, weight: np.ndarray | None
    ) -> "RidgeCV":
        search = GridSearchCV(
            Ridge(fit_intercept=self.fit_intercept),
            {"alpha": alphas},
            cv=self.cv,
            scoring=self.scoring,
        )
        search.fit(X, y, **({} if weight is None else {"sample_weight": weight}))
        best = search.best_estimator_
        self.alpha_, self.best_score_ = best.alpha, search.best_score_
        self.coef_, self.intercept_ = best.coef_, best.intercept_
        return self


class _Known(RegressorMixin, BaseEstimator):
    """Predicts what it is given, so that a scorer can judge predictions that are known."""

    def predict(self, predictions: np.ndarray) -> np.ndarray:
        return predictions
