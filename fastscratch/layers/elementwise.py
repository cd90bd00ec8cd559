"""Layers that act on each number: activations, dropout."""

from typing import Any

from .. import activations
from ..validation import as_fraction, as_integer
from .base import Layer


class Activation(Layer):
    """An activation as a layer; after a linear layer it costs no more than as part of that.

    Parameters
    ----------
    activation : str, or pair of functions
        As in :class:`Dense`.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[-1.0, 2.0]])
    >>> Sequential([layers.Activation("relu")]).predict(x, verbose=0)
    array([[0., 2.]], dtype=float32)
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
    seed : int, optional
        Of what is dropped; by default that of the model.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Dropout(0.5, seed=0)])
    >>> x = np.ones((1, 6))
    >>> bool((model.predict(x, verbose=0) == x).all())  # it acts in training only
    True
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.rate = as_fraction("rate", rate)
        self.seed = None if seed is None else as_integer("seed", seed, 0)
