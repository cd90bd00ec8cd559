"""How layers that add noise in training become phases; in use they do nothing."""

from ..kernels.program import columns as col
from ..kernels.program import merge
from ..kernels.program import noise as op
from ..layers import GaussianNoise, SpatialDropout2D
from .elementwise import by_samples, lower_dropping
from .plan import Plan
from .registry import LayerCall, Lowered, lowers
from .reshaping import lower_reshape


@lowers(GaussianNoise, on_lanes=True)
def lower_gaussian_noise(plan: Plan, call: LayerCall[GaussianNoise]) -> Lowered:
    """A normal number is added to each; the gradient passes as it is."""
    t, stddev = call.input, call.layer.stddev
    if not plan.training or stddev == 0:
        return lower_reshape(plan, call)
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    cut, items, block = by_samples(plan, t)
    forward = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units, op.STDDEV: float(stddev)}
    phase = plan.add(op.gaussian_noise_item, items, forward, cut, lanes=block)
    plan.random.append((phase, call.number, call.layer.seed))

    def backward() -> None:
        if t.is_differentiated:
            own = {col.DOUTPUT: u.dz, merge.FACTOR: 1.0}
            plan.add(merge.scale_backward_item, items, plan.backward(t), own, cut, lanes=block)

    return u, backward


@lowers(SpatialDropout2D, on_lanes=True)
def lower_spatial_dropout(plan: Plan, call: LayerCall[SpatialDropout2D]) -> Lowered:
    """Some channels become zero, in the gradient too."""
    operations = op.spatial_dropout_forward_item, op.spatial_dropout_backward_item
    return lower_dropping(plan, call, *operations, {op.CHANNELS: call.input.shape[-1]})
