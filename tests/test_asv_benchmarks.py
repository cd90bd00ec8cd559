"""The asv suite cannot rot: each of its benchmarks runs here once, on its first case."""

import importlib.util
import inspect
import itertools
import json
import math
import pathlib
import sys
import time

import numba
import pytest

import fastscratch
from fastscratch.cases import CASES
from fastscratch.examples import EXAMPLES
from fastscratch.kernels import KERNELS

SUITE = pathlib.Path(__file__).parents[1] / "asv_benchmarks" / "benchmarks"

if numba.config.DISABLE_JIT:
    pytest.skip("benchmarks of kernels that are not compiled", allow_module_level=True)


def import_suite():
    """The modules of the suite, imported as asv does but under a name of their own."""
    spec = importlib.util.spec_from_file_location("asv_suite", SUITE / "__init__.py")
    sys.modules["asv_suite"] = importlib.util.module_from_spec(spec)
    for file in sorted(SUITE.glob("benchmark_*.py")):
        yield importlib.import_module(f"asv_suite.{file.stem}")


def methods(cls):
    return [name for name in dir(cls) if name.startswith(("time_", "track_", "peakmem_"))]


#: The classes that asv sees, by the name it gives them.
BENCHMARKS = {
    f"{module.__name__.partition('.')[2]}.{name}": cls
    for module in import_suite()
    for name, cls in inspect.getmembers(module, inspect.isclass)
    if not name.startswith("_") and methods(cls)
}


@pytest.fixture(autouse=True)
def threads():
    before = fastscratch.get_num_threads()
    yield
    fastscratch.set_num_threads(before)


FIRST_RELU = """
import time
import numpy as np
from fastscratch import ops
start = time.perf_counter()
ops.relu(np.ones(3, np.float32))
print(time.perf_counter() - start)
"""


@pytest.fixture
def small_sizes(monkeypatch):
    """The smallest arrays, models and kernels that a benchmark can measure."""
    # A small case of each kernel that has one.
    cases = sorted(CASES, key=lambda case: not case.typical)
    monkeypatch.setattr("asv_suite.common.TYPICAL", {case.kernel: case for case in cases})
    sizes = dict.fromkeys(sys.modules["asv_suite.benchmark_many"].SIZES, (8, 32, 1))
    monkeypatch.setattr("asv_suite.benchmark_many.SIZES", sizes)
    calls = dict.fromkeys(sys.modules["asv_suite.benchmark_startup"].FIRST_CALLS, FIRST_RELU)
    monkeypatch.setattr("asv_suite.benchmark_startup.FIRST_CALLS", calls)


@pytest.mark.slow
@pytest.mark.usefixtures("small_sizes")
@pytest.mark.parametrize("cls", BENCHMARKS.values(), ids=BENCHMARKS)
def test_benchmark_runs_on_its_first_case(cls):
    benchmark = cls()
    benchmark.params = [cls.params[0][:1], *cls.params[1:]]
    cache = benchmark.setup_cache() if hasattr(cls, "setup_cache") else None
    runs = 0
    for parameters in itertools.product(*benchmark.params):
        if hasattr(cls, "setup"):
            try:
                benchmark.setup(*parameters)
            except NotImplementedError:  # a combination that asv skips
                continue
        for name in methods(cls):
            arguments = parameters if cache is None else (cache, *parameters)
            value = getattr(benchmark, name)(*arguments)
            runs += 1
            if name.startswith("track_"):
                assert math.isfinite(value)
                assert value > 0
                assert benchmark.unit
    assert runs >= len(methods(cls))


def test_a_batch_reports_the_time_of_one_call():
    made = []
    batch = sys.modules["asv_suite.common"].Batch()
    batch.prepare(made.append, [None])
    before = len(made)
    batch.run()
    assert len(made) - before == batch.calls > 1
    before = time.perf_counter()
    told = batch.timer() * batch.calls
    assert before - 1e-6 < told < time.perf_counter() + 1e-6


def test_every_example_is_benchmarked():
    assert BENCHMARKS["benchmark_training.Step"].params[0] == list(EXAMPLES)


@pytest.mark.parametrize("method", ["time_kernel", "track_speedup"])
def test_every_public_kernel_is_benchmarked(method):
    kernels = [k for cls in BENCHMARKS.values() if method in methods(cls) for k in cls.params[0]]
    assert sorted(kernels) == sorted(KERNELS)


def test_asv_finds_the_same_benchmarks(monkeypatch):
    discovery = pytest.importorskip("asv_runner.discovery")
    monkeypatch.syspath_prepend(SUITE.parent)
    found = list(discovery.disc_benchmarks(SUITE.name))
    expected = [f"{name}.{method}" for name, cls in BENCHMARKS.items() for method in methods(cls)]
    assert sorted(benchmark.name for benchmark in found) == sorted(expected)
    assert all(benchmark.check(str(SUITE)) for benchmark in found)


def test_configuration_names_what_is_there():
    folder = SUITE.parent
    configuration = json.loads((folder / "asv.conf.json").read_text())
    assert configuration["project"] == fastscratch.__name__
    assert (folder / configuration["benchmark_dir"]) == SUITE
    assert (folder / configuration["repo"] / "pyproject.toml").exists()
