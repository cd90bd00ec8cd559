"""Command line: measure, and print the table."""

import argparse
import contextlib
import json
import pathlib
import pickle
import re
import sys
import tempfile

import numpy as np

from . import data, drawing, naive, summary, table
from .hard import HARD
from .library import Library
from .records import records
from .workloads import ROOFS, WORKLOADS

# A variant that loses its first turn by this factor to another of its library gets no further one.
HOPELESS = 1.5


class Measurement:
    """What one variant of one library took, with one number of threads."""

    def __init__(self, variant, check, first):
        self.variant, self.check, self.first = variant, check, first
        self.samples = []

    @property
    def best(self):
        """Seconds of a step."""
        return min(self.samples)

    @property
    def spread(self):
        """How far the median lies above the minimum, as a fraction."""
        return float(np.median(self.samples)) / self.best - 1


def measure(workload, libraries, folder, rounds, seconds):
    """Let the libraries take turns on one workload.

    Returns
    -------
    dict
        By name and threads of a library, the list of its `Measurement`, or why there is none.
    """
    path, description = pathlib.Path(folder, "data.npz"), pathlib.Path(folder, "workload")
    np.savez(path, **data.make(workload))
    description.write_bytes(pickle.dumps(workload))
    results, racing = {}, {}
    for key, library in libraries.items():
        answer = library.prepare(description, path)
        if isinstance(answer, str):
            results[key] = answer
        else:
            results[key] = [Measurement(name, *values) for name, values in answer.items()]
            racing[key] = results[key]
    for _ in range(rounds):
        for key, variants in racing.items():
            for variant in variants:
                variant.samples += libraries[key].turn(variant.variant, seconds)
            best = min(variant.best for variant in variants)
            racing[key] = [variant for variant in variants if variant.best < HOPELESS * best]
    return results


def compare(options):
    """Measure what was asked for; the table, and a summary unless the workloads were chosen."""
    known = HARD if options.hard else WORKLOADS
    if options.random:
        known = drawing.draw(options.random, options.seed)
    chosen = [w for w in known if re.search(options.only, w.name, re.IGNORECASE)]
    libraries, results = {}, {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())

        def library(name, threads):
            """The process of a library, started when it is first needed."""
            if (name, threads) not in libraries:
                libraries[name, threads] = Library(name, threads)
                stack.callback(libraries[name, threads].close)
            return libraries[name, threads]

        for workload in (*ROOFS, *chosen):
            print(workload.name, file=sys.stderr)
            taking_part = {
                (name, threads): library(name, threads)
                for name in workload.libraries
                for threads in options.threads
            }
            results[workload] = measure(
                workload, taking_part, folder, options.rounds, options.seconds
            )
    versions = {name: library.version for (name, _), library in libraries.items()}
    if options.save:
        measured = records(results, options.threads, versions)
        options.save.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    text = table.render(results, options.threads, versions)
    if options.random or options.hard:
        text += "\n\n" + summary.render(results, options.threads[-1])
    return text


def main():
    parser = argparse.ArgumentParser(prog="python -m asv_benchmarks.compare")
    parser.add_argument("--only", metavar="REGEX", default="", help="workloads by their name")
    parser.add_argument("--random", type=int, metavar="N", help="draw N workloads instead")
    parser.add_argument("--hard", action="store_true", help="workloads that were lost once instead")
    parser.add_argument("--seed", type=int, default=0, help="of these workloads (default: 0)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each (default: 5)")
    parser.add_argument("--seconds", type=float, default=0.2, help="of a turn (default: 0.2)")
    parser.add_argument(
        "--threads",
        type=lambda text: [int(part) for part in text.split(",")],
        default=[1, 2],
        help="numbers of threads; floors hold for the last one (default: 1,2)",
    )
    parser.add_argument("--save", metavar="FILE", type=pathlib.Path, help="the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="one round of one sample each")
    parser.add_argument("--naive", action="store_true", help="kernels and their twins instead")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0
    if options.naive:
        print(naive.render(options.only, options.threads, options.rounds))
    else:
        print(compare(options))


if __name__ == "__main__":
    main()
