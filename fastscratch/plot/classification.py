"""What a classifier gets right and wrong."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..validation import as_array, as_integer, as_labels, memory_for, same_length
from .axes import COLORS, as_names, groups, mosaic, panels

__all__ = ["plot_confusion_matrix", "plot_decision_boundary", "plot_misclassified"]

# Labels must be below this if they have no names.
MOST_CLASSES = 2**31


def plot_decision_boundary(
    model: Any,
    X: Any,
    y: Any,
    names: Sequence[str] | None = None,
    resolution: int = 200,
    ax: Any = None,
) -> Any:
    """Draw the regions of the plane in which a classifier predicts each class, and points.

    A region has the colour of its class. The colour is paler where the probability of the class is
    not far above that of the second most probable class; at a black line the two are equal.

    Parameters
    ----------
    model : object
        A trained model with two inputs. Either a classifier with the interface of scikit-learn,
        ``classes_`` and ``predict_proba`` or ``predict``; or a model whose ``predict`` returns
        probabilities, in a column for each class or in one column for class 1.
    X : array_like or DataFrame, shape (n, 2)
        Points to draw; the picture reaches a little beyond them.
    y : array_like, shape (n,)
        Their classes: those of ``model.classes_``, or 0, 1, 2, ...
    names : sequence of str, optional
        Names of the classes.
    resolution : int
        The model predicts at this many points in each direction.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `X` has not two columns, a label is not one of the model's classes, or the model does
        not return probabilities.

    Examples
    --------
    >>> from fastscratch import Sequential, datasets, layers, plot
    >>> points, arm = datasets.make_spirals(60)
    >>> model = Sequential([layers.Input((2,)), layers.Dense(2, "softmax")])
    >>> ax = plot.plot_decision_boundary(model, points, arm, names=("left", "right"))
    """
    points = as_array("X", X, ndim=2)
    labels = _labels("y", y)
    if points.shape[1] != 2:
        raise ValueError(f"X must have two columns, got {points.shape[1]}")
    same_length(X=points, y=labels)
    resolution = as_integer("resolution", resolution, 2)
    margin = 0.08 * np.ptp(points, axis=0) + 1e-6 * np.abs(points).max(axis=0) + 1e-9
    with memory_for("resolution", resolution):
        grid = np.empty((resolution, resolution, 2))
    across, up = np.linspace(points.min(axis=0) - margin, points.max(axis=0) + margin, resolution).T
    grid[..., 0], grid[..., 1] = np.meshgrid(across, up)
    places = grid.reshape(-1, 2)
    if hasattr(X, "columns"):  # a model that was fitted to a DataFrame expects one
        places = type(X)(places, columns=X.columns)
    shares, classes = _probabilities(model, places)
    wrong = ~np.isin(labels, classes)
    wrong |= (labels.dtype.kind == "U") != (np.asarray(classes).dtype.kind in "UO")
    if wrong.any():
        known = np.asarray(classes).tolist()
        raise ValueError(f"y must hold the model's classes {known}, got {labels[wrong][0]}")
    names = _names(names, classes)

    ax = ax or panels()[0]
    shares = shares.reshape(resolution, resolution, -1)
    second, first = np.partition(shares, -2, axis=-1)[..., -2:].transpose(2, 0, 1)
    ahead = (first - second)[..., None]
    colors = np.array([_rgb(k) for k in range(len(classes))])[shares.argmax(axis=-1)]
    half = np.array([across[1] - across[0], up[1] - up[0]]) / 2
    ax.imshow(
        1 - 0.55 * ahead * (1 - colors),
        extent=(across[0] - half[0], across[-1] + half[0], up[0] - half[1], up[-1] + half[1]),
        origin="lower",
        aspect="auto",
    )
    for k in range(len(classes) - 1):  # every border of the last class is also one of another
        lead = shares[..., k] - np.delete(shares, k, axis=-1).max(axis=-1)
        if lead.min() < 0 < lead.max():
            ax.contour(across, up, lead, [0], colors="black", linewidths=1)
    groups(points, np.searchsorted(classes, labels), names, ax)
    if hasattr(X, "columns"):
        ax.set(xlabel=X.columns[0], ylabel=X.columns[1])
    return ax


def _probabilities(model: Any, X: Any) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of the classes, a column for each, and the classes in ascending order."""
    if not hasattr(model, "predict"):
        raise TypeError(f"model must have a method predict, got {type(model).__name__}")
    if hasattr(model, "predict_proba"):
        return np.asarray(model.predict_proba(X)), model.classes_
    outputs = np.asarray(model.predict(X))
    if hasattr(model, "classes_"):
        return (outputs[:, None] == model.classes_).astype(np.float64), model.classes_
    if outputs.ndim != 2 or outputs.min() < 0 or outputs.max() > 1:
        raise ValueError(
            "model must return probabilities of classes, got outputs of shape "
            f"{outputs.shape} from {outputs.min():g} to {outputs.max():g}"
        )
    if outputs.shape[1] == 1:
        outputs = np.hstack([1 - outputs, outputs])
    return outputs, np.arange(outputs.shape[1])


