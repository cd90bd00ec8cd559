"""Curves of a fit."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..callbacks import History
from .axes import COLORS, MARKERS, panels

__all__ = ["plot_history"]


def plot_history(
    history: History | Mapping[str, Sequence[float]],
    metrics: str | Sequence[str] = "loss",
    ax: Any = None,
) -> Any:
    """Draw losses or metrics by epoch: a solid line for training, a dashed one for validation.

    Parameters
    ----------
    history : History or dict of str to sequence of float
        What ``fit`` returned, or its ``history``. The lists of a dict begin at epoch 1.
    metrics : str or sequence of str
        Names in it, a colour for each. If it also holds the name with ``val_`` before it, that is
        the dashed line.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If `history` does not hold one of the names.
    TypeError
        If it is neither a History nor a dict.

    Examples
    --------
    >>> from fastscratch import plot
    >>> ax = plot.plot_history({"loss": [1.0, 0.5, 0.3], "val_loss": [1.1, 0.7, 0.6]})
    >>> ax.get_xlabel()
    'epoch'
    """
    epochs = None
    if isinstance(history, History):
        epochs = np.array(history.epoch) + 1
        history = history.history
    if not isinstance(history, Mapping):
        raise TypeError(f"history must be a History or a dict, got {type(history).__name__}")
    names = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(names, Sequence) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"metrics must be names in history, got {metrics!r}")
    for name in names:
        if name not in history:
            known = ", ".join(map(repr, history)) or "nothing"
            raise ValueError(f"history has no {name!r}; it has {known}")
    ax = ax or panels()[0]
    for i, name in enumerate(names):
        for key, line in ((name, "-"), (f"val_{name}", "--")):
            if key in history:
                values = history[key]
                few = len(values) <= 40
                ax.plot(
                    np.arange(1, len(values) + 1) if epochs is None else epochs,
                    values,
                    color=COLORS[i % len(COLORS)],
                    linestyle=line,
                    marker=MARKERS[i % len(MARKERS)] if few else "",
                    markersize=4,
                    label=key,
                )
    ax.set_xlabel("epoch")
    if len(names) == 1:
        ax.set_ylabel(names[0])
    if len(ax.lines) > 1:
        ax.legend()
    ax.grid(alpha=0.3)
    return ax
