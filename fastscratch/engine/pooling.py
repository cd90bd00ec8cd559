"""How pooling layers become phases: strips of rows of an image."""

import math

from ..kernels.activations import LINEAR, Activation
from ..kernels.program import columns as col
from ..kernels.program import pooling as op
from ..kernels.program import winners
from ..layers import AveragePooling2D, GlobalAveragePooling2D, Layer, MaxPooling2D
from ..layers.base import Shape
from ..layers.convolution import output_places
from ..layers.pooling import Pooling2D, seen_window
from .plan import ITEM_WORK, Plan, Record, Tensor
from .program import Operation
from .registry import LayerCall, Lowered, lowers

# Items of a phase that any number of threads can share out well.
ENOUGH_ITEMS = 64


def strips(height: int, work: int, images: int) -> tuple[int, int]:
    """Rows of an item, and items, of an image whose rows are `work` multiply-adds each.

    Strips share rows of what they are computed from, so there are no more than balance needs.
    """
    enough = -(-ENOUGH_ITEMS // images)
    items = max(1, min(height, height * work // ITEM_WORK, enough))
    rows = -(-height // items)
    return rows, -(-height // rows)


def _window(layer: Pooling2D, t: Tensor, shape: Shape) -> Record:
    """Fields of the geometry."""
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


def _is_sparse(layer: MaxPooling2D) -> bool:
    """Whether few places have a gradient: no window overlaps another, or the edge."""
    apart = all(s >= p for s, p in zip(layer.strides, layer.pool_size, strict=True))
    return apart and math.prod(layer.pool_size) >= 4 and layer.padding == "valid"


def _is_tiled(layer: Pooling2D, t: Tensor, shape: Shape) -> bool:
    """Whether the windows are side by side and wholly in the image."""
    inside = all(n * p <= size for n, p, size in zip(shape, layer.pool_size, t.shape, strict=False))
    return layer.strides == layer.pool_size and inside


def _gradient(plan: Plan, t: Tensor, activation: Activation) -> Record:
    """Fields of a phase that computes rows of a gradient in scratch, or in DZ at once."""
    record = plan.backward(t, col.NONE, activation)
    del record[col.DA]
    return record


def _forward(
    plan: Plan, call: LayerCall[Layer], u: Tensor, operation: Operation, window: Record
) -> None:
    t, shape = call.input, call.shape
    # A comparison, or an addition, waits for memory: it takes as long as some multiply-adds.
    numbers = t.lanes * shape[1] * shape[2] * window[op.POOL_Y] * window[op.POOL_X]
    rows, items = strips(shape[0], 4 * numbers, plan.images(t.lanes))
    record = {col.INPUT: t.a, col.A: u.a, op.ROWS_AN_ITEM: rows, op.ITEMS_AN_IMAGE: items}
    flops = plan.images(t.lanes) * shape[0] * numbers
    plan.add(operation, items, window, record, lanes=t.lanes, flops=flops)


def _backward(
    plan: Plan, t: Tensor, u: Tensor, operation: Operation, window: Record, activation: Activation
) -> None:
    rows, items = strips(t.shape[0], 4 * t.lanes * t.shape[1] * t.shape[2], plan.images(t.lanes))
    record = {col.DOUTPUT: u.dz, op.ROWS_AN_ITEM: rows, op.ITEMS_AN_IMAGE: items}
    plan.scratch(t.shape[1] * t.shape[2] * t.lanes)
    plan.add(operation, items, window, record, _gradient(plan, t, activation), lanes=t.lanes)


@lowers(MaxPooling2D, on_lanes=True)
def lower_max_pooling(plan: Plan, call: LayerCall[MaxPooling2D]) -> Lowered:
    """The largest of each window, and its position."""
    t, layer, shape = call.input, call.layer, call.shape
    # The derivative at the place of a maximum is the derivative at the maximum. It is multiplied
    # when the gradient is handed down to the few maxima, and not later, when all places get it.
    activation = LINEAR if t.activation.reads_z else t.activation
    u = plan.tensor(shape, t.lanes, activation, differentiated=t.is_differentiated, keeps_z=False)
    window = _window(layer, t, shape)
    argmax = {op.ARGMAX: plan.take(plan.images(t.lanes) * t.lanes * u.units)}
    if t.keep_maxima and _is_tiled(layer, t, shape):
        t.keep_maxima(u, argmax[op.ARGMAX], layer.pool_size)
    else:
        _forward(plan, call, u, op.max_pool2d_forward_item, window | argmax)

    def backward() -> None:
        if (
            t.takes_winners
            and _is_sparse(layer)
            and t.takes_winners(layer.pool_size, layer.strides)
        ):
            t.winners = {
                winners.ARGMAX: argmax[op.ARGMAX],
                winners.MAXIMA_Y: shape[0],
                winners.MAXIMA_X: shape[1],
                winners.POOL_Y: layer.pool_size[0],
                winners.POOL_X: layer.pool_size[1],
                winners.STRIDE_Y: layer.strides[0],
                winners.STRIDE_X: layer.strides[1],
                col.DOUTPUT: u.dz,
            }
        elif t.is_differentiated:
            left = t.activation if activation == LINEAR else LINEAR
            _backward(plan, t, u, op.max_pool2d_backward_item, window | argmax, left)

    return u, backward


@lowers(AveragePooling2D, on_lanes=True)
def lower_average_pooling(plan: Plan, call: LayerCall[AveragePooling2D]) -> Lowered:
    """The mean of each window."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    window = _window(call.layer, t, call.shape)
    _forward(plan, call, u, op.average_pool2d_forward_item, window)

    def backward() -> None:
        if t.is_differentiated:
            _backward(plan, t, u, op.average_pool2d_backward_item, window, t.activation)

    return u, backward


@lowers(GlobalAveragePooling2D, leaves_lanes=True)
def lower_global_average_pooling(plan: Plan, call: LayerCall[Layer]) -> Lowered:
    """The mean of each image, by channel; the samples become rows."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    u.lanes = 1
    sizes = {
        op.HEIGHT: math.prod(t.shape[:-1]),
        op.WIDTH: 1,
        op.CHANNELS: t.shape[-1] * t.lanes,
        op.LANES: t.lanes,
    }
    forward = {col.INPUT: t.a, col.A: u.a}
    plan.scratch(t.shape[-1] * t.lanes)
    plan.add(op.global_average_pool2d_forward_item, 1, sizes, forward, lanes=t.lanes)

    def backward() -> None:
        if t.is_differentiated:
            own = {col.DOUTPUT: u.dz}
            gradient = _gradient(plan, t, t.activation)
            plan.add(op.global_average_pool2d_backward_item, 1, sizes, own, gradient, lanes=t.lanes)

    return u, backward
