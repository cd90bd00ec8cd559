"""Gradients: how they fare on their way through the layers, and which inputs they point at."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..models import Model
from ..validation import as_array, as_integer, as_pair
from .axes import COLORS, MARKERS, as_names, panels

__all__ = ["plot_gradient_norms", "plot_input_gradients"]

# Up to this many features have room for their names.
MOST_NAMES = 40


def plot_gradient_norms(model: Model | Mapping[str, Model], x: Any, y: Any, ax: Any = None) -> Any:
    """Draw how large the gradient of each layer's weights is, from the first layer to the last.

    The axis of the norms is logarithmic. A gradient that vanishes falls by a constant factor with
    each layer that it is handed down through, and so is a straight line that falls to the left. A
    norm of zero has no point.

    Parameters
    ----------
    model : Model or dict of str to Model
        Compiled; with several, each has a line, and its key is the label.
    x, y : array_like
        Samples and targets, as ``fit`` takes them.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If `model` is no model.
    ValueError, RuntimeError
        As :meth:`Model.gradient_norms`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers, plot
    >>> model = Sequential([layers.Input((4,)), layers.Dense(8, "relu"), layers.Dense(1)])
    >>> model.compile("sgd", "mean_squared_error")
    >>> ax = plot.plot_gradient_norms(model, np.random.rand(10, 4), np.random.rand(10))
    """
    models = model if isinstance(model, Mapping) else {"": model}
    if not models:
        raise ValueError("model must be a Model or a dict of them, got an empty dict")
    norms = {str(name): _checked(one).gradient_norms(x, y) for name, one in models.items()}
    ax = ax or panels(width=6.4)[0]
    for i, (name, by_layer) in enumerate(norms.items()):
        values = np.array(list(by_layer.values()))
        ax.plot(
            np.arange(1, len(values) + 1),
            np.where(values > 0, values, np.nan),
            color=COLORS[i % len(COLORS)],
            marker=MARKERS[i % len(MARKERS)],
            markersize=5,
            label=name,
        )
    if any(value > 0 for by_layer in norms.values() for value in by_layer.values()):
        ax.set_yscale("log")
    layers = {tuple(by_layer) for by_layer in norms.values()}
    longest = max(map(len, layers))
    if len(layers) == 1:
        (names,) = layers
        ax.set_xticks(range(1, longest + 1), names, rotation=45, ha="right")
    else:  # layers of the same number need not have the same name
        ax.set_xticks(range(1, longest + 1))
        ax.set_xlabel("layer with weights")
    ax.set_ylabel("norm of the gradient")
    if isinstance(model, Mapping):
        ax.legend()
    ax.grid(alpha=0.3)
    return ax


def plot_input_gradients(
    model: Model,
    x: Any,
    y: Any,
    names: Sequence[str] | None = None,
    shape: tuple[int, int] | None = None,
    n: int = 8,
    ax: Any = None,
) -> Any:
    """Draw which inputs the loss depends on most: where its derivative is far from zero.

    Below each of a few images there is a map of the absolute gradient of its loss: black where it
    is zero, bright where it is large, each map on a scale of its own that ends with the number
    below it. Of several channels the largest is taken. If the samples are rows of a table, there
    is a bar for each column instead: the mean over all samples of the absolute gradient. Columns
    can be compared if they are on one scale.

    Parameters
    ----------
    model : Model
        Compiled, with one input.
    x, y : array_like or DataFrame
        Samples and targets, as ``fit`` takes them: images (n, h, w) or (n, h, w, c), or rows.
    names : sequence of str, optional
        Names of the columns of a table; by default those of a DataFrame.
    shape : (int, int), optional
        Height and width, if the rows are images that were made flat.
    n : int
        Largest number of images; the first are drawn.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    TypeError
        If `model` is no model.
    ValueError
        If it has several inputs, if a row does not have as many numbers as `shape` says, or not as
        many as there are names.
    RuntimeError
        If the model is not compiled.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import Sequential, layers, plot
    >>> model = Sequential([layers.Input((4,)), layers.Dense(3, "softmax")])
    >>> model.compile("sgd", "sparse_categorical_crossentropy")
    >>> ax = plot.plot_input_gradients(model, np.random.rand(10, 4), np.arange(10) % 3)
    """
    if len(_checked(model).input_names) != 1:
        raise ValueError(f"model must have one input, got {len(model.input_names)}")
    if names is None and hasattr(x, "columns"):
        names = list(x.columns)
    gradients = np.abs(model.input_gradients(x, y))
    images = as_array("x", x, model.dtype)
    if shape is not None:
        height, width = as_pair("shape", shape, 1)
        if images.ndim != 2 or images.shape[1] != height * width:
            raise ValueError(
                f"x must have rows of {height * width} numbers, one for each pixel of "
                f"shape={height, width}, got {images.shape}"
            )
        images = images.reshape(-1, height, width)
    if images.ndim == 2:
        return _bars(gradients.mean(axis=0), names, ax)
    if images.ndim not in (3, 4):
        raise ValueError(
            f"x must hold rows or images, (n, h, w) or (n, h, w, c), got {images.shape}"
        )
    maps = gradients.reshape(images.shape)
    maps = maps.max(axis=3) if maps.ndim == 4 else maps
    n = as_integer("n", n, 1)
    return _saliency(images[:n], maps[:n], ax)


def _checked(model: Any) -> Model:
    """A model, or an error."""
    if not isinstance(model, Model):
        raise TypeError(f"model must be a Model, got {type(model).__name__}")
    return model


def _bars(sizes: np.ndarray, names: Sequence[str] | None, ax: Any) -> Any:
    """A bar for each feature, the first at the top."""
    count = len(sizes)
    names = None if names is None else as_names(names)
    if names is not None and len(names) != count:
        raise ValueError(f"names must be {count}, one for each column of x, got {len(names)}")
    has_room = count <= MOST_NAMES
    ax = ax or panels(height=1.2 + 0.3 * max(count, 4) if has_room else 4.2)[0]
    ax.barh(range(count), sizes, 0.8 if has_room else 1, color=COLORS[0])
    if has_room:
        ax.set_yticks(range(count), names or [str(i) for i in range(count)])
    ax.set(ylim=(count - 0.5, -0.5), xlabel="mean absolute gradient of the loss")
    ax.grid(axis="x", alpha=0.3)
    return ax


def _saliency(images: np.ndarray, maps: np.ndarray, ax: Any) -> Any:
    """Each image, and below it its map."""
    n, height, width = maps.shape
    gap = max(1, width // 10)
    column = width + gap
    sheet = np.zeros((2 * height + gap, n * column - gap, 4))  # transparent
    ax = ax or panels(width=max(3.0, 1.3 * n), height=3.2)[0]
    from matplotlib import colormaps

    for i, (shades, sizes) in enumerate(zip(_shades(images), maps, strict=True)):
        largest = float(sizes.max())
        across = slice(i * column, i * column + width)
        sheet[:height, across, :3], sheet[:height, across, 3] = shades, 1
        sheet[height + gap :, across] = colormaps["inferno"](sizes / (largest or 1.0))
        ax.text(
            i * column + (width - 1) / 2,
            len(sheet) + gap / 2,
            f"max {largest:.2g}",
            ha="center",
            va="top",
            fontsize="small",
        )
    ax.imshow(sheet, interpolation="nearest")
    ax.set_axis_off()
    ax.set_title("images and their gradients")
    return ax


def _shades(images: np.ndarray) -> np.ndarray:
    """Red, green and blue from 0 to 1, (n, h, w, 3): grey, unless there are three channels."""
    if images.ndim == 3:
        images = images[..., None]
    if images.shape[3] != 3:
        images = images.mean(axis=3, keepdims=True)
    low, high = float(images.min()), float(images.max())
    return np.broadcast_to((images - low) / (high - low or 1.0), (*images.shape[:3], 3))
