"""Softmax along any axis."""

from fastscratch.reference.layers.activation import activate, activate_backward
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.permute import Permute
from fastscratch.reference.nested import shape_of


class Softmax(Layer):
    """The exponentials along an axis, divided by their sum."""

    def __init__(self, axis=-1, **config):
        super().__init__(activation="softmax" if axis == -1 else None, **config)
        self.axis = axis

    def forward(self, inputs, weights, run):
        (z,) = inputs
        if self.axis == -1 and self.activation == "linear":  # the loss takes the scores
            return z, None
        moved = self._with_axis_last(z)
        a = activate(moved, "softmax")
        return self._with_axis_last(a), (moved, a)

    def backward(self, doutput, kept, weights):
        if kept is None:
            return [doutput], []
        dz = activate_backward(self._with_axis_last(doutput), *kept, "softmax")
        return [self._with_axis_last(dz)], []

    def _with_axis_last(self, x):
        """Return a mini-batch in which the axis of the softmax and the last one change places."""
        order = list(range(len(shape_of(x))))
        order[self.axis], order[-1] = order[-1], order[self.axis]
        return Permute(order[1:]).forward([x], [], None)[0]
