"""All numbers of a sample in one row."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import numbers_of, shape_of, shaped


class Flatten(Layer):
    """The same numbers, without axes."""

    def forward(self, inputs, weights, run):
        (x,) = inputs
        return [numbers_of(sample) for sample in x], (shape_of(x[0]),)

    def backward(self, doutput, kept, weights):
        (shape,) = kept
        return [[shaped(sample, shape) for sample in doutput]], []
