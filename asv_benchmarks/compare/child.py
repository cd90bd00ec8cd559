"""The process of one library: it waits for requests on standard input, and answers each.

Run as ``python -m asv_benchmarks.compare.child LIBRARY THREADS``. Requests and answers are lines of
JSON; the first answer, unasked, names the version of the library.
"""

import importlib
import json
import os
import pathlib
import pickle
import sys
import time

import numpy as np

# Seconds of a sample, if one repetition does not take longer: short, so that some meet a quiet
# machine, and for training long enough that the call of `fit` itself is a small part.
SAMPLE, TRAINING_SAMPLE = 0.01, 0.05

SIDES = {
    "fastscratch": "fastscratch_side",
    "PyTorch": "pytorch_side",
    "JAX": "jax_side",
    "scikit-learn": "sklearn_side",
    "NumPy": "numpy_side",
    "OpenCV": "opencv_side",
    "SciPy": "scipy_side",
    "onnxruntime": "onnxruntime_side",
}


class Variant:
    """A task, and how often it is repeated in a sample."""

    def __init__(self, task, workload):
        start = time.perf_counter()
        self.check = task.check()
        self.first = time.perf_counter() - start
        self.run, self.workload = task.run, workload
        self.sample(1)
        if self.repeats > 1:  # one alone was mostly the cost of a call
            self.sample(self.repeats)

    def sample(self, repeats):
        """Seconds of one step, and the number of repetitions for the next sample."""
        start = time.perf_counter()
        self.run(repeats)
        once = (time.perf_counter() - start) / repeats
        wanted = TRAINING_SAMPLE if self.workload.kind == "train" else SAMPLE
        self.repeats = max(1, min(self.workload.at_most, round(wanted / once)))
        return once / self.workload.steps

    def turn(self, seconds):
        """As many samples as fit, at least one."""
        samples, end = [], time.perf_counter() + seconds
        while not samples or time.perf_counter() < end:
            samples.append(self.sample(self.repeats))
        return samples


def prepare(library, side, threads, workload, path):
    """The variants of a workload that are compared with, compiled and warm."""
    with np.load(path) as data:
        tasks = side.prepare(workload, dict(data), threads)
    return {
        name: Variant(task, workload)
        for name, task in tasks.items()
        if workload.compares_with(library, name)
    }


def serve(library, side, threads, answer):
    variants = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "turn" in request:
            answer(variants[request["turn"]].turn(request["seconds"]))
            continue
        variants.clear()
        try:
            workload = pickle.loads(pathlib.Path(request["workload"]).read_bytes())
            variants |= prepare(library, side, threads, workload, request["data"])
            answer({name: [each.check, each.first] for name, each in variants.items()})
        except Exception as error:  # one workload that fails does not spoil the others
            answer(f"{type(error).__name__}: {error}")


def main():
    library, threads = sys.argv[1], int(sys.argv[2])
    # What the libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    try:
        side = importlib.import_module(f".{SIDES[library]}", __package__)
    except ImportError as error:
        answer({"absent": str(error)})
    else:
        side.start(threads)
        answer({"version": side.VERSION})
        serve(library, side, threads, answer)


if __name__ == "__main__":
    main()
