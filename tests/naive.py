"""Networks of the engine, computed by the reference: lists of floats, operation by operation."""

from unittest import mock

import numpy as np

from fastscratch.examples.naive import (
    naive_loss,
    naive_network,
    naive_targets,
    naive_weights,
)
from fastscratch.reference import network as reference
from fastscratch.reference.layers.base import Run


def zeros(*shape):
    return np.zeros(shape).tolist()


def flat(of, gradients):
    """Gradients of the reference as one flat vector, with zeros where there is none."""
    vector = np.zeros(of.n_parameters)
    for (_, own), of_layer in zip(of.weights_by_layer(), gradients, strict=True):
        for placed, gradient in zip(own, of_layer, strict=True):
            if gradient is not None:
                placed.view(vector)[...] = gradient
    return vector


def forward(of, parameters, x):
    """Outputs for a mini-batch of each input, in use."""
    xs = [np.asarray(one, float).tolist() for one in x]
    outs = reference.forward(naive_network(of), naive_weights(of, parameters), xs)
    return [np.array(out) for out in outs]


def loss_and_gradient(of, parameters, x, y, losses, sample_weight=None, loss_weights=None, **run):
    """The loss of a mini-batch, its gradient as a flat vector, and moved weights.

    In training, unless `run` says otherwise. The samples have the same weights at every output.
    """
    own = None if sample_weight is None else sample_weight.tolist()
    loss, gradients, moved = reference.backprop(
        naive_network(of),
        naive_weights(of, parameters),
        [np.asarray(one, float).tolist() for one in x],
        [naive_targets(np.asarray(one, float)) for one in y],
        [naive_loss(loss) for loss in losses],
        Run(**{"training": True, **run}),
        loss_weights,
        [own] * len(y),
    )
    return loss, flat(of, gradients), moved


def loss(*arguments, **run):
    """The same loss alone: the way back takes two thirds of the time."""

    def no_gradients(network, weights, kept, dtensors):
        return [[None] * len(own) for own in weights]

    with mock.patch.object(reference, "backward_pass", no_gradients):
        return loss_and_gradient(*arguments, **run)[0]
