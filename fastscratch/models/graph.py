"""From symbolic tensors to the nodes of a network."""

import copy
from collections.abc import Sequence
from typing import Any

from ..engine import Network, Node
from ..layers import Input, SymbolicTensor


def as_tensors(name: str, value: Any) -> list[SymbolicTensor]:
    """One symbolic tensor or several, as a list."""
    tensors = [value] if isinstance(value, SymbolicTensor) else value
    if not isinstance(tensors, (list, tuple)):
        raise TypeError(f"{name} must be symbolic tensors, got {type(value).__name__}")
    if not tensors:
        raise ValueError(f"{name} must be at least one symbolic tensor, got none")
    for tensor in tensors:
        if not isinstance(tensor, SymbolicTensor):
            raise TypeError(f"{name} must be symbolic tensors, got {type(tensor).__name__}")
    return list(tensors)


def as_inputs(value: Any) -> list[Input]:
    """One Input or several, as a list."""
    inputs: list[Input] = []
    for tensor in as_tensors("inputs", value):
        if not isinstance(tensor, Input):
            raise ValueError(f"inputs must be Inputs, got {tensor!r}")
        if any(tensor is other for other in inputs):
            raise ValueError(f"inputs must be different, got {tensor!r} twice")
        inputs.append(tensor)
    return inputs


def network_of(inputs: Sequence[Input], outputs: Sequence[SymbolicTensor]) -> Network:
    """The network that computes some tensors from others, its layers in the order of Keras.

    Raises
    ------
    ValueError
        If an output is an Input or needs one that is not among the inputs, or an input is needed
        by no output.
    """
    for tensor in outputs:
        if tensor.layer is None:
            raise ValueError(f"outputs must be what layers have returned, got {tensor!r}")
    needed = _ordered(outputs)
    for tensor in needed:
        if tensor.layer is None and not any(tensor is one for one in inputs):
            raise ValueError(
                f"outputs need {tensor!r}, which is not among the inputs, or belongs to another "
                "model"
            )
    for tensor in inputs:
        if not any(tensor is other for other in needed):
            raise ValueError(f"the input {tensor!r} is needed by no output")
    place = {tensor.number: k for k, tensor in enumerate(inputs)}
    nodes = []
    for tensor in needed:
        if tensor.layer is not None:
            nodes.append(Node(tensor.layer, tuple(place[read.number] for read in tensor.inputs)))
            place[tensor.number] = len(place)
    return Network(nodes, [t.sample_shape for t in inputs], [place[t.number] for t in outputs])


def _ordered(outputs: Sequence[SymbolicTensor]) -> list[SymbolicTensor]:
    """All tensors that some outputs need, each after those that it is computed from.

    The depth of a tensor is how many layers follow it, on the longest way to an output; that of a
    layer that is called several times is its largest. The deepest come first. Among equals the
    order is that in which a walk from the outputs back to the inputs meets their layers.
    """
    met: dict[int, int] = {}
    finished: dict[int, SymbolicTensor] = {}
    waiting = [(tensor, False) for tensor in reversed(outputs)]
    while waiting:
        tensor, is_finished = waiting.pop()
        if is_finished:
            finished[tensor.number] = tensor
        elif tensor.number not in finished:
            met.setdefault(id(tensor.layer), len(met))
            waiting.append((tensor, True))
            waiting.extend((read, False) for read in reversed(tensor.inputs))
    depths = dict.fromkeys(finished, 0)
    of_layers: dict[int, int] = {}
    for tensor in reversed(finished.values()):
        depth = depths[tensor.number]
        if tensor.layer is not None:
            depth = max(depth, of_layers.get(id(tensor.layer), 0))
            depths[tensor.number] = of_layers[id(tensor.layer)] = depth
        for read in tensor.inputs:
            depths[read.number] = max(depths[read.number], depth + 1)
    return sorted(finished.values(), key=lambda t: (-depths[t.number], met[id(t.layer)], t.number))


def copied_network(network: Network, output: int) -> tuple[Network, list[int]]:
    """The part of a network that computes one of its tensors, with copies of the layers.

    Parameters
    ----------
    network : Network
    output : int
        Number of the tensor.

    Returns
    -------
    Network
    list of int
        Which inputs of the whole network it has.
    """
    needed, waiting = set(), [output]
    while waiting:
        tensor = waiting.pop()
        needed.add(tensor)
        if tensor >= network.n_inputs:
            waiting.extend(set(network.nodes[tensor - network.n_inputs].inputs) - needed)
    ordered = sorted(needed)
    place = {tensor: k for k, tensor in enumerate(ordered)}
    inputs = [tensor for tensor in ordered if tensor < network.n_inputs]
    nodes = [network.nodes[tensor - network.n_inputs] for tensor in ordered[len(inputs) :]]
    layers = copy.deepcopy([node.layer for node in nodes])  # in one call: a shared one stays shared
    copied = [
        Node(layer, tuple(place[read] for read in node.inputs))
        for layer, node in zip(layers, nodes, strict=True)
    ]
    return Network(copied, [network.input_shapes[k] for k in inputs]), inputs
