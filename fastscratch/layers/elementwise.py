"""Layers that act on each number: activations, dropout."""

from typing import Any

from .. import activations
from ..validation import as_fraction
from .base import Layer


class Activation(Layer):
    """An activation as a layer; after a linear layer it costs no more than as part of that.

    Parameters
    ----------
    activation : str, or pair of functions
        As in :class:`Dense`.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)


class Dropout(Layer):
    """In training a share of the numbers becomes zero; the others are scaled up to keep the mean.

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
