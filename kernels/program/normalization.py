"""Operations of batch and layer normalisation: samples are shared out, partial sums kept apart."""

import math

import numpy as np

from ..call import call
from ..jit import njit
from ..normalization import (
    add_partials,
    batch_norm_rows_backward,
    inverse_deviation,
    layer_norm_row,
    layer_norm_rows_backward,
    moving_average_update,
    normalize_rows,
    sum_gradients,
    sum_rows,
    sum_squares,
)
from .columns import (
    ARGUMENTS,
    COUNT,
    DA,
    DOUTPUT,
    FUNCTION,
    GRADIENT_OF_TENSOR,
    INPUT,
    ITEMS,
    NONE,
    NUMBER,
    PLACE,
    UNITS,
    A,
    Z,
    fields,
    number,
    operation,
    scratch_of,
)
from .hand_down import hand_down

# The rows of a sample (its positions) and their length; scale and offset; the float64 partial sums
# of the items; the mean of the mini-batch (of each row, in layer normalisation); one over the
# standard deviation of the mini-batch, or the float64 variance of each row; the moving mean and
# variance; partial gradients of gamma and beta.
(
    POSITIONS,
    CHANNELS,
    SAMPLES_AN_ITEM,
    GAMMA,
    BETA,
    SUMS,
    MEAN,
    INVERSE,
    VARIANCE,
    MOVING_MEAN,
    MOVING_VARIANCE,
    EPSILON,
    MOMENTUM,
    PARTIAL,
    PARTIAL_SIZE,
) = fields(
    ARGUMENTS,
    positions=COUNT,
    channels=COUNT,
    samples_an_item=COUNT,
    gamma=PLACE,
    beta=PLACE,
    sums=PLACE,
    mean=PLACE,
    inverse=PLACE,
    variance=PLACE,
    moving_mean=PLACE,
    moving_variance=PLACE,
    epsilon=NUMBER,
    momentum=NUMBER,
    partial=PLACE,
    partial_size=COUNT,
)
ROWS = (POSITIONS, CHANNELS, SAMPLES_AN_ITEM)
SCALED = (INPUT, Z, A, FUNCTION, UNITS, *ROWS, GAMMA, BETA, EPSILON)
BACKWARD = (DOUTPUT, *GRADIENT_OF_TENSOR, *ROWS, GAMMA)


@njit
def _rows_of(memory, row, place, samples, item):
    """The rows of an item's samples, of those that start at a place."""
    channels = row[CHANNELS]
    start = min(item * row[SAMPLES_AN_ITEM], samples)
    stop = min(start + row[SAMPLES_AN_ITEM], samples)
    rows = (stop - start) * row[POSITIONS]
    return memory[place + start * row[UNITS] :][: rows * channels].reshape(rows, channels)


@njit
def _channels(memory, row, place):
    return memory[place:][: row[CHANNELS]]


@njit
def _sums(memory, row, which):
    """The items' partial sums of one kind, as (items, channels) float64 numbers."""
    size = row[ITEMS] * row[CHANNELS] * 8 // memory.itemsize
    doubles = memory[row[SUMS] + which * size :][:size].view(np.float64)
    return doubles.reshape(row[ITEMS], row[CHANNELS])


@operation(INPUT, UNITS, *ROWS, SUMS)
def batch_norm_mean_item(memory, row, samples, item, worker, step):
    """Sums of some samples."""
    sum_rows(_sums(memory, row, 0)[item], _rows_of(memory, row, row[INPUT], samples, item))


@operation(INPUT, UNITS, *ROWS, SUMS, MEAN)
def batch_norm_variance_item(memory, row, samples, item, worker, step):
    """The mean is known: sums of the squared deviations of some samples."""
    mean = scratch_of(memory, row, worker)[: row[CHANNELS]]
    add_partials(mean, _sums(memory, row, 0), 1 / (samples * row[POSITIONS]))
    sum_squares(_sums(memory, row, 1)[item], _rows_of(memory, row, row[INPUT], samples, item), mean)
    if item == 0:
        _channels(memory, row, row[MEAN])[:] = mean


