"""Batch and layer normalisation."""

from typing import Any

from .. import initializers, regularizers
from ..validation import as_flag, as_fraction, as_positive
from .base import Layer, Shape, Weight


class _Normalization(Layer):
    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.epsilon = as_positive("epsilon", epsilon)
        self.center = as_flag("center", center)
        self.scale = as_flag("scale", scale)
        self.beta_initializer = initializers.get("beta_initializer", beta_initializer)
        self.gamma_initializer = initializers.get("gamma_initializer", gamma_initializer)
        self.beta_regularizer = regularizers.get("beta_regularizer", beta_regularizer)
        self.gamma_regularizer = regularizers.get("gamma_regularizer", gamma_regularizer)

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        channels = shape[-1:]
        gamma = Weight("gamma", channels, self.gamma_initializer, self.gamma_regularizer)
        beta = Weight("beta", channels, self.beta_initializer, self.beta_regularizer)
        return (gamma,) * self.scale + (beta,) * self.center


class BatchNormalization(_Normalization):
    """Each channel less its mean, over its standard deviation: those of the mini-batch.

    They are taken over all axes but the last. In use, and in training if `trainable` is False,
    moving averages take their place.

    Parameters
    ----------
    momentum : float
        Part of the moving averages that is kept at each step.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether an offset `beta` is added, and whether a factor `gamma` is multiplied.
    beta_initializer, gamma_initializer : str or Initializer
    moving_mean_initializer, moving_variance_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """

    def __init__(
        self,
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
        **kwargs: Any,
    ):
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **kwargs,
        )
        self.momentum = as_fraction("momentum", momentum)
        self.moving_mean_initializer = initializers.get(
            "moving_mean_initializer", moving_mean_initializer
        )
        self.moving_variance_initializer = initializers.get(
            "moving_variance_initializer", moving_variance_initializer
        )

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        channels = shape[-1:]
        mean, variance = self.moving_mean_initializer, self.moving_variance_initializer
        return (
            *super().weights(shape),
            Weight("moving_mean", channels, mean, trainable=False),
            Weight("moving_variance", channels, variance, trainable=False),
        )


class LayerNormalization(_Normalization):
    """Each sample's channels less their mean, over their standard deviation.

    They are taken along the last axis: of an image, for each place by itself.

    Parameters
    ----------
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether an offset `beta` is added, and whether a factor `gamma` is multiplied.
    beta_initializer, gamma_initializer : str or Initializer
    beta_regularizer, gamma_regularizer : str or Regularizer, optional
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
    """

    def __init__(
        self,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        **kwargs: Any,
    ):
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            **kwargs,
        )
