"""Training: steps of mini-batch stochastic gradient descent."""

import math

from fastscratch.reference.layers.base import Run
from fastscratch.reference.nested import added, elementwise, numbers_of, shape_of, shaped
from fastscratch.reference.network import backprop
from fastscratch.reference.optimizers import (
    average_step,
    clip_by_norm,
    clip_by_value,
    optimizer_step,
    squared_norm,
)
from fastscratch.reference.random import shuffle

#: Numbers that an optimiser remembers of each parameter.
SLOTS = {
    "sgd": 0,
    "momentum": 1,
    "rmsprop": 1,
    "rmsprop_momentum": 3,
    "adagrad": 1,
    "adam": 2,
    "adamw": 2,
    "amsgrad": 3,
    "nadam": 2,
    "adamax": 2,
    "adadelta": 2,
    "lion": 1,
}


class Optimizer:
    """How gradients move weights, and what is remembered of them.

    Parameters
    ----------
    name : str
        The rule, as `optimizers.optimizer_step` takes it.
    hyper : list of float
        Learning rate (given anew with each step), weight decay, and the rest that the rule takes.
    slot_start : float
        Where what the rule remembers starts.
    clipvalue, clipnorm, global_clipnorm : float
        Largest element of a gradient, largest norm of the gradient of a weight, and of that of all
        weights together; infinity for no bound.
    gradient_accumulation_steps : int
        The weights move once in this many mini-batches, by the mean of their gradients.
    ema_momentum : float or None
        Part of the moving average of the weights that is kept at each mini-batch; None for no
        average.
    ema_overwrite_frequency : int or None
        The average replaces the weights each time that they have moved so often.

    Attributes
    ----------
    iterations : int
        Mini-batches so far.
    slots : list
        What the rule remembers: lists like the weights, after the first mini-batch.
    accumulated : list of lists or None
        The sum of the gradients since the weights last moved.
    average : list or None
        The moving average of the weights that are learned: lists like the weights.
    """

    def __init__(
        self,
        name="sgd",
        hyper=(0.01, 0.0),
        slot_start=0.0,
        clipvalue=math.inf,
        clipnorm=math.inf,
        global_clipnorm=math.inf,
        gradient_accumulation_steps=1,
        ema_momentum=None,
        ema_overwrite_frequency=None,
    ):
        self.name = name
        self.hyper = list(hyper)
        self.slot_start = slot_start
        self.clipvalue = clipvalue
        self.clipnorm = clipnorm
        self.global_clipnorm = global_clipnorm
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.ema_momentum = ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.iterations = 0
        self.slots = None
        self.accumulated = None
        self.average = None

    def apply(self, weights, gradients, learning_rate):
        """Return the weights after a mini-batch of these gradients; those of None stay."""
        if self.slots is None:
            self.slots = [
                [elementwise(lambda _: self.slot_start, [entry]) for entry in weights]
                for _ in range(SLOTS[self.name])
            ]
        mean = self._accumulate(gradients)
        moved = weights if mean is None else self._moved(weights, mean, learning_rate)
        return moved if self.ema_momentum is None else self._averaged(moved, gradients)

    def _moved(self, weights, gradients, learning_rate):
        """Return the weights after a step of the rule."""
        gradients = self._clipped(gradients)
        step = self.iterations // self.gradient_accumulation_steps - 1  # the first is 0
        hyper = [learning_rate, *self.hyper[1:]]
        moved = [list(entry) for entry in weights]
        for i, entry in enumerate(gradients):
            for j, gradient in enumerate(entry):
                if gradient is None:
                    continue
                shape = shape_of(weights[i][j])
                parameters = numbers_of(weights[i][j])
                slots = [numbers_of(slot[i][j]) for slot in self.slots]
                everything = (0, len(parameters))
                optimizer_step(parameters, slots, gradient, *everything, self.name, hyper, step)
                moved[i][j] = shaped(parameters, shape)
                for slot, numbers in zip(self.slots, slots, strict=True):
                    slot[i][j] = shaped(numbers, shape)
        return moved

    def _averaged(self, weights, gradients):
        """Add the weights that have gradients to their average; it replaces them when that is due.

        As in Keras, a mini-batch after which no weight moves counts as well.
        """
        if self.average is None:
            self.average = [list(entry) for entry in gradients]
        step = (self.iterations - 1) // self.gradient_accumulation_steps
        every = self.ema_overwrite_frequency
        replaced = [list(entry) for entry in weights]
        for i, entry in enumerate(gradients):
            for j, gradient in enumerate(entry):
                if gradient is None:
                    continue
                shape = shape_of(weights[i][j])
                numbers = numbers_of(self.average[i][j])
                average_step(numbers, numbers_of(weights[i][j]), self.ema_momentum if step else 0.0)
                self.average[i][j] = shaped(numbers, shape)
                if every and (step + 1) % every == 0:
                    replaced[i][j] = self.average[i][j]
        return replaced

    def _accumulate(self, gradients):
        """Return the mean gradient of the last mini-batches when it is due, else None."""
        self.iterations += 1
        if self.accumulated is not None:
            pairs = zip(self.accumulated, gradients, strict=True)
            gradients = [list(map(added, before, now)) for before, now in pairs]
        steps = self.gradient_accumulation_steps
        if self.iterations % steps:
            self.accumulated = gradients
            return None
        self.accumulated = None
        return [[_over(gradient, steps) for gradient in entry] for entry in gradients]

    def _clipped(self, gradients):
        """Return the numbers of each gradient, within the bounds."""
        numbers = [[None if g is None else numbers_of(g) for g in entry] for entry in gradients]
        known = [g for entry in numbers for g in entry if g is not None]
        for gradient in known:
            clip_by_value(gradient, self.clipvalue)
            clip_by_norm(gradient, self.clipnorm)
        norm = math.sqrt(sum(squared_norm(gradient) for gradient in known))
        if norm > self.global_clipnorm:
            for gradient in known:
                gradient[:] = [g * self.global_clipnorm / norm for g in gradient]
        return numbers


