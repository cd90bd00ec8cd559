"""Constraints of weights, under the names and defaults of ``keras.constraints``.

A constraint is applied to a weight after each step of training; first values are not constrained.
"""

import dataclasses
import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from .keras_names import full_name
from .kernels.constraints import min_max_norm as bring_norms
from .kernels.constraints import non_negative
from .representation import representation
from .validation import as_floating, as_fraction, as_integer, as_not_negative, as_positive

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "get"]


class Constraint:
    """Base of all constraints.

    Examples
    --------
    >>> from fastscratch import constraints, layers
    >>> layers.Dense(10, kernel_constraint=constraints.MaxNorm(2.0)).kernel_constraint
    MaxNorm()
    """

    def __call__(self, weights: Any) -> np.ndarray:
        """A copy of the weights that keeps to the constraint, or is closer to it.

        Parameters
        ----------
        weights : array_like
            Finite numbers.

        Raises
        ------
        ValueError, TypeError
            If they are something else, or have not the axes of the constraint.
        """
        raise NotImplementedError

    def check(self, name: str, shape: tuple[int, ...]) -> None:
        """Check that weights of a shape have the axes of the constraint.

        Raises
        ------
        ValueError
            If they have not; `name` is that of the weights.
        """

    def __repr__(self) -> str:
        """The arguments that are not their defaults."""
        return representation(self)

    def get_config(self) -> dict[str, Any]:
        """The class and the arguments, in types that JSON has."""
        return {"class": type(self).__name__, **vars(self)}


class NonNeg(Constraint):
    """No weight is below zero.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import constraints
    >>> constraints.NonNeg()(np.array([[3.0, -0.3]]))
    array([[3., 0.]])
    """

    def __call__(self, weights: Any) -> np.ndarray:
        constrained = np.array(as_floating("weights", weights))
        non_negative(constrained.reshape(-1))
        return constrained


@dataclasses.dataclass(frozen=True)
class NormInterval:
    """What a constraint of norms asks for.

    Attributes
    ----------
    min_value, max_value, rate : float
        As :class:`MinMaxNorm` takes them.
    """

    min_value: float
    max_value: float
    rate: float = 1.0


class NormConstraint(Constraint):
    """Base of the constraints of norms.

    Parameters
    ----------
    axis : int or sequence of int
        The axes along which the norm is taken. 0 are the weights of one unit of a dense layer,
        ``[0, 1, 2]`` those of one filter of a 2-D convolution.
    """

    def __init__(self, axis: int | Sequence[int] = 0):
        several = isinstance(axis, Sequence) and not isinstance(axis, (str, bytes))
        axes = list(axis) if isinstance(axis, Sequence) and several else [axis]
        if not axes:
            raise ValueError("axis must be an int or several, got none")
        checked = [as_integer("axis", one, -(2**31)) for one in axes]
        self.axis: int | list[int] = checked if several else checked[0]

    @property
    def interval(self) -> NormInterval:
        """Where the norms are to be."""
        raise NotImplementedError

    def __call__(self, weights: Any) -> np.ndarray:
        constrained = np.array(as_floating("weights", weights))
        self.check("weights", constrained.shape)
        a, b, c, d, e = self.in_five_axes(constrained.shape)
        interval = dataclasses.astuple(self.interval)
        bring_norms(constrained.reshape(a, b, c, d, e), np.empty((a, c, e)), *interval)
        return constrained

    def check(self, name: str, shape: tuple[int, ...]) -> None:
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        if not all(-len(shape) <= axis < len(shape) for axis in axes):
            raise ValueError(f"{self!r} needs an axis that {name} of shape {shape} has not")
        if len({axis % len(shape) for axis in axes}) < len(axes):
            raise ValueError(f"{self!r} names an axis of {name} of shape {shape} twice")
        if len(self._runs(shape)) > 5:
            raise ValueError(
                f"{self!r} has more than two groups of neighbouring axes, got {name} of {shape}"
            )

    def in_five_axes(self, shape: tuple[int, ...]) -> tuple[int, int, int, int, int]:
        """The shape of the weights in five axes, with the norms along the second and fourth."""
        runs = self._runs(shape)
        runs += [1] * (len(runs) % 2 == 0)  # the last axis is one without a norm
        a, b, c, d, e = [1] * (5 - len(runs)) + runs
        return a, b, c, d, e

    def _runs(self, shape: tuple[int, ...]) -> list[int]:
        """Sizes of neighbouring axes together: those without a norm, those with, and so on."""
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        inside = {axis % len(shape) for axis in axes}
        sizes = [
            (has_norm, math.prod(shape[axis] for axis in run))
            for has_norm, run in groupby(range(len(shape)), lambda axis: axis in inside)
        ]
        return [1] * sizes[0][0] + [size for _, size in sizes]


