"""The naive twins against arithmetic done by hand.

The truth is in the comments: every expected number is worked out there on paper, from the formula
in the literature, with inputs chosen so that the results are short fractions.  For the random
numbers the truth is the published output of SplitMix64 for the seed 1234567.
"""

import math
import statistics

import pytest

from fastscratch.reference import activations, conv2d, dense, losses, network, optimizers, random
from fastscratch.reference.layers import Dense
from fastscratch.reference.nested import numbers_of
from fastscratch.reference.network import backprop, forward
from fastscratch.reference.neural_network import neural_network
from fastscratch.reference.train import SGD, Optimizer, update_mini_batch

LOG2 = math.log(2)
LOG3 = math.log(3)

# The numbers below go through a handful of rounded operations of size about 1.
TOLERANCE = 1e-14


def close(expected):
    """The expected numbers, within a few roundings."""
    return pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE)


# --- Activations -----------------------------------------------------------------------------


def test_sigmoid():
    # sigmoid(log 3) = 1 / (1 + 1/3) = 3/4, and sigmoid(-z) = 1 - sigmoid(z).
    a = [9.0] * 3
    activations.sigmoid_forward(a, [0.0, LOG3, -LOG3])
    assert a == close([1 / 2, 3 / 4, 1 / 4])
    # dz = da a (1 - a) = 16 (1/4), 16 (3/16), -1 (3/16)
    dz = [9.0] * 3
    activations.sigmoid_backward(dz, [0.0, LOG3, -LOG3], a, [16.0, 16.0, -1.0])
    assert dz == close([4, 3, -3 / 16])


def test_tanh():
    # tanh(log 2) = (2 - 1/2) / (2 + 1/2) = 3/5
    a = [9.0] * 3
    activations.tanh_forward(a, [0.0, LOG2, -LOG2])
    assert a == close([0, 3 / 5, -3 / 5])
    # dz = da (1 - a**2) = 2 (1), 25 (16/25), -25 (16/25)
    dz = [9.0] * 3
    activations.tanh_backward(dz, [0.0, LOG2, -LOG2], a, [2.0, 25.0, -25.0])
    assert dz == close([2, 16, -16])


def test_relu():
    a = [9.0] * 3
    activations.relu_forward(a, [-2.0, 0.0, 3.0])
    assert a == [0, 0, 3]
    dz = [9.0] * 3
    activations.relu_backward(dz, [-2.0, 0.0, 3.0], a, [5.0, 6.0, 7.0])
    assert dz == [0, 0, 7]


def test_softmax():
    # exp(z) = 1, 2, 3, which sum to 6.
    a = [9.0] * 3
    activations.softmax_forward(a, [0.0, LOG2, LOG3])
    assert a == close([1 / 6, 1 / 3, 1 / 2])
    # sum(a da) = 6/6 + 3/3 + 0 = 2, so dz = (1/6)(6 - 2), (1/3)(3 - 2), (1/2)(0 - 2)
    dz = [9.0] * 3
    activations.softmax_backward(dz, [0.0, LOG2, LOG3], a, [6.0, 3.0, 0.0])
    assert dz == close([2 / 3, 1 / 3, -1])


def test_log_softmax():
    # Probabilities 1/6, 1/3, 1/2.
    a, dz = [9.0] * 3, [9.0] * 3
    activations.log_softmax_forward(a, [0.0, LOG2, LOG3])
    assert a == close([-math.log(6), -LOG3, -LOG2])
    # sum(da) = 9: dz = (6, 3, 0) - 9 (1/6, 1/3, 1/2).
    activations.log_softmax_backward(dz, [0.0, LOG2, LOG3], a, [6.0, 3.0, 0.0])
    assert dz == close([4.5, 0, -4.5])
    # Where the softmax rounds to 0, its logarithm is the distance from the largest score.
    activations.log_softmax_forward(a, [0.0, 1000.0, -1e4])
    assert a == [-1000, 0, -11000]


def test_softmax_takes_any_shift_of_the_scores():
    # The doubles near 1000 are 1.1e-13 apart, so each score is off by up to half of that.
    for shift in (1000.0, -1000.0):
        a = [9.0] * 3
        activations.softmax_forward(a, [shift, shift + LOG2, shift + LOG3])
        assert a == pytest.approx([1 / 6, 1 / 3, 1 / 2], rel=1.2e-13)


def test_leaky_relu():
    a, dz = [9.0] * 3, [9.0] * 3
    activations.leaky_relu_forward(a, [-2.0, 0.0, 3.0], 0.25)
    assert a == [-0.5, 0, 3]
    activations.leaky_relu_backward(dz, [-2.0, 0.0, 3.0], a, [8.0, 8.0, 8.0], 0.25)
    assert dz == [2, 2, 8]


def test_elu_and_selu():
    # exp(-log 2) - 1 = -1/2; the derivative there is exp(-log 2) = 1/2.
    z = [-LOG2, 0.0, 3.0]
    a, dz = [9.0] * 3, [9.0] * 3
    activations.elu_forward(a, z, 4.0)
    assert a == close([-2, 0, 3])
    activations.elu_backward(dz, z, a, [1.0, 1.0, 1.0], 4.0)
    assert dz == close([2, 4, 1])  # at 0 the derivative from the left
    # SELU is scale * elu(z, alpha) with alpha = 1.67326... and scale = 1.05070...
    alpha, scale = 1.6732632423543772, 1.0507009873554805
    activations.selu_forward(a, z)
    assert a == close([-scale * alpha / 2, 0, 3 * scale])
    activations.selu_backward(dz, z, a, [1.0, 1.0, 2.0])
    assert dz == close([scale * alpha / 2, scale * alpha, 2 * scale])


