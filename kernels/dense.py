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
