"""Dense layer: ``z = x @ kernel + bias`` and its two derivatives.

Two FLOPs for each weight and sample in each of the three. For a batch they are products of
matrices (:mod:`.matmul`); for one sample they are the loops right below.
"""

from .jit import njit
from .matmul import matmul_bias, matmul_nt, matmul_tn

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
def sum_rows(dbias, dz):
    """Sum of each column."""
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
    sum_rows(dbias, dz)
