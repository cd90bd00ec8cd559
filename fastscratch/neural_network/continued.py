"""Fits that go on where an earlier one, which was the same but for fewer epochs, has ended.

A halving search over ``max_iter`` fits the candidates that are left to the same data again, for
more epochs. What each fit would compute first, the one before it has computed already.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

import joblib
import numpy as np

from ..models.state import State

if TYPE_CHECKING:
    from .company import Fit

__all__ = ["Continued", "continued", "current"]

#: Parameters without an effect on the bits of a network: `random_state` has drawn its weights.
WITHOUT_EFFECT = ("max_iter", "random_state", "verbose")

_CURRENT: contextvars.ContextVar["Continued | None"] = contextvars.ContextVar(
    "continued", default=None
)


@dataclasses.dataclass(frozen=True)
class _Earlier:
    """A fit that has ended.

    Attributes
    ----------
    state : State
        Of the network after it.
    losses, scores : list of float
        Of its epochs.
    best : ndarray or None
        With early stopping, the weights after its best epoch.
    """

    state: State
    losses: list[float]
    scores: list[float]
    best: np.ndarray | None


class Continued:
    """The fits that later ones may go on from."""

    def __init__(self) -> None:
        self._known: dict[str, _Earlier] = {}

    @staticmethod
    def _key(wanted: "Fit") -> str:
        """What a fit depends on, but for the number of its epochs."""
        estimator, model = wanted.epochs.estimator, wanted.model
        parameters = {
            name: value
            for name, value in estimator.get_params().items()
            if name not in WITHOUT_EFFECT
        }
        data = wanted.x, wanted.y, wanted.weight, wanted.epochs.validation
        return str(joblib.hash((parameters, model.get_weights(), model.seed, *data)))

    def resume(self, wanted: "Fit") -> None:
        """Let a network, and the records of its estimator, be as after an earlier fit.

        With early stopping it gets its best weights later, from the records, and goes on with its
        last ones.
        """
        wanted.key = self._key(wanted)
        earlier = self._known.get(wanted.key)
        if earlier is None or len(earlier.losses) > wanted.max_iter:
            if wanted.epochs.estimator.early_stopping:
                wanted.best = wanted.model._state.parameters.copy()
            return
        wanted.model._state = earlier.state
        if earlier.best is not None:
            wanted.best = earlier.best.copy()
        wanted.take_records(earlier.losses, earlier.scores)

    def keep(self, wanted: "Fit") -> None:
        """Remember a fit that has ended."""
        now = _Earlier(wanted.model._state, wanted.losses, wanted.scores, wanted.best)
        self._known[wanted.key] = now


@contextlib.contextmanager
def continued() -> Iterator[None]:
    """A context in which fits go on from earlier ones."""
    token = _CURRENT.set(Continued())
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Continued | None:
    """The earlier fits that one may go on from, if it may."""
    return _CURRENT.get()
