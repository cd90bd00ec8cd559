"""A network of dense layers: forward pass, backpropagation, mini-batch gradient.

All parameters stand in one flat vector: for each layer its kernel, ``(n_in, n_out)`` row by row,
then its bias. ``sizes`` holds the number of units of the input and of each layer, ``activations``
a code for each layer. ``z``, ``a`` and ``dz`` hold the units of all layers one after the other.
"""

import numpy as np

from .activations import activate, activate_backward
from .chunks import chunk_bounds, chunk_count
from .codes import CROSSENTROPIES
from .dense import (
    dense_backward_input_sample,
    dense_backward_weight_sample,
    dense_forward_sample,
)
from .jit import njit, prange
from .losses import sample_loss, sample_loss_backward

__all__ = ["backprop_sample", "forward_sample", "minibatch_gradient", "predict"]

# A mini-batch is cut into at most this many chunks, each with a gradient of its own.
GRADIENT_CHUNKS = 8


@njit
def n_parameters(sizes):
    """Number of weights and biases of a network."""
    total = 0
    for layer in range(sizes.size - 1):
        total += (sizes[layer] + 1) * sizes[layer + 1]
    return total


@njit
def layer_views(parameters, offset, n_in, n_out):
    """Kernel and bias of the layer whose parameters start at `offset`."""
    end = offset + n_in * n_out
    return parameters[offset:end].reshape(n_in, n_out), parameters[end : end + n_out]


@njit
def forward_sample(z, a, x, parameters, sizes, activations):
    """Forward pass of one sample through all layers.

    Parameters
    ----------
    z, a : (units,) array
        Outputs: pre-activations and activations of every layer.
    x : (n_in,) array
        Input.
    parameters : (p,) array
        Flat parameters.
    sizes : (layers + 1,) int array
    activations : (layers,) int array
        Places of the activations' names in ``codes.ACTIVATIONS``.
    """
    offset = 0
    unit = 0
    inputs = x
    for layer in range(activations.size):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        kernel, bias = layer_views(parameters, offset, n_in, n_out)
        z_layer, a_layer = z[unit : unit + n_out], a[unit : unit + n_out]
        dense_forward_sample(z_layer, inputs, kernel, bias)
        activate(a_layer.reshape(1, -1), z_layer.reshape(1, -1), activations[layer])
        inputs = a_layer
        offset += (n_in + 1) * n_out
        unit += n_out


