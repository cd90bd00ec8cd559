"""Linear, logistic and softmax regression: loss, gradient, Hessian, and descent under a penalty.

The three are one model, ``f(X B')``, where ``f`` is the identity, the sigmoid or the softmax. The
first derivative of the loss with respect to the scores ``z`` is ``f(z) - y`` in all of them, and
the second is the variance of ``y`` under the model.

A matrix `X` of explanatory variables is dense, (n, k), with empty `columns` and `starts`; or
sparse, in compressed rows: `X` is (1, number of nonzeros), nonzero ``X[0, e]`` stands in column
``columns[e]``, and row n has the nonzeros from ``starts[n]`` up to ``starts[n + 1]``.

Rows are processed in blocks. A block stays in the first-level cache between the two products of a
gradient that read it: the scores, and the sum of rows weighted by the residuals. The error of a sum
over the rows is at most a unit of roundoff for each, of the sum of the absolute values: in float64,
as the estimators call it, 1e-9 for ten million rows.

References
----------
McCullagh and Nelder (1989), Generalized Linear Models, 2.5 (iterative weighted least squares).
Beck and Teboulle (2009), A fast iterative shrinkage-thresholding algorithm (FISTA).
O'Donoghue and Candès (2015), Adaptive restart for accelerated gradient schemes.
"""

import math

import numpy as np

from .activations import EXP_WORK
from .chunks import ROW_WORK, chunk_bounds, chunk_count
from .codes import LINEAR, SIGMOID
from .elementary import exp, log, log1p
from .jit import njit, prange, thread_count
from .machine import ROW_VECTORS, VECTOR_BYTES
from .matmul import product, product_serial, scratch_size
from .tiles import Matrix

__all__ = [
    "linear_model_hessian",
    "linear_model_loss",
    "proximal_gradient",
    "proximal_gradient_accelerated",
]

# Rows of a block: 50 columns of them are 26 KB.
BLOCK = 64
# Rows of a block of the Hessian: its products are large enough to be divided among the threads.
SLAB = 1024


@njit
def _row_count(X, starts):
    return X.shape[0] if starts.size == 0 else starts.size - 1


@njit(exact=True)
def _sparse_dot(values, columns, b):
    """``sum_e values[e] b[columns[e]]``, in order: gathered into vectors it took twice as long."""
    total = values.dtype.type(0)
    for e in range(values.size):
        total += values[e] * b[np.uint64(columns[e])]  # unsigned: not tested for being negative
    return total


@njit
def _add_sparse(g, r, values, columns):
    """``g[columns[e]] += r values[e]``."""
    for e in range(values.size):
        g[np.uint64(columns[e])] += r * values[e]


