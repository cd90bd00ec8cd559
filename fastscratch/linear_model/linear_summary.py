"""The summary of a linear regression."""

from typing import Any

import numpy as np
from scipy import linalg, special
from sklearn.utils.validation import _check_feature_names_in

from ..kernels.codes import LINEAR
from .bootstrap import bootstrap_coefficients
from .inference import Method, checked_rows, same_rows, sandwich
from .solvers import EPS
from .summary import Summary

__all__ = ["linear_summary"]


def linear_summary(model: Any, method: Method) -> Summary:
    """Summary of a linear regression that was fitted in closed form, from its triangle."""
    first, k = int(model._fitted_with.fit_intercept), model.n_features_in_
    R = model._triangle
    coef = np.atleast_2d(model.coef_)
    coefficients = coef
    if first:
        coefficients = np.column_stack([np.atleast_1d(model.intercept_), coef])
    n_targets, p = coefficients.shape
    design, targets = R[:p, :p], R[:, p:]
    rank = first + model.rank_
    n, df = model._n_rows, model._n_rows - rank
    # In units of a power of two near the largest number: no square overflows or vanishes.
    unit = np.ldexp(1.0, np.frexp(np.abs(targets).max(axis=0))[1])
    residuals = targets / unit
    residuals[:p] -= design @ (coefficients.T / unit)
    squares = (residuals**2).sum(axis=0)
    total = ((targets[first:] / unit) ** 2).sum(axis=0)
    # What is left of these sums if only rounding is left; the bound is that of R.
    rounding = 1e-30 * ((targets / unit) ** 2).sum(axis=0) / n
    exact = squares <= df * rounding if df > 0 else np.full(len(squares), True)
    squares[exact], total[total <= (n - first) * rounding] = 0, 0

    notes = []
    errors = np.full((n_targets, p), np.nan)
    correlations = np.full((n_targets, p, p), np.nan)
    draws = None
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = squares / df if df > 0 else np.full(len(squares), np.nan)
        sigma = unit * np.sqrt(variance)
    if exact.any():
        notes.append(
            "where all targets are fitted exactly, up to rounding, nothing is left to compute "
            "standard errors, tests and the log-likelihood from"
        )
    is_determined = model.rank_ == k and not model._fitted_with.positive
    if method.bootstrap and not is_determined:
        raise ValueError(
            "a bootstrap needs columns that do not depend on each other, and positive=False"
        )
    if model._fitted_with.positive:
        notes.append("coefficients forced to be positive have no standard errors")
    elif model.rank_ < k:
        notes.append(
            f"the columns depend on each other (rank {model.rank_} of {k}): the coefficients "
            "are one choice of many, and have no standard errors"
        )
    else:
        inverse = linalg.solve_triangular(design, np.eye(p))
        for o in range(n_targets):
            if not exact[o]:
                middle = variance[o] * np.eye(p)
                if method.cov_type != "nonrobust" and not method.bootstrap:
                    middle = _middle(model, method, design, coefficients[o], o, unit[o])
                errors[o], correlations[o] = _spread(inverse, middle)
                errors[o] *= unit[o]
        if method.bootstrap:
            draws = _draws(model, method, coefficients)
            errors, correlations = draws.std(axis=0, ddof=1), _correlations(draws)
    if method.needs_data:
        notes.append(method.note())
        if draws is not None and len(draws) < method.bootstrap:
            notes.append(
                f"{method.bootstrap - len(draws)} samples, in which columns depend on each other, "
                "are left out"
            )

    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1 - squares / total
        adjusted = 1 - (1 - explained) * (n - first) / df if df > 0 else np.nan
        F = np.where(exact, np.nan, (total - squares) / model.rank_ / variance)
        log_likelihood = 0.5 * (
            model._log_weights - n * (np.log(2 * np.pi * squares / n) + 2 * np.log(unit) + 1)
        )
        log_likelihood[exact] = np.nan
    p_of_F = special.fdtrc(model.rank_, df, F)
    fit = []
    for o in range(n_targets):
        if n_targets > 1:
            fit.append(f"Target {o}:")
        adjusted_o = np.broadcast_to(adjusted, n_targets)[o]
        fit += [
            f"Residual standard error: {sigma[o]:.4g} on {df} degrees of freedom",
            f"R-squared: {explained[o]:.4f},  adjusted R-squared: {adjusted_o:.4f}",
            f"F-statistic: {F[o]:.4g} on {model.rank_} and {df} degrees of freedom,  "
            f"p-value: {p_of_F[o]:.3g}",
        ]
    clustered = method.groups is not None and not method.bootstrap
    return Summary(
        title="Linear regression, least squares",
        names=["(Intercept)"] * first + list(_check_feature_names_in(model)),
        equations=[f"target {o}" for o in range(n_targets)] if n_targets > 1 else [""],
        coefficients=coefficients,
        standard_errors=errors,
        correlations=correlations,
        distribution="z" if method.bootstrap else "t",
        df=int(method.groups.max()) if clustered and method.groups is not None else df,
        df_resid=df,
        cov_type=method.label,
        n_samples=n,
        n_parameters=np.full(n_targets, rank + 1),
        log_likelihood=log_likelihood,
        null_log_likelihood=None,
        is_penalised=False,
        residual_quantiles=_quantiles(model),
        draws=draws,
        fit=fit,
        notes=notes,
    )


