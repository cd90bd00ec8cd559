"""The essay's regressions as functions: least squares, gradient descent, log-likelihood."""

import warnings
from typing import Any

import numpy as np

from . import kernels
from .engine import run_in_slices
from .kernels.codes import READ_OUTS
from .output import progress_bar
from .validation import (
    as_array,
    as_flag,
    as_integer,
    as_labels,
    as_number,
    as_positive,
    one_of,
    same_length,
)
from .wording import quantity

__all__ = ["gradient_descent", "least_squares", "log_likelihood"]

#: The activation of each family, and the loss it descends (the inverse link function and the
#: negative log-likelihood, in the words of generalised linear models).
FAMILIES = {
    "linear": ("linear", "mean_squared_error"),
    "logistic": ("sigmoid", "multilabel_crossentropy"),
    "softmax": ("softmax", "categorical_crossentropy"),
}

#: Eigenvalues of a matrix of no more rows than this take less time than a descent.
MOST_EIGENVALUES = 1000


def least_squares(
    X: Any, y: Any, *, fit_intercept: bool = True, minimum_norm: bool = False
) -> np.ndarray:
    """Linear regression in closed form, through a QR factorisation with column pivoting.

    Solves the normal equations ``X'X b = X'y`` without forming ``X'X``.

    Parameters
    ----------
    X : array_like, shape (n, k)
        Explanatory variables.
    y : array_like, shape (n,) or (n, o)
        One response, or several as columns.
    fit_intercept : bool
        Put a column of ones before the others; its coefficient comes first.
    minimum_norm : bool
        Where the columns of `X` depend on each other (or there are fewer rows than columns), many
        coefficients fit equally well: return those with the smallest sum of squares instead of
        raising an error.

    Returns
    -------
    ndarray of float64, shape (k + 1,) or (k + 1, o)
        Coefficients, the intercept first; without an intercept, k of them.

    Raises
    ------
    ValueError
        If ``X'X`` is singular and `minimum_norm` is False, or the shapes do not match.

    Notes
    -----
    Cost: ``2 n k**2`` flops. Twin: ``reference.least_squares.least_squares``.

    Examples
    --------
    >>> from fastscratch import regression
    >>> regression.least_squares([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]).round(4)  # y = 1 + 2 x
    array([1., 2.])
    """
    design = _design_matrix(X, fit_intercept)
    minimum_norm = as_flag("minimum_norm", minimum_norm)
    response = as_array("y", y)
    if response.ndim not in (1, 2):
        raise ValueError(f"y must be 1-D or 2-D, got shape {response.shape}")
    same_length(X=design, y=response)
    targets = response.reshape(len(response), -1)
    n, k = design.shape
    coefficients = np.empty((k, targets.shape[1]))
    pivots = np.empty(k, np.int64)
    rcond = max(n, k) * np.finfo(np.float64).eps
    rank = kernels.least_squares.least_squares(coefficients, pivots, design, targets, rcond)
    if rank < k and not minimum_norm:
        columns = [repr(name) for name in getattr(X, "columns", range(k))]
        names = ["the intercept"] * fit_intercept + [f"column {name}" for name in columns]
        raise ValueError(_why_singular(n, rank, pivots, names))
    return coefficients.reshape(k, *response.shape[1:])


def _why_singular(n: int, rank: int, pivots: np.ndarray, names: list[str]) -> str:
    """The message of the error: one sentence that names the columns that are the cause."""
    k = pivots.size
    dependent = " and ".join(names[p] for p in sorted(pivots[rank:]))
    if n < k:
        cause = f"{quantity(n, 'row')} cannot determine {quantity(k, 'coefficient')}"
    elif rank == 0:
        cause = "every column is zero"
    else:
        cause = f"{dependent} can be written in terms of the other columns"
    return (
        f"X'X is singular (rank {rank} of {k}): {cause}; leave such columns out, or ask for "
        "minimum_norm=True"
    )


