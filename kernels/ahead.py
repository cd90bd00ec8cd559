"""Kernels compiled ahead of their first call, by as many processes as there are processors.

What a network needs is known before its first step. The processes share the disk cache, and what
one of them compiles the others load.
"""

import inspect

from numba import config

from .jit import Kernel
from .jobs import processes, share

__all__ = ["compile_ahead"]

# A helper needs a second to start. It is worth that if this much bytecode is to be compiled, which
# takes some 4 seconds.
_WORTH_A_HELPER = 8000


def compile_ahead(wanted, progress):
    """Compile kernels, or do nothing if they are loaded or on disk.

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
        if kernel.is_shared and not kernel.is_loaded(kinds) and not kernel.is_kept(kinds)
    ]
    size = _size([kernel for kernel, _ in missing])
    if len(missing) < 2 or size < _WORTH_A_HELPER or processes() == 1:
        return
    wanted = {kernel for kernel, _ in missing}
    shared = wanted & _callees(wanted)
    # First what others call, so that they need not wait for each other; then the longest.
    missing.sort(key=lambda job: (job[0] not in shared, -_size([job[0]], shared)))
    jobs = [(kernel.address, (kinds,)) for kernel, kinds in missing]
    bar = progress(len(jobs))
    try:
        share(jobs, lambda done: bar.update(done - bar.n))
    finally:
        bar.close()


def _size(kernels, shared=frozenset()):
    """Bytes of the bytecode of kernels, and of all that they call but those that are shared."""
    called = _callees(kernels) - shared | set(kernels)
    return sum(len(kernel.py_func.__code__.co_code) for kernel in called)


def _callees(kernels):
    """All kernels that some kernels call."""
    found, left = set(), [*kernels]
    while left:
        function = left.pop().py_func
        names = function.__code__.co_names
        named = [function.__globals__.get(name) for name in names]
        named += [cell.cell_contents for cell in function.__closure__ or ()]
        modules = [value for value in named if inspect.ismodule(value)]
        named += [getattr(module, name, None) for module in modules for name in names]
        new = {value for value in named if isinstance(value, Kernel)} - found
        found |= new
        left += new
    return found
