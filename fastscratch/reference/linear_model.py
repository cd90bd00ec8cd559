"""Linear, logistic and softmax regression: loss, gradient, Hessian, and descent under a penalty.

The three are one model: the scores z = B x of a sample go through the identity, the sigmoid or the
softmax.  Whichever it is, the derivative of the sample's loss with respect to its scores is what
the model expects minus what was seen, f(z) - y, and the second derivative is the variance of y
under the model.

A matrix X is dense, or sparse in compressed rows: X[0] then has the nonzero numbers only, one row
after the other, `columns` the column of each, and row n has those from starts[n] up to
starts[n + 1].  For a dense matrix `columns` and `starts` are empty.
"""

import math

from fastscratch.reference.activations import activation_forward, softmax_forward
from fastscratch.reference.losses import (
    categorical_crossentropy_forward,
    multilabel_crossentropy_forward,
)


def linear_model_loss(gradient, coefficients, X, columns, starts, y, weight, activation):
    """Return the weighted sum of the samples' losses, and write its gradient.

    Parameters
    ----------
    gradient : list of lists of float, (o, k)
        Written: the gradient with respect to the coefficients.
    coefficients : list of lists of float, (o, k)
        B: a row per output.
    X : list of lists of float, (n, k) or (1, e)
        Explanatory variables, dense or sparse.
    columns : list of int, () or (e,)
        Column of each nonzero number.
    starts : list of int, () or (n + 1,)
        Where the rows start.
    y : list of lists of float, (o, n)
        Responses, a row per output: any number; 0 or 1; 1 for the class of the sample.
    weight : list of float, (n,)
        Weight of each sample.
    activation : {"linear", "sigmoid", "softmax"}
        The function f.

    Returns
    -------
    float
        The loss.
    """
    n_out, n_in = len(coefficients), len(coefficients[0])
    rows = _dense(X, columns, starts, n_in)
    for o in range(n_out):
        gradient[o] = [0.0] * n_in
    total = 0.0
    for n, x in enumerate(rows):
        target = [y[o][n] for o in range(n_out)]
        z = _scores(coefficients, x)
        total += weight[n] * _loss(z, target, activation)
        expected = [0.0] * n_out
        activation_forward([expected], [z], activation)
        for o in range(n_out):
            for i in range(n_in):
                gradient[o][i] += weight[n] * (expected[o] - target[o]) * x[i]
    return total


def _dense(X, columns, starts, n_in):
    """Return the rows with all their zeros."""
    if not starts:
        return X
    rows = []
    for n in range(len(starts) - 1):
        row = [0.0] * n_in
        for e in range(starts[n], starts[n + 1]):
            row[columns[e]] += X[0][e]
        rows.append(row)
    return rows


def _scores(coefficients, x):
    return [sum(b * value for b, value in zip(row, x, strict=True)) for row in coefficients]


def _loss(z, target, activation):
    if activation == "sigmoid":
        return multilabel_crossentropy_forward(z, target)
    if activation == "softmax":
        return categorical_crossentropy_forward(z, target)
    return sum((guess - seen) ** 2 / 2 for guess, seen in zip(z, target, strict=True))


def linear_model_hessian(hessian, coefficients, X, columns, starts, weight, activation):
    """Write the second derivatives of `linear_model_loss`.

    The element for coefficient i of output a and coefficient j of output b is the weighted sum of
    x_i x_j cov(y_a, y_b), the covariance under the model: for the softmax p_a (1 - p_a) or
    -p_a p_b; for the others outputs are independent, with variance 1 or p (1 - p).

    Parameters
    ----------
    hessian : list of lists of float, (o k, o k)
        Written: coefficient i of output a is number a k + i.
    coefficients : list of lists of float, (o, k)
        B: a row per output.
    X : list of lists of float, (n, k) or (1, e)
        Explanatory variables, dense or sparse.
    columns : list of int, () or (e,)
        Column of each nonzero number.
    starts : list of int, () or (n + 1,)
        Where the rows start.
    weight : list of float, (n,)
        Weight of each sample.
    activation : {"linear", "sigmoid", "softmax"}
        The function f.
    """
    n_out, n_in = len(coefficients), len(coefficients[0])
    for row in hessian:
        row[:] = [0.0] * len(row)
    for n, x in enumerate(_dense(X, columns, starts, n_in)):
        z = _scores(coefficients, x)
        for a in range(n_out):
            for b in range(n_out):
                covariance = weight[n] * _covariance(z, a, b, activation)
                for i in range(n_in):
                    for j in range(n_in):
                        hessian[a * n_in + i][b * n_in + j] += covariance * x[i] * x[j]


def _covariance(z, a, b, activation):
    if activation == "softmax":
        p = [0.0] * len(z)
        softmax_forward(p, z)
        return p[a] * (1 - p[a]) if a == b else -p[a] * p[b]
    if a != b:
        return 0.0
    if activation == "sigmoid":
        # p (1 - p), in a form in which neither factor is rounded to 0.
        e = math.exp(-abs(z[a]))
        return e / (1 + e) ** 2
    return 1.0


