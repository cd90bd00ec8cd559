"""Operations of the loss: of each sample, its gradient, and the totals of an epoch."""

import numpy as np

from .. import losses
from ..codes import LOSSES
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
def _mean_squared_error(value, dprediction, prediction, y, delta):
    value[0] = losses.mean_squared_error_forward(prediction, y)
    losses.mean_squared_error_backward(dprediction, prediction, y)


@njit
def _mean_absolute_error(value, dprediction, prediction, y, delta):
    value[0] = losses.mean_absolute_error_forward(prediction, y)
    losses.mean_absolute_error_backward(dprediction, prediction, y)


@njit
def _huber(value, dprediction, prediction, y, delta):
    value[0] = losses.huber_forward(prediction, y, delta)
    losses.huber_backward(dprediction, prediction, y, delta)


@njit
def _poisson(value, dprediction, prediction, y, delta):
    value[0] = losses.poisson_forward(prediction, y)
    losses.poisson_backward(dprediction, prediction, y)


@njit
def _binary_crossentropy(value, dlogits, logits, y, delta):
    value[0] = losses.binary_crossentropy_forward(logits, y)
    losses.binary_crossentropy_backward(dlogits, logits, y)


@njit
def _multilabel_crossentropy(value, dlogits, logits, y, delta):
    value[0] = losses.multilabel_crossentropy_forward(logits, y)
    losses.multilabel_crossentropy_backward(dlogits, logits, y)


@njit
def _categorical_crossentropy(value, dlogits, logits, y, delta):
    value[0] = losses.categorical_crossentropy_forward(logits, y)
    losses.categorical_crossentropy_backward(dlogits, logits, y)


#: Loss and gradient of one sample, in the order of the codes.
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
def loss_item(memory, row, samples, item, worker, step):
    """Losses of some samples, and the gradient of their mean over the mini-batch.

    This is where training divides by the number of samples.
    """
    units, smoothing = row[UNITS], number(row, SMOOTHING)
    keep = memory.dtype.type(1 - smoothing)
    spread = memory.dtype.type(number(row, SPREAD))
    start = item * row[SAMPLES_AN_ITEM]
    for n in range(start, min(start + row[SAMPLES_AN_ITEM], samples)):
        prediction = memory[row[A] + n * units :][:units]
        gradient = memory[row[DA] + n * units :][:units]
        y = memory[row[TARGETS] + n * units :][:units]
        if row[LABELS] != NONE:
            y[:] = 0
            y[np.int64(memory[row[LABELS] + n])] = 1
        if row[METRIC] != NONE:
            right = _is_right(prediction, y, row[METRIC], number(row, LEVEL))
            memory[row[CORRECT] + n] = right
        if smoothing != 0:
            for o in range(units):
                y[o] = keep * y[o] + spread
        value = memory[row[LOSSES_AT] + n :][:1]
        call(row[LOSS], value, gradient, prediction, y, number(row, DELTA))
        scale = memory.dtype.type(1 / samples)
        if row[WEIGHTS] != NONE:
            weight = memory[row[WEIGHTS] + n]
            value[0] *= weight
            scale *= weight
        for o in range(units):
            gradient[o] *= scale


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
