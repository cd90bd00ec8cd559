"""What a network is measured by, and the program that measures it."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..addresses import address_of
from ..kernels.program import columns as col
from ..kernels.program import data, elementwise, loss, update
from ..kernels.program.run import run_alone, run_team
from ..kernels.threads import get_num_threads
from ..utils import derived_seed
from .lowering import lower_network, most_channels
from .network import Network
from .parameters import PARAMETERS_AN_ITEM, Parameters, parameters_of
from .plan import FEW_SAMPLES, Allocate, Plan, Record, Tensor, aligned_zeros, source_places
from .program import Function
from .sparse import bind_rows

# Multiply-adds in a step that are worth a second thread: 784-100-10 at batch 10 has 2.4 million.
PARALLEL_WORK = 2_000_000
# Samples that are worth an item of the loss.
LOSS_SAMPLES = 16


@dataclasses.dataclass(frozen=True)
class Objective:
    """What is minimised at one output of a network.

    Attributes
    ----------
    function : function
        Of losses of rows and their gradients, from ``kernels.program.loss``.
    takes_logits : bool
        Whether the loss is a cross-entropy of the scores before the last activation.
    takes_labels : bool
        Whether targets are class labels, one number for each sample.
    is_of_rows : bool
        Whether the outputs along the last axis are a row of their own, with a loss of its own.
    constants : tuple of float
        What the function takes beside scores and targets.
    label_smoothing : float
    factors : tuple of float
        What the targets of each class are multiplied with; empty for 1.
    ignored : int or None
        The label of rows that do not count.
    reduction : int
        What becomes of the losses of a mini-batch: ``MEAN``, ``SUM`` or ``MEAN_BY_WEIGHT``.
    metric : int
        How predictions are counted as right: ``ARGMAX``, ``THRESHOLD`` or ``NONE`` of the kernels.
    level : float
        For ``THRESHOLD``: outputs above this count as 1.
    weight_axes : int
        How many axes the weights have: 0 without weights, 1 if each sample has one, and more if
        each row has one.
    loss_weight : float
        What the loss is multiplied with in the sum over all outputs.
    """

    function: Any
    takes_logits: bool
    takes_labels: bool = False
    is_of_rows: bool = False
    constants: tuple[float, ...] = ()
    label_smoothing: float = 0.0
    factors: tuple[float, ...] = ()
    ignored: int | None = None
    reduction: int = loss.MEAN
    metric: int = col.NONE
    level: float = 0.5
    weight_axes: int = 0
    loss_weight: float = 1.0

    def rows(self, shape: tuple[int, ...]) -> int:
        """Rows of a sample of the output, each with a loss."""
        return math.prod(shape[:-1]) if self.is_of_rows or self.weight_axes > 1 else 1

    def weights(self, shape: tuple[int, ...]) -> int:
        """Weights of a sample of the output, at least 1."""
        return math.prod(shape[:-1]) if self.weight_axes > 1 else 1

    @property
    def is_plain_mean(self) -> bool:
        """Whether all rows count, all classes alike, and what is minimised is their mean."""
        return self.ignored is None and self.reduction == loss.MEAN and not self.factors


class Evaluator:
    """Runs a network over a data set for its mean losses.

    Parameters
    ----------
    network : Network
    objectives : sequence of Objective
        One for each output.
    batch_size : int
    dtype : dtype
    workers : int, optional
        Threads; by default as many as the work is worth.
    allocate : callable
        Gives it its memory.
    **plan_arguments
        ``sparse=True`` if the input is given as a sparse matrix.
    """

    #: Arguments of the :class:`Plan`.
    _training = _differentiates = _learns = False
    #: Work of a step, in forward passes.
    _work = 1
    _totals_are_kept = True
    #: What a gradient is divided by; NONE for the number of samples in its mini-batch.
    _mean_over = col.NONE

    def __init__(
        self,
        network: Network,
        objectives: Sequence[Objective],
        batch_size: int,
        dtype: Any = np.float32,
        workers: int | None = None,
        allocate: Allocate = aligned_zeros,
        **plan_arguments: Any,
    ):
        self.network, self.batch_size = network, batch_size
        self.loss_weights = np.array([objective.loss_weight for objective in objectives])
        moved = FEW_SAMPLES * network.n_parameters
        self.workers = workers or team_size(self._work * max(batch_size * network.work, moved))
        self._plan = plan = Plan(
            dtype,
            batch_size,
            self.workers,
            network.n_parameters,
            most_channels(network),
            training=self._training,
            backward=self._differentiates,
            learns=self._learns,
            **plan_arguments,
        )
        self._totals: list[int] = []
        if self._learns:
            for layer, weights in network.weights_by_layer():
                for placed in weights:
                    if not (layer.trainable and placed.weight.trainable):
                        # No phase computes its gradient.
                        place = plan.parameters + plan.length + placed.offset
                        plan.begin_with(place, placed.stop - placed.offset, 0.0)
        self._prepare(plan)
        self._lower(plan, network, objectives)
        #: The phases, as compiled code runs them and as people read them.
        self.program = plan.finish(allocate)
        self.memory = self.program.memory
        row = self.program.row
        self._random_rows = [(row(phase), number, own) for phase, number, own in plan.random]
        self._total_rows = [row(phase) for phase in self._totals]
        self._total_places = np.array([self.program.place(n) for n in self._totals], np.int64)
        self._gather_rows = [row(phase) for phase in self._gathers]
        first = [self.program.table[0]] if self._totals_are_kept else []  # which shuffles
        self._ordered_rows = [*first, *self._gather_rows]
        self._order = 0, 0  # the address and the size of the order that they know
        self._sparse_rows = [row(phase) for phase in plan.sparse_phases]
        n_sources = (0 if plan.sparse else network.n_inputs) + 2 * len(objectives)
        self._source_places = source_places(self._gather_rows, n_sources)
        #: What the data were that it was bound to, if they have a name; see :class:`Samples`.
        self.samples: Any = None
        #: All parameters of the network, and their place in the memory.
        self.parameters_at = plan.parameters
        self.parameters = self.memory[plan.parameters :][: network.n_parameters]
        del self._plan

    def _prepare(self, plan: Plan) -> None:
        """Tell the plan how the network learns."""

    def _lower(self, plan: Plan, network: Network, objectives: Sequence[Objective]) -> None:
        """Add all phases."""
        self._lower_to_losses(plan, network, objectives)

    def _lower_to_losses(
        self, plan: Plan, network: Network, objectives: Sequence[Objective], x_differs: bool = False
    ) -> Callable[[], None]:
        """Add the phases up to the losses; return what adds the backward pass."""
        self._inputs = plan.inputs(network.input_shapes, x_differs)
        sources = [(x.units, x.a) for x in self._inputs if not x.is_sparse]
        targets, weights = [], []
        for objective, shape in zip(objectives, network.output_shapes, strict=True):
            units = math.prod(shape)
            place = plan.take(plan.batch_size * units)
            rows = objective.rows(shape)
            given = plan.take(plan.batch_size * rows) if objective.takes_labels else place
            targets.append({loss.TARGETS: place})
            if objective.takes_labels:
                targets[-1][loss.LABELS] = given
            sources.append((rows if objective.takes_labels else units, given))
        for objective, shape in zip(objectives, network.output_shapes, strict=True):
            size = objective.weights(shape)
            weights.append(plan.take(plan.batch_size * size) if objective.weight_axes else col.NONE)
            sources.append((size, weights[-1]))
        if self._totals_are_kept:
            plan.add(data.epoch_item, 1)
        self._gathers = plan.add_gathers(sources)

        fused = [k for k, objective in enumerate(objectives) if objective.takes_logits]
        outputs, go_back = lower_network(plan, network, self._inputs, fused)
        self._losses = [
            self._add_loss(plan, u, objective, k, targets[k], weights[k])
            for k, (u, objective) in enumerate(zip(outputs, objectives, strict=True))
        ]
        return go_back

    def _add_loss(
        self, plan: Plan, u: Tensor, objective: Objective, pair: int, targets: Record, weights: int
    ) -> int:
        """Add the loss of an output; return the place of the losses of the samples."""
        batch_size, n_out = plan.batch_size, u.units
        plan.site = "loss"
        gradient = plan.gradient_place(u)
        losses = {loss.LOSSES_AT: plan.take(batch_size)}
        constants = (*objective.constants, *(0.0,) * len(loss.CONSTANTS))
        counted = {loss.CORRECT: plan.take(batch_size), loss.METRIC: objective.metric}
        at_once = plan.block or LOSS_SAMPLES
        items = 1 if plan.block else -(-batch_size // at_once)
        rows = objective.rows(u.shape)
        operation, reduced = loss.loss_item, {}
        if not objective.is_plain_mean or rows > 1:
            operation = loss.loss_of_rows_item
            reduced = {
                loss.ROWS: rows,
                loss.LOSSES_OF_ROWS: plan.take(batch_size * rows),
                loss.IGNORED: loss.NO_LABEL if objective.ignored is None else objective.ignored,
                loss.REDUCTION: objective.reduction,
                loss.ROWS_A_WEIGHT: rows // objective.weights(u.shape),
                loss.FACTORS: col.NONE,
            }
        if objective.factors:
            factors = plan.take(len(objective.factors))
            plan.begin_with(factors, len(objective.factors), objective.factors)
            reduced[loss.FACTORS] = factors
        # Smoothed targets move towards equal shares of the classes, or towards one half.
        smoothing = float(objective.label_smoothing)
        spread = smoothing / (n_out // rows if objective.is_of_rows else 2)
        plan.add(
            operation,
            items,
            losses,
            counted,
            targets,
            reduced,
            {
                loss.LOSS: Function(objective.function, loss.kinds_of_losses(plan.dtype)),
                **dict(zip(loss.CONSTANTS, constants, strict=False)),
                loss.SMOOTHING: smoothing,
                loss.SPREAD: spread,
                loss.WEIGHTS: weights,
                loss.LEVEL: float(objective.level),
                loss.SAMPLES_AN_ITEM: at_once,
                loss.LOSS_WEIGHT: float(objective.loss_weight),
                loss.MEAN_OVER: self._mean_over,
                col.A: u.a,
                col.DA: plan.take(batch_size * n_out) if gradient == col.NONE else gradient,
                col.UNITS: n_out,
            },
            lanes=plan.block,
        )
        if self._totals_are_kept:
            own = {loss.PAIR: pair}
            self._totals.append(plan.add(loss.totals_item, 1, losses, counted, own, when="late"))
        if u.is_differentiated and u.dz != gradient:
            cut = {elementwise.LANES: 1, elementwise.SAMPLES_AN_ITEM: at_once}
            plan.add(elementwise.hand_down_item, items, plan.backward(u), cut, lanes=plan.block)
        return losses[loss.LOSSES_AT]

    def _lower_backward(self, plan: Plan, network: Network, go_back: Callable[[], None]) -> None:
        """Add the penalties of the weights that are learned, and the backward pass."""
        if self._totals_are_kept:  # the loss is that of the weights before the step
            for own in learned_parameters(plan, network):
                if own.is_penalised:
                    pair = {loss.PAIR: len(network.outputs)}
                    record = own.place, own.penalties, pair
                    self._totals.append(plan.add(loss.penalty_item, 1, *record, flops=own.size))
        go_back()

    @staticmethod
    def _add_sum(plan: Plan, size: int, place: int, record: Record) -> int:
        """Add the phase that adds up the gradients of several steps; return its number."""
        common = {
            col.KERNEL: plan.parameters,
            col.STOP: plan.parameters + size,
            col.LENGTH: plan.length,
            update.PARAMETERS_AN_ITEM: PARAMETERS_AN_ITEM,
            update.SUM: place,
        }
        items = -(-size // PARAMETERS_AN_ITEM)
        return plan.add(update.accumulate_item, items, common, record, flops=2 * size)

    def bind(
        self,
        x: Sequence[Any],
        y: Sequence[np.ndarray],
        weights: Sequence[np.ndarray | None],
        order: np.ndarray,
        totals: np.ndarray,
        shuffle: bool = False,
        seed: int = 0,
        first_epoch: int = 0,
        rows: np.ndarray | None = None,
    ) -> None:
        """Set the data that the steps that follow are run on.

        Only addresses are kept: the caller must keep the arrays until the last of the steps.

        Parameters
        ----------
        x, y, weights : sequence of ndarray
            Inputs, targets and weights (or None) of all samples, C-contiguous and of the type of
            the program: one for each input, or each output. `SparseRows` in place of the input, if
            the program was made for a sparse one.
        order : (n,) int64 array
            Order of the samples in the current epoch; written.
        totals : (epochs, outputs + 1, 2) float64 array
            Zeros. Of each epoch and output: the mean loss so far, and the number of right
            predictions; the last row has the penalties in place of the loss. Written.
        shuffle : bool
            Whether the samples are shuffled for every epoch.
        seed : int
            Of the shuffles and of dropout.
        first_epoch : int
            The epoch of the first row of `totals`; the steps belong to it or to later ones.
        rows : (n,) int64 array, optional
            Which samples of `x`, `y` and `weights` are the data set; by default all of them.
        """
        self.bind_data(x, y, weights, order, rows)
        self.bind_run(totals, shuffle, seed, first_epoch)

    def bind_data(
        self,
        x: Sequence[Any],
        y: Sequence[np.ndarray],
        weights: Sequence[np.ndarray | None],
        order: np.ndarray,
        rows: np.ndarray | None = None,
    ) -> None:
        """Set the data, as :meth:`bind`, which several models may have in common."""
        self.samples = None
        self.program.table[0, data.ROWS] = col.NONE if rows is None else address_of(rows)
        gathered: Sequence[np.ndarray] = () if self._sparse_rows else x
        self._bind_sources([*gathered, *y, *weights], order)
        if self._sparse_rows:
            self._sorted = bind_rows(self._sparse_rows, x[0], order, self.batch_size)

    def bind_run(self, totals: np.ndarray, shuffle: bool, seed: int, first_epoch: int) -> int:
        """Set what is different for each model, as :meth:`bind`; return the totals' address."""
        for row, number, own in self._random_rows:
            row[elementwise.SEED] = derived_seed(seed if own is None else own, number + 1)
        about = self.program.table, self._total_places, totals
        return loss.bind_run(*about, int(shuffle), seed, first_epoch)

    def _bind_sources(self, sources: Sequence[np.ndarray | None], order: np.ndarray) -> None:
        """Set where the samples are, and their order."""
        address = address_of(order)
        if (address, order.size) != self._order:  # else the rows have them from the last time
            self._order = address, order.size
            self.n_samples = order.size
            for row in self._ordered_rows:
                row[data.N_SAMPLES], row[data.BATCH_SIZE] = self.n_samples, self.batch_size
                row[data.ORDER] = address
            for row in self._total_rows:
                row[loss.N_SAMPLES], row[loss.BATCH_SIZE] = self.n_samples, self.batch_size
        for (row, field), source in zip(self._source_places, sources, strict=True):
            row[field] = col.NONE if source is None else address_of(source)

    def run(self, first_step: int, n_steps: int) -> None:
        """Run steps ``first_step ... first_step + n_steps - 1``, counted from epoch 0."""
        prologue = 1 if self._totals_are_kept else 0
        phases = self.program.phases
        arguments = (phases, prologue, self.memory, self.n_samples, self.batch_size)
        if self.workers == 1:
            run_alone(*arguments, first_step, n_steps)
        else:
            run_team(self.workers, *arguments, first_step, n_steps)


def learned_parameters(plan: Plan, network: Network) -> list[Parameters]:
    """The weights that a program learns, layer by layer."""
    return [
        own
        for layer, weights in network.weights_by_layer()
        for own, _ in parameters_of(plan, weights, layer.trainable)
        if own.learns
    ]


def team_size(work: int) -> int:
    """Threads that this many multiply-adds are worth."""
    return get_num_threads() if work > PARALLEL_WORK else 1