def gradient_descent(
    X: Any,
    y: Any,
    family: str = "linear",
    *,
    learning_rate: float,
    n_iterations: int,
    initial: float = 0.0,
    fit_intercept: bool = True,
    return_path: bool = False,
    progress: bool = False,
) -> np.ndarray:
    """Linear, logistic or softmax regression by gradient descent.

    Each iteration is ``b -= learning_rate * X' (f(X b) - y) / n``. The three families differ only
    in ``f``, which is the identity, the sigmoid or the softmax.

    Parameters
    ----------
    X : array_like, shape (n, k)
        Explanatory variables.
    y : array_like
        linear: real numbers, (n,) or (n, o). logistic: 0 and 1, (n,) or (n, o); each column is
        fitted by itself. softmax: class labels 0, 1, 2, ..., (n,).
    family : {"linear", "logistic", "softmax"}
    learning_rate : float
    n_iterations : int
    initial : float
        First value of every coefficient.
    fit_intercept : bool
        Put a column of ones before the others; its coefficient comes first.
    return_path : bool
        Return the coefficients at the start and after every iteration, not only the last ones.
    progress : bool
        Show a progress bar if the run takes longer than a second.

    Returns
    -------
    ndarray of float64, shape (k + 1,) or (k + 1, o)
        Coefficients, the intercept first; without an intercept, k of them. For the softmax there is
        a column for each class. With `return_path`, n_iterations + 1 of these arrays, as one.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not match, `y` does not suit the family, or a number is out of range.
    FloatingPointError
        If the learning rate is too large: a coefficient is no longer finite, or a loss ends above
        where it began.

    Warns
    -----
    RuntimeWarning
        If a linear regression ends below where it began, but will not for ever: the learning rate
        is above 2 over the largest eigenvalue of ``X'X / n``.

    Notes
    -----
    Twin: ``reference.gradient_descent.gradient_descent``.

    Examples
    --------
    >>> from fastscratch import regression
    >>> X, y = [[-1.0], [0.0], [1.0]], [-1.0, 1.0, 3.0]  # y = 1 + 2 x
    >>> regression.gradient_descent(X, y, learning_rate=0.5, n_iterations=100).round(4)
    array([1., 2.])
    >>> path = regression.gradient_descent(
    ...     X, y, learning_rate=0.5, n_iterations=2, return_path=True
    ... )
    >>> path.round(4)
    array([[0.    , 0.    ],
           [0.5   , 0.6667],
           [0.75  , 1.1111]])
    """
    activation, _ = FAMILIES[one_of("family", family, tuple(FAMILIES))]
    design = _design_matrix(X, fit_intercept)
    targets, shape = _targets(y, family)
    same_length(X=design, y=targets)
    rate = as_positive("learning_rate", learning_rate)
    total = as_integer("n_iterations", n_iterations, 0)
    coefficients = np.full((design.shape[1], targets.shape[1]), as_number("initial", initial))
    code = READ_OUTS.index(activation)
    return_path = as_flag("return_path", return_path)
    progress = as_flag("progress", progress)
    path = np.empty((total + 1 if return_path else 0, *coefficients.shape))
    before = _mean_losses(design, targets, coefficients, family)
    limit = _largest_rate(design) if family == "linear" else np.inf
    smaller = "a smaller learning_rate" if np.isinf(limit) else f"one below {limit:.4g}"
    advice = f"use {smaller}, or scale the columns to a similar range"

    def descend(count: int) -> None:
        kernels.gradient_descent.gradient_descent(coefficients, design, targets, code, rate, count)

    def run(first: int, count: int) -> None:
        if return_path:
            for iteration in range(first, first + count):
                path[iteration] = coefficients
                descend(1)
        else:
            descend(count)
        if not np.isfinite(coefficients).all():
            raise FloatingPointError(
                f"gradient descent diverged within {quantity(first + count, 'iteration')} at "
                f"learning_rate={rate:g}; {advice}"
            )

    run_in_slices(
        total, run, progress_bar(total, f"{family} regression", "it") if progress else None
    )
    after = _mean_losses(design, targets, coefficients, family)
    worse = ~(after <= before * (1 + 1e-9) + np.finfo(float).tiny)
    if worse.any():
        raise FloatingPointError(
            f"gradient descent diverged at learning_rate={rate:g}: after "
            f"{quantity(total, 'iteration')} the loss is {after[worse][0]:.4g}, from "
            f"{before[worse][0]:.4g} at the start; {advice}"
        )
    if total and rate > limit:
        warnings.warn(
            f"gradient descent will diverge at learning_rate={rate:g}, although the loss is not "
            f"above its start after {quantity(total, 'iteration')}; {advice}",
            RuntimeWarning,
            stacklevel=2,
        )
    if return_path:
        path[total] = coefficients
        return path.reshape(total + 1, -1, *shape)
    return coefficients.reshape(-1, *shape)


