"""How a dense layer becomes phases."""

import math

from ..kernels.program import columns as col
from ..kernels.program import dense as op
from ..kernels.simd import TILE_VECTORS
from .parameters import parameters_of
from .plan import ITEM_WORK, Plan, Tensor

MAX_ITEMS = 8


def _units_an_item(plan: Plan, units: int, work: int) -> int:
    """Units of an item, a multiple of a tile's width, where a unit is so many multiply-adds."""
    width = TILE_VECTORS * plan.lanes
    items = max(1, min(MAX_ITEMS, units * work // ITEM_WORK))
    return min(units, width * -(-units // (width * items)))


def lower_dense(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """``a = f(x @ kernel + bias)``, cut by output units; backward by input units."""
    n_in, n_out, positions = t.shape[-1], layer.units, math.prod(t.shape[:-1])
    rows = plan.batch_size * positions
    u = plan.tensor(shape, activation=activation)
    own = parameters_of(plan, layer, weights)
    units = _units_an_item(plan, n_out, rows * n_in)
    plan.product_scratch(max(n_in, n_out, rows), max(n_in, n_out))
    plan.add(
        op.dense_forward_item,
        -(-n_out // units),
        own
        | plan.forward(u)
        | {
            col.INPUT: t.a,
            col.UNITS: n_out,
            op.OTHER_UNITS: n_in,
            op.UNITS_AN_ITEM: units,
            op.POSITIONS: positions,
        },
    )

    def backward() -> None:
        if t.dz is None and not layer.trainable:
            return
        units = _units_an_item(plan, n_in, 2 * rows * n_out)
        learned = {} if layer.trainable else {col.STOP: col.NONE}
        plan.add(
            op.dense_backward_item,
            -(-n_in // units),
            own
            | plan.backward(t)
            | {
                col.INPUT: t.a,
                col.DOUTPUT: u.dz,
                col.UNITS: n_in,
                op.OTHER_UNITS: n_out,
                op.UNITS_AN_ITEM: units,
                op.POSITIONS: positions,
            }
            | learned,
        )

    return u, backward
