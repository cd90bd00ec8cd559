"""Child processes for the tests of what one process cannot show."""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import textwrap

import fastscratch
from fastscratch import kernels

TOYS = '''
"""Two kernels that compile in a second."""

from .callee import square
from .jit import njit, prange


@njit(parallel=True)
def squares(out, x):
    for i in prange(x.size):
        out[i] = square(x[i])


@njit(calls_parallel=True)
def fourth_powers(out, x):
    squares(out, x)
    squares(out, out)


def check(n=1000):
    """Call both kernels; an AssertionError if a number is wrong."""
    import numpy as np

    x = np.arange(n, dtype=np.float64)
    out = np.empty(n)
    fourth_powers(out, x)
    assert np.array_equal(out, (x * x) * (x * x))
    squares(out=out, x=x)
    assert np.array_equal(out, x * x)
    return "right"
'''

CALLEE = """
from .jit import njit


@njit
def square(x):
    return x * x
"""


def install_copy(folder: pathlib.Path) -> pathlib.Path:
    """Copy the package, without compiled code, and put two toy kernels in; the new kernels folder.

    A child with ``PYTHONPATH=folder`` runs the copy.
    """
    no_data = shutil.ignore_patterns("__pycache__", "data")
    package = pathlib.Path(fastscratch.__file__).parent
    shutil.copytree(package, folder / "fastscratch", ignore=no_data)
    copy = folder / "fastscratch" / "kernels"
    if not copy.exists():  # in an editable install they stand elsewhere
        shutil.copytree(pathlib.Path(kernels.__file__).parent, copy, ignore=no_data)
    (copy / "toys.py").write_text(TOYS)
    (copy / "callee.py").write_text(CALLEE)
    return copy


def start(code, **environment):
    """Start a Python process on `code`; Numba's settings are only those in `environment`."""
    inherited = {name: value for name, value in os.environ.items() if name[:6] != "NUMBA_"}
    inherited["PYTHONSAFEPATH"] = "1"  # the working folder must not hide an installed copy
    inherited["PYTHONWARNINGS"] = "ignore::DeprecationWarning"  # of forks with threads; wanted
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that the children it forks can be killed with it
        env={**inherited, **{name: str(value) for name, value in environment.items()}},
    )


def finish(process, timeout=60):
    """Wait for a process to end well; what it wrote to its two streams."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        out, err = process.communicate()
        raise AssertionError(f"the child hangs\n{out}\n{err}") from None
    assert process.returncode == 0, f"exit code {process.returncode}\n{out}\n{err}"
    return out.strip(), err.strip()


def run(code, **environment):
    """Run `code` in a Python process; what it wrote to its two streams."""
    return finish(start(code, **environment))
