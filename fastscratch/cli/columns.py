"""Columns of a table as inputs of a network, and its outputs as values of a column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .table import Table

__all__ = [
    "Classes",
    "Embedded",
    "Indicator",
    "Input",
    "Numeric",
    "OneHot",
    "Target",
    "encode",
    "parted",
    "width",
]


@dataclass(frozen=True)
class Numeric:
    """A column of numbers, standardised.

    Attributes
    ----------
    name : str
    mean, scale : float
        `mean` is subtracted from the numbers, which are then divided by `scale`.
    are_percentages : bool
        Whether a percent sign follows each number.
    fill : float, optional
        Stands for missing values, which are refused without it.
    """

    name: str
    mean: float
    scale: float
    are_percentages: bool = False
    fill: float | None = None

    @classmethod
    def fit(
        cls,
        name: str,
        values: np.ndarray,
        are_percentages: bool = False,
        fill: float | None = None,
    ) -> "Numeric":
        """A column with the mean and the standard deviation of the values.

        Raises
        ------
        ValueError
            If they are so large that their standard deviation overflows.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            mean, scale = float(values.mean()), float(values.std())
        if not np.isfinite(scale):
            raise ValueError(
                f"column {name!r} holds numbers up to {np.abs(values).max():g}, too large to be "
                "standardised"
            )
        varies = values.min() < values.max()  # rounding can give equal values a deviation
        return cls(name, mean, scale if varies else 1.0, are_percentages, fill)

    def encode(self, table: Table) -> np.ndarray:
        """The standardised numbers, float64 of shape (rows,).

        Raises
        ------
        ValueError
            If a value is missing or no number, or does not fit into a float32.
        """
        numbers = table.numbers(self.name, self.are_percentages)
        if self.fill is None:
            table.check_complete(self.name)
        else:
            numbers[np.isnan(numbers)] = self.fill
        with np.errstate(over="ignore"):
            encoded = (numbers - self.mean) / self.scale
        too_large = np.abs(encoded) > np.finfo(np.float32).max
        if too_large.any():
            row = int(too_large.argmax())
            raise ValueError(
                f"{table.place(row)}: column {self.name!r} holds {numbers[row]:g}, too far "
                f"from what the model was trained on, about {self.mean:g}"
            )
        return encoded

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`encode`, for an array of encoded values."""
        return encoded * self.scale + self.mean


@dataclass(frozen=True)
class Indicator:
    """Whether the value of a column is missing."""

    name: str

    def encode(self, table: Table) -> np.ndarray:
        """1 where it is, else 0."""
        return table.is_missing(self.name)


@dataclass(frozen=True)
class _Categorical:
    """A column of texts.

    Attributes
    ----------
    name : str
    categories : sequence of str
        The texts that are told apart.
    fill : str, optional
        Stands for missing values, which are refused without it.
    """

    name: str
    categories: Sequence[str]
    fill: str | None = None

    def places(self, table: Table) -> np.ndarray:
        """The place of each value among the categories, after the last one for other texts.

        Raises
        ------
        ValueError
            If a value is missing.
        """
        texts = table.texts(self.name)
        if self.fill is None:
            table.check_complete(self.name)
        others = len(self.categories)
        known = {category: place for place, category in enumerate(self.categories)}
        places = [known.get(text, others) for text in texts.values]
        return texts.each(places, known.get(self.fill or "", others), np.int64)


@dataclass(frozen=True)
class OneHot(_Categorical):
    """A column of texts, as zeros and ones for each category.

    Attributes
    ----------
    has_others : bool
        Whether all other texts together are a category too; if not, they are zeros only.
    """

    has_others: bool = False

    @property
    def n_inputs(self) -> int:
        """Columns of zeros and ones."""
        return len(self.categories) + self.has_others

    def encode(self, table: Table) -> np.ndarray:
        """The zeros and ones, of shape (rows, `n_inputs`)."""
        rows = np.eye(len(self.categories) + 1, self.n_inputs, dtype=np.float32)
        return rows[self.places(table)]


@dataclass(frozen=True)
class Embedded(_Categorical):
    """A column of texts, each of which becomes a learned vector; other texts share one."""

    @property
    def n_vectors(self) -> int:
        """One for each category, and one for other texts."""
        return len(self.categories) + 1

    @property
    def length(self) -> int:
        """Numbers in a vector: about twice the fourth root of the number of categories."""
        return round(2 * len(self.categories) ** 0.25)

    def encode(self, table: Table) -> np.ndarray:
        """The place of the vector of each row, of shape (rows,)."""
        return self.places(table)


@dataclass(frozen=True)
class Classes:
    """A column that is predicted, and holds one of a few values.

    Attributes
    ----------
    name : str
    categories : sequence of str
    """

    name: str
    categories: Sequence[str]


Input = Numeric | Indicator | OneHot | Embedded
Target = Numeric | Classes


def parted(columns: Sequence[Input]) -> tuple[list[Numeric | Indicator | OneHot], list[Embedded]]:
    """Those that are not embedded, and those that are."""
    plain = [column for column in columns if not isinstance(column, Embedded)]
    return plain, [column for column in columns if isinstance(column, Embedded)]


def width(columns: Sequence[Input]) -> int:
    """How many numbers a row becomes for the first dense layer."""
    plain, embedded = parted(columns)
    one_hot = sum(column.n_inputs if isinstance(column, OneHot) else 1 for column in plain)
    return one_hot + sum(column.length for column in embedded)


def encode(columns: Sequence[Input], table: Table) -> list[np.ndarray]:
    """The inputs of a network from a table.

    Returns
    -------
    list of ndarray
        One of shape (rows, ...) with all columns that are not embedded, if there are any, and one
        of shape (rows, 1) for each that is.
    """
    plain, embedded = parted(columns)
    encoded = []
    if plain:
        widths = [column.n_inputs if isinstance(column, OneHot) else 1 for column in plain]
        ends = np.cumsum(widths)
        x = np.empty((len(table), ends[-1]), np.float32)
        for part, end, width in zip(plain, ends, widths, strict=True):
            x[:, end - width : end] = part.encode(table).reshape(len(table), width)
        encoded.append(x)
    return encoded + [column.encode(table).astype(np.float32)[:, None] for column in embedded]


def for_model(x: list[np.ndarray]) -> Any:
    """The inputs as a model takes them: an array if there is only one."""
    return x if len(x) > 1 else x[0]
