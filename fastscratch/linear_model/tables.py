"""Columns of numbers as R prints them: each with the decimals that its numbers need."""

from collections.abc import Sequence

import numpy as np

__all__ = ["aligned", "p_texts"]

#: Numbers that would be longer than this as decimals are written with an exponent.
LONGEST = 14


def aligned(
    values: Sequence[float] | np.ndarray, digits: int, most_decimals: int = 15
) -> list[str]:
    """Numbers with equally many decimals: enough for `digits` digits of the smallest, not more.

    Parameters
    ----------
    values : sequence of float
    digits : int
    most_decimals : int
    """
    decimals = 0
    for value in values:
        if np.isfinite(value) and value != 0:
            mantissa, exponent = f"{round(value, most_decimals):.{digits - 1}e}".split("e")
            needed = len(mantissa.lstrip("-").replace(".", "").rstrip("0")) - 1 - int(exponent)
            decimals = max(decimals, min(needed, most_decimals))
    texts = [f"{value:z.{decimals}f}" for value in values]
    if max(map(len, texts), default=0) > LONGEST:
        return [f"{value:.{digits}g}" for value in values]
    return texts


def p_texts(values: np.ndarray) -> list[str]:
    """p-values with three digits; those below the precision of a number by its bound."""
    large = [value for value in values if value >= 1e-3]
    of_large = iter(aligned(large, digits=3))
    texts = []
    for value in values:
        if value >= 1e-3:
            texts.append(next(of_large))
        else:
            texts.append("<2e-16" if value < np.finfo(float).eps else f"{value:.3g}")
    return texts
