"""How many times faster: bars on a logarithmic axis."""

from collections.abc import Mapping
from typing import Any

from .axes import COLORS, panels


def draw_ratios(ratios: Mapping[str, float], ax: Any = None) -> Any:
    """Draw a bar for each ratio, the longest at the top; those below 1 go to the left.

    Parameters
    ----------
    ratios : dict of float
        By name; all above 0.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = ax or panels(width=8, height=1 + 0.32 * len(ratios))[0]
    names = sorted(ratios, key=lambda name: ratios[name])
    values = [ratios[name] for name in names]
    places = range(len(names))
    colors = [COLORS[0 if value >= 1 else 3] for value in values]
    ax.barh(places, [value - 1 for value in values], left=1, color=colors, height=0.7)
    for place, value in zip(places, values, strict=True):
        text = f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"
        side = "left" if value >= 1 else "right"
        ax.annotate(
            text,
            (value, place),
            (4 if value >= 1 else -4, 0),
            textcoords="offset points",
            ha=side,
            va="center",
        )
    low, high = min([1.0, *values]), max([10.0, *values])
    ax.set_xscale("log")
    ax.set_xlim(low / 2 if low < 1 else 1, high * 2.5)  # the numbers need room
    ax.set_yticks(places, names)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("times faster")
    return ax