def test_selu_keeps_mean_0_and_variance_1():
    # What its constants are defined by: the integrals of a phi and a**2 phi, by the trapezoidal
    # rule from -12 to 12. Its error is h**2 / 12 times the jump of the derivative of the integrand
    # at the corner, which is 0.3 for the first and 0 for the second.
    h = 1 / 1024
    z = [h * i for i in range(-12 * 1024, 12 * 1024 + 1)]
    a = [9.0] * len(z)
    activations.selu_forward(a, z)
    phi = [math.exp(-score * score / 2) / math.sqrt(2 * math.pi) for score in z]
    moment = [h * sum(p * u**power for p, u in zip(phi, a, strict=True)) for power in (1, 2)]
    assert moment == pytest.approx([0, 1], abs=h**2 / 12)


def test_exponential():
    z = [-LOG2, 0.0, LOG3]
    a, dz = [9.0] * 3, [9.0] * 3
    activations.exponential_forward(a, z)
    assert a == close([1 / 2, 1, 3])
    activations.exponential_backward(dz, z, a, [4.0, 5.0, 6.0])
    assert dz == close([2, 5, 18])
    activations.exponential_forward(a, [-1e4, 1e4, 1.0])
    assert a == close([0, math.inf, math.e])


def test_softplus_and_silu():
    # softplus(log 3) = log 4, softplus(-log 3) = log(4/3); its derivative is the sigmoid.
    z = [LOG3, -LOG3, 0.0]
    a, dz = [9.0] * 3, [9.0] * 3
    activations.softplus_forward(a, z)
    assert a == close([2 * LOG2, math.log(4 / 3), LOG2])
    activations.softplus_backward(dz, z, a, [4.0, 4.0, 4.0])
    assert dz == close([3, 1, 2])
    # z s, and s (1 + z (1 - s)) with s = 3/4, 1/4, 1/2
    activations.silu_forward(a, z)
    assert a == close([0.75 * LOG3, -0.25 * LOG3, 0])
    activations.silu_backward(dz, z, a, [16.0, 16.0, 2.0])
    assert dz == close([12 + 3 * LOG3, 4 - 3 * LOG3, 1])


def test_gelu():
    # Phi from the normal table: Phi(1) = 0.8413447460685429, and Phi(-z) = 1 - Phi(z).
    below = 0.8413447460685429
    density = math.exp(-1 / 2) / math.sqrt(2 * math.pi)
    z = [1.0, -1.0, 0.0]
    a, dz = [9.0] * 3, [9.0] * 3
    activations.gelu_forward(a, z)
    assert a == close([below, below - 1, 0])
    activations.gelu_backward(dz, z, a, [1.0, 1.0, 1.0])
    assert dz == close([below + density, 1 - below - density, 1 / 2])
    # The approximation is within 0.0005 of it (and not the same).
    scores = [i / 16 for i in range(-80, 81)]
    exact, approximate = [9.0] * len(scores), [9.0] * len(scores)
    activations.gelu_forward(exact, scores)
    activations.gelu_tanh_forward(approximate, scores)
    assert approximate == pytest.approx(exact, abs=5e-4)
    assert max(abs(u - v) for u, v in zip(exact, approximate, strict=True)) > 2e-4


def test_activations_at_the_extremes():
    # exp(-1000) is below the smallest double, exp(-700) is not.
    a = [9.0] * 4
    activations.sigmoid_forward(a, [1000.0, -1000.0, -700.0, 1e4])
    assert a == [1, 0, math.exp(-700), 1]
    activations.tanh_forward(a, [1000.0, -1000.0, 1e4, -1e4])
    assert a == [1, -1, 1, -1]
    activations.softmax_forward(a, [1000.0, -1000.0, 1000.0, -1e4])
    assert a == [1 / 2, 0, 1 / 2, 0]
    for name in ("softplus", "silu", "gelu", "gelu_tanh"):
        a = [9.0] * 2
        getattr(activations, f"{name}_forward")(a, [1000.0, -1000.0])
        assert a == [1000, 0]


def test_activations_of_several_samples():
    z = [[0.0, LOG3], [-LOG3, 0.0]]
    a = [[9.0, 9.0], [9.0, 9.0]]
    activations.activation_forward(a, z, "linear")
    assert a == z
    activations.activation_forward(a, z, "sigmoid")
    assert a[0] == close([1 / 2, 3 / 4])
    assert a[1] == close([1 / 4, 1 / 2])
    activations.activation_forward(a, z, "softmax")  # exp(z) = (1, 3) and (1/3, 1)
    assert a[0] == close([1 / 4, 3 / 4])
    assert a[1] == close([1 / 4, 3 / 4])
    activations.activation_forward(a, z, "relu")
    assert a == [[0, LOG3], [0, 0]]
    activations.activation_forward(a, [[LOG2, 0.0], [0.0, -LOG2]], "tanh")
    assert a[0] == close([3 / 5, 0])
    assert a[1] == close([0, -3 / 5])
    assert z == [[0, LOG3], [-LOG3, 0]]  # linear has copied, not handed over its lists


# --- Losses ----------------------------------------------------------------------------------


def test_mean_squared_error():
    # ((1 - 0)**2 + (2 - 5)**2) / 2 = 5; gradient 2 (1 - 0) / 2 and 2 (2 - 5) / 2
    assert losses.mean_squared_error_forward([1.0, 2.0], [0.0, 5.0]) == 5
    d = [9.0, 9.0]
    losses.mean_squared_error_backward(d, [1.0, 2.0], [0.0, 5.0])
    assert d == [1, -3]


def test_mean_absolute_error():
    # (|1 - 0| + |2 - 5| + 0) / 3
    assert losses.mean_absolute_error_forward([1.0, 2.0, 4.0], [0.0, 5.0, 4.0]) == close(4 / 3)
    d = [9.0] * 3
    losses.mean_absolute_error_backward(d, [1.0, 2.0, 4.0], [0.0, 5.0, 4.0])
    assert d == [1 / 3, -1 / 3, 0]


