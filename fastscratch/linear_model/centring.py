"""Least squares without its intercept: weighted rows of centred columns."""

import dataclasses
from typing import Any

import numpy as np
from scipy import sparse

from .. import kernels
from .solvers import EPS

__all__ = ["Centred", "largest", "triangle_of"]

# Rows that are taken as one long row, because NumPy's reductions are slow where rows are short.
AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Centred:
    """A regression whose columns have the mean 0, so that it needs no intercept.

    Attributes
    ----------
    X : ndarray or sparse array, shape (n, k)
        As given.
    targets : ndarray, shape (n, o)
        Centred, and times the root of the weight.
    X_mean, y_mean : ndarray, shape (k,), (o,)
        Zero without an intercept.
    root : ndarray, shape (n,)
        Roots of the weights.
    """

    X: Any
    targets: np.ndarray
    X_mean: np.ndarray
    y_mean: np.ndarray
    root: np.ndarray

    @classmethod
    def of(cls, X: Any, y: np.ndarray, weight: np.ndarray | None, fit_intercept: bool) -> "Centred":
        """Centre the data of a regression with an intercept.

        Parameters
        ----------
        X : ndarray or sparse array, shape (n, k)
        y : ndarray, shape (n,) or (n, o)
        weight : ndarray, shape (n,), optional
        fit_intercept : bool
        """
        n = len(y)
        root = np.ones(n) if weight is None else np.sqrt(weight)
        share = np.full(n, 1 / n) if weight is None else weight / weight.sum()
        targets = y.reshape(n, -1)
        X_mean, y_mean = np.zeros(X.shape[1]), np.zeros(targets.shape[1])
        if fit_intercept:
            X_mean, y_mean = share @ X, share @ targets
        return cls(X, root[:, None] * (targets - y_mean), X_mean, y_mean, root)

    def design(self) -> np.ndarray:
        """The columns: centred, times the root of the weight; a constant column becomes zero."""
        difference = self.X - self.X_mean
        if self.X_mean.any():
            constant = largest(difference) <= len(difference) * EPS * np.abs(self.X_mean)
            if constant.any():
                difference[:, constant] = 0
        if (self.root != 1).any():
            difference *= self.root[:, None]
        return difference

    def operator(self) -> Any:
        """The same columns of a sparse matrix, as an operator that makes no dense copy."""
        X, mean, root = self.X, self.X_mean, self.root
        return sparse.linalg.LinearOperator(
            X.shape,
            dtype=np.float64,
            matvec=lambda b: root * (X @ b - mean @ b),
            rmatvec=lambda r: X.T @ (root * r) - mean * (root @ r),
        )

    def intercept(self, coef: np.ndarray) -> np.ndarray:
        """The intercepts of the data as given, shape (o,), for coefficients of shape (k, o)."""
        return self.y_mean - self.X_mean @ coef


def largest(columns: np.ndarray) -> np.ndarray:
    """The largest absolute value of each column, shape (k,); 0 without rows."""
    n, k = columns.shape
    whole = n - n % AT_ONCE
    parts = columns[:whole].reshape(-1, AT_ONCE * k), columns[whole:]
    each = [np.maximum(part.max(axis=0, initial=0), -part.min(axis=0, initial=0)) for part in parts]
    return np.maximum(each[0].reshape(AT_ONCE, k).max(axis=0), each[1])


def triangle_of(rows: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
    """The triangle of the QR factorisation of a matrix, or of a triangle and more rows.

    The rows are lost: to scale them where they lie saves a copy.
    """
    columns = rows.shape[1]
    triangle = np.zeros((columns, columns)) if start is None else start.copy()
    # Powers of two near the largest number of each column, for squares that are numbers.
    unit = np.ldexp(1.0, np.frexp(np.maximum(largest(rows), largest(triangle)))[1] - 1)
    triangle /= unit
    rows /= unit
    kernels.qr.qr_update(triangle, rows)
    return triangle * unit
