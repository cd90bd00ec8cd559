"""Many models in one parallel region: a thread trains one model after the other, each alone.

A model's whole training is one item: epochs of its program, its validation, and the decision
whether it ends early. No model waits for another, and none sees what another computes, so that
each ends with the bits of a fit of its own.

What a thread needs is a memory for one program. Weights, and what the optimiser remembers of them,
are loaded into it when a model begins, and stored when it ends.
"""

import numpy as np

from ..call import array_at
from ..finite import is_finite
from ..jit import njit, prange
from ..optimizers import penalty
from ..schedules import scheduled_rates
from .atomics import atomic_add
from .columns import ADDRESS, COLUMNS, FIRST_STEP, ITERATIONS, NONE, RATES
from .data import BATCH_SIZE, N_SAMPLES, ORDER
from .run import run_alone

# A program of a model: the address of its table, how many rows that has, and how many of them are
# run one after the other; the address of its beginnings (`_begin_with`), and their number; and
# where in its memory the weights are.
TABLE, ROWS, PHASES, BEGINNINGS, N_BEGINNINGS, PARAMETERS = range(6)
# A model is a row of integers: its training program, and its validation program (ROWS is 0 if there
# is none).
TRAINING, VALIDATION = 0, 6
# Its weights: their number, how far apart the optimiser's slots are in the memory, and how many
# slots there are; and the address where all these numbers are stored, one after the other.
N_PARAMETERS, LENGTH, N_SLOTS, STATE = range(12, 16)
# Its epochs: how many, and the number of the first; mini-batches that the optimiser has taken
# before, and the number of the first for the schedule of the learning rate; that schedule, with the
# address of its numbers; and the work of a step, in multiply-adds.
EPOCHS, FIRST_EPOCH, TAKEN, RATE_STEP, SCHEDULE, NUMBERS, N_NUMBERS, WORK = range(16, 24)
# The address of its totals in training and in validation, and pairs in an epoch of these; the
# penalties of its weights, which validation reports: an address, and their number.
TOTALS, VALIDATION_TOTALS, PAIRS, PENALTIES, N_PENALTIES = range(24, 29)
# How far it has come: steps that were run; whether it has ended, and whether because of a loss or
# a weight that is not finite.
DONE, HAS_ENDED, HAS_DIVERGED = range(29, 32)
# The address where it keeps its best weights apart from its last; 0 where those take their place.
BEST_WEIGHTS = 32
# The address of what weights and slots begin with: for each the address of its first number, and
# how far apart the numbers are.
ORIGINS = 33
MODEL_COLUMNS = 34

# Early stopping of a model, a row of float64 numbers, most of them arguments of the callback: what
# is watched (NOTHING, or the totals of training or of validation), which pair of them (NONE for the
# whole loss), which number of the pair, and what that is divided by; 1 if more is better, or -1.
WATCHED, PAIR, NUMBER, DIVISOR, SIGN = range(5)
MIN_DELTA, PATIENCE, BASELINE, START_FROM, RESTORES_BEST = range(5, 10)
# What it remembers: the best value (NaN for none yet), epochs since, and numbers of epochs.
BEST, WAIT, BEST_EPOCH, STOPPED_EPOCH = range(10, 14)
# Whether the rules are those of scikit-learn's networks, and what is added to the value for them.
BY_TOLERANCE, OFFSET = 14, 15
STOPPING_COLUMNS = 16
NOTHING, OF_TRAINING, OF_VALIDATION = range(3)

# What all workers share: the next model that none has taken, and the work done in this slice; each
# in a cache line of its own.
NEXT, WORKED, SHARED = 0, 8, 16

# Multiply-adds that are worth a look at what the others have done: some 0.1 ms.
STINT = 1 << 20
# What a step costs besides its multiply-adds, as if it were this many of them.
STEP_WORK = 10_000
# Learning rates that are computed at once, at most.
MOST_STEPS = 512


@njit
def table_of(model, program):
    """The table of a program of a model."""
    rows = model[program + ROWS]
    return array_at(model[program + TABLE], rows * COLUMNS, np.int64).reshape(rows, COLUMNS)


