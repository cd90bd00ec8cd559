"""Layer normalisation."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import rows_of, shape_of, zeros
from fastscratch.reference.normalization import layer_norm_backward, layer_norm_forward


class LayerNormalization(Layer):
    """The channels of a sample less their mean, over their standard deviation; gamma and beta.

    Each pixel of an image is normalised for itself.
    """

    def __init__(self, epsilon=0.001, center=True, scale=True, **config):
        super().__init__(**config)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.weight_names = ["gamma"] * scale + ["beta"] * center

    def weight_shapes(self, shape):
        return dict.fromkeys(self.weight_names, shape[-1:])

    def forward(self, inputs, weights, run):
        (x,) = inputs
        rows = rows_of(x)
        gamma = weights[0] if self.scale else [1.0] * len(rows[0])
        beta = weights[-1] if self.center else [0.0] * len(rows[0])
        output, mean, variance = zeros(shape_of(x)), zeros((len(rows),)), zeros((len(rows),))
        layer_norm_forward(rows_of(output), mean, variance, rows, gamma, beta, self.epsilon)
        return output, (x, mean, variance, gamma)

    def backward(self, doutput, kept, weights):
        x, mean, variance, gamma = kept
        dx, dgamma, dbeta = zeros(shape_of(x)), zeros((len(gamma),)), zeros((len(gamma),))
        rows = rows_of(doutput), rows_of(x)
        layer_norm_backward(rows_of(dx), dgamma, dbeta, *rows, mean, variance, gamma, self.epsilon)
        return [dx], [dgamma] * self.scale + [dbeta] * self.center
