"""Fully connected layer."""

from typing import Any

from .. import activations, constraints, initializers, regularizers
from ..validation import as_flag, as_integer
from .base import Layer, Shape, Weight


class Dense(Layer):
    """Fully connected layer, ``activation(x @ kernel + bias)``.

    Samples of more than one axis are multiplied along their last.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, pair of functions, or None
        A name, one of :data:`fastscratch.activations.NAMES`; None is "linear", and "gelu_tanh" is
        the approximate "gelu". Or ``(value, derivative)``: see
        :class:`fastscratch.activations.Custom`.
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str or Regularizer, optional
    kernel_constraint, bias_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((784,)), layers.Dense(100, "relu"), layers.Dense(10)])
    >>> model.output_shape, model.count_params()
    ((None, 10), 79510)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = as_integer("units", units, 1)
        self.activation = activations.get(activation)
        self.use_bias = as_flag("use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer, "kernel_initializer")
        self.bias_initializer = initializers.get(bias_initializer, "bias_initializer")
        self.kernel_regularizer = regularizers.get(kernel_regularizer, "kernel_regularizer")
        self.bias_regularizer = regularizers.get(bias_regularizer, "bias_regularizer")
        self.kernel_constraint = constraints.get(kernel_constraint, "kernel_constraint")
        self.bias_constraint = constraints.get(bias_constraint, "bias_constraint")

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape[:-1], self.units)

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        kernel = Weight(
            "kernel",
            (shape[-1], self.units),
            self.kernel_initializer,
            self.kernel_regularizer,
            self.kernel_constraint,
        )
        bias = Weight(
            "bias",
            (self.units,),
            self.bias_initializer,
            self.bias_regularizer,
            self.bias_constraint,
        )
        return (kernel, bias) if self.use_bias else (kernel,)
