"""2-D convolution."""

from fastscratch.reference.conv2d import (
    conv2d_backward_input,
    conv2d_backward_weight,
    conv2d_forward,
)
from fastscratch.reference.layers.activation import activate, activate_backward
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.windows import extent, pair, positions2d
from fastscratch.reference.nested import shape_of, zeros


class Conv2D(Layer):
    """f(convolution of the images with each filter + bias)."""

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        dilation_rate=(1, 1),
        groups=1,
        activation=None,
        use_bias=True,
        **config,
    ):
        super().__init__(activation, **config)
        self.filters = filters
        self.kernel_size = pair(kernel_size)
        self.strides = pair(strides)
        self.padding = padding
        self.dilation_rate = pair(dilation_rate)
        self.groups = groups
        self.use_bias = use_bias
        self.weight_names = ["kernel", "bias"] if use_bias else ["kernel"]

    def weight_shapes(self, shape):
        kernel = (*self.kernel_size, shape[-1] // self.groups, self.filters)
        return {"kernel": kernel, "bias": (self.filters,)}

    def geometry(self, x):
        """Return how often the kernel stands on the images, and how it slides over them."""
        window = extent(self.kernel_size, self.dilation_rate)
        counts, padding = positions2d(x[0], window, self.strides, self.padding)
        return counts, (self.strides, padding, self.dilation_rate, self.groups)

    def forward(self, inputs, weights, run):
        (x,) = inputs
        kernel = weights[0]
        bias = weights[1] if self.use_bias else [0.0] * self.filters
        counts, sliding = self.geometry(x)
        z = zeros((len(x), *counts, self.filters))
        conv2d_forward(z, x, kernel, bias, *sliding)
        a = activate(z, self.activation)
        return a, (x, z, a)

    def backward(self, doutput, kept, weights):
        x, z, a = kept
        dz = activate_backward(doutput, z, a, self.activation)
        dx = zeros(shape_of(x))
        conv2d_backward_input(dx, dz, weights[0], *self.geometry(x)[1])
        return [dx], self.backward_weights(doutput, kept, weights)

    def backward_weights(self, doutput, kept, weights):
        x, z, a = kept
        dz = activate_backward(doutput, z, a, self.activation)
        dkernel, dbias = zeros(shape_of(weights[0])), [0.0] * self.filters
        conv2d_backward_weight(dkernel, dbias, x, dz, *self.geometry(x)[1])
        return [dkernel, dbias] if self.use_bias else [dkernel]
