"""The parts that pictures are made of: new Axes, groups of points, rows of images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..validation import as_array, as_integer, as_labels, as_positive, memory_for

__all__ = ["COLORS", "MARKERS", "groups", "mosaic", "panels"]

#: Colours that colour-blind people can tell apart: blue, orange, green, vermilion, purple, sky blue
#: and yellow of Okabe and Ito.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442")
MARKERS = "osD^v"


def panels(n: int = 1, width: float = 5.0, height: float = 4.2) -> list[Any]:
    """Make a new figure with a row of Axes; ``ax.figure.savefig`` writes it to a file.

    Parameters
    ----------
    n : int
        Number of Axes.
    width, height : float
        Size of each of them, in inches.

    Returns
    -------
    list of Axes

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed.

    Examples
    --------
    >>> from fastscratch import plot
    >>> left, right = plot.panels(2)
    >>> line = left.plot([0, 1], [1, 0])
    >>> left.figure.savefig("picture.png")  # doctest: +SKIP
    """
    try:
        from .picture import Picture
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'pictures need matplotlib, which is not installed: pip install "fastscratch[plot]", '
            'or in a checkout: pip install -e ".[plot]"'
        ) from None
    n = as_integer("n", n, 1)
    width, height = as_positive("width", width), as_positive("height", height)
    figure = Picture((n * width, height), layout="constrained")
    with memory_for("n", n):
        return list(figure.subplots(1, n, squeeze=False)[0])


def as_names(value: Any) -> list[str]:
    """Names of classes."""
    is_row = isinstance(value, np.ndarray) and value.ndim == 1
    if isinstance(value, (str, bytes)) or not (is_row or isinstance(value, Sequence)):
        raise TypeError(f"names must be a sequence of strings, got {type(value).__name__}")
    return [str(name) for name in value]


def groups(points: Any, labels: Any, names: Sequence[str], ax: Any = None) -> Any:
    """Draw points in the plane, with a colour and a marker for each group.

    Parameters
    ----------
    points : array_like, shape (n, 2)
    labels : array_like of int, shape (n,)
        The group of each point: an index into `names`.
    names : sequence of str
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import plot
    >>> ax = plot.groups(np.random.rand(6, 2), [0, 0, 0, 1, 1, 1], ("setosa", "virginica"))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['setosa', 'virginica']
    """
    points, names = as_array("points", points, ndim=2), as_names(names)
    labels = as_labels("labels", labels, len(names))
    if points.shape != (len(labels), 2):
        raise ValueError(
            f"points must have shape ({len(labels)}, 2), a row for each label, got {points.shape}"
        )
    ax = ax or panels()[0]
    style = {"s": 26, "edgecolor": "white", "linewidth": 0.5, "zorder": 3}
    for k, name in enumerate(names):
        x, y = points[labels == k].T
        color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
        ax.scatter(x, y, color=color, marker=marker, label=name, **style)
    ax.legend(framealpha=0.9)
    return ax


def mosaic(
    images: Any,
    captions: Sequence[str] = (),
    columns: int | None = None,
    ax: Any = None,
    **show: Any,
) -> Any:
    """Draw images of one channel, all of the same size, side by side in rows.

    Parameters
    ----------
    images : array_like, shape (n, h, w)
    captions : sequence of str
        Written above the images.
    columns : int, optional
        Images in a row; by default about as many as there are rows.
    ax : Axes, optional
    **show
        Arguments for ``Axes.imshow``, such as ``vmin`` and ``vmax``.

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import plot
    >>> ax = plot.mosaic(np.random.rand(6, 8, 8), captions="abcdef", columns=3)
    >>> ax.figure.savefig("images.png")  # doctest: +SKIP
    """
    images = as_array("images", images, np.float32, 3)
    n, height, width = images.shape
    columns = int(np.ceil(n**0.5)) if columns is None else as_integer("columns", columns, 1)
    if not isinstance(captions, Sequence) or len(captions) not in (0, n):
        raise ValueError(f"captions must be {n}, one for each image, got {captions!r}")
    gap = max(1, width // 40)
    row, column = height + (height // 3 if captions else gap), width + gap
    with memory_for("columns", columns):
        sheet = np.full((-(-n // columns) * row, columns * column - gap), np.nan, np.float32)
    ax = ax or panels(width=8, height=8 * sheet.shape[0] / sheet.shape[1])[0]
    for i, image in enumerate(images):
        bottom, left = (i // columns + 1) * row, i % columns * column
        sheet[bottom - height : bottom, left : left + width] = image
        if captions:
            ax.text(left + width / 2, bottom - height - 1, captions[i], ha="center", va="bottom")
    ax.imshow(sheet, **{"cmap": "gray", "interpolation": "nearest", **show})
    ax.set_axis_off()
    return ax
