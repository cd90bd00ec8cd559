"""Where floating point is hard: scores of ten thousand, equal inputs, no variance, denormals.

The truth is mpmath with 50 digits, or worked by hand.
"""

import dataclasses

import mpmath as mp
import numba
import numpy as np
import pytest

import fastscratch
from fastscratch import Sequential, layers, losses, metrics, optimizers
from fastscratch.cases import CASES, kernel_call
from fastscratch.cases.activations import PARAMETERS
from fastscratch.cases.case import CODES, FUNCTION
from fastscratch.cli.columns import Numeric
from fastscratch.comparison import EACH, TERMS, compare
from fastscratch.kernels import KERNELS, denormals
from fastscratch.kernels.activations import ACTIVATIONS

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
INTERPRETED = numba.config.DISABLE_JIT
HUGE = [-1e4, -1000, 1000, 1e4]
NEXT = 1 / (1 + np.e)  # probability of a score that is 1 below the other


@pytest.fixture(autouse=True)
def digits():
    with mp.workdps(50):
        yield


# --- activations against mpmath -------------------------------------------------------------------

SELU_ALPHA, SELU_SCALE = mp.mpf("1.6732632423543772"), mp.mpf("1.0507009873554805")
SLOPE, ALPHA = (
    PARAMETERS[name][key] for name, key in (("leaky_relu", "negative_slope"), ("elu", "alpha"))
)


def sigmoid(z):
    return 1 / (1 + mp.exp(-z))


def tanh_of_mish(z):
    return mp.tanh(mp.log1p(mp.exp(-abs(z))) + max(z, 0))


def between(low, value, high):
    return min(max(value, low), high)


def tanh_of_gelu(z):
    return mp.tanh(mp.sqrt(2 / mp.pi) * (z + mp.mpf("0.044715") * z**3))


# Each activation and its derivative.
FORMULAS = {
    "sigmoid": (sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "tanh": (mp.tanh, lambda z: mp.sech(z) ** 2),
    "relu": (lambda z: max(z, 0), lambda z: z > 0),
    "leaky_relu": (lambda z: z if z > 0 else SLOPE * z, lambda z: 1 if z > 0 else SLOPE),
    "elu": (
        lambda z: z if z > 0 else ALPHA * mp.expm1(z),
        lambda z: 1 if z > 0 else ALPHA * mp.exp(z),
    ),
    "selu": (
        lambda z: SELU_SCALE * (z if z > 0 else SELU_ALPHA * mp.expm1(z)),
        lambda z: SELU_SCALE * (1 if z > 0 else SELU_ALPHA * mp.exp(z)),
    ),
    "exponential": (mp.exp, mp.exp),
    "softplus": (lambda z: mp.log1p(mp.exp(-abs(z))) + max(z, 0), sigmoid),
    "silu": (lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * sigmoid(-z))),
    "gelu": (lambda z: z * mp.ncdf(z), lambda z: mp.ncdf(z) + z * mp.npdf(z)),
    "gelu_tanh": (
        lambda z: z * (1 + tanh_of_gelu(z)) / 2,
        lambda z: mp.diff(lambda t: t * (1 + tanh_of_gelu(t)) / 2, z),
    ),
    "celu": (lambda z: z if z > 0 else mp.expm1(z), lambda z: 1 if z > 0 else mp.exp(z)),
    "hard_shrink": (lambda z: z if abs(z) > 0.5 else 0, lambda z: abs(z) > 0.5),
    "hard_sigmoid": (lambda z: between(0, (z + 3) / 6, 1), lambda z: mp.mpf(abs(z) < 3) / 6),
    "hard_silu": (
        lambda z: z * between(0, (z + 3) / 6, 1),
        lambda z: z / 3 + mp.mpf(0.5) if abs(z) < 3 else z > 0,
    ),
    "hard_tanh": (lambda z: between(-1, z, 1), lambda z: abs(z) < 1),
    "log_sigmoid": (lambda z: min(z, 0) - mp.log1p(mp.exp(-abs(z))), lambda z: sigmoid(-z)),
    "mish": (
        lambda z: z * tanh_of_mish(z),
        lambda z: tanh_of_mish(z) + z * (1 - tanh_of_mish(z) ** 2) * sigmoid(z),
    ),
    "relu6": (lambda z: between(0, z, 6), lambda z: 0 < z < 6),
    "soft_shrink": (
        lambda z: mp.sign(z) * max(abs(z) - mp.mpf(0.5), 0),
        lambda z: abs(z) > 0.5,
    ),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2),
    "sparse_plus": (
        lambda z: (z + 1) ** 2 / 4 if abs(z) < 1 else max(z, 0),
        lambda z: between(0, (z + 1) / 2, 1),
    ),
    "sparse_sigmoid": (
        lambda z: between(0, (z + 1) / 2, 1),
        lambda z: mp.mpf(abs(z) < 1) / 2,
    ),
    "squareplus": (
        lambda z: (z + mp.sqrt(z * z + 4)) / 2,
        lambda z: (1 + z / mp.sqrt(z * z + 4)) / 2,
    ),
    "tanh_shrink": (lambda z: z - mp.tanh(z), lambda z: mp.tanh(z) ** 2),
}


