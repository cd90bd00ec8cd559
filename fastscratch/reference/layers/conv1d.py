"""1-D convolution."""

from fastscratch.reference.layers.base import Layer
from fastscratch.reference.layers.conv2d import Conv2D
from fastscratch.reference.layers.windows import as_images, as_sequences, single


class Conv1D(Layer):
    """f(convolution of the sequences with each filter + bias): a 2-D convolution of one row.

    With "causal" padding the output at a place depends on no later place.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        padding="valid",
        dilation_rate=1,
        groups=1,
        activation=None,
        use_bias=True,
        **config,
    ):
        super().__init__(activation, **config)
        self.filters = filters
        self.kernel_size = single(kernel_size)
        self.strides = single(strides)
        self.padding = padding
        self.dilation_rate = single(dilation_rate)
        self.groups = groups
        self.use_bias = use_bias
        self.weight_names = ["kernel", "bias"] if use_bias else ["kernel"]

    def weight_shapes(self, shape):
        kernel = (self.kernel_size, shape[-1] // self.groups, self.filters)
        return {"kernel": kernel, "bias": (self.filters,)}

    def as_conv2d(self):
        """Return the same layer for images of one row."""
        return Conv2D(
            self.filters,
            (1, self.kernel_size),
            (1, self.strides),
            self.padding,
            (1, self.dilation_rate),
            self.groups,
            self.activation,
            self.use_bias,
        )

    def forward(self, inputs, weights, run):
        images = [as_images(inputs[0])]
        output, kept = self.as_conv2d().forward(images, _of_one_row(weights), run)
        return as_sequences(output), kept

    def backward(self, doutput, kept, weights):
        (dimages,), dweights = self.as_conv2d().backward(
            as_images(doutput), kept, _of_one_row(weights)
        )
        return [as_sequences(dimages)], [dweights[0][0], *dweights[1:]]


def _of_one_row(weights):
    """Return the weights with a kernel of one row."""
    return [[weights[0]], *weights[1:]]
