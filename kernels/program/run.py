"""The loop that runs a program: every phase of every step, by one thread or by a team."""

import numpy as np

from ..call import INTEGER, call, values
from ..denormals import restore_denormals, set_denormals_flushed
from ..finite import is_finite
from ..jit import njit, prange
from .columns import ADDRESS, ITEMS
from .data import bind_prediction
from .team import claim, new_team, next_item

# What a prediction knows of its program; see `predict_alone`.
N_PHASES, GATHER, SCATTER, NOTES, NOTES_END = range(5)


@njit
def _phases(step, steps_per_epoch, prologue):
    """The first phase of a step: those of the prologue run once an epoch."""
    return 0 if step % steps_per_epoch == 0 else prologue


@njit
def run_alone(program, prologue, memory, n_samples, batch_size, first_step, n_steps):
    """Run steps ``first_step ... first_step + n_steps - 1`` on the calling thread.

    Parameters
    ----------
    program : (phases, COLUMNS) int64 array
    prologue : int
        This many of the phases are run only in the first step of an epoch.
    memory : (m,) array
        What the places of the program are in.
    n_samples, batch_size : int
        An epoch is ``ceil(n_samples / batch_size)`` steps; the last may have fewer samples.
    first_step, n_steps : int
    """
    steps_per_epoch = (n_samples + batch_size - 1) // batch_size
    float_mode = set_denormals_flushed()  # a denormal costs a hundred cycles; Adam makes many
    for step in range(first_step, first_step + n_steps):
        samples = min(batch_size, n_samples - step % steps_per_epoch * batch_size)
        for phase in range(_phases(step, steps_per_epoch, prologue), program.shape[0]):
            row = program[phase]
            for item in range(row[ITEMS]):
                call(row[ADDRESS], memory, row, samples, item, 0, step)
    restore_denormals(float_mode)


@njit
def _work(team, worker, program, prologue, memory, n_samples, batch_size, first_step, n_steps):
    """What one worker of a team does: as many items of every phase as it gets."""
    steps_per_epoch = (n_samples + batch_size - 1) // batch_size
    float_mode = set_denormals_flushed()
    done = 0
    for step in range(first_step, first_step + n_steps):
        samples = min(batch_size, n_samples - step % steps_per_epoch * batch_size)
        for phase in range(_phases(step, steps_per_epoch, prologue), program.shape[0]):
            row = program[phase]
            items = row[ITEMS]
            item = claim(team, worker, done, items)
            while item >= 0:
                call(row[ADDRESS], memory, row, samples, item, worker, step)
                item = next_item(team, worker, done, items)
            done += 1
    restore_denormals(float_mode)


@njit(parallel=True)
def run_team(workers, program, prologue, memory, n_samples, batch_size, first_step, n_steps):
    """As :func:`run_alone`, on a team of this many threads, in one parallel region."""
    team = new_team(workers)
    for worker in prange(workers):
        _work(
            team,
            np.int64(worker),
            program,
            prologue,
            memory,
            n_samples,
            batch_size,
            first_step,
            n_steps,
        )


def runner(workers, dtype):
    """The function that runs a program on this many threads, and the types of its arguments."""
    kinds = values(np.int64, 2), INTEGER, values(dtype), INTEGER, INTEGER, INTEGER, INTEGER
    return (run_alone, kinds) if workers == 1 else (run_team, (INTEGER, *kinds))


@njit
def _begin_prediction(table, places, memory, out, x, n_samples, batch_size):
    """Tell the program where samples and results are; return whether it can begin."""
    notes = memory[places[NOTES] : places[NOTES_END]]
    if notes.size == 0 and not is_finite(x):
        return False
    notes[:] = 0
    gather, scatter = table[places[GATHER]], table[places[SCATTER]]
    bind_prediction(gather, scatter, out, x, n_samples, batch_size)
    return True


@njit
def predict_alone(table, places, memory, out, x, n_samples, batch_size):
    """Send all samples through a program.

    Parameters
    ----------
    table : (rows, COLUMNS) int64 array
        Its phases, and after them those that are run as parts of a chain.
    places : (5,) int64 array
        How many phases there are; which rows of the table gather samples and hand out results; and
        where in the memory the workers note, while they gather, whether all samples are finite. If
        they do not, this is checked before.
    memory
        As :func:`run_alone` takes it.
    out, x : flat array
        Results, written; samples.
    n_samples, batch_size : int

    Returns
    -------
    bool
        Whether all samples are finite; else the results mean nothing.
    """
    if not _begin_prediction(table, places, memory, out, x, n_samples, batch_size):
        return False
    steps = (n_samples + batch_size - 1) // batch_size
    run_alone(table[: places[N_PHASES]], 0, memory, n_samples, batch_size, 0, steps)
    return is_finite(memory[places[NOTES] : places[NOTES_END]])


@njit(calls_parallel=True)
def predict_team(workers, table, places, memory, out, x, n_samples, batch_size):
    """As :func:`predict_alone`, on a team of this many threads."""
    if not _begin_prediction(table, places, memory, out, x, n_samples, batch_size):
        return False
    steps = (n_samples + batch_size - 1) // batch_size
    run_team(workers, table[: places[N_PHASES]], 0, memory, n_samples, batch_size, 0, steps)
    return is_finite(memory[places[NOTES] : places[NOTES_END]])
