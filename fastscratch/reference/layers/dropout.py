"""Dropout."""

from fastscratch.reference.dropout import dropout_backward, dropout_forward
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import numbers_of, shape_of, shaped


class Dropout(Layer):
    """In training a share of the numbers becomes 0, and the others are scaled up for it."""

    def __init__(self, rate, **config):
        super().__init__(**config)
        self.rate = rate

    def forward(self, inputs, weights, run):
        (x,) = inputs
        if not run.training:
            return x, (run,)
        numbers = numbers_of(x)
        output = [0.0] * len(numbers)
        dropout_forward(output, numbers, self.rate, run.seed, run.step)
        return shaped(output, shape_of(x)), (run,)

    def backward(self, doutput, kept, weights):
        (run,) = kept
        if not run.training:
            return [doutput], []
        numbers = numbers_of(doutput)
        dx = [0.0] * len(numbers)
        dropout_backward(dx, numbers, self.rate, run.seed, run.step)
        return [shaped(dx, shape_of(doutput))], []
