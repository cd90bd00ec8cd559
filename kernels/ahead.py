"""Kernels compiled ahead of their first call, by as many processes as there are processors.

What a network needs is known before its first step. The processes share the disk cache, and what
one of them compiles the others load.
"""

from numba import config

from .jit import Kernel
from .jobs import processes, share

__all__ = ["compile_ahead"]

# A helper needs a second to start. It is worth that if this much bytecode is to be compiled, which
# takes some 4 seconds.
_WORTH_A_HELPER = 8000


def compile_ahead(wanted, progress):
    """Compile kernels, or do nothing if they are on disk.

    Parameters
    ----------
    wanted : iterable of (kernel, tuple of numba.types.Type)
        Kernels that are called by address, and the types of their arguments.
    progress : callable
        Makes a progress bar of a number of kernels: an object with ``n``, ``update`` and ``close``.
    """
    if config.DISABLE_JIT:
        return
    missing = [
        (kernel, kinds)
        for kernel, kinds in dict.fromkeys(wanted)
        if kinds not in kernel.overloads and not kernel.is_kept(kinds)
    ]
    if len(missing) < 2 or _size(missing) < _WORTH_A_HELPER or processes() == 1:
        return
    missing.sort(key=lambda job: _size([job]), reverse=True)
    jobs = [(kernel.compile_code, (kinds,)) for kernel, kinds in missing]
    bar = progress(len(jobs))
    try:
        share(jobs, lambda done: bar.update(done - bar.n))
    finally:
        bar.close()


def _size(jobs):
    """Bytes of the bytecode of kernels and of all kernels that they call."""
    seen, left = set(), [kernel.py_func for kernel, _ in jobs]
    while left:
        function = left.pop()
        if function not in seen:
            seen.add(function)
            named = map(function.__globals__.get, function.__code__.co_names)
            left += [called.py_func for called in named if isinstance(called, Kernel)]
    return sum(len(function.__code__.co_code) for function in seen)
