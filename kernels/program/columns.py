"""Columns that the rows of different operations share, and how numbers stand in them."""

import numpy as np

from ..jit import njit

NONE = -1

# The operation and the number of its items.
ADDRESS, ITEMS = range(2)

# The tensor that a phase computes, forward (Z, then A = f(Z)) or backward (its gradient DA, then
# DZ = f'(A or Z) DA): places, the address of the elementwise function or its derivative (NONE if
# the activation is linear: A is Z then, and DZ is DA), and how many numbers a sample has.
Z, A, DA, DZ, FUNCTION, UNITS = range(2, 8)

# Gradient of what the phase computed forward, where that is not the tensor above.
DOUTPUT, INPUT = range(8, 10)

# The scratch of each worker.
SCRATCH, SCRATCH_SIZE = range(10, 12)

# The parameters of a layer, kernel and bias one after the other, and their update: the address of
# the optimiser's step (NONE if they are updated in a later phase), how far behind the parameters
# their gradient stands (and behind that the optimiser's slots), and the address of the learning
# rates of the steps from FIRST_STEP on. ITERATIONS were taken before step 0.
KERNEL, BIAS, STOP, UPDATE, LENGTH, RATES, FIRST_STEP, ITERATIONS = range(12, 20)
# Float64 numbers, as their bits: regularisation of kernel and bias, the bounds of the gradient's
# elements and of its norm, and the optimiser's other numbers.
L1, L2, BIAS_L1, BIAS_L2, CLIPVALUE, CLIPNORM, HYPER = range(20, 27)
N_HYPER = 6

# Columns of the operation's own.
ARGUMENTS = HYPER + N_HYPER
COLUMNS = ARGUMENTS + 31

# Memory begins with zeros, for matrix products to start from.
ZEROS, FIRST_FREE = 0, 128


@njit
def number(row, column):
    """The float64 number whose bits stand in a column."""
    return row[column : column + 1].view(np.float64)[0]


@njit
def scratch_of(memory, row, worker):
    """The scratch of a worker."""
    start = row[SCRATCH] + worker * row[SCRATCH_SIZE]
    return memory[start : start + row[SCRATCH_SIZE]]
