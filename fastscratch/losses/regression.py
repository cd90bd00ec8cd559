"""Losses of real numbers, of shares and of directions."""

import dataclasses

import numpy as np

from .base import Loss


class MeanSquaredError(Loss):
    """``mean((prediction - y)**2)`` over the outputs."""

    kind = kernel = "mean_squared_error"


class MeanAbsoluteError(Loss):
    """``mean(abs(prediction - y))`` over the outputs."""

    kind = kernel = "mean_absolute_error"


class MeanAbsolutePercentageError(Loss):
    """``100 mean(abs(prediction - y) / abs(y))`` over the outputs; a target of 0 counts as 1e-7."""

    kind = kernel = "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(Loss):
    """``mean((log(1 + prediction) - log(1 + y))**2)`` over the outputs; each at least 1e-7."""

    kind = kernel = "mean_squared_logarithmic_error"


class LogCosh(Loss):
    """``mean(log(cosh(prediction - y)))``: half the square of small residuals, the size of large.

    More exactly, the size of a large residual less ``log(2)``.
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
    """

    kind = kernel = "huber"
    usual_name = "huber_loss"
    delta: float = 1.0

    @property
    def constants(self) -> tuple[float, ...]:
        """What the kernel takes."""
        return (self.delta,)


class Poisson(Loss):
    """``mean(prediction - y log(prediction))`` over the outputs, which must not be negative."""

    kind = kernel = "poisson"


class KLDivergence(Loss):
    """``sum(y log(y / prediction))`` over the classes, both probabilities from 1e-7 to 1."""

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
    """

    kind = kernel = "cosine_similarity"
    axis: int = -1


class _OfSigns(Loss):
    """A loss whose targets are -1 and 1."""

    def prepared(self, targets: np.ndarray) -> np.ndarray:
        """Targets -1 and 1, also if they all are 0 or 1."""
        return 2 * targets - 1 if ((targets == 0) | (targets == 1)).all() else targets


class Hinge(_OfSigns):
    """``mean(max(1 - y prediction, 0))`` over the outputs; targets are -1 or 1, or all 0 or 1."""

    kind = kernel = "hinge"


class SquaredHinge(_OfSigns):
    """``mean(max(1 - y prediction, 0)**2)`` over the outputs; targets as of :class:`Hinge`."""

    kind = kernel = "squared_hinge"
