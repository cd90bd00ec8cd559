"""How activations that stand alone, and dropout, become phases."""

import math

from ..kernels.program import columns as col
from ..kernels.program import elementwise as op
from .plan import Plan, Tensor
from .reshaping import lower_reshape

# Multiply-adds that an exponential, or a random number, is about worth.
FUNCTION_WORK = 16


def _samples(plan: Plan, t: Tensor) -> tuple[int, int]:
    """Samples of an item, and items; a block is one."""
    if _block(plan, t):
        return _block(plan, t), 1
    samples = plan.samples_an_item(FUNCTION_WORK * t.units)
    return samples, -(-plan.batch_size // samples)


def _block(plan: Plan, t: Tensor) -> int:
    """Samples that go through the network together, or 0 where they are shared out."""
    return t.lanes if t.lanes > 1 else plan.block


def lower_activation(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """``a = f(z)``, by samples."""
    u = plan.tensor(shape, t.lanes)
    samples, items = _samples(plan, t)
    rows = {
        op.LANES: t.lanes,
        op.ROWS: math.prod(shape[:-1]),
        op.SAMPLES_AN_ITEM: samples,
        col.UNITS: t.units,
    }
    forward = {col.FUNCTION: plan.function(activation), col.INPUT: t.a, col.A: u.a}
    plan.add(op.activation_forward_item, items, rows | forward, _block(plan, t))

    def backward() -> None:
        if t.dz is not None:
            own = {
                op.OWN_FUNCTION: plan.derivative(activation),
                op.OUTPUT: u.a,
                col.INPUT: t.a,
                col.DOUTPUT: u.dz,
            }
            columns = plan.backward(t) | rows | own
            plan.add(op.activation_backward_item, items, columns, _block(plan, t))

    return u, backward


def lower_dropout(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """In training, some numbers become zero; in use, nothing happens."""
    if not plan.training or layer.rate == 0:
        return lower_reshape(plan, layer, weights, t, shape, activation, number)
    u = plan.tensor(shape, t.lanes)
    samples, items = _samples(plan, t)
    own = {
        op.LANES: t.lanes,
        op.SAMPLES_AN_ITEM: samples,
        op.RATE: float(layer.rate),
        col.UNITS: t.units,
    }
    forward = {col.INPUT: t.a, col.A: u.a}
    phase = plan.add(op.dropout_forward_item, items, own | forward, _block(plan, t))
    plan.dropouts.append((phase, number))

    def backward() -> None:
        if t.dz is not None:
            columns = plan.backward(t) | own | {col.DOUTPUT: u.dz}
            phase = plan.add(op.dropout_backward_item, items, columns, _block(plan, t))
            plan.dropouts.append((phase, number))

    return u, backward