def _largest_rate(design: np.ndarray) -> float:
    """The learning rate above which least squares diverge; infinity if it is not known."""
    n, k = design.shape
    if min(n, k) > MOST_EIGENVALUES:
        return np.inf
    with np.errstate(over="ignore"):
        gram = design.T @ design if k <= n else design @ design.T
    if not np.isfinite(gram).all():
        return np.inf
    largest = np.linalg.eigvalsh(gram / n)[-1]
    return 2 / largest if largest > 0 else np.inf


def _mean_losses(
    design: np.ndarray, targets: np.ndarray, coefficients: np.ndarray, family: str
) -> np.ndarray:
    """The mean loss of each regression: of each column, or of the softmax as a whole."""
    columns = (
        [slice(None)] if family == "softmax" else [slice(o, o + 1) for o in range(targets.shape[1])]
    )
    parts = (
        (np.ascontiguousarray(targets[:, c]), np.ascontiguousarray(coefficients[:, c]))
        for c in columns
    )
    return np.array([_losses(design, y, beta, family).mean() for y, beta in parts])


def _losses(
    design: np.ndarray, targets: np.ndarray, coefficients: np.ndarray, family: str
) -> np.ndarray:
    """The loss of each sample."""
    scores, losses = np.empty(targets.shape), np.empty(len(targets))
    zeros = np.zeros(targets.shape[1])
    kernels.dense.dense_forward(scores, design, coefficients, zeros)
    loss = kernels.losses.forward_of(FAMILIES[family][1], losses.dtype)
    kernels.losses.loss_forward(losses, scores, targets, loss)
    return losses


def log_likelihood(
    X: Any, y: Any, coefficients: Any, family: str, *, fit_intercept: bool = True
) -> float:
    """Log-likelihood of a logistic or softmax regression.

    Parameters
    ----------
    X : array_like, shape (n, k)
        Explanatory variables.
    y : array_like
        As in :func:`gradient_descent`.
    coefficients : array_like
        As :func:`gradient_descent` returns them.
    family : {"logistic", "softmax"}
    fit_intercept : bool
        Whether the first coefficient is the intercept.

    Returns
    -------
    float
        ``sum(log p(y))``, natural logarithm.

    Raises
    ------
    ValueError, TypeError
        If the shapes do not match, or `y` does not suit the family.

    Examples
    --------
    >>> from fastscratch import regression
    >>> X, y = [[-1.0], [0.0], [1.0]], [0, 0, 1]
    >>> round(regression.log_likelihood(X, y, [0.0, 0.0], "logistic"), 4)  # 3 log(1/2)
    -2.0794
    """
    one_of("family", family, ("logistic", "softmax"))
    design = _design_matrix(X, fit_intercept)
    beta = as_array("coefficients", coefficients)
    # A class may be missing from held-out rows: the coefficients tell how many classes there are.
    targets, _ = _targets(y, family, beta.shape[1] if beta.ndim == 2 else None)
    same_length(X=design, y=targets)
    shape = (design.shape[1], targets.shape[1])
    if beta.shape != shape and (*beta.shape, 1) != shape:
        raise ValueError(f"coefficients must have shape {shape}, got {beta.shape}")
    return -float(_losses(design, targets, beta.reshape(shape), family).sum())


def _design_matrix(X: Any, fit_intercept: bool) -> np.ndarray:
    matrix = as_array("X", X, np.float64, 2)
    if as_flag("fit_intercept", fit_intercept):
        matrix = np.column_stack([np.ones(len(matrix)), matrix])
    return matrix


def _targets(y: Any, family: str, classes: int | None = None) -> tuple[np.ndarray, tuple[int, ...]]:
    """The response as a matrix, and the trailing shape of the coefficients."""
    if family == "softmax":
        labels = as_labels("y", y, classes)
        classes = classes or labels.max() + 1
        return np.eye(classes)[labels], (classes,)
    response = as_array("y", y)
    if response.ndim not in (1, 2):
        raise ValueError(f"y must be 1-D or 2-D, got shape {response.shape}")
    if family == "logistic" and not np.isin(response, (0, 1)).all():
        wrong = response[~np.isin(response, (0, 1))][0]
        raise ValueError(f"y of a logistic regression must hold 0 and 1 only, got {wrong}")
    return response.reshape(len(response), -1), response.shape[1:]
