"""The summary of a logistic or softmax regression, and its marginal effects."""

import dataclasses
from typing import Any

import numpy as np
from scipy import sparse, special
from sklearn.utils.validation import _check_feature_names_in

from ..kernels.codes import SIGMOID, SOFTMAX
from .bootstrap import bootstrap_coefficients
from .inference import Method, checked_rows, sandwich
from .summary import Summary

__all__ = ["Statistics", "logistic_summary", "marginal_effects"]


@dataclasses.dataclass(frozen=True)
class Statistics:
    """What a summary needs to know about one model.

    Attributes
    ----------
    log_likelihood, null_log_likelihood : float
        Of the fitted model, and of the model with only an intercept.
    covariance : ndarray or None
        Of the coefficients, in the order of the summary's tables; None if it is not known.
    note : str
        Why it is not known.
    n_parameters : int
        Coefficients that can be chosen apart from each other, if that is known; else all.
    """

    log_likelihood: float
    null_log_likelihood: float
    covariance: np.ndarray | None
    note: str
    n_parameters: int


@dataclasses.dataclass(frozen=True)
class _Rows:
    """The samples of one model whose weight is above zero.

    Attributes
    ----------
    design : ndarray, shape (n, k)
        With a column of ones if there is an intercept.
    y : ndarray, shape (o, n)
        As the kernels take it.
    weight : ndarray, shape (n,)
    coefficients : ndarray, shape (o, k)
    p : ndarray, shape (classes, n)
        Probabilities, also of the first of two classes.
    shown : ndarray of bool
        Which of all samples these are.
    """

    design: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    coefficients: np.ndarray
    p: np.ndarray
    shown: np.ndarray

    @property
    def activation(self) -> int:
        """Code of sigmoid or softmax."""
        return SIGMOID if len(self.y) == 1 else SOFTMAX

    @property
    def own(self) -> np.ndarray:
        """Responses of the classes after the first, (classes - 1, n)."""
        return self.y if len(self.y) == 1 else self.y[1:]

    def covariance(self, bread: np.ndarray, method: Method) -> np.ndarray:
        """Robust covariance of the coefficients of the classes after the first."""
        residuals = self.own - self.p[1:]
        scores = residuals[:, :, None] * self.design  # (classes - 1, n, k)
        n, leverages = len(self.design), None
        if len(residuals) == 1:
            own = ((self.design @ bread) * self.design).sum(axis=1)
            leverages = self.p[0] * self.p[1] * own
        flat = np.moveaxis(scores, 0, 1).reshape(n, -1)
        method = method.of_rows(self.shown)
        middle = sandwich(flat, leverages, self.weight, method, len(bread))
        return bread @ middle @ bread

    def draws(self, method: Method) -> np.ndarray:
        """Coefficients of the classes after the first, fitted to bootstrap samples."""
        drawn = bootstrap_coefficients(
            self.coefficients,
            self.design,
            self.y,
            self.weight,
            self.activation,
            method.of_rows(self.shown),
        )
        return drawn if len(self.y) == 1 else drawn[:, 1:] - drawn[:, :1]


def _models(model: Any) -> list[_Rows]:
    """The samples of each separate model, checked to be those of the fit."""
    X, y, weight = checked_rows(model._data)
    X = X.toarray() if sparse.issparse(X) else X
    coefficients = model._dense_coef()
    if model._fitted_with.fit_intercept:
        X = np.column_stack([np.ones(len(X)), X])
        coefficients = np.column_stack([model.intercept_, coefficients])
    rows, first = [], 0
    for (targets, of_model), statistics in zip(
        model._models(y, weight, model._fitted_with.class_weight), model._statistics, strict=True
    ):
        b = coefficients[first : first + len(targets)]
        first += len(targets)
        shown = of_model > 0
        scores = b @ X[shown].T
        if len(b) == 1:
            scores = np.vstack([np.zeros_like(scores), scores])
        targets, of_model = np.ascontiguousarray(targets[:, shown]), of_model[shown]
        logs = special.log_softmax(scores, axis=0)
        own = np.vstack([1 - targets, targets]) if len(b) == 1 else targets
        likelihood = (own * logs).sum(axis=0) @ of_model
        if not abs(likelihood - statistics.log_likelihood) <= 1e-6 * (1 + abs(likelihood)):
            raise ValueError("the arrays that were fitted to have changed since the fit; fit again")
        rows.append(_Rows(X[shown], targets, of_model, b, np.exp(logs), shown))
    return rows


