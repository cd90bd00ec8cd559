"""Noise."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import numbers_of, shape_of, shaped
from fastscratch.reference.random import random_normal


class GaussianNoise(Layer):
    """In training a draw from N(0, stddev**2) is added to each number."""

    def __init__(self, stddev, **config):
        super().__init__(**config)
        self.stddev = stddev

    def forward(self, inputs, weights, run):
        (x,) = inputs
        if not run.training:
            return x, ()
        numbers = numbers_of(x)
        noise = [0.0] * len(numbers)
        random_normal(noise, run.seed, run.step)
        noisy = [u + self.stddev * e for u, e in zip(numbers, noise, strict=True)]
        return shaped(noisy, shape_of(x)), ()

    def backward(self, doutput, kept, weights):
        return [doutput], []
