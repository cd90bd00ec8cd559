"""Lowering: a network becomes the phases of a plan, layer by layer.

A layer's function adds the phases of the forward pass and returns the tensor that they compute,
and a function that adds those of the backward pass; these are called in reverse order.
"""

import math
from collections.abc import Callable
from functools import partial

from ..kernels.codes import LINEAR
from ..layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    LayerNormalization,
    MaxPooling2D,
    Reshape,
)
from .convolution import lower_conv2d
from .dense import lower_dense
from .elementwise import lower_activation, lower_dropout
from .network import Network
from .normalization import lower_batch_normalization, lower_layer_normalization
from .plan import Plan, Tensor, activation_code, is_elementwise
from .pooling import lower_average_pooling, lower_global_average_pooling, lower_max_pooling
from .reshaping import lower_from_lanes, lower_reshape, lower_to_lanes

_LOWER: dict[type[Layer], Callable] = {
    Activation: lower_activation,
    AveragePooling2D: lower_average_pooling,
    BatchNormalization: lower_batch_normalization,
    Conv2D: lower_conv2d,
    Dense: lower_dense,
    Dropout: lower_dropout,
    Flatten: lower_reshape,
    GlobalAveragePooling2D: lower_global_average_pooling,
    LayerNormalization: lower_layer_normalization,
    MaxPooling2D: lower_max_pooling,
    Reshape: lower_reshape,
}

# Layers with weights take the activation behind them into their own last phase.
_ACTIVATE = (BatchNormalization, Conv2D, Dense, LayerNormalization)

# Layers that work on samples innermost, and what is at the end of them.
_ON_LANES = (Activation, AveragePooling2D, Conv2D, Dropout, MaxPooling2D)
_OFF_LANES = (Flatten, GlobalAveragePooling2D)

# From so many filters on, a vector along the filters does as well as one along the samples.
FEW_FILTERS = 32

# So many parameters stay in a second-level cache beside a block of samples.
FEW_PARAMETERS = 100_000


def lanes_of(network: Network, batch_size: int, lanes: int) -> int:
    """Samples innermost in the first layers: as many as a vector holds, or 1.

    A convolution with few channels has no long run of numbers in one sample. So for those it is the
    samples that fill the vectors, if a mini-batch has enough of them.
    """
    few = False
    for layer in network.layers:
        if isinstance(layer, Conv2D):
            few = layer.filters < FEW_FILTERS
            if not few or layer.groups > 1:
                return 1
        if isinstance(layer, _OFF_LANES):
            return lanes if few and 2 * batch_size >= lanes else 1
        if not isinstance(layer, _ON_LANES) or not is_elementwise(
            activation_code(layer.activation)
        ):
            return 1
    return 1


def _goes_by_blocks(network: Network) -> bool:
    """Whether a block of samples goes through all layers before the next one.

    It does not leave the cache then, and no worker waits for another. But all weights are read for
    each block, so they must stay in the cache as well.
    """
    small = network.n_parameters <= FEW_PARAMETERS
    return small and all(
        isinstance(layer, (*_ON_LANES, *_OFF_LANES, Dense)) for layer in network.layers
    )


def lower_network(
    plan: Plan, network: Network, x: Tensor, read_out_is_fused: bool
) -> tuple[Tensor, list[Callable]]:
    """Add the forward pass of all layers; the backward pass as functions, the last layer's first.

    Parameters
    ----------
    plan : Plan
    network : Network
    x : Tensor
        The mini-batch.
    read_out_is_fused : bool
        Whether the loss takes the scores before the last activation.
    """
    lanes = lanes_of(network, plan.batch_size, plan.lanes)
    plan.block = lanes if lanes > 1 and _goes_by_blocks(network) else 0
    backward: list[Callable] = []

    def follow(lower: Callable, t: Tensor, **arguments) -> Tensor:
        t, go_back = lower(plan, t=t, **arguments)
        backward.append(go_back)
        return t

    t = x if lanes == 1 else follow(lower_to_lanes, x, lanes=lanes)
    pending = LINEAR  # the activation that the layer before has taken for its own
    last = len(network.layers) - 1
    for i, layer in enumerate(network.layers):
        if pending != LINEAR:  # this layer is an Activation that was done before it
            pending = LINEAR
            continue
        activation = activation_code(layer.activation)
        following = network.layers[i + 1] if i < last else None
        behind = i
        if activation == LINEAR and isinstance(layer, _ACTIVATE) and type(following) is Activation:
            activation = pending = activation_code(following.activation)
            behind = i + 1
        if behind == last and read_out_is_fused:
            activation = LINEAR
        apart = not is_elementwise(activation) and isinstance(layer, _ACTIVATE)
        if t.lanes > 1 and isinstance(layer, Flatten):
            t = follow(lower_from_lanes, t)
        if isinstance(layer, Activation) and activation == LINEAR:
            continue
        t = follow(
            partial(_LOWER[type(layer)], layer=layer, weights=network.weights[i]),
            t,
            shape=network.shapes[i + 1],
            activation=LINEAR if apart else activation,
            number=i,
        )
        if apart:
            t = follow(
                partial(lower_activation, layer=layer, weights=[]),
                t,
                shape=t.shape,
                activation=activation,
                number=i,
            )
    return t, backward[::-1]


def most_channels(network: Network) -> int:
    """Longest last axis of any sample."""
    return max(math.prod(shape[-1:]) for shape in network.shapes)
