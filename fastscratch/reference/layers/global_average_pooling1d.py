"""Mean of each channel of a sequence."""

from fastscratch.reference.layers.global_average_pooling2d import GlobalAveragePooling2D
from fastscratch.reference.layers.windows import as_images, as_sequences


class GlobalAveragePooling1D(GlobalAveragePooling2D):
    """The mean of each channel over the sequence; with `keepdims` as a sequence of one place."""

    def forward(self, inputs, weights, run):
        output, kept = super().forward([as_images(inputs[0])], weights, run)
        return as_sequences(output) if self.keepdims else output, kept

    def backward(self, doutput, kept, weights):
        doutput = as_images(doutput) if self.keepdims else doutput
        (dx,), _ = super().backward(doutput, kept, weights)
        return [as_sequences(dx)], []
