"""JAX's side: an epoch as one compiled call, a scan over its mini-batches; or a call for each."""

import functools
import os

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp

from .task import calling, training, weights_of

VERSION = jax.__version__
ACTIVATIONS = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "gelu": functools.partial(jax.nn.gelu, approximate=False),
    "elu": jax.nn.elu,
    "silu": jax.nn.silu,
    "softmax": jax.nn.softmax,
}


def start(threads):
    """Keep to this many processors: JAX takes as many threads as it is allowed processors."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    if workload.dtype != "float32" or ("dropout", 0.25) in workload.network.layers:
        raise NotImplementedError("not written for float64, or for dropout")
    return TASKS[workload.kind](workload, data)


def forward(network, weights, x, training):
    """Outputs, without the activation of the last layer, and the weights after the pass.

    Only batch normalisation changes weights here: its moving statistics.
    """
    after, place = list(weights), 0
    last = len(network.layers) - 1
    for i, (layer, _, shapes, _) in enumerate(network.walk()):
        own = weights[place : place + len(shapes)]
        match layer:
            case ("dense", *_):
                x = x @ own[0] + own[1]
            case ("conv", _, _, padding, _):
                dimensions = ("NHWC", "HWIO", "NHWC")
                x = lax.conv_general_dilated(
                    x, own[0], (1, 1), padding.upper(), dimension_numbers=dimensions
                )
                x += own[1]
            case ("depthwise", _, padding, _):
                channels = x.shape[3]
                x = lax.conv_general_dilated(
                    x,
                    own[0].transpose(0, 1, 3, 2),
                    (1, 1),
                    padding.upper(),
                    dimension_numbers=("NHWC", "HWIO", "NHWC"),
                    feature_group_count=channels,
                )
                x += own[1]
            case ("max_pool", size):
                window = (1, size, size, 1)
                x = lax.reduce_window(x, -jnp.inf, lax.max, window, window, "VALID")
            case ("average_pool", size):
                window = (1, size, size, 1)
                x = lax.reduce_window(x, 0.0, lax.add, window, window, "VALID") / size**2
            case ("layer_norm",):
                mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
                x = (x - mean) * lax.rsqrt(variance + 0.001) * own[0] + own[1]
            case ("batch_norm",):
                gamma, beta, mean, variance = own
                if training:
                    moving = mean, variance
                    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
                    after[place + 2 : place + 4] = (
                        0.99 * old + 0.01 * lax.stop_gradient(new)
                        for old, new in zip(moving, (mean, variance), strict=True)
                    )
                x = (x - mean) * lax.rsqrt(variance + 0.001) * gamma + beta
            case ("global_average_pool",):
                x = x.mean((1, 2))
            case ("flatten",):
                x = x.reshape(len(x), -1)
        if layer[0] in ("dense", "conv", "depthwise", "activation") and i < last:
            x = ACTIVATIONS[layer[-1]](x)
        place += len(shapes)
    return x, after


def mean_loss(network, weights, x, y):
    z, after = forward(network, weights, x, training=True)
    if network.read_out == "sigmoid":
        return (jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-abs(z)))).mean(), after
    return -(jax.nn.log_softmax(z) * y).sum(axis=1).mean(), after


def update(optimizer, rate, weight, gradient, slots, step):
    """One weight and what the optimiser remembers of it, after a step; the rules of Keras."""
    match optimizer:
        case "SGD":
            return weight - rate * gradient, slots
        case "RMSprop":
            square = 0.9 * slots[0] + 0.1 * gradient**2
            return weight - rate * gradient * lax.rsqrt(square + 1e-7), (square, slots[1])
        case "Adam":
            mean = 0.9 * slots[0] + 0.1 * gradient
            square = 0.999 * slots[1] + 0.001 * gradient**2
            rate *= jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            return weight - rate * mean / (jnp.sqrt(square) + 1e-7), (mean, square)


def train(workload, data):
    network, batch_size = workload.network, workload.batch_size
    x, y = jnp.asarray(data["x"]), jnp.asarray(data["y"])
    gradient_of = jax.value_and_grad(lambda *args: mean_loss(network, *args), has_aux=True)

    def start_state():
        weights = [jnp.array(weight) for weight in weights_of(data)]
        slots = [(jnp.zeros_like(weight), jnp.zeros_like(weight)) for weight in weights]
        return weights, slots, jnp.float32(0)

    def step(state, rows, rate=workload.learning_rate):
        weights, slots, count = state
        (loss, after), gradients = gradient_of(weights, x[rows], y[rows])
        updated = [
            update(workload.optimizer, rate, *each, count + 1)
            for each in zip(after, gradients, slots, strict=True)
        ]
        return ([new for new, _ in updated], [new for _, new in updated], count + 1), loss

    def epoch(state, key, rate=workload.learning_rate):
        rows = jax.random.permutation(key, len(x)).reshape(-1, batch_size)
        state, losses = lax.scan(lambda state, rows: step(state, rows, rate), state, rows)
        return state, losses.mean()

    def mapping():
        """All models at once, each with its own shuffle and rate."""
        compiled = jax.jit(jax.vmap(epoch), donate_argnums=0)
        rates, key = jnp.array(workload.learning_rates), jax.random.key(0)
        state = jax.tree.map(lambda leaf: jnp.stack([leaf] * workload.models), start_state())

        def fit(epochs):
            nonlocal state, key
            for _ in range(epochs):
                key, used = jax.random.split(key)
                state, losses = compiled(state, jax.random.split(used, workload.models), rates)
            return losses.mean().item()

        return fit

    def scanning():
        compiled = jax.jit(epoch, donate_argnums=0)
        state, key = start_state(), jax.random.key(0)

        def fit(epochs):
            nonlocal state, key
            for _ in range(epochs):
                key, used = jax.random.split(key)
                state, loss = compiled(state, used)
            return loss.item()

        return fit

    def stepping():
        compiled = jax.jit(step, donate_argnums=0)
        state, rng = start_state(), np.random.default_rng(0)

        def fit(epochs):
            nonlocal state
            for _ in range(epochs):
                losses = []
                for rows in rng.permutation(len(x)).reshape(-1, batch_size):
                    state, loss = compiled(state, rows)
                    losses.append(loss)
            return float(np.mean(losses))

        return fit

    if workload.models > 1:
        return {"vmap": training(workload, mapping())}
    # Inside a scan, convolutions do not reach the fast code that they reach outside of one.
    return {"scan": training(workload, scanning()), "step": training(workload, stepping())}


def predict(workload, data):
    network, weights = workload.network, weights_of(data)

    @jax.jit
    def outputs(weights, x):
        z, _ = forward(network, weights, x, training=False)
        return ACTIVATIONS[network.read_out](z)

    weights = [jnp.asarray(weight) for weight in weights]
    tasks = {}
    for size in (250, 1000):

        def predict(size=size):
            parts = [
                outputs(weights, data["x"][at : at + size]) for at in range(0, workload.rows, size)
            ]
            return np.concatenate(parts)

        tasks[f"batches of {size}"] = calling(predict)
    return tasks


TASKS = {"train": train, "predict": predict}
