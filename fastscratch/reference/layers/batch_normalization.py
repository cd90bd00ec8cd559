"""Batch normalisation."""

import math

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import rows_of, shape_of, zeros
from fastscratch.reference.normalization import (
    batch_norm_backward,
    batch_norm_forward,
    batch_norm_inference,
    moving_average_update,
)


class BatchNormalization(Layer):
    """Each channel less its mean, over its standard deviation; then gamma and beta.

    In training mean and variance are those of the mini-batch.  In use, and where the layer is not
    trainable, they are moving averages of them: the last two weights.
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=0.001, center=True, scale=True, **config):
        super().__init__(**config)
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        learned = ["gamma"] * scale + ["beta"] * center
        self.weight_names = [*learned, "moving_mean", "moving_variance"]

    def weight_shapes(self, shape):
        return dict.fromkeys(self.weight_names, shape[-1:])

    def gamma_and_beta(self, weights):
        """Return scale and offset, those that are not weights included."""
        channels = len(weights[-1])
        gamma = weights[0] if self.scale else [1.0] * channels
        beta = weights[-3] if self.center else [0.0] * channels
        return gamma, beta

    def forward(self, inputs, weights, run):
        (x,) = inputs
        gamma, beta = self.gamma_and_beta(weights)
        output = zeros(shape_of(x))
        rows = rows_of(output), rows_of(x)
        looks_at_batch = run.training and self.trainable
        if looks_at_batch:
            mean, variance = zeros((len(gamma),)), zeros((len(gamma),))
            batch_norm_forward(rows[0], mean, variance, rows[1], gamma, beta, self.epsilon)
        else:
            mean, variance = weights[-2:]
            batch_norm_inference(*rows, mean, variance, gamma, beta, self.epsilon)
        return output, (x, mean, variance, looks_at_batch)

    def backward(self, doutput, kept, weights):
        x, mean, variance, looks_at_batch = kept
        gamma, _ = self.gamma_and_beta(weights)
        dx, dgamma, dbeta = zeros(shape_of(x)), zeros((len(gamma),)), zeros((len(gamma),))
        rows = rows_of(dx), dgamma, dbeta, rows_of(doutput), rows_of(x)
        batch_norm_backward(*rows, mean, variance, gamma, self.epsilon)
        if not looks_at_batch:  # the averages do not move with x: only its own slope is left
            slopes = [g / math.sqrt(v + self.epsilon) for g, v in zip(gamma, variance, strict=True)]
            for dpixel, dout in zip(rows_of(dx), rows_of(doutput), strict=True):
                dpixel[:] = [d * slope for d, slope in zip(dout, slopes, strict=True)]
        return [dx], [dgamma] * self.scale + [dbeta] * self.center + [None, None]

    def moved(self, kept, weights):
        _, mean, variance, looks_at_batch = kept
        if not looks_at_batch:
            return weights
        moving = [list(weights[-2]), list(weights[-1])]
        moving_average_update(moving[0], mean, self.momentum)
        moving_average_update(moving[1], variance, self.momentum)
        return [*weights[:-2], *moving]