def test_huber():
    # Residuals 1, -2, 5, -6 and delta 2: 1/2, 2, 2 (5 - 1), 2 (6 - 1), whose mean is 20.5 / 4.
    prediction, y = [1.0, 3.0, 5.0, 0.0], [0.0, 5.0, 0.0, 6.0]
    assert losses.huber_forward(prediction, y, 2.0) == 20.5 / 4
    d = [9.0] * 4
    losses.huber_backward(d, prediction, y, 2.0)
    assert d == [1 / 4, -1 / 2, 1 / 2, -1 / 2]


def test_poisson():
    # Predictions 1 and 2 (less the small number), counts 3 and 4: (1 - 3 log 1 + 2 - 4 log 2) / 2
    prediction = [1 - 1e-7, 2 - 1e-7]
    value = losses.poisson_forward(prediction, [3.0, 4.0])
    assert value == close((3 - 2e-7 - 4 * LOG2) / 2)
    d = [9.0, 9.0]
    losses.poisson_backward(d, prediction, [3.0, 4.0])
    assert d == close([-1, -1 / 2])
    # No count expected and none seen costs nothing; one seen costs the logarithm of 1e-7.
    assert losses.poisson_forward([0.0], [0.0]) == 0
    assert losses.poisson_forward([0.0], [1.0]) == close(-math.log(1e-7))


def test_binary_and_multilabel_crossentropy():
    # a = 3/4, 1/4, 1/2 and y = 1, 1, 0: losses -log(3/4), -log(1/4), -log(1/2); their sum is
    # log(4/3 * 4 * 2) = log(32/3), and a - y = -1/4, -3/4, 1/2.
    logits, y = [LOG3, -LOG3, 0.0], [1.0, 1.0, 0.0]
    d = [9.0] * 3
    losses.binary_crossentropy_terms(d, logits, y)
    assert d == close([math.log(4 / 3), math.log(4), math.log(2)])
    assert losses.multilabel_crossentropy_forward(logits, y) == close(math.log(32 / 3))
    losses.multilabel_crossentropy_backward(d, logits, y)
    assert d == close([-1 / 4, -3 / 4, 1 / 2])
    # Binary: the mean over the three outputs.
    assert losses.binary_crossentropy_forward(logits, y) == close(math.log(32 / 3) / 3)
    losses.binary_crossentropy_backward(d, logits, y)
    assert d == close([-1 / 12, -1 / 4, 1 / 6])


def test_categorical_crossentropy():
    # Probabilities 1/6, 1/3, 1/2; the sample is of the second class: -log(1/3) = log 3.
    logits = [0.0, LOG2, LOG3]
    d = [9.0] * 3
    assert losses.categorical_crossentropy_forward(logits, [0.0, 1.0, 0.0]) == close(LOG3)
    losses.categorical_crossentropy_backward(d, logits, [0.0, 1.0, 0.0])
    assert d == close([1 / 6, -2 / 3, 1 / 2])
    # A sample of weight 2 counts twice.
    assert losses.categorical_crossentropy_forward(logits, [0.0, 2.0, 0.0]) == close(2 * LOG3)
    losses.categorical_crossentropy_backward(d, logits, [0.0, 2.0, 0.0])
    assert d == close([1 / 3, -4 / 3, 1])


def test_log_losses():
    # p = 3/4, 1/4, 1/2 and y = 1, 1, 0: losses log(4/3), log 4, log 2; their sum is log(32/3).
    # Gradients (p - y) / (p (1 - p)): (-1/4) / (3/16) = -4/3, (-3/4) / (3/16) = -4, 2.
    p, y = [3 / 4, 1 / 4, 1 / 2], [1.0, 1.0, 0.0]
    d = [9.0] * 3
    losses.binary_log_loss_terms(d, p, y)
    assert d == close([math.log(4 / 3), math.log(4), math.log(2)])
    assert losses.multilabel_log_loss_forward(p, y) == close(math.log(32 / 3))
    losses.multilabel_log_loss_backward(d, p, y)
    assert d == close([-4 / 3, -4, 2])
    assert losses.binary_log_loss_forward(p, y) == close(math.log(32 / 3) / 3)
    losses.binary_log_loss_backward(d, p, y)
    assert d == close([-4 / 9, -4 / 3, 2 / 3])
    # The shares of 1/2, 1/4, 1/4 in their sum, which is 1, and of twice those: the loss is that of
    # the share 1/4, log 4; the gradient (1 - y / q) / sum(p).
    for total in (1.0, 2.0):
        p = [total / 2, total / 4, total / 4]
        assert losses.categorical_log_loss_forward(p, [0.0, 1.0, 0.0]) == close(math.log(4))
        losses.categorical_log_loss_backward(d, p, [0.0, 1.0, 0.0])
        assert d == close([1 / total, -3 / total, 1 / total])


def test_log_losses_beyond_their_bounds():
    # A probability of 0 counts as 1e-7 and one of 1 as 1 - 1e-7; the loss is flat there.
    right, wrong = -math.log(1 - 1e-7), -math.log(1e-7)
    d = [9.0, 9.0]
    for y, cost in (([1.0, 0.0], right), ([0.0, 1.0], wrong)):
        assert losses.multilabel_log_loss_forward([1.0, 0.0], y) == close(2 * cost)
        assert losses.binary_log_loss_forward([1.0, 0.0], y) == close(cost)
        assert losses.categorical_log_loss_forward([1.0, 0.0], y) == close(cost)
        for loss in ("binary", "multilabel", "categorical"):
            getattr(losses, f"{loss}_log_loss_backward")(d, [1.0, 0.0], y)
            assert d == [0, 0]


