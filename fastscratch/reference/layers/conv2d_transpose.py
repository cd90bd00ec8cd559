"""Transposed 2-D convolution."""

from fastscratch.reference.conv2d import (
    conv2d_backward_input,
    conv2d_backward_weight,
    conv2d_forward,
)
from fastscratch.reference.layers.activation import activate, activate_backward
from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.windows import extent, pair
from fastscratch.reference.nested import rows_of, shape_of, zeros


class Conv2DTranspose(Layer):
    """f(transposed convolution + bias): a convolution backwards, from its output to its images.

    What a convolution does to gradients going back, this layer does to numbers going forward, so
    the steps of the window make images larger.  The kernel is (height, width, filters, channels):
    that of the convolution which takes images of `filters` channels to those given here.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        output_padding=None,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        **config,
    ):
        super().__init__(activation, **config)
        self.filters = filters
        self.kernel_size = pair(kernel_size)
        self.strides = pair(strides)
        self.padding = padding
        self.output_padding = (None, None) if output_padding is None else pair(output_padding)
        self.dilation_rate = pair(dilation_rate)
        self.use_bias = use_bias
        self.weight_names = ["kernel", "bias"] if use_bias else ["kernel"]

    def weight_shapes(self, shape):
        return {
            "kernel": (*self.kernel_size, self.filters, shape[-1]),
            "bias": (self.filters,),
        }

    def geometry(self, x):
        """Return the size of the output, and how the kernel slides over it."""
        sizes, padding = [], []
        window = extent(self.kernel_size, self.dilation_rate)
        for axis, stride in enumerate(self.strides):
            w, more = window[axis], self.output_padding[axis]
            steps = (shape_of(x)[1 + axis] - 1) * stride  # from the first window to the last
            if more is None:
                size = steps + (max(w, stride) if self.padding == "valid" else stride)
            else:
                size = steps + (w if self.padding == "valid" else w % 2) + more
            sizes.append(size)
            padding.append(max(steps + w - size, 0) // 2)
        return sizes, (self.strides, padding, self.dilation_rate, 1)

    def forward(self, inputs, weights, run):
        (x,) = inputs
        sizes, sliding = self.geometry(x)
        z = zeros((len(x), *sizes, self.filters))
        conv2d_backward_input(z, x, weights[0], *sliding)
        if self.use_bias:
            for pixel in rows_of(z):
                pixel[:] = [u + b for u, b in zip(pixel, weights[1], strict=True)]
        a = activate(z, self.activation)
        return a, (x, z, a)

    def backward(self, doutput, kept, weights):
        x, z, a = kept
        dz = activate_backward(doutput, z, a, self.activation)
        _, sliding = self.geometry(x)
        channels = len(x[0][0][0])
        dx, dkernel = zeros(shape_of(x)), zeros(shape_of(weights[0]))
        conv2d_forward(dx, dz, weights[0], [0.0] * channels, *sliding)
        conv2d_backward_weight(dkernel, [0.0] * channels, dz, x, *sliding)
        dbias = [sum(channel) for channel in zip(*rows_of(dz), strict=True)]
        return [dx], [dkernel, dbias] if self.use_bias else [dkernel]
