"""Embedding of whole numbers."""

from typing import Any

import numpy as np

from .. import constraints, initializers, regularizers
from ..validation import as_flag, as_integer
from .base import Layer, Shape, Weight


class Embedding(Layer):
    """Each whole number of a sample becomes a row of a table: a learned vector.

    Parameters
    ----------
    input_dim : int
        Rows of the table; the numbers are from 0 to ``input_dim - 1``.
    output_dim : int
        Length of a row.
    embeddings_initializer : str or Initializer
    embeddings_regularizer : str or Regularizer, optional
    embeddings_constraint : str or Constraint, optional
    mask_zero : bool
        Only False: there are no masks.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> from fastscratch import layers
    >>> words = layers.Embedding(1000, 8)(layers.Input((20,)))
    >>> words.shape  # a vector of 8 numbers for each of 20 words
    (None, 20, 8)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.input_dim = as_integer("input_dim", input_dim, 1)
        self.output_dim = as_integer("output_dim", output_dim, 1)
        self.embeddings_initializer = initializers.get(
            embeddings_initializer, "embeddings_initializer"
        )
        self.embeddings_regularizer = regularizers.get(
            embeddings_regularizer, "embeddings_regularizer"
        )
        self.embeddings_constraint = constraints.get(embeddings_constraint, "embeddings_constraint")
        self.mask_zero = as_flag("mask_zero", mask_zero)
        if self.mask_zero:
            raise ValueError("mask_zero must be False, because there are no masks here, got True")

    def check_input(self, name: str, samples: np.ndarray) -> None:
        wrong = ~((samples >= 0) & (samples < self.input_dim) & (samples == np.floor(samples)))
        if wrong.any():
            raise ValueError(
                f"{name} must hold whole numbers from 0 to {self.input_dim - 1}, as {self!r} reads "
                f"it, got {samples[wrong][0]:g}"
            )

    def output_shape(self, shape: Shape) -> Shape:
        return (*shape, self.output_dim)

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        table = (self.input_dim, self.output_dim)
        how = self.embeddings_initializer, self.embeddings_regularizer, self.embeddings_constraint
        return (Weight("embeddings", table, *how),)
