"""The naive twins of the less usual activations and losses, against arithmetic done by hand.

The expected numbers are worked out in the comments, from the formulas in the literature.
"""

import math

import pytest

from fastscratch.reference import activations, deviations, focal, hinges, pointwise

LOG2, LOG3 = math.log(2), math.log(3)


def close(expected):
    return pytest.approx(expected, rel=1e-14, abs=1e-14)


# For each activation: a score, the value there and the slope there.
WORKED = [
    # z = 0: half of everything that is symmetric.
    ("hard_sigmoid", 0.0, 1 / 2, 1 / 6),
    ("hard_sigmoid", 1.5, 3 / 4, 1 / 6),
    ("hard_sigmoid", -3.5, 0, 0),
    ("hard_silu", 1.5, 9 / 8, 1),  # 1.5 * 3/4, and 1.5 / 3 + 1 / 2
    ("hard_silu", 4.0, 4, 1),
    ("hard_tanh", 0.25, 0.25, 1),
    ("hard_tanh", -2.0, -1, 0),
    ("relu6", 7.0, 6, 0),
    ("relu6", 5.0, 5, 1),
    ("softsign", -3.0, -3 / 4, 1 / 16),
    # tanh(log(1 + 1)) = (2 - 1/2) / (2 + 1/2) = 3/5; at 0 the slope is that.
    ("mish", 0.0, 0, 3 / 5),
    # exp(log 2) = 2: tanh(log 3) = (3 - 1/3) / (3 + 1/3) = 4/5; its square's rest is 9/25, and the
    # sigmoid of log 2 is 2/3.
    ("mish", LOG2, LOG2 * 4 / 5, 4 / 5 + LOG2 * 6 / 25),
    ("celu", -LOG2, -1 / 2, 1 / 2),
    ("celu", 2.0, 2, 1),
    ("log_sigmoid", LOG3, math.log(3 / 4), 1 / 4),
    ("tanh_shrink", LOG2, LOG2 - 3 / 5, 9 / 25),
    ("soft_shrink", -2.0, -3 / 2, 1),
    ("soft_shrink", 0.25, 0, 0),
    ("hard_shrink", -2.0, -2, 1),
    ("hard_shrink", 0.25, 0, 0),
    # sqrt(9/4 + 4) = 5/2
    ("squareplus", 1.5, 2, 4 / 5),
    ("squareplus", -1.5, 1 / 2, 1 / 5),
    ("sparse_plus", 0.0, 1 / 4, 1 / 2),
    ("sparse_plus", 3.0, 3, 1),
    ("sparse_sigmoid", 0.5, 3 / 4, 1 / 2),
    ("sparse_sigmoid", 2.0, 1, 0),
]


@pytest.mark.parametrize(("name", "z", "value", "slope"), WORKED)
def test_activation(name, z, value, slope):
    a, dz = [9.0, 9.0], [9.0, 9.0]
    getattr(pointwise, f"{name}_forward")(a, [z, z])
    assert a == close([value, value])
    getattr(pointwise, f"{name}_backward")(dz, [z, z], a, [1.0, 8.0])
    assert dz == close([slope, 8 * slope])


def test_every_activation_is_worked():
    ends = {name.removesuffix("_forward") for name in vars(pointwise) if name.endswith("_forward")}
    assert {name for name, *_ in WORKED} == ends


def test_rectifier():
    z, a, dz = [-2.0, 0.25, 0.75, 3.0], [9.0] * 4, [9.0] * 4
    activations.rectifier_forward(a, z, 2.0, 0.5, 0.5)
    assert a == [-1.25, -0.125, 0.75, 2]  # (-2.5) / 2, (-0.25) / 2
    activations.rectifier_backward(dz, z, a, [4.0] * 4, 2.0, 0.5, 0.5)
    assert dz == [2, 2, 4, 0]


def test_prelu():
    z, alpha, a = [-2.0, 3.0], [0.5, 0.25], [9.0] * 2
    activations.prelu_forward(a, z, alpha)
    assert a == [-1, 3]
    dz, dalpha = [9.0] * 2, [1.0, 1.0]
    activations.prelu_backward(dz, dalpha, z, [4.0, 4.0], alpha)
    assert dz == [2, 4]
    assert dalpha == [-7, 1]  # 1 + 4 * (-2); nothing is added where z > 0


