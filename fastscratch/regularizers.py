"""Penalties on weights, under the names and defaults of ``keras.regularizers``.

A penalty is added to the loss of every mini-batch, and its derivative to the gradient.
"""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .keras_names import full_name
from .kernels.optimizers import penalty
from .validation import as_not_negative

__all__ = ["L1", "L1L2", "L2", "Regularizer", "get"]


@dataclasses.dataclass(frozen=True, repr=False)
class Regularizer:
    """``l1 * sum(abs(w)) + l2 * sum(w**2)``.

    Examples
    --------
    >>> from fastscratch import regularizers
    >>> [regularizers.L1(0.5), regularizers.L2(0.5)]
    [L1(l1=0.5), L2(l2=0.5)]
    """

    l1: float = 0.0
    l2: float = 0.0

    #: Whether it is added to the sum of the losses in a mini-batch, not to their mean: it is then
    #: divided by the number of samples, as they are.
    _is_of_sum = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "l1", as_not_negative("l1", self.l1))
        object.__setattr__(self, "l2", as_not_negative("l2", self.l2))

    def __call__(self, weights: np.ndarray) -> float:
        """The penalty on an array of float32 or float64."""
        return float(penalty(weights.reshape(-1), self.l1, self.l2))

    def __repr__(self) -> str:
        """The call that makes it."""
        arguments = inspect.signature(type(self)).parameters
        return f"{type(self).__name__}({', '.join(f'{a}={getattr(self, a)}' for a in arguments)})"

    def get_config(self) -> dict[str, float]:
        """The two factors."""
        return {"l1": self.l1, "l2": self.l2}


class L1L2(Regularizer):
    """``l1 * sum(abs(w)) + l2 * sum(w**2)``.

    Parameters
    ----------
    l1, l2 : float
        Not negative.

    Examples
    --------
    >>> from fastscratch import layers, regularizers
    >>> layers.Dense(10, kernel_regularizer=regularizers.L1L2(0.01, 0.02)).kernel_regularizer
    L1L2(l1=0.01, l2=0.02)
    """


class L1(Regularizer):
    """``l1 * sum(abs(w))``.

    Parameters
    ----------
    l1 : float
        Not negative.

    Examples
    --------
    >>> from fastscratch import layers, regularizers
    >>> layers.Dense(10, kernel_regularizer=regularizers.L1(0.01)).kernel_regularizer
    L1(l1=0.01)
    """

    def __init__(self, l1: float = 0.01):
        super().__init__(l1=l1)


class L2(Regularizer):
    """``l2 * sum(w**2)``.

    Parameters
    ----------
    l2 : float
        Not negative.

    Examples
    --------
    >>> from fastscratch import layers, regularizers
    >>> layers.Dense(10, kernel_regularizer=regularizers.L2(0.01)).kernel_regularizer
    L2(l2=0.01)
    """

    def __init__(self, l2: float = 0.01):
        super().__init__(l2=l2)


# Second names that Keras has.
l1, l2, l1_l2 = L1, L2, L1L2

_BY_NAME: dict[str, Callable[[], Regularizer]] = {
    "l1": L1,
    "l2": L2,
    # Keras' name of the class with its defaults, which are no penalty; and the older function.
    "l1l2": L1L2,
    "l1_l2": lambda: L1L2(0.01, 0.01),
}
_SHORT = {"L1L2": "l1l2"}


def get(identifier: Any, name: str = "identifier") -> Regularizer | None:
    """The regularizer for a name, an instance, what `get_config` returned, or None.

    Parameters
    ----------
    identifier : object
    name : str
        What an error calls it.

    Returns
    -------
    Regularizer or None

    Raises
    ------
    ValueError
        If it is none of them, or of a class with a formula of its own, which would not be learned.

    Examples
    --------
    >>> from fastscratch import regularizers
    >>> regularizers.get("l2")
    L2(l2=0.01)
    """
    if type(identifier).__call__ is not Regularizer.__call__ and isinstance(
        identifier, Regularizer
    ):
        raise ValueError(
            f"{name} must be a regularizer of l1 and l2, got one with a formula of its own, "
            f"{type(identifier).__name__}"
        )
    if identifier is None or isinstance(identifier, Regularizer):
        return identifier
    if isinstance(identifier, dict) and set(identifier) == {"l1", "l2"}:
        return L1L2(**identifier)
    if isinstance(identifier, str) and full_name(identifier, _BY_NAME, _SHORT) in _BY_NAME:
        return _BY_NAME[full_name(identifier, _BY_NAME, _SHORT)]()
    known = ", ".join(repr(known) for known in _BY_NAME)
    raise ValueError(f"{name} must be a regularizer or one of {known}, got {identifier!r}")
