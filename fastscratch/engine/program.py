"""A program: the phases of a plan as a table for compiled code, and as text for people."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from ..kernels.ahead import compile_ahead
from ..kernels.call import address
from ..kernels.program import columns as col
from ..kernels.program import dense
from ..kernels.program.chain import (
    BLOCK,
    DISTANCE,
    LINKS,
    block_in_turn_item,
    bundle_item,
    chain_item,
)
from ..output import compiling_bar


class Operation(Protocol):
    """A kernel that computes an item of a phase.

    Attributes
    ----------
    fields : dict
        The fields that it reads, by their columns.
    """

    __name__: str
    __module__: str
    fields: dict[int, col.Field]


@dataclasses.dataclass(frozen=True)
class Function:
    """A kernel that an operation calls by its address, and the types of its arguments."""

    kernel: Callable[..., Any]
    kinds: tuple[Any, ...]

    @property
    def name(self) -> str:
        return self.kernel.__name__.lstrip("_")


@dataclasses.dataclass(frozen=True)
class Factor:
    """A factor of the penalty on a weight, in which networks of one kind may differ.

    Attributes
    ----------
    offset : int
        Of the weight in the flat vector of parameters.
    power : {1, 2}
        What it is a factor of.
    value : float
    """

    offset: int
    power: int
    value: float


@dataclasses.dataclass
class Phase:
    """An operation and the fields of its row.

    Attributes
    ----------
    operation : Operation
    items : int
    record : dict
        From fields to numbers, or :class:`Function`, or :class:`Factor`.
    when : {"", "early", "late", "chained", "apart"}
        See :meth:`Plan.add`; "chained" is one that works on blocks of samples, "apart" one that is
        run for each sample.
    site : str
        The layer that it belongs to.
    flops, bytes : int
        Floating-point operations for a mini-batch, and bytes of the memory that are read or
        written for it, each once; about.
    """

    operation: Operation
    items: int
    record: dict[col.Field, Any]
    when: str = ""
    site: str = ""
    flops: int = 0
    bytes: int = 0

    @property
    def name(self) -> str:
        """Name of the operation, and of the functions that it calls by address."""
        called = [value.name for value in self.record.values() if isinstance(value, Function)]
        return ", ".join([self.operation.__name__.removesuffix("_item"), *dict.fromkeys(called)])

    def row(self, dtype: np.dtype) -> np.ndarray:
        """The phase as compiled code reads it."""
        row = np.full(col.COLUMNS, col.NONE)
        row[col.ADDRESS] = col.operation_address(self.operation, dtype)
        row[col.ITEMS] = self.items
        for field, value in self.record.items():
            if isinstance(value, Function):
                value = address(value.kernel, *value.kinds)
            elif isinstance(value, Factor):
                value = value.value
            row[field] = float_bits(value) if field.kind == col.NUMBER else value
        return row


@dataclasses.dataclass(frozen=True)
class Chain:
    """How blocks of samples go through a chain.

    Attributes
    ----------
    blocks : int
    in_turn : int
        Samples of a block, if the blocks of a worker use the same places in turn; or else 0.
    """

    blocks: int
    in_turn: int = 0

    @property
    def operation(self) -> Operation:
        """What runs it."""
        return block_in_turn_item if self.in_turn else chain_item

    @property
    def record(self) -> dict[col.Field, Any]:
        """Fields of its row."""
        return {BLOCK: self.in_turn} if self.in_turn else {}


@dataclasses.dataclass
class _Group:
    """Numbers of phases that are run as one; the operation that runs them, and its items."""

    numbers: list[int]
    operation: Operation | None = None
    items: int = 0


class Program:
    """What a plan becomes. ``print`` shows it, a line for each phase.

    Attributes
    ----------
    table : (rows, COLUMNS) int64 array
        The phases, and after them those that are run as parts of a chain or a bundle.
    phases : (n, COLUMNS) int64 array
        The rows that are run one after the other, a view of the table.
    memory : (m,) array
    initial : sequence of (int, int, float or array)
        Places in the memory, their sizes, and the numbers that phases expect there.
    lines : sequence of Phase
        All phases, also those within chains and bundles, as they were added to the plan.
    flops, bytes : int
        Of all phases.
    """

    def __init__(
        self,
        table: np.ndarray,
        groups: "list[_Group]",
        places: dict[int, int],
        memory: np.ndarray,
        initial: Sequence[tuple[int, int, Any]],
        lines: Sequence[Phase],
    ):
        self.table, self.memory, self.initial = table, memory, initial
        self.phases = table[: len(groups)]
        self.lines, self._groups, self._places = lines, groups, places
        self.flops = sum(phase.flops for phase in lines)
        self.bytes = sum(phase.bytes for phase in lines)
        self.write_initial()

    def write_initial(self) -> None:
        """Write the numbers that phases expect, where other programs have used the memory."""
        for place, size, value in self.initial:
            self.memory[place : place + size] = value

    @functools.cached_property
    def beginnings(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """The same numbers as compiled code takes them, by their addresses; and their arrays.

        A row for each place: the place, how many numbers it has, the address of the first, and how
        far apart the others are.
        """
        arrays = [np.array(value, self.memory.dtype).reshape(-1) for _, _, value in self.initial]
        rows = [
            (place, size, array.ctypes.data, int(array.size > 1))
            for (place, size, _), array in zip(self.initial, arrays, strict=True)
        ]
        return np.array(rows, np.int64).reshape(-1, 4), arrays

    def row(self, number: int) -> np.ndarray:
        """The row of the phase that was added to the plan with a number."""
        return self.table[self.place(number)]

    def place(self, number: int) -> int:
        """Where in the table that row is."""
        return self._places[number]

    def operations(self) -> set[str]:
        """Names of all operations, and of the functions that they call by address."""
        names = {name for phase in self.lines for name in phase.name.split(", ")}
        return names | {
            g.operation.__name__.removesuffix("_item") for g in self._groups if g.operation
        }

    def __repr__(self) -> str:
        rows = [("phase", "operation", "layer", "items", "kflop", "kB")]
        for place, group in enumerate(self._groups):
            start, indent = str(place), ""
            if group.operation is not None:
                kind = group.operation.__name__.removesuffix("_item")
                rows.append((start, kind, "", str(group.items), "", ""))
                start, indent = "", "  "
            for number in group.numbers:
                phase = self.lines[number]
                counts = str(phase.items), *_thousands(phase)
                rows.append((start, indent + phase.name, phase.site, *counts))
        rows.append(("", "total", "", "", *_thousands(self)))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        formats = [f"{side}{width}" for side, width in zip("><<>>>", widths, strict=True)]
        lines = ["  ".join(map(format, row, formats)).rstrip() for row in rows]
        return "\n".join([*lines, f"memory: {self.memory.nbytes / 1000:,.1f} kB"])


def _thousands(counted: Phase | Program) -> tuple[str, str]:
    """Thousands of floating-point operations and of bytes; nothing for none."""
    flops, moved = [f"{n / 1000:,.1f}" if n else "" for n in (counted.flops, counted.bytes)]
    return flops, moved


def assemble(
    phases: Sequence[Phase],
    memory: np.ndarray,
    initial: Sequence[tuple[int, int, Any]],
    chain: Chain,
    runner: tuple[Any, tuple[Any, ...]],
) -> Program:
    """Put phases in the order in which they are run, and group those that are run as one.

    Parameters
    ----------
    phases : sequence of Phase
    memory, initial
        As :class:`Program` has them.
    chain : Chain
        If there is one.
    runner : tuple
        The kernel that runs it, and the types of its arguments.
    """
    groups = _groups(phases, chain)
    _compile_ahead(phases, groups, memory.dtype, runner)
    rows = [phase.row(memory.dtype) for phase in phases]
    table = [rows[group.numbers[0]] for group in groups]
    places = {group.numbers[0]: place for place, group in enumerate(groups)}
    for place, group in enumerate(groups):
        if group.operation is None:
            continue
        distance = len(table) - place
        links = {LINKS: len(group.numbers), DISTANCE: distance}
        if group.operation is chain.operation:
            links |= chain.record
        table[place] = Phase(group.operation, group.items, links).row(memory.dtype)
        for number in group.numbers:
            places[number] = len(table)
            table.append(rows[number])
    for number, phase in enumerate(phases):
        if phase.when == "apart":
            places[number] = len(table)
            table.append(rows[number])
    return Program(np.array(table), groups, places, memory, initial, phases)


#: Kinds of kernels of programs that there were before: these are compiled.
_SEEN: set[tuple[Any, ...]] = set()


def _compile_ahead(
    phases: Sequence[Phase],
    groups: Sequence[_Group],
    dtype: np.dtype,
    runner: tuple[Any, tuple[Any, ...]],
) -> None:
    """Compile what is not compiled yet, in several processes."""
    called = {
        value.kernel for p in phases for value in p.record.values() if type(value) is Function
    }
    kernels = {p.operation for p in phases} | {g.operation for g in groups} | called
    new = {(kernel, dtype) for kernel in (*kernels, runner[0])} - _SEEN
    if new:
        compile_ahead([*_kernels(phases, groups, dtype), runner], compiling_bar)
        _SEEN.update(new)


def _kernels(
    phases: Sequence[Phase], groups: Sequence[_Group], dtype: np.dtype
) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """All kernels that the phases of a program need, and the types of their arguments."""
    for operation in [*(p.operation for p in phases), *(g.operation for g in groups)]:
        if operation is not None:
            yield operation, col.operation_kinds(dtype)
    for phase in phases:
        for value in phase.record.values():
            if isinstance(value, Function):
                yield value.kernel, value.kinds
    if any(phase.operation.__module__ == dense.__name__ for phase in phases):
        yield dense.product(dtype)


def _groups(phases: Sequence[Phase], how: Chain) -> list[_Group]:
    """The phases in their order, those of a chain and those of a bundle together."""
    early = [number for number, phase in enumerate(phases) if phase.when == "early"]
    groups: list[_Group] = []
    chain: list[int] = []
    late: list[int] = []

    def close() -> None:
        if chain:
            groups.append(_Group(chain, how.operation, how.blocks))
        if late:
            # The longest first: the last ones to be shared out are then short.
            late.sort(key=lambda number: _learned(phases[number]), reverse=True)
            groups.append(_bundle(phases, late))

    for number, phase in enumerate(phases):
        if phase.when == "chained":
            chain.append(number)
        elif phase.when == "late" and chain:
            late.append(number)
        elif phase.when == "apart":
            continue
        elif phase.when == "early":
            if number == early[0]:
                groups.append(_bundle(phases, early))
        else:
            close()
            chain, late = [], []
            groups.append(_Group([number]))
    close()
    return groups


def _learned(phase: Phase) -> int:
    """How many parameters a phase updates."""
    return phase.record.get(col.STOP, 0) - phase.record.get(col.KERNEL, 0)


def _bundle(phases: Sequence[Phase], numbers: list[int]) -> _Group:
    if len(numbers) == 1:
        return _Group(numbers)
    return _Group(numbers, bundle_item, sum(phases[number].items for number in numbers))


def float_bits(value: float) -> int:
    """The bits of a float64, as an integer."""
    return int(np.float64(value).view(np.int64))
