"""Each kernel beside its naive twin: the typical case of each, in turn, in one process."""

import re

import numba
import numpy as np

import fastscratch
from fastscratch.cases import kernel_call, twin_call
from fastscratch.kernels import KERNELS

from ..benchmarks.common import TYPICAL, seconds
from .table import duration, markdown, ratio

FLOOR = 1000


def measure(name, threads, rounds):
    """Seconds of the twin, and of the kernel with each number of threads."""
    twin = twin_call(TYPICAL[name], np.float32)
    kernel = kernel_call(TYPICAL[name], np.float32)
    KERNELS[name](*kernel[1])  # compiles
    slow, fast = np.inf, dict.fromkeys(threads, np.inf)
    for _ in range(rounds):
        slow = min(slow, seconds(*twin))
        for count in threads:
            fastscratch.set_num_threads(min(count, numba.config.NUMBA_NUM_THREADS))
            fast[count] = min(fast[count], *(seconds(*kernel) for _ in range(4)))
    return slow, list(fast.values())


def render(only, threads, rounds):
    """The table of all kernels whose name matches, as Markdown; the least ratio comes first."""
    rows = []
    for name in TYPICAL:
        if re.search(only, name, re.IGNORECASE):
            slow, fast = measure(name, threads, rounds)
            rows.append((slow / min(fast), name, slow, fast))
    head = ["kernel", "naive twin", *(f"{count} thr" for count in threads), "ratio", "floor", ""]
    return markdown(
        head,
        [
            [
                f"`{name}`",
                duration(slow),
                *map(duration, fast),
                ratio(times),
                f"{FLOOR}x",
                "" if times >= FLOOR else "**missed**",
            ]
            for times, name, slow, fast in sorted(rows)
        ],
    )
