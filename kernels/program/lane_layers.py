"""Dense layers of several models at once: each number is a vector, with a lane for each model.

The sums have the order and the roundings of those in :mod:`.dense`, so that each lane has the bits
of a model alone.
"""

import numpy as np

from ..call import call
from ..instructions import fma
from ..jit import njit
from ..machine import DOT_COLUMNS, DOT_ROWS, VECTOR_BYTES
from ..matmul import window
from ..sums import sum_runs
from ..tiles import Matrix, chain_tile
from .columns import NONE
from .lane_columns import (
    A_BELOW,
    BATCH,
    BIAS,
    BIAS_PUSH,
    DA,
    DECAY,
    DERIVATIVE,
    DESCENT,
    DISTANCE,
    DOUTPUT,
    DZ,
    FUNCTION,
    INPUT,
    IS_PENALISED,
    KERNEL,
    LEARNS,
    MOMENTUM,
    N_IN,
    N_OUT,
    OUT_ROW,
    OUT_STEP,
    PUSH,
    RATE,
    REPEATED,
    RULE,
    SGD,
    WEIGHT_GRADIENT,
    Z_BELOW,
    A,
    Z,
)


@njit
def _product(c, start, a, b, rows, columns, depth):
    """``c = start + a @ b`` for matrices of vectors."""
    height = -(-rows // -(-rows // DOT_ROWS))
    for j in range(0, columns, DOT_COLUMNS):
        width = min(DOT_COLUMNS, columns - j)
        for i in range(0, rows, height):
            to, of, left, right = (
                window(c, i, j),
                window(start, i, j),
                window(a, i, 0),
                window(b, 0, j),
            )
            chain_tile(to, of, left, right, min(height, rows - i), width, depth, 1, 0, 0)


@njit
def forward(memory, layer, batch, lanes):
    """``a = f(x @ kernel + bias)``."""
    n_in, n_out = layer[N_IN], layer[N_OUT]
    bias = Matrix(memory, 0, 0, 0)
    if layer[BIAS] != NONE:
        bias = Matrix(memory, layer[BIAS] * lanes, 0, lanes)
    _product(
        Matrix(memory, layer[Z] * lanes, layer[OUT_ROW] * lanes, layer[OUT_STEP] * lanes),
        bias,
        Matrix(memory, layer[INPUT] * lanes, n_in * lanes, lanes),
        Matrix(memory, layer[KERNEL] * lanes, n_out * lanes, lanes),
        batch,
        n_out,
        n_in,
    )
    if layer[FUNCTION] != NONE:
        size = batch * n_out * lanes
        call(
            layer[FUNCTION],
            memory[layer[A] * lanes :][:size],
            memory[layer[Z] * lanes :][:size],
        )


@njit
def _hand_down(memory, layer, batch, lanes):
    """The gradient of the input, times the derivative of the activation there."""
    n_in, n_out = layer[N_IN], layer[N_OUT]
    _product(
        Matrix(memory, layer[DA] * lanes, n_in * lanes, lanes),
        Matrix(memory, 0, 0, 0),
        Matrix(memory, layer[DOUTPUT] * lanes, layer[OUT_ROW] * lanes, layer[OUT_STEP] * lanes),
        Matrix(memory, layer[KERNEL] * lanes, lanes, n_out * lanes),
        batch,
        n_in,
        n_out,
    )
    if layer[DERIVATIVE] != NONE:
        size = batch * n_in * lanes
        call(
            layer[DERIVATIVE],
            memory[layer[DZ] * lanes :][:size],
            memory[layer[Z_BELOW] * lanes :][:size],
            memory[layer[A_BELOW] * lanes :][:size],
            memory[layer[DA] * lanes :][:size],
        )


@njit(exact=True)
def _penalise(gradient, weights, push, slope):
    """As `add_penalty_gradient`, with factors of each lane."""
    zero = gradient.dtype.type(0)
    for i in range(weights.size):
        w = weights[i]
        sign = push[i] if w > zero else -push[i] if w < zero else zero
        gradient[i] += sign + slope[i] * w


@njit(exact=True)
def _descend(weights, gradient, rate):
    """Plain descent as a tile does it: with one rounding."""
    for i in range(weights.size):
        weights[i] = fma(-rate[i], gradient[i], weights[i])


@njit(exact=True)
def _sgd(weights, gradient, rate, decay):
    """As `sgd_update`; a decay of 0 changes nothing."""
    for i in range(weights.size):
        kept = weights[i] - decay[i] * weights[i]
        weights[i] = kept - rate[i] * gradient[i]


@njit(exact=True)
def _momentum(weights, velocity, gradient, rate, decay, momentum, nesterov):
    """As `momentum_update`."""
    keep = weights.dtype.type(momentum)
    if nesterov:
        for i in range(weights.size):
            kept = weights[i] - decay[i] * weights[i]
            push = rate[i] * gradient[i]
            velocity[i] = keep * velocity[i] - push
            weights[i] = kept + (keep * velocity[i] - push)
    else:
        for i in range(weights.size):
            kept = weights[i] - decay[i] * weights[i]
            velocity[i] = keep * velocity[i] - rate[i] * gradient[i]
            weights[i] = kept + velocity[i]


@njit(exact=True)
def _adam(weights, first, second, gradient, rate, decay, beta_1, beta_2, epsilon):
    """As `adamw_step`; the rates are corrected already."""
    renew_1, renew_2 = weights.dtype.type(1 - beta_1), weights.dtype.type(1 - beta_2)
    floor = weights.dtype.type(epsilon)
    for i in range(weights.size):
        g = gradient[i]
        one = first[i] + renew_1 * (g - first[i])
        two = second[i] + renew_2 * (g * g - second[i])
        first[i], second[i] = one, two
        kept = weights[i] - decay[i] * weights[i]
        weights[i] = kept - rate[i] * one / (np.sqrt(two) + floor)


@njit
def _learn(memory, kind, layer, hyper, paces, place, size, is_bias):
    """The gradient of some weights is known: penalise it, and update them."""
    lanes = VECTOR_BYTES // memory.itemsize
    for start in range(0, size * lanes, REPEATED):
        n = min(REPEATED, size * lanes - start)
        at, distance = place * lanes + start, kind[DISTANCE] * lanes
        weights = memory[at:][:n]
        slot_0, slot_1 = memory[at + distance :][:n], memory[at + 2 * distance :][:n]
        gradient = memory[kind[WEIGHT_GRADIENT] * lanes + start :][:n]
        rate, decay = paces[RATE][:n], paces[DECAY][:n]
        if layer[IS_PENALISED]:
            first = BIAS_PUSH if is_bias else PUSH
            _penalise(gradient, weights, paces[first][:n], paces[first + 1][:n])
        if layer[RULE] == DESCENT and not is_bias:
            _descend(weights, gradient, rate)
        elif layer[RULE] <= SGD:
            _sgd(weights, gradient, rate, decay)
        elif layer[RULE] == MOMENTUM:
            _momentum(weights, slot_0, gradient, rate, decay, hyper[2], hyper[3] != 0)
        else:
            beta_1, beta_2, epsilon = hyper[2], hyper[3], hyper[4]
            _adam(weights, slot_0, slot_1, gradient, rate, decay, beta_1, beta_2, epsilon)


@njit
def backward(memory, kind, layer, hyper, paces):
    """The gradient of the input, from the weights before the step, and then their update."""
    lanes, batch = VECTOR_BYTES // memory.itemsize, kind[BATCH]
    n_in, n_out = layer[N_IN], layer[N_OUT]
    if layer[DA] != NONE:
        _hand_down(memory, layer, batch, lanes)
    if not layer[LEARNS]:
        return
    _product(
        Matrix(memory, kind[WEIGHT_GRADIENT] * lanes, n_out * lanes, lanes),
        Matrix(memory, 0, 0, 0),
        Matrix(memory, layer[INPUT] * lanes, lanes, n_in * lanes),
        Matrix(memory, layer[DOUTPUT] * lanes, layer[OUT_ROW] * lanes, layer[OUT_STEP] * lanes),
        n_in,
        n_out,
        batch,
    )
    _learn(memory, kind, layer, hyper, paces, layer[KERNEL], n_in * n_out, False)
    if layer[BIAS] != NONE:
        first, apart = layer[DOUTPUT] * lanes, layer[OUT_ROW] * lanes
        at_once = n_out if layer[OUT_STEP] == 1 else 1
        for o in range(0, n_out, at_once):
            total = memory[(kind[WEIGHT_GRADIENT] + o) * lanes :][: at_once * lanes]
            sum_runs(total, memory, first + o * layer[OUT_STEP] * lanes, apart, batch)
        _learn(memory, kind, layer, hyper, paces, layer[BIAS], n_out, True)