def _rows(model: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Design, targets (n, o) and weights of the samples of a weight above 0; which those are."""
    X, y, weight = checked_rows(model._data)
    shown = np.full(len(y), True) if weight is None else weight > 0
    weight = np.ones(len(y)) if weight is None else weight
    rows = X[shown]
    if model._fitted_with.fit_intercept:
        rows = np.column_stack([np.ones(len(rows)), rows])
    return rows, y.reshape(len(y), -1)[shown], weight[shown], shown


def _middle(
    model: Any, method: Method, design: np.ndarray, b: np.ndarray, o: int, unit: float
) -> np.ndarray:
    """The middle of the sandwich, for columns that are made orthonormal."""
    rows, y, weight, shown = _rows(model)
    method = method.of_rows(shown)
    root = np.sqrt(weight)
    columns = linalg.solve_triangular(design, (root[:, None] * rows).T, trans="T").T
    residuals = root * (y[:, o] / unit - rows @ (b / unit))
    # Rounding of the residuals, whose products with the columns vanish.
    bound = 1e4 * EPS * (root * (np.abs(y[:, o] / unit) + np.abs(rows) @ np.abs(b / unit))).sum()
    same_rows(columns.T @ residuals, np.full(len(b), bound))
    scores = residuals[:, None] * columns
    leverages = (columns**2).sum(axis=1)
    return sandwich(scores, leverages, np.ones(len(y)), method, len(b))


def _spread(inverse: np.ndarray, middle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors and correlations of ``inverse @ middle @ inverse.T``."""
    largest = np.abs(inverse).max(axis=1)
    largest[largest == 0] = 1
    scaled = inverse / largest[:, None]
    covariance = scaled @ middle @ scaled.T
    errors = np.sqrt(np.diag(covariance))
    return largest * errors, covariance / np.outer(errors, errors)


def _correlations(draws: np.ndarray) -> np.ndarray:
    """Correlations of the coefficients of each equation, (equations, p, p)."""
    return np.array([np.atleast_2d(np.corrcoef(b.T)) for b in np.moveaxis(draws, 1, 0)])


def _draws(model: Any, method: Method, coefficients: np.ndarray) -> np.ndarray:
    rows, y, weight, shown = _rows(model)
    targets = np.ascontiguousarray(y.T)
    return bootstrap_coefficients(
        coefficients, rows, targets, weight, LINEAR, method.of_rows(shown)
    )


def _quantiles(model: Any) -> np.ndarray | None:
    """Smallest, quartiles and largest of the residuals of each target, if the data are known."""
    if model._data is None:
        return None
    X, y, weight = model._data
    residuals = (y - (X @ model.coef_.T + model.intercept_)).reshape(len(y), -1)
    if weight is not None:
        residuals = (np.sqrt(weight)[:, None] * residuals)[weight > 0]
    return np.quantile(residuals, [0, 0.25, 0.5, 0.75, 1], axis=0).T
