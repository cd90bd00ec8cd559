"""Layers that act on each number: activations, dropout."""

from typing import Any

from ..validation import as_activation, as_fraction
from .base import Layer


class Activation(Layer):
    """An activation on its own; directly behind a linear layer it costs what it would there.

    Parameters
    ----------
    activation : str
        As in :class:`Dense`.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """

    def __init__(self, activation: str, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = as_activation(activation)


class Dropout(Layer):
    """In training a share of the numbers becomes zero, and the others are scaled up for it.

    Parameters
    ----------
    rate : float
        Share that is dropped, from 0 to below 1.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """

    def __init__(self, rate: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = as_fraction("rate", rate)
