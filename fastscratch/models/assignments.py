"""What each of many models is fitted on, and how: the checked arguments of ``fit_many``."""

import copy
import dataclasses
import functools
import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from ..callbacks import EarlyStopping
from ..engine import Objective, Stopping
from ..validation import as_array, as_integer
from ..wording import quantity
from .head import Heads, logs_of
from .model import Model
from .training_data import TrainingData


@dataclasses.dataclass(frozen=True)
class Assignment:
    """What one of the models is fitted on, and how.

    Attributes
    ----------
    model : Model
    data : TrainingData
        All samples, of which `rows` are taken.
    rows : (n,) int64 array
    validation : TrainingData or None
        What the model is measured on; of that, `validation_rows` are taken.
    validation_rows : (m,) int64 array
    epochs, batch_size : int
    early_stopping : EarlyStopping or None
    """

    model: Model
    data: TrainingData
    rows: np.ndarray
    validation: TrainingData | None
    validation_rows: np.ndarray
    epochs: int
    batch_size: int
    early_stopping: EarlyStopping | None

    @functools.cached_property
    def heads(self) -> Heads:
        """What is minimised and measured at each output."""
        return self.model._heads(self.model._current_programs().network)

    def objectives(self, weight_axes: Sequence[int]) -> tuple[Objective, ...]:
        """What is minimised and counted at each output; whether its samples have weights."""
        return self.model._objectives(weight_axes)

    @property
    def needs_predictions(self) -> bool:
        """Whether a metric is computed from a prediction after each epoch."""
        return self.heads.need_predictions

    def logs(self, totals: np.ndarray, n_samples: int) -> dict[str, Any]:
        """Losses and counted metrics of some epochs."""
        return logs_of(self.heads, totals, n_samples, n_samples)

    def stopping(self) -> Stopping | None:
        """Early stopping as the engine takes it."""
        callback = self.early_stopping
        if callback is None:
            return None
        own = copy.copy(callback)
        own.set_model(self.model)
        own.on_train_begin()
        name = callback.monitor.removeprefix("val_")
        of_validation = name != callback.monitor
        n_samples = len(self.validation_rows if of_validation else self.rows)
        pair, number, divisor = self._watched(name, n_samples)
        return Stopping(
            of_validation,
            pair,
            number,
            divisor,
            own._sign,
            callback.min_delta,
            callback.patience,
            math.nan if callback.baseline is None else callback.baseline,
            callback.start_from_epoch,
            callback.restore_best_weights,
        )

    def _watched(self, name: str, n_samples: int) -> tuple[int, int, float]:
        """Where a loss or metric is in the totals: the pair and the number; what divides it."""
        for k, head in enumerate(self.heads):
            if name == f"{head.name}_loss" and len(self.heads) > 1:
                return k, 0, 1.0
            if head.counted and name == head.prefix + head.counted:
                return k, 1, float(head.n_predictions(n_samples))
        return -1, 0, 1.0


