"""What the texts of a table look like: numbers, percentages, dates.

The grammar is that of tables, not that of Python: ``1_11`` is a text, and so are ``0x1A``, digits
of scripts that do not write ``1``, ``infinity``, and codes with leading zeros such as ``007``.
"""

import re
import shlex
from collections.abc import Iterable

__all__ = ["Grammar", "are_dates"]

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_CLOCK = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[ap]m)?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
_DAYS = (
    r"\d{4}([-/.])\d{1,2}\1\d{1,2}",
    r"\d{1,2}([-/.])\d{1,2}\2(?:\d{4}|\d{2})",
    rf"\d{{1,2}}\.?[- ]{_MONTH}[- ](?:\d{{4}}|\d{{2}})",
    rf"{_MONTH} \d{{1,2}},? \d{{4}}",
)
_DATE = re.compile(rf"(?:{'|'.join(_DAYS)})(?:[T ]{_CLOCK})?|{_CLOCK}", re.ASCII | re.IGNORECASE)


def are_dates(texts: Iterable[str]) -> bool:
    """Whether all texts are days, times of the day, or both."""
    return all(map(_DATE.fullmatch, texts))


class Grammar:
    """How a table writes numbers.

    Parameters
    ----------
    decimal : str
        The character before the decimals.
    thousands : str, optional
        The character between groups of three digits.
    """

    def __init__(self, decimal: str = ".", thousands: str | None = None):
        self.decimal, self.thousands = decimal, thousands
        point, between = re.escape(decimal), re.escape(thousands or "")
        grouped = rf"[1-9]\d{{0,2}}(?:{between}\d{{3}})+|" if thousands else ""

        def number(whole: str) -> str:
            return rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"

        self._number = re.compile(number(rf"(?:{grouped}0|[1-9]\d*)"), re.ASCII)
        self._code = re.compile(number(r"0\d+"), re.ASCII)
        self._percentage = re.compile(number(rf"(?:{grouped}\d+)") + " ?%", re.ASCII)

    def is_number(self, text: str) -> bool:
        """Whether it is a number without leading zeros."""
        return self._number.fullmatch(text) is not None

    def is_percentage(self, text: str) -> bool:
        """Whether it is a number before a percent sign."""
        return self._percentage.fullmatch(text) is not None

    def number(self, text: str) -> float | None:
        """The number that a text stands for, leading zeros or not; None if it is none."""
        if self._number.fullmatch(text) or self._code.fullmatch(text):
            return self._float(text)
        return None

    def percentage(self, text: str) -> float | None:
        """The number before a percent sign; None if it is none."""
        return self._float(text[:-1]) if self.is_percentage(text) else None

    def _float(self, text: str) -> float:
        return float(text.replace(self.thousands or "", "").replace(self.decimal, "."))

    def others(self, texts: Iterable[str]) -> list["Grammar"]:
        """The usual grammars in which all of the texts are numbers."""
        texts = list(texts)
        usual = (Grammar(*marks) for marks in ((".", ","), (",", "."), (".", " "), (",", " ")))
        return [grammar for grammar in usual if all(map(grammar.is_number, texts))]

    def options(self, texts: Iterable[str], instead_of: "Grammar") -> str:
        """The options of the command line that read texts in this grammar, not in another."""
        options = []
        if self.decimal != instead_of.decimal:
            options.append(f"--decimal {self.decimal}")
        if self.thousands and any(self.thousands in text for text in texts):
            options.append(f"--thousands {shlex.quote(self.thousands)}")
        return " ".join(options)
