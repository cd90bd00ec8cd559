"""How batch and layer normalisation become phases: samples are shared out."""

import math

from ..kernels.program import columns as col
from ..kernels.program import normalization as op
from .parameters import add_update, parameters_of
from .plan import Plan, Tensor

# Items of a pass over the mini-batch; each keeps partial sums of its own.
MAX_ITEMS = 16


def _common(plan: Plan, layer, weights, t: Tensor) -> tuple[dict, int]:
    """Columns of all phases, and their items."""
    channels, images = t.shape[-1], plan.batch_size
    samples = max(plan.samples_an_item(4 * t.units), -(-images // MAX_ITEMS))
    places = {placed.weight.name: plan.parameters + placed.offset for placed in weights}
    return {
        col.UNITS: t.units,
        op.POSITIONS: math.prod(t.shape[:-1]),
        op.CHANNELS: channels,
        op.SAMPLES_AN_ITEM: samples,
        op.GAMMA: places["gamma"] if layer.scale else plan.constant(1.0, channels),
        op.BETA: places["beta"] if layer.center else plan.constant(0.0, channels),
        op.MOVING_MEAN: places.get("moving_mean", col.NONE),
        op.MOVING_VARIANCE: places.get("moving_variance", col.NONE),
        op.EPSILON: float(layer.epsilon),
    }, -(-images // samples)


def _learned(plan: Plan, layer, weights, own: dict, partial: int, partials: int, size: int) -> None:
    """The update of those of gamma and beta that are there."""
    if not layer.trainable or not (layer.scale or layer.center):
        return
    skipped = 0 if layer.scale else size // 2  # the partials hold gamma first, then beta
    add_update(plan, own, partials, partial + skipped, size)


def lower_batch_normalization(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """Each channel by its mean and variance: over the mini-batch in training, else moving ones."""
    u = plan.tensor(shape, activation=activation)
    common, items = _common(plan, layer, weights, t)
    channels = t.shape[-1]
    plan.scratch(3 * channels)
    forward = common | plan.forward(u) | {col.INPUT: t.a, col.UNITS: t.units}
    if not plan.training or not layer.trainable:
        plan.add(op.batch_norm_inference_item, items, forward)

        def hand_down() -> None:
            if t.dz is not None:
                columns = {col.INPUT: t.a, col.DOUTPUT: u.dz}
                frozen = common | plan.backward(t) | columns
                plan.add(op.batch_norm_frozen_backward_item, items, frozen)

        return u, hand_down
    common |= {
        op.SUMS: plan.take(2 * items * channels * 8 // plan.dtype.itemsize),
        op.MEAN: plan.take(channels),
        op.VARIANCE: plan.take(channels),
        op.MOMENTUM: float(layer.momentum),
    }
    forward |= common
    plan.add(op.batch_norm_mean_item, items, forward)
    plan.add(op.batch_norm_variance_item, items, forward)
    plan.add(op.batch_norm_forward_item, items, forward)

    def backward() -> None:
        own = parameters_of(plan, layer, weights)
        partial = plan.take(2 * channels)
        columns = (
            common
            | plan.backward(t)
            | {
                col.INPUT: t.a,
                col.DOUTPUT: u.dz,
                op.PARTIAL: partial,
            }
        )
        plan.add(op.batch_norm_sums_item, items, columns)
        plan.add(op.batch_norm_backward_item, items, columns)
        _learned(plan, layer, weights, own, partial, 1, 2 * channels)

    return u, backward


def lower_layer_normalization(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """Each row by its own mean and variance."""
    u = plan.tensor(shape, activation=activation)
    common, items = _common(plan, layer, weights, t)
    channels = t.shape[-1]
    rows = plan.batch_size * math.prod(t.shape[:-1])
    common |= {op.MEAN: plan.take(rows), op.VARIANCE: plan.take(rows)}
    forward = common | plan.forward(u) | {col.INPUT: t.a, col.UNITS: t.units}
    plan.add(op.layer_norm_forward_item, items, forward)

    def backward() -> None:
        own = parameters_of(plan, layer, weights)
        size = 2 * channels
        partial = plan.take(items * size)
        gradient = plan.backward(t)
        if t.dz is None:
            gradient[col.DA] = plan.take(plan.batch_size * t.units)
        columns = (
            common
            | gradient
            | {
                col.INPUT: t.a,
                col.DOUTPUT: u.dz,
                op.PARTIAL: partial,
                op.PARTIAL_SIZE: size,
            }
        )
        plan.add(op.layer_norm_backward_item, items, columns)
        _learned(plan, layer, weights, own, partial, items, size)

    return u, backward
