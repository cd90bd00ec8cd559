"""Initializers: moments within five standard errors of their formula, limits, and seeds.

A right initializer fails a test of five standard errors once in two million seeds; the seeds here
are fixed, so it fails never.
"""

import math

import numpy as np
import pytest

from fastscratch import Sequential, initializers, layers, utils
from fastscratch.reference.initializers import initial

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
    values = initializers.get(name, "kernel_initializer")(shape, 5)
    limit = np.sqrt(3 * variance / fan_in)
    assert 0.99 * limit < np.abs(values).max() <= limit
    # The mean square of n uniform numbers: its own standard deviation is 0.9 of it over sqrt(n).
    assert abs(np.mean(values.astype(float) ** 2) * fan_in / variance - 1) < 5 / np.sqrt(
        values.size
    )


def assert_truncated(values, mean, stddev):
    """Quantiles and limits of normal numbers without those beyond two standard deviations."""
    units = np.sort((values.astype(float).ravel() - mean) / stddev)
    assert np.abs(units).max() <= 2 + 1e-6  # rounded once more by the scale
    assert np.abs(units).max() > 1.99

    def below(x):  # Phi, and Phi without its tails
        return (math.erf(x / 2**0.5) + math.erf(2**0.5)) / (2 * math.erf(2**0.5))

    for x in (-1.5, -1.0, -0.3, 0.0, 0.5, 1.2, 1.9):
        share = below(x)
        assert abs((units < x).mean() - share) < 5 * (share * (1 - share) / units.size) ** 0.5


@pytest.mark.parametrize(("mean", "stddev"), [(0.0, 0.05), (-3.0, 0.5)])
def test_truncated_normal(mean, stddev):
    assert_truncated(initializers.TruncatedNormal(mean, stddev)(SHAPE, 5), mean, stddev)


@pytest.mark.parametrize(("name", "scale"), [("glorot", None), ("he", 2), ("lecun", 1)])
@pytest.mark.parametrize(
    ("shape", "fan_in", "fan_out"),
    [
        ((200, 300), 200, 300),
        ((3, 3, 40, 50), 360, 450),  # filters
        ((5, 5, 600, 2), 15_000, 50),  # depthwise: Keras counts the channels as inputs too
    ],
)
def test_normal_of_a_variance(name, scale, shape, fan_in, fan_out):
    variance = 2 / (fan_in + fan_out) if scale is None else scale / fan_in
    values = initializers.get(f"{name}_normal", "kernel_initializer")(shape, 5)
    # The mean square of n such numbers: its own standard deviation is 0.85 of it over sqrt(n).
    assert abs(np.mean(values.astype(float) ** 2) / variance - 1) < 5 / np.sqrt(values.size)
    assert_truncated(values, 0.0, variance**0.5 / 0.8796256610)


@pytest.mark.parametrize(("mode", "n"), [("fan_in", 300), ("fan_out", 500), ("fan_avg", 400)])
def test_variance_scaling(mode, n):
    make = initializers.VarianceScaling
    uniform = make(0.7, mode, "uniform")((300, 500), 3)
    limit = (3 * 0.7 / n) ** 0.5
    assert 0.999 * limit < np.abs(uniform).max() <= np.float32(limit)
    normal = make(0.7, mode, "untruncated_normal")((300, 500), 3).astype(float)
    assert abs(np.mean(normal**2) * n / 0.7 - 1) < 5 * (2 / normal.size) ** 0.5
    assert np.abs(normal).max() > 3 * (0.7 / n) ** 0.5
    assert make(0.7, mode, "normal") == make(0.7, mode, "truncated_normal")


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (3, 3, 4, 6), (2, 2, 1, 9), (1, 1)])
def test_orthogonal(shape):
    values = initializers.Orthogonal(gain=3)(shape, 4).astype(float).reshape(-1, shape[-1])
    tall = values if len(values) >= shape[-1] else values.T
    np.testing.assert_allclose(tall.T @ tall, 9 * np.eye(tall.shape[1]), atol=9 * 2e-7)


def test_all_orthogonal_matrices_are_equally_likely():
    """Each element of a uniform 3 x 3 rotation or reflection has mean 0 and variance 1/3."""
    drawn = np.array([initializers.Orthogonal()((3, 3), seed) for seed in range(4000)], float)
    assert np.abs(drawn.mean(axis=0)).max() < 5 * (1 / 3 / 4000) ** 0.5
    # The fourth moment of a coordinate of a uniform unit vector is 1/5: its square varies by
    # 1/5 - 1/9.
    assert np.abs((drawn**2).mean(axis=0) - 1 / 3).max() < 5 * ((1 / 5 - 1 / 9) / 4000) ** 0.5
    assert abs((np.linalg.det(drawn) > 0).mean() - 0.5) < 5 * 0.5 / 4000**0.5


def test_identity():
    made = initializers.Identity(2)
    assert made((2, 3), 1).tolist() == [[2, 0, 0], [0, 2, 0]]
    assert made((2, 2)).dtype == np.float32


def test_a_seed_of_its_own_fixes_the_values():
    made = initializers.HeNormal(seed=3)
    assert made((4, 5), 1).tobytes() == made((4, 5), 2).tobytes() == made((4, 5)).tobytes()
    assert made((4, 5)).tobytes() == initializers.HeNormal()((4, 5), 3).tobytes()

    def model():
        first = layers.Dense(4, kernel_initializer=initializers.GlorotUniform(seed=7))
        return Sequential([layers.Input((4,)), first, layers.Dense(4)])

    kernels = [model().get_weights() for _ in range(2)]
    assert kernels[0][0].tobytes() == kernels[1][0].tobytes()
    assert kernels[0][2].tobytes() != kernels[1][2].tobytes()