def logistic_summary(model: Any, method: Method) -> Summary:
    """Summary of a logistic or softmax regression."""
    fitted = model._fitted_with
    models = [statistics for statistics in model._statistics if statistics is not None]
    if not models:
        raise ValueError("a summary needs a fit, got coefficients of partial_fit")
    penalised = bool(np.isfinite(fitted.C))
    if method.needs_data and penalised:
        raise ValueError(
            "robust standard errors and a bootstrap need a fit without a penalty, C=np.inf, got "
            f"C={fitted.C:g}"
        )
    first = int(fitted.fit_intercept)
    coefficients = model._dense_coef()
    if first:
        coefficients = np.column_stack([model.intercept_, coefficients])
    equations = [""]
    if model._multilabel:
        equations = [f"label {label}" for label in model.classes_]
    elif len(coefficients) > 1:
        coefficients = coefficients[1:] - coefficients[0]
        equations = [f"class {c!s}, against {model.classes_[0]!s}" for c in model.classes_[1:]]
    notes = list(dict.fromkeys(statistics.note for statistics in models if statistics.note))
    rows = _models(model) if method.needs_data else []
    draws = None
    if method.bootstrap:
        if any(statistics.covariance is None for statistics in models):
            raise ValueError(f"a bootstrap needs a model with standard errors, but: {notes[0]}")
        of_models = [of_model.draws(method) for of_model in rows]
        kept = min(map(len, of_models))
        draws = np.concatenate([drawn[:kept] for drawn in of_models], axis=1)
        covariances = [np.cov(drawn.reshape(len(drawn), -1).T) for drawn in of_models]
        if kept < method.bootstrap:
            notes.append(
                f"{method.bootstrap - kept} samples, in which columns depend on each other or the "
                "likelihood has no maximum, are left out"
            )
    else:
        covariances = [statistics.covariance for statistics in models]
        if method.needs_data:
            covariances = [
                bread if bread is None else of_model.covariance(bread, method)
                for bread, of_model in zip(covariances, rows, strict=True)
            ]
    size = coefficients.size // len(models)
    errors, correlations = spreads(covariances, size)
    log_likelihood = np.array([statistics.log_likelihood for statistics in models])
    null = np.array([statistics.null_log_likelihood for statistics in models])
    parameters = np.array([statistics.n_parameters for statistics in models])
    df = model._n_samples - int(parameters.max())
    if fitted.class_weight is not None:
        notes.append("with class weights, a sample of a class of weight w counts as w samples")
    if method.needs_data:
        notes.append(method.note())

    def deviances(values: np.ndarray) -> str:
        return ", ".join(f"{-2 * value:.4f}" for value in values)

    per_model = len(coefficients) // len(models)
    fit = [
        f"Null deviance: {deviances(null)} on {model._n_samples - per_model * first} "
        "degrees of freedom",
        f"Residual deviance: {deviances(log_likelihood)} on {df} degrees of freedom",
    ]
    if not penalised:
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = ", ".join(f"{share:.4f}" for share in 1 - log_likelihood / null)
        fit.append(f"McFadden's pseudo-R-squared: {shares}")
    name = "Softmax" if model.classes_.size > 2 and not model._multilabel else "Logistic"
    return Summary(
        title=f"{name} regression, {fitted.solver}, C={fitted.C:g}"
        + (f", l1_ratio={fitted.l1_ratio:g}" if penalised else " (no penalty)"),
        names=["(Intercept)"] * first + list(_check_feature_names_in(model)),
        equations=equations,
        coefficients=coefficients,
        standard_errors=errors.reshape(coefficients.shape),
        correlations=correlations,
        distribution="z",
        df=df,
        df_resid=df,
        cov_type=method.label,
        n_samples=model._n_samples,
        n_parameters=parameters,
        log_likelihood=log_likelihood,
        null_log_likelihood=null,
        is_penalised=penalised,
        residual_quantiles=None,
        draws=draws,
        fit=fit,
        notes=notes,
    )


