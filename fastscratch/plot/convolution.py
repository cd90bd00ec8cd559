"""Pictures of a convolutional network: its filters, and its feature maps of an image."""

from typing import Any

import numpy as np

from ..layers import Conv2D
from ..models import Sequential
from ..validation import as_array
from .axes import mosaic, panels

__all__ = ["plot_feature_maps", "plot_filters"]


def plot_filters(model: Sequential, layer: str | int, ax: Any = None) -> Any:
    """Draw the filters of a convolution: red is positive, blue negative, white zero.

    Filters over one channel are laid out in a square. Filters over several channels have a column
    each, with a row for each channel. The gaps are grey.

    Parameters
    ----------
    model : Sequential
    layer : str or int
        Name or index of a Conv2D layer.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no such layer, or it is not a Conv2D.

    Examples
    --------
    >>> from fastscratch import Sequential, layers, plot
    >>> model = Sequential([layers.Input((28, 28, 1)), layers.Conv2D(4, 5, name="edges")])
    >>> ax = plot.plot_filters(model, "edges")
    """
    body = _body(model, layer)
    last = body.layers[-1]
    if not isinstance(last, Conv2D):
        raise ValueError(f"plot_filters needs a Conv2D layer, got {last!r}")
    kernel = body.get_weights()[-2 if last.use_bias else -1]
    height, width, channels, filters = kernel.shape
    images = kernel.transpose(2, 3, 0, 1).reshape(-1, height, width)
    limit = float(abs(images).max()) or 1.0
    ax = ax or panels(width=6.4)[0]  # raises the error if matplotlib is not installed
    from matplotlib import colormaps

    mosaic(
        images,
        columns=None if channels == 1 else filters,
        ax=ax,
        cmap=colormaps["RdBu_r"].with_extremes(bad="0.8"),
        vmin=-limit,
        vmax=limit,
    )
    ax.figure.colorbar(ax.images[-1], ax=ax, shrink=0.8, label="weight")
    seen = f" over {channels} channels" if channels > 1 else ""
    ax.set_title(f"{last.name}: {filters} filters of {height} x {width}{seen}")
    return ax


def plot_feature_maps(model: Sequential, image: Any, layer: str | int, ax: Any = None) -> Any:
    """Draw the output of a layer for one image: a grey picture for each channel, on one scale.

    Parameters
    ----------
    model : Sequential
    image : array_like, shape (h, w, c), or (h, w) for one channel
        With its pixels scaled like those that the model was trained on.
    layer : str or int
        Name or index of a layer that returns images.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If there is no such layer, if it does not return images, or if the model does not take the
        image.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers, plot
    >>> model = Sequential([layers.Input((28, 28, 1)), layers.Conv2D(4, 5, name="edges")])
    >>> ax = plot.plot_feature_maps(model, np.random.rand(28, 28, 1), "edges")
    """
    body = _body(model, layer)
    pixels = as_array("image", image, np.float32)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    maps = body.predict(pixels[None])[0]
    last = body.layers[-1]
    if maps.ndim != 3:
        raise ValueError(
            f"plot_feature_maps needs a layer that returns (height, width, channels), got "
            f"{last!r}, which returns {maps.shape}"
        )
    height, width, channels = maps.shape
    ax = mosaic(maps.transpose(2, 0, 1), ax=ax)
    ax.figure.colorbar(ax.images[-1], ax=ax, shrink=0.8)
    ax.set_title(f"{last.name}: {channels} maps of {height} x {width}")
    return ax


def _body(model: Any, layer: str | int) -> Sequential:
    """The model up to a layer."""
    if not isinstance(model, Sequential):
        raise TypeError(f"model must be a Sequential, got {type(model).__name__}")
    return model.submodel(layer)
