"""Batch and layer normalisation."""

from collections.abc import Sequence
from typing import Any

from .. import constraints, initializers, regularizers
from ..validation import as_flag, as_fraction, as_integer, as_positive
from .base import Layer, Shape, Weight
from .checks import sample_axis


class _Normalization(Layer):
    def __init__(
        self,
        axis: int | Sequence[int],
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        several = isinstance(axis, Sequence) and not isinstance(axis, (str, bytes))
        axes = list(axis) if isinstance(axis, Sequence) and several else [axis]
        checked = [as_integer("axis", one, -(2**31)) for one in axes]
        if not checked:
            raise ValueError("axis must be at least one axis, got none")
        self.axis: int | list[int] = checked if several else checked[0]
        self.epsilon = as_positive("epsilon", epsilon)
        self.center = as_flag("center", center)
        self.scale = as_flag("scale", scale)
        self.beta_initializer = initializers.get(beta_initializer, "beta_initializer")
        self.gamma_initializer = initializers.get(gamma_initializer, "gamma_initializer")
        self.beta_regularizer = regularizers.get(beta_regularizer, "beta_regularizer")
        self.gamma_regularizer = regularizers.get(gamma_regularizer, "gamma_regularizer")
        self.beta_constraint = constraints.get(beta_constraint, "beta_constraint")
        self.gamma_constraint = constraints.get(gamma_constraint, "gamma_constraint")

    def output_shape(self, shape: Shape) -> Shape:
        self.normalized(shape)
        return shape

    def normalized(self, shape: Shape) -> Shape:
        """The last axes of a sample: those that have scales and offsets of their own.

        Raises
        ------
        ValueError
            If the axes of the layer are others.
        """
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        first = len(shape) - len(axes)
        if [sample_axis(self, axis, shape) for axis in axes] != list(range(first, len(shape))):
            raise ValueError(
                f"{self!r} takes samples of which its axis is the last, got samples of {shape}; "
                "bring it there with Permute"
            )
        return shape[first:]

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        channels = self.normalized(shape)
        gamma = self.gamma_initializer, self.gamma_regularizer, self.gamma_constraint
        beta = self.beta_initializer, self.beta_regularizer, self.beta_constraint
        weights = (Weight("gamma", channels, *gamma),) * self.scale
        return weights + (Weight("beta", channels, *beta),) * self.center


class BatchNormalization(_Normalization):
    """Each channel less its mean, over its standard deviation: those of the mini-batch.

    They are taken over all axes but the last. In use, and in training if `trainable` is False,
    moving averages take their place.

    Parameters
    ----------
    axis : int
        The axis of the channels, which must be the last; counted from that of the batch, 0.
    momentum : float
        Part of the moving averages that is kept at each step.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether an offset `beta` is added, and whether a factor `gamma` is multiplied.
    beta_initializer, gamma_initializer : str or Initializer
    moving_mean_initializer, moving_variance_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    beta_constraint, gamma_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> from fastscratch import Sequential, layers
    >>> model = Sequential([layers.Input((4,)), layers.Dense(8)])
    >>> model.add(layers.BatchNormalization())
    >>> [len(ws) for ws in (model.trainable_weights, model.non_trainable_weights)]
    [4, 2]
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            as_integer("axis", axis, -(2**31)),
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.momentum = as_fraction("momentum", momentum)
        self.moving_mean_initializer = initializers.get(
            moving_mean_initializer, "moving_mean_initializer"
        )
        self.moving_variance_initializer = initializers.get(
            moving_variance_initializer, "moving_variance_initializer"
        )

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        channels = self.normalized(shape)
        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        return (
            *super().weights(shape),
            Weight("moving_mean", channels, mean, trainable=False),
            Weight("moving_variance", channels, variance, trainable=False),
        )


class LayerNormalization(_Normalization):
    """Each sample's channels less their mean, over their standard deviation.

    They are taken along the last axis: of an image, for each place by itself. With several axes all
    numbers along them are the channels.

    Parameters
    ----------
    axis : int or list of int
        The axes of the channels, which must be the last; counted from that of the batch, 0.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether an offset `beta` is added, and whether a factor `gamma` is multiplied.
    beta_initializer, gamma_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    beta_constraint, gamma_constraint : str or Constraint, optional
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[1.0, 3.0], [0.0, 4.0]])
    >>> Sequential([layers.LayerNormalization(epsilon=1e-9)]).predict(x, verbose=0)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
