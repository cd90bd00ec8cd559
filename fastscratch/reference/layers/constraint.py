"""What the constraint of a weight does after each update."""

from fastscratch.reference.constraints import min_max_norm, non_negative
from fastscratch.reference.nested import numbers_of, shape_of, shaped


def constrained(weight, constraint):
    """Return a weight that keeps to a constraint, or is closer to it.

    Parameters
    ----------
    weight : nested lists of float
    constraint : dict
        The `class` of Keras and its arguments.
    """
    numbers, shape = numbers_of(weight), shape_of(weight)
    if constraint["class"] == "NonNeg":
        non_negative(numbers)
        return shaped(numbers, shape)
    axis = constraint["axis"]
    along = {one % len(shape) for one in (axis if isinstance(axis, list) else [axis])}
    # The numbers that differ in their place along these axes only are a vector.
    vectors = {}
    for p in range(len(numbers)):
        place, rest = [0] * len(shape), p
        for a in reversed(range(len(shape))):
            rest, place[a] = divmod(rest, shape[a])
        key = tuple(i for a, i in enumerate(place) if a not in along)
        vectors.setdefault(key, []).append(p)
    for places in vectors.values():
        vector = [[[[[numbers[p]] for p in places]]]]
        min_max_norm(vector, [[[0.0]]], *_interval(constraint))
        for p, number in zip(places, numbers_of(vector), strict=True):
            numbers[p] = number
    return shaped(numbers, shape)


def _interval(constraint):
    """Return the smallest and the largest norm, and how far a norm moves towards them."""
    if constraint["class"] == "UnitNorm":
        return 1.0, 1.0, 1.0
    return constraint.get("min_value", 0.0), constraint["max_value"], constraint.get("rate", 1.0)
