"""Back-propagation of each sample by itself."""

import numpy as np

from ..call import array_at, call
from ..chunks import chunk_bounds
from ..denormals import restore_denormals, set_denormals_flushed
from ..instructions import finish_stores
from ..jit import njit, prange
from ..past_caches import store
from .columns import ADDRESS, HYPER, ITEMS
from .run import run_alone

# Results of this many bytes are stored past the caches, which cannot hold them.
TOO_LARGE = 1 << 22

# Two numbers of the optimiser are integers here: how many bytes after the weights their gradient
# goes, and whether past the caches.
DISTANCE, PAST_CACHES = HYPER, HYPER + 1


@njit
def keep_gradient(weights, slot_0, slot_1, slot_2, gradient, learning_rate, hyper, step):
    """What stands in for an optimiser: the gradient goes to the results, and no weight changes.

    The gradients of a sample are as far from each other there as its weights are in the memory.
    """
    distance, past_caches = hyper.view(np.int64)[:2]
    place = np.int64(weights.ctypes.data) + distance
    store(array_at(place, gradient.size, gradient.dtype), gradient, past_caches != 0)


@njit
def _learn_apart(table, apart, strides, memory, n):
    """Run the phases that see only one sample of the mini-batch, the n-th."""
    row = np.empty(table.shape[1], np.int64)
    for k in range(apart.size):
        for column in range(row.size):
            row[column] = table[apart[k], column] + n * strides[k, column]
        for item in range(row[ITEMS]):
            call(row[ADDRESS], memory, row, 1, item, 0, 0)


@njit
def _backprop_batches(
    gradients,
    losses,
    table,
    phases,
    apart,
    strides,
    memory,
    parameters_at,
    losses_at,
    loss_weights,
    batch_size,
    start,
    stop,
):
    """What one thread does: the mini-batches from `start` to `stop`."""
    n, weights = gradients.shape[0], np.int64(memory[parameters_at:].ctypes.data)
    n_found = -(-n // batch_size) * batch_size
    table[:, PAST_CACHES] = gradients.nbytes >= TOO_LARGE
    float_mode = set_denormals_flushed()
    for batch in range(start, stop):
        first = batch * batch_size
        table[:, DISTANCE] = np.int64(gradients[first].ctypes.data) - weights
        run_alone(table[:phases], 0, memory, n_found, batch_size, batch, 1)
        for sample in range(first, min(first + batch_size, n)):
            _learn_apart(table, apart, strides, memory, sample - first)
            losses[sample] = 0
            for k in range(losses_at.size):
                losses[sample] += loss_weights[k] * memory[losses_at[k] + sample - first]
    finish_stores()
    restore_denormals(float_mode)


@njit(parallel=True)
def backprop_samples(
    gradients,
    losses,
    tables,
    phases,
    apart,
    strides,
    memory,
    memories,
    parameters_at,
    losses_at,
    loss_weights,
    batch_size,
):
    """Losses and gradients of single samples.

    The samples go through the network in mini-batches of one size. If that is more than 1, the
    gradients of the weights are computed after that, by phases that see only one sample. These do
    not update the weights: see `keep_gradient`.

    Every thread has a memory and a table of its own, so that no thread waits for another, and the
    numbers of a sample do not depend on which thread computes them.

    Parameters
    ----------
    gradients : (n, p) array
        Output: the gradient of each sample. Those of weights that are not trained stay as they are.
    losses : (n,) float64 array
        Output.
    tables : (threads, rows, COLUMNS) int64 array
        Copies of the table of the program, which finds as many samples as whole mini-batches have;
        those after the n-th are left out of the results. Overwritten.
    phases : int
        How many of the rows are run for a mini-batch.
    apart : (k,) int64 array
        The rows that are run for each of its samples; they are written for the first one.
    strides : (k, COLUMNS) int64 array
        What changes in these from one sample to the next: how far apart samples are, in the columns
        of places; else zeros.
    memory : (m,) array
        The memory of the program.
    memories : (threads, m) array
        Copies of it; overwritten.
    parameters_at : int
        Place of the weights.
    losses_at : (outputs,) int64 array
        Place of the losses at each output.
    loss_weights : (outputs,) float64 array
        Their weights.
    batch_size : int
        Samples in a mini-batch.
    """
    threads, batches = memories.shape[0], -(-gradients.shape[0] // batch_size)
    for thread in prange(threads):
        own = memories[np.int64(thread)]
        own[:] = memory
        start, stop = chunk_bounds(np.int64(thread), threads, batches)
        _backprop_batches(
            gradients,
            losses,
            tables[np.int64(thread)],
            phases,
            apart,
            strides,
            own,
            parameters_at,
            losses_at,
            loss_weights,
            batch_size,
            start,
            stop,
        )
