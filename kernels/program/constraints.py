"""Constraints of weights, after their update."""

import numpy as np

from ..constraints import non_negative, norm_factors, norms_of_columns, scale_columns
from ..jit import njit
from .columns import (
    ARGUMENTS,
    COUNT,
    NUMBER,
    PLACE,
    fields,
    number,
    operation,
    scratch_of,
)

# The weight, and how many numbers it has; how many of them an item takes.
CONSTRAINED, SIZE, NUMBERS_AN_ITEM = fields(
    ARGUMENTS, constrained=PLACE, size=COUNT, numbers_an_item=COUNT
)
# The weight in five axes, of which the vectors are along the second and the fourth; the vectors
# that an item takes: along the first and the third axis together, and along the last.
SHAPE = fields(ARGUMENTS + 1, **{f"axis_{i}": COUNT for i in range(5)})
GROUPS_AN_ITEM, COLUMNS_AN_ITEM = fields(ARGUMENTS + 6, groups_an_item=COUNT, columns_an_item=COUNT)
MIN_VALUE, MAX_VALUE, RATE = fields(
    ARGUMENTS + 8, min_value=NUMBER, max_value=NUMBER, constraint_rate=NUMBER
)


@njit
def _in_five_axes(memory, row):
    a, b, c, d, e = row[SHAPE[0]], row[SHAPE[1]], row[SHAPE[2]], row[SHAPE[3]], row[SHAPE[4]]
    return memory[row[CONSTRAINED] :][: a * b * c * d * e].reshape((a, b, c, d, e))


@operation(CONSTRAINED, *SHAPE, GROUPS_AN_ITEM, COLUMNS_AN_ITEM, MIN_VALUE, MAX_VALUE, RATE)
def min_max_norm_item(memory, row, samples, item, worker, step):
    """Bring the norms of some vectors into their interval."""
    weights = _in_five_axes(memory, row)
    columns = weights.shape[4]
    blocks = -(-columns // row[COLUMNS_AN_ITEM])
    first = item % blocks * row[COLUMNS_AN_ITEM]
    size = min(row[COLUMNS_AN_ITEM], columns - first)
    group = item // blocks * row[GROUPS_AN_ITEM]
    stop = min(group + row[GROUPS_AN_ITEM], weights.shape[0] * weights.shape[2])
    factors = scratch_of(memory, row, worker).view(np.float64)[:size]
    for both in range(group, stop):
        i, k = both // weights.shape[2], both % weights.shape[2]
        norms_of_columns(factors, weights, i, k, first)
        norm_factors(factors, number(row, MIN_VALUE), number(row, MAX_VALUE), number(row, RATE))
        scale_columns(weights, factors, i, k, first)


@operation(CONSTRAINED, SIZE, NUMBERS_AN_ITEM)
def non_negative_item(memory, row, samples, item, worker, step):
    """Let no number of a weight be below zero."""
    first = item * row[NUMBERS_AN_ITEM]
    size = min(row[NUMBERS_AN_ITEM], row[SIZE] - first)
    non_negative(memory[row[CONSTRAINED] + first :][:size])
