"""Losses of several models at once, where a loop over all samples and models fills the vectors.

The numbers of a class stand together, for each sample that of each model: so a sum over classes is
a loop over longer arrays, and its terms are added up in the order of the classes, as for a model
alone. (With more than `MOST_UNITS` outputs, the loop over those may be vectorised there, in another
order.)
"""

from ..elementary import exp, log, log1p
from ..instructions import fma
from ..jit import njit
from ..optimizers import POWERS, to_power

CATEGORICAL, BINARY, MULTILABEL, SQUARED = range(4)
MOST_UNITS = 7


@njit
def _categorical_crossentropy(losses, gradient, z, y, largest, total, weights):
    size = losses.size
    zero = z.dtype.type(0)
    for i in range(size):
        largest[i] = z[i]
        total[i] = weights[i] = losses[i] = zero
    for first in range(size, z.size, size):
        scores = z[first : first + size]
        for i in range(size):
            largest[i] = max(largest[i], scores[i])
    for first in range(0, z.size, size):
        scores, targets = z[first : first + size], y[first : first + size]
        own = gradient[first : first + size]
        for i in range(size):
            e = exp(scores[i] - largest[i])
            own[i] = e
            total[i] += e
            weights[i] += targets[i]
            # The difference may be infinite, and 0 times infinity is nan.
            losses[i] += targets[i] * (largest[i] - scores[i]) if targets[i] != zero else zero
    for i in range(size):
        losses[i] = fma(weights[i], log(total[i]), losses[i])
    for first in range(0, z.size, size):
        targets, own = y[first : first + size], gradient[first : first + size]
        for i in range(size):
            own[i] = fma(own[i] / total[i], weights[i], -targets[i])


@njit
def _multilabel_crossentropy(losses, gradient, z, y, terms, doubles):
    # The terms apart from their sum: a loop that has float64 numbers too fills half a vector only.
    size, one = losses.size, z.dtype.type(1)
    doubles[:size] = 0
    for first in range(0, z.size, size):
        scores, targets = z[first : first + size], y[first : first + size]
        own = gradient[first : first + size]
        for i in range(size):
            target, e = targets[i], exp(-abs(scores[i]))
            own[i] = (one if scores[i] > 0 else e) / (one + e) - target
            terms[i] = max(scores[i], 0) - scores[i] * target + log1p(e)
        for i in range(size):
            doubles[i] += terms[i]
    for i in range(size):
        losses[i] = doubles[i]


@njit
def _binary_crossentropy(losses, gradient, z, y, terms, doubles):
    _multilabel_crossentropy(losses, gradient, z, y, terms, doubles)
    share = z.dtype.type(1 / (z.size // losses.size))
    for i in range(losses.size):
        losses[i] *= share
    for i in range(gradient.size):
        gradient[i] *= share


@njit
def _mean_squared_error(losses, gradient, prediction, y, doubles):
    size = losses.size
    units = prediction.size // size
    scale = prediction.dtype.type(2 / units)
    doubles[:size] = 0
    for first in range(0, prediction.size, size):
        found, targets = prediction[first : first + size], y[first : first + size]
        own = gradient[first : first + size]
        for i in range(size):
            residual = found[i] - targets[i]
            doubles[i] += residual * residual
            own[i] = scale * residual
    for i in range(size):
        losses[i] = doubles[i] / units


@njit
def lane_loss(kind, losses, gradient, outputs, y, scratch, doubles):
    """Losses and their gradient.

    Parameters
    ----------
    kind : int
        Which loss.
    losses : (n,) array
        Output: of each sample of each model.
    gradient : (units * n,) array
        Output.
    outputs, y : (units * n,) array
        Outputs or scores, and targets.
    scratch : (3 * n,) array
    doubles : (n,) float64 array
        Overwritten.
    """
    size = losses.size
    if kind == CATEGORICAL:
        largest, total, weights = scratch[:size], scratch[size : 2 * size], scratch[2 * size :]
        _categorical_crossentropy(losses, gradient, outputs, y, largest, total, weights)
    elif kind == MULTILABEL:
        _multilabel_crossentropy(losses, gradient, outputs, y, scratch[:size], doubles)
    elif kind == BINARY:
        _binary_crossentropy(losses, gradient, outputs, y, scratch[:size], doubles)
    else:
        _mean_squared_error(losses, gradient, outputs, y, doubles)


@njit(exact=True)
def lane_powers(sums, weights, power, lanes):
    """Sums over the weights of each model as `penalty` forms them.

    Parameters
    ----------
    sums : (m,) float64 array
        Output in the first `lanes` numbers; as many for each of `POWERS` + 1 partial sums.
    weights : (n,) array
    power : {1, 2}
    lanes : int
    """
    size = POWERS * lanes
    sums, rest = sums[:size], sums[size : size + lanes]
    sums[:] = 0
    rest[:] = 0
    whole = weights.size - weights.size % size
    for first in range(0, whole, size):
        some = weights[first : first + size]
        for i in range(size):
            sums[i] += to_power(some[i], power)
    for first in range(whole, weights.size, lanes):
        some = weights[first : first + lanes]
        for i in range(lanes):
            rest[i] += to_power(some[i], power)
    for first in range(lanes, size, lanes):
        for i in range(lanes):
            sums[i] += sums[first + i]
    for i in range(lanes):
        sums[i] += rest[i]


@njit
def weigh(losses, gradient, shares, weights):
    """The gradient of the mean over each model's samples; those that are missing have no share."""
    size = losses.size
    for i in range(weights.size):  # none if the samples have no weights
        losses[i] *= weights[i]
        shares[i] *= weights[i]
    for first in range(0, gradient.size, size):
        own = gradient[first : first + size]
        for i in range(size):
            own[i] *= shares[i]


@njit
def count_right(right, outputs, y, by_largest, level, best, best_target):
    """How many predictions are right: of one class, or of each output; see `loss_item`."""
    size = right.size
    if by_largest:
        # The first of the largest, as `argmax` finds it: right if both are at the same place.
        best[:], best_target[:], right[:] = outputs[:size], y[:size], 1
        for first in range(size, outputs.size, size):
            found, targets = outputs[first : first + size], y[first : first + size]
            for i in range(size):
                is_larger, is_target = found[i] > best[i], targets[i] > best_target[i]
                best[i] = found[i] if is_larger else best[i]
                best_target[i] = targets[i] if is_target else best_target[i]
                same = right.dtype.type(1) if is_larger == is_target else right.dtype.type(0)
                right[i] = same if is_larger or is_target else right[i]
    else:
        right[:] = 0
        for first in range(0, outputs.size, size):
            found, targets = outputs[first : first + size], y[first : first + size]
            for i in range(size):
                right[i] += (found[i] > level) == (targets[i] > 0.5)
