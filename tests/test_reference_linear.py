"""The twins of linear, logistic and softmax regression against solutions known otherwise.

Least squares: `numpy.linalg.lstsq`, which is LAPACK's singular value decomposition, and exact
solutions.  Gradient descent: for a linear regression the closed form of its path; for the others
data whose maximum likelihood estimate is a logarithm of counted odds, and the recursion that
separable data lead to.
"""

import math

import numpy as np
import pytest

from fastscratch.reference.gradient_descent import gradient_descent
from fastscratch.reference.least_squares import least_squares

RCOND = 1e-10  # the data below have condition numbers below 1000, or are singular to rounding


def solve(X, y):
    """Run the twin; the coefficients and pivots as arrays, and the rank."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    coefficients = [[9.0] * y.shape[1] for _ in range(X.shape[1])]
    pivots = [9] * X.shape[1]
    inputs = X.tolist(), y.tolist()
    rank = least_squares(coefficients, pivots, *inputs, RCOND)
    assert inputs == (X.tolist(), y.tolist())  # left as they were
    assert sorted(pivots) == list(range(X.shape[1]))
    return np.array(coefficients).reshape(X.shape[1], y.shape[1]), pivots, rank


def assert_like_lapack(X, y, rank):
    """Coefficients as LAPACK's, and dependent columns that are indeed dependent."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    coefficients, pivots, found = solve(X, y)
    expected, _, expected_rank, singular_values = np.linalg.lstsq(X, y, rcond=RCOND)
    assert found == expected_rank == rank
    # Both are backward stable: off by a small multiple of 2**-52 times the squared condition
    # number (the residual is not small), relative to the coefficients.
    condition = singular_values[0] / singular_values[rank - 1]
    assert condition < 1000
    tolerance = 100 * 2.0**-52 * condition**2 * max(1, np.abs(y).max())
    np.testing.assert_allclose(coefficients, expected, rtol=tolerance, atol=tolerance)
    # The columns picked first are independent, and span what all columns span.
    assert np.linalg.matrix_rank(X[:, pivots[:rank]]) == rank


@pytest.mark.parametrize("n_out", [1, 3])
@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (4, 4), (20, 5), (50, 8)])
def test_full_rank(shape, n_out):
    rng = np.random.default_rng(1)
    assert_like_lapack(rng.normal(size=shape), rng.normal(size=(shape[0], n_out)), shape[1])


@pytest.mark.parametrize("shape", [(1, 3), (3, 5), (4, 20)])
def test_more_columns_than_rows(shape):
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=shape), rng.normal(size=(shape[0], 2))
    assert_like_lapack(X, y, shape[0])
    np.testing.assert_allclose(X @ solve(X, y)[0], y, atol=1e-12)  # every row is met


@pytest.mark.parametrize(
    ("n_samples", "n_in", "rank"), [(20, 5, 3), (6, 6, 1), (4, 9, 2), (9, 4, 3)]
)
def test_rank_deficient(n_samples, n_in, rank):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(n_samples, rank)) @ rng.normal(size=(rank, n_in))
    assert_like_lapack(X, rng.normal(size=(n_samples, 2)), rank)


def test_columns_of_different_units():
    # An intercept, a column far from zero and one of ten times the size.
    rng = np.random.default_rng(4)
    X = np.column_stack([np.ones(30), 3 + rng.normal(size=30), 10 * rng.normal(size=30)])
    assert_like_lapack(X, rng.normal(size=(30, 1)), 3)


def test_a_line():
    # Through (0, 1), (1, 3), (2, 5): intercept 1, slope 2.
    coefficients, _, rank = solve([[1, 0], [1, 1], [1, 2]], [[1], [3], [5]])
    assert rank == 2
    np.testing.assert_allclose(coefficients, [[1], [2]], atol=1e-14)
    # Of (0, 0), (1, 0), (2, 3): slope = cov / var = ((-1)(-1) + 0 + (1)(2)) / 2 = 3/2,
    # intercept = mean(y) - slope mean(x) = 1 - 3/2.
    coefficients, _, _ = solve([[1, 0], [1, 1], [1, 2]], [[0], [0], [3]])
    np.testing.assert_allclose(coefficients, [[-1 / 2], [3 / 2]], atol=1e-14)


