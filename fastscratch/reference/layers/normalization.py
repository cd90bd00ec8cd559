"""Numbers less a known mean, over a known standard deviation."""

import math

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import elementwise, numbers_of, shape_of, shaped, stretched


class Normalization(Layer):
    """(x - mean) / sqrt(variance), or with `invert` back from that to x.

    Mean and variance are those of a data set, at each place along the given axes (0 is that of the
    samples): given as arguments, or found out before training and then the first two weights.  They
    are not learned.  A standard deviation counts as at least 1e-7.
    """

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, **config):
        super().__init__(**config)
        self.axis = axis
        self.given = None if mean is None else (mean, variance)
        self.invert = invert
        self.weight_names = ["mean", "variance", "count"] if mean is None else []

    def kept_axes(self, axes):
        """Return the axes along which mean and variance differ, of a mini-batch with this many."""
        if self.axis is None:
            return []
        axis = self.axis if isinstance(self.axis, (list, tuple)) else [self.axis]
        return sorted(a % axes for a in axis)

    def weight_shapes(self, shape):
        kept = self.kept_axes(1 + len(shape))
        size = tuple(shape[axis - 1] for axis in kept)
        return {"mean": size, "variance": size, "count": ()}

    def mean_and_deviation(self, shape, weights):
        """Return both for every number of a mini-batch of a shape."""
        kept = self.kept_axes(len(shape))
        places = tuple(shape[axis] for axis in kept)
        alone = [size if axis in kept else 1 for axis, size in enumerate(shape)]
        mean, variance = (
            stretched(shaped(numbers_of(stretched(values, places)), alone), shape)
            for values in self.given or weights[:2]
        )
        return mean, elementwise(lambda v: max(math.sqrt(v), 1e-7), [variance])

    def forward(self, inputs, weights, run):
        (x,) = inputs
        mean, deviation = self.mean_and_deviation(shape_of(x), weights)
        if self.invert:
            output = elementwise(lambda u, m, s: m + u * s, [x, mean, deviation])
        else:
            output = elementwise(lambda u, m, s: (u - m) / s, [x, mean, deviation])
        return output, (deviation,)

    def backward(self, doutput, kept, weights):
        (deviation,) = kept
        if self.invert:
            dx = elementwise(lambda d, s: d * s, [doutput, deviation])
        else:
            dx = elementwise(lambda d, s: d / s, [doutput, deviation])
        return [dx], [None] * len(weights)
