"""Operations of dense layers whose weights are too many for a cache: they are fetched from memory
while the products work."""

from ..jit import njit
from ..matmul import panels_at
from ..tiles import Matrix
from ..wide import copy_strips, gradient_fetching, product_fetching, strips_size
from .columns import (
    ARGUMENTS,
    COUNT,
    DA,
    DOUTPUT,
    GRADIENT_OF_TENSOR,
    INPUT,
    KERNEL,
    LEARNING,
    LENGTH,
    NONE,
    PARAMETERS,
    PLACE,
    SCRATCH,
    SCRATCH_SIZE,
    TENSOR,
    UNITS,
    ZEROS,
    Z,
    fields,
    operation,
    scratch_of,
)
from .dense import (
    GRADIENT,
    OTHER_UNITS,
    PANELS,
    POSITIONS,
    SIZES,
    STRIP,
    UNITS_AN_ITEM,
    activate,
    bias_of,
    learn_bias,
    times_derivative,
    units_of,
)
from .update import learn

# How deep the parts of a product are; where the strips of its left factor are, one part after the
# other; and how many numbers the optimiser remembers of each weight: they are fetched, too.
PART, STRIPS, SLOTS = fields(ARGUMENTS + 11, part=COUNT, strips=PLACE, slots=COUNT)


@operation(INPUT, OTHER_UNITS, POSITIONS, PART, STRIPS)
def wide_pack_item(memory, row, samples, item, worker, step):
    """A part of all inputs, or of the outputs' gradient, in strips."""
    width, rows, first = row[OTHER_UNITS], samples * row[POSITIONS], item * row[PART]
    a = Matrix(memory, row[INPUT] + first, width, 1)
    strips = memory[row[STRIPS] + item * strips_size(rows, row[PART], memory.itemsize) :]
    copy_strips(strips, a, rows, min(row[PART], width - first), row[PART])


@operation(*PARAMETERS, *TENSOR, *SIZES, UNITS_AN_ITEM, PART, STRIPS)
def wide_forward_item(memory, row, samples, item, worker, step):
    """Some output units of a layer for the whole mini-batch."""
    n_in, n_out, rows = row[OTHER_UNITS], row[UNITS], samples * row[POSITIONS]
    first, units = units_of(row, item)
    product_fetching(
        Matrix(memory, row[Z] + first, n_out, 1),
        bias_of(memory, row, first),
        memory[row[STRIPS] :],
        Matrix(memory, row[KERNEL] + first, n_out, 1),
        rows,
        units,
        n_in,
        row[PART],
        scratch_of(memory, row, worker),
    )
    activate(memory, row, 0, rows, first, units)


@njit
def _hand_down(memory, row, rows, first, units, worker):
    """The gradient of some input units, times the derivative of their activation."""
    n_in, n_out = row[UNITS], row[OTHER_UNITS]
    product_fetching(
        Matrix(memory, row[DA] + first, n_in, 1),
        Matrix(memory, ZEROS, 0, 0),
        memory[row[STRIPS] :],
        Matrix(memory, row[KERNEL] + first * n_out, 1, n_out),
        rows,
        units,
        n_out,
        row[PART],
        scratch_of(memory, row, worker),
    )
    times_derivative(memory, row, 0, rows, first, units)


@operation(
    *(INPUT, DOUTPUT, *PARAMETERS, *LEARNING, *GRADIENT_OF_TENSOR),
    *(*SIZES, UNITS_AN_ITEM, STRIP, GRADIENT, PANELS, PART, STRIPS, SLOTS),
)
def wide_backward_item(memory, row, samples, item, worker, step):
    """Some input units of a layer: their gradient, that of their weights, and the update.

    As `dense_backward_item`, with the gradient of the outputs in panels.
    """
    n_in, n_out, rows = row[UNITS], row[OTHER_UNITS], samples * row[POSITIONS]
    first, units = units_of(row, item)
    if row[DA] != NONE:
        _hand_down(memory, row, rows, first, units, worker)
    scratch = scratch_of(memory, row, worker)
    at = row[SCRATCH] + worker * row[SCRATCH_SIZE] + row[GRADIENT]
    for start in range(first, first + units, row[STRIP]):
        height = min(row[STRIP], first + units - start)
        place = row[KERNEL] + start * n_out
        gradient_fetching(
            Matrix(memory, at, n_out, 1),
            Matrix(memory, ZEROS, 0, 0),
            Matrix(memory, row[INPUT] + start, 1, n_in),
            panels_at(memory, row[PANELS], rows),
            height,
            n_out,
            rows,
            scratch,
            Matrix(memory, place, 0, 1),
            1 + row[SLOTS],
            row[LENGTH],
        )
        learn(memory, row, place, place + height * n_out, at, samples, step)
    if item == 0:
        learn_bias(memory, row, rows, samples, step)
