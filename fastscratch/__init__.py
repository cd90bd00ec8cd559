"""Neural networks from scratch, at the speed of the machine.

Hand-written Numba kernels (:mod:`fastscratch.kernels`), each beside its naive twin in plain Python
(:mod:`fastscratch.reference`), and a thin layer of checked functions and models over them.
"""

from . import datasets, initializers, layers, metrics, ops, optimizers, regression, utils
from .kernels.threads import get_num_threads, layer, set_num_threads
from .models import History, Sequential
from .warmup import warmup

__version__ = "0.1.0"

__all__ = [
    "History",
    "Sequential",
    "datasets",
    "get_num_threads",
    "initializers",
    "layer",
    "layers",
    "metrics",
    "ops",
    "optimizers",
    "regression",
    "set_num_threads",
    "utils",
    "warmup",
]
