"""Real numbers from what people pass as an array: lists, tensors, frames of named columns.

A frame is known by its attribute ``columns``, so that pandas is not needed.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["check_masks", "check_texts", "is_array_like", "located", "real_numbers"]

_REAL = (bool, int, float, np.bool_, np.integer, np.floating)


def real_numbers(name: str, value: Any) -> np.ndarray:
    """An array of integers, floats or booleans; `value` itself where it is one already.

    Columns of different types, and types of pandas that can hold missing values, become float64
    if every element is a number.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : array_like

    Raises
    ------
    TypeError
        If `value` is no array, or an element is no real number: the message says which one.
    ValueError
        If it is ragged or has masked values, or an int in it is too large for float64.
    """
    if type(value) is np.ndarray and value.dtype.kind in "fiub":  # the usual case
        return value
    check_masks(name, value)
    array = _as_array(name, value)
    if array.dtype.kind in "fiub":
        return array
    if array.dtype.kind in "OUS":
        for place, element in np.ndenumerate(array):
            if not isinstance(element, _REAL):
                raise TypeError(_complaint(name, value, place, element))
        if array.dtype.kind == "O":
            try:
                return array.astype(np.float64)
            except OverflowError:
                raise ValueError(f"{name} must be finite in float64, got a larger int") from None
    raise TypeError(f"{name} must hold real numbers, got an array of {array.dtype}")


def check_masks(name: str, value: Any) -> None:
    """Check that no value is masked: NumPy would take what stands under the mask.

    Raises
    ------
    ValueError
        If one is.
    """
    parts = value if isinstance(value, (list, tuple)) else (value,)
    masked = sum(np.ma.count_masked(x) for x in parts if isinstance(x, np.ma.MaskedArray))
    if masked:
        raise ValueError(
            f"{name} must have no masked values, got {masked}; fill them, or leave their rows out"
        )


def check_texts(name: str, value: Any) -> None:
    """Check that a value is an array without texts: as a number, Python reads "1_0" as 10.

    What has a method ``toarray`` is a sparse matrix, and holds none.

    Raises
    ------
    TypeError
        If it is no array, or an element is a text.
    ValueError
        If it is ragged.
    """
    if hasattr(value, "toarray"):
        return
    array = _as_array(name, value)
    if array.dtype.kind in "OUS":
        for place, element in np.ndenumerate(array):
            if isinstance(element, (str, bytes)) or place == ():
                raise TypeError(_complaint(name, value, place, element))


def _as_array(name: str, value: Any) -> np.ndarray:
    """What NumPy makes of a value, if that is an array at all."""
    kind = type(value).__name__
    if hasattr(value, "toarray"):
        raise TypeError(f"{name} must be a dense array, got a {kind}; its toarray() makes one")
    is_read = hasattr(value, "__iter__") or hasattr(value, "__getitem__")
    if is_read and not is_array_like(value):
        raise TypeError(f"{name} must hold real numbers, got a {kind}; read it into an array first")
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array, got rows of different lengths") from None
    except (TypeError, RuntimeError) as error:  # a tensor with a gradient, or on another device
        raise TypeError(f"{name} must be an array, got a {kind}: {error}") from None


def is_array_like(value: Any) -> bool:
    """Whether a value is or has an array; a loader has a length and elements too."""
    if isinstance(value, Sequence) or hasattr(value, "__array__"):
        return True
    if hasattr(value, "__array_interface__"):
        return True
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def _complaint(name: str, value: Any, place: tuple[int, ...], element: Any) -> str:
    """The message about an element that is no number."""
    shown = repr(element.item() if isinstance(element, np.generic) else element)
    if len(shown) > 60 or "\n" in shown or " at 0x" in shown:
        shown = f"a {type(element).__name__}"
    return f"{name} must hold real numbers, got {shown}{located(value, place)}"


def located(value: Any, place: tuple[int, ...]) -> str:
    """Where an element stands, for a message: of a frame, the name of its column."""
    columns = getattr(value, "columns", None)
    if columns is not None and len(place) == 2:
        return f" in row {place[0]} of column {columns[place[1]]!r}"
    return f" at {place}" if place else ""
