"""Child processes for the tests of what one process cannot show."""

import atexit
import functools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap

import fastscratch
from fastscratch import kernels

#: Seconds after which a child counts as hanging: many times what one takes on a busy machine.
PATIENCE = 300

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
    no_data = shutil.ignore_patterns("*.nbc*", "data")  # but with Python's own __pycache__
    package = pathlib.Path(fastscratch.__file__).parent
    shutil.copytree(package, folder / "fastscratch", ignore=no_data)
    copy = folder / "fastscratch" / "kernels"
    if not copy.exists():  # in an editable install they stand elsewhere
        shutil.copytree(pathlib.Path(kernels.__file__).parent, copy, ignore=no_data)
    (copy / "toys.py").write_text(TOYS)
    (copy / "callee.py").write_text(CALLEE)
    return copy


def _environment(settings):
    """That of this process, with settings; of Numba's own only these and where its cache is."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("NUMBA_") or name == "NUMBA_CACHE_DIR"
    }
    inherited["PYTHONSAFEPATH"] = "1"  # the working folder must not hide an installed copy
    inherited["PYTHONWARNINGS"] = "ignore::DeprecationWarning"  # of forks with threads; wanted
    return inherited | {name: str(value) for name, value in settings.items()}


def start(code, **environment):
    """Start a Python process on `code`; most of Numba's settings are only those given."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that the children it forks can be killed with it
        env=_environment(environment),
    )


def finish(process, timeout=PATIENCE):
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


#: Settings that Numba reads when it needs them, or that the fork server has it read again.
NOT_OF_THE_LOAD = {
    "NUMBA_BOUNDSCHECK",
    "NUMBA_CACHE_DIR",
    "NUMBA_NUM_THREADS",
    "NUMBA_THREADING_LAYER",
    "NUMBA_THREADING_LAYER_PRIORITY",
}

#: Forks for each request a process that has loaded Numba, but nothing of the package: more than
#: half of what a short child takes is the import of Numba, and what that loads at its first use.
FORK_SERVER = """
import gc, json, os, signal, sys

import numba
import numpy
from numba.np.ufunc import parallel

numba.njit("int64(int64)")(lambda n: n)
gc.collect()
gc.freeze()  # no child looks through these objects, which would copy the memory they are in


def next_request():
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            return json.loads(line)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    os._exit(0)


code, folder, environment, timeout, *files = next_request()
signal.alarm(timeout)
os.chdir(folder)
for number, file in enumerate(files):
    os.dup2(os.open(file, os.O_RDWR), number)
os.environ.clear()
os.environ.update(environment)
sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
numba.core.config.reload_config()
parallel.NUM_THREADS = numba.core.config.NUMBA_NUM_THREADS  # which it has read when it was loaded
exec(compile(code, "<string>", "exec"))
"""


@functools.cache
def _fork_server():
    server = subprocess.Popen(
        [sys.executable, "-c", FORK_SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_environment({"NUMBA_CACHE_DIR": "", "PYTHONUNBUFFERED": ""}),
    )
    atexit.register(server.communicate)  # which ends it
    return server


def run(code, timeout=PATIENCE, **environment):
    """Run `code` in a Python process that ends well; what it wrote to its two streams."""
    of_numba = {name for name in environment if name.startswith("NUMBA_")}
    if of_numba - NOT_OF_THE_LOAD or not hasattr(os, "fork"):
        return finish(start(code, **environment), timeout)
    exit_code, out, err = fork(code, timeout, **environment)
    assert exit_code == 0, f"exit code {exit_code}\n{out}\n{err}"
    return out.strip(), err.strip()


def fork(code, timeout=PATIENCE, folder=None, stdout=None, **environment):
    """Run `code` in a forked process: its exit code, and what it wrote to its two streams.

    It runs in a folder of its own choice, and may write to another file than that which is read.
    """
    server = _fork_server()
    with tempfile.TemporaryDirectory() as streams:
        out, err = (pathlib.Path(streams, name) for name in ("out", "err"))
        for stream in (out, err):
            stream.touch()
        files = [os.devnull, str(stdout or out), str(err)]
        request = [textwrap.dedent(code), str(folder or os.getcwd()), _environment(environment)]
        print(json.dumps([*request, timeout, *files]), file=server.stdin, flush=True)
        exit_code = int(server.stdout.readline())
        return exit_code, out.read_text("utf-8"), err.read_text("utf-8")
