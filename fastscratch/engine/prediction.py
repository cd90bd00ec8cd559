"""Prediction: the forward pass of a network through the same kind of program."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..kernels.program import columns as col
from ..kernels.program import data
from ..kernels.program.run import predict_alone, predict_team, run_alone, run_team
from .evaluation import team_size
from .lowering import lower_network, most_channels
from .network import Network
from .plan import COPY_WORK, Allocate, Plan, aligned_zeros, source_places
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
    sparse : bool
        Whether the input is given as a sparse matrix.
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
    ):
        self.batch_size = batch_size
        self.workers = workers or team_size(batch_size * network.work)
        channels = most_channels(network)
        plan = Plan(dtype, batch_size, self.workers, network.n_parameters, channels, sparse=sparse)
        inputs = plan.inputs(network.input_shapes, True)
        gathers = plan.add_gathers([(x.units, x.a) for x in inputs if not x.is_sparse])
        outputs, _ = lower_network(plan, network, inputs)
        plan.site = "results"
        scatters = []
        for u in outputs:
            at_once = max(1, COPY_WORK // u.units)
            record = {data.SAMPLES_AN_ITEM: at_once, col.A: u.a, col.UNITS: u.units}
            scatters.append(plan.add(data.scatter_item, -(-batch_size // at_once), record))
        self.program = plan.finish(allocate)
        self.memory = self.program.memory
        self._gathers = [self.program.row(number) for number in gathers]
        self._scatters = [self.program.row(number) for number in scatters]
        self._sparse_rows = [self.program.row(number) for number in plan.sparse_phases]
        # If the first phase does nothing but gather the samples, compiled code sets their address.
        first = self.program.table[0]
        gathers_first = not sparse and np.shares_memory(self._gathers[0], first)
        self._is_plain = gathers_first and len(inputs) == len(outputs) == 1
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
            Whether all samples are finite; else nothing was done.
        """
        if not self._is_plain:
            return self._run_several(outs, xs)
        (out,), (x,) = outs, xs
        arguments = self.program.phases, self.memory, out.reshape(-1), x.reshape(-1), len(x)
        if self.workers == 1:
            return predict_alone(*arguments, self.batch_size)
        return predict_team(self.workers, *arguments, self.batch_size)

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
