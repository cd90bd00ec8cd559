"""Compile every kernel before its first use."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .examples import Example

__all__ = ["warmup"]


def warmup(report: Callable[[str], None] | None = None) -> float:
    """Compile every kernel for float32 and float64, or load it from the disk cache.

    This includes, in float32, what a model of any layers, loss and optimiser needs.

    Parameters
    ----------
    report : callable, optional
        Called with one line of text after each kernel, and after each kind of models.

    Returns
    -------
    float
        Seconds it took.
    """
    # The small inputs and networks of the tests.
    from .cases import CASES, kernel_call
    from .examples import FILES

    start = time.perf_counter()

    def done(name: str, begin: float) -> None:
        if report is not None:
            report(f"{name:<36}{time.perf_counter() - begin:6.2f} s")

    for name in dict.fromkeys(case.kernel for case in CASES):
        begin = time.perf_counter()
        case = next(case for case in CASES if case.kernel == name)
        for dtype in (np.float32, np.float64):
            kernel, arguments = kernel_call(case, dtype)
            kernel(*arguments)
        done(name, begin)
    for file, examples in FILES.items():
        begin = time.perf_counter()
        for example in examples:
            _use(example)
        done(f"models: {file}", begin)
    return time.perf_counter() - start


def _use(example: "Example") -> None:
    """Do with a small model all that can be done with one."""
    model = example.model()
    samples = example.arguments(model)
    model.fit(**samples, batch_size=example.batch_size, verbose=0)
    model.evaluate(**samples)
    x, y = samples["x"], samples["y"]
    model.predict(x)
    model.gradients(x, y)
    model.per_sample_gradients(x, y)
    model.input_gradients(x, y)
    if isinstance(x, np.ndarray):
        x = x.astype(np.float32)
        x.flags.writeable = False  # another type for Numba
        model.predict(x)