def points(name, dtype):
    """Scores of every size and both signs, denormal ones among them."""
    sizes = [*np.geomspace(1e-40, 0.1, 14), *np.linspace(0.3, 20, 40), 40, 87, 103]
    sizes += [] if name == "exponential" else [1000, 1e4]
    z = np.array([*np.negative(sizes), *sizes], dtype)
    return z[z < 80] if name == "exponential" else z


def ulp_off(found, truth, sizes, dtype):
    """The largest difference, in ulp at some sizes."""
    unit = np.spacing(np.array([float(size) for size in sizes], dtype))
    pairs = zip(found, truth, unit, strict=True)
    return max(abs(mp.mpf(float(f)) - t) / mp.mpf(float(u)) for f, t, u in pairs)


def test_formulas_are_all_activations():
    """But for those of whole samples, below, and "linear"."""
    of_each = {name for name, activation in ACTIVATIONS.items() if not activation.of_samples}
    assert {*FORMULAS} == of_each - {"linear"}


@DTYPES
@pytest.mark.parametrize("name", FORMULAS)
def test_activation(name, dtype):
    """Each result to 16 ulp of its own; a GELU, whose tail cancels, to those of z.

    The sigmoid in a SiLU may be denormal, so that what is lost there is lost z times.
    """
    z = points(name, dtype)
    a = np.empty_like(z)
    KERNELS[f"{name}_forward"](a, z, *PARAMETERS.get(name, {}).values())
    truth = [FORMULAS[name][0](mp.mpf(float(number))) for number in z]
    alone = f"{name}_forward" in EACH
    sizes = [abs(t) if alone else max(1, abs(x)) for t, x in zip(truth, z, strict=True)]
    if name == "silu":
        sizes = [max(size, abs(x) * np.finfo(dtype).tiny) for size, x in zip(sizes, z, strict=True)]
    assert ulp_off(a, truth, sizes, dtype) <= FUNCTION


@DTYPES
@pytest.mark.parametrize("name", FORMULAS)
def test_derivative_of_an_activation(name, dtype):
    """To 16 ulp of 1, or of itself where it is larger; `a` is rounded, and 1 - a with it."""
    z = points(name, dtype)
    a, dz, parameters = np.empty_like(z), np.empty_like(z), PARAMETERS.get(name, {}).values()
    KERNELS[f"{name}_forward"](a, z, *parameters)
    KERNELS[f"{name}_backward"](dz, z, a, np.ones_like(z), *parameters)
    truth = [FORMULAS[name][1](mp.mpf(float(number))) for number in z]
    assert ulp_off(dz, truth, [max(1, abs(t)) for t in truth], dtype) <= FUNCTION


