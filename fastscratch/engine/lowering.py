"""Lowering: a network becomes the phases of a plan, layer by layer.

A kind of layer is lowered by a function in a file of its own, where it is registered (`registry`).
It adds the phases of the forward pass, and returns the tensor that they compute and a function that
adds the phases of the backward pass. These functions are called in reverse order.
"""

import math
from collections.abc import Callable, Collection, Sequence
from functools import partial

from ..activations import compiled
from ..kernels.activations import LINEAR
from ..kernels.program import elementwise as op
from ..layers import (
    ELU,
    Activation,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    LayerNormalization,
    LeakyReLU,
    ReLU,
    Softmax,
)
from .elementwise import by_samples, lower_activation
from .network import Network
from .parameters import Parameters, parameters_of
from .plan import Plan, Tensor
from .registry import LayerCall, Lowered, Lowering, lowering_of
from .reshaping import lower_from_lanes, lower_to_lanes

# Layers that take samples as rows, some at a time.
BY_ROWS = (Dense, Activation, Dropout, LayerNormalization, ReLU, LeakyReLU, ELU)

# From this many filters on, a vector along the filters does as well as one along the samples.
FEW_FILTERS = 32

# Samples of a block of rows: a multiple of the height of a tile, and few enough to stay in the
# first- and second-level cache with all that narrow layers make of them.
ROWS_IN_BLOCK = 48

# From this batch size on, two threads have a block each that fills a few tiles.
LARGE_BATCH = 64

# This many parameters stay in a second-level cache beside a block of samples.
FEW_PARAMETERS = 100_000

# In training it pays with more of them, which each block fetches from a third-level cache: there
# are also the scores and gradients, which else are written and fetched. With gelu and 1024 samples,
# 100-400-400-10 takes 6.5 ms in place of 11.0; 784-512-512-10 with relu and 512 is no faster.
FEW_LEARNED = 500_000


def lanes_of(network: Network, batch_size: int, lanes: int) -> int:
    """Samples innermost in the first layers: as many as a vector holds, or 1.

    A convolution with few channels has no long run of numbers in one sample. There the samples
    fill the vectors, if a mini-batch has enough of them.
    """
    few = False
    if network.n_inputs > 1:
        return 1
    for i, node in enumerate(network.nodes):
        layer, lowering = node.layer, lowering_of(node.layer)
        if node.inputs != (i,) or network.readers[i] > 1 or network.uses[i] > 1:
            return 1
        if isinstance(layer, Conv2D):
            few = layer.filters < FEW_FILTERS
            if not few or layer.groups > 1:
                return 1
        if lowering.leaves_lanes:
            return lanes if few and 2 * batch_size >= lanes else 1
        if not lowering.on_lanes or compiled(layer.activation).of_samples:
            return 1
    return 1


def _goes_by_blocks(network: Network) -> bool:
    """Whether a block of samples goes through all layers before the next one.

    The block then stays in the cache, and no worker waits for another. But all weights are read for
    each block, so they must stay in the cache as well.
    """

    def can(lowering: Lowering) -> bool:
        return lowering.on_lanes or lowering.leaves_lanes

    small = network.n_parameters <= FEW_PARAMETERS and network.is_chain
    return small and all(
        can(lowering_of(layer)) or isinstance(layer, Dense) for layer in network.layers
    )


def goes_by_rows(network: Network, most: int = FEW_PARAMETERS) -> bool:
    """Whether blocks of samples, as rows, can go through all layers one after the other.

    That is worth it with few parameters, which are read for each block: at most this many.
    """
    if network.n_parameters > most or not network.is_chain:
        return False
    return all(
        isinstance(node.layer, Flatten)
        or (type(node.layer) in BY_ROWS and len(network.shapes[number]) == 1)
        for number, node in enumerate(network.nodes)
    )


