"""How a convolution becomes phases: strips of rows of images, pieces of the kernel's gradient."""

import math
from functools import partial

from ..kernels.activations import LINEAR
from ..kernels.conv2d import Conv2D as Geometry
from ..kernels.conv2d import conv2d_scratch_size, join_rows, transposed_conv2d
from ..kernels.jit import python_function
from ..kernels.machine import TILE_HEIGHTS, TILE_ROWS
from ..kernels.program import columns as col
from ..kernels.program import conv2d as op
from ..kernels.program import data, winner_pixels, winners
from ..kernels.winograd import POINTS, is_winograd
from ..layers import Conv1D, Conv2D, DepthwiseConv2D, Layer, SeparableConv2D
from ..layers.base import Shape
from ..layers.convolution import Convolution, output_places
from .parameters import Parameters
from .plan import COPIED_NUMBERS, Plan, Record, Tensor
from .pooling import strips
from .registry import LayerCall, Lowered, lowers

# Pieces that the gradient of a kernel is cut into if it is summed over all images at once.
GRADIENT_PIECES = 6
# Rows after whole tiles, if any, for which there is a tile that is as fast as a whole one.
FULL_TILES = (0, *(rows for rows in TILE_HEIGHTS if 2 * rows >= TILE_ROWS))
# The sums of a kernel's weights are cut into at most this many items.
TRANSFORM_ITEMS = 8
# Size of the rows that are pooled at once: they stay in the first-level cache.
BAND_BYTES = 16384

_join_rows = python_function(join_rows)


def conv2d_geometry(layer: Convolution, t: Tensor, shape: Shape, groups: int = 1) -> Geometry:
    """The geometry of a layer that reads a tensor; a sequence is an image of one row."""
    *places, channels = t.shape
    _, padding = output_places(layer, places, layer.extent, layer.strides, layer.padding)
    row = (1,) * (2 - layer.rank)
    return Geometry(
        *(*row, *places, channels),
        *(*row, *shape),
        *(*row, *layer.kernel_size),
        *(*row, *layer.strides),
        *(*(0,) * len(row), *padding),
        *(*row, *layer.dilation_rate),
        *(1, 1),
        groups,
        t.lanes,
    )


def described(g: Geometry) -> Record:
    return dict(zip(op.GEOMETRY, g, strict=True))


