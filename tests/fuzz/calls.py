"""A call of a public function, and the judgement on what came of it."""

import dataclasses
import inspect
import re
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from hostile import SCALARS, Placed, dressed, spoiled
from hypothesis import strategies as st


@dataclasses.dataclass
class Call:
    """One call.

    Attributes
    ----------
    name : str
        Public name of what is called.
    function : callable
    arguments : dict
        By name.
    check : callable
        Takes the result, then the arguments by name; an AssertionError if it is not right.
    placed : list of Placed
        Where the arrays among the arguments lie.
    subjects : tuple of str
        What a refusal may name besides the arguments, as "model".
    raises : tuple of exception types
        Documented besides ValueError and TypeError.
    warns : tuple of warning types
        Documented.
    state : callable, optional
        What a refusal must leave as it was.
    """

    name: str
    function: Callable
    arguments: dict[str, Any]
    check: Callable
    placed: list[Placed] = dataclasses.field(default_factory=list)
    subjects: tuple[str, ...] = ()
    raises: tuple[type[Exception], ...] = ()
    warns: tuple[type[Warning], ...] = ()
    state: Callable[[], Any] | None = None

    def __repr__(self) -> str:
        given = (f"{name}={_shown(value)}" for name, value in self.arguments.items())
        return f"{self.name}({', '.join(given)})"


def _shown(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value!r} <{value.dtype}, shape {value.shape}, strides {value.strides}>"
    return repr(value)


def judge(call: Call) -> str:
    """Make the call: "right" or "refused", or an exception that says what is wrong with it."""
    before = call.state and call.state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for category in call.warns:
            warnings.simplefilter("ignore", category)
        try:
            result = call.function(**call.arguments)
        except (ValueError, TypeError, *call.raises) as error:
            refusal = error
        else:
            refusal = None
    for placed in call.placed:
        assert placed.is_untouched(), "an array, or what lies around it, was written to"
    if refusal is not None:
        said = f"{type(refusal).__name__}: {refusal}"
        assert _is_one_clear_sentence(refusal, call), f"no argument is named: {said}"
        assert not call.state or same(before, call.state()), f"changed, but refused: {said}"
        return "refused"
    with np.errstate(all="ignore"):
        call.check(result, **call.arguments)
    return "right"


def _is_one_clear_sentence(error: Exception, call: Call) -> bool:
    message = str(error)
    names = [*call.arguments, *inspect.signature(call.function).parameters, *call.subjects]
    if any(re.search(rf"\b{re.escape(name)}\b", message) for name in names):
        return True
    # The estimators leave the checks of arrays to scikit-learn, and its words to it.
    last = traceback.extract_tb(error.__traceback__)[-1]
    return "sklearn" in last.filename and "sklearn" in call.subjects and bool(message)


def same(a: Any, b: Any) -> bool:
    """Whether two states are the same, bit by bit."""
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b


@st.composite
def calls(
    draw,
    name: str,
    function: Callable,
    good: Callable,
    check: Callable,
    scalars: dict[str, list] | None = None,
    fixed: tuple[str, ...] = (),
    **documented: Any,
) -> Call:
    """A call with good arguments, and in half of the cases some of them spoiled.

    `good` takes `draw` and returns the arguments; `scalars` are other hostile values for some of
    them, by name, where the usual ones would ask for an endless run; `fixed` are never spoiled.
    """
    arguments = good(draw)
    open_names = sorted(set(arguments) - set(fixed))
    if open_names and draw(st.booleans()):
        for _ in range(draw(st.integers(1, 2))):
            which = draw(st.sampled_from(open_names))
            hostile = (scalars or {}).get(which, SCALARS)
            arguments[which] = spoiled(draw, arguments[which], hostile)
    placed = []
    for key, value in arguments.items():
        if isinstance(value, np.ndarray):
            arguments[key], place = dressed(draw, value)
            placed += [place] if place else []
    return Call(name, function, arguments, check, placed, **documented)


def some_of(draw, options: dict[str, st.SearchStrategy]) -> dict[str, Any]:
    """Optional arguments: each is given, or left out."""
    return {name: draw(option) for name, option in options.items() if draw(st.booleans())}


def numbers(draw, *shape: int, scale: float = 2.0) -> np.ndarray:
    """Ordinary numbers; from a seed, for drawing each of them would take most of the time."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return scale * rng.standard_normal(shape)


def labels(draw, n: int, classes: int) -> np.ndarray:
    """Labels; where there are enough of them, every class occurs."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return rng.permutation(np.arange(n) % classes)


sizes = st.integers(1, 4)
NUMBERS = (bool, int, float, np.bool_, np.integer, np.floating)


def real(value: Any, dtype: Any = np.float64) -> np.ndarray:
    """An argument that was taken, as float64 after rounding to `dtype`: finite real numbers."""
    array = np.asarray(value)
    if array.dtype == object:  # numbers of several types, or an int that no type of NumPy holds
        wrong = {type(element) for element in array.flat if not isinstance(element, NUMBERS)}
        assert not wrong, f"took elements of {wrong}"
    else:
        assert array.dtype.kind in "fiub", f"took an array of {array.dtype}"
    array = array.astype(dtype)
    assert np.isfinite(array).all(), "took numbers that are not finite"
    assert array.size, "took an empty array"
    return array.astype(np.float64)


def whole(value: Any) -> int:
    """An integer argument that was taken."""
    assert not isinstance(value, (bool, np.bool_, str)), f"took {value!r} for an integer"
    return int(np.asarray(value).astype(object)[()])


def assert_close(result: Any, expected: Any, bound: Any, roundings: float) -> None:
    """Within this many units of roundoff of `bound`, the sum of the terms' magnitudes.

    Where the terms themselves overflow the type, there is no right answer to compare with.
    """
    result, expected = np.asarray(result), np.asarray(expected, np.float64)
    assert result.shape == expected.shape, f"shape {result.shape}, wanted {expected.shape}"
    limits = np.finfo(result.dtype)
    bound = np.broadcast_to(np.asarray(bound, np.float64), expected.shape)
    room = bound < limits.max / 16
    error = np.abs(result.astype(np.float64) - expected)
    # below the smallest normal number, roundoff does not shrink any more
    close = error <= roundings * (limits.eps * bound + limits.tiny)
    wrong = room & ~close
    assert not wrong.any(), f"got {result[wrong][:3]}, wanted {expected[wrong][:3]}"
