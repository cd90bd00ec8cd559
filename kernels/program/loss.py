"""Operations of the loss: of each sample, its gradient, and the totals of an epoch."""

import numpy as np

from .. import losses
from ..call import array_at, call
from ..codes import LOSSES
from ..elementary import exp, log1p
from ..jit import njit
from ..optimizers import penalty
from .columns import (
    ADDRESS_OF,
    ARGUMENTS,
    BIAS,
    BIAS_L1,
    BIAS_L2,
    COUNT,
    DA,
    KERNEL,
    L1,
    L2,
    NONE,
    NUMBER,
    PARAMETERS,
    PENALTIES,
    PENALTY_OF_SUM,
    PLACE,
    STOP,
    UNITS,
    A,
    fields,
    number,
    operation,
)

# The loss of a sample and its gradient, by address; Huber's delta; targets (UNITS of them), or the
# labels that they are made of; label smoothing: what each target loses, and gains; the samples'
# losses and weights; how predictions are counted as right, and where; and what the gradient is
# multiplied with, if a network has several losses, and divided by (NONE: by the samples).
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
    LOSS_WEIGHT,
    MEAN_OVER,
) = fields(
    ARGUMENTS,
    loss=ADDRESS_OF,
    delta=NUMBER,
    targets=PLACE,
    labels=PLACE,
    smoothing=NUMBER,
    spread=NUMBER,
    losses_at=PLACE,
    weights=PLACE,
    metric=COUNT,
    level=NUMBER,
    correct=PLACE,
    samples_an_item=COUNT,
    loss_weight=NUMBER,
    mean_over=COUNT,
)
# The totals: the address of float64 pairs (loss, right predictions), a number of PAIRS for each
# epoch from the first on; and which of these is the row's own.
TOTALS, FIRST_EPOCH, N_SAMPLES, BATCH_SIZE, PAIRS, PAIR = fields(
    MEAN_OVER + 1,
    totals=ADDRESS_OF,
    first_epoch=COUNT,
    n_samples=COUNT,
    batch_size=COUNT,
    pairs=COUNT,
    pair=COUNT,
)
EPOCH = (TOTALS, FIRST_EPOCH, N_SAMPLES, BATCH_SIZE, PAIRS, PAIR)

# When a prediction counts as right: its largest output is that of the target; or, for each output,
# it is above LEVEL exactly if the target is above 0.5.
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
        total = 0.0
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
    """How many predictions are right: of one class, or of each output."""
    if metric == ARGMAX:
        return int(np.argmax(prediction) == np.argmax(y))
    right = 0
    for o in range(y.size):
        right += (prediction[o] > level) == (y[o] > 0.5)
    return right


@njit
def _rows(memory, place, start, size, units):
    """Some rows of those that start at a place."""
    return memory[place + start * units :][: size * units].reshape(size, units)


@operation(
    *(A, DA, UNITS, LOSS, DELTA, TARGETS, LABELS, SMOOTHING, SPREAD, LOSSES_AT),
    *(WEIGHTS, METRIC, LEVEL, CORRECT, SAMPLES_AN_ITEM, LOSS_WEIGHT, MEAN_OVER),
)
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
    divisor = samples if row[MEAN_OVER] == NONE else row[MEAN_OVER]
    share = memory.dtype.type(number(row, LOSS_WEIGHT) / divisor)
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
    """The row's own pair of totals of the epoch of a step."""
    n_samples, batch_size = row[N_SAMPLES], row[BATCH_SIZE]
    epoch = step // ((n_samples + batch_size - 1) // batch_size) - row[FIRST_EPOCH]
    first = 2 * (epoch * row[PAIRS] + row[PAIR])
    return array_at(row[TOTALS], first + 2, np.float64)[first:]


@operation(LOSSES_AT, METRIC, CORRECT, *EPOCH)
def totals_item(memory, row, samples, item, worker, step):
    """Add a mini-batch to the totals of its epoch, the samples in their order, in float64."""
    totals = _totals_of_epoch(row, step)
    loss, right = 0.0, 0.0
    for n in range(samples):
        loss += memory[row[LOSSES_AT] + n]
    if row[METRIC] != NONE:
        for n in range(samples):
            right += memory[row[CORRECT] + n]
    totals[0] += loss / row[N_SAMPLES]
    totals[1] += right


@operation(*PARAMETERS, *PENALTIES, *EPOCH)
def penalty_item(memory, row, samples, item, worker, step):
    """Add the regularisation of a layer's parameters, weighted as the mini-batch is."""
    totals = _totals_of_epoch(row, step)
    kernel, bias = memory[row[KERNEL] : row[BIAS]], memory[row[BIAS] : row[STOP]]
    added = penalty(kernel, number(row, L1), number(row, L2))
    added += penalty(bias, number(row, BIAS_L1), number(row, BIAS_L2))
    if row[PENALTY_OF_SUM] <= 0:
        added *= samples
    totals[0] += added / row[N_SAMPLES]
