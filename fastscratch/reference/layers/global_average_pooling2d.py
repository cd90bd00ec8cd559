"""Mean of each channel."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import shape_of, zeros
from fastscratch.reference.pooling import (
    global_average_pool2d_backward,
    global_average_pool2d_forward,
)


class GlobalAveragePooling2D(Layer):
    """The mean of each channel over the image; with `keepdims` as an image of one pixel."""

    def __init__(self, keepdims=False, **config):
        super().__init__(**config)
        self.keepdims = keepdims

    def forward(self, inputs, weights, run):
        (x,) = inputs
        output = zeros((len(x), len(x[0][0][0])))
        global_average_pool2d_forward(output, x)
        return [[[row]] for row in output] if self.keepdims else output, (x,)

    def backward(self, doutput, kept, weights):
        (x,) = kept
        dmean = [image[0][0] for image in doutput] if self.keepdims else doutput
        dx = zeros(shape_of(x))
        global_average_pool2d_backward(dx, dmean)
        return [dx], []
