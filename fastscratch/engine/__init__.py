"""The engine: a network becomes a program for compiled code, which runs slices of steps.

=============== ==================================================================================
file            what it does
=============== ==================================================================================
`network`       layers that read tensors, a place for each weight
`registry`      which kinds of layers can be lowered, and by which function
`lowering`      from a network to the phases of a plan, layer by layer: `dense`, `convolution`,
                `transposed`, `pooling`, `sequence_pooling`, `normalization`, `rescaling`,
                `elementwise`, `activations`, `noise`, `reshaping`, `strided`, `resizing`,
                `merging`, `embedding`, `sparse`
`parameters`    how the weights of a layer are learned
`plan`          memory and phases of a program
`workspace`     a memory on which several programs take turns
`program`       the table that compiled code runs, and the text that people read
`evaluation`    programs of forward pass and loss
`training`      programs of forward pass, loss, backward pass and update
`gradients`     programs of forward pass, loss and backward pass
`prediction`    programs of the forward pass
`many`          many models at once, each on one thread
`sparse_rows`   samples as the rows of a sparse matrix
`mostly_zeros`  whether dense layers leave out the zeros of samples
`lanes`         which of them can be trained together, with the models innermost
`slices`        long runs in pieces of about 0.1 s, between which Python handles Ctrl-C
=============== ==================================================================================

The operations themselves are in :mod:`fastscratch.kernels.program`.
"""

from . import (  # noqa: F401
    activations,
    convolution,
    dense,
    elementwise,
    embedding,
    merging,
    noise,
    normalization,
    pooling,
    rescaling,
    reshaping,
    resizing,
    sequence_pooling,
    strided,
    transposed,
)
from .evaluation import Evaluator, Objective, team_size
from .gradients import Differentiator, InputDifferentiator, SampleDifferentiator
from .lanes import Kind, kind_of
from .many import Samples, Stopping, Training, train_many
from .network import Network, Node, chain
from .parameters import Learning
from .prediction import Predictor
from .slices import run_in_slices
from .sparse_rows import SparseRows, are_sparse
from .training import Trainer
from .workspace import Workspace

__all__ = [
    "Differentiator",
    "Evaluator",
    "InputDifferentiator",
    "Kind",
    "Learning",
    "Network",
    "Node",
    "Objective",
    "Predictor",
    "SampleDifferentiator",
    "Samples",
    "SparseRows",
    "Stopping",
    "Trainer",
    "Training",
    "Workspace",
    "are_sparse",
    "chain",
    "kind_of",
    "run_in_slices",
    "team_size",
    "train_many",
]