class MaxNorm(NormConstraint):
    """Vectors of weights are shortened to a norm, if they are longer.

    Parameters
    ----------
    max_value : float
        Largest norm, above 0.
    axis : int or sequence of int
        The axes along which the norm is taken. 0 are the weights of one unit of a dense layer,
        ``[0, 1, 2]`` those of one filter of a 2-D convolution.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import constraints
    >>> constraints.MaxNorm(1.0)(np.array([[3.0, 0.3], [4.0, 0.4]])).round(4)
    array([[0.6, 0.3],
           [0.8, 0.4]])
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0):
        super().__init__(axis)
        self.max_value = as_positive("max_value", max_value)

    @property
    def interval(self) -> NormInterval:
        return NormInterval(0.0, self.max_value)


class UnitNorm(NormConstraint):
    """Vectors of weights get the norm 1.

    Parameters
    ----------
    axis : int or sequence of int
        As :class:`MaxNorm` takes it.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import constraints
    >>> constraints.UnitNorm()(np.array([[3.0, 0.3], [4.0, 0.4]])).round(4)
    array([[0.6, 0.6],
           [0.8, 0.8]])
    """

    @property
    def interval(self) -> NormInterval:
        return NormInterval(1.0, 1.0)


class MinMaxNorm(NormConstraint):
    """The norms of vectors of weights are brought into an interval.

    Parameters
    ----------
    min_value, max_value : float
        The smallest and the largest norm; not below 0.
    rate : float
        How far a norm outside of the interval is moved towards it at each step, from 0 to 1.
    axis : int or sequence of int
        As :class:`MaxNorm` takes it.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import constraints
    >>> constraints.MinMaxNorm(1.0, 2.0)(np.array([[3.0, 0.3], [4.0, 0.4]])).round(4)
    array([[1.2, 0.6],
           [1.6, 0.8]])
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ):
        super().__init__(axis)
        self.min_value = as_not_negative("min_value", min_value)
        self.max_value = as_positive("max_value", max_value)
        if self.min_value > self.max_value:
            raise ValueError(
                f"min_value must not be above max_value={self.max_value}, got {self.min_value}"
            )
        self.rate = 1.0 if rate == 1 else as_fraction("rate", rate)

    @property
    def interval(self) -> NormInterval:
        return NormInterval(self.min_value, self.max_value, self.rate)


# Second names that Keras has.
max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

_CLASSES: dict[str, type[Constraint]] = {
    kind.__name__: kind for kind in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)
}
_BY_NAME: dict[str, type[Constraint]] = {
    "max_norm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
}


def get(identifier: Any, name: str = "identifier") -> Constraint | None:
    """The constraint for a name, an instance, what `get_config` returned, or None.

    Parameters
    ----------
    identifier : object
    name : str
        What an error calls it.

    Returns
    -------
    Constraint or None

    Raises
    ------
    ValueError
        If it is none of them, or of a class with a formula of its own, which would not be computed.

    Examples
    --------
    >>> from fastscratch import constraints
    >>> constraints.get("non_neg")
    NonNeg()
    """
    if identifier is None or type(identifier) in _CLASSES.values():
        return identifier
    if isinstance(identifier, Constraint):
        raise ValueError(
            f"{name} must be a constraint of fastscratch.constraints, got one with a formula of "
            f"its own, {type(identifier).__name__}"
        )
    if isinstance(identifier, dict) and identifier.get("class") in _CLASSES:
        arguments = {key: value for key, value in identifier.items() if key != "class"}
        return _CLASSES[identifier["class"]](**arguments)
    if isinstance(identifier, str) and full_name(identifier, _BY_NAME, {}) in _BY_NAME:
        return _BY_NAME[full_name(identifier, _BY_NAME, {})]()
    known = ", ".join(repr(known) for known in _BY_NAME)
    raise ValueError(f"{name} must be a constraint or one of {known}, got {identifier!r}")
