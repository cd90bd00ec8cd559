"""Ridge regression as an estimator of scikit-learn."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from scipy import optimize, sparse
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..estimators import checked_data, checked_weights
from ..validation import as_array
from .centring import Centred, triangle_of
from .normal_equations import solve_normal_equations

__all__ = ["BaseRidge", "Ridge", "Ridges"]

#: All have the same minimum.
SOLVERS = ("auto", "svd", "cholesky", "lsqr", "sparse_cg", "sag", "saga", "lbfgs")


class BaseRidge(MultiOutputMixin, RegressorMixin, BaseEstimator):
    """The prediction, and what else the two estimators share."""

    fit_intercept: bool
    coef_: np.ndarray
    intercept_: float | np.ndarray

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

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

    def _checked(
        self, X: Any, y: Any, sample_weight: Any
    ) -> tuple[Any, np.ndarray, np.ndarray | None]:
        X, y = checked_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=np.float64,
            y_numeric=True,
            multi_output=True,
        )
        if sample_weight is not None:
            sample_weight = checked_weights(sample_weight, X)
        return X, as_array("y", y), sample_weight

    def _set(self, coef: np.ndarray, centred: Centred, ndim: int) -> None:
        """Keep coefficients, (k, o), as the attributes for `y` of this many dimensions."""
        intercept = centred.intercept(coef)
        self.coef_ = coef[:, 0] if coef.shape[1] == 1 else np.ascontiguousarray(coef.T)
        self.intercept_ = 0.0
        if self.fit_intercept:
            self.intercept_ = intercept[0] if ndim == 1 else intercept


class Ridge(BaseRidge):
    """Least squares with a penalty on the squares of the coefficients.

    Minimises ``sum(w (y - X b - b_0)**2) + alpha sum(b**2)``.

    Parameters
    ----------
    alpha : float or ndarray of shape (n_targets,), default=1.0
        Strength of the penalty, at least 0; one for each target if it is an array.
    fit_intercept : bool, default=True
    copy_X : bool, default=True
        Has no effect: `X` is never written to.
    max_iter : int, default=None
        The most iterations for sparse `X`; None leaves it to scipy.
    tol : float, default=1e-4
        For sparse `X`: precision of ``lsqr``.
    solver : str, default="auto"
        Takes all names that scikit-learn has, whose solvers have one and the same minimum. Dense
        data are solved in closed form: through the normal equations, or through singular values if
        those would lose digits or this is "svd". Sparse data are solved by scipy's ``lsqr``.
    positive : bool, default=False
        Force the coefficients (not the intercept) to be zero or above; a sparse `X` is made dense.
    random_state : int, RandomState or None, default=None
        Has no effect.

    Attributes
    ----------
    coef_ : ndarray, shape (n_features,) or (n_targets, n_features)
    intercept_ : float or ndarray, shape (n_targets,)
    n_iter_ : ndarray of int, shape (n_targets,)
        Iterations for sparse `X`; 1 for the closed form.
    solver_ : {"cholesky", "svd", "lsqr", "nnls"}
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    Kernel: ``qr_update``.

    Examples
    --------
    >>> from fastscratch.linear_model import Ridge
    >>> Ridge(alpha=2.0).fit([[0.0], [2.0]], [0.0, 2.0]).coef_
    array([0.5])
    """

    _parameter_constraints: dict[str, list[Any]] = {  # noqa: RUF012, as scikit-learn has it
        "alpha": [Interval(Real, 0, None, closed="left"), np.ndarray],
        "fit_intercept": ["boolean"],
        "copy_X": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left"), None],
        "tol": [Interval(Real, 0, None, closed="left")],
        "solver": [StrOptions(set(SOLVERS))],
        "positive": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        max_iter: int | None = None,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ):
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.max_iter = max_iter
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Ridge":
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
        ValueError
            If the data or the penalties are not as described.
        """
        if self.positive and self.solver not in ("auto", "lbfgs"):
            raise ValueError(f"positive=True needs solver='auto' or 'lbfgs', got {self.solver!r}")
        if self.solver == "lbfgs" and not self.positive:
            raise ValueError("solver='lbfgs' needs positive=True, got positive=False")
        X, y, weight = self._checked(X, y, sample_weight)
        if self.positive and sparse.issparse(X):
            X = X.toarray()
        centred = Centred.of(X, y, weight, self.fit_intercept)
        alpha = self._alphas(centred.targets.shape[1])
        self.n_iter_ = np.ones(centred.targets.shape[1], np.int32)
        if sparse.issparse(X):
            self.solver_ = "lsqr"
            coef, self.n_iter_ = self._damped(centred, alpha)
        elif self.positive:
            self.solver_, coef = "nnls", _not_negative(centred, alpha)
        else:
            self.solver_, coef = self._closed_form(centred, alpha)
        self._set(coef, centred, y.ndim)
        return self

    def _alphas(self, n_targets: int) -> np.ndarray:
        alpha = np.atleast_1d(as_array("alpha", self.alpha))
        if alpha.shape not in ((1,), (n_targets,)):
            raise ValueError(
                f"alpha must be one number, or one for each of {n_targets} targets, got shape "
                f"{alpha.shape}"
            )
        if (alpha < 0).any():
            raise ValueError(f"alpha must be at least 0, got {self.alpha}")
        return np.broadcast_to(alpha, n_targets)

    def _closed_form(self, centred: Centred, alpha: np.ndarray) -> tuple[str, np.ndarray]:
        design, targets = centred.design(), centred.targets
        if self.solver != "svd":
            coef = solve_normal_equations(design, targets, alpha)
            if coef is not None:
                return "cholesky", coef
        return "svd", Ridges(design, targets).coefficients(alpha)

    def _damped(self, centred: Centred, alpha: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns, limits = centred.operator(), {"atol": self.tol**2, "btol": self.tol**2}
        found = [
            sparse.linalg.lsqr(columns, target, damp=damp, iter_lim=self.max_iter, **limits)
            for target, damp in zip(centred.targets.T, np.sqrt(alpha), strict=True)
        ]
        return np.column_stack([f[0] for f in found]), np.array([f[2] for f in found], np.int32)


class Ridges:
    """The singular values of a regression, from which every penalty has its coefficients."""

    def __init__(self, design: np.ndarray, targets: np.ndarray):
        n, k = design.shape
        if n > k:  # a triangle has the same coefficients
            R = triangle_of(np.hstack([design, targets]))
            design, targets = R[:k, :k], R[:k, k:]
        left, singular, self._right = np.linalg.svd(design, full_matrices=False)
        # Those that are rounding errors count as zero, so that alpha may be zero.
        kept = singular > max(n, k) * np.finfo(np.float64).eps * singular.max(initial=0)
        self.singular = np.where(kept, singular, 0)
        self._projected = left.T @ targets

    def coefficients(self, alpha: np.ndarray) -> np.ndarray:
        """Coefficients, (k, o), for the penalty of each target, (o,)."""
        over = self._over(alpha)
        return self._right.T @ (self.singular[:, None] * over * (over * self._projected))

    def leverages(self, design: np.ndarray, alpha: float) -> np.ndarray:
        """How much of its own fitted value each row is, (n,)."""
        return ((design @ self._right.T * self._over(np.array([alpha]))[:, 0]) ** 2).sum(axis=1)

    def _over(self, alpha: np.ndarray) -> np.ndarray:
        """``1 / sqrt(s**2 + alpha)``, (m, o); 0 for a singular value of zero."""
        s = self.singular[:, None]
        with np.errstate(divide="ignore"):
            return np.where(s > 0, 1 / np.hypot(s, np.sqrt(alpha)), 0)


def _not_negative(centred: Centred, alpha: np.ndarray) -> np.ndarray:
    """With more rows that ask for zero, the penalty is a part of the least squares."""
    design, targets = centred.design(), centred.targets
    k = design.shape[1]
    columns = []
    for target, penalty in zip(targets.T, alpha, strict=True):
        rows = np.vstack([design, np.sqrt(penalty) * np.eye(k)])
        columns.append(optimize.nnls(rows, np.concatenate([target, np.zeros(k)]))[0])
    return np.column_stack(columns)