def _over(gradient, steps):
    """Return a gradient divided by a number of steps."""
    return None if gradient is None else elementwise(lambda g: g / steps, [gradient])


def update_mini_batch(
    network,
    weights,
    x,
    y,
    losses,
    optimizer,
    learning_rate,
    run=None,
    loss_weights=None,
    sample_weight=None,
):
    """Take one step: back-propagation, a move against the gradient, and the constraints.

    Parameters
    ----------
    network : Network
    weights : list of lists of nested lists of float
    x : list of nested lists of float
        A mini-batch for each input of the network.
    y : list of lists
        The targets of each output of the network.
    losses : list of str or dict
        The loss of each output.
    optimizer : Optimizer
        Counts the step, and remembers what it needs to.
    learning_rate : float
        Length of the step.
    run : Run, optional
    loss_weights, sample_weight : list, optional
        As `network.backprop` takes them.

    Returns
    -------
    loss : float
        Before the step.
    weights : list of lists of nested lists of float
        After it.

    Notes
    -----
    Essay, step 4: `update_mini_batch`.
    """
    loss, gradients, weights = backprop(
        network, weights, x, y, losses, run, loss_weights, sample_weight
    )
    weights = optimizer.apply(weights, gradients, learning_rate)
    pairs = zip(network.layers, weights, strict=True)
    return loss, [layer.constrained(own) for layer, own in pairs]


def SGD(  # noqa: N802 -- the essay's name
    network,
    weights,
    x,
    y,
    losses,
    epochs,
    batch_size,
    learning_rate,
    optimizer=None,
    shuffle_rows=True,
    seed=0,
    initial_epoch=0,
    loss_weights=None,
    sample_weight=None,
):
    """Train by mini-batch stochastic gradient descent.

    An epoch is ceil(n / batch_size) steps, one per mini-batch; the last may be smaller.  A run cut
    into several calls gives the same weights as one call, if each goes on with the weights and the
    optimiser of the one before, from its last epoch.

    Parameters
    ----------
    network : Network
    weights : list of lists of nested lists of float
        To start from.
    x : list of nested lists of float
        All samples, for each input of the network.
    y : list of lists
        Their targets, for each output of the network.
    losses : list of str or dict
        The loss of each output.
    epochs : int
        Number of the last epoch.
    batch_size : int
        Samples per mini-batch.
    learning_rate : float or callable
        Length of the steps; or a function that gives it for the number of mini-batches so far.
    optimizer : Optimizer, optional
        By default plain gradient descent.
    shuffle_rows : bool
        Whether to shuffle the samples at the start of every epoch.
    seed : int
        Seed of the shuffles and of what layers drop.
    initial_epoch : int
        Epochs that were trained before.
    loss_weights : list of float, optional
        What the loss of each output is multiplied with.
    sample_weight : list of (list or None), optional
        For each output what the loss of each sample, or of each of its rows, is multiplied with.

    Returns
    -------
    weights : list of lists of nested lists of float
    losses : list of float
        For each epoch the mean loss of the samples, every mini-batch's taken just before its step.

    Notes
    -----
    Essay, step 4: `SGD`.
    """
    optimizer = optimizer or Optimizer()
    n_samples = len(x[0])
    steps_per_epoch = -(-n_samples // batch_size)  # rounded up
    epoch_losses = []
    for epoch in range(initial_epoch, epochs):
        # Shuffle the samples, and cut them into mini-batches.
        order = list(range(n_samples))
        if shuffle_rows:
            shuffle(order, seed, epoch)
        epoch_loss = 0.0
        for batch in range(steps_per_epoch):
            rows = order[batch * batch_size : (batch + 1) * batch_size]
            loss, weights = update_mini_batch(
                network,
                weights,
                [[samples[n] for n in rows] for samples in x],
                [[targets[n] for n in rows] for targets in y],
                losses,
                optimizer,
                learning_rate(optimizer.iterations) if callable(learning_rate) else learning_rate,
                Run(training=True, seed=seed, step=epoch * steps_per_epoch + batch),
                loss_weights,
                sample_weight and [own and [own[n] for n in rows] for own in sample_weight],
            )
            epoch_loss += loss * len(rows) / n_samples
        epoch_losses.append(epoch_loss)
    return weights, epoch_losses
