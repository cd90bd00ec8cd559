"""The essay's regressions against LAPACK, R's published figures and identities between them.

Gradient descent of a linear regression has a path in closed form, a softmax over two classes is a
logistic regression at twice the rate, several labels are as many logistic regressions. Tolerances:
one rounding for each term of a sum and 16 for each exponential, added up over the iterations.
"""

import numpy as np
import pytest

import fastscratch
from fastscratch import datasets, engine, regression

EPS = 2.0**-52


def with_ones(X):
    return np.column_stack([np.ones(len(X)), X])


def data(n=40, k=3, o=None):
    rng = np.random.default_rng([n, k])
    X = rng.standard_normal((n, k))
    return X, rng.standard_normal(n if o is None else (n, o))


# --- closed form ----------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (5, 1), (4, 3), (60, 7)])
def test_least_squares_equals_lapack(n, k, fit_intercept, outputs):
    X, y = data(n + fit_intercept, k, outputs)
    design = with_ones(X) if fit_intercept else X
    coefficients = regression.least_squares(X, y, fit_intercept=fit_intercept)
    expected, _, rank, singular = np.linalg.lstsq(design, y, rcond=None)
    assert rank == design.shape[1]
    assert coefficients.shape == expected.shape
    # Both are backward stable: off by roundings times the squared condition number.
    bound = 10 * n * EPS * (singular[0] / singular[-1]) ** 2 * max(1, np.abs(y).max())
    np.testing.assert_allclose(coefficients, expected, rtol=0, atol=bound)


def test_least_squares_on_large_numbers():
    """Years and their squares: X'X has condition number 1e26 and cannot be inverted."""
    years = np.arange(1990.0, 2020.0)
    X = np.column_stack([years, years**2])
    y = 3.0 - 2.0 * years + 0.001 * years**2
    coefficients = regression.least_squares(X, y)
    fitted = with_ones(X) @ coefficients
    assert np.linalg.cond(with_ones(X).T @ with_ones(X)) > 1e20
    np.testing.assert_allclose(fitted, y, rtol=1e-10)  # EPS times the condition number's root


@pytest.mark.parametrize(
    ("X", "fit_intercept", "message"),
    [
        # Pivoting takes the longest column first: the shorter one of a pair is what is left.
        ([[1, 3], [2, 6], [5, 15]], False, r"\(rank 1 of 2\): column 0 can be written in terms"),
        ([[3, 1], [6, 2], [15, 5]], False, r"\(rank 1 of 2\): column 1 can be written in terms"),
        ([[0.5], [0.5], [0.5]], True, r"\(rank 1 of 2\): column 0 can be written"),
        ([[2], [2], [2]], True, r"\(rank 1 of 2\): the intercept can be written"),
        (
            [[4, 1, 1, 0], [8, 2, 2, 0], [4, 1, 3, 0], [8, 2, 1, 0]],
            False,
            r"\(rank 2 of 4\): column 1 and column 3 can be written in terms of the other columns",
        ),
        ([[0], [0]], False, r"\(rank 0 of 1\): every column is zero; leave such columns out"),
        ([[1, 2], [3, 5]], True, r"\(rank 2 of 3\): 2 rows cannot determine 3 coefficients; "),
    ],
)
def test_singular_designs_are_named(X, fit_intercept, message):
    with pytest.raises(ValueError, match=r"X'X is singular " + message) as caught:
        regression.least_squares(X, np.arange(len(X)), fit_intercept=fit_intercept)
    assert str(caught.value).endswith("or ask for minimum_norm=True")


@pytest.mark.parametrize(("n", "k", "rank"), [(20, 5, 3), (3, 8, 3), (6, 6, 1), (5, 2, 0)])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_minimum_norm_equals_lapack(n, k, rank, fit_intercept):
    rng = np.random.default_rng([n, k])
    X = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, k))
    y = rng.standard_normal((n, 2))
    design = with_ones(X) if fit_intercept else X
    coefficients = regression.least_squares(X, y, fit_intercept=fit_intercept, minimum_norm=True)
    expected, _, found, singular = np.linalg.lstsq(design, y, rcond=1e-10)
    assert found == min(n, rank + fit_intercept)
    condition = singular[0] / singular[found - 1] if found else 1
    bound = 10 * n * EPS * condition**2 * np.abs(y).max()
    np.testing.assert_allclose(coefficients, expected, rtol=0, atol=bound)


