"""Operations of the loss: of each sample, its gradient, and the totals of an epoch."""

import numpy as np

from .. import losses
from ..codes import LOSSES
from ..elementary import exp, log1p
from ..jit import njit
from ..optimizers import penalty
from .call import array_at, call
from .columns import (
    ARGUMENTS,
    BIAS,
    BIAS_L1,
    BIAS_L2,
    DA,
    KERNEL,
    L1,
    L2,
    NONE,
    STOP,
    UNITS,
    A,
    number,
)

# The loss of a sample and its gradient, by address; Huber's delta; targets (UNITS of them), or the
# labels that they are made of; label smoothing: what each target loses, and gains; the samples'
# losses and weights; how predictions are counted as right, and where.
(
    LOSS,
    DELTA,
    TARGETS,
    LABELS,
    SMOOTHING,
    SPREAD,
    LOSSES_AT,
    WEIGHTS,
    METRIC,
    LEVEL,
    CORRECT,
    SAMPLES_AN_ITEM,
) = range(ARGUMENTS, ARGUMENTS + 12)
# The totals: the address of float64 pairs (loss, metric), one for each epoch from the first on.
TOTALS, FIRST_EPOCH, N_SAMPLES, BATCH_SIZE = range(ARGUMENTS + 12, ARGUMENTS + 16)

# How a prediction is called right: the largest is that of the target; or, of each output, both lie
# on the same side of LEVEL and 0.5.
ARGMAX, THRESHOLD = range(2)


@njit
def _mean_squared_error(values, gradient, prediction, y, delta):
    for n in range(values.size):
        values[n] = losses.mean_squared_error_forward(prediction[n], y[n])
        losses.mean_squared_error_backward(gradient[n], prediction[n], y[n])


@njit
def _mean_absolute_error(values, gradient, prediction, y, delta):
    for n in range(values.size):
        values[n] = losses.mean_absolute_error_forward(prediction[n], y[n])
        losses.mean_absolute_error_backward(gradient[n], prediction[n], y[n])


@njit
def _huber(values, gradient, prediction, y, delta):
    for n in range(values.size):
        values[n] = losses.huber_forward(prediction[n], y[n], delta)
        losses.huber_backward(gradient[n], prediction[n], y[n], delta)


@njit
def _poisson(values, gradient, prediction, y, delta):
    for n in range(values.size):
        values[n] = losses.poisson_forward(prediction[n], y[n])
        losses.poisson_backward(gradient[n], prediction[n], y[n])


@njit
def _multilabel_crossentropy(values, gradient, logits, y, delta):
    # Few outputs fill no vector, but those of all samples do; and one exponential serves the loss
    # and its gradient. The terms of the loss take the place of the targets.
    one = logits.dtype.type(1)
    flat_gradient, z, terms = gradient.reshape(-1), logits.reshape(-1), y.reshape(-1)
    for i in range(z.size):
        target, e = terms[i], exp(-abs(z[i]))
        flat_gradient[i] = (one if z[i] > 0 else e) / (one + e) - target
        terms[i] = max(z[i], 0) - z[i] * target + log1p(e)
    for n in range(values.size):
        total = logits.dtype.type(0)
        for o in range(y.shape[1]):
            total += y[n, o]
        values[n] = total


@njit
def _binary_crossentropy(values, gradient, logits, y, delta):
    _multilabel_crossentropy(values, gradient, logits, y, delta)
    share = logits.dtype.type(1 / y.shape[1])
    flat = gradient.reshape(-1)
    for n in range(values.size):
        values[n] *= share
    for i in range(flat.size):
        flat[i] *= share


@njit
def _categorical_crossentropy(values, gradient, logits, y, delta):
    for n in range(values.size):
        values[n] = losses.categorical_crossentropy_forward(logits[n], y[n])
        losses.categorical_crossentropy_backward(gradient[n], logits[n], y[n])


@njit
def _binary_log_loss(values, gradient, prediction, y, delta):
    for n in range(values.size):
        values[n] = losses.binary_log_loss_forward(prediction[n], y[n])
        losses.binary_log_loss_backward(gradient[n], prediction[n], y[n])


@njit
def _multilabel_log_loss(values, gradient, prediction, y, delta):
    for n in range(values.size):
        values[n] = losses.multilabel_log_loss_forward(prediction[n], y[n])
        losses.multilabel_log_loss_backward(gradient[n], prediction[n], y[n])


