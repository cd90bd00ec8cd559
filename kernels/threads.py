"""Threads: which threading layer runs the parallel regions, and what keeps it from aborting.

Numba offers three layers. Each fails in its own way when misused:

========== ========================= ========================= ==========================
layer      two Python threads enter  a child forked at rest    a child forked while
           at once                   enters                    another thread is inside
========== ========================= ========================= ==========================
tbb        works                     works                     may hang
omp        works                     GNU OpenMP kills it       GNU OpenMP kills it
workqueue  aborts the process        works                     works
========== ========================= ========================= ==========================

On x86-64, ``tbb`` is installed with this package. For Arm, Numba's wheels have no ``tbb`` layer: on
Linux they run ``omp``, on macOS ``workqueue`` (or ``omp``, where LLVM's OpenMP is found). Numba of
conda-forge has ``tbb`` there, too.

So ``tbb`` is preferred; ``workqueue`` is entered by one thread after the other; a fork waits until
no other thread is inside, until the threads of TBB are asleep, and until it has the locks of the
compiler and of LLVM; and with ``omp`` a forked child gets an error and is not killed.
Calls from kernel to kernel stay in the region of the outer kernel, and need no guard.
"""

import contextlib
import ctypes
import importlib.metadata
import numbers
import os
import threading
import time
from pathlib import Path

import numba
from llvmlite.binding import ffi
from numba.core.compiler_lock import global_compiler_lock
from numba.np.ufunc import parallel

from .interrupts import ctrl_c_later
from .machine import ARM

__all__ = ["get_num_threads", "region", "set_num_threads", "threading_layer"]

TBB_COMES_WITH = "conda install -c conda-forge numba tbb" if ARM else "pip install tbb"

#: Seconds that a fork waits at most for the threads of TBB: busy ones may be another library's.
PATIENCE = 1.0

# Held while the layer starts, during a fork and, with workqueue, in a region.
_lock = threading.RLock()
_fork_goes_on = False
inside = set()  # with the other layers: the Python threads that are in a region
#: Whether many threads may be in a region, and no fork goes on: what enters adds itself to `inside`
#: first, then reads this. If false, it must pass `region`.
is_open = False
_guard = None  # the context of calls that enter a region; None until the layer is known


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


class _Open:
    """Guard of a layer that many threads may enter at once, but not while one of them forks."""

    def __enter__(self):
        me = threading.get_ident()
        inside.add(me)  # before the flag is read: a thread that forks sets it, then reads this set
        if _fork_goes_on:
            inside.discard(me)
            with _lock:
                inside.add(me)

    def __exit__(self, *error):
        inside.discard(threading.get_ident())


class _Refuse:
    """The guard of a forked child whose parent had started OpenMP threads."""

    def __enter__(self):
        raise RuntimeError(
            "this process was forked from one that had started OpenMP threads, which do not "
            "survive a fork; start it with the 'spawn' method, or use the tbb threading layer "
            f"({TBB_COMES_WITH})"
        )

    def __exit__(self, *error):
        pass


def _launch():
    """Start the layer's threads, once in a process."""
    if parallel._is_initialized:
        return
    parallel._launch_threads()
    if parallel._threading_layer == "tbb":
        from numba.np.ufunc import tbbpool

        # Numba leaves a task with TBB, and waits for it at exit. On a single processor TBB has no
        # worker to take it, and the exit may hang (oneTBB issue 2056): this thread takes it now.
        ctypes.CFUNCTYPE(None)(tbbpool.synchronize)()


def region():
    """The context in which a kernel with parallel regions is called from Python."""
    global _guard, is_open
    if _guard is None:
        with _lock:
            with ctrl_c_later():
                _launch()
            _guard = _lock if parallel._threading_layer == "workqueue" else _Open()
            is_open = _guard is not _lock
    return _guard


def _asleep():
    """Whether all threads sleep that are not Python's; true where the system does not tell."""
    # That of the main thread, where Python still has the parent's after a fork, is the process's.
    of_python = {os.getpid(), *(thread.native_id for thread in threading.enumerate())}
    folder = Path("/proc/self/task")
    try:
        others = {each for each in folder.iterdir() if int(each.name) not in of_python}
        states = {each.joinpath("stat").read_text().rpartition(") ")[2][0] for each in others}
    except OSError:  # a thread has just ended, or there is no such folder
        return not folder.exists()
    return states <= {"S"}


def _wait_for_tbb():
    """Wait until TBB's own threads are asleep.

    After a region they look for other work, and take locks of TBB, which a child would find held
    for ever. Numba ends them before a fork, if no other Python thread has been in a region.
    """
    end = time.monotonic() + PATIENCE
    looks = 0  # two in a row: during the first, a thread may wake one that was seen asleep
    while looks < 2 and time.monotonic() < end:
        time.sleep(0.0005)
        looks = looks + 1 if _asleep() else 0


def _before_fork():
    """Wait until no other thread is in a region, compiling or in LLVM.

    A fork copies the locks they hold, but not the threads that would release them.
    """
    global _fork_goes_on, is_open
    with ctrl_c_later():  # else the process would fork without the locks
        _lock.acquire()
        _fork_goes_on, is_open = True, False
        while inside - {threading.get_ident()}:
            time.sleep(0.0005)
        # In the order in which a thread that compiles takes them. LLVM's is also taken alone, to
        # look up an address or to free what the garbage collector has found.
        global_compiler_lock.acquire()
        ffi.lib._lock.__enter__()
        # Last, for a Python thread that ends takes locks of TBB, too: none should after this.
        if parallel._threading_layer == "tbb":
            _wait_for_tbb()


def _after_fork():
    global _fork_goes_on, is_open
    ffi.lib._lock.__exit__()
    global_compiler_lock.release()
    _fork_goes_on, is_open = False, isinstance(_guard, _Open)
    _lock.release()


def _after_fork_in_child():
    global _guard, is_open
    inside.intersection_update({threading.get_ident()})  # the other threads are not here
    _after_fork()
    if parallel._threading_layer == "omp":  # known, so its module is loaded
        from numba.np.ufunc import omppool

        if omppool.openmp_vendor == "GNU":
            _guard, is_open = _Refuse(), False


def threading_layer() -> str:
    """Name of the threading layer in use: ``"tbb"``, ``"omp"`` or ``"workqueue"``.

    Returns
    -------
    str

    Examples
    --------
    >>> import fastscratch as fs
    >>> fs.threading_layer() in ("tbb", "omp", "workqueue")
    True
    """
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

    Examples
    --------
    >>> import fastscratch as fs
    >>> before = fs.get_num_threads()
    >>> fs.set_num_threads(1)
    >>> fs.get_num_threads()
    1
    >>> fs.set_num_threads(before)
    """
    most = numba.config.NUMBA_NUM_THREADS
    if isinstance(n, bool) or not isinstance(n, numbers.Integral):
        raise TypeError(f"n must be an integer, got {type(n).__name__}")
    if not 1 <= n <= most:
        raise ValueError(f"n must be from 1 to {most} (NUMBA_NUM_THREADS), got {n}")
    region()
    # Numba's own function takes a lock first, which Ctrl-C may leave held for ever.
    parallel._set_num_threads(int(n))


def get_num_threads() -> int:
    """The number of threads that the calling thread's parallel regions use.

    Returns
    -------
    int

    Examples
    --------
    >>> import fastscratch as fs
    >>> fs.get_num_threads() >= 1
    True
    """
    region()
    return parallel._get_num_threads()  # see `set_num_threads`


_load_tbb()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )
