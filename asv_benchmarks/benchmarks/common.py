"""What the benchmarks share: the typical cases, the threads, and how to time a short call."""

import functools
import time
import timeit

import numba

import fastscratch
from fastscratch.cases import CASES
from fastscratch.kernels.jit import ParallelKernel

#: The typical case of each public kernel, by the kernel's name.
TYPICAL = {case.kernel: case for case in CASES if case.typical}


def use_threads(threads, kernel=None):
    """Set the number of threads; where more than one is pointless, tell asv to skip.

    Parameters
    ----------
    threads : int
    kernel : callable, optional
        Skipped on more than one thread if it has no parallel regions.

    Raises
    ------
    NotImplementedError
        In a benchmark's ``setup``, this is how asv is told to skip.
    """
    if threads > numba.config.NUMBA_NUM_THREADS:
        raise NotImplementedError("fewer threads here")
    if threads > 1 and kernel is not None and not isinstance(kernel, ParallelKernel):
        raise NotImplementedError("a serial kernel")
    fastscratch.set_num_threads(threads)


def seconds(function, arguments, budget=0.01):
    """Seconds that one call takes: the mean of as many calls as fit in `budget`, at least one."""
    timer = timeit.Timer(functools.partial(function, *arguments))
    once = max(timer.timeit(1), 1e-9)
    calls = int(budget / once)
    return min(once, timer.timeit(calls) / calls) if calls else once


class Batch:
    """A call so short that asv must time many at once, and still report the time of one.

    asv calls ``setup`` before each sample, which undoes what the calls of the last one wrote, and
    for that reason times a single call; a clock reads too coarsely for that. So a sample is a
    batch of calls, timed by a clock that runs slower by their number.
    """

    number = 1
    timeout = 300
    calls = 1

    def prepare(self, function, arguments):
        """Choose what is called, compile it, and count how often it fits in a sample."""
        self.function, self.arguments = function, arguments
        function(*arguments)
        self.calls = max(1, round(0.01 / seconds(function, arguments, budget=0.001)))

    def run(self):
        """Make the calls of one sample."""
        for _ in range(self.calls):
            self.function(*self.arguments)

    def timer(self):
        """Tell the time, in seconds a call."""
        return time.perf_counter() / self.calls
