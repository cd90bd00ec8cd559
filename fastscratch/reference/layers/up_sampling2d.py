"""Images made larger."""

import math

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.windows import pair
from fastscratch.reference.nested import shape_of, zeros


class UpSampling2D(Layer):
    """The images with each row and each column taken several times.

    With `interpolation="bilinear"` the new pixels lie on straight lines between the centres of the
    old ones, and beyond the outermost centres they are as the nearest.
    """

    def __init__(self, size=(2, 2), interpolation="nearest", **config):
        super().__init__(**config)
        self.size = pair(size)
        self.interpolation = interpolation

    def shares(self, shape):
        """Return (y, x, row, column, share) for each new pixel and each old one it is made of."""
        _, height, width, _ = shape
        return [
            (y, x, row, column, down * across)
            for y in range(height * self.size[0])
            for row, down in self.sources(y, height, self.size[0])
            for x in range(width * self.size[1])
            for column, across in self.sources(x, width, self.size[1])
        ]

    def sources(self, place, size, factor):
        """Return (old place, share) for each old place along an axis that makes up a new one."""
        if self.interpolation == "nearest":
            return [(place // factor, 1.0)]
        centre = (place + 0.5) / factor - 0.5
        before = math.floor(centre)
        share = centre - before
        return [(max(before, 0), 1 - share), (min(before + 1, size - 1), share)]

    def forward(self, inputs, weights, run):
        (images,) = inputs
        n, height, width, channels = shape_of(images)
        output = zeros((n, height * self.size[0], width * self.size[1], channels))
        for y, x, row, column, share in self.shares(shape_of(images)):
            for i in range(n):
                for c in range(channels):
                    output[i][y][x][c] += share * images[i][row][column][c]
        return output, (shape_of(images),)

    def backward(self, doutput, kept, weights):
        (shape,) = kept
        dimages = zeros(shape)
        for y, x, row, column, share in self.shares(shape):
            for i in range(shape[0]):
                for c in range(shape[3]):
                    dimages[i][row][column][c] += share * doutput[i][y][x][c]
        return [dimages], []
