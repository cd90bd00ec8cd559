"""A team of threads that goes through the phases of a training step together.

A parallel region costs microseconds, and a step of a small network has half a dozen phases. So a
whole slice of steps is *one* region (0.03 to 0.5 us a phase): every worker walks through the same
phases, and in each the workers share out its items. What an item is depends on the problem alone,
so the bits do not depend on how many workers there are, nor on which of them takes an item.

No worker waits for another that has not started: one alone does every item of every phase, and a
late one finds the phases done and skips them. A worker takes the items of its own share first (that
part of the weights is in its cache), then what others have left.

The order of memory, on any processor: the results of an item come before the addition to DONE that
counts it, a release, and the worker that adds last has acquired those of all items. It clears DONE,
then opens the shares, then PHASE, each a release: whoever acquires what it has opened sees the
results of all phases before, and nobody adds to DONE before it is cleared. A late worker cannot
take an item that is taken: a share holds its phase beside the number of items taken, so it never
has the same value again, and a replacement that expects an old value fails.
"""

import numpy as np

from ..jit import njit
from ..machine import CACHE_LINE
from .atomics import atomic_add, atomic_load, atomic_replace, atomic_store, pause, yield_processor

# A team is an int64 array with a cache line for each of: the current phase; how many of its items
# are done; and, for each worker, (phase << 32) + items taken of its share.
LINE = CACHE_LINE // 8
PHASE, DONE, SHARES = 0, LINE, 2 * LINE
TAKEN = (1 << 32) - 1

# Turns of waiting, some 20 us, before the processor is offered to others.
PATIENCE = 1000


@njit
def new_team(workers):
    """A team at phase 0."""
    return np.zeros(SHARES + LINE * workers, np.int64)


@njit
def claim(team, worker, phase, items):
    """An item of the phase that nobody has taken, or -1 once all of them are done."""
    workers = (team.size - SHARES) // LINE
    for k in range(workers):
        owner = (worker + k) % workers
        share = SHARES + LINE * owner
        first, stop = owner * items // workers, (owner + 1) * items // workers
        while True:
            state = atomic_load(team, share)
            item = first + (state & TAKEN)
            if state >> 32 != phase or item >= stop:
                break
            if atomic_replace(team, share, state, state + 1):
                return item
    turns = 0
    while atomic_load(team, PHASE) == phase:
        turns += 1
        if turns < PATIENCE:
            pause()
        else:
            yield_processor()
    return -1


@njit
def next_item(team, worker, phase, items):
    """A claimed item is done: claim another; the last one done opens the next phase."""
    if atomic_add(team, DONE, 1) + 1 == items:
        atomic_store(team, DONE, 0)
        for share in range(SHARES, team.size, LINE):
            atomic_store(team, share, (phase + 1) << 32)
        atomic_store(team, PHASE, phase + 1)
    return claim(team, worker, phase, items)
