"""The essay's neural network, from random parameters to trained ones, in one function."""

from fastscratch.reference.random import random_normal
from fastscratch.reference.train import train_steps


def neural_network(sizes, x, y, activations, loss, epochs, batch_size, learning_rate, seed):
    """Train a network from scratch by mini-batch stochastic gradient descent.

    All weights and biases start as draws from N(0, 1).  Every epoch shuffles the samples, cuts
    them into mini-batches and takes one step per mini-batch (`train_steps`); a step averages the
    gradients of its samples (`minibatch_gradient`), found by back-propagation (`backprop_sample`),
    and moves the parameters against the average (`sgd_step`).

    Parameters
    ----------
    sizes : list of int
        Units per layer: inputs, hidden layers, outputs.
    x : list of lists of float, (n, sizes[0])
        Samples.
    y : list of lists of float, (n, sizes[-1])
        Targets.
    activations : list of str
        Name of the activation of each layer after the input.
    loss : str
        Name of the loss.
    epochs : int
        How often every sample is visited.
    batch_size : int
        Samples per mini-batch.
    learning_rate : float
        Length of the steps.
    seed : int
        Seed of the initial parameters (stream 0) and of the shuffles (stream epoch + 1).

    Returns
    -------
    parameters : list of float
        All kernels and biases, flat, as `network` describes.
    losses : list of float, (epochs,)
        Mean loss of the samples in each epoch.

    Notes
    -----
    Essay, step 4: `neuralnetwork`.  Its iris example is sizes = [4, 40, 3],
    activations = ["sigmoid", "sigmoid"], loss = "multilabel_crossentropy", epochs = 30.
    """
    n_parameters = 0
    for layer in range(len(sizes) - 1):
        n_parameters += sizes[layer] * sizes[layer + 1] + sizes[layer + 1]
    parameters = [0.0] * n_parameters
    random_normal(parameters, seed, 0)

    losses = [0.0] * epochs
    order = list(range(len(x)))
    steps_per_epoch = -(-len(x) // batch_size)  # rounded up
    train_steps(
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
        True,
        seed,
        0,
        epochs * steps_per_epoch,
    )
    return parameters, losses
