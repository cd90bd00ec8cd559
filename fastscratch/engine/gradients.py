"""Gradients without an update: of the weights, for all samples or for each, and of the inputs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.machine import VECTOR_BYTES
from ..kernels.program import columns as col
from ..kernels.program import data, loss
from ..kernels.program import update as update_op
from ..kernels.program.samples import backprop_samples, keep_gradient
from .evaluation import Evaluator, Objective
from .lowering import keeps_apart
from .network import Network
from .parameters import Learning
from .plan import COPIED_NUMBERS, Plan, aligned_zeros
from .recycling import Recycled


class Differentiator(Evaluator):
    """Computes the mean loss over a data set and its gradient with respect to the weights.

    In training mode: dropout drops, batch normalisation looks at the mini-batch. The penalties of
    the weights are in both. The data set may go through the network in several mini-batches, whose
    gradients are added up.

    Parameters
    ----------
    network, objectives, batch_size, dtype, workers
        As :class:`Evaluator` takes them.
    """

    _training = _differentiates = _learns = True
    _work = 3

    def _lower(self, plan: Plan, network: Network, objectives: Sequence[Objective]) -> None:
        go_back = self._lower_to_losses(plan, network, objectives)
        self._lower_backward(plan, network, go_back)
        plan.site = "sum"
        size = network.n_parameters
        self._sum = plan.take(size)
        self._accumulate = self._add_sum(plan, size, self._sum, {col.ITERATIONS: 0})

    def differentiate(
        self,
        x: Sequence[np.ndarray],
        y: Sequence[np.ndarray],
        weights: Sequence[np.ndarray | None],
        seed: int = 0,
        step: int = 0,
    ) -> tuple[float, np.ndarray]:
        """The mean loss of all samples, and its gradient as one flat vector.

        Parameters
        ----------
        x, y, weights
            As :meth:`Evaluator.bind` takes them.
        seed, step : int
            Seed of the dropout, and the step of a fit whose random numbers are drawn.

        Returns
        -------
        loss : float
        gradient : (n_parameters,) array
            A view of the program's memory; the next call writes it anew.
        """
        order, totals = np.arange(len(x[0])), np.zeros((1, len(y) + 1, 2))
        self.bind(x, y, weights, order, totals, seed=seed)
        steps = -(-self.n_samples // self.batch_size)
        row = self.program.row(self._accumulate)
        row[col.EVERY], row[update_op.N_SAMPLES] = steps, self.n_samples
        first = step * steps  # an epoch of its own: the data set is in order
        for total in self._total_rows:
            total[loss.FIRST_EPOCH] = step
        self.run(first, steps)
        losses = totals[0, :, 0] @ [*self.loss_weights, 1.0]
        return float(losses), self.memory[self._sum :][: self.network.n_parameters]


class SampleDifferentiator(Evaluator):
    """Computes the loss of each sample and its gradient with respect to the weights.

    As in prediction, nothing is dropped, and batch normalisation uses its moving averages, so that
    a sample does not depend on the others. Each thread has a copy of the program's memory.

    Parameters
    ----------
    network, objectives, dtype, **plan_arguments
        As :class:`Evaluator` takes them.
    threads : int
    """

    _differentiates = _learns = True
    _totals_are_kept = False
    _mean_over = 1

    def __init__(
        self,
        network: Network,
        objectives: Sequence[Objective],
        threads: int,
        dtype: Any = np.float32,
        **plan_arguments: Any,
    ):
        lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
        apart = keeps_apart(network, lanes)
        batch_size = lanes if apart else 1
        plan_arguments |= {"keeps_apart": apart}
        super().__init__(network, objectives, batch_size, dtype, workers=1, **plan_arguments)
        size = self.memory.size
        self._memories = aligned_zeros(threads * size, self.memory.dtype).reshape(threads, size)
        self._results = Recycled()
        self._rows_apart = np.array([self.program.place(n) for n in self._apart], np.int64)
        self._not_learned = [
            (placed.offset, placed.stop)
            for layer, weights in network.weights_by_layer()
            for placed in weights
            if not (layer.trainable and placed.weight.trainable)
        ]

    def _prepare(self, plan: Plan) -> None:
        plan.optimizer = Learning(keep_gradient, np.zeros(col.N_HYPER)).record(plan)

    def _lower(self, plan: Plan, network: Network, objectives: Sequence[Objective]) -> None:
        go_back = self._lower_to_losses(plan, network, objectives)
        self._lower_backward(plan, network, go_back)
        self._apart = [n for n, phase in enumerate(plan.phases) if phase.when == "apart"]
        self._strides = np.zeros((len(self._apart), col.COLUMNS), np.int64)
        for number, strides in zip(self._apart, self._strides, strict=True):
            strides[col.HYPER] = network.n_parameters * plan.dtype.itemsize
            for field, place in plan.phases[number].record.items():
                if field.kind == col.PLACE and field not in col.PARAMETERS and place != col.NONE:
                    strides[field] = plan.sizes[place] // plan.batch_size

    def differentiate(
        self,
        x: Sequence[np.ndarray],
        y: Sequence[np.ndarray],
        weights: Sequence[np.ndarray | None],
    ) -> tuple[np.ndarray, np.ndarray]:
        """Losses and gradients of all samples.

        Parameters
        ----------
        x, y, weights
            As :meth:`Evaluator.bind` takes them.

        Returns
        -------
        losses : (n,) float64 array
        gradients : (n, n_parameters) array
        """
        n = len(x[0])
        # Whole mini-batches only: the bits of a sample do not depend on how many there are.
        order = np.minimum(np.arange(-(-n // self.batch_size) * self.batch_size), n - 1)
        self._bind_sources([*x, *y, *weights], order)
        rates = np.zeros(n)
        table = self.program.table
        table[:, col.RATES], table[:, col.FIRST_STEP] = rates.ctypes.data, 0
        losses = np.empty(n)
        shape = n, self.network.n_parameters
        gradients = self._results.empty(shape, self.memory.dtype)
        for start, stop in self._not_learned:
            gradients[:, start:stop] = 0
        backprop_samples(
            gradients,
            losses,
            np.tile(table, (len(self._memories), 1, 1)),
            len(self.program.phases),
            self._rows_apart,
            self._strides,
            self.memory,
            self._memories,
            self.parameters_at,
            np.array(self._losses),
            self.loss_weights,
            self.batch_size,
        )
        return losses, gradients


class InputDifferentiator(Evaluator):
    """Computes the gradient of each sample's loss with respect to its inputs.

    As in prediction, nothing is dropped, and batch normalisation uses its moving averages.

    Parameters
    ----------
    network, objectives, batch_size, dtype, workers
        As :class:`Evaluator` takes them.
    """

    _differentiates = True
    _work = 2
    _totals_are_kept = False
    _mean_over = 1

    def _lower(self, plan: Plan, network: Network, objectives: Sequence[Objective]) -> None:
        self._lower_to_losses(plan, network, objectives, x_differs=True)()
        plan.site = "results"
        self._results = []
        for x in self._inputs:
            # An embedding, which takes whole numbers, computes none.
            plan.begin_with(plan.gradient_place(x), plan.batch_size * x.units, 0.0)
            at_once = max(1, COPIED_NUMBERS // x.units)
            record = {data.SAMPLES_AN_ITEM: at_once, col.A: x.dz, col.UNITS: x.units}
            items = -(-plan.batch_size // at_once)
            self._results.append(plan.add(data.scatter_item, items, record))

    def differentiate(
        self,
        x: Sequence[np.ndarray],
        y: Sequence[np.ndarray],
        weights: Sequence[np.ndarray | None],
    ) -> list[np.ndarray]:
        """Gradients of all samples, for each input."""
        order = np.arange(len(x[0]))
        gradients = [np.empty_like(of) for of in x]
        rows = [self.program.row(number) for number in self._results]
        for row, out in zip(rows, gradients, strict=True):
            row[data.RESULTS] = out.ctypes.data
        self._bind_sources([*x, *y, *weights], order)
        for row in rows:
            row[data.N_SAMPLES], row[data.BATCH_SIZE] = self.n_samples, self.batch_size
        self.run(0, -(-self.n_samples // self.batch_size))
        return gradients
