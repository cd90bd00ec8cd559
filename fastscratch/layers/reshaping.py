"""Layers that arrange the numbers of a sample in another shape."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..validation import as_integer
from ..wording import quantity
from .base import Layer, Shape


class Flatten(Layer):
    """All numbers of a sample in one row.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(4.0).reshape(1, 2, 2)
    >>> Sequential([layers.Flatten()]).predict(x, verbose=0)
    array([[0., 1., 2., 3.]], dtype=float32)
    """

    only_moves = True

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)

    def output_shape(self, shape: Shape) -> Shape:
        return (math.prod(shape),)


class Reshape(Layer):
    """The numbers of a sample in another shape.

    Parameters
    ----------
    target_shape : tuple of int
        One of them may be -1: it follows from the others.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(6.0).reshape(1, 6)
    >>> Sequential([layers.Reshape((2, 3))]).predict(x, verbose=0)
    array([[[0., 1., 2.],
            [3., 4., 5.]]], dtype=float32)
    """

    only_moves = True

    def __init__(self, target_shape: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        several = isinstance(target_shape, Sequence) and not isinstance(target_shape, (str, bytes))
        sizes = target_shape if several else (target_shape,)
        shape = tuple(as_integer("target_shape", size, -1) for size in sizes)
        if not shape or 0 in shape or shape.count(-1) > 1:
            raise ValueError(
                "target_shape must be a tuple of positive ints, of which one may be -1, got "
                f"{target_shape!r}"
            )
        self.target_shape = shape

    def output_shape(self, shape: Shape) -> Shape:
        size = math.prod(shape)
        known = math.prod(axis for axis in self.target_shape if axis > 0)
        target = tuple(size // known if axis == -1 else axis for axis in self.target_shape)
        if math.prod(target) != size:
            raise ValueError(
                f"{self!r} cannot hold the {quantity(size, 'number')} of samples of {shape}"
            )
        return target


#: Compiled code moves numbers along this many axes; those that stay side by side count as one.
MOST_RUNS = 5


class Permute(Layer):
    """The axes of a sample in another order.

    Parameters
    ----------
    dims : tuple of int
        The axes in their new order, counted from 1: ``(2, 1)`` exchanges two.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.arange(6.0).reshape(1, 2, 3)
    >>> Sequential([layers.Permute((2, 1))]).predict(x, verbose=0)
    array([[[0., 3.],
            [1., 4.],
            [2., 5.]]], dtype=float32)
    """

    only_moves = True

    def __init__(self, dims: Sequence[int], **kwargs: Any):
        super().__init__(**kwargs)
        several = isinstance(dims, Sequence) and not isinstance(dims, (str, bytes))
        order = tuple(as_integer("dims", axis, 1) for axis in dims) if several else ()
        if not order or sorted(order) != list(range(1, len(order) + 1)):
            raise ValueError(
                "dims must hold each axis from 1 to the number of axes once, as (2, 1), got "
                f"{dims!r}"
            )
        self.dims = order

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != len(self.dims):
            raise ValueError(
                f"{self!r} takes samples of {quantity(len(self.dims), 'axis', 'axes')}, got "
                f"samples of {shape}"
            )
        runs = _runs([axis for axis in self.dims if shape[axis - 1] > 1])
        if runs > MOST_RUNS:
            raise ValueError(
                f"{self!r} moves {runs} runs of axes, at most {MOST_RUNS} can be moved; got "
                f"samples of {shape}"
            )
        return tuple(shape[axis - 1] for axis in self.dims)


def _runs(axes: Sequence[int]) -> int:
    """How many parts axes in a new order have in which they follow each other as before."""
    place = {axis: i for i, axis in enumerate(sorted(axes))}
    return 1 + sum(place[b] != place[a] + 1 for a, b in pairwise(axes))


class RepeatVector(Layer):
    """Each sample, a vector, several times: a sequence of equal steps.

    Parameters
    ----------
    n : int
        Number of steps.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[1.0, 2.0]])
    >>> Sequential([layers.RepeatVector(2)]).predict(x, verbose=0)
    array([[[1., 2.],
            [1., 2.]]], dtype=float32)
    """

    only_moves = True

    def __init__(self, n: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.n = as_integer("n", n, 1)

    def output_shape(self, shape: Shape) -> Shape:
        if len(shape) != 1:
            raise ValueError(f"{self!r} takes vectors of shape (n,), got samples of {shape}")
        return (self.n, *shape)
