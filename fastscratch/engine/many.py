"""Many models trained in one compiled call, a thread training one model after the other."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ..addresses import address_of
from ..kernels.machine import VECTOR_BYTES
from ..kernels.program import columns as col
from ..kernels.program import data, lane_columns
from ..kernels.program import lanes as lane_op
from ..kernels.program import many as op
from ..kernels.threads import get_num_threads
from .evaluation import Evaluator
from .lanes import Kind
from .plan import ALIGNMENT, aligned_zeros
from .slices import run_in_slices
from .training import Trainer

# So many models of a kind for each thread are worth being trained together.
FEWEST_LANES = 4

# Multiply-adds of the first call, about a millisecond. A call costs: at its end the workers wait
# for each other, and all that models have learned is stored.
FIRST_SLICE = 1 << 27


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """A data set: some rows of arrays.

    Attributes
    ----------
    x, y, weights : sequence of ndarray
        As :meth:`Evaluator.bind` takes them.
    rows : (n,) int64 array
        Which of their samples belong to it.
    """

    x: Sequence[np.ndarray]
    y: Sequence[np.ndarray]
    weights: Sequence[np.ndarray | None]
    rows: np.ndarray

    def bind_to(self, program: Evaluator) -> None:
        """Let a program run on the data set, if it was not the last one that it was given."""
        if program.samples is not self:
            program.bind_data(self.x, self.y, self.weights, self.rows, self.rows)
            program.samples = self


@dataclasses.dataclass(frozen=True)
class Stopping:
    """When a model ends before its last epoch; see :class:`fastscratch.callbacks.EarlyStopping`.

    Attributes
    ----------
    of_validation : bool
        Whether the watched number is one of the validation.
    pair, number : int
        Which pair of the totals it is in, and its place there; ``pair`` is -1 for the whole loss.
    divisor : float
        What it is divided by.
    sign : {1, -1}
        1 if more is better.
    min_delta, patience, baseline, start_from, restores_best
        Arguments of the callback; the baseline is NaN for none.
    by_tolerance : bool
        Whether the rules are those of scikit-learn's networks instead, of which `min_delta` is the
        ``tol``, `patience` the ``n_iter_no_change``, and which know no baseline and no start.
    offset : float
        Added to the watched number.
    best, wait : float, int
        The best number of earlier fits that this one goes on from, NaN for none; epochs since.
    """

    of_validation: bool
    pair: int
    number: int
    divisor: float
    sign: int
    min_delta: float
    patience: int
    baseline: float
    start_from: int
    restores_best: bool
    by_tolerance: bool = False
    offset: float = 0.0
    best: float = math.nan
    wait: int = 0

    def row(self) -> np.ndarray:
        """As compiled code takes it."""
        watched, *arguments = vars(self).values()  # `astuple` copies each, which takes longer
        *arguments, by_tolerance, offset, best, wait = arguments
        row = np.zeros(op.STOPPING_COLUMNS)
        row[op.WATCHED] = op.OF_VALIDATION if watched else op.OF_TRAINING
        row[op.PAIR : op.BEST] = arguments
        row[op.BY_TOLERANCE], row[op.OFFSET] = by_tolerance, offset
        row[op.BEST], row[op.WAIT] = best, wait
        return row


class Training:
    """The training of one model, as one of many.

    Parameters
    ----------
    trainer : Trainer
        Of one worker. Its program is copied: models of the same kind can share it.
    samples : Samples
    epochs, first_epoch : int
        How many, and how many have been before.
    iterations, taken : int
        Steps before this training, for the schedule; and for the optimiser, as
        :meth:`Trainer.train` takes them.
    schedule : int
        Of the learning rate, as :func:`scheduled_rate` takes it.
    numbers : ndarray of float64
        Of the schedule.
    origins : sequence of (parameters,) or (1,) array
        What weights and the optimiser's slots begin with; one number stands for all.
    state : (1 + slots, parameters) array
        Weights, and what the optimiser remembers, when it has run; overwritten.
    shuffle : bool
    seed : int
    evaluator : Evaluator, optional
        Of one worker.
    validation : Samples, optional
        What is measured after each epoch.
    penalties : sequence of (int, int, float, float)
        First and last place, l1 and l2 of weights whose penalties are part of the validation loss.
    stopping : Stopping, optional
    kind : Kind, optional
        What it has in common with the models that it can be trained together with.

    Attributes
    ----------
    totals, validation_totals : (epochs, outputs + 1, 2) float64 array
        As :meth:`Evaluator.bind` explains them.
    done : int
        Steps that were run; `state` is that after them, unless training has diverged.
    has_diverged : bool
        Whether a loss or a weight was not finite, which ended it.
    """

    def __init__(
        self,
        trainer: Trainer,
        samples: Samples,
        *,
        epochs: int,
        first_epoch: int,
        iterations: int,
        taken: int,
        schedule: int,
        numbers: np.ndarray,
        origins: Sequence[np.ndarray],
        state: np.ndarray,
        shuffle: bool,
        seed: int,
        evaluator: Evaluator | None = None,
        validation: Samples | None = None,
        penalties: Sequence[tuple[int, int, float, float]] = (),
        stopping: Stopping | None = None,
        kind: Kind | None = None,
    ):
        self.kind = kind
        self.state, self.done, self.has_diverged = state, 0, False
        self.loss_weights = trainer.loss_weights
        self.n_samples, self.sizes = samples.rows.size, [trainer.memory.size, 0]
        pairs = len(self.loss_weights) + 1
        self.totals = np.zeros((epochs, pairs, 2))
        self.validation_totals = np.zeros((epochs if validation else 0, pairs, 2))
        self.row = row = np.zeros(op.MODEL_COLUMNS, np.int64)
        self.stopping = np.zeros(op.STOPPING_COLUMNS) if stopping is None else stopping.row()
        # Compiled code has only the addresses of what is kept here.
        begins = np.array([(address_of(one), one.size > 1) for one in origins], np.int64)
        self._kept: list[Any] = [samples, validation, numbers, origins, begins]
        self.work = trainer._work * trainer.batch_size * trainer.network.work + op.STEP_WORK
        self.steps = epochs * -(-self.n_samples // trainer.batch_size)

        samples.bind_to(trainer)
        row[op.TOTALS] = trainer.bind_run(self.totals, shuffle, seed, first_epoch)
        self._take_program(op.TRAINING, trainer)
        if evaluator is not None and validation is not None:
            self.sizes[1] = evaluator.memory.size
            validation.bind_to(evaluator)
            row[op.VALIDATION_TOTALS] = evaluator.bind_run(self.validation_totals, False, 0, 0)
            self._take_program(op.VALIDATION, evaluator)
        row[op.N_PARAMETERS], row[op.LENGTH] = trainer.network.n_parameters, trainer.length
        row[op.N_SLOTS], row[op.STATE] = len(state) - 1, address_of(state)
        row[op.ORIGINS] = address_of(begins)
        row[op.EPOCHS], row[op.FIRST_EPOCH], row[op.WORK] = epochs, first_epoch, self.work
        row[op.TAKEN], row[op.RATE_STEP] = taken, iterations
        row[op.SCHEDULE] = schedule
        row[op.NUMBERS], row[op.N_NUMBERS] = address_of(numbers), numbers.size
        row[op.PAIRS], row[op.N_PENALTIES] = pairs, len(penalties)
        if penalties:
            table = np.array(penalties, float)
            row[op.PENALTIES] = address_of(table)
            self._kept.append(table)

    def keep_best(self, weights: np.ndarray) -> None:
        """Let the weights of the best epoch be written to an array, and keep the last ones."""
        self.row[op.BEST_WEIGHTS] = address_of(weights)
        self._kept.append(weights)

    def _take_program(self, place: int, program: Evaluator) -> None:
        """Copy the table of a program that has been bound, and note what it begins with."""
        table, row = program.program.table.copy(), self.row
        row[place + op.TABLE], row[place + op.ROWS] = address_of(table), len(table)
        row[place + op.PHASES] = len(program.program.phases)
        row[place + op.PARAMETERS] = program.parameters_at
        beginnings, arrays = program.program.beginnings
        if arrays:
            row[place + op.BEGINNINGS] = address_of(beginnings)
            row[place + op.N_BEGINNINGS] = len(beginnings)
        self._kept += [table, beginnings, arrays]


def train_many(trainings: Sequence[Training], watch: Callable[[int], None]) -> None:
    """Train models, the longest first, each on one thread; all have numbers of one type.

    Models of one kind, if there are enough of them, are trained several at a time, with the models
    innermost; the bits are the same.

    It returns to Python about every 0.1 s, where Ctrl-C takes effect: what was done until then is
    in the trainings.

    Parameters
    ----------
    trainings : sequence of Training
    watch : callable
        Called now and then with the number of models that have ended.
    """
    threads = get_num_threads()
    of_kind: dict[Any, list[Training]] = {}
    for one in trainings:
        of_kind.setdefault(one.kind and one.kind.key, []).append(one)
    alone, ended = of_kind.pop(None, []), 0
    for alike in of_kind.values():
        if len(alike) < FEWEST_LANES * threads:
            alone += alike
            continue
        _Crew(alike, threads, partial(_watch_on, watch, ended)).train_lanes()
        ended += len(alike)
    if alone:
        _Crew(alone, threads, partial(_watch_on, watch, ended)).train()


def _watch_on(watch: Callable[[int], None], before: int, ended: int) -> None:
    """Tell how many models have ended, with those of crews before."""
    watch(before + ended)


class _Crew:
    """Workers that share out models, and the arrays that compiled code takes.

    Parameters
    ----------
    trainings : sequence of Training
    threads : int
    watch : callable
        As :func:`train_many` takes it.
    """

    def __init__(self, trainings: Sequence[Training], threads: int, watch: Callable[[int], None]):
        self._watch = watch
        self._trainings = sorted(trainings, key=lambda one: one.steps * one.work, reverse=True)
        self._workers, self._dtype = min(threads, len(trainings)), trainings[0].state.dtype
        self._models = np.array([one.row for one in self._trainings])
        self._stoppings = np.array([one.stopping for one in self._trainings])
        outputs = max(one.loss_weights.size for one in trainings)
        self._loss_weights = np.zeros((len(trainings), outputs))
        for weights, one in zip(self._loss_weights, self._trainings, strict=True):
            weights[: one.loss_weights.size] = one.loss_weights
        self._own, self._readers = (
            max(sizes) for sizes in zip(*(one.sizes for one in trainings), strict=True)
        )
        restoring = [one.state.shape[1] for one in trainings if one.stopping[op.RESTORES_BEST]]
        self._best, self._rows = max(restoring, default=0), max(one.n_samples for one in trainings)

    def _array(self, *shape: int) -> np.ndarray:
        """An array of each worker."""
        shape = self._workers, *shape
        return aligned_zeros(math.prod(shape), self._dtype).reshape(shape)

    def _common(self, *shape: int) -> tuple[Any, ...]:
        """The arguments that models alone and those in lanes have in common."""
        current = np.full((self._workers, *shape), col.NONE)
        gather = col.operation_address(data.gather_item, self._dtype)
        return current, self._models, self._stoppings, self._loss_weights, gather

    def train(self) -> None:
        """Train each model alone."""
        arguments = (
            *self._common(),
            *(self._array(self._own), self._array(self._readers), self._array(self._best)),
            np.zeros((self._workers, self._rows), np.int64),
            np.empty((self._workers, op.MOST_STEPS)),
        )
        self._run(op.train_models, arguments)

    def train_lanes(self) -> None:
        """Train models of one kind, several at a time."""
        kinds = [one.kind for one in self._trainings if one.kind is not None]
        kind, penalties = kinds[0], np.array([one.penalties for one in kinds])
        lanes = VECTOR_BYTES // self._dtype.itemsize
        used = min(lanes, -(-len(self._trainings) // self._workers))
        batch = int(kind.kind[lane_columns.BATCH])
        # An odd number of cache lines apart, so that they do not compete for the same places.
        line = ALIGNMENT // self._dtype.itemsize
        own = self._own + line * (1 - self._own // line % 2)
        arguments = (
            *self._common(used),
            *(penalties, kind.kind, kind.hyper, kind.layers),
            *(self._array(kind.size * lanes), self._array(lanes * own)),
            *(self._array(self._readers), self._array(used, self._best)),
            np.zeros((self._workers, used, self._rows), np.int64),
            np.zeros((self._workers, used, op.MOST_STEPS)),
            self._array(lane_columns.N_PACES, lane_columns.REPEATED),
            np.zeros((self._workers, lane_columns.N_CURSORS, lanes), np.int64),
            np.empty((self._workers, lanes * max(batch, lane_columns.SUMS))),
        )
        self._run(lane_op.train_lanes, arguments)

    def _run(self, train: Callable[..., None], arguments: Sequence[Any]) -> None:
        """Call compiled code until all models have ended."""
        shared, models = np.zeros(op.SHARED, np.int64), self._models

        def run_slice(first: int, count: int) -> bool:
            shared[op.WORKED] = 0
            train(shared, count, *arguments)
            ended = int(np.count_nonzero(models[:, op.HAS_ENDED]))
            self._watch(ended)
            return ended == len(models)

        try:
            total = sum(one.steps * one.work for one in self._trainings)
            run_in_slices(total, run_slice, count=FIRST_SLICE)
        finally:
            for one, row, stopping in zip(self._trainings, models, self._stoppings, strict=True):
                one.done, one.has_diverged = int(row[op.DONE]), bool(row[op.HAS_DIVERGED])
                one.stopping = stopping
