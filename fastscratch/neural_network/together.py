"""Fits of a search that scikit-learn asks for one by one, done together.

scikit-learn gives joblib a task for each fit: it fits an estimator, and scores it. Here joblib has
a backend that runs the tasks as coroutines. Each stops where its network is to be trained; when all
of them have, the networks are trained in one compiled call, and the tasks go on to their scores.
Tasks that do nothing unusual need no coroutine: :mod:`.evaluations` does the same as they would.
"""

import contextlib
import functools
import math
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import joblib
import numpy as np
from joblib.parallel import ParallelBackendBase
from scipy import sparse
from sklearn.pipeline import Pipeline

from ..coroutines import Coroutine
from ..workers import Outcome, Task, Workers, workers_for
from .base import BaseMLP
from .company import fit_all
from .continued import going_on, memory_of
from .evaluations import evaluate, is_usual
from .networks import copied

__all__ = ["fitted_together"]

#: Tasks that run at once: at most so many, and so many bytes of their training data.
MOST_TASKS, MOST_BYTES = 256, 2**30


class FitTogether(ParallelBackendBase):
    """A backend of joblib that lets tasks train their networks together.

    Parameters
    ----------
    most_tasks : int
        Tasks that run at once.
    workers : Workers, optional
        They are given the tasks, if these take longer than a moment.
    """

    supports_retrieve_callback = True

    def __init__(
        self, most_tasks: int = MOST_TASKS, workers: Workers | None = None, **options: Any
    ):
        super().__init__(**options)
        self._most_tasks, self._workers = most_tasks, workers
        self._queue: deque[Task] = deque()
        self._running: list[tuple[Task, Coroutine]] = []

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """How many tasks joblib may hand over at once."""
        return max(2, self._most_tasks if self._workers is None else self._workers.most_tasks)

    def submit(self, func: Any, callback: Any = None) -> Task:
        """Keep a task until results are asked for."""
        ((_, _, options), *_) = func.items
        memory = memory_of(options.get("parameters") or {}, options.get("train", ()))
        task = Task(func.items, callback, memory)
        self._queue.append(task)
        return task

    def retrieve_result_callback(self, out: Task) -> Any:
        """The result of a task that has ended."""
        return out.outcome.take()

    @contextlib.contextmanager
    def retrieval_context(self) -> Iterator[None]:
        """Run all tasks, before their results are taken."""
        if self._workers is not None:
            self._workers.do(self._queue, lambda count: self.run(most=count))
        self.run()
        yield

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """End the tasks that wait, and forget the others."""
        for _, coroutine in self._running:
            coroutine.cancel()
        self._queue.clear()
        self._running.clear()

    def run(self, tasks: Iterable[Task] = (), most: float = math.inf) -> None:
        """Run tasks in this process.

        Parameters
        ----------
        tasks : iterable of Task
            Added to those that wait already; the end of one may bring others.
        most : int, optional
            How many of them are run, all by default.
        """
        self._queue.extend(tasks)
        filters, left = warnings.filters, most
        try:
            while (self._queue and left) or self._running:
                taken = self._take(min(left, self._most_tasks - len(self._running)))
                left -= len(taken)
                if taken and all(map(is_usual, taken)):
                    evaluate(taken)
                    continue
                for task in taken:
                    self._go_on(task, Coroutine(functools.partial(_run, task)))
                if self._running:
                    fit_all([coroutine.request for _, coroutine in self._running])
                waiting, self._running = self._running, []
                while waiting:
                    self._go_on(*waiting.pop(0))
        except BaseException:
            self.abort_everything()
            raise
        finally:
            # Tasks enter and leave ``catch_warnings`` in any order.
            warnings.filters = filters

    def _take(self, most: float) -> list[Task]:
        """The first tasks that wait."""
        return [self._queue.popleft() for _ in range(int(min(most, len(self._queue))))]

    def _go_on(self, task: Task, coroutine: Coroutine) -> None:
        """Run a task until it waits for a fit, or ends."""
        coroutine.resume()
        if coroutine.has_ended:
            for result in coroutine.result or ():
                if isinstance(result, dict) and "fit_time" in result:
                    result["fit_time"] -= coroutine.waited  # for networks of other tasks
            task.end(Outcome(coroutine.result, coroutine.error))
        else:
            self._running.append((task, coroutine))


def _run(task: Task) -> list[Any]:
    """Run a task, whose fits may go on from earlier ones."""
    with going_on(task.memory):
        return task.run()


@contextlib.contextmanager
def fitted_together(estimator: Any, X: Any, n_jobs: int | None = None) -> Iterator[None]:
    """A context in which joblib's tasks train their networks together, if these can be.

    Parameters
    ----------
    estimator : estimator
        What is fitted; a network, or a pipeline that ends with one.
    X : array_like or sparse matrix
        What it is fitted to; its size limits how many tasks run at once.
    n_jobs : int, optional
        As joblib takes it: how many processes share the fits.
    """
    while isinstance(estimator, Pipeline) and estimator.steps:
        estimator = estimator.steps[-1][1]
    if not isinstance(estimator, BaseMLP):
        yield
        return
    size = X.nnz * X.dtype.itemsize if sparse.issparse(X) else np.asarray(X).nbytes
    most_tasks = min(MOST_TASKS, max(2, MOST_BYTES // max(1, size)))
    workers = workers_for(n_jobs, functools.partial(run_together, most_tasks=most_tasks))
    with copied(), joblib.parallel_config(backend=FitTogether(most_tasks, workers)):
        yield


def run_together(tasks: Sequence[Task], most_tasks: int) -> list[Outcome]:
    """Run tasks in this process, and return their outcomes."""
    with copied():
        FitTogether(most_tasks).run(tasks)
    return [task.outcome for task in tasks]
