"""Sums of the first or second powers of weights, as penalties need them.

They are added up in one order, for a model alone and for several at once: number k is added to
partial sum ``k % POWERS``, the last few to a sum of their own. So neither waits for its last sum.
"""

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from .jit import njit
from .llvm import INT32, call_by_name, constant

# Partial sums: with fewer, each is ready too late for the next number.
POWERS = 32


@intrinsic
def _sum_of_blocks(typingctx, weights, power, count):
    """Sum over the first `count` weights, a multiple of `POWERS`; the sums stay in registers."""

    def codegen(context, builder, signature, arguments):
        kind, (array, power, count) = signature.args[0], arguments
        data = context.make_helper(builder, kind, array).data
        given = ir.VectorType(context.get_data_type(kind.dtype), POWERS)
        vector = ir.VectorType(ir.DoubleType(), POWERS)
        sums = cgutils.alloca_once_value(builder, ir.Constant(vector, [0.0] * POWERS))
        is_first = builder.icmp_signed("==", power, constant(1))
        loop = cgutils.for_range_slice(builder, constant(0), count, constant(POWERS), power.type)
        with loop as (place, _):
            pointer = builder.bitcast(builder.gep(data, [place]), given.as_pointer())
            w = builder.load(pointer, align=kind.dtype.bitwidth // 8)
            w = builder.fpext(w, vector) if w.type != vector else w
            name = f"llvm.fabs.v{POWERS}f64"
            size = call_by_name(builder, builder.module, name, vector, [w])
            term = builder.select(is_first, size, builder.fmul(w, w))
            builder.store(builder.fadd(builder.load(sums), term), sums)
        last = builder.load(sums)
        parts = [builder.extract_element(last, ir.Constant(INT32, k)) for k in range(POWERS)]
        while len(parts) > 1:
            half = len(parts) // 2
            pairs = zip(parts[:half], parts[half:], strict=True)
            parts = [builder.fadd(a, b) for a, b in pairs]
        return parts[0]

    return types.float64(weights, types.int64, types.int64), codegen


@njit(exact=True, inline=True)
def _to_power(weight, power):
    """The first or second power of a weight's size, in float64."""
    w = np.float64(weight)
    return abs(w) if power == 1 else w * w


@njit(exact=True)
def sum_of_powers(weights, power):
    """Sum of the first or second powers of the sizes of some weights, in float64."""
    whole = weights.size - weights.size % POWERS
    rest = 0.0
    for p in range(whole, weights.size):
        rest += _to_power(weights[p], power)
    return _sum_of_blocks(weights, power, whole) + rest


@njit(exact=True)
def lane_powers(sums, weights, power, lanes):
    """The same sums for several models, of which number k of each stands side by side.

    Parameters
    ----------
    sums : (m,) float64 array
        Output in the first `lanes` numbers; as many for each of `POWERS` + 1 partial sums.
    weights : (n,) array
    power : {1, 2}
    lanes : int
    """
    size = POWERS * lanes
    sums, rest = sums[:size], sums[size : size + lanes]
    sums[:] = 0
    rest[:] = 0
    whole = weights.size - weights.size % size
    for first in range(0, whole, size):
        some = weights[first : first + size]
        for i in range(size):
            sums[i] += _to_power(some[i], power)
    for first in range(whole, weights.size, lanes):
        some = weights[first : first + lanes]
        for i in range(lanes):
            rest[i] += _to_power(some[i], power)
    half = size
    while half > lanes:
        half //= 2
        for i in range(half):
            sums[i] += sums[half + i]
    for i in range(lanes):
        sums[i] += rest[i]


if config.DISABLE_JIT:

    def _sum_of_blocks(weights, power, count):
        blocks = np.float64(weights[:count].reshape(-1, POWERS))
        sums = np.zeros(POWERS)
        for block in abs(blocks) if power == 1 else blocks * blocks:
            sums += block
        while sums.size > 1:
            half = sums.size // 2
            sums = sums[:half] + sums[half:]
        return float(sums[0])
