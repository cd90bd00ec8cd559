"""Largest number of each channel."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.max_pooling2d import MaxPooling2D


class GlobalMaxPooling2D(Layer):
    """The largest number of each channel over the image: max pooling with one window.

    With `keepdims` the output is an image of one pixel.
    """

    def __init__(self, keepdims=False, **config):
        super().__init__(**config)
        self.keepdims = keepdims

    def forward(self, inputs, weights, run):
        (x,) = inputs
        whole = MaxPooling2D((len(x[0]), len(x[0][0])))
        output, kept = whole.forward(inputs, weights, run)
        return output if self.keepdims else [image[0][0] for image in output], (whole, kept)

    def backward(self, doutput, kept, weights):
        whole, kept_there = kept
        doutput = doutput if self.keepdims else [[[row]] for row in doutput]
        return whole.backward(doutput, kept_there, weights)
