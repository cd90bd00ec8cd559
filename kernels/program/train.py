"""A slice of training: some steps, and then a copy of what they have changed."""

import numpy as np

from ..call import INTEGER, NUMBERS, values
from ..finite import is_finite
from ..jit import njit
from .columns import FIRST_STEP, ITERATIONS, RATES
from .data import BATCH_SIZE, N_SAMPLES
from .run import run_alone, run_team

# What a training knows of its program: how many of the phases are run one after the other; where
# in the memory the weights are, and how far apart the optimiser's slots; and what came of the last
# slice.
N_PHASES, WEIGHTS_AT, DISTANCE, OUTCOME, ABOUT = range(5)
# Outcomes: the steps have not been run, they have and all is finite, or something is not.
NOT_RUN, FINITE, NOT_FINITE = range(3)


@njit
def _begin(table, rates, first_step, iterations):
    """Tell all phases the learning rates."""
    for row in table:
        row[RATES], row[FIRST_STEP] = np.int64(rates.ctypes.data), first_step
        row[ITERATIONS] = iterations - first_step


@njit
def _end(about, learned, memory, totals):
    """Copy the weights and the slots; note whether weights and totals are finite."""
    are_finite = is_finite(totals)
    for number in range(learned.shape[0]):
        to = learned[number]
        # The gradient lies between the weights and the slots.
        of = memory[about[WEIGHTS_AT] + (number + (number > 0)) * about[DISTANCE] :][: to.size]
        for i in range(to.size):
            to[i] = of[i]
        if number == 0:
            are_finite &= is_finite(to)
    about[OUTCOME] = FINITE if are_finite else NOT_FINITE


@njit
def train_alone(about, learned, table, memory, totals, rates, first_step, iterations):
    """Run a step for each learning rate on the calling thread.

    Parameters
    ----------
    about : (5,) int64 array
        Of the program, as above; the outcome is written.
    learned : (1 + slots, parameters) array
        Output: the weights, and below them the slots.
    table : (rows, COLUMNS) int64 array
        Its phases, and after them those that are run as parts of a chain or a bundle; the first
        makes the order of an epoch.
    memory, first_step
        As :func:`run_alone` takes them.
    totals : flat float64 array
        Of the epochs that the steps belong to.
    rates : (steps,) float64 array
    iterations : int
        Steps that the optimiser has taken before.
    """
    _begin(table, rates, first_step, iterations)
    n_samples, batch_size = table[0, N_SAMPLES], table[0, BATCH_SIZE]
    phases = table[: about[N_PHASES]]
    run_alone(phases, 1, memory, n_samples, batch_size, first_step, rates.size)
    _end(about, learned, memory, totals)


@njit(calls_parallel=True)
def train_team(workers, about, learned, table, memory, totals, rates, first_step, iterations):
    """As :func:`train_alone`, on a team of this many threads."""
    _begin(table, rates, first_step, iterations)
    n_samples, batch_size = table[0, N_SAMPLES], table[0, BATCH_SIZE]
    phases = table[: about[N_PHASES]]
    run_team(workers, phases, 1, memory, n_samples, batch_size, first_step, rates.size)
    _end(about, learned, memory, totals)


def trainer(workers, dtype):
    """The function that trains on this many threads, and the types of its arguments."""
    kinds = values(np.int64), values(dtype, 2), values(np.int64, 2), values(dtype)
    kinds += NUMBERS, NUMBERS, INTEGER, INTEGER
    return (train_alone, kinds) if workers == 1 else (train_team, (INTEGER, *kinds))
