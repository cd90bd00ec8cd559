"""Means of runs of numbers, written in LLVM's own language, against NumPy."""

import numpy as np
import pytest

from fastscratch.kernels.jit import users
from fastscratch.kernels.runs import mean_of_runs

RNG = np.random.default_rng(0)


@users
def call(means, to, size, values, at, step, count, weight):
    mean_of_runs(means, to, size, values, at, step, count, weight)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_any_number_of_runs_of_any_length(dtype, count):
    """Whole groups of vectors, single vectors and a part of one; nothing beside them is written."""
    for size in (1, 5, 8, 16, 37, 64, 100, 133):
        step, at, to = size + 3, 2, 5
        values = RNG.normal(size=at + count * step).astype(dtype)
        means = np.full(to + size + 40, 7, dtype)
        weight = dtype(1 / count)
        call(means, to, size, values, at, step, count, weight)
        runs = np.stack([values[at + k * step :][:size] for k in range(count)])
        # A unit of roundoff for each term, and one for the weight.
        terms = np.abs(runs).sum(axis=0) * weight
        error = np.abs(means[to : to + size] - runs.sum(axis=0, dtype=np.float64) * float(weight))
        assert (error <= (count + 1) * np.finfo(dtype).eps * terms).all()
        assert (means[:to] == 7).all()
        assert (means[to + size :] == 7).all()
