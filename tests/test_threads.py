"""Threads, forks and threading layers: right answers or a clear error, never an abort or a hang."""

import functools
import importlib.metadata
import os

import numpy as np
import pytest
from children import install_copy, run

import fastscratch

LAYERS = ["tbb", "omp", "workqueue"]
#: Each test on a layer starts a process, which loads Numba anew: quick runs take the default one.
EACH_LAYER = [LAYERS[0], *(pytest.param(layer, marks=pytest.mark.slow) for layer in LAYERS[1:])]
REFUSAL = "forked from one that had started OpenMP threads"

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """The environment that runs a copy of the package with toy kernels, compiled."""
    folder = tmp_path_factory.mktemp("toys")
    install_copy(folder)
    environment = {"PYTHONPATH": folder, "NUMBA_CACHE_DIR": folder / "cache"}
    run("from fastscratch.kernels import toys; toys.check()", **environment)
    return environment


@functools.cache
def why_not(layer):
    """Why a threading layer cannot be loaded here, or nothing."""
    code = """
    from fastscratch.kernels import threads

    try:
        threads.threading_layer()
    except ValueError as error:
        print(error)
    """
    return run(code, NUMBA_THREADING_LAYER=layer)[0]


@pytest.fixture(params=EACH_LAYER)
def on_layer(request, toys):
    """The same, on each of Numba's threading layers."""
    if why_not(request.param):
        pytest.skip(why_not(request.param))
    return {**toys, "NUMBA_THREADING_LAYER": request.param}


# For the children: `fork(body)` is the exit code of a forked child that runs `body`.
FORK = f"""
import os, sys, threading
from fastscratch.kernels import threads, toys

def fork(body):
    child = os.fork()
    if child == 0:
        try:
            body()
        except RuntimeError as error:
            os._exit(7 if {REFUSAL!r} in str(error) else 1)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

refuses = threads.threading_layer() == "omp" and sys.platform == "linux"
right = 7 if refuses else 0
"""


def test_tbb_of_pip_is_found():
    try:
        importlib.metadata.distribution("tbb")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("tbb is not installed")
    out, _ = run("from fastscratch.kernels import threads; print(threads.threading_layer())")
    assert out == "tbb"


def test_without_tbb_another_layer_is_taken(toys):
    code = """
    import importlib.metadata

    def files(name):
        raise importlib.metadata.PackageNotFoundError(name)

    importlib.metadata.files = files
    from fastscratch.kernels import threads, toys

    print(toys.check(), threads.threading_layer())
    """
    out, _ = run(code, NUMBA_THREADING_LAYER_PRIORITY="tbb omp workqueue", **toys)
    if out == "right tbb":
        pytest.skip("the system has a tbb of its own")
    assert out in ("right omp", "right workqueue")


def test_fresh_process_launches_threads_for_code_from_disk(on_layer):
    code = """
    from fastscratch.kernels import threads, toys

    print(toys.check(), threads.threading_layer())
    """
    out, err = run(code, **on_layer)
    assert out == f"right {on_layer['NUMBA_THREADING_LAYER']}"
    assert err == ""


def test_eight_threads_at_once(on_layer):
    # The first calls race for the layer's start, and for the compiling, too.
    code = """
    import sys, threading
    from fastscratch.kernels import jit, toys

    sys.setswitchinterval(1e-5)
    barrier = threading.Barrier(8)
    right = []

    def work(i):
        barrier.wait()
        for n in range(1, 100):
            toys.check(10 * n + i)
        right.append(i)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    jit.Kernel.compile = None  # Numba calls it where it finds no compiled code: no more
    toys.check()
    print(len(right))
    """
    assert run(code, **on_layer) == ("8", "")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processors cannot be chosen")
def test_exit_on_one_processor_after_a_first_call_from_a_thread(on_layer):
    code = """
    import os
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    import threading
    from fastscratch.kernels import toys

    worker = threading.Thread(target=toys.check)
    worker.start()
    worker.join()
    """
    assert run(code, **on_layer) == ("", "")


@needs_fork
def test_fork_after_use(on_layer):
    code = """
toys.check()
assert fork(toys.check) == right
assert fork(lambda: (os._exit(fork(toys.check)))) == right  # a grandchild

def in_a_thread():
    seen = []
    def work():
        try:
            seen.append(toys.check())
        except RuntimeError as error:
            seen.append(error)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(seen[0], RuntimeError):
        raise seen[0]

assert fork(in_a_thread) == right
toys.check()
"""
    assert run(FORK + code, **on_layer) == ("", "")


@needs_fork
def test_fork_after_another_library_started_the_threads(on_layer):
    code = """
import numba

threads._guard = None  # as if this package had not called a kernel yet
assert fork(toys.check) == right
"""
    assert run(FORK + code, **on_layer) == ("", "")


