"""Dense layer: ``z = x @ kernel + bias`` and its two derivatives.

Two FLOPs for each weight and sample in each of the three. For a batch they are products of
matrices (:mod:`.matmul`); for one sample they are the loops right below.
"""

from .jit import njit
from .matmul import matmul_bias, matmul_nt, matmul_tn, product_serial
from .operations import call
from .optimizers import update_range
from .program import (
    ACTIVATE,
    ARGUMENTS,
    DA,
    GRADIENT,
    NONE,
    UNITS,
    UNITS_AN_ITEM,
    UPDATE,
    ZEROS,
    A,
    Z,
)
from .simd import Matrix

__all__ = ["dense_backward_input", "dense_backward_weight", "dense_forward"]


@njit
def dense_forward_sample(z, x, kernel, bias):
    """Forward pass of one sample."""
    for o in range(z.size):
        z[o] = bias[o]
    for i in range(x.size):
        weights, x_i = kernel[i], x[i]
        for o in range(z.size):
            z[o] += x_i * weights[o]


@njit
def dense_backward_input_sample(dx, dz, kernel):
    """Gradient of one sample with respect to its input."""
    for i in range(dx.size):
        weights = kernel[i]
        total = dz.dtype.type(0)
        for o in range(dz.size):
            total += dz[o] * weights[o]
        dx[i] = total


@njit
def dense_backward_weight_sample(dkernel, dbias, x, dz):
    """Add one sample's gradient with respect to kernel and bias."""
    for i in range(x.size):
        dweights, x_i = dkernel[i], x[i]
        for o in range(dz.size):
            dweights[o] += x_i * dz[o]
    for o in range(dz.size):
        dbias[o] += dz[o]


@njit(calls_parallel=True)
def dense_forward(z, x, kernel, bias):
    """Forward pass of a dense layer, ``z = x @ kernel + bias``, parallel over pieces of ``z``.

    Parameters
    ----------
    z : (n, o) array
        Output: pre-activations.
    x : (n, i) array
        Inputs.
    kernel : (i, o) array
        Weights.
    bias : (o,) array
    """
    matmul_bias(z, x, kernel, bias)


@njit(calls_parallel=True)
def dense_backward_input(dx, dz, kernel):
    """Gradient with respect to the input, ``dx = dz @ kernel.T``, parallel over pieces of ``dx``.

    Parameters
    ----------
    dx : (n, i) array
        Output.
    dz : (n, o) array
        Gradient with respect to the pre-activations.
    kernel : (i, o) array
        Weights.
    """
    matmul_nt(dx, dz, kernel)


@njit
def _sum_rows(dbias, dz):
    for o in range(dbias.size):
        dbias[o] = 0
    for n in range(dz.shape[0]):
        for o in range(dbias.size):
            dbias[o] += dz[n, o]


@njit(calls_parallel=True)
def dense_backward_weight(dkernel, dbias, x, dz):
    """Gradient with respect to kernel and bias, parallel over pieces of ``dkernel``.

    ``dkernel = x.T @ dz`` and ``dbias = dz.sum(axis=0)``, sums over the samples. Each thread owns
    pieces of the result, so no partial gradients are kept.

    Parameters
    ----------
    dkernel : (i, o) array
        Output.
    dbias : (o,) array
        Output.
    x : (n, i) array
        Inputs.
    dz : (n, o) array
        Gradient with respect to the pre-activations.
    """
    matmul_tn(dkernel, x, dz)
    _sum_rows(dbias, dz)


# What else a dense layer's rows hold in a program. Forward, the units of the row are its outputs
# (Z, A); INPUT are the activations of the layer before, OTHER_UNITS their number. Backward, the
# units of the row are its inputs (A, DA); DOUTPUT is the gradient of its outputs, OTHER_UNITS their
# number.
OTHER_UNITS, KERNEL, BIAS, INPUT, DOUTPUT, SCRATCH, SCRATCH_SIZE = range(ARGUMENTS, ARGUMENTS + 7)


@njit
def dense_forward_item(memory, row, samples, item, worker, step):
    """Some output units of a layer for the whole mini-batch: ``a = f(x @ kernel + bias)``."""
    n_in, n_out = row[OTHER_UNITS], row[UNITS]
    first = item * row[UNITS_AN_ITEM]
    units = min(row[UNITS_AN_ITEM], n_out - first)
    product_serial(
        Matrix(memory, row[Z] + first, n_out, 1),
        Matrix(memory, row[BIAS] + first, 0, 1),
        Matrix(memory, row[INPUT], n_in, 1),
        Matrix(memory, row[KERNEL] + first, n_out, 1),
        samples,
        units,
        n_in,
        memory[row[SCRATCH] + worker * row[SCRATCH_SIZE] :],
    )
    if row[ACTIVATE] != NONE:
        call(row[ACTIVATE], memory, row, samples, item, worker, step)


@njit
def dense_backward_item(memory, row, samples, item, worker, step):
    """Some input units of a layer: their gradient, that of their weights, and the update.

    In this order, for the gradient wants the weights from before the update. The weights of other
    input units are not touched, so the items need not wait for each other.
    """
    n_in, n_out = row[UNITS], row[OTHER_UNITS]
    first = item * row[UNITS_AN_ITEM]
    units = min(row[UNITS_AN_ITEM], n_in - first)
    scratch = memory[row[SCRATCH] + worker * row[SCRATCH_SIZE] :]
    zeros = Matrix(memory, ZEROS, 0, 0)
    kernel = row[KERNEL] + first * n_out
    gradient = row[GRADIENT]
    dz = Matrix(memory, row[DOUTPUT], n_out, 1)

    if row[DA] != NONE:  # nobody asks for the gradient of the data
        dx = Matrix(memory, row[DA] + first, n_in, 1)
        kernel_transposed = Matrix(memory, kernel, 1, n_out)
        product_serial(dx, zeros, dz, kernel_transposed, samples, units, n_out, scratch)
        if row[ACTIVATE] != NONE:
            call(row[ACTIVATE], memory, row, samples, item, worker, step)

    dkernel = Matrix(memory, gradient + kernel, n_out, 1)
    x_transposed = Matrix(memory, row[A] + first, 1, n_in)
    product_serial(dkernel, zeros, x_transposed, dz, units, n_out, samples, scratch)
    if item == 0:
        dbias = memory[gradient + row[BIAS] :][:n_out]
        _sum_rows(dbias, memory[row[DOUTPUT] :][: samples * n_out].reshape(samples, n_out))
    if row[UPDATE] != NONE:  # otherwise it waits for the norm of the whole gradient
        call(row[UPDATE], memory, row, samples, item, worker, step)


@njit
def dense_update_item(memory, row, samples, item, worker, step):
    """Update the weights of some input units of a layer, and with the first of them its bias."""
    n_out = row[OTHER_UNITS]
    first = item * row[UNITS_AN_ITEM]
    stop = min(first + row[UNITS_AN_ITEM], row[UNITS])
    update_range(memory, row, row[KERNEL] + first * n_out, row[KERNEL] + stop * n_out, step)
    if item == 0:
        update_range(memory, row, row[BIAS], row[BIAS] + n_out, step)
