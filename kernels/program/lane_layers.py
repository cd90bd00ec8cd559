"""Dense layers of several models at once: each number is a vector, with a lane for each model.

The sums have the order and the roundings of those in :mod:`.dense`, so that each lane has the bits
of a model alone.
"""

import numpy as np

from ..call import call
from ..chunks import chunk_bounds
from ..instructions import fma
from ..jit import njit
from ..machine import DOT_COLUMNS, DOT_ROWS, VECTOR_BYTES
from ..matmul import window
from ..sums import sum_runs
from ..tiles import Matrix, adam_tile, chain_tile
from .columns import NONE
from .lane_columns import (
    ADAM,
    AT_ONCE,
    BIAS,
    BIAS_PUSH,
    BLOCK,
    DECAY,
    DERIVATIVE,
    DESCENT,
    DISTANCE,
    DOUTPUT,
    DZ,
    FUNCTION,
    INPUT,
    IS_BY_UNIT,
    KERNEL,
    LEARNS,
    MOMENTUM,
    N_IN,
    N_OUT,
    PENALTY,
    PUSH,
    RATE,
    REPEATED,
    RULE,
    SAMPLES_AT_ONCE,
    SGD,
    A,
)


@njit
def _product(c, start, a, b, rows, columns, depth):
    """``c = start + a @ b`` for matrices of vectors, of which `a` has at most `DOT_ROWS` rows."""
    for j in range(0, columns, DOT_COLUMNS):
        to, of, right = window(c, 0, j), window(start, 0, j), window(b, 0, j)
        chain_tile(to, of, a, right, rows, min(DOT_COLUMNS, columns - j), depth, 1, 0, 0)


