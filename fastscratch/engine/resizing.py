"""How images are made larger: by copies of pixels, or by interpolation."""

from ..kernels.program import columns as col
from ..kernels.program import resize as op
from ..layers import UpSampling2D
from .elementwise import by_samples
from .plan import Plan
from .registry import LayerCall, Lowered, lowers
from .strided import copy_box, strides_of


@lowers(UpSampling2D, on_lanes=True)
def lower_up_sampling(plan: Plan, call: LayerCall[UpSampling2D]) -> Lowered:
    """A whole number of times as many rows and columns."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    (height, width, channels), (rows, columns) = t.shape, call.layer.size
    if call.layer.interpolation == "nearest":
        row, column, _ = strides_of(call.shape)
        to = (rows * row, row, columns * column, column, 1)
        of = (width * channels, 0, channels, 0, 1)
        return u, copy_box(plan, t, u, (height, rows, width, columns, channels), to, of)

    cut, items, block = by_samples(plan, u)
    sizes = cut | {
        op.HEIGHT: height,
        op.WIDTH: width,
        op.CHANNELS: channels * t.lanes,
        op.TIMES_Y: rows,
        op.TIMES_X: columns,
    }
    flops = 6 * plan.batch_size * u.units
    forward = {col.INPUT: t.a, col.A: u.a}
    plan.add(op.bilinear_forward_item, items, forward, sizes, lanes=block, flops=flops)

    def backward() -> None:
        if t.is_differentiated:
            own = {col.DOUTPUT: u.dz}
            plan.add(
                op.bilinear_backward_item,
                items,
                *(plan.backward(t), own, sizes),
                lanes=block,
                flops=flops,
            )

    return u, backward