@njit
def _scale_and_activate(memory, row, samples, item, mean, scale):
    """``f((x - mean) scale + beta)`` for the samples of an item."""
    x, z = (
        _rows_of(memory, row, row[INPUT], samples, item),
        _rows_of(memory, row, row[Z], samples, item),
    )
    normalize_rows(z, x, mean, scale, _channels(memory, row, row[BETA]))
    if row[FUNCTION] != NONE:
        a = _rows_of(memory, row, row[A], samples, item)
        call(row[FUNCTION], a.reshape(-1), z.reshape(-1))


@operation(*SCALED, SUMS, MEAN, INVERSE, MOVING_MEAN, MOVING_VARIANCE, MOMENTUM)
def batch_norm_forward_item(memory, row, samples, item, worker, step):
    """Mean and variance are known: normalise some samples, and with the first move the averages.

    The variance is used in float64, because it may be too large for float32.
    """
    channels = row[CHANNELS]
    scratch = scratch_of(memory, row, worker)
    variance, scale = scratch[:channels], scratch[channels : 2 * channels]
    mean, gamma = _channels(memory, row, row[MEAN]), _channels(memory, row, row[GAMMA])
    add_partials(variance, _sums(memory, row, 1), 1 / (samples * row[POSITIONS]))
    _inverse_of_sums(scale, _sums(memory, row, 1), samples * row[POSITIONS], number(row, EPSILON))
    if item == 0:
        _channels(memory, row, row[INVERSE])[:] = scale
    for c in range(channels):
        scale[c] *= gamma[c]
    _scale_and_activate(memory, row, samples, item, mean, scale)
    if item == 0:
        momentum = number(row, MOMENTUM)
        moving_average_update(_channels(memory, row, row[MOVING_MEAN]), mean, momentum)
        moving_average_update(_channels(memory, row, row[MOVING_VARIANCE]), variance, momentum)


@njit
def _inverse_of_sums(inverse, sums, count, epsilon):
    """``1 / sqrt(variance + epsilon)`` of each channel, from the sums of squares of all items."""
    for c in range(inverse.size):
        squares = 0.0
        for item in range(sums.shape[0]):
            squares += sums[item, c]
        inverse[c] = 1 / math.sqrt(squares / count + epsilon)


@njit
def _moving_scale(memory, row, worker):
    """What the moving variance and gamma multiply each channel with."""
    scale = scratch_of(memory, row, worker)[: row[CHANNELS]]
    variance = _channels(memory, row, row[MOVING_VARIANCE])
    inverse_deviation(scale, variance, number(row, EPSILON))
    gamma = _channels(memory, row, row[GAMMA])
    for c in range(scale.size):
        scale[c] *= gamma[c]
    return scale


@operation(*SCALED, MOVING_MEAN, MOVING_VARIANCE, INVERSE)
def batch_norm_inference_item(memory, row, samples, item, worker, step):
    """Normalise some samples by the moving averages."""
    if item == 0 and row[INVERSE] != NONE:  # gamma and beta will be learned
        variance = _channels(memory, row, row[MOVING_VARIANCE])
        inverse_deviation(_channels(memory, row, row[INVERSE]), variance, number(row, EPSILON))
    scale = _moving_scale(memory, row, worker)
    mean = _channels(memory, row, row[MOVING_MEAN])
    _scale_and_activate(memory, row, samples, item, mean, scale)


@operation(INPUT, DOUTPUT, UNITS, *ROWS, SUMS, MEAN, INVERSE)
def batch_norm_sums_item(memory, row, samples, item, worker, step):
    """Gradients of gamma and beta over some samples."""
    sum_gradients(
        _sums(memory, row, 0)[item],
        _sums(memory, row, 1)[item],
        _rows_of(memory, row, row[DOUTPUT], samples, item),
        _rows_of(memory, row, row[INPUT], samples, item),
        _channels(memory, row, row[MEAN]),
        _channels(memory, row, row[INVERSE]),
    )


@njit
def _hand_down(memory, row, samples, item):
    """Hand down the gradient of some samples."""
    start = min(item * row[SAMPLES_AN_ITEM], samples) * row[UNITS]
    hand_down(memory, row, start, _rows_of(memory, row, row[DA], samples, item).reshape(-1))


