"""Sums of powers of weights, which are the same for a model alone and for several at once."""

import math

import numpy as np
import pytest

from fastscratch.kernels.powers import POWERS, lane_powers, sum_of_powers

LANES = 4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0, 1, POWERS - 1, POWERS, 3 * POWERS + 5])
@pytest.mark.parametrize("power", [1, 2])
def test_sums_are_exact_and_the_same_in_lanes(size, power, dtype):
    weights = np.random.default_rng(3).standard_normal((size, LANES)).astype(dtype)
    sums = np.full((POWERS + 1) * LANES, np.nan)
    lane_powers(sums, weights.reshape(-1), power, LANES)
    for lane in range(LANES):
        own = np.ascontiguousarray(weights[:, lane])
        total = sum_of_powers(own, power)
        assert total == sums[lane]
        assert total == pytest.approx(math.fsum(abs(float(w)) ** power for w in own), rel=1e-14)
