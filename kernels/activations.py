"""Activations and their derivatives.

The derivatives are written in terms of the activation ``a``, which the forward pass has already
computed. ``a`` may be ``z`` itself, and ``dz`` may be ``da``: each element is read before it is
written.
"""

import math

from .chunks import chunk_bounds, chunk_count
from .codes import RELU, SIGMOID, SOFTMAX, TANH
from .jit import njit, prange

__all__ = [
    "activation_backward",
    "activation_forward",
    "relu_backward",
    "relu_forward",
    "sigmoid_backward",
    "sigmoid_forward",
    "softmax_backward",
    "softmax_forward",
    "tanh_backward",
    "tanh_forward",
]

# An exponential costs about this many multiply-adds.
EXP_WORK = 16


@njit
def sigmoid_forward(a, z):
    """Logistic sigmoid, ``a = 1 / (1 + exp(-z))``.

    Right at any ``z``: where ``exp(-z)`` overflows to infinity, its reciprocal is the limit 0.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    one = a.dtype.type(1)
    for o in range(z.size):
        a[o] = one / (one + math.exp(-z[o]))


@njit
def sigmoid_backward(dz, a, da):
    """Derivative of the sigmoid, ``dz = da * a * (1 - a)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    one = a.dtype.type(1)
    for o in range(a.size):
        dz[o] = da[o] * a[o] * (one - a[o])


@njit
def tanh_forward(a, z):
    """Hyperbolic tangent, ``a = tanh(z)``.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    for o in range(z.size):
        a[o] = math.tanh(z[o])


@njit
def tanh_backward(dz, a, da):
    """Derivative of the hyperbolic tangent, ``dz = da * (1 - a**2)``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    one = a.dtype.type(1)
    for o in range(a.size):
        dz[o] = da[o] * (one - a[o] * a[o])


@njit
def relu_forward(a, z):
    """Rectified linear unit, ``a = max(z, 0)``; NaN stays NaN.

    Parameters
    ----------
    a : (o,) array
        Output.
    z : (o,) array
        Pre-activations.
    """
    zero = a.dtype.type(0)
    for o in range(z.size):
        a[o] = zero if z[o] < zero else z[o]


@njit
def relu_backward(dz, a, da):
    """Derivative of the rectified linear unit, ``dz = da`` where ``a > 0``, else 0.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the pre-activations.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    zero = a.dtype.type(0)
    for o in range(a.size):
        dz[o] = da[o] if a[o] > zero else zero


@njit
def softmax_forward(a, z):
    """Softmax of one sample, ``a = exp(z - max z) / sum(exp(z - max z))``.

    Taking the maximum off changes nothing in exact arithmetic and keeps every exponential at
    most 1.

    Parameters
    ----------
    a : (o,) array
        Output: positive, with sum 1.
    z : (o,) array
        Logits.
    """
    largest = z[0]
    for o in range(1, z.size):
        largest = max(largest, z[o])
    total = a.dtype.type(0)
    for o in range(z.size):
        a[o] = math.exp(z[o] - largest)
        total += a[o]
    for o in range(z.size):
        a[o] /= total


@njit
def softmax_backward(dz, a, da):
    """Derivative of the softmax of one sample, ``dz = a * (da - sum(a * da))``.

    Parameters
    ----------
    dz : (o,) array
        Output: gradient with respect to the logits.
    a : (o,) array
        Activations of the forward pass.
    da : (o,) array
        Gradient with respect to the activations.
    """
    total = a.dtype.type(0)
    for o in range(a.size):
        total += a[o] * da[o]
    for o in range(a.size):
        dz[o] = a[o] * (da[o] - total)


@njit
def activate(a, z, activation):
    """Activation of rows on one thread: every one but the softmax sees one long vector."""
    if activation == SOFTMAX:
        for n in range(z.shape[0]):
            softmax_forward(a[n], z[n])
    elif activation == SIGMOID:
        sigmoid_forward(a.reshape(-1), z.reshape(-1))
    elif activation == TANH:
        tanh_forward(a.reshape(-1), z.reshape(-1))
    elif activation == RELU:
        relu_forward(a.reshape(-1), z.reshape(-1))
    else:
        a[:] = z


@njit
def activate_backward(dz, a, da, activation):
    """Derivative of :func:`activate`."""
    if activation == SOFTMAX:
        for n in range(a.shape[0]):
            softmax_backward(dz[n], a[n], da[n])
    elif activation == SIGMOID:
        sigmoid_backward(dz.reshape(-1), a.reshape(-1), da.reshape(-1))
    elif activation == TANH:
        tanh_backward(dz.reshape(-1), a.reshape(-1), da.reshape(-1))
    elif activation == RELU:
        relu_backward(dz.reshape(-1), a.reshape(-1), da.reshape(-1))
    else:
        dz[:] = da


@njit(parallel=True)
def activation_forward(a, z, activation):
    """Activation of a batch, parallel over samples.

    Parameters
    ----------
    a : (n, o) array
        Output.
    z : (n, o) array
        Pre-activations.
    activation : int
        Place of the activation's name in ``codes.ACTIVATIONS``.
    """
    samples, units = z.shape
    chunks = chunk_count(samples, units * EXP_WORK)
    if chunks == 1:
        activate(a, z, activation)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            activate(a[start:stop], z[start:stop], activation)


@njit(parallel=True)
def activation_backward(dz, a, da, activation):
    """Derivative of the activation of a batch, parallel over samples.

    Parameters
    ----------
    dz : (n, o) array
        Output: gradient with respect to the pre-activations.
    a : (n, o) array
        Activations of the forward pass.
    da : (n, o) array
        Gradient with respect to the activations.
    activation : int
        Place of the activation's name in ``codes.ACTIVATIONS``.
    """
    samples, units = a.shape
    chunks = chunk_count(samples, units)
    if chunks == 1:
        activate_backward(dz, a, da, activation)
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, samples)
            activate_backward(dz[start:stop], a[start:stop], da[start:stop], activation)
