"""A network that learns from some rows of a table and is tested with others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..models import Model
from ..utils import set_random_seed
from .columns import Input, Target, encode, for_model
from .judging import Wishes, judge
from .network import Settings, fit, network
from .splitting import hold_out
from .table import Table
from .target import Goal

__all__ = ["Experiment", "Lesson", "Predicted"]

#: With fewer rows to validate with, when to stop would be a matter of chance.
FEWEST_TO_VALIDATE = 10


@dataclass(frozen=True)
class Lesson:
    """What a network learns from.

    Attributes
    ----------
    inputs : list of Input
    target : Target
    words : dict of str
        What became of each column.
    x : list of ndarray
        The inputs of all rows of the table.
    y : ndarray
        What is to be predicted of all rows.
    learned, validation : ndarray of int
        Rows that the weights come from, and rows that say when to stop.
    """

    inputs: list[Input]
    target: Target
    words: dict[str, str]
    x: list[np.ndarray]
    y: np.ndarray
    learned: np.ndarray
    validation: np.ndarray

    def part(self, rows: np.ndarray) -> tuple[Any, np.ndarray]:
        """The inputs of some rows, and what is to be predicted of them."""
        return for_model([x[rows] for x in self.x]), self.y[rows]


@dataclass(frozen=True)
class Predicted:
    """Predictions of rows that a network has not learned from.

    Attributes
    ----------
    y, outputs : ndarray
        What was to be predicted, and what was.
    loss : float
    target : Target
    """

    y: np.ndarray
    outputs: np.ndarray
    loss: float
    target: Target


@dataclass(frozen=True)
class Experiment:
    """A network for a table.

    Attributes
    ----------
    table : Table
    goal : Goal
    names : sequence of str
        Columns to predict from.
    wishes : Wishes
    settings : Settings
    """

    table: Table
    goal: Goal
    names: Sequence[str]
    wishes: Wishes
    settings: Settings

    def prepare(self, rows: np.ndarray) -> Lesson:
        """Make inputs of the columns; whatever is known of them comes from the learned rows.

        Raises
        ------
        ValueError
            If there are none, or values are missing.
        """
        learned, validation = self._divided(rows)
        verdicts = {name: judge(self.table, name, learned, self.wishes) for name in self.names}
        inputs = [column for verdict in verdicts.values() for column in verdict.inputs]
        words = {name: verdict.words for name, verdict in verdicts.items()}
        if not inputs:
            reasons = "".join(f"; {name!r} is {text}" for name, text in words.items())
            raise ValueError(
                f"{self.table.source.name} has no column to predict {self.goal.name!r} from"
                f"{reasons}"
            )
        target = self.goal.target(learned)
        x, y = encode(inputs, self.table), self.goal.wanted(target)
        return Lesson(inputs, target, words, x, y, learned, validation)

    def _divided(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rows to learn from, with at least one of each class, and rows that say when to stop."""
        settings, labels = self.settings, self.goal.labels(rows)
        learned, validation = hold_out(rows, labels, settings.validation_split, settings.seed)
        if len(validation) < FEWEST_TO_VALIDATE:
            return rows, rows[:0]
        if labels is not None:
            labels = self.goal.values
            is_known = np.isin(labels[validation], labels[learned])
            learned = np.sort(np.concatenate([learned, validation[~is_known]]))
            validation = validation[is_known]
        return learned, validation

    def train(self, lesson: Lesson) -> tuple[Model, dict[str, list[float]]]:
        """A network that has learned, and its losses."""
        set_random_seed(self.settings.seed)
        model = network(lesson.inputs, lesson.target, self.settings.hidden)
        validation = lesson.part(lesson.validation) if len(lesson.validation) else None
        learned = lesson.part(lesson.learned)
        return model, fit(model, lesson.target, self.settings, learned, validation)

    def predict(self, model: Model, lesson: Lesson, rows: np.ndarray) -> Predicted:
        """Predict some rows."""
        x, y = lesson.part(rows)
        loss: Any = model.evaluate(x, y)  # a number, because there are no metrics
        return Predicted(y, model.predict(x), loss, lesson.target)
