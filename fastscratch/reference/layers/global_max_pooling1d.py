"""Largest number of each channel of a sequence."""

from fastscratch.reference.layers.global_max_pooling2d import GlobalMaxPooling2D
from fastscratch.reference.layers.windows import as_images, as_sequences


class GlobalMaxPooling1D(GlobalMaxPooling2D):
    """The largest number of each channel; with `keepdims` as a sequence of one place."""

    def forward(self, inputs, weights, run):
        output, kept = super().forward([as_images(inputs[0])], weights, run)
        return as_sequences(output) if self.keepdims else output, kept

    def backward(self, doutput, kept, weights):
        doutput = as_images(doutput) if self.keepdims else doutput
        (dx,), _ = super().backward(doutput, kept, weights)
        return [as_sequences(dx)], []