@DTYPES
@pytest.mark.parametrize("z", [HUGE, [1e4, 1e4 - 1, 9990.5], [-1e4] * 3, [1e-40, -1e-40, 0], [5]])
def test_softmax_and_its_logarithm(z, dtype):
    z = np.array(z, dtype)
    exact = [mp.mpf(float(number)) for number in z]
    total = mp.fsum(mp.exp(number - max(exact)) for number in exact)
    logarithms = [number - max(exact) - mp.log(total) for number in exact]
    for name, truth in (("softmax", [mp.exp(x) for x in logarithms]), ("log_softmax", logarithms)):
        a = np.empty_like(z)
        KERNELS[f"{name}_forward"](a, z)
        assert ulp_off(a, truth, [max(1, abs(t)) for t in truth], dtype) <= FUNCTION + z.size


@DTYPES
def test_the_exponential_overflows_to_infinity(dtype):
    a = np.empty(2, dtype)
    KERNELS["exponential_forward"](a, np.array([1e4, -1e4], dtype))
    assert a.tolist() == [np.inf, 0]


# Values and slopes at minus and plus infinity, from the formulas.
LIMITS = {
    "sigmoid": ((0, 1), (0, 0)),
    "tanh": ((-1, 1), (0, 0)),
    "relu": ((0, np.inf), (0, 1)),
    "leaky_relu": ((-np.inf, np.inf), (SLOPE, 1)),
    "elu": ((-ALPHA, np.inf), (0, 1)),
    "selu": ((-float(SELU_SCALE * SELU_ALPHA), np.inf), (0, float(SELU_SCALE))),
    "exponential": ((0, np.inf), (0, np.inf)),
    "softplus": ((0, np.inf), (0, 1)),
    "silu": ((0, np.inf), (0, 1)),
    "gelu": ((0, np.inf), (0, 1)),
    "gelu_tanh": ((0, np.inf), (0, 1)),
    "celu": ((-1, np.inf), (0, 1)),
    "hard_shrink": ((-np.inf, np.inf), (1, 1)),
    "hard_sigmoid": ((0, 1), (0, 0)),
    "hard_silu": ((0, np.inf), (0, 1)),
    "hard_tanh": ((-1, 1), (0, 0)),
    "log_sigmoid": ((-np.inf, 0), (1, 0)),
    "mish": ((0, np.inf), (0, 1)),
    "relu6": ((0, 6), (0, 0)),
    "soft_shrink": ((-np.inf, np.inf), (1, 1)),
    "softsign": ((-1, 1), (0, 0)),
    "sparse_plus": ((0, np.inf), (0, 1)),
    "sparse_sigmoid": ((0, 1), (0, 0)),
    "squareplus": ((0, np.inf), (0, 1)),
    "tanh_shrink": ((-np.inf, np.inf), (1, 1)),
}


@DTYPES
@pytest.mark.parametrize("size", [1e20, 1e30, "largest", np.inf])
@pytest.mark.parametrize("name", FORMULAS)
def test_limits_of_activations(name, size, dtype):
    """No power of a score overflows into infinity times 0, which is nan; nan itself stays."""
    size = np.finfo(dtype).max if size == "largest" else size
    z = np.array([-size, size, np.nan], dtype)
    a, dz, parameters = np.empty_like(z), np.empty_like(z), PARAMETERS.get(name, {}).values()
    with np.errstate(all="ignore"):  # of the interpreter, under NUMBA_DISABLE_JIT
        KERNELS[f"{name}_forward"](a, z, *parameters)
        KERNELS[f"{name}_backward"](dz, z, a, np.ones_like(z), *parameters)
    values, slopes = LIMITS[name]
    close = FUNCTION * float(np.finfo(dtype).eps)
    for limit, slope, number, found in zip(values, slopes, z[:2], a[:2], strict=True):
        # What grows without limit grows as its slope says.
        with np.errstate(over="ignore"):
            expected = dtype(slope * float(number) if np.isinf(limit) else limit)
        assert found == pytest.approx(expected, rel=close)
    assert dz[:2].tolist() == pytest.approx(slopes, rel=close, abs=close)
    assert np.isnan(a[2])
    if ACTIVATIONS[name].reads_z:
        assert np.isnan(dz[2])


@DTYPES
def test_crossentropy_of_the_largest_scores(dtype):
    """Their difference overflows, but a class that is not the right one costs nothing."""
    largest = np.finfo(dtype).max
    for y, loss in (([0, 1], 0), ([1, 0], np.inf)):
        scores, y = np.array([-largest, largest], dtype), np.array(y, dtype)
        with np.errstate(all="ignore"):
            assert KERNELS["categorical_crossentropy_forward"](scores, y) == loss