class SharedData:
    """The data that all models are fitted on, each array converted once for each dtype.

    Parameters
    ----------
    x, y, sample_weight, validation_data
        As ``fit_many`` takes them.
    """

    def __init__(self, x: Any, y: Any, sample_weight: Any, validation_data: Any):
        if validation_data is not None and (
            not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3)
        ):
            raise ValueError(
                "validation_data must be (x, y) or (x, y, sample_weight), got a "
                f"{type(validation_data).__name__}"
            )
        self._x, self._y, self._weights = x, y, sample_weight
        self._validation = validation_data and (*validation_data, None)[:3]
        self._known: dict[tuple[str, str], Any] = {}
        #: By the likeness of models: the first of them, and its data.
        self._checked: dict[Hashable, tuple[Model, TrainingData, TrainingData | None]] = {}

    def checked(
        self, model: Model, place: int, n_models: int
    ) -> tuple[TrainingData, TrainingData | None]:
        """Checked data for training; and for validation, if they are not rows of `x`.

        Models that are alike share them, and what is minimised and measured.
        """
        likeness = model._likeness if model.built else None
        if likeness in self._checked:
            first, data, validation = self._checked[likeness]
            model._take_heads(first)
            return data, validation
        data = self._for_training(model, place, n_models)
        validation = self._for_validation(model)
        if model.built and not self._has_weights_for_each(n_models):
            model._heads(model._current_programs().network)
            self._checked[likeness] = model, data, validation
        return data, validation

    def _has_weights_for_each(self, n_models: int) -> bool:
        """Whether each model has sample weights of its own."""
        weights = self._weights
        is_list = isinstance(weights, (list, tuple)) and len(weights) == n_models
        # Else they may be one weight for each of as many samples as models.
        return is_list and any(one is None or np.ndim(one) > 0 for one in weights)

    def _for_training(self, model: Model, place: int, n_models: int) -> TrainingData:
        """Checked samples, targets and weights of a model."""
        weights = self._weights
        if self._has_weights_for_each(n_models):
            weights = weights[place]
            if weights is not None:
                weights = as_array("sample_weight", weights, model.dtype, 1, writeable=False)
        else:
            weights = self._converted("sample_weight", weights, model.dtype, False)
        several_x, several_y = len(model.input_names) > 1, len(model._losses) > 1
        x = self._converted("x", self._x, model.dtype, several_x)
        y = self._converted("y", self._y, model.dtype, several_y)
        return model._checked_data(x, y, weights)

    def _for_validation(self, model: Model) -> TrainingData | None:
        """Checked validation data of a model, if they are not rows of `x`."""
        if self._validation is None:
            return None
        x, y, weights = self._validation
        prefix, several = "validation ", len(model.input_names) > 1
        x = self._converted(f"{prefix}x", x, model.dtype, several)
        y = self._converted(f"{prefix}y", y, model.dtype, len(model._losses) > 1)
        weights = self._converted(f"{prefix}sample_weight", weights, model.dtype, False)
        return model._checked_data(x, y, weights, prefix=prefix)

    @property
    def has_validation(self) -> bool:
        return self._validation is not None

    def _converted(self, name: str, value: Any, dtype: str, several: bool) -> Any:
        """An array, or several of them, of a dtype; the same object at each call."""
        if value is None:
            return None
        if isinstance(value, Mapping):
            return {
                key: self._converted(f"{name} of {key}", one, dtype, False)
                for key, one in value.items()
            }
        if several and isinstance(value, (list, tuple)):
            return [
                self._converted(f"{name}[{i}]", one, dtype, False) for i, one in enumerate(value)
            ]
        if (name, dtype) not in self._known:
            self._known[name, dtype] = as_array(name, value, dtype, writeable=False)
        return self._known[name, dtype]


def part_of(data: TrainingData, rows: np.ndarray) -> TrainingData:
    """Some samples, copied."""
    return TrainingData(
        tuple(x[rows] for x in data.x),
        tuple(y[rows] for y in data.y),
        tuple(None if weights is None else weights[rows] for weights in data.weights),
    )


def assigned(
    models: Any,
    data: SharedData,
    *,
    rows: Any,
    validation_rows: Any,
    epochs: Any,
    batch_size: Any,
    early_stopping: Any,
) -> list[Assignment]:
    """Check all arguments of ``fit_many``, then build the models that are not built yet."""
    models = _as_models(models)
    n = len(models)
    if data.has_validation and validation_rows is not None:
        raise ValueError("validation_data and validation_rows cannot both be given")
    each_rows = _listed("rows", rows, n)
    each_validation = _listed("validation_rows", validation_rows, n)
    each_epochs = _integers("epochs", epochs, 0, n)
    each_size = _integers("batch_size", batch_size, 1, n)
    stoppings = _early_stoppings(early_stopping, n)
    every: dict[int, np.ndarray] = {}  # all samples, as rows: one array for all models
    assignments = []
    for k, model in enumerate(models):
        with _Named(k):
            own, validation = data.checked(model, k, n)
        chosen = _rows(f"rows[{k}]", each_rows[k], len(own), every)
        measured = np.empty(0, np.int64)
        if each_validation[k] is not None:
            validation = TrainingData(own.x, own.y, (None,) * len(own.y))
            measured = _rows(f"validation_rows[{k}]", each_validation[k], len(own), every)
        elif validation is not None:
            measured = _rows("", None, len(validation), every)
        assignments.append(
            Assignment(
                model, own, chosen, validation, measured, each_epochs[k], each_size[k], stoppings[k]
            )
        )
    for k, one in enumerate(assignments):
        if one.early_stopping is not None:
            with _Named(k):
                _check_names(one, one.early_stopping)
    checked: set[int] = set()  # data, which models that are alike share
    for k, one in enumerate(assignments):
        with _Named(k):
            one.model._build(one.data.x[0].shape[1:])
            if id(one.data) in checked:
                continue
            checked.add(id(one.data))
            one.model._check_metrics(one.data, "")
            if one.validation is not None and data.has_validation:
                one.model._check_metrics(one.validation, "validation ")
    return assignments


