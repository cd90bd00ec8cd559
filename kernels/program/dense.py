"""Operations of dense layers: products of matrices, cut into items by output or input units."""

import numpy as np

from ..call import INTEGER, NUMBER, array_at, call, kind_of, values
from ..finite import is_finite
from ..instructions import fma, prefetch_to_write
from ..jit import njit
from ..machine import CACHE_LINE, DOT_COLUMNS, DOT_ROWS, VECTOR_BYTES
from ..matmul import (
    copy_panels,
    panels_at,
    product_ahead,
    product_of_dots,
    product_serial,
    window,
)
from ..sums import sum_rows
from ..tiles import Matrix, dot_tile
from .columns import (
    ARGUMENTS,
    BIAS,
    COUNT,
    DA,
    DOUTPUT,
    FUNCTION,
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
    STOP,
    TENSOR,
    UNITS,
    ZEROS,
    A,
    Z,
    fields,
    operation,
    scratch_of,
)
from .data import (
    BATCH_SIZE,
    FINITE,
    N_SAMPLES,
    SAMPLES_AN_ITEM,
    SOURCE_FIELDS,
    first_of_batch,
)
from .hand_down import hand_down
from .update import learn, learning_rate

# Forward, the UNITS of the row are the layer's outputs, and OTHER_UNITS its inputs; backward it is
# the other way round. A sample may have several positions, to each of which the layer is applied.
OTHER_UNITS, UNITS_AN_ITEM, POSITIONS = fields(
    ARGUMENTS, other_units=COUNT, units_an_item=COUNT, positions=COUNT
)
# The gradient of the weights is computed in strips of this many input units. If it is used at once,
# a strip is kept GRADIENT numbers after the beginning of scratch, in the first-level cache. Plain
# descent needs no gradient, and has no strip.
STRIP, GRADIENT = fields(ARGUMENTS + 3, strip=COUNT, gradient=COUNT)
# Where a copy of the outputs' gradient is, in panels: if it is too large for a second-level cache,
# and the strips of all items read it again and again. NONE if it is read where it is.
# Tried, for 2048-2048-2048-10: to prefetch a strip's weights and moments between its products (no
# gain); to copy left factors to rows a vector further apart (1%).
(PANELS,) = fields(ARGUMENTS + 8, panels=PLACE)
# With few samples, arranging the weights in columns takes longer than multiplying them. Then they
# are taken as they are, in strips of this many input units, each updated while it is in the cache.
# NONE with many samples.
(FEW_STRIP,) = fields(ARGUMENTS + 9, few_strip=COUNT)
# If blocks of samples go through the network one by one: their size.
(BLOCK,) = fields(ARGUMENTS + 5, block=COUNT)
# Where the weights are arranged in columns, in panels, for all blocks of samples at once. NONE if
# each product arranges them.
(COLUMNS,) = fields(ARGUMENTS + 10, columns=PLACE)
# What the items of input units add to the outputs: the place of the first, and how far apart they
# are.
PARTS, PART_SIZE = fields(ARGUMENTS + 6, parts=PLACE, part_size=COUNT)

SIZES = (OTHER_UNITS, POSITIONS)

# Samples that are read where they are: their address, how many numbers each has, and where workers
# note that one is not finite.
SOURCE, SOURCE_WIDTH, _ = SOURCE_FIELDS[0]
SAMPLES_OUTSIDE = (N_SAMPLES, BATCH_SIZE, SAMPLES_AN_ITEM, SOURCE, SOURCE_WIDTH, FINITE)

# Weights that other workers have read are fetched from their caches while the gradient is computed,
# if there are at least this many: with fewer, fetching takes longer than waiting.
FETCHED, LINE_BYTES = 8192, 64


def product(dtype):
    """The matrix product that these operations share, and the types of its arguments."""
    matrix = kind_of(Matrix(np.empty(0, dtype), 0, 0, 0))
    return product_serial, (*(matrix,) * 4, *(INTEGER,) * 3, values(dtype), NUMBER)


@njit
def units_of(row, item):
    """First unit of an item, and their number."""
    first = item * row[UNITS_AN_ITEM]
    return first, min(row[UNITS_AN_ITEM], row[UNITS] - first)