# --- losses at scores of ten thousand -------------------------------------------------------------

# Scores, targets, the loss, and its gradient with respect to the scores, worked by hand.
WORKED = [
    ("binary_crossentropy", [1e4], [0], 1e4, [1]),
    ("binary_crossentropy", [1e4], [1], 0, [0]),
    ("binary_crossentropy", [-1e4], [0], 0, [0]),
    ("binary_crossentropy", [-1e4], [1], 1e4, [-1]),
    ("multilabel_crossentropy", HUGE, [1, 0, 1, 0], 2e4, [-1, 0, 0, 1]),
    ("categorical_crossentropy", HUGE, [0, 0, 0, 1], 0, [0, 0, 0, 0]),
    ("categorical_crossentropy", HUGE, [1, 0, 0, 0], 2e4, [-1, 0, 0, 1]),
    ("categorical_crossentropy", [1e4, 1e4], [1, 0], np.log(2), [-0.5, 0.5]),
    ("categorical_crossentropy", [-1e4] * 4, [0, 1, 0, 0], np.log(4), [0.25, -0.75, 0.25, 0.25]),
    ("categorical_crossentropy", [1e4, 9999], [1, 0], np.log1p(np.exp(-1)), [-NEXT, NEXT]),
    ("mean_squared_error", [1e4], [-1e4], 4e8, [4e4]),
    ("mean_absolute_error", [1e4], [-1e4], 2e4, [1]),
    ("huber", [1e4], [-1e4], 2e4 - 0.5, [1]),
]
NAMES = ("name", "scores", "y", "loss", "gradient")
FUSED = ("binary_crossentropy", "multilabel_crossentropy", "categorical_crossentropy")


def close(expected, dtype):
    """To 20 ulp of itself or of 1: the 16 of an exponential, and a few products."""
    eps = float(np.finfo(dtype).eps)
    return pytest.approx(np.asarray(expected, float), rel=20 * eps, abs=20 * eps)


@DTYPES
@pytest.mark.parametrize(NAMES, WORKED)
def test_kernels_of_losses(name, scores, y, loss, gradient, dtype):
    scores, y = np.array(scores, dtype), np.array(y, dtype)
    delta = [1.0] if name == "huber" else []
    assert KERNELS[f"{name}_forward"](scores, y, *delta) == close(loss, dtype)
    found = np.empty_like(scores)
    KERNELS[f"{name}_backward"](found, scores, y, *delta)
    assert found == close(gradient, dtype)


@DTYPES
@pytest.mark.parametrize("fused", [False, True], ids=["logits", "fused"])
@pytest.mark.parametrize(NAMES, [row for row in WORKED if row[0] in FUSED])
def test_losses_in_training(name, scores, y, loss, gradient, fused, dtype):
    """The first layer makes the scores; a step leaves the gradient in the bias of the second."""
    read_out = "linear"
    by_name = type(losses.get(name))(from_logits=not fused)
    if fused:
        read_out = "softmax" if name.startswith("categorical") else "sigmoid"
    one = len(scores)
    model = Sequential(
        [
            layers.Dense(one, input_shape=(1,), use_bias=False, trainable=False),
            layers.Dense(one, read_out, kernel_initializer="zeros"),
        ],
        dtype=np.dtype(dtype).name,
    )
    model.compile(optimizers.SGD(1.0), by_name)
    model.set_weights([np.array([scores]), np.eye(one), np.zeros(one)])
    assert model.evaluate([[1.0]], [y]) == close(loss, dtype)
    assert model.train_on_batch([[1.0]], [y]) == close(loss, dtype)
    assert -model.get_weights()[-1] == close(gradient, dtype)


