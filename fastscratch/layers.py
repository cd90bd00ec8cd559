"""Layers, under the names and defaults of ``keras.layers``: descriptions that hold no numbers."""

from collections.abc import Sequence
from typing import Any

from . import initializers
from .kernels.codes import ACTIVATIONS
from .validation import as_integer, one_of

__all__ = ["Dense", "Input"]


class Input:
    """The shape of one sample.

    Parameters
    ----------
    shape : tuple of one int
        Number of features, as ``(784,)``.
    """

    def __init__(self, shape: tuple[int, ...]):
        if not isinstance(shape, Sequence) or isinstance(shape, str) or len(shape) != 1:
            raise ValueError(f"shape must be a tuple of one int, as (784,), got {shape!r}")
        self.shape = (as_integer("shape", shape[0], 1),)

    def __repr__(self) -> str:
        return f"Input({self.shape})"


class Dense:
    """Fully connected layer, ``activation(x @ kernel + bias)``.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str or None
        "linear" (as None is), "sigmoid", "tanh", "relu", "softmax", "leaky_relu", "elu", "selu",
        "softplus", "silu", "gelu", or "gelu_tanh", the approximate one.
    kernel_initializer, bias_initializer : str or Initializer
    input_shape : tuple of one int, optional
        Number of features, for the first layer of a model (or put an :class:`Input` before it).
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        *,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        input_shape: tuple[int, ...] | None = None,
    ):
        self.units = as_integer("units", units, 1)
        activation = "linear" if activation is None else activation
        self.activation = one_of("activation", activation, ACTIVATIONS)
        self.kernel_initializer = initializers.get("kernel_initializer", kernel_initializer)
        self.bias_initializer = initializers.get("bias_initializer", bias_initializer)
        self.input_shape = None if input_shape is None else Input(input_shape).shape

    def __repr__(self) -> str:
        return f"Dense({self.units}, activation={self.activation!r})"
