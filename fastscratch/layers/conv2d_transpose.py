"""Transposed 2-D convolution."""

from collections.abc import Sequence
from typing import Any

from .. import constraints, initializers, regularizers
from ..validation import as_integer, as_pair
from .base import Weight
from .convolution import Convolution


class Conv2DTranspose(Convolution):
    """Transposed 2-D convolution: every pixel is spread over a window of the output.

    It computes what a convolution with the same window hands down as the gradient of its input, so
    with strides above 1 the output is larger than the image.

    Parameters
    ----------
    filters : int
        Channels of the output.
    kernel_size : int or (int, int)
        Rows and columns of the window.
    strides : int or (int, int)
        Steps of the window over the output, from one pixel to the next.
    padding : {"valid", "same"}
        "same" crops the output to `strides` times the size of the image.
    output_padding : int or (int, int), optional
        Rows and columns that are added to those of the smallest output; less than the strides. By
        default as many as give the size that `padding` says or, with "valid", as the strides exceed
        the window by.
    dilation_rate : int or (int, int)
        Distance between neighbouring taps of a filter.
    activation : str or None
        As in :class:`Dense`.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((14, 14, 4)), layers.Conv2DTranspose(8, 3, strides=2)])
    >>> model.output_shape, model.count_params()
    ((None, 29, 29, 8), 296)
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        output_padding: int | tuple[int, int] | None = None,
        dilation_rate: int | tuple[int, int] = (1, 1),
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
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
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = as_pair("output_padding", output_padding, 0)
            for more, stride in zip(self.output_padding, self.strides, strict=True):
                if more >= stride:
                    raise ValueError(
                        f"output_padding must be less than strides={self.strides}, got "
                        f"{self.output_padding}"
                    )
        self.kernel_initializer = initializers.get(kernel_initializer, "kernel_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer, "kernel_regularizer")
        self.kernel_constraint = constraints.get(kernel_constraint, "kernel_constraint")

    def output_sizes(self, places: Sequence[int]) -> tuple[int, ...]:
        sizes, _ = transposed_places(self, places)
        return sizes

    def output_channels(self, channels: int) -> int:
        return self.filters

    def kernels(self, channels: int) -> tuple[Weight, ...]:
        shape = (*self.kernel_size, self.filters, channels)
        how = self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint
        return (Weight("kernel", shape, *how),)


def transposed_places(
    layer: Conv2DTranspose, places: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of a transposed convolution's output, and the padding before the first.

    They are those of the image that a convolution, with that padding, takes to `places`.
    """
    sizes, before = [], []
    more = layer.output_padding or (None, None)
    for size, window, stride, extra in zip(places, layer.extent, layer.strides, more, strict=True):
        spread = (size - 1) * stride
        if layer.padding == "valid":
            output = spread + (max(window, stride) if extra is None else window + extra)
        elif extra is None:
            output = spread + stride
        else:
            output = spread + window % 2 + extra
        sizes.append(output)
        before.append(max(0, spread + window - output) // 2)
    if 0 in sizes:
        raise ValueError(
            f"the output of {layer!r} would be empty: its size is {tuple(sizes)}, got images of "
            f"{tuple(places)}"
        )
    return tuple(sizes), tuple(before)
