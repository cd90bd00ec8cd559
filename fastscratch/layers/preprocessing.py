"""Layers that bring the features of data to a common scale."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..initializers import Initializer, Zeros
from ..validation import as_array, as_flag, as_floating, as_integer
from .base import Layer, Shape, Weight
from .checks import sample_axis


def as_numbers(name: str, value: Any) -> Any:
    """A float, or an array as lists of floats."""
    return as_array(name, value).tolist()


class Rescaling(Layer):
    """Each number times a factor, plus an offset.

    Parameters
    ----------
    scale : float or array_like
        The factor: one for all numbers, or an array that NumPy broadcasts to the shape of a sample,
        such as one factor for each channel.
    offset : float or array_like
        As `scale`.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[0.0, 255.0]])
    >>> Sequential([layers.Rescaling(1 / 255)]).predict(x, verbose=0)
    array([[0., 1.]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.scale = as_numbers("scale", scale)
        self.offset = as_numbers("offset", offset)

    def output_shape(self, shape: Shape) -> Shape:
        for name in ("scale", "offset"):
            _check_fit(self, name, getattr(self, name), shape)
        return shape


class Normalization(Layer):
    """Each feature less its mean, over its standard deviation: those of a data set.

    The two are given, or :meth:`adapt` takes them from data; training does not change them.

    Parameters
    ----------
    axis : int, tuple of int or None
        The axes that are kept: each place along them has a mean of its own. Counted from the axis
        of the batch, 0, which must not be among them; by default the last. With None there is one
        mean for all numbers.
    mean, variance : float or array_like, optional
        Both or none.
    invert : bool
        Whether to do the opposite: times the standard deviation, plus the mean.
    **kwargs
        `name`, `trainable`, `input_shape`, ...: see :class:`Layer`.

    Notes
    -----
    A standard deviation below 1e-7 counts as 1e-7, as in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers
    >>> x = np.array([[2.0], [4.0]])
    >>> Sequential([layers.Normalization(mean=2.0, variance=4.0)]).predict(x, verbose=0)
    array([[0.],
           [1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        axes = () if axis is None else axis if isinstance(axis, Sequence) else (axis,)
        self.axis = tuple(as_integer("axis", one, -(2**31)) for one in axes)
        if 0 in self.axis:
            raise ValueError(f"axis must not be 0, the axis of the batch, got {axis!r}")
        if (mean is None) != (variance is None):
            raise ValueError("mean and variance must be given both or not at all, got one of them")
        self.mean: Any = None
        self.variance: Any = None
        if mean is not None:
            self.mean, self.variance = as_numbers("mean", mean), as_numbers("variance", variance)
            if np.shape(self.mean) != np.shape(self.variance):
                raise ValueError(
                    "mean and variance must have the same shape, got "
                    f"{np.shape(self.mean)} and {np.shape(self.variance)}"
                )
            if np.min(self.variance) < 0:
                raise ValueError(f"variance must not be negative, got {np.min(self.variance)}")
        self.invert = as_flag("invert", invert)
        #: Mean and variance of the data that the layer was adapted to.
        self.adapted: tuple[np.ndarray, np.ndarray] | None = None

    def kept_axes(self, shape: Shape) -> tuple[int, ...]:
        """Those of a sample's axes along which there are several means, in their order."""
        return tuple(sorted({sample_axis(self, axis, shape) for axis in self.axis}))

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data: they become weights of the model, now or later.

        Parameters
        ----------
        data : array_like, shape (n, ...)
            Samples; only those to learn from, none that are held out.

        Raises
        ------
        ValueError, TypeError
            If `data` does not hold samples of finite numbers, has not the axes of the layer or of
            the model that it is part of, or mean and variance were given.
        """
        if self.mean is not None:
            raise ValueError("a Normalization with a given mean and variance cannot be adapted")
        data = as_floating("data", data)
        kept = [axis + 1 for axis in self.kept_axes(data.shape[1:])]
        others = tuple(axis for axis in range(data.ndim) if axis not in kept)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
            mean, variance = data.mean(others, np.float64), data.var(others, np.float64)
        as_array("the mean of data", mean, np.float32)
        as_array("the variance of data", variance, np.float32)
        try:
            weights = self.get_weights()
        except ValueError:  # there are none yet
            pass
        else:
            self.set_weights([mean, variance, weights[2]])
        self.adapted = mean, variance

    def output_shape(self, shape: Shape) -> Shape:
        places = tuple(shape[axis] for axis in self.kept_axes(shape))
        if self.mean is not None:
            _check_fit(self, "mean", self.mean, places)
        elif self.adapted is not None and self.adapted[0].shape != places:
            raise ValueError(
                f"{self!r} was adapted to data with means of shape {self.adapted[0].shape}, got "
                f"samples of {shape}"
            )
        return shape

    def weights(self, shape: Shape) -> tuple[Weight, ...]:
        if self.mean is not None:
            return ()
        places = tuple(shape[axis] for axis in self.kept_axes(shape))
        return (
            Weight("mean", places, _Adapted(self, 0), trainable=False),
            Weight("variance", places, _Adapted(self, 1), trainable=False),
            # Never used, but Keras has it among the weights.
            Weight("count", (), Zeros(), trainable=False),
        )


class _Adapted(Initializer):
    """What a layer has been adapted to when the weights are made: mean 0 and variance 1 if nothing.

    Parameters
    ----------
    layer : Normalization
    which : int
        0 for the mean, 1 for the variance.
    """

    def __init__(self, layer: Normalization, which: int):
        self._layer, self._which = layer, which

    def __call__(self, shape: tuple[int, ...], seed: int | None = None) -> np.ndarray:
        if self._layer.adapted is None:
            return np.full(shape, self._which, np.float32)
        value = self._layer.adapted[self._which]
        if value.shape != shape:
            raise ValueError(
                f"{self._layer!r} was adapted to data with means of shape {value.shape}, but the "
                f"model needs them of shape {shape}"
            )
        return value.astype(np.float32)


def _check_fit(layer: Layer, name: str, value: Any, shape: Shape) -> None:
    """Check that numbers can be broadcast to a shape."""
    own = np.shape(value)
    places = shape[len(shape) - len(own) :]
    if len(own) > len(shape) or any(a not in (1, b) for a, b in zip(own, places, strict=True)):
        raise ValueError(
            f"the {name} of {layer!r} must broadcast to {shape}, got an array of {own}"
        )
