"""Linear regression as an estimator of scikit-learn."""

import functools
import warnings
from numbers import Integral, Real
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import linalg, optimize, sparse
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import (
    check_is_fitted,
)

from .. import kernels
from ..estimators import checked_data, checked_weights
from ..kernels.codes import LINEAR
from ..validation import as_array
from .centring import Centred, largest, triangle_of
from .formula import FormulaMixin
from .inference import InferenceMixin, Method
from .linear_summary import linear_summary
from .solvers import EPS, Problem, Scaling, minimize
from .summary import Summary

__all__ = ["LinearRegression"]


# From this many columns for each row on, the QR factorisation of the transpose comes first.
WIDE = 1.5
# Where lsqr ends: a closed form is expected to be exact up to rounding.
ROUNDING = 1e-14


class LinearRegression(
    FormulaMixin, InferenceMixin, MultiOutputMixin, RegressorMixin, BaseEstimator
):
    """Ordinary least squares, in closed form or by gradient descent.

    Minimises ``sum(w (y - X b - b_0)**2)``.

    Parameters
    ----------
    fit_intercept : bool, default=True
    copy_X : bool, default=True
        Has no effect, and is there as scikit-learn has it: `X` is never written to.
    tol : float, default=1e-6
        For ``"qr"`` and more rows than columns: a column counts as dependent on the columns before
        it if what they do not explain of it is at most this fraction of its length. The units of
        the column do not matter.
        For ``"gradient-descent"``: stop when no element of the gradient is larger than this; the
        loss is then half the mean of the squares.
    n_jobs : int, default=None
        Has no effect, and is there as scikit-learn has it: the kernels use all threads, or as many
        as :func:`fastscratch.set_num_threads` allows.
    positive : bool, default=False
        Force the coefficients (not the intercept) to be zero or above; only with ``"qr"`` and dense
        `X`.
    solver : {"qr", "gradient-descent"}, default="qr"
        ``"qr"`` is the closed form, through a QR factorisation, which is more accurate than to form
        ``X'X``. If many coefficients fit equally well (dependent columns, few rows), it gives those
        with the smallest sum of squares. A sparse `X` stays sparse: scipy's ``lsqr`` solves it.
    learning_rate : float or "auto", default="auto"
        For gradient descent. ``"auto"`` is one over the largest eigenvalue of ``X'X / n``.
    max_iter : int, default=1000
        For gradient descent.
    warm_start : bool, default=False
        For gradient descent: start from the coefficients of the fit before.

    Attributes
    ----------
    coef_ : ndarray, shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray, shape (n_targets,)
    rank_ : int
        Number of independent columns, after centring; with ``"qr"`` and dense `X`.
    singular_ : ndarray
        Singular values of `X`, centred if there is an intercept; with ``"qr"`` and dense `X`.
    n_iter_ : int
        Iterations of gradient descent; 1 for ``"qr"``.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    ``"qr"`` takes ``2 n k**2`` flops in one pass over `X`. Kernels: ``qr_update``,
    ``least_squares``, ``proximal_gradient``.

    `fit` keeps a reference to its arrays, not a copy, from which :meth:`summary` can compute robust
    standard errors, a bootstrap and quantiles of the residuals. They are not saved with the model.

    Examples
    --------
    >>> from fastscratch.linear_model import LinearRegression
    >>> model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.predict([[10.0]]).round(6)
    array([21.])
    """

    _triangle: np.ndarray | None

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "n_jobs": [None, Integral],
        "tol": [Interval(Real, 0, None, closed="left")],
        "positive": ["boolean"],
        "solver": [StrOptions({"qr", "gradient-descent"})],
        "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
        solver: str = "qr",
        learning_rate: float | str = "auto",
        max_iter: int = 1000,
        warm_start: bool = False,
    ):
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive
        self.solver = solver
        self.learning_rate = learning_rate
        self.max_iter = max_iter
        self.warm_start = warm_start

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = not self.positive
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LinearRegression":
        """Fit the coefficients.

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
        ValueError, TypeError
            If the data are not as described, or a parameter is out of range.
        FloatingPointError
            If gradient descent grows without bound: the learning rate is too large.
        """
        X, y, weight = self._checked(X, y, sample_weight, reset=True)
        self._forget_rows()
        self._formula = None
        if self.solver == "gradient-descent":
            return self._descend(X, y, weight, one_step=False)
        if sparse.issparse(X):
            return self._fit_sparse(X, y, weight)
        if X.shape[0] <= X.shape[1]:
            return self._fit_wide(X, y, weight)
        self._data = (X, y, weight)
        return self._solve(self._add_rows(X, y, weight), y.ndim)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LinearRegression":
        """Fit to these rows as well as to those of earlier calls.

        With ``solver="qr"`` the coefficients become those of a fit to all rows so far, although no
        row is kept. With ``"gradient-descent"`` they take one step, by the gradient of these rows.

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
            If the last call was a `fit` with ``"qr"`` on sparse data, or on no more rows than
            columns: neither keeps what is needed to go on.
        """
        first_call = not hasattr(self, "coef_")
        X, y, weight = self._checked(X, y, sample_weight, reset=first_call)
        if not first_call and self.coef_.shape != (*y.shape[1:], X.shape[1]):
            raise ValueError(
                f"y must have as many targets as before, got shape {y.shape} for coefficients of "
                f"shape {self.coef_.shape}"
            )
        if self.solver == "gradient-descent":
            return self._descend(X, y, weight, one_step=True)
        if not first_call and self.fit_intercept != self._fitted_with.fit_intercept:
            raise ValueError(
                f"partial_fit must go on with fit_intercept={not self.fit_intercept}, as it began, "
                f"got {self.fit_intercept}"
            )
        if first_call:
            self._forget_rows()
        elif self._triangle is None:
            raise ValueError(
                "partial_fit with solver='qr' cannot go on from a fit on sparse data, or on no "
                "more rows than columns; use partial_fit for all rows"
            )
        self._data = None
        rows = X.toarray() if sparse.issparse(X) else X
        return self._solve(self._add_rows(rows, y, weight), y.ndim)

    def predict(self, X: Any) -> np.ndarray:
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)

        Returns
        -------
        ndarray, shape (n,) or (n, n_targets)
        """
        check_is_fitted(self)
        X = self._design(X)
        X = checked_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return X @ self.coef_.T + self.intercept_

    def summary(
        self,
        *,
        bootstrap: int = 0,
        random_state: Any = None,
        cov_type: str | None = None,
        groups: Any = None,
        n_jobs: int | None = None,
    ) -> Summary:
        """Coefficients with standard errors, t and p values; R squared, log-likelihood, AIC, BIC.

        The same as R's ``summary(lm(...))``, ``logLik``, ``AIC`` and ``BIC``. The errors are
        assumed to be normally distributed, with variance ``sigma**2 / w``.

        Parameters
        ----------
        bootstrap : int
            Fit to this many bootstrap samples: the standard errors are the standard deviations of
            their coefficients, and `conf_int` gives percentiles. Samples are drawn as rows, so that
            nothing is assumed of the errors.
        random_state : int, RandomState or None
            Of the bootstrap.
        cov_type : {"nonrobust", "HC0", "HC1", "HC2", "HC3"}, optional
            The last four hold also if the variance of the errors differs from sample to sample, as
            R's ``sandwich::vcovHC`` and statsmodels have them. The default is "nonrobust", or with
            `groups` "HC1".
        groups : array-like, shape (n,), optional
            The cluster of each sample: errors within one may depend on each other. With "HC0" the
            covariance is multiplied by ``g / (g - 1)`` for g clusters, with "HC1" also by ``(n - 1)
            / (n - k)``, and t has ``g - 1`` degrees of freedom. A bootstrap then draws clusters.
        n_jobs : int, optional
            Processes, of this machine or of the cluster that joblib uses, that share a bootstrap
            which takes longer than a moment. The results are the same for any number of them.

        Returns
        -------
        Summary

        Raises
        ------
        ValueError
            If the fit was not in closed form on dense data with more rows than columns, an argument
            is out of range, or the samples are needed and not known (see Notes of the class).
        """
        check_is_fitted(self)
        method = Method.of(bootstrap, random_state, cov_type, groups, n_jobs)
        if self._triangle is None:
            raise ValueError(
                "a summary needs a fit with solver='qr' on dense data with more rows than columns"
            )
        return linear_summary(self, method)

    def _checked(
        self, X: Any, y: Any, sample_weight: Any, reset: bool
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        X, y = checked_data(
            self,
            X,
            y,
            reset=reset,
            accept_sparse=False if self.positive else "csr",
            dtype=np.float64,
            y_numeric=True,
            multi_output=True,
        )
        if self.positive and self.solver != "qr":
            raise ValueError(f"positive=True needs solver='qr', got {self.solver!r}")
        if sample_weight is not None:
            sample_weight = checked_weights(sample_weight, X)
        return X, as_array("y", y), sample_weight

    def _forget_rows(self) -> None:
        self._triangle, self._n_rows, self._log_weights = None, 0, 0.0
        self._data = None
        self._forget_singular_values()
        self._least, self._most = np.inf, 0.0  # of the weights above zero

    def _forget_singular_values(self) -> None:
        self.__dict__.pop("singular_", None)

    def _add_rows(self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None) -> np.ndarray:
        """Update the triangle of the QR factorisation of ``[1 X y]``, all that a fit needs."""
        targets = y.reshape(len(y), -1)
        first, k = int(self.fit_intercept), X.shape[1]
        rows = np.empty((len(X), first + k + targets.shape[1]))
        rows[:, :first] = 1
        rows[:, first : first + k] = X
        rows[:, first + k :] = targets
        n_rows, least, most = len(X), 1.0, 1.0
        if weight is not None:
            rows *= np.sqrt(weight)[:, None]
            above = weight[weight > 0]
            n_rows = above.size
            least, most = above.min(initial=np.inf), above.max(initial=0.0)
            self._log_weights += np.log(above).sum()
        self._least, self._most = min(self._least, least), max(self._most, most)
        self._triangle = triangle_of(rows, self._triangle)
        self._forget_singular_values()
        self._n_rows += n_rows
        return self._triangle

    def _solve(self, R: np.ndarray, ndim: int) -> "LinearRegression":
        """Solve for the coefficients from the triangle.

        The triangle of ``[1 X y]`` without its first row and column is that of the centred columns.
        """
        first, k = int(self.fit_intercept), self.n_features_in_
        design = self._centred_triangle(R, first)
        targets = np.ascontiguousarray(R[first : first + k, first + k :])
        lengths = _lengths(design)
        lengths[lengths == 0] = 1
        # A column that depends on no others may seem to, where some weights are much larger.
        tol = max(self.tol * np.sqrt(self._least / self._most), k * EPS)
        # What the columns before it do not explain of a column is its number on the diagonal.
        if (np.abs(design.diagonal()) > tol * lengths).all():
            self.rank_ = k
            coef = linalg.solve_triangular(design / lengths, targets, check_finite=False)
        else:
            coef = np.empty(targets.shape)
            self.rank_ = kernels.least_squares.least_squares(
                coef, np.empty(k, np.int64), design / lengths, targets, tol
            )
        if self.positive:
            coef = np.column_stack([optimize.nnls(design, target)[0] for target in targets.T])
        elif self.rank_ == k:
            coef /= lengths[:, None]
        else:
            left, singular, right = np.linalg.svd(design)
            kept = slice(self.rank_)
            coef = right[kept].T @ (left[:, kept].T @ targets / singular[kept, None])
        intercept = np.zeros(targets.shape[1])
        if first:
            intercept = (R[0, first + k :] - R[0, first : first + k] @ coef) / R[0, 0]
        return self._set(coef.T, intercept, ndim)

    def _centred_triangle(self, R: np.ndarray, first: int) -> np.ndarray:
        """The part of the triangle that belongs to the columns; `first` is 1 with an intercept."""
        columns = slice(first, first + self.n_features_in_)
        design = R[columns, columns].copy()
        if first:  # columns that are constant up to rounding
            design[:, _lengths(design) <= self._n_rows * EPS * np.abs(R[0, columns])] = 0
        return design

    @functools.cached_property
    def singular_(self) -> np.ndarray:
        """Computed when it is asked for: it takes longer than the coefficients."""
        if getattr(self, "_triangle", None) is None:
            raise AttributeError("singular_ needs a fit with solver='qr' on dense data")
        assert self._triangle is not None
        design = self._centred_triangle(self._triangle, int(self._fitted_with.fit_intercept))
        return np.linalg.svd(design, compute_uv=False)

    def _set(
        self, coef: np.ndarray, intercept: np.ndarray, ndim: int, n_iter: int = 1
    ) -> "LinearRegression":
        one = ndim == 1
        # Parameters may be set after the fit, and then say nothing about it.
        self._fitted_with = SimpleNamespace(**self.get_params())
        self.coef_ = coef[0] if one else coef
        self.n_iter_ = n_iter
        self.intercept_: float | np.ndarray = 0.0
        if self.fit_intercept:
            self.intercept_ = float(intercept[0]) if one else intercept
        return self

    def _fit_wide(
        self, X: np.ndarray, y: np.ndarray, weight: np.ndarray | None
    ) -> "LinearRegression":
        """With at least as many columns as rows, the smallest of the coefficients that fit best."""
        centred = Centred.of(X, y, weight, self.fit_intercept)
        design, targets = centred.design(), centred.targets
        coef, self.rank_, self.singular_ = _smallest(design, targets)
        if self.positive:
            coef = np.column_stack([optimize.nnls(design, target)[0] for target in targets.T])
        return self._set(coef.T, centred.intercept(coef), y.ndim)

    def _fit_sparse(self, X: Any, y: np.ndarray, weight: np.ndarray | None) -> "LinearRegression":
        """Least squares without a dense copy: the centred columns as an operator."""
        centred = Centred.of(X, y, weight, self.fit_intercept)
        columns = centred.operator()
        coef = np.column_stack(
            [
                sparse.linalg.lsqr(columns, target, atol=ROUNDING, btol=ROUNDING)[0]
                for target in centred.targets.T
            ]
        )
        return self._set(coef.T, centred.intercept(coef), y.ndim)

    def _descend(
        self, X: Any, y: np.ndarray, weight: np.ndarray | None, one_step: bool
    ) -> "LinearRegression":
        targets = np.ascontiguousarray(y.reshape(len(y), -1).T)
        share = np.ones(len(y)) if weight is None else weight
        scaling = Scaling.none(X, self.fit_intercept)
        columns = X.shape[1] + self.fit_intercept
        problem = Problem(
            scaling.design,
            targets,
            share / share.sum(),
            np.zeros(columns),
            np.zeros(columns),
            LINEAR,
        )
        start = np.zeros((len(targets), columns))
        if (self.warm_start or one_step) and hasattr(self, "coef_"):
            coef = np.atleast_2d(self.coef_)
            if coef.shape != (len(targets), X.shape[1]):
                raise ValueError(
                    "warm_start needs data of the same shape as before, got coefficients of shape "
                    f"{coef.shape} for {(len(targets), X.shape[1])}"
                )
            start = scaling.inside(coef, np.atleast_1d(self.intercept_))
        found = minimize(
            self.solver,
            problem,
            start,
            learning_rate=self.learning_rate,
            tol=self.tol,
            max_iter=1 if one_step else self.max_iter,
        )
        if found.failure and not one_step:
            warnings.warn(f"gradient-descent {found.failure}", ConvergenceWarning, stacklevel=2)
        return self._set(*scaling.outside(found.coefficients), y.ndim, found.n_iter)


def _lengths(columns: np.ndarray) -> np.ndarray:
    """Euclidean lengths of columns, whose squares may be too large or too small for a float."""
    unit = largest(columns)
    unit[unit == 0] = 1
    return unit * np.linalg.norm(columns / unit, axis=0)


def _smallest(design: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, int, np.ndarray]:
    """Least squares with at least as many columns as rows: the smallest of the coefficients.

    Parameters
    ----------
    design : ndarray, shape (n, k)
    targets : ndarray, shape (n, o)

    Returns
    -------
    coef : ndarray, shape (k, o)
    rank : int
    singular : ndarray, shape (n,)

    Notes
    -----
    With ``X' = Q R``, ``R`` square, the coefficients are ``Q B``, where ``B`` are the smallest that
    solve ``R' B = Y``: the singular values of ``R`` are those of ``X``. ``2 k n**2`` flops, most of
    them in products of blocks. LAPACK's own least squares does the same by rows, in twice the time.
    """
    (n, k), tol = design.shape, max(design.shape) * EPS
    if k < WIDE * n:
        coef, _, rank, singular = linalg.lstsq(design, targets, cond=tol, check_finite=False)
        return coef, rank, singular
    (reflections, scales), R = linalg.qr(design.T, mode="raw", check_finite=False)
    small, _, rank, singular = linalg.lstsq(R[:n].T, targets, cond=tol, check_finite=False)
    coef = np.zeros((k, targets.shape[1]), order="F")
    coef[:n] = small
    room = 64 * targets.shape[1]  # for blocks of 64 reflections
    coef, *_ = linalg.lapack.dormqr("L", "N", reflections, scales, coef, room, overwrite_c=True)
    return coef, rank, singular
