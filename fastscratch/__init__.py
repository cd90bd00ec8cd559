"""Neural networks from scratch, at the speed of the machine.

Hand-written Numba kernels (:mod:`fastscratch.kernels`), each beside its naive twin in plain Python
(:mod:`fastscratch.reference`), and a thin layer of checked functions and models over them.
"""

from pathlib import Path

if not (Path(__file__).parent / "kernels").exists():  # in a checkout they stand beside this folder
    __path__.append(str(Path(__file__).parents[1]))

from . import (
    activations,
    callbacks,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    plot,
    regression,
    regularizers,
    utils,
)
from .callbacks import History
from .kernels.threads import get_num_threads, set_num_threads, threading_layer
from .layers import Input
from .models import Model, Sequential, load_model
from .verify import verify
from .warmup import warmup

__version__ = "0.1.0"

__all__ = [
    "History",
    "Input",
    "Model",
    "Sequential",
    "activations",
    "callbacks",
    "datasets",
    "get_num_threads",
    "initializers",
    "layers",
    "load_model",
    "losses",
    "metrics",
    "ops",
    "optimizers",
    "plot",
    "regression",
    "regularizers",
    "set_num_threads",
    "threading_layer",
    "utils",
    "verify",
    "warmup",
]
