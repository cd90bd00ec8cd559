"""Constraints: what is done to weights after each update, so that they stay in a region."""

import math


def non_negative(parameters):
    """Replace numbers below zero by zero.

    Parameters
    ----------
    parameters : list of float
        Updated in place.
    """
    for p in range(len(parameters)):
        parameters[p] = max(parameters[p], 0.0)


def min_max_norm(weights, factors, min_value, max_value, rate):
    """Bring the norms of vectors of weights into an interval, or closer to it.

    Parameters
    ----------
    weights : nested lists of float, five deep
        Updated in place.  For each place along the first, third and fifth axis there is a vector:
        the numbers along the second and the fourth.
    factors : nested lists of float, three deep
        Output: what the vectors were multiplied with.
    min_value, max_value : float
        The interval.
    rate : float
        How far a norm outside of the interval moves towards it, from 0 to 1.
    """
    for i in range(len(weights)):
        for k in range(len(weights[i][0])):
            for m in range(len(weights[i][0][k][0])):
                squares = 0.0
                for part in weights[i]:
                    for row in part[k]:
                        squares += row[m] ** 2
                norm = math.sqrt(squares)
                wanted = min(max(norm, min_value), max_value)
                factor = (rate * wanted + (1 - rate) * norm) / (1e-7 + norm)
                factors[i][k][m] = factor
                for part in weights[i]:
                    for row in part[k]:
                        row[m] *= factor
