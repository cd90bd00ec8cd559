"""Numbers on another scale."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import elementwise, shape_of, stretched


class Rescaling(Layer):
    """x * scale + offset; each a number, or nested lists that are stretched to a sample."""

    def __init__(self, scale, offset=0.0, **config):
        super().__init__(**config)
        self.scale = scale
        self.offset = offset

    def forward(self, inputs, weights, run):
        (x,) = inputs
        shape = shape_of(x)
        scale, offset = stretched(self.scale, shape), stretched(self.offset, shape)
        return elementwise(lambda u, s, o: u * s + o, [x, scale, offset]), ()

    def backward(self, doutput, kept, weights):
        scale = stretched(self.scale, shape_of(doutput))
        return [elementwise(lambda d, s: d * s, [doutput, scale])], []