@njit
def scores_of(z, coefficients, X, columns, starts, first, rows, product_of_rows, scratch):
    """``z[o, n] = x_n' b_o`` for a block of rows."""
    outputs, k = coefficients.shape
    if starts.size > 0:
        values = X[0]
        for n in range(rows):
            begin, end = starts[first + n], starts[first + n + 1]
            for o in range(outputs):
                z[o, n] = _sparse_dot(values[begin:end], columns[begin:end], coefficients[o])
    elif outputs == 1:
        # A matrix product with one column would use one lane of its vectors.
        b = coefficients[0]
        for n in range(rows):
            x = X[first + n]
            total = z.dtype.type(0)
            for i in range(k):
                total += x[i] * b[i]
            z[0, n] = total
    else:
        zeros = scratch[: ROW_VECTORS * VECTOR_BYTES // scratch.itemsize]
        zeros[:] = 0
        product_serial(
            Matrix(product_of_rows.reshape(-1), 0, outputs, 1),
            Matrix(zeros, 0, 0, 0),
            Matrix(X.reshape(-1), first * k, k, 1),
            Matrix(coefficients.reshape(-1), 0, 1, k),
            rows,
            outputs,
            k,
            scratch[zeros.size :],
            1.0,
        )
        for n in range(rows):
            for o in range(outputs):
                z[o, n] = product_of_rows[n, o]


@njit
def add_gradient(gradient, residual, X, columns, starts, first, rows, scratch):
    """Add ``sum_n residual[o, n] x_n`` over a block of rows to the gradient of output o."""
    outputs, k = gradient.shape
    if starts.size > 0:
        values = X[0]
        for n in range(rows):
            begin, end = starts[first + n], starts[first + n + 1]
            for o in range(outputs):
                _add_sparse(gradient[o], residual[o, n], values[begin:end], columns[begin:end])
    else:
        to = Matrix(gradient.reshape(-1), 0, k, 1)
        product_serial(
            to,
            to,
            Matrix(residual.reshape(-1), 0, residual.shape[1], 1),
            Matrix(X.reshape(-1), first * k, k, 1),
            outputs,
            k,
            rows,
            scratch,
            1.0,
        )


@njit
def _subtract_largest(z, rows):
    """Subtract the largest score of each column from all scores in it."""
    largest = z[0, :rows].copy()
    for o in range(1, z.shape[0]):
        scores = z[o, :rows]
        for n in range(rows):
            largest[n] = max(largest[n], scores[n])
    for o in range(z.shape[0]):
        scores = z[o, :rows]
        for n in range(rows):
            scores[n] -= largest[n]


@njit
def _softmax(z, rows):
    """Turn scores, the largest of each column 0, into probabilities; return ``log(sum(exp))``."""
    total = np.zeros(rows, z.dtype)
    for o in range(z.shape[0]):
        scores = z[o, :rows]
        for n in range(rows):
            scores[n] = exp(scores[n])
            total[n] += scores[n]
    for o in range(z.shape[0]):
        scores = z[o, :rows]
        for n in range(rows):
            scores[n] /= total[n]
    for n in range(rows):
        total[n] = log(total[n])
    return total


@njit
def loss_and_residual(z, y, weight, first, rows, activation):
    """Weighted loss of a block; the scores become weighted residuals ``w (f(z) - y)``."""
    loss = z.dtype.type(0)
    zero, one, half = z.dtype.type(0), z.dtype.type(1), z.dtype.type(0.5)
    w = weight[first : first + rows]
    if activation in (LINEAR, SIGMOID):
        for o in range(z.shape[0]):
            scores, target = z[o, :rows], y[o, first : first + rows]
            if activation == LINEAR:
                for n in range(rows):
                    r = scores[n] - target[n]
                    loss += half * w[n] * r * r
                    scores[n] = w[n] * r
            else:
                for n in range(rows):
                    s = scores[n]
                    e = exp(-abs(s))
                    loss += w[n] * ((s if s > zero else zero) - s * target[n] + log1p(e))
                    scores[n] = w[n] * ((one if s > zero else e) / (one + e) - target[n])
    else:
        _subtract_largest(z, rows)  # otherwise the loss would be a difference of two large numbers
        for o in range(z.shape[0]):
            scores, target = z[o, :rows], y[o, first : first + rows]
            for n in range(rows):
                loss -= w[n] * target[n] * scores[n]
        logarithm = _softmax(z, rows)
        for n in range(rows):
            loss += w[n] * logarithm[n]
        for o in range(z.shape[0]):
            scores, target = z[o, :rows], y[o, first : first + rows]
            for n in range(rows):
                scores[n] = w[n] * (scores[n] - target[n])
    return loss


@njit
def _loss_of_rows(gradient, coefficients, X, columns, starts, y, weight, activation, first, stop):
    """Loss of some rows and its gradient, on one thread."""
    outputs, k = coefficients.shape
    size = scratch_size(max(k, BLOCK), max(k, outputs), X.itemsize)
    scratch = np.empty(size + ROW_VECTORS * VECTOR_BYTES // X.itemsize, X.dtype)
    z = np.empty((outputs, BLOCK), X.dtype)
    product_of_rows = np.empty((BLOCK, outputs), X.dtype)
    gradient[:] = 0
    loss = X.dtype.type(0)
    for block in range(first, stop, BLOCK):
        rows = min(BLOCK, stop - block)
        scores_of(z, coefficients, X, columns, starts, block, rows, product_of_rows, scratch)
        loss += loss_and_residual(z, y, weight, block, rows, activation)
        add_gradient(gradient, z, X, columns, starts, block, rows, scratch)
    return loss


@njit(parallel=True)
def linear_model_loss(gradient, coefficients, X, columns, starts, y, weight, activation):
    """Weighted sum of the samples' losses, and its gradient; parallel over rows.

    The loss of a sample is ``(z - y)**2 / 2`` for the identity, ``log(1 + e**z) - y z`` for the
    sigmoid, ``log(sum(e**z)) - y'z`` for the softmax, with ``z = B x``; its gradient is the outer
    product of ``f(z) - y`` and ``x``.

    Parameters
    ----------
    gradient : (o, k) array
        Output.
    coefficients : (o, k) array
        ``B``.
    X : (n, k) array, or (1, e)
        Explanatory variables, dense or sparse (see the head of this file).
    columns : (0,) or (e,) int array
    starts : (0,) or (n + 1,) int array
    y : (o, n) array
        Responses, a row for each output: real; 0 or 1; one-hot.
    weight : (n,) array
        Weight of each sample; with weights that add up to 1 the loss is a mean.
    activation : int
        ``f``: place of linear, sigmoid or softmax in ``codes.READ_OUTS``.

    Returns
    -------
    float

    Notes
    -----
    ``4 n k o`` flops and one pass over `X`.
    """
    rows, (outputs, k) = _row_count(X, starts), coefficients.shape
    elements = X.size // max(rows, 1)
    chunks = chunk_count(rows, outputs * (2 * elements + EXP_WORK + ROW_WORK // 2))
    gradients, losses = np.empty((chunks, outputs, k), X.dtype), np.empty(chunks, X.dtype)
    if chunks == 1:
        losses[0] = _loss_of_rows(
            gradients[0], coefficients, X, columns, starts, y, weight, activation, 0, rows
        )
    else:
        for chunk in prange(chunks):
            first, stop = chunk_bounds(chunk, chunks, rows)
            losses[chunk] = _loss_of_rows(
                gradients[chunk],
                coefficients,
                X,
                columns,
                starts,
                y,
                weight,
                activation,
                first,
                stop,
            )
    loss = X.dtype.type(0)
    for chunk in range(chunks):
        loss += losses[chunk]
        for o in range(outputs):
            for i in range(k):
                gradient[o, i] = gradients[chunk, o, i] + (gradient[o, i] if chunk > 0 else 0)
    return loss


@njit
def _dense_rows(X, columns, starts, first, rows, k):
    """A block of rows as a dense matrix."""
    if starts.size == 0:
        return X[first : first + rows].copy()
    dense = np.zeros((rows, k), X.dtype)
    for n in range(rows):
        for e in range(starts[first + n], starts[first + n + 1]):
            dense[n, columns[e]] += X[0, e]
    return dense


@njit
def probabilities(z, rows, activation):
    """Turn scores into ``p (1 - p)`` of the sigmoid, or ``p`` of the softmax, for the variances."""
    if activation == SIGMOID:
        for o in range(z.shape[0]):
            for n in range(rows):
                e = exp(-abs(z[o, n]))
                z[o, n] = e / ((1 + e) * (1 + e))
    elif activation != LINEAR:
        _subtract_largest(z, rows)
        _softmax(z, rows)


@njit
def weigh_rows(weighted, block, weight, first, rows, p, a, b, activation):
    """Rows times their weights and the covariances of outputs a and b (see `probabilities`)."""
    for n in range(rows):
        variance = weight[first + n]
        if activation == SIGMOID:
            variance *= p[a, n]
        elif activation != LINEAR:
            variance *= p[a, n] * ((1 - p[a, n]) if a == b else -p[b, n])
        x, wx = block[n], weighted[n]
        for i in range(block.shape[1]):
            wx[i] = variance * x[i]


@njit(calls_parallel=True)
def linear_model_hessian(hessian, coefficients, X, columns, starts, weight, activation):
    """Hessian of :func:`linear_model_loss`, parallel within the products.

    Its block of outputs a and b is ``X' diag(w v_ab) X``, with the covariance of ``y_a`` and
    ``y_b`` under the model: 1 if a is b (identity), ``p (1 - p)`` if a is b (sigmoid),
    ``p_a (1 - p_a)`` or ``-p_a p_b`` (softmax).

    Parameters
    ----------
    hessian : (o k, o k) array
        Output.
    coefficients : (o, k) array
    X : (n, k) array, or (1, e)
        Explanatory variables, dense or sparse (see the head of this file).
    columns : (0,) or (e,) int array
    starts : (0,) or (n + 1,) int array
    weight : (n,) array
        Weight of each sample.
    activation : int
        Place of linear, sigmoid or softmax in ``codes.READ_OUTS``.

    Notes
    -----
    ``2 n k**2`` flops for each of the ``o (o + 1) / 2`` pairs of outputs (for each of o, if outputs
    do not depend on each other).
    """
    all_rows, (outputs, k) = _row_count(X, starts), coefficients.shape
    itemsize = X.itemsize
    lanes = ROW_VECTORS * VECTOR_BYTES // itemsize
    single = np.empty(scratch_size(max(k, SLAB), max(k, outputs), itemsize) + lanes, X.dtype)
    scratch = np.empty((thread_count(), scratch_size(SLAB, k, itemsize)), X.dtype)
    z, product_of_rows = np.empty((outputs, SLAB), X.dtype), np.empty((SLAB, outputs), X.dtype)
    none = np.zeros(0, starts.dtype)
    hessian[:] = 0
    for first in range(0, all_rows, SLAB):
        rows = min(SLAB, all_rows - first)
        block = _dense_rows(X, columns, starts, first, rows, k)
        weighted = np.empty((rows, k), X.dtype)
        scores_of(z, coefficients, block, none, none, 0, rows, product_of_rows, single)
        probabilities(z, rows, activation)
        for a in range(outputs):
            for b in range(a + 1):
                if a != b and activation in (LINEAR, SIGMOID):
                    continue
                weigh_rows(weighted, block, weight, first, rows, z, a, b, activation)
                to = Matrix(hessian.reshape(-1), (a * outputs * k + b) * k, outputs * k, 1)
                product(
                    to,
                    to,
                    Matrix(block.reshape(-1), 0, 1, k),
                    Matrix(weighted.reshape(-1), 0, k, 1),
                    k,
                    k,
                    rows,
                    scratch,
                )
    for a in range(outputs):
        for b in range(a):
            for i in range(k):
                for j in range(k):
                    hessian[b * k + j, a * k + i] = hessian[a * k + i, b * k + j]


@njit
def shrink(b, threshold):
    """`b` moved towards 0 by `threshold`: it minimises ``(x - b)**2 / 2 + threshold |x|``."""
    return math.copysign(max(abs(b) - threshold, 0), b)


@njit
def _step(target, start, gradient, l1, step):
    """A gradient step from `start`, then the shrinkage; returns the largest move over `step`.

    Without `l1` this is the largest element of the gradient.
    """
    largest = start.dtype.type(0)
    for o in range(start.shape[0]):
        for i in range(start.shape[1]):
            moved = shrink(start[o, i] - step * gradient[o, i], step * l1[i])
            largest = max(largest, abs(moved - start[o, i]))
            target[o, i] = moved
    return largest / step


@njit(calls_parallel=True)
def _penalised_gradient(gradient, coefficients, X, columns, starts, y, weight, l2, activation):
    """Gradient of the loss with the quadratic penalty."""
    linear_model_loss(gradient, coefficients, X, columns, starts, y, weight, activation)
    for o in range(coefficients.shape[0]):
        for i in range(coefficients.shape[1]):
            gradient[o, i] += l2[i] * coefficients[o, i]


@njit(calls_parallel=True)
def proximal_gradient(
    coefficients, X, columns, starts, y, weight, l2, l1, activation, learning_rate, tol, max_iter
):
    """Gradient descent of a penalised regression, with a constant step length.

    Minimises ``loss + sum(l2 B**2) / 2 + sum(l1 |B|)``, the loss of :func:`linear_model_loss`. The
    last term has no derivative at 0: after each step the coefficients shrink towards 0 by
    ``learning_rate * l1``, and those nearer than that are 0 (without `l1` this is plain gradient
    descent).

    Parameters
    ----------
    coefficients : (o, k) array
        ``B``: where to start, and the result.
    X : (n, k) array, or (1, e)
        Explanatory variables, dense or sparse (see the head of this file).
    columns : (0,) or (e,) int array
    starts : (0,) or (n + 1,) int array
    y : (o, n) array
    weight : (n,) array
        Weight of each sample.
    l2 : (k,) array
        Quadratic penalty of each column.
    l1 : (k,) array
        Absolute penalty of each column.
    activation : int
        Place of linear, sigmoid or softmax in ``codes.READ_OUTS``.
    learning_rate : float
    tol : float
        Stop when no coefficient moves by more than `learning_rate` times this: when no element of
        the gradient is larger, that is.
    max_iter : int

    Returns
    -------
    int
        Iterations taken; negative if the last of them did not meet `tol`.
    """
    gradient = np.empty_like(coefficients)
    step = coefficients.dtype.type(learning_rate)
    for iteration in range(max_iter):
        _penalised_gradient(gradient, coefficients, X, columns, starts, y, weight, l2, activation)
        if _step(coefficients, coefficients, gradient, l1, step) <= tol:
            return iteration + 1
    return -max_iter


@njit(calls_parallel=True)
def proximal_gradient_accelerated(
    coefficients, ahead, state, X, columns, starts, y, weight, l2, l1, activation, tol, max_iter
):
    """Accelerated proximal gradient (FISTA): steps from a point ahead, shortened where necessary.

    A step of length s is short enough if the loss curves by at most ``1 / s`` along it: if
    ``move'(difference of the gradients at its ends) <= ||move||**2 / s``; otherwise it is halved.
    (The usual test compares losses, whose difference is nothing but rounding errors near the
    minimum.) The point ahead lies in the direction of the last move; if that direction leads
    uphill, the momentum is reset.

    Parameters
    ----------
    coefficients : (o, k) array
        ``B``: where to start, and the result.
    ahead : (o, k) array
        The point from which the next step starts; at first a copy of the coefficients.
    state : (2,) array
        Momentum and step length, kept so that a run can be divided into several calls; at first 1
        and a guess.
    X : (n, k) array, or (1, e)
        Explanatory variables, dense or sparse (see the head of this file).
    columns : (0,) or (e,) int array
    starts : (0,) or (n + 1,) int array
    y : (o, n) array
    weight : (n,) array
        Weight of each sample.
    l2 : (k,) array
        Quadratic penalty of each column.
    l1 : (k,) array
        Absolute penalty of each column.
    activation : int
        Place of linear, sigmoid or softmax in ``codes.READ_OUTS``.
    tol : float
        Stop when no coefficient moves by more than the step length times this.
    max_iter : int

    Returns
    -------
    int
        Iterations taken; negative if the last of them did not meet `tol`.
    """
    outputs, k = coefficients.shape
    gradient, other = np.empty_like(coefficients), np.empty_like(coefficients)
    moved = np.empty_like(coefficients)
    momentum, step = state[0], state[1]
    for iteration in range(max_iter):
        _penalised_gradient(gradient, ahead, X, columns, starts, y, weight, l2, activation)
        while True:
            largest = _step(moved, ahead, gradient, l1, step)
            _penalised_gradient(other, moved, X, columns, starts, y, weight, l2, activation)
            bend, square = moved.dtype.type(0), moved.dtype.type(0)
            for o in range(outputs):
                for i in range(k):
                    move = moved[o, i] - ahead[o, i]
                    bend += (other[o, i] - gradient[o, i]) * move
                    square += move * move
            if bend <= square / step:
                break
            step /= 2
        uphill = moved.dtype.type(0)
        for o in range(outputs):
            for i in range(k):
                uphill += (ahead[o, i] - moved[o, i]) * (moved[o, i] - coefficients[o, i])
        following = (1 + math.sqrt(1 + 4 * momentum * momentum)) / 2
        share = (momentum - 1) / following
        if uphill > 0:
            following, share = 1.0, 0.0
        for o in range(outputs):
            for i in range(k):
                ahead[o, i] = moved[o, i] + share * (moved[o, i] - coefficients[o, i])
                coefficients[o, i] = moved[o, i]
        momentum = following
        state[0], state[1] = momentum, step
        if largest <= tol:
            return iteration + 1
    return -max_iter
