"""Pictures with matplotlib, the optional extra ``plot``.

Each function draws on the Axes it is given as ``ax``, or on a new one, and returns it. A new Axes
sits in a ``Figure`` of its own: neither pyplot nor the user's backend is touched.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

__all__ = ["COLORS", "curves", "groups", "mosaic", "panels"]

#: Blue, orange and green that colour-blind people can tell apart (Okabe and Ito).
COLORS = ("#0072B2", "#E69F00", "#009E73")


def panels(n: int = 1, width: float = 5.0, height: float = 4.2) -> list[Any]:
    """A new figure with a row of Axes; ``ax.figure.savefig`` writes it.

    Parameters
    ----------
    n : int
        Number of Axes.
    width, height : float
        Size of each in inches.

    Returns
    -------
    list of Axes

    Raises
    ------
    ModuleNotFoundError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'pictures need matplotlib, which is not installed: pip install "fastscratch[plot]", '
            'or in a checkout: pip install -e ".[plot]"'
        ) from None
    figure = Figure((n * width, height), layout="constrained")
    return list(figure.subplots(1, n, squeeze=False)[0])


def curves(series: Mapping[str, Sequence[float]], ax: Any = None, *, first: int = 1) -> Any:
    """One line for each named series, such as the loss or the accuracy of each epoch.

    Parameters
    ----------
    series : dict of str to sequence of float
    ax : Axes, optional
    first : int
        Number of the first epoch.

    Returns
    -------
    Axes
    """
    ax = ax or panels()[0]
    for i, (name, values) in enumerate(series.items()):
        marker = "osD^v"[i % 5] if len(values) <= 40 else ""
        epochs = range(first, first + len(values))
        ax.plot(epochs, values, color=COLORS[i % 3], marker=marker, markersize=4, label=name)
    ax.grid(alpha=0.3)
    if len(series) > 1:
        ax.legend()
    return ax


def groups(points: Any, labels: Any, names: Sequence[str], ax: Any = None) -> Any:
    """Points in the plane, a colour and a marker for each group.

    Parameters
    ----------
    points : array_like, shape (n, 2)
    labels : array_like of int, shape (n,)
        Places in `names`.
    names : sequence of str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = ax or panels()[0]
    points, labels = np.asarray(points), np.asarray(labels)
    style = {"s": 26, "edgecolor": "white", "linewidth": 0.5, "zorder": 3}
    for k, name in enumerate(names):
        x, y = points[labels == k].T
        ax.scatter(x, y, color=COLORS[k % 3], marker="osD^v"[k % 5], label=name, **style)
    ax.legend(framealpha=0.9)
    return ax


def mosaic(
    images: Any,
    captions: Sequence[str] = (),
    columns: int | None = None,
    ax: Any = None,
    **show: Any,
) -> Any:
    """Grey images of one size side by side, in rows.

    Parameters
    ----------
    images : array_like, shape (n, h, w)
    captions : sequence of str
        Written above the images.
    columns : int, optional
        Images in a row; by default as many as there are rows.
    ax : Axes, optional
    **show
        For ``Axes.imshow``, as ``vmin`` and ``vmax``.

    Returns
    -------
    Axes
    """
    images = np.asarray(images, dtype=np.float32)
    n, height, width = images.shape
    columns = columns or int(np.ceil(n**0.5))
    gap = max(1, width // 40)
    row, column = height + (height // 3 if captions else gap), width + gap
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
