"""Layers that make one number of several: the numbers at the same place of their inputs."""

import math

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import elementwise, shape_of, shrunk, stretched


class Merge(Layer):
    """Base of these layers: `merge` the numbers at each place, with the `slopes` of that.

    An axis of size 1 is repeated to the size that it has in the samples of the other inputs, and
    axes that are missing at the front are added.
    """

    def merge(self, *numbers):
        """Return one number of several."""
        raise NotImplementedError

    def slopes(self, *numbers):
        """Return the derivative of the merged number with respect to each of the numbers."""
        raise NotImplementedError

    def forward(self, inputs, weights, run):
        shape = _common_shape([shape_of(x[0]) for x in inputs])
        numbers = [[stretched(sample, shape) for sample in x] for x in inputs]
        return elementwise(self.merge, numbers), (inputs, numbers)

    def backward(self, doutput, kept, weights):
        inputs, numbers = kept
        dinputs = []
        for k, x in enumerate(inputs):
            dnumbers = elementwise(lambda d, *u, k=k: d * self.slopes(*u)[k], [doutput, *numbers])
            dinputs.append([shrunk(sample, shape_of(x[0])) for sample in dnumbers])
        return dinputs, []


def _common_shape(shapes):
    """Return the shape that samples of these shapes are stretched to."""
    axes = max(map(len, shapes))
    full = [(*[1] * (axes - len(shape)), *shape) for shape in shapes]
    return tuple(max(sizes) for sizes in zip(*full, strict=True))


class Add(Merge):
    """The sum of the inputs."""

    def merge(self, *numbers):
        return sum(numbers)

    def slopes(self, *numbers):
        return [1.0] * len(numbers)


class Subtract(Merge):
    """The first input less the second."""

    def merge(self, *numbers):
        return numbers[0] - numbers[1]

    def slopes(self, *numbers):
        return [1.0, -1.0]


class Multiply(Merge):
    """The product of the inputs."""

    def merge(self, *numbers):
        return math.prod(numbers)

    def slopes(self, *numbers):
        return [math.prod(numbers[:k] + numbers[k + 1 :]) for k in range(len(numbers))]


class Average(Merge):
    """The mean of the inputs."""

    def merge(self, *numbers):
        return sum(numbers) / len(numbers)

    def slopes(self, *numbers):
        return [1 / len(numbers)] * len(numbers)


class Maximum(Merge):
    """The largest of the inputs; of equal ones the first has the gradient."""

    def merge(self, *numbers):
        return max(numbers)

    def slopes(self, *numbers):
        largest = numbers.index(max(numbers))
        return [float(k == largest) for k in range(len(numbers))]


class Minimum(Merge):
    """The smallest of the inputs; of equal ones the first has the gradient."""

    def merge(self, *numbers):
        return min(numbers)

    def slopes(self, *numbers):
        smallest = numbers.index(min(numbers))
        return [float(k == smallest) for k in range(len(numbers))]