def test_without_any_seed_the_next_one_is_taken():
    utils.set_random_seed(5)
    made = initializers.RandomNormal()
    first, second = made((4,)), made((4,))
    assert first.tobytes() != second.tobytes()
    utils.set_random_seed(5)
    assert made((4,)).tobytes() == first.tobytes()


NAMES = [
    "zeros",
    "ones",
    "constant",
    "identity",
    "random_normal",
    "random_uniform",
    "truncated_normal",
    "variance_scaling",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "orthogonal",
]
#: These make matrices, the first only those of two axes.
OF_MATRICES = {"identity": (2,), "orthogonal": (2, 3, 4)}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4, 5), (7,)])
def test_naive_twin(name, shape):
    if len(shape) not in OF_MATRICES.get(name, (1, 2, 3, 4)):
        pytest.skip("it makes matrices")
    naive = np.array(initial(name, shape, 6))
    values = initializers.get(name, "kernel_initializer")(shape, 6)
    # float32 numbers, scaled and moved: three roundings of the largest; QR in float64.
    np.testing.assert_allclose(values, naive, rtol=0, atol=3 * 6e-8 * max(1, abs(naive).max()))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1,), (3, 4), (2, 3, 4, 5), (1, 1)])
def test_every_initializer(name, shape):
    if len(shape) not in OF_MATRICES.get(name, (1, 2, 3, 4)):
        pytest.skip("it makes matrices")
    initializer = initializers.get(name, "kernel_initializer")
    values = initializer(shape, 3)
    assert values.shape == shape
    assert values.dtype == np.float32
    assert values.tobytes() == initializer(shape, 3).tobytes()
    if isinstance(initializer, initializers.RandomInitializer) and (name, shape) != (
        "orthogonal",
        (1, 1),
    ):
        assert values.tobytes() != initializer(shape, 4).tobytes()
    initializer(shape, 3)[:] = 9
    assert values.tobytes() == initializer(shape, 3).tobytes()  # fresh each time


def test_get():
    mine = initializers.RandomNormal(stddev=1)
    assert initializers.get(mine, "kernel_initializer") is mine
    assert initializers.get("normal", "name") == initializers.RandomNormal()
    assert initializers.get("uniform", "name") == initializers.RandomUniform()
    assert isinstance(initializers.get("zero", "name"), initializers.Zeros)
    assert isinstance(initializers.get("one", "name"), initializers.Ones)
    assert initializers.get(initializers.HeNormal, "name") == initializers.HeNormal()
    assert initializers.get("HeNormal", "name") == initializers.HeNormal()
    assert initializers.get("OrthogonalInitializer", "name") == initializers.Orthogonal()
    seeded = initializers.VarianceScaling(2.0, "fan_out", "uniform", seed=3)
    assert initializers.get(seeded.get_config(), "name") == seeded
    assert initializers.get(initializers.HeNormal(4).get_config(), "name").seed == 4
    known = ", ".join(repr(name) for name in NAMES)
    for wrong in ("he", None, 3, ["zeros"], initializers.Initializer, dict):
        with pytest.raises(ValueError, match=f"an initializer or one of {known}, got"):
            initializers.get(wrong, "kernel_initializer")


@pytest.mark.parametrize(
    ("make", "arguments", "error", "message"),
    [
        ("RandomNormal", {"mean": "a"}, TypeError, "mean must be a number, got str"),
        ("RandomNormal", {"stddev": float("nan")}, ValueError, "stddev must be finite, got nan"),
        ("RandomNormal", {"mean": 1e39}, ValueError, r"mean must be finite in float32, got 1e\+39"),
        ("RandomUniform", {"minval": None}, TypeError, "minval must be a number, got NoneType"),
        ("RandomUniform", {"maxval": float("inf")}, ValueError, "maxval must be finite, got inf"),
        ("HeNormal", {"seed": 1.5}, TypeError, "seed must be an integer, got float"),
        ("Orthogonal", {"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ("Orthogonal", {"gain": "1"}, TypeError, "gain must be a number, got str"),
        ("Identity", {"gain": float("nan")}, ValueError, "gain must be finite, got nan"),
        ("VarianceScaling", {"scale": 0}, ValueError, "scale must be positive, got 0"),
        ("VarianceScaling", {"mode": "in"}, ValueError, "mode must be one of 'fan_in'"),
        ("VarianceScaling", {"distribution": "t"}, ValueError, "distribution must be one of 'tr"),
    ],
)
def test_errors(make, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(initializers, make)(**arguments)


@pytest.mark.parametrize("name", OF_MATRICES)
def test_matrices_only(name):
    made = initializers.get(name, "kernel_initializer")
    with pytest.raises(ValueError, match=r"makes matrices, got a weight of shape \(3,\)"):
        made((3,), 1)


@pytest.mark.parametrize("name", [name for name in NAMES if name != "constant"])
def test_spread_is_that_of_keras(name):
    """Two large samples have nearly the same mean square and quantiles."""
    keras = pytest.importorskip("keras")
    shape = SHAPE if name in OF_MATRICES else (3, 3, 100, 200)
    ours = initializers.get(name, "kernel_initializer")(shape, 3).astype(float)
    made = getattr(keras.initializers, type(initializers.get(name, "name")).__name__)
    # PyTorch's truncated normal numbers, as Keras draws them, are now and then beyond the limit.
    theirs = np.asarray(made()(shape).detach().cpu(), float)
    assert abs(np.mean(ours**2) - np.mean(theirs**2)) <= 0.02 * np.mean(theirs**2)
    for share in (0.1, 0.5, 0.9, 0.999):
        ours_at, theirs_at = np.quantile(abs(ours), share), np.quantile(abs(theirs), share)
        assert abs(ours_at - theirs_at) <= 0.03 * theirs_at


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