@njit
def bias_of(memory, row, first):
    """The bias of a layer from some unit on, as a matrix of equal rows."""
    if row[BIAS] < row[STOP]:
        return Matrix(memory, row[BIAS] + first, 0, 1)
    return Matrix(memory, ZEROS, 0, 0)


@njit
def _forward(memory, row, start, rows, first, units, worker):
    """``a = f(x @ kernel + bias)`` for some rows of the mini-batch and some output units."""
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    product_serial(
        Matrix(memory, row[Z] + start * n_out + first, n_out, 1),
        bias_of(memory, row, first),
        Matrix(memory, row[INPUT] + start * n_in, n_in, 1),
        Matrix(memory, row[KERNEL] + first, n_out, 1),
        rows,
        units,
        n_in,
        scratch_of(memory, row, worker),
        1.0,
    )
    activate(memory, row, start, rows, first, units)


@njit
def activate(memory, row, start, rows, first, units):
    """The activation of some output units for some rows."""
    n_out = row[UNITS]
    if row[FUNCTION] != NONE:
        at, turns, length = start * n_out + first, rows, units
        if units == n_out:  # one piece
            turns, length = 1, rows * n_out
        for _ in range(turns):
            a, z = memory[row[A] + at :][:length], memory[row[Z] + at :][:length]
            call(row[FUNCTION], a, z)
            at += n_out