def _rgb(k: int) -> list[float]:
    """The colour of a class as shares of red, green and blue."""
    code = COLORS[k % len(COLORS)]
    return [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _names(names: Sequence[str] | None, classes: np.ndarray) -> list[str]:
    """A name for each class."""
    if names is None:
        return [str(value) for value in classes]
    names = as_names(names)
    if len(names) != len(classes):
        raise ValueError(f"names must be {len(classes)}, one for each class, got {len(names)}")
    return names


def plot_confusion_matrix(
    y_true: Any, y_pred: Any, names: Sequence[str] | None = None, ax: Any = None
) -> Any:
    """Draw how often each class is predicted for each true class.

    The shade is the share of the samples of the true class.

    Parameters
    ----------
    y_true, y_pred : array_like, shape (n,)
        Labels: numbers or strings.
    names : sequence of str, optional
        Names of the labels 0, 1, 2, ...; by default the labels that occur are their own names.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the lengths differ, an array is not 1-D or empty, or a label has no name.

    Examples
    --------
    >>> from fastscratch import plot
    >>> ax = plot.plot_confusion_matrix([0, 1, 2, 2], [0, 1, 2, 0], names=("a", "b", "c"))
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('predicted', 'true')
    """
    truth, guess = _labels("y_true", y_true), _labels("y_pred", y_pred)
    same_length(y_true=truth, y_pred=guess)
    if (truth.dtype.kind == "U") != (guess.dtype.kind == "U"):
        raise TypeError(
            "y_true and y_pred must both hold numbers or both hold strings, got one of each"
        )
    classes = np.unique(np.concatenate([truth, guess]))
    if names is not None:
        names = as_names(names)
        if not np.isin(classes, np.arange(len(names))).all():
            raise ValueError(
                f"labels must be below {len(names)}, the number of names, got {classes.tolist()}"
            )
        classes = np.arange(len(names))
    names = _names(names, classes)
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (np.searchsorted(classes, truth), np.searchsorted(classes, guess)), 1)

    ax = ax or panels(width=max(4.0, 1.6 + 0.5 * len(classes)))[0]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            ax.text(
                column,
                row,
                counts[row, column],
                ha="center",
                va="center",
                color="white" if shares[row, column] > 0.5 else "black",
            )
    long = max(map(len, names)) > 4
    ax.set_xticks(range(len(names)), names, rotation=45 * long, ha="right" if long else "center")
    ax.set_yticks(range(len(names)), names)
    right = np.trace(counts)
    ax.set(xlabel="predicted", ylabel="true", title=f"{right} of {len(truth)} right")
    return ax


def plot_misclassified(
    x: Any,
    y_true: Any,
    y_pred: Any,
    names: Sequence[str] | None = None,
    n: int = 24,
    ax: Any = None,
) -> Any:
    """Draw images that a classifier assigns to the wrong class.

    Parameters
    ----------
    x : array_like, shape (n, h, w), (n, h, w, 1), or (n, h * h) for square images
    y_true : array_like of int, shape (n,)
        Labels 0, 1, 2, ...
    y_pred : array_like, shape (n,) or (n, classes)
        Labels, or probabilities of the classes. With probabilities, the mistakes of which the model
        was most certain come first.
    names : sequence of str, optional
        Names of the classes.
    n : int
        Largest number of images to draw.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the lengths differ, or `x` does not hold grey images.

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import datasets, plot
    >>> (images, labels), _ = datasets.load_mnist()
    >>> wrong = np.zeros_like(labels)  # every digit is taken for a zero
    >>> ax = plot.plot_misclassified(images[:100], labels[:100], wrong[:100], n=6)
    """
    images = _grey_images(x)
    names = None if names is None else as_names(names)
    classes = MOST_CLASSES if names is None else len(names)
    truth, outputs = as_labels("y_true", y_true, classes), as_array("y_pred", y_pred)
    if outputs.ndim == 2:
        guess, sure = outputs.argmax(axis=1), outputs.max(axis=1)
    else:
        guess, sure = outputs, np.zeros(len(truth))
    guess = as_labels("y_pred", guess, classes)
    same_length(x=images, y_true=truth)
    same_length(y_true=truth, y_pred=guess)
    wrong = np.flatnonzero(guess != truth)
    shown = wrong[np.argsort(-sure[wrong], kind="stable")][: as_integer("n", n, 1)]

    def name(label: Any) -> str:
        return str(label if names is None else names[label])

    ax = ax or panels(width=9, height=0.8 + 1.4 * max(1, -(-len(shown) // 6)))[0]
    if len(shown):
        captions = [f"{name(truth[i])} taken for {name(guess[i])}" for i in shown]
        mosaic(images[shown], captions, min(6, len(shown)), ax, cmap="gray_r")
    ax.set_axis_off()
    ax.set_title(f"{len(wrong)} of {len(truth):,} taken for another class")
    return ax


def _labels(name: str, value: Any) -> np.ndarray:
    """Numbers or strings."""
    try:
        labels = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be an array, got rows of different lengths") from None
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"{name} must hold a label for each sample, got shape {labels.shape}")
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels):
        labels = labels.astype(str)  # pandas holds strings as objects
    if labels.dtype.kind != "U":
        as_array(name, labels)
    return labels


def _grey_images(x: Any) -> np.ndarray:
    """Images as an array (n, h, w)."""
    images = as_array("x", x, np.float32)
    if images.ndim == 4 and images.shape[3] == 1:
        return images[..., 0]
    if images.ndim == 2:
        side = round(images.shape[1] ** 0.5)
        if side * side == images.shape[1]:
            return images.reshape(-1, side, side)
    if images.ndim != 3:
        raise ValueError(
            "x must hold grey images, (n, h, w), (n, h, w, 1) or (n, h * h), got shape "
            f"{images.shape}"
        )
    return images
