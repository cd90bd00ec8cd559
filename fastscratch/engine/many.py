"""Many models trained in one compiled call, a thread training one model after the other."""

import dataclasses
import math
from collections.abc import Callable, Sequence
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
    penalties : (n, 4) float64 array
        Those of the network, as :attr:`Network.penalties` has them.
    evaluator : Evaluator, optional
        Of one worker.
    validation : Samples, optional
        What is measured after each epoch.
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
        penalties: np.ndarray,
        evaluator: Evaluator | None = None,
        validation: Samples | None = None,
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
        self._kept: list[Any] = [samples, validation, numbers, penalties, origins, begins]
        self.work = trainer._work * trainer.batch_size * trainer.network.work + op.STEP_WORK
        self.steps = epochs * -(-self.n_samples // trainer.batch_size)

        samples.bind_to(trainer)
        trainer.bind_penalties(penalties)
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
        row[op.PAIRS] = pairs
        row[op.PENALTIES], row[op.N_PENALTIES] = address_of(penalties), len(penalties)

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
    for one in sorted(trainings, key=lambda one: one.steps * one.work, reverse=True):
        of_kind.setdefault(one.kind and one.kind.key, []).append(one)
    alone, kinds = of_kind.pop(None, []), []
    for alike in of_kind.values():
        if len(alike) < FEWEST_LANES * threads:
            alone += alike
        else:
            kinds.append(alike)
    if kinds:
        _CrewOfLanes(sorted(kinds, key=_work_of, reverse=True), threads, watch).train()
    if alone:
        ended = len(trainings) - len(alone)
        alone.sort(key=lambda one: one.steps * one.work, reverse=True)
        _Crew(alone, threads, lambda count: watch(ended + count)).train()


def _work_of(trainings: Sequence[Training]) -> int:
    """Multiply-adds of all of them."""
    return sum(one.steps * one.work for one in trainings)


class _Crew:
    """Workers that share out models, and the arrays that compiled code takes.

    Parameters
    ----------
    trainings : sequence of Training
        In the order in which they are taken.
    threads : int
    watch : callable
        As :func:`train_many` takes it.
    """

    def __init__(self, trainings: Sequence[Training], threads: int, watch: Callable[[int], None]):
        self._watch, self._trainings = watch, trainings
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
            run_in_slices(_work_of(self._trainings), run_slice, count=FIRST_SLICE)
        finally:
            for one, row, stopping in zip(self._trainings, models, self._stoppings, strict=True):
                one.done, one.has_diverged = int(row[op.DONE]), bool(row[op.HAS_DIVERGED])
                one.stopping = stopping


class _CrewOfLanes(_Crew):
    """Workers that share out models of some kinds, and train several at a time.

    Parameters
    ----------
    kinds : sequence of sequence of Training
        Those of each kind, in the order in which they are taken.
    threads, watch
        As :class:`_Crew` takes them.
    """

    def __init__(
        self,
        kinds: Sequence[Sequence[Training]],
        threads: int,
        watch: Callable[[int], None],
    ):
        super().__init__([one for alike in kinds for one in alike], threads, watch)
        self._kinds = [alike[0].kind for alike in kinds if alike[0].kind is not None]
        self._lanes = VECTOR_BYTES // self._dtype.itemsize
        workers_of_each = max(1, self._workers // len(kinds))
        self._queues = np.zeros((len(kinds), lane_columns.QUEUE), np.int64)
        first = 0
        for queue, alike in zip(self._queues, kinds, strict=True):
            queue[lane_columns.NEXT_MODEL], first = first, first + len(alike)
            queue[lane_columns.STOP] = first
            at_a_time = -(-len(alike) // workers_of_each)
            queue[lane_columns.AT_A_TIME] = min(self._lanes, at_a_time)

    def train(self) -> None:
        """Train all models."""
        lanes, used = self._lanes, int(self._queues[:, lane_columns.AT_A_TIME].max())
        penalties = [one.kind.penalties for one in self._trainings if one.kind is not None]
        most = max(len(kind.layers) for kind in self._kinds)
        layers = np.full((len(self._kinds), most, lane_columns.LAYER_COLUMNS), col.NONE)
        for rows, kind in zip(layers, self._kinds, strict=True):
            rows[: len(kind.layers)] = kind.layers
        size = max(kind.size for kind in self._kinds)
        batch = max(int(kind.kind[lane_columns.BATCH]) for kind in self._kinds)
        # An odd number of cache lines apart, so that they do not compete for the same places.
        line = ALIGNMENT // self._dtype.itemsize
        own = self._own + line * (1 - self._own // line % 2)
        arguments = (
            *(self._queues, np.full((self._workers, 1), col.NONE)),
            *self._common(used),
            np.array(penalties),
            *(
                np.array([getattr(kind, name) for kind in self._kinds])
                for name in ("kind", "hyper")
            ),
            layers,
            *(self._array(size * lanes), self._array(lanes * own)),
            *(self._array(self._readers), self._array(used, self._best)),
            np.zeros((self._workers, used, self._rows), np.int64),
            np.zeros((self._workers, used, op.MOST_STEPS)),
            self._array(lane_columns.N_PACES, lane_columns.REPEATED),
            np.zeros((self._workers, lane_columns.N_CURSORS, lanes), np.int64),
            np.empty((self._workers, lanes * max(batch, lane_columns.SUMS))),
        )
        self._run(lane_op.train_lanes, arguments)