@needs_fork
def test_fork_while_other_threads_are_inside(on_layer):
    # TBB may write that it could not join its threads: it is right, and they work.
    code = """
stop = threading.Event()

def work():
    while not stop.is_set():
        toys.check(20_000)

workers = [threading.Thread(target=work) for _ in range(3)]
for worker in workers:
    worker.start()
try:
    for _ in range(10):
        assert fork(toys.check) == right
finally:
    stop.set()
    for worker in workers:
        worker.join()
toys.check()
"""
    run(FORK + code, **on_layer)


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="threads cannot be looked at")
def test_fork_while_no_thread_of_tbb_is_awake(toys):
    # After a region they take locks of TBB: a child that was forked then hung, one in a thousand.
    if why_not("tbb"):
        pytest.skip(why_not("tbb"))
    look = """
import os, threading

states = set()  # of the threads that are not Python's

def look():
    of_python = {os.getpid(), *(thread.native_id for thread in threading.enumerate())}
    for number in set(map(int, os.listdir("/proc/self/task"))) - of_python:
        with open(f"/proc/self/task/{number}/stat") as file:
            states.add(file.read().rpartition(") ")[2][0])

os.register_at_fork(before=look)  # the last to register is the first to be called
"""
    code = """
stop = threading.Event()

def work():
    while not stop.is_set():
        toys.check(20_000)

worker = threading.Thread(target=work)
worker.start()
toys.check()
try:
    for _ in range(20):
        assert fork(os.getpid) == 0
finally:
    stop.set()
    worker.join()
print(states)
"""
    out, _ = run(look + FORK + code, **toys, NUMBA_THREADING_LAYER="tbb")
    assert "{'S'}" in out


@needs_fork
def test_fork_while_another_thread_compiles(toys):
    code = """
import time
import numpy as np
from fastscratch.kernels.activations import softmax_forward  # serial: it passes no guard

x = np.ones(9)
worker = threading.Thread(target=softmax_forward, args=(x.copy(), x))
worker.start()
time.sleep(0.05)
assert worker.is_alive()
assert fork(lambda: softmax_forward(np.ones(9, np.float32), np.ones(9, np.float32))) == 0
worker.join()
"""
    run(FORK + code, **{**toys, "NUMBA_CACHE_DIR": toys["NUMBA_CACHE_DIR"] / "empty"})


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pool_after_use(on_layer, method):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("no fork on this platform")
    code = f"""
    import multiprocessing, sys
    import numpy as np
    from fastscratch.kernels import toys

    if __name__ == "__main__":
        toys.check()
        with multiprocessing.get_context({method!r}).Pool(2) as pool:
            try:
                assert pool.map(toys.check, [100, 200, 300]) == ["right"] * 3
                # A kernel itself is sent by name: the worker loads it, and compiles nothing.
                pool.apply(toys.squares, (np.empty(3), np.ones(3)))
            except RuntimeError as error:
                print(error)
    """
    out, err = run(code, **on_layer)
    assert err == ""
    if out:
        assert REFUSAL in out
        assert method == "fork"
        assert on_layer["NUMBA_THREADING_LAYER"] == "omp"


def test_one_thread(toys):
    code = """
    from fastscratch.kernels import threads, toys

    print(toys.check(), threads.get_num_threads())
    try:
        threads.set_num_threads(2)
    except ValueError as error:
        print(error)
    """
    out, _ = run(code, NUMBA_NUM_THREADS=1, **toys)
    assert out == "right 1\nn must be from 1 to 1 (NUMBA_NUM_THREADS), got 2"


def test_number_of_threads_belongs_to_the_python_thread(on_layer):
    code = """
    import threading
    from fastscratch.kernels import threads, toys

    seen = []

    def work():
        seen.append(threads.get_num_threads())
        threads.set_num_threads(3)
        seen.append(toys.check())
        seen.append(threads.get_num_threads())

    threads.set_num_threads(1)
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    print(seen, toys.check(), threads.get_num_threads())
    """
    out, _ = run(code, NUMBA_NUM_THREADS=3, **on_layer)
    assert out == "[3, 'right', 3] right 1"


@pytest.mark.parametrize("n", [True, 1.0, "2", None, np.array([1])])
def test_number_of_threads_must_be_an_integer(n):
    with pytest.raises(TypeError, match=f"n must be an integer, got {type(n).__name__}"):
        fastscratch.set_num_threads(n)


@pytest.mark.parametrize("n", [0, -1, 100_000])
def test_number_of_threads_must_be_in_range(n):
    with pytest.raises(
        ValueError, match=rf"n must be from 1 to \d+ \(NUMBA_NUM_THREADS\), got {n}"
    ):
        fastscratch.set_num_threads(n)


def test_number_of_threads_may_be_a_numpy_integer():
    before = fastscratch.get_num_threads()
    fastscratch.set_num_threads(np.int64(1))
    assert fastscratch.get_num_threads() == 1
    fastscratch.set_num_threads(before)
