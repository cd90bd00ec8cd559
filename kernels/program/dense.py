"""Operations of dense layers: products of matrices, cut into items by output or input units."""

from ..dense import sum_rows
from ..jit import njit
from ..matmul import product_serial
from ..simd import Matrix
from .call import call
from .columns import (
    ARGUMENTS,
    BIAS,
    DA,
    DOUTPUT,
    DZ,
    FUNCTION,
    INPUT,
    KERNEL,
    LENGTH,
    NONE,
    SCRATCH,
    SCRATCH_SIZE,
    STOP,
    UNITS,
    ZEROS,
    A,
    Z,
    scratch_of,
)
from .update import learn, learning_rate

# Forward, the UNITS of the row are the layer's outputs, and OTHER_UNITS its inputs; backward it is
# the other way round. A sample may have several positions, to each of which the layer is applied.
OTHER_UNITS, UNITS_AN_ITEM, POSITIONS = range(ARGUMENTS, ARGUMENTS + 3)
# The gradient of the weights is computed in strips of so many input units. Where it is used at
# once, a strip stays in the first-level cache: so far behind the scratch of the products.
STRIP, GRADIENT = range(ARGUMENTS + 3, ARGUMENTS + 5)


@njit
def _units_of(row, item):
    """First unit of an item, and their number."""
    first = item * row[UNITS_AN_ITEM]
    return first, min(row[UNITS_AN_ITEM], row[UNITS] - first)


@njit
def dense_forward_item(memory, row, samples, item, worker, step):
    """Some output units of a layer for the whole mini-batch: ``a = f(x @ kernel + bias)``."""
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    rows = samples * row[POSITIONS]
    first, units = _units_of(row, item)
    start = Matrix(memory, ZEROS, 0, 0)
    if row[BIAS] < row[STOP]:
        start = Matrix(memory, row[BIAS] + first, 0, 1)
    product_serial(
        Matrix(memory, row[Z] + first, n_out, 1),
        start,
        Matrix(memory, row[INPUT], n_in, 1),
        Matrix(memory, row[KERNEL] + first, n_out, 1),
        rows,
        units,
        n_in,
        scratch_of(memory, row, worker),
    )
    if row[FUNCTION] != NONE:
        at, length = first, units
        if units == n_out:  # one piece
            rows, length = 1, rows * n_out
        for _ in range(rows):
            a, z = memory[row[A] + at :][:length], memory[row[Z] + at :][:length]
            call(row[FUNCTION], a, z)
            at += n_out


@njit
def _learn_bias(memory, row, rows, first, units, step):
    """The gradient of some output units' bias, and its update."""
    n_out = row[STOP] - row[BIAS]
    if n_out == 0:
        return
    doutput = memory[row[DOUTPUT] :][: rows * n_out].reshape(rows, n_out)
    at = row[LENGTH] + row[BIAS] + first
    sum_rows(memory[at:][:units], doutput[:, first : first + units])
    learn(memory, row, row[BIAS] + first, row[BIAS] + first + units, at, step)


@njit
def dense_backward_item(memory, row, samples, item, worker, step):
    """Some input units of a layer: their gradient, that of their weights, and the update.

    In this order, for the gradient wants the weights from before the update. The weights of other
    input units are not touched, so the items need not wait for each other.
    """
    n_in, n_out = row[UNITS], row[OTHER_UNITS]
    rows = samples * row[POSITIONS]
    first, units = _units_of(row, item)
    scratch = scratch_of(memory, row, worker)
    zeros = Matrix(memory, ZEROS, 0, 0)
    doutput = Matrix(memory, row[DOUTPUT], n_out, 1)

    if row[DA] != NONE:  # else nobody asks for the gradient of the inputs
        dx = Matrix(memory, row[DA] + first, n_in, 1)
        kernel_transposed = Matrix(memory, row[KERNEL] + first * n_out, 1, n_out)
        product_serial(dx, zeros, doutput, kernel_transposed, rows, units, n_out, scratch)
    if row[FUNCTION] != NONE:
        at, turns, length = first, rows, units
        if units == n_in:
            turns, length = 1, rows * n_in
        for _ in range(turns):
            call(
                row[FUNCTION],
                memory[row[DZ] + at :][:length],
                memory[row[Z] + at :][:length],
                memory[row[A] + at :][:length],
                memory[row[DA] + at :][:length],
            )
            at += n_in
    if row[STOP] == NONE:  # not trainable
        return

    for i in range(first, first + units, row[STRIP]):
        height = min(row[STRIP], first + units - i)
        kernel = row[KERNEL] + i * n_out
        at = row[LENGTH] + kernel if row[GRADIENT] == NONE else _own(row, worker)
        x_transposed = Matrix(memory, row[INPUT] + i, 1, n_in)
        dkernel = Matrix(memory, at, n_out, 1)
        product_serial(dkernel, zeros, x_transposed, doutput, height, n_out, rows, scratch)
        learn(memory, row, kernel, kernel + height * n_out, at, step)
    if item == 0:
        _learn_bias(memory, row, rows, 0, n_out, step)


@njit
def _own(row, worker):
    """Where a worker keeps a strip of a gradient: behind the scratch of its products."""
    return row[SCRATCH] + worker * row[SCRATCH_SIZE] + row[GRADIENT]


@njit
def dense_descent_item(memory, row, samples, item, worker, step):
    """Plain gradient descent for some output units of the first layer.

    It has no input gradient, so it may be cut as the forward pass is, by output units: then every
    worker finds the weights of its units in its own cache, in every step. The product of inputs
    and gradients is taken from the weights as it is made.
    """
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    rows = samples * row[POSITIONS]
    first, units = _units_of(row, item)
    kernel = Matrix(memory, row[KERNEL] + first, n_out, 1)
    x_transposed = Matrix(memory, row[INPUT], 1, n_in)
    doutput = Matrix(memory, row[DOUTPUT] + first, n_out, 1)
    scratch = scratch_of(memory, row, worker)
    rate = learning_rate(row, step)
    product_serial(kernel, kernel, x_transposed, doutput, n_in, units, rows, scratch, -rate)
    _learn_bias(memory, row, rows, first, units, step)