@njit
def _columns_at(memory, row):
    """The panels of the weights in columns, each of them up to whole squares of a transpose."""
    lanes = VECTOR_BYTES // memory.itemsize
    return panels_at(memory, row[COLUMNS], -(-row[OTHER_UNITS] // lanes) * lanes)


@njit
def _multiply_columns(memory, row, start, rows, first, units, skipped, worker):
    """The gradient of some input units for some rows, but for what the first outputs add."""
    n_in, n_out = row[UNITS], row[OTHER_UNITS]
    weights = Matrix(memory, row[KERNEL] + first * n_out + skipped, 1, n_out)
    if row[COLUMNS] != NONE:
        weights = _columns_at(memory, row)
    product_serial(
        Matrix(memory, row[DA] + start * n_in + first, n_in, 1),
        Matrix(memory, ZEROS, 0, 0),
        Matrix(memory, row[DOUTPUT] + start * n_out + skipped, n_out, 1),
        weights,
        rows,
        units,
        n_out - skipped,
        scratch_of(memory, row, worker),
        1.0,
    )


@njit
def times_derivative(memory, row, start, rows, first, units):
    """The gradient of some input units, times the derivative of their activation."""
    n_in = row[UNITS]
    if row[FUNCTION] != NONE:
        at, turns, length = start * n_in + first, rows, units
        if units == n_in:
            turns, length = 1, rows * n_in
        for _ in range(turns):
            hand_down(memory, row, at, memory[row[DA] + at :][:length])
            at += n_in


@njit
def _multiply_rows(memory, row, rows, first, units):
    """Add what whole vectors of outputs add: sums over the weights of each input unit."""
    n_in, n_out, lanes = row[UNITS], row[OTHER_UNITS], VECTOR_BYTES // memory.itemsize
    da = Matrix(memory, row[DA] + first, n_in, 1)
    strips = -(-rows // DOT_ROWS)
    height = -(-rows // strips)
    for i in range(0, units, DOT_COLUMNS):
        weights = Matrix(memory, row[KERNEL] + (first + i) * n_out, lanes, n_out)
        columns = min(DOT_COLUMNS, units - i)
        for n in range(0, rows, height):
            to = window(da, n, i)
            doutput = Matrix(memory, row[DOUTPUT] + n * n_out, n_out, lanes)
            few = min(height, rows - n)
            dot_tile(to, to, doutput, weights, few, columns, n_out // lanes, 1, 0, 0)


@operation(INPUT, *PARAMETERS, *TENSOR, *SIZES, UNITS_AN_ITEM)
def dense_forward_item(memory, row, samples, item, worker, step):
    """Some output units of a layer for the whole mini-batch."""
    first, units = units_of(row, item)
    _forward(memory, row, 0, samples * row[POSITIONS], first, units, worker)


@operation(INPUT, *PARAMETERS, *TENSOR, *SIZES, BLOCK)
def dense_forward_block_item(memory, row, samples, item, worker, step):
    """A layer for a block of samples."""
    start, rows = block_of(row, samples, item)
    if rows > 0:
        _forward(memory, row, start, rows, 0, row[UNITS], worker)


@operation(INPUT, *PARAMETERS, *TENSOR, *SIZES, BLOCK)
def dense_forward_few_item(memory, row, samples, item, worker, step):
    """A layer of few outputs for a block of samples, as sums over vectors: only predictions."""
    start, rows = block_of(row, samples, item)
    if rows <= 0:
        return
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    product_of_dots(
        Matrix(memory, row[Z] + start * n_out, n_out, 1),
        bias_of(memory, row, 0),
        Matrix(memory, row[INPUT] + start * n_in, n_in, 1),
        Matrix(memory, row[KERNEL], n_out, 1),
        rows,
        n_out,
        n_in,
        scratch_of(memory, row, worker),
    )
    activate(memory, row, start, rows, 0, n_out)


@njit
def _outside(memory, row, samples, item, worker, step):
    """The samples of a block where they are, the place of its scores, and how many there are."""
    at_once, n_in = row[SAMPLES_AN_ITEM], row[SOURCE_WIDTH]
    start = item * at_once
    rows = min(start + at_once, samples) - start
    first = first_of_batch(row, step) + start
    x = array_at(row[SOURCE] + first * n_in * memory.itemsize, rows * n_in, memory.dtype)
    return Matrix(x, 0, n_in, 1), worker * at_once * row[UNITS], rows


@njit
def _conclude_outside(memory, row, place, rows, worker):
    """Note if a score is not finite, and apply the activation."""
    size = rows * row[UNITS]
    z = memory[row[Z] + place :][:size]
    if not is_finite(z):
        memory[row[FINITE] + worker * (CACHE_LINE // memory.itemsize)] = np.nan
    if row[FUNCTION] != NONE:
        call(row[FUNCTION], memory[row[A] + place :][:size], z)


@operation(*SAMPLES_OUTSIDE, *PARAMETERS, *TENSOR)
def dense_forward_outside_item(memory, row, samples, item, worker, step):
    """The first layer for a block of samples, which are read where they are: outside the memory.

    A number of a sample that is not finite makes all its outputs so, which are fewer. The worker
    notes if one of them is not, also if it is a product that overflows.
    """
    n_in, n_out = row[SOURCE_WIDTH], row[UNITS]
    x, place, rows = _outside(memory, row, samples, item, worker, step)
    z, kernel = Matrix(memory, row[Z] + place, n_out, 1), Matrix(memory, row[KERNEL], n_out, 1)
    bias, scratch = bias_of(memory, row, 0), scratch_of(memory, row, worker)
    product_ahead(z, bias, x, kernel, rows, n_out, n_in, scratch)
    _conclude_outside(memory, row, place, rows, worker)


@operation(*SAMPLES_OUTSIDE, *PARAMETERS, *TENSOR)
def dense_forward_outside_few_item(memory, row, samples, item, worker, step):
    """As `dense_forward_outside_item`, with few outputs, as sums over vectors."""
    n_in, n_out = row[SOURCE_WIDTH], row[UNITS]
    x, place, rows = _outside(memory, row, samples, item, worker, step)
    z, kernel = Matrix(memory, row[Z] + place, n_out, 1), Matrix(memory, row[KERNEL], n_out, 1)
    bias, scratch = bias_of(memory, row, 0), scratch_of(memory, row, worker)
    product_of_dots(z, bias, x, kernel, rows, n_out, n_in, scratch)
    _conclude_outside(memory, row, place, rows, worker)


@operation(INPUT, *PARAMETERS, UNITS, *SIZES, UNITS_AN_ITEM, PARTS, PART_SIZE)
def dense_forward_part_item(memory, row, samples, item, worker, step):
    """What some input units add to all outputs.

    The backward pass cuts a layer by its inputs. With many weights and few samples the forward pass
    does the same, so that every worker finds its weights in its own cache in every step.
    """
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    rows = samples * row[POSITIONS]
    first = item * row[UNITS_AN_ITEM]
    product_serial(
        Matrix(memory, row[PARTS] + item * row[PART_SIZE], n_out, 1),
        Matrix(memory, ZEROS, 0, 0),
        Matrix(memory, row[INPUT] + first, n_in, 1),
        Matrix(memory, row[KERNEL] + first * n_out, n_out, 1),
        rows,
        n_out,
        min(row[UNITS_AN_ITEM], n_in - first),
        scratch_of(memory, row, worker),
        1.0,
    )


@operation(BIAS, STOP, *TENSOR, *SIZES, UNITS_AN_ITEM, PARTS, PART_SIZE)
def dense_sum_parts_item(memory, row, samples, item, worker, step):
    """The sum of the parts in their order, the bias, and the activation."""
    n_out = row[UNITS]
    size = samples * row[POSITIONS] * n_out
    z, part = memory[row[Z] :][:size], memory[row[PARTS] :][:size]
    for i in range(size):
        z[i] = part[i]
    for k in range(1, -(-row[OTHER_UNITS] // row[UNITS_AN_ITEM])):
        part = memory[row[PARTS] + k * row[PART_SIZE] :][:size]
        for i in range(size):
            z[i] += part[i]
    if row[BIAS] < row[STOP]:
        bias = memory[row[BIAS] :][:n_out]
        for start in range(0, size, n_out):
            sample = z[start : start + n_out]
            for o in range(n_out):
                sample[o] += bias[o]
    if row[FUNCTION] != NONE:
        call(row[FUNCTION], memory[row[A] :][:size], z)


@operation(KERNEL, UNITS, OTHER_UNITS, UNITS_AN_ITEM, COLUMNS)
def dense_arrange_item(memory, row, samples, item, worker, step):
    """The weights of some input units as columns."""
    n_out = row[OTHER_UNITS]
    first, units = units_of(row, item)
    panels = _columns_at(memory, row)
    weights = Matrix(memory, row[KERNEL] + first * n_out, 1, n_out)
    copy_panels(window(panels, 0, first // panels.row), weights, n_out, units)


@operation(DOUTPUT, *PARAMETERS, *GRADIENT_OF_TENSOR, *SIZES, BLOCK, COLUMNS)
def dense_hand_down_block_item(memory, row, samples, item, worker, step):
    """The gradient of a layer's inputs for a block of samples."""
    start, rows = block_of(row, samples, item)
    if rows > 0:
        _multiply_columns(memory, row, start, rows, 0, row[UNITS], 0, worker)
        times_derivative(memory, row, start, rows, 0, row[UNITS])


@njit
def block_of(row, samples, item):
    """The first row of a block of samples, and their number."""
    start = item * row[BLOCK]
    return start * row[POSITIONS], min(row[BLOCK], samples - start) * row[POSITIONS]


@njit
def _outer_product(memory, row, target, start, first, units, scale):
    """The gradient of one row: there is nothing to sum, and only the stores take time."""
    n_out = row[OTHER_UNITS]
    x, doutput = memory[row[INPUT] + first :][:units], memory[row[DOUTPUT] :][:n_out]
    factor = memory.dtype.type(scale)
    for i in range(units):
        to = memory[target.at + i * target.row :][:n_out]
        if start.row == 0:  # zeros
            for o in range(n_out):
                to[o] = factor * (x[i] * doutput[o])
        else:  # the target itself
            for o in range(n_out):  # as a tile rounds it
                to[o] = fma(factor, x[i] * doutput[o], to[o])


@njit
def _weight_gradient(memory, row, target, start, rows, first, units, worker, scale):
    """``target = start + scale * (x.T @ doutput)`` for some input units."""
    n_in, n_out = row[UNITS], row[OTHER_UNITS]
    if rows == 1:
        _outer_product(memory, row, target, start, first, units, scale)
        return
    x_transposed = Matrix(memory, row[INPUT] + first, 1, n_in)
    doutput = Matrix(memory, row[DOUTPUT], n_out, 1)
    if row[PANELS] != NONE:
        doutput = panels_at(memory, row[PANELS], rows)
    scratch = scratch_of(memory, row, worker)
    product_serial(target, start, x_transposed, doutput, units, n_out, rows, scratch, scale)


@njit(inline=True)
def begin_strip(memory, row, rows, first, units, worker, step):
    """Where the gradient of the weights of some input units goes, what is added to it, and a scale.

    In plain descent the product is taken from the weights as it is made.
    """
    n_out = row[OTHER_UNITS]
    place = row[KERNEL] + first * n_out
    if row[STRIP] == NONE:
        weights = Matrix(memory, place, n_out, 1)
        return weights, weights, -learning_rate(row, step)
    at = row[LENGTH] + place
    if row[GRADIENT] != NONE:  # in the worker's own scratch, after that of the products
        at = row[SCRATCH] + worker * row[SCRATCH_SIZE] + row[GRADIENT]
    if rows > 1:  # the gradient of one row takes no longer than fetching
        stop = place + min(units * n_out, FETCHED)
        for line in range(place, stop, LINE_BYTES // memory.itemsize):
            prefetch_to_write(memory, line)
    return Matrix(memory, at, n_out, 1), Matrix(memory, ZEROS, 0, 0), 1.0


@njit(inline=True)
def end_strip(memory, row, target, first, units, samples, step):
    """The update of the weights of some input units, unless they are lowered already."""
    if row[STRIP] != NONE:
        place, size = row[KERNEL] + first * row[OTHER_UNITS], units * row[OTHER_UNITS]
        learn(memory, row, place, place + size, target.at, samples, step)


@njit
def learn_bias(memory, row, rows, samples, step):
    """The gradient of the bias, if there is one, and its update."""
    n_out = row[OTHER_UNITS]
    if row[BIAS] < row[STOP]:
        dbias = memory[row[LENGTH] + row[BIAS] :][:n_out]
        sum_rows(dbias, memory[row[DOUTPUT] :][: rows * n_out].reshape(rows, n_out))
        learn(memory, row, row[BIAS], row[STOP], row[LENGTH] + row[BIAS], samples, step)


@operation(DOUTPUT, *SIZES, UNITS_AN_ITEM, PANELS)
def dense_pack_item(memory, row, samples, item, worker, step):
    """Some panels of the outputs' gradient."""
    n_out, rows = row[OTHER_UNITS], samples * row[POSITIONS]
    first = item * row[UNITS_AN_ITEM]
    panels = panels_at(memory, row[PANELS], rows)
    doutput = Matrix(memory, row[DOUTPUT] + first, n_out, 1)
    to = window(panels, 0, first // panels.row)
    copy_panels(to, doutput, rows, min(row[UNITS_AN_ITEM], n_out - first))


@operation(
    *(INPUT, DOUTPUT, *PARAMETERS, *LEARNING, *GRADIENT_OF_TENSOR),
    *(*SIZES, UNITS_AN_ITEM, STRIP, GRADIENT, PANELS, FEW_STRIP, COLUMNS),
)
def dense_backward_item(memory, row, samples, item, worker, step):
    """Some input units of a layer: their gradient, that of their weights, and the update.

    In this order, because the gradient needs the weights from before the update. The weights of
    other input units are not touched, so the items need not wait for each other.
    """
    n_out, rows = row[OTHER_UNITS], samples * row[POSITIONS]
    first, units = units_of(row, item)
    is_handed_down, by_strips = row[DA] != NONE, row[FEW_STRIP] != NONE
    if is_handed_down:
        lanes = VECTOR_BYTES // memory.itemsize
        skipped = n_out // lanes * lanes if by_strips else 0
        _multiply_columns(memory, row, 0, rows, first, units, skipped, worker)
    strip = units if row[STRIP] == NONE else row[STRIP]
    if by_strips:
        strip = row[FEW_STRIP]
    for start in range(first, first + units, strip):
        height = min(strip, first + units - start)
        if is_handed_down and by_strips:
            _multiply_rows(memory, row, rows, start, height)
        if row[STOP] != NONE:  # trainable
            target, begin, scale = begin_strip(memory, row, rows, start, height, worker, step)
            _weight_gradient(memory, row, target, begin, rows, start, height, worker, scale)
            end_strip(memory, row, target, start, height, samples, step)
    if is_handed_down:
        times_derivative(memory, row, 0, rows, first, units)
    if item == 0 and row[STOP] != NONE:
        learn_bias(memory, row, rows, samples, step)
