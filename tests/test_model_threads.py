"""Models in many threads and processes: the bits of one thread alone, or a clear error.

Where ``PARALLEL_WORK`` is -1, small networks have teams of threads too.
"""

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from children import PATIENCE, run
from test_threads import EACH_LAYER, REFUSAL, needs_fork, why_not

import fastscratch
from fastscratch import Sequential, layers, utils
from fastscratch.callbacks import LambdaCallback
from fastscratch.engine import Trainer, evaluation, prediction

MODELS = """
import multiprocessing, os, sys, threading, time
import numpy as np
import fastscratch
from fastscratch import Sequential, layers, utils
from fastscratch.engine import evaluation, slices
from fastscratch.models.fitting import Fit

rng = np.random.default_rng(0)
x, y = rng.random((200, 12), np.float32), rng.integers(3, size=200)
images = x.reshape(200, 2, 2, 3)


def network(seed, convolutional=False):
    utils.set_random_seed(seed)
    body = [layers.Input((12,)), layers.Dense(40, "relu"), layers.Dropout(0.2)]
    if convolutional:
        body = [layers.Input((2, 2, 3)), layers.Conv2D(8, 2), layers.Flatten()]
    model = Sequential([*body, layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def fitted(seed):
    samples = images if seed % 2 else x
    model = network(seed, seed % 2)
    for _ in range(3):
        model.fit(samples, y, batch_size=16, epochs=2, verbose=0)
        predicted = model.predict(samples)
    return predicted.tobytes(), *(weight.tobytes() for weight in model.get_weights())


def at_once(work, n=8):
    barrier = threading.Barrier(n)
    results = [None] * n

    def wait_and_work(i):
        barrier.wait()
        results[i] = work(i)

    workers = [threading.Thread(target=wait_and_work, args=(i,)) for i in range(n)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return results


def refused(work, *arguments):
    try:
        work(*arguments)
    except RuntimeError as error:
        return str(error)
    return ""
"""


@pytest.fixture(params=EACH_LAYER)
def on_layer(request):
    """The environment of a child with two threads, on each of Numba's threading layers."""
    if why_not(request.param):
        pytest.skip(why_not(request.param))
    return {"NUMBA_THREADING_LAYER": request.param, "NUMBA_NUM_THREADS": 2}


def child(code, environment):
    return run(MODELS + code, **environment)[0]


# --- threads --------------------------------------------------------------------------------------


def test_eight_fits_at_once_are_the_fits_alone(on_layer):
    # Where there are two processors, that is sixteen threads that wait for each other on them.
    code = """
for evaluation.PARALLEL_WORK in (10**9, -1):
    alone = [fitted(seed) for seed in range(8)]
    assert at_once(fitted) == alone
print(fastscratch.threading_layer())
"""
    assert child(code, on_layer) == on_layer["NUMBA_THREADING_LAYER"]


def test_eight_threads_predict_on_one_model(on_layer):
    code = """
for evaluation.PARALLEL_WORK in (10**9, -1):
    for convolutional, samples in ((False, x), (True, images)):
        model = network(1, convolutional)
        model.fit(samples, y, verbose=0)
        right = model.predict(samples)
        loss = model.evaluate(samples, y)

        def work(i):
            fastscratch.set_num_threads(1 + i % 2)
            for n in range(1, 30):
                part = samples[: 3 * n]
                predicted = model.predict(part, batch_size=[None, 1, 7, 32][(i + n) % 4])
                assert np.allclose(predicted, right[: 3 * n], rtol=1e-5)
                assert np.array_equal(model.predict(samples), right)
            return model.evaluate(samples, y)

        assert at_once(work) == [loss] * 8
"""
    child(code, on_layer)


def test_a_model_that_is_not_built_may_be_fitted_and_used_at_once(on_layer):
    code = """
def fit_or_predict(i):
    return model.fit(x, y, verbose=0) if i == 0 else model.predict(x)

sys.setswitchinterval(1e-5)
alone = network(1)
alone.fit(x, y, verbose=0)
for _ in range(30):
    model = network(1)
    at_once(fit_or_predict, 4)
    assert np.array_equal(model.predict(x), alone.predict(x))
"""
    child(code, on_layer)


def test_predictions_during_a_fit_are_of_weights_that_the_model_had(on_layer):
    code = """
slices.SLICE_SECONDS = 0.001
run_slice = Fit._run

def run_and_note(self, *arguments):
    counts = run_slice(self, *arguments)
    had.append(model.get_weights())
    return counts

Fit._run = run_and_note
for evaluation.PARALLEL_WORK in (10**9, -1):
    model, other = network(1), network(2)
    had = [model.get_weights()]

    def fit_or_predict(i):
        if i:
            goes_on = True
            while goes_on:
                goes_on = not ended  # so that one prediction is made after the end
                seen.add(model.predict(x).tobytes())
                seen.add(model.predict(x).tobytes())
        else:
            while not seen:  # and one before the first step
                time.sleep(0.001)
            model.fit(x, y, batch_size=4, epochs=30, verbose=0)
            ended.append(True)

    seen, ended = set(), []
    at_once(fit_or_predict, 4)
    right = set()
    for weights in had:
        other.set_weights(weights)
        right.add(other.predict(x).tobytes())
    assert len(seen) > 1
    assert seen <= right
"""
    child(code, on_layer)


