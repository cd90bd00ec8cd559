"""Functions that a user wrote: where they can be imported from, and what they take."""

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .kernels.custom import CompileError
from .validation import as_function


def as_plain(name: str, value: Any) -> Callable[..., Any]:
    """A Python function; of one that Numba has compiled already, what it was compiled from."""
    function = as_function(name, getattr(value, "py_func", value))
    if not inspect.isfunction(function):
        raise TypeError(
            f"{name} must be a function written in Python, which can be compiled, got "
            f"{type(function).__name__}"
        )
    return function


def path_of(name: str, function: Callable[..., Any]) -> str:
    """Where a function can be imported from, as "package.module:function".

    Raises
    ------
    ValueError
        If it cannot be.
    """
    module, place = function.__module__, function.__qualname__
    found: Any = sys.modules.get(module)
    for part in place.split("."):
        found = getattr(found, part, None)
    if module == "__main__" or getattr(found, "py_func", found) is not function:
        raise ValueError(
            f"{name} must be a function at the top of a module that can be imported, to be saved; "
            f"got {place} of {module}"
        )
    return f"{module}:{place}"


def function_at(name: str, path: Any) -> Callable[..., Any]:
    """The function of a path that :func:`path_of` made, of a module that is imported already.

    A saved model may come from anywhere, so that no module is imported because a file names it.

    Raises
    ------
    ValueError
        If there is none.
    """
    module, _, place = str(path).partition(":")
    found: Any = sys.modules.get(module)
    if found is None:
        raise ValueError(
            f"{name} is the function {place!r} of the module {module!r}; import that before the "
            "model is loaded"
        )
    for part in place.split("."):
        found = getattr(found, part, None)
    return as_plain(name, found)


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Put around the compilation of a function: say in one sentence what cannot be compiled.

    Raises
    ------
    ValueError
        In place of Numba's error.
    """
    try:
        yield
    except CompileError as error:
        lines = [line.strip() for line in str(error).splitlines()]
        reasons = [line for line in lines if line and not line.startswith(("Failed", "During"))]
        reason = reasons[0] if reasons else type(error).__name__
        raise ValueError(f"{name} cannot be compiled: {reason}") from error
