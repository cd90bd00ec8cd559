"""Checks of arguments: kernels check nothing, so everything public checks with these first.

Each function returns the value in the form that kernels take, or raises ValueError or TypeError
with one sentence that says what is expected and what was given. Nothing has been changed by then.
"""

import math
import operator
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .addresses import is_finite
from .conversion import located, real_numbers

#: What NumPy raises for a size that memory cannot hold.
TOO_LARGE = (MemoryError, ValueError, OverflowError)

_ARRAY, _FLOATING = np.ndarray, (np.dtype(np.float32), np.dtype(np.float64))

_DIMENSIONS = {1: "1-D", 2: "2-D (samples, columns)", 4: "4-D (samples, height, width, channels)"}


def as_array(
    name: str,
    value: Any,
    dtype: Any = np.float64,
    ndim: int | None = None,
    writeable: bool = True,
    finite: bool = True,
) -> np.ndarray:
    """A C-contiguous array of finite numbers; `value` itself where it is one already.

    Read-only and unaligned arrays are copied: Numba takes them for other types, for which it would
    compile every kernel again.

    Parameters
    ----------
    name : str
        Name of the argument, for the message.
    value : array_like
        Real numbers or booleans.
    dtype : dtype
        float32 or float64.
    ndim : int, optional
        Number of dimensions that it must have.
    writeable : bool
        False if a read-only array need not be copied, as for the engine, which reads by address.
    finite : bool
        False if the caller checks for itself that the numbers are finite.

    Raises
    ------
    TypeError
        If `value` does not hold real numbers.
    ValueError
        If it has another number of dimensions, is empty, ragged, or not finite in `dtype`.
    """
    if type(value) is _ARRAY and value.dtype == dtype and value.size:  # the usual case
        flags = value.flags
        usable = flags.carray or (not writeable and flags.c_contiguous and flags.aligned)
        if usable and (ndim is None or value.ndim == ndim) and (not finite or is_finite(value)):
            return value
    array = real_numbers(name, value)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(
            f"{name} must be {_DIMENSIONS.get(ndim, f'{ndim}-D')}, got shape {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if array.dtype.kind != "f":
        return array.astype(dtype, order="C")  # integers are finite
    with np.errstate(over="ignore"):  # the next check finds what overflows
        array = np.require(array, dtype, ["C", "A", "W"] if writeable else ["C", "A"])
    if finite and not is_finite(array):
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        given = f"{np.asarray(value)[place]}{located(value, place)}"
        raise ValueError(f"{name} must be finite in {np.dtype(dtype)}, got {given}")
    return array


def as_floating(name: str, value: Any, ndim: int | None = None, finite: bool = True) -> np.ndarray:
    """As :func:`as_array`: in float64 if `value` is of that precision or more, else in float32."""
    if type(value) is _ARRAY and value.dtype in _FLOATING:  # the usual case
        return as_array(name, value, value.dtype, ndim, True, finite)
    array = value if type(value) is _ARRAY else real_numbers(name, value)
    has_type = hasattr(value, "dtype") or hasattr(value, "columns")  # a list has none
    is_double = has_type and array.dtype.kind == "f" and array.dtype.itemsize >= 8
    return as_array(name, value, np.float64 if is_double else np.float32, ndim, finite=finite)


def as_labels(name: str, value: Any, classes: int | None = None) -> np.ndarray:
    """A 1-D int64 array of class labels ``0 ... classes - 1``.

    Without `classes`, the largest label is the last class, and every class must occur.
    """
    labels = as_array(name, value, np.float64, 1)
    wrong = (labels != np.floor(labels)) | (labels < 0)
    if wrong.any():
        raise ValueError(f"{name} must hold class labels 0, 1, 2, ..., got {labels[wrong][0]:g}")
    if classes is not None:
        if labels.max() >= classes:
            raise ValueError(f"{name} must hold labels below {classes}, got {labels.max():g}")
        return labels.astype(np.int64)
    present = np.unique(labels)
    if present.size != labels.max() + 1:
        raise ValueError(
            f"{name} must hold every class from 0 to the largest, got the labels {_some(present)}"
        )
    if present.size < 2:
        raise ValueError(f"{name} must hold at least two classes, got one")
    return labels.astype(np.int64)


def _some(values: np.ndarray) -> str:
    """The values, or the first few of them."""
    shown = ", ".join(f"{v:g}" for v in values[:6])
    return shown + (", ..." if values.size > 6 else "")


def as_integer(name: str, value: Any, minimum: int) -> int:
    """An int of at least `minimum` that fits into 64 bits."""
    if type(value) is int and minimum <= value < 2**63:  # the usual case
        return value
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}") from None
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got bool")
    if number < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {number}")
    if number >= 2**63:
        raise ValueError(f"{name} must be below 2**63, got {number}")
    return number


