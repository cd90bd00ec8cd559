"""The lasso and the elastic net with a penalty chosen by cross-validation."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, _fit_context
from sklearn.model_selection import check_cv
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..estimators import checked_data
from ..validation import as_array
from .elastic_net import ElasticNet, Squares, checked_regression

__all__ = ["ElasticNetCV", "LassoCV"]


class ElasticNetCV(RegressorMixin, BaseEstimator):
    """An elastic net that chooses its penalty by cross-validation.

    Parameters
    ----------
    l1_ratio : float or list of float, default=0.5
        Share of the absolute values in the penalty, above 0 unless `alphas` are given; the best of
        several is chosen.
    eps : float, default=1e-3
        The smallest penalty over the largest, of which all coefficients are zero.
    alphas : int or array-like, default=100
        Penalties to choose from, or their number.
    fit_intercept : bool, default=True
    precompute : "auto", bool or array-like, default="auto"
        Has no effect.
    max_iter : int, default=1000
        The most sweeps for each penalty.
    tol : float, default=1e-4
        See :class:`ElasticNet`.
    cv : int, splitter or None, default=None
        None is five folds.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    verbose : bool or int, default=0
        Has no effect.
    n_jobs : int, default=None
        Has no effect: the kernels use all threads.
    positive : bool, default=False
        Force the coefficients (not the intercept) to be zero or above.
    random_state : int, RandomState or None, default=None
        Has no effect.
    selection : {"cyclic", "random"}, default="cyclic"
        Has no effect.

    Attributes
    ----------
    alpha_, l1_ratio_ : float
        What was chosen.
    alphas_ : ndarray, shape (n_alphas,) or (n_l1_ratios, n_alphas)
        Largest first.
    mse_path_ : ndarray, shape (n_alphas, n_folds) or (n_l1_ratios, n_alphas, n_folds)
        Mean squared error of each fold.
    coef_ : ndarray, shape (n_features,)
    intercept_ : float
    n_iter_ : int
    dual_gap_ : float
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    One pass over the rows of a fold serves all penalties, and each starts at the coefficients of
    the one before. Kernels: those of :class:`ElasticNet`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch.linear_model import ElasticNetCV
    >>> X = np.arange(12.0)[:, None]
    >>> ElasticNetCV(cv=3).fit(X, 2 * X[:, 0]).coef_.round(2)
    array([1.99])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        "l1_ratio": [Interval(Real, 0, 1, closed="both"), "array-like"],
        "eps": [Interval(Real, 0, None, closed="neither")],
        "alphas": ["array-like", Interval(Integral, 1, None, closed="left")],
        "fit_intercept": ["boolean"],
        "precompute": [StrOptions({"auto"}), "array-like", "boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "cv": ["cv_object"],
        "copy_X": ["boolean"],
        "verbose": ["verbose"],
        "n_jobs": [Integral, None],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    def __init__(
        self,
        *,
        l1_ratio: Any = 0.5,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        cv: Any = None,
        copy_X: bool = True,
        verbose: int = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ):
        self.l1_ratio = l1_ratio
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.tol = tol
        self.cv = cv
        self.copy_X = copy_X
        self.verbose = verbose
        self.n_jobs = n_jobs
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ElasticNetCV":
        """Choose the penalty, and fit to all samples with it.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,)
        sample_weight : array-like, shape (n,), optional
            Also of the errors of a fold.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If the data are not as described, or a parameter is out of range.
        """
        X, y, weight = checked_regression(self, X, y, sample_weight, multi_output=False)
        ratios = np.atleast_1d(as_array("l1_ratio", self.l1_ratio))
        if not ((ratios >= 0) & (ratios <= 1)).all():
            raise ValueError(f"l1_ratio must lie between 0 and 1, got {self.l1_ratio}")
        alphas = self._paths(Squares.of(X, y, weight, self.fit_intercept), ratios)
        folds = list(check_cv(self.cv).split(X, y))
        for rows in (rows for fold in folds for rows in fold):
            if not weight[rows].any():
                raise ValueError(
                    "sample_weight must be above 0 for a sample of each fold, and for one of the "
                    "others, got only zeros"
                )
        errors = np.empty((*alphas.shape, len(folds)))
        for i, (train, test) in enumerate(folds):
            squares = Squares.of(X[train], y[train], weight[train], self.fit_intercept)
            for row, (share, path) in enumerate(zip(ratios, alphas, strict=True)):
                coef, intercept = squares.outside(self._path(squares, share, path), 0)
                predicted = X[test] @ coef.T + intercept
                squared = (y[test][:, None] - predicted) ** 2
                errors[row, :, i] = np.average(squared, axis=0, weights=weight[test])
        best = np.unravel_index(errors.mean(axis=2).argmin(), alphas.shape)
        self.alpha_, ratio = float(alphas[best]), float(ratios[best[0]])
        several = np.ndim(self.l1_ratio) > 0 and ratios.size > 1
        same_path = not isinstance(self.alphas, Integral)
        self.alphas_ = alphas if several and not same_path else alphas[0]
        self.mse_path_ = errors if several else errors[0]
        model = ElasticNet(
            self.alpha_,
            l1_ratio=ratio,
            fit_intercept=self.fit_intercept,
            max_iter=self.max_iter,
            tol=self.tol,
            positive=self.positive,
        ).fit(X, y, weight)
        self.coef_, self.intercept_ = model.coef_, model.intercept_
        self.n_iter_, self.dual_gap_ = model.n_iter_, model.dual_gap_
        if "l1_ratio" in self.get_params():
            self.l1_ratio_ = ratio
        return self

    def _paths(self, squares: Squares, ratios: np.ndarray) -> np.ndarray:
        """Penalties to try for each share of absolute values, largest first."""
        if not isinstance(self.alphas, Integral):
            given = as_array("alphas", self.alphas)
            if given.ndim != 1 or not given.size or (given < 0).any():
                raise ValueError(f"alphas must be numbers of at least 0, got {self.alphas}")
            return np.tile(np.sort(given)[::-1], (ratios.size, 1))
        if (ratios == 0).any():
            raise ValueError("l1_ratio=0 needs alphas, got only their number")
        largest, least = squares.largest_alpha(self.positive), np.finfo(np.float64).resolution
        if largest <= least:  # the target is constant
            return np.full((ratios.size, self.alphas), least)
        return np.array([np.geomspace(1, self.eps, self.alphas) * largest / r for r in ratios])

    def _path(self, squares: Squares, ratio: float, alphas: np.ndarray) -> np.ndarray:
        """Coefficients, (n_alphas, k), each fit starting from the one before."""
        b, found = np.zeros(squares.scaling.mean.size), []
        for alpha in alphas:
            b, _, _ = squares.minimum(
                0,
                alpha * ratio,
                alpha * (1 - ratio),
                b,
                positive=self.positive,
                tol=self.tol,
                max_iter=self.max_iter,
            )
            found.append(b)
        return np.array(found)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n,)
        """
        check_is_fitted(self)
        X = checked_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return X @ self.coef_ + self.intercept_


class LassoCV(ElasticNetCV):
    """A lasso that chooses its penalty by cross-validation.

    An :class:`ElasticNetCV` with ``l1_ratio=1``, whose other parameters and attributes it has.

    Parameters
    ----------
    eps, alphas, fit_intercept, precompute, max_iter, tol, copy_X, cv, verbose, n_jobs, positive,
    random_state, selection
        See :class:`ElasticNetCV`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch.linear_model import LassoCV
    >>> X = np.arange(12.0)[:, None]
    >>> LassoCV(cv=3).fit(X, 2 * X[:, 0]).coef_.round(2)
    array([2.])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        name: constraint
        for name, constraint in ElasticNetCV._parameter_constraints.items()
        if name != "l1_ratio"
    }

    def __init__(
        self,
        *,
        eps: float = 1e-3,
        alphas: Any = 100,
        fit_intercept: bool = True,
        precompute: Any = "auto",
        max_iter: int = 1000,
        tol: float = 1e-4,
        copy_X: bool = True,
        cv: Any = None,
        verbose: int = 0,
        n_jobs: int | None = None,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ):
        super().__init__(
            l1_ratio=1.0,
            eps=eps,
            alphas=alphas,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            tol=tol,
            cv=cv,
            copy_X=copy_X,
            verbose=verbose,
            n_jobs=n_jobs,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )
