"""Training: a run of mini-batch steps in one compiled call."""

import numpy as np

from .jit import njit
from .network import minibatch_gradient
from .optimizers import sgd_step
from .random import shuffle

__all__ = ["train_steps"]


@njit(calls_parallel=True)
def train_steps(
    parameters,
    losses,
    order,
    x,
    y,
    sizes,
    activations,
    loss,
    batch_size,
    learning_rate,
    shuffle_rows,
    seed,
    first_step,
    n_steps,
):
    """Steps ``first_step ... first_step + n_steps - 1`` of mini-batch stochastic gradient descent.

    A run is one sequence of steps, ``ceil(n / batch_size)`` to an epoch, and can be cut into
    calls anywhere: the rows of an epoch are shuffled by its number, on its first step.

    Parameters
    ----------
    parameters : (p,) array
        Flat parameters, updated in place.
    losses : (epochs,) float64 array
        Mean loss of each epoch so far, each batch's taken before its update; updated in place.
    order : (n,) int array
        Order of the rows in the current epoch; kept between calls.
    x : (n, n_in) array
        Inputs.
    y : (n, n_out) array
        Targets.
    sizes : (layers + 1,) int array
    activations : (layers,) int array
        Places in ``codes.ACTIVATIONS``.
    loss : int
        Place in ``codes.LOSSES``.
    batch_size : int
        The last batch of an epoch may be smaller.
    learning_rate : float
    shuffle_rows : bool
        Otherwise the rows come in their own order.
    seed : int
        Seed of the shuffles.
    first_step, n_steps : int
    """
    samples = x.shape[0]
    steps_per_epoch = (samples + batch_size - 1) // batch_size
    gradient = np.empty_like(parameters)
    for step in range(first_step, first_step + n_steps):
        epoch, batch = divmod(step, steps_per_epoch)
        if batch == 0:
            losses[epoch] = 0
            if shuffle_rows:
                shuffle(order, seed, epoch)
            else:
                for n in range(samples):
                    order[n] = n
        rows = order[batch * batch_size : min((batch + 1) * batch_size, samples)]
        batch_loss = minibatch_gradient(gradient, x, y, rows, parameters, sizes, activations, loss)
        losses[epoch] += batch_loss * rows.size / samples
        sgd_step(parameters, gradient, learning_rate)
