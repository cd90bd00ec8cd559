"""Fits in other processes: the same bits as in this one, also if a worker is lost."""

import io
import os
import pickle
import runpy
import signal
from collections import deque
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastscratch import workers
from fastscratch.ensemble import BaggingRegressor
from fastscratch.linear_model import LogisticRegression, bootstrap
from fastscratch.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict
from fastscratch.model_selection.once import Once
from fastscratch.neural_network import MLPClassifier, MLPRegressor
from fastscratch.workers import Outcome, Task, Workers

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

IRIS = load_iris(return_X_y=True)
GRID = {"mlpclassifier__alpha": [1e-4, 0.1], "mlpclassifier__hidden_layer_sizes": [(5,), (8,)]}
NETWORK = make_pipeline(StandardScaler(), MLPClassifier(max_iter=5, random_state=0))


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of a few fits, which are sent however short they are; counts those that are back."""
    monkeypatch.setattr(workers, "MOMENT", 0.0)
    monkeypatch.setattr(workers, "SHORTEST", 1e-9)
    monkeypatch.setattr(workers, "FOR_EACH_WORKER", 1e-9)
    back = []
    end = Task.end
    monkeypatch.setattr(Task, "end", lambda task, outcome: back.append(task) or end(task, outcome))
    return back


@pytest.fixture(scope="module")
def client():
    distributed = pytest.importorskip("distributed")
    # Any free port: another process of pytest may have a cluster of its own.
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(processes=True, **options) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def cluster(client):
    """Two workers of Dask: one that another test has killed is started again."""
    client.wait_for_workers(2)


class Deadly:
    """A scorer that kills the worker process it is called in, if nobody has before."""

    def __init__(self, marker):
        self.marker, self.client = marker, os.getpid()

    def __call__(self, estimator, X, y):
        self.kill()
        return estimator.score(X, y)

    def kill(self):
        if os.getpid() != self.client:
            try:
                os.close(os.open(self.marker, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)


class Fatal(Deadly):
    """A function that does the same."""

    def __init__(self, marker, function):
        super().__init__(marker)
        self.function = function

    def __call__(self, *arguments):
        self.kill()
        return self.function(*arguments)


def same_results(one, other):
    for key, values in one.cv_results_.items():
        if not key.endswith("_time"):
            np.testing.assert_array_equal(values, other.cv_results_[key], err_msg=key)
    for a, b in zip(one.best_estimator_[-1].coefs_, other.best_estimator_[-1].coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_processes_of_loky_and_one_that_is_killed(small_chunks, tmp_path):
    here = GridSearchCV(NETWORK, GRID, cv=4).fit(*IRIS)
    small_chunks.clear()
    there = GridSearchCV(NETWORK, GRID, cv=4, n_jobs=2, scoring=Deadly(tmp_path / "killed"))
    same_results(here, there.fit(*IRIS))
    assert (tmp_path / "killed").exists()
    assert len(small_chunks) == 16  # each fit counts once
    X, y = load_diabetes(return_X_y=True)
    options = {"n_estimators": 6, "random_state": 0}
    network = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5)
    a, b = (BaggingRegressor(network, n_jobs=n, **options).fit(X, y) for n in (None, 2))
    for one, other in zip(a.estimators_, b.estimators_, strict=True):
        np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.slow
@pytest.mark.parametrize("dies", [False, True])
def test_halving_over_epochs_in_processes_of_loky(small_chunks, tmp_path, dies):
    """What fits go on from comes back from a worker, and goes to another."""
    options = {"resource": "mlpclassifier__max_iter", "min_resources": 2, "max_resources": 8}
    options |= {"factor": 2, "cv": 3, "random_state": 0}
    here = HalvingGridSearchCV(NETWORK, GRID, **options).fit(*IRIS)
    small_chunks.clear()
    scoring = Deadly(tmp_path / "killed") if dies else None
    there = HalvingGridSearchCV(NETWORK, GRID, n_jobs=2, scoring=scoring, **options).fit(*IRIS)
    same_results(here, there)
    assert len(small_chunks) == 3 * (4 + 2 + 1)
    known = {id(task.memory): list(task.memory.values()) for task in small_chunks}
    epochs = [len(earlier.losses) for memory in known.values() for earlier in memory]
    assert sorted(epochs) == 3 * 2 * [2] + 3 * [4] + 3 * [8]


@pytest.mark.slow
def test_dask(small_chunks, cluster):
    one = cross_val_predict(NETWORK, *IRIS, cv=6, method="predict_proba")
    with joblib.parallel_config(backend="dask"):
        other = cross_val_predict(NETWORK, *IRIS, cv=6, method="predict_proba")
    np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_a_worker_of_dask_is_killed(small_chunks, cluster, tmp_path):
    here = GridSearchCV(NETWORK, GRID, cv=4).fit(*IRIS)
    small_chunks.clear()
    with joblib.parallel_config(backend="dask"):
        there = GridSearchCV(NETWORK, GRID, cv=4, scoring=Deadly(tmp_path / "killed")).fit(*IRIS)
    assert (tmp_path / "killed").exists()
    # While one worker is left, joblib does chunks in this process: copies, which end here as well.
    assert sum(task._callback is not None for task in small_chunks) == 16
    same_results(here, there)


def a_bootstrap():
    """A regression with 37 clusters, and how it is summed up: 20 tasks of 10 refits."""
    X, y = load_diabetes(return_X_y=True)
    model = LogisticRegression(C=np.inf).fit(X, y > 140)
    options = {"bootstrap": 195, "random_state": 1, "groups": np.arange(len(y)) % 37}
    return lambda **jobs: model.summary(**options, **jobs).draws


@pytest.fixture
def ten_refits(monkeypatch):
    monkeypatch.setattr(bootstrap, "MOST", 10)


def test_a_bootstrap_of_loky_has_the_same_bits(small_chunks, ten_refits):
    found = a_bootstrap()
    here = found()
    assert here.shape == (195, 1, 11)
    small_chunks.clear()
    np.testing.assert_array_equal(here, found(n_jobs=2))
    assert len(small_chunks) == 20


@pytest.mark.slow
def test_a_bootstrap_of_dask_has_the_same_bits_if_a_worker_is_killed(
    small_chunks, ten_refits, cluster, tmp_path, monkeypatch
):
    found = a_bootstrap()
    here = found()
    small_chunks.clear()
    monkeypatch.setattr(bootstrap, "_refits", Fatal(tmp_path / "killed", bootstrap._refits))
    with joblib.parallel_config(backend="dask"):
        there = found()
    assert (tmp_path / "killed").exists()
    assert len(small_chunks) == 20
    np.testing.assert_array_equal(here, there)


def test_a_short_bootstrap_never_leaves_the_process(monkeypatch):
    monkeypatch.setattr(workers, "_do_chunk", None)
    assert a_bootstrap()(n_jobs=2).shape == (195, 1, 11)


def failing(number):
    if number:
        raise ValueError("no solution")
    return number


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_first_error_of_calls_is_raised(n_jobs, small_chunks):
    with pytest.raises(ValueError, match="no solution"):
        workers.results_of([(failing, number) for number in range(3)], n_jobs)
    assert len(small_chunks) == 3


def tripled(tasks):
    return [Outcome(3 * task.run()[0], None) for task in tasks]


def broken(tasks):
    raise OSError("the worker is gone")


def in_threads(run):
    with joblib.parallel_config(backend="threading", n_jobs=2):
        return Workers(None, 2, run)


def nothing_here(count):
    """In place of what does the first tasks in this process."""


def test_results_are_those_of_their_tasks_in_any_order(monkeypatch):
    monkeypatch.setattr(workers, "_measured_pace", lambda *_: 0.3)
    shared = np.arange(5.0)
    tasks = [Task([(lambda k, x: k + x.sum(), (k,), {"x": shared})]) for k in range(100)]
    left = deque(tasks)
    in_threads(tripled).do(left, nothing_here)
    assert not left
    assert [task.outcome.take() for task in tasks] == [3 * (k + 10) for k in range(100)]


def test_an_array_of_all_tasks_travels_apart():
    shared, own = np.arange(50_000.0), [np.zeros(2), np.ones(2)]
    within = {"somewhere": [shared]}
    tasks = [Task([(print, (shared, within), {"rows": rows})]) for rows in own]
    common = workers._common(*tasks)
    assert len(common) == 1
    assert common[0] is shared
    file = io.BytesIO()
    workers._Pickler(file, common).dump(tasks[1].items)
    assert file.tell() < 1000
    file.seek(0)
    ((function, args, options),) = workers._Unpickler(file, common).load()
    assert function is print
    assert args[0] is args[1]["somewhere"][0] is shared
    np.testing.assert_array_equal(options["rows"], own[1])


def test_workers_that_are_lost_again_and_again_are_an_error(monkeypatch):
    monkeypatch.setattr(workers, "_measured_pace", lambda *_: 1.0)
    calls = []
    left = deque([Task([(calls.append, (k,), {})]) for k in range(4)])
    with pytest.raises(OSError, match="the worker is gone"):
        in_threads(broken).do(left, nothing_here)
    assert not calls


def test_the_error_of_a_task_is_its_own():
    outcome = Outcome(None, ValueError("no such rate"))
    with pytest.raises(ValueError, match="no such rate"):
        outcome.take()


@pytest.mark.parametrize(
    ("count", "left", "pace", "size"),
    [
        (2, 1000, 0.01, 250),  # half of a worker's share: 2.5 s
        (2, 100, 0.01, 100),  # but at least one second
        (10, 1000, 0.5, 50),
        (10, 100_000, 0.1, 600),  # and at most 60 s
        (1000, 100_000, 0.01, 500),  # 1000 workers: at least 5 s, or the scheduler is too slow
        (2, 3, 100.0, 1),
    ],
)
def test_size_of_a_chunk(count, left, pace, size):
    some = in_threads(tripled)
    some.count, some._pace = count, pace
    assert some._size(left) == size


def test_a_backend_without_generators_returns_all_results_at_once():
    with joblib.parallel_config(backend="multiprocessing"):
        assert Workers(2, 2, tripled)._parallel.return_as == "list"
    assert Workers(2, 2, tripled)._parallel.return_as == "generator_unordered"


def test_the_table_of_the_guide_is_that_of_the_rule(capsys):
    root = Path(__file__).parents[1]
    runpy.run_path(str(root / "tools" / "cluster_table.py"), run_name="__main__")
    assert capsys.readouterr().out in (root / "docs" / "many-models.md").read_text()


def test_no_workers_without_processes():
    assert workers.workers_for(None, tripled) is None
    assert workers.workers_for(1, tripled) is None
    with joblib.parallel_config(backend="threading"):
        assert workers.workers_for(2, tripled) is None
    assert workers.workers_for(2, tripled).count == 2


def test_a_memory_of_transformers_travels_empty():
    once = Once()
    once.cache(lambda x: (x, None))(3)
    assert once._known
    assert not pickle.loads(pickle.dumps(once))._known


def test_a_late_result_of_a_call_that_was_given_up_is_left_out(small_chunks, monkeypatch):
    """joblib may hand it to the next call: its tasks have been sent again since."""
    tasks = [Task([(pow, (2, k), {})]) for k in range(40)]
    left = deque(tasks)
    crew = Workers(2, 2, workers._attempt_all)

    def late(calls):
        yield -1, 0.1, [], []
        for function, arguments, _ in calls:
            yield function(*arguments)

    def run_here(count):
        task = left.popleft()
        task.end(task.attempt())

    monkeypatch.setattr(crew, "_parallel", late)
    crew.do(left, run_here)
    assert [task.outcome.take()[0] for task in tasks] == [2**k for k in range(40)]
