"""Layer normalisation."""

import math

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import numbers_of, shape_of, shaped, zeros
from fastscratch.reference.normalization import layer_norm_backward, layer_norm_forward


class LayerNormalization(Layer):
    """The channels of a sample less their mean, over their standard deviation; gamma and beta.

    Each pixel of an image is normalised for itself.  If `axis` names several axes, the last ones,
    all numbers along these are the channels.
    """

    def __init__(self, axis=-1, epsilon=0.001, center=True, scale=True, **config):
        super().__init__(**config)
        self.axes = len(axis) if isinstance(axis, (list, tuple)) else 1
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.weight_names = ["gamma"] * scale + ["beta"] * center

    def weight_shapes(self, shape):
        return dict.fromkeys(self.weight_names, shape[-self.axes :])

    def rows_of(self, samples):
        """Return the channels in rows."""
        shape = shape_of(samples)
        channels = math.prod(shape[-self.axes :])
        return shaped(numbers_of(samples), (math.prod(shape) // channels, channels))

    def forward(self, inputs, weights, run):
        (x,) = inputs
        rows = self.rows_of(x)
        gamma = numbers_of(weights[0]) if self.scale else [1.0] * len(rows[0])
        beta = numbers_of(weights[-1]) if self.center else [0.0] * len(rows[0])
        output, mean, variance = zeros(shape_of(rows)), zeros((len(rows),)), zeros((len(rows),))
        layer_norm_forward(output, mean, variance, rows, gamma, beta, self.epsilon)
        return shaped(numbers_of(output), shape_of(x)), (x, mean, variance, gamma)

    def backward(self, doutput, kept, weights):
        x, mean, variance, gamma = kept
        rows = self.rows_of(doutput), self.rows_of(x)
        dx, dgamma, dbeta = zeros(shape_of(rows[1])), zeros((len(gamma),)), zeros((len(gamma),))
        layer_norm_backward(dx, dgamma, dbeta, *rows, mean, variance, gamma, self.epsilon)
        own = shape_of(x)[-self.axes :]
        learned = [dgamma] * self.scale + [dbeta] * self.center
        return [shaped(numbers_of(dx), shape_of(x))], [shaped(d, own) for d in learned]
