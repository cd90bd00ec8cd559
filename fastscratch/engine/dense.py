"""How a dense layer becomes phases."""

import math

from ..kernels.program import columns as col
from ..kernels.program import dense as op
from ..kernels.simd import TILE_VECTORS
from .parameters import parameters_of
from .plan import ITEM_WORK, Plan, Tensor

MAX_ITEMS = 8

# Of few samples, the forward pass is cut by inputs as the backward pass is. Of more, the products
# are long, and lose more by being cut than the cache gains.
SMALL_BATCH = 64
# The gradient of the weights is computed in strips of so many input units, and used at once.
STRIP = 48


def _units_an_item(plan: Plan, units: int, work: int) -> int:
    """Units of an item, a multiple of a tile's width, where a unit is so many multiply-adds."""
    width = TILE_VECTORS * plan.lanes
    items = max(1, min(MAX_ITEMS, units * work // ITEM_WORK))
    return min(units, width * -(-units // (width * items)))


def lower_dense(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """``a = f(x @ kernel + bias)``, cut by output units or samples; backward by input units."""
    n_in, n_out, positions = t.shape[-1], layer.units, math.prod(t.shape[:-1])
    rows = plan.batch_size * positions
    u = plan.tensor(shape, activation=activation)
    own = parameters_of(plan, layer, weights)
    penalised = any(placed.weight.regularizer for placed in weights)
    units = _units_an_item(plan, n_out, rows * n_in)
    products = plan.product_scratch(max(n_in, n_out, rows), max(n_in, n_out))
    pieces = _units_an_item(plan, n_in, 2 * rows * n_out)
    forward = own | plan.forward(u)
    forward |= {col.INPUT: t.a, col.UNITS: n_out, op.OTHER_UNITS: n_in, op.POSITIONS: positions}
    if plan.block:
        plan.add(op.dense_forward_block_item, 1, forward | {op.BLOCK: plan.block}, plan.block)
    elif rows <= SMALL_BATCH and n_in >= 4 * n_out and pieces < n_in:
        parts = -(-n_in // pieces)
        size = rows * n_out
        forward |= {op.UNITS_AN_ITEM: pieces, op.PARTS: plan.take(parts * size), op.PART_SIZE: size}
        plan.add(op.dense_forward_part_item, parts, forward)
        plan.add(op.dense_sum_parts_item, 1, forward)
    elif units == n_out:  # too few to be shared out
        samples = plan.samples_an_item(positions * n_in * n_out)
        forward |= {op.BLOCK: samples}
        plan.add(op.dense_forward_block_item, -(-plan.batch_size // samples), forward)
    else:
        forward |= {op.UNITS_AN_ITEM: units}
        plan.add(op.dense_forward_item, -(-n_out // units), forward)

    def backward() -> None:
        if t.dz is None and not layer.trainable:
            return
        common = own | {
            col.INPUT: t.a,
            col.DOUTPUT: u.dz,
            op.POSITIONS: positions,
            op.STRIP: STRIP,
        }
        if not layer.trainable:
            common[col.STOP] = col.NONE
        hand_down = plan.backward(t)
        common |= {col.UNITS: n_in, op.OTHER_UNITS: n_out}
        if plan.block and t.dz is not None:
            columns = common | hand_down | {op.BLOCK: plan.block}
            plan.add(op.dense_hand_down_block_item, 1, columns, plan.block)
            hand_down = {}  # what is left is the gradient of the weights
        if plan.block and not layer.trainable:
            return
        units = _units_an_item(plan, n_in, rows * n_out) if plan.block else pieces
        if plan.is_plain_descent and not penalised:
            common[op.STRIP] = col.NONE
        elif own.get(col.UPDATE, col.NONE) != col.NONE:
            common[op.GRADIENT] = products
            plan.scratch(products + min(STRIP, units) * n_out)
        columns = hand_down | common | {op.UNITS_AN_ITEM: units}
        plan.add(op.dense_backward_item, -(-n_in // units), columns, when="late")

    return u, backward
