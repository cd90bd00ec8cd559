"""Training: the plan of a network with its loss and its optimiser, and runs of its steps."""

import dataclasses
import math

import numpy as np

from ..kernels.program import columns as col
from ..kernels.program import data, elementwise, loss
from ..kernels.program import update as update_op
from ..kernels.program.call import NUMBER, address, values
from ..kernels.program.run import run_alone, run_team
from ..kernels.threads import get_num_threads
from ..utils import derived_seed
from .lowering import lower_network, most_channels
from .network import Network
from .parameters import PARAMETERS_AN_ITEM, Learning, update_columns
from .plan import Plan

# Multiply-adds in a step that are worth a second thread.
PARALLEL_WORK = 4_000_000
# Numbers that are worth an item of the copy of a mini-batch, and samples an item of the loss.
COPY_WORK = 16384
LOSS_SAMPLES = 16


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


class Trainer:
    """Runs training steps of a network.

    The parameters, and what the optimiser remembers of them, live in the trainer's memory while it
    exists: :attr:`parameters` and :attr:`slots` are views of them.

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

    def __init__(self, network, objective, learning, n_slots, batch_size, dtype=np.float32):
        work = 3 * forward_work(network, batch_size)
        self.workers = get_num_threads() if work > PARALLEL_WORK else 1
        self.batch_size = batch_size
        plan = Plan(
            dtype,
            batch_size,
            self.workers,
            network.n_parameters,
            n_slots,
            True,
            most_channels(network),
        )
        plan.learning_columns = update_columns(plan, learning)
        self._lower(plan, network, objective, learning)
        self.program, self.memory = plan.finish()
        self._dropouts = plan.dropouts
        start, length = plan.parameters, plan.length
        size = network.n_parameters
        #: All parameters, and each slot of the optimiser.
        self.parameters = self.memory[start : start + size]
        self.slots = [self.memory[start + (2 + k) * length :][:size] for k in range(n_slots)]

    def _lower(self, plan: Plan, network: Network, objective: Objective, learning: Learning):
        batch_size = plan.batch_size
        n_in = math.prod(network.shapes[0])
        units = math.prod(network.shapes[-1])
        x = plan.tensor(network.shapes[0], wanted=False)
        targets = plan.take(batch_size * units)
        labels = plan.take(batch_size) if objective.takes_labels else col.NONE
        weights = plan.take(batch_size) if objective.weighted else col.NONE
        given = labels if objective.takes_labels else targets

        plan.add(data.epoch_item, 1, {})
        sources = [(n_in, x.a), (1 if objective.takes_labels else units, given), (1, weights)]
        at_once = max(1, COPY_WORK // (n_in + units))
        gather = {data.SAMPLES_AN_ITEM: at_once}
        for k, (width, place) in enumerate(sources):
            first = data.SOURCES + k * data.SOURCE_COLUMNS
            gather |= {first + data.SOURCE_WIDTH: width, first + data.SOURCE_PLACE: place}
        self._gather = plan.add(data.gather_item, -(-batch_size // at_once), gather)

        u, backward = lower_network(plan, network, x, objective.takes_logits)
        array = values(plan.dtype)
        function = loss.SAMPLE_LOSSES[objective.loss]
        losses = plan.take(batch_size)
        correct = plan.take(batch_size)
        counted = {
            loss.LOSSES_AT: losses,
            loss.CORRECT: correct,
            loss.METRIC: objective.metric,
        }
        plan.add(
            loss.loss_item,
            -(-batch_size // LOSS_SAMPLES),
            counted
            | {
                loss.LOSS: address(function, array, array, array, array, NUMBER),
                loss.DELTA: float(objective.delta),
                loss.TARGETS: targets,
                loss.LABELS: labels,
                loss.SMOOTHING: float(objective.label_smoothing),
                loss.WEIGHTS: weights,
                loss.LEVEL: float(objective.level),
                loss.SAMPLES_AN_ITEM: LOSS_SAMPLES,
                col.A: u.a,
                col.DA: plan.gradient_place(u),
                col.UNITS: units,
            },
        )
        self._totals = [plan.add(loss.totals_item, 1, counted)]
        if u.dz != plan.gradient_place(u):
            plan.add(
                elementwise.hand_down_item,
                -(-batch_size // LOSS_SAMPLES),
                plan.backward(u) | {elementwise.SAMPLES_AN_ITEM: LOSS_SAMPLES},
            )

        first = len(plan.rows)
        if np.isfinite(learning.clipnorm):  # no weight moves before the whole gradient is known
            update = plan.learning_columns.pop(col.UPDATE)
        for lower in backward:
            lower()
        learned = [row for row in plan.rows[first:] if row[col.STOP] != col.NONE]
        learned = list({row[col.KERNEL]: row for row in learned}.values())
        for row in learned:
            penalties = {c: row[c] for c in (col.L1, col.L2, col.BIAS_L1, col.BIAS_L2)}
            if any(penalties.values()):
                places = {c: row[c] for c in (col.KERNEL, col.BIAS, col.STOP)}
                self._totals.append(len(plan.rows))
                plan.add(loss.penalty_item, 1, places | penalties)
        if np.isfinite(learning.clipnorm):
            everything = {
                col.KERNEL: plan.parameters,
                col.STOP: plan.parameters + network.n_parameters,
            }
            plan.add(update_op.clip_norm_item, 1, plan.learning_columns | everything)
            for row in learned:
                size = row[col.STOP] - row[col.KERNEL]
                columns = plan.learning_columns | {
                    **{c: row[c] for c in (col.KERNEL, col.BIAS, col.STOP)},
                    **dict.fromkeys((col.L1, col.L2, col.BIAS_L1, col.BIAS_L2), 0.0),
                    col.UPDATE: update,
                    update_op.PARAMETERS_AN_ITEM: PARAMETERS_AN_ITEM,
                    update_op.PARTIALS: 0,
                }
                plan.add(update_op.update_item, -(-size // PARAMETERS_AN_ITEM), columns)

    def bind(self, x, y, weights, order, totals, shuffle, seed, iterations) -> None:
        """Say what the steps that follow are run on; the arrays must outlive them.

        Parameters
        ----------
        x, y, weights : ndarray or None
            Inputs, targets and weights of all samples, C-contiguous and of the trainer's type.
        order : (n,) int64 array
            Order of the samples in the current epoch; written.
        totals : (epochs, 2) float64 array
            Mean loss, and share of right predictions, of each epoch so far; written.
        shuffle : bool
            Whether the samples are shuffled for every epoch.
        seed : int
            Of the shuffles and of dropout.
        iterations : int
            Steps that the optimiser had taken before step 0.
        """
        program = self.program
        self._bound = (x, y, weights, order, totals)  # kept alive
        self.n_samples = len(x)
        for row in (program[0], program[self._gather]):
            row[data.N_SAMPLES], row[data.BATCH_SIZE] = self.n_samples, self.batch_size
            row[data.ORDER] = order.ctypes.data
        program[0, data.SHUFFLE], program[0, data.SEED] = shuffle, seed
        for k, source in enumerate((x, y, weights)):
            at = data.SOURCES + k * data.SOURCE_COLUMNS + data.SOURCE_ADDRESS
            program[self._gather, at] = col.NONE if source is None else source.ctypes.data
        for phase in self._totals:
            row = program[phase]
            row[loss.N_SAMPLES], row[loss.BATCH_SIZE] = self.n_samples, self.batch_size
            row[loss.TOTALS] = totals.ctypes.data
        for phase, number in self._dropouts:
            program[phase, elementwise.SEED] = derived_seed(seed, number + 1)
        program[:, col.ITERATIONS] = iterations

    def run(self, first_step: int, learning_rates: np.ndarray) -> None:
        """Run one step for each learning rate.

        Parameters
        ----------
        first_step : int
            Number of the first, within the run.
        learning_rates : ndarray of float64
        """
        self.program[:, col.RATES] = learning_rates.ctypes.data
        self.program[:, col.FIRST_STEP] = first_step
        arguments = (
            self.program,
            1,
            self.memory,
            self.n_samples,
            self.batch_size,
            first_step,
            learning_rates.size,
        )
        if self.workers == 1:
            run_alone(*arguments)
        else:
            run_team(self.workers, *arguments)


def forward_work(network: Network, batch_size: int) -> int:
    """Multiply-adds of a forward pass, about: one for each weight and each place it is used at."""
    total = 0
    for weights, shape in zip(network.weights, network.shapes[1:], strict=True):
        places = math.prod(shape[:-1])
        total += sum(math.prod(placed.weight.shape) for placed in weights) * places
        total += math.prod(shape)
    return batch_size * total
