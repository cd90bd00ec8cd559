"""The twins of the linear models: central differences, Cholesky's factor, and steps on paper.

Differences with step h = 1e-5 are off by h**2 / 6 times a third derivative of size 10 at most, and
by the rounding of two losses of size 10 over h.
"""

import math

import numpy as np
import pytest

from fastscratch.reference.coordinate_descent import coordinate_descent
from fastscratch.reference.linear_model import (
    linear_model_hessian,
    linear_model_loss,
    proximal_gradient,
    proximal_gradient_accelerated,
)
from fastscratch.reference.qr import qr_update
from fastscratch.reference.refits import linear_model_refits

H = 1e-5
TOLERANCE = H**2 / 6 * 10 + 10 * 2.0**-50 / H
LOG2 = math.log(2)


def data(activation, o, is_sparse):
    """Arguments that the loss and the Hessian share, and the responses."""
    rng = np.random.default_rng(o)
    X = rng.standard_normal((6, 3))
    y = rng.standard_normal((o, 6))
    if activation != "linear":
        y = np.eye(o + 1)[rng.integers(o + 1, size=6)].T[1:]
    if activation == "softmax":
        y = np.eye(o)[rng.integers(o, size=6)].T
    columns, starts = [], []
    if is_sparse:
        X[rng.random((6, 3)) < 0.5] = 0
        rows, places = np.nonzero(X)
        columns, starts = places.tolist(), np.searchsorted(rows, np.arange(7)).tolist()
        X = X[rows, places][None]
    matrix = X.tolist(), columns, starts
    return rng.standard_normal((o, 3)), matrix, y.tolist(), rng.uniform(0.5, 1, 6).tolist()


@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize(("activation", "o"), [("linear", 2), ("sigmoid", 2), ("softmax", 3)])
def test_gradient_and_hessian_by_differences(activation, o, is_sparse):
    b, matrix, y, weight = data(activation, o, is_sparse)

    def loss(b):
        gradient = np.zeros((o, 3)).tolist()
        value = linear_model_loss(gradient, b.tolist(), *matrix, y, weight, activation)
        return value, np.ravel(gradient)

    hessian = np.zeros((3 * o, 3 * o)).tolist()
    linear_model_hessian(hessian, b.tolist(), *matrix, weight, activation)
    gradient = loss(b)[1]
    for i in range(b.size):
        step = np.zeros(b.size)
        step[i] = H
        above, below = (loss(b + sign * step.reshape(b.shape)) for sign in (1, -1))
        assert gradient[i] == pytest.approx((above[0] - below[0]) / (2 * H), abs=TOLERANCE)
        assert hessian[i] == pytest.approx((above[1] - below[1]) / (2 * H), abs=TOLERANCE)


