"""Dense layer: ``z = x @ kernel + bias``, a product of matrices (:mod:`.matmul`)."""

from .jit import njit
from .matmul import matmul_bias

__all__ = ["dense_forward"]


@njit(calls_parallel=True)
def dense_forward(z, x, kernel, bias):
    """Forward pass of a dense layer, ``z = x @ kernel + bias``, parallel over pieces of ``z``.

    Two FLOPs for each weight and sample.

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


@njit
def sum_rows(dbias, dz):
    """Sum of each column: the gradient with respect to the bias, ``dbias = dz.sum(axis=0)``."""
    for o in range(dbias.size):
        dbias[o] = 0
    for n in range(dz.shape[0]):
        for o in range(dbias.size):
            dbias[o] += dz[n, o]
