"""Initializers: moments within five standard errors of their formula, limits, and seeds.

A right initializer fails a test of five standard errors once in two million seeds; the seeds here
are fixed, so it fails never.
"""

import numpy as np
import pytest

from fastscratch import Sequential, initializers, layers

SHAPE = (400, 500)
N = 400 * 500


def assert_moments(values, mean, stddev, kurtosis):
    """Mean and variance of independent numbers with these moments, to five standard errors."""
    values = values.astype(float).ravel()
    assert abs(values.mean() - mean) < 5 * stddev / N**0.5
    # The variance of an estimated variance is (kurtosis - 1) stddev**4 / n.
    error = ((kurtosis - 1) / N) ** 0.5 * stddev**2
    assert abs(((values - mean) ** 2).mean() - stddev**2) < 5 * error
    neighbours = (values[1:] - mean) * (values[:-1] - mean)
    assert abs(neighbours.mean()) < 5 * stddev**2 / N**0.5  # they are not correlated


@pytest.mark.parametrize(("mean", "stddev"), [(0.0, 0.05), (0.0, 1.0), (-3.0, 0.5)])
def test_random_normal(mean, stddev):
    values = initializers.RandomNormal(mean, stddev)(SHAPE, 5)
    assert_moments(values, mean, stddev, kurtosis=3)
    within = (abs(values - mean) < stddev).mean()
    assert abs(within - 0.6827) < 5 * (0.6827 * 0.3173 / N) ** 0.5 + 5e-5  # 5e-5: four digits


@pytest.mark.parametrize(("low", "high"), [(-0.05, 0.05), (0.0, 1.0), (2.0, 5.0)])
def test_random_uniform(low, high):
    values = initializers.RandomUniform(low, high)(SHAPE, 6)
    assert_moments(values, (low + high) / 2, (high - low) / 12**0.5, kurtosis=1.8)
    assert np.float32(low) <= values.min()
    assert values.max() <= np.float32(high)


@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"),
    [((300, 200), 300, 200), ((5, 5, 40, 60), 1000, 1500), ((60_000,), 60_000, 60_000)],
)
def test_glorot_uniform(shape, fan_in, fan_out):
    values = initializers.GlorotUniform()(shape, 7)
    limit = (6 / (fan_in + fan_out)) ** 0.5
    assert values.shape == shape
    assert abs(values).max() <= np.float32(limit)
    assert abs(values).max() > 0.999 * limit  # 60,000 numbers come that close but for e**-60
    assert abs(values.mean()) < 5 * limit / 3**0.5 / 60_000**0.5


def test_zeros_and_ones():
    assert not initializers.Zeros()((2, 3), 1).any()
    assert (initializers.Ones()((2, 3), 1) == 1).all()


@pytest.mark.parametrize(("name", "variance"), [("he_uniform", 2), ("lecun_uniform", 1)])
@pytest.mark.parametrize(("shape", "fan_in"), [((200, 300), 200), ((3, 3, 40, 50), 360)])
def test_uniform_of_a_variance(name, variance, shape, fan_in):
    """A uniform distribution within a limit has a third of its square as variance."""
    values = initializers.get("kernel_initializer", name)(shape, 5)
    limit = np.sqrt(3 * variance / fan_in)
    assert 0.99 * limit < np.abs(values).max() <= limit
    # The mean square of n uniform numbers: its own standard deviation is 0.9 of it over sqrt(n).
    assert abs(np.mean(values.astype(float) ** 2) * fan_in / variance - 1) < 5 / np.sqrt(
        values.size
    )


NAMES = [
    "zeros",
    "ones",
    "constant",
    "random_normal",
    "random_uniform",
    "glorot_uniform",
    "he_uniform",
    "lecun_uniform",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1,), (3, 4), (2, 3, 4, 5), (1, 1)])
def test_every_initializer(name, shape):
    initializer = initializers.get("kernel_initializer", name)
    values = initializer(shape, 3)
    assert values.shape == shape
    assert values.dtype == np.float32
    assert values.tobytes() == initializer(shape, 3).tobytes()
    if "normal" in name or "uniform" in name:
        assert values.tobytes() != initializer(shape, 4).tobytes()
    initializer(shape, 3)[:] = 9
    assert values.tobytes() == initializer(shape, 3).tobytes()  # fresh each time


def test_get():
    mine = initializers.RandomNormal(stddev=1)
    assert initializers.get("kernel_initializer", mine) is mine
    assert initializers.get("name", "normal") == initializers.RandomNormal()
    assert initializers.get("name", "uniform") == initializers.RandomUniform()
    assert isinstance(initializers.get("name", "zero"), initializers.Zeros)
    assert isinstance(initializers.get("name", "one"), initializers.Ones)
    known = ", ".join(repr(name) for name in NAMES)
    for wrong in ("he", None, 3, ["zeros"], initializers.Zeros):
        with pytest.raises(ValueError, match=f"an initializer or one of {known}, got"):
            initializers.get("kernel_initializer", wrong)


@pytest.mark.parametrize(
    ("make", "arguments", "error", "message"),
    [
        ("RandomNormal", {"mean": "a"}, TypeError, "mean must be a number, got str"),
        ("RandomNormal", {"stddev": float("nan")}, ValueError, "stddev must be finite, got nan"),
        ("RandomNormal", {"mean": 1e39}, ValueError, r"mean must be finite in float32, got 1e\+39"),
        ("RandomUniform", {"minval": None}, TypeError, "minval must be a number, got NoneType"),
        ("RandomUniform", {"maxval": float("inf")}, ValueError, "maxval must be finite, got inf"),
    ],
)
def test_errors(make, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(initializers, make)(**arguments)


def test_base_is_abstract():
    with pytest.raises(NotImplementedError):
        initializers.Initializer()((1,), 0)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (np.ones(1), r"initializer of kernel must return an array of shape \(4, 2\), got \(1,\)"),
        (np.full((4, 2), np.nan), r"kernel must be finite in float32, got nan at \(0, 0\)"),
    ],
)
def test_what_an_initializer_of_ones_own_returns_is_checked(numbers, message):
    class Chosen(initializers.Initializer):
        def __call__(self, shape, seed):
            return numbers

    model = Sequential([layers.Input((4,)), layers.Dense(2, kernel_initializer=Chosen())])
    with pytest.raises(ValueError, match=message):
        model.get_weights()
