"""Programs: a table of operations, and the one compiled loop that runs it.

A program is an int64 table with a row for each phase of a training step: the address of its
operation, the number of its items, and then whatever the operation wants to know. Around it, the
loop here shuffles the rows of the data set, copies each mini-batch into memory, and adds up the
losses.
"""

import numpy as np

from .jit import njit, prange
from .operations import call
from .random import shuffle
from .simd import restore_denormals, set_denormals_flushed
from .team import claim, new_team, next_item

# The first columns of every row: the operation, the number of its items, and how far behind the
# parameters their gradient stands.
ADDRESS, ITEMS, GRADIENT = range(3)
# Then the units that the items share out, and the activation that follows for those of each item:
# its code and the address of its operation (or NONE); places of its z, a and da; units of a sample,
# units of an item.
ACTIVATION, ACTIVATE, Z, A, DA, UNITS, UNITS_AN_ITEM = range(3, 10)
# Then the update of the weights that belong to those units, if the operation does it: the address
# of its operation; the place of all parameters; the optimiser's code; and the bits of float64
# numbers: the bounds of the gradient's elements and of its norm, and the optimiser's
# hyper-parameters, the learning rate first.
UPDATE, PARAMETERS, OPTIMIZER, CLIPVALUE, CLIPNORM, HYPER = range(10, 16)
N_HYPER = 6
# Columns of the operation's own.
ARGUMENTS = HYPER + N_HYPER
COLUMNS = ARGUMENTS + 8
NONE = -1

# Memory begins with zeros for matrix products to start from.
ZEROS, FIRST_FREE = 0, 128

# Numbers that are worth an item of the copy of a mini-batch.
COPY_WORK = 16384


@njit
def _copy_samples(memory, place, values, rows, first, stop):
    """Copy samples ``rows[first:stop]`` of the data set to their places in the mini-batch."""
    width = values.shape[1]
    for n in range(first, stop):
        to = memory[place + n * width : place + (n + 1) * width]
        of = values[rows[n]]
        for i in range(width):
            to[i] = of[i]


@njit
def _start_epoch(order, losses, epoch, shuffle_rows, seed):
    losses[epoch] = 0
    if shuffle_rows:
        shuffle(order, seed, epoch)
    else:
        for n in range(order.size):
            order[n] = n


@njit
def _set_learning_rate(program, rate):
    """Write the learning rate of a step where the updates find it."""
    for p in range(program.shape[0]):
        hyper = program[p, HYPER : HYPER + N_HYPER].view(np.float64)
        hyper[0] = rate


@njit
def _work(
    team,
    worker,
    program,
    memory,
    places,
    x,
    y,
    order,
    losses,
    batch_size,
    learning_rates,
    iterations,
    shuffle_rows,
    seed,
    first_step,
):
    """What one worker does: every phase of every step, as many of the items as it gets."""
    n_samples = x.shape[0]
    steps_per_epoch = (n_samples + batch_size - 1) // batch_size
    x_place, y_place, losses_place = places
    copied_at_once = max(1, COPY_WORK // (x.shape[1] + y.shape[1]))
    float_mode = set_denormals_flushed()  # a denormal costs a hundred cycles; Adam makes many
    phase = 0
    for step in range(first_step, first_step + learning_rates.size):
        epoch, batch = divmod(step, steps_per_epoch)
        first = batch * batch_size
        samples = min(batch_size, n_samples - first)
        rows = order[first : first + samples]

        if batch == 0:
            items = 1
            item = claim(team, worker, phase, items)
            while item >= 0:
                _start_epoch(order, losses, epoch, shuffle_rows, seed)
                item = next_item(team, worker, phase, items)
            phase += 1

        items = (samples + copied_at_once - 1) // copied_at_once
        item = claim(team, worker, phase, items)
        while item >= 0:
            start = item * copied_at_once
            stop = min(start + copied_at_once, samples)
            _copy_samples(memory, x_place, x, rows, start, stop)
            _copy_samples(memory, y_place, y, rows, start, stop)
            if item == 0:
                _set_learning_rate(program, learning_rates[step - first_step])
            item = next_item(team, worker, phase, items)
        phase += 1

        for p in range(program.shape[0]):
            row = program[p]
            items = row[ITEMS]
            item = claim(team, worker, phase, items)
            while item >= 0:
                call(row[ADDRESS], memory, row, samples, item, worker, iterations + step)
                if item == 0 and p == program.shape[0] - 1:  # once a step, and in order
                    total = 0.0
                    for n in range(samples):
                        total += memory[losses_place + n]
                    losses[epoch] += total / n_samples
                item = next_item(team, worker, phase, items)
            phase += 1
    restore_denormals(float_mode)


@njit(parallel=True)
def run_steps(
    workers,
    program,
    memory,
    places,
    x,
    y,
    order,
    losses,
    batch_size,
    learning_rates,
    iterations,
    shuffle_rows,
    seed,
    first_step,
):
    """Run training steps on a team of threads, in one parallel region.

    Parameters
    ----------
    workers : int
    program : (phases, COLUMNS) int64 array
    memory : (m,) array
        What the program's places speak of.
    places : (int, int, int)
        Where a mini-batch's inputs, targets and losses stand in memory.
    x, y : (n, n_in) array, (n, n_out) array
        The data set.
    order, losses, batch_size, learning_rates, iterations, shuffle_rows, seed, first_step
        As :func:`.train.optimize_steps` takes them.
    """
    team = new_team(workers)
    for worker in prange(workers):
        _work(
            team,
            np.int64(worker),
            program,
            memory,
            places,
            x,
            y,
            order,
            losses,
            batch_size,
            learning_rates,
            iterations,
            shuffle_rows,
            seed,
            first_step,
        )
