"""The numbers of a sample in another shape."""

import math

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import numbers_of, shape_of, shaped


class Reshape(Layer):
    """The same numbers in the target shape; a size of -1 follows from the others."""

    def __init__(self, target_shape, **config):
        super().__init__(**config)
        self.target_shape = target_shape

    def forward(self, inputs, weights, run):
        (x,) = inputs
        shape = shape_of(x[0])
        known = math.prod(size for size in self.target_shape if size != -1)
        target = [math.prod(shape) // known if size == -1 else size for size in self.target_shape]
        return [shaped(numbers_of(sample), target) for sample in x], (shape,)

    def backward(self, doutput, kept, weights):
        (shape,) = kept
        return [[shaped(numbers_of(sample), shape) for sample in doutput]], []
