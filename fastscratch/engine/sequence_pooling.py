"""How pooling of sequences, and of all places, becomes phases: as other pooling of images."""

import dataclasses

from ..layers import (
    AveragePooling1D,
    AveragePooling2D,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Layer,
    MaxPooling1D,
    MaxPooling2D,
)
from .plan import Plan
from .pooling import lower_average_pooling, lower_global_average_pooling, lower_max_pooling
from .registry import LayerCall, Lower, Lowered, lowers
from .reshaping import lower_from_lanes

lowers(GlobalAveragePooling1D)(lower_global_average_pooling)


def _lower_as_image(lower: Lower, plan: Plan, call: LayerCall[Layer], layer: Layer) -> Lowered:
    """As a layer on images does it; a sequence is an image of one row."""
    t = call.input
    image = dataclasses.replace(t, shape=(1,) * (3 - len(t.shape)) + t.shape)
    shape = layer.output_shape(image.shape)
    pooled, go_back = lower(plan, call.replaced(layer=layer, inputs=[image], shape=shape))
    u = dataclasses.replace(pooled, shape=call.shape)

    def backward() -> None:
        pooled.da = u.da  # the layer that handed down the gradient may have asked for a place
        go_back()
        t.da, t.winners = image.da, image.winners

    return u, backward


@lowers(MaxPooling1D)
def lower_max_pooling1d(plan: Plan, call: LayerCall[MaxPooling1D]) -> Lowered:
    """The largest of each window of a sequence."""
    (window,), (stride,) = call.layer.pool_size, call.layer.strides
    image = MaxPooling2D((1, window), (1, stride), call.layer.padding)
    return _lower_as_image(lower_max_pooling, plan, call, image)


@lowers(AveragePooling1D)
def lower_average_pooling1d(plan: Plan, call: LayerCall[AveragePooling1D]) -> Lowered:
    """The mean of each window of a sequence."""
    (window,), (stride,) = call.layer.pool_size, call.layer.strides
    image = AveragePooling2D((1, window), (1, stride), call.layer.padding)
    return _lower_as_image(lower_average_pooling, plan, call, image)


@lowers(GlobalMaxPooling1D)
@lowers(GlobalMaxPooling2D, leaves_lanes=True)
def lower_global_max_pooling(plan: Plan, call: LayerCall[Layer]) -> Lowered:
    """The largest of all places: one window; the samples become rows."""
    *places, _ = call.input.shape
    height, width = (1,) * (2 - len(places)) + tuple(places)
    window = MaxPooling2D((height, width))
    u, back_to_input = _lower_as_image(lower_max_pooling, plan, call, window)
    if u.lanes == 1:
        return u, back_to_input
    rows, back_to_lanes = lower_from_lanes(plan, u)

    def backward() -> None:
        back_to_lanes()
        back_to_input()

    return rows, backward