def test_minimum_norm_of_a_full_rank_design_is_the_solution():
    X, y = data()
    np.testing.assert_array_equal(
        regression.least_squares(X, y, minimum_norm=True), regression.least_squares(X, y)
    )


# --- gradient descent -----------------------------------------------------------------------------


@pytest.mark.parametrize("n_iterations", [0, 1, 7, 200])
def test_linear_path_in_closed_form(n_iterations):
    """b_t - b = (I - rate X'X / n)**t (b_0 - b), with b the least squares solution."""
    X, y = data()
    design = with_ones(X)
    solution = regression.least_squares(X, y)
    matrix = np.eye(4) - 0.1 * design.T @ design / len(X)
    expected = solution + np.linalg.matrix_power(matrix, n_iterations) @ (2.0 - solution)
    b = regression.gradient_descent(X, y, learning_rate=0.1, n_iterations=n_iterations, initial=2.0)
    np.testing.assert_allclose(b, expected, rtol=0, atol=(10 + n_iterations) * len(X) * EPS)


@pytest.mark.parametrize("outputs", [None, 2])
def test_path_has_every_iteration(outputs):
    X, y = data(o=outputs)
    options = {"learning_rate": 0.1, "initial": 2.0}
    path = regression.gradient_descent(X, y, n_iterations=6, return_path=True, **options)
    assert path.shape == (7, *((4,) if outputs is None else (4, outputs)))
    for n, b in enumerate(path):
        alone = regression.gradient_descent(X, y, n_iterations=n, **options)
        assert b.tobytes() == alone.tobytes()


def test_likelihood_rises_along_the_path():
    """Of a concave function, at a rate below 2 over its largest curvature (at most that / 4)."""
    X, _ = data()
    y = (X[:, 0] + X[:, 1] > 0.3).astype(float)
    rate = 4 / np.linalg.eigvalsh(with_ones(X).T @ with_ones(X) / len(X))[-1]
    path = regression.gradient_descent(
        X, y, "logistic", learning_rate=rate, n_iterations=50, return_path=True
    )
    likelihoods = [regression.log_likelihood(X, y, b, "logistic") for b in path]
    assert likelihoods[0] == pytest.approx(len(X) * np.log(0.5))
    assert (np.diff(likelihoods) > 0).all()


def test_linear_descent_reaches_the_closed_form():
    """200 iterations at rate 0.1 on standardised columns, as the essay has it."""
    rng = np.random.default_rng(5)
    X = rng.standard_normal((500, 3))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    y = 1 + X @ [2.0, -3.0, 0.5] + rng.standard_normal(500)
    b = regression.gradient_descent(X, y, learning_rate=0.1, n_iterations=200)
    solution = regression.least_squares(X, y)
    # Each iteration shortens the way by 1 - 0.1 times the smallest eigenvalue of X'X / n.
    smallest = np.linalg.eigvalsh(with_ones(X).T @ with_ones(X) / 500)[0]
    assert np.linalg.norm(b - solution) <= (1 - 0.1 * smallest) ** 200 * np.linalg.norm(solution)
    np.testing.assert_allclose(b, solution, atol=1e-6)


def test_logistic_regression_gives_the_figures_of_r_glm():
    """Versicolor and virginica by sepal and petal length; the figures are rounded to 3 digits."""
    X, y, *_ = datasets.load_iris()
    X, y = X[50:, [0, 2]], y[50:] - 1
    X = X / X.max()
    b = regression.gradient_descent(
        X, y, "logistic", learning_rate=5, n_iterations=300_000, initial=1.0
    )
    np.testing.assert_allclose(b, [-39.838, -31.732, 105.170], rtol=0, atol=5e-4)
    assert regression.log_likelihood(X, y, b, "logistic") == pytest.approx(-11.925, abs=5e-4)


def roundings(n, k, n_iterations):
    return n_iterations * (n + k + 16) * EPS


