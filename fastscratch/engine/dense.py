"""How a dense layer becomes phases."""

import math

from ..kernels.machine import TILE_ROWS, TILE_VECTORS
from ..kernels.matmul import LONG, takes_dots
from ..kernels.program import columns as col
from ..kernels.program import data
from ..kernels.program import dense as op
from ..kernels.program import wide as wide_op
from ..kernels.wide import fetching_scratch_size, part_of, strips_size
from ..layers import Dense, Layer
from .mostly_zeros import AT_ONCE, WITH_ZEROS, WITHOUT_ZEROS
from .parameters import Parameters
from .plan import COPIED_NUMBERS, FEW_SAMPLES, ITEM_WORK, Plan, Record
from .registry import LayerCall, Lowered, lowers
from .sparse import lower_sparse

MAX_ITEMS = 8
# Multiply-adds of an item (35 us) from which on an uneven cut is made twice as fine: of 7 items,
# one thread of two has 4.
LONG_ITEM = 1 << 22

# Up to this many samples, the forward pass is cut by inputs as the backward pass is. With more, the
# products are long, and being cut costs more than the cache gains.
SMALL_BATCH = 64
# With up to FEW_SAMPLES of them, moving the weights takes the time. From this many weights on, it
# costs more to fetch them from the cache of another worker than to add up the parts of few outputs.
SHARED_WEIGHTS = 1 << 16
# The gradient of the weights is computed in strips of this many input units, and used at once.
STRIP = 48
# For up to FEW_ROWS samples, and fewer if there are few outputs, sums over vectors are faster than
# to copy the weights into columns first: with 128 x 256 of them, 1 sample takes 1.2 us in place of
# 5.2, 16 take 5.0 in place of 6.5. Not with few weights: models innermost add in another order.
FEW_ROWS = 32
MANY_WEIGHTS = 1 << 14
# To copy a weight into a column takes as long as this many multiply-adds.
ARRANGING = 8
# From this size on, the outputs' gradient does not stay in a second-level cache while strip after
# strip reads it; in panels it is read as one run.
PACKED_BYTES = 1 << 19
# From this size on, weights come from memory in every step, and are fetched while products work:
# if there are enough rows for that, and so few that a deep part of them stays in the cache.
WIDE_BYTES, WIDE_ROWS = 1 << 22, (96, 320)
# The gradient of such weights has lower strips: its weights are fetched as it is computed, so that
# all of them are in the second-level cache.
WIDE_STRIP = 2 * TILE_ROWS


