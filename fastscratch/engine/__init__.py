"""The engine: a network becomes a program for compiled code, which runs slices of steps.

=============== ==================================================================================
file            what it does
=============== ==================================================================================
`network`       layers on samples of a known shape, a place for each weight
`plan`          memory and table of a program
`lowering`      from the one to the other, layer by layer: `dense`, `convolution`, `pooling`,
                `normalization`, `elementwise`, `reshaping`, `parameters`
`training`      forward, loss, backward, update
`prediction`    forward
`slices`        long runs in pieces of about 0.1 s, so that Python hears of Ctrl-C and of progress
=============== ==================================================================================

The operations themselves stand in :mod:`fastscratch.kernels.program`.
"""

from .network import Network
from .parameters import Learning
from .prediction import Predictor
from .slices import progress_bar, run_in_slices
from .training import Evaluator, Objective, Trainer, team_size

__all__ = [
    "Evaluator",
    "Learning",
    "Network",
    "Objective",
    "Predictor",
    "Trainer",
    "progress_bar",
    "run_in_slices",
    "team_size",
]
