"""Transformers of a pipeline, fitted once for each fold and setting, and not for each candidate."""

import copy
from collections.abc import Callable, Sequence
from pickle import PicklingError
from typing import Any

import joblib
from sklearn.base import clone
from sklearn.pipeline import Pipeline

__all__ = ["forget", "with_memory"]


class Once:
    """The memory of a pipeline: what it has computed from the same arguments before."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}

    def __reduce__(self) -> Any:
        return Once, ()  # another process computes again what it needs

    def __deepcopy__(self, memo: dict[int, Any]) -> "Once":
        return self  # the pipelines of all candidates have the same memory

    def cache(self, function: Callable[..., Any], ignore: Sequence[str] = ()) -> Callable[..., Any]:
        """As that of ``joblib.Memory``; keyword arguments that are ignored may differ."""

        def remembered(*args: Any, **options: Any) -> Any:
            try:
                key = joblib.hash((args, {k: v for k, v in options.items() if k not in ignore}))
            except (PicklingError, AttributeError, TypeError):  # such as a transformer of a lambda
                return function(*args, **options)
            if key not in self._known:
                self._known[key] = function(*args, **options)
            transformed, fitted = self._known[key]
            return transformed, copy.deepcopy(fitted)

        return remembered


def with_memory(estimator: Any) -> Any:
    """A pipeline that fits its transformers once; one with a memory of its own as it is."""
    if isinstance(estimator, Pipeline) and estimator.memory is None:
        return clone(estimator).set_params(memory=Once())
    return estimator


def forget(estimator: Any) -> None:
    """Leave a pipeline without the memory."""
    if isinstance(estimator, Pipeline) and isinstance(estimator.memory, Once):
        estimator.memory = None
