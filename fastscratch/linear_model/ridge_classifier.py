"""Ridge regression of classes, whose targets are -1 and 1, as estimators of scikit-learn."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from ..estimators import LabelsMixin, checked_data, checked_weights
from .ridge import Ridge
from .ridge_cv import RidgeCV

__all__ = ["RidgeClassifier", "RidgeClassifierCV"]


class _OfSigns(LabelsMixin, BaseEstimator):
    """What both share: targets of -1 and 1, and predictions from the scores."""

    class_weight: Any
    coef_: np.ndarray
    intercept_: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        return tags

    def _signs(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray | None]:
        """Checked samples and classes, a column of -1 and 1 for each class, and weights."""
        X, y = checked_data(self, X, y, accept_sparse="csr", dtype=np.float64, multi_output=True)
        y = self._checked_classes(y)
        self._learn_classes(y)
        if self._multilabel:
            is_one = y == 1
        else:
            named = self.classes_[1:] if self.classes_.size == 2 else self.classes_
            is_one = y[:, None] == named
        weight = None if sample_weight is None else checked_weights(sample_weight, X)
        if self.class_weight is not None:
            ones = np.ones(len(y))  # "balanced" counts samples, as in scikit-learn
            weight = ones if weight is None else weight
            for column in y.T if self._multilabel else [y]:
                weight = weight * self._class_factors(self.class_weight, column, ones)
        return X, y, np.where(is_one, 1.0, -1.0), weight

    def _keep(self, fitted: Any) -> None:
        """Take the attributes of the regression over."""
        self.coef_, self.intercept_ = fitted.coef_, fitted.intercept_

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores, above 0 for the second of two classes or for a label; else one for each class.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n,), (n, n_classes) or (n, n_labels)
        """
        check_is_fitted(self)
        X = checked_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return X @ self.coef_.T + self.intercept_

    _scores = decision_function


class RidgeClassifier(_OfSigns):
    """Classification by a ridge regression whose targets are -1 and 1.

    The class whose regression predicts the largest number is the prediction; of two classes the
    second, if it is above 0.

    Parameters
    ----------
    alpha, fit_intercept, copy_X, max_iter, tol
        See :class:`Ridge`.
    class_weight : dict or "balanced", default=None
        Weight of each class; ``"balanced"`` is inversely proportional to how often it occurs.
    solver, positive, random_state
        See :class:`Ridge`.

    Attributes
    ----------
    coef_ : ndarray, shape (n_features,), (n_classes, n_features) or (n_labels, n_features)
    intercept_ : float or ndarray of as many numbers
    n_iter_ : ndarray of int
    classes_ : ndarray, shape (n_classes,)
        With several labels: their column numbers.
    solver_ : {"cholesky", "svd", "lsqr", "nnls"}
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    Kernel: ``qr_update``.

    Examples
    --------
    >>> from fastscratch.linear_model import RidgeClassifier
    >>> model = RidgeClassifier().fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[2.5]])
    array(['yes'], dtype='<U3')
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        **Ridge._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        class_weight: Any = None,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.class_weight = class_weight
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "RidgeClassifier":
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_labels)
            Classes; or a column of 0 and 1 for each label.
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or the penalties are not as described, or there is only one class.
        """
        arguments = self.get_params()
        del arguments["class_weight"]
        X, _, signs, weight = self._signs(X, y, sample_weight)
        fitted = Ridge(**arguments).fit(X, signs, weight)
        self._keep(fitted)
        self.n_iter_, self.solver_ = fitted.n_iter_, fitted.solver_
        return self


