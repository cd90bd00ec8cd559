"""How samples change their shape, and their layout in memory."""

import dataclasses

from ..kernels.program import columns as col
from ..kernels.program import data as op
from ..layers import Flatten, Layer, Reshape
from .plan import Plan, Tensor
from .registry import LayerCall, Lowered, lowers


@lowers(Reshape)
@lowers(Flatten, leaves_lanes=True)
def lower_reshape(plan: Plan, call: LayerCall[Layer]) -> Lowered:
    """The same numbers in the same places: nothing to do."""
    t = call.input
    u = dataclasses.replace(t, shape=call.shape)
    if u.shape != t.shape:  # the windows of a pooling are different
        u.keep_maxima, u.takes_winners = None, None

    def backward() -> None:
        t.da, t.winners = u.da, u.winners  # as the layer that handed down the gradient has set them

    return u, backward


def lower_to_lanes(plan: Plan, t: Tensor, lanes: int) -> Lowered:
    """The samples of the mini-batch become the innermost axis; and the gradient rows again."""
    u = plan.tensor(t.shape, lanes, differentiated=t.is_differentiated)
    record = {col.INPUT: t.a, col.DA: u.a, col.UNITS: t.units}
    plan.add(op.to_lanes_item, 1, record, lanes=lanes)

    def backward() -> None:
        if t.is_differentiated:
            record = {col.INPUT: u.dz, col.A: t.dz, col.UNITS: t.units}
            plan.add(op.from_lanes_item, 1, record, lanes=lanes)

    return u, backward


def lower_from_lanes(plan: Plan, t: Tensor) -> Lowered:
    """The samples become rows again; backward they are brought innermost once more."""
    u = dataclasses.replace(
        plan.tensor(t.shape, t.lanes, differentiated=t.is_differentiated), lanes=1
    )
    record = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units}
    plan.add(op.from_lanes_item, 1, record, lanes=t.lanes)

    def backward() -> None:
        if t.is_differentiated:
            back = {col.INPUT: u.dz}
            plan.add(op.to_lanes_item, 1, plan.backward(t), back, lanes=t.lanes)

    return u, backward
