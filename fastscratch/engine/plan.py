"""A plan: the memory and the phases of a program, as the layers of a network ask for them."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..kernels.activations import LINEAR, Activation
from ..kernels.call import values
from ..kernels.machine import CACHE_LINE, VECTOR_BYTES
from ..kernels.matmul import scratch_size
from ..kernels.mostly_zeros import lists_size
from ..kernels.program import columns as col
from ..kernels.program import data
from ..kernels.program.run import runner
from .program import Chain, Function, Operation, Phase, Program, assemble

ALIGNMENT = CACHE_LINE  # no less than the widest vector

# Multiply-adds that are worth an item (about 4 us). More items balance better, but each reads some
# of its inputs again.
ITEM_WORK = 200_000

# A step moves all weights, which takes as long as the multiply-adds of this many samples.
FEW_SAMPLES = 8

# Numbers that are worth an item of the copy of a mini-batch.
COPIED_NUMBERS = 16384

Record = dict[col.Field, Any]
#: What gives a program its memory, from its size and type.
Allocate = Callable[[int, np.dtype], np.ndarray]


@dataclasses.dataclass
class Tensor:
    """The numbers between two layers, for a whole mini-batch.

    Attributes
    ----------
    shape : tuple of int
        Of one sample.
    lanes : int
        Number of samples that are innermost, or 1.
    activation : Activation
        The last that was applied; the layer that hands down the gradient includes its derivative.
    a, z : int
        Places of activations and of pre-activations (`a`, if those are not needed).
    dz : int or None
        Place of the gradient with respect to the pre-activations; None if it is not needed.
    da : int or None
        Place of the gradient with respect to the activations, if one was asked for.
    keep_maxima : function or None
        Lets the phase that computes it keep only the maxima of the windows of a pooling.
    takes_winners : function or None
        Tells whether the layer that computes it can take, from a max pooling after it with this
        size and strides, the places of the maxima and their gradients, in place of a gradient that
        is mostly zeros.
    winners : dict or None
        The fields of these.
    is_sparse : bool
        Whether it is an input that is given as a sparse matrix, and so is in no place.
    is_mostly_zeros : bool
        Whether it is an input of which products leave out zeros.
    notes : int or None
        Of an input whose samples are read where they are, and so is in no place: where workers note
        that one is not finite.
    """

    shape: tuple[int, ...]
    lanes: int
    activation: Activation
    a: int
    z: int
    dz: int | None
    da: int | None = None
    keep_maxima: Callable[["Tensor", int, tuple[int, ...]], None] | None = None
    takes_winners: Callable[[tuple[int, ...], tuple[int, ...]], bool] | None = None
    winners: Record | None = None
    is_sparse: bool = False
    is_mostly_zeros: bool = False
    notes: int | None = None

    @property
    def units(self) -> int:
        """Numbers of one sample."""
        return math.prod(self.shape)

    @property
    def is_differentiated(self) -> bool:
        """Whether the gradient with respect to it is needed."""
        return self.dz is not None


class Plan:
    """Memory and phases of a program.

    Parameters
    ----------
    dtype : dtype
    batch_size : int
        Largest number of samples at once.
    workers : int
        Threads; each has scratch of its own.
    n_parameters : int
        Parameters of the network.
    zeros : int
        This many zeros in a row are needed.
    training : bool
        Whether dropout drops, and batch normalisation looks at the mini-batch.
    backward : bool
        Whether there is a backward pass.
    learns : bool
        Whether the gradient of the parameters is computed: it then stands after them.
    n_slots : int
        How many numbers the optimiser remembers of each parameter; they stand after the gradient.
    keeps_apart : bool
        Whether each sample has a gradient of its own. The mini-batch is one block then.
    sparse : bool
        Whether the input is given as a sparse matrix.
    mostly_zeros : bool
        Whether the input is an array that is mostly zeros.
    """

    def __init__(
        self,
        dtype: Any,
        batch_size: int,
        workers: int,
        n_parameters: int,
        zeros: int,
        *,
        training: bool = False,
        backward: bool = False,
        learns: bool = False,
        n_slots: int = 0,
        keeps_apart: bool = False,
        sparse: bool = False,
        mostly_zeros: bool = False,
    ):
        self.dtype, self.batch_size, self.workers = np.dtype(dtype), batch_size, workers
        self.training, self.differentiates, self.learns = training, backward, learns
        self.keeps_apart, self.sparse = keeps_apart, sparse
        self._mostly_zeros = mostly_zeros
        #: Numbers of the phases that read a sparse matrix.
        self.sparse_phases: list[int] = []
        #: Numbers that the optimiser remembers of each parameter.
        self.n_slots = n_slots
        self.phases: list[Phase] = []
        self.end = 0
        self.sizes: dict[int, int] = {}
        self.take(max(col.FIRST_FREE, zeros))
        self.parameters = self.take(n_parameters)
        self.length = self.end - self.parameters
        if learns:
            self.take((1 + n_slots) * self.length)
        #: Fields of the optimiser in every phase that updates; None while updates are deferred:
        #: the gradient is then only computed.
        self.optimizer: dict[col.Field, Any] | None = None
        #: Samples that go through the whole network one block after the other, or 0.
        self.block = 0
        #: Whether nothing but outputs is asked for: their sums may then be in another order than
        #: those of a training step.
        self.only_predicts = False
        #: What runs the program, as a function of the number of threads and the type of the memory.
        self.runner = runner
        #: Whether the optimiser only subtracts the gradient times the learning rate.
        self.is_plain_descent = False
        #: Phases of random numbers, the number of their node, and the seed of their layer, if any:
        #: without one each run has seeds of its own.
        self.random: list[tuple[int, int, int | None]] = []
        #: The layer that phases added now belong to, as the printed program names it.
        self.site = ""
        self._scratch = 0
        self._initial: list[tuple[int, int, float]] = []

    @property
    def lanes(self) -> int:
        """Numbers in a vector."""
        return VECTOR_BYTES // self.dtype.itemsize

    # --- memory -----------------------------------------------------------------------------------

    def aligned(self, size: int) -> int:
        """A size, up to whole cache lines."""
        unit = ALIGNMENT // self.dtype.itemsize
        return -(-size // unit) * unit

    def take(self, size: int) -> int:
        """A place for this many numbers."""
        place = self.end
        self.end += self.aligned(size)
        self.sizes[place] = size
        return place

    def scratch(self, size: int) -> None:
        """Ask for this much scratch for each worker."""
        self._scratch = max(self._scratch, self.aligned(size))

    def product_scratch(self, depth: int, columns: int) -> int:
        """Ask for the scratch of a product of matrices; returns its size."""
        size = scratch_size(depth, columns, self.dtype.itemsize)
        self.scratch(size)
        return size

    def lists_scratch(self, rows: int, depth: int) -> int:
        """Ask for the scratch of the lists of what is not zero; returns its size."""
        size = self.aligned(lists_size(rows, depth, self.dtype.itemsize))
        self.scratch(size)
        return size

    def constant(self, value: Any, size: int) -> int:
        """A place with this many equal numbers, or with the numbers of an array."""
        place = self.take(size)
        self.begin_with(place, size, value)
        return place

    def begin_with(self, place: int, size: int, value: Any) -> None:
        """Have these numbers in a place before the first step."""
        self._initial.append((place, size, value))

    def images(self, lanes: int) -> int:
        """Blocks of this many samples in a mini-batch."""
        return -(-self.batch_size // lanes)

    def tensor(
        self,
        shape: tuple[int, ...],
        lanes: int = 1,
        activation: Activation = LINEAR,
        differentiated: bool = True,
        keeps_z: bool = True,
    ) -> Tensor:
        """A new tensor; `keeps_z` says whether pre-activations need a place in any case."""
        size = self.images(lanes) * lanes * math.prod(shape)
        a = self.take(size)
        apart = activation != LINEAR and (keeps_z or activation.reads_z)
        z = self.take(size) if apart else a
        dz = self.take(size) if self.differentiates and differentiated else None
        return Tensor(shape, lanes, activation, a, z, dz)

    def inputs(self, shapes: Sequence[tuple[int, ...]], differentiated: bool) -> list[Tensor]:
        """The tensors that the network is given."""
        if not self.sparse:
            given = [self.tensor(shape, differentiated=differentiated) for shape in shapes]
            for t in given:
                t.is_mostly_zeros = self._mostly_zeros
            return given
        nowhere = col.NONE
        return [Tensor(s, 1, LINEAR, nowhere, nowhere, None, is_sparse=True) for s in shapes]

    def gradient_place(self, t: Tensor) -> int:
        """Where the gradient with respect to a tensor's activations goes before it becomes dz."""
        if t.dz is None:
            return col.NONE
        if t.activation == LINEAR:
            return t.dz
        if t.da is None:
            t.da = self.take(self.images(t.lanes) * t.lanes * t.units)
        return t.da

    # --- phases -----------------------------------------------------------------------------------

    def add(
        self,
        operation: Operation,
        items: int,
        *records: Record,
        lanes: int = 0,
        when: str = "",
        flops: int = 0,
    ) -> int:
        """Add a phase; returns its number.

        Parameters
        ----------
        operation : Operation
        items : int
            Of the phase; of each image, if it works on images.
        *records : dict
            Fields of its row; none twice, and each one that the operation reads.
        lanes : int
            Samples in an image that it works on; 0 if it works on something else.
        when : {"", "early", "late"}
            Whether it may be done at the beginning of a step, or after the chain that it was added
            in the middle of. Neither the early ones nor the late ones of a chain need each other's
            results. If samples are kept apart, the late ones are run for each of them.
        flops : int
            Floating-point operations for a mini-batch; by default one for each number.

        Raises
        ------
        ValueError
            If the operation does not read a field, or gets it twice.
        """
        self.phases.append(self._phase(operation, items, records, lanes, when, flops))
        return len(self.phases) - 1

    def replace(
        self,
        number: int,
        operation: Operation,
        items: int,
        *records: Record,
        lanes: int,
        flops: int,
    ) -> None:
        """Replace a phase by one that also does the work of the layer that is lowered now."""
        before, _, _ = self.phases[number].site.rpartition(" (")
        self.phases[number] = self._phase(operation, items, records, lanes, "", flops)
        self.phases[number].site = f"{before}, {self.site}"

    def _phase(
        self,
        operation: Operation,
        items: int,
        records: Sequence[Record],
        lanes: int,
        when: str,
        flops: int,
    ) -> Phase:
        name = operation.__name__.removesuffix("_item")
        merged: dict[col.Field, Any] = {}
        for record in records:
            for field, value in record.items():
                if operation.fields.get(int(field), col.NONE) is not field:
                    raise ValueError(f"{name} does not read the field {field.name!r}")
                if field in merged:
                    raise ValueError(f"{name} is given the field {field.name!r} twice")
                merged[field] = value
        if not flops and col.UNITS in merged:
            flops = self.batch_size * merged[col.UNITS]
        items *= self.batch_size if lanes == 1 else 1
        when = "chained" if lanes > 1 else "apart" if self.keeps_apart and when == "late" else when
        return Phase(operation, items, merged, when, self.site, flops, self._bytes(merged))

    def _bytes(self, record: Record) -> int:
        """About how many bytes a phase reads or writes: each place once, without scratch."""
        places = {
            int(value)
            for field, value in record.items()
            if field.kind == col.PLACE and field not in col.PARAMETERS
        }
        numbers = sum(self.sizes.get(place, 0) for place in places - {self.parameters})
        if col.STOP in record:
            size = max(0, record[col.STOP] - record.get(col.KERNEL, record.get(col.BIAS)))
            numbers += size
            if col.UPDATE in record:  # what the optimiser remembers, or else the gradient
                numbers += size * (1 if record[col.UPDATE] == col.NONE else self.n_slots)
        return numbers * self.dtype.itemsize

    def add_gathers(self, sources: list[tuple[int, int]]) -> list[int]:
        """Add phases that copy a mini-batch from arrays outside; returns their numbers.

        Parameters
        ----------
        sources : list of (int, int)
            Numbers in a row of each array, and the place of the copy.
        """
        numbers = []
        for first in range(0, len(sources), data.MAX_SOURCES):
            some = sources[first : first + data.MAX_SOURCES]
            items = -(-self.batch_size * sum(width for width, _ in some) // COPIED_NUMBERS)
            at_once = -(-self.batch_size // items)
            record = {data.SAMPLES_AN_ITEM: at_once}
            for (_, its_width, its_place), (width, place) in zip(
                data.SOURCE_FIELDS, some, strict=False
            ):
                record |= {its_width: width, its_place: place}
            items = -(-self.batch_size // at_once)
            numbers.append(self.add(data.gather_item, items, record, when="early"))
        return numbers

    def forward(self, t: Tensor, keeps_z: bool = True) -> Record:
        """Fields of a phase that computes a tensor."""
        return {
            col.Z: t.z if keeps_z else col.NONE,
            col.A: t.a,
            col.UNITS: t.units,
            col.FUNCTION: self.function(t.activation),
        }

    def backward(
        self, t: Tensor, da: int | None = None, activation: Activation | None = None
    ) -> Record:
        """Fields of a phase that hands a gradient down to a tensor.

        Parameters
        ----------
        t : Tensor
        da : int, optional
            Where the gradient with respect to the activations goes.
        activation : Activation, optional
            Whose derivative the gradient is multiplied with, if not the tensor's.
        """
        activation = t.activation if activation is None else activation
        multiplied = t.dz is not None and activation != LINEAR
        return {
            col.Z: t.z,
            col.A: t.a,
            col.DA: self.gradient_place(t) if da is None else da,
            col.DZ: col.NONE if t.dz is None else t.dz,
            col.UNITS: t.units,
            col.FUNCTION: self.derivative(activation) if multiplied else col.NONE,
        }

    def function(self, activation: Activation) -> Any:
        """An activation, to be called by address."""
        if activation == LINEAR:
            return col.NONE
        array = values(self.dtype)
        return Function(activation.forward, (array, array))

    def derivative(self, activation: Activation) -> Function:
        """The derivative of an activation, to be called by address."""
        return Function(activation.backward, (values(self.dtype),) * 4)

    def samples_an_item(self, work: int) -> int:
        """Samples of an item, if one takes this many multiply-adds."""
        return max(1, min(self.batch_size, ITEM_WORK // max(work, 1)))

    def finish(self, allocate: Allocate, blocks_in_turn: int = 0) -> Program:
        """Table and memory.

        If blocks of samples use the same places in turn, `blocks_in_turn` is the number of blocks.
        """
        scratch = self.take(self._scratch * self.workers)
        for phase in self.phases:
            phase.record |= {col.SCRATCH: scratch, col.SCRATCH_SIZE: self._scratch}
        memory = allocate(self.end, self.dtype)
        if blocks_in_turn:
            chain = Chain(blocks_in_turn, self.block)
        else:
            chain = Chain(self.images(self.block or self.lanes))
        how = self.runner(self.workers, self.dtype)
        return assemble(self.phases, memory, self._initial, chain, how)


def source_places(rows: Sequence[np.ndarray], count: int) -> list[tuple[np.ndarray, col.Field]]:
    """Where the address of each array outside belongs: a row that gathers, and the field."""
    return [
        (rows[k // data.MAX_SOURCES], data.SOURCE_FIELDS[k % data.MAX_SOURCES][0])
        for k in range(count)
    ]


def aligned_zeros(size: int, dtype: np.dtype) -> np.ndarray:
    """Zeros that begin at a cache line."""
    block = np.zeros(size + ALIGNMENT // dtype.itemsize, dtype)
    first = -block.ctypes.data % ALIGNMENT // dtype.itemsize
    return block[first : first + size]