def test_the_shortest_of_many_solutions():
    # Twice the same column: the effect 6 is shared, 3 and 3.
    coefficients, pivots, rank = solve([[1, 1], [2, 2]], [[6], [12]])
    assert rank == 1
    np.testing.assert_allclose(coefficients, [[3], [3]], atol=1e-14)
    # One row a + 2b = 10: the shortest is 10 (1, 2) / (1 + 4) = (2, 4).
    coefficients, pivots, rank = solve([[1, 2]], [[10]])
    assert rank == 1
    assert pivots == [1, 0]
    np.testing.assert_allclose(coefficients, [[2], [4]], atol=1e-14)


def test_a_dummy_trap():
    # An intercept and a dummy for each of three groups: the dummies sum to the intercept.
    # Group means 1, 5, 9.  Intercept m and effects mean - m; m**2 + sum of (mean - m)**2 is least
    # at m = sum(means) / 4 = 15/4.
    X = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]]
    coefficients, pivots, rank = solve(X, [[0], [2], [5], [9]])
    assert rank == 3
    np.testing.assert_allclose(
        coefficients, [[15 / 4], [1 - 15 / 4], [5 - 15 / 4], [9 - 15 / 4]], atol=1e-14
    )
    assert len(pivots) == 4


def test_a_column_of_zeros_depends_on_the_others():
    coefficients, pivots, rank = solve([[0, 1], [0, 2], [0, 3]], [[2], [4], [6]])
    assert rank == 1
    assert pivots == [1, 0]
    np.testing.assert_allclose(coefficients, [[0], [2]], atol=1e-14)


def test_nothing_but_zeros():
    for shape in ((3, 2), (2, 3)):
        coefficients, _, rank = solve(np.zeros(shape), np.ones((shape[0], 2)))
        assert rank == 0
        assert (coefficients == 0).all()


def test_large_and_small_numbers():
    # The squares of the lengths would overflow and underflow; doubling both sides changes nothing.
    X, y = np.array([[1.0, 0], [1, 1], [1, 2]]), np.array([[0.0], [0], [3]])
    for scale in (2.0**600, 2.0**-600):
        coefficients, _, rank = solve(X * scale, y * scale)
        assert rank == 2
        np.testing.assert_allclose(coefficients, [[-1 / 2], [3 / 2]], atol=1e-14)


# --- Gradient descent ------------------------------------------------------------------------


def descend(X, y, activation, learning_rate, n_iterations, start=0.0):
    """Run the twin from a constant; the coefficients as an array."""
    X, y = np.asarray(X, float), np.asarray(y, float)
    coefficients = [[start] * y.shape[1] for _ in range(X.shape[1])]
    gradient_descent(coefficients, X.tolist(), y.tolist(), activation, learning_rate, n_iterations)
    return np.array(coefficients)


@pytest.mark.parametrize("n_iterations", [0, 1, 2, 50])
def test_linear_path(n_iterations):
    # One iteration is B - B* <- (I - r X'X / n) (B - B*), B* the least squares solution.
    rng = np.random.default_rng(5)
    X, y, rate = rng.normal(size=(30, 4)), rng.normal(size=(30, 2)), 0.3
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    contraction = np.linalg.matrix_power(np.eye(4) - rate * X.T @ X / 30, n_iterations)
    expected = best + contraction @ (0.1 - best)
    # At most 50 iterations of some 100 roundings each, of numbers of size 1.
    np.testing.assert_allclose(
        descend(X, y, "linear", rate, n_iterations, start=0.1), expected, atol=50 * 100 * 2.0**-52
    )


def test_linear_reaches_least_squares():
    # Essay, step 1: 200 iterations from 0.1 reach the closed form.
    rng = np.random.default_rng(6)
    X = np.column_stack([np.ones(40), rng.normal(size=(40, 2))])
    y = X @ [[1.0], [2.0], [3.0]] + rng.normal(size=(40, 1))
    best = np.linalg.lstsq(X, y, rcond=None)[0]
    rate = 0.5
    # The error shrinks by this factor per iteration.
    factor = np.abs(1 - rate * np.linalg.eigvalsh(X.T @ X / 40)).max()
    assert factor**200 < 1e-14
    np.testing.assert_allclose(descend(X, y, "linear", rate, 200, start=0.1), best, atol=1e-12)