def test_softmax_over_two_classes_is_a_logistic_regression():
    """The difference of the two columns descends at twice the rate."""
    X, _ = data(80)
    y = (X[:, 0] + np.random.default_rng(6).standard_normal(80) > 0).astype(int)
    two = regression.gradient_descent(X, y, "softmax", learning_rate=0.25, n_iterations=100)
    one = regression.gradient_descent(X, y, "logistic", learning_rate=0.5, n_iterations=100)
    assert two.shape == (4, 2)
    bound = 4 * roundings(80, 4, 100)
    np.testing.assert_allclose(two[:, 1] - two[:, 0], one, rtol=0, atol=bound)
    np.testing.assert_allclose(two.sum(axis=1), 0, rtol=0, atol=bound)
    likelihoods = [
        regression.log_likelihood(X, y, b, family)
        for b, family in ((two, "softmax"), (one, "logistic"))
    ]
    assert likelihoods[0] == pytest.approx(likelihoods[1], abs=100 * bound)


@pytest.mark.parametrize("family", ["linear", "logistic"])
def test_several_labels_are_as_many_regressions(family):
    X, _ = data(60)
    y = np.random.default_rng(7).integers(2, size=(60, 4))
    options = {"learning_rate": 0.5, "n_iterations": 50, "initial": 0.5}
    together = regression.gradient_descent(X, y, family, **options)
    apart = [regression.gradient_descent(X, column, family, **options) for column in y.T]
    bound = 2 * roundings(60, 4, 50)
    np.testing.assert_allclose(together, np.column_stack(apart), rtol=0, atol=bound)


def test_softmax_of_three_classes_finds_the_likelihoods_maximum():
    """There the gradient, X' (p - y), is zero."""
    rng = np.random.default_rng(8)
    X = rng.standard_normal((90, 2))
    y = np.arange(90) % 3
    b = regression.gradient_descent(X, y, "softmax", learning_rate=1.0, n_iterations=2000)
    powers = np.exp(with_ones(X) @ b)
    gradient = with_ones(X).T @ (powers / powers.sum(axis=1, keepdims=True) - np.eye(3)[y])
    assert np.abs(gradient).max() < 1e-9


def test_slices_threads_and_progress_change_no_bit(monkeypatch, capsys):
    X, _ = data(3001, 3)  # enough rows that they are cut into chunks
    y = (X[:, 0] > X[:, 1]).astype(float)

    def descend(**options):
        options = {"learning_rate": 1.0, "n_iterations": 12} | options
        return regression.gradient_descent(X, y, "logistic", **options).tobytes()

    expected = descend()
    capsys.readouterr()  # kernels may have been compiled
    assert descend(progress=True) == expected
    assert capsys.readouterr().err == ""  # it took less than a second
    monkeypatch.setattr(engine.slices, "SLICE_SECONDS", 0)
    assert descend() == expected
    path = descend(return_path=True)
    assert path[-len(expected) :] == expected
    most = fastscratch.get_num_threads()
    try:
        fastscratch.set_num_threads(1)
        assert descend() == expected
    finally:
        fastscratch.set_num_threads(most)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_no_iterations_return_the_start(fit_intercept):
    X, y = data()
    b = regression.gradient_descent(
        X, y, learning_rate=1, n_iterations=0, initial=-2, fit_intercept=fit_intercept
    )
    assert b.tolist() == [-2.0] * (3 + fit_intercept)


def test_inputs_are_left_alone():
    X, y = data()
    before = X.tobytes(), y.tobytes()
    regression.least_squares(X, y)
    regression.gradient_descent(X, y, learning_rate=0.1, n_iterations=1)
    assert (X.tobytes(), y.tobytes()) == before


# --- log-likelihood -------------------------------------------------------------------------------


def test_log_likelihood_by_its_formula():
    X, _ = data(50)
    rng = np.random.default_rng(9)
    scores = with_ones(X) @ (b := rng.standard_normal((4, 3)))

    labels = rng.integers(3, size=50)
    powers = np.exp(scores)
    p = (powers / powers.sum(axis=1, keepdims=True))[np.arange(50), labels]
    expected = np.log(p).sum()
    assert regression.log_likelihood(X, labels, b, "softmax") == pytest.approx(expected, rel=1e-13)

    y = rng.integers(2, size=(50, 3))
    p = 1 / (1 + np.exp(-scores))
    each = np.log(np.where(y, p, 1 - p)).sum(axis=0)
    found = regression.log_likelihood(X, y, b, "logistic")
    assert found == pytest.approx(each.sum(), rel=1e-13)
    one = regression.log_likelihood(X, y[:, 0], b[:, 0], "logistic")
    assert one == pytest.approx(each[0], rel=1e-13)
    assert one == regression.log_likelihood(X, y[:, :1], b[:, :1], "logistic")


