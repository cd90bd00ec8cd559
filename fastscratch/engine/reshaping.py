"""How samples change their shape, and their layout in memory."""

import dataclasses

from ..kernels.program import columns as col
from ..kernels.program import data as op
from .plan import Plan, Tensor


def lower_reshape(plan: Plan, layer, weights, t: Tensor, shape, activation, number):
    """The same numbers in the same places: nothing to do."""
    u = dataclasses.replace(t, shape=shape)

    def backward() -> None:
        t.da = u.da  # who handed down the gradient may have asked for a place

    return u, backward


def lower_to_lanes(plan: Plan, t: Tensor, lanes: int):
    """The samples of the mini-batch become the innermost axis; nobody asks for their gradient."""
    u = plan.tensor(t.shape, lanes, wanted=False)
    columns = {col.INPUT: t.a, col.DA: u.a, col.UNITS: t.units}
    plan.add(op.to_lanes_item, 1, columns, lanes)
    return u, lambda: None


def lower_from_lanes(plan: Plan, t: Tensor):
    """The samples become rows again; backward they are brought innermost once more."""
    u = dataclasses.replace(plan.tensor(t.shape, t.lanes, wanted=t.dz is not None), lanes=1)
    columns = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units}
    plan.add(op.from_lanes_item, 1, columns, t.lanes)

    def backward() -> None:
        if t.dz is not None:
            plan.add(op.to_lanes_item, 1, plan.backward(t) | {col.INPUT: u.dz}, t.lanes)

    return u, backward
