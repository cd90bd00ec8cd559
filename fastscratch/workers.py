"""Fits in other processes, on this machine or on others: joblib's workers take chunks of tasks.

A task, such as a fit in scikit-learn's search, takes milliseconds. To send it, and to get its
result back, would often take longer. So workers get chunks, each worth a second or more by the pace
measured so far. The data, which all of them need, travel apart, once to each worker.

A task computes the same bits wherever it runs: a chunk whose worker is lost is simply done again.
"""

import io
import itertools
import math
import pickle
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import joblib
from cloudpickle import CloudPickler
from joblib.parallel import get_active_backend
from sklearn.callback import CallbackContext

from .kernels.threads import get_num_threads, set_num_threads

__all__ = ["Outcome", "Task", "Workers", "results_of", "workers_for"]

#: Seconds: tasks that take no longer are not worth other processes.
MOMENT = 0.25
#: Seconds that a chunk is worth: at least, and for each worker; and at most. A chunk costs the
#: client and Dask's scheduler 3 ms, so that they keep up with so many workers.
SHORTEST, FOR_EACH_WORKER, LONGEST = 1.0, 0.005, 60.0
#: How often in a row, without a new result, chunks that were lost are sent again.
MOST_LOSSES = 3
#: Tasks that are ready to be sent, for each worker.
TASKS_FOR_EACH = 1024


class Outcome(NamedTuple):
    """What a task has returned, or raised."""

    result: Any
    error: BaseException | None

    def take(self) -> Any:
        """The result; an error is raised."""
        if self.error is not None:
            raise self.error
        return self.result


class Task:
    """A task of joblib.

    Parameters
    ----------
    items : list of (function, args, kwargs)
        The calls of which it consists.
    callback : callable, optional
        Called with the task at its end.
    memory : dict, optional
        What travels with it to a worker, and back with what has been written there.

    Attributes
    ----------
    outcome : Outcome
        Known at its end.
    """

    outcome: Outcome

    def __init__(
        self,
        items: list[Any],
        callback: Callable[["Task"], None] | None = None,
        memory: dict[str, Any] | None = None,
    ):
        self.items, self._callback, self.memory = items, callback, memory

    def run(self) -> list[Any]:
        """Make the calls; return their results."""
        return [function(*args, **options) for function, args, options in self.items]

    def attempt(self) -> Outcome:
        """Make the calls; return their results, or what was raised."""
        try:
            return Outcome(self.run(), None)
        except Exception as error:
            return Outcome(None, error)

    def end(self, outcome: Outcome) -> None:
        """Keep the outcome, and tell joblib."""
        self.outcome = outcome
        if self._callback is not None:
            self._callback(self)


class _Pickler(CloudPickler):
    """Leaves out the arrays that travel apart, wherever a task refers to them."""

    def __init__(self, file: io.BytesIO, shared: Sequence[Any]):
        super().__init__(file)
        self._places = {id(value): place for place, value in enumerate(shared)}

    def persistent_id(self, value: Any) -> int | None:
        return self._places.get(id(value))

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, CallbackContext):
            # The context of the search knows those of all tasks; a task asks for none of them.
            return object.__new__, (type(value),), {**vars(value), "_children_map": {}}
        return super().reducer_override(value)


class _Unpickler(pickle.Unpickler):
    """Puts them in again."""

    def __init__(self, file: io.BytesIO, shared: Sequence[Any]):
        super().__init__(file)
        self._shared = shared

    def persistent_load(self, place: int) -> Any:
        return self._shared[place]