def _rows_in_block(plan: Plan, network: Network) -> int:
    """Samples of a block of rows in training and evaluation; 0 if there are no blocks.

    The blocks are even in number, so that two threads have as much to do.
    """
    most = FEW_LEARNED if plan.learns else FEW_PARAMETERS
    if plan.batch_size < LARGE_BATCH or plan.sparse or not goes_by_rows(network, most):
        return 0
    blocks = 2 * -(-plan.batch_size // (2 * ROWS_IN_BLOCK))
    return 4 * -(-plan.batch_size // (4 * blocks))


def keeps_apart(network: Network, lanes: int) -> bool:
    """Whether this many samples can go through a network at once, and keep their gradients apart.

    That needs layers whose gradients are computed by late phases. With many filters there is
    nothing to gain from it: one image fills the vectors, and its numbers stay in the cache.
    """
    learned = [
        node.layer
        for node, weights in zip(network.nodes, network.weights, strict=True)
        if node.layer.trainable and any(placed.weight.trainable for placed in weights)
    ]
    kinds = (Dense, Conv2D) if lanes_of(network, lanes, lanes) > 1 else (Dense,)
    once = len({id(layer) for layer in learned}) == len(learned)
    return once and all(isinstance(layer, kinds) for layer in learned)


def _is_activation(layer: Layer) -> bool:
    """Whether a layer is an activation along the last axis and nothing else."""
    return isinstance(layer, Activation) or (isinstance(layer, Softmax) and layer.axis == -1)


def _followers(network: Network) -> dict[int, int]:
    """For each node whose layer also computes the Activation after it: the node of that."""
    follower = {}
    for number, node in enumerate(network.nodes):
        if not _is_activation(node.layer):
            continue
        (read,) = node.inputs
        before = read - network.n_inputs
        if before < 0 or network.readers[read] > 1:
            continue
        layer = network.nodes[before].layer
        is_free = compiled(layer.activation) == LINEAR
        if is_free and lowering_of(layer).takes_activation:
            follower[before] = number
    return follower


def lower_network(
    plan: Plan, network: Network, inputs: Sequence[Tensor], fused: Collection[int] = ()
) -> tuple[list[Tensor], Callable[[], None]]:
    """Add the forward pass of all layers; return the outputs, and what adds the backward pass.

    Parameters
    ----------
    plan : Plan
    network : Network
    inputs : sequence of Tensor
        The mini-batch.
    fused : collection of int
        Outputs, by their place among them, whose loss takes the scores before the last activation.
    """
    lowered = _Lowered(plan, network, inputs, {network.outputs[k] for k in fused})
    for number in range(len(network.nodes)):
        lowered.lower(number)
    outputs = [lowered.read(tensor) for tensor in network.outputs]
    return outputs, lowered.go_back


class _Lowered:
    """A network while it is lowered: its tensors so far, and what adds their backward phases."""

    def __init__(
        self, plan: Plan, network: Network, inputs: Sequence[Tensor], without_activation: set[int]
    ):
        self._plan, self._network = plan, network
        self._without_activation = without_activation
        self._followers = _followers(network)
        self._done = set(self._followers.values())
        self._tensors: list[Tensor] = []
        self._backward: list[tuple[str, Callable[[], None]]] = []
        self._forks: dict[int, list[Tensor]] = {}
        #: For layers that are called more than once: places of gradients that no node has yet.
        self._gradients: dict[int, list[int]] = {}
        self._sums: list[Callable[[], None]] = []
        lanes = lanes_of(network, plan.batch_size, plan.lanes)
        if plan.keeps_apart:
            plan.block = plan.batch_size
        elif lanes > 1 and _goes_by_blocks(network):
            plan.block = lanes
        elif not plan.block:
            plan.block = _rows_in_block(plan, network)
        for t in inputs:
            self._made(t if lanes == 1 else self._follow(lower_to_lanes(plan, t, lanes)))

    def lower(self, number: int) -> None:
        """Add the forward phases of a node."""
        plan, network = self._plan, self._network
        node, shape = network.nodes[number], network.shapes[network.n_inputs + number]
        layer = node.layer
        inputs = [self.read(tensor) for tensor in node.inputs]
        if number in self._done:  # by the layer before
            self._made(inputs[0])
            return
        lowering = lowering_of(layer)
        does = self._followers.get(number, number)
        activation = compiled(network.nodes[does].layer.activation)
        if network.n_inputs + does in self._without_activation:
            activation = LINEAR
        plan.site = f"{layer.name or type(layer).__name__} {tuple(shape)}"
        if _is_activation(layer) and activation == LINEAR:
            self._made(inputs[0])
            return
        if inputs[0].lanes > 1 and isinstance(layer, Flatten):
            inputs = [self._follow(lower_from_lanes(plan, inputs[0]))]
        apart = activation.of_samples and lowering.takes_activation
        call = LayerCall(
            layer,
            network.weights[number],
            inputs,
            shape,
            LINEAR if apart else activation,
            number,
            self._gradient_of(number),
        )
        t = self._follow(lowering.lower(plan, call))
        if apart:
            t = self._follow(
                lower_activation(plan, call.replaced(inputs=[t], activation=activation))
            )
        self._made(t)

    def _made(self, t: Tensor) -> None:
        """Take the next tensor of the network; if it has several readers, fork it."""
        number, plan = len(self._tensors), self._plan
        self._tensors.append(t)
        readers = self._network.readers[number]
        if readers < 2:
            return
        size = plan.aligned(plan.images(t.lanes) * t.lanes * t.units)
        first = plan.take(readers * size) if t.is_differentiated else None
        places = [None if first is None else first + k * size for k in range(readers)]
        self._forks[number] = [Tensor(t.shape, t.lanes, LINEAR, t.a, t.a, dz) for dz in places]

        def join() -> None:
            if t.is_differentiated:
                cut, items, block = by_samples(plan, t)
                parts = {op.PARTS: first, op.N_PARTS: readers, op.PART_SIZE: size}
                flops = readers * plan.batch_size * t.units
                plan.add(
                    op.sum_gradients_item,
                    items,
                    *(plan.backward(t), parts, cut),
                    lanes=block,
                    flops=flops,
                )

        self._backward.append((plan.site, join))

    def read(self, number: int) -> Tensor:
        """A tensor, for one of its readers."""
        forks = self._forks.get(number)
        return forks.pop() if forks else self._tensors[number]

    def _follow(self, lowered: Lowered) -> Tensor:
        t, go_back = lowered
        self._backward.append((self._plan.site, go_back))
        return t

    def _gradient_of(self, number: int) -> int | None:
        """Where the gradient of a node's weights goes, if other nodes share the layer."""
        plan, layer, weights = self._plan, self._network.nodes[number].layer, self._network.weights
        own = Parameters(plan, weights[number], layer.trainable)
        uses = self._network.uses[number]
        if uses == 1 or not own.learns:
            return None
        if id(layer) not in self._gradients:
            size = plan.aligned(own.size)
            first = plan.take(uses * size)
            self._gradients[id(layer)] = [first + k * size for k in range(uses)]
            for some, skipped in parameters_of(plan, weights[number], layer.trainable):
                self._sums.append(partial(some.add_sum, uses, first + skipped, size, ""))
        return self._gradients[id(layer)].pop()

    def go_back(self) -> None:
        """Add the backward phases, those of the last layer first."""
        for site, go_back in reversed(self._backward):
            self._plan.site = site
            go_back()
        self._plan.site = ""
        for add_sum in self._sums:
            add_sum()


def most_channels(network: Network) -> int:
    """Longest last axis of any sample."""
    return max(math.prod(shape[-1:]) for shape in network.shapes)
