"""Every kernel beside its naive twin, on the machine it runs on: a report to paste."""

import dataclasses
import importlib.metadata
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import layers
from .engine import progress_bar
from .kernels import machine
from .kernels.threads import get_num_threads, set_num_threads, threading_layer
from .models import Sequential

if TYPE_CHECKING:
    from .comparison import Comparison

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
    wrong : list of str
        A line for each thing that is wrong.
    seconds : float
    """

    environment: dict[str, str]
    comparisons: "list[Comparison]"
    wrong: list[str]
    seconds: float

    def __str__(self):
        from .comparison import accuracy_table

        verdict = f"WRONG: {len(self.wrong)} of" if self.wrong else "All right:"
        return "\n".join(
            [
                *(f"{name:<12}{value}" for name, value in self.environment.items()),
                "",
                accuracy_table(self.comparisons),
                "",
                *self.wrong,
                f"{verdict} {len(self.comparisons)} comparisons of kernels and twins, of "
                f"one thread and all, and of two fits on them, in {self.seconds:.0f} s.",
            ]
        )


def verify() -> Report:
    """Run every kernel beside its naive twin in plain Python, and compare.

    For float32 and float64, on this machine with its vectors and its threading layer; also on one
    thread and on all, and so two small fits, because the bits must be the same. Takes under a
    minute; some minutes more where the kernels are not compiled yet. Progress goes to stderr.

    Returns
    -------
    Report
        ``print`` it; its `wrong` is empty if all is right.
    """
    # Here, because these inputs of the tests are many.
    from .cases import CASES
    from .comparison import DTYPES, compare, same_bits

    start = time.perf_counter()
    comparisons, wrong = [], []
    bar = progress_bar(len(CASES) * len(DTYPES), "verify", "case")
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
    bar.close()
    for name in _networks():
        try:
            same = _trained_on(1, name) == _trained_on(get_num_threads(), name)
        except Exception as error:  # a report must come, whatever is wrong
            wrong.append(f"a fit of {name} raises {type(error).__name__}: {error}")
        else:
            if not same:
                wrong.append(f"a fit of {name}: other bits on one thread than on all")
    return Report(_environment(), comparisons, wrong, time.perf_counter() - start)


def _networks() -> dict[str, list[layers.Layer]]:
    """Networks with enough work in a step for a team of threads."""
    return {
        "dense layers": [
            layers.Dense(256, "relu", input_shape=(256,)),
            layers.LayerNormalization(),
            layers.Dense(10, "softmax"),
        ],
        "convolutions": [
            layers.Conv2D(16, 3, activation="relu", input_shape=(16, 16, 3)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ],
    }


def _trained_on(threads: int, name: str) -> bytes:
    """A network's weights after a short fit on so many threads."""
    most = get_num_threads()
    set_num_threads(threads)
    try:
        model = Sequential(_networks()[name])
        model.seed = 1
        model.compile("adam", "sparse_categorical_crossentropy")
        shape = model.layers[0].input_shape
        x = np.random.default_rng(0).standard_normal((100, *shape))
        model.fit(x, np.arange(len(x)) % 10, epochs=2, verbose=0)
    finally:
        set_num_threads(most)
    return b"".join(weight.tobytes() for weight in model.get_weights())


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