def test_logistic_first_step():
    # At 0 all probabilities are 1/2 and the residuals are 1/2, -1/2, -1/2:
    # X'residual / n = (1 - 1 - 1, 2 - 0 - 6) / 2 / 3 = (-1/6, -2/3); the learning rate is 6.
    coefficients = descend([[1, 2], [1, 0], [1, 6]], [[0], [1], [1]], "sigmoid", 6.0, 1)
    np.testing.assert_allclose(coefficients, [[1], [4]], atol=1e-14)


def test_logistic_regression_on_two_groups():
    # Of 4 in group 0 one has y = 1, odds 1/3; of 4 in group 1 three have, odds 3.
    # The maximum likelihood estimate is log odds: intercept -log 3, slope log 3 - (-log 3).
    X = [[1, group] for group in (0, 1) for _ in range(4)]
    y = [[1], [0], [0], [0], [1], [1], [1], [0]]
    # Hessian at the estimate: 3/16 * [[1, 1/2], [1/2, 1/2]], eigenvalues 0.245 and 0.036.
    # With learning rate 4 the error shrinks by 1 - 4 * 0.036 = 0.86 per iteration, and
    # 0.86**300 = 2e-20.
    coefficients = descend(X, y, "sigmoid", 4.0, 300)
    np.testing.assert_allclose(coefficients, [[-math.log(3)], [2 * math.log(3)]], atol=1e-13)


def test_several_logistic_regressions_do_not_interact():
    # An intercept only: 3 of 4, 1 of 4 and 2 of 4, not exclusive.
    y = [[1, 1, 1], [1, 0, 1], [1, 0, 0], [0, 0, 0]]
    # The error shrinks by 1 - 4 * 3/16 = 1/4 per iteration, or 0.
    coefficients = descend([[1]] * 4, y, "sigmoid", 4.0, 100)
    np.testing.assert_allclose(coefficients, [[math.log(3), -math.log(3), 0]], atol=1e-14)


def test_logistic_regression_on_separable_data():
    # Flowers told apart by one measurement, -1 or 1.  There is no maximum: the coefficient b of
    # the measurement grows for ever, by learning rate times 1 / (1 + exp(b)) per iteration.
    b = 0.0
    for _ in range(100):
        b += 0.5 / (1 + math.exp(b))
    coefficients = descend([[-1], [1], [1], [-1]], [[0], [1], [1], [0]], "sigmoid", 0.5, 100)
    np.testing.assert_allclose(coefficients, [[b]], rtol=1e-13)
    assert b > 3


def test_logistic_regression_is_safe_far_out():
    # Scores of -10000 and 10000: probabilities 0 and 1, so right predictions do not move.
    X, y = [[-1.0], [1.0]], [[0.0], [1.0]]
    assert descend(X, y, "sigmoid", 1.0, 1, start=1e4) == 1e4
    # All wrong: the residuals are 1 and -1, so the step is 1.
    assert descend(X, y, "sigmoid", 1.0, 1, start=-1e4) == -1e4 + 1


def test_softmax_regression():
    # An intercept only; 1, 2 and 3 of 6 are of each class.  The coefficients are the logarithms of
    # the shares, up to a constant, and the gradient does not change their sum, 0.
    y = np.eye(3)[[0, 1, 1, 2, 2, 2]]
    logs = np.log([1, 2, 3])
    # The Hessian, diag(p) - pp', has eigenvalues of at least min(p) = 1/6 but for the constant:
    # with learning rate 2 the error shrinks by 2/3 per iteration; (2/3)**100 = 2e-18.
    coefficients = descend([[1]] * 6, y, "softmax", 2.0, 100)
    np.testing.assert_allclose(coefficients, [logs - logs.mean()], atol=1e-14)


def test_softmax_of_two_classes_is_logistic():
    # Essay, step 3.  The scores (-s/2, s/2) of the softmax are the score s of the sigmoid, and each
    # coefficient moves by half of what the difference does: half the learning rate.
    rng = np.random.default_rng(7)
    X, labels = rng.normal(size=(20, 3)), rng.integers(2, size=20)
    two = descend(X, np.eye(2)[labels], "softmax", 0.25, 30)
    one = descend(X, labels[:, None], "sigmoid", 0.5, 30)
    np.testing.assert_allclose(two[:, 1:] - two[:, :1], one, atol=1e-13)
