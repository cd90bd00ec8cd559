"""Models from a formula and a data frame, as in R."""

import warnings
from typing import Any, Self

import numpy as np

__all__ = ["FormulaMixin"]


class FormulaMixin:
    """An estimator that can be fitted to a formula, and then predicts from data frames."""

    _formula: Any = None

    @classmethod
    def from_formula(
        cls, formula: str, data: Any, *, sample_weight: Any = None, **parameters: Any
    ) -> Self:
        """Fit to a formula such as ``"y ~ x + C(town) + x:z"``.

        Parameters
        ----------
        formula : str
            The response, and after ``~`` the terms, as the package formulaic reads them. The
            estimator has an intercept unless the formula ends it, with ``- 1``.
        data : pandas.DataFrame
            Rows with missing values in the columns of the formula are left out.
        sample_weight : array-like, shape (n,), optional
            For all rows of `data`.
        **parameters
            Of the estimator, but not `fit_intercept`.

        Returns
        -------
        estimator
            Fitted. Its `predict` and what is made of it take data frames with the columns of the
            formula.

        Raises
        ------
        ImportError
            Without formulaic: ``pip install 'fastscratch[formula]'``.
        ValueError
            If the formula has no response, or the data no row without missing values.
        """
        try:
            from formulaic import Formula
        except ImportError as error:
            raise ImportError(
                "from_formula needs formulaic: pip install 'fastscratch[formula]'"
            ) from error
        if "fit_intercept" in parameters:
            raise ValueError("fit_intercept is said by the formula: end it with '- 1' for none")
        parsed = Formula(formula)
        if not hasattr(parsed, "lhs"):
            raise ValueError(f"formula must have a response before '~', got {formula!r}")
        weights = None
        if sample_weight is not None:
            weights = np.asarray(sample_weight)
            if weights.shape != (len(data),):
                raise ValueError(
                    f"sample_weight must have one entry for each of {len(data)} rows, got shape "
                    f"{weights.shape}"
                )
        data = data.reset_index(drop=True)
        name = str(parsed.lhs)
        if name in data.columns:  # classes stay what they are
            rows = data[data[name].notna()]
            design = parsed.rhs.get_model_matrix(rows)
            y = rows.loc[design.index, name]
        else:
            matrices = parsed.get_model_matrix(data)
            design, y = matrices.rhs, matrices.lhs.iloc[:, 0]
        if not len(design):
            raise ValueError("data must have a row without missing values, got none")
        columns, has_intercept = _without_intercept(design)
        model: Any = cls(**{"fit_intercept": has_intercept, **parameters})
        kept = None if weights is None else weights[design.index]
        model.fit(columns, y.to_numpy(), kept)
        model._formula = design.model_spec
        return model

    def _design(self, X: Any) -> Any:
        """The columns that the formula makes of a data frame; without a formula, `X` as it is."""
        if self._formula is None:
            return X
        from formulaic.errors import DataMismatchWarning

        if not hasattr(X, "columns"):
            raise TypeError(
                f"X must be a data frame, as the model is of a formula, got {type(X).__name__}"
            )
        missing = sorted(set(map(str, self._formula.required_variables)) - set(X.columns))
        if missing:
            raise ValueError(f"X must have the columns of the formula, got none called {missing}")
        names = [name for name in X.columns if name in self._formula.required_variables]
        holes = [name for name in names if X[name].isna().any()]
        if holes:
            raise ValueError(f"X must have no missing values, got some in the columns {holes}")
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataMismatchWarning)
            try:
                design = self._formula.get_model_matrix(X)
            except DataMismatchWarning as warning:
                unknown = str(warning).partition(": ")[2].partition(". ")[0]
                raise ValueError(
                    f"X must hold categories of the fit only, got {unknown} too"
                ) from None
        return _without_intercept(design)[0]


def _without_intercept(design: Any) -> tuple[Any, bool]:
    import pandas as pd

    has_intercept = "Intercept" in design.columns
    columns = design.drop(columns="Intercept") if has_intercept else design
    return pd.DataFrame(columns), has_intercept
