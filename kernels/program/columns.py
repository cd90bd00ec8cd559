"""Rows as records: the fields that operations share, and how an operation declares its own.

A row is ``COLUMNS`` int64 numbers, and a field is the number of a column, that also knows its name
and its kind:

* a *place*: where in the memory something begins;
* an *address* of a function, or of an array outside the memory;
* a *count*, or any other integer;
* a *number*: a float64, as its bits.

``@operation(...)`` names the fields that an operation reads. The plan refuses any other, so that
nothing can be written into a row without being read, and a program can be printed.
"""

import functools

import numpy as np

from ..call import INTEGER, address, values
from ..jit import njit

NONE = -1

PLACE, ADDRESS_OF, COUNT, NUMBER = "place", "address", "count", "number"


class Field(int):
    """A column of a row: kernels index with it; it knows its name and its kind.

    It prints as the number that it is, because LLVM gets it as text.
    """

    def __new__(cls, column, name, kind):
        field = super().__new__(cls, column)
        field.name, field.kind = name, kind
        return field


def fields(first, **kinds):
    """Fields in columns side by side: their names with their kinds."""
    return tuple(
        Field(first + i, name.rstrip("_"), kind) for i, (name, kind) in enumerate(kinds.items())
    )


# The operation and the number of its items.
ADDRESS, ITEMS = fields(0, address=ADDRESS_OF, items=COUNT)

# The tensor that a phase computes, forward (Z, then A = f(Z)) or backward (its gradient DA, then
# DZ = f'(A or Z) DA): places, the address of the elementwise function or its derivative (NONE if
# the activation is linear: A is Z then, and DZ is DA), and how many numbers a sample has.
Z, A, DA, DZ = fields(2, z=PLACE, a=PLACE, da=PLACE, dz=PLACE)
FUNCTION, UNITS = fields(6, function=ADDRESS_OF, units=COUNT)
TENSOR = (Z, A, FUNCTION, UNITS)
GRADIENT_OF_TENSOR = (Z, A, DA, DZ, FUNCTION, UNITS)

# Gradient of what the phase computed forward, where that is not the tensor above.
DOUTPUT, INPUT = fields(8, doutput=PLACE, input=PLACE)

# The scratch of each worker.
SCRATCH, SCRATCH_SIZE = fields(10, scratch=PLACE, scratch_size=COUNT)

# The parameters of a layer, kernel and bias one after the other.
KERNEL, BIAS, STOP = fields(12, kernel=PLACE, bias=PLACE, stop=PLACE)
PARAMETERS = (KERNEL, BIAS, STOP)
# Their update: the address of the optimiser's step (NONE if they are updated in a later phase), how
# far after the parameters their gradient is (and after that the optimiser's slots), and the
# address of the learning rates of the steps from FIRST_STEP on. ITERATIONS were taken before
# step 0. Then the penalties of kernel and bias, the bounds of the gradient's elements and of its
# norm, and the optimiser's other numbers; and how many steps have their gradients added up before
# an update, 1 or more.
UPDATE, LENGTH, RATES, FIRST_STEP, ITERATIONS = fields(
    15, update=ADDRESS_OF, length=COUNT, rates=ADDRESS_OF, first_step=COUNT, iterations=COUNT
)
L1, L2, BIAS_L1, BIAS_L2, CLIPVALUE, CLIPNORM = fields(
    20, l1=NUMBER, l2=NUMBER, bias_l1=NUMBER, bias_l2=NUMBER, clipvalue=NUMBER, clipnorm=NUMBER
)
N_HYPER = 6
HYPERS = fields(26, **{f"hyper_{i}": NUMBER for i in range(N_HYPER)})
HYPER = HYPERS[0]
(EVERY,) = fields(HYPER + N_HYPER, every=COUNT)
# Whether the penalties are of the sum of the samples' losses, and divided by the samples with it.
(PENALTY_OF_SUM,) = fields(EVERY + 1, penalty_of_sum=COUNT)
PENALTIES = (L1, L2, BIAS_L1, BIAS_L2, PENALTY_OF_SUM)
LEARNING = (
    *(UPDATE, LENGTH, RATES, FIRST_STEP, ITERATIONS),
    *(*PENALTIES, CLIPVALUE, CLIPNORM, *HYPERS, EVERY),
)

# Columns of the operation's own.
ARGUMENTS = PENALTY_OF_SUM + 1
COLUMNS = ARGUMENTS + 30  # 64: whole cache lines

# Memory begins with zeros, for matrix products to start from.
ZEROS, FIRST_FREE = 0, 128


@functools.cache
def operation_kinds(dtype):
    """The types of the arguments of an operation that computes with numbers of a type."""
    return values(dtype), values(np.int64), *(INTEGER,) * 4


@functools.cache
def operation_address(operation, dtype):
    """Address of an operation of a program that computes with numbers of a type."""
    return address(operation, *operation_kinds(dtype))


def operation(*declared):
    """Compile a kernel as an operation of programs that reads these fields of its row."""
    own = (ADDRESS, ITEMS, SCRATCH, SCRATCH_SIZE, *declared)
    if len(set(own)) < len(own):
        names = ", ".join(field.name for field in own)
        raise TypeError(f"two of the fields of an operation share a column: {names}")

    def declare(function):
        kernel = njit(function)
        kernel.fields = {int(field): field for field in own}
        return kernel

    return declare


@njit
def number(row, column):
    """The float64 number whose bits are in a column."""
    return row[column : column + 1].view(np.float64)[0]


@njit
def scratch_of(memory, row, worker):
    """The scratch of a worker."""
    start = row[SCRATCH] + worker * row[SCRATCH_SIZE]
    return memory[start : start + row[SCRATCH_SIZE]]