@njit
def _strips(rows):
    """How many strips of at most `DOT_ROWS` rows there are; their heights differ by at most one."""
    return -(-rows // DOT_ROWS)


@njit
def _distances(layer, is_by_unit, batch, lanes):
    """How far apart samples, and units, are in the outputs of a layer."""
    row, step = (1, batch) if is_by_unit else (layer[N_OUT], 1)
    return row * lanes, step * lanes


@njit
def forward(memory, layer, is_by_unit, batch):
    """``a = f(x @ kernel + bias)``, strip after strip, each activated while it is in the cache."""
    lanes = VECTOR_BYTES // memory.itemsize
    n_in, n_out = layer[N_IN], layer[N_OUT]
    row, step = _distances(layer, is_by_unit, batch, lanes)
    bias = Matrix(memory, 0, 0, 0)
    if layer[BIAS] != NONE:
        bias = Matrix(memory, layer[BIAS] * lanes, 0, lanes)
    kernel = Matrix(memory, layer[KERNEL] * lanes, n_out * lanes, lanes)
    for strip in range(_strips(batch)):
        first, stop = chunk_bounds(strip, _strips(batch), batch)
        x = Matrix(memory, (layer[INPUT] + first * n_in) * lanes, n_in * lanes, lanes)
        a = Matrix(memory, layer[A] * lanes + first * row, row, step)
        _product(a, bias, x, kernel, stop - first, n_out, n_in)
        if layer[FUNCTION] != NONE:
            call(layer[FUNCTION], memory[a.at :][: (stop - first) * row])


@njit
def _hand_down(memory, layer, batch):
    """The gradient of the input, times the derivative of the activation there, as `forward`."""
    lanes = VECTOR_BYTES // memory.itemsize
    n_in, n_out = layer[N_IN], layer[N_OUT]
    row, step = _distances(layer, layer[IS_BY_UNIT], batch, lanes)
    zeros = Matrix(memory, 0, 0, 0)
    kernel = Matrix(memory, layer[KERNEL] * lanes, lanes, n_out * lanes)
    for strip in range(_strips(batch)):
        first, stop = chunk_bounds(strip, _strips(batch), batch)
        doutput = Matrix(memory, layer[DOUTPUT] * lanes + first * row, row, step)
        at, size = first * n_in * lanes, (stop - first) * n_in * lanes
        dz = Matrix(memory, layer[DZ] * lanes + at, n_in * lanes, lanes)
        _product(dz, zeros, doutput, kernel, stop - first, n_in, n_out)
        if layer[DERIVATIVE] != NONE:
            a = memory[layer[INPUT] * lanes + at :][:size]
            call(layer[DERIVATIVE], memory[dz.at :][:size], a)


@njit(exact=True)
def _penalise(gradient, weights, push, slope, lanes):
    """As `add_penalty_gradient`, with factors of each lane."""
    zero, pushes = gradient.dtype.type(0), False
    for lane in range(lanes):
        pushes |= push[lane] != zero
    if not pushes:  # no model has l1
        for i in range(weights.size):
            gradient[i] += slope[i] * weights[i]
        return
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
        gradient = memory[kind[BLOCK] * lanes + start :][:n]
        rate, decay = paces[RATE][:n], paces[DECAY][:n]
        if layer[PENALTY] != NONE:
            first = BIAS_PUSH if is_bias else PUSH
            _penalise(gradient, weights, paces[first][:n], paces[first + 1][:n], lanes)
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
def _learn_product(memory, kind, hyper, paces, place, start, a, b, rows, columns, depth):
    """An Adam step of the weights at a place, whose gradient is ``start + a @ b``.

    In `_learn` an update waits for memory and for divisions; here the next product fills the time.
    """
    lanes = VECTOR_BYTES // memory.itemsize
    weights = Matrix(memory, place * lanes, columns * lanes, lanes)
    pace = Matrix(paces.reshape(-1), RATE * REPEATED, (DECAY - RATE) * REPEATED, 0)
    renew_1, renew_2 = memory.dtype.type(1 - hyper[2]), memory.dtype.type(1 - hyper[3])
    floor = memory.dtype.type(hyper[4])
    for j in range(0, columns, DOT_COLUMNS):
        width = min(DOT_COLUMNS, columns - j)
        adam_tile(
            window(weights, 0, j),
            pace,
            window(start, 0, j),
            a,
            window(b, 0, j),
            rows,
            width,
            depth,
            kind[DISTANCE] * lanes,
            renew_1,
            renew_2,
            floor,
        )


@njit
def backward(memory, kind, layer, hyper, paces, batch):
    """The gradient of the input, from the weights before the step, and then their update.

    A block of the weights' gradient is used while it is in the first-level cache. For more than a
    few samples, the gradient of all weights is the sum over some of these after the other, whose
    gradients of the outputs are in the second-level cache.
    """
    lanes = VECTOR_BYTES // memory.itemsize
    n_in, n_out = layer[N_IN], layer[N_OUT]
    row, step = _distances(layer, layer[IS_BY_UNIT], batch, lanes)
    if layer[DZ] != NONE:
        _hand_down(memory, layer, batch)
    if not layer[LEARNS]:
        return
    in_tiles = layer[RULE] == ADAM and layer[PENALTY] == NONE
    zeros = Matrix(memory, 0, 0, 0)
    gradient = Matrix(memory, kind[BLOCK] * lanes, n_out * lanes, lanes)
    doutput = Matrix(memory, layer[DOUTPUT] * lanes, row, step)
    blocks = -(-n_in // max(DOT_ROWS, AT_ONCE // n_out)) if batch <= SAMPLES_AT_ONCE else 1
    for block in range(blocks):
        first, end = chunk_bounds(block, blocks, n_in)
        for n in range(0, batch, SAMPLES_AT_ONCE):
            some, depth = window(doutput, n, 0), min(SAMPLES_AT_ONCE, batch - n)
            for strip in range(_strips(end - first)):
                start, stop = chunk_bounds(strip, _strips(end - first), end - first)
                at, rows = layer[INPUT] + n * n_in + first + start, stop - start
                x, own = Matrix(memory, at * lanes, lanes, n_in * lanes), window(gradient, start, 0)
                before = own if n else zeros
                if in_tiles and n + depth == batch:
                    place = layer[KERNEL] + (first + start) * n_out
                    about = before, x, some, rows, n_out, depth
                    _learn_product(memory, kind, hyper, paces, place, *about)
                else:
                    _product(own, before, x, some, rows, n_out, depth)
        if not in_tiles:
            place, size = layer[KERNEL] + first * n_out, (end - first) * n_out
            _learn(memory, kind, layer, hyper, paces, place, size, False)
    if layer[BIAS] != NONE:
        at_once = 1 if layer[IS_BY_UNIT] else n_out
        for o in range(0, n_out, at_once):
            total = memory[(kind[BLOCK] + o) * lanes :][: at_once * lanes]
            sum_runs(total, memory, doutput.at + o * step, row, batch)
        _learn(memory, kind, layer, hyper, paces, layer[BIAS], n_out, True)