# For each loss: prediction, target, constants, the loss, and its gradient.
LOSSES = [
    # 100 (1/2 + 1/2) / 2; 100 / 2 / |y|
    (deviations, "mean_absolute_percentage_error", [1, 6], [2, 4], (), 50, [-25, 12.5]),
    # log 4 - log 2 = log 2; 2 log 2 / 4
    (deviations, "mean_squared_logarithmic_error", [3], [1], (), LOG2**2, [LOG2 / 2]),
    # cosh(log 2) = 5/4 and tanh(log 2) = 3/5; over two outputs
    (
        *(deviations, "log_cosh", [LOG2, 5], [0, 5], ()),
        *(math.log(5 / 4) / 2, [3 / 10, 0]),
    ),
    # 1/2 log 2 + 1/2 log(2/3); -y / p
    (
        *(deviations, "kl_divergence", [1 / 4, 3 / 4], [1 / 2, 1 / 2], ()),
        *(math.log(4 / 3) / 2, [-2, -2 / 3]),
    ),
    # -(12 + 12) / 25 = -24/25; -(y / 5 - 24/25 p / 5) / 5
    (
        *(deviations, "cosine_similarity", [4, 3], [3, 4], ()),
        *(-24 / 25, [(-3 + 96 / 25) / 25, (-4 + 72 / 25) / 25]),
    ),
    (hinges, "hinge", [1 / 2, -3], [1, -1], (), 1 / 4, [-1 / 2, 0]),
    (hinges, "squared_hinge", [1 / 2, -3], [1, -1], (), 1 / 8, [-1 / 2, 0]),
    # 1 + 2 - 1/2; the best of the wrong ones is the first
    (hinges, "categorical_hinge", [2, 1 / 2, 1], [0, 1, 0], (), 5 / 2, [1, -1, 0]),
    # p = 3/4 of the label 1: (1/4)**2 log(4/3). By the chain rule with p (1 - p) = 3/16:
    # (1/16) (-1/4) - 2 (1/4) (3/16) log(4/3).
    (
        *(focal, "binary_focal_crossentropy", [LOG3], [1], (2, 1, 1)),
        *(math.log(4 / 3) / 16, [-1 / 64 - 3 / 32 * math.log(4 / 3)]),
    ),
    # the same with respect to p, of the label 0 with the weight 1/2: (3/4)**2 log 4, and its slope
    # 2 (3/4) log 4 + (9/16) 4
    (
        *(focal, "binary_focal_log_loss", [3 / 4], [0], (2, 1, 1 / 2)),
        *(9 / 32 * math.log(4), [3 / 4 * math.log(4) + 9 / 8]),
    ),
    # p = (1/2, 1/2): 1/2 (1/4) log 2. g = 1/2 (2 (1/2) (1/2) log(1/2) - 1/4); (g / 2, -g / 2) with
    # the right class first
    (
        *(focal, "categorical_focal_crossentropy", [0, 0], [1, 0], (1 / 2, 2)),
        *(LOG2 / 8, [-LOG2 / 8 - 1 / 16, LOG2 / 8 + 1 / 16]),
    ),
    # with respect to shares: g = 1/2 (2 (1/2) log(1/2) - (1/4) 2) = -(log 2 + 1/2) / 2
    (
        *(focal, "categorical_focal_log_loss", [1 / 2, 1 / 2], [1, 0], (1 / 2, 2)),
        *(LOG2 / 8, [-(LOG2 + 1 / 2) / 4, (LOG2 + 1 / 2) / 4]),
    ),
    # (1 - 1/2) / (1/2) = 1; -(1/4)**(-1/2)
    (
        *(focal, "categorical_generalized_cross_entropy", [1 / 4, 3 / 4], [1, 0], (1 / 2,)),
        *(1, [-2, 0]),
    ),
]


@pytest.mark.parametrize(("module", "name", "p", "y", "constants", "loss", "gradient"), LOSSES)
def test_loss(module, name, p, y, constants, loss, gradient):
    p, y = list(map(float, p)), list(map(float, y))
    assert getattr(module, f"{name}_forward")(p, y, *constants) == close(loss)
    found = [9.0] * len(p)
    getattr(module, f"{name}_backward")(found, p, y, *constants)
    assert found == close(gradient)


def test_every_loss_is_worked():
    ends = {
        name.removesuffix("_forward")
        for module in (deviations, focal, hinges)
        for name, function in vars(module).items()
        if name.endswith("_forward") and function.__module__ == module.__name__
    }
    assert {case[1] for case in LOSSES} == ends
