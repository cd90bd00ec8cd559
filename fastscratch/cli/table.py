"""The columns of a table."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..wording import quantity
from .dialect import Dialect
from .source import Source, rows_of

__all__ = ["Table", "Texts", "shortest_text"]


def shortest_text(number: int | float) -> str:
    """A number in as few digits as distinguish it from all others: 15, or else 17, or all."""
    for digits in (15, 17):
        text = f"{number:.{digits}g}"
        if float(text) == number:
            return text
    return str(number)


@dataclass(frozen=True)
class Texts:
    """A column of texts.

    Attributes
    ----------
    codes : ndarray of int, shape (rows,)
        Place of each value among the texts; -1 where it is missing.
    values : list of str
        The different texts.
    """

    codes: np.ndarray
    values: list[str]

    def each(self, values: Sequence[Any], missing: Any, dtype: Any = None) -> np.ndarray:
        """What stands for the text of each row, and for those that are missing."""
        return np.array([*values, missing], dtype)[self.codes]


@dataclass(frozen=True)
class Table:
    """The columns of a table.

    Attributes
    ----------
    source : Source
    dialect : Dialect
    columns : dict of (ndarray or Texts)
        Numbers, NaN where one is missing, or texts.
    """

    source: Source
    dialect: Dialect
    columns: dict[str, np.ndarray | Texts]

    def __len__(self) -> int:
        column = next(iter(self.columns.values()))
        return len(column.codes if isinstance(column, Texts) else column)

    def __getitem__(self, name: str) -> np.ndarray | Texts:
        """A column.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if name not in self.columns:
            there = ", ".join(itertools.islice(self.columns, 20))
            more = ", ..." if len(self.columns) > 20 else ""
            raise ValueError(f"{self.source.name} has no column {name!r}; it has {there}{more}")
        return self.columns[name]

    def numbers(self, name: str, are_percentages: bool = False) -> np.ndarray:
        """The values of a column as float64, NaN where one is missing.

        Raises
        ------
        ValueError
            If there is no such column, or one of its values is no finite number.
        """
        column = self[name]
        if not isinstance(column, Texts):
            numbers = column.astype(float)
            wrong = np.isinf(numbers) | (are_percentages & ~np.isnan(numbers))
        else:
            grammar = self.dialect.grammar
            read = grammar.percentage if are_percentages else grammar.number
            numbers = column.each([read(text) for text in column.values], np.nan, float)
            wrong = (np.isnan(numbers) & (column.codes >= 0)) | np.isinf(numbers)
        if wrong.any():
            row = int(wrong.argmax())
            kind = "percentages" if are_percentages else "finite numbers"
            raise ValueError(
                f"{self.place(row)}: column {name!r} must hold {kind}, got {self.text(name, row)!r}"
            )
        return numbers

    def holds_percentages(self, name: str) -> bool:
        """Whether a column holds percentages, and nothing else."""
        column, is_percentage = self[name], self.dialect.grammar.is_percentage
        return isinstance(column, Texts) and all(map(is_percentage, column.values))

    def texts(self, name: str) -> Texts:
        """The values of a column as texts; equal numbers are the same text."""
        column = self[name]
        if isinstance(column, Texts):
            return column
        values, codes = np.unique(column, return_inverse=True)  # NaN comes last
        codes = np.where(np.isnan(column), -1, codes)
        return Texts(codes, list(map(shortest_text, values[~np.isnan(values)].tolist())))

    def text(self, name: str, row: int) -> str:
        """One value of a column."""
        column = self[name]
        if isinstance(column, Texts):
            return column.values[column.codes[row]] if column.codes[row] >= 0 else ""
        return shortest_text(column[row].item())

    def is_missing(self, name: str) -> np.ndarray:
        """Whether each value of a column is missing."""
        column = self[name]
        return column.codes < 0 if isinstance(column, Texts) else np.isnan(column)

    def check_complete(self, name: str) -> None:
        """Refuse a column in which values are missing."""
        missing = np.flatnonzero(self.is_missing(name))
        if missing.size:
            others = f", nor in {quantity(missing.size - 1, 'other row')}" * (missing.size > 1)
            raise ValueError(
                f"{self.place(missing[0])}: column {name!r} has no value{others}; fill in missing "
                "values, leave out the rows, or train with --impute"
            )

    def line(self, row: int) -> int:
        """The line in which a row ends."""
        with self.source.open_text() as file:
            lines = rows_of(file, self.dialect.sep)
            return next(itertools.islice(lines, int(row) + 1, None))[0]  # after the names

    def place(self, row: int) -> str:
        """The table and the line of a row, for messages."""
        return f"{self.source.name}, line {self.line(row)}"
