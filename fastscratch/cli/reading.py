"""Reading a table, whose first line names the columns, with pandas."""

import csv
import io
import itertools
import re
import unicodedata
import warnings
from collections.abc import Collection, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from ..wording import quantity
from .dialect import Dialect
from .source import LONGEST_LINE, Source, find_source, rows_of
from .table import Table, Texts

__all__ = ["column_name", "read_table"]

#: The separator, and which columns hold numbers, is seen in the first rows: at most this many
#: characters and lines of them, but at least one line.
SAMPLE_CHARACTERS, SAMPLE_LINES = 2**18, 1000


def read_table(
    path: str,
    dialect: Dialect | None = None,
    usual: Dialect | None = None,
    as_texts: Collection[str] = (),
) -> Table:
    """Read a table, with the names of the columns first.

    Parameters
    ----------
    path : str
        "-" for the standard input.
    dialect : Dialect, optional
        What it leaves open is found out.
    usual : Dialect, optional
        Taken for what the table does not show.
    as_texts : collection of str
        Columns that are read as texts even if all values are numbers.

    Raises
    ------
    ModuleNotFoundError
        If pandas is not installed.
    OSError
        If it cannot be read.
    ValueError
        If it is no table, or has no rows.
    """
    pandas = _pandas()
    dialect = dialect or Dialect()
    csv.field_size_limit(LONGEST_LINE)
    source = find_source(path, dialect.encoding)
    try:
        names, dialect, texts = _look_at(source, dialect, usual or Dialect())
        try:
            frame = _frame(pandas, source, dialect, names, texts | (set(as_texts) & set(names)))
        except (pandas.errors.ParserError, pandas.errors.ParserWarning):
            _check_lengths(source, dialect, len(names), shorter=False)
            raise
        if frame[names[-1]].isna().any():  # pandas fills in what a short row lacks
            _check_lengths(source, dialect, len(names), shorter=True)
    except UnicodeError as error:
        raise ValueError(
            f"{source.name} is no text in {source.encoding}; name its --encoding: {error}"
        ) from None
    except (csv.Error, pandas.errors.ParserError, pandas.errors.ParserWarning) as error:
        reason = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise ValueError(f"{source.name} is no table: {reason}") from None
    columns = {name: _column(frame[name], dialect, name in as_texts) for name in names}
    return Table(source, dialect, columns)


def _pandas() -> ModuleType:
    try:
        import pandas
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'tables are read with pandas, which is not installed: pip install "fastscratch[table]"'
        ) from None
    return pandas


def _look_at(
    source: Source, dialect: Dialect, usual: Dialect
) -> tuple[list[str], Dialect, set[str]]:
    """The names of the columns, the dialect, and the columns whose first values are no numbers."""
    with source.open_text() as file:
        sample = file.readline() + file.read(SAMPLE_CHARACTERS)
        is_cut = bool(file.read(1))
    lines = [line for line in io.StringIO(sample, newline=None) if line.strip()]
    if is_cut and len(lines) > 2:
        del lines[-1]
    del lines[SAMPLE_LINES:]
    if lines and re.fullmatch(r'"?sep=."?', lines[0].strip("\n")):
        raise ValueError(
            f"{source.name} begins with {lines[0].strip()!r}, which tells Excel the separator and "
            "names no columns; leave this line out"
        )
    dialect = dialect.completed(lines, usual)
    rows = [row for _, row in rows_of(lines, dialect.sep)]
    if len(rows) < 2:
        raise ValueError(
            f"{source.name} has {'no rows below its first line' if rows else 'no lines'}; it needs "
            "names of columns, and rows of values"
        )
    names = _names(source, rows.pop(0))
    grammar, missing = dialect.grammar, dialect.missing

    def begins_as_numbers(values: Sequence[str]) -> bool:
        texts = set(map(str.strip, values)) - missing
        return all(map(grammar.is_number, texts))

    columns = zip(names, itertools.zip_longest(*rows, fillvalue=""), strict=False)
    return names, dialect, {name for name, values in columns if not begins_as_numbers(values)}


def column_name(text: str) -> str:
    """The name of a column without the spaces around it, its accents written in the usual way.

    An accent can be one character with its letter or one of its own, which looks the same.
    """
    return unicodedata.normalize("NFC", text.strip())


def _names(source: Source, row: Sequence[str]) -> list[str]:
    """The names in the first line; columns without one are numbered, as pandas does."""
    names = [column_name(name) or f"Unnamed: {place}" for place, name in enumerate(row)]
    seen = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{source.name} has the name {name!r} twice in its first line")
        seen.add(name)
    return names


def _frame(
    pandas: ModuleType, source: Source, dialect: Dialect, names: Sequence[str], texts: set[str]
) -> Any:
    """A data frame whose columns are numbers or texts.

    A text may appear after many rows of numbers: its column is then read again, because the texts
    of these numbers are lost.
    """
    while True:
        with source.open() as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", pandas.errors.DtypeWarning)  # such a column
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = pandas.read_csv(
                file,
                sep=dialect.sep,
                decimal=dialect.decimal,
                thousands=dialect.thousands if (dialect.thousands or "").isascii() else None,
                encoding=source.encoding,
                na_values=sorted(dialect.missing),
                keep_default_na=False,
                names=names,
                header=0,
                index_col=False,
                dtype=dict.fromkeys(texts, str),
                skipinitialspace=True,
            )
        others = set(names) - texts
        others = {name for name in others if not _are_numbers(frame[name])}
        if not others:
            return frame
        texts = texts | others


def _are_numbers(series: Any) -> bool:
    return series.dtype.kind in "iuf" and not np.isinf(series.to_numpy()).any()


def _column(series: Any, dialect: Dialect, is_text: bool) -> np.ndarray | Texts:
    """A column of a data frame; texts that differ in spaces around them only are one."""
    grammar = dialect.grammar
    if series.dtype.kind in "iuf":
        numbers = series.to_numpy()
        read = map(grammar.number, dialect.na_values)
        missing = [number for number in read if number is not None]
        is_missing = np.isin(numbers, missing)  # pandas overlooks some with spaces
        return np.where(is_missing, np.nan, numbers) if is_missing.any() else numbers
    codes, values = series.factorize()
    places: dict[str, int] = {}
    new = [
        -1 if text in dialect.missing else places.setdefault(text, len(places))
        for text in map(str.strip, values)
    ]
    column = Texts(np.array([*new, -1])[codes], list(places))
    if is_text or not places or not all(map(grammar.is_number, places)):
        return column
    return column.each([grammar.number(text) for text in places], np.nan, float)


def _check_lengths(source: Source, dialect: Dialect, n_columns: int, shorter: bool) -> None:
    """Refuse a table with a row of another length, or only with a shorter one."""
    with source.open_text() as file:
        for line, row in rows_of(file, dialect.sep):
            if len(row) < n_columns or (len(row) > n_columns and not shorter):
                raise ValueError(
                    f"{source.name}, line {line}: {quantity(len(row), 'value')}, but the first "
                    f"line names {quantity(n_columns, 'column')}"
                )
