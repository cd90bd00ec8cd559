"""Errors of exp, expm1, log, log1p, sigmoid, tanh and erfc in units in the last place."""

import functools

import mpmath
import numba
import numpy as np
import pytest

from fastscratch.kernels import elementary
from fastscratch.kernels.jit import FASTMATH

# Numba's own decorator: functions made inside of functions must not go to the disk cache.
njit = numba.njit(error_model="numpy", fastmath=FASTMATH)

DTYPES = [np.float32, np.float64]
COUNT = 50 if numba.config.DISABLE_JIT else 200_000


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x > 0, 1, e) / (1 + e)


# The truth in long double (64 bits of mantissa), and the bound in ulp that the docstring states.
TRUTH = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
}
BOUND = {"exp": 1.1, "expm1": 1.9, "log": 1.2, "log1p": 2.5, "sigmoid": 2.4, "tanh": 2.6}


def looped(name):
    function = getattr(elementary, name)

    @njit
    def loop(y, x):
        for i in range(x.size):
            y[i] = function(x[i])

    return loop


@functools.cache
def arguments(dtype):
    rng = np.random.default_rng(0)
    info = np.finfo(dtype)
    bits = np.uint32 if dtype == np.float32 else np.uint64
    special = np.array(
        [
            0,
            1,
            2,
            0.5,
            np.sqrt(0.5),
            np.sqrt(2),
            np.inf,
            np.nan,
            info.tiny,
            info.smallest_subnormal,
            info.max,
            info.eps,
            87.33654,
            88.72283,
            88.72284,
            103.9720,
            103.9721,
            708.3964185322641,
            709.782712893384,
            709.782712893385,
            745.1332191019411,
            745.1332191019412,
        ],
        dtype,
    )
    beside = [np.nextafter(special, dtype(0)), np.nextafter(special, info.max)]
    special = np.concatenate([special, *beside])
    return np.concatenate(
        [
            special,
            -special,
            rng.integers(0, np.iinfo(bits).max, COUNT, bits).view(dtype),  # every magnitude alike
            *(rng.uniform(-s, s, COUNT).astype(dtype) for s in (0.1, 1, 10, 100, 800)),
            rng.uniform(0.5, 1.6, COUNT).astype(dtype),
        ]
    )


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="no long double")
@pytest.mark.parametrize("dtype", [np.float32, pytest.param(np.float64, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TRUTH)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the truth overflows, on purpose
def test_error(name, dtype):
    x = arguments(dtype)
    y = np.empty_like(x)
    looped(name)(y, x)
    assert_within(BOUND[name], x, y, TRUTH[name](x.astype(np.longdouble)))


def assert_within(bound, x, y, truth):
    """Results are at most this many ulp from the truth; infinities and nan are the same."""
    dtype = y.dtype
    rounded = truth.astype(dtype)
    finite = np.isfinite(rounded)
    np.testing.assert_array_equal(y[~finite], rounded[~finite])
    ulp = np.spacing(np.abs(rounded[finite])).astype(np.longdouble)
    error = np.abs(y[finite] - truth[finite]) / ulp
    worst = error.argmax()
    assert error[worst] <= bound, (x[finite][worst], y[finite][worst])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_error_of_erfc(dtype):
    x = arguments(dtype)
    x = np.concatenate([x[:132], x[132::101]])  # mpmath is slow
    y = np.empty_like(x)
    looped("erfc")(y, x)
    bounded = [float(one) for one in np.clip(x, -100, 100)]  # 0 and 2 from there on
    truth = [np.longdouble(mpmath.nstr(mpmath.erfc(one), 25)) for one in bounded]
    assert_within(7, x, y, np.array(truth))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*TRUTH, "erfc"])
def test_type_is_kept(name, dtype):
    function = getattr(elementary, name)
    if numba.config.DISABLE_JIT:
        assert type(function(dtype(0.5))) is dtype
    else:
        compiled = njit(lambda x: function(x))
        compiled(dtype(0.5))
        assert compiled.nopython_signatures[0].return_type == numba.from_dtype(np.dtype(dtype))
