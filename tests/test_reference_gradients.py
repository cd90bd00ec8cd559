"""Every backward twin against central differences.

The truth is the definition of the derivative: (f(p + h) - f(p - h)) / 2h for one number p at a
time.  For the whole network f is written here from the textbook formulas in terms of
probabilities, so the differences share nothing with the losses' code.
"""

import math
from itertools import pairwise
from random import Random

import pytest

from fastscratch.reference import activations, dense, losses, network, pointwise
from fastscratch.reference.layers import Dense

# The step, a power of two so that 2h is exact.
H = 2.0**-17

# How far a central difference may be from the derivative:
#
# - truncation, h**2 / 6 times the third derivative.  The data below are draws of size about 1, and
#   the functions have third derivatives below 100:            h**2 / 6 * 100 = 1e-9
# - rounding.  Each f is off by at most its number of operations times 2**-53 times the size
#   of what is added; for at most 1000 operations of size 10, divided by h:
#                                                     1000 * 10 * 2**-53 / h = 1.5e-7
#
# Those are bounds; the gradients themselves are of size 0.01 to 10, so a wrong term shows.
TOLERANCE = H**2 / 6 * 100 + 1000 * 10 * 2.0**-53 / H


def differences(f, p):
    """The central differences of f() with respect to each number in the list p."""
    result = []
    for i in range(len(p)):
        held = p[i]
        p[i] = held + H
        above = f()
        p[i] = held - H
        below = f()
        p[i] = held
        result.append((above - below) / (2 * H))
    return result


def close(expected):
    return pytest.approx(expected, rel=0, abs=TOLERANCE)


def draws(rng, *shape):
    """Nested lists of draws from N(0, 1)."""
    if not shape:
        return rng.gauss(0, 1)
    return [draws(rng, *shape[1:]) for _ in range(shape[0])]


def zeros(*shape):
    """Nested lists of zeros."""
    if not shape:
        return 0.0
    return [zeros(*shape[1:]) for _ in range(shape[0])]


def dot(u, v):
    return sum(a * b for a, b in zip(u, v, strict=True))


ACTIVATIONS = [
    "linear",
    "sigmoid",
    "tanh",
    "relu",
    "softmax",
    "log_softmax",
    "leaky_relu",
    "elu",
    "selu",
    "exponential",
    "softplus",
    "silu",
    "gelu",
    "gelu_tanh",
    "celu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "log_sigmoid",
    "mish",
    "relu6",
    "soft_shrink",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh_shrink",
]
PARAMETERS = {"leaky_relu": [0.3], "elu": [1.5]}
CONSTANTS = {
    "huber": [0.7],
    "binary_focal_crossentropy": [1.5, 0.3, 0.7],
    "binary_focal_log_loss": [1.5, 0.3, 0.7],
    "categorical_focal_crossentropy": [0.4, 1.5],
    "categorical_focal_log_loss": [0.4, 1.5],
    "categorical_generalized_cross_entropy": [0.6],
}
LOSSES = [
    "mean_squared_error",
    "binary_crossentropy",
    "multilabel_crossentropy",
    "categorical_crossentropy",
    "mean_absolute_error",
    "huber",
    "poisson",
    "binary_log_loss",
    "multilabel_log_loss",
    "categorical_log_loss",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "log_cosh",
    "kl_divergence",
    "cosine_similarity",
    "hinge",
    "squared_hinge",
    "categorical_hinge",
    "binary_focal_crossentropy",
    "binary_focal_log_loss",
    "categorical_focal_crossentropy",
    "categorical_focal_log_loss",
    "categorical_generalized_cross_entropy",
]


# --- One function at a time ------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS[1:])
def test_activation_of_one_sample(name):
    rng = Random(1)
    module = activations if hasattr(activations, f"{name}_forward") else pointwise
    forward = getattr(module, f"{name}_forward")
    backward = getattr(module, f"{name}_backward")
    z, da = draws(rng, 6), draws(rng, 6)
    assert min(map(abs, z)) > H  # ReLU has no derivative at 0
    parameters = PARAMETERS.get(name, [])

    def f():
        a = zeros(6)
        forward(a, z, *parameters)
        return dot(a, da)  # its gradient with respect to a is da

    a, dz = zeros(6), zeros(6)
    forward(a, z, *parameters)
    backward(dz, z, a, da, *parameters)
    assert dz == close(differences(f, z))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_of_several_samples(activation):
    rng = Random(2)
    z, da = draws(rng, 3, 4), draws(rng, 3, 4)
    assert min(abs(score) for row in z for score in row) > H

    def f():
        a = zeros(3, 4)
        activations.activation_forward(a, z, activation)
        return sum(map(dot, a, da))

    a, dz = zeros(3, 4), zeros(3, 4)
    activations.activation_forward(a, z, activation)
    activations.activation_backward(dz, z, a, da, activation)
    for n in range(3):
        assert dz[n] == close(differences(f, z[n]))


