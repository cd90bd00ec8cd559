"""Rectified linear units with arguments of their own."""

import math

from fastscratch.reference.activations import (
    elu_backward,
    elu_forward,
    prelu_backward,
    prelu_forward,
    rectifier_backward,
    rectifier_forward,
)
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import (
    numbers_of,
    rows_of,
    shape_of,
    shaped,
    shrunk,
    stretched,
    zeros,
)


class ReLU(Layer):
    """min(x, max_value) above the threshold, and a slope below it."""

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **config):
        super().__init__(**config)
        largest = math.inf if max_value is None else max_value
        self.constants = largest, negative_slope, threshold

    def forward(self, inputs, weights, run):
        (z,) = inputs
        a = zeros(shape_of(z))
        for a_row, z_row in zip(rows_of(a), rows_of(z), strict=True):
            rectifier_forward(a_row, z_row, *self.constants)
        return a, (z, a)

    def backward(self, doutput, kept, weights):
        dz = zeros(shape_of(doutput))
        rows = map(rows_of, (dz, *kept, doutput))
        for dz_row, z_row, a_row, da_row in zip(*rows, strict=True):
            rectifier_backward(dz_row, z_row, a_row, da_row, *self.constants)
        return [dz], []


class LeakyReLU(ReLU):
    """x, or a slope below zero."""

    def __init__(self, negative_slope=0.3, **config):
        super().__init__(None, negative_slope, **config)


class ELU(Layer):
    """x, or alpha (exp(x) - 1) below zero."""

    def __init__(self, alpha=1.0, **config):
        super().__init__(**config)
        self.alpha = alpha

    def forward(self, inputs, weights, run):
        (z,) = inputs
        a = zeros(shape_of(z))
        for a_row, z_row in zip(rows_of(a), rows_of(z), strict=True):
            elu_forward(a_row, z_row, self.alpha)
        return a, (z, a)

    def backward(self, doutput, kept, weights):
        dz = zeros(shape_of(doutput))
        rows = map(rows_of, (dz, *kept, doutput))
        for dz_row, z_row, a_row, da_row in zip(*rows, strict=True):
            elu_backward(dz_row, z_row, a_row, da_row, self.alpha)
        return [dz], []


class PReLU(Layer):
    """x, or alpha x below zero, where alpha is learned."""

    weight_names = ("alpha",)

    def __init__(self, shared_axes=None, **config):
        super().__init__(**config)
        self.shared_axes = shared_axes or ()

    def weight_shapes(self, shape):
        shared = {axis % (len(shape) + 1) for axis in self.shared_axes}
        return {"alpha": tuple(1 if i + 1 in shared else size for i, size in enumerate(shape))}

    def forward(self, inputs, weights, run):
        (z,) = inputs
        a = []
        for sample in z:
            slopes, scores = self._slopes(weights[0], sample), numbers_of(sample)
            numbers = [0.0] * len(scores)
            prelu_forward(numbers, scores, slopes)
            a.append(shaped(numbers, shape_of(sample)))
        return a, (z,)

    def backward(self, doutput, kept, weights):
        (z,) = kept
        shape = shape_of(z[0])
        dz, dslopes = [], [0.0] * math.prod(shape)
        for sample, gradient in zip(z, doutput, strict=True):
            slopes, scores = self._slopes(weights[0], sample), numbers_of(sample)
            numbers = [0.0] * len(scores)
            prelu_backward(numbers, dslopes, scores, numbers_of(gradient), slopes)
            dz.append(shaped(numbers, shape))
        # A slope that several units share has the sum of their gradients.
        return [dz], [shrunk(shaped(dslopes, shape), shape_of(weights[0]))]

    def _slopes(self, alpha, sample):
        """Return the slope of each number of a sample."""
        return numbers_of(stretched(alpha, shape_of(sample)))
