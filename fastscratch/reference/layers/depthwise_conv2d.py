"""2-D convolution of each channel for itself."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.conv2d import Conv2D
from fastscratch.reference.layers.windows import pair
from fastscratch.reference.nested import numbers_of, shape_of, shaped


class DepthwiseConv2D(Layer):
    """f(convolution of each channel with filters of its own + bias).

    It is a convolution with a group for each channel: output channel c * depth_multiplier + m
    comes from input channel c and its filter m, which is kernel[..., c, m].
    """

    def __init__(
        self,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        depth_multiplier=1,
        dilation_rate=(1, 1),
        activation=None,
        use_bias=True,
        **config,
    ):
        super().__init__(activation, **config)
        self.kernel_size = pair(kernel_size)
        self.strides = strides
        self.padding = padding
        self.depth_multiplier = depth_multiplier
        self.dilation_rate = dilation_rate
        self.use_bias = use_bias
        self.weight_names = ["depthwise", "bias"] if use_bias else ["depthwise"]

    def weight_shapes(self, shape):
        kernel = (*self.kernel_size, shape[-1], self.depth_multiplier)
        return {"depthwise": kernel, "bias": (shape[-1] * self.depth_multiplier,)}

    def as_conv2d(self, channels):
        """Return the same layer as a convolution in groups."""
        return Conv2D(
            channels * self.depth_multiplier,
            self.kernel_size,
            self.strides,
            self.padding,
            self.dilation_rate,
            groups=channels,
            activation=self.activation,
            use_bias=self.use_bias,
        )

    def forward(self, inputs, weights, run):
        conv2d = self.as_conv2d(channels=len(inputs[0][0][0][0]))
        output, kept = conv2d.forward(inputs, _as_groups(weights), run)
        return output, (conv2d, kept)

    def backward(self, doutput, kept, weights):
        conv2d, kept_there = kept
        dinputs, dweights = conv2d.backward(doutput, kept_there, _as_groups(weights))
        dkernel = shaped(numbers_of(dweights[0]), shape_of(weights[0]))
        return dinputs, [dkernel, *dweights[1:]]


def _as_groups(weights):
    """Return the weights with a kernel (height, width, 1, c * m), from (height, width, c, m)."""
    height, width, channels, multiplier = shape_of(weights[0])
    kernel = shaped(numbers_of(weights[0]), (height, width, 1, channels * multiplier))
    return [kernel, *weights[1:]]
