"""Every kernel against its naive twin: the truth is plain Python arithmetic in float64."""

import inspect

import numpy as np
import pytest

import fastscratch
from fastscratch.cases import CASES, kernel_call, twin_call


@pytest.fixture(params=[1, 2], ids=["1-thread", "2-threads"])
def threads(request):
    most = fastscratch.get_num_threads()
    if request.param > most:
        pytest.skip(f"only {most} thread here")
    fastscratch.set_num_threads(request.param)
    yield request.param
    fastscratch.set_num_threads(most)


def outputs(case, function, arguments):
    """Run one side; its return value and every output, flat."""
    value = function(*arguments)
    names = list(case.arguments(np.float64))
    written = [arguments[names.index(name)] for name in case.outputs]
    return [np.ravel(part) for part in ([] if value is None else [value], *written)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_kernel_equals_twin(case, dtype, threads):
    expected = outputs(case, *twin_call(case, dtype))
    computed = outputs(case, *kernel_call(case, dtype))
    for a, b in zip(computed, expected, strict=True):
        assert np.all(np.isfinite(a))
        assert np.max(np.abs(a - b), initial=0.0) <= case.tolerance(dtype, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_two_threads_give_the_bits_of_one(case, dtype):
    most = fastscratch.get_num_threads()
    if most < 2:
        pytest.skip("only one thread here")
    runs = []
    for n in (1, 2):
        fastscratch.set_num_threads(n)
        runs.append(outputs(case, *kernel_call(case, dtype)))
    fastscratch.set_num_threads(most)
    for one, two in zip(*runs, strict=True):
        assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_arguments_have_the_names_and_the_order_of_the_kernel(case):
    kernel, _ = kernel_call(case, np.float64)
    assert list(case.arguments(np.float64)) == list(inspect.signature(kernel).parameters)
