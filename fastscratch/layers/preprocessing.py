"""Layers that bring the features of data to a common scale."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..initializers import Constant, Initializer, Ones, Zeros
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
        `name`, `trainable`, `input_shape`: see :class:`Layer`.
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
        The axes along which each place has a mean of its own, counted from the axis of the batch,
        0, which must not be among them: by default each number of the last axis. With None there is
        one mean for all numbers.
    mean, variance : float or array_like, optional
        Both or none.
    invert : bool
        Whether to do the opposite: times the standard deviation, plus the mean.
    **kwargs
        `name`, `trainable`, `input_shape`: see :class:`Layer`.

    Notes
    -----
    A standard deviation below 1e-7 counts as 1e-7, as in Keras.
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
        """Take mean and variance from data.

        A model reads them when its weights are made, which is when it first needs them.

        Parameters
        ----------
        data : array_like, shape (n, ...)
            Samples.

        Raises
        ------
        ValueError, TypeError
            If `data` does not hold samples of finite numbers, has not the axes of the layer, or
            mean and variance were given.
        """
        if self.mean is not None:
            raise ValueError("a Normalization with a given mean and variance cannot be adapted")
        data = as_floating("data", data)
        kept = [axis + 1 for axis in self.kept_axes(data.shape[1:])]
        others = tuple(axis for axis in range(data.ndim) if axis not in kept)
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is found right below
            mean, variance = data.mean(others, np.float64), data.var(others, np.float64)
        as_array("the mean of data", mean, np.float32)
        as_array("the variance of data", variance, np.float32)
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
        first: tuple[Initializer, Initializer] = Zeros(), Ones()
        if self.adapted is not None:
            first = Constant(self.adapted[0]), Constant(self.adapted[1])
        return (
            Weight("mean", places, first[0], trainable=False),
            Weight("variance", places, first[1], trainable=False),
            # Nothing counts, but it is among the weights in Keras.
            Weight("count", (), Zeros(), trainable=False),
        )


def _check_fit(layer: Layer, name: str, value: Any, shape: Shape) -> None:
    """Check that numbers can be broadcast to a shape."""
    own = np.shape(value)
    places = shape[len(shape) - len(own) :]
    if len(own) > len(shape) or any(a not in (1, b) for a, b in zip(own, places, strict=True)):
        raise ValueError(
            f"the {name} of {layer!r} must broadcast to {shape}, got an array of {own}"
        )
