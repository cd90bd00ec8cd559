"""Products of matrices."""

from typing import Any

import numpy as np

from ..kernels.matmul import matmul as product
from ..validation import as_array, as_floating


def matmul(x1: Any, x2: Any) -> np.ndarray:
    """Product of two matrices, with NumPy's rules for vectors and for more than two axes.

    Parameters
    ----------
    x1 : array_like, shape (..., m, k) or (k,)
    x2 : array_like, shape (..., k, n) or (k,)
        The last two axes are those of the matrices; the axes before them are broadcast. A vector
        counts as a row on the left and as a column on the right.

    Returns
    -------
    ndarray, shape (..., m, n)
        Without the axis ``m`` if `x1` is a vector, without ``n`` if `x2` is one.

    Raises
    ------
    ValueError, TypeError
        If shapes do not match, or numbers are not finite.

    Notes
    -----
    Cost: ``2 m k n`` flops for each pair of matrices. Twin: ``reference.matmul.matmul``.

    Examples
    --------
    >>> from fastscratch import ops
    >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]], dtype=float32)
    """
    a = as_floating("x1", x1, finite=False)
    b = as_array("x2", x2, a.dtype, finite=False)
    left = a.reshape(1, -1) if a.ndim == 1 else a
    right = b.reshape(-1, 1) if b.ndim == 1 else b
    if left.ndim == right.ndim == 2 and left.shape[1] == right.shape[0]:  # the usual case
        out = np.empty((left.shape[0], right.shape[1]), a.dtype)
        finite = product(out, left, right)
    else:
        out, finite = _of_stacks(left, right, f"got shapes {a.shape} and {b.shape}")
    if not finite:
        as_floating("x1", x1), as_array("x2", x2, a.dtype)  # raises, unless the result overflowed
    out = out[..., 0, :] if a.ndim == 1 else out
    return out[..., 0] if b.ndim == 1 else out


def _of_stacks(left: np.ndarray, right: np.ndarray, given: str) -> tuple[np.ndarray, bool]:
    """Products of the matrices in the last two axes, and whether all are finite."""
    if left.ndim == 0 or right.ndim == 0:
        raise ValueError(f"x1 and x2 must have at least one axis, {given}")
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"x1 must have as many columns as x2 has rows, {given}")
    try:
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    except ValueError:
        raise ValueError(
            f"the axes of x1 and x2 before the last two must broadcast, {given}"
        ) from None
    out = np.empty((*batch, left.shape[-2], right.shape[-1]), left.dtype)
    if right.ndim == 2:  # the matrices of x1 are one tall matrix
        finite = product(out.reshape(-1, out.shape[-1]), left.reshape(-1, left.shape[-1]), right)
    else:
        left = np.broadcast_to(left, (*batch, *left.shape[-2:]))
        right = np.broadcast_to(right, (*batch, *right.shape[-2:]))
        finite = True
        for place in np.ndindex(batch):  # copies, because broadcast arrays are read-only
            finite &= product(out[place], left[place].copy(), right[place].copy())
    return out, finite
