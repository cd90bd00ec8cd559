"""Batch normalisation (each channel over the rows) and layer normalisation (each row).

Images come as rows too: ``(n, h, w, c)`` is ``(n h w, c)``. Both kinds compute
``out = gamma xhat + beta`` with ``xhat = (x - mean) / sqrt(variance + epsilon)``, where the
variance is the biased one, the mean of the squared deviations.

Means, variances and the sums of the gradients are added up in float64 whatever the type of the
arrays: over 100 000 rows float32 would lose digits. So their error is that of the terms, whatever
the number of rows (`dgamma` and `dbeta` of layer normalisation: at most ``BLOCK`` more units of
roundoff of the sum of the absolute values). Squares are taken in float64 too: that of 1e20 is no
float32. Sums over rows are partial sums of fixed pieces, added in order. All passes are bound by
memory; the inner loops run along the channels.

Backward, the derivative goes through the mean and the variance as well. The division by the number
of terms there is the derivative of a mean and has nothing to do with the mean over a mini-batch:
`dgamma` and `dbeta` are sums over the rows.

References
----------
Ioffe and Szegedy (2015), Batch normalization: accelerating deep network training by reducing
internal covariate shift. Ba, Kiros and Hinton (2016), Layer normalization.
"""

import math

import numpy as np

from .chunks import COPY_WORK, ROW_WORK, chunk_bounds, chunk_count
from .finite import AT_ONCE, is_finite
from .jit import njit, prange
from .sums import BLOCK, add_block

__all__ = [
    "batch_norm_inference",
    "layer_norm_backward",
    "layer_norm_forward",
    "moving_average_update",
]


@njit
def sum_rows(sums, x):
    """Sum of each channel over some rows."""
    sums[:] = 0
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            sums[c] += x[n, c]


@njit
def sum_squares(sums, x, mean):
    """Sum of the squared deviations of each channel over some rows."""
    sums[:] = 0
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            deviation = np.float64(x[n, c] - mean[c])  # its square may be too large for float32
            sums[c] += deviation * deviation


@njit
def add_partials(total, partials, scale):
    """Sum of the pieces' sums in order, times `scale`."""
    for c in range(total.size):
        value = 0.0
        for chunk in range(partials.shape[0]):
            value += partials[chunk, c]
        total[c] = value * scale


@njit
def inverse_deviation(inv_std, variance, epsilon):
    """``1 / sqrt(variance + epsilon)`` of each channel."""
    for c in range(inv_std.size):
        inv_std[c] = 1 / math.sqrt(variance[c] + epsilon)


@njit
def normalize_rows(out, x, mean, scale, beta):
    """``(x - mean) scale + beta`` for some rows."""
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            out[n, c] = (x[n, c] - mean[c]) * scale[c] + beta[c]


@njit(parallel=True)
def batch_norm_inference(out, x, mean, variance, gamma, beta, epsilon):
    """Batch normalisation with a given mean and variance, parallel over rows.

    ``out = gamma (x - mean) / sqrt(variance + epsilon) + beta``. In use, mean and variance are
    the moving averages of training.

    Parameters
    ----------
    out : (n, c) array
        Output; may be `x` itself.
    x : (n, c) array
        Rows.
    mean, variance : (c,) array
        Of each channel.
    gamma, beta : (c,) array
        Scale and offset of each channel.
    epsilon : float
        Added to the variance; Keras uses 0.001.

    Returns
    -------
    bool
        Whether all numbers of `x` are finite.
    """
    rows, channels = x.shape
    scale = np.empty(channels, x.dtype)
    inverse_deviation(scale, variance, epsilon)
    scale *= gamma
    chunks = chunk_count(rows, COPY_WORK * channels)
    if chunks == 1:
        finite = is_finite(x.reshape(-1))
        normalize_rows(out, x, mean, scale, beta)
        return finite
    count = 0
    for chunk in prange(chunks):
        start, stop = chunk_bounds(chunk, chunks, rows)
        count += is_finite(x[start:stop].reshape(-1))
        normalize_rows(out[start:stop], x[start:stop], mean, scale, beta)
    return count == chunks


