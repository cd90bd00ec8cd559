"""An example trained by the naive network."""

import math
from functools import cache
from typing import Any

import numpy as np

from .. import losses, optimizers
from ..activations import Custom
from ..engine import Network
from ..kernels.codes import OPTIMIZERS
from ..layers import Layer
from ..reference import network as reference
from ..reference.layers.base import Run
from ..reference.train import SGD, Optimizer
from ..utils import derived_seed
from .example import Example, network_of
from .training import Trained


def naive_network(network: Network) -> reference.Network:
    """The naive network that computes the same."""
    return reference.network_of(
        [
            (type(node.layer).__name__, _config(node.layer), node.inputs, id(node.layer))
            for node in network.nodes
        ],
        network.n_inputs,
        network.outputs,
    )


def _config(layer: Layer) -> dict[str, Any]:
    """The arguments of a layer as the naive one takes them: a user's activation as two functions.

    They could not be found by name if they were written in a test.
    """
    own = layer.activation
    if not isinstance(own, Custom):
        return layer.get_config()
    plain = type(layer)(**layer._arguments() | {"activation": None})
    return plain.get_config() | {"activation": (own.value, own.derivative)}


def naive_loss(loss: losses.Loss) -> dict[str, Any]:
    """The arguments of a loss as the naive one takes them."""
    if not isinstance(loss, losses.Custom):
        config = loss.get_config()
        return config | {"name": config.pop("kind")}
    functions = {"value": loss.value, "gradient": loss.gradient}
    return {"name": "custom", "reduction": loss.reduction, **functions, **dict(loss.numbers)}


def naive_weights(network: Network, parameters: np.ndarray) -> list[list[Any]]:
    """The flat vector of parameters as the naive network takes it: a list for each layer."""
    return [
        [placed.view(parameters).tolist() for placed in own]
        for _, own in network.weights_by_layer()
    ]


def naive_rule(optimizer: optimizers.Optimizer) -> Optimizer:
    """What the naive network learns by."""
    return Optimizer(
        OPTIMIZERS[optimizer.code],
        optimizer.hyper().tolist(),
        optimizer.slot_start,
        optimizer.clipvalue or math.inf,
        optimizer.clipnorm or math.inf,
        optimizer.global_clipnorm or math.inf,
        optimizer.gradient_accumulation_steps or 1,
        optimizer.ema_momentum if optimizer.use_ema else None,
        optimizer.ema_overwrite_frequency,
    )


def naive_targets(y: np.ndarray) -> list[Any]:
    """Targets as the naive network takes them."""
    return y.astype(int).tolist() if y.ndim == 1 else y.tolist()


@cache
def train_naively(example: Example) -> Trained:
    """Train an example by the naive network."""
    model = example.model("float64")
    network = network_of(model)
    naive, weights = naive_network(network), naive_weights(network, model._state.parameters)
    xs, ys, sample_weights = example.data(model)
    x, y = [a.tolist() for a in xs], [naive_targets(a) for a in ys]
    own = [None if sample_weights is None else sample_weights.tolist()] * len(y)
    objectives = [naive_loss(loss) for loss in model._losses]
    seed = derived_seed(model.seed, 1)
    outputs = [np.array(output, float) for output in reference.forward(naive, weights, x)]
    run = Run(training=True, seed=seed, step=0)
    loss, gradients, _ = reference.backprop(
        naive, weights, x, y, objectives, run, model._loss_weights, own
    )
    optimizer = model._compiled_optimizer()
    rule, rate = naive_rule(optimizer), optimizer.learning_rate
    trained, (mean,) = SGD(
        *(naive, weights, x, y, objectives, 1, example.batch_size, rate, rule),
        seed=seed,
        loss_weights=model._loss_weights,
        sample_weight=own,
    )

    def arrays(nested: Any) -> list[np.ndarray]:
        pairs = zip(nested, weights, strict=True)
        return [
            np.zeros(np.shape(weight)) if array is None else np.array(array, float)
            for entry, like in pairs
            for array, weight in zip(entry, like, strict=True)
        ]

    remembered = [*(rule.slots or []), *([rule.average] if optimizer.use_ema else [])]
    slots = [array for slot in remembered for array in arrays(slot)]
    return Trained([loss, mean], outputs, arrays(gradients), arrays(trained), slots)
