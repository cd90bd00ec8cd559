"""Jobs shared among processes: the one that calls, and helpers that it starts.

Numba compiles under one lock, so threads do not help. Each process takes the next job that nobody
has taken, which a file in a temporary folder tells, until there is none. What a job leaves behind
is on disk: nothing comes back but that it is done.
"""

import contextlib
import multiprocessing
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile
import time

from numba import config

from . import cache

__all__ = ["prepared", "processes", "share"]

_MOST_PROCESSES = 8
_PAUSE = 0.05  # seconds between two looks at what the helpers have done

# The helper finds the package where this process has found it.
_HELPER = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from fastscratch.kernels.jobs import help_with; help_with(*pickle.load(sys.stdin.buffer))"
)

_is_sharing = False  # also true in a helper: none starts helpers of its own


def processes():
    """How many processes may compile at once.

    One, if what they compile cannot be kept on disk, if this process is itself one of several, or
    if it is a program with Python inside, which starts again where Python would.
    """
    is_python = "python" in pathlib.Path(sys.executable or "").name.lower()
    is_alone = multiprocessing.parent_process() is None and not _is_sharing
    if not (is_python and is_alone and cache.folder_in_use()):
        return 1
    return min(config.NUMBA_NUM_THREADS, _MOST_PROCESSES)


def share(jobs, watch):
    """Do jobs, each once, in this process and in helpers.

    Parameters
    ----------
    jobs : list of (function, arguments)
        Functions that a fresh process can import; the longest jobs first.
    watch : callable
        Called now and then with the number of jobs that are done.

    Notes
    -----
    What fails in a helper is done again here, so that its error is seen.
    """
    with _helped(jobs, processes() - 1) as (folder, helpers):
        for _ in _do(folder, jobs):
            watch(_count_done(folder))
        while any(helper.poll() is None for helper in helpers):
            time.sleep(_PAUSE)
            watch(_count_done(folder))
        for number, (function, arguments) in enumerate(jobs):
            if not (folder / f"{number}.done").exists():
                function(*arguments)
        watch(len(jobs))


@contextlib.contextmanager
def prepared(jobs):
    """A context in which helpers do jobs; whoever needs a result finds it, or waits, or does it.

    Parameters
    ----------
    jobs : list of (function, arguments)
    """
    with _helped(jobs, processes() - 1):
        yield


@contextlib.contextmanager
def _helped(jobs, most):
    """A context in which at most this many helpers take jobs; the folder of what is taken, and
    the helpers."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(_sharing())
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory("-fastscratch")))
        helpers = [_start(folder, jobs, stack) for _ in range(min(most, len(jobs)))]
        yield folder, [helper for helper in helpers if helper is not None]


@contextlib.contextmanager
def _sharing():
    global _is_sharing
    _is_sharing = True
    try:
        yield
    finally:
        _is_sharing = False


def help_with(folder, jobs, parent):
    """What a helper does: take jobs until there is none, or until its parent has ended."""
    with _sharing():
        for _ in _do(folder, jobs):
            if os.getppid() != parent:
                return


def _start(folder, jobs, stack):
    """Start a helper that ends with the stack; None if none can be started."""
    try:
        helper = subprocess.Popen(
            [sys.executable, "-c", _HELPER],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C goes to this process, which ends its helpers
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # on Windows
        )
    except OSError:
        return None
    stack.callback(helper.wait)
    stack.callback(helper.kill)
    with contextlib.suppress(OSError), helper.stdin:  # it may have ended
        pickle.dump(sys.path, helper.stdin)
        pickle.dump((folder, jobs, os.getpid()), helper.stdin)
    return helper


def _do(folder, jobs):
    """Do the jobs that nobody has taken; yield after each."""
    for number, (function, arguments) in enumerate(jobs):
        try:
            (folder / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        function(*arguments)
        (folder / f"{number}.done").touch()
        yield


def _count_done(folder):
    return sum(1 for _ in folder.glob("*.done"))
