"""2-D convolution."""

from typing import Any

from .. import initializers, regularizers
from ..validation import as_activation, as_flag, as_integer, as_pair, one_of
from .base import Layer, Shape, Weight, as_image


class Conv2D(Layer):
    """2-D convolution: every filter slides over the image.

    As everywhere in this field it is a cross-correlation: the filters are not flipped.

    Parameters
    ----------
    filters : int
        Number of filters: channels of the output.
    kernel_size : int or (int, int)
        Rows and columns of a filter.
    strides : int or (int, int)
        Steps of the window.
    padding : {"valid", "same"}
        "same" adds zeros around the image, so that with strides of 1 the output is as large.
    dilation_rate : int or (int, int)
        Distance between neighbouring taps of a filter.
    groups : int
        The channels are cut into so many parts, and each filter sees one of them.
    activation : str or None
        As in :class:`Dense`.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.

    Notes
    -----
    Rounding is as said of :func:`fastscratch.ops.conv`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        strides: int | tuple[int, int] = (1, 1),
        padding: str = "valid",
        dilation_rate: int | tuple[int, int] = (1, 1),
        groups: int = 1,
        activation: str | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.filters = as_integer("filters", filters, 1)
        self.kernel_size = as_pair("kernel_size", kernel_size, 1)
        self.strides = as_pair("strides", strides, 1)
        self.padding = one_of("padding", padding, ("valid", "same"))
        self.dilation_rate = as_pair("dilation_rate", dilation_rate, 1)
        self.groups = as_integer("groups", groups, 1)
        if self.filters % self.groups:
            raise ValueError(f"filters must be divisible by groups={groups}, got {filters}")
        self.activation = as_activation(activation)
        self.use_bias = as_flag("use_bias", use_bias)
        self.kernel_initializer = initializers.get("kernel_initializer", kernel_initializer)
        self.bias_initializer = initializers.get("bias_initializer", bias_initializer)
        self.kernel_regularizer = regularizers.get("kernel_regularizer", kernel_regularizer)
        self.bias_regularizer = regularizers.get("bias_regularizer", bias_regularizer)

    @property
    def extent(self) -> tuple[int, int]:
        """Rows and columns that a filter covers."""
        taps = zip(self.kernel_size, self.dilation_rate, strict=True)
        return tuple((k - 1) * d + 1 for k, d in taps)

    def output_shape(self, shape: Shape) -> Shape:
        *places, channels = as_image(self, shape)
        if channels % self.groups:
            raise ValueError(
                f"{self!r} takes channels divisible by groups={self.groups}, got {channels}"
            )
        sizes, _ = output_places(self, places, self.extent, self.strides, self.padding)
        return (*sizes, self.filters)

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        kernel = Weight(
            "kernel",
            (*self.kernel_size, shape[-1] // self.groups, self.filters),
            self.kernel_initializer,
            self.kernel_regularizer,
        )
        bias = Weight("bias", (self.filters,), self.bias_initializer, self.bias_regularizer)
        return (kernel, bias) if self.use_bias else (kernel,)


def output_places(layer, places, extent, strides, padding):
    """Rows and columns of what a window sees, and the padding before the first of them.

    With "same", Keras pads one less before than after where the number is odd.
    """
    sizes, before = [], []
    for size, window, stride in zip(places, extent, strides, strict=True):
        if padding == "same":
            positions = -(-size // stride)
            missing = max(0, (positions - 1) * stride + window - size)
            sizes.append(positions)
            before.append(missing // 2)
        elif size >= window:
            sizes.append((size - window) // stride + 1)
            before.append(0)
        else:
            raise ValueError(
                f"the window of {layer!r} is larger than the image: it covers {tuple(extent)}, "
                f"got images of {tuple(places)}"
            )
    return tuple(sizes), tuple(before)