@njit
def _categorical_log_loss(values, gradient, prediction, y, delta):
    for n in range(values.size):
        values[n] = losses.categorical_log_loss_forward(prediction[n], y[n])
        losses.categorical_log_loss_backward(gradient[n], prediction[n], y[n])


#: Losses of some samples and their gradients, in the order of the codes: one loss a row of the
#: predictions; the targets may be overwritten.
SAMPLE_LOSSES = tuple(globals()[f"_{name}"] for name in LOSSES)


@njit
def _is_right(prediction, y, metric, level):
    """Share of the outputs that are predicted right."""
    if metric == ARGMAX:
        return 1.0 if np.argmax(prediction) == np.argmax(y) else 0.0
    right = 0
    for o in range(y.size):
        right += (prediction[o] > level) == (y[o] > 0.5)
    return right / y.size


@njit
def _rows(memory, place, start, size, units):
    """Some rows of those that start at a place."""
    return memory[place + start * units :][: size * units].reshape(size, units)


@njit
def loss_item(memory, row, samples, item, worker, step):
    """Losses of some samples, and the gradient of their mean over the mini-batch.

    This is where training divides by the number of samples.
    """
    units, smoothing = row[UNITS], number(row, SMOOTHING)
    start = item * row[SAMPLES_AN_ITEM]
    size = max(min(row[SAMPLES_AN_ITEM], samples - start), 0)
    prediction = _rows(memory, row[A], start, size, units)
    gradient = _rows(memory, row[DA], start, size, units)
    y = _rows(memory, row[TARGETS], start, size, units)
    values = memory[row[LOSSES_AT] + start :][:size]
    if row[LABELS] != NONE:
        for n in range(size):
            y[n] = 0
            y[n, np.int64(memory[row[LABELS] + start + n])] = 1
    if row[METRIC] != NONE:
        for n in range(size):
            right = _is_right(prediction[n], y[n], row[METRIC], number(row, LEVEL))
            memory[row[CORRECT] + start + n] = right
    if smoothing != 0:
        keep = memory.dtype.type(1 - smoothing)
        spread = memory.dtype.type(number(row, SPREAD))
        for n in range(size):
            for o in range(units):
                y[n, o] = keep * y[n, o] + spread
    call(row[LOSS], values, gradient, prediction, y, number(row, DELTA))
    share = memory.dtype.type(1 / samples)
    if row[WEIGHTS] == NONE:
        flat = gradient.reshape(-1)
        for i in range(flat.size):
            flat[i] *= share
        return
    for n in range(size):
        weight = memory[row[WEIGHTS] + start + n]
        values[n] *= weight
        for o in range(units):
            gradient[n, o] *= weight * share


@njit
def _totals_of_epoch(row, step):
    n_samples, batch_size = row[N_SAMPLES], row[BATCH_SIZE]
    epoch = step // ((n_samples + batch_size - 1) // batch_size) - row[FIRST_EPOCH]
    return array_at(row[TOTALS], 2 * (epoch + 1), np.float64)[2 * epoch :]


@njit
def totals_item(memory, row, samples, item, worker, step):
    """Add a mini-batch to the totals of its epoch, the samples in their order."""
    n_samples, batch_size = row[N_SAMPLES], row[BATCH_SIZE]
    totals = _totals_of_epoch(row, step)
    if step % ((n_samples + batch_size - 1) // batch_size) == 0:
        totals[:] = 0
    loss, right = 0.0, 0.0
    for n in range(samples):
        loss += memory[row[LOSSES_AT] + n]
    if row[METRIC] != NONE:
        for n in range(samples):
            right += memory[row[CORRECT] + n]
    totals[0] += loss / n_samples
    totals[1] += right / n_samples


@njit
def penalty_item(memory, row, samples, item, worker, step):
    """Add the regularisation of a layer's parameters, weighted as the mini-batch is."""
    totals = _totals_of_epoch(row, step)
    kernel, bias = memory[row[KERNEL] : row[BIAS]], memory[row[BIAS] : row[STOP]]
    added = penalty(kernel, number(row, L1), number(row, L2))
    added += penalty(bias, number(row, BIAS_L1), number(row, BIAS_L2))
    totals[0] += added * samples / row[N_SAMPLES]
