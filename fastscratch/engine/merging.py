"""How layers that merge several tensors, number by number, become phases."""

from collections.abc import Callable, Sequence

from ..kernels.program import columns as col
from ..kernels.program import merge as op
from ..layers import Add, Average, Layer, Maximum, Minimum, Multiply, Subtract
from .elementwise import by_samples
from .plan import Plan, Record, Tensor
from .program import Operation
from .registry import LayerCall, Lowered, lowers
from .strided import broadcast


def _of_one_shape(
    plan: Plan, call: LayerCall[Layer]
) -> tuple[list[Tensor], list[Callable[[], None]]]:
    """The inputs, repeated to the shape of the output, and what adds their backward phases."""
    tensors, ways_back = [], []
    for t in call.inputs:
        if t.shape != call.shape:
            t, go_back = broadcast(plan, t, call.shape)
            ways_back.append(go_back)
        tensors.append(t)
    return tensors, ways_back


def _lower_sum(
    plan: Plan,
    call: LayerCall[Layer],
    operation: Operation,
    factors: Sequence[float],
    scale: float,
) -> Lowered:
    """A sum or a difference, times a number; `factors` are the derivatives."""
    terms, ways_back = _of_one_shape(plan, call)
    u = plan.tensor(call.shape, differentiated=any(t.is_differentiated for t in terms))
    cut, items, _ = by_samples(plan, u)
    so_far = {col.INPUT: terms[0].a}
    result = {col.A: u.a, col.UNITS: u.units}
    for t in terms[1:]:
        plan.add(operation, items, so_far, {op.SECOND: t.a}, result, cut)
        so_far = {col.INPUT: u.a}
    if scale != 1 or len(terms) == 1:
        plan.add(op.scale_item, items, so_far, {op.FACTOR: scale}, result, cut)

    def backward() -> None:
        for t, factor in zip(terms, factors, strict=True):
            if t.is_differentiated:
                own = {col.DOUTPUT: u.dz, op.FACTOR: factor}
                plan.add(op.scale_backward_item, items, plan.backward(t), own, cut)
        for go_back in ways_back:
            go_back()

    return u, backward


@lowers(Add)
def lower_add(plan: Plan, call: LayerCall[Layer]) -> Lowered:
    """The sum of all inputs, in their order."""
    return _lower_sum(plan, call, op.add_item, [1.0] * len(call.inputs), 1.0)


@lowers(Subtract)
def lower_subtract(plan: Plan, call: LayerCall[Subtract]) -> Lowered:
    """The first input less the second."""
    return _lower_sum(plan, call, op.subtract_item, [1.0, -1.0], 1.0)


@lowers(Average)
def lower_average(plan: Plan, call: LayerCall[Average]) -> Lowered:
    """The sum of all inputs over their number."""
    share = 1 / len(call.inputs)
    return _lower_sum(plan, call, op.add_item, [share] * len(call.inputs), share)


#: Adds the phase of the gradient of the first (0) or the second (1) of two tensors: it takes the
#: number of items, the fields so far, the two tensors, and which of them.
AddGradient = Callable[[int, Record, Tensor, Tensor, int], None]


def _lower_chain(
    plan: Plan, call: LayerCall[Layer], operation: Operation, add_gradient: AddGradient
) -> Lowered:
    """Two inputs merged, then the result with the next input, and so on."""
    tensors, ways_back = _of_one_shape(plan, call)
    if len(tensors) == 1:
        return lower_add(plan, call)
    cut, items, _ = by_samples(plan, tensors[0])
    pairs = []
    u = tensors[0]
    for y in tensors[1:]:
        x, differentiated = u, u.is_differentiated or y.is_differentiated
        u = plan.tensor(call.shape, differentiated=differentiated)
        record = {col.INPUT: x.a, op.SECOND: y.a, col.A: u.a, col.UNITS: u.units}
        plan.add(operation, items, record, cut)
        pairs.append((x, y, u))

    def backward() -> None:
        for x, y, u in reversed(pairs):
            for second, t in enumerate((x, y)):
                if t.is_differentiated:
                    record = plan.backward(t) | {col.DOUTPUT: u.dz} | cut
                    add_gradient(items, record, x, y, second)
        for go_back in ways_back:
            go_back()

    return u, backward


@lowers(Multiply)
def lower_multiply(plan: Plan, call: LayerCall[Multiply]) -> Lowered:
    """The product of all inputs."""

    def add_gradient(items: int, record: Record, x: Tensor, y: Tensor, second: int) -> None:
        other = {op.SECOND: x.a if second else y.a}
        plan.add(op.multiply_backward_item, items, record, other)

    return _lower_chain(plan, call, op.multiply_item, add_gradient)


def _chosen_by(plan: Plan, operation: Operation) -> AddGradient:
    def add_gradient(items: int, record: Record, x: Tensor, y: Tensor, second: int) -> None:
        which = {col.INPUT: x.a, op.SECOND: y.a, op.OF_SECOND: second}
        plan.add(operation, items, record, which)

    return add_gradient


@lowers(Maximum)
def lower_maximum(plan: Plan, call: LayerCall[Maximum]) -> Lowered:
    """The largest number at each place; the first of equal ones gets the gradient."""
    gradient = _chosen_by(plan, op.maximum_backward_item)
    return _lower_chain(plan, call, op.maximum_item, gradient)


@lowers(Minimum)
def lower_minimum(plan: Plan, call: LayerCall[Minimum]) -> Lowered:
    """The smallest number at each place; the first of equal ones gets the gradient."""
    gradient = _chosen_by(plan, op.minimum_backward_item)
    return _lower_chain(plan, call, op.minimum_item, gradient)