def test_two_classes_are_one_logistic_regression():
    # Essay, step 3: softmax over the scores (0, z) is the logistic regression with score z.
    for z in (-3.0, 0.5, 2.0):
        categorical = losses.categorical_crossentropy_forward([0.0, z], [0.0, 1.0])
        assert categorical == close(losses.binary_crossentropy_forward([z], [1.0]))


def test_losses_at_the_extremes():
    # A sample predicted right with certainty costs nothing; wrong, it costs the logit itself.
    for loss in (losses.binary_crossentropy_forward, losses.multilabel_crossentropy_forward):
        assert loss([1e4], [1.0]) == 0
        assert loss([1e4], [0.0]) == 1e4
        assert loss([-1e4], [1.0]) == 1e4
        assert loss([-40.0], [0.0]) == close(math.exp(-40))  # log(1 + e) is e for a tiny e
    assert losses.categorical_crossentropy_forward([1e4, -1e4], [1.0, 0.0]) == 0
    assert losses.categorical_crossentropy_forward([1e4, -1e4], [0.0, 1.0]) == 2e4
    d = [9.0, 9.0]
    losses.multilabel_crossentropy_backward(d, [1e4, -1e4], [0.0, 1.0])
    assert d == [1, -1]
    losses.categorical_crossentropy_backward(d, [1e4, -1e4], [0.0, 1.0])
    assert d == [1, -1]


def test_losses_of_several_samples_are_not_divided_by_their_number():
    y = [[1.0], [0.0]]
    out, d = [9.0, 9.0], [[9.0], [9.0]]
    for loss in ("binary_crossentropy", "multilabel_crossentropy"):  # the same for one output
        losses.loss_forward(out, [[LOG3], [LOG3]], y, loss)
        assert out == close([math.log(4 / 3), math.log(4)])
        losses.loss_backward(d, [[LOG3], [LOG3]], y, loss)
        assert d[0] == close([-1 / 4])
        assert d[1] == close([3 / 4])
    losses.loss_forward(out, [[3.0], [3.0]], y, "mean_squared_error")
    assert out == [4, 9]
    losses.loss_backward(d, [[3.0], [3.0]], y, "mean_squared_error")
    assert d == [[4], [6]]
    y = [[1.0, 0.0], [0.0, 1.0]]
    d = [[9.0, 9.0], [9.0, 9.0]]
    losses.loss_forward(out, [[LOG3, 0.0], [LOG3, 0.0]], y, "categorical_crossentropy")
    assert out == close([math.log(4 / 3), math.log(4)])
    losses.loss_backward(d, [[LOG3, 0.0], [LOG3, 0.0]], y, "categorical_crossentropy")
    assert d[0] == close([-1 / 4, 1 / 4])
    assert d[1] == close([3 / 4, -3 / 4])


# --- One dense layer -------------------------------------------------------------------------


