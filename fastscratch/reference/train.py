"""Training: steps of mini-batch stochastic gradient descent."""

import math

from fastscratch.reference.network import minibatch_gradient
from fastscratch.reference.optimizers import clip_by_norm, clip_by_value, optimizer_step
from fastscratch.reference.random import shuffle


def optimize_steps(
    parameters,
    slots,
    losses,
    order,
    x,
    y,
    sizes,
    activations,
    loss,
    optimizer,
    hyper,
    clipvalue,
    clipnorm,
    batch_size,
    learning_rates,
    iterations,
    shuffle_rows,
    seed,
    first_step,
):
    """Take a step of mini-batch training for each learning rate, with any optimiser.

    An epoch is ceil(n / batch_size) steps, one per mini-batch; the last may be smaller.  A run cut
    into several calls gives the same parameters as one call, if `slots`, `losses` and `order` are
    kept.

    Parameters
    ----------
    parameters : list of float
        Updated in place: all kernels and biases, flat.
    slots : list of lists of float
        Updated in place: what the optimiser remembers of each parameter.
    losses : list of float, one per epoch
        Written: the mean loss of the samples in each epoch, every mini-batch's taken just before
        its step.
    order : list of int, (n,)
        Written at the start of every epoch: the order in which it visits the samples.
    x : list of lists of float, (n, sizes[0])
        Samples.
    y : list of lists of float, (n, sizes[-1])
        Targets.
    sizes : list of int
        Units per layer: inputs, hidden layers, outputs.
    activations : list of str
        Name of the activation of each layer after the input.
    loss : str
        Name of the loss.
    optimizer : str
        Name of the optimiser.
    hyper : list of float
        Its hyper-parameters, as `optimizer_step` takes them; the first is not read.
    clipvalue, clipnorm : float
        Largest element of a gradient, or its largest norm; infinity for no bound, and at least
        one of them is infinity.
    batch_size : int
        Samples per mini-batch.
    learning_rates : list of float
        Length of each step.
    iterations : int
        How many steps the optimiser had taken before this run.
    shuffle_rows : bool
        Whether to shuffle the samples at the start of every epoch.
    seed : int
        Seed of the shuffles.
    first_step : int
        Number of the first step, counted from 0 at the start of the run.

    Notes
    -----
    Essay, step 4: `SGD`, and the methods it names beside it.
    """
    n_samples = len(x)
    gradient = [0.0] * len(parameters)
    steps_per_epoch = -(-n_samples // batch_size)  # rounded up
    for step, learning_rate in enumerate(learning_rates, first_step):
        epoch = step // steps_per_epoch
        batch = step % steps_per_epoch
        if batch == 0:
            losses[epoch] = 0.0
            order[:] = range(n_samples)
            if shuffle_rows:
                shuffle(order, seed, epoch)
        rows = order[batch * batch_size : (batch + 1) * batch_size]
        mean_loss = minibatch_gradient(gradient, x, y, rows, parameters, sizes, activations, loss)
        clip_by_value(gradient, clipvalue)
        clip_by_norm(gradient, clipnorm)
        hyper = [learning_rate, *hyper[1:]]
        everything = (0, len(parameters))
        optimizer_step(
            parameters, slots, gradient, *everything, optimizer, hyper, iterations + step
        )
        losses[epoch] += mean_loss * len(rows) / n_samples


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
    """Take steps first_step, ..., first_step + n_steps - 1 of a run of stochastic gradient descent.

    An epoch is ceil(n / batch_size) steps, one per mini-batch; the last may be smaller.  A run cut
    into several calls gives the same parameters as one call, if `losses` and `order` are kept.

    Parameters
    ----------
    parameters : list of float
        Updated in place: all kernels and biases, flat.
    losses : list of float, one per epoch
        Written: the mean loss of the samples in each epoch, every mini-batch's taken just before
        its step.
    order : list of int, (n,)
        Written at the start of every epoch: the order in which it visits the samples.
    x : list of lists of float, (n, sizes[0])
        Samples.
    y : list of lists of float, (n, sizes[-1])
        Targets.
    sizes : list of int
        Units per layer: inputs, hidden layers, outputs.
    activations : list of str
        Name of the activation of each layer after the input.
    loss : str
        Name of the loss.
    batch_size : int
        Samples per mini-batch.
    learning_rate : float
        Length of the steps.
    shuffle_rows : bool
        Whether to shuffle the samples at the start of every epoch.
    seed : int
        Seed of the shuffles.
    first_step : int
        Number of the first step, counted from 0 at the start of the run.
    n_steps : int
        How many steps to take.

    Notes
    -----
    Essay, step 4: `SGD`.
    """
    optimize_steps(
        parameters,
        [],
        losses,
        order,
        x,
        y,
        sizes,
        activations,
        loss,
        "sgd",
        [learning_rate, 0.0],
        math.inf,
        math.inf,
        batch_size,
        [learning_rate] * n_steps,
        0,
        shuffle_rows,
        seed,
        first_step,
    )
