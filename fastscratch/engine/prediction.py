"""Prediction: the forward pass of a network through the same kind of program."""

import numpy as np

from ..kernels.program import columns as col
from ..kernels.program import data
from ..kernels.program.run import predict_alone, predict_team
from .lowering import lower_network, most_channels
from .network import Network
from .plan import COPY_WORK, Plan
from .training import team_size


class Predictor:
    """Runs a network forward.

    Parameters
    ----------
    network : Network
    batch_size : int
        Largest number of samples at once.
    dtype : dtype
    """

    def __init__(self, network: Network, batch_size: int, dtype=np.float32):
        self.batch_size = batch_size
        self.workers = team_size(batch_size * network.work)
        channels = most_channels(network)
        plan = Plan(dtype, batch_size, self.workers, network.n_parameters, 0, False, channels)
        x = plan.tensor(network.shapes[0])
        plan.add_gather([(x.units, x.a)])
        u, _ = lower_network(plan, network, x, False)
        at_once = max(1, COPY_WORK // u.units)
        scatter = {data.SAMPLES_AN_ITEM: at_once, col.A: u.a, col.UNITS: u.units}
        plan.add(data.scatter_item, -(-batch_size // at_once), scatter)
        program = plan.finish()
        self.phases, self.memory = program.phases, program.memory
        self.parameters = self.memory[plan.parameters :][: network.n_parameters]

    def run(self, out: np.ndarray, x: np.ndarray) -> bool:
        """Outputs of the last layer for all samples.

        Parameters
        ----------
        out : (n, ...) array
            Written.
        x : (n, ...) array
            C-contiguous and of the predictor's type.

        Returns
        -------
        bool
            Whether all samples are finite; else nothing was done.
        """
        arguments = self.phases, self.memory, out.reshape(-1), x.reshape(-1), len(x)
        if self.workers == 1:
            return predict_alone(*arguments, self.batch_size)
        return predict_team(self.workers, *arguments, self.batch_size)
