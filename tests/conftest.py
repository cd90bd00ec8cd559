"""What several test files share."""

import gc
import os
import sys

# Tests share the processors, which threads of BLAS and OpenMP would keep busy while they wait.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import children
import numpy as np
import pytest

from fastscratch.cases import CASES
from fastscratch.comparison import Comparison, accuracy_table
from fastscratch.kernels import ahead, jobs

if "PYTEST_XDIST_WORKER" in os.environ:
    # The processes of pytest share the compiling as they share the tests: a kernel that one needs
    # while another compiles it is waited for. Helpers of their own would find no free processor.
    ahead.processes = jobs.processes = lambda: 1


def pytest_collection_finish():
    """What is there before the first test stays: no garbage collection looks through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def show_comparison(record_property):
    """Return a function that takes a comparison of a kernel and its twin, shown at the end."""

    def show(comparison):
        dtype = np.dtype(comparison.dtype).name
        number = CASES.index(comparison.case)
        # Plain values, because the test may be run in another process.
        record_property("comparison", [number, dtype, comparison.ulp, comparison.trouble])

    return show


def pytest_terminal_summary(terminalreporter):
    """Print the accuracy of the kernels that were compared."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    found = [
        Comparison(CASES[number], np.dtype(dtype).type, ulp, trouble)
        for report in reports
        for name, value in report.user_properties
        if name == "comparison"
        for number, dtype, ulp, trouble in [value]
    ]
    if found:
        terminalreporter.section("accuracy of the kernels")
        terminalreporter.write_line(accuracy_table(found))


@pytest.fixture(scope="session")
def child():
    """Return a function that runs code in a new process, and returns what it printed.

    There, warnings are errors.
    """

    def run(code, **environment):
        strict = "import warnings\nwarnings.simplefilter('error')\n"
        return children.run(strict + code, **environment)[0]

    return run


@pytest.fixture
def no_matplotlib(monkeypatch):
    """As if matplotlib were not installed, whatever was imported before."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "fastscratch.plot.picture", raising=False)


@pytest.fixture(scope="session")
def keras():
    """Keras 3 on PyTorch; it is no dependency of the tests."""
    reason = "the comparison with Keras needs keras and torch installed"
    pytest.importorskip("torch", reason=reason)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras", minversion="3", reason=reason)
    if keras.backend.backend() != "torch":
        pytest.skip(f"Keras runs on {keras.backend.backend()}, not on torch")
    return keras