@DTYPES
def test_loss_of_a_linear_model(dtype):
    """Two classes with scores of 10000 and 9999, and their gradient, minus and plus 1/(1 + e)."""
    gradient, none = np.empty((2, 1), dtype), np.zeros(0, int)
    coefficients, x = np.array([[1e4], [9999]], dtype), np.ones((1, 1), dtype)
    y, weight = np.array([[1], [0]], dtype), np.ones(1, dtype)
    arguments = gradient, coefficients, x, none, none, y, weight, CODES["softmax"]
    assert KERNELS["linear_model_loss"](*arguments) == close(np.log1p(np.exp(-1)), dtype)
    assert gradient.ravel() == close([-NEXT, NEXT], dtype)


# --- equal inputs, no variance, one class ---------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("value", [0.0, 0.1, 1e4 + 0.1, -1e4 / 3, 1e10 / 3, 1e-40])
@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (1000, 64)])
@pytest.mark.parametrize(
    ("layer", "axis"), [(layers.BatchNormalization, 0), (layers.LayerNormalization, 1)]
)
def test_normalisation_of_equal_inputs_gives_beta(layer, axis, shape, value, dtype):
    """The mean of n equal numbers is off by n roundings, and is divided by sqrt(epsilon)."""
    n, units = shape
    normalization = layer(epsilon=0.001)
    dense = layers.Dense(units, input_shape=(units,))  # asks for the gradient of what it returns
    model = Sequential([dense, normalization], dtype=np.dtype(dtype).name)
    model.compile("sgd", "mean_squared_error")
    beta = np.linspace(-1, 1, units)
    rest = [[0.0] * units, [1.0] * units] if layer is layers.BatchNormalization else []
    model.set_weights([np.eye(units), np.zeros(units), np.full(units, 2.0), beta, *rest])
    loss, gradients = model.gradients(np.full(shape, value), np.tile(beta - 1, (n, 1)))
    # What comes out is beta, and the residuals are 1: the derivatives of their mean square are
    # 2 / units for beta, and that times what is normalised, about 0, for gamma.
    eps = np.finfo(dtype).eps
    off = shape[axis] * eps * abs(value) / np.sqrt(0.001)
    residual = 2 * off + 4 * eps
    assert loss == pytest.approx(1, abs=2 * residual + residual**2 + 4 * eps)
    of_dense, dgamma, dbeta = gradients[:2], *gradients[2:4]
    bound = 2 / units * (residual + n * eps)
    np.testing.assert_allclose(dbeta, np.full(units, 2 / units), rtol=0, atol=bound)
    assert abs(dgamma).max() <= 2 / units * off * (1 + residual)
    assert all(np.isfinite(gradient).all() for gradient in of_dense)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e4, 1e10 / 3])
@pytest.mark.parametrize("layer", [layers.BatchNormalization, layers.LayerNormalization])
def test_training_on_equal_inputs_learns_the_mean_target(layer, value):
    """What is normalised is 0: only the bias counts, and goes half of the way to the target, 3."""
    model = Sequential([layers.Input((5,)), layer(), layers.Dense(1)])
    model.compile(optimizers.SGD(0.25), "mean_squared_error")
    model.train_on_batch(np.full((33, 5), value), np.full(33, 3.0))
    assert model.get_weights()[-1] == pytest.approx([1.5], rel=1e-6)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


@pytest.mark.parametrize("value", [0.0, 0.1, 1e10 / 3])
@pytest.mark.parametrize("rows", [1, 3, 7, 1000])
def test_a_column_of_equal_numbers_is_not_scaled(rows, value):
    """NumPy's standard deviation of equal numbers may be one rounding."""
    column = Numeric.fit("x", np.full(rows, value))
    assert column.scale == 1
    assert column.mean == pytest.approx(value, rel=1e-12)


def test_a_softmax_of_one_class_has_nothing_to_learn():
    model = Sequential([layers.Input((3,)), layers.Dense(1, "softmax")])
    with pytest.warns(UserWarning, match="the softmax of one output is always 1"):
        model.compile("adam", "categorical_crossentropy", ["accuracy"])
    x, y = np.random.default_rng(0).normal(0, 1e4, (20, 3)), np.ones((20, 1))
    before = model.predict(x), model.get_weights()
    history = model.fit(x, y, epochs=3, verbose=0).history
    assert history == {"loss": [0.0] * 3, "accuracy": [1.0] * 3}
    np.testing.assert_array_equal(before[0], y)
    np.testing.assert_array_equal(before[1][0], model.get_weights()[0])


