"""Programs that models of the same kind share."""

from collections.abc import Hashable
from typing import Any

import numpy as np

from ..engine import Evaluator, Kind, Samples, Trainer, kind_of
from .assignments import Assignment
from .programs import learning_of
from .training_data import TrainingData


class SharedPrograms:
    """Programs for one thread, by what they depend on.

    Which is not weights, seeds, learning rates, nor the factors of penalties.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, Any] = {}

    def trainer(self, one: Assignment) -> Trainer:
        """The program that trains a model."""
        model, optimizer = one.model, one.model._compiled_optimizer()
        network = model._current_programs().network
        objectives = one.objectives(one.data.weight_axes)
        batch_size = min(one.batch_size, len(one.rows))
        settings = vars(optimizer) | {"learning_rate": None, "name": None}
        key = (
            *(network.kind, model.dtype, objectives, batch_size),
            *(type(optimizer), tuple(settings.values())),
        )
        known = self._known.get(key)  # once, because a comparison of keys takes microseconds
        if known is None:
            learning, slots = learning_of(optimizer), optimizer.n_remembered
            self._known[key] = known = Trainer(
                network, objectives, learning, slots, batch_size, model.dtype, workers=1
            )
        return known

    def evaluator(self, one: Assignment) -> Evaluator:
        """The program that measures a model on its validation samples."""
        model = one.model
        assert one.validation is not None
        programs = model._current_programs()
        network, objectives = programs.network, one.objectives(one.validation.weight_axes)
        size = programs.measured_at_once(len(one.validation_rows), None)
        key = network.kind, model.dtype, objectives, size
        if key not in self._known:
            self._known[key] = Evaluator(network, objectives, size, model.dtype, workers=1)
        return self._known[key]

    def kind(
        self, trainer: Trainer, evaluator: Evaluator | None, penalties: np.ndarray
    ) -> Kind | None:
        """What models with these programs have in common, if they can be trained together."""
        key = id(trainer), id(evaluator), penalties.tobytes()
        if key not in self._known:
            self._known[key] = kind_of(trainer, evaluator, penalties)
        return self._known[key]

    def samples(self, data: TrainingData, rows: np.ndarray) -> Samples:
        """Some rows of data; the same object for the same data and rows, which are kept alive."""
        key = id(data), id(rows)
        if key not in self._known:
            self._known[key] = Samples(data.x, data.y, data.weights, rows), data
        return self._known[key][0]
