"""Back-propagation of each sample by itself."""

import numpy as np

from ..call import call
from ..chunks import chunk_bounds
from ..denormals import restore_denormals, set_denormals_flushed
from ..instructions import finish_stores, store_past_cache
from ..jit import njit, prange
from ..machine import VECTOR_BYTES
from .columns import ADDRESS, ITEMS
from .run import run_alone

# Results of this many bytes are stored past the caches, which cannot hold them.
TOO_LARGE = 1 << 22


@njit
def _copy_past_caches(to, of):
    """``to = of``; the few numbers before and after the whole vectors as usual."""
    lanes = VECTOR_BYTES // to.itemsize
    first = min(-(np.int64(to.ctypes.data) // to.itemsize) % lanes, to.size)
    last = first + (to.size - first) // lanes * lanes
    for i in range(first):
        to[i] = of[i]
    for i in range(first, last, lanes):
        store_past_cache(to, i, of, i)
    for i in range(last, to.size):
        to[i] = of[i]


@njit
def _backprop_block(
    gradients, losses, learning, strides, memory, gradient_at, losses_at, loss_weights, past
):
    """Losses and gradients of the samples of a mini-batch that the program has just been run on."""
    row = np.empty(learning.shape[1], np.int64)
    for n in range(losses.size):
        for phase in range(learning.shape[0]):
            for column in range(row.size):
                row[column] = learning[phase, column] + n * strides[phase, column]
            for item in range(row[ITEMS]):
                call(row[ADDRESS], memory, row, 1, item, 0, 0)
        gradient, computed = gradients[n], memory[gradient_at:]
        if past:
            _copy_past_caches(gradient, computed)
        else:
            for p in range(gradient.size):
                gradient[p] = computed[p]
        losses[n] = 0
        for k in range(losses_at.size):
            losses[n] += loss_weights[k] * memory[losses_at[k] + n]


@njit(parallel=True)
def backprop_samples(
    gradients,
    losses,
    program,
    learning,
    strides,
    memory,
    memories,
    gradient_at,
    losses_at,
    loss_weights,
    batch_size,
):
    """Losses and gradients of single samples.

    The samples go through the network in mini-batches of one size. What is computed for each sample
    apart from the others is the gradient of the weights, by phases that see only one sample.

    Every thread has a memory of its own, so that no thread waits for another, and the numbers of a
    sample do not depend on which thread computes them.

    Parameters
    ----------
    gradients : (n, p) array
        Output: the gradient of each sample.
    losses : (n,) float64 array
        Output.
    program : (phases, COLUMNS) int64 array
        What is done for a mini-batch.
    learning : (phases, COLUMNS) int64 array
        What is done for each sample, after that: written for the first one.
    strides : (phases, COLUMNS) int64 array
        What changes in `learning` from one sample to the next: how far apart they are in the
        memory, in the columns of places; else zeros.
    memory : (m,) array
        The memory of the program.
    memories : (threads, m) array
        Copies of it; overwritten.
    gradient_at : int
        Place of the gradient.
    losses_at : (outputs,) int64 array
        Place of the losses at each output.
    loss_weights : (outputs,) float64 array
        Their weights.
    batch_size : int
        Samples in a mini-batch. The program finds as many samples as whole mini-batches have, and
        those after the n-th are left out of the results.
    """
    n, threads = gradients.shape[0], memories.shape[0]
    batches = -(-n // batch_size)
    past = gradients.nbytes >= TOO_LARGE
    for thread in prange(threads):
        own = memories[np.int64(thread)]
        own[:] = memory
        float_mode = set_denormals_flushed()
        start, stop = chunk_bounds(np.int64(thread), threads, batches)
        for batch in range(start, stop):
            run_alone(program, 0, own, batches * batch_size, batch_size, batch, 1)
            first = batch * batch_size
            last = min(first + batch_size, n)
            _backprop_block(
                gradients[first:last],
                losses[first:last],
                learning,
                strides,
                own,
                gradient_at,
                losses_at,
                loss_weights,
                past,
            )
        finish_stores()
        restore_denormals(float_mode)
