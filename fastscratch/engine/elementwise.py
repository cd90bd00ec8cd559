"""How activations that stand alone, and dropout, become phases."""

import math

from ..kernels.activations import ACTIVATIONS
from ..kernels.program import columns as col
from ..kernels.program import elementwise as op
from ..kernels.program import softmax
from ..layers import Activation, Dropout, Layer
from .plan import Plan, Record, Tensor
from .program import Operation
from .registry import LayerCall, Lowered, lowers
from .reshaping import lower_reshape

# An exponential, or a random number, takes about as long as this many multiply-adds.
FUNCTION_WORK = 16


def by_samples(plan: Plan, t: Tensor) -> tuple[Record, int, int]:
    """For phases that go through a tensor sample by sample: fields, items, samples in an item.

    Samples that go through the network together are one item; else they are shared out.
    """
    block = t.lanes if t.lanes > 1 else plan.block
    samples = block or plan.samples_an_item(FUNCTION_WORK * t.units)
    items = 1 if block else -(-plan.batch_size // samples)
    return {op.LANES: t.lanes, op.SAMPLES_AN_ITEM: samples}, items, block


@lowers(Activation, on_lanes=True)
def lower_activation(plan: Plan, call: LayerCall[Layer]) -> Lowered:
    """``a = f(z)``, by samples."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    cut, items, block = by_samples(plan, t)
    cut[op.ROWS] = math.prod(call.shape[:-1])
    flops = FUNCTION_WORK * plan.batch_size * t.units
    forward = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units} | cut
    length = t.units // cut[op.ROWS]
    if call.activation == ACTIVATIONS["softmax"] and length < softmax.SHORT * plan.lanes:
        # Scores, their largest and their sum; the same as rows, and what comes after the last.
        plan.scratch(2 * (length + 1) * softmax.AT_ONCE * plan.lanes + plan.lanes)
        plan.add(softmax.short_softmax_item, items, forward, lanes=block, flops=flops)
    else:
        forward[col.FUNCTION] = plan.function(call.activation)
        plan.add(op.activation_forward_item, items, forward, lanes=block, flops=flops)

    def backward() -> None:
        if t.is_differentiated:
            own = {
                op.OWN_FUNCTION: plan.derivative(call.activation),
                op.OUTPUT: u.a,
                col.INPUT: t.a,
                col.DOUTPUT: u.dz,
            }
            plan.add(op.activation_backward_item, items, plan.backward(t), own, cut, lanes=block)

    return u, backward


@lowers(Dropout, on_lanes=True)
def lower_dropout(plan: Plan, call: LayerCall[Dropout]) -> Lowered:
    """In training, some numbers become zero; in use, nothing happens."""
    return lower_dropping(plan, call, op.dropout_forward_item, op.dropout_backward_item, {})


def lower_dropping(
    plan: Plan, call: LayerCall[Dropout], forward: Operation, backward: Operation, own: Record
) -> Lowered:
    """Dropout by the two operations, with fields of their own."""
    if not plan.training or call.layer.rate == 0:
        return lower_reshape(plan, call)
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    cut, items, block = by_samples(plan, t)
    cut |= own | {op.RATE: float(call.layer.rate)}
    record = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units}
    phase = plan.add(forward, items, record, cut, lanes=block)
    plan.random.append((phase, call.number, call.layer.seed))

    def go_back() -> None:
        if t.is_differentiated:
            record = {col.DOUTPUT: u.dz}
            phase = plan.add(backward, items, plan.backward(t), record, cut, lanes=block)
            plan.random.append((phase, call.number, call.layer.seed))

    return u, go_back
