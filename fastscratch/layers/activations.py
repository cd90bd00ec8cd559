"""Activations that have arguments, as layers."""

from collections.abc import Sequence
from typing import Any

from .. import constraints, initializers, regularizers
from ..validation import as_integer, as_not_negative, as_positive
from .base import Layer, Shape, Weight
from .checks import sample_axis


class ReLU(Layer):
    """Rectified linear unit with bounds: ``x`` from the threshold on, but no more than `max_value`.

    Below the threshold it is ``negative_slope (x - threshold)``. ``Activation("relu")``, which has
    none of the three, costs less after a linear layer.

    Parameters
    ----------
    max_value : float, optional
        Not negative; by default there is none.
    negative_slope : float
        Not negative.
    threshold : float
        Not negative.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[-1.0, 2.0, 8.0]])
    >>> Sequential([layers.ReLU(max_value=6.0)]).predict(x, verbose=0)
    array([[0., 2., 6.]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else as_not_negative("max_value", max_value)
        self.negative_slope = as_not_negative("negative_slope", negative_slope)
        self.threshold = as_not_negative("threshold", threshold)


class LeakyReLU(Layer):
    """Leaky rectified linear unit: ``x``, or ``negative_slope x`` below 0.

    Parameters
    ----------
    negative_slope : float
        Not negative. ``Activation("leaky_relu")`` has 0.2, as in Keras.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[-1.0, 2.0]])
    >>> Sequential([layers.LeakyReLU(0.1)]).predict(x, verbose=0)
    array([[-0.1,  2. ]], dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        super().__init__(**kwargs)
        self.negative_slope = as_not_negative("negative_slope", negative_slope)


class ELU(Layer):
    """Exponential linear unit: ``x``, or ``alpha (exp(x) - 1)`` below 0.

    Parameters
    ----------
    alpha : float
        Positive; the function tends to ``-alpha`` at minus infinity.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[-1.0, 2.0]])
    >>> Sequential([layers.ELU()]).predict(x, verbose=0)
    array([[-0.63212055,  2.        ]], dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = as_positive("alpha", alpha)


class PReLU(Layer):
    """Leaky rectified linear unit whose slopes are learned: ``x``, or ``alpha x`` below 0.

    Parameters
    ----------
    alpha_initializer : str or Initializer
    alpha_regularizer : str or Regularizer, optional
    alpha_constraint : str or Constraint, optional
    shared_axes : int or sequence of int, optional
        Axes along which the slopes are the same, counted from the batch axis, 0: ``(1, 2)`` gives
        each channel of an image one slope. By default each number of a sample has its own.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[-1.0, 2.0]])
    >>> Sequential([layers.PReLU(alpha_initializer="ones")]).predict(x, verbose=0)
    array([[-1.,  2.]], dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer, "alpha_initializer")
        self.alpha_regularizer = regularizers.get(alpha_regularizer, "alpha_regularizer")
        self.alpha_constraint = constraints.get(alpha_constraint, "alpha_constraint")
        axes: Sequence[Any] = [shared_axes]
        if shared_axes is None or isinstance(shared_axes, (list, tuple)):
            axes = shared_axes or ()
        self.shared_axes = tuple(as_integer("shared_axes", axis, -(2**31)) for axis in axes) or None

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        shared = {sample_axis(self, axis, shape) for axis in self.shared_axes or ()}
        slopes = tuple(1 if axis in shared else size for axis, size in enumerate(shape))
        limits = self.alpha_regularizer, self.alpha_constraint
        return (Weight("alpha", slopes, self.alpha_initializer, *limits),)


class Softmax(Layer):
    """Softmax along an axis.

    Along the last axis it is ``Activation("softmax")``, and a cross-entropy after it is computed
    from the scores. There are no masks.

    Parameters
    ----------
    axis : int
        Along which the outputs sum to 1; counted from the batch axis, 0.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[0.0, 0.0]])
    >>> Sequential([layers.Softmax()]).predict(x, verbose=0)
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = as_integer("axis", axis, -(2**31))
        if self.axis == 0:
            raise ValueError("axis must not be 0, which is that of the batch")

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "axis":
            self.activation = "softmax" if self.axis == -1 else "linear"

    def output_shape(self, shape: Shape) -> Shape:
        sample_axis(self, self.axis, shape)
        return shape
