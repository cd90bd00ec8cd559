"""Models from a formula and a data frame, as in R."""

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
        spec = self._formula.update(na_action="raise")
        return _without_intercept(spec.get_model_matrix(X))[0]


def _without_intercept(design: Any) -> tuple[Any, bool]:
    import pandas as pd

    has_intercept = "Intercept" in design.columns
    columns = design.drop(columns="Intercept") if has_intercept else design
    return pd.DataFrame(columns), has_intercept