def as_sizes(name: str, value: Any, axes: int, minimum: int) -> tuple[int, ...]:
    """One int below 2**31 for each of the axes, 1 or 2 of them; a single int stands for all."""
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        if len(value) != axes:
            expected = "one int or two ints" if axes == 2 else "one int"
            raise ValueError(f"{name} must be {expected}, got {len(value)} of them")
        sizes = tuple(as_integer(name, number, minimum) for number in value)
    else:
        sizes = (as_integer(name, value, minimum),) * axes
    if max(sizes) >= 2**31:  # kernels multiply two of them as 64-bit integers
        raise ValueError(f"{name} must be below 2**31, got {max(sizes)}")
    return sizes


def as_pair(name: str, value: Any, minimum: int) -> tuple[int, int]:
    """Two ints below 2**31, for rows and columns; one int stands for both."""
    if type(value) is int and minimum <= value < 2**31:  # the usual case
        return value, value
    first, second = as_sizes(name, value, 2, minimum)
    return first, second


def as_number(name: str, value: Any) -> float:
    """A finite float."""
    try:
        if isinstance(value, (str, bytes, bool, np.bool_)):  # float() would take them
            raise TypeError
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}") from None
    except OverflowError:
        raise ValueError(f"{name} must be finite, got an int too large for a float") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}")
    return number


def as_positive(name: str, value: Any) -> float:
    """A finite float above zero."""
    number = as_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive, got {number}")
    return number


def one_of(name: str, value: Any, choices: Sequence[str]) -> str:
    """One of the given names."""
    if not isinstance(value, str) or value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {known}, got {value!r}")
    return value


def same_length(**arrays: np.ndarray) -> None:
    """Check that the named arrays have one row for each sample."""
    (first, a), (second, b) = arrays.items()
    if len(a) != len(b):
        raise ValueError(
            f"{first} and {second} must have one row for each sample, got {len(a)} and {len(b)}"
        )


def as_not_negative(name: str, value: Any) -> float:
    """A finite float, zero or above."""
    number = as_number(name, value)
    if number < 0:
        raise ValueError(f"{name} must not be negative, got {number}")
    return number


def as_fraction(name: str, value: Any) -> float:
    """A float from 0 to below 1."""
    number = as_number(name, value)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {number}")
    return number


def as_text(name: str, value: Any) -> str:
    """A string."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {type(value).__name__}")
    return value


def as_path(name: str, value: Any) -> Path:
    """A path, from a string or a path."""
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(f"{name} must be a string or a path, got {type(value).__name__}")
    path = Path(value)
    if "\0" in str(path):
        raise ValueError(f"{name} must not hold a null character, got {str(path)!r}")
    return path


# Suffixes of other formats, or of files that a model would destroy.
_FOREIGN = (
    *(".keras", ".h5", ".hdf5", ".pb", ".tflite", ".pt", ".pth", ".ckpt", ".onnx", ".npz", ".npy"),
    *(".pkl", ".pickle", ".joblib", ".json", ".csv", ".txt", ".py", ".zip"),
)


def as_model_path(name: str, value: Any) -> Path:
    """A path that a model can be saved at."""
    path = as_path(name, value)
    if os.path.basename(os.fspath(value)) in ("", ".", ".."):
        raise ValueError(f"{name} must be the name of a file, got {os.fspath(value)!r}")
    if path.suffix.lower() in _FOREIGN:
        raise ValueError(
            f"{name} must end in .safetensors, the format that models are saved in, got "
            f"{os.fspath(value)!r}"
        )
    return path


def as_function(name: str, value: Any) -> Callable[..., Any]:
    """A function, or another object that can be called."""
    if not callable(value):
        raise TypeError(f"{name} must be a function, got {type(value).__name__}")
    return value


def as_flag(name: str, value: Any) -> bool:
    """True or False."""
    if value is True or value is False:
        return value
    if not isinstance(value, np.bool_):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


class memory_for:  # noqa: N801 (it reads as a function: `with memory_for("n", n):`)
    """Put around an allocation whose size is an argument: refuse one that memory cannot hold."""

    __slots__ = ("name", "value")

    def __init__(self, name: str, value: int):
        self.name, self.value = name, value

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        if isinstance(error, TOO_LARGE):
            raise more_than_memory(self.name, self.value) from None


def more_than_memory(name: str, value: int) -> ValueError:
    """The error for an argument that is the size of something that memory cannot hold."""
    return ValueError(f"{name}={value} needs more memory than there is")