def _units_an_item(plan: Plan, units: int, work: int, width: int = 0) -> int:
    """Units of an item, a multiple of a tile's width, where a unit is `work` multiply-adds."""
    width = width or TILE_VECTORS * plan.lanes
    items = max(1, min(MAX_ITEMS, units * work // ITEM_WORK))
    one = width * -(-units // (width * items))
    if 16 * units < 15 * items * one and one * work >= 2 * LONG_ITEM:
        one = width * -(-units // (width * 2 * items))
    return min(units, one)


@lowers(Dense, takes_activation=True)
def lower_dense(plan: Plan, call: LayerCall[Dense]) -> Lowered:
    """``a = f(x @ kernel + bias)``, cut by output units or samples; backward by input units."""
    if call.input.is_sparse:
        return lower_sparse(plan, call)
    return lower_product(plan, call, call.layer.units, Parameters.of(plan, call))


def lower_product(
    plan: Plan, call: LayerCall[Layer], n_out: int, parameters: Parameters
) -> Lowered:
    """The last axis of each sample times a matrix: a dense layer, or a 1 x 1 convolution."""
    t = call.input
    n_in, positions = t.shape[-1], math.prod(t.shape[:-1])
    rows = plan.batch_size * positions
    flops = 2 * rows * n_in * n_out
    u = plan.tensor(
        call.shape,
        activation=call.activation,
        differentiated=t.is_differentiated or parameters.learns,
    )
    work = max(rows, FEW_SAMPLES) if plan.learns else rows
    units = _units_an_item(plan, n_out, work * n_in)
    products = plan.product_scratch(max(n_in, n_out, rows), max(n_in, n_out))
    skips = t.is_mostly_zeros and positions == 1
    does = WITHOUT_ZEROS if skips else WITH_ZEROS
    if skips:
        at_once = min(rows, max(AT_ONCE, SMALL_BATCH, plan.block))
        lists = plan.lists_scratch(at_once, n_in), plan.lists_scratch(STRIP, rows)
        products = max(products, *lists)
    pieces = _units_an_item(plan, n_in, 2 * work * n_out)
    sizes = {op.OTHER_UNITS: n_in, op.POSITIONS: positions}
    forward = {col.INPUT: t.a} | parameters.place | plan.forward(u) | sizes
    forward[col.UNITS] = n_out
    is_wide = _is_wide(plan, rows, n_in, n_out)
    has_few = plan.only_predicts and takes_dots(n_out, n_in, plan.dtype.itemsize)
    if has_few:
        plan.scratch(n_in * n_out)
    block_item = op.dense_forward_few_item if has_few else does.forward_block
    if t.notes is not None:
        outside = {data.SAMPLES_AN_ITEM: plan.block, op.SOURCE_WIDTH: n_in, data.FINITE: t.notes}
        layer = parameters.place | plan.forward(u)
        item = op.dense_forward_outside_few_item if has_few else op.dense_forward_outside_item
        plan.add(item, 1, layer, outside, lanes=plan.block, flops=flops)
    elif plan.block:
        block = {op.BLOCK: plan.block}
        plan.add(block_item, 1, forward, block, lanes=plan.block, flops=flops)
    elif pieces < n_in and not has_few and _goes_by_inputs(plan, rows, n_in, n_out):
        parts = -(-n_in // pieces)
        size = rows * n_out
        cut = {op.UNITS_AN_ITEM: pieces, op.PARTS: plan.take(parts * size), op.PART_SIZE: size}
        tensor = {col.Z, col.A, col.FUNCTION}
        product = {field: value for field, value in forward.items() if field not in tensor}
        plan.add(does.forward_part, parts, product, cut, flops=flops)
        read = {col.INPUT, col.KERNEL}
        summed = {field: value for field, value in forward.items() if field not in read}
        plan.add(op.dense_sum_parts_item, 1, summed, cut, flops=parts * size)
    elif units == n_out or skips:  # too few to be shared out, or lists are made of samples
        one = positions * n_in * n_out
        samples = min(plan.batch_size, AT_ONCE) if skips else plan.samples_an_item(one)
        items = -(-plan.batch_size // samples)
        plan.add(block_item, items, forward, {op.BLOCK: samples}, flops=flops)
    else:
        item, cut = op.dense_forward_item, {op.UNITS_AN_ITEM: units}
        if is_wide:
            item = wide_op.wide_forward_item
            cut |= _strips(plan, forward.pop(col.INPUT), positions, n_in)
        plan.add(item, -(-n_out // units), forward, cut, flops=flops)

    is_large = rows * n_out * plan.dtype.itemsize >= PACKED_BYTES

    def backward() -> None:
        if not (t.is_differentiated or parameters.learns):
            return
        hand_down = {} if skips else plan.backward(t)
        hand_down[col.UNITS] = n_in
        common = {col.DOUTPUT: u.dz, op.OTHER_UNITS: n_out, op.POSITIONS: positions}
        common |= parameters.place
        if plan.block and t.is_differentiated:
            block = {op.BLOCK: plan.block}
            if plan.images(plan.block) > 2:
                block[op.COLUMNS] = _arrange(plan, parameters.kernel, n_in, n_out)
            plan.add(
                op.dense_hand_down_block_item,
                1,
                *(common, hand_down, block),
                lanes=plan.block,
                flops=flops,
            )
            # What is left is the gradient of the weights.
            hand_down = {col.UNITS: n_in, col.DA: col.NONE}
        if plan.block and not parameters.learns:
            return
        if not parameters.learns:
            common[col.STOP] = col.NONE
        units = pieces
        if plan.block:  # the inputs are only rows of tiles
            units = _units_an_item(plan, n_in, rows * n_out, TILE_ROWS)
        learning = {col.INPUT: t.a, op.UNITS_AN_ITEM: units, op.STRIP: STRIP} | parameters.learning
        if parameters.is_updated_at_once:
            if plan.is_plain_descent and not parameters.is_penalised and not is_wide:
                learning[op.STRIP] = col.NONE
            else:
                learning[op.GRADIENT] = products
                plan.scratch(products + min(STRIP, units) * n_out)
        if t.is_differentiated and not plan.block and _goes_by_strips(plan, rows, n_in, n_out):
            learning[op.FEW_STRIP] = STRIP
        is_packed = (is_large or is_wide) and not (plan.block or plan.keeps_apart or skips)
        if parameters.learns and is_packed:
            learning[op.PANELS] = _pack(plan, common, rows)
        items = -(-n_in // units)
        both = flops * (parameters.learns + (hand_down.get(col.DA, col.NONE) != col.NONE))
        item = does.backward
        if is_wide and op.GRADIENT in learning and not skips:
            item = wide_op.wide_backward_item
            learning |= _fetching(plan, rows, n_out)
            strips = {wide_op.PART: col.NONE, wide_op.STRIPS: col.NONE}
            if t.is_differentiated and u.dz is not None:
                strips = _strips(plan, u.dz, positions, n_out)
            learning |= strips
        plan.add(item, items, common, hand_down, learning, when="late", flops=both)

    return u, backward


def _goes_by_inputs(plan: Plan, rows: int, n_in: int, n_out: int) -> bool:
    """Whether the forward pass is cut by inputs: where adding up the parts costs little."""
    if plan.learns and rows <= FEW_SAMPLES and n_in * n_out >= SHARED_WEIGHTS:
        return n_in >= 32 * rows
    return rows <= SMALL_BATCH and n_in >= 4 * n_out


def _goes_by_strips(plan: Plan, rows: int, n_in: int, n_out: int) -> bool:
    """Whether the gradient of the inputs takes the weights as they are, strip by strip."""
    few = min(FEW_ROWS, 2 * n_out // plan.lanes)
    return rows <= few and n_in * n_out >= MANY_WEIGHTS


def _is_wide(plan: Plan, rows: int, n_in: int, n_out: int) -> bool:
    """Whether the weights are fetched from memory while products work."""
    if plan.block or plan.keeps_apart or max(n_in, n_out) > LONG:
        return False
    fewest, most = WIDE_ROWS
    return n_in * n_out * plan.dtype.itemsize >= WIDE_BYTES and fewest <= rows <= most


def _strips(plan: Plan, place: int, positions: int, depth: int) -> Record:
    """Add the phase that copies the left factor of a wide product; return how that takes it."""
    rows, itemsize = plan.batch_size * positions, plan.dtype.itemsize
    part = int(part_of(rows, depth, itemsize))
    parts = -(-depth // part)
    plan.scratch(int(fetching_scratch_size(part, itemsize)))
    taken = {
        wide_op.PART: part,
        wide_op.STRIPS: plan.take(parts * int(strips_size(rows, part, itemsize))),
    }
    copied = {col.INPUT: place, op.OTHER_UNITS: depth, op.POSITIONS: positions}
    plan.add(wide_op.wide_pack_item, parts, copied, taken, flops=rows * depth)
    return taken


def _fetching(plan: Plan, rows: int, n_out: int) -> Record:
    """How the backward pass of wide layers is cut; asks for its scratch."""
    copied = plan.aligned(int(strips_size(WIDE_STRIP, rows, plan.dtype.itemsize)))
    plan.scratch(copied + WIDE_STRIP * n_out)
    return {op.STRIP: WIDE_STRIP, op.GRADIENT: copied, wide_op.SLOTS: plan.n_slots}


def _arrange(plan: Plan, kernel: int, n_in: int, n_out: int) -> int:
    """Add the phase that arranges weights in columns, once for all blocks; return their place."""
    width, depth = TILE_VECTORS * plan.lanes, plan.lanes * -(-n_out // plan.lanes)
    place = plan.take(-(-n_in // width) * (depth * width + plan.lanes))
    units = _units_an_item(plan, n_in, ARRANGING * n_out)
    sizes = {col.UNITS: n_in, op.OTHER_UNITS: n_out, op.UNITS_AN_ITEM: units}
    arranged = {col.KERNEL: kernel, op.COLUMNS: place}
    items = -(-n_in // units)
    plan.add(op.dense_arrange_item, items, sizes, arranged, when="early", flops=n_in * n_out)
    return place


def _pack(plan: Plan, read: Record, rows: int) -> int:
    """Add the phase that copies the gradient of the outputs into panels; return their place."""
    n_out = read[op.OTHER_UNITS]
    width = TILE_VECTORS * plan.lanes
    panels = -(-n_out // width)
    place = plan.take(panels * (rows * width + plan.lanes))
    items = max(1, min(MAX_ITEMS, rows * n_out // COPIED_NUMBERS))
    cut = {op.PANELS: place, op.UNITS_AN_ITEM: width * -(-panels // items)}
    fields = (col.DOUTPUT, op.OTHER_UNITS, op.POSITIONS)
    gradient = {field: read[field] for field in fields}
    items = -(-n_out // cut[op.UNITS_AN_ITEM])
    plan.add(op.dense_pack_item, items, gradient, cut, flops=rows * n_out)
    return place
