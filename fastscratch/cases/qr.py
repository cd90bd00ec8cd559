"""The triangle of a tall matrix."""

from collections.abc import Iterator

import numpy as np

from .case import Arguments, Case, Rng

#: Rows and columns.
SIZES = {
    "one": (1, 1),
    "wide": (3, 7),
    "blocks": (300, 5),
    "chunks": (2001, 6),
    "typical": (5000, 15),
    "odd panel": (270, 23),
}


def more_rows(rng: Rng, n: int, k: int) -> Arguments:
    """A triangle, and rows that are added to it."""
    return {
        "R": np.triu(rng.standard_normal((k, k))) + 3 * np.eye(k),
        "X": rng.standard_normal((n, k)),
    }


def cases() -> Iterator[Case]:
    for label, (n, k) in SIZES.items():
        yield Case("qr_update", label, more_rows, (n, k), ("R",), 4 * n * k, np.sqrt(n))
