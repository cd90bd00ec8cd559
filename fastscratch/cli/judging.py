"""What becomes of each column of a table, and a sentence that says so."""

import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..wording import quantity
from .columns import Embedded, Indicator, Input, Numeric, OneHot
from .grammar import are_dates
from .table import Table, Texts, shortest_text

__all__ = ["Verdict", "Wishes", "ascending", "judge", "misread", "nor_others", "stray"]

#: A column with more categories becomes an embedding, not zeros and ones.
MOST_ONE_HOT = 32
#: The most frequent categories of a column are told apart, at most this many.
MOST_CATEGORIES = 10_000
#: A category in fewer learned rows is rare: it counts as one with the others that are. With more
#: than this one row it pays to tell a category apart, because what is learned of it is validated.
FEWEST_ROWS = 2

#: Names of columns that only identify a row, if no two of its whole numbers are the same, and
#: names that also need to count upwards.
IDENTIFIER = re.compile(r"(?:^|[\W_])(?i:id|key|nr|no)$|[a-z]I[dD]$")
COUNTER = re.compile(r"Unnamed: \d+|index|row(?:[ _.]?(?:number|num|names?))?", re.IGNORECASE)


@dataclass(frozen=True)
class Wishes:
    """What the command line says of the columns.

    Attributes
    ----------
    impute : bool
        Whether missing values are filled in; else they are refused.
    numeric, categorical : collection of str
        Columns that are numbers, or categories, whatever they look like.
    """

    impute: bool = False
    numeric: Collection[str] = ()
    categorical: Collection[str] = ()


@dataclass(frozen=True)
class Verdict:
    """What becomes of a column.

    Attributes
    ----------
    inputs : list of Input
        None for one that is left out.
    words : str
        The end of a sentence that begins with the name of the column.
    """

    inputs: list[Input]
    words: str


def judge(table: Table, name: str, learned: np.ndarray, wishes: Wishes) -> Verdict:
    """Make inputs of a column, or leave it out.

    Parameters
    ----------
    table : Table
    name : str
    learned : ndarray of int
        Rows that means, scales and categories are taken from.
    wishes : Wishes

    Raises
    ------
    ValueError
        If a value is missing and is not to be filled in.
    """
    column = table[name]
    missing = table.is_missing(name)
    if missing[learned].all():
        return _left_out("no values" if missing.all() else "no values in the learned rows")
    if name in wishes.categorical:
        return _categories(table, name, learned, wishes)
    if table.holds_percentages(name):
        return _numbers(table, name, learned, wishes, are_percentages=True)
    if not isinstance(column, Texts) or name in wishes.numeric:
        return _numbers(table, name, learned, wishes)
    if reason := _no_category(table, name, column):
        return _left_out(reason)
    return _categories(table, name, learned, wishes)


def _left_out(reason: str) -> Verdict:
    return Verdict([], f"left out: {reason}")


def _numbers(
    table: Table, name: str, learned: np.ndarray, wishes: Wishes, are_percentages: bool = False
) -> Verdict:
    numbers = table.numbers(name, are_percentages)
    words = "percentages" if are_percentages else "numeric"
    if name not in wishes.numeric and not are_percentages:
        differences = np.diff(numbers)
        if _identifies(name, numbers, differences):
            return _left_out(
                f"looks like an identifier; --numeric {shlex.quote(name)} uses it, and --id "
                f"{shlex.quote(name)} carries it to the predictions"
            )
        if len(numbers) > 2 and (differences == 1).all():
            words += (
                "; counts upwards by one: if it only numbers the rows, leave it out with --ignore "
                f"{shlex.quote(name)}"
            )
    seen = numbers[learned]
    known = seen[~np.isnan(seen)]
    if not wishes.impute:
        table.check_complete(name)
    fill = float(np.median(known)) if wishes.impute else None
    n_missing = len(seen) - len(known)
    inputs: list[Input] = []
    if known.min() < known.max():
        if fill is not None:
            seen = np.where(np.isnan(seen), fill, seen)
        inputs.append(Numeric.fit(name, seen, are_percentages, fill))
    else:
        words = f"always {shortest_text(known[0].item())} in the learned rows"
    if n_missing:
        inputs.append(Indicator(name))
        filled = f", for which the median {fill:.6g} stands" if len(inputs) > 1 else ""
        words += f"; {quantity(int(np.isnan(numbers).sum()), 'missing value')}{filled}, marked"
    return Verdict(inputs, words) if inputs else _left_out(f"constant, {words}")


