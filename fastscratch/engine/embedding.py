"""How an embedding becomes phases."""

import numpy as np

from ..kernels.program import columns as col
from ..kernels.program import embedding as op
from ..layers import Embedding
from .parameters import Parameters
from .plan import Plan
from .registry import LayerCall, Lowered, lowers

# Items that the table is cut into for its gradient: each looks through the whole mini-batch.
MAX_ITEMS = 16


@lowers(Embedding)
def lower_embedding(plan: Plan, call: LayerCall[Embedding]) -> Lowered:
    """Rows of the table; there is no gradient of the numbers that name them."""
    t, layer = call.input, call.layer
    whole = 2 ** (np.finfo(plan.dtype).nmant + 1)
    if layer.input_dim > whole:
        raise ValueError(
            f"{layer!r} has rows that {plan.dtype} cannot name, because it does not hold every "
            f"whole number above {whole}; use dtype='float64'"
        )
    own = Parameters.of(plan, call)
    u = plan.tensor(call.shape, differentiated=own.learns)
    sizes = {op.INDICES: t.units, op.LONG: layer.output_dim, op.ROWS: layer.input_dim}
    at_once = plan.samples_an_item(u.units)
    forward = {col.INPUT: t.a, col.A: u.a, col.KERNEL: own.kernel, op.SAMPLES_AN_ITEM: at_once}
    plan.add(
        op.embedding_forward_item,
        -(-plan.batch_size // at_once),
        *(forward, sizes),
        flops=plan.batch_size * u.units,
    )

    def backward() -> None:
        if own.learns:
            rows = -(-layer.input_dim // MAX_ITEMS)
            record = {col.INPUT: t.a, col.DOUTPUT: u.dz, op.ROWS_AN_ITEM: rows}
            plan.add(
                op.embedding_backward_item,
                -(-layer.input_dim // rows),
                *(record, sizes, own.place, own.learning),
                flops=plan.batch_size * u.units,
            )

    return u, backward
