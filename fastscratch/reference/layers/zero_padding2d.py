"""Zeros around images."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import shape_of, zeros


class ZeroPadding2D(Layer):
    """The images with rows and columns of zeros around them."""

    def __init__(self, padding=(1, 1), **config):
        super().__init__(**config)
        self.padding = edges(padding)

    def forward(self, inputs, weights, run):
        return padded(inputs[0], self.padding), ()

    def backward(self, doutput, kept, weights):
        return [cropped(doutput, self.padding)], []


def edges(sizes):
    """Return ((top, bottom), (left, right)), from one number, one for each axis, or all four."""
    down, across = sizes if isinstance(sizes, (tuple, list)) else (sizes, sizes)
    return tuple(
        tuple(ends) if isinstance(ends, (tuple, list)) else (ends, ends) for ends in (down, across)
    )


def padded(images, sizes):
    """Return images with this many rows and columns of zeros at their edges."""
    (top, bottom), (left, right) = sizes
    n, height, width, channels = shape_of(images)
    output = zeros((n, top + height + bottom, left + width + right, channels))
    for i in range(n):
        for y in range(height):
            output[i][top + y][left : left + width] = [list(pixel) for pixel in images[i][y]]
    return output


def cropped(images, sizes):
    """Return images without this many rows and columns at their edges."""
    (top, bottom), (left, right) = sizes
    return [
        [row[left : len(row) - right] for row in image[top : len(image) - bottom]]
        for image in images
    ]