def _flops(plan: Plan, g: Geometry) -> int:
    """Floating-point operations of a convolution of a mini-batch, without Winograd's savings."""
    taps = g.kernel_height * g.kernel_width * (g.channels // g.groups)
    places = g.out_height * g.out_width * g.filters // (g.spread_y * g.spread_x)
    return 2 * plan.batch_size * places * taps


def _strips(plan: Plan, g: Geometry, spare: int, tall: int = 1) -> tuple[Record, int]:
    """Fields of a phase that computes rows of images by a convolution, and items of an image.

    Rows stay together in groups of `tall`.
    """
    own = conv2d_scratch_size(g, plan.dtype.itemsize)
    plan.scratch(own + spare)
    taps = g.kernel_height * g.kernel_width * (g.channels // g.groups)
    work = g.out_width * g.filters * taps * g.lanes
    tall = math.lcm(tall, 2 if is_winograd(g) else 1)  # a tile has two rows
    rows, items = strips(-(-g.out_height // tall), tall * work, plan.images(g.lanes))
    return {
        **described(g),
        op.INPUT_UNITS: g.height * g.width * g.channels * g.lanes,
        op.ROWS_AN_ITEM: tall * rows,
        op.ITEMS_AN_IMAGE: items,
        op.SPARE: own,
        col.UNITS: g.out_height * g.out_width * g.filters * g.lanes,
    }, items


def _without_units(record: Record) -> Record:
    return {field: value for field, value in record.items() if field is not col.UNITS}


@lowers(Conv1D, takes_activation=True)
@lowers(Conv2D, takes_activation=True, on_lanes=True)
def lower_conv2d(plan: Plan, call: LayerCall[Conv1D | Conv2D]) -> Lowered:
    """``a = f(x * kernel + bias)``, image by image."""
    geometry = conv2d_geometry(call.layer, call.input, call.shape, call.layer.groups)
    return lower_convolution(plan, call, geometry, Parameters.of(plan, call))


@lowers(DepthwiseConv2D, takes_activation=True)
def lower_depthwise_conv2d(plan: Plan, call: LayerCall[DepthwiseConv2D]) -> Lowered:
    """As many groups as there are channels: the kernel has the same layout in memory as theirs."""
    geometry = conv2d_geometry(call.layer, call.input, call.shape, call.input.shape[-1])
    return lower_convolution(plan, call, geometry, Parameters.of(plan, call))


@lowers(SeparableConv2D, takes_activation=True)
def lower_separable_conv2d(plan: Plan, call: LayerCall[SeparableConv2D]) -> Lowered:
    """The depthwise convolution, and then the pointwise one."""
    channels = call.input.shape[-1]
    shape = (*call.shape[:-1], channels * call.layer.depth_multiplier)
    depthwise = conv2d_geometry(call.layer, call.input, shape, channels)
    own = Parameters.of(plan, call, 0, 1)
    first = call.replaced(shape=shape, activation=LINEAR)
    between, back_to_input = lower_convolution(plan, first, depthwise, own)
    pointwise = Geometry(*shape, *call.shape, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1)
    second = call.replaced(inputs=[between])
    u, back = lower_convolution(plan, second, pointwise, Parameters.of(plan, call, 1))

    def backward() -> None:
        back()
        back_to_input()

    return u, backward


def lower_convolution(plan: Plan, call: LayerCall[Layer], g: Geometry, own: Parameters) -> Lowered:
    """A convolution of any geometry."""
    t = call.input
    differentiated = t.is_differentiated or own.learns
    kernel = {op.PACKED: kernel_for(plan, g, own.kernel)}
    u = convolve(plan, call, g, own.place | kernel, differentiated)
    if plan.block > 0 and not call.activation.reads_z:
        u.takes_winners = partial(_takes_winners, plan, g, t)

    def backward() -> None:
        if u.winners:
            _follow_winners(plan, g, own, t, u.winners)
            return
        if t.is_differentiated:
            _hand_down(plan, g, own, t, u)
        if own.learns:
            learn_kernel(plan, g, own, {col.INPUT: t.a, col.DOUTPUT: u.dz})

    return u, backward


def convolve(
    plan: Plan, call: LayerCall[Layer], g: Geometry, kernel: Record, differentiated: bool
) -> Tensor:
    """Add the phase ``a = f(x * kernel + bias)``; return what it computes."""
    t, activation = call.input, call.activation
    u = plan.tensor(call.shape, t.lanes, activation, differentiated=differentiated, keeps_z=False)
    # Pre-activations that are not needed later never leave the cache.
    passing = activation != LINEAR and not activation.reads_z
    spare = math.prod(call.shape) * g.lanes if passing else 0
    cut, items = _strips(plan, _join_rows(g), spare)
    read = {col.INPUT: t.a} | kernel
    forward = _without_units(plan.forward(u, keeps_z=not passing))
    flops = _flops(plan, g)
    phase = plan.add(op.conv2d_forward_item, items, read, forward, cut, lanes=t.lanes, flops=flops)
    if not activation.reads_z:
        u.keep_maxima = partial(_keep_maxima, plan, g, phase, read, forward)
    return u


def _keep_maxima(
    plan: Plan,
    g: Geometry,
    phase: int,
    read: Record,
    forward: Record,
    u: Tensor,
    argmax: int,
    pool_size: tuple[int, int],
) -> None:
    """Let the phase of a convolution compute only what a max pooling keeps of its output."""
    pool_height, pool_width = pool_size
    row = g.out_width * g.filters * g.lanes
    band = pool_height * max(1, BAND_BYTES // (pool_height * row * plan.dtype.itemsize))
    cut, items = _strips(plan, g, band * row + u.units * g.lanes, pool_height)
    pooled = {op.ARGMAX: argmax, op.BAND: band, op.POOL_Y: pool_height, op.POOL_X: pool_width}
    kept = forward | {col.A: u.a}
    plan.replace(
        phase,
        op.conv2d_maxima_item,
        items,
        *(read, kept, cut, pooled),
        lanes=g.lanes,
        flops=_flops(plan, g),
    )


def kernel_for(plan: Plan, g: Geometry, kernel: int) -> int:
    """The place of the kernel as a convolution needs it: transformed, if it is Winograd's."""
    if not is_winograd(g):
        return kernel
    size = g.channels * g.filters
    place = plan.take(POINTS * size)
    items = max(1, min(TRANSFORM_ITEMS, POINTS * size // COPIED_NUMBERS))
    plan.add(op.conv2d_transform_item, items, described(g), {col.INPUT: kernel, op.PACKED: place})
    return place


def _hand_down(plan: Plan, g: Geometry, own: Parameters, t: Tensor, u: Tensor) -> None:
    """The gradient of the input is itself a convolution, by the packed kernel."""
    packed = plan.take(own.bias - own.kernel)
    kernel = {op.PACKED: packed} | own.place
    plan.add(op.conv2d_pack_item, 1, described(g), kernel, when="early")
    back = transposed_conv2d(g)
    hand_down_by(plan, back, kernel_for(plan, back, packed), t, u)


def hand_down_by(plan: Plan, back: Geometry, packed: int, t: Tensor, u: Tensor) -> None:
    """Add the phase of the input gradient, which is a convolution of `back`'s geometry."""
    passing = t.activation != LINEAR
    cut, items = _strips(plan, _join_rows(back), t.units * back.lanes if passing else 0)
    gradient = _without_units(plan.backward(t, da=col.NONE if passing else t.dz))
    plan.add(
        op.conv2d_backward_input_item,
        items,
        *(gradient, cut, {op.PACKED: packed, col.DOUTPUT: u.dz}),
        lanes=back.lanes,
        flops=_flops(plan, back),
    )


def learn_kernel(plan: Plan, g: Geometry, own: Parameters, read: Record) -> None:
    """The gradient of kernel and bias, and the update; `read` says where input and gradient are.

    Blocks of samples have few channels: each image has a small partial gradient. Else the gradient
    is cut into pieces, and each is summed over all images and used at once.
    """
    g = _join_rows(g)
    height = g.kernel_width * (g.channels // g.groups)
    pieces = max(1, min(-(-GRADIENT_PIECES // g.kernel_height), height // TILE_ROWS))
    rows = -(-height // pieces)
    if pieces > 1:  # the last tile of a piece is not much lower than the others
        rows = next(r for r in range(rows, rows + TILE_ROWS) if r % TILE_ROWS in FULL_TILES)
    items = g.kernel_height * -(-height // rows) + 1
    record = {
        **described(g),
        **own.place,
        **read,
        op.INPUT_UNITS: g.height * g.width * g.channels * g.lanes,
        op.ROWS_AN_ITEM: rows,
        op.ITEMS_AN_IMAGE: items,
        col.UNITS: g.out_height * g.out_width * g.filters * g.lanes,
    }
    flops = _flops(plan, g)
    if g.lanes == 1:
        # A phase of all images at once, not of one.
        learning = own.learning
        plan.add(op.conv2d_backward_weight_item, items, record, learning, when="late", flops=flops)
        return
    gradients, partial = _partial_gradients(plan, g, own)
    computed = plan.take(plan.images(g.lanes) * gradients * own.size) if gradients > 1 else partial
    partials = {
        op.PARTIAL: computed,
        op.PARTIAL_SIZE: gradients * own.size,
        op.GRADIENTS: gradients,
    }
    plan.add(op.conv2d_backward_weight_item, items, record, partials, lanes=g.lanes, flops=flops)
    if gradients > 1:
        rows = {col.INPUT: computed, col.A: partial, col.UNITS: own.size}
        plan.add(data.from_lanes_item, 1, rows, lanes=g.lanes)
    _add_partials(plan, g, own, partial)


def _partial_gradients(plan: Plan, g: Geometry, own: Parameters) -> tuple[int, int]:
    """How many gradients a block has, and the place of those of all blocks."""
    gradients = g.lanes if plan.keeps_apart else 1
    return gradients, plan.take(plan.images(g.lanes) * gradients * own.size)


def _add_partials(plan: Plan, g: Geometry, own: Parameters, partial: int) -> None:
    """Go on with the sum of the blocks' gradients, or with the gradient of each sample."""
    own.add_sum(1 if plan.keeps_apart else plan.images(g.lanes), partial, own.size)


def _takes_winners(
    plan: Plan, g: Geometry, t: Tensor, pool_size: tuple[int, ...], strides: tuple[int, ...]
) -> bool:
    """Whether gradients can be computed from the places of maxima alone; see `_follow_winners`."""
    return _runs_are_long(g) or _keeps_lanes(plan, g, t, pool_size, strides)


def _keeps_lanes(
    plan: Plan, g: Geometry, t: Tensor, pool_size: tuple[int, ...], strides: tuple[int, ...]
) -> bool:
    """Whether the samples stay innermost while the kernel's gradient is computed from the winners:
    that of the input is not asked for, and what a window sees in a row of one image is short."""
    alone = not (t.is_differentiated or plan.keeps_apart or _runs_are_long(g))
    return alone and winner_pixels.has_winner_tile(g, *pool_size, *strides)


def _runs_are_long(g: Geometry) -> bool:
    """Whether what a window sees in one row of one image fills a vector, and lies inside it."""
    rows = (g.out_height - 1) * g.stride_y + g.kernel_height
    columns = (g.out_width - 1) * g.stride_x + g.kernel_width
    inside = (g.top, g.left) == (0, 0) and rows <= g.height and columns <= g.width
    dense = (g.dilation_y, g.dilation_x, g.groups) == (1, 1, 1)
    # Places are kept as floats, which hold whole numbers up to this.
    countable = g.height * g.width * g.channels < 1 << 24
    return inside and dense and countable and g.kernel_width * g.channels >= g.lanes > 1


def _follow_winners(plan: Plan, g: Geometry, own: Parameters, t: Tensor, won: Record) -> None:
    """Both gradients from the places of the maxima in the max pooling after the convolution."""
    if not (t.is_differentiated or own.learns):
        return
    kernel = described(g) | own.place
    flops = _flops(plan, g) // 2  # a guess: it depends on how many of the winners count
    if not _runs_are_long(g):
        _, partial = _partial_gradients(plan, g, own)
        partials = {winners.PARTIAL: partial, winners.PARTIAL_SIZE: own.size}
        places = {field: won[field] for field in (*winners.MAXIMA[:3], col.DOUTPUT)}
        records = [kernel, places, partials, {col.INPUT: t.a}]
        plan.add(winner_pixels.conv2d_winner_pixels_item, 1, *records, lanes=g.lanes, flops=flops)
        _add_partials(plan, g, own, partial)
        return
    if t.is_differentiated:
        pool = {field: won[field] for field in (winners.POOL_Y, winners.POOL_X)}
        kernel |= {winners.PACKED: plan.take(winners.packed_kernel_size(g, *pool.values()))}
        plan.add(winners.winners_pack_item, 1, kernel, pool, when="early")
    maxima = won[winners.MAXIMA_Y] * won[winners.MAXIMA_X]
    plan.scratch(winners.winners_scratch_size(g, maxima))
    passing = t.activation != LINEAR
    records = [kernel, won, {col.INPUT: t.a}]
    if t.is_differentiated:
        records.append(plan.backward(t, da=col.NONE if passing else t.dz))
    if own.learns:
        gradients, partial = _partial_gradients(plan, g, own)
        partials = {winners.PARTIAL: partial, winners.PARTIAL_SIZE: own.size}
        records.append(partials | {winners.GRADIENTS: gradients})
    plan.add(winners.conv2d_winners_item, 1, *records, lanes=g.lanes, flops=flops)
    if own.learns:
        _add_partials(plan, g, own, partial)
