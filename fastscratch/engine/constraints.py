"""How constraints of weights become phases: after the update of all weights."""

import math

from ..constraints import NonNeg, NormConstraint
from ..kernels.program import constraints as op
from .network import Network, Placed
from .parameters import PARAMETERS_AN_ITEM
from .plan import Plan, Record

# Vectors side by side that an item goes through together.
COLUMNS = 64


def lower_constraints(plan: Plan, network: Network) -> None:
    """Add a phase for each weight that is learned and has a constraint."""
    for layer, weights in network.weights_by_layer():
        for placed in weights:
            if layer.trainable and placed.weight.trainable and placed.weight.constraint:
                plan.site = f"{layer.name or type(layer).__name__} {placed.weight.name}"
                _lower_constraint(plan, placed)


def _lower_constraint(plan: Plan, placed: Placed) -> None:
    """Add the phase of a weight."""
    constraint, size = placed.weight.constraint, placed.stop - placed.offset
    place: Record = {op.CONSTRAINED: plan.parameters + placed.offset}
    if isinstance(constraint, NonNeg):
        record = {op.SIZE: size, op.NUMBERS_AN_ITEM: PARAMETERS_AN_ITEM}
        plan.add(op.non_negative_item, -(-size // PARAMETERS_AN_ITEM), place, record, flops=size)
    if isinstance(constraint, NormConstraint):
        a, b, c, d, e = shape = constraint.in_five_axes(placed.weight.shape)
        columns = min(COLUMNS, e)
        groups = max(1, PARAMETERS_AN_ITEM // (b * d * columns))
        plan.scratch(columns * 8 // plan.dtype.itemsize)
        interval = constraint.interval
        norms: Record = {
            **dict(zip(op.SHAPE, shape, strict=True)),
            op.GROUPS_AN_ITEM: groups,
            op.COLUMNS_AN_ITEM: columns,
            op.MIN_VALUE: interval.min_value,
            op.MAX_VALUE: interval.max_value,
            op.RATE: interval.rate,
        }
        items = -(-a * c // groups) * -(-e // columns)
        plan.add(op.min_max_norm_item, items, place, norms, flops=3 * math.prod(shape))
