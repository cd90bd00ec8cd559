"""A plan: the memory and the table of a program, as the layers of a network lay claim to them."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np

from ..kernels import activations
from ..kernels.codes import ACTIVATIONS, LINEAR, OF_SAMPLES, SOFTPLUS
from ..kernels.matmul import scratch_size
from ..kernels.program import columns as col
from ..kernels.program import data
from ..kernels.program.call import address, operation_address, values
from ..kernels.program.chain import DISTANCE, LINKS, bundle_item, chain_item
from ..kernels.simd import VECTOR_BYTES

ALIGNMENT = 64  # bytes: a cache line, and the widest vector

# Multiply-adds that are worth an item (about 4 us). More items balance better, but each reads some
# of its inputs again.
ITEM_WORK = 200_000

# Numbers that are worth an item of the copy of a mini-batch.
COPY_WORK = 16384


@dataclasses.dataclass
class Tensor:
    """What stands between two layers, for a whole mini-batch.

    Attributes
    ----------
    shape : tuple of int
        Of one sample.
    lanes : int
        So many samples stand innermost, or 1.
    activation : int
        What was done last; its derivative belongs to the layer that hands down the gradient.
    a, z : int
        Places of activations and of pre-activations (`a`, if nobody reads those).
    dz : int or None
        Place of the gradient with respect to the pre-activations; None if nobody asks for it.
    keep_maxima : function or None
        Lets the phase that computes it keep only the maxima of the windows of a pooling.
    takes_winners : bool
        Whether the layer that computes it would rather be told which places won a max pooling, and
        with what gradient, than be handed down a gradient that is mostly zeros.
    winners : dict or None
        The columns that tell it.
    """

    shape: tuple[int, ...]
    lanes: int
    activation: int
    a: int
    z: int
    dz: int | None
    da: int | None = None
    keep_maxima: Callable | None = None
    takes_winners: bool = False
    winners: dict | None = None

    @property
    def units(self) -> int:
        """Numbers of one sample."""
        return math.prod(self.shape)


class Plan:
    """Memory and table of a program.

    Parameters
    ----------
    dtype : dtype
    batch_size : int
        Largest number of samples at once.
    workers : int
        Threads; each has scratch of its own.
    n_parameters, n_slots : int
        Parameters of the network, and how many numbers the optimiser remembers of each; behind
        the parameters stands their gradient, and behind that the slots. Without training there is
        neither.
    training : bool
    most_channels : int
        So many zeros are wanted in a row.
    """

    def __init__(self, dtype, batch_size, workers, n_parameters, n_slots, training, most_channels):
        self.dtype, self.batch_size, self.workers = np.dtype(dtype), batch_size, workers
        self.training = training
        self.rows: list[np.ndarray] = []
        self._when: list[str] = []
        self.end = 0
        self.take(max(col.FIRST_FREE, most_channels))  # zeros
        self.parameters = self.take(n_parameters)
        self.length = self.end - self.parameters
        if training:
            self.take((1 + n_slots) * self.length)
        self.state_end = self.end
        #: Columns of the optimiser in every phase that updates; set by who trains.
        self.learning_columns: dict = {}
        #: Samples that go through the whole network one block after the other, or 0.
        self.block = 0
        #: Whether the optimiser only subtracts the gradient times the learning rate.
        self.is_plain_descent = False
        #: Phases of dropout, and the number of its layer: each run has seeds of its own.
        self.dropouts: list[tuple[int, int]] = []
        self._scratch = 0
        self._constants: list[tuple[int, int, float]] = []

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return VECTOR_BYTES // self.dtype.itemsize

    def take(self, size: int) -> int:
        """A place for so many numbers."""
        place, unit = self.end, ALIGNMENT // self.dtype.itemsize
        self.end += -(-size // unit) * unit
        return place

    def scratch(self, size: int) -> None:
        """Ask for so much scratch for each worker."""
        unit = ALIGNMENT // self.dtype.itemsize
        self._scratch = max(self._scratch, -(-size // unit) * unit)

    def product_scratch(self, depth: int, columns: int) -> int:
        """Ask for the scratch of a product of matrices; returns its size."""
        size = scratch_size(depth, columns, self.dtype.itemsize)
        self.scratch(size)
        return size

    def images(self, lanes: int) -> int:
        """Blocks of so many samples in a mini-batch."""
        return -(-self.batch_size // lanes)

    def tensor(
        self,
        shape: tuple[int, ...],
        lanes: int = 1,
        activation: int = LINEAR,
        wanted: bool = True,
        keeps_z: bool = True,
    ) -> Tensor:
        """A new tensor; `wanted` says whether its gradient is, `keeps_z` where z needs a place."""
        size = self.images(lanes) * lanes * math.prod(shape)
        a = self.take(size)
        z = self.take(size) if activation != LINEAR and (keeps_z or activation >= SOFTPLUS) else a
        dz = self.take(size) if self.training and wanted else None
        return Tensor(shape, lanes, activation, a, z, dz)

    def gradient_place(self, t: Tensor) -> int:
        """Where the gradient with respect to a tensor's activations goes before it becomes dz."""
        if t.dz is None:
            return col.NONE
        if t.activation == LINEAR:
            return t.dz
        if t.da is None:
            t.da = self.take(self.images(t.lanes) * t.lanes * t.units)
        return t.da

    def constant(self, value: float, size: int) -> int:
        """A place with so many equal numbers."""
        place = self.take(size)
        self._constants.append((place, size, value))
        return place

    def add(
        self, operation: Callable, items: int, columns: dict, lanes: int = 0, when: str = ""
    ) -> int:
        """Add a phase; returns its number.

        Parameters
        ----------
        operation : kernel
        items : int
            Of the phase; of each image, if it works on images.
        columns : dict
            What stands in its row.
        lanes : int
            Samples in an image that it works on; 0 if it works on something else.
        when : {"", "early", "late"}
            Whether it may be done at the begin of a step, or behind the chain that it was added in
            the middle of. Neither the early ones nor the late ones of a chain need each other's
            results.
        """
        self.rows.append(np.full(col.COLUMNS, col.NONE))
        self._when.append("chained" if lanes > 1 else when)
        number = len(self.rows) - 1
        self.change(number, operation, items, columns, lanes)
        return number

    def change(
        self, number: int, operation: Callable, items: int, columns: dict, lanes: int
    ) -> None:
        """Let a phase do something else; what it is not told anew stays."""
        row = self.rows[number]
        row[col.ADDRESS] = operation_address(operation, self.dtype)
        row[col.ITEMS] = items * (self.batch_size if lanes == 1 else 1)
        for column, value in columns.items():
            row[column] = float_bits(value) if isinstance(value, float) else value

    def add_gather(self, sources: list[tuple[int, int]]) -> int:
        """Add the phase that copies a mini-batch from arrays outside; returns its number.

        Parameters
        ----------
        sources : list of (int, int)
            Numbers in a row of each array, and the place of the copy.
        """
        items = -(-self.batch_size * sum(width for width, _ in sources) // COPY_WORK)
        at_once = -(-self.batch_size // items)
        columns = {data.SAMPLES_AN_ITEM: at_once}
        for k, (width, place) in enumerate(sources):
            first = data.SOURCES + k * data.SOURCE_COLUMNS
            columns |= {first + data.SOURCE_WIDTH: width, first + data.SOURCE_PLACE: place}
        return self.add(data.gather_item, -(-self.batch_size // at_once), columns, when="early")

    def forward(self, t: Tensor) -> dict:
        """Columns of a phase that computes a tensor."""
        return {
            col.Z: t.z,
            col.A: t.a,
            col.UNITS: t.units,
            col.FUNCTION: self.function(t.activation),
        }

    def backward(self, t: Tensor, da: int | None = None) -> dict:
        """Columns of a phase that hands a gradient down to a tensor."""
        wanted = t.dz is not None and t.activation != LINEAR
        return {
            col.Z: t.z,
            col.A: t.a,
            col.DA: self.gradient_place(t) if da is None else da,
            col.DZ: col.NONE if t.dz is None else t.dz,
            col.UNITS: t.units,
            col.FUNCTION: self.derivative(t.activation) if wanted else col.NONE,
        }

    def function(self, activation: int) -> int:
        """Address of an activation."""
        if activation == LINEAR:
            return col.NONE
        array = values(self.dtype)
        return address(activations.FORWARD[activation], array, array)

    def derivative(self, activation: int) -> int:
        """Address of the derivative of an activation."""
        array = values(self.dtype)
        return address(activations.BACKWARD[activation], array, array, array, array)

    def samples_an_item(self, work: int) -> int:
        """Samples that are worth an item, if one is so many multiply-adds."""
        return max(1, min(self.batch_size, ITEM_WORK // max(work, 1)))

    def finish(self) -> "Program":
        """Table and memory."""
        scratch = self.take(self._scratch * self.workers)
        for row in self.rows:
            row[col.SCRATCH], row[col.SCRATCH_SIZE] = scratch, self._scratch
        memory = aligned_zeros(self.end, self.dtype)
        for place, size, value in self._constants:
            memory[place : place + size] = value

        groups = self._groups()
        n_phases = len(groups)
        table = [self.rows[group.numbers[0]] for group in groups]
        places = {group.numbers[0]: phase for phase, group in enumerate(groups)}
        for phase, group in enumerate(groups):
            if len(group.numbers) == 1:
                continue
            table[phase] = np.full(col.COLUMNS, col.NONE)
            table[phase][col.ADDRESS] = operation_address(group.operation, self.dtype)
            table[phase][col.ITEMS] = group.items
            table[phase][LINKS], table[phase][DISTANCE] = len(group.numbers), len(table) - phase
            for number in group.numbers:
                places[number] = len(table)
                table.append(self.rows[number])
        return Program(np.array(table), n_phases, places, memory)

    def _groups(self) -> list["_Group"]:
        """The phases in their order, those of a chain and those of a bundle together."""
        early = [number for number, when in enumerate(self._when) if when == "early"]
        groups, chain, late = [], [], []
        for number, when in enumerate([*self._when, ""]):
            if when == "chained":
                chain.append(number)
            elif when == "late" and chain:
                late.append(number)
            elif when == "early":
                if number == early[0]:
                    groups.append(self._bundle(early))
            else:
                if chain:
                    groups.append(_Group(chain, chain_item, self.images(self.lanes)))
                if late:
                    # The longest first: what is left to be shared out in the end is short.
                    late.sort(key=lambda one: self.rows[one][col.KERNEL] - self.rows[one][col.STOP])
                    groups.append(self._bundle(late))
                groups.append(_Group([number]))
                chain, late = [], []
        return groups[:-1]

    def _bundle(self, numbers: list[int]) -> "_Group":
        items = sum(int(self.rows[number][col.ITEMS]) for number in numbers)
        return _Group(numbers, bundle_item, items)


@dataclasses.dataclass
class _Group:
    """Numbers of phases; the operation that runs several as one, and how many items it has."""

    numbers: list[int]
    operation: Callable | None = None
    items: int = 0


@dataclasses.dataclass
class Program:
    """What a plan becomes.

    Attributes
    ----------
    table : (rows, COLUMNS) int64 array
        The phases, and behind them the links of chains.
    n_phases : int
    places : dict
        Where in the table the phase of a number stands.
    memory : (m,) array
    """

    table: np.ndarray
    n_phases: int
    places: dict[int, int]
    memory: np.ndarray

    @property
    def phases(self) -> np.ndarray:
        """The rows that are run one after the other."""
        return self.table[: self.n_phases]

    def row(self, number: int) -> np.ndarray:
        """The row of the phase that was added with a number."""
        return self.table[self.places[number]]


def float_bits(value: float) -> int:
    """The bits of a float64, as an integer."""
    return int(np.float64(value).view(np.int64))


def is_elementwise(activation: int) -> bool:
    """Whether each number is looked at alone."""
    return activation not in OF_SAMPLES


def activation_code(name: str) -> int:
    return ACTIVATIONS.index(name)


def aligned_zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """Zeros that begin with a cache line."""
    block = np.zeros(size + ALIGNMENT // dtype.itemsize, dtype)
    first = -block.ctypes.data % ALIGNMENT // dtype.itemsize
    return block[first : first + size]
