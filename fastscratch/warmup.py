"""Compile every kernel before its first use."""

import math
import random
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .kernels import KERNELS
from .kernels.jobs import share
from .kernels.threads import get_num_threads
from .output import progress_bar

__all__ = ["warmup"]

Job = tuple[Callable[..., None], tuple[Any, ...]]

#: Modules of the kernels that `regression` and `linear_model` call, in float64 only.
REGRESSION = {
    "coordinate_descent",
    "gradient_descent",
    "least_squares",
    "linear_model",
    "qr",
    "refits",
}


def warmup(progress: bool = False) -> float:
    """Compile every kernel for float32 and float64, unless it is in the disk cache.

    Those of a regression are compiled for float64, in which the estimators compute. This includes,
    in float32, what a model of any layers, loss and optimiser needs. As many processes as there are
    processors work at it.

    Parameters
    ----------
    progress : bool
        Whether to show a progress bar.

    Returns
    -------
    float
        Seconds it took.

    Examples
    --------
    >>> import fastscratch as fs
    >>> seconds = fs.warmup(progress=True)  # doctest: +SKIP
    """
    # The small inputs and networks of the tests.
    from .cases import CASES
    from .comparison import DTYPES
    from .examples import EXAMPLES

    start = time.perf_counter()
    kernels = dict.fromkeys(case.kernel for case in CASES)
    jobs: list[Job] = [
        (_use_kernel, (name, dtype))
        for name in kernels
        for dtype in DTYPES
        if dtype is np.float64 or KERNELS[name].__module__.rpartition(".")[2] not in REGRESSION
    ]
    jobs += [(_use_model, (name,)) for name in EXAMPLES]
    jobs.append((_use_wide_model, ()))
    # Neighbours need the same kernels: apart from each other, processes seldom wait for each other.
    random.Random(0).shuffle(jobs)
    with progress_bar(len(jobs), "warmup", "job", disable=not progress, delay=0) as bar:
        share(jobs, lambda done: bar.update(done - bar.n))
    return time.perf_counter() - start


def _use_kernel(name: str, dtype: type[np.floating[Any]]) -> None:
    """Call a kernel, and with each function that it may be given the address of."""
    from .cases import CASES, kernel_call
    from .cases.case import BY_ADDRESS

    cases = [case for case in CASES if case.kernel == name]
    for case in cases if name in BY_ADDRESS else cases[:1]:
        kernel, arguments = kernel_call(case, dtype)
        kernel(*arguments)


def _use_model(name: str) -> None:
    """Do with a small model all that can be done with one."""
    from .engine.many import FEWEST_LANES
    from .examples import EXAMPLES
    from .examples.training import train
    from .models import fit_many

    example = EXAMPLES[name]
    model = example.model()
    samples = example.arguments(model)
    model.fit(**samples, batch_size=example.batch_size, verbose=0)
    models = [example.model() for _ in range(FEWEST_LANES * get_num_threads())]
    fit_many(models, **samples, batch_size=example.batch_size, verbose=0)
    model.evaluate(**samples)
    x, y = samples["x"], samples["y"]
    model.predict(x)
    model.gradients(x, y)
    model.per_sample_gradients(x, y)
    model.input_gradients(x, y)
    if any(example.kind_of_inputs.values()):
        train(example, model, get_num_threads())
    if isinstance(x, np.ndarray):
        x = x.astype(np.float32)
        x.flags.writeable = False  # another type for Numba
        model.predict(x)


def _use_wide_model() -> None:
    """Train with so many weights that they come from memory: an example would take too long."""
    from . import Sequential, layers
    from .engine.dense import WIDE_BYTES, WIDE_ROWS

    units = math.isqrt(WIDE_BYTES // np.dtype(np.float32).itemsize)
    samples, _ = WIDE_ROWS
    model = Sequential([layers.Dense(units, "relu"), layers.Dense(1)])
    model.compile("adam", "mean_squared_error")
    model.fit(
        np.ones((samples, units), np.float32), np.ones((samples, 1)), verbose=0, batch_size=samples
    )
