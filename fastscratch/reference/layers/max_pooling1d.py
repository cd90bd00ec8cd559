"""Largest number of each window of a sequence."""

from fastscratch.reference.layers.max_pooling2d import MaxPooling2D
from fastscratch.reference.layers.windows import as_images, as_sequences, single


class MaxPooling1D(MaxPooling2D):
    """The largest number of each window of the sequences, channel by channel."""

    def __init__(self, pool_size=2, strides=None, padding="valid", **config):
        strides = pool_size if strides is None else strides
        super().__init__((1, single(pool_size)), (1, single(strides)), padding, **config)

    def forward(self, inputs, weights, run):
        output, kept = super().forward([as_images(inputs[0])], weights, run)
        return as_sequences(output), kept

    def backward(self, doutput, kept, weights):
        (dx,), _ = super().backward(as_images(doutput), kept, weights)
        return [as_sequences(dx)], []
