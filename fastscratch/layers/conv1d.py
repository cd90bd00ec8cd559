"""1-D convolution."""

from typing import Any

from .convolution import GroupedConvolution


class Conv1D(GroupedConvolution):
    """1-D convolution: every filter slides along the sequence.

    As everywhere in this field it is a cross-correlation: the filters are not flipped.

    Parameters
    ----------
    filters : int
        Number of filters: channels of the output.
    kernel_size : int
        Steps of a filter.
    strides : int
        Steps by which the window moves.
    padding : {"valid", "same", "causal"}
        "same" adds zeros around the sequence, so that with strides of 1 the output is as long;
        "causal" adds all of them before it, so that no output depends on a later step.
    dilation_rate : int
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

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((100, 4)), layers.Conv1D(8, 3)])
    >>> model.output_shape, model.count_params()
    ((None, 98, 8), 104)
    """

    rank = 1
    paddings = ("valid", "same", "causal")

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int],
        strides: int | tuple[int] = (1,),
        padding: str = "valid",
        dilation_rate: int | tuple[int] = (1,),
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
