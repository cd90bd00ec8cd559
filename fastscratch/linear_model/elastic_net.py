"""The lasso and the elastic net as estimators of scikit-learn."""

import dataclasses
import functools
import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..estimators import checked_data, checked_weights
from ..kernels.codes import LINEAR
from ..validation import as_array
from ..wording import quantity
from .solvers import Problem, Scaling, quadratic_minimum

__all__ = ["ElasticNet", "Lasso", "Squares"]


#: With more columns than this, those are left out at first that seem to have coefficients of zero.
MOST_AT_FIRST = 200
#: Sweeps that find out which columns are missing.
ROUGH = 5
#: Whether a coefficient may stay zero is known up to this share of its penalty.
ROUNDING = 1e-10


@dataclasses.dataclass(eq=False)
class Squares:
    """Half the mean square of a regression's errors: a quadratic function of its coefficients.

    One pass over the data makes it; every penalty is then a problem of the size of the
    coefficients, or of those that matter.

    Attributes
    ----------
    scaling : Scaling
        How the columns were scaled.
    problems : list of Problem
        For each target the errors at coefficients that are given.
    gradients : ndarray, shape (o, k)
        At coefficients of zero, for each target.
    values : ndarray, shape (o,)
        The function at coefficients of zero.
    intercepts : ndarray, shape (o,)
        The best intercepts at coefficients of zero.
    """

    scaling: Scaling
    problems: list[Problem]
    gradients: np.ndarray
    values: np.ndarray
    intercepts: np.ndarray
    #: The columns that have mattered so far, and the function of their coefficients alone.
    _part: "tuple[np.ndarray, Squares] | None" = dataclasses.field(default=None, init=False)
    #: Whether it is such a part.
    _is_part: bool = dataclasses.field(default=False, init=False)

    @classmethod
    def of(cls, X: Any, y: np.ndarray, weight: np.ndarray, fit_intercept: bool) -> "Squares":
        """Sum over the data.

        Parameters
        ----------
        X : ndarray or sparse array in compressed rows, shape (n, k)
        y : ndarray, shape (n,) or (n, o)
        weight : ndarray, shape (n,)
        fit_intercept : bool
        """
        share = weight / weight.sum()
        scaling = Scaling.of(X, share, 0.0, fit_intercept)
        targets = np.ascontiguousarray(y.reshape(len(y), -1).T)
        intercepts = targets @ share if fit_intercept else np.zeros(len(targets))
        first = int(fit_intercept)
        zero = np.zeros((1, scaling.mean.size + first))
        problems = [
            Problem(scaling.design, target[None], share, zero[0], zero[0], LINEAR)
            for target in targets - intercepts[:, None]
        ]
        found = [problem.loss(zero) for problem in problems]
        gradients = np.array([gradient[0, first:] for _, gradient in found])
        values = np.array([value for value, _ in found])
        return cls(scaling, problems, gradients, values, intercepts)

    @functools.cached_property
    def _curvature(self) -> tuple[np.ndarray, np.ndarray]:
        """The second derivatives with the best intercept, and how that moves."""
        k = self.scaling.mean.size
        zero = np.zeros((1, k + int(self.scaling.has_intercept)))
        hessian, slope = self.problems[0].hessian(zero), np.zeros(k)
        if self.scaling.has_intercept:  # which follows from the coefficients
            slope = -hessian[0, 1:] / hessian[0, 0]
            hessian = hessian[1:, 1:] - hessian[0, 0] * np.outer(slope, slope)
        return np.ascontiguousarray(hessian), slope

    @property
    def hessian(self) -> np.ndarray:
        """Second derivatives, (k, k), with the intercept that is the best for the coefficients."""
        return self._curvature[0]

    @property
    def slope(self) -> np.ndarray:
        """By how much the best intercept changes with each coefficient, (k,)."""
        if self._part is None:
            return self._curvature[1]
        columns, part = self._part
        slope = np.zeros(self.scaling.mean.size)  # the others have coefficients of zero
        slope[columns] = part.slope
        return slope

    def largest_alpha(self, positive: bool) -> float:
        """The smallest l1 penalty of which all coefficients are zero."""
        slopes = self.gradients * np.where(np.isinf(self.scaling.scale), 0, self.scaling.scale)
        return float((-slopes if positive else np.abs(slopes)).max(initial=0))

    def outside(self, found: np.ndarray, target: int) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients, (m, k), and intercepts, (m,), of the data as given, for scaled ones."""
        coef = found / self.scaling.scale
        if not self.scaling.has_intercept:
            return coef, np.zeros(len(coef))
        intercepts = self.intercepts[target] + found @ self.slope - coef @ self.scaling.mean
        return coef, intercepts

    def minimum(
        self,
        target: int,
        l1: float,
        l2: float,
        start: np.ndarray,
        *,
        positive: bool,
        tol: float,
        max_iter: int,
        exact: bool = True,
    ) -> tuple[np.ndarray, int, float]:
        """Coefficients under a penalty, the sweeps (negative if too few), and the dual gap."""
        how = {"positive": positive, "tol": tol, "max_iter": max_iter}
        penalties, squares = l1 / self.scaling.scale, l2 / self.scaling.scale**2
        if l1 > 0 and self._is_wide:
            b, slope, n_iter = self._minimum_of_some(target, l1, l2, start, **how)
        else:
            b, n_iter = quadratic_minimum(
                start,
                self.gradients[target] + self.hessian @ start + squares * start,
                self.hessian + np.diag(squares),
                penalties,
                np.full(len(start), 0.0 if positive else -np.inf),
                # The gradient in a column of standard deviation 1 is a covariance with the
                # residuals.
                tol=tol * np.sqrt(2 * self.values[target]),
                max_iter=max_iter,
                exact=exact,
            )
            slope = self.gradients[target] + self.hessian @ b
        return b, n_iter, self._dual_gap(target, b, slope, penalties, squares, positive)

    @property
    def _is_wide(self) -> bool:
        if self._is_part:
            return False
        return self.scaling.mean.size > 4 * MOST_AT_FIRST and not self.scaling.design[2].size

    def _minimum_of_some(
        self, target: int, l1: float, l2: float, start: np.ndarray, **how: Any
    ) -> tuple[np.ndarray, np.ndarray, int]:
        """Coefficients, the gradient there, and sweeps: most columns are only looked at.

        A column may stay out as long as the gradient in its coefficient is below its penalty.
        """
        b, sweeps, is_exact = start, 0, False
        slope = self._gradient(target, start) if start.any() else self.gradients[target]
        if self._part is None:
            self._part = self._of_columns(np.flatnonzero(start))
        while True:
            outside = self._excess(slope, l1, how["positive"])
            columns, part = self._part
            outside[columns] = -1
            if outside.max(initial=-1) > ROUNDING:
                most = max(MOST_AT_FIRST, columns.size)
                worst = np.argsort(-outside, kind="stable")[:most]
                self._part = columns, part = self._of_columns(np.union1d(columns, worst))
                is_exact = False
            elif is_exact:
                return b, slope, sweeps
            else:
                is_exact = True
            # A few sweeps say which columns are missing; the minimum comes when none is.
            few = {} if is_exact else {"max_iter": min(ROUGH, how["max_iter"]), "exact": False}
            inner, sweeps, _ = part.minimum(target, l1, l2, b[columns], **how | few)
            b = np.zeros_like(start)
            b[columns] = inner
            slope = self._gradient(target, b)

    def _excess(self, slope: np.ndarray, l1: float, positive: bool) -> np.ndarray:
        """How far each gradient is above the penalty, as a share of that; at least -1."""
        constant = np.isinf(self.scaling.scale)
        size = (np.maximum(-slope, 0) if positive else np.abs(slope)) / l1
        return np.where(constant, 0, size * np.where(constant, 0, self.scaling.scale)) - 1

    def _gradient(self, target: int, b: np.ndarray) -> np.ndarray:
        """The gradient at coefficients, with the intercept that is the best for them."""
        given = np.concatenate([[b @ self.slope], b]) if self.scaling.has_intercept else b
        _, gradient = self.problems[target].loss(given[None])
        return gradient[0, int(self.scaling.has_intercept) :]

    def _of_columns(self, columns: np.ndarray) -> "tuple[np.ndarray, Squares]":
        """Some columns, and the same function of their coefficients alone."""
        scaling, first = self.scaling, int(self.scaling.has_intercept)
        rows, indices, starts = scaling.design
        kept = np.concatenate([np.arange(first), first + columns])
        design = np.ascontiguousarray(rows[:, kept]), indices, starts
        none = np.zeros(kept.size)
        part = Squares(
            Scaling(design, scaling.mean[columns], scaling.scale[columns], scaling.has_intercept),
            [dataclasses.replace(p, design=design, l1=none, l2=none) for p in self.problems],
            np.ascontiguousarray(self.gradients[:, columns]),
            self.values,
            self.intercepts,
        )
        part._is_part = True
        return columns, part

    def _dual_gap(
        self,
        target: int,
        b: np.ndarray,
        slope: np.ndarray,
        l1: np.ndarray,
        l2: np.ndarray,
        positive: bool,
    ) -> float:
        """How far the penalised function can be above its minimum at most, by a dual point."""
        squares = 2 * self.values[target] + b @ (self.gradients[target] + slope)
        of_target = 2 * self.values[target] + b @ self.gradients[target]
        excess = -(slope + l2 * b)
        penalised = l1 > 0
        ratios = (excess if positive else np.abs(excess))[penalised] / l1[penalised]
        share = min(1.0, 1 / ratios.max(initial=1e-300)) if penalised.any() else 1.0
        penalty = (l1 * np.abs(b)).sum() + (1 + share**2) / 2 * (l2 * b**2).sum()
        return float((1 + share**2) / 2 * squares + penalty - share * of_target)


class ElasticNet(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """Least squares with a penalty on absolute values and squares of the coefficients.

    Minimises ``sum(w (y - X b - b_0)**2) / (2 sum(w)) + alpha l1_ratio sum(|b|) + alpha (1 -
    l1_ratio) sum(b**2) / 2``.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    l1_ratio : float, default=0.5
        Share of the absolute values: 1 is the lasso, 0 is ridge regression.
    fit_intercept : bool, default=True
    precompute : bool or array-like, default=False
        Has no effect: the products of the columns are always computed first.
    max_iter : int, default=1000
        The most sweeps over the coefficients.
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    tol : float, default=1e-4
        Precision where the minimum is not found exactly: then no covariance of a column, in units
        of its standard deviation, is further than this from its place, in units of that of `y`.
    warm_start : bool, default=False
        Start from the coefficients of the fit before.
    positive : bool, default=False
        Force the coefficients (not the intercept) to be zero or above.
    random_state : int, RandomState or None, default=None
        Has no effect.
    selection : {"cyclic", "random"}, default="cyclic"
        Has no effect: the sweeps go through the coefficients in their order.

    Attributes
    ----------
    coef_ : ndarray, shape (n_features,) or (n_targets, n_features)
    sparse_coef_ : sparse array
        The same.
    intercept_ : float or ndarray, shape (n_targets,)
    n_iter_ : int or list of int
        Sweeps.
    dual_gap_ : float or ndarray, shape (n_targets,)
        Bound on how far the function is above its minimum.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    The columns are divided by their standard deviation and, unless sparse, centred, while the
    penalty stays that of the columns as given. Coordinate descent finds which coefficients are not
    zero; their values then solve a system of equations, so they are exact up to rounding.

    The products of all columns take ``n k**2`` flops and the memory of a matrix (k, k). Kernels:
    ``linear_model_loss``, ``linear_model_hessian``, ``coordinate_descent``.

    Examples
    --------
    >>> from fastscratch.linear_model import ElasticNet
    >>> X, y = [[0.0, 1.0], [1.0, 0.0], [2.0, 1.0]], [0.0, 1.0, 2.0]
    >>> ElasticNet(alpha=0.1).fit(X, y).coef_.round(4)
    array([0.8605, 0.    ])
    """

    coef_: np.ndarray
    intercept_: float | np.ndarray

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "precompute": ["boolean", "array-like"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "copy_X": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "warm_start": ["boolean"],
        "positive": ["boolean"],
        "random_state": ["random_state"],
        "selection": [StrOptions({"cyclic", "random"})],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ):
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ElasticNet":
        """Fit the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix}, shape (n, k)
        y : array-like, shape (n,) or (n, n_targets)
            Each target is fitted by itself.
        sample_weight : array-like, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If the data are not as described, or a parameter is out of range.

        Warns
        -----
        ConvergenceWarning
            If there is no solution within `max_iter` sweeps.
        """
        X, y, weight = checked_regression(self, X, y, sample_weight, multi_output=True)
        squares = Squares.of(X, y, weight, self.fit_intercept)
        n_targets = len(squares.gradients)
        starts = np.zeros_like(squares.gradients)
        if self.warm_start and hasattr(self, "coef_"):
            coef = np.atleast_2d(self.coef_)
            if coef.shape != starts.shape:
                raise ValueError(
                    "warm_start needs data of the same shape as before, got coefficients of shape "
                    f"{coef.shape} for {starts.shape}"
                )
            scale = squares.scaling.scale
            starts = coef * np.where(np.isinf(scale), 0, scale)
        found = [
            squares.minimum(
                o,
                self.alpha * self.l1_ratio,
                self.alpha * (1 - self.l1_ratio),
                starts[o],
                positive=self.positive,
                tol=self.tol,
                max_iter=self.max_iter,
            )
            for o in range(n_targets)
        ]
        pairs = [squares.outside(b[None], o) for o, (b, _, _) in enumerate(found)]
        coef, intercept = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        sweeps, gaps = [abs(n) for _, n, _ in found], np.array([gap for _, _, gap in found])
        if any(n_iter < 0 for _, n_iter, _ in found):
            warnings.warn(
                f"did not converge within max_iter={quantity(self.max_iter, 'iteration')}: the "
                f"objective may be {gaps.max():.3g} above its minimum; allow more iterations, or a "
                "larger alpha",
                ConvergenceWarning,
                stacklevel=2,
            )
        one = n_targets == 1
        self.coef_ = coef[0] if one else coef
        self.n_iter_ = sweeps[0] if one else sweeps
        self.dual_gap_ = float(gaps[0]) if one else gaps
        self.intercept_ = 0.0
        if self.fit_intercept:
            self.intercept_ = float(intercept[0]) if y.ndim == 1 else intercept
        return self

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
        X = checked_data(self, X, accept_sparse="csr", dtype=np.float64, reset=False)
        return X @ self.coef_.T + self.intercept_

    @property
    def sparse_coef_(self) -> Any:
        """The coefficients as a sparse array."""
        return sparse.csr_array(np.atleast_2d(self.coef_))


class Lasso(ElasticNet):
    """Least squares with a penalty on the absolute values of the coefficients.

    Minimises ``sum(w (y - X b - b_0)**2) / (2 sum(w)) + alpha sum(|b|)``: an :class:`ElasticNet`
    with ``l1_ratio=1``, whose other parameters and attributes it has.

    Parameters
    ----------
    alpha : float, default=1.0
        Strength of the penalty, at least 0.
    fit_intercept, precompute, copy_X, max_iter, tol, warm_start, positive, random_state, selection
        See :class:`ElasticNet`.

    Examples
    --------
    >>> from fastscratch.linear_model import Lasso
    >>> Lasso(alpha=0.1).fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).coef_.round(4)
    array([0.85])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        name: constraint
        for name, constraint in ElasticNet._parameter_constraints.items()
        if name != "l1_ratio"
    }

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        copy_X: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ):
        super().__init__(
            alpha=alpha,
            l1_ratio=1.0,
            fit_intercept=fit_intercept,
            precompute=precompute,
            max_iter=max_iter,
            copy_X=copy_X,
            tol=tol,
            warm_start=warm_start,
            positive=positive,
            random_state=random_state,
            selection=selection,
        )


def checked_regression(
    estimator: Any, X: Any, y: Any, sample_weight: Any, multi_output: bool
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Checked data of a regression, with a weight for each sample, of which the largest is 1."""
    X, y = checked_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=np.float64,
        order="C",
        y_numeric=True,
        multi_output=multi_output,
    )
    weight = checked_weights(sample_weight, X)
    return X, as_array("y", y), weight / weight.max()
