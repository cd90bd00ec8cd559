"""The essay "Neural Networks from Scratch" step by step, on real data: ``fastscratch demo``.

Each step is a file with a function ``run``; the :class:`~.report.Report` puts every result beside
a known answer, and every speed beside that of the naive twin.
"""

import importlib.metadata
import platform
from typing import Any

from ..kernels import cache
from ..kernels.jobs import prepared
from ..kernels.threads import get_num_threads, threading_layer
from ..wording import quantity
from . import (
    convolution,
    convolutional_network,
    linear_regression,
    logistic_regression,
    neural_network,
    softmax_regression,
)
from .report import Report

__all__ = ["Report", "run"]


def run(report: Report, digits: Any, seed: int = 0) -> bool:
    """Go through the essay's five steps, and one more.

    Parameters
    ----------
    report : Report
        Prints the results, and writes the pictures.
    digits : tuple
        As ``datasets.load_mnist`` returns them.
    seed : int
        Seed of all random numbers.

    Returns
    -------
    bool
        Whether every known answer was met.
    """
    cache.says_compiling = False  # the report tells how long it took
    report.say(
        'The essay "Neural Networks from Scratch", step by step, on real data. Every result is '
        "compared with a known answer, and every speed with that of the naive twin: the same "
        "algorithm in plain Python, in fastscratch/reference."
    )
    version = importlib.metadata.version
    threads = get_num_threads()
    report.say(
        f"Python {platform.python_version()}, NumPy {version('numpy')}, Numba {version('numba')}, "
        f"{quantity(threads, 'thread')} ({threading_layer()}), seed {seed}."
    )
    # Other processes compile what the last steps need, while this one goes through the first.
    last_steps = convolution, convolutional_network, neural_network
    with prepared([(step.prepare, ()) for step in last_steps]):
        linear_regression.run(report)
        logistic_regression.run(report)
        softmax_regression.run(report)
        neural_network.run(report, digits, seed)
        convolution.run(report, seed)
        convolutional_network.run(report, digits, seed)
    report.picture_of_speeds()
    return report.finish()
