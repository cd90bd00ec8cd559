"""Compiling every kernel ahead of its first use."""

import time
from collections.abc import Callable

import numpy as np

__all__ = ["warmup"]


def warmup(report: Callable[[str], None] | None = None) -> float:
    """Compile every kernel for float32 and float64, or load it from the disk cache.

    Parameters
    ----------
    report : callable, optional
        Told in a line what was done for each kernel.

    Returns
    -------
    float
        Seconds it took.
    """
    from .cases import CASES, kernel_call  # the small inputs of the tests

    start = time.perf_counter()
    for name in dict.fromkeys(case.kernel for case in CASES):
        begin = time.perf_counter()
        case = next(case for case in CASES if case.kernel == name)
        for dtype in (np.float32, np.float64):
            kernel, arguments = kernel_call(case, dtype)
            kernel(*arguments)
        if report is not None:
            report(f"{name:<36}{time.perf_counter() - begin:6.2f} s")
    return time.perf_counter() - start