@njit
def sum_gradients(dgamma, dbeta, dout, x, mean, inv_std):
    """Gradients of gamma and beta over some rows: sums of ``dout xhat`` and of ``dout``."""
    dgamma[:] = 0
    dbeta[:] = 0
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            dgamma[c] += dout[n, c] * ((x[n, c] - mean[c]) * inv_std[c])
            dbeta[c] += dout[n, c]


@njit
def batch_norm_rows_backward(dx, dout, x, mean, inv_std, gamma, dgamma, dbeta, share):
    """Input gradient of some rows; `share` is one over the number of all rows."""
    for n in range(x.shape[0]):
        for c in range(x.shape[1]):
            normal = (x[n, c] - mean[c]) * inv_std[c]
            centred = dout[n, c] - share * (dbeta[c] + normal * dgamma[c])
            dx[n, c] = gamma[c] * inv_std[c] * centred


@njit
def moving_average_update(moving, batch, momentum):
    """One step of a moving average, ``moving = momentum moving + (1 - momentum) batch``.

    Batch normalisation keeps one of its means and one of its (biased) variances.

    Parameters
    ----------
    moving : (c,) array
        Updated in place.
    batch : (c,) array
        The values of this mini-batch.
    momentum : float
        Weight of the old value; Keras uses 0.99.
    """
    keep, take = moving.dtype.type(momentum), moving.dtype.type(1 - momentum)
    for c in range(moving.size):
        moving[c] = keep * moving[c] + take * batch[c]


@njit
def layer_norm_row(out, x, gamma, beta, epsilon):
    """Layer normalisation of one row; returns its mean and, in float64, its variance."""
    total = 0.0
    for o in range(x.size):
        total += x[o]
    mean = x.dtype.type(total / x.size)
    squares = 0.0
    for o in range(x.size):
        deviation = np.float64(x[o] - mean)
        squares += deviation * deviation
    variance = squares / x.size
    inv_std = x.dtype.type(1 / math.sqrt(variance + epsilon))
    for o in range(x.size):
        out[o] = (x[o] - mean) * inv_std * gamma[o] + beta[o]
    return mean, variance


