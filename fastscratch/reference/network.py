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
    tensors, _ = forward_pass(network, weights, x, run or Run())
    return [tensors[number] for number in network.outputs]


def forward_pass(network, weights, x, run):
    """Compute one node after the other.

    Parameters
    ----------
    network : Network
    weights : list of lists of nested lists of float
    x : list of nested lists of float
        A mini-batch for each input of the network.
    run : Run
        Each node derives a seed of its own from that of its layer or, if that has none, of the run.

    Returns
    -------
    tensors : list of nested lists of float
        The inputs, and the output of each node.
    kept : list
        What the layer of each node has kept for the backward pass.
    """
    tensors, kept = list(x), []
    for number, (node, place) in enumerate(zip(network.nodes, network.places, strict=True)):
        seed = run.seed if node.layer.seed is None else node.layer.seed
        own_run = Run(run.training, derived_seed(seed, number + 1), run.step)
        inputs = [tensors[i] for i in node.inputs]
        output, remembered = node.layer.forward(inputs, weights[place], own_run)
        tensors.append(output)
        kept.append(remembered)
    return tensors, kept


def backward_pass(network, weights, kept, dtensors):
    """Go through the nodes from the last to the first, by the chain rule.

    The gradient of a tensor is the sum over the nodes that read it, and that of a weight the sum
    over the nodes that share it.

    Parameters
    ----------
    network : Network
    weights : list of lists of nested lists of float
    kept : list
        From `forward_pass`.
    dtensors : list
        The gradient with respect to each tensor, so far that of the outputs, and None for the
        others; those of all tensors are added, except for the inputs of the network.

    Returns
    -------
    list of lists
        The gradient of each weight, or None.
    """
    gradients = [[None] * len(own) for own in weights]
    for number in reversed(range(len(network.nodes))):
        node, place = network.nodes[number], network.places[number]
        doutput = dtensors[network.n_inputs + number]
        if doutput is None:  # no output depends on this node
            continue
        if max(node.inputs) < network.n_inputs:
            dweights = node.layer.backward_weights(doutput, kept[number], weights[place])
        else:
            dinputs, dweights = node.layer.backward(doutput, kept[number], weights[place])
            for i, dinput in zip(node.inputs, dinputs, strict=True):
                dtensors[i] = added(dtensors[i], dinput)
        if node.layer.trainable:
            gradients[place] = list(map(added, gradients[place], dweights))
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
        By default step 0 of training with the seed 0.
    loss_weights : list of float, optional
        What the loss of each output is multiplied with.
    sample_weight : list of (list or None), optional
        For each output what the loss of each sample, or of each of its rows, is multiplied with.

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
    losses = [as_loss(loss) for loss in losses]
    loss_weights = loss_weights or [1.0] * len(losses)
    run = run or Run(training=True)

    # Forward.  A cross-entropy takes the scores before the activation that belongs to it.
    takes_scores = _which_take_scores(network, losses)
    network = _up_to_scores(network, takes_scores)
    tensors, kept = forward_pass(network, weights, x, run)

    # The loss, and its gradient with respect to the outputs.
    total = 0.0
    dtensors = [None] * len(tensors)
    for k, number in enumerate(network.outputs):
        loss, doutput = losses[k].of_mini_batch(
            tensors[number], y[k], takes_scores[k], sample_weight and sample_weight[k]
        )
        total += loss_weights[k] * loss
        doutput = elementwise(lambda d, factor=loss_weights[k]: factor * d, [doutput])
        dtensors[number] = added(dtensors[number], doutput)

    # Backward.
    gradients = backward_pass(network, weights, kept, dtensors)
    total += _add_penalties(gradients, network.layers, weights)

    # Moving averages.
    moved = list(weights)
    for node, place, remembered in zip(network.nodes, network.places, kept, strict=True):
        moved[place] = node.layer.moved(remembered, moved[place])
    return total, gradients, moved


def _which_take_scores(network, losses):
    """Return whether each loss takes the scores of its output, which nobody else reads."""
    read = [*network.outputs, *(number for node in network.nodes for number in node.inputs)]
    takes_scores = []
    for loss, number in zip(losses, network.outputs, strict=True):
        own = read.count(number) == 1 and number >= network.n_inputs
        activation = network.nodes[number - network.n_inputs].layer.activation
        takes_scores.append(own and loss.takes_scores(activation))
    return takes_scores


def _up_to_scores(network, takes_scores):
    """Return the network without the activations of some outputs; the weights are the same."""
    nodes = list(network.nodes)
    for number, takes in zip(network.outputs, takes_scores, strict=True):
        if takes:
            node = nodes[number - network.n_inputs]
            layer = object.__new__(type(node.layer))
            vars(layer).update(vars(node.layer), activation="linear")
            nodes[number - network.n_inputs] = Node(layer, node.inputs)
    linear = Network(nodes, network.n_inputs, network.outputs)
    linear.layers, linear.places = network.layers, network.places
    return linear


def _add_penalties(gradients, layers, weights):
    """Add the derivatives of the penalties to the gradients, and return the penalties."""
    total = 0.0
    for layer, gradient, own in zip(layers, gradients, weights, strict=True):
        for i, name in enumerate(layer.weight_names):
            l1, l2 = layer.regularizer(name)
            if layer.trainable and (l1 or l2):
                numbers = numbers_of(own[i])
                slopes = [0.0] * len(numbers)
                add_penalty_gradient(slopes, numbers, l1, l2)
                gradient[i] = added(gradient[i], shaped(slopes, shape_of(own[i])))
                total += penalty(numbers, l1, l2)
    return total
