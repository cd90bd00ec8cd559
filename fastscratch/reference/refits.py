"""Regressions that are fitted again and again with other weights, as a bootstrap does."""

from fastscratch.reference.linear_model import linear_model_hessian, linear_model_loss


def linear_model_refits(coefficients, n_iter, X, y, weights, activation, tol, max_iter):
    """Fit a regression once for each row of weights, by Newton's method.

    A step goes to the minimum of the parabola that has the gradient and the curvature of the loss;
    when the loss is higher there, the step is halved.

    Parameters
    ----------
    coefficients : list of lists of lists of float, (r, o, k)
        Updated in place: where each fit starts, and its result.
    n_iter : list of int, (r,)
        Written: the iterations of each fit; 0 or less if it failed.
    X : list of lists of float, (n, k)
        Explanatory variables.
    y : list of lists of float, (o, n)
        Responses, a row per output.
    weights : list of lists of float, (r, n)
        Weights of the samples, a row per fit.
    activation : {"linear", "sigmoid", "softmax"}
        The function f of the scores.
    tol : float
        Stop after a step that moves no coefficient by more than this.
    max_iter : int
        Give up after as many iterations.

    Notes
    -----
    Efron & Tibshirani (1993), "An Introduction to the Bootstrap", section 9.5.
    """
    for r in range(len(weights)):
        n_iter[r] = _refit(coefficients[r], X, y, weights[r], activation, tol, max_iter)


def _refit(coefficients, X, y, weight, activation, tol, max_iter):
    """Fit one regression; return the iterations, or if there is no minimum, their negative."""
    n_out, n_in = len(coefficients), len(coefficients[0])
    best, step = None, None
    for iteration in range(max_iter):
        gradient = [[0.0] * n_in for _ in range(n_out)]
        loss = linear_model_loss(gradient, coefficients, X, [], [], y, weight, activation)
        if best is not None and loss > best + tol * abs(best):
            step = [element / 2 for element in step]
            _add(coefficients, step)
            continue
        best = loss
        hessian = [[0.0] * (n_out * n_in) for _ in range(n_out * n_in)]
        linear_model_hessian(hessian, coefficients, X, [], [], weight, activation)
        if activation == "softmax":
            _fix_sums_of_classes(hessian, n_in)
        step = _solve(hessian, [-element for row in gradient for element in row])
        if step is None:
            return -iteration
        _add(coefficients, step)
        if activation == "linear" or max(abs(element) for element in step) <= tol:
            return iteration + 1
    return -max_iter


def _add(coefficients, step):
    n_in = len(coefficients[0])
    for o in range(len(coefficients)):
        for i in range(n_in):
            coefficients[o][i] += step[o * n_in + i]


def _fix_sums_of_classes(hessian, n_in):
    """Add a curvature in the one direction that has none.

    When the same number is added to a coefficient of all classes, the softmax stays as it is.
    """
    size = len(hessian)
    curvature = sum(hessian[i][i] for i in range(size)) / size
    for i in range(size):
        for j in range(size):
            if i % n_in == j % n_in:
                hessian[i][j] += curvature


def _solve(matrix, right):
    """Solve a system of equations by Gaussian elimination; None if it is singular."""
    size = len(right)
    rows = [[*row, element] for row, element in zip(matrix, right, strict=True)]
    for i in range(size):
        if abs(rows[i][i]) <= 2.0**-40 * matrix[i][i]:
            return None
        for j in range(i + 1, size):
            factor = rows[j][i] / rows[i][i]
            for m in range(i, size + 1):
                rows[j][m] -= factor * rows[i][m]
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][m] * solution[m] for m in range(i + 1, size))
        solution[i] = (rows[i][size] - known) / rows[i][i]
    return solution
