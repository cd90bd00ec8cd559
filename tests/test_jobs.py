"""Processes that compile together: each kernel once, whoever waits, fails or is killed."""

import os
import signal
import time

import numpy as np
import pytest
from children import PATIENCE, finish, run, start
from numba import config

from fastscratch.kernels import ahead, cache, claims, jobs
from fastscratch.kernels.activations import relu_forward, sigmoid_forward
from fastscratch.kernels.call import address, values

needs_jit = pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")
needs_locks = pytest.mark.skipif(claims.fcntl is None, reason="no locks on files here")

TWO_KERNELS = """
    import numpy as np
    from fastscratch.kernels.activations import relu_forward, sigmoid_forward

    a = np.ones((3, 3))
    sigmoid_forward(a[0], a[1])
    relu_forward(a[0], a[1])
    from fastscratch.kernels.jit import Kernel
    import sys
    modules = [m for name, m in sys.modules.items() if name.startswith("fastscratch.kernels")]
    kernels = {v for m in modules for v in vars(m).values() if isinstance(v, Kernel)}
    print(sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels))
"""


@pytest.mark.slow
@needs_locks
def test_processes_that_start_at_once_compile_each_kernel_once(tmp_path):
    alone, _ = run(TWO_KERNELS, NUMBA_CACHE_DIR=tmp_path / "alone")
    children = [start(TWO_KERNELS, NUMBA_CACHE_DIR=tmp_path / "together") for _ in range(2)]
    compiled = [int(finish(child)[0]) for child in children]
    assert sum(compiled) == int(alone) > 2
    assert not list(tmp_path.rglob("*.lock"))


HOLD = """
    import pathlib, time
    from fastscratch.kernels.claims import claim

    with claim(pathlib.Path({!r})):
        print("claimed", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that has claimed a file, and the file."""
    file = tmp_path / "kernel.nbc"
    process = start(HOLD.format(str(file)))
    assert process.stdout.readline() == "claimed\n"
    yield process, file
    process.kill()
    process.communicate()


@needs_locks
def test_claim_of_a_killed_process_is_free(holder):
    process, file = holder
    process.send_signal(signal.SIGKILL)
    process.wait()
    begin = time.monotonic()
    with claims.claim(file):
        assert time.monotonic() - begin < claims._PATIENCE / 2


@needs_locks
def test_claim_of_a_process_that_never_ends_is_waited_for_only_so_long(holder, monkeypatch):
    _, file = holder
    monkeypatch.setattr(claims, "_PATIENCE", 0.1)
    entered = False
    with claims.claim(file):
        entered = True
    assert entered


def test_no_claim_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with claims.claim(tmp_path / "file" / "kernel.nbc"):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def two_processes(monkeypatch):
    monkeypatch.setattr(jobs, "processes", lambda: 2)


@pytest.mark.usefixtures("two_processes")
def test_each_job_is_done_once(tmp_path):
    # os.mkdir fails where it has been done before.
    watched = []
    wait = [(time.sleep, (0.1,))] * 20
    jobs.share([*wait, *((os.mkdir, (tmp_path / str(i),)) for i in range(30))], watched.append)
    assert len(list(tmp_path.iterdir())) == 30
    assert watched == sorted(watched)
    assert watched[-1] == 50


@pytest.mark.usefixtures("two_processes")
def test_error_of_a_job_is_raised(tmp_path):
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError, match="there"):
        jobs.share([(time.sleep, (0.1,))] * 9 + [(os.mkdir, (tmp_path / "there",))], lambda n: None)
    assert not jobs._is_sharing


@pytest.mark.skipif(os.name == "nt", reason="no signals to send")
def test_ctrl_c_ends_the_helpers(tmp_path):
    code = f"""
    import os, signal, sys, time
    from fastscratch.kernels import jobs

    # What a shell starts in the background is born deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    jobs.processes = lambda: 2
    write = (os.system, ("echo $PPID >> {tmp_path}/pids; sleep 600",))
    print("begins", flush=True)
    try:
        jobs.share([(time.sleep, (600,)), *[write] * 5], lambda done: None)
    except KeyboardInterrupt:
        print("ended")
    """
    process = start(code)
    assert process.stdout.readline() == "begins\n"
    pids = tmp_path / "pids"
    end = time.monotonic() + PATIENCE
    while not (pids.exists() and pids.read_text().strip()) and time.monotonic() < end:
        time.sleep(0.05)
    helper = int(pids.read_text().split()[0])
    process.send_signal(signal.SIGINT)
    out, _ = finish(process)
    assert out == "ended"
    with pytest.raises(ProcessLookupError):
        os.kill(helper, 0)


FIRST_FIT = """
    import numpy as np
    import fastscratch as fs
    from fastscratch import layers

    x = np.random.default_rng(0).random((40, 20))
    model = fs.Sequential([layers.Dense(10, "relu", kernel_initializer="ones"),
                           layers.Dense(1, kernel_initializer="ones")])
    model.compile("adam", "mse")
    model.fit(x, x[:, :1], shuffle=False, verbose=0)
    from fastscratch.kernels.jit import Kernel
    import sys
    modules = [m for name, m in sys.modules.items() if name.startswith("fastscratch.kernels")]
    kernels = {v for m in modules for v in vars(m).values() if isinstance(v, Kernel)}
    misses = sum(sum(kernel.stats.cache_misses.values()) for kernel in kernels)
    print(model.predict(x[:3]).tolist(), misses, sep="|")
"""


@pytest.mark.slow
def test_first_fit_is_compiled_by_two_processes(tmp_path):
    predicted, _ = run(FIRST_FIT, 300)[0].split("|")
    both = start(FIRST_FIT, NUMBA_CACHE_DIR=tmp_path, NUMBA_NUM_THREADS=2)
    out, err = finish(both, 300)
    assert "compiling kernels" in err
    same, compiled = out.split("|")
    assert same == predicted
    others = "code.", "entry.", "tiles."  # of LLVM code each kernel that was compiled has one
    kernels = [file for file in tmp_path.rglob("*.nbc") if not file.name.startswith(others)]
    assert int(compiled) < len(kernels) - 10


@needs_jit
def test_kernels_that_are_loaded_are_not_compiled_ahead_again(monkeypatch, tmp_path):
    """Also where their files are gone, or where they could not be kept."""
    kinds = (values(np.float64),) * 2
    wanted = [(relu_forward, kinds), (sigmoid_forward, kinds)]
    for kernel, _ in wanted:
        address(kernel, *kinds)
    shared = []
    monkeypatch.setattr(cache, "folders", lambda: [tmp_path])
    monkeypatch.setattr(ahead, "_WORTH_A_HELPER", 0)
    monkeypatch.setattr(ahead, "processes", lambda: 2)
    monkeypatch.setattr(ahead, "share", lambda jobs, watch: shared.extend(jobs))
    ahead.compile_ahead(wanted, None)
    assert shared == []
