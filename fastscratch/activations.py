"""Activations, under the names of ``keras.activations``, and those that a user writes."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .functions import as_plain, explained, function_at, path_of
from .kernels import custom
from .kernels.activations import (
    ACTIVATIONS,
    Activation,
    activation_backward,
    activation_forward,
    backward_of,
    forward_of,
)
from .validation import one_of

__all__ = ["NAMES", "Custom", "get"]

#: Names that layers take.
NAMES = tuple(ACTIVATIONS)

# Keras' other names.
_ALIASES = {"swish": "silu", "hard_swish": "hard_silu"}


class Custom:
    """An activation of one's own, as two functions of a number.

    They are compiled, and called like the activations of the package, in one pass over the numbers
    of a layer. ``Dense(4, activation=(value, derivative))`` makes one.

    Parameters
    ----------
    value : function
        Called with a number, the score ``z``; returns a number. Written in what Numba compiles:
        arithmetic, ``if``, and functions of :mod:`math` and NumPy. Those of
        :mod:`fastscratch.kernels.elementary` are faster.
    derivative : function
        Called with the same number; returns the derivative there.

    Notes
    -----
    ``compile`` of a model compares the derivative with central differences of the value. A model
    can be saved if both stand at the top of a module, which must be imported again before the model
    is loaded. They are compiled anew in every process, which takes some tenths of a second.

    Examples
    --------
    >>> from fastscratch import activations, layers
    >>> def value(z):
    ...     return z * z
    >>> def derivative(z):
    ...     return 2 * z
    >>> layers.Dense(4, activation=activations.Custom(value, derivative)).activation
    Custom(value, derivative)
    """

    def __init__(self, value: Callable[..., float], derivative: Callable[..., float]):
        self.value = as_plain("value", value)
        self.derivative = as_plain("derivative", derivative)

    def __eq__(self, other: object) -> bool:
        """Whether both are made of the same functions."""
        if not isinstance(other, Custom):
            return NotImplemented
        return (self.value, self.derivative) == (other.value, other.derivative)

    def __hash__(self) -> int:
        return hash((self.value, self.derivative))

    def __repr__(self) -> str:
        return f"Custom({self.value.__name__}, {self.derivative.__name__})"

    def get_config(self) -> dict[str, str]:
        """Where the functions can be imported from.

        Raises
        ------
        ValueError
            If one cannot be.
        """
        value = path_of("the value of an activation", self.value)
        return {
            "value": value,
            "derivative": path_of("the derivative of an activation", self.derivative),
        }

    def check(self) -> None:
        """Compare the derivative with central differences of the value.

        Raises
        ------
        ValueError
            If they differ, or a function cannot be compiled.
        """
        _check(self.value, self.derivative)


@functools.cache
def _check(value: Callable[..., float], derivative: Callable[..., float]) -> None:
    name = value.__name__
    z = np.linspace(-4.0, 4.0, 64) + 0.0137  # no kink is likely to be at one of them
    step = 1e-5
    with np.errstate(all="ignore"):
        slopes = (_values(value, derivative, z + step) - _values(value, derivative, z - step)) / (
            2 * step
        )
        found = _slopes(value, derivative, z)
        known = np.isfinite(slopes)
        wrong = known & ~(abs(found - slopes) <= 1e-5 * np.maximum(1, abs(slopes)))
    if not known.any():
        raise ValueError(f"the activation {name} is finite at none of the numbers from -4 to 4")
    if wrong.any():
        at = wrong.argmax()
        raise ValueError(
            f"the derivative of the activation {name} must be {slopes[at]:.6g} at {z[at]:.4f}, as "
            f"central differences of its value are, got {found[at]:.6g}"
        )


def _values(
    value: Callable[..., float], derivative: Callable[..., float], z: np.ndarray
) -> np.ndarray:
    a = np.empty((1, z.size))
    with explained("the value of an activation"):
        function = forward_of(custom.activation(value, derivative), z.dtype)
    activation_forward(a, z.reshape(1, -1), function)
    return a[0]


def _slopes(
    value: Callable[..., float], derivative: Callable[..., float], z: np.ndarray
) -> np.ndarray:
    dz, rows = np.empty((1, z.size)), z.reshape(1, -1)
    with explained("the derivative of an activation"):
        function = backward_of(custom.activation(value, derivative), z.dtype)
    activation_backward(dz, rows, rows, np.ones_like(rows), function)
    return dz[0]


def compiled(activation: str | Custom) -> Activation:
    """What the kernels know of an activation."""
    if isinstance(activation, Custom):
        return custom.activation(activation.value, activation.derivative)
    return ACTIVATIONS[activation]


def get(identifier: Any) -> str | Custom:
    """The name of an activation, or one of the user's own.

    Parameters
    ----------
    identifier : str, Custom, pair of functions, dict, or None
        A name; a value and its derivative; or what ``Custom.get_config`` returned. None is
        "linear".

    Returns
    -------
    str or Custom

    Raises
    ------
    ValueError, TypeError
        If it is none of them.

    Examples
    --------
    >>> from fastscratch import activations
    >>> activations.get("relu")
    'relu'
    """
    if identifier is None:
        return "linear"
    if isinstance(identifier, Custom):
        return identifier
    if isinstance(identifier, dict) and set(identifier) == {"value", "derivative"}:
        return Custom(
            function_at("the value of an activation", identifier["value"]),
            function_at("the derivative of an activation", identifier["derivative"]),
        )
    if isinstance(identifier, (tuple, list)) and len(identifier) == 2:
        return Custom(*identifier)
    if callable(identifier):
        raise TypeError(
            "activation must be a name, or a pair of functions (value, derivative) of a number, "
            f"got {getattr(identifier, '__name__', type(identifier).__name__)} alone; a layer such "
            "as LeakyReLU stands after the layer that it activates"
        )
    name = _ALIASES.get(identifier, identifier) if isinstance(identifier, str) else identifier
    return one_of("activation", name, NAMES)
