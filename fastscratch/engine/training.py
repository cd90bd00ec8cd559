"""Training: the plan of a network with its loss and its optimiser, and runs of its steps."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels.codes import CATEGORICAL
from ..kernels.program import columns as col
from ..kernels.program import data, elementwise, loss
from ..kernels.program import update as update_op
from ..kernels.program.call import NUMBER, address, values
from ..kernels.program.run import run_alone, run_team
from ..kernels.threads import get_num_threads
from ..utils import derived_seed
from .lowering import lower_network, most_channels
from .network import Network
from .parameters import Learning, add_update, parameters_of, update_columns
from .plan import Plan

# Multiply-adds in a step that are worth a second thread: 784-100-10 at batch 10 has 2.4 million.
PARALLEL_WORK = 2_000_000
# Samples that are worth an item of the loss.
LOSS_SAMPLES = 16

PENALTIES = (col.L1, col.L2, col.BIAS_L1, col.BIAS_L2)


@dataclasses.dataclass(frozen=True)
class Objective:
    """What is minimised.

    Attributes
    ----------
    loss : int
        Place in ``codes.LOSSES``.
    takes_logits : bool
        Whether the loss is a cross-entropy of the scores before the last activation.
    takes_labels : bool
        Whether targets are class labels, one number for each sample.
    delta, label_smoothing : float
    metric : int
        How predictions are counted as right: ``ARGMAX``, ``THRESHOLD`` or ``NONE`` of the kernels.
    level : float
        Where ``THRESHOLD`` divides the outputs.
    weighted : bool
        Whether samples have weights.
    """

    loss: int
    takes_logits: bool
    takes_labels: bool = False
    delta: float = 1.0
    label_smoothing: float = 0.0
    metric: int = col.NONE
    level: float = 0.5
    weighted: bool = False


class Evaluator:
    """Runs a network over a data set for its mean loss.

    Parameters
    ----------
    network : Network
    objective : Objective
    batch_size : int
    dtype : dtype
    """

    _training = False

    def __init__(
        self, network: Network, objective: Objective, batch_size: int, dtype: Any = np.float32
    ):
        plan = self._plan(network, batch_size, dtype, batch_size * network.work, 0)
        self._lower_to_loss(plan, network, objective)
        self._finish(plan, network)

    def _plan(self, network: Network, batch_size: int, dtype: Any, work: int, n_slots: int) -> Plan:
        self.batch_size = batch_size
        self.workers = team_size(work)
        return Plan(
            dtype,
            batch_size,
            self.workers,
            network.n_parameters,
            n_slots,
            self._training,
            most_channels(network),
        )

    def _finish(self, plan: Plan, network: Network) -> None:
        self.program = program = plan.finish()
        self.memory = program.memory
        self._dropouts = [(program.row(phase), number) for phase, number in plan.dropouts]
        self._totals = [program.row(phase) for phase in self._totals]
        self._gather = program.row(self._gather)
        #: All parameters of the network.
        self.parameters = self.memory[plan.parameters :][: network.n_parameters]

    def _lower_to_loss(self, plan: Plan, network: Network, objective: Objective) -> list[Callable]:
        """Add the phases up to the loss; those of the backward pass as functions."""
        batch_size = plan.batch_size
        n_in, n_out = math.prod(network.shapes[0]), math.prod(network.shapes[-1])
        x = plan.tensor(network.shapes[0], wanted=False)
        targets = plan.take(batch_size * n_out)
        labels = plan.take(batch_size) if objective.takes_labels else col.NONE
        weights = plan.take(batch_size) if objective.weighted else col.NONE

        plan.add(data.epoch_item, 1, {})
        given = (1, labels) if objective.takes_labels else (n_out, targets)
        self._gather = plan.add_gather([(n_in, x.a), given, (1, weights)])

        u, backward = lower_network(plan, network, x, objective.takes_logits)
        array, rows = values(plan.dtype), values(plan.dtype, 2)
        function = loss.SAMPLE_LOSSES[objective.loss]
        gradient = plan.gradient_place(u)
        counted = {
            loss.LOSSES_AT: plan.take(batch_size),
            loss.CORRECT: plan.take(batch_size),
            loss.METRIC: objective.metric,
        }
        at_once = plan.block or LOSS_SAMPLES
        items = 1 if plan.block else -(-batch_size // at_once)
        # Smoothed targets move towards equal shares of the classes, or towards one half.
        smoothing = float(objective.label_smoothing)
        spread = smoothing / (n_out if objective.loss in CATEGORICAL else 2)
        plan.add(
            loss.loss_item,
            items,
            counted
            | {
                loss.LOSS: address(function, array, rows, rows, rows, NUMBER),
                loss.DELTA: float(objective.delta),
                loss.TARGETS: targets,
                loss.LABELS: labels,
                loss.SMOOTHING: smoothing,
                loss.SPREAD: spread,
                loss.WEIGHTS: weights,
                loss.LEVEL: float(objective.level),
                loss.SAMPLES_AN_ITEM: at_once,
                col.A: u.a,
                col.DA: plan.take(batch_size * n_out) if gradient == col.NONE else gradient,
                col.UNITS: n_out,
            },
            plan.block,
        )
        self._losses = counted[loss.LOSSES_AT]
        self._totals = [plan.add(loss.totals_item, 1, counted, when="late")]
        if u.dz != gradient and self._training:
            own = {elementwise.LANES: 1, elementwise.SAMPLES_AN_ITEM: at_once}
            plan.add(elementwise.hand_down_item, items, plan.backward(u) | own, plan.block)
        return backward

    def bind(
        self,
        x: np.ndarray,
        y: np.ndarray,
        weights: np.ndarray | None,
        order: np.ndarray,
        totals: np.ndarray,
        shuffle: bool = False,
        seed: int = 0,
        first_epoch: int = 0,
    ) -> None:
        """Say what the steps that follow are run on.

        Only addresses are kept: the caller must hold the arrays until the last of the steps, and
        they can go after it, although the trainer stays.

        Parameters
        ----------
        x, y, weights : ndarray
            Inputs, targets and weights (or None) of all samples, C-contiguous and of the type of
            the program.
        order : (n,) int64 array
            Order of the samples in the current epoch; written.
        totals : (epochs, 2) float64 array
            Mean loss, and share of right predictions, of each epoch so far, from `first_epoch`
            on; written.
        shuffle : bool
            Whether the samples are shuffled for every epoch.
        seed : int
            Of the shuffles and of dropout.
        first_epoch : int
            An epoch that is no earlier than any of the steps.
        """
        shuffling = self.program.table[0]
        self.n_samples = len(x)
        for row in (shuffling, self._gather):
            row[data.N_SAMPLES], row[data.BATCH_SIZE] = self.n_samples, self.batch_size
            row[data.ORDER] = order.ctypes.data
        shuffling[data.SHUFFLE], shuffling[data.SEED] = shuffle, seed
        for k, source in enumerate((x, y, weights)):
            at = data.SOURCES + k * data.SOURCE_COLUMNS + data.SOURCE_ADDRESS
            self._gather[at] = col.NONE if source is None else source.ctypes.data
        for row in self._totals:
            row[loss.N_SAMPLES], row[loss.BATCH_SIZE] = self.n_samples, self.batch_size
            row[loss.TOTALS], row[loss.FIRST_EPOCH] = totals.ctypes.data, first_epoch
        for row, number in self._dropouts:
            row[elementwise.SEED] = derived_seed(seed, number + 1)

    def run(self, first_step: int, n_steps: int) -> None:
        """Run steps ``first_step ... first_step + n_steps - 1``, counted from epoch 0."""
        arguments = (self.program.phases, 1, self.memory, self.n_samples, self.batch_size)
        if self.workers == 1:
            run_alone(*arguments, first_step, n_steps)
        else:
            run_team(self.workers, *arguments, first_step, n_steps)


class Trainer(Evaluator):
    """Runs training steps of a network.

    The parameters, and what the optimiser remembers of them, live in the trainer's memory:
    :attr:`parameters` and :attr:`slots` are views of them.

    Parameters
    ----------
    network : Network
    objective : Objective
    learning : Learning
    n_slots : int
        Numbers that the optimiser remembers of each parameter.
    batch_size : int
    dtype : dtype
    """

    _training = True

    def __init__(
        self,
        network: Network,
        objective: Objective,
        learning: Learning,
        n_slots: int,
        batch_size: int,
        dtype: Any = np.float32,
    ):
        work = 3 * batch_size * network.work
        plan = self._plan(network, batch_size, dtype, work, n_slots)
        columns = update_columns(plan, learning)
        waits = {col.UPDATE: col.NONE} if learning.clips_norm else {}
        plan.learning_columns = columns | waits
        plan.is_plain_descent = learning.is_plain_descent
        backward = self._lower_to_loss(plan, network, objective)
        learned = self._lower_backward(plan, network, backward)
        if learning.clips_norm:
            is_global = np.isfinite(learning.global_clipnorm)
            self._lower_clipped_update(plan, network, learned, columns, is_global)
        self._finish(plan, network)
        first, length = plan.parameters + 2 * plan.length, plan.length
        size = network.n_parameters
        #: Loss of the first sample of a mini-batch: every step writes it.
        self.first_loss = self.memory[self._losses :][:1]
        #: What the optimiser remembers.
        self.slots = [self.memory[first + k * length :][:size] for k in range(n_slots)]

    def _lower_backward(self, plan: Plan, network: Network, backward: list[Callable]) -> list[dict]:
        """Add the phases of the backward pass; the columns of the parameters that are learned."""
        learned = [
            own
            for layer, weights in zip(network.layers, network.weights, strict=True)
            if layer.trainable and (own := parameters_of(plan, layer, weights))
        ]
        for own in learned:  # the loss is that of the weights before the step
            if any(own[column] for column in PENALTIES):
                self._totals.append(plan.add(loss.penalty_item, 1, own))
        for lower in backward:
            lower()
        return learned

    def _lower_clipped_update(
        self, plan: Plan, network: Network, learned: list[dict], columns: dict, is_global: bool
    ) -> None:
        """Add the clipping of the gradient, which has its penalties, and the update."""
        ranges = [(0, network.n_parameters)]
        if not is_global:
            ranges = [(placed.offset, placed.stop) for placed in network.placed()]
        for start, stop in ranges:
            place = {col.KERNEL: plan.parameters + start, col.STOP: plan.parameters + stop}
            plan.add(update_op.clip_norm_item, 1, columns | place)
        done = dict.fromkeys(PENALTIES, 0.0)
        for own in learned:
            add_update(plan, own | columns | done)

    def train(self, first_step: int, learning_rates: np.ndarray, iterations: int) -> None:
        """Run one step for each learning rate.

        Parameters
        ----------
        first_step : int
            Number of the first, counted from epoch 0.
        learning_rates : ndarray of float64
        iterations : int
            Steps that the optimiser has taken before.
        """
        table = self.program.table
        table[:, col.RATES] = learning_rates.ctypes.data
        table[:, col.FIRST_STEP] = first_step
        table[:, col.ITERATIONS] = iterations - first_step
        self.run(first_step, learning_rates.size)


def team_size(work: int) -> int:
    """Threads that so many multiply-adds are worth."""
    return get_num_threads() if work > PARALLEL_WORK else 1