def _check_names(one: Assignment, early_stopping: EarlyStopping) -> None:
    """Check that early stopping watches what is reported."""
    known = one.model.directions
    of_validation = [f"val_{name}" for name in known if one.validation is not None]
    early_stopping.check_logs([*known, *of_validation])
    own = copy.copy(early_stopping)
    own.set_model(one.model)
    own.on_train_begin()


class _Named:
    """A context whose errors name the place of the model."""

    def __init__(self, place: int):
        self._place = place

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        for kind in (ValueError, TypeError, RuntimeError):
            if isinstance(error, kind):
                raise kind(f"models[{self._place}]: {error}") from None


def _as_models(models: Any) -> list[Model]:
    """A list of compiled models that share nothing and that no one trains."""
    if isinstance(models, Model) or not hasattr(models, "__iter__"):
        raise TypeError(f"models must be a list of models, got {type(models).__name__}")
    models = list(models)
    places: dict[int, int] = {}  # of models and layers
    for k, model in enumerate(models):
        if not isinstance(model, Model):
            raise TypeError(f"models[{k}] must be a model, got {type(model).__name__}")
        if id(model) in places:
            raise ValueError(f"models[{k}] is the same model as models[{places[id(model)]}]")
        places[id(model)] = k
        with _Named(k):
            model._check_not_training()
            model._compiled_optimizer()
            model._check_layers()
        for layer in model.layers:
            if id(layer) in places:
                raise ValueError(
                    f"models[{k}] shares its layer {layer.name!r} with models[{places[id(layer)]}]"
                )
        places |= {id(layer): k for layer in model.layers}
    return models


def _listed(name: str, value: Any, n_models: int) -> list[Any]:
    """One value for each model; None for none at all."""
    if value is None:
        return [None] * n_models
    if isinstance(value, (str, bytes, Mapping)) or not hasattr(value, "__len__"):
        raise TypeError(
            f"{name} must be a list with one for each model, got {type(value).__name__}"
        )
    if len(value) != n_models:
        raise ValueError(
            f"{name} must be a list with one for each of {quantity(n_models, 'model')}, got "
            f"{len(value)}"
        )
    return list(value)


def _integers(name: str, value: Any, minimum: int, n_models: int) -> list[int]:
    """An integer for each model; one stands for all."""
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim):
        listed = _listed(name, value, n_models)
        return [as_integer(f"{name}[{k}]", one, minimum) for k, one in enumerate(listed)]
    return [as_integer(name, value, minimum)] * n_models


def _early_stoppings(value: Any, n_models: int) -> list[EarlyStopping | None]:
    """Early stopping of each model; one stands for all."""
    if value is None or isinstance(value, EarlyStopping):
        listed = [value] * n_models
    else:
        listed = _listed("early_stopping", value, n_models)
    for one in listed:
        if one is not None and type(one) is not EarlyStopping:
            raise TypeError(
                "early_stopping must be an EarlyStopping, whose rules compiled code knows, or a "
                f"list of them, got {type(one).__name__}"
            )
    return listed


def _rows(name: str, value: Any, n_samples: int, every: dict[int, np.ndarray]) -> np.ndarray:
    """Numbers of samples, from numbers or flags; all of them for None."""
    if value is None:
        if n_samples not in every:
            every[n_samples] = np.arange(n_samples)
        return every[n_samples]
    array = np.asarray(value)
    if array.shape == (0,):
        raise ValueError(f"{name} must name at least one sample, got none")
    if array.ndim != 1 or array.dtype.kind not in "biu":
        kind = f"an array of {array.dtype}" if array.ndim == 1 else f"shape {array.shape}"
        raise TypeError(
            f"{name} must be a 1-D array of numbers of samples, or of a flag for each, got {kind}"
        )
    if array.dtype.kind == "b":
        if len(array) != n_samples:
            raise ValueError(
                f"{name} must have a flag for each of {quantity(n_samples, 'sample')}, got "
                f"{len(array)}"
            )
        array = np.flatnonzero(array)
    if array.size == 0:
        raise ValueError(f"{name} must name at least one sample, got none")
    least, most = array.min(), array.max()
    if least < 0 or most >= n_samples:
        wrong = least if least < 0 else most
        raise ValueError(f"{name} must be from 0 to {n_samples - 1}, got {wrong}")
    return np.ascontiguousarray(array, np.int64)