@njit
def backprop_sample(gradient, z, a, dz, x, y, parameters, sizes, activations, loss):
    """Backpropagation of one sample: its gradient is added to `gradient`.

    A forward pass, the derivative of the loss at the read-out, and then from the last layer to
    the first: ``dkernel = x dz'``, ``dbias = dz``, ``dx = kernel dz``, and ``dz`` of the layer
    before from ``dx``.

    Parameters
    ----------
    gradient : (p,) array
        The sample's gradient is added to it.
    z, a, dz : (units,) array
        Outputs: pre-activations, activations and gradients of every layer.
    x : (n_in,) array
        Input.
    y : (n_out,) array
        Target.
    parameters : (p,) array
        Flat parameters.
    sizes : (layers + 1,) int array
    activations : (layers,) int array
        Places in ``codes.ACTIVATIONS``. A cross-entropy wants its own read-out: sigmoid, or
        softmax for the categorical one.
    loss : int
        Place in ``codes.LOSSES``.

    Returns
    -------
    float
        The loss of the sample.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
    """
    forward_sample(z, a, x, parameters, sizes, activations)
    layers = activations.size
    n_out = sizes[layers]
    unit = z.size - n_out
    offset = parameters.size
    delta = dz[unit:]
    if loss in CROSSENTROPIES:  # with its read-out, in one: a - y
        value = sample_loss(z[unit:], y, loss)
        sample_loss_backward(delta, z[unit:], y, loss)
    else:
        value = sample_loss(a[unit:], y, loss)
        sample_loss_backward(delta, a[unit:], y, loss)
        rows = delta.reshape(1, -1)
        z_last, a_last = z[unit:].reshape(1, -1), a[unit:].reshape(1, -1)
        activate_backward(rows, z_last, a_last, rows, activations[layers - 1])

    for layer in range(layers - 1, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        offset -= (n_in + 1) * n_out
        kernel, _ = layer_views(parameters, offset, n_in, n_out)
        dkernel, dbias = layer_views(gradient, offset, n_in, n_out)
        if layer == 0:
            dense_backward_weight_sample(dkernel, dbias, x, delta)
        else:
            below = slice(unit - n_in, unit)
            a_below, delta_below = a[below], dz[below]
            dense_backward_weight_sample(dkernel, dbias, a_below, delta)
            dense_backward_input_sample(delta_below, delta, kernel)
            rows = delta_below.reshape(1, -1)
            z_rows, a_rows = z[below].reshape(1, -1), a_below.reshape(1, -1)
            activate_backward(rows, z_rows, a_rows, rows, activations[layer - 1])
            delta = delta_below
            unit -= n_in
    return value


@njit
def _add_gradients(gradient, x, y, rows, parameters, sizes, activations, loss):
    """Add the gradients of some samples, one after the other; returns the sum of their losses."""
    units = sizes[1:].sum()
    work = np.empty((3, units), parameters.dtype)
    z, a, dz = work[0], work[1], work[2]
    total = 0.0
    for n in rows:
        total += backprop_sample(
            gradient, z, a, dz, x[n], y[n], parameters, sizes, activations, loss
        )
    return total


@njit(parallel=True)
def minibatch_gradient(gradient, x, y, rows, parameters, sizes, activations, loss):
    """Mean gradient over a mini-batch, parallel over chunks of samples.

    The samples are cut into at most ``GRADIENT_CHUNKS`` chunks, each of which adds up its own
    gradient; the chunks are added in order. The division by the number of samples is done here
    and nowhere else.

    Parameters
    ----------
    gradient : (p,) array
        Output.
    x : (n, n_in) array
        Inputs of all samples.
    y : (n, n_out) array
        Targets of all samples.
    rows : (batch,) int array
        The samples of the mini-batch.
    parameters : (p,) array
        Flat parameters.
    sizes : (layers + 1,) int array
    activations : (layers,) int array
        Places in ``codes.ACTIVATIONS``.
    loss : int
        Place in ``codes.LOSSES``.

    Returns
    -------
    float
        Mean loss over the mini-batch, before any update.
    """
    samples = rows.size
    chunks = min(GRADIENT_CHUNKS, chunk_count(samples, 3 * parameters.size))
    scale = gradient.dtype.type(1 / samples)
    if chunks == 1:
        gradient[:] = 0
        total = _add_gradients(gradient, x, y, rows, parameters, sizes, activations, loss)
        gradient *= scale
        return total / samples

    partial_gradients = np.empty((chunks, gradient.size), gradient.dtype)
    partial_losses = np.empty(chunks)
    for chunk in prange(chunks):
        start, stop = chunk_bounds(chunk, chunks, samples)
        partial_gradients[chunk] = 0
        partial_losses[chunk] = _add_gradients(
            partial_gradients[chunk], x, y, rows[start:stop], parameters, sizes, activations, loss
        )
    for piece in prange(GRADIENT_CHUNKS):
        start, stop = chunk_bounds(piece, GRADIENT_CHUNKS, gradient.size)
        gradient[start:stop] = partial_gradients[0, start:stop]
        for chunk in range(1, chunks):
            gradient[start:stop] += partial_gradients[chunk, start:stop]
        gradient[start:stop] *= scale
    total = 0.0
    for chunk in range(chunks):
        total += partial_losses[chunk]
    return total / samples


@njit
def _predict_rows(out, x, parameters, sizes, activations):
    units = sizes[1:].sum()
    work = np.empty((2, units), parameters.dtype)
    z, a = work[0], work[1]
    for n in range(x.shape[0]):
        forward_sample(z, a, x[n], parameters, sizes, activations)
        out[n] = a[units - out.shape[1] :]


@njit(parallel=True)
def predict(out, x, parameters, sizes, activations):
    """Forward pass of a batch, parallel over samples.

    Parameters
    ----------
    out : (n, n_out) array
        Output: activations of the last layer.
    x : (n, n_in) array
        Inputs.
    parameters : (p,) array
        Flat parameters.
    sizes : (layers + 1,) int array
    activations : (layers,) int array
        Places in ``codes.ACTIVATIONS``.
    """
    samples = x.shape[0]
    chunks = chunk_count(samples, parameters.size)
    if chunks == 1:
        _predict_rows(out, x, parameters, sizes, activations)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            _predict_rows(out[start:stop], x[start:stop], parameters, sizes, activations)
