"""The table of coefficients and tests that statisticians print after a fit."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy import special

from .. import notebook
from ..validation import as_number
from .tables import aligned, p_texts

__all__ = ["Summary", "Test"]

#: R's marks for p-values, each with the bound that the p-value is below.
STARS = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))


@dataclasses.dataclass(frozen=True)
class Test:
    """The result of a test; with several separate models, arrays with a number for each.

    Attributes
    ----------
    statistic : float or ndarray
    df : tuple of int
        Degrees of freedom: one number for chi-squared, two for F.
    p_value : float or ndarray
    distribution : {"chi2", "F"}
        The distribution of the statistic if the hypothesis is true; chi-squared is asymptotic.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import linear_model
    >>> x = np.arange(6.0)[:, None]
    >>> model = linear_model.LinearRegression().fit(x, [1.0, 2.9, 5.2, 6.8, 9.1, 11.0])
    >>> print(model.summary().wald_test("x0"))
    F: 2832 on 1 and 4 df, p-value: 7.462e-07
    """

    __test__ = False  # pytest takes classes of this name for tests

    statistic: Any
    df: tuple[int, ...]
    p_value: Any
    distribution: str

    def __str__(self) -> str:
        name = "F" if self.distribution == "F" else "chi-squared"
        df = " and ".join(map(str, self.df))
        pairs = zip(np.atleast_1d(self.statistic), np.atleast_1d(self.p_value), strict=True)
        return "\n".join(f"{name}: {s:.4g} on {df} df, p-value: {p:.4g}" for s, p in pairs)


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
    coefficients, standard_errors : ndarray, shape (equations, names)
    correlations : ndarray, shape (models, p, p)
        Correlations of the estimates, for each separate model: each target of a linear regression,
        each label of a logistic regression with several labels. The p coefficients of a model are
        in the order of its equations.
    distribution : {"t", "z"}
        The distribution of the statistics if the true coefficient is zero: Student's t with `df`
        degrees of freedom, or (asymptotically) the standard normal.
    df : int
        Of the statistics: `df_resid`, or the number of clusters minus one.
    df_resid : int
        Number of samples minus number of parameters.
    cov_type : str
        Where the standard errors are from: "nonrobust", "HC0" to "HC3", or "bootstrap".
    n_samples : int
        Samples with a weight above zero.
    n_parameters : ndarray of int, shape (models,)
        Parameters of the likelihood: the independent coefficients, and the variance of a linear
        regression.
    log_likelihood : ndarray, shape (models,)
    null_log_likelihood : ndarray, shape (models,), or None
        Of the model that has only an intercept; None for a linear regression.
    is_penalised : bool
        Then the criteria and the tests of the likelihood do not hold, and are NaN or refused.
    residual_quantiles : ndarray, shape (targets, 5), or None
        Of a linear regression: smallest, quartiles and largest, times the root of the weight; None
        if the data are not known any more.
    draws : ndarray, shape (n, equations, names), or None
        Coefficients of the fits to bootstrap samples.
    fit : list of str
        More lines about the fit.
    notes : list of str
        What the table leaves out, and why.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import linear_model
    >>> x = np.arange(6.0)[:, None]
    >>> model = linear_model.LinearRegression().fit(x, [1.0, 2.9, 5.2, 6.8, 9.1, 11.0])
    >>> print(model.summary())
    Linear regression, least squares
    <BLANKLINE>
    Residuals:
         Min       1Q   Median       3Q      Max
    -0.20286 -0.07214  0.00000  0.07214  0.20286
    <BLANKLINE>
    Coefficients:
                Estimate Std. Error t value Pr(>|t|)
    (Intercept)  0.98571    0.11411   8.639 0.000988 ***
    x0           2.00571    0.03769  53.218 7.46e-07 ***
    ---
    p below: 0.001 ***, 0.01 **, 0.05 *, 0.1 .
    <BLANKLINE>
    Residual standard error: 0.1577 on 4 degrees of freedom
    R-squared: 0.9986,  adjusted R-squared: 0.9982
    F-statistic: 2832 on 1 and 4 degrees of freedom,  p-value: 7.46e-07
    Log-likelihood: 3.7866,  AIC: -1.5732,  BIC: -2.1979
    >>> model.summary().conf_int().round(2)
    array([[[0.67, 1.3 ],
            [1.9 , 2.11]]])
    """

    title: str
    names: list[str]
    equations: list[str]
    coefficients: np.ndarray
    standard_errors: np.ndarray
    correlations: np.ndarray
    distribution: str
    df: int
    df_resid: int
    cov_type: str
    n_samples: int
    n_parameters: np.ndarray
    log_likelihood: np.ndarray
    null_log_likelihood: np.ndarray | None
    is_penalised: bool
    residual_quantiles: np.ndarray | None
    draws: np.ndarray | None
    fit: list[str]
    notes: list[str]

    @property
    def statistics(self) -> np.ndarray:
        """Coefficients over their standard errors, (equations, names)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.coefficients / self.standard_errors

    @property
    def p_values(self) -> np.ndarray:
        """Two-sided p-values of the hypotheses that a coefficient is zero, (equations, names)."""
        distances = -np.abs(self.statistics)
        if self.distribution == "t":
            return 2 * special.stdtr(self.df, distances)
        return 2 * special.ndtr(distances)

    @property
    def aic(self) -> np.ndarray:
        """Akaike's criterion, ``2 parameters - 2 log-likelihood``, (models,)."""
        return self._criterion(2.0)

    @property
    def bic(self) -> np.ndarray:
        """Schwarz's criterion, ``log(n) parameters - 2 log-likelihood``, (models,)."""
        return self._criterion(float(np.log(self.n_samples)))

    def _criterion(self, price: float) -> np.ndarray:
        if self.is_penalised:
            return np.full(len(self.log_likelihood), np.nan)
        return price * self.n_parameters - 2 * self.log_likelihood

    @property
    def pseudo_r2(self) -> np.ndarray:
        """McFadden's, ``1 - log-likelihood / that of only an intercept``, (models,).

        NaN for a linear regression, which has a proper one.
        """
        if self.null_log_likelihood is None:
            return np.full(len(self.log_likelihood), np.nan)
        return 1 - self.log_likelihood / self.null_log_likelihood

    def conf_int(self, level: float = 0.95) -> np.ndarray:
        """Confidence intervals of the coefficients.

        Of the standard errors, as R's ``confint.default``; with `bootstrap`, percentiles.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        ndarray, shape (equations, names, 2)
        """
        level = as_number("level", level)
        if not 0 < level < 1:
            raise ValueError(f"level must lie between 0 and 1, got {level}")
        tail = (1 - level) / 2
        if self.draws is not None:
            return np.moveaxis(np.quantile(self.draws, [tail, 1 - tail], axis=0), 0, -1)
        t = special.stdtrit(self.df, 1 - tail) if self.df > 0 else np.nan
        width = t if self.distribution == "t" else special.ndtri(1 - tail)
        sides = np.array([-width, width])
        return self.coefficients[..., None] + sides * self.standard_errors[..., None]

    def vcov(self) -> np.ndarray:
        """Covariances of the estimates.

        Returns
        -------
        ndarray, shape (p, p)
            Of the p coefficients, one equation after the other; with several separate models (see
            `correlations`), (models, p, p).
        """
        errors = self.standard_errors.reshape(len(self.correlations), -1)
        covariance = errors[:, :, None] * self.correlations * errors[:, None, :]
        return covariance[0] if len(covariance) == 1 else covariance

    def wald_test(self, hypotheses: Any, values: Any = 0.0) -> Test:
        """Test linear hypotheses about the coefficients, by their standard errors.

        Parameters
        ----------
        hypotheses : str, list of str, or array-like, shape (q, p)
            Names of coefficients, which are tested together (in all equations of a model); or a
            matrix, of whose product with the p coefficients of a model `values` are the hypothesis.
        values : float or array-like, shape (q,)

        Returns
        -------
        Test
            F if the statistics of the summary have Student's t, else chi-squared.
        """
        models = len(self.correlations)
        b = self.coefficients.reshape(models, -1)
        matrix = self._matrix_of(hypotheses, b.shape[1])
        wanted = np.broadcast_to(np.asarray(values, np.float64), len(matrix))
        covariance = self.vcov().reshape(models, b.shape[1], b.shape[1])
        q, found = len(matrix), np.full(models, np.nan)
        for i in range(models):
            off = matrix @ b[i] - wanted
            of_off = matrix @ covariance[i] @ matrix.T
            if np.isfinite(of_off).all():
                if np.linalg.matrix_rank(of_off) < q:
                    raise ValueError(
                        f"hypotheses must not depend on each other, got {q} of rank "
                        f"{np.linalg.matrix_rank(of_off)}"
                    )
                found[i] = off @ np.linalg.solve(of_off, off)
        if self.distribution == "t":
            statistic, df = found / q, (q, self.df)
            return _test(statistic, df, special.fdtrc(q, self.df, statistic), "F")
        return _test(found, (q,), special.chdtrc(q, found), "chi2")

    def _matrix_of(self, hypotheses: Any, p: int) -> np.ndarray:
        if isinstance(hypotheses, str):
            hypotheses = [hypotheses]
        if isinstance(hypotheses, Sequence) and all(isinstance(h, str) for h in hypotheses):
            for name in hypotheses:
                if name not in self.names:
                    raise ValueError(
                        f"hypotheses must name coefficients among {self.names}, got {name!r}"
                    )
            if not hypotheses:
                raise ValueError("hypotheses must name at least one coefficient, got none")
            chosen = [name in hypotheses for name in self.names] * (p // len(self.names))
            return np.eye(p)[chosen]
        matrix = np.atleast_2d(np.asarray(hypotheses, np.float64))
        if matrix.ndim != 2 or matrix.shape[1] != p or not len(matrix):
            raise ValueError(
                f"hypotheses must have a column for each of {p} coefficients, got shape "
                f"{matrix.shape}"
            )
        return matrix

    def lr_test(self, smaller: "Summary") -> Test:
        """Test a smaller model, which is a special case of this one, by the likelihoods of both.

        Parameters
        ----------
        smaller : Summary
            Of a fit to the same samples with fewer parameters.

        Returns
        -------
        Test
        """
        if not isinstance(smaller, Summary):
            raise TypeError(f"smaller must be a Summary, got {type(smaller).__name__}")
        if self.is_penalised or smaller.is_penalised:
            raise ValueError("lr_test needs fits without a penalty, got a penalised one")
        if (self.n_samples, len(self.log_likelihood)) != (
            smaller.n_samples,
            len(smaller.log_likelihood),
        ):
            raise ValueError(
                f"smaller must be a fit to the same samples, got {smaller.n_samples} samples "
                f"instead of {self.n_samples}"
            )
        df = int((self.n_parameters - smaller.n_parameters).max())
        if df < 1:
            raise ValueError(
                f"smaller must have fewer parameters than {self.n_parameters.max()}, got "
                f"{smaller.n_parameters.max()}"
            )
        statistic = 2 * (self.log_likelihood - smaller.log_likelihood)
        # Below 0 by the tolerance of a solver, or because the models are not nested.
        return _test(statistic, (df,), special.chdtrc(df, np.maximum(statistic, 0)), "chi2")

    def to_frame(self, level: float = 0.95) -> Any:
        """The table as a data frame of pandas, a row for each coefficient.

        Parameters
        ----------
        level : float
            Of the confidence intervals.

        Returns
        -------
        pandas.DataFrame
            Indexed by the names (with several equations, by equation and name), with the columns
            estimate, std_error, statistic, p_value, conf_low and conf_high.
        """
        import pandas as pd

        index = pd.Index(self.names, name="term")
        if len(self.equations) > 1:
            levels = [self.equations, self.names]
            index = pd.MultiIndex.from_product(levels, names=["equation", "term"])
        intervals = self.conf_int(level).reshape(-1, 2)
        columns = {
            "estimate": self.coefficients.ravel(),
            "std_error": self.standard_errors.ravel(),
            "statistic": self.statistics.ravel(),
            "p_value": self.p_values.ravel(),
            "conf_low": intervals[:, 0],
            "conf_high": intervals[:, 1],
        }
        return pd.DataFrame(columns, index=index)

    def __str__(self) -> str:
        lines = [self.title]
        for title, rows in self._tables():
            lines += ["", f"{title}:", *_in_columns(rows)]
        legend, *rest = self._lines()
        return "\n".join([*lines, *(["---", legend] if legend else []), "", *rest]).rstrip()

    def _repr_html_(self) -> str:
        """What a notebook shows: the same tables and lines."""
        tables = [
            notebook.table(head, rows, caption=title) for title, (head, *rows) in self._tables()
        ]
        lines = [line for line in self._lines() if line]
        return "".join([notebook.lines([self.title]), *tables, notebook.lines(lines)])

    def _tables(self) -> Iterator[tuple[str, list[list[str]]]]:
        """Titles, and rows of cells, the first of which are the heads of the columns."""
        for row, equation in enumerate(self.equations):
            of = f" of {equation}" if equation else ""
            if self.residual_quantiles is not None:
                yield f"Residuals{of}", _quantile_rows(self.residual_quantiles[row])
            yield f"Coefficients{of}", self._rows(row)

    def _rows(self, row: int) -> list[list[str]]:
        """A row for each coefficient; each column has the decimals that its numbers need."""
        s = self.distribution
        b, errors = self.coefficients[row], self.standard_errors[row]
        both = aligned(np.concatenate([b, errors]), digits=4)
        statistics = aligned(self.statistics[row], digits=4, most_decimals=3)
        p = self.p_values[row]
        columns = [
            ["", *self.names],
            ["Estimate", *both[: len(b)]],
            ["Std. Error", *both[len(b) :]],
            [f"{s} value", *statistics],
            [f"Pr(>|{s}|)", *p_texts(p)],
            ["", *(next((mark for limit, mark in STARS if value < limit), "") for value in p)],
        ]
        if self.draws is not None:
            ends = aligned(self.conf_int()[row].ravel(), digits=4)
            columns[3:3] = [["2.5 %", *ends[::2]], ["97.5 %", *ends[1::2]]]
        return [list(cells) for cells in zip(*columns, strict=True)]

    def _lines(self) -> list[str]:
        """What the marks mean, if there are any; then what stands below the tables."""
        known = np.isfinite(self.p_values).any()
        criteria = []
        if np.isfinite(self.log_likelihood).any():
            criteria.append(f"Log-likelihood: {_numbers(self.log_likelihood)}")
        if np.isfinite(self.aic).all():
            criteria += [f"AIC: {_numbers(self.aic)}", f"BIC: {_numbers(self.bic)}"]
        return [
            "p below: 0.001 ***, 0.01 **, 0.05 *, 0.1 ." if known else "",
            *self.fit,
            *([",  ".join(criteria)] if criteria else []),
            *(f"Note: {note}" for note in self.notes),
        ]


def _test(statistic: np.ndarray, df: tuple[int, ...], p: np.ndarray, distribution: str) -> Test:
    if len(statistic) == 1:
        return Test(float(statistic[0]), df, float(p[0]), distribution)
    return Test(statistic, df, p, distribution)


def _quantile_rows(quantiles: np.ndarray) -> list[list[str]]:
    largest = np.abs(quantiles).max()
    most = 5 - int(np.ceil(np.log10(largest))) if largest > 0 else 5
    cells = aligned(quantiles, digits=4, most_decimals=max(0, most))
    width = max(map(len, [*cells, "Median"]))
    rows = ["Min", "1Q", "Median", "3Q", "Max"], cells
    return [[cell.rjust(width) for cell in row] for row in rows]


def _in_columns(rows: list[list[str]]) -> list[str]:
    """Lines of a table: names and marks to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        f"{row[0]:{widths[0]}} "
        + " ".join(f"{cell:>{width}}" for cell, width in zip(row[1:-1], widths[1:-1], strict=True))
        + f" {row[-1]}".rstrip()
        for row in rows
    ]


def _numbers(values: np.ndarray) -> str:
    return ", ".join(f"{value:.4f}" for value in values)