@njit
def _layer_norm_rows(out, mean, variance, x, gamma, beta, epsilon, start, stop):
    """Layer normalisation of some rows; returns whether they are finite."""
    finite, some_rows = True, max(1, AT_ONCE // x.shape[1])
    for first in range(start, stop, some_rows):
        last = min(first + some_rows, stop)
        finite &= is_finite(x[first:last].reshape(-1))
        for n in range(first, last):
            mean[n], variance[n] = layer_norm_row(out[n], x[n], gamma, beta, epsilon)
    return finite


@njit(parallel=True)
def layer_norm_forward(out, mean, variance, x, gamma, beta, epsilon):
    """Layer normalisation: each row by its own mean and variance, parallel over rows.

    ``out = gamma (x - mean) / sqrt(variance + epsilon) + beta``.

    Parameters
    ----------
    out : (n, o) array
        Output; may be `x` itself, but then `x` is lost for :func:`layer_norm_backward`.
    mean : (n,) array
        Output: mean of each row.
    variance : (n,) float64 array
        Output: biased variance of each row, which may be too large for float32.
    x : (n, o) array
        Rows.
    gamma, beta : (o,) array
        Scale and offset of each unit.
    epsilon : float
        Added to the variance; Keras uses 0.001.

    Returns
    -------
    bool
        Whether all numbers of `x` are finite.
    """
    rows, units = x.shape
    chunks = chunk_count(rows, 16 * units + ROW_WORK)
    if chunks == 1:
        return _layer_norm_rows(out, mean, variance, x, gamma, beta, epsilon, 0, rows)
    finite = 0
    for chunk in prange(chunks):
        start, stop = chunk_bounds(chunk, chunks, rows)
        finite += _layer_norm_rows(out, mean, variance, x, gamma, beta, epsilon, start, stop)
    return finite == chunks


@njit
def layer_norm_rows_backward(dx, dgamma, dbeta, dout, x, mean, variance, gamma, epsilon):
    """Input gradient of some rows, and their sums for gamma and beta."""
    rows = x.shape[0]
    if rows <= BLOCK:
        _layer_norm_block_backward(
            dx, dgamma, dbeta, dout, x, mean, variance, gamma, epsilon, 0, rows
        )
        return
    gammas, betas = np.zeros(dgamma.size), np.zeros(dbeta.size)
    for first in range(0, rows, BLOCK):
        stop = min(first + BLOCK, rows)
        _layer_norm_block_backward(
            dx, dgamma, dbeta, dout, x, mean, variance, gamma, epsilon, first, stop
        )
        add_block(gammas, dgamma)
        add_block(betas, dbeta)
    for o in range(dgamma.size):
        dgamma[o], dbeta[o] = gammas[o], betas[o]


@njit
def _layer_norm_block_backward(
    dx, dgamma, dbeta, dout, x, mean, variance, gamma, epsilon, first, stop
):
    """The same for a block of rows, whose sums are kept in the type of the numbers."""
    units = x.shape[1]
    dgamma[:] = 0
    dbeta[:] = 0
    for n in range(first, stop):
        row_mean = mean[n]
        inv_std = x.dtype.type(1 / math.sqrt(variance[n] + epsilon))
        total, total_normal = 0.0, 0.0
        for o in range(units):
            normal = (x[n, o] - row_mean) * inv_std
            dnormal = dout[n, o] * gamma[o]
            total += dnormal
            total_normal += dnormal * normal
            dgamma[o] += dout[n, o] * normal
            dbeta[o] += dout[n, o]
        share, share_normal = x.dtype.type(total / units), x.dtype.type(total_normal / units)
        for o in range(units):
            normal = (x[n, o] - row_mean) * inv_std
            dx[n, o] = inv_std * (dout[n, o] * gamma[o] - share - normal * share_normal)


@njit(parallel=True)
def layer_norm_backward(dx, dgamma, dbeta, dout, x, mean, variance, gamma, epsilon):
    """Derivative of layer normalisation, parallel over rows.

    ``dgamma = sum over n of dout xhat``, ``dbeta = sum over n of dout``, and with
    ``g = gamma dout``:
    ``dx = (g - mean over o of g - xhat mean over o of (g xhat)) / sqrt(variance + epsilon)``.

    Parameters
    ----------
    dx : (n, o) array
        Output: gradient with respect to the rows; may be `dout` itself.
    dgamma, dbeta : (o,) array
        Outputs: gradients with respect to scale and offset.
    dout : (n, o) array
        Gradient with respect to the output.
    x : (n, o) array
        Rows.
    mean : (n,) array
    variance : (n,) float64 array
        Of each row, from :func:`layer_norm_forward`.
    gamma : (o,) array
        Scale of each unit.
    epsilon : float
        Added to the variance.
    """
    rows, units = x.shape
    chunks = chunk_count(rows, 24 * units)
    partials = np.empty((2, chunks, units))
    if chunks == 1:
        layer_norm_rows_backward(
            dx, partials[0, 0], partials[1, 0], dout, x, mean, variance, gamma, epsilon
        )
    else:
        for chunk in prange(chunks):
            start, stop = chunk_bounds(chunk, chunks, rows)
            layer_norm_rows_backward(
                dx[start:stop],
                partials[0, chunk],
                partials[1, chunk],
                dout[start:stop],
                x[start:stop],
                mean[start:stop],
                variance[start:stop],
                gamma,
                epsilon,
            )
    add_partials(dgamma, partials[0], 1.0)
    add_partials(dbeta, partials[1], 1.0)
