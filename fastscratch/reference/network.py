"""A network of any layers: forward, and back-propagation of the gradient.

A network is a graph.  Its tensors have numbers: first come its inputs, then the output of each node
in turn.  A node is a layer with the numbers of the tensors that it reads, and it stands after the
nodes that compute these.  A tensor may be read by several nodes, and a layer may stand in several
nodes, which then share its weights.

The weights of a network are a list with an entry for each layer, in the order of first use; an
entry is the list of the layer's weights.  Gradients have the same layout, with None where there is
none.
"""

from fastscratch.reference import layers
from fastscratch.reference.layers.base import Run
from fastscratch.reference.nested import added, elementwise, numbers_of, shape_of, shaped
from fastscratch.reference.objective import as_loss
from fastscratch.reference.optimizers import add_penalty_gradient, penalty
from fastscratch.reference.random import random_bits


class Node:
    """A layer at its place in a network.

    Parameters
    ----------
    layer : Layer
    inputs : list of int
        Numbers of the tensors that it reads.
    """

    def __init__(self, layer, inputs):
        self.layer = layer
        self.inputs = inputs


class Network:
    """Nodes in an order in which they can be computed.

    Parameters
    ----------
    nodes : list of Node
    n_inputs : int
        How many inputs the network has.
    outputs : list of int, optional
        Numbers of the tensors that are its outputs; by default the last one.
    """

    def __init__(self, nodes, n_inputs=1, outputs=None):
        self.nodes = nodes
        self.n_inputs = n_inputs
        self.outputs = [n_inputs + len(nodes) - 1] if outputs is None else list(outputs)
        #: The layers, each once, in the order of first use; and the place there of each node's.
        self.layers = []
        for node in nodes:
            if node.layer not in self.layers:
                self.layers.append(node.layer)
        self.places = [self.layers.index(node.layer) for node in nodes]


def sequential(chain):
    """Return the network in which each layer reads the one before it.

    Parameters
    ----------
    chain : list of Layer

    Returns
    -------
    Network
    """
    return Network([Node(layer, [number]) for number, layer in enumerate(chain)])


def network_of(nodes, n_inputs=1, outputs=None):
    """Return a network from plain data.

    Parameters
    ----------
    nodes : list of (str, dict, list of int, key)
        Of each node the class name of its layer, the config of that, the numbers of the tensors
        that it reads, and a key: nodes of one key share the layer.
    n_inputs : int
    outputs : list of int, optional
        As `Network` takes them.

    Returns
    -------
    Network
    """
    by_key = {}
    for name, config, _, key in nodes:
        if key not in by_key:
            by_key[key] = getattr(layers, name)(**config)
    placed = [Node(by_key[key], list(inputs)) for _, _, inputs, key in nodes]
    return Network(placed, n_inputs, outputs)


def derived_seed(seed, stream):
    """Return seed number `stream` of a family of independent ones.

    Parameters
    ----------
    seed, stream : int

    Returns
    -------
    int
    """
    return random_bits(seed, stream, 0) >> 1


def initial_weights(network, x, seed):
    """Return weights to start from.

    A sample goes through the network: its shape before each layer says how large the weights are.

    Parameters
    ----------
    network : Network
    x : list of nested lists of float
        A mini-batch for each input of the network.
    seed : int
        Each weight takes the next one.

    Returns
    -------
    list of lists of nested lists of float
    """
    weights = [None] * len(network.layers)
    tensors = [[mini_batch[0]] for mini_batch in x]
    for node, place in zip(network.nodes, network.places, strict=True):
        inputs = [tensors[number] for number in node.inputs]
        if weights[place] is None:
            weights[place] = node.layer.new_weights(shape_of(inputs[0][0]), seed)
            seed += len(weights[place])
        tensors.append(node.layer.forward(inputs, weights[place], Run())[0])
    return weights


def forward(network, weights, x, run=None):
    """Return the outputs of a mini-batch.

    Parameters
    ----------
    network : Network
    weights : list of lists of nested lists of float
    x : list of nested lists of float
        A mini-batch for each input of the network.
    run : Run, optional
        By default the network is in use: nothing is dropped.

    Returns
    -------
    list of nested lists of float
        A mini-batch for each output of the network.

    Notes
    -----
    Essay, step 4: the forward pass.
    """
    tensors, _ = forward_nodes(network.nodes, network.places, weights, x, run or Run())
    return [tensors[number] for number in network.outputs]


def forward_nodes(nodes, places, weights, x, run):
    """Compute one node after the other.

    Each node has random numbers of its own.

    Parameters
    ----------
    nodes : list of Node
    places : list of int
        Which entry of the weights is that of each node's layer.
    weights : list of lists of nested lists of float
    x : list of nested lists of float
        A mini-batch for each input of the network.
    run : Run

    Returns
    -------
    tensors : list of nested lists of float
        The inputs, and the output of each node.
    kept : list
        What each node's layer has kept for going backward.
    """
    tensors, kept = list(x), []
    for number, node in enumerate(nodes):
        inputs = [tensors[i] for i in node.inputs]
        own_run = Run(run.training, derived_seed(run.seed, number + 1), run.step)
        output, remembered = node.layer.forward(inputs, weights[places[number]], own_run)
        tensors.append(output)
        kept.append(remembered)
    return tensors, kept


