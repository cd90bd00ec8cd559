"""Layers that make one tensor of several."""

from collections.abc import Sequence
from typing import Any

from ..validation import as_integer
from .base import Layer, Shape, Weight
from .checks import sample_axis
from .symbolic import SymbolicTensor


class Merge(Layer):
    """Base of the layers that combine the numbers at each place of several tensors.

    Axes of size 1 are repeated to the size that the others have, and missing first axes too.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """

    reads_several = True

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)

    def output_shape(self, *shapes: Shape) -> Shape:
        if not shapes:
            raise ValueError(f"{self!r} takes at least one tensor, got none")
        axes = max(len(shape) for shape in shapes)
        aligned = [(1,) * (axes - len(shape)) + shape for shape in shapes]
        merged = []
        for sizes in zip(*aligned, strict=True):
            others = {size for size in sizes if size != 1}
            if len(others) > 1:
                raise ValueError(
                    f"{self!r} takes samples whose axes are equal or 1, got samples of "
                    f"{_listed(shapes)}"
                )
            merged.append(others.pop() if others else 1)
        return tuple(merged)

    def weights(self, *shapes: Shape) -> tuple[Weight, ...]:
        return ()


class Add(Merge):
    """Sum of several tensors.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.Add()([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[4., 8.]], dtype=float32)
    """


class Subtract(Merge):
    """The first of two tensors less the second.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.Subtract()([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[-2.,  2.]], dtype=float32)
    """

    def output_shape(self, *shapes: Shape) -> Shape:
        if len(shapes) != 2:
            raise ValueError(f"{self!r} takes exactly two tensors, got {len(shapes)}")
        return super().output_shape(*shapes)


class Multiply(Merge):
    """Product of several tensors, number by number.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.Multiply()([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[ 3., 15.]], dtype=float32)
    """


class Average(Merge):
    """Mean of several tensors.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.Average()([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[2., 4.]], dtype=float32)
    """


class Maximum(Merge):
    """Largest number at each place of several tensors; the first of equal ones gets the gradient.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.Maximum()([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[3., 5.]], dtype=float32)
    """


class Minimum(Merge):
    """Smallest number at each place of several tensors; the first of equal ones gets the gradient.

    Parameters
    ----------
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.Minimum()([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[1., 3.]], dtype=float32)
    """


class Concatenate(Layer):
    """Several tensors one after the other along an axis; their other axes are equal.

    Parameters
    ----------
    axis : int
        Counted from the axis of the batch, 0, which it must not be; -1 is the last.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.Concatenate()([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[1., 5., 3., 3.]], dtype=float32)
    """

    reads_several = only_moves = True

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = as_integer("axis", axis, -(2**31))
        if self.axis == 0:
            raise ValueError("axis must not be 0, the axis of the batch")

    def output_shape(self, *shapes: Shape) -> Shape:
        if not shapes:
            raise ValueError(f"{self!r} takes at least one tensor, got none")
        axis = sample_axis(self, self.axis, shapes[0])
        rests = {(len(shape), shape[:axis], shape[axis + 1 :]) for shape in shapes}
        if len(rests) > 1:
            raise ValueError(
                f"{self!r} takes samples that differ along its axis only, got samples of "
                f"{_listed(shapes)}"
            )
        size = sum(shape[axis] for shape in shapes)
        return (*shapes[0][:axis], size, *shapes[0][axis + 1 :])

    def weights(self, *shapes: Shape) -> tuple[Weight, ...]:
        return ()


def add(inputs: Sequence[SymbolicTensor], **kwargs: Any) -> SymbolicTensor:
    """What :class:`Add` returns for symbolic tensors.

    Returns
    -------
    SymbolicTensor

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.add([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[4., 8.]], dtype=float32)
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[SymbolicTensor], **kwargs: Any) -> SymbolicTensor:
    """What :class:`Subtract` returns for two symbolic tensors.

    Returns
    -------
    SymbolicTensor

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.subtract([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[-2.,  2.]], dtype=float32)
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[SymbolicTensor], **kwargs: Any) -> SymbolicTensor:
    """What :class:`Multiply` returns for symbolic tensors.

    Returns
    -------
    SymbolicTensor

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.multiply([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[ 3., 15.]], dtype=float32)
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[SymbolicTensor], **kwargs: Any) -> SymbolicTensor:
    """What :class:`Average` returns for symbolic tensors.

    Returns
    -------
    SymbolicTensor

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.average([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[2., 4.]], dtype=float32)
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[SymbolicTensor], **kwargs: Any) -> SymbolicTensor:
    """What :class:`Maximum` returns for symbolic tensors.

    Returns
    -------
    SymbolicTensor

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.maximum([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[3., 5.]], dtype=float32)
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[SymbolicTensor], **kwargs: Any) -> SymbolicTensor:
    """What :class:`Minimum` returns for symbolic tensors.

    Returns
    -------
    SymbolicTensor

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.minimum([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[1., 3.]], dtype=float32)
    """
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[SymbolicTensor], axis: int = -1, **kwargs: Any) -> SymbolicTensor:
    """What :class:`Concatenate` returns for symbolic tensors.

    Returns
    -------
    SymbolicTensor

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Model, layers
    >>> left, right = layers.Input((2,)), layers.Input((2,))
    >>> model = Model([left, right], layers.concatenate([left, right]))
    >>> model.predict([np.array([[1.0, 5.0]]), np.array([[3.0, 3.0]])], verbose=0)
    array([[1., 5., 3., 3.]], dtype=float32)
    """
    return Concatenate(axis, **kwargs)(inputs)


def _listed(shapes: tuple[Shape, ...]) -> str:
    return " and ".join(str(shape) for shape in shapes)
