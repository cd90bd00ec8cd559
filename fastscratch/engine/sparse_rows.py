"""Samples as the rows of a sparse matrix."""

from typing import Any, Self

import numpy as np


class SparseRows:
    """The entries of a matrix that are not zero, row after row, as SciPy's CSR has them.

    Parameters
    ----------
    values : (entries,) array
    columns : (entries,) int32 array
        Increasing in each row.
    starts : (n + 1,) int64 array
        Where the entries of each row start, and where the last ones end.
    width : int
        Columns of the matrix.
    """

    def __init__(self, values: np.ndarray, columns: np.ndarray, starts: np.ndarray, width: int):
        self.values, self.columns, self.starts = values, columns, starts
        self.shape = starts.size - 1, width

    @classmethod
    def of(cls, x: np.ndarray) -> Self:
        """Those of an array."""
        rows, columns = np.nonzero(x)
        starts = np.searchsorted(rows, np.arange(len(x) + 1)).astype(np.int64)
        return cls(x[rows, columns], columns.astype(np.int32), starts, x.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, chosen: slice | np.ndarray) -> "SparseRows":
        rows = np.arange(len(self))[chosen]
        counts = np.diff(self.starts)[rows]
        starts = np.concatenate([[0], np.cumsum(counts)])
        entries = np.repeat(self.starts[rows] - starts[:-1], counts) + np.arange(starts[-1])
        return SparseRows(self.values[entries], self.columns[entries], starts, self.shape[1])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        dense = np.zeros(self.shape, self.values.dtype if dtype is None else dtype)
        rows = np.repeat(np.arange(len(self)), np.diff(self.starts))
        dense[rows, self.columns] = self.values
        return dense

    def most_entries(self, rows: int) -> int:
        """How many entries this many rows have at most."""
        counts = np.diff(self.starts)
        rest = max(0, counts.size - rows)
        return int(np.partition(counts, rest)[rest:].sum()) if rest else int(counts.sum())


def are_sparse(samples: Any) -> bool:
    """Whether the samples of a network are given as a sparse matrix."""
    return isinstance(samples[0], SparseRows)
