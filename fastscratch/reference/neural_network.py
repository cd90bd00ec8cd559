"""The essay's neural network, from random weights to trained ones, in one function."""

from fastscratch.reference.network import derived_seed, initial_weights
from fastscratch.reference.train import SGD


def neural_network(
    network, x, y, losses, epochs, batch_size, learning_rate, seed=0, optimizer=None
):
    """Train a network from scratch.

    The weights start as their initialisers say.  Every epoch shuffles the samples, cuts them into
    mini-batches and takes one step per mini-batch (`SGD`); a step finds the mean gradient of its
    samples (`backprop`) and moves the weights against it (`update_mini_batch`).

    Parameters
    ----------
    network : Network
        Of any layers, such as `sequential([Dense(40, "sigmoid"), Dense(3, "sigmoid")])`.
    x : list of nested lists of float
        All samples, for each input of the network.
    y : list of lists
        Their targets, for each output of the network.
    losses : list of str or dict
        The loss of each output.
    epochs : int
        How often every sample is visited.
    batch_size : int
        Samples per mini-batch.
    learning_rate : float or callable
        Length of the steps, as `SGD` takes it.
    seed : int
        Of the initial weights, the shuffles and what layers drop.
    optimizer : Optimizer, optional
        By default plain gradient descent.

    Returns
    -------
    weights : list of lists of nested lists of float
        As `network` describes.
    losses : list of float, (epochs,)
        Mean loss of the samples in each epoch.

    Notes
    -----
    Essay, step 4: `neuralnetwork`.  Its iris example is the network above, with initialisers
    "random_normal" of `stddev` 1, losses = ["multilabel_crossentropy"] and epochs = 30.
    """
    weights = initial_weights(network, x, derived_seed(seed, 0))
    run_seed = derived_seed(seed, 1)
    return SGD(
        network,
        weights,
        x,
        y,
        losses,
        epochs,
        batch_size,
        learning_rate,
        optimizer=optimizer,
        seed=run_seed,
    )
