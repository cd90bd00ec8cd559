"""How layers that bring numbers to a scale become phases."""

from typing import Any

import numpy as np

from ..kernels.program import columns as col
from ..kernels.program import rescaling as op
from ..kernels.program import strided
from ..kernels.program.elementwise import LANES, SAMPLES_AN_ITEM
from ..layers import Layer, Normalization, Rescaling
from .elementwise import by_samples
from .plan import Plan, Record, Tensor
from .program import Operation
from .registry import LayerCall, Lowered, lowers
from .strided import box, strides_of


def _lower(
    plan: Plan,
    call: LayerCall[Layer],
    forward: Operation,
    backward: Operation,
    own: Record,
    back: Record,
) -> Lowered:
    """The two operations, with their own fields."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    cut, items, block = by_samples(plan, t)
    record = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units}
    plan.add(forward, items, record, own, cut, lanes=block)

    def go_back() -> None:
        if t.is_differentiated:
            record = {col.DOUTPUT: u.dz} | back
            plan.add(backward, items, plan.backward(t), record, cut, lanes=block)

    return u, go_back


def _constant(plan: Plan, t: Tensor, value: Any) -> int:
    """The place of numbers that are given, one for each number of a block of samples."""
    whole = np.broadcast_to(value, t.shape).reshape(-1).repeat(t.lanes)
    return plan.constant(whole, whole.size)


@lowers(Rescaling, on_lanes=True)
def lower_rescaling(plan: Plan, call: LayerCall[Rescaling]) -> Lowered:
    """Times the scale, plus the offset."""
    scale = {op.SCALE: _constant(plan, call.input, call.layer.scale)}
    offset = {op.OFFSET: _constant(plan, call.input, call.layer.offset)}
    operations = op.rescale_item, op.rescale_backward_item
    return _lower(plan, call, *operations, scale | offset, scale)


@lowers(Normalization, on_lanes=True)
def lower_normalization(plan: Plan, call: LayerCall[Normalization]) -> Lowered:
    """Less the mean, over the deviation; or the other way round."""
    t, layer = call.input, call.layer
    kept = layer.kept_axes(t.shape)
    if layer.mean is None:
        places = {placed.weight.name: plan.parameters + placed.offset for placed in call.weights}
        mean, variance = (_spread(plan, t, kept, places[name]) for name in ("mean", "variance"))
    else:
        own = [n if axis in kept else 1 for axis, n in enumerate(t.shape)]
        sizes = [t.shape[axis] for axis in kept]
        mean, variance = (
            _constant(plan, t, np.broadcast_to(value, sizes).reshape(own))
            for value in (layer.mean, layer.variance)
        )
    operations = op.normalize_item, op.normalize_backward_item
    if layer.invert:
        operations = op.denormalize_item, op.denormalize_backward_item
    spread = {op.VARIANCE: variance}
    return _lower(plan, call, *operations, {op.MEAN: mean} | spread, spread)


def _spread(plan: Plan, t: Tensor, kept: tuple[int, ...], weight: int) -> int:
    """The place of a weight's numbers, one for each number of a block of samples."""
    place = plan.take(t.units * t.lanes)
    own = strides_of([t.shape[axis] for axis in kept])
    steps = [own[kept.index(axis)] if axis in kept else 0 for axis in range(len(t.shape))]
    record = box(t.shape, strides_of(t.shape), steps, lanes=t.lanes)
    record |= {LANES: t.lanes, SAMPLES_AN_ITEM: t.lanes, strided.CLEARS: 0}
    record |= {col.INPUT: weight, col.A: place, col.UNITS: t.units, strided.OTHER_UNITS: t.units}
    plan.add(strided.copy_item, 1, record, when="early")
    return place