def proximal_gradient(
    coefficients, X, columns, starts, y, weight, l2, l1, activation, learning_rate, tol, max_iter
):
    """Descend ``loss + sum(l2 B**2) / 2 + sum(l1 |B|)`` in steps of one length.

    Each iteration steps down the gradient of the first two terms, and then moves every coefficient
    towards 0 by learning_rate l1, or to 0 if that is nearer.

    Parameters
    ----------
    coefficients : list of lists of float, (o, k)
        Updated in place: where to start, and the result.
    X : list of lists of float, (n, k) or (1, e)
        Explanatory variables, dense or sparse.
    columns : list of int, () or (e,)
        Column of each nonzero number.
    starts : list of int, () or (n + 1,)
        Where the rows start.
    y : list of lists of float, (o, n)
        Responses, a row per output.
    weight : list of float, (n,)
        Weight of each sample.
    l2 : list of float, (k,)
        Quadratic penalty of each column.
    l1 : list of float, (k,)
        Absolute penalty of each column.
    activation : {"linear", "sigmoid", "softmax"}
        The function f.
    learning_rate : float
        Length of the steps.
    tol : float
        Stop when no coefficient moves by more than learning_rate tol.
    max_iter : int
        Stop after as many iterations.

    Returns
    -------
    int
        Iterations taken; negative if the last of them did not meet `tol`.
    """
    for iteration in range(max_iter):
        gradient = [[0.0] * len(row) for row in coefficients]
        _penalised_gradient(gradient, coefficients, X, columns, starts, y, weight, l2, activation)
        moved = _step(coefficients, gradient, l1, learning_rate)
        largest = max(abs(new - old) for new, old in _pairs(moved, coefficients)) / learning_rate
        coefficients[:] = moved
        if largest <= tol:
            return iteration + 1
    return -max_iter


def _penalised_gradient(gradient, coefficients, X, columns, starts, y, weight, l2, activation):
    """Write the gradient of the loss with the quadratic penalty."""
    linear_model_loss(gradient, coefficients, X, columns, starts, y, weight, activation)
    for o in range(len(coefficients)):
        for i in range(len(l2)):
            gradient[o][i] += l2[i] * coefficients[o][i]


def _step(start, gradient, l1, step):
    """Return where a gradient step and the shrinkage lead."""
    moved = []
    for o in range(len(start)):
        row = []
        for i in range(len(l1)):
            b = start[o][i] - step * gradient[o][i]
            row.append(math.copysign(max(abs(b) - step * l1[i], 0.0), b))
        moved.append(row)
    return moved


def _pairs(first, second):
    """Return the elements of two matrices, two by two."""
    return [pair for rows in zip(first, second, strict=True) for pair in zip(*rows, strict=True)]


def proximal_gradient_accelerated(
    coefficients, ahead, state, X, columns, starts, y, weight, l2, l1, activation, tol, max_iter
):
    """Descend as `proximal_gradient` does, with momentum, and steps as long as the loss allows.

    A step of length s is short enough when the loss curves by at most 1 / s along it: when the
    gradient at its end differs from that at its start, in the direction of the move, by at most
    ``|move|**2 / s``.  Until then s is halved.  The next step starts ahead of where the last one
    ended, further on in its direction.  When that direction turns out to lead uphill, the momentum
    starts anew.

    Parameters
    ----------
    coefficients : list of lists of float, (o, k)
        Updated in place: where to start, and the result.
    ahead : list of lists of float, (o, k)
        Updated in place: the point from which the next step goes, the coefficients to begin with.
    state : list of float, (2,)
        Updated in place: momentum and length of the steps; to begin with 1, and a guess.
    X : list of lists of float, (n, k) or (1, e)
        Explanatory variables, dense or sparse.
    columns : list of int, () or (e,)
        Column of each nonzero number.
    starts : list of int, () or (n + 1,)
        Where the rows start.
    y : list of lists of float, (o, n)
        Responses, a row per output.
    weight : list of float, (n,)
        Weight of each sample.
    l2 : list of float, (k,)
        Quadratic penalty of each column.
    l1 : list of float, (k,)
        Absolute penalty of each column.
    activation : {"linear", "sigmoid", "softmax"}
        The function f.
    tol : float
        Stop when no coefficient moves by more than the step length times this.
    max_iter : int
        Stop after as many iterations.

    Returns
    -------
    int
        Iterations taken; negative if the last of them did not meet `tol`.

    Notes
    -----
    Beck & Teboulle (2009), "A fast iterative shrinkage-thresholding algorithm"; O'Donoghue & Candès
    (2015), "Adaptive restart for accelerated gradient schemes", for when to start anew.
    """
    data = (X, columns, starts, y, weight, l2, activation)
    for iteration in range(max_iter):
        gradient = [[0.0] * len(row) for row in coefficients]
        _penalised_gradient(gradient, ahead, *data)
        while True:
            moved = _step(ahead, gradient, l1, state[1])
            after = [[0.0] * len(row) for row in coefficients]
            _penalised_gradient(after, moved, *data)
            moves = [new - old for new, old in _pairs(moved, ahead)]
            turns = [new - old for new, old in _pairs(after, gradient)]
            bend = sum(turn * move for turn, move in zip(turns, moves, strict=True))
            if bend <= sum(move**2 for move in moves) / state[1]:
                break
            state[1] /= 2
        last = [new - old for new, old in _pairs(moved, coefficients)]
        uphill = -sum(a * b for a, b in zip(moves, last, strict=True)) > 0
        following = 1.0 if uphill else (1 + math.sqrt(1 + 4 * state[0] ** 2)) / 2
        share = 0.0 if uphill else (state[0] - 1) / following
        for o in range(len(moved)):
            for i in range(len(moved[o])):
                ahead[o][i] = moved[o][i] + share * (moved[o][i] - coefficients[o][i])
        coefficients[:] = moved
        state[0] = following
        if max(abs(move) for move in moves) / state[1] <= tol:
            return iteration + 1
    return -max_iter
