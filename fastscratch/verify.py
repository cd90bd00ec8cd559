"""Kernels and training beside the naive reference, on the machine they run on: a report."""

import dataclasses
import importlib.metadata
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .kernels import machine
from .kernels.jobs import prepared
from .kernels.threads import get_num_threads, threading_layer
from .output import progress_bar

if TYPE_CHECKING:
    from .comparison import Comparison
    from .examples.comparison import TrainingComparison

__all__ = ["Report", "verify"]

# What the kernels' speed and rounding hang on; the whole list is long.
FEATURES = ("sse4_2", "avx", "avx2", "fma", "avx512f", "avx512vl", "asimd", "sve")


@dataclasses.dataclass(frozen=True)
class Report:
    """What :func:`verify` found; ``str`` makes it the text to paste.

    Attributes
    ----------
    environment : dict
        Versions, processor, vectors, threads and settings.
    comparisons : list of Comparison
        Kernels and twins: one for each case of each kernel, for each type.
    trainings : dict of list of TrainingComparison
        By file, small networks trained by the engine and by the naive network, for each type.
    wrong : list of str
        A line for each thing that is wrong.
    seconds : float
    """

    environment: dict[str, str]
    comparisons: "list[Comparison]"
    trainings: "dict[str, list[TrainingComparison]]"
    wrong: list[str]
    seconds: float

    def __str__(self) -> str:
        from .comparison import accuracy_table
        from .examples.comparison import training_table

        n_trainings = sum(map(len, self.trainings.values()))
        verdict = f"WRONG: {len(self.wrong)} of" if self.wrong else "All right:"
        return "\n".join(
            [
                *(f"{name:<12}{value}" for name, value in self.environment.items()),
                "",
                accuracy_table(self.comparisons),
                "",
                training_table(self.trainings),
                "",
                *self.wrong,
                f"{verdict} {len(self.comparisons)} comparisons of kernels and twins and "
                f"{n_trainings} of trained networks, each on one thread and on all, in "
                f"{self.seconds:.0f} s.",
            ]
        )


def verify() -> Report:
    """Compare every kernel with its naive twin, and training with the naive network.

    For float32 and float64, on this machine with its vectors and its threading layer; also on one
    thread and on all, and in :func:`fastscratch.fit_many`, because the bits must be the same. The
    networks are small, and together reach everything that a training step can do. Takes under a
    minute; some minutes more where the kernels are not compiled yet, although other processes
    compile what the last networks need meanwhile. Progress goes to stderr.

    Returns
    -------
    Report
        ``print`` it; its `wrong` is empty if all is right.

    Examples
    --------
    >>> import fastscratch as fs
    >>> fs.verify().wrong  # doctest: +SKIP
    []
    """
    # Here, because these inputs of the tests are many.
    from .comparison import DTYPES
    from .examples import EXAMPLES

    start = time.perf_counter()
    last_first = [(_compile_for, (name, dtype)) for name in reversed(EXAMPLES) for dtype in DTYPES]
    with prepared(last_first):
        comparisons, trainings, wrong = _compare_all()
    return Report(_environment(), comparisons, trainings, wrong, time.perf_counter() - start)


def _compile_for(name: str, dtype: "type[np.floating[Any]]") -> None:
    """Train a network as a comparison does: compile what it needs, unless it is on disk."""
    from .examples import EXAMPLES
    from .examples.comparison import train_in_every_way

    train_in_every_way(EXAMPLES[name], np.dtype(dtype).name)


def _compare_all() -> "tuple[list[Comparison], dict[str, list[TrainingComparison]], list[str]]":
    """The comparisons of kernels, those of trainings by file, and what is wrong."""
    from .cases import CASES
    from .comparison import DTYPES, compare, same_bits
    from .examples import EXAMPLES, FILES
    from .examples.comparison import compare_training

    comparisons, wrong = [], []
    bar = progress_bar((len(CASES) + len(EXAMPLES)) * len(DTYPES), "verify", "case")
    for case in CASES:
        bar.set_postfix_str(case.kernel, refresh=False)
        for dtype in DTYPES:
            comparison = compare(case, dtype)
            comparisons.append(comparison)
            if comparison.trouble:
                wrong.append(str(comparison))
            elif not same_bits(case, dtype):
                wrong.append(f"{case} {np.dtype(dtype)}: other bits on one thread than on all")
            bar.update()
    trainings: dict[str, list[TrainingComparison]] = {}
    for file, examples in FILES.items():
        trainings[file] = []
        for example in examples:
            bar.set_postfix_str(example.name, refresh=False)
            for dtype in DTYPES:
                training = compare_training(example, dtype)
                trainings[file].append(training)
                if training.trouble:
                    wrong.append(str(training))
                bar.update()
    bar.close()
    return comparisons, trainings, wrong


def _environment() -> dict[str, str]:
    """What a bug report must say."""
    from . import __version__

    versions = {name: importlib.metadata.version(name) for name in ("numpy", "numba", "llvmlite")}
    settings = [f"{k}={v}" for k, v in sorted(os.environ.items()) if k.startswith("NUMBA_")]
    return {
        "fastscratch": __version__,
        "versions": f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version}" for name, version in versions.items()),
        "system": platform.platform(),
        "processor": _processor(),
        "vectors": f"{machine.VECTOR_BYTES} bytes, {machine.REGISTERS} registers; tiles of "
        f"{machine.TILE_ROWS} x {machine.TILE_VECTORS}",
        "threads": f"{get_num_threads()}, by {threading_layer()}",
        "settings": " ".join(settings) or "none",
    }


def _processor() -> str:
    """Name of the processor, what LLVM compiles for, and which features that matter there are."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:  # not Linux
        return f"{platform.processor() or platform.machine()} ({machine.CPU})"
    told = {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in text.splitlines())
    }
    flags = told.get("flags", told.get("Features", "")).split()
    has = " ".join(feature for feature in FEATURES if feature in flags)
    return f"{told.get('model name', platform.machine())} ({machine.CPU}; {has})"
