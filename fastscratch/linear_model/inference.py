"""Standard errors that hold without the model's own variance, and what estimators do with them."""

import dataclasses
from abc import abstractmethod
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from ..validation import as_integer, one_of
from .summary import Summary, Test

__all__ = [
    "InferenceMixin",
    "Method",
    "checked_rows",
    "same_rows",
    "sandwich",
]

ROBUST = ("HC0", "HC1", "HC2", "HC3")


@dataclasses.dataclass(frozen=True)
class Method:
    """How standard errors are computed, checked.

    Attributes
    ----------
    cov_type : {"nonrobust", "HC0", "HC1", "HC2", "HC3"}
    groups : ndarray of int, shape (n,), or None
        The number of the cluster of each sample.
    bootstrap : int
        Number of refits; 0 for none.
    random_state : RandomState
    n_jobs : int or None
        As joblib takes it.
    """

    cov_type: str
    groups: np.ndarray | None
    bootstrap: int
    random_state: np.random.RandomState
    n_jobs: int | None

    @classmethod
    def of(
        cls,
        bootstrap: Any = 0,
        random_state: Any = None,
        cov_type: Any = None,
        groups: Any = None,
        n_jobs: Any = None,
    ) -> "Method":
        """Check the arguments of a summary."""
        if n_jobs is not None:
            n_jobs = as_integer("n_jobs", n_jobs, -(2**31))
            if n_jobs == 0:
                raise ValueError("n_jobs must be above 0, or below for all processors, got 0")
        bootstrap = as_integer("bootstrap", bootstrap, 0)
        if bootstrap == 1:
            raise ValueError(f"bootstrap must be 0, for none, or at least 2, got {bootstrap}")
        if cov_type is not None:
            cov_type = one_of("cov_type", cov_type, ("nonrobust", *ROBUST))
        if bootstrap and cov_type not in (None, "nonrobust"):
            raise ValueError(f"bootstrap needs cov_type=None, got {cov_type!r}")
        if groups is not None:
            groups = np.asarray(groups)
            if groups.ndim != 1:
                raise ValueError(f"groups must be 1-D, got shape {groups.shape}")
            groups = np.unique(groups, return_inverse=True)[1]
            if cov_type not in (None, "HC0", "HC1"):
                raise ValueError(f"groups need cov_type='HC0' or 'HC1', got {cov_type!r}")
            if groups.max(initial=0) == 0:
                raise ValueError("groups must name at least two clusters, got one")
        if cov_type is None:
            cov_type = "nonrobust" if groups is None or bootstrap else "HC1"
        return cls(cov_type, groups, bootstrap, check_random_state(random_state), n_jobs)

    @property
    def needs_data(self) -> bool:
        """Whether the samples are needed, and not only what a fit has made of them."""
        return self.bootstrap > 0 or self.cov_type != "nonrobust"

    @property
    def label(self) -> str:
        """What the summary calls the method."""
        return "bootstrap" if self.bootstrap else self.cov_type

    def of_rows(self, shown: np.ndarray) -> "Method":
        """The same method for some of the samples."""
        if self.groups is None:
            return self
        if len(self.groups) != len(shown):
            raise ValueError(
                f"groups must have one entry for each of {len(shown)} samples, got "
                f"{len(self.groups)}"
            )
        groups = np.unique(self.groups[shown], return_inverse=True)[1]
        return dataclasses.replace(self, groups=groups)

    def note(self) -> str:
        """The line of the summary that says where its standard errors are from."""
        clusters = "" if self.groups is None else f", {self.groups.max() + 1} clusters"
        if self.bootstrap:
            return (
                f"standard errors and intervals from {self.bootstrap} bootstrap samples{clusters}"
            )
        return f"robust standard errors, {self.cov_type}{clusters}"


