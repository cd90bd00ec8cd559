"""What happens to a gradient: regularisation, clipping, the optimiser's step, and an average."""

import numpy as np

from ..call import array_at, call
from ..jit import njit
from ..optimizers import add_penalty_gradient, average_step, clip_by_norm, clip_by_value
from ..sums import sum_runs
from .columns import (
    ARGUMENTS,
    BIAS,
    BIAS_L1,
    BIAS_L2,
    CLIPNORM,
    CLIPVALUE,
    COUNT,
    EVERY,
    FIRST_STEP,
    HYPER,
    ITERATIONS,
    KERNEL,
    L1,
    L2,
    LEARNING,
    LENGTH,
    N_HYPER,
    NONE,
    NUMBER,
    PARAMETERS,
    PENALTY_OF_SUM,
    PLACE,
    RATES,
    STOP,
    UPDATE,
    fields,
    number,
    operation,
)

# Partial gradients of a layer's parameters that are still to be added up: their number (0 if the
# gradient is complete), the place of the first, and how far apart they are.
PARTIALS, PARTIAL, PARTIAL_SIZE, PARAMETERS_AN_ITEM = fields(
    ARGUMENTS, partials=COUNT, partial=PLACE, partial_size=COUNT, parameters_an_item=COUNT
)
# Where gradients of several steps are added up; and the size of the whole data set, if the sum is
# made the mean gradient of that (NONE: the mean over the steps).
SUM, N_SAMPLES = fields(ARGUMENTS + 4, sum=PLACE, n_samples=COUNT)
# Where the moving average of the parameters is, what part of it each step keeps, and after how many
# updates it replaces the parameters each time (NONE: never).
AVERAGE, MOMENTUM, OVERWRITE = fields(
    ARGUMENTS + 6, average=PLACE, momentum=NUMBER, overwrite=COUNT
)


@njit
def learning_rate(row, step):
    """The learning rate of a step."""
    past = step - row[FIRST_STEP]
    return array_at(row[RATES], past + 1, np.float64)[past]


@njit
def _learn_part(memory, row, start, stop, gradient_at, l1, l2, samples, step):
    length = row[LENGTH]
    size = stop - start
    weights, gradient = memory[start:][:size], memory[gradient_at:][:size]
    if l1 != 0 or l2 != 0:
        if row[PENALTY_OF_SUM] > 0:
            l1, l2 = l1 / samples, l2 / samples
        add_penalty_gradient(gradient, weights, l1, l2)
    if row[UPDATE] == NONE:  # it waits for the norm of the whole gradient
        return
    clipvalue = number(row, CLIPVALUE)
    if clipvalue < np.inf:
        clip_by_value(gradient, clipvalue)
    updates = row[ITERATIONS] + step
    if row[EVERY] > 1:
        updates //= row[EVERY]
    call(
        row[UPDATE],
        weights,
        memory[start + 2 * length :][:size],
        memory[start + 3 * length :][:size],
        memory[start + 4 * length :][:size],
        gradient,
        learning_rate(row, step),
        row[HYPER : HYPER + N_HYPER].view(np.float64),
        updates,
    )


@njit
def learn(memory, row, start, stop, gradient_at, samples, step):
    """Their gradient is known: regularise, clip and update a range of a layer's parameters."""
    middle = min(max(row[BIAS], start), stop)
    if start < middle:
        l1, l2 = number(row, L1), number(row, L2)
        _learn_part(memory, row, start, middle, gradient_at, l1, l2, samples, step)
    if middle < stop:
        l1, l2 = number(row, BIAS_L1), number(row, BIAS_L2)
        at = gradient_at + middle - start
        _learn_part(memory, row, middle, stop, at, l1, l2, samples, step)


@njit
def _is_last(row, step):
    """Whether a step is the last of those whose gradients are added up before an update."""
    return row[EVERY] <= 1 or (row[ITERATIONS] + step + 1) % row[EVERY] == 0


@operation(*PARAMETERS, *LEARNING, PARTIALS, PARTIAL, PARTIAL_SIZE, PARAMETERS_AN_ITEM)
def update_item(memory, row, samples, item, worker, step):
    """Add up the partial gradients of some parameters of a layer, and update these."""
    start = row[KERNEL] + item * row[PARAMETERS_AN_ITEM]
    stop = min(start + row[PARAMETERS_AN_ITEM], row[STOP])
    if row[PARTIALS] > 0:
        gradient = memory[start + row[LENGTH] :][: stop - start]
        place = row[PARTIAL] + start - row[KERNEL]
        sum_runs(gradient, memory, place, row[PARTIAL_SIZE], row[PARTIALS])
    if row[UPDATE] == NONE or _is_last(row, step):
        learn(memory, row, start, stop, row[LENGTH] + start, samples, step)


@operation(KERNEL, STOP, LENGTH, CLIPNORM, EVERY, ITERATIONS)
def clip_norm_item(memory, row, samples, item, worker, step):
    """Shorten the gradient of all parameters, ``KERNEL ... STOP``, to the norm of the row."""
    if _is_last(row, step):
        gradient = memory[row[KERNEL] + row[LENGTH] : row[STOP] + row[LENGTH]]
        clip_by_norm(gradient, number(row, CLIPNORM))


@operation(KERNEL, STOP, LENGTH, ITERATIONS, EVERY, PARAMETERS_AN_ITEM, SUM, N_SAMPLES)
def accumulate_item(memory, row, samples, item, worker, step):
    """Add a share of the gradient to those of the steps before; the last becomes the sum.

    The error is at most one unit of roundoff for each step that is added up.
    """
    first = item * row[PARAMETERS_AN_ITEM]
    size = min(row[PARAMETERS_AN_ITEM], row[STOP] - row[KERNEL] - first)
    gradient = memory[row[KERNEL] + row[LENGTH] + first :][:size]
    total = memory[row[SUM] + first :][:size]
    share = 1 / row[EVERY] if row[N_SAMPLES] == NONE else samples / row[N_SAMPLES]
    factor = memory.dtype.type(share)
    if (row[ITERATIONS] + step) % row[EVERY] == 0:
        total[:] = 0
    for p in range(size):
        total[p] += factor * gradient[p]
    if _is_last(row, step):
        gradient[:] = total


@operation(
    *(KERNEL, STOP, ITERATIONS, EVERY, PARAMETERS_AN_ITEM),
    *(AVERAGE, MOMENTUM, OVERWRITE),
)
def average_item(memory, row, samples, item, worker, step):
    """Add some parameters to their moving average, which begins with those of the first update.

    As in Keras, a mini-batch after which nothing is updated counts as well.
    """
    first = item * row[PARAMETERS_AN_ITEM]
    size = min(row[PARAMETERS_AN_ITEM], row[STOP] - row[KERNEL] - first)
    weights = memory[row[KERNEL] + first :][:size]
    average = memory[row[AVERAGE] + first :][:size]
    updates = (row[ITERATIONS] + step) // max(row[EVERY], 1)
    average_step(average, weights, number(row, MOMENTUM) if updates > 0 else 0.0)
    if row[OVERWRITE] > 0 and (updates + 1) % row[OVERWRITE] == 0:
        weights[:] = average
