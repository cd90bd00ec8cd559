"""Good and hostile arguments: arrays of every layout between guards, and what is no array at all.

A family describes good arguments as plain arrays; :func:`dressed` gives them a type and a place in
memory, :func:`spoiled` makes them wrong.
"""

import contextlib
import fractions

import numpy as np
from hypothesis import strategies as st
from numpy.lib.stride_tricks import as_strided

#: Around and between the elements of an array, every byte is this: NaN in a float, -1 in an int.
SENTINEL = 0xFF
GUARD_BYTES = 64

LAYOUTS = ("C", "F", "strided", "negative", "unaligned", "read-only", "zero", "overlapping")
#: The two that kernels take, over and again, and those that must be converted to them.
FLOATS = ("f4", "f8", "f4", "f8", "f2", "g", ">f8", ">f4", "i4")
INTEGERS = ("i8", "i8", "i4", "i1", "u1", "u8", "f4", "f8", ">i2")

SCALARS = [
    *(None, True, False, 0, 1, -1, 2, 3, -2, 2**40, 2**62, 2**63 - 1, 2**63, 2**64, -(2**63) - 1),
    *(0.0, -0.0, 0.5, 1.5, -0.5, 1e-9, 1e30, 1e308, 5e-324, 1e400, -1e400, float("nan"), 10**400),
    *("", "1", "nan", "linear", "valid", "no such name", b"1", 1j, fractions.Fraction(1, 3)),
    *([], [1], [0.5], (1, 2), (2, 0), (1, 2, 3), (1, "x"), {}, {"a": 1}, {1, 2}, range(2)),
    *(np.int64(2), np.uint8(200), np.float32(0.5), np.float64("nan"), np.bool_(True), np.str_("1")),
    *(np.array(2), np.array(0.5), np.array([2]), np.array([1, 2]), np.datetime64("2020-01-01")),
]


class Placed:
    """An array in a buffer with guards, and the bytes that the buffer had before the call."""

    def __init__(self, values: np.ndarray, layout: str):
        values = np.asarray(values)
        shape, size = values.shape, values.dtype.itemsize
        spread = tuple(2 * axis for axis in shape) if layout == "strided" else shape
        start = GUARD_BYTES + (layout == "unaligned")
        stop = start + size * int(np.prod(spread))
        self.buffer = np.full(stop + GUARD_BYTES, SENTINEL, np.uint8)
        inside = self.buffer[start:stop].view(values.dtype)
        if not shape:
            layout = "C"
        if layout == "F":
            view = inside.reshape(shape[::-1]).T
        elif layout == "strided":
            view = inside.reshape(spread)[(slice(None, None, 2),) * len(shape)]
        elif layout == "negative":
            view = inside.reshape(shape)[(slice(None, None, -1),) * len(shape)]
        else:
            view = inside.reshape(shape)
        view[...] = values
        if layout == "zero" and values.ndim and values.size:  # the first row is every row
            view = as_strided(view, shape, (0, *view.strides[1:]))
        if layout == "overlapping" and values.ndim > 1:  # each row is the last, moved by an element
            view = as_strided(view, shape, (size,) * values.ndim)
        if layout == "read-only":
            view.flags.writeable = False
        self.view = view
        self._before = self.buffer.copy()

    def is_untouched(self) -> bool:
        """Whether neither the elements nor the guards have changed."""
        return np.array_equal(self.buffer, self._before)


def dressed(draw, values: np.ndarray):
    """An array's numbers in some type and layout, or as a list; and its place in memory."""
    form = draw(st.sampled_from(("as it is", "dressed", "dressed", "list")))
    if form == "list":
        return values.tolist(), None
    if values.dtype.hasobject:  # references have no place in a buffer
        return values, None
    layout = "C"
    if form == "dressed":
        layout = draw(st.sampled_from(LAYOUTS))
        kind = draw(st.sampled_from(FLOATS if values.dtype.kind == "f" else INTEGERS))
        if values.dtype.kind in "fiu":
            with np.errstate(over="ignore", invalid="ignore"):
                values = values.astype(kind)
    placed = Placed(values, layout)
    return placed.view, placed


def _with(values, element):
    """The array with another number at a place in its middle."""
    spoiled = np.array(values, np.float64)
    if spoiled.size:
        spoiled.reshape(-1)[spoiled.size // 2] = element
    return spoiled


#: Ways in which an array can be wrong; many a function takes some of them.
SPOILS = {
    "nan": lambda a: _with(a, np.nan),
    "inf": lambda a: _with(a, np.inf),
    "-inf": lambda a: _with(a, -np.inf),
    "one huge": lambda a: _with(a, 1e30),
    "one huger": lambda a: _with(a, -1e300),
    "one tiny": lambda a: _with(a, 5e-324),
    "one half more": lambda a: _with(a, 0.5),
    "one label more": lambda a: _with(a, 9),
    "one negative": lambda a: _with(a, -1),
    "all huge": lambda a: np.asarray(a, np.float64) * 1e25,
    "all huger": lambda a: np.asarray(a, np.float64) * 1e200,
    "all zero": lambda a: np.zeros_like(a),
    "all one": lambda a: np.ones_like(a),
    "bool": lambda a: np.asarray(a) > 0,
    "a row less": lambda a: a[1:] if a.ndim else a,
    "one row": lambda a: a[:1] if a.ndim else a,
    "a row more": lambda a: np.concatenate([a, a[:1]]) if a.ndim else a,
    "a column less": lambda a: a[..., 1:] if a.ndim else a,
    "empty": lambda a: a[:0] if a.ndim else a.reshape(1)[:0],
    "empty rows": lambda a: a[..., :0] if a.ndim else a,
    "an axis more": lambda a: a[..., None],
    "an axis more in front": lambda a: a[None],
    "an axis less": lambda a: a[0] if a.ndim and len(a) else a,
    "flat": lambda a: a.reshape(-1),
    "scalar": lambda a: a.reshape(-1)[0] if a.size else a,
    "transposed": lambda a: a.T,
    "object": lambda a: a.astype(object),
    "object with None": lambda a: np.append(a.astype(object), None),
    "strings": lambda a: a.astype(str),
    "bytes": lambda a: a.astype("S40"),
    "complex": lambda a: a.astype(complex),
    "dates": lambda a: np.zeros(a.shape, "M8[s]"),
    "spans": lambda a: np.zeros(a.shape, "m8[s]"),
    "records": lambda a: np.zeros(a.shape, [("a", "f4"), ("b", "i4")]),
    "ragged": lambda a: [[1.0, 2.0], [3.0]],
    "nested strings": lambda a: [["a", 1.0], ["b", 2.0]],
}


def spoiled(draw, value, hostile_scalars=SCALARS):
    """A value in place of a good one: mostly wrong, sometimes just unusual."""
    if isinstance(value, np.ndarray) and draw(st.integers(0, 4)):
        spoil = SPOILS[draw(st.sampled_from(sorted(SPOILS)))]
        with (
            np.errstate(over="ignore", invalid="ignore"),
            contextlib.suppress(ValueError, TypeError),
        ):
            return spoil(value)  # of strings there are fewer ways
    return draw(st.sampled_from(hostile_scalars))
