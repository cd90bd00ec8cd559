"""The axes of a sample in another order."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import shape_of


class Permute(Layer):
    """Axis i of the output is axis dims[i - 1] of the sample; axes are counted from 1."""

    def __init__(self, dims, **config):
        super().__init__(**config)
        self.dims = dims

    def forward(self, inputs, weights, run):
        return [_permuted(sample, self.dims) for sample in inputs[0]], ()

    def backward(self, doutput, kept, weights):
        back = [self.dims.index(axis + 1) + 1 for axis in range(len(self.dims))]
        return [[_permuted(sample, back) for sample in doutput]], []


def _permuted(sample, dims, index=()):
    """Return the part of the permuted sample that stands at the first places of an index."""
    if len(index) == len(dims):
        number = sample
        for axis in range(1, len(dims) + 1):
            number = number[index[dims.index(axis)]]
        return number
    size = shape_of(sample)[dims[len(index)] - 1]
    return [_permuted(sample, dims, (*index, i)) for i in range(size)]
