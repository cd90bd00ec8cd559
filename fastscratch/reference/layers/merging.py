"""Layers that make one number of several: the numbers at the same place of their inputs."""

import math

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.nested import (
    elementwise,
    numbers_of,
    shape_of,
    shaped,
    shrunk,
    stretched,
)


class Merge(Layer):
    """Base of these layers: `merge` the numbers at each place, with the `slopes` of that.

    An axis of size 1 is repeated to the size that it has in the other inputs, and an input of fewer
    axes gets the missing ones, of size 1, before its own.
    """

    def merge(self, *numbers):
        """Return one number of several."""
        raise NotImplementedError

    def slopes(self, *numbers):
        """Return the derivative of the merged number with respect to each of the numbers."""
        raise NotImplementedError

    def forward(self, inputs, weights, run):
        axes = max(len(shape_of(x)) for x in inputs)
        full = [_with_axes(x, axes) for x in inputs]
        shape = [max(sizes) for sizes in zip(*map(shape_of, full), strict=True)]
        numbers = [stretched(x, shape) for x in full]
        return elementwise(self.merge, numbers), (inputs, full, numbers)

    def backward(self, doutput, kept, weights):
        inputs, full, numbers = kept
        dinputs = []
        for k in range(len(inputs)):

            def share(d, *at_place, k=k):
                return d * self.slopes(*at_place)[k]

            dx = shrunk(elementwise(share, [doutput, *numbers]), shape_of(full[k]))
            dinputs.append(shaped(numbers_of(dx), shape_of(inputs[k])))
        return dinputs, []


def _with_axes(x, axes):
    """Return a mini-batch with axes of size 1 in the samples, so that it has this many."""
    n, *shape = shape_of(x)
    return shaped(numbers_of(x), (n, *[1] * (axes - 1 - len(shape)), *shape))


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