def test_log_likelihood_of_rows_that_miss_a_class():
    b = np.zeros((2, 3))
    expected = 2 * np.log(1 / 3)
    found = regression.log_likelihood([[1.0], [2.0]], [1, 1], b, "softmax")
    assert found == pytest.approx(expected, rel=1e-15)


def test_log_likelihood_at_the_extremes():
    found = regression.log_likelihood([[1000.0], [-1000.0]], [0, 0], [0.0, 1.0], "logistic")
    assert found == -1000.0  # log(1 - sigmoid(1000)) + log(1 - sigmoid(-1000))


# --- what is refused ------------------------------------------------------------------------------

X, Y = data()
RUN = {"learning_rate": 0.1, "n_iterations": 3}


def test_divergence():
    message = r"diverged within .* iterations at learning_rate=10; use one below \d"
    with pytest.raises(FloatingPointError, match=message):
        regression.gradient_descent(X, Y, learning_rate=10, n_iterations=100_000)


ROW = np.array([[1.0], [2.0], [3.0]])  # X'X / n = 14 / 3: above 3 / 7 descent diverges
ALONE = {"fit_intercept": False, "n_iterations": 10}


def test_divergence_is_told_before_numbers_overflow():
    """Each step multiplies the distance from 2 by 1 - 0.44 * 14 / 3, and the loss by its square."""
    after = 14 / 3 * 4 * (1 - 0.44 * 14 / 3) ** 20
    message = (
        f"diverged at learning_rate=0.44: after 10 iterations the loss is {after:.4g}, from 18.67 "
        "at the start; use one below 0.4286,"
    )
    with pytest.raises(FloatingPointError, match=message):
        regression.gradient_descent(ROW, 2 * ROW[:, 0], learning_rate=0.44, **ALONE)
    found = regression.gradient_descent(ROW, 2 * ROW[:, 0], learning_rate=0.42, **ALONE)
    assert found[0] == pytest.approx(2 - 2 * (1 - 0.42 * 14 / 3) ** 10)
    both = np.column_stack([0 * ROW[:, 0], 2 * ROW[:, 0]])  # the first stays at its minimum
    with pytest.raises(FloatingPointError, match="after 1 iteration the loss is"):
        regression.gradient_descent(ROW, both, learning_rate=0.44, **ALONE | {"n_iterations": 1})


def test_divergence_that_is_still_to_come():
    """The first column's error shrinks, while the second's grows from a small start."""
    X = np.diag([1.0, 2.0])
    with pytest.warns(RuntimeWarning, match=r"will diverge at learning_rate=1\.1, .* below 1, or"):
        regression.gradient_descent(X, [1.0, 0.02], learning_rate=1.1, **ALONE)


@pytest.mark.parametrize("family", ["logistic", "softmax"])
def test_divergence_on_columns_that_are_not_scaled(family):
    x = np.arange(20.0)[:, None] * 1000
    y = (np.arange(20) % 3 == 0).astype(int)  # no plane separates them
    with pytest.raises(FloatingPointError, match=r"the loss is .*, from 0.6931 at the start"):
        regression.gradient_descent(x, y, family, learning_rate=0.1, n_iterations=1001)


def test_a_start_at_the_minimum_is_no_divergence():
    options = {"n_iterations": 50, "learning_rate": 0.1, "fit_intercept": False}
    assert regression.gradient_descent(ROW, 2 * ROW[:, 0], initial=2.0, **options) == [2.0]
    assert regression.gradient_descent(ROW, 0 * ROW[:, 0], **options) == [0.0]
    y = [[1, 0], [0, 1], [1, 0]]
    assert (regression.gradient_descent(0 * ROW, y, "logistic", **options) == 0).all()


