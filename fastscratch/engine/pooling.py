"""How pooling layers become phases: strips of rows of an image."""

import math

from ..kernels.codes import LINEAR, SOFTPLUS
from ..kernels.program import columns as col
from ..kernels.program import pooling as op
from ..kernels.program import winners
from ..layers.convolution import output_places
from ..layers.pooling import seen_window
from .plan import ITEM_WORK, Plan, Tensor

# Items of a phase that any number of threads can share out well.
ENOUGH_ITEMS = 64


def strips(height: int, work: int, images: int) -> tuple[int, int]:
    """Rows of an item, and items, of an image whose rows are so many multiply-adds each.

    Strips share rows of what they are computed from, so there are no more than balance wants.
    """
    enough = -(-ENOUGH_ITEMS // images)
    items = max(1, min(height, height * work // ITEM_WORK, enough))
    rows = -(-height // items)
    return rows, -(-height // rows)


def _window(layer, t: Tensor, shape) -> dict:
    """Columns of the geometry."""
    pool_size = seen_window(layer.pool_size, t.shape[:2], layer.padding)
    _, padding = output_places(layer, t.shape[:2], pool_size, layer.strides, layer.padding)
    return {
        op.HEIGHT: t.shape[0],
        op.WIDTH: t.shape[1],
        op.CHANNELS: t.shape[2] * t.lanes,
        op.OUT_HEIGHT: shape[0],
        op.OUT_WIDTH: shape[1],
        op.POOL_Y: pool_size[0],
        op.POOL_X: pool_size[1],
        op.STRIDE_Y: layer.strides[0],
        op.STRIDE_X: layer.strides[1],
        op.TOP: padding[0],
        op.LEFT: padding[1],
        op.LANES: t.lanes,
    }


def _is_sparse(layer) -> bool:
    """Whether few places win: no window reaches over another, or over the edge."""
    apart = all(s >= p for s, p in zip(layer.strides, layer.pool_size, strict=True))
    return apart and math.prod(layer.pool_size) >= 4 and layer.padding == "valid"


def _is_tiled(layer, t: Tensor, shape) -> bool:
    """Whether the windows stand side by side and wholly in the image."""
    inside = all(n * p <= size for n, p, size in zip(shape, layer.pool_size, t.shape, strict=False))
    return layer.strides == layer.pool_size and inside


def _lower_pooling(plan: Plan, layer, t: Tensor, shape, forward, backward, keeps_argmax):
    # The derivative at the place of a maximum is the derivative at the maximum: who hands down the
    # gradient of the few maxima does it, and not who hands it down to all places.
    activation = t.activation if keeps_argmax and t.activation < SOFTPLUS else LINEAR
    u = plan.tensor(shape, t.lanes, activation, wanted=t.dz is not None, keeps_z=False)
    window = _window(layer, t, shape)
    images = plan.images(t.lanes)
    if keeps_argmax:
        window = window | {op.ARGMAX: plan.take(images * t.lanes * u.units)}
    if keeps_argmax and t.keep_maxima and _is_tiled(layer, t, shape):
        t.keep_maxima(u, window[op.ARGMAX], layer.pool_size)
    else:
        # A comparison, or an addition, waits for memory as long as some multiply-adds take.
        work = 4 * t.lanes * shape[1] * shape[2] * window[op.POOL_Y] * window[op.POOL_X]
        rows, items = strips(shape[0], work, images)
        columns = {col.INPUT: t.a, col.A: u.a, op.ROWS_AN_ITEM: rows, op.ITEMS_AN_IMAGE: items}
        plan.add(forward, items, window | columns, t.lanes)

    def go_back() -> None:
        if t.takes_winners and keeps_argmax and _is_sparse(layer):
            t.winners = {
                winners.ARGMAX: window[op.ARGMAX],
                winners.MAXIMA_Y: shape[0],
                winners.MAXIMA_X: shape[1],
                winners.POOL_Y: layer.pool_size[0],
                winners.POOL_X: layer.pool_size[1],
                winners.STRIDE_Y: layer.strides[0],
                winners.STRIDE_X: layer.strides[1],
                col.DOUTPUT: u.dz,
            }
        elif t.dz is not None:
            rows, items = strips(t.shape[0], 4 * t.lanes * t.shape[1] * t.shape[2], images)
            columns = {col.DOUTPUT: u.dz, op.ROWS_AN_ITEM: rows, op.ITEMS_AN_IMAGE: items}
            plan.scratch(t.shape[1] * t.shape[2] * t.lanes)
            columns = plan.backward(t, col.NONE) | window | columns
            if activation != LINEAR:
                columns |= {col.FUNCTION: col.NONE}
            plan.add(backward, items, columns, t.lanes)

    return u, go_back


def lower_max_pooling(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """The largest of each window, and where it stood."""
    return _lower_pooling(
        plan, layer, t, shape, op.max_pool2d_forward_item, op.max_pool2d_backward_item, True
    )


def lower_average_pooling(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """The mean of each window."""
    return _lower_pooling(
        plan,
        layer,
        t,
        shape,
        op.average_pool2d_forward_item,
        op.average_pool2d_backward_item,
        False,
    )


def lower_global_average_pooling(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """The mean of each image, by channel; the samples become rows."""
    u = plan.tensor(shape, t.lanes, wanted=t.dz is not None)
    u.lanes = 1
    own = {
        op.HEIGHT: t.shape[0] * t.shape[1],
        op.WIDTH: 1,
        op.CHANNELS: t.shape[2] * t.lanes,
        op.LANES: t.lanes,
    }
    forward = {col.INPUT: t.a, col.A: u.a}
    plan.add(op.global_average_pool2d_forward_item, 1, own | forward, t.lanes)

    def backward() -> None:
        if t.dz is not None:
            columns = plan.backward(t, col.NONE) | own | {col.DOUTPUT: u.dz}
            plan.scratch(t.shape[2] * t.lanes)
            plan.add(op.global_average_pool2d_backward_item, 1, columns, t.lanes)

    return u, backward
