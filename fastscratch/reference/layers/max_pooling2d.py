"""Largest number of each window."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.windows import pair, positions2d
from fastscratch.reference.nested import shape_of, zeros
from fastscratch.reference.pooling import max_pool2d_backward, max_pool2d_forward


class MaxPooling2D(Layer):
    """The largest number of each window of the images, channel by channel."""

    def __init__(self, pool_size=(2, 2), strides=None, padding="valid", **config):
        super().__init__(**config)
        self.pool_size = pair(pool_size)
        self.strides = self.pool_size if strides is None else pair(strides)
        self.padding = padding

    def forward(self, inputs, weights, run):
        (x,) = inputs
        counts, padding = positions2d(x[0], self.pool_size, self.strides, self.padding)
        shape = (len(x), *counts, len(x[0][0][0]))
        output, argmax = zeros(shape), zeros(shape)
        max_pool2d_forward(output, argmax, x, self.pool_size, self.strides, padding)
        return output, (x, argmax, padding)

    def backward(self, doutput, kept, weights):
        x, argmax, padding = kept
        dx = zeros(shape_of(x))
        max_pool2d_backward(dx, doutput, argmax, self.pool_size, self.strides, padding)
        return [dx], []
