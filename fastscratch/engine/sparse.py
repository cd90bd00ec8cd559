"""How a dense layer that reads a sparse matrix becomes phases."""

from collections.abc import Sequence

import numpy as np

from ..kernels.program import columns as col
from ..kernels.program import data
from ..kernels.program import sparse as op
from ..layers import Dense
from .parameters import Parameters
from .plan import Plan
from .registry import LayerCall, Lowered
from .sparse_rows import SparseRows

# Samples of an item of the forward pass, and the most items of the backward pass: many, because
# some columns have more entries than others.
SAMPLES, MAX_ITEMS = 16, 32


def lower_sparse(plan: Plan, call: LayerCall[Dense]) -> Lowered:
    """``a = f(x @ kernel + bias)`` for the entries of `x`, cut by samples; backward by inputs."""
    (n_in,), n_out = call.input.shape, call.layer.units
    own = Parameters.of(plan, call)
    u = plan.tensor(call.shape, activation=call.activation, differentiated=own.learns)
    items, cut = -(-plan.batch_size // SAMPLES), {op.SAMPLES_AN_ITEM: SAMPLES}
    forward = plan.add(op.sparse_forward_item, items, own.place, plan.forward(u), cut)
    plan.sparse_phases.append(forward)

    def backward() -> None:
        if not own.learns:
            return
        inputs = {op.N_IN: n_in}
        plan.sparse_phases.append(plan.add(op.sparse_sort_item, 1, inputs, when="early"))
        descends = plan.is_plain_descent and own.is_updated_at_once and not own.is_penalised
        strips = -(-n_in // op.STRIP)
        units = op.STRIP * -(-strips // MAX_ITEMS)
        record = {
            col.DOUTPUT: u.dz,
            col.UNITS: n_out,
            op.UNITS_AN_ITEM: units,
            op.DESCENDS: int(descends),
            op.GRADIENT: col.NONE,
        }
        if own.is_updated_at_once and not descends:
            plan.scratch(op.STRIP * n_out)
            record[op.GRADIENT] = 0
        records = record, inputs, own.place, own.learning
        number = plan.add(op.sparse_backward_item, -(-n_in // units), *records, when="late")
        plan.sparse_phases.append(number)

    return u, backward


def bind_rows(
    rows: Sequence[np.ndarray], x: SparseRows, order: np.ndarray | None, batch_size: int
) -> np.ndarray:
    """Tell the rows of a program where the samples are; returns an array that they write to.

    Only addresses are kept: the caller must keep all arrays.
    """
    strips, capacity = -(-x.shape[1] // op.STRIP), x.most_entries(batch_size)
    found = np.zeros(strips + 2 + 2 * capacity, np.int64)
    for row in rows:
        row[data.N_SAMPLES], row[data.BATCH_SIZE] = len(x), batch_size
        row[data.ORDER] = col.NONE if order is None else order.ctypes.data
        row[op.VALUES], row[op.COLUMNS] = x.values.ctypes.data, x.columns.ctypes.data
        row[op.STARTS] = x.starts.ctypes.data
        row[op.SORTED], row[op.CAPACITY] = found.ctypes.data, capacity
    return found
