"""Pictures of predictions with their intervals."""

from typing import Any

import numpy as np

from ..validation import as_array, as_integer, as_number, same_length
from .axes import COLORS, panels

__all__ = ["plot_prediction_interval"]


def plot_prediction_interval(
    model: Any, X: Any, y: Any = None, column: int = 0, level: float = 0.9, ax: Any = None
) -> Any:
    """Draw the predictions of a regression and their intervals over one of its columns.

    Parameters
    ----------
    model : BaggingRegressor
        Fitted with ``oob_score=True``; or any with its ``predict`` and ``predict_interval``.
    X : array_like, shape (n, k)
        Rows to predict.
    y : array_like, shape (n,), optional
        Targets, drawn as points; those outside their interval in another colour.
    column : int
        The horizontal axis.
    level : float
        Of the intervals.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> import numpy as np
    >>> from fastscratch import ensemble, neural_network, plot
    >>> x = np.linspace(-1, 1, 40)[:, None]
    >>> y = x[:, 0] ** 2
    >>> network = neural_network.MLPRegressor("squared_error", (8,), tol=0.01, max_iter=1000)
    >>> bag = ensemble.BaggingRegressor(network, n_estimators=20, oob_score=True, random_state=0)
    >>> ax = plot.plot_prediction_interval(bag.fit(x, y), x, y)
    """
    if not hasattr(model, "predict_interval"):
        raise TypeError(f"model must have predict_interval, got {type(model).__name__}")
    rows, level = as_array("X", X, ndim=2), as_number("level", level)
    if as_integer("column", column, 0) >= rows.shape[1]:
        raise ValueError(f"column must be from 0 to {rows.shape[1] - 1}, got {column}")
    order = np.argsort(rows[:, column], kind="stable")
    lower, upper = (bound[order] for bound in model.predict_interval(X, level))
    across = rows[order, column]
    ax = ax or panels()[0]
    ax.fill_between(across, lower, upper, color=COLORS[0], alpha=0.2, label=f"{level:.0%} interval")
    ax.plot(across, np.asarray(model.predict(X))[order], color=COLORS[0], label="prediction")
    if y is not None:
        targets = as_array("y", y, ndim=1)
        same_length(X=rows, y=targets)
        targets = targets[order]
        inside = (lower <= targets) & (targets <= upper)
        for which, color, name in ((inside, COLORS[2], "inside"), (~inside, COLORS[3], "outside")):
            ax.scatter(across[which], targets[which], color=color, s=14, label=name, zorder=3)
        ax.set_title(f"{inside.mean():.1%} of the targets are inside")
    ax.legend(fontsize="small")
    ax.set(xlabel=str(X.columns[column]) if hasattr(X, "columns") else f"column {column}")
    return ax
