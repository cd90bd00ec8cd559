"""How a convolution becomes phases: strips of rows of images, pieces of the kernel's gradient."""

import math
from functools import partial

from ..kernels.codes import LINEAR, SOFTPLUS
from ..kernels.conv2d import Conv2D, conv2d_scratch_size, transposed_conv2d
from ..kernels.program import columns as col
from ..kernels.program import conv2d as op
from ..kernels.program import winners
from ..kernels.simd import TILE_ROWS
from ..kernels.winograd import POINTS, is_winograd
from ..layers.convolution import output_places
from .parameters import add_update, parameters_of
from .plan import Plan, Tensor
from .pooling import strips

# Pieces that the gradient of a kernel is cut into where it is summed over all images at once.
GRADIENT_PIECES = 6
# Of rows that are pooled at once: they stay in the first-level cache.
BAND_BYTES = 16384


def _geometry(layer, t: Tensor, shape) -> Conv2D:
    _, padding = output_places(layer, t.shape[:2], layer.extent, layer.strides, layer.padding)
    return Conv2D(
        *t.shape,
        *shape,
        *layer.kernel_size,
        *layer.strides,
        *padding,
        *layer.dilation_rate,
        1,
        1,
        layer.groups,
        t.lanes,
    )


def _columns(plan: Plan, g: Conv2D, spare: int, tall: int = 1) -> tuple[dict, int]:
    """Columns of a phase that computes rows of images by a convolution, and items of an image.

    So many rows as `tall` stay together.
    """
    own = conv2d_scratch_size(g, plan.dtype.itemsize)
    plan.scratch(own + spare)
    taps = g.kernel_height * g.kernel_width * (g.channels // g.groups)
    work = g.out_width * g.filters * taps * g.lanes
    tall = math.lcm(tall, 2 if is_winograd(g) else 1)  # a tile has two rows
    rows, items = strips(-(-g.out_height // tall), tall * work, plan.images(g.lanes))
    return {
        **dict(enumerate(g, op.GEOMETRY)),
        op.INPUT_UNITS: g.height * g.width * g.channels * g.lanes,
        op.ROWS_AN_ITEM: tall * rows,
        op.ITEMS_AN_IMAGE: items,
        op.SPARE: own,
        col.UNITS: g.out_height * g.out_width * g.filters * g.lanes,
    }, items


def lower_conv2d(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """``a = f(x * kernel + bias)``, image by image."""
    g = _geometry(layer, t, shape)
    u = plan.tensor(shape, t.lanes, activation, keeps_z=False)
    u.takes_winners = plan.block > 0 and activation < SOFTPLUS and _runs_are_long(g)
    own = parameters_of(plan, layer, weights)
    # Pre-activations that nobody wants afterwards never leave the cache.
    passing = LINEAR < activation < SOFTPLUS
    columns, items = _columns(plan, g, math.prod(shape) * g.lanes if passing else 0)
    forward = own | plan.forward(u) | columns | {col.INPUT: t.a}
    forward |= {col.Z: col.NONE} if passing else {}
    if is_winograd(g):
        forward |= {op.PACKED: _transformed(plan, g, own[col.KERNEL])}
    phase = plan.add(op.conv2d_forward_item, items, forward, t.lanes)
    if activation < SOFTPLUS:
        u.keep_maxima = partial(_keep_maxima, plan, g, phase)

    def backward() -> None:
        if u.winners:
            _follow_winners(plan, g, own, t, u, layer.trainable)
            return
        if t.dz is not None:
            _hand_down(plan, g, own, t, u)
        if layer.trainable:
            _learn(plan, g, own, t, u)

    return u, backward


def _keep_maxima(plan: Plan, g: Conv2D, phase: int, u: Tensor, argmax: int, pool_size) -> None:
    """Let the phase of a convolution compute what a max pooling keeps of it, instead of it all."""
    pool_height, pool_width = pool_size
    row = g.out_width * g.filters * g.lanes
    band = pool_height * max(1, BAND_BYTES // (pool_height * row * plan.dtype.itemsize))
    columns, items = _columns(plan, g, band * row + u.units * g.lanes, pool_height)
    columns |= {col.A: u.a, op.ARGMAX: argmax, op.BAND: band}
    columns |= {op.POOL_Y: pool_height, op.POOL_X: pool_width}
    plan.change(phase, op.conv2d_maxima_item, items, columns, g.lanes)


def _transformed(plan: Plan, g: Conv2D, kernel: int) -> int:
    """Add the phase that transforms a kernel; the place where it then stands."""
    place = plan.take(POINTS * g.channels * g.filters)
    columns = dict(enumerate(g, op.GEOMETRY)) | {col.INPUT: kernel, op.PACKED: place}
    plan.add(op.conv2d_transform_item, 1, columns)
    return place


def _hand_down(plan: Plan, g: Conv2D, own: dict, t: Tensor, u: Tensor) -> None:
    """The gradient of the input is itself a convolution, by the packed kernel."""
    packed = plan.take(own[col.BIAS] - own[col.KERNEL])
    geometry = dict(enumerate(g, op.GEOMETRY))
    plan.add(op.conv2d_pack_item, 1, own | geometry | {op.PACKED: packed}, when="early")
    back = transposed_conv2d(g)
    if is_winograd(back):
        packed = _transformed(plan, back, packed)
    passing = t.activation != LINEAR
    columns, items = _columns(plan, back, t.units * g.lanes if passing else 0)
    gradient = plan.backward(t, da=col.NONE if passing else t.dz)
    plan.add(
        op.conv2d_backward_input_item,
        items,
        own | gradient | columns | {op.PACKED: packed, col.DOUTPUT: u.dz},
        g.lanes,
    )


def _learn(plan: Plan, g: Conv2D, own: dict, t: Tensor, u: Tensor) -> None:
    """The gradient of kernel and bias, and the update.

    Blocks of samples have few channels: each image has a small partial gradient. Else the gradient
    is cut into pieces, and each is summed over all images and used at once.
    """
    height = g.kernel_width * (g.channels // g.groups)
    pieces = max(1, min(-(-GRADIENT_PIECES // g.kernel_height), height // TILE_ROWS))
    rows = -(-height // pieces)
    if pieces > 1:
        rows = -(-rows // TILE_ROWS) * TILE_ROWS
    items = g.kernel_height * -(-height // rows) + 1
    columns = {
        **dict(enumerate(g, op.GEOMETRY)),
        op.INPUT_UNITS: t.units * g.lanes,
        op.ROWS_AN_ITEM: rows,
        op.ITEMS_AN_IMAGE: items,
        col.UNITS: u.units * g.lanes,
        col.INPUT: t.a,
        col.DOUTPUT: u.dz,
    }
    if g.lanes == 1:
        plan.add(op.conv2d_backward_weight_item, items, own | columns)
        return
    images, size, partial = _partial_gradients(plan, g, own)
    columns |= {op.PARTIAL: partial, op.PARTIAL_SIZE: size}
    plan.add(op.conv2d_backward_weight_item, items, own | columns, g.lanes)
    add_update(plan, own, images, partial, size)


def _partial_gradients(plan: Plan, g: Conv2D, own: dict) -> tuple[int, int, int]:
    """How many blocks there are, the size of a gradient, and the place of theirs."""
    images, size = plan.images(g.lanes), own[col.STOP] - own[col.KERNEL]
    return images, size, plan.take(images * size)


def _runs_are_long(g: Conv2D) -> bool:
    """Whether what a window sees in one row of one image fills a vector, and lies inside it."""
    rows = (g.out_height - 1) * g.stride_y + g.kernel_height
    columns = (g.out_width - 1) * g.stride_x + g.kernel_width
    inside = (g.top, g.left) == (0, 0) and rows <= g.height and columns <= g.width
    dense = (g.dilation_y, g.dilation_x, g.groups) == (1, 1, 1)
    # Places are kept as floats.
    countable = g.height * g.width * g.channels < 1 << 24
    return inside and dense and countable and g.kernel_width * g.channels >= g.lanes


def _follow_winners(plan: Plan, g: Conv2D, own: dict, t: Tensor, u: Tensor, learns: bool) -> None:
    """Both gradients from the places that won the max pooling behind the convolution."""
    width = winners.padded(g.kernel_width * g.channels, g.lanes)
    kernel = {
        **dict(enumerate(g, op.GEOMETRY)),
        winners.PACKED: plan.take(g.filters * g.kernel_height * width),
    }
    plan.add(winners.winners_pack_item, 1, own | kernel, when="early")
    maxima = u.winners[winners.MAXIMA_Y] * u.winners[winners.MAXIMA_X]
    plan.scratch(winners.winners_scratch_size(g, maxima))
    passing = t.activation != LINEAR
    columns = plan.backward(t, da=col.NONE if passing else t.dz) if t.dz is not None else {}
    columns |= kernel | u.winners | {col.INPUT: t.a}
    if learns:
        images, size, partial = _partial_gradients(plan, g, own)
        columns |= {winners.PARTIAL: partial, winners.PARTIAL_SIZE: size}
    plan.add(winners.conv2d_winners_item, 1, own | columns, g.lanes)
    if learns:
        add_update(plan, own, images, partial, size)
