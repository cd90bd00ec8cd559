"""The losses of the linear models, and the methods that minimise them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import linalg, optimize, sparse

from .. import kernels
from ..engine import run_in_slices
from ..kernels.codes import LINEAR, SIGMOID, SOFTMAX
from ..wording import quantity

__all__ = ["Problem", "Scaling", "has_maximum", "minimize", "pseudo_solve", "quadratic_minimum"]

#: Largest second derivative of the loss of a sample in its scores.
CURVATURE = {LINEAR: 1.0, SIGMOID: 0.25, SOFTMAX: 0.5}
EPS = np.finfo(np.float64).eps
#: For this many coefficients or fewer, a matrix of second derivatives costs little.
MOST_SECOND_ORDER = 200
#: Sweeps of coordinate descent before an exact solution is tried, and the most of them.
SWEEPS, MOST_SWEEPS = 10, 1000
#: Sweeps cost so little that they go on beyond the tolerance, down to this share of it.
FINER = 1e-3

#: Called with the coefficients after each iteration; if it returns True the solver stops.
After = Callable[[np.ndarray], bool] | None


@dataclasses.dataclass(frozen=True)
class Problem:
    """A penalised regression, ``loss + sum(l2 B**2) / 2 + sum(l1 |B|)``.

    Attributes
    ----------
    design : tuple of ndarray
        Explanatory variables as the kernels take them: `X`, `columns`, `starts`.
    y : ndarray, shape (o, n)
    weight : ndarray, shape (n,)
        Adds up to 1.
    l2, l1 : ndarray, shape (k,)
        Strengths of the penalties of each column.
    activation : int
        Code of linear, sigmoid or softmax.
    """

    design: tuple[np.ndarray, np.ndarray, np.ndarray]
    y: np.ndarray
    weight: np.ndarray
    l2: np.ndarray
    l1: np.ndarray
    activation: int

    def loss(self, coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        """Loss with the quadratic penalty, and its gradient."""
        gradient = np.empty_like(coefficients)
        loss = kernels.linear_model.linear_model_loss(
            gradient, coefficients, *self.design, self.y, self.weight, self.activation
        )
        penalty = self.l2 * coefficients
        gradient += penalty
        return loss + np.vdot(penalty, coefficients) / 2, gradient

    def value(self, coefficients: np.ndarray) -> float:
        """Loss with both penalties."""
        return self.loss(coefficients)[0] + float((self.l1 * np.abs(coefficients)).sum())

    def hessian(self, coefficients: np.ndarray) -> np.ndarray:
        """Hessian of :meth:`loss`, shape (o k, o k)."""
        hessian = np.empty((coefficients.size, coefficients.size))
        kernels.linear_model.linear_model_hessian(
            hessian, coefficients, *self.design, self.weight, self.activation
        )
        hessian[np.diag_indices_from(hessian)] += np.tile(self.l2, len(coefficients))
        return hessian

    def safe_step(self) -> float:
        """A learning rate that cannot overshoot: one over the largest curvature."""
        columns = self.l2.size
        squares = dataclasses.replace(
            self, y=np.zeros((1, self.weight.size)), l2=np.zeros(columns), activation=LINEAR
        )
        # Start with different numbers: equal ones would cancel in columns such as x and -x.
        direction, largest = np.sqrt(np.arange(2.0, columns + 2))[None], 0.0
        for _ in range(30):  # power iteration; an error of a third would do no harm
            direction /= np.linalg.norm(direction)
            direction = squares.loss(direction)[1]
            largest = float(np.linalg.norm(direction))
            if largest == 0:
                break
        curvature = CURVATURE[self.activation] * largest + self.l2.max()
        return 1 / curvature if curvature > 0 else 1.0


@dataclasses.dataclass(frozen=True)
class Scaling:
    """Columns scaled so that the loss has a similar curvature in each, and the way back.

    The units of the data then do not change the path of a solver. Dense columns are also centred
    if there is an intercept. The intercept comes first, as a column of ones.

    Attributes
    ----------
    design : tuple of ndarray
        The scaled columns, as the kernels take them.
    mean, scale : ndarray, shape (k,)
        Column i of the data became ``(x - mean[i]) / scale[i]``.
    has_intercept : bool
    """

    design: tuple[np.ndarray, np.ndarray, np.ndarray]
    mean: np.ndarray
    scale: np.ndarray
    has_intercept: bool

    @classmethod
    def of(
        cls, X: Any, weight: np.ndarray, l2: float, has_intercept: bool, centre: bool = True
    ) -> "Scaling":
        """Scale by the standard deviation, or by more if the penalty has the larger curvature.

        Parameters
        ----------
        X : ndarray or sparse array in compressed rows, shape (n, k)
        weight : ndarray, shape (n,)
            Adds up to 1.
        l2 : float
            Quadratic penalty of the coefficients in the units of the data.
        has_intercept : bool
        centre : bool
            False leaves the intercept what it is in the units of the data.
        """
        mean = np.zeros(X.shape[1])
        if has_intercept and centre and not sparse.issparse(X):
            # Without BLAS, whose threads stay awake and would compete with those of the kernels.
            mean = np.einsum("n,ni->i", weight, X)
        scaling = cls._of_unit_scale(X, mean, has_intercept)
        # A quarter is the curvature of a logistic loss where the score is 0.
        deviation = scaling._deviation(weight)
        scale = np.hypot(deviation, 2 * np.sqrt(l2))
        scale[deviation == 0] = np.inf  # a constant column explains nothing: make it zero
        values, columns, starts = scaling.design
        first = int(has_intercept)
        if starts.size:
            values *= np.concatenate([np.ones(first), 1 / scale])[columns]
        else:
            values[:, first:] *= 1 / scale
        return dataclasses.replace(scaling, scale=scale)

    @classmethod
    def none(cls, X: Any, has_intercept: bool) -> "Scaling":
        """Leave the columns as they are."""
        return cls._of_unit_scale(X, np.zeros(X.shape[1]), has_intercept)

    @classmethod
    def _of_unit_scale(cls, X: Any, mean: np.ndarray, has_intercept: bool) -> "Scaling":
        first = int(has_intercept)
        n, k = X.shape
        if sparse.issparse(X):
            design = _with_ones(X) if has_intercept else _entries(X)
        else:
            rows = np.empty((n, first + k))
            rows[:, :first] = 1
            np.subtract(X, mean, out=rows[:, first:])
            design = (rows, np.zeros(0, np.int64), np.zeros(0, np.int64))
        return cls(design, mean, np.ones(k), has_intercept)

    def _deviation(self, weight: np.ndarray) -> np.ndarray:
        """Root of the weighted mean square of each column except the intercept; 0 if constant."""
        X, columns, starts = self.design
        first, k = int(self.has_intercept), self.mean.size
        if starts.size:
            of_row = np.repeat(weight, np.diff(starts))
            squares = np.bincount(columns, of_row * X[0] ** 2, minlength=first + k)[first:]
            return np.sqrt(squares)
        centred = X[:, first:]
        with np.errstate(over="ignore"):
            deviation = np.sqrt(np.einsum("n,ni,ni->i", weight, centred, centred))
        if not np.isfinite(deviation).all() or (deviation < 1e-150).any():
            # A square has overflowed, or rounded to zero.
            largest = np.abs(centred).max(axis=0)
            largest[largest == 0] = 1
            deviation = largest * np.sqrt(weight @ (centred / largest) ** 2)
        deviation[deviation <= len(X) * EPS * np.abs(self.mean)] = 0  # constant up to rounding
        return deviation

    def inside(self, coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
        """Coefficients for the scaled columns, (o, k), or (o, k + 1) with the intercept."""
        scaled = coef * np.where(np.isinf(self.scale), 0, self.scale)
        if self.has_intercept:
            scaled = np.column_stack([intercept + coef @ self.mean, scaled])
        return np.ascontiguousarray(scaled)

    def outside(self, coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients and intercepts for the columns as they were given."""
        coef = coefficients[:, int(self.has_intercept) :] / self.scale
        if not self.has_intercept:
            return coef, np.zeros(len(coef))
        return coef, coefficients[:, 0] - coef @ self.mean

    def strict(self, tol: float) -> float:
        """Bound on the gradient for which that in the columns as given is at most `tol`, too."""
        sizes = np.where(np.isinf(self.scale), 0, self.scale) + np.abs(self.mean)
        return tol / max(1.0, float(sizes.max(initial=0.0)))

    def matrix(self) -> np.ndarray:
        """The matrix by which :meth:`outside` multiplies the coefficients of one output."""
        back = np.diag(np.concatenate([np.ones(int(self.has_intercept)), 1 / self.scale]))
        if self.has_intercept:
            back[0, 1:] = -self.mean / self.scale
        return back