def test_dense():
    x = [[1.0, 2.0, 3.0], [0.0, -1.0, 4.0]]
    kernel = [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    z = [[9.0, 9.0], [9.0, 9.0]]
    dense.dense_forward(z, x, kernel, [10.0, 20.0])
    # 10 + 1*1 + 2*2 + 3*3 = 24    20 + 1*4 + 2*5 + 3*6 = 52
    # 10 + 0*1 - 1*2 + 4*3 = 20    20 + 0*4 - 1*5 + 4*6 = 39
    assert z == [[24, 52], [20, 39]]

    dz = [[1.0, -1.0], [2.0, 3.0]]
    dx = [[9.0] * 3, [9.0] * 3]
    dense.dense_backward_input(dx, dz, kernel)
    # 1*1 - 1*4 = -3    1*2 - 1*5 = -3     1*3 - 1*6 = -3
    # 2*1 + 3*4 = 14    2*2 + 3*5 = 19     2*3 + 3*6 = 24
    assert dx == [[-3, -3, -3], [14, 19, 24]]

    dkernel, dbias = [[9.0, 9.0] for _ in range(3)], [9.0, 9.0]
    dense.dense_backward_weight(dkernel, dbias, x, dz)
    # sums over the two samples, not means:
    # 1*1 + 0*2 = 1      1*-1 + 0*3 = -1
    # 2*1 - 1*2 = 0      2*-1 - 1*3 = -5
    # 3*1 + 4*2 = 11     3*-1 + 4*3 = 9
    assert dkernel == [[1, -1], [0, -5], [11, 9]]
    assert dbias == [3, 2]


# --- A 2-2-1 network -------------------------------------------------------------------------
#
# Sample x = (1, 2).  Parameters, with L = log 3:
#
#   hidden kernel [[2L, 1], [-L, -1]], hidden bias (L, 1), read-out kernel [[4], [-2]], bias L - 2
#
# Forward:
#   hidden scores    1*2L + 2*(-L) + L = L        1*1 + 2*(-1) + 1 = 0
#   hidden units     sigmoid(L) = 3/4             sigmoid(0) = 1/2
#   read-out score   4*3/4 - 2*1/2 + (L - 2) = 3 - 1 + L - 2 = L
#   prediction       sigmoid(L) = 3/4
#
# Backward, for y = 1 and the cross-entropy:
#   loss                         -log(3/4) = log(4/3)
#   read-out dz = a - y          3/4 - 1 = -1/4
#   read-out kernel              3/4 * -1/4 = -3/16     1/2 * -1/4 = -1/8       bias -1/4
#   hidden da                    4 * -1/4 = -1          -2 * -1/4 = 1/2
#   hidden dz = da a (1 - a)     -1 * 3/4 * 1/4 = -3/16     1/2 * 1/2 * 1/2 = 1/8
#   hidden kernel                1 * -3/16, 1 * 1/8         2 * -3/16, 2 * 1/8
#   hidden bias                  -3/16, 1/8
SIGMOIDS = network.sequential([Dense(2, "sigmoid"), Dense(1, "sigmoid")])
SAMPLE = [1.0, 2.0]
WEIGHTS = [
    [[[2 * LOG3, 1.0], [-LOG3, -1.0]], [LOG3, 1.0]],
    [[[4.0], [-2.0]], [LOG3 - 2]],
]
GRADIENT = [-3 / 16, 1 / 8, -3 / 8, 1 / 4, -3 / 16, 1 / 8, -3 / 16, -1 / 8, -1 / 4]


def test_network_forward():
    # Of the sample (0, 0) the hidden scores are the biases L and 1, and the read-out score is
    # 4*3/4 - 2 sigmoid(1) + L - 2.
    (out,) = forward(SIGMOIDS, WEIGHTS, [[SAMPLE, [0.0, 0.0]]])
    score = 1 + LOG3 - 2 / (1 + math.exp(-1))
    assert out[0] == close([3 / 4])
    assert out[1] == close([1 / (1 + math.exp(-score))])
    hidden = network.sequential(SIGMOIDS.layers[:1])
    assert forward(hidden, WEIGHTS[:1], [[SAMPLE]])[0][0] == close([3 / 4, 1 / 2])


@pytest.mark.parametrize("loss", ["binary_crossentropy", "multilabel_crossentropy"])
def test_network_backward(loss):
    value, gradients, _ = backprop(SIGMOIDS, WEIGHTS, [[SAMPLE]], [[[1.0]]], [loss])
    assert value == close(math.log(4 / 3))
    assert numbers_of(gradients) == close(GRADIENT)


def test_network_backward_with_squared_error():
    # Loss (3/4 - 1)**2 = 1/16; read-out da = 2 * -1/4 = -1/2, dz = -1/2 * 3/4 * 1/4 = -3/32.
    # That is 3/8 of the cross-entropy's dz, -1/4, and the rest of the chain is linear in dz.
    loss = ["mean_squared_error"]
    value, gradients, _ = backprop(SIGMOIDS, WEIGHTS, [[SAMPLE]], [[[1.0]]], loss)
    assert value == close(1 / 16)
    assert numbers_of(gradients) == close([3 / 8 * g for g in GRADIENT])


def test_network_minibatch_is_the_mean():
    # The same x with y = 0: read-out dz = 3/4, -3 times that of y = 1, and loss log 4.
    # The mean of g and -3g is -g.
    x, y, loss = [SAMPLE, SAMPLE], [[0.0], [1.0]], ["binary_crossentropy"]
    value, gradients, _ = backprop(SIGMOIDS, WEIGHTS, [x], [y], loss)
    assert value == close((math.log(4 / 3) + math.log(4)) / 2)
    assert numbers_of(gradients) == close([-g for g in GRADIENT])


def test_network_update():
    # Learning rate 2: each parameter moves by -2 times its gradient.
    moved = [
        *(2 * LOG3 + 3 / 8, 1 - 1 / 4, -LOG3 + 3 / 4, -1 - 1 / 2),  # hidden kernel
        *(LOG3 + 3 / 8, 1 - 1 / 4),  # hidden bias
        *(4 + 3 / 8, -2 + 1 / 4, LOG3 - 2 + 1 / 2),  # read-out kernel and bias
    ]
    parameters = numbers_of(WEIGHTS)
    optimizers.sgd_step(parameters, GRADIENT, 2.0)
    assert parameters == close(moved)

    # The same by one step, and by an epoch, of training on this one sample.
    arguments = (SIGMOIDS, WEIGHTS, [[SAMPLE]], [[[1.0]]], ["binary_crossentropy"])
    loss, weights = update_mini_batch(*arguments, Optimizer(), 2.0)
    assert loss == close(math.log(4 / 3))
    assert numbers_of(weights) == close(moved)
    weights, epoch_losses = SGD(*arguments, 1, 10, 2.0)
    assert numbers_of(weights) == close(moved)
    assert epoch_losses == close([math.log(4 / 3)])


# --- Training --------------------------------------------------------------------------------


def mean_by_sgd(batch_size, cuts, shuffle_rows=False):
    """Fit one bias to 0, 8, 16 by squared error, in calls that end with the given epochs.

    With x = 0 the prediction is the bias b.  Its gradient is 2 (b - y), so a step of learning
    rate 1/4 on one sample moves b half-way to y.
    """
    weights, epoch_losses, initial_epoch = [[[[0.0]], [0.0]]], [], 0
    data = ([[[0.0]] * 3], [[[0.0], [8.0], [16.0]]], ["mean_squared_error"])
    options = {"shuffle_rows": shuffle_rows, "seed": 5, "optimizer": Optimizer()}
    line = network.sequential([Dense(1)])
    for epochs in cuts:
        weights, losses = SGD(
            *(line, weights, *data, epochs, batch_size, 0.25),
            initial_epoch=initial_epoch,
            **options,
        )
        epoch_losses += losses
        initial_epoch = epochs
    [[kernel, bias]] = weights
    assert kernel == [[0]]
    return bias[0], epoch_losses


def test_sgd_in_order():
    # One sample a step: b = 0, then half-way to 8 = 4, half-way to 16 = 10.
    # Losses before each step: 0, 8**2, (16 - 4)**2; mean 208/3.
    # Second epoch: 10 -> 5 -> 6.5 -> 11.25, losses 100, 9, 9.5**2 = 90.25; mean 199.25/3.
    b, epoch_losses = mean_by_sgd(1, [2])
    assert b == 11.25
    assert epoch_losses == close([208 / 3, 199.25 / 3])


def test_sgd_with_a_short_last_batch():
    # Two samples a step: mean of 0 and 8 is 4, b = 0 -> 2; then 16 alone: 2 -> 9.
    # Losses 0, 64, and (16 - 2)**2 = 196: the mean over samples is 260/3.
    b, epoch_losses = mean_by_sgd(2, [1])
    assert b == 9
    assert epoch_losses == close([260 / 3])


@pytest.mark.parametrize("shuffle_rows", [False, True])
def test_sgd_can_be_cut_after_any_epoch(shuffle_rows):
    whole = mean_by_sgd(1, [3], shuffle_rows)
    for cuts in ([1, 2, 3], [2, 3], [1, 1, 3]):
        assert mean_by_sgd(1, cuts, shuffle_rows) == whole


#: The essay's: all weights and biases are draws from N(0, 1).
NORMAL = {
    f"{weight}_initializer": {"name": "random_normal", "stddev": 1} for weight in ("kernel", "bias")
}


def test_neural_network_learns_exclusive_or():
    # The truth table; no network without a hidden layer can represent it.
    x = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    y = [[0.0], [1.0], [1.0], [0.0]]
    sigmoids = network.sequential([Dense(8, "sigmoid", **NORMAL), Dense(1, "sigmoid", **NORMAL)])
    weights, epoch_losses = neural_network(
        sigmoids, [x], [y], ["multilabel_crossentropy"], 400, 2, 3.0, 1
    )
    (out,) = forward(sigmoids, weights, [x])
    assert [round(prediction[0]) for prediction in out] == [0, 1, 1, 0]
    assert len(epoch_losses) == 400
    assert epoch_losses[-1] < 0.1 < epoch_losses[0]


def test_neural_network_starts_from_its_initializers():
    # No epoch. The seeds are those of `Sequential`: number 0 derived from the model's, and the
    # next for each weight.
    layers = [Dense(3, **NORMAL), Dense(1, kernel_initializer="glorot_uniform")]
    data = ([[[0.0, 0.0]]], [[[0.0]]], ["mean_squared_error"])
    weights, epoch_losses = neural_network(network.sequential(layers), *data, 0, 1, 1.0, 7)
    assert epoch_losses == []
    seed = random.random_bits(7, 0, 0) >> 1
    kernel, bias, uniform = [9.0] * 6, [9.0] * 3, [9.0] * 3
    random.random_normal(kernel, seed, 0)
    random.random_normal(bias, seed + 1, 0)
    random.random_uniform(uniform, seed + 2, 0)
    limit = math.sqrt(6 / (3 + 1))
    assert numbers_of(weights[0]) == [*kernel, *bias]
    assert numbers_of(weights[1]) == close([*(limit * (2 * u - 1) for u in uniform), 0])


# --- Convolution -----------------------------------------------------------------------------


def r_matrix(numbers, n_rows):
    """R's `matrix(numbers, nrow = n_rows)`, which fills column by column."""
    return [numbers[row::n_rows] for row in range(n_rows)]


IMAGE = [
    [3.0, 0.0, 1.0, 2.0],
    [1.0, 5.0, 8.0, 9.0],
    [2.0, 7.0, 2.0, 5.0],
    [0.0, 1.0, 3.0, 1.0],
]


def test_emboss_of_the_essay():
    emboss = r_matrix([2.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, -1.0], 3)
    assert emboss == [[2, 0, 0], [0, -1, 0], [0, 0, -1]]
    out = [[9.0, 9.0], [9.0, 9.0]]
    conv2d.conv2d_image_forward(out, IMAGE, emboss)
    # 2*3 - 5 - 2 = -1    2*0 - 8 - 5 = -13
    # 2*1 - 7 - 3 = -8    2*5 - 2 - 1 = 7
    assert out == [[-1, -13], [-8, 7]]


def test_sharpen_of_the_essay():
    sharpen = r_matrix([0.0, -1.0, 0.0, -1.0, 5.0, -1.0, 0.0, -1.0, 0.0], 3)
    out = [[9.0, 9.0], [9.0, 9.0]]
    conv2d.conv2d_image_forward(out, IMAGE, sharpen)
    # 5*5 - (0 + 1 + 8 + 7) = 9      5*8 - (1 + 5 + 9 + 2) = 23
    # 5*7 - (5 + 2 + 2 + 1) = 25     5*2 - (8 + 7 + 5 + 3) = -13
    assert out == [[9, 23], [25, -13]]


def test_convolution_does_not_flip_the_kernel():
    # A kernel that is not symmetric, as R fills it: rows (1, 0, 2) and (0, 0, 10).
    kernel = r_matrix([1.0, 0.0, 0.0, 0.0, 2.0, 10.0], 2)
    assert kernel == [[1, 0, 2], [0, 0, 10]]
    out = [[9.0, 9.0] for _ in range(3)]
    conv2d.conv2d_image_forward(out, IMAGE, kernel)
    # 3 + 2*1 + 10*8 = 85    0 + 2*2 + 10*9 = 94
    # 1 + 2*8 + 10*2 = 37    5 + 2*9 + 10*5 = 73
    # 2 + 2*2 + 10*3 = 36    7 + 2*5 + 10*1 = 27
    assert out == [[85, 94], [37, 73], [36, 27]]


def one_channel(image):
    """An image or kernel as nested lists with one channel."""
    return [[[pixel] for pixel in row] for row in image]


def convolve(image, kernel, height, width, strides=(1, 1), padding=(0, 0), dilation_rate=(1, 1)):
    """`conv2d_forward` on one grey image with one kernel and a bias of 100."""
    out = [[[[9.0] for _ in range(width)] for _ in range(height)]]
    kernel = [[[[weight]] for weight in row] for row in kernel]
    x = [one_channel(image)]
    conv2d.conv2d_forward(out, x, kernel, [100.0], strides, padding, dilation_rate, 1)
    return [[pixel[0] for pixel in row] for row in out[0]]


# 5 x 5, and a kernel whose weights are told apart by their digits.
GRID = [
    [1.0, 2.0, 3.0, 4.0, 5.0],
    [6.0, 7.0, 8.0, 9.0, 0.0],
    [2.0, 4.0, 6.0, 8.0, 1.0],
    [3.0, 5.0, 7.0, 9.0, 0.0],
    [1.0, 0.0, 2.0, 0.0, 3.0],
]
DIAGONAL = [[1.0, 0.0, 0.0], [0.0, 10.0, 0.0], [0.0, 1000.0, 100.0]]


def test_conv2d_stride_1():
    # At (y, x): 100 + g[y][x] + 10 g[y+1][x+1] + 1000 g[y+2][x+1] + 100 g[y+2][x+2]
    # (0,0): 100 + 1 + 70 + 4000 + 600 = 4771     (0,1): 100 + 2 + 80 + 6000 + 800 = 6982
    # (0,2): 100 + 3 + 90 + 8000 + 100 = 8293
    # (1,0): 100 + 6 + 40 + 5000 + 700 = 5846     (1,1): 100 + 7 + 60 + 7000 + 900 = 8067
    # (1,2): 100 + 8 + 80 + 9000 + 0 = 9188
    # (2,0): 100 + 2 + 50 + 0 + 200 = 352         (2,1): 100 + 4 + 70 + 2000 + 0 = 2174
    # (2,2): 100 + 6 + 90 + 0 + 300 = 496
    expected = [[4771, 6982, 8293], [5846, 8067, 9188], [352, 2174, 496]]
    assert convolve(GRID, DIAGONAL, 3, 3) == expected


def test_conv2d_stride_2():
    # Every other row and column of the stride 1 result.
    assert convolve(GRID, DIAGONAL, 2, 2, strides=(2, 2)) == [[4771, 8293], [352, 496]]
    # Strides differ: down 2, across 1.
    expected = [[4771, 6982, 8293], [352, 2174, 496]]
    assert convolve(GRID, DIAGONAL, 2, 3, strides=(2, 1)) == expected


def test_conv2d_padding_1():
    # A ring of zeros round a 2 x 2 image keeps its size:
    #   0 0 0 0
    #   0 1 2 0     100 + top left + 10 centre + 1000 below + 100 below right
    #   0 3 4 0
    #   0 0 0 0
    # (0,0): 100 + 0 + 10 + 3000 + 400 = 3510    (0,1): 100 + 0 + 20 + 4000 + 0 = 4120
    # (1,0): 100 + 0 + 30 + 0 + 0 = 130          (1,1): 100 + 1 + 40 + 0 + 0 = 141
    image = [[1.0, 2.0], [3.0, 4.0]]
    assert convolve(image, DIAGONAL, 2, 2, padding=(1, 1)) == [[3510, 4120], [130, 141]]
    # Zeros above only: the positions (0, x) of a 3 x 5 output start one row above the image.
    # (0,0): 100 + 0 + 10*2 + 1000*7 + 100*8 = 7920
    assert convolve(GRID, DIAGONAL, 1, 1, padding=(1, 0)) == [[7920]]
    # Stride 2 and padding 1: (1,1) has its top left at row 1, column 1 of the image.
    # (0,0): 100 + 0 + 10*1 + 1000*6 + 100*7 = 6810   (0,1): 100 + 0 + 10*3 + 1000*8 + 100*9 = 9030
    # (1,0): 100 + 0 + 10*2 + 1000*3 + 100*5 = 3620   (1,1): 100 + 7 + 10*6 + 1000*7 + 100*9 = 8067
    expected = [[6810, 9030], [3620, 8067]]
    assert convolve(GRID, DIAGONAL, 2, 2, strides=(2, 2), padding=(1, 1)) == expected


def test_conv2d_dilation_2():
    # The kernel's weights lie on rows and columns 0, 2, 4:
    # 100 + g[0][0] + 10 g[2][2] + 1000 g[4][2] + 100 g[4][4] = 100 + 1 + 60 + 2000 + 300
    assert convolve(GRID, DIAGONAL, 1, 1, dilation_rate=(2, 2)) == [[2461]]
    # Down 2, across 1: 100 + g[0][x] + 10 g[2][x+1] + 1000 g[4][x+1] + 100 g[4][x+2]
    # x=0: 100 + 1 + 40 + 0 + 200    x=1: 100 + 2 + 60 + 2000 + 0    x=2: 100 + 3 + 80 + 0 + 300
    assert convolve(GRID, DIAGONAL, 1, 3, dilation_rate=(2, 1)) == [[341, 2162, 483]]


def test_conv2d_channels_and_samples():
    # Two samples of 1 x 2 pixels with two channels, three kernels of 1 x 1:
    # out = pixel [[1, 0, 2], [0, 1, 3]] + (0, 10, 20)
    x = [[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]]
    kernel = [[[[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]]]]
    out = [[[[9.0] * 3 for _ in range(2)]] for _ in range(2)]
    conv2d.conv2d_forward(out, x, kernel, [0.0, 10.0, 20.0], (1, 1), (0, 0), (1, 1), 1)
    # 2*1 + 3*2 + 20 = 28, 2*3 + 3*4 + 20 = 38, 2*5 + 3*6 + 20 = 48, 2*7 + 3*8 + 20 = 58
    assert out == [[[[1, 12, 28], [3, 14, 38]]], [[[5, 16, 48], [7, 18, 58]]]]


# --- Random numbers --------------------------------------------------------------------------

GAMMA = 0x9E3779B97F4A7C15

# SplitMix64 from the state 1234567.
PUBLISHED = [
    6457827717110365317,
    3203168211198807973,
    9817491932198370423,
    4593380528125082431,
    16408922859458223821,
]


def unmix(z):
    """The inverse of `mix`: z = w ^ (w >> s) is undone by repeating it, a product by dividing."""
    z = z ^ (z >> 31) ^ (z >> 62)
    z = z * pow(0x94D049BB133111EB, -1, 2**64) % 2**64
    z = z ^ (z >> 27) ^ (z >> 54)
    z = z * pow(0xBF58476D1CE4E5B9, -1, 2**64) % 2**64
    return z ^ (z >> 30) ^ (z >> 60)


def seed_of_key(key, stream):
    """The seed whose stream has a given key: mix(mix(seed + G) + stream G) = key."""
    return (unmix((unmix(key) - stream * GAMMA) % 2**64) - GAMMA) % 2**64


def seed_of_published(stream):
    """The seed whose stream is the published sequence."""
    return seed_of_key(1234567, stream)


def test_mix_gives_the_published_sequence():
    state = 1234567
    for published in PUBLISHED:
        state = (state + GAMMA) % 2**64
        assert random.mix(state) == published


@pytest.mark.parametrize("stream", [0, 1, 30])
def test_random_bits_give_the_published_sequence(stream):
    seed = seed_of_published(stream)
    assert [random.random_bits(seed, stream, i) for i in range(5)] == PUBLISHED
    assert random.random_bits(seed, stream + 1, 0) != PUBLISHED[0]


def test_random_uniform():
    out = [9.0] * 5
    random.random_uniform(out, seed_of_published(0), 0)
    # The published numbers divided by 2**64, rounded down to a multiple of 2**-24.
    assert out == [math.floor(bits / 2**64 * 2**24) / 2**24 for bits in PUBLISHED]
    # 0.35, 0.17, 0.53, 0.25, 0.89
    assert [round(u, 2) for u in out] == [0.35, 0.17, 0.53, 0.25, 0.89]


def test_random_normal():
    # The formula of Box and Muller for the published numbers as fractions u1, u2 of 2**64.
    # Those two have 64 bits here and 53 in the twin: 2**-53 is 1e-16.
    expected = []
    for u1, u2 in (PUBLISHED[0:2], PUBLISHED[2:4]):
        radius = math.sqrt(2 * math.log(2**64 / u1))
        expected.append(radius * math.cos(2 * math.pi * (u2 / 2**64)))
        expected.append(radius * math.sin(2 * math.pi * (u2 / 2**64)))
    for length in (4, 3):
        out = [9.0] * length
        random.random_normal(out, seed_of_published(0), 0)
        assert out == close(expected[:length])


def test_random_normal_of_no_bits():
    # The key -G makes the first number mix(0) = 0: u1 is the smallest, 2**-53, not 0.  The second
    # is mix(G), the published first output of SplitMix64 from the state 0.
    seed = seed_of_key(2**64 - GAMMA, 0)
    assert random.random_bits(seed, 0, 0) == 0
    assert random.random_bits(seed, 0, 1) == 0xE220A8397B1DCDAF
    out = [9.0, 9.0]
    random.random_normal(out, seed, 0)
    angle = 2 * math.pi * (0xE220A8397B1DCDAF / 2**64)
    assert out[0] == close(math.sqrt(2 * 53 * LOG2) * math.cos(angle))
    assert out[1] == close(math.sqrt(2 * 53 * LOG2) * math.sin(angle))


def test_random_distributions():
    # Kolmogorov's statistic, sqrt(n) times the largest distance between the distribution of n
    # draws and the true one, exceeds 1.63 in one of a hundred samples.  The seed is fixed.
    n = 2000
    uniform, normal = [9.0] * n, [9.0] * n
    random.random_uniform(uniform, 1, 0)
    random.random_normal(normal, 2, 0)
    true = statistics.NormalDist().cdf
    for probabilities in (sorted(uniform), sorted(map(true, normal))):
        distance = max(
            max(p - rank / n, (rank + 1) / n - p) for rank, p in enumerate(probabilities)
        )
        assert distance * math.sqrt(n) < 1.63
    assert min(uniform) >= 0
    assert max(uniform) < 1


@pytest.mark.parametrize("epoch", [0, 3])
def test_shuffle(epoch):
    # Stream epoch + 1 is made the published sequence.  As fractions of 2**64 its numbers are
    # 0.35, 0.174, 0.532, 0.249, 0.8895; the pick for place j is floor(fraction j times (j + 1)):
    #   place 4: 0.8895 * 5 = 4.4 -> 4    0 1 2 3 4
    #   place 3: 0.249 * 4 = 0.996 -> 0   3 1 2 0 4
    #   place 2: 0.532 * 3 = 1.6 -> 1     3 2 1 0 4
    #   place 1: 0.174 * 2 = 0.35 -> 0    2 3 1 0 4
    order = [7, 7, 7, 7, 7]
    random.shuffle(order, seed_of_published(epoch + 1), epoch)
    assert order == [2, 3, 1, 0, 4]


def test_shuffle_is_uniform():
    # 2400 permutations of 4 things, 100 expected of each of the 24.  Pearson's chi-squared
    # with 23 degrees of freedom exceeds 41.6 in one of a hundred samples.  The seeds are fixed.
    counts = {}
    for seed in range(60):
        for epoch in range(40):
            order = [0] * 4
            random.shuffle(order, seed, epoch)
            counts[tuple(order)] = counts.get(tuple(order), 0) + 1
    assert len(counts) == 24
    assert sum((count - 100) ** 2 / 100 for count in counts.values()) < 41.6


def test_shuffle_of_few():
    order = []
    random.shuffle(order, 1, 0)
    assert order == []
    order = [5]
    random.shuffle(order, 1, 0)
    assert order == [0]
