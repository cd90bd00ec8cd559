"""Mean of each window of a sequence."""

from fastscratch.reference.layers.average_pooling2d import AveragePooling2D
from fastscratch.reference.layers.windows import as_images, as_sequences, single


class AveragePooling1D(AveragePooling2D):
    """The mean of each window of the sequences, channel by channel; padding does not count."""

    def __init__(self, pool_size=2, strides=None, padding="valid", **config):
        strides = pool_size if strides is None else strides
        super().__init__((1, single(pool_size)), (1, single(strides)), padding, **config)

    def forward(self, inputs, weights, run):
        output, kept = super().forward([as_images(inputs[0])], weights, run)
        return as_sequences(output), kept

    def backward(self, doutput, kept, weights):
        (dx,), _ = super().backward(as_images(doutput), kept, weights)
        return [as_sequences(dx)], []