def targets(rng, loss, n_out):
    """Targets that suit a loss."""
    if loss in (
        *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error", "huber"),
        *("log_cosh", "cosine_similarity"),
    ):
        return draws(rng, n_out)
    if loss in ("hinge", "squared_hinge"):
        return [float(rng.choice([-1, 1])) for _ in range(n_out)]
    if loss == "poisson":
        return [float(rng.randrange(5)) for _ in range(n_out)]
    if loss.startswith("categorical"):
        label = rng.randrange(n_out)
        return [float(o == label) for o in range(n_out)]
    return [float(rng.randrange(2)) for _ in range(n_out)]


def predictions(rng, loss, n_out):
    """Logits, or predictions that suit a loss."""
    if loss == "poisson":
        return [rng.uniform(0.5, 3) for _ in range(n_out)]
    if loss.endswith("log_loss") or loss in (
        *("kl_divergence", "mean_squared_logarithmic_error"),
        "categorical_generalized_cross_entropy",
    ):
        return [rng.uniform(0.1, 0.9) for _ in range(n_out)]
    return draws(rng, n_out)


@pytest.mark.parametrize("n_out", [1, 2, 5])
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_of_one_sample(loss, n_out):
    rng = Random(3)
    forward, backward, _ = losses.LOSSES[loss]
    logits = predictions(rng, loss, n_out)
    parameters = CONSTANTS.get(loss, [])
    for y in (targets(rng, loss, n_out), [rng.random() for _ in range(n_out)]):
        dlogits = zeros(n_out)
        backward(dlogits, logits, y, *parameters)
        f = differences(lambda y=y: forward(logits, y, *parameters), logits)
        assert dlogits == close(f)


@pytest.mark.parametrize("loss", LOSSES)
def test_loss_of_several_samples(loss):
    rng = Random(4)
    logits = [predictions(rng, loss, 4) for _ in range(3)]
    y = [targets(rng, loss, 4) for _ in range(3)]

    def f():
        out = zeros(3)
        losses.loss_forward(out, logits, y, loss)
        return sum(out)

    dlogits = zeros(3, 4)
    losses.loss_backward(dlogits, logits, y, loss)
    for n in range(3):
        assert dlogits[n] == close(differences(f, logits[n]))


@pytest.mark.parametrize(("n_samples", "n_in", "n_out"), [(1, 1, 1), (3, 4, 2), (2, 3, 5)])
def test_dense(n_samples, n_in, n_out):
    rng = Random(5)
    x, kernel, bias = draws(rng, n_samples, n_in), draws(rng, n_in, n_out), draws(rng, n_out)
    dz = draws(rng, n_samples, n_out)

    def f():
        z = zeros(n_samples, n_out)
        dense.dense_forward(z, x, kernel, bias)
        return sum(map(dot, z, dz))

    dx, dkernel, dbias = zeros(n_samples, n_in), zeros(n_in, n_out), zeros(n_out)
    dense.dense_backward_input(dx, dz, kernel)
    dense.dense_backward_weight(dkernel, dbias, x, dz)
    for n in range(n_samples):
        assert dx[n] == close(differences(f, x[n]))
    for i in range(n_in):
        assert dkernel[i] == close(differences(f, kernel[i]))
    assert dbias == close(differences(f, bias))


# --- The whole network -----------------------------------------------------------------------