@njit
def _begin_with(model, program, memory):
    """Write the numbers that a program expects in its memory.

    These are rows of (place, how many, address of the first, how far apart the others are).
    """
    rows = array_at(model[program + BEGINNINGS], 4 * model[program + N_BEGINNINGS], np.int64)
    for k in range(0, rows.size, 4):
        place, size, step = rows[k], rows[k + 1], rows[k + 3]
        numbers = array_at(rows[k + 2], (size - 1) * step + 1, memory.dtype)
        for i in range(size):
            memory[place + i] = numbers[i * step]


@njit
def _take_order(model, order, gather):
    """Let the training program keep the order of its samples in an array of the worker."""
    table = table_of(model, TRAINING)
    for r in range(table.shape[0]):
        if r == 0 or table[r, ADDRESS] == gather:
            table[r, ORDER] = np.int64(order.ctypes.data)


@njit
def slots_of(model, memory, number):
    """Weights (number 0), or one of the optimiser's slots."""
    # The gradient is between them.
    at = model[TRAINING + PARAMETERS] + (number + (number > 0)) * model[LENGTH]
    return memory[at : at + model[N_PARAMETERS]]


@njit
def _state(model, number, memory):
    """Where the same numbers are stored."""
    size = model[N_PARAMETERS]
    return array_at(model[STATE] + number * size * memory.itemsize, size, memory.dtype)


@njit
def row_of(model, program, number):
    """A row of the table of a program of a model."""
    return array_at(model[program + TABLE] + number * COLUMNS * 8, COLUMNS, np.int64)


