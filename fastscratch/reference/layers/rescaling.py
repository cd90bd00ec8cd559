"""Numbers on another scale."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import rows_of, shape_of, zeros


class Rescaling(Layer):
    """x * scale + offset; each is a number, or a list of one for each channel."""

    def __init__(self, scale, offset=0.0, **config):
        super().__init__(**config)
        self.scale = scale
        self.offset = offset

    def forward(self, inputs, weights, run):
        (x,) = inputs
        return _line(x, self.scale, self.offset), ()

    def backward(self, doutput, kept, weights):
        return [_line(doutput, self.scale, 0.0)], []


def _line(x, scale, offset):
    """Return x * scale + offset."""
    output = zeros(shape_of(x))
    for out, row in zip(rows_of(output), rows_of(x), strict=True):
        for c in range(len(row)):
            slope = scale[c] if isinstance(scale, (list, tuple)) else scale
            start = offset[c] if isinstance(offset, (list, tuple)) else offset
            out[c] = row[c] * slope + start
    return output