@operation(INPUT, *BACKWARD, SUMS, MEAN, INVERSE, PARTIAL)
def batch_norm_backward_item(memory, row, samples, item, worker, step):
    """The input gradient of some samples, and with the first the gradients of gamma and beta."""
    channels = row[CHANNELS]
    scratch = scratch_of(memory, row, worker)
    dgamma, dbeta = scratch[:channels], scratch[channels : 2 * channels]
    add_partials(dgamma, _sums(memory, row, 0), 1.0)
    add_partials(dbeta, _sums(memory, row, 1), 1.0)
    if item == 0 and row[PARTIAL] != NONE:
        memory[row[PARTIAL] :][:channels] = dgamma
        memory[row[PARTIAL] + channels :][:channels] = dbeta
    if row[DA] == NONE:
        return
    batch_norm_rows_backward(
        _rows_of(memory, row, row[DA], samples, item),
        _rows_of(memory, row, row[DOUTPUT], samples, item),
        _rows_of(memory, row, row[INPUT], samples, item),
        _channels(memory, row, row[MEAN]),
        _channels(memory, row, row[INVERSE]),
        _channels(memory, row, row[GAMMA]),
        dgamma,
        dbeta,
        memory.dtype.type(1 / (samples * row[POSITIONS])),
    )
    _hand_down(memory, row, samples, item)


@operation(*BACKWARD, EPSILON, MOVING_VARIANCE)
def batch_norm_frozen_backward_item(memory, row, samples, item, worker, step):
    """The input gradient of some samples where the moving averages were used."""
    scale = _moving_scale(memory, row, worker)
    dx = _rows_of(memory, row, row[DA], samples, item)
    dout = _rows_of(memory, row, row[DOUTPUT], samples, item)
    for n in range(dx.shape[0]):
        for c in range(scale.size):
            dx[n, c] = dout[n, c] * scale[c]
    _hand_down(memory, row, samples, item)


@njit
def _moments(memory, row, item, rows):
    """Mean and, as float64 numbers, variance of each of an item's rows."""
    first, wide = item * row[SAMPLES_AN_ITEM] * row[POSITIONS], 8 // memory.itemsize
    variance = memory[row[VARIANCE] + first * wide :][: rows * wide].view(np.float64)
    return memory[row[MEAN] + first :][:rows], variance


@operation(*SCALED, MEAN, VARIANCE)
def layer_norm_forward_item(memory, row, samples, item, worker, step):
    """Normalise each row of some samples, and keep its mean and variance."""
    x, z = (
        _rows_of(memory, row, row[INPUT], samples, item),
        _rows_of(memory, row, row[Z], samples, item),
    )
    gamma, beta = _channels(memory, row, row[GAMMA]), _channels(memory, row, row[BETA])
    mean, variance = _moments(memory, row, item, x.shape[0])
    epsilon = number(row, EPSILON)
    for n in range(x.shape[0]):
        mean[n], variance[n] = layer_norm_row(z[n], x[n], gamma, beta, epsilon)
    if row[FUNCTION] != NONE:
        a = _rows_of(memory, row, row[A], samples, item)
        call(row[FUNCTION], a.reshape(-1), z.reshape(-1))


@operation(INPUT, *BACKWARD, EPSILON, MEAN, VARIANCE, PARTIAL, PARTIAL_SIZE)
def layer_norm_backward_item(memory, row, samples, item, worker, step):
    """The input gradient of some samples, and their partial gradients of gamma and beta."""
    channels = row[CHANNELS]
    x = _rows_of(memory, row, row[INPUT], samples, item)
    mean, variance = _moments(memory, row, item, x.shape[0])
    partial = memory[row[PARTIAL] + item * row[PARTIAL_SIZE] :]
    layer_norm_rows_backward(
        _rows_of(memory, row, row[DA], samples, item),
        partial[:channels],
        partial[channels : 2 * channels],
        _rows_of(memory, row, row[DOUTPUT], samples, item),
        x,
        mean,
        variance,
        _channels(memory, row, row[GAMMA]),
        number(row, EPSILON),
    )
    _hand_down(memory, row, samples, item)
