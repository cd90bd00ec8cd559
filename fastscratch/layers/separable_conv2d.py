"""Separable 2-D convolution."""

from typing import Any

from .. import constraints, initializers, regularizers
from ..validation import as_integer
from .base import Weight
from .convolution import Convolution


class SeparableConv2D(Convolution):
    """Separable 2-D convolution: a depthwise one, and then one of single pixels.

    The depthwise convolution filters each channel; the pointwise one mixes what comes out. Bias and
    activation come after the second.

    Parameters
    ----------
    filters : int
        Number of pointwise filters: channels of the output.
    kernel_size : int or (int, int)
        Rows and columns of a depthwise filter.
    strides : int or (int, int)
        Steps of the window.
    padding : {"valid", "same"}
        "same" adds zeros around the image, so that with strides of 1 the output is as large.
    dilation_rate : int or (int, int)
        Distance between neighbouring taps of a depthwise filter.
    depth_multiplier : int
        Number of depthwise filters for each channel.
    activation : str or None
        As in :class:`Dense`.
    use_bias : bool
    depthwise_initializer, pointwise_initializer, bias_initializer : str or Initializer
    depthwise_regularizer, pointwise_regularizer, bias_regularizer : str or Regularizer, optional
    depthwise_constraint, pointwise_constraint, bias_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((28, 28, 4)), layers.SeparableConv2D(8, 3)])
    >>> model.output_shape, model.count_params()
    ((None, 26, 26, 8), 76)
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        dilation_rate: int | tuple[int, int] = (1, 1),
        depth_multiplier: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
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
        self.filters = as_integer("filters", filters, 1)
        self.depth_multiplier = as_integer("depth_multiplier", depth_multiplier, 1)
        self.depthwise_initializer = initializers.get(
            depthwise_initializer, "depthwise_initializer"
        )
        self.pointwise_initializer = initializers.get(
            pointwise_initializer, "pointwise_initializer"
        )
        self.depthwise_regularizer = regularizers.get(
            depthwise_regularizer, "depthwise_regularizer"
        )
        self.pointwise_regularizer = regularizers.get(
            pointwise_regularizer, "pointwise_regularizer"
        )
        self.depthwise_constraint = constraints.get(depthwise_constraint, "depthwise_constraint")
        self.pointwise_constraint = constraints.get(pointwise_constraint, "pointwise_constraint")

    def output_channels(self, channels: int) -> int:
        return self.filters

    def kernels(self, channels: int) -> tuple[Weight, ...]:
        depthwise = (*self.kernel_size, channels, self.depth_multiplier)
        pointwise = (1, 1, channels * self.depth_multiplier, self.filters)
        return (
            Weight(
                "depthwise_kernel",
                depthwise,
                self.depthwise_initializer,
                self.depthwise_regularizer,
                self.depthwise_constraint,
            ),
            Weight(
                "pointwise_kernel",
                pointwise,
                self.pointwise_initializer,
                self.pointwise_regularizer,
                self.pointwise_constraint,
            ),
        )
