"""How activations with constants, or weights, of their own become phases."""

import math

import numpy as np

from ..kernels.activations import ACTIVATIONS
from ..kernels.program import columns as col
from ..kernels.program import elementwise as op
from ..layers import ELU, Layer, LeakyReLU, PReLU, ReLU, Softmax
from ..layers.checks import sample_axis
from .elementwise import FUNCTION_WORK, by_samples, lower_activation
from .parameters import Parameters
from .plan import Plan, Record
from .program import Operation
from .registry import LayerCall, Lowered, lowers
from .strided import copy_box, strides_of


@lowers(ReLU, LeakyReLU, on_lanes=True)
def lower_rectifier(plan: Plan, call: LayerCall[ReLU | LeakyReLU]) -> Lowered:
    """A ReLU with a largest value, a slope and a threshold; the leaky one has only a slope."""
    layer = call.layer
    largest, threshold = np.inf, 0.0
    if isinstance(layer, ReLU):
        largest, threshold = np.inf if layer.max_value is None else layer.max_value, layer.threshold
    constants = {
        op.MAX_VALUE: float(largest),
        op.NEGATIVE_SLOPE: layer.negative_slope,
        op.THRESHOLD: threshold,
    }
    read = {col.INPUT: call.input.a}
    return _lower(
        plan, call, op.rectifier_forward_item, op.rectifier_backward_item, constants, read
    )


@lowers(ELU, on_lanes=True)
def lower_elu(plan: Plan, call: LayerCall[ELU]) -> Lowered:
    """An ELU with a limit of its own."""
    constants = {op.ALPHA: call.layer.alpha}
    return _lower(plan, call, op.elu_forward_item, op.elu_backward_item, constants)


def _lower(
    plan: Plan,
    call: LayerCall[Layer],
    forward: Operation,
    backward: Operation,
    constants: Record,
    read: Record | None = None,
) -> Lowered:
    """The two operations; the second reads the input again, or else the output."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    cut, items, block = by_samples(plan, t)
    record = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units}
    flops = FUNCTION_WORK * plan.batch_size * t.units
    plan.add(forward, items, record, constants, cut, lanes=block, flops=flops)

    def go_back() -> None:
        if t.is_differentiated:
            again = {op.OUTPUT_OF_ELU: u.a} if read is None else read
            record = again | {col.DOUTPUT: u.dz} | constants
            plan.add(backward, items, plan.backward(t), record, cut, lanes=block)

    return u, go_back


@lowers(PReLU)
def lower_prelu(plan: Plan, call: LayerCall[PReLU]) -> Lowered:
    """Leaky units with learned slopes: each item sums the gradients of its samples."""
    t, (placed,) = call.input, call.weights
    own = Parameters.of(plan, call)
    size = math.prod(placed.weight.shape)
    if size > 2 ** (np.finfo(plan.dtype).nmant + 1):
        raise ValueError(f"{call.layer!r} has more slopes than {plan.dtype} can number; share some")
    u = plan.tensor(call.shape, differentiated=t.is_differentiated or own.learns)
    cut, items, _ = by_samples(plan, t)
    cut[op.LANES] = 1
    which = np.broadcast_to(np.arange(size).reshape(placed.weight.shape), t.shape)
    slopes = {
        op.SLOPES: plan.parameters + placed.offset,
        op.SLOPE_OF_UNIT: plan.constant(which.ravel(), t.units),
    }
    # The slopes of the units, and their gradients in float64.
    plan.scratch(2 + t.units + t.units * 8 // plan.dtype.itemsize)
    flops = FUNCTION_WORK * plan.batch_size * t.units
    forward = {col.INPUT: t.a, col.A: u.a, col.UNITS: t.units}
    plan.add(op.prelu_forward_item, items, forward, slopes, cut, flops=flops)

    def backward() -> None:
        if not (t.is_differentiated or own.learns):
            return
        gradient = plan.backward(t)
        if not t.is_differentiated:
            gradient[col.DA] = plan.take(plan.batch_size * t.units)
        partial = plan.take(items * size) if own.learns else col.NONE
        record = {
            col.INPUT: t.a,
            col.DOUTPUT: u.dz,
            op.N_SLOPES: size,
            op.PARTIAL: partial,
            op.PARTIAL_SIZE: size,
        }
        plan.add(op.prelu_backward_item, items, gradient, record, slopes, cut)
        if own.learns:
            own.add_sum(items, partial, size)

    return u, backward


@lowers(Softmax)
def lower_softmax(plan: Plan, call: LayerCall[Softmax]) -> Lowered:
    """A softmax along any axis: moved to the end, and back."""
    t, softmax = call.input, ACTIVATIONS["softmax"]
    axis = sample_axis(call.layer, call.layer.axis, t.shape)
    before, along, after = math.prod(t.shape[:axis]), t.shape[axis], math.prod(t.shape[axis + 1 :])
    if after == 1:
        rows = call.replaced(shape=(before, along), activation=softmax)
        u, back = lower_activation(plan, rows)
        u.shape = call.shape
        return u, back
    shape, moved = (before, along, after), (before, after, along)
    there, back_again = strides_of(shape), strides_of(moved)
    first = plan.tensor(moved, differentiated=t.is_differentiated)
    sizes = (before, after, along)
    to_end = copy_box(plan, t, first, sizes, back_again, (there[0], there[2], there[1]))
    second, back = lower_activation(
        plan, call.replaced(inputs=[first], shape=moved, activation=softmax)
    )
    u = plan.tensor(call.shape, differentiated=t.is_differentiated)
    to_place = copy_box(plan, second, u, sizes, (there[0], there[2], there[1]), back_again)

    def backward() -> None:
        to_place()
        back()
        to_end()

    return u, backward