NETWORKS = [
    # A logistic and a softmax regression: no hidden layer.
    ([3, 1], ["sigmoid"], "binary_crossentropy"),
    ([3, 4], ["softmax"], "categorical_crossentropy"),
    # The essay's: one hidden layer of sigmoids.
    ([4, 5, 3], ["sigmoid", "sigmoid"], "multilabel_crossentropy"),
    ([4, 5, 3], ["sigmoid", "sigmoid"], "binary_crossentropy"),
    ([4, 5, 3], ["relu", "softmax"], "categorical_crossentropy"),
    # Deeper, and with every activation hidden.
    ([2, 4, 3, 2], ["tanh", "relu", "softmax"], "categorical_crossentropy"),
    ([3, 2, 4, 3, 2], ["softmax", "linear", "tanh", "sigmoid"], "multilabel_crossentropy"),
    ([1, 1, 1], ["tanh", "sigmoid"], "binary_crossentropy"),
    ([3, 4, 3, 4, 2], ["gelu", "silu", "softplus", "softmax"], "categorical_crossentropy"),
    ([3, 4, 3, 4, 2], ["leaky_relu", "elu", "selu", "gelu_tanh"], "mean_squared_error"),
    # Squared error after every activation.
    ([3, 4, 2], ["tanh", "linear"], "mean_squared_error"),
    ([3, 4, 2], ["sigmoid", "sigmoid"], "mean_squared_error"),
    ([3, 4, 2], ["relu", "tanh"], "mean_squared_error"),
    ([3, 4, 2], ["linear", "relu"], "mean_squared_error"),
    ([3, 4, 3], ["tanh", "softmax"], "mean_squared_error"),
    ([3, 4, 2], ["tanh", "linear"], "mean_absolute_error"),
    ([3, 4, 2], ["silu", "linear"], "huber"),
    ([3, 4, 2], ["tanh", "softplus"], "poisson"),
    ([3, 4, 2], ["tanh", "exponential"], "poisson"),
    # Cross-entropies after an activation that is not theirs.
    ([3, 4, 3], ["tanh", "softmax"], "binary_log_loss"),
    ([3, 4, 3], ["tanh", "softmax"], "multilabel_log_loss"),
    ([3, 4, 3], ["tanh", "sigmoid"], "categorical_log_loss"),
]


def textbook_loss(prediction, y, loss):
    """The loss in terms of the activations of the last layer."""
    pairs = list(zip(prediction, y, strict=True))
    if loss == "mean_squared_error":
        return sum((a - t) ** 2 for a, t in pairs) / len(y)
    if loss == "mean_absolute_error":
        return sum(abs(a - t) for a, t in pairs) / len(y)
    if loss == "huber":  # r**2 / 2, less the square of what is beyond 1
        return sum((a - t) ** 2 - max(abs(a - t) - 1, 0) ** 2 for a, t in pairs) / 2 / len(y)
    if loss == "poisson":
        return sum(a - t * math.log(a + 1e-7) for a, t in pairs) / len(y)
    if loss.startswith("categorical"):  # the sum is 1 after a softmax
        return -sum(t * math.log(a / sum(prediction)) for a, t in pairs)
    total = -sum(t * math.log(a) + (1 - t) * math.log(1 - a) for a, t in pairs)
    return total / len(y) if loss.startswith("binary") else total


def draw_network(rng, sizes, names):
    """A network of dense layers, and random weights of it."""
    layers = [Dense(units, name) for units, name in zip(sizes[1:], names, strict=True)]
    weights = [[draws(rng, n_in, n_out), draws(rng, n_out)] for n_in, n_out in pairwise(sizes)]
    return network.sequential(layers), weights


def as_keras_names(loss):
    """The log losses are cross-entropies whose last activation is not their own."""
    return [loss.replace("log_loss", "crossentropy")]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("n_samples", [1, 3])
@pytest.mark.parametrize(("sizes", "names", "loss"), NETWORKS)
def test_backprop(sizes, names, loss, n_samples, seed):
    rng = Random(seed)
    net, weights = draw_network(rng, sizes, names)
    x = draws(rng, n_samples, sizes[0])
    y = [targets(rng, loss, sizes[-1]) for _ in range(n_samples)]
    # A score this far from 0 stays on its side of ReLU's corner when a parameter moves by h.
    for end, name in enumerate(names, 1):
        if name == "relu":
            scores = [*net.layers[: end - 1], Dense(sizes[end])]
            (z,) = network.forward(network.sequential(scores), weights[:end], [x])
            assert min(abs(score) for row in z for score in row) > 100 * H

    def f():
        (a,) = network.forward(net, weights, [x])
        return sum(textbook_loss(a[n], y[n], loss) for n in range(n_samples)) / n_samples

    value, gradients, _ = network.backprop(net, weights, [x], [y], as_keras_names(loss))
    assert value == pytest.approx(f(), rel=1e-12)
    for (dkernel, dbias), (kernel, bias) in zip(gradients, weights, strict=True):
        for gradient, row in zip([*dkernel, dbias], [*kernel, bias], strict=True):
            assert gradient == close(differences(f, row))
