"""Long compiled runs in slices, between which Python handles Ctrl-C and shows progress."""

import time
from collections.abc import Callable
from typing import Any

SLICE_SECONDS = 0.1


def run_in_slices(
    total: int,
    run: Callable[[int, int], Any],
    progress: Any = None,
    count: int = 1,
    longer: float = 1.0,
) -> int:
    """Call ``run(first, count)`` until `total` steps are done, each call worth about 0.1 s.

    Parameters
    ----------
    total : int
        Number of steps.
    run : callable
        Runs steps ``first ... first + count - 1`` in compiled code; True ends it before `total`.
    progress : tqdm, optional
        Updated after each slice, and closed.
    count : int
        Steps of the first call.
    longer : float
        How many times 0.1 s a call is worth, if it costs much besides its steps.

    Returns
    -------
    int
        Steps that take about as long, to begin the next run with.
    """
    first, enough = 0, max(count, 1)
    try:
        while first < total:
            count = min(enough, total - first)
            start = time.perf_counter()
            done = run(first, count)
            seconds = time.perf_counter() - start
            first += count
            if progress is not None:
                progress.update(count)
            if done:
                break
            # At most ten times as many: one quick call says little about the next.
            worth, most = longer * SLICE_SECONDS, 10 * count
            enough = most if 10 * seconds < worth else max(1, int(count * worth / seconds))
    finally:
        if progress is not None:
            progress.close()
    return enough
