"""The column that `train` predicts, and of what kind it is."""

from dataclasses import dataclass

import numpy as np

from ..wording import quantity
from .columns import Classes, Numeric, Target
from .judging import ascending, misread, stray
from .table import Table, Texts

__all__ = ["Goal", "find_goal"]

#: A table with fewer rows is refused.
FEWEST_ROWS = 10
#: A target of whole numbers with this many different values or fewer is taken for classes.
MOST_CLASSES = 10
#: A target with more classes than this is refused.
TOO_MANY_CLASSES = 1000


@dataclass(frozen=True)
class Goal:
    """What is to be predicted.

    Attributes
    ----------
    name : str
    rows : ndarray of int
        Those in which it is known.
    values : ndarray, shape (rows of the table,)
        Labels, or numbers; of no meaning in other rows.
    classes : Classes or None
        None for a regression.
    are_percentages : bool
    """

    name: str
    rows: np.ndarray
    values: np.ndarray
    classes: Classes | None
    are_percentages: bool = False

    def labels(self, rows: np.ndarray) -> np.ndarray | None:
        """The classes of some rows, if there are classes."""
        return self.values[rows] if self.classes else None

    def target(self, learned: np.ndarray) -> Target:
        """The target, for a network that learns from some rows."""
        if self.classes:
            return self.classes
        return Numeric.fit(self.name, self.values[learned], self.are_percentages)

    def wanted(self, target: Target) -> np.ndarray:
        """What the network is to predict, for each row of the table."""
        if isinstance(target, Classes):
            return self.values
        return (self.values - target.mean) / target.scale

    def __str__(self) -> str:
        if not self.classes:
            return "regression"
        categories = self.classes.categories
        names = ", ".join(categories[:6]) + ", ..." * (len(categories) > 6)
        return f"classification, {quantity(len(categories), 'class', 'classes')}: {names}"


def find_goal(table: Table, name: str, task: str, impute: bool) -> Goal:
    """Look at the column that is to be predicted.

    Parameters
    ----------
    table : Table
    name : str
    task : {"auto", "classification", "regression"}
    impute : bool
        Whether rows without a value of the target are left out; else they are refused.

    Raises
    ------
    ValueError
        If it cannot be predicted.
    """
    if not impute:
        table.check_complete(name)
    rows = np.flatnonzero(~table.is_missing(name))
    if len(rows) < FEWEST_ROWS:
        known = f" with a value of {name!r}" * (len(rows) < len(table))
        raise ValueError(
            f"{table.source.name} has {quantity(len(rows), 'row')}{known}, too few to learn from "
            f"some and test with others; it needs at least {FEWEST_ROWS}"
        )
    texts = table.texts(name)
    if len(texts.values) == 1:
        raise ValueError(
            f"column {name!r} holds only {texts.values[0]!r}: there is nothing to predict"
        )
    are_percentages = table.holds_percentages(name)
    if task == "auto":
        task = _task(table, name, are_percentages)
    if task == "regression":
        return Goal(name, rows, table.numbers(name, are_percentages), None, are_percentages)
    categories = ascending(texts.values, table)
    if len(categories) > TOO_MANY_CLASSES:
        raise ValueError(
            f"column {name!r} holds {len(categories)} different values, too many classes; there "
            f"can be at most {TOO_MANY_CLASSES}"
        )
    place = {category: label for label, category in enumerate(categories)}
    labels = texts.each([place[text] for text in texts.values], -1, np.int64)
    counts = np.bincount(labels[rows])
    if counts.min() < 2:
        raise ValueError(
            f"class {categories[counts.argmin()]!r} of column {name!r} has one row; it needs at "
            "least two, one to learn from and one to test with"
        )
    return Goal(name, rows, labels, Classes(name, categories))


def _task(table: Table, name: str, are_percentages: bool) -> str:
    """The task that the values suggest."""
    column = table[name]
    if isinstance(column, Texts):
        if are_percentages:
            return "regression"
        if fault := misread(table, column.values) or stray(table, name, column):
            raise ValueError(f"column {name!r}: {fault}")
        return "classification"
    numbers = column[~np.isnan(column)]
    if np.isinf(numbers).any():  # they are too large, and will be refused
        return "regression"
    are_classes = (numbers % 1 == 0).all() and len(np.unique(numbers)) <= MOST_CLASSES
    return "classification" if are_classes else "regression"
