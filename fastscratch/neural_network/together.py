"""Fits of a search that scikit-learn asks for one by one, done together.

scikit-learn gives joblib a task for each fit: it fits an estimator, and scores it. Here joblib has
a backend that runs the tasks as coroutines. Each stops where its network is to be trained; when all
of them have, the networks are trained in one compiled call, and the tasks go on to their scores.
"""

import contextlib
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
from joblib.parallel import ParallelBackendBase
from scipy import sparse
from sklearn.pipeline import Pipeline

from ..coroutines import Coroutine
from .base import BaseMLP
from .company import fit_all

__all__ = ["fitted_together"]

#: Tasks that run at once: at most so many, and so many bytes of their training data.
MOST_TASKS, MOST_BYTES = 256, 2**30


class _Task(Coroutine):
    """A task, and what joblib wants to be told at its end."""

    def __init__(self, function: Callable[[], Any], callback: Callable[[Any], None]):
        super().__init__(function)
        self.callback = callback


class FitTogether(ParallelBackendBase):
    """A backend of joblib that lets tasks train their networks together.

    Parameters
    ----------
    most_tasks : int
        Tasks that run at once.
    """

    supports_retrieve_callback = True

    def __init__(self, most_tasks: int = MOST_TASKS, **options: Any):
        super().__init__(**options)
        self._most_tasks = most_tasks
        self._queue: deque[_Task] = deque()
        self._running: list[_Task] = []

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """How many tasks joblib may hand over at once."""
        return max(2, self._most_tasks)

    def submit(self, func: Callable[[], Any], callback: Any = None) -> _Task:
        """Keep a task until results are asked for."""
        task = _Task(func, callback)
        self._queue.append(task)
        return task

    def retrieve_result_callback(self, out: _Task) -> Any:
        """The result of a task that has ended."""
        return out.result()

    @contextlib.contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Run all tasks, before their results are taken."""
        filters = warnings.filters
        try:
            self._run()
        finally:
            self.abort_everything()
            # Tasks enter and leave ``catch_warnings`` in any order.
            warnings.filters = filters
        yield

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """End the tasks that wait, and forget the others."""
        for task in self._running:
            task.cancel()
        self._queue.clear()
        self._running.clear()

    def _run(self) -> None:
        """Run tasks until none is left; the callback of one may bring others."""
        while self._queue or self._running:
            while self._queue and len(self._running) < self._most_tasks:
                self._go_on(self._queue.popleft())
            wanted = [task.request for task in self._running]
            if wanted:
                fit_all(wanted)
            waiting, self._running = self._running, []
            while waiting:
                self._go_on(waiting.pop(0))

    def _go_on(self, task: _Task) -> None:
        """Run a task until it waits for a fit, or ends."""
        task.resume()
        if task.has_ended:
            task.callback(task)
        else:
            self._running.append(task)


@contextlib.contextmanager
def fitted_together(estimator: Any, X: Any) -> Iterator[None]:
    """A context in which joblib's tasks train their networks together, if these can be.

    Parameters
    ----------
    estimator : estimator
        What is fitted; a network, or a pipeline that ends with one.
    X : array_like or sparse matrix
        What it is fitted to; its size limits how many tasks run at once.
    """
    while isinstance(estimator, Pipeline) and estimator.steps:
        estimator = estimator.steps[-1][1]
    if not isinstance(estimator, BaseMLP):
        yield
        return
    size = X.nnz * X.dtype.itemsize if sparse.issparse(X) else np.asarray(X).nbytes
    backend = FitTogether(min(MOST_TASKS, max(2, MOST_BYTES // max(1, size))))
    with joblib.parallel_config(backend=backend):
        yield