def spreads(covariances: list[Any], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard errors, (models, size), and correlations; NaN for a model without covariance."""
    errors = np.full((len(covariances), size), np.nan)
    correlations = np.full((len(covariances), size, size), np.nan)
    for i, covariance in enumerate(covariances):
        if covariance is not None:
            covariance = np.reshape(covariance, (size, size))
            errors[i] = np.sqrt(np.diag(covariance))
            with np.errstate(divide="ignore", invalid="ignore"):
                correlations[i] = covariance / np.outer(errors[i], errors[i])
    return errors, correlations


def marginal_effects(model: Any, method: Method) -> Summary:
    """Average marginal effects, with standard errors by the delta method."""
    summary = logistic_summary(model, method)
    first = int(model._fitted_with.fit_intercept)
    names, rows = summary.names[first:], _models(model)
    covariances = summary.vcov().reshape(summary.correlations.shape)
    effects, spread = [], []
    for of_model, covariance in zip(rows, covariances, strict=True):
        values, jacobian = _effects(of_model, first)
        if len(of_model.y) == 1:  # the effects on both probabilities differ in their signs only
            values, jacobian = values[1:], jacobian[1:]
        flat = jacobian.reshape(values.size, -1)
        effects.append(values)
        spread.append(flat @ covariance @ flat.T)
    coefficients = np.concatenate(effects)
    errors, correlations = spreads(spread, coefficients.size // len(rows))
    equations = summary.equations
    if not model._multilabel and len(coefficients) > 1:
        equations = [f"class {c!s}" for c in model.classes_]
    return dataclasses.replace(
        summary,
        title="Average marginal effects on the probability",
        names=names,
        equations=equations,
        coefficients=coefficients,
        standard_errors=errors.reshape(coefficients.shape),
        correlations=correlations,
        draws=None,
        fit=[f"Averages over {summary.n_samples} samples; standard errors by the delta method"],
    )


def _effects(rows: _Rows, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Effects of each column on each probability, and their derivatives.

    The effect of column j on class c is the mean of ``p_c (b_cj - sum_m p_m b_mj)``.

    Returns
    -------
    effects : ndarray, shape (classes, columns)
    jacobian : ndarray, shape (classes, columns, classes - 1, k)
        By the coefficients of the classes after the first.
    """
    p, D, share = rows.p, rows.design, rows.weight / rows.weight.sum()
    b = rows.coefficients
    b = np.vstack([np.zeros_like(b), b]) if len(b) == 1 else b - b[0]
    classes, k = b.shape
    slopes = b[:, first:]
    off = slopes[:, None] - (p.T @ slopes)  # (classes, n, columns)
    effects = np.einsum("n,cn,cnj->cj", share, p, off)
    jacobian = np.empty((classes, k - first, classes - 1, k))
    for c in range(classes):
        for d in range(1, classes):
            turn = share * p[c] * ((c == d) - p[d])  # derivative of p_c by the score of d
            factor = turn[:, None] * off[c] - (share * p[c] * p[d])[:, None] * off[d]
            jacobian[c, :, d - 1] = factor.T @ D
            jacobian[c, :, d - 1, first:] += turn.sum() * np.eye(k - first)
    return effects, jacobian