def test_metrics_of_one_class():
    ones, zeros, labels = np.ones(4), np.zeros(4), np.zeros(4, int)
    assert metrics.binary_accuracy(ones, ones) == 1
    assert metrics.precision(zeros, zeros) == metrics.recall(zeros, zeros) == 0
    assert metrics.confusion_matrix(labels, labels).tolist() == [[4]]
    assert metrics.sparse_categorical_accuracy(labels, ones[:, None]) == 1
    assert (metrics.r2_score(ones, ones), metrics.r2_score(ones, zeros)) == (1, 0)
    with pytest.raises(ValueError, match="y_true must hold both 0 and 1, got 4 times 1"):
        metrics.auc(ones, ones)


# --- denormals ------------------------------------------------------------------------------------

FEW_ROUNDINGS = [
    case for case in CASES if case.kernel in EACH | TERMS and case.label in ("odd", "valid")
]


def scaled(case, factor):
    """The case with all its numbers times a factor."""

    def make(rng, *inputs):
        arguments = case.make(rng, *inputs)
        for name, value in arguments.items():
            is_floating = isinstance(value, np.ndarray) and value.dtype == float
            if is_floating and name not in case.doubles:
                arguments[name] = factor * value
        return arguments

    return dataclasses.replace(case, make=make)


@pytest.mark.parametrize("factor", [1e-20, 1e-40])  # products are denormal, and the numbers are
@pytest.mark.parametrize("case", FEW_ROUNDINGS, ids=str)
def test_denormals(case, factor):
    """In float32, as right as the others: an ulp is then the smallest denormal number."""
    assert not compare(scaled(case, factor), np.float32).trouble


def test_products_underflow_gradually():
    """1e-30 times 1e-10 is no float32 that is normal, and not 0 either."""
    c = np.empty((1, 1), np.float32)
    KERNELS["matmul"](c, np.full((1, 3), 1e-30, np.float32), np.full((3, 1), 1e-10, np.float32))
    assert c.item() == pytest.approx(3e-40, rel=1e-4)  # a denormal 3e-40 has 18 bits


njit = numba.njit  # functions of a test must not go to the disk cache


@njit
def _mode():
    mode = denormals.set_denormals_flushed()
    denormals.restore_denormals(mode)
    return mode


@njit(parallel=True)
def modes_of_threads():
    """Rounding, denormals and traps, of all threads; without the flags of past exceptions."""
    found = np.zeros(4096, np.int64)
    for i in numba.prange(found.size):
        found[i] = _mode() & ~0x3F
    return found


needs_compiler = pytest.mark.skipif(INTERPRETED, reason="the interpreter keeps denormals")


@needs_compiler
def test_kernels_leave_the_floating_point_mode():
    before = set(modes_of_threads().tolist())
    assert len(before) == 1
    for kernel in KERNELS:
        case = next(case for case in CASES if case.kernel == kernel and case.typical)
        function, arguments = kernel_call(case, np.float32)
        function(*arguments)
        assert set(modes_of_threads().tolist()) == before, kernel


@needs_compiler
@pytest.mark.parametrize("threads", [1, 2])
def test_models_leave_the_floating_point_mode(threads):
    most = fastscratch.get_num_threads()
    if threads > most:
        pytest.skip(f"only {most} thread here")
    before = set(modes_of_threads().tolist())
    model = Sequential([layers.Dense(400, "relu", input_shape=(400,)), layers.Dense(1)])
    model.compile("adam", "mean_squared_error")
    x, y = np.full((64, 400), 1e-40), np.ones(64)
    fastscratch.set_num_threads(threads)
    try:
        model.fit(x, y, verbose=0)
        model.evaluate(x, y)
        model.predict(x)
        with pytest.raises(FloatingPointError):
            model.fit(x, 1e30 * y, verbose=0)
    finally:
        fastscratch.set_num_threads(most)
    assert set(modes_of_threads().tolist()) == before
    assert np.float32(1e-40) * np.float32(0.5) > 0