def _entries(X: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A sparse matrix as the kernels take it: a copy, with one entry for each place."""
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    values = np.array(X.data, np.float64).reshape(1, -1)
    return values, X.indices.astype(np.int64), X.indptr.astype(np.int64)


def _with_ones(X: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same with a column of ones before the others; `sparse.hstack` takes twice as long."""
    values, columns, starts = _entries(X)
    n_rows = len(starts) - 1
    firsts = starts[:-1] + np.arange(n_rows)
    is_of_X = np.ones(columns.size + n_rows, np.bool_)
    is_of_X[firsts] = False
    all_values, all_columns = np.ones((1, is_of_X.size)), np.zeros(is_of_X.size, np.int64)
    all_values[0, is_of_X] = values[0]
    all_columns[is_of_X] = columns + 1
    return all_values, all_columns, starts + np.arange(n_rows + 1)


@dataclasses.dataclass(frozen=True)
class Result:
    """Where a solver stopped.

    Attributes
    ----------
    coefficients : ndarray, shape (o, k)
    n_iter : int
    failure : str
        Why it did not converge; empty if it did.
    """

    coefficients: np.ndarray
    n_iter: int
    failure: str = ""


def minimize(
    solver: str,
    problem: Problem,
    start: np.ndarray,
    *,
    learning_rate: float | str,
    tol: float,
    max_iter: int,
    after: After = None,
) -> Result:
    """Minimise a problem with the solver of a name."""
    if max_iter == 0:
        return Result(start, 0, _limit(0))
    if solver == "lbfgs":
        return _lbfgs(problem, start, tol, max_iter, after)
    if solver == "newton-cholesky":
        return _newton(problem, start, tol, max_iter, after)
    if solver == "proximal-newton":
        return _proximal_newton(problem, start, tol, max_iter, after)
    rate = None if solver == "fista" else learning_rate
    return _proximal_gradient(problem, start, rate, tol, max_iter, after)


def _limit(max_iter: int) -> str:
    return f"did not converge within max_iter={quantity(max_iter, 'iteration')}"


def _lbfgs(problem: Problem, start: np.ndarray, tol: float, max_iter: int, after: After) -> Result:
    shape, stopped = start.shape, False

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = problem.loss(flat.reshape(shape))
        return value, gradient.ravel()

    def callback(flat: np.ndarray) -> None:
        nonlocal stopped
        if after is not None and after(flat.reshape(shape)):
            stopped = True
            raise StopIteration

    found = optimize.minimize(
        loss,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=callback,
        options={"maxiter": max_iter, "maxls": 50, "gtol": tol, "ftol": 64 * EPS},
    )
    failure = ""
    if not found.success and not stopped:
        failure = _limit(max_iter) if found.status == 1 else f"did not converge: {found.message}"
    coefficients = found.x.reshape(shape)
    if not failure and not stopped and coefficients.size <= MOST_SECOND_ORDER:
        # Near the minimum a step of Newton's method squares the error.
        step = _newton_step(problem, coefficients, *problem.loss(coefficients))
        if step is not None:
            coefficients = coefficients + step
    return Result(coefficients, found.nit, failure)


def pseudo_solve(matrix: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, int]:
    """Solve ``matrix @ x = right`` for a symmetric matrix without negative eigenvalues.

    Returns the shortest solution, and the rank of the matrix.
    """
    if not len(matrix):
        return right, 0
    limit = len(matrix) * EPS
    try:
        factor = linalg.cho_factor(matrix, lower=True)
        diagonal = np.diag(factor[0])
        if diagonal.min() ** 2 > limit * diagonal.max() ** 2:
            return linalg.cho_solve(factor, right), len(matrix)
    except linalg.LinAlgError:
        pass
    values, vectors = linalg.eigh(matrix)
    kept = values > limit * values.max()
    vectors = vectors[:, kept]
    return vectors @ ((vectors.T @ right).T / values[kept]).T, int(kept.sum())


def _newton(problem: Problem, start: np.ndarray, tol: float, max_iter: int, after: After) -> Result:
    """Newton's method, which here is iteratively reweighted least squares."""
    coefficients = start
    for iteration in range(1, max_iter + 1):
        loss, gradient = problem.loss(coefficients)
        # One more step is taken after the gradient is small: it squares the error once more.
        converged = np.abs(gradient).max() <= tol
        step = _newton_step(problem, coefficients, loss, gradient)
        if step is None:
            return Result(coefficients, iteration, "did not converge: no step lowers the loss")
        coefficients = coefficients + step
        if (after is not None and after(coefficients)) or converged:
            return Result(coefficients, iteration)
    return Result(coefficients, max_iter, _limit(max_iter))


def _newton_step(
    problem: Problem, coefficients: np.ndarray, loss: float, gradient: np.ndarray
) -> np.ndarray | None:
    """Newton's step, shortened until it lowers the loss; None if it never does."""
    hessian = _hessian_of_step(problem, coefficients)
    step = -pseudo_solve(hessian, gradient.ravel())[0].reshape(coefficients.shape)
    return _shortened(lambda b: problem.loss(b)[0], coefficients, step, loss)


def _hessian_of_step(problem: Problem, coefficients: np.ndarray) -> np.ndarray:
    hessian = problem.hessian(coefficients)
    if problem.activation == SOFTMAX:
        # To add a number to a coefficient of all classes changes no probability. Give that
        # direction a curvature if the penalties do not.
        is_free = (problem.l2 == 0) & (problem.l1 == 0)
        free = np.diag(is_free.astype(float)) * np.trace(hessian) / len(hessian)
        hessian += np.tile(free, (len(coefficients), len(coefficients)))
    return hessian


def _shortened(
    value: Callable[[np.ndarray], float], coefficients: np.ndarray, step: np.ndarray, before: float
) -> np.ndarray | None:
    """The step, halved until it does not raise the value; None if it always does."""
    for _ in range(34):
        if value(coefficients + step) <= before + 8 * EPS * abs(before):
            return step
        step = step / 2
    return None


def _proximal_newton(
    problem: Problem, start: np.ndarray, tol: float, max_iter: int, after: After
) -> Result:
    """Newton's method whose steps lead to the minimum of the parabola and the absolute penalty."""
    coefficients, l1 = start, np.tile(problem.l1, len(start))
    lower = np.full(start.size, -np.inf)
    for iteration in range(1, max_iter + 1):
        loss, gradient = problem.loss(coefficients)
        converged = _steepness(gradient, coefficients, problem.l1) <= tol
        found, _ = quadratic_minimum(
            coefficients.ravel(),
            gradient.ravel(),
            _hessian_of_step(problem, coefficients),
            l1,
            lower,
            tol=tol / 10,
            max_iter=MOST_SWEEPS,
        )
        value = loss + float((problem.l1 * np.abs(coefficients)).sum())
        step = found.reshape(start.shape) - coefficients
        step = _shortened(problem.value, coefficients, step, value)
        if step is None:
            failure = "" if converged else "did not converge: no step lowers the loss"
            return Result(coefficients, iteration, failure)
        coefficients = coefficients + step
        if (after is not None and after(coefficients)) or converged:
            return Result(coefficients, iteration)
    return Result(coefficients, max_iter, _limit(max_iter))


def _steepness(gradient: np.ndarray, coefficients: np.ndarray, l1: np.ndarray) -> float:
    """Largest element of the shortest subgradient of the loss with its absolute penalty."""
    moving = np.abs(gradient + l1 * np.sign(coefficients))
    resting = np.maximum(np.abs(gradient) - l1, 0)
    return float(np.where(coefficients != 0, moving, resting).max())


def quadratic_minimum(
    coefficients: np.ndarray,
    gradient: np.ndarray,
    hessian: np.ndarray,
    l1: np.ndarray,
    lower: np.ndarray,
    *,
    tol: float,
    max_iter: int,
    exact: bool = True,
) -> tuple[np.ndarray, int]:
    """Minimise a quadratic function with an absolute penalty and lower bounds.

    Coordinate descent finds which coefficients are not zero, and a system of equations their
    values.

    Parameters
    ----------
    coefficients : ndarray, shape (k,)
        Where to start.
    gradient : ndarray, shape (k,)
        Of the quadratic function at the start.
    hessian : ndarray, shape (k, k)
    l1, lower : ndarray, shape (k,)
        Absolute penalties, and smallest values: 0 or minus infinity.
    tol : float
        Without an exact solution after `max_iter` sweeps, no coefficient may move by more than
        this, times its second derivative. Before, a thousandth of it ends the search.
    max_iter : int
        The most sweeps over all coefficients.
    exact : bool
        Whether to solve a system of equations in the end, and not only take sweeps.

    Returns
    -------
    coefficients : ndarray, shape (k,)
    n_iter : int
        Sweeps taken; negative if there is no solution within `max_iter`.
    """
    b, g, taken = coefficients.copy(), gradient.copy(), 0
    while taken < max_iter:
        sweeps, signs = min(SWEEPS, max_iter - taken), np.sign(b)
        n_iter = kernels.coordinate_descent.coordinate_descent(
            b, g, hessian, l1, lower, FINER * tol, sweeps
        )
        taken += abs(n_iter)
        is_stable = n_iter > 0 or (np.sign(b) == signs).all()
        while is_stable and exact:
            signs = np.sign(b)
            b, g, solved = _solve_signs(b, g, hessian, l1, lower)
            if solved:
                return b, taken
            # Go on as long as each solution makes a coefficient zero, and costs little.
            is_stable = (np.sign(b) != signs).any() and np.count_nonzero(b) <= MOST_SECOND_ORDER
        if n_iter > 0:
            return b, taken
    n_iter = kernels.coordinate_descent.coordinate_descent(b, g, hessian, l1, lower, tol, 1)
    return b, taken if n_iter > 0 else -taken


def _solve_signs(
    b: np.ndarray, gradient: np.ndarray, hessian: np.ndarray, l1: np.ndarray, lower: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Go to the minimum among coefficients of the same signs, or to where the first becomes zero.

    Returns
    -------
    coefficients, gradient : ndarray, shape (k,)
    solved : bool
        Whether this is the minimum of all.
    """
    unbounded, signs = np.isneginf(lower), np.sign(b)
    curved = np.diag(hessian) > 0
    moving = curved & ((b != 0) | ((l1 == 0) & unbounded))
    found, slope = b.copy(), gradient + l1 * signs
    part = hessian[np.ix_(moving, moving)]
    step, rank = pseudo_solve(part, slope[moving])
    found[moving] -= step
    if rank < len(part):  # straight on where nothing curves, if that leads down
        rest = slope[moving] - part @ step
        far = 2 * np.abs(found).max() / max(np.abs(rest).max(), 1e-300)
        found[moving] -= far * np.where(np.abs(rest) > 1e-9 * l1.max(), rest, 0)
    turned = ((np.sign(found) != signs) & (l1 > 0)) | (found < lower)
    if turned.any():
        shares = b[turned] / (b[turned] - found[turned])
        first = np.flatnonzero(turned)[shares.argmin()]
        found = b + shares.min() * (found - b)
        found[first] = 0
    gradient = gradient + hessian[:, moving] @ (found - b)[moving]
    slope = gradient + l1 * signs
    most = np.abs(hessian).max(initial=0) * np.abs(found).max(initial=0)
    rounding = 8 * len(b) * EPS * (most + np.abs(gradient).max())
    downhill = np.where(unbounded, np.abs(gradient), -gradient)[curved & ~moving]
    solved = (
        not turned.any()
        and (np.abs(slope[moving]) <= rounding).all()
        and (downhill <= (l1 + rounding)[curved & ~moving]).all()
    )
    return found, gradient, bool(solved)


def has_maximum(problem: Problem, coefficients: np.ndarray) -> bool:
    """Whether the likelihood of a logistic or softmax regression has a maximum.

    It has none if there is a direction in which no sample's own class loses against another, and
    some gain: the coefficients then grow in that direction without bound. Newton's method finds it,
    for there its steps do not become shorter: each adds about 1 to the scores that gain.

    Parameters
    ----------
    problem : Problem
        Without a penalty.
    coefficients : ndarray, shape (o, k)
        Where a solver has stopped: a short step from there shows that there is a maximum.

    References
    ----------
    Albert and Anderson (1984), On the existence of maximum likelihood estimates in logistic
    regression models.
    """
    step = _newton_step(problem, coefficients, *problem.loss(coefficients))
    is_short = step is not None and np.abs(_gains(problem, step)).max() < 0.1
    # Probabilities near 0 and 1 have no curvature in float64, and that makes steps short too.
    if is_short and np.abs(_gains(problem, coefficients)).max() < 25:
        return True
    coefficients = np.zeros_like(coefficients)
    for _ in range(100):
        step = _newton_step(problem, coefficients, *problem.loss(coefficients))
        if step is None:
            return True
        gains = _gains(problem, step)
        largest = np.abs(gains).max()
        if largest < 1e-6:
            return True
        if gains.min() >= -1e-6 * largest:
            return False
        coefficients = coefficients + step
    return True


def _gains(problem: Problem, coefficients: np.ndarray) -> np.ndarray:
    """By how much the score of each sample's own class is above that of each other class."""
    X, columns, starts = problem.design
    if starts.size:
        shape = (starts.size - 1, coefficients.shape[1])
        X = sparse.csr_array((X[0], columns, starts), shape=shape)
    scores = np.asarray(X @ coefficients.T)[problem.weight > 0]
    own = problem.y.T[problem.weight > 0] == 1
    if scores.shape[1] == 1:
        return np.where(own, scores, -scores)
    return (scores[own][:, None] - scores)[~own]


def _proximal_gradient(
    problem: Problem,
    start: np.ndarray,
    learning_rate: float | str | None,
    tol: float,
    max_iter: int,
    after: After,
) -> Result:
    """Proximal gradient descent at a learning rate; if that is None, the accelerated form."""
    coefficients, ahead = start.copy(), start.copy()
    rate = problem.safe_step() if learning_rate in ("auto", None) else float(learning_rate)
    state = np.array([1.0, rate])
    arguments = (
        *problem.design,
        problem.y,
        problem.weight,
        problem.l2,
        problem.l1,
        problem.activation,
    )
    taken, met = 0, False

    def run(first: int, count: int) -> bool:
        nonlocal taken, met
        if after is not None:
            count = 1
        if learning_rate is None:
            n_iter = kernels.linear_model.proximal_gradient_accelerated(
                coefficients, ahead, state, *arguments, tol, count
            )
        else:
            n_iter = kernels.linear_model.proximal_gradient(
                coefficients, *arguments, rate, tol, count
            )
        if not np.isfinite(coefficients).all():
            raise FloatingPointError(
                f"gradient descent diverged within {quantity(first + count, 'iteration')} at "
                f"learning_rate={rate:g}; use a smaller learning_rate, or scale the columns to a "
                "similar range"
            )
        taken += abs(n_iter)
        stop = after is not None and after(coefficients)
        met = n_iter > 0 or stop
        return met

    if after is None:
        run_in_slices(max_iter, run)
    else:
        while taken < max_iter and not run(taken, 1):
            pass
    if not met and max_iter > 1:
        before, ended = problem.value(start), problem.value(coefficients)
        if not ended <= before * (1 + 1e-9):
            raise FloatingPointError(
                f"gradient descent diverged at learning_rate={rate:g}: after "
                f"{quantity(taken, 'iteration')} the loss is {ended:.4g}, from {before:.4g} at the "
                "start; use a smaller "
                "learning_rate, or scale the columns to a similar range"
            )
    return Result(coefficients, taken, "" if met else _limit(max_iter))