class RidgeClassifierCV(_OfSigns):
    """A :class:`RidgeClassifier` that chooses its penalty, by leaving out each sample once.

    Parameters
    ----------
    alphas, fit_intercept : see :class:`RidgeCV`
    scoring : str, callable or None, default=None
        Of the samples that are left out; None is the negative mean squared error of the targets
        -1 and 1, or with `cv` the accuracy.
    cv : int, splitter or None, default=None
        None leaves one out; anything else is a grid search over :class:`RidgeClassifier`.
    class_weight : dict or "balanced", default=None
    store_cv_results : bool, default=False
        Keep the errors (or with `scoring`, predictions) of the samples that are left out.

    Attributes
    ----------
    alpha_, best_score_ : float
    coef_ : ndarray, shape (n_features,), (n_classes, n_features) or (n_labels, n_features)
    intercept_ : float or ndarray of as many numbers
    classes_ : ndarray, shape (n_classes,)
        With several labels: their column numbers.
    cv_results_ : ndarray, shape (n, n_columns, n_alphas)
        With `store_cv_results` and without `cv`.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    Kernel: ``qr_update``.

    Examples
    --------
    >>> from fastscratch.linear_model import RidgeClassifierCV
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]
    >>> float(RidgeClassifierCV(alphas=[0.01, 100.0]).fit(X, y).alpha_)
    0.01
    """

    _parameter_constraints: dict[str, list[Any]] = {
        name: constraint
        for name, constraint in RidgeCV._parameter_constraints.items()
        if name not in ("gcv_mode", "alpha_per_target")
    } | {"class_weight": [dict, StrOptions({"balanced"}), None]}

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        class_weight: Any = None,
        store_cv_results: bool = False,
    ):
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.class_weight = class_weight
        self.store_cv_results = store_cv_results

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "RidgeClassifierCV":
        """Choose the penalty, and fit to all samples with it.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_labels)
            Classes; or a column of 0 and 1 for each label.
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the data or the penalties are not as described, or there is only one class.
        """
        X, classes, signs, weight = self._signs(X, y, sample_weight)
        if self.cv is not None:
            return self._search(X, classes, weight)
        keeps = self.store_cv_results or self.scoring is not None
        # Any scorer of numbers makes the results what was predicted of those left out.
        search = RidgeCV(
            self.alphas,
            fit_intercept=self.fit_intercept,
            scoring=None if self.scoring is None else "neg_mean_squared_error",
            store_cv_results=keeps,
        ).fit(X, signs, weight)
        self.alpha_, self.best_score_ = search.alpha_, search.best_score_
        if self.store_cv_results:
            self.cv_results_ = search.cv_results_
        fitted: Any = search
        if self.scoring is not None:
            alphas = np.atleast_1d(np.asarray(self.alphas, float))
            scores = [
                self._score(search.cv_results_[..., k], classes, weight) for k in range(alphas.size)
            ]
            best = int(np.argmax(scores))
            self.alpha_, self.best_score_ = alphas[best], scores[best]
            fitted = Ridge(self.alpha_, fit_intercept=self.fit_intercept).fit(X, signs, weight)
        self._keep(fitted)
        return self

    def _score(self, scores: np.ndarray, classes: np.ndarray, weight: np.ndarray | None) -> float:
        """The score of what was predicted of the samples that were left out."""
        several = self._multilabel or scores.shape[1] > 1
        known = _Known(self.classes_, self._multilabel)
        given = {} if weight is None else {"sample_weight": weight}
        scorer: Any = get_scorer(self.scoring)
        return float(scorer(known, scores if several else scores[:, 0], classes, **given))

    def _search(
        self, X: Any, classes: np.ndarray, weight: np.ndarray | None
    ) -> "RidgeClassifierCV":
        if self.store_cv_results:
            raise ValueError("store_cv_results needs cv=None, got cv")
        search = GridSearchCV(
            RidgeClassifier(fit_intercept=self.fit_intercept),
            {"alpha": np.atleast_1d(np.asarray(self.alphas, float))},
            cv=self.cv,
            scoring=self.scoring,
        )
        search.fit(X, classes, **({} if weight is None else {"sample_weight": weight}))
        self._keep(search.best_estimator_)
        self.alpha_, self.best_score_ = search.best_estimator_.alpha, search.best_score_
        return self


class _Known(LabelsMixin, BaseEstimator):
    """Has the scores that it is given, so that a scorer can judge scores that are known."""

    def __init__(self, classes: np.ndarray, multilabel: bool):
        self.classes_, self._multilabel = classes, multilabel

    def decision_function(self, X: Any) -> np.ndarray:
        return X

    _scores = decision_function
