"""Fully connected layer."""

from fastscratch.reference.dense import (
    dense_backward_input,
    dense_backward_weight,
    dense_forward,
)
from fastscratch.reference.layers.activation import activate, activate_backward
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import rows_of, shape_of, zeros


class Dense(Layer):
    """f(x kernel + bias), along the last axis of the samples."""

    def __init__(self, units, activation=None, use_bias=True, **config):
        super().__init__(activation, **config)
        self.units = units
        self.use_bias = use_bias
        self.weight_names = ["kernel", "bias"] if use_bias else ["kernel"]

    def weight_shapes(self, shape):
        return {"kernel": (shape[-1], self.units), "bias": (self.units,)}

    def forward(self, inputs, weights, run):
        (x,) = inputs
        kernel = weights[0]
        bias = weights[1] if self.use_bias else [0.0] * self.units
        z = zeros((*shape_of(x)[:-1], self.units))
        dense_forward(rows_of(z), rows_of(x), kernel, bias)
        a = activate(z, self.activation)
        return a, (x, z, a)

    def backward(self, doutput, kept, weights):
        x, z, a = kept
        dz = activate_backward(doutput, z, a, self.activation)
        dx = zeros(shape_of(x))
        dense_backward_input(rows_of(dx), rows_of(dz), weights[0])
        return [dx], self.backward_weights(doutput, kept, weights)

    def backward_weights(self, doutput, kept, weights):
        x, z, a = kept
        dz = activate_backward(doutput, z, a, self.activation)
        dkernel, dbias = zeros(shape_of(weights[0])), [0.0] * self.units
        dense_backward_weight(dkernel, dbias, rows_of(x), rows_of(dz))
        return [dkernel, dbias] if self.use_bias else [dkernel]
