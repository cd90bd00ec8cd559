"""Prediction: the forward pass of a network through the same kind of program."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.activations import LINEAR
from ..kernels.machine import CACHE_LINE
from ..kernels.program import columns as col
from ..kernels.program import data
from ..kernels.program.run import predict_alone, predict_team, run_alone, run_team
from ..layers import Dense
from .evaluation import team_size
from .lowering import ROWS_IN_BLOCK, goes_by_rows, lower_network, most_channels
from .network import Network
from .plan import COPIED_NUMBERS, Allocate, Plan, Tensor, aligned_zeros, source_places
from .sparse import bind_rows
from .sparse_rows import are_sparse


class Predictor:
    """Runs a network forward.

    Parameters
    ----------
    network : Network
    batch_size : int
        Largest number of samples at once.
    dtype : dtype
    workers : int, optional
        Threads; by default as many as the work is worth.
    allocate : callable
        Gives it its memory.
    sparse, mostly_zeros : bool
        Whether the input is given as a sparse matrix; or as an array that is mostly zeros.
    """

    _work = 1

    def __init__(
        self,
        network: Network,
        batch_size: int,
        dtype: Any = np.float32,
        workers: int | None = None,
        allocate: Allocate = aligned_zeros,
        sparse: bool = False,
        mostly_zeros: bool = False,
    ):
        self.batch_size = batch_size
        self.workers = workers or team_size(batch_size * network.work)
        by_rows = not sparse and goes_by_rows(network)
        held = self.workers * ROWS_IN_BLOCK if by_rows else batch_size
        channels = most_channels(network)
        kind = {"sparse": sparse, "mostly_zeros": mostly_zeros}
        plan = Plan(dtype, held, self.workers, network.n_parameters, channels, **kind)
        plan.only_predicts = True
        notes, notes_end = 0, 0
        if by_rows:
            plan.block = ROWS_IN_BLOCK
            line = CACHE_LINE // plan.dtype.itemsize
            notes = plan.take(self.workers * line)
            notes_end = notes + self.workers * line
        if by_rows and _narrows(network) and not mostly_zeros:
            # The first phase reads the samples where they are.
            inputs = [Tensor(network.input_shapes[0], 1, LINEAR, col.NONE, col.NONE, None)]
            inputs[0].notes, gathers = notes, [0]
        elif by_rows:
            inputs = plan.inputs(network.input_shapes, True)
            gathers = [_add_gather(plan, inputs[0], notes)]
        else:
            inputs = plan.inputs(network.input_shapes, True)
            gathers = plan.add_gathers([(x.units, x.a) for x in inputs if not x.is_sparse])
        outputs, _ = lower_network(plan, network, inputs)
        plan.site = "results"
        scatters = [_add_scatter(plan, u, by_rows) for u in outputs]
        self.program = plan.finish(allocate, -(-batch_size // ROWS_IN_BLOCK) if by_rows else 0)
        self.memory = self.program.memory
        self._gathers = [self.program.row(number) for number in gathers]
        self._scatters = [self.program.row(number) for number in scatters]
        self._sparse_rows = [self.program.row(number) for number in plan.sparse_phases]
        # With one row that gathers and one that hands out, compiled code sets the addresses.
        self._is_plain = not sparse and len(inputs) == len(outputs) == 1
        if self._is_plain:
            ends = self.program.place(gathers[0]), self.program.place(scatters[0])
            n_phases = len(self.program.phases)
            self._places = np.array([n_phases, *ends, notes, notes_end], np.int64)
        self.parameters = self.memory[plan.parameters :][: network.n_parameters]

    def run(self, outs: Sequence[np.ndarray], xs: Sequence[Any]) -> bool:
        """Outputs of the network for all samples.

        Parameters
        ----------
        outs : sequence of (n, ...) array
            Written.
        xs : sequence of (n, ...) array
            C-contiguous and of the predictor's type; or one `SparseRows`.

        Returns
        -------
        bool
            Whether all samples are finite; else the outputs mean nothing.
        """
        if not self._is_plain:
            return self._run_several(outs, xs)
        (out,), (x,) = outs, xs
        program = self.program.table, self._places, self.memory
        arguments = out.reshape(-1), x.reshape(-1), len(x), self.batch_size
        if self.workers == 1:
            return predict_alone(*program, *arguments)
        return predict_team(self.workers, *program, *arguments)

    def _run_several(self, outs: Sequence[np.ndarray], xs: Sequence[Any]) -> bool:
        """As :meth:`run`, for several inputs or outputs, or a sparse input."""
        sparse = are_sparse(xs)
        if not all(np.isfinite(x.values if sparse else x).all() for x in xs):
            return False
        n = len(xs[0])
        if sparse:  # the array is for backward passes only
            bind_rows(self._sparse_rows, xs[0], None, self.batch_size)
            xs = ()
        for (row, field), x in zip(source_places(self._gathers, len(xs)), xs, strict=True):
            row[field] = x.ctypes.data
        for row, out in zip(self._scatters, outs, strict=True):
            row[data.RESULTS] = out.ctypes.data
        for row in (*self._gathers, *self._scatters):
            row[data.N_SAMPLES], row[data.BATCH_SIZE] = n, self.batch_size
        arguments = 0, self.memory, n, self.batch_size, 0, -(-n // self.batch_size)
        if self.workers == 1:
            run_alone(self.program.phases, *arguments)
        else:
            run_team(self.workers, self.program.phases, *arguments)
        return True


def _narrows(network: Network) -> bool:
    """Whether the first layer has fewer outputs than inputs."""
    layer, (width, *others) = network.nodes[0].layer, network.input_shapes[0]
    return type(layer) is Dense and not others and layer.units < width


def _add_gather(plan: Plan, x: Tensor, notes: int) -> int:
    """Add the phase that gathers a block of samples, and notes whether they are finite."""
    _, width, place = data.SOURCE_FIELDS[0]
    record = {
        data.SAMPLES_AN_ITEM: plan.block,
        width: x.units,
        place: x.a,
        data.FINITE: notes,
    }
    return plan.add(data.gather_block_item, 1, record, lanes=plan.block)


def _add_scatter(plan: Plan, u: Tensor, by_rows: bool) -> int:
    """Add the phase that hands out results, of the mini-batch or of a block of rows."""
    record = {col.A: u.a, col.UNITS: u.units}
    if by_rows:
        record[data.SAMPLES_AN_ITEM] = plan.block
        return plan.add(data.scatter_block_item, 1, record, lanes=plan.block)
    record[data.SAMPLES_AN_ITEM] = at_once = max(1, COPIED_NUMBERS // u.units)
    return plan.add(data.scatter_item, -(-plan.batch_size // at_once), record)
