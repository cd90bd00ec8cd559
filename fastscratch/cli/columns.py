"""Columns of a table as inputs of a network, and its outputs as values of a column."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..validation import as_number, as_positive
from .table import Table, as_float

__all__ = ["Categorical", "Numeric", "encode", "from_metadata", "to_metadata"]


@dataclasses.dataclass(frozen=True)
class Numeric:
    """A column of numbers, standardised.

    Attributes
    ----------
    name : str
    mean, scale : float
        `mean` is subtracted from the numbers, which are then divided by `scale`.
    """

    name: str
    mean: float
    scale: float

    @classmethod
    def fit(cls, name: str, values: np.ndarray) -> "Numeric":
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
        return cls(name, mean, scale if varies else 1.0)

    def encode(self, table: Table) -> np.ndarray:
        """One column of numbers.

        Raises
        ------
        ValueError
            If one of them does not fit into a float32.
        """
        numbers = table.numbers(self.name)
        with np.errstate(over="ignore"):
            encoded = (numbers - self.mean) / self.scale
        too_large = np.abs(encoded) > np.finfo(np.float32).max
        if too_large.any():
            row = int(too_large.argmax())
            raise ValueError(
                f"{table.place(row)}: column {self.name!r} holds {numbers[row]:g}, too far "
                f"from what the model was trained on, about {self.mean:g}"
            )
        return encoded[:, None]

    def decode(self, encoded: np.ndarray) -> np.ndarray:
        """The inverse of :meth:`encode`, for an array of encoded values."""
        return encoded * self.scale + self.mean


@dataclasses.dataclass(frozen=True)
class Categorical:
    """A column of texts, encoded one-hot.

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
        """A column with the texts that occur as categories; numbers are in ascending order."""
        are_numbers = all(as_float(text) is not None for text in texts)
        categories = sorted(set(texts), key=float if are_numbers else None)
        return cls(name, categories)

    def labels(self, table: Table) -> np.ndarray:
        """The index of each value among the categories."""
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
    """The inputs of a network from a table, float32 of shape (rows, inputs)."""
    return np.hstack([column.encode(table) for column in columns]).astype(np.float32)


def to_metadata(inputs: Sequence[Column], target: Column) -> dict[str, Any]:
    """The metadata that a model is saved with."""
    return {
        "inputs": [dataclasses.asdict(column) for column in inputs],
        "target": dataclasses.asdict(target),
    }


def from_metadata(metadata: dict[str, Any]) -> tuple[list[Column], Column]:
    """The inputs and the target that a model was saved with.

    Raises
    ------
    ValueError
        If it was saved without them.
    """

    def column(config: dict[str, Any]) -> Column:
        if "categories" in config:
            return Categorical(str(config["name"]), [str(text) for text in config["categories"]])
        mean, scale = as_number("mean", config["mean"]), as_positive("scale", config["scale"])
        return Numeric(str(config["name"]), mean, scale)

    try:
        inputs, target = [column(config) for config in metadata["inputs"]], metadata["target"]
        if not inputs:
            raise ValueError
        return inputs, column(target)
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            "the model does not say what columns it is for; predict needs a model that "
            "`fastscratch train` saved"
        ) from None
