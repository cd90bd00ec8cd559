"""Samples that are given as a sparse matrix of SciPy, which is never made dense."""

from typing import Any

import numpy as np

from ..engine import SparseRows
from ..validation import as_array


def check_sparse_samples(
    name: str, x: Any, shape: tuple[int, ...] | None, dtype: str
) -> SparseRows:
    """The rows of a sparse matrix; `shape` is that of a sample, if it is known.

    Entries of the same place are added up, on a copy.

    Raises
    ------
    ValueError
        If it has no rows, another number of columns, or a number that is not finite; or if its
        arrays do not fit together.
    TypeError
        If it does not hold real numbers.
    """
    if len(x.shape) != 2 or 0 in x.shape:
        raise ValueError(f"{name} must be a matrix with rows and columns, got shape {x.shape}")
    if shape is not None and x.shape[1:] != shape:
        raise ValueError(
            f"{name} must have samples of shape {shape}, as the model has inputs, got {x.shape[1:]}"
        )
    matrix = x.tocsr()
    starts = np.ascontiguousarray(matrix.indptr, np.int64)
    columns = np.ascontiguousarray(matrix.indices, np.int32)
    is_whole = starts[0] == 0 and (np.diff(starts) >= 0).all() and starts[-1] <= columns.size
    if not is_whole or matrix.data.size < starts[-1]:
        raise ValueError(f"{name} is damaged: its indptr does not fit its indices and data")
    columns = columns[: starts[-1]]
    if columns.size and not 0 <= columns.min() <= columns.max() < x.shape[1]:
        raise ValueError(
            f"{name} is damaged: its indices must be from 0 to {x.shape[1] - 1}, got "
            f"{columns.min()} to {columns.max()}"
        )
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
        starts, columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    values = matrix.data[: starts[-1]]
    if values.size:
        values = as_array(f"{name}.data", values, dtype, 1, writeable=False)
    return SparseRows(values.astype(dtype, copy=False), columns[: starts[-1]], starts, x.shape[1])
