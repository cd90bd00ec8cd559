"""Fits that go on where an earlier one, which was the same but for fewer epochs, has ended.

A halving search over ``max_iter`` fits the candidates that are left to the same data again, for
more epochs. What each fit would compute first, the one before it has computed already.

What the fits of a task leave for later ones is in its memory, which travels with it to a worker,
and back. The next task of the same candidate in the same fold gets this memory; whether one of the
fits in it is the beginning of its own, it finds out from the data and the first weights.
"""

import contextlib
import contextvars
import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from ..models.state import State

if TYPE_CHECKING:
    from .company import Fit

__all__ = ["Continued", "continued", "current", "going_on", "memory_of"]

#: Parameters without an effect on the bits of a network: `random_state` has drawn its weights.
WITHOUT_EFFECT = ("max_iter", "random_state", "verbose")

#: The memory of each candidate in each fold of a search.
_MEMORIES: contextvars.ContextVar[dict[Any, dict[str, Any]] | None] = contextvars.ContextVar(
    "memories", default=None
)
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
    """The fits that later ones may go on from.

    Parameters
    ----------
    known : dict
        Those that there are already; written.
    """

    def __init__(self, known: dict[str, _Earlier]):
        self._known = known

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
    """A context in which the fits of a search go on from earlier ones."""
    token = _MEMORIES.set({})
    try:
        yield
    finally:
        _MEMORIES.reset(token)


def memory_of(parameters: dict[str, Any], rows: np.ndarray) -> dict[str, Any] | None:
    """The memory of a candidate that is fitted to some rows, if fits go on from earlier ones."""
    memories = _MEMORIES.get()
    if memories is None:
        return None
    settings = {k: v for k, v in parameters.items() if k.rpartition("__")[2] != "max_iter"}
    return memories.setdefault((repr(settings), np.asarray(rows).tobytes()), {})


@contextlib.contextmanager
def going_on(memory: dict[str, Any] | None) -> Iterator[None]:
    """A context in which fits go on from those in a memory, if there is one."""
    token = _CURRENT.set(None if memory is None else Continued(memory))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Continued | None:
    """The earlier fits that one may go on from, if it may."""
    return _CURRENT.get()
