"""Inputs on which every kernel is run beside its naive twin; a file for each file of kernels.

One registry serves the equivalence tests, the benchmarks, :func:`fastscratch.verify` and
:func:`fastscratch.warmup`. A case gives float64 arrays, scalars and names; :func:`kernel_call` and
:func:`twin_call` turn them into what each side takes: arrays of one type and integer codes, or
lists and the names themselves.
"""

from . import (
    activations,
    constraints,
    conv2d,
    coordinate_descent,
    dense,
    gradient_descent,
    least_squares,
    linear_model,
    losses,
    matmul,
    normalization,
    optimizers,
    pooling,
    qr,
    random,
    refits,
    schedules,
)
from .case import Case, kernel_call, twin_call

__all__ = ["CASES", "Case", "kernel_call", "twin_call"]

#: Every case of every public kernel.
CASES: tuple[Case, ...] = (
    *activations.cases(),
    *losses.cases(),
    *dense.cases(),
    *matmul.cases(),
    *optimizers.cases(),
    *constraints.cases(),
    *schedules.cases(),
    *conv2d.cases(),
    *pooling.cases(),
    *normalization.cases(),
    *least_squares.cases(),
    *gradient_descent.cases(),
    *qr.cases(),
    *linear_model.cases(),
    *coordinate_descent.cases(),
    *refits.cases(),
    *random.cases(),
)
