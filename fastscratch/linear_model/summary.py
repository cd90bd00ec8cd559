"""The table of coefficients and tests that statisticians print after a fit."""

import dataclasses

import numpy as np

__all__ = ["Summary"]

#: R's marks for p-values, each with the bound that the p-value is below.
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))


@dataclasses.dataclass(frozen=True)
class Summary:
    """Coefficients with their standard errors, and how well the model fits.

    ``str()`` gives a table like that of R's ``summary()``. A number that cannot be computed is NaN,
    and `notes` says why.

    Attributes
    ----------
    title : str
        What was fitted, and how.
    names : list of str
        Of the coefficients: ``(Intercept)``, if there is one, then the features.
    equations : list of str
        A heading for each output with its own coefficients; one empty string if there is only one
        output.
    coefficients, standard_errors, statistics, p_values : ndarray, shape (equations, names)
        `statistics` is the coefficient over its standard error.
    distribution : {"t", "z"}
        The distribution of the statistics if the true coefficient is zero: Student's t with
        `df_resid` degrees of freedom, or (asymptotically) the standard normal.
    log_likelihood, aic : ndarray
        Akaike's criterion is ``2 (number of parameters) - 2 log-likelihood``. There is one number
        for each separate model: for each target of a linear regression, and for each label of a
        logistic regression with several labels.
    n_samples : int
        Samples with a weight above zero.
    df_resid : int
        Number of samples minus number of parameters.
    fit : list of str
        More lines about the fit.
    notes : list of str
        What the table leaves out, and why.
    """

    title: str
    names: list[str]
    equations: list[str]
    coefficients: np.ndarray
    standard_errors: np.ndarray
    statistics: np.ndarray
    p_values: np.ndarray
    distribution: str
    log_likelihood: np.ndarray
    aic: np.ndarray
    n_samples: int
    df_resid: int
    fit: list[str]
    notes: list[str]

    def __str__(self) -> str:
        lines = [self.title]
        for row, equation in enumerate(self.equations):
            lines += ["", f"Coefficients{f' of {equation}' if equation else ''}:"]
            lines += self._table(row)
        if np.isfinite(self.p_values).any():
            lines += ["---", "p below: 0.001 ***, 0.01 **, 0.05 *, 0.1 ."]
        lines += ["", *self.fit]
        criteria = f"Log-likelihood: {_numbers(self.log_likelihood)}"
        if np.isfinite(self.aic).all():
            criteria += f",  AIC: {_numbers(self.aic)}"
        lines += [criteria, *(f"Note: {note}" for note in self.notes)]
        return "\n".join(lines)

    def _table(self, row: int) -> list[str]:
        s = self.distribution
        width = max(len(name) for name in self.names)
        heads = ("Estimate", "Std. Error", f"{s} value", f"Pr(>|{s}|)")
        lines = [f"{'':{width}} {heads[0]:>12} {heads[1]:>12} {heads[2]:>9} {heads[3]:>10}"]
        for name, b, error, statistic, p in zip(
            self.names,
            self.coefficients[row],
            self.standard_errors[row],
            self.statistics[row],
            self.p_values[row],
            strict=True,
        ):
            stars = next((mark for limit, mark in STARS if p < limit), "")
            line = f"{name:{width}} {b:12.6g} {error:12.6g} {statistic:9.3f} {_p(p):>10} {stars}"
            lines.append(line.rstrip())
        return lines


def _p(value: float) -> str:
    return "<2e-16" if value < 2e-16 else f"{value:.3g}"


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{value:.4f}" for value in values)
