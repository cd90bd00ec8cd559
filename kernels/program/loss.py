"""Operations of the loss: of each sample, its gradient, and the totals of an epoch."""

import numpy as np

from .. import losses
from ..call import NUMBERS, array_at, call, values
from ..elementary import exp, log, log1p
from ..instructions import fma
from ..jit import njit
from ..optimizers import penalty
from ..sums import largest_of, sum_of
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
from .data import SEED, SHUFFLE

# Losses of rows and their gradients, by address, and the constants of the loss; targets (UNITS of
# them), or the labels that they are made of; label smoothing: what each target loses, and gains;
# the samples' losses and weights; how predictions are counted as right, and where; and what the
# gradient is multiplied with, if a network has several losses, and divided by (NONE: by the samples
# of the mini-batch; 1: each sample is a mini-batch of its own).
(
    LOSS,
    *CONSTANTS,
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
    constant_0=NUMBER,
    constant_1=NUMBER,
    constant_2=NUMBER,
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
OF_LOSS = (
    *(A, DA, UNITS, LOSS, *CONSTANTS, TARGETS, LABELS, SMOOTHING, SPREAD, LOSSES_AT, WEIGHTS),
    *(METRIC, LEVEL, CORRECT, SAMPLES_AN_ITEM, LOSS_WEIGHT, MEAN_OVER),
)
FIRST_CONSTANT, AFTER_CONSTANTS = CONSTANTS[0], CONSTANTS[-1] + 1
# How many rows a sample has, and where their losses go; the label whose rows do not count (NO_LABEL
# for none); how the losses of a mini-batch become one number; how many rows have a weight in common
# (ROWS, or 1 if each row has its own); and what the targets of each class are multiplied with (NONE
# for 1).
ROWS, LOSSES_OF_ROWS, IGNORED, REDUCTION, ROWS_A_WEIGHT, FACTORS = OF_ROWS = fields(
    MEAN_OVER + 1,
    rows=COUNT,
    losses_of_rows=PLACE,
    ignored=COUNT,
    reduction=COUNT,
    rows_a_weight=COUNT,
    factors=PLACE,
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


@njit
def bind_run(table, places, totals, shuffle, seed, first_epoch):
    """Tell the phases of a table about a run; return the address of its totals.

    Parameters
    ----------
    table : (rows, COLUMNS) int64 array
        The first phase makes the order of an epoch.
    places : int64 array
        Those that add to the totals.
    totals : (epochs, outputs + 1, 2) array
    shuffle, seed : int
        Whether the order is shuffled, and how.
    first_epoch : int
        That the first totals are of.
    """
    address = np.int64(totals.ctypes.data)
    table[0, SHUFFLE], table[0, SEED] = shuffle, seed
    for place in places:
        row = table[place]
        row[TOTALS], row[FIRST_EPOCH], row[PAIRS] = address, first_epoch, totals.shape[1]
    return address


# When a prediction counts as right: its largest output is that of the target; or, for each output,
# it is above LEVEL exactly if the target is above 0.5.
ARGMAX, THRESHOLD = range(2)

# The loss of a mini-batch: the mean over all rows that count, their sum, or the sum of the weighted
# losses divided by the sum of the weights.
MEAN, SUM, MEAN_BY_WEIGHT = range(3)
#: By the names that Keras has for them.
REDUCTIONS = {
    "sum_over_batch_size": MEAN,
    "mean": MEAN,
    "sum": SUM,
    "mean_with_sample_weight": MEAN_BY_WEIGHT,
}
NO_LABEL = -(2**62)

# Up to this many classes, the exponentials of several samples are computed in one loop.
FEW_CLASSES = 64


@njit
def _multilabel_crossentropy(values, gradient, logits, y, constants):
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
def _binary_crossentropy(values, gradient, logits, y, constants):
    _multilabel_crossentropy(values, gradient, logits, y, constants)
    share = logits.dtype.type(1 / y.shape[1])
    flat = gradient.reshape(-1)
    for n in range(values.size):
        values[n] *= share
    for i in range(flat.size):
        flat[i] *= share


@njit
def _terms_of_right_classes(z, y, largest):
    """``sum(y (largest - z))``; many terms are added up in float64."""
    zero = z.dtype.type(0)
    if y.size > losses.OUTPUTS:
        double = 0.0
        for o in range(y.size):
            double += y[o] * (largest - z[o]) if y[o] != zero else zero
        return z.dtype.type(double)
    total = zero
    for o in range(y.size):
        # The difference may be infinite, and 0 times infinity is nan.
        total += y[o] * (largest - z[o]) if y[o] != zero else zero
    return total


@njit
def _categorical_crossentropy(values, gradient, logits, y, constants):
    # One exponential serves the loss and its gradient; and few classes fill no vector, but those of
    # all samples do: 16 samples take 1.6 us with 10 classes and 8.9 with 1000, in place of 4.1 and
    # 64 one by one.
    units, flat = y.shape[1], gradient.reshape(-1)
    at_once = values.size if units <= FEW_CLASSES else 1
    for start in range(0, values.size, max(at_once, 1)):
        for n in range(start, start + at_once):
            z, own = logits[n], gradient[n]
            values[n] = largest_of(z)
            for o in range(units):
                own[o] = z[o] - values[n]
        powers = flat[start * units :][: at_once * units]
        for i in range(powers.size):
            powers[i] = exp(powers[i])
        for n in range(start, start + at_once):
            own, targets = gradient[n], y[n]
            total, weight = sum_of(own), sum_of(targets)
            below = _terms_of_right_classes(logits[n], targets, values[n])
            values[n] = fma(weight, log(total), below)
            for o in range(units):
                own[o] = fma(own[o] / total, weight, -targets[o])


def losses_and_gradients(forward, backward, count, name, compiler=njit):
    """Make the function that computes the losses of some rows, and their gradients.

    Parameters
    ----------
    forward, backward : kernel
        The loss of a row, and its derivative.
    count : int
        How many constants they take.
    name : str
        Of the new function.
    compiler : function
        The decorator that compiles it.
    """

    def of_rows(values, gradient, scores, y, constants):
        for n in range(values.size):
            if count == 0:
                values[n] = forward(scores[n], y[n])
                backward(gradient[n], scores[n], y[n])
            elif count == 1:
                values[n] = forward(scores[n], y[n], constants[0])
                backward(gradient[n], scores[n], y[n], constants[0])
            elif count == 2:
                values[n] = forward(scores[n], y[n], constants[0], constants[1])
                backward(gradient[n], scores[n], y[n], constants[0], constants[1])
            else:
                a, b, c = constants[0], constants[1], constants[2]
                values[n] = forward(scores[n], y[n], a, b, c)
                backward(gradient[n], scores[n], y[n], a, b, c)

    of_rows.__name__ = of_rows.__qualname__ = name
    return compiler(of_rows)


#: Losses of some rows and their gradients, by the name of the loss: called with (losses, gradient,
#: logits or prediction, y, constants). They may overwrite the targets y.
LOSSES_OF_ROWS_BY_NAME = {
    name: losses_and_gradients(loss.forward, loss.backward, len(loss.constants), f"_{name}")
    for name, loss in losses.LOSSES.items()
} | {
    "binary_crossentropy": _binary_crossentropy,
    "categorical_crossentropy": _categorical_crossentropy,
    "multilabel_crossentropy": _multilabel_crossentropy,
}
# The processes that compile kernels ahead find each by its name.
globals().update({kernel.__name__: kernel for kernel in LOSSES_OF_ROWS_BY_NAME.values()})


def kinds_of_losses(dtype):
    """The types of the arguments of these functions."""
    return values(dtype), *(values(dtype, 2),) * 3, NUMBERS


@njit
def losses_of_rows(losses, gradient, scores, y, constants, function):
    """Losses of some rows, and their gradients, by the function at an address.

    Parameters
    ----------
    losses : (n,) array
        Output.
    gradient : (n, o) array
        Output: gradient with respect to the scores, not divided by anything.
    scores : (n, o) array
        Logits or predictions.
    y : (n, o) array
        Targets; may be overwritten.
    constants : (3,) float64 array
    function : int
        Address of one of ``LOSSES_OF_ROWS_BY_NAME``.
    """
    call(function, losses, gradient, scores, y, constants)


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


@operation(*OF_LOSS)
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
    constants = row[FIRST_CONSTANT:AFTER_CONSTANTS].view(np.float64)
    call(row[LOSS], values, gradient, prediction, y, constants)
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
def _counts(memory, row, place):
    """Whether a row of the mini-batch counts: its label is not the one to ignore."""
    return row[IGNORED] == NO_LABEL or memory[row[LABELS] + place] != row[IGNORED]


@njit
def _weight(memory, row, place):
    """What the loss of a row of the mini-batch is multiplied with."""
    if row[WEIGHTS] == NONE:
        return 1.0
    return np.float64(memory[row[WEIGHTS] + place // row[ROWS_A_WEIGHT]])


@njit
def _divisor(memory, row, start, stop):
    """What the sum of the losses of some samples is divided by: rows, or weights of rows."""
    if row[REDUCTION] == SUM:
        return 1.0
    total = 0.0
    for place in range(start * row[ROWS], stop * row[ROWS]):
        if _counts(memory, row, place):
            total += _weight(memory, row, place) if row[REDUCTION] == MEAN_BY_WEIGHT else 1.0
    return total


@njit
def _prepare_rows(memory, row, y, prediction, first):
    """Targets of rows from labels, smoothed, times factors; write how many predictions are right.

    `first` is the place of the first of the rows in the mini-batch. The targets of rows that do not
    count are zeros.
    """
    rows, smoothing = row[ROWS], number(row, SMOOTHING)
    keep, spread = memory.dtype.type(1 - smoothing), memory.dtype.type(number(row, SPREAD))
    right = 0
    for r in range(y.shape[0]):
        counts = _counts(memory, row, first + r)
        if row[LABELS] != NONE:
            y[r] = 0
            if counts:
                y[r, np.int64(memory[row[LABELS] + first + r])] = 1
        if row[METRIC] != NONE:
            right = 0 if r % rows == 0 else right
            if row[LABELS] != NONE:  # also one that does not count in the loss
                right += np.argmax(prediction[r]) == memory[row[LABELS] + first + r]
            else:
                right += _is_right(prediction[r], y[r], row[METRIC], number(row, LEVEL))
            memory[row[CORRECT] + (first + r) // rows] = right
        if smoothing != 0:
            for o in range(y.shape[1]):
                y[r, o] = keep * y[r, o] + spread
        if row[FACTORS] != NONE:
            for o in range(y.shape[1]):
                y[r, o] *= memory[row[FACTORS] + o]


@operation(*OF_LOSS, *OF_ROWS)
def loss_of_rows_item(memory, row, samples, item, worker, step):
    """Losses of samples of several rows, with any reduction, weights, and rows that do not count.

    The loss of a sample is what it adds to the loss of the mini-batch, times the number of samples.
    """
    rows, of_mini_batch = row[ROWS], row[MEAN_OVER] == NONE
    outputs, start = row[UNITS] // rows, item * row[SAMPLES_AN_ITEM]
    size = max(min(row[SAMPLES_AN_ITEM], samples - start), 0)
    first, count = start * rows, size * rows
    prediction = _rows(memory, row[A], first, count, outputs)
    gradient = _rows(memory, row[DA], first, count, outputs)
    y = _rows(memory, row[TARGETS], first, count, outputs)
    _prepare_rows(memory, row, y, prediction, first)
    of_rows = memory[row[LOSSES_OF_ROWS] + first :][:count]
    constants = row[FIRST_CONSTANT:AFTER_CONSTANTS].view(np.float64)
    call(row[LOSS], of_rows, gradient, prediction, y, constants)
    divisor = _divisor(memory, row, 0, samples) if of_mini_batch else 0.0
    for n in range(start, start + size):
        if not of_mini_batch:
            divisor = _divisor(memory, row, n, n + 1)
        total = 0.0
        for place in range(n * rows, (n + 1) * rows):
            r = place - first
            if _counts(memory, row, place):
                share = _weight(memory, row, place) / divisor if divisor != 0 else 0.0
                factor = memory.dtype.type(share * number(row, LOSS_WEIGHT))
                total += of_rows[r] * share
                for o in range(outputs):
                    gradient[r, o] *= factor
            else:
                gradient[r] = 0
        memory[row[LOSSES_AT] + n] = total * (samples if of_mini_batch else 1)


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


@njit(exact=True)
def add_penalty(row, penalty, samples, step):
    """Add the regularisation of a layer's parameters to the totals, as the mini-batch counts."""
    if row[PENALTY_OF_SUM] <= 0:
        penalty *= samples
    _totals_of_epoch(row, step)[0] += penalty / row[N_SAMPLES]


@operation(*PARAMETERS, *PENALTIES, *EPOCH)
def penalty_item(memory, row, samples, item, worker, step):
    """Add the regularisation of a layer's parameters, weighted as the mini-batch is."""
    kernel, bias = memory[row[KERNEL] : row[BIAS]], memory[row[BIAS] : row[STOP]]
    added = penalty(kernel, number(row, L1), number(row, L2))
    added += penalty(bias, number(row, BIAS_L1), number(row, BIAS_L2))
    add_penalty(row, added, samples, step)
