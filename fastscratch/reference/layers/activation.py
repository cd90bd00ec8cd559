"""An activation as a layer, and as the last act of other layers."""

from fastscratch.reference.activations import activation_backward, activation_forward
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import rows_of, shape_of, zeros


def activate(z, activation):
    """Return f(z); the softmax is taken along the last axis."""
    a = zeros(shape_of(z))
    activation_forward(rows_of(a), rows_of(z), activation)
    return a


def activate_backward(da, z, a, activation):
    """Return the gradient with respect to z, from that with respect to a = f(z)."""
    dz = zeros(shape_of(z))
    activation_backward(rows_of(dz), rows_of(z), rows_of(a), rows_of(da), activation)
    return dz


class Activation(Layer):
    """a = f(z)."""

    def forward(self, inputs, weights, run):
        (z,) = inputs
        a = activate(z, self.activation)
        return a, (z, a)

    def backward(self, doutput, kept, weights):
        z, a = kept
        return [activate_backward(doutput, z, a, self.activation)], []
