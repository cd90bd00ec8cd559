"""One program for many samples at once: back-propagation of each sample by itself."""

import numpy as np

from ..chunks import chunk_bounds
from ..jit import njit, prange
from .run import run_alone


@njit(parallel=True)
def backprop_samples(
    gradients, losses, program, memories, gradient_at, losses_at, loss_weights, n_samples, first
):
    """Losses and gradients of single samples, each by a step of its own.

    Every thread runs the program on a memory of its own, so that no thread waits for another, and
    the numbers of a sample do not depend on which thread computes them.

    Parameters
    ----------
    gradients : (n, p) array
        Output: the gradient of each sample.
    losses : (n,) float64 array
        Output.
    program : (phases, COLUMNS) int64 array
        Of a mini-batch of one sample, that leaves the gradient where it is.
    memories : (threads, m) array
        Equal memories of the program.
    gradient_at : int
        Place of the gradient.
    losses_at : (outputs,) int64 array
        Place of the loss at each output.
    loss_weights : (outputs,) float64 array
        Their weights.
    n_samples : int
        Samples in the whole data set.
    first : int
        Number of the sample whose gradient is to come first.
    """
    n, threads = gradients.shape[0], memories.shape[0]
    for thread in prange(threads):
        memory = memories[np.int64(thread)]
        start, stop = chunk_bounds(np.int64(thread), threads, n)
        for sample in range(start, stop):
            run_alone(program, 0, memory, n_samples, 1, first + sample, 1)
            gradient, computed = gradients[sample], memory[gradient_at:]
            for p in range(gradient.size):
                gradient[p] = computed[p]
            losses[sample] = 0
            for k in range(losses_at.size):
                losses[sample] += loss_weights[k] * memory[losses_at[k]]