def backward_nodes(nodes, places, weights, kept, gradients_of_tensors):
    """Go through the nodes from the last to the first, by the chain rule.

    The gradient of a tensor is the sum over the nodes that read it, and that of a weight the sum
    over the nodes that share it.

    Parameters
    ----------
    nodes : list of Node
    places : list of int
        Which entry of the weights is that of each node's layer.
    weights : list of lists of nested lists of float
    kept : list
        From `forward_nodes`.
    gradients_of_tensors : list
        Added to: the gradient with respect to each tensor, or None.  Those of the outputs are
        given.

    Returns
    -------
    list of lists
        The gradient of each weight, or None.
    """
    n_inputs = len(gradients_of_tensors) - len(nodes)
    gradients = [[None] * len(entry) for entry in weights]
    for number in reversed(range(len(nodes))):
        node, place = nodes[number], places[number]
        doutput = gradients_of_tensors[n_inputs + number]
        if doutput is None:  # no output depends on this node
            continue
        if max(node.inputs) < n_inputs:  # nobody asks for the gradient of the network's inputs
            dweights = node.layer.backward_weights(doutput, kept[number], weights[place])
        else:
            dinputs, dweights = node.layer.backward(doutput, kept[number], weights[place])
            for i, dinput in zip(node.inputs, dinputs, strict=True):
                gradients_of_tensors[i] = added(gradients_of_tensors[i], dinput)
        if node.layer.trainable:
            gradients[place] = [
                added(a, b) for a, b in zip(gradients[place], dweights, strict=True)
            ]
    return gradients


def backprop(network, weights, x, y, losses, run=None, loss_weights=None, sample_weight=None):
    """Return the loss of a mini-batch and its gradient, by back-propagation.

    The loss is the mean of the samples' losses, added up over the outputs of the network, with the
    penalties on the weights.

    Parameters
    ----------
    network : Network
    weights : list of lists of nested lists of float
    x : list of nested lists of float
        A mini-batch for each input of the network.
    y : list of lists
        The targets of each output of the network.
    losses : list of str or dict
        The loss of each output, as `objective.as_loss` takes it.
    run : Run, optional
        By default a training step without random numbers of its own: seed 0, step 0.
    loss_weights : list of float, optional
        What the loss of each output is multiplied with.
    sample_weight : list of float, optional
        What the loss of each sample is multiplied with.

    Returns
    -------
    loss : float
    gradients : list of lists
        Like the weights; None for those that are not learned by gradients.
    moved : list of lists of nested lists of float
        The weights, after what layers learn without a gradient: moving averages.

    Notes
    -----
    Essay, step 4: `backprop`.  Rumelhart, Hinton & Williams (1986), "Learning representations by
    back-propagating errors".
    """
    run = run or Run(training=True)
    losses = [as_loss(loss) for loss in losses]
    loss_weights = loss_weights or [1.0] * len(losses)

    # Forward.  A cross-entropy takes the scores before the activation that belongs to it.
    nodes = list(network.nodes)
    takes_scores = [
        _takes_scores(network, loss, output)
        for loss, output in zip(losses, network.outputs, strict=True)
    ]
    for output, takes in zip(network.outputs, takes_scores, strict=True):
        if takes:
            node = nodes[output - network.n_inputs]
            linear = Node(_without_activation(node.layer), node.inputs)
            nodes[output - network.n_inputs] = linear
    tensors, kept = forward_nodes(nodes, network.places, weights, x, run)

    # The loss, and its gradient with respect to the outputs.
    total = 0.0
    gradients_of_tensors = [None] * len(tensors)
    for k, output in enumerate(network.outputs):
        loss, doutput = losses[k].of_mini_batch(
            tensors[output], y[k], takes_scores[k], sample_weight
        )
        total += loss_weights[k] * loss
        doutput = elementwise(lambda d, k=k: loss_weights[k] * d, [doutput])
        gradients_of_tensors[output] = added(gradients_of_tensors[output], doutput)

    # Backward.
    gradients = backward_nodes(nodes, network.places, weights, kept, gradients_of_tensors)
    for layer, own, gradient in zip(network.layers, weights, gradients, strict=True):
        if layer.trainable:
            total += _add_penalties(gradient, layer, own)

    moved = list(weights)
    for node, place, remembered in zip(nodes, network.places, kept, strict=True):
        moved[place] = node.layer.moved(remembered, moved[place])
    return total, gradients, moved


def _takes_scores(network, loss, output):
    """Return whether the loss takes the place of the last activation, which nobody else reads."""
    if output < network.n_inputs:
        return False
    readers = sum(node.inputs.count(output) for node in network.nodes)
    readers += network.outputs.count(output)
    layer = network.nodes[output - network.n_inputs].layer
    return readers == 1 and loss.takes_scores(layer.activation)


def _without_activation(layer):
    """Return the layer as it is before its activation."""
    linear = object.__new__(type(layer))
    vars(linear).update(vars(layer), activation="linear")
    return linear


def _add_penalties(gradient, layer, weights):
    """Add the derivatives of the penalties to a layer's gradient, and return the penalties."""
    total = 0.0
    for i, name in enumerate(layer.weight_names):
        l1, l2 = layer.regularizer(name)
        if l1 or l2:
            numbers = numbers_of(weights[i])
            slopes = [0.0] * len(numbers)
            add_penalty_gradient(slopes, numbers, l1, l2)
            gradient[i] = added(gradient[i], shaped(slopes, shape_of(weights[i])))
            total += penalty(numbers, l1, l2)
    return total
