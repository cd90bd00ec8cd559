"""2-D convolution of each channel for itself, and then of all channels at each pixel."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.conv2d import Conv2D
from fastscratch.reference.layers.depthwise_conv2d import DepthwiseConv2D


class SeparableConv2D(Layer):
    """f(pointwise convolution of a depthwise convolution + bias).

    The weights are those of the one and the other, without a bias in between.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=(1, 1),
        padding="valid",
        dilation_rate=(1, 1),
        depth_multiplier=1,
        activation=None,
        use_bias=True,
        **config,
    ):
        super().__init__(activation, **config)
        self.depthwise = DepthwiseConv2D(
            kernel_size, strides, padding, depth_multiplier, dilation_rate, use_bias=False
        )
        self.filters = filters
        self.use_bias = use_bias
        self.weight_names = ["depthwise", "pointwise"] + ["bias"] * use_bias

    def weight_shapes(self, shape):
        depthwise = self.depthwise.weight_shapes(shape)
        pointwise = (1, 1, *depthwise["bias"], self.filters)
        return {
            "depthwise": depthwise["depthwise"],
            "pointwise": pointwise,
            "bias": (self.filters,),
        }

    def forward(self, inputs, weights, run):
        pointwise = Conv2D(self.filters, 1, activation=self.activation, use_bias=self.use_bias)
        between, kept_first = self.depthwise.forward(inputs, weights[:1], run)
        output, kept_second = pointwise.forward([between], weights[1:], run)
        return output, (pointwise, kept_first, kept_second)

    def backward(self, doutput, kept, weights):
        pointwise, kept_first, kept_second = kept
        (dbetween,), dpointwise = pointwise.backward(doutput, kept_second, weights[1:])
        dinputs, ddepthwise = self.depthwise.backward(dbetween, kept_first, weights[:1])
        return dinputs, ddepthwise + dpointwise
