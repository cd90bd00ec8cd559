"""How layers that move numbers become phases: copies of boxes with strides."""

import math
from collections.abc import Callable, Sequence

from ..kernels.program import columns as col
from ..kernels.program import strided as op
from ..layers import Concatenate, Cropping2D, Layer, Permute, RepeatVector, ZeroPadding2D
from ..layers.checks import sample_axis
from .elementwise import by_samples
from .plan import Plan, Record, Tensor
from .registry import LayerCall, Lowered, lowers


def strides_of(shape: Sequence[int]) -> tuple[int, ...]:
    """How far apart the neighbours along each axis of a C-contiguous array are."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def box(
    sizes: Sequence[int],
    out_strides: Sequence[int],
    in_strides: Sequence[int],
    out_start: int = 0,
    in_start: int = 0,
    lanes: int = 1,
    in_lanes: int = 1,
) -> Record:
    """Fields of a box of numbers that are copied.

    Parameters
    ----------
    sizes, out_strides, in_strides : sequence of int
        Along each axis; strides and starts as in a sample.
    out_start, in_start : int
        Where the box begins.
    lanes : int
        Samples innermost.
    in_lanes : int
        Of the input; 1 if all lanes of the output are copies of it.

    Raises
    ------
    ValueError
        If there are more axes than the operation has, after contiguous ones are joined.
    """
    to = [stride * lanes for stride in out_strides] + [1]
    of = [stride * in_lanes for stride in in_strides] + [1 if in_lanes == lanes else 0]
    joined: list[tuple[int, int, int]] = []
    for n, o, i in zip([*sizes, lanes], to, of, strict=True):
        if n == 1:
            continue
        if joined and joined[-1][1:] == (n * o, n * i):
            n *= joined.pop()[0]
        joined.append((n, o, i))
    if len(joined) > op.AXES:
        raise ValueError(f"at most {op.AXES} axes can be moved at once, got {len(joined)}")
    padded = [(1, 0, 0)] * (op.AXES - len(joined)) + joined
    record: Record = {op.OUT_START: out_start * lanes, op.IN_START: in_start * in_lanes}
    for fields, values in zip(
        (op.SIZES, op.OUT_STRIDES, op.IN_STRIDES), zip(*padded, strict=True), strict=True
    ):
        record |= dict(zip(fields, values, strict=True))
    return record


def copy_box(
    plan: Plan,
    t: Tensor,
    u: Tensor,
    sizes: Sequence[int],
    out_strides: Sequence[int],
    in_strides: Sequence[int],
    out_start: int = 0,
    in_start: int = 0,
    shared: bool = False,
) -> Callable[[], None]:
    """Add the phase that copies a box of `t` to one of `u`; return what adds the backward phase.

    What is not in the box is zero, unless `u` is `shared` with other boxes.
    """
    moved = math.prod(sizes)
    taken = math.prod(n for n, stride in zip(sizes, in_strides, strict=True) if stride)
    cut, items, block = by_samples(plan, u)
    cut |= box(sizes, out_strides, in_strides, out_start, in_start, t.lanes, t.lanes)
    forward = {col.INPUT: t.a, col.A: u.a, col.UNITS: u.units, op.OTHER_UNITS: t.units}
    clears = {op.CLEARS: int(moved < u.units and not shared)}
    plan.add(op.copy_item, items, forward, clears, cut, lanes=block)

    def backward() -> None:
        if t.is_differentiated:
            adds = taken < moved
            own = {
                col.DOUTPUT: u.dz,
                op.OTHER_UNITS: u.units,
                op.CLEARS: int(adds or taken < t.units),
                op.ADDS: int(adds),
            }
            plan.add(op.copy_backward_item, items, plan.backward(t), own, cut, lanes=block)

    return backward


def broadcast(plan: Plan, t: Tensor, shape: Sequence[int]) -> Lowered:
    """The tensor repeated along axes of size 1, and missing first axes, to a shape."""
    own = (1,) * (len(shape) - len(t.shape)) + t.shape
    steps = [s if n > 1 else 0 for n, s in zip(own, strides_of(own), strict=True)]
    u = plan.tensor(tuple(shape), t.lanes, differentiated=t.is_differentiated)
    return u, copy_box(plan, t, u, shape, strides_of(shape), steps)


@lowers(ZeroPadding2D, on_lanes=True)
def lower_zero_padding(plan: Plan, call: LayerCall[ZeroPadding2D]) -> Lowered:
    """The image, surrounded by zeros."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    (top, _), (left, _) = call.layer.padding
    row, column, _ = strides_of(call.shape)
    start = top * row + left * column
    return u, copy_box(plan, t, u, t.shape, (row, column, 1), strides_of(t.shape), start)


@lowers(Cropping2D, on_lanes=True)
def lower_cropping(plan: Plan, call: LayerCall[Cropping2D]) -> Lowered:
    """The inner part of the image."""
    t = call.input
    u = plan.tensor(call.shape, t.lanes, differentiated=t.is_differentiated)
    (top, _), (left, _) = call.layer.cropping
    row, column, _ = strides_of(t.shape)
    start = top * row + left * column
    sizes, steps = call.shape, strides_of(call.shape)
    return u, copy_box(plan, t, u, sizes, steps, (row, column, 1), in_start=start)


@lowers(Permute)
def lower_permute(plan: Plan, call: LayerCall[Permute]) -> Lowered:
    """The axes in another order."""
    t = call.input
    u = plan.tensor(call.shape, differentiated=t.is_differentiated)
    steps = strides_of(t.shape)
    moved = [steps[axis - 1] for axis in call.layer.dims]
    return u, copy_box(plan, t, u, call.shape, strides_of(call.shape), moved)


@lowers(RepeatVector)
def lower_repeat(plan: Plan, call: LayerCall[Layer]) -> Lowered:
    """The same vector several times."""
    return broadcast(plan, call.input, call.shape)


@lowers(Concatenate)
def lower_concatenate(plan: Plan, call: LayerCall[Concatenate]) -> Lowered:
    """Each tensor in its part of the output."""
    differentiated = any(t.is_differentiated for t in call.inputs)
    u = plan.tensor(call.shape, differentiated=differentiated)
    axis = sample_axis(call.layer, call.layer.axis, call.shape)
    steps = strides_of(call.shape)
    ways_back, start = [], 0
    for t in call.inputs:
        own = strides_of(t.shape)
        ways_back.append(copy_box(plan, t, u, t.shape, steps, own, start, shared=True))
        start += t.shape[axis] * steps[axis]

    def backward() -> None:
        for go_back in ways_back:
            go_back()

    return u, backward
