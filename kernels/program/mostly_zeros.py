"""Operations of a dense layer whose samples are mostly zeros, in place of those of :mod:`.dense`.

Their fields are the same, and so are the bits of what they compute.
"""

from ..mostly_zeros import product_of_nonzeros
from ..tiles import Matrix
from .columns import (
    DOUTPUT,
    INPUT,
    KERNEL,
    LEARNING,
    NONE,
    PARAMETERS,
    TENSOR,
    UNITS,
    ZEROS,
    Z,
    operation,
    scratch_of,
)
from .dense import (
    BLOCK,
    GRADIENT,
    OTHER_UNITS,
    PART_SIZE,
    PARTS,
    SIZES,
    STRIP,
    UNITS_AN_ITEM,
    activate,
    begin_strip,
    bias_of,
    block_of,
    end_strip,
    learn_bias,
    units_of,
)

# Plain descent has no strips. But it makes lists of this many input units at a time.
LISTED_AT_ONCE = 48


@operation(INPUT, *PARAMETERS, *TENSOR, *SIZES, BLOCK)
def mostly_zeros_forward_block_item(memory, row, samples, item, worker, step):
    """The layer for a block of samples."""
    start, rows = block_of(row, samples, item)
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    if rows > 0:
        z = Matrix(memory, row[Z] + start * n_out, n_out, 1)
        x = Matrix(memory, row[INPUT] + start * n_in, n_in, 1)
        kernel, scratch = Matrix(memory, row[KERNEL], n_out, 1), scratch_of(memory, row, worker)
        product_of_nonzeros(z, bias_of(memory, row, 0), x, kernel, rows, n_out, n_in, scratch, 1.0)
        activate(memory, row, start, rows, 0, n_out)


@operation(INPUT, *PARAMETERS, UNITS, *SIZES, UNITS_AN_ITEM, PARTS, PART_SIZE)
def mostly_zeros_forward_part_item(memory, row, samples, item, worker, step):
    """What some input units add to all outputs."""
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    first = item * row[UNITS_AN_ITEM]
    units = min(row[UNITS_AN_ITEM], n_in - first)
    part = Matrix(memory, row[PARTS] + item * row[PART_SIZE], n_out, 1)
    x = Matrix(memory, row[INPUT] + first, n_in, 1)
    kernel = Matrix(memory, row[KERNEL] + first * n_out, n_out, 1)
    zeros, scratch = Matrix(memory, ZEROS, 0, 0), scratch_of(memory, row, worker)
    product_of_nonzeros(part, zeros, x, kernel, samples, n_out, units, scratch, 1.0)


@operation(
    *(INPUT, DOUTPUT, *PARAMETERS, *LEARNING, UNITS),
    *(*SIZES, UNITS_AN_ITEM, STRIP, GRADIENT),
)
def mostly_zeros_backward_item(memory, row, samples, item, worker, step):
    """The gradient of the weights of some input units, and their update."""
    n_in, n_out = row[UNITS], row[OTHER_UNITS]
    first, units = units_of(row, item)
    doutput = Matrix(memory, row[DOUTPUT], n_out, 1)
    scratch = scratch_of(memory, row, worker)
    strip = LISTED_AT_ONCE if row[STRIP] == NONE else row[STRIP]
    for start in range(first, first + units, strip):
        height = min(strip, first + units - start)
        target, begin, scale = begin_strip(memory, row, samples, start, height, worker, step)
        x = Matrix(memory, row[INPUT] + start, 1, n_in)
        product_of_nonzeros(target, begin, x, doutput, height, n_out, samples, scratch, scale)
        end_strip(memory, row, target, start, height, samples, step)
    if item == 0:
        learn_bias(memory, row, samples, samples, step)
