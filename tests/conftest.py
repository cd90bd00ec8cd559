"""What several test files share."""

import os
import subprocess
import sys

import pytest

from fastscratch.comparison import accuracy_table

COMPARISONS = pytest.StashKey()


@pytest.fixture(scope="session")
def comparisons(pytestconfig):
    """A list of comparisons of kernels and twins; what is put in is shown when the tests end."""
    return pytestconfig.stash.setdefault(COMPARISONS, [])


def pytest_terminal_summary(terminalreporter, config):
    """Print the accuracy of the kernels that were compared."""
    if found := config.stash.get(COMPARISONS, []):
        terminalreporter.section("accuracy of the kernels")
        terminalreporter.write_line(accuracy_table(found))


@pytest.fixture(scope="session")
def child():
    """Return a function that runs code in a fresh interpreter and returns what it printed."""

    def run(code, **environment):
        finished = subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run


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
