"""How objects show themselves in a notebook: HTML without scripts, in the colours of the page."""

import html
import math
from collections.abc import Sequence

__all__ = ["lines", "sparkline", "table"]


class Drawing(str):
    """HTML that was made here; any other text is shown as it is, whatever it looks like."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "") -> str:
    """A table; the first column is aligned to the left, the others to the right.

    A cell that is a :class:`Drawing` is a picture, all others are texts.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        shown = [
            f'<{tag} style="text-align: {"right" if i else "left"}">'
            f"{cell if isinstance(cell, Drawing) else html.escape(cell)}</{tag}>"
            for i, cell in enumerate(cells)
        ]
        return f"<tr>{''.join(shown)}</tr>"

    title = f'<caption style="text-align: left">{html.escape(caption)}</caption>' * bool(caption)
    body = "".join(line(row, "td") for row in rows)
    return f"<table>{title}<thead>{line(head, 'th')}</thead><tbody>{body}</tbody></table>"


def lines(texts: Sequence[str]) -> str:
    """A paragraph with a line for each text."""
    return f"<p>{'<br>'.join(map(html.escape, texts))}</p>"


def sparkline(values: Sequence[float], width: int = 120, height: int = 20) -> Drawing:
    """A line through the finite ones of some numbers, without axes, as SVG."""
    known = [(i, value) for i, value in enumerate(values) if math.isfinite(value)]
    if not known:
        return Drawing()
    low, high = min(y for _, y in known), max(y for _, y in known)
    across, up = (width - 4) / max(len(values) - 1, 1), (height - 4) / ((high - low) or 1.0)
    points = [f"{2 + across * i:.1f},{height - 2 - up * (y - low):.1f}" for i, y in known]
    if len(points) == 1:
        x, y = points[0].split(",")
        drawn = f'<circle cx="{x}" cy="{y}" r="1.5" fill="currentColor"/>'
    else:
        drawn = (
            f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" '
            'stroke-width="1.5"/>'
        )
    return Drawing(f'<svg width="{width}" height="{height}" role="img">{drawn}</svg>')