def descend(y=Y, family="linear", X=X, **options):
    return regression.gradient_descent(X, y, family, **(RUN | options))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: descend(learning_rate=0), ValueError, "learning_rate must be positive, got 0"),
        (lambda: descend(learning_rate="1"), TypeError, "learning_rate must be a number, got str"),
        (lambda: descend(n_iterations=-1), ValueError, "n_iterations must be at least 0, got -1"),
        (lambda: descend(n_iterations=1e3), TypeError, "n_iterations must be an integer, got flo"),
        (lambda: descend(return_path=1), TypeError, "return_path must be True or False, got 1"),
        (lambda: descend(initial=np.nan), ValueError, "initial must be finite, got nan"),
        (lambda: descend(initial="1"), TypeError, "initial must be a number, got str"),
        (
            lambda: descend(family="poisson"),
            ValueError,
            "family must be one of 'linear', 'logistic', 'softmax', got 'poisson'",
        ),
        (lambda: descend(X=X[0]), ValueError, r"X must be 2-D \(samples, columns\), got .* \(3,\)"),
        (lambda: descend(X=X[:, :0]), ValueError, r"X must not be empty, got shape \(40, 0\)"),
        (lambda: descend(X=X / 0.0), ValueError, "X must be finite in float64, got"),
        (lambda: descend(X=[["a"]]), TypeError, "X must hold real numbers, got 'a' at"),
        (lambda: descend(X=[[1], [1, 2]]), ValueError, "X must be an array, got rows of different"),
        (lambda: descend(Y[1:]), ValueError, "X and y must have one row for .* got 40 and 39"),
        (lambda: descend(X[None]), ValueError, r"y must be 1-D or 2-D, got shape \(1, 40, 3\)"),
        (lambda: descend(3.0), ValueError, r"y must be 1-D or 2-D, got shape \(\)"),
        (lambda: descend(np.arange(40), "logistic"), ValueError, "hold 0 and 1 only, got 2.0"),
        (lambda: descend(np.arange(40) % 3 * 2, "softmax"), ValueError, "got the labels 0, 2, 4"),
        (lambda: descend(np.ones((40, 1)), "softmax"), ValueError, "y must be 1-D, got shape"),
        (lambda: descend(np.zeros(40), "softmax"), ValueError, "at least two classes, got one"),
        (lambda: regression.least_squares(X, Y[1:]), ValueError, "one row for each sample"),
        (lambda: regression.least_squares(X[0], Y), ValueError, "X must be 2-D"),
        (lambda: regression.least_squares(X, X[None]), ValueError, "y must be 1-D or 2-D, got"),
        (lambda: regression.least_squares(X, Y * np.nan), ValueError, "y must be finite"),
        (
            lambda: regression.log_likelihood(X, Y, np.ones(4), "linear"),
            ValueError,
            "family must be one of 'logistic', 'softmax', got 'linear'",
        ),
        (
            lambda: regression.log_likelihood(X, Y > 0, np.ones(3), "logistic"),
            ValueError,
            r"coefficients must have shape \(4, 1\), got \(3,\)",
        ),
        (
            lambda: regression.log_likelihood(X, np.arange(40) % 3, np.ones((3, 4)), "softmax"),
            ValueError,
            r"coefficients must have shape \(4, 4\), got \(3, 4\)",
        ),
        (
            lambda: regression.log_likelihood(X, np.ones((40, 3)), np.ones((3, 4)), "logistic"),
            ValueError,
            r"coefficients must have shape \(4, 3\), got \(3, 4\)",
        ),
        (
            lambda: regression.log_likelihood(X, np.arange(40) % 3, np.ones((4, 2)), "softmax"),
            ValueError,
            "y must hold labels below 2, got 2",
        ),
        (
            lambda: regression.log_likelihood(X, Y[1:] > 0, np.ones(4), "logistic"),
            ValueError,
            "X and y must have one row for each sample, got 40 and 39",
        ),
        (
            lambda: regression.least_squares(X, Y, fit_intercept=None),
            TypeError,
            "fit_intercept must be True or False, got None",
        ),
        (
            lambda: regression.least_squares(X, Y, minimum_norm=1),
            TypeError,
            "minimum_norm must be True or False, got 1",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message), np.errstate(divide="ignore", invalid="ignore"):
        call()
