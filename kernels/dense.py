"""Dense layer: ``z = x @ kernel + bias`` and its two derivatives.

Two FLOPs for each weight and sample in each of the three. The inner loop always runs along a row
of contiguous memory, so it vectorises; what is summed (``i`` forward, ``o`` and ``n`` backward)
is always added in ascending order.
"""

from .chunks import chunk_bounds, chunk_count
from .jit import njit, prange

__all__ = ["dense_backward_input", "dense_backward_weight", "dense_forward"]


@njit
def dense_forward_sample(z, x, kernel, bias):
    """Forward pass of one sample."""
    z[:] = bias
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


@njit(parallel=True)
def dense_forward(z, x, kernel, bias):
    """Forward pass of a dense layer, ``z = x @ kernel + bias``, parallel over samples.

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
    samples = x.shape[0]
    chunks = chunk_count(samples, kernel.size)
    if chunks == 1:
        for n in range(samples):
            dense_forward_sample(z[n], x[n], kernel, bias)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            for n in range(start, stop):
                dense_forward_sample(z[n], x[n], kernel, bias)


@njit(parallel=True)
def dense_backward_input(dx, dz, kernel):
    """Gradient with respect to the input, ``dx = dz @ kernel.T``, parallel over samples.

    Parameters
    ----------
    dx : (n, i) array
        Output.
    dz : (n, o) array
        Gradient with respect to the pre-activations.
    kernel : (i, o) array
        Weights.
    """
    samples = dz.shape[0]
    chunks = chunk_count(samples, kernel.size)
    if chunks == 1:
        for n in range(samples):
            dense_backward_input_sample(dx[n], dz[n], kernel)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            for n in range(start, stop):
                dense_backward_input_sample(dx[n], dz[n], kernel)


@njit
def _weight_rows(dkernel, x, dz, first):
    """Rows of the weight gradient from row `first` on: all samples, so no partial sums."""
    dkernel[:] = 0
    for n in range(x.shape[0]):
        for row in range(dkernel.shape[0]):
            dweights, x_i = dkernel[row], x[n, first + row]
            for o in range(dz.shape[1]):
                dweights[o] += x_i * dz[n, o]


@njit(parallel=True)
def dense_backward_weight(dkernel, dbias, x, dz):
    """Gradient with respect to kernel and bias, parallel over input units.

    ``dkernel = x.T @ dz`` and ``dbias = dz.sum(axis=0)``, sums over the samples. Each thread owns
    rows of the result, so no partial gradients are kept.

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
    chunks = chunk_count(dkernel.shape[0], dz.size)
    if chunks == 1:
        _weight_rows(dkernel, x, dz, 0)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, dkernel.shape[0])
            _weight_rows(dkernel[start:stop], x, dz, start)
    dbias[:] = 0
    for n in range(dz.shape[0]):
        for o in range(dz.shape[1]):
            dbias[o] += dz[n, o]
