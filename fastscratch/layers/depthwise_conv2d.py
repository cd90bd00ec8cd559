"""Depthwise 2-D convolution."""

from typing import Any

from .. import constraints, initializers, regularizers
from ..validation import as_integer
from .base import Weight
from .convolution import Convolution


class DepthwiseConv2D(Convolution):
    """Depthwise 2-D convolution: filters that see one channel each.

    Channel ``c`` of the image becomes the channels ``c * depth_multiplier + m`` of the output, one
    for each ``m`` below `depth_multiplier`.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Rows and columns of a filter.
    strides : int or (int, int)
        Steps of the window.
    padding : {"valid", "same"}
        "same" adds zeros around the image, so that with strides of 1 the output is as large.
    depth_multiplier : int
        Number of filters for each channel.
    dilation_rate : int or (int, int)
        Distance between neighbouring taps of a filter.
    activation : str or None
        As in :class:`Dense`.
    use_bias : bool
    depthwise_initializer, bias_initializer : str or Initializer
    depthwise_regularizer, bias_regularizer : str or Regularizer, optional
    depthwise_constraint, bias_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((28, 28, 4)), layers.DepthwiseConv2D(3)])
    >>> model.output_shape, model.count_params()
    ((None, 26, 26, 4), 40)
    """

    rank = 2

    def __init__(
        self,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        dilation_rate: int | tuple[int, int] = (1, 1),
        activation: str | None = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            kernel_size,
            strides,
            padding,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer,
            bias_regularizer,
            bias_constraint,
            **kwargs,
        )
        self.depth_multiplier = as_integer("depth_multiplier", depth_multiplier, 1)
        self.depthwise_initializer = initializers.get(
            depthwise_initializer, "depthwise_initializer"
        )
        self.depthwise_regularizer = regularizers.get(
            depthwise_regularizer, "depthwise_regularizer"
        )
        self.depthwise_constraint = constraints.get(depthwise_constraint, "depthwise_constraint")

    def output_channels(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def kernels(self, channels: int) -> tuple[Weight, ...]:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        how = self.depthwise_initializer, self.depthwise_regularizer, self.depthwise_constraint
        return (Weight("kernel", shape, *how),)
