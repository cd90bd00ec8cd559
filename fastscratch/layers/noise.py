"""Layers that add noise in training and do nothing in use."""

from typing import Any

from ..validation import as_integer, as_not_negative
from .base import Layer, Shape, as_image
from .elementwise import Dropout


class GaussianNoise(Layer):
    """In training, normal numbers of mean zero are added.

    Parameters
    ----------
    stddev : float
        Standard deviation of the noise.
    seed : int, optional
        Of the noise; by default that of the model.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.GaussianNoise(0.1)])
    >>> x = np.ones((1, 6))
    >>> bool((model.predict(x, verbose=0) == x).all())  # it acts in training only
    True
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.stddev = as_not_negative("stddev", stddev)
        self.seed = None if seed is None else as_integer("seed", seed, 0)


class SpatialDropout2D(Dropout):
    """In training a share of the channels becomes zero, each at all places of the image.

    The others are scaled up, as :class:`Dropout` does.

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
    >>> model = Sequential([layers.SpatialDropout2D(0.5)])
    >>> x = np.ones((1, 2, 2, 1))
    >>> bool((model.predict(x, verbose=0) == x).all())  # it acts in training only
    True
    """

    def output_shape(self, shape: Shape) -> Shape:
        return as_image(self, shape)