def sandwich(
    scores: np.ndarray,
    leverages: np.ndarray | None,
    counts: np.ndarray,
    method: Method,
    n_parameters: int,
) -> np.ndarray:
    """The middle of a robust covariance: that of the sum of the scores.

    Parameters
    ----------
    scores : ndarray, shape (n, p)
        Derivative of the log-likelihood of each sample.
    leverages : ndarray, shape (n,), or None
        How much of its own fitted value a sample is; None if that is not one number.
    counts : ndarray, shape (n,)
        As how many samples each counts.
    method : Method
    n_parameters : int

    Returns
    -------
    ndarray, shape (p, p)
    """
    n = len(scores)
    if method.groups is not None:
        clusters = method.groups.max() + 1
        sums = np.zeros((clusters, scores.shape[1]))
        np.add.at(sums, method.groups, counts[:, None] * scores)
        factor = clusters / (clusters - 1)
        if method.cov_type == "HC1":
            factor *= (n - 1) / (n - n_parameters)
        return factor * sums.T @ sums
    factors = counts.astype(np.float64)
    if method.cov_type == "HC1":
        factors = factors * (n / (n - n_parameters))
    elif method.cov_type in ("HC2", "HC3"):
        if leverages is None:
            raise ValueError(
                f"cov_type={method.cov_type!r} needs one output, got several classes; use 'HC1'"
            )
        factors = factors / (1 - leverages) ** (1 if method.cov_type == "HC2" else 2)
    return (factors[:, None] * scores).T @ scores


class InferenceMixin:
    """Intervals and tests of the estimators that have a summary."""

    #: The arrays of the fit: a reference to them, which is not saved with the estimator.
    _data: Any = None

    def __getstate__(self) -> dict[str, Any]:
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_data"}

    @abstractmethod
    def summary(
        self,
        *,
        bootstrap: int = 0,
        random_state: Any = None,
        cov_type: str | None = None,
        groups: Any = None,
        n_jobs: int | None = None,
    ) -> Summary:
        """Coefficients with standard errors."""

    def conf_int(self, level: float = 0.95, **method: Any) -> np.ndarray:
        """Confidence intervals of the coefficients; see :meth:`Summary.conf_int`.

        Parameters
        ----------
        level : float
        **method
            `bootstrap`, `random_state`, `cov_type`, `groups` and `n_jobs` of :meth:`summary`.

        Returns
        -------
        ndarray, shape (equations, names, 2)
        """
        return self.summary(**method).conf_int(level)

    def vcov(self, **method: Any) -> np.ndarray:
        """Covariances of the estimates; see :meth:`Summary.vcov`.

        Parameters
        ----------
        **method
            `bootstrap`, `random_state`, `cov_type`, `groups` and `n_jobs` of :meth:`summary`.

        Returns
        -------
        ndarray, shape (p, p) or (models, p, p)
        """
        return self.summary(**method).vcov()

    def wald_test(self, hypotheses: Any, values: Any = 0.0, **method: Any) -> Test:
        """Test linear hypotheses about the coefficients; see :meth:`Summary.wald_test`.

        Parameters
        ----------
        hypotheses : str, list of str, or array-like, shape (q, p)
        values : float or array-like, shape (q,)
        **method
            `bootstrap`, `random_state`, `cov_type`, `groups` and `n_jobs` of :meth:`summary`.

        Returns
        -------
        Test
        """
        return self.summary(**method).wald_test(hypotheses, values)

    def lr_test(self, smaller: Any) -> Test:
        """Test a smaller model by the likelihoods of both; see :meth:`Summary.lr_test`.

        Parameters
        ----------
        smaller : fitted estimator or Summary
            Fitted to the same samples, and a special case of this model.

        Returns
        -------
        Test
        """
        if isinstance(smaller, InferenceMixin):
            smaller = smaller.summary()
        return self.summary().lr_test(smaller)


def checked_rows(data: Any) -> Any:
    """The samples of the fit, which an estimator keeps a reference to while it is in memory."""
    if data is None:
        raise ValueError(
            "robust standard errors, a bootstrap and marginal effects need the samples, which are "
            "known after a fit (on dense data, for a linear regression), but not after partial_fit "
            "or in a copy that was saved; fit again"
        )
    return data


def same_rows(gradient: np.ndarray, bound: np.ndarray) -> None:
    """Check that the gradient, at the coefficients, still vanishes for the samples of the fit."""
    if not (np.abs(gradient) <= bound).all():
        raise ValueError("the arrays that were fitted to have changed since the fit; fit again")
