"""How a table is written: its separator, its numbers, its missing values."""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from .grammar import Grammar

__all__ = ["Dialect", "add_to", "given"]

#: In the order of preference if several divide a table evenly: commas may be part of a text.
SEPARATORS = {"\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas"}

#: Values that mean that a value is missing: those of pandas but None, which may be a category,
#: in more spellings.
MISSING = (
    *("", "?", "NA", "Na", "na", "N/A", "n/a", "#N/A", "#N/A N/A", "#NA", "<NA>"),
    *("NaN", "NAN", "Nan", "nan", "-NaN", "-nan", "NULL", "Null", "null"),
    *("1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)

#: Only this many rows are looked at to find the separator.
FEW_ROWS = 100


@dataclass(frozen=True)
class Dialect:
    """How a table is written; the names are those of ``pandas.read_csv``.

    Attributes
    ----------
    sep, decimal, thousands, encoding : str, optional
        What is None is found out, or for `thousands` nothing.
    na_values : sequence of str
        Values that mean that a value is missing, beside `MISSING`.
    """

    sep: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    encoding: str | None = None
    na_values: Sequence[str] = ()

    def __post_init__(self) -> None:
        for name in ("sep", "decimal", "thousands"):
            value = getattr(self, name)
            if value is not None and len(value) != 1:
                raise ValueError(f"--{name} must be one character, got {value!r}")
        if self.sep is not None and (self.sep in '"\r\n\0' or not self.sep.isascii()):
            raise ValueError(
                "--sep must be an ASCII character that is no quotation mark and ends no line, got "
                f"{self.sep!r}"
            )
        for name in ("decimal", "thousands"):
            value = getattr(self, name)
            if value is not None and (value.isalnum() or value in '+-%"\r\n\0'):
                raise ValueError(
                    f"--{name} must be a mark that a number has between its digits, got {value!r}"
                )
        if self.thousands is not None and self.thousands == self.decimal:
            raise ValueError(f"--decimal and --thousands must differ, got {self.decimal!r} twice")

    @property
    def missing(self) -> frozenset[str]:
        """All values that mean that a value is missing."""
        return frozenset((*MISSING, *self.na_values))

    @property
    def grammar(self) -> Grammar:
        """How it writes numbers."""
        return Grammar(self.decimal or ".", self.thousands)

    def to_metadata(self) -> dict[str, Any]:
        """What is known of it, as JSON."""
        return {name: value for name, value in asdict(self).items() if value}

    def completed(self, lines: Sequence[str], usual: "Dialect") -> "Dialect":
        """This one, with what it leaves open taken from the first lines of a table.

        Parameters
        ----------
        lines : sequence of str
        usual : Dialect
            Taken where these lines show nothing.
        """
        sep = self.sep or _separator(lines[:FEW_ROWS]) or usual.sep or ","
        decimal, thousands = self.decimal, self.thousands
        if decimal is None and thousands is None:
            decimal, thousands = _marks(lines, sep) or (usual.decimal, usual.thousands)
        if decimal is None:
            decimal = "," if thousands == "." else "."
        return replace(self, sep=sep, decimal=decimal, thousands=thousands)

    def __str__(self) -> str:
        words = [f"separated by {SEPARATORS.get(self.sep or '', repr(self.sep))}"]
        if self.decimal == ",":
            words.append("with decimal commas")
        if self.thousands:
            words.append(f"with {self.thousands!r} between thousands")
        return ", ".join(words)


def add_to(command: argparse.ArgumentParser) -> None:
    """Add the options of a dialect to a command."""
    group = command.add_argument_group("how the table is written, as for pandas.read_csv")
    group.add_argument(
        "--sep", metavar="CHARACTER", help="between values (default: found out); \\t is a tab"
    )
    group.add_argument(
        "--decimal", metavar="CHARACTER", help="before decimals (default: found out)"
    )
    group.add_argument(
        "--thousands",
        metavar="CHARACTER",
        help="between thousands (default: found out where a number has decimals too)",
    )
    group.add_argument(
        "--encoding", metavar="NAME", help="default: UTF-8, or else cp1252, or what the file says"
    )
    group.add_argument(
        "--na-values",
        metavar="VALUE",
        action="append",
        default=[],
        help="means that a value is missing, as an empty one, NA and the like do; can be repeated",
    )


def given(arguments: argparse.Namespace, na_values: Sequence[str] = ()) -> Dialect:
    """What the arguments say of a dialect; other values that mean a missing one can be added."""
    sep = "\t" if arguments.sep == "\\t" else arguments.sep
    return Dialect(
        *(sep, arguments.decimal, arguments.thousands, arguments.encoding),
        tuple(dict.fromkeys([*na_values, *arguments.na_values])),
    )


def _separator(lines: Sequence[str]) -> str | None:
    """The character that divides the most lines into as many values as the first, if one does."""

    def share(sep: str) -> float:
        counts = [len(row) for row in csv.reader(lines, delimiter=sep) if row]
        return counts.count(counts[0]) / len(counts) if counts and counts[0] > 1 else 0.0

    return max(SEPARATORS, key=share) if any(map(share, SEPARATORS)) else None


def _marks(lines: Sequence[str], sep: str) -> tuple[str, str | None] | None:
    """The marks before decimals and between thousands that only some numbers of a table prove.

    1,5 proves a decimal comma, 1.234,50 a point between thousands too, and 1,234 nothing. Where
    commas separate values, 1,5 may be a list.
    """
    english, european = Grammar(".", ","), Grammar(",", ".")
    proofs: dict[str, list[str]] = {".": [], ",": []}
    for row in csv.reader(lines, delimiter=sep):
        for text in map(str.strip, row):
            is_english, is_european = english.is_number(text), european.is_number(text)
            if is_english != is_european:
                proofs["." if is_english else ","].append(text)
    if bool(proofs["."]) == bool(proofs[","]):
        return None
    decimal, other = (".", ",") if proofs["."] else (",", ".")
    if decimal == sep:
        return None
    return decimal, other if any(other in text for text in proofs[decimal]) else None
