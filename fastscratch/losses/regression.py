"""Losses of real numbers, of shares and of directions."""

import dataclasses

import numpy as np

from .base import Loss


class MeanSquaredError(Loss):
    """``mean((prediction - y)**2)`` over the outputs.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.MeanSquaredError()([[1.0, 2.0]], [[1.5, 4.0]])
    2.125
    """

    kind = kernel = "mean_squared_error"


class MeanAbsoluteError(Loss):
    """``mean(abs(prediction - y))`` over the outputs.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.MeanAbsoluteError()([[1.0, 2.0]], [[1.5, 4.0]])
    1.25
    """

    kind = kernel = "mean_absolute_error"


class MeanAbsolutePercentageError(Loss):
    """``100 mean(abs(prediction - y) / abs(y))`` over the outputs; a target of 0 counts as 1e-7.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.MeanAbsolutePercentageError()([[1.0, 2.0]], [[1.5, 4.0]])
    75.0
    """

    kind = kernel = "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(Loss):
    """``mean((log(1 + prediction) - log(1 + y))**2)`` over the outputs; each at least 1e-7.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.MeanSquaredLogarithmicError()([[1.0, 2.0]], [[1.5, 4.0]]), 4)
    0.1554
    """

    kind = kernel = "mean_squared_logarithmic_error"


class LogCosh(Loss):
    """``mean(log(cosh(prediction - y)))``: half the square of small residuals, the size of large.

    More exactly, the size of a large residual less ``log(2)``.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.LogCosh()([[0.0, 0.0]], [[0.0, 1.0]]), 4)
    0.2169
    """

    kind = kernel = "log_cosh"


@dataclasses.dataclass(frozen=True)
class Huber(Loss):
    """Squared for residuals up to `delta`, linear beyond.

    Parameters
    ----------
    delta : float
        Positive.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.Huber(delta=1.0)([[0.0, 0.0]], [[0.5, 3.0]])
    1.3125
    """

    kind = kernel = "huber"
    usual_name = "huber_loss"
    delta: float = 1.0

    @property
    def constants(self) -> tuple[float, ...]:
        """What the kernel takes."""
        return (self.delta,)


class Poisson(Loss):
    """``mean(prediction - y log(prediction))`` over the outputs, which must not be negative.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.Poisson()([[1.0, 2.0]], [[1.0, 2.0]]), 4)
    0.8069
    """

    kind = kernel = "poisson"


class KLDivergence(Loss):
    """``sum(y log(y / prediction))`` over the classes, both probabilities from 1e-7 to 1.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    kind = kernel = "kl_divergence"


@dataclasses.dataclass(frozen=True)
class CosineSimilarity(Loss):
    """The cosine of the angle between prediction and target, negated: -1 is best.

    Parameters
    ----------
    axis : int
        Along which the directions are; in training only the last one.
    reduction : str or None
        As in :class:`Loss`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> round(losses.CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]]), 4)
    -0.96
    """

    kind = kernel = "cosine_similarity"
    axis: int = -1


class _OfSigns(Loss):
    """A loss whose targets are -1 and 1."""

    def prepared(self, targets: np.ndarray) -> np.ndarray:
        """Targets -1 and 1, also if they all are 0 or 1."""
        return 2 * targets - 1 if ((targets == 0) | (targets == 1)).all() else targets


class Hinge(_OfSigns):
    """``mean(max(1 - y prediction, 0))`` over the outputs; targets are -1 or 1, or all 0 or 1.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.Hinge()([[1.0, -1.0]], [[0.5, 0.5]])
    1.0
    """

    kind = kernel = "hinge"


class SquaredHinge(_OfSigns):
    """``mean(max(1 - y prediction, 0)**2)`` over the outputs; targets as of :class:`Hinge`.

    Examples
    --------
    >>> from fastscratch import losses
    >>> losses.SquaredHinge()([[1.0, -1.0]], [[0.5, 0.5]])
    1.25
    """

    kind = kernel = "squared_hinge"
