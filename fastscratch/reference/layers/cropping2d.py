"""Images without their edges."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.zero_padding2d import cropped, edges, padded


class Cropping2D(Layer):
    """The images without rows and columns at their edges."""

    def __init__(self, cropping=((0, 0), (0, 0)), **config):
        super().__init__(**config)
        self.cropping = edges(cropping)

    def forward(self, inputs, weights, run):
        return cropped(inputs[0], self.cropping), ()

    def backward(self, doutput, kept, weights):
        return [padded(doutput, self.cropping)], []
