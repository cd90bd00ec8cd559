"""Reading a CSV file whose first line names the columns."""

import csv
import dataclasses
from collections.abc import Iterator, Sequence
from typing import TextIO

import numpy as np

from ..wording import quantity

__all__ = ["Table", "as_float", "read_table"]

#: Values, in small letters, that mean that a value is missing.
MISSING = frozenset(("", "?", "na", "n/a", "nan", "null"))

#: A file with a longer line is not a CSV file. The line is not read further: it may be endless.
LONGEST_LINE = 2**22


@dataclasses.dataclass(frozen=True)
class Table:
    """The texts of a CSV file.

    Attributes
    ----------
    path : str
    columns : dict of list of str
        The values of each column, from the top.
    lines : list of int
        Number of the line in which each row ends.
    """

    path: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def texts(self, name: str) -> list[str]:
        """The values of a column.

        Raises
        ------
        ValueError
            If there is no such column, or a value is missing.
        """
        if name not in self.columns:
            there = ", ".join(self.columns)
            raise ValueError(f"{self.path} has no column {name!r}; it has {there}")
        values = self.columns[name]
        missing = [i for i, value in enumerate(values) if value.lower() in MISSING]
        if missing:
            n = len(missing) - 1
            others = f", nor in {quantity(n, 'other row')}" if n else ""
            raise ValueError(
                f"{self.place(missing[0])}: column {name!r} has no value{others}; fill in missing "
                "values, or leave out the rows"
            )
        return values

    def numbers(self, name: str) -> np.ndarray:
        """The values of a column as float64.

        Raises
        ------
        ValueError
            If there is no such column, or a value is missing, not a number, or not finite.
        """
        numbers = np.empty(len(self))
        for i, text in enumerate(self.texts(name)):
            number = as_float(text)
            if number is None or not np.isfinite(number):
                raise ValueError(
                    f"{self.place(i)}: column {name!r} must hold finite numbers, got {text!r}"
                )
            numbers[i] = number
        return numbers

    def holds_numbers(self, name: str) -> bool:
        """Whether all values of a column are numbers."""
        return all(as_float(text) is not None for text in self.texts(name))

    def place(self, row: int) -> str:
        """The file and the line of a row, for messages."""
        return f"{self.path}, line {self.lines[row]}"


def as_float(text: str) -> float | None:
    """The number that a text stands for, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def read_table(path: str) -> Table:
    """Read a CSV file: separated by commas, in UTF-8, with the names of the columns first.

    Reading ends at the first error, so that a large file of another kind does not fill memory.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not such a file, or has no rows.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            return _table(path, _lines(file))
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8: {error}") from None


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LONGEST_LINE + 1):
        if len(line) > LONGEST_LINE:
            raise csv.Error(f"a line has more than {LONGEST_LINE} characters")
        yield line


def _table(path: str, text: Iterator[str]) -> Table:
    """The table in the lines of a file."""
    reader = csv.reader(text, strict=True)
    header: list[str] = []
    rows, lines = [], []
    for row in filter(None, reader):
        values = [value.strip() for value in row]
        if not header:
            header = values
            _check_names(path, header)
        elif len(values) != len(header):
            raise ValueError(
                f"{path}, line {reader.line_num}: {quantity(len(values), 'value')}, but the first "
                f"line names {quantity(len(header), 'column')}"
            )
        else:
            rows.append(values)
            lines.append(reader.line_num)
    if not rows:
        raise ValueError(
            f"{path} has {'no rows below its first line' if header else 'no lines'}; it needs "
            "names of columns, and rows of values"
        )
    return Table(path, {name: [row[i] for row in rows] for i, name in enumerate(header)}, lines)


def _check_names(path: str, names: Sequence[str]) -> None:
    seen = set()
    for name in names:
        if not name or name in seen:
            fault = f"the name {name!r} twice" if name else "a column without a name"
            raise ValueError(f"{path} has {fault} in its first line")
        seen.add(name)
