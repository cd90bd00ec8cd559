"""Inputs one after the other."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import shape_of


class Concatenate(Layer):
    """The inputs one after the other along an axis; axis 0 is that of the samples."""

    def __init__(self, axis=-1, **config):
        super().__init__(**config)
        self.axis = axis

    def forward(self, inputs, weights, run):
        axis = self.axis % len(shape_of(inputs[0]))
        return _joined(inputs, axis), (axis, [shape_of(x)[axis] for x in inputs])

    def backward(self, doutput, kept, weights):
        axis, sizes = kept
        return _cut(doutput, axis, sizes), []


def _joined(parts, axis):
    """Return the parts in one, along an axis."""
    if axis == 0:
        return [entry for part in parts for entry in part]
    return [_joined(entries, axis - 1) for entries in zip(*parts, strict=True)]


def _cut(whole, axis, sizes):
    """Return the parts of given sizes along an axis."""
    if axis > 0:
        cuts = [_cut(entry, axis - 1, sizes) for entry in whole]
        return [list(part) for part in zip(*cuts, strict=True)]
    parts, start = [], 0
    for size in sizes:
        parts.append(whole[start : start + size])
        start += size
    return parts
