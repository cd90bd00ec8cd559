"""Claims: what one process compiles, others wait for.

Processes that start at once with an empty cache need the same kernels. The first that comes to a
kernel claims it, by a lock on a file beside the one that will hold the machine code; the others
wait for that file, and load it. The lock ends with its process, however that ends, so nothing has
to be cleaned up after a crash. Where there are no such locks (on Windows, on some network file
systems), each process compiles for itself.
"""

import contextlib
import os
import time

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

__all__ = ["claim"]

_PATIENCE = 60  # seconds to wait for a process, which may have been stopped
_PAUSE = 0.005


@contextlib.contextmanager
def claim(file):
    """A context in which no other process compiles the content of a file.

    It begins when the processes that compile it have ended, so look for the file then.

    Parameters
    ----------
    file : pathlib.Path
    """
    lock = file.with_name(f"{file.name}.lock")
    descriptor = _open(lock)
    if descriptor is None:
        yield
        return
    try:
        _wait(descriptor)
        yield
    finally:
        # First the name, then the lock: who waits for this lock finds the content on disk.
        with contextlib.suppress(OSError):
            lock.unlink()
        os.close(descriptor)


def _open(lock):
    if fcntl is None:
        return None
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        return os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:  # no cache can be written
        return None


def _wait(descriptor):
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE)
        except OSError:  # the file system has no locks
            return
        else:
            return
