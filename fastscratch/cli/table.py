"""Reading a CSV file whose first line names the columns."""

import csv
import dataclasses

import numpy as np

__all__ = ["Table", "as_float", "read_table"]

#: Values, in small letters, that stand for one that is not there.
MISSING = frozenset(("", "?", "na", "n/a", "nan", "null"))


@dataclasses.dataclass(frozen=True)
class Table:
    """The texts of a CSV file.

    Attributes
    ----------
    path : str
    columns : dict of list of str
        The values of each column, from the top.
    lines : list of int
        Where each row ends in the file.
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
            others = f", nor in {len(missing) - 1} other rows" if len(missing) > 1 else ""
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
            If there is no such column, or a value is missing, no number, or not finite.
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
        """Where a row is, for messages."""
        return f"{self.path}, line {self.lines[row]}"


def as_float(text: str) -> float | None:
    """The number that a text is, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def read_table(path: str) -> Table:
    """Read a CSV file: commas, UTF-8, names of the columns in the first line.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not such a file, or has no rows.
    """
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, [value.strip() for value in row]) for row in reader if row]
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a CSV file in UTF-8: {error}") from None
    if len(rows) < 2:
        raise ValueError(
            f"{path} has {'no rows below its first line' if rows else 'no lines'}; wanted: names "
            "of columns, and rows of values"
        )
    (_, header), *rows = rows
    for name in header:
        if not name or header.count(name) > 1:
            fault = f"the name {name!r} twice" if name else "a column without a name"
            raise ValueError(f"{path} has {fault} in its first line")
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"{path}, line {line}: {len(row)} values, but {len(header)} columns have names"
            )
    columns = {name: [row[i] for _, row in rows] for i, name in enumerate(header)}
    return Table(path, columns, [line for line, _ in rows])