class Workers:
    """The workers of the joblib backend that is in effect where this is made.

    Parameters
    ----------
    n_jobs : int or None
        As joblib takes it.
    count : int
        How many there are.
    run : callable
        Does tasks in a worker, and returns their outcomes.
    """

    def __init__(self, n_jobs: int | None, count: int, run: Callable[[list[Task]], list[Outcome]]):
        self.count = count
        self._run, self._numbers = run, itertools.count()
        options = {"n_jobs": n_jobs, "batch_size": 1}
        try:
            self._parallel = joblib.Parallel(return_as="generator_unordered", **options)
        except ValueError:  # such as Ray's, which returns all results at once
            self._parallel = joblib.Parallel(**options)

    @property
    def most_tasks(self) -> int:
        """Tasks that should be ready to be sent."""
        return TASKS_FOR_EACH * self.count

    def do(self, tasks: deque[Task], run_here: Callable[[int], None]) -> None:
        """Have tasks done: the first ones here, and by the workers if they take long.

        Parameters
        ----------
        tasks : deque of Task
            Is empty in the end. More may come while these are done.
        run_here : callable
            Takes that many of them, and does them in this process.
        """
        losses, self._pace = 0, _measured_pace(tasks, run_here)
        sent = dict[int, list[Task]]()  # one for all calls: those that are given up may still send
        while tasks:
            shared, results = _common(tasks[0], tasks[-1]), None
            try:
                results = self._parallel(self._calls(tasks, shared, sent))
                for number, seconds, outcomes, memories in results:
                    chunk, losses = sent.pop(number, None), 0
                    if chunk is None:  # of a call that was given up: it has been sent again
                        continue
                    self._pace = seconds / len(chunk)
                    for task, outcome, memory in zip(chunk, outcomes, memories, strict=True):
                        if task.memory is not None:
                            task.memory.update(memory)
                        task.end(outcome)
            except Exception:  # those of tasks are outcomes: a worker is lost
                losses += 1
                _close(results)
                if losses > MOST_LOSSES:
                    raise
            for number in list(sent):
                tasks.extendleft(reversed(sent.pop(number)))

    def _calls(
        self, tasks: deque[Task], shared: list[Any], sent: dict[int, list[Task]]
    ) -> Iterator[Any]:
        """Chunks of the tasks, as joblib takes them."""
        threads = max(1, joblib.cpu_count() // self.count)
        while tasks:
            number, size = next(self._numbers), self._size(len(tasks))
            chunk = [tasks.popleft() for _ in range(size)]
            sent[number] = chunk
            file = io.BytesIO()
            calls = [(task.items, task.memory) for task in chunk]
            _Pickler(file, shared).dump((self._run, warnings.filters, calls))
            yield joblib.delayed(_do_chunk)(number, threads, file.getvalue(), *shared)

    def _size(self, left: int) -> int:
        """Tasks of the next chunk: half of a worker's share of what is left, within bounds."""
        shortest = max(SHORTEST, FOR_EACH_WORKER * self.count)
        share = left * self._pace / (2 * self.count)
        seconds = max(shortest, min(share, LONGEST))
        return min(left, math.ceil(seconds / self._pace))


def _close(results: Any) -> None:
    """End what gives results, without joblib's warning that tasks were cancelled."""
    if isinstance(results, Generator):  # those of Ray are a list
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*have been cancelled", UserWarning)
            results.close()


def workers_for(n_jobs: int | None, run: Callable[[list[Task]], list[Outcome]]) -> Workers | None:
    """Workers in other processes, or None if joblib is to use this process only."""
    backend, _ = get_active_backend()
    if getattr(backend, "uses_threads", False):
        return None
    count = joblib.effective_n_jobs(n_jobs)
    return Workers(n_jobs, count, run) if count > 1 else None


def results_of(calls: Iterable[tuple[Any, ...]], n_jobs: int | None) -> list[Any]:
    """Results of calls, in their order; workers share them if they take longer than a moment.

    Parameters
    ----------
    calls : iterable of (function, argument, ...)
        Arrays that are arguments of all of them travel once to each worker.
    n_jobs : int or None
        As joblib takes it.
    """
    tasks = [Task([(function, arguments, {})]) for function, *arguments in calls]
    left = deque(tasks)

    def run_here(count: int) -> None:
        for _ in range(min(count, len(left))):
            task = left.popleft()
            task.end(task.attempt())

    workers = workers_for(n_jobs, _attempt_all)
    if workers is None:
        run_here(len(left))
    else:
        workers.do(left, run_here)
    return [task.outcome.take()[0] for task in tasks]


def _attempt_all(tasks: list[Task]) -> list[Outcome]:
    return [task.attempt() for task in tasks]


def _measured_pace(tasks: deque[Task], run_here: Callable[[int], None]) -> float:
    """Run more and more tasks here, until they take a moment; return the seconds of each."""
    count = 1
    while True:
        began = time.perf_counter()
        run_here(count)
        seconds = time.perf_counter() - began
        if not tasks or seconds > MOMENT:
            return seconds / count
        count *= 2


def _do_chunk(
    number: int, threads: int, pickled: bytes, *shared: Any
) -> tuple[int, float, list[Outcome], list[Any]]:
    """Do the tasks of a chunk in a worker; return its number, seconds, outcomes and memories."""
    before, began = get_num_threads(), time.perf_counter()
    set_num_threads(min(threads, before))
    try:
        run, filters, calls = _Unpickler(io.BytesIO(pickled), shared).load()
        tasks = [Task(items, memory=memory) for items, memory in calls]
        with warnings.catch_warnings():
            warnings.filters = filters
            outcomes = run(tasks)
    finally:
        set_num_threads(before)
    return number, time.perf_counter() - began, outcomes, [task.memory for task in tasks]


def _common(one: Task, other: Task) -> list[Any]:
    """Arrays that are arguments of both tasks."""
    mine, theirs = (
        {id(value): value for _, args, named in task.items for value in [*args, *named.values()]}
        for task in (one, other)
    )
    return [mine[key] for key in mine if key in theirs and hasattr(mine[key], "shape")]
