"""Dropout of whole channels."""

from fastscratch.reference.dropout import dropout_forward
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import elementwise, shape_of, shaped, stretched


class SpatialDropout2D(Layer):
    """In training a share of the channels of each image becomes 0, and the others are scaled up.

    Neighbouring pixels are so alike that to drop single ones would hide nothing.
    """

    def __init__(self, rate, **config):
        super().__init__(**config)
        self.rate = rate

    def forward(self, inputs, weights, run):
        (x,) = inputs
        if not run.training:
            return x, (None,)
        n, height, width, channels = shape_of(x)
        factors = [0.0] * (n * channels)  # 0 or 1 / (1 - rate)
        dropout_forward(factors, [1.0] * len(factors), self.rate, run.seed, run.step)
        factors = stretched(shaped(factors, (n, 1, 1, channels)), (n, height, width, channels))
        return elementwise(lambda u, factor: u * factor, [x, factors]), (factors,)

    def backward(self, doutput, kept, weights):
        (factors,) = kept
        if factors is None:
            return [doutput], []
        return [elementwise(lambda d, factor: d * factor, [doutput, factors])], []
