"""Training: the program of a network with its losses and its optimiser."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.program import columns as col
from ..kernels.program import train as op
from ..kernels.program import update as update_op
from .constraints import lower_constraints
from .evaluation import Evaluator, Objective, learned_parameters
from .network import Network
from .parameters import Learning
from .plan import Allocate, Plan, aligned_zeros
from .program import Factor
from .recycling import Recycled

# Bytes of weights and slots that are copied in a fiftieth of 0.1 s: with more, slices are longer.
COPIED = 1 << 25
# A slice is worth at most a second.
LONGEST = 10.0
# Less memory than this costs no more to ask for than to keep.
FRESH = 1 << 20


class Trainer(Evaluator):
    """Runs training steps of a network.

    The parameters, and what the optimiser remembers of them, live in the trainer's memory:
    :attr:`parameters` and :attr:`slots` are views of them.

    Parameters
    ----------
    network : Network
    objectives : sequence of Objective
        One for each output.
    learning : Learning
    n_slots : int
        Numbers that the optimiser remembers of each parameter; the last of them is the sum of
        gradients, if these are added up over several steps, and before that comes the moving
        average of the parameters, if there is one.
    batch_size : int
    dtype : dtype
    workers : int, optional
        Threads; by default as many as the work is worth.
    allocate : callable
        Gives it its memory.
    sparse, mostly_zeros : bool
        Whether the input is given as a sparse matrix; or as an array that is mostly zeros.
    """

    _training = _differentiates = _learns = True
    _work = 3

    def __init__(
        self,
        network: Network,
        objectives: Sequence[Objective],
        learning: Learning,
        n_slots: int,
        batch_size: int,
        dtype: Any = np.float32,
        workers: int | None = None,
        allocate: Allocate = aligned_zeros,
        sparse: bool = False,
        mostly_zeros: bool = False,
    ):
        self._learning, self._n_slots = learning, n_slots
        plan = {"n_slots": n_slots, "sparse": sparse, "mostly_zeros": mostly_zeros}
        super().__init__(network, objectives, batch_size, dtype, workers, allocate, **plan)
        first = self._slots_at
        size = network.n_parameters
        about = np.zeros(op.ABOUT, np.int64)
        about[op.N_PHASES] = len(self.program.phases)
        about[op.WEIGHTS_AT], about[op.DISTANCE] = self.parameters_at, self.length
        self._about, self._shape = about, (1 + n_slots, size)
        #: What came of the last steps: not run, as a caller may set it before, or whether all
        #: weights and totals are finite.
        self.outcome = about[op.OUTCOME :][:1]
        self._factors = self._find_factors()
        #: Steps of a slice, as long as it should be; the next fit begins with as many.
        self.steps_at_once = 1
        state_bytes = (1 + n_slots) * self.parameters.nbytes
        #: How many times as long as others slices are: after each, weights and slots are copied.
        self.patience = min(max(1.0, state_bytes / COPIED), LONGEST)
        self._empty = Recycled().empty if state_bytes >= FRESH else np.empty
        #: What the optimiser remembers.
        self.slots = [self.memory[first + k * self.length :][:size] for k in range(n_slots)]

    def _find_factors(self) -> tuple[np.ndarray, ...]:
        """Where factors of penalties are: rows and columns of the table; those of the network's."""
        row_of = {int(offset): k for k, offset in enumerate(self.network.penalties[:, 0])}
        places = [
            (self.program.place(number), field, row_of[value.offset], 1 + value.power)
            for number, phase in enumerate(self.program.lines)
            for field, value in phase.record.items()
            if isinstance(value, Factor)
        ]
        return tuple(np.array(places, np.int64).reshape(-1, 4).T)

    def bind_penalties(self, penalties: np.ndarray) -> None:
        """Take the penalties of a network that is otherwise of the kind of the trainer's own."""
        rows, columns, own_rows, own_columns = self._factors
        factors = penalties[own_rows, own_columns]
        self.program.table.view(np.float64)[rows, columns] = factors

    def _prepare(self, plan: Plan) -> None:
        plan.runner = op.trainer
        self.length, self._slots_at = plan.length, plan.parameters + 2 * plan.length
        if not self._learning.is_deferred:
            plan.optimizer = self._learning.record(plan)
            plan.is_plain_descent = self._learning.is_plain_descent

    def _lower(self, plan: Plan, network: Network, objectives: Sequence[Objective]) -> None:
        go_back = self._lower_to_losses(plan, network, objectives)
        self._lower_backward(plan, network, go_back)
        plan.site = "update"
        if self._learning.every > 1:
            last_slot = self._slots_at + (self._n_slots - 1) * plan.length
            record = {col.EVERY: self._learning.every}
            self._add_sum(plan, network.n_parameters, last_slot, record)
        if self._learning.clips_norm:
            self._lower_clipping(plan, network)
        if self._learning.is_deferred:
            optimizer = self._learning.record(plan)
            for own in learned_parameters(plan, network):
                own.add_update(optimizer)
        if self._learning.ema_momentum is not None:
            place = self._n_slots - (2 if self._learning.every > 1 else 1)
            average = self._slots_at + place * plan.length
            for own in learned_parameters(plan, network):
                own.add_average(average + own.kernel - plan.parameters, self._learning)
        lower_constraints(plan, network)

    def _lower_clipping(self, plan: Plan, network: Network) -> None:
        """Add the clipping of the gradient, which has its penalties."""
        learning = self._learning
        ranges = [(placed.offset, placed.stop) for placed in network.placed()]
        if np.isfinite(learning.global_clipnorm):
            ranges = [(0, network.n_parameters)]
        bound = float(min(learning.clipnorm, learning.global_clipnorm))
        for start, stop in ranges:
            place = {col.KERNEL: plan.parameters + start, col.STOP: plan.parameters + stop}
            record = {col.CLIPNORM: bound, col.LENGTH: plan.length, col.EVERY: learning.every}
            plan.add(update_op.clip_norm_item, 1, place, record)

    def load(self, numbers: np.ndarray) -> None:
        """Take over weights, and below them each slot of what the optimiser remembers."""
        for own, given in zip([self.parameters, *self.slots], numbers, strict=True):
            own[:] = given

    def new_numbers(self) -> np.ndarray:
        """An array of weights and slots, as :meth:`load` takes it, of any numbers."""
        return self._empty(self._shape, self.memory.dtype)

    def train(
        self,
        first_step: int,
        learning_rates: np.ndarray,
        iterations: int,
        totals: np.ndarray,
        learned: np.ndarray,
    ) -> None:
        """Run one step for each learning rate; :attr:`outcome` is set in the end.

        Parameters
        ----------
        first_step : int
            Number of the first, counted from epoch 0.
        learning_rates : ndarray of float64
        iterations : int
            Steps that the optimiser has taken before: its updates, times the number of mini-batches
            whose gradients are added up for each; plus those that have been added up since.
        totals : (epochs, outputs + 1, 2) float64 array
            Of the epochs that the steps belong to; the outcome says whether they are finite.
        learned : (1 + slots, p) array
            Weights and slots after the steps; written.
        """
        totals, table = totals.reshape(-1), self.program.table
        arguments = (self._about, learned, table, self.memory, totals, learning_rates)
        if self.workers == 1:
            op.train_alone(*arguments, first_step, iterations)
        else:
            op.train_team(self.workers, *arguments, first_step, iterations)
