"""2-D convolution."""

from typing import Any

from .convolution import GroupedConvolution


class Conv2D(GroupedConvolution):
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
        The channels are cut into this many parts, and each filter sees one of them.
    activation : str or None
        As in :class:`Dense`.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Notes
    -----
    Rounding is as said of :func:`fastscratch.ops.conv`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((28, 28, 1)), layers.Conv2D(8, 3, activation="relu")])
    >>> model.output_shape, model.count_params()
    ((None, 26, 26, 8), 80)
    """

    rank = 2

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
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            filters,
            groups,
            kernel_initializer,
            kernel_regularizer,
            kernel_constraint,
            kernel_size=kernel_size,
            strides=strides,
            padding=padding,
            dilation_rate=dilation_rate,
            activation=activation,
            use_bias=use_bias,
            bias_initializer=bias_initializer,
            bias_regularizer=bias_regularizer,
            bias_constraint=bias_constraint,
            **kwargs,
        )
