"""What convolutions have in common: a window that slides over sequences or images."""

from collections.abc import Sequence
from typing import Any

from .. import activations, constraints, initializers, regularizers
from ..validation import as_flag, as_integer, as_sizes, one_of
from .base import Layer, Shape, Weight
from .checks import as_places


class Convolution(Layer):
    """Base of all convolutions.

    Parameters
    ----------
    kernel_size, strides : int or tuple of int
    padding : str
        One of `paddings`.
    dilation_rate : int or tuple of int
    activation : str or None
    use_bias : bool
    bias_initializer : str or Initializer
    bias_regularizer : str or Regularizer, optional
    bias_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.
    """

    #: Axes along which the window moves: 1 for sequences, 2 for images.
    rank: int
    paddings: tuple[str, ...] = ("valid", "same")

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: str,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        bias_regularizer: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.kernel_size = as_sizes("kernel_size", kernel_size, self.rank, 1)
        self.strides = as_sizes("strides", strides, self.rank, 1)
        self.padding = one_of("padding", padding, self.paddings)
        self.dilation_rate = as_sizes("dilation_rate", dilation_rate, self.rank, 1)
        self.activation = activations.get(activation)
        self.use_bias = as_flag("use_bias", use_bias)
        self.bias_initializer = initializers.get(bias_initializer, "bias_initializer")
        self.bias_regularizer = regularizers.get(bias_regularizer, "bias_regularizer")
        self.bias_constraint = constraints.get(bias_constraint, "bias_constraint")

    @property
    def extent(self) -> tuple[int, ...]:
        """What the window covers along each axis."""
        taps = zip(self.kernel_size, self.dilation_rate, strict=True)
        return tuple((size - 1) * rate + 1 for size, rate in taps)

    def output_shape(self, shape: Shape) -> Shape:
        *places, channels = as_places(self, shape, self.rank)
        return (*self.output_sizes(places), self.output_channels(channels))

    def output_sizes(self, places: Sequence[int]) -> tuple[int, ...]:
        """Steps, or rows and columns, of the output."""
        sizes, _ = output_places(self, places, self.extent, self.strides, self.padding)
        return sizes

    def output_channels(self, channels: int) -> int:
        """Channels of the output, for those of the input."""
        raise NotImplementedError

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        channels = shape[-1]
        kernels = self.kernels(channels)
        if not self.use_bias:
            return kernels
        bias = Weight(
            "bias",
            (self.output_channels(channels),),
            self.bias_initializer,
            self.bias_regularizer,
            self.bias_constraint,
        )
        return (*kernels, bias)

    def kernels(self, channels: int) -> tuple[Weight, ...]:
        """The weights before the bias, for a number of channels of the input."""
        raise NotImplementedError


class GroupedConvolution(Convolution):
    """Base of the convolutions whose filters see all channels, or a group of them.

    Parameters
    ----------
    filters, groups : int
    kernel_initializer : str or Initializer
    kernel_regularizer : str or Regularizer, optional
    kernel_constraint : str or Constraint, optional
    **kwargs
        The arguments of :class:`Convolution`.
    """

    def __init__(
        self,
        filters: int,
        groups: int,
        kernel_initializer: Any,
        kernel_regularizer: Any,
        kernel_constraint: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.filters = as_integer("filters", filters, 1)
        self.groups = as_integer("groups", groups, 1)
        if self.filters % self.groups:
            raise ValueError(f"filters must be divisible by groups={groups}, got {filters}")
        self.kernel_initializer = initializers.get(kernel_initializer, "kernel_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer, "kernel_regularizer")
        self.kernel_constraint = constraints.get(kernel_constraint, "kernel_constraint")

    def output_channels(self, channels: int) -> int:
        if channels % self.groups:
            raise ValueError(
                f"{self!r} takes channels divisible by groups={self.groups}, got {channels}"
            )
        return self.filters

    def kernels(self, channels: int) -> tuple[Weight, ...]:
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        how = self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint
        return (Weight("kernel", shape, *how),)


def output_places(
    layer: object,
    places: Sequence[int],
    extent: Sequence[int],
    strides: Sequence[int],
    padding: str,
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns of what a window sees, and the padding before the first of them.

    With "same" and an odd number, the padding before is one less than after, as in Keras. With
    "causal" all padding is before.
    """
    sizes, before = [], []
    for size, window, stride in zip(places, extent, strides, strict=True):
        if padding == "causal":
            sizes.append(-(-size // stride))
            before.append(window - 1)
        elif padding == "same":
            positions = -(-size // stride)
            missing = max(0, (positions - 1) * stride + window - size)
            sizes.append(positions)
            before.append(missing // 2)
        elif size >= window:
            sizes.append((size - window) // stride + 1)
            before.append(0)
        else:
            kind = "image" if len(places) == 2 else "sequence"
            raise ValueError(
                f"the window of {layer!r} is larger than the {kind}: it covers {tuple(extent)}, "
                f"got {kind}s of {tuple(places)}"
            )
    return tuple(sizes), tuple(before)