def _identifies(name: str, numbers: np.ndarray, differences: np.ndarray) -> bool:
    """Whether numbers only tell rows apart."""
    if COUNTER.fullmatch(name):
        return bool((differences == 1).all())
    if not IDENTIFIER.search(name) or not (numbers % 1 == 0).all():
        return False
    return len(np.unique(numbers)) == len(numbers)


def misread(table: Table, values: Sequence[str]) -> str | None:
    """What texts look like that are no categories, and what to do; None if they may be some."""
    if are_dates(values):
        return (
            f"looks like dates or times ({values[0]!r}); to use them, add columns of numbers, such "
            "as the year, the month, or the days since the first"
        )
    grammar = table.dialect.grammar
    others = [] if all(map(grammar.is_number, values)) else grammar.others(values)
    if others:
        options = " or ".join(dict.fromkeys(other.options(values, grammar) for other in others))
        example = next(value for value in values if not grammar.is_number(value))
        return f"looks like numbers ({example!r}); to use them, read the table with {options}"
    return None


def _no_category(table: Table, name: str, texts: Texts) -> str | None:
    """Why the texts of a column are not used, and what to do; None if they are."""
    values = texts.values
    if fault := misread(table, values):
        return fault
    n_rows = int((texts.codes >= 0).sum())
    if len(values) <= max(10, n_rows / 2):
        return None
    if kept := stray(table, name, texts):
        return kept
    return (
        f"looks like an identifier, with {len(values)} different texts in {n_rows} rows; "
        f"--categorical {shlex.quote(name)} uses it, and --id {shlex.quote(name)} carries it to "
        "the predictions"
    )


def stray(table: Table, name: str, texts: Texts) -> str | None:
    """Which value keeps a column whose values are mostly numbers from being numeric, and where."""
    grammar = table.dialect.grammar
    for kind, fits in (("number", grammar.is_number), ("percentage", grammar.is_percentage)):
        does_fit = texts.each([fits(text) for text in texts.values], False, bool)
        wrong = np.flatnonzero((texts.codes >= 0) & ~does_fit)
        if 0 < len(wrong) <= does_fit.sum():
            value = table.text(name, wrong[0])
            return (
                f"not numeric, because {value!r} in line {table.line(wrong[0])} is no {kind}"
                f"{nor_others(len(wrong) - 1)}; if it means a missing value, add --na-values "
                f"{shlex.quote(value)} --impute"
            )
    return None


def nor_others(n: int) -> str:
    """The end of a sentence about the first of several values."""
    verb = "is" if n == 1 else "are"
    return f", nor {verb} {quantity(n, 'other value')}" if n else ""


def ascending(values: Collection[str], table: Table) -> list[str]:
    """Texts in alphabetical order, or if all are numbers in their order."""
    numbers = {text: table.dialect.grammar.number(text) for text in values}
    if None in numbers.values():
        return sorted(values)
    return sorted(values, key=lambda text: (numbers[text], text))


def _categories(table: Table, name: str, learned: np.ndarray, wishes: Wishes) -> Verdict:
    texts = table.texts(name)
    if not wishes.impute:
        table.check_complete(name)
    codes = texts.codes[learned]
    counts = np.bincount(codes[codes >= 0], minlength=len(texts.values))
    by_count = np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]
    kept = by_count[counts[by_count] >= FEWEST_ROWS]
    n_rare = int((counts > 0).sum()) - len(kept)
    fill = texts.values[by_count[0]] if wishes.impute else None
    n_missing = int((codes < 0).sum())
    inputs: list[Input] = []
    categories = ascending([texts.values[place] for place in kept], table)
    if len(kept) + (n_rare > 0) < 2:
        words = (
            f"always {texts.values[by_count[0]]!r} in the learned rows"
            if len(kept)
            else f"none of its {n_rare} texts is in {FEWEST_ROWS} of the learned rows"
        )
    else:
        words = f"category of {len(kept)}"
        if len(kept) > MOST_ONE_HOT:
            embedded = Embedded(name, categories, fill)
            inputs.append(embedded)
            how = f"; each is embedded as {embedded.length} numbers"
        else:
            inputs.append(OneHot(name, categories, fill, n_rare > 0))
            how = ""
        if n_rare:
            words += f", and one for {quantity(n_rare, 'rarer text')}"
        words += how
        if isinstance(table[name], Texts) and (kept_from := stray(table, name, texts)):
            words += f"; {kept_from}"
    if n_missing:
        filled = f", for which {fill!r} stands" if inputs else ""
        inputs.append(Indicator(name))
        total = int((texts.codes < 0).sum())
        words += f"; {quantity(total, 'missing value')}{filled}, marked"
    return Verdict(inputs, words) if inputs else _left_out(f"constant, {words}")