@njit
def steps_of(model, program):
    """Steps in an epoch of a program."""
    row = row_of(model, program, 0)
    return -(-row[N_SAMPLES] // row[BATCH_SIZE])


@njit
def totals_of(model, which, epoch):
    """The pairs of an epoch, of the fit's own epochs."""
    size = 2 * model[PAIRS]
    return array_at(model[which] + epoch * size * 8, size, np.float64).reshape(size // 2, 2)


@njit
def _run_steps(model, memory, rates, count):
    """Run the next steps of a model, all in one epoch; whether all is finite after them."""
    table = table_of(model, TRAINING)
    steps, done = steps_of(model, TRAINING), model[DONE]
    start = model[FIRST_EPOCH] * steps
    numbers = array_at(model[NUMBERS], model[N_NUMBERS], np.float64)
    scheduled_rates(rates[:count], model[SCHEDULE], numbers, model[RATE_STEP] + done)
    for r in range(table.shape[0]):
        table[r, RATES] = np.int64(rates.ctypes.data)
        table[r, FIRST_STEP] = start + done
        table[r, ITERATIONS] = model[TAKEN] - start
    phases = table[: model[TRAINING + PHASES]]
    n_samples, batch_size = table[0, N_SAMPLES], table[0, BATCH_SIZE]
    run_alone(phases, 1, memory, n_samples, batch_size, start + done, count)
    model[DONE] += count
    totals = totals_of(model, TOTALS, done // steps)
    return is_finite(totals.reshape(-1)) and is_finite(slots_of(model, memory, 0))


@njit
def _measure(model, memory, reader, epoch):
    """Losses of the validation samples after an epoch."""
    table = table_of(model, VALIDATION)
    weights, at = slots_of(model, memory, 0), model[VALIDATION + PARAMETERS]
    reader[at : at + weights.size] = weights
    steps = steps_of(model, VALIDATION)
    phases = table[1 : model[VALIDATION + PHASES]]  # without the one that begins an epoch
    n_samples, batch_size = table[0, N_SAMPLES], table[0, BATCH_SIZE]
    run_alone(phases, 0, reader, n_samples, batch_size, epoch * steps, steps)


@njit
def _penalise(model, memory, epoch):
    """Penalties as part of the validation loss."""
    weights, total = slots_of(model, memory, 0), 0.0
    penalised = array_at(model[PENALTIES], 4 * model[N_PENALTIES], np.float64)
    for k in range(0, penalised.size, 4):
        start, stop = np.int64(penalised[k]), np.int64(penalised[k + 1])
        total += penalty(weights[start:stop], penalised[k + 2], penalised[k + 3])
    totals_of(model, VALIDATION_TOTALS, epoch)[model[PAIRS] - 1, 0] = total


@njit(exact=True)
def _watched(stopping, totals, loss_weights):
    """The number that early stopping watches, as the history reports it."""
    if stopping[PAIR] == NONE:
        loss = 0.0
        for k in range(loss_weights.size):
            loss += loss_weights[k] * totals[k, 0]
        return loss + totals[loss_weights.size, 0]
    return totals[np.int64(stopping[PAIR]), np.int64(stopping[NUMBER])] / stopping[DIVISOR]


@njit(exact=True)
def _is_better(stopping, value, reference):
    """Whether a value is better than a reference, of which NaN is none."""
    if np.isnan(value):
        return False
    return np.isnan(reference) or stopping[SIGN] * (value - reference) > stopping[MIN_DELTA]


@njit
def _stops_early(stopping, value, epoch, weights, best):
    """Whether a model ends after an epoch; the rules are those of the callback EarlyStopping."""
    if epoch < stopping[START_FROM]:
        return False
    stopping[WAIT] += 1
    if _is_better(stopping, value, stopping[BEST]):
        stopping[BEST], stopping[BEST_EPOCH] = value, epoch
        if stopping[RESTORES_BEST]:
            best[: weights.size] = weights
        if _is_better(stopping, value, stopping[BASELINE]):
            stopping[WAIT] = 0
    elif stopping[WAIT] >= stopping[PATIENCE] and epoch > 0:
        stopping[STOPPED_EPOCH] = epoch
        return True
    return False


@njit(exact=True)
def _stops_by_tolerance(stopping, value, weights, best):
    """Whether a model ends after an epoch; the rules are those of scikit-learn's networks.

    The best value is the best of all, also if it is better by less than the tolerance.
    """
    value, sign = stopping[SIGN] * (value + stopping[OFFSET]), stopping[SIGN]
    record = -np.inf if np.isnan(stopping[BEST]) else sign * stopping[BEST]
    improved = value >= record + stopping[MIN_DELTA]
    if value > record:
        stopping[BEST] = sign * value
        if stopping[RESTORES_BEST]:
            best[: weights.size] = weights
    stopping[WAIT] = 0 if improved else stopping[WAIT] + 1
    return stopping[WAIT] > stopping[PATIENCE]


@njit
def reads_weights(model, stopping):
    """Whether something looks at the weights of a model after each epoch."""
    return model[VALIDATION + ROWS] > 0 or stopping[WATCHED] != NOTHING


@njit
def end_epoch(model, stopping, loss_weights, epoch, memory, reader, best, is_measured):
    """Validation, if the losses are not known yet, and whether that was the last epoch."""
    if model[VALIDATION + ROWS] > 0:
        if not is_measured:
            _measure(model, memory, reader, epoch)
        _penalise(model, memory, epoch)
    weights, stops = slots_of(model, memory, 0), False
    if stopping[WATCHED] != NOTHING:
        which = TOTALS if stopping[WATCHED] == OF_TRAINING else VALIDATION_TOTALS
        value = _watched(stopping, totals_of(model, which, epoch), loss_weights[: model[PAIRS] - 1])
        if model[BEST_WEIGHTS] != 0:
            best = array_at(model[BEST_WEIGHTS], weights.size, weights.dtype)
        if stopping[BY_TOLERANCE]:
            stops = _stops_by_tolerance(stopping, value, weights, best)
        else:
            stops = _stops_early(stopping, value, epoch, weights, best)
    if stops or epoch + 1 == model[EPOCHS]:
        model[HAS_ENDED] = 1
        if stopping[RESTORES_BEST] and model[BEST_WEIGHTS] == 0 and not np.isnan(stopping[BEST]):
            weights[:] = best[: weights.size]


@njit
def _train_on(model, stopping, loss_weights, memory, reader, best, rates):
    """Train a model for a while, at most to the end of its epoch; return the work that was done."""
    steps, done = steps_of(model, TRAINING), model[DONE]
    count = min(steps - done % steps, rates.size, max(1, STINT // model[WORK]))
    if not _run_steps(model, memory, rates, count):
        model[HAS_ENDED] = model[HAS_DIVERGED] = 1
    elif (done + count) % steps == 0:
        end_epoch(model, stopping, loss_weights, done // steps, memory, reader, best, False)
    return count * model[WORK]


@njit
def begin(model, memory, reader, order, gather):
    """Put a model into the memories of a worker."""
    _begin_with(model, TRAINING, memory)
    _take_order(model, order, gather)
    origins = array_at(model[ORIGINS], 2 * (1 + model[N_SLOTS]), np.int64)
    for number in range(1 + model[N_SLOTS]):
        own, step = slots_of(model, memory, number), origins[2 * number + 1]
        numbers = array_at(origins[2 * number], (own.size - 1) * step + 1, memory.dtype)
        for i in range(own.size):
            own[i] = numbers[i * step]
    if model[VALIDATION + ROWS] > 0:
        _begin_with(model, VALIDATION, reader)


@njit
def store(model, memory):
    """Keep what a worker has computed, unless it is not finite."""
    if model[HAS_DIVERGED] == 0:
        for number in range(1 + model[N_SLOTS]):
            _state(model, number, memory)[:] = slots_of(model, memory, number)


@njit
def train_alone(shared, enough, model, stopping, loss_weights, memory, reader, best, rates):
    """Train a model to its end, or until all workers have done enough; return whether they have."""
    is_enough = False
    while model[HAS_ENDED] == 0 and not is_enough:
        work = _train_on(model, stopping, loss_weights, memory, reader, best, rates)
        is_enough = atomic_add(shared, WORKED, work) + work >= enough
    store(model, memory)
    return is_enough


@njit
def _work(
    worker,
    shared,
    enough,
    current,
    models,
    stoppings,
    loss_weights,
    gather,
    memory,
    reader,
    best,
    order,
    rates,
):
    """What one worker does: model after model, until all workers together have done enough."""
    while True:
        if current[worker] == NONE:
            current[worker] = atomic_add(shared, NEXT, 1)
            if current[worker] < models.shape[0]:
                begin(models[current[worker]], memory, reader, order, gather)
        number = current[worker]
        if number >= models.shape[0]:
            return
        model, own_weights = models[number], loss_weights[number]
        is_enough = train_alone(
            shared, enough, model, stoppings[number], own_weights, memory, reader, best, rates
        )
        if model[HAS_ENDED] != 0:
            current[worker] = NONE
        if is_enough:
            return


@njit(parallel=True)
def train_models(
    shared,
    enough,
    current,
    models,
    stoppings,
    loss_weights,
    gather,
    memories,
    readers,
    bests,
    orders,
    rates,
):
    """Train models on all workers, until these have done enough together or none is left.

    The next call goes on where this one has stopped.

    Parameters
    ----------
    shared : (SHARED,) int64 array
        What the workers share; zeros at first, and the work is set to zero before each call.
    enough : int
        Multiply-adds.
    current : (workers,) int64 array
        The model of each worker, NONE at first; written.
    models : (m, MODEL_COLUMNS) int64 array
        In the order in which they are taken; written.
    stoppings : (m, STOPPING_COLUMNS) float64 array
        Early stopping of each; written.
    loss_weights : (m, outputs) float64 array
        Of each output of a model; those after its last are not read.
    gather : int
        Address of the operation that copies a mini-batch.
    memories, readers : (workers, size) array
        A memory of each worker for a program that trains, and for one that measures.
    bests : (workers, parameters) array
        The weights after a model's best epoch.
    orders : (workers, samples) int64 array
        The order of the samples in an epoch.
    rates : (workers, steps) float64 array
        The learning rates of the steps that follow.
    """
    for w in prange(current.size):
        worker = np.int64(w)
        _work(
            worker,
            shared,
            enough,
            current,
            models,
            stoppings,
            loss_weights,
            gather,
            memories[worker],
            readers[worker],
            bests[worker],
            orders[worker],
            rates[worker],
        )