# --- one training at a time -----------------------------------------------------------------------


def small():
    utils.set_random_seed(1)
    model = Sequential([layers.Input((4,)), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.count_params()  # builds it
    return model


X, Y = np.random.default_rng(0).random((20, 4)), np.arange(20) % 3

OTHERS = {
    "fit": lambda model: model.fit(X, Y),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "compile": lambda model: model.compile("sgd", "mean_squared_error"),
    "add": lambda model: model.add(layers.Dense(2)),
    "pop": lambda model: model.pop(),
}


@pytest.mark.parametrize("other", OTHERS)
def test_training_within_training_is_refused(other):
    model, same = small(), small()

    def use(epoch, logs=None):
        assert np.isfinite(model.predict(X)).all()
        with pytest.raises(RuntimeError, match="the model is being trained, by another thread or"):
            OTHERS[other](model)

    model.fit(X, Y, epochs=2, verbose=0, callbacks=[LambdaCallback(on_epoch_begin=use)])
    same.fit(X, Y, epochs=2, verbose=0)
    OTHERS["fit"](model)
    OTHERS["fit"](same)
    np.testing.assert_array_equal(model.get_weights()[0], same.get_weights()[0])


def test_training_in_two_threads_is_refused():
    model, started, refused = small(), threading.Event(), threading.Event()

    def wait(epoch, logs=None):
        started.set()
        refused.wait(PATIENCE)

    first = threading.Thread(
        target=model.fit,
        args=(X, Y),
        kwargs={"verbose": 0, "callbacks": [LambdaCallback(on_epoch_begin=wait)]},
    )
    first.start()
    started.wait(PATIENCE)
    for other in OTHERS.values():
        with pytest.raises(RuntimeError, match="the model is being trained, by another thread or"):
            other(model)
    refused.set()
    first.join()
    assert model.iterations == 1
    model.fit(X, Y, verbose=0)


def test_weights_are_not_set_while_another_thread_takes_steps(monkeypatch):
    model, same = small(), small()
    train = Trainer.train

    def set_and_train(*arguments):  # within a slice
        with pytest.raises(RuntimeError, match="cannot be set while another thread trains"):
            model.set_weights(same.get_weights())
        train(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(Trainer, "train", set_and_train)
        model.fit(X, Y, verbose=0)
    same.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(X), same.predict(X))
    model.set_weights(same.get_weights())


def test_predictions_and_evaluations_hear_the_number_of_threads(monkeypatch):
    most = fastscratch.get_num_threads()
    if most < 2:
        pytest.skip("only one thread here")
    monkeypatch.setattr(evaluation, "PARALLEL_WORK", -1)
    model, teams = small(), []
    for module, name in ((prediction, "predict_team"), (evaluation, "run_team")):
        kernel = getattr(module, name)

        def note_and_call(workers, *arguments, kernel=kernel):
            teams.append(workers)
            return kernel(workers, *arguments)

        monkeypatch.setattr(module, name, note_and_call)
    try:
        for threads in (2, 1, 2):
            fastscratch.set_num_threads(threads)
            model.predict(X)
            model.evaluate(X, Y)
    finally:
        fastscratch.set_num_threads(most)
    assert teams == [2, 2, 2, 2]  # with one thread there is no team


# --- processes ------------------------------------------------------------------------------------


@needs_fork
def test_fork_after_use_with_models(on_layer):
    code = f"""
evaluation.PARALLEL_WORK = -1
model = network(1)
model.fit(x, y, verbose=0)
right = model.predict(x)

def use():
    assert np.array_equal(model.predict(x), right)
    before = model.iterations
    model.fit(x, y, verbose=0)
    assert model.iterations > before

child = os.fork()
if child == 0:
    try:
        os._exit(7 if {REFUSAL!r} in refused(use) else 0)
    except BaseException:
        os._exit(1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
use()
"""
    refuses = on_layer["NUMBA_THREADING_LAYER"] == "omp" and sys.platform == "linux"
    assert child(code, on_layer) == ("7" if refuses else "0")


@needs_fork
def test_fork_while_other_threads_fit_predict_and_build(on_layer):
    """The child finds no lock of a thread that it does not have.

    Each new model asks LLVM for addresses, and each module of LLVM that is freed locks it too.
    """
    code = f"""
import gc
from llvmlite import binding

evaluation.PARALLEL_WORK = -1
trained, model = network(1), network(2)
right = model.predict(x)
stop = threading.Event()

def until_stopped(work):
    def loop():
        while not stop.is_set():
            work()
    return threading.Thread(target=loop)

def free():
    binding.parse_assembly("define void @f() {{ ret void }}")
    gc.collect(0)

def use():
    assert np.array_equal(model.predict(x), right)
    trained.fit(x, y, verbose=0)  # as another thread of the parent does
    new = network(3)
    new.train_on_batch(x, y)
    free()

workers = [
    until_stopped(lambda: trained.fit(x, y, batch_size=64, verbose=0)),
    until_stopped(lambda: model.predict(x)),
    until_stopped(lambda: network(4).train_on_batch(x, y)),
    until_stopped(free),
]
for worker in workers:
    worker.start()
codes = set()
try:
    for _ in range(20):
        child = os.fork()
        if child == 0:
            try:
                os._exit(7 if {REFUSAL!r} in refused(use) else 0)
            except BaseException:
                os._exit(1)
        codes.add(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
finally:
    stop.set()
    for worker in workers:
        worker.join()
print("ended with", codes)
"""
    refuses = on_layer["NUMBA_THREADING_LAYER"] == "omp" and sys.platform == "linux"
    # TBB prints that it could not join the threads of other regions; the child works without them.
    assert f"ended with {{{7 if refuses else 0}}}" in child(code, on_layer)


BAR = """
import os, threading, time
from tqdm.std import TqdmDefaultWriteLock
from fastscratch.output import progress_bar

class Terminal:
    encoding = "utf-8"
    def isatty(self): return True
    def write(self, text): pass
    def flush(self): pass

def draw():
    with progress_bar(2, "title", "step", Terminal(), delay=0) as bar:
        bar.update()

draw()
"""


@needs_fork
def test_fork_while_another_thread_draws_a_bar():
    code = """
drawing, released = threading.Event(), []

def hold():
    with TqdmDefaultWriteLock.th_lock:
        drawing.set()
        time.sleep(0.2)
        released.append(True)

worker = threading.Thread(target=hold)
worker.start()
drawing.wait()
child = os.fork()
assert released, "the fork has waited"
if child == 0:
    draw()
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
worker.join()
draw()
"""
    assert run(BAR + code)[0] == "0"


@needs_fork
def test_fork_while_another_thread_has_the_lock_of_processes():
    """A bar of tqdm's own takes it; by the count that a child inherits, none would give it back."""
    code = """
TqdmDefaultWriteLock()  # makes it
lock = TqdmDefaultWriteLock.mp_lock
drawing, forked = threading.Event(), threading.Event()

def hold():
    with lock:
        drawing.set()
        forked.wait()

worker = threading.Thread(target=hold)
worker.start()
drawing.wait()
child = os.fork()
if child == 0:
    draw()
    os._exit(0)
forked.set()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
worker.join()
draw()
"""
    assert run(BAR + code)[0] == "0"


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pool_of_processes_predicts_and_fits(method):
    if method == "fork" and (not hasattr(os, "fork") or why_not("tbb")):
        pytest.skip("no fork on this platform, or none that parallel regions survive")
    code = f"""
model = network(1)
model.fit(x, y, verbose=0)
right = model.predict(x)
with multiprocessing.get_context({method!r}).Pool(2) as pool:
    parts = pool.map(model.predict, np.split(x, 4))
    assert np.array_equal(np.concatenate(parts), right)
    loss = pool.apply(model.fit, (x, y), {{"verbose": 0}}).history["loss"]
    assert loss == model.fit(x, y, verbose=0).history["loss"]
"""
    child(code, {"NUMBA_NUM_THREADS": 2})


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading", "multiprocessing"])
def test_joblib(backend):
    pytest.importorskip("sklearn")
    if backend == "multiprocessing" and (not hasattr(os, "fork") or why_not("tbb")):
        pytest.skip("no fork on this platform, or none that parallel regions survive")
    code = f"""
import joblib
from sklearn.model_selection import GridSearchCV
from fastscratch.neural_network import MLPClassifier

evaluation.PARALLEL_WORK = -1
model = network(1)
model.fit(x, y, verbose=0)
right = model.predict(x)
search = GridSearchCV(MLPClassifier(5, max_iter=300, tol=1e-2), {{"random_state": [0, 1]}}, cv=2)
with joblib.parallel_backend({backend!r}, n_jobs=2):
    each = joblib.Parallel()(joblib.delayed(model.predict)(part) for part in np.split(x, 4))
    assert np.array_equal(np.concatenate(each), right)
    threads = joblib.Parallel()([joblib.delayed(fastscratch.get_num_threads)()] * 2)
    found = search.fit(x, y).cv_results_["mean_test_score"]
assert np.array_equal(found, search.fit(x, y).cv_results_["mean_test_score"])
if {backend!r} == "loky":  # it gives each worker its share of the processors
    assert threads == [max(1, joblib.cpu_count() // 2)] * 2
"""
    child(code, {})


# --- the long run ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_of_the_long_run():
    script = Path(__file__).with_name("long_run.py")
    command = [sys.executable, script, "--minutes", "0.03"]
    finished = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert finished.stdout.endswith("wrong 0\n")
