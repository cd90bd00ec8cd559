"""Threads: which threading layer runs the parallel regions, and what keeps it from aborting.

Numba offers three layers. Each fails in its own way when misused:

========== ==================================== =======================================
layer      two Python threads enter at once     a forked child enters after its parent
========== ==================================== =======================================
tbb        works                                works
omp        works                                GNU OpenMP kills the child
workqueue  aborts the process                   works
========== ==================================== =======================================

So ``tbb`` is preferred, with ``workqueue`` entries are serialised by a lock, and with ``omp`` a
forked child gets an error instead of its death.
"""

import contextlib
import ctypes
import importlib.metadata
import os
import sys
import threading

import numba
from numba.np.ufunc.parallel import _launch_threads

__all__ = ["get_num_threads", "layer", "region", "set_num_threads"]

_OPEN = contextlib.nullcontext()
_guard = None  # what a parallel region passes; None until the layer is known


def _load_tbb():
    """Load the TBB library that pip installed, so that Numba finds it by name.

    Its wheel puts the library in ``<prefix>/lib``, where no dynamic loader looks; once loaded,
    the loader knows it.
    """
    try:
        files = importlib.metadata.files("tbb") or ()
    except importlib.metadata.PackageNotFoundError:
        return
    for file in files:
        if file.name in ("libtbb.so.12", "tbb12.dll", "libtbb.12.dylib"):
            with contextlib.suppress(OSError):  # then Numba takes its next layer
                ctypes.CDLL(str(file.locate()), mode=ctypes.RTLD_GLOBAL)


class _Refuse:
    """The guard of a forked child whose parent had started OpenMP threads."""

    def __enter__(self):
        raise RuntimeError(
            "this process was forked from one that had started OpenMP threads, and they do not "
            "survive a fork; wanted: the 'spawn' start method, or the tbb threading layer "
            "(pip install tbb)"
        )

    def __exit__(self, *error):
        return False


def region():
    """The context in which a kernel with parallel regions is called from Python."""
    global _guard
    if _guard is None:
        _launch_threads()
        _guard = threading.RLock() if numba.threading_layer() == "workqueue" else _OPEN
    return _guard


def _after_fork_in_child():
    global _guard
    if _guard is None:
        return
    if numba.threading_layer() == "omp" and sys.platform.startswith("linux"):
        _guard = _Refuse()
    elif _guard is not _OPEN:
        _guard = threading.RLock()  # the parent's may have been held by a thread that is gone


def layer() -> str:
    """Name of the threading layer in use: ``"tbb"``, ``"omp"`` or ``"workqueue"``."""
    region()
    return numba.threading_layer()


def set_num_threads(n: int) -> None:
    """Use ``n`` threads in the parallel regions that the calling thread starts.

    Parameters
    ----------
    n : int
        From 1 to the number Numba was started with: ``NUMBA_NUM_THREADS``, or the number of
        processors.

    Raises
    ------
    TypeError, ValueError
        If ``n`` is not an integer, or not in that range.
    """
    most = numba.config.NUMBA_NUM_THREADS
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"n must be an integer, got {type(n).__name__}")
    if not 1 <= n <= most:
        raise ValueError(f"n must be from 1 to {most} (NUMBA_NUM_THREADS), got {n}")
    numba.set_num_threads(int(n))


def get_num_threads() -> int:
    """The number of threads that the calling thread's parallel regions use."""
    return numba.get_num_threads()


_load_tbb()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