def test_loss_by_hand():
    # Scores 0: log 2 for two classes either way, log 4 for four; weights 1 and 2.
    X, y = [[1.0], [5.0]], [[0.0, 1.0]]
    gradient = [[0.0]]
    loss = linear_model_loss(gradient, [[0.0]], X, [], [], y, [1.0, 2.0], "sigmoid")
    assert loss == pytest.approx(3 * LOG2)
    assert gradient == [[0.5 * 1 - 2 * 0.5 * 5]]
    classes = [[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    b, gradient = ([[0.0] for _ in range(4)] for _ in range(2))
    loss = linear_model_loss(gradient, b, X, [], [], classes, [1.0, 2.0], "softmax")
    assert loss == pytest.approx(3 * 2 * LOG2)
    # Residuals 4 - 2 and 0 - 1 for the scores 4 x and y = 2, 1.
    gradient = [[0.0]]
    X = [[1.0], [0.0]]
    loss = linear_model_loss(gradient, [[4.0]], X, [], [], [[2.0, 1.0]], [1.0, 2.0], "linear")
    assert (loss, gradient) == (2**2 / 2 + 2 * 1 / 2, [[2.0]])


@pytest.mark.parametrize(
    ("y", "expected", "taken"),
    [
        # (b - y)**2 / 2 + |b| is least at y - 1, or at 0 if y is within 1 of it.
        (3.0, 2.0, 2),
        (-3.0, -2.0, 2),
        (0.5, 0.0, 1),
    ],
)
def test_shrinkage_by_hand(y, expected, taken):
    one = [1.0]
    b = [[0.0]]
    # The step of length 1 goes to the minimum; one more finds that nothing moves.
    arguments = ([[1.0]], [], [], [[y]], one, [0.0], one, "linear")
    assert proximal_gradient(b, *arguments, 1.0, 1e-12, 9) == taken
    assert b == [[expected]]
    b, ahead, state = [[0.0]], [[0.0]], [1.0, 8.0]  # from 8 it is halved to 1
    assert proximal_gradient_accelerated(b, ahead, state, *arguments, 1e-12, 9) == taken
    assert b == [[expected]]
    # A point that does not move curves nothing: then the length stays.
    assert state[1] == (8.0 if expected == 0 else 1.0)


def test_quadratic_penalty_by_hand():
    # (b - 3)**2 / 2 + 2 b**2 / 2: the minimum is at 3 / (1 + 2), where a step of 1/3 leads.
    b = [[0.0]]
    n_iter = proximal_gradient(
        b, [[1.0]], [], [], [[3.0]], [1.0], [2.0], [0.0], "linear", 1 / 3, 0.0, 1
    )
    assert n_iter == -1  # it did not meet a tolerance of 0
    assert b == [[pytest.approx(1.0)]]


@pytest.mark.parametrize(("lowest", "expected"), [(-math.inf, -1.0), (0.0, 0.0)])
def test_coordinate_descent_by_hand(lowest, expected):
    # b_0**2 / 2 - 3 b_0 + |b_0| is least at 2, and b_1**2 + 4 b_1 + 2 |b_1| at -1.
    b, gradient = [0.0, 0.0, 7.0], [-3.0, 4.0, 0.0]
    hessian = [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.0]]
    lower = [lowest] * 3
    assert coordinate_descent(b, gradient, hessian, [1.0, 2.0, 0.0], lower, 1e-9, 5) == 2
    assert b == [2.0, expected, 7.0]  # the last has no curvature, and stays
    assert gradient == [-1.0, 4 + 2 * expected, 0.0]


def test_refits_by_hand():
    # Means of the samples that are drawn, and log-odds of their shares; without any, no solution.
    X, weights = [[1.0]] * 3, [[1.0, 1.0, 0.0], [0.0, 2.0, 1.0], [0.0, 0.0, 0.0]]
    b, n_iter = [[[0.0]] for _ in weights], [9, 9, 9]
    linear_model_refits(b, n_iter, X, [[1.0, 2.0, 6.0]], weights, "linear", 1e-9, 9)
    assert b[:2] == [[[pytest.approx(1.5)]], [[pytest.approx(10 / 3)]]]
    assert n_iter == [1, 1, 0]
    b = [[[0.0]] for _ in weights[:2]]
    linear_model_refits(b, n_iter, X, [[0.0, 1.0, 0.0]], weights[:2], "sigmoid", 1e-6, 20)
    assert b == [[[pytest.approx(0.0)]], [[pytest.approx(LOG2)]]]
    # Only the first class is drawn: the log-odds grow without bound.
    b, n_iter = [[[0.0], [0.0]]], [9]
    classes = [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    linear_model_refits(b, n_iter, X, classes, [[1.0, 1.0, 0.0]], "softmax", 1e-6, 20)
    assert n_iter[0] < 0


def test_triangle_by_hand():
    R = [[0.0]]
    qr_update(R, [[3.0], [-4.0]])
    assert R[0] == pytest.approx([5.0])  # 3**2 + 4**2 = 5**2
    qr_update(R, [[12.0]])
    assert R[0] == pytest.approx([13.0])


def test_triangle_is_the_root_of_the_product():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((30, 4))
    R = np.zeros((4, 4)).tolist()
    qr_update(R, X[:11].tolist())
    qr_update(R, X[11:].tolist())
    # Errors are roundings times the condition number of X'X, about 4 here.
    np.testing.assert_allclose(R, np.linalg.cholesky(X.T @ X).T, rtol=0, atol=1e-13)
