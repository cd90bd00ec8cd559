"""How batch and layer normalisation become phases: samples are shared out."""

import math

from ..kernels.program import columns as col
from ..kernels.program import normalization as op
from ..layers import BatchNormalization, LayerNormalization
from .parameters import Parameters
from .plan import Plan, Record, Tensor
from .registry import LayerCall, Lowered, lowers

# Items of a pass over the mini-batch; each keeps partial sums of its own.
MAX_ITEMS = 16

Scaled = BatchNormalization | LayerNormalization


def _rows(plan: Plan, t: Tensor, channels: int) -> tuple[Record, int]:
    """Fields that cut a tensor by samples, and items."""
    images = plan.batch_size
    samples = max(plan.samples_an_item(4 * t.units), -(-images // MAX_ITEMS))
    return {
        op.POSITIONS: t.units // channels,
        op.CHANNELS: channels,
        op.SAMPLES_AN_ITEM: samples,
    }, -(-images // samples)


def _channels(call: LayerCall[Scaled]) -> int:
    """How many numbers of a sample have scales and offsets of their own."""
    return math.prod(call.layer.normalized(call.input.shape))


def _scale(plan: Plan, call: LayerCall[Scaled]) -> tuple[Record, Record, Record]:
    """Fields of gamma, of beta and of epsilon."""
    layer, channels = call.layer, _channels(call)
    places = {placed.weight.name: plan.parameters + placed.offset for placed in call.weights}
    gamma = places["gamma"] if layer.scale else plan.constant(1.0, channels)
    beta = places["beta"] if layer.center else plan.constant(0.0, channels)
    return {op.GAMMA: gamma}, {op.BETA: beta}, {op.EPSILON: float(layer.epsilon)}


def _learn(
    call: LayerCall[Scaled], own: Parameters, partial: int, partials: int, size: int
) -> None:
    """The update of gamma and beta, if the layer has them."""
    if own.learns:
        skipped = 0 if call.layer.scale else size // 2  # the partials hold gamma, then beta
        own.add_sum(partials, partial + skipped, size)


@lowers(BatchNormalization, takes_activation=True)
def lower_batch_normalization(plan: Plan, call: LayerCall[BatchNormalization]) -> Lowered:
    """Each channel by its mean and variance: in training of the mini-batch, in use moving ones."""
    t, layer = call.input, call.layer
    own = Parameters.of(plan, call)
    u = plan.tensor(
        call.shape,
        activation=call.activation,
        differentiated=t.is_differentiated or own.learns,
    )
    channels = _channels(call)
    rows, items = _rows(plan, t, channels)
    gamma, beta, epsilon = _scale(plan, call)
    plan.scratch(2 * channels)
    places = {placed.weight.name: plan.parameters + placed.offset for placed in call.weights}
    mean, variance = places["moving_mean"], places["moving_variance"]
    moving = {op.MOVING_MEAN: mean, op.MOVING_VARIANCE: variance}
    forward = {col.INPUT: t.a} | plan.forward(u) | rows | gamma | beta | epsilon | moving
    sums = {op.SUMS: plan.take(2 * items * channels * 8 // plan.dtype.itemsize)}
    units, inverse = {col.UNITS: t.units}, {op.INVERSE: plan.take(channels)}

    def sum_gradients(kept: Record) -> None:
        kept = kept | sums | {col.INPUT: t.a, col.DOUTPUT: u.dz} | rows
        plan.add(op.batch_norm_sums_item, items, kept, units)

    if not plan.training or not layer.trainable:
        plan.add(op.batch_norm_inference_item, items, forward, inverse if own.learns else {})
        frozen = {op.MEAN: mean} | inverse

        def hand_down() -> None:
            gradient = plan.backward(t)
            if own.learns:
                partial = plan.take(2 * channels)
                sum_gradients(frozen)
                record = {col.INPUT: t.a, col.DOUTPUT: u.dz, op.PARTIAL: partial, col.DA: col.NONE}
                plan.add(
                    op.batch_norm_backward_item, items, record, units, rows, gamma, sums, frozen
                )
                _learn(call, own, partial, 1, 2 * channels)
            if t.is_differentiated:
                record = {col.DOUTPUT: u.dz, op.MOVING_VARIANCE: variance} | epsilon
                plan.add(op.batch_norm_frozen_backward_item, items, gradient, rows, gamma, record)

        return u, hand_down

    means = {op.MEAN: plan.take(channels)}
    seen = {col.INPUT: t.a, col.UNITS: t.units} | rows
    plan.add(op.batch_norm_mean_item, items, seen, sums)
    plan.add(op.batch_norm_variance_item, items, seen, sums, means)
    momentum = {op.MOMENTUM: float(layer.momentum)}
    plan.add(op.batch_norm_forward_item, items, forward, sums, means, inverse, momentum)

    def backward() -> None:
        if not (t.is_differentiated or own.learns):
            return
        partial = plan.take(2 * channels)
        sum_gradients(means | inverse)
        record = {col.INPUT: t.a, col.DOUTPUT: u.dz, op.PARTIAL: partial}
        kept = sums | means | inverse
        plan.add(op.batch_norm_backward_item, items, record, kept, rows, gamma, plan.backward(t))
        _learn(call, own, partial, 1, 2 * channels)

    return u, backward


@lowers(LayerNormalization, takes_activation=True)
def lower_layer_normalization(plan: Plan, call: LayerCall[LayerNormalization]) -> Lowered:
    """Each row by its own mean and variance."""
    t = call.input
    own = Parameters.of(plan, call)
    u = plan.tensor(
        call.shape,
        activation=call.activation,
        differentiated=t.is_differentiated or own.learns,
    )
    channels = _channels(call)
    rows, items = _rows(plan, t, channels)
    blocks = items
    if plan.block:  # of samples that go through the network together
        rows[op.SAMPLES_AN_ITEM], items, blocks = plan.block, 1, plan.images(plan.block)
    gamma, beta, epsilon = _scale(plan, call)
    n_rows = plan.batch_size * t.units // channels
    variances = plan.take(n_rows * 8 // plan.dtype.itemsize)
    kept = {op.MEAN: plan.take(n_rows), op.VARIANCE: variances, col.INPUT: t.a}
    kept |= rows | gamma | epsilon
    plan.add(op.layer_norm_forward_item, items, kept, plan.forward(u), beta, lanes=plan.block)

    def backward() -> None:
        if not (t.is_differentiated or own.learns):
            return
        size = 2 * channels
        partial = plan.take(blocks * size)
        gradient = plan.backward(t)
        if not t.is_differentiated:
            gradient[col.DA] = plan.take(plan.batch_size * t.units)
        partials = {op.PARTIAL: partial, op.PARTIAL_SIZE: size, col.DOUTPUT: u.dz}
        plan.add(op.layer_norm_backward_item, items, kept, gradient, partials, lanes=plan.block)
        _learn(call, own, partial, blocks, size)

    return u, backward
