"""How columns of a table become numbers for a network, and its outputs values of a column."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from .table import Table, as_float

__all__ = ["Categorical", "Numeric", "encode", "from_metadata", "to_metadata"]


@dataclasses.dataclass(frozen=True)
class Numeric:
    """A column of numbers, standardised.

    Attributes
    ----------
    name : str
    mean, scale : float
        What is subtracted, and what is then divided by.
    """

    name: str
    mean: float
    scale: float

    @classmethod
    def fit(cls, name: str, values: np.ndarray) -> "Numeric":
        """The column whose mean and standard deviation are those of some values."""
        varies = values.min() < values.max()  # the deviation of equal values is that of rounding
        return cls(name, float(values.mean()), float(values.std()) if varies else 1.0)

    def encode(self, table: Table) -> np.ndarray:
        """One column of numbers."""
        return ((table.numbers(self.name) - self.mean) / self.scale)[:, None]

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        """The values behind encoded ones."""
        return encoded * self.scale + self.mean


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A column of texts, one-hot.

    Attributes
    ----------
    name : str
    categories : sequence of str
        All texts that may occur.
    """

    name: str
    categories: Sequence[str]

    @classmethod
    def fit(cls, name: str, texts: Sequence[str]) -> "Categorical":
        """The column whose categories are those that occur; numbers in their order."""
        are_numbers = all(as_float(text) is not None for text in texts)
        categories = sorted(set(texts), key=float if are_numbers else None)
        return cls(name, categories)

    def labels(self, table: Table) -> np.ndarray:
        """Place of each value among the categories."""
        places = {category: i for i, category in enumerate(self.categories)}
        labels = np.empty(len(table), np.int64)
        for i, text in enumerate(table.texts(self.name)):
            if text not in places:
                known = ", ".join(self.categories)
                raise ValueError(
                    f"{table.place(i)}: column {self.name!r} holds {text!r}, which the model does "
                    f"not know; it knows {known}"
                )
            labels[i] = places[text]
        return labels

    def encode(self, table: Table) -> np.ndarray:
        """A column of zeros and ones for each category."""
        return np.eye(len(self.categories))[self.labels(table)]


Column = Numeric | Categorical


def encode(columns: Sequence[Column], table: Table) -> np.ndarray:
    """The inputs of a network, float32 of shape (rows, inputs)."""
    return np.hstack([column.encode(table) for column in columns]).astype(np.float32)


def to_metadata(inputs: Sequence[Column], target: Column) -> dict[str, Any]:
    """What a model is saved with."""
    return {
        "inputs": [dataclasses.asdict(column) for column in inputs],
        "target": dataclasses.asdict(target),
    }


def from_metadata(metadata: dict[str, Any]) -> tuple[list[Column], Column]:
    """The inputs and the target that a model was saved with.

    Raises
    ------
    ValueError
        If it was saved without.
    """

    def column(config: dict[str, Any]) -> Column:
        if "categories" in config:
            return Categorical(str(config["name"]), [str(text) for text in config["categories"]])
        return Numeric(str(config["name"]), float(config["mean"]), float(config["scale"]))

    try:
        return [column(config) for config in metadata["inputs"]], column(metadata["target"])
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            "the model does not know what columns it is for; wanted: one that `fastscratch train` "
            "saved"
        ) from None
