"""Compiled kernels on disk: loaded when they are right, compiled again when they are not."""

import hashlib
import os
import pathlib
import shutil
import time

import pytest
from children import finish, install_copy, run, start
from numba import config
from scripts import needs_tools, tool

from fastscratch.kernels import cache, machine

RELU = """
    import numpy as np
    from fastscratch.kernels.activations import relu_backward, relu_forward

    a = np.zeros(3, np.float32)
    relu_forward(a, np.array([-1000, 0.5, 1], np.float32))
    assert a.tolist() == [0, 0.5, 1], a
"""
BOTH = RELU + "    relu_backward(a, a, a, a)\n"

needs_home_variable = pytest.mark.skipif(
    os.name == "nt", reason="the user's cache folder does not come from the environment"
)


def files(folder):
    """Every file of a kernel's machine code below a folder, with its time of change."""
    found = [f for f in pathlib.Path(folder).rglob("code.*") if f.suffix in (".nbc", ".tmp")]
    return {f: f.stat().st_mtime_ns for f in found}


def says_compiling(err):
    assert len(err.splitlines()) <= 1, err
    return "compiling kernels" in err


@pytest.fixture
def install(tmp_path):
    """A copy of the package, and the environment that runs it with a home of its own."""
    kernels = install_copy(tmp_path / "site")
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "PYTHONPATH": tmp_path / "site",
        "HOME": home,
        "XDG_CACHE_HOME": home / "cache",
        "NUMBA_CACHE_DIR": "",
    }
    return kernels, home, environment


def make_read_only(kernels):
    """No file can go below a regular file; permission bits would not stop root."""
    shutil.rmtree(kernels / "__pycache__", ignore_errors=True)
    (kernels / "__pycache__").write_text("")


def test_second_process_loads_and_only_the_first_says_that_it_compiles(tmp_path):
    _, err = run(BOTH, NUMBA_CACHE_DIR=tmp_path)
    assert says_compiling(err)
    cold = files(tmp_path)
    assert len(cold) == 2
    _, err = run(BOTH, NUMBA_CACHE_DIR=tmp_path)
    assert err == ""
    assert files(tmp_path) == cold


def test_processes_compile_at_once(tmp_path):
    children = [start(BOTH, NUMBA_CACHE_DIR=tmp_path) for _ in range(2)]
    for child in children:
        finish(child)
    left = files(tmp_path)
    assert len(left) == 2
    _, err = run(BOTH, NUMBA_CACHE_DIR=tmp_path)
    assert err == ""
    assert files(tmp_path) == left


def flip_a_bit(content):
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


DAMAGES = {
    "bit flipped": flip_a_bit,
    "last byte lost": lambda content: content[:-1],
    "cut in its checksum": lambda content: content[:20],
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_file_is_not_loaded(damage, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "folders", lambda: [tmp_path])
    content = hashlib.sha256(b"machine code").digest() + b"machine code"
    (tmp_path / "kernel").write_bytes(content)
    assert cache.load("kernel") == b"machine code"
    (tmp_path / "kernel").write_bytes(DAMAGES[damage](content))
    assert cache.load("kernel") is None


def test_damaged_files_are_made_again(tmp_path):
    run(RELU, NUMBA_CACHE_DIR=tmp_path)
    (code,) = files(tmp_path)
    (llvm_code,) = code.parent.glob("activations.relu_forward-*")
    for damaged in ([code], [code, llvm_code]):
        for file in damaged:
            file.write_bytes(flip_a_bit(file.read_bytes()))
        _, err = run(RELU, NUMBA_CACHE_DIR=tmp_path)
        assert says_compiling(err) == (llvm_code in damaged)
        assert list(files(tmp_path)) == [code]
        for file in damaged:
            written = file.read_bytes()
            assert written[:32] == hashlib.sha256(written[32:]).digest()


def test_what_is_only_copied_into_its_callers_has_no_machine_code(tmp_path):
    code = """
    import numpy as np
    from fastscratch.kernels.activations import sigmoid_forward

    sigmoid_forward(np.zeros(3), np.zeros(3))
    """
    run(code, NUMBA_CACHE_DIR=tmp_path)
    (folder,) = tmp_path.iterdir()
    callees = list(folder.glob("elementary.*"))
    assert callees
    assert len(files(folder)) == 1


CALLER = """
from .callee import square
from .jit import njit


@njit
def fourth_power(x):
    return square(square(x))
"""
FOURTH_POWER = """
    from fastscratch.kernels.caller import fourth_power

    print(fourth_power(2.0))
"""


def test_changed_callee_is_noticed_and_old_files_are_removed(install):
    kernels, _, environment = install
    (kernels / "caller.py").write_text(CALLER)
    out, err = run(FOURTH_POWER, **environment)
    assert (out, says_compiling(err)) == ("16.0", True)
    old = files(kernels)
    callee = kernels / "callee.py"
    callee.write_text(callee.read_text().replace("x * x", "x * x + 1"))
    out, err = run(FOURTH_POWER, **environment)
    assert (out, says_compiling(err)) == ("26.0", True)
    new = files(kernels)
    assert len(new) == len(old)
    assert not new.keys() & old.keys()


@pytest.mark.slow
def test_changed_width_of_the_vectors_is_noticed(install):
    # The width is a number that compiled callers hold, and that no argument of theirs shows.
    kernels, _, environment = install
    code = """
    import numpy as np
    from fastscratch.kernels import machine
    from fastscratch.kernels.matmul import scratch_size

    print(scratch_size(3, 5, 4), machine.VECTOR_BYTES)
    """
    out, err = run(code, **environment)
    assert says_compiling(err)
    size, width = map(int, out.split())
    old = files(kernels)
    other = 16 if width != 16 else 32
    source = kernels / "machine.py"
    text = source.read_text()
    assert text.count("else _vector_bytes()") == 1
    source.write_text(text.replace("else _vector_bytes()", f"else {other}"))
    out, err = run(code, **environment)
    assert says_compiling(err)
    assert int(out.split()[0]) != size
    assert not files(kernels).keys() & old.keys()


def test_process_that_runs_edited_sources_keeps_nothing(install):
    # It compiles the code it imported: kept under the digest of the new files, that would be
    # yesterday's code for the next process.
    kernels, home, environment = install
    (kernels / "caller.py").write_text(CALLER)
    edit = f"""
    import pathlib
    callee = pathlib.Path({str(kernels / "callee.py")!r})
    callee.write_text(callee.read_text().replace("x * x", "x * x + 1"))
    """
    code = "from fastscratch.kernels import caller\n" + edit + FOURTH_POWER
    out, _ = run("\n".join(line.strip() for line in code.splitlines()), **environment)
    assert out == "16.0"
    assert not files(kernels)
    assert not files(home)
    out, _ = run(FOURTH_POWER, **environment)
    assert out == "26.0"


def test_serial_and_parallel_kernels_of_one_function_have_files_of_their_own(install):
    kernels, _, environment = install
    (kernels / "one.py").write_text(
        "from .jit import njit, prange\n"
        "def ones(out):\n"
        "    for i in prange(out.size):\n"
        "        out[i] = 1\n"
        "serial, parallel = njit(ones), njit(ones, parallel=True)\n"
    )
    code = """
    import numpy as np
    from fastscratch.kernels import one

    one.{}(np.empty(9))
    """
    run(code.format("serial"), **environment)
    assert len(files(kernels)) == 1
    _, err = run(code.format("parallel"), **environment)
    assert says_compiling(err)
    assert len(files(kernels)) == 2


@pytest.mark.parametrize("setting", cache._SETTINGS)
def test_settings_of_numba_have_files_of_their_own(setting, monkeypatch):
    before = cache.file_name("kernel")
    monkeypatch.setattr(config, setting, "another")
    assert cache.file_name("kernel") != before


@pytest.mark.parametrize(
    "setting",
    [
        {"NUMBA_CPU_NAME": "generic"},
        pytest.param({"NUMBA_CPU_FEATURES": ""}, marks=pytest.mark.slow),
    ],
    ids=["CPU_NAME", "CPU_FEATURES"],
)
def test_own_folder_is_the_first_choice_and_is_shared_by_settings(setting, tmp_path):
    for settings in ({}, setting):
        before = files(tmp_path)
        _, err = run(RELU, NUMBA_CACHE_DIR=tmp_path, **settings)
        assert says_compiling(err), settings
        after = files(tmp_path)
        assert len(after) == len(before) + 1
        assert before.items() <= after.items()


@pytest.fixture(scope="module")
def of_a_level(tmp_path_factory):
    """What a wheel has of a kernel that a copy of the package compiled for a level."""
    if machine.LEVEL is None:
        pytest.skip("a processor of no level")
    folder = tmp_path_factory.mktemp("level")
    install_copy(folder / "site")
    level = {"NUMBA_CPU_NAME": machine.LEVEL, "NUMBA_CPU_FEATURES": ""}
    run(RELU, PYTHONPATH=folder / "site", NUMBA_CACHE_DIR=folder / "built", **level)
    (folder / "wheel").mkdir()
    for part in tool("build_wheels").MACHINE_CODE:
        for file in (folder / "built").rglob(f"{part}.*"):
            shutil.copy(file, folder / "wheel")
    return folder / "wheel"


@needs_tools
def test_kernels_compiled_for_a_level_come_with_the_package(install, of_a_level):
    kernels, _, environment = install
    shutil.copytree(of_a_level, kernels / "compiled")
    _, err = run(RELU, **environment)
    assert err == ""
    assert len(files(kernels)) == 1  # the one that came
    (shipped,) = files(kernels)
    shipped.write_bytes(flip_a_bit(shipped.read_bytes()))
    _, err = run(RELU, **environment)
    assert says_compiling(err)
    assert len(files(kernels)) == 2


RELU_TWICE = """
    import numpy as np
    from fastscratch.kernels.activations import relu_forward
    from fastscratch.kernels.call import address, values
    from fastscratch.kernels.jit import njit

    @njit
    def twice(out, x):
        relu_forward(out, x)
        relu_forward(out, out)

    array = values(np.float32)
    address(relu_forward, array, array)  # this takes what was shipped
    a = np.zeros(3, np.float32)
    twice(a, np.array([-1000, 0.5, 1], np.float32))
    assert a.tolist() == [0, 0.5, 1], a
"""


@pytest.mark.slow
@needs_tools
def test_machine_code_of_a_wheel_is_compiled_again_for_its_callers(install, of_a_level):
    kernels, _, environment = install
    shutil.copytree(of_a_level, kernels / "compiled")
    _, err = run(RELU, **environment)
    assert err == ""
    _, err = run(RELU_TWICE, **environment)
    assert says_compiling(err)
    assert len(list((kernels / "__pycache__").glob("activations.relu_forward-*"))) == 1


def test_bounds_are_checked_after_a_start_that_did_not_check(tmp_path):
    run(RELU, NUMBA_CACHE_DIR=tmp_path)
    code = (
        RELU
        + """
    try:
        relu_forward(a[:2], a)
    except IndexError:
        print("checked")
    """
    )
    out, _ = run(code, NUMBA_CACHE_DIR=tmp_path, NUMBA_BOUNDSCHECK=1)
    assert out == "checked"


def test_numba_cache_dir_is_the_only_folder_when_it_is_set(install, tmp_path):
    kernels, home, environment = install
    run(RELU, **environment)
    beside = files(kernels)
    assert len(beside) == 1
    _, err = run(RELU, **environment | {"NUMBA_CACHE_DIR": tmp_path / "new" / "folder"})
    assert says_compiling(err)
    assert len(files(tmp_path / "new")) == 1
    assert files(kernels) == beside
    assert not files(home)


@pytest.mark.slow
@needs_home_variable
def test_read_only_install_keeps_its_code_in_the_users_cache(install):
    kernels, home, environment = install
    make_read_only(kernels)
    _, err = run(RELU, **environment)
    assert says_compiling(err)
    assert len(files(home)) == 1
    _, err = run(RELU, **environment)
    assert err == ""


@needs_home_variable
def test_read_only_install_and_read_only_home_compile_in_each_process(install, tmp_path):
    kernels, home, environment = install
    make_read_only(kernels)
    home.rmdir()
    home.write_text("")
    for _ in range(2):
        _, err = run(RELU, **environment)
        assert says_compiling(err)
    assert not files(tmp_path)


def test_cache_dir_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    _, err = run(RELU, NUMBA_CACHE_DIR=tmp_path / "file" / "below")
    assert says_compiling(err)
    assert not files(tmp_path)


@pytest.mark.slow
@needs_home_variable
def test_without_a_home_the_working_folder_is_not_taken_for_one(install, tmp_path):
    kernels, _, environment = install
    make_read_only(kernels)
    work = tmp_path / "work"
    work.mkdir()
    no_home = f"""
    import os
    os.chdir({str(work)!r})
    os.environ.pop("XDG_CACHE_HOME", None)
    os.path.expanduser = lambda path: path  # what Python does for a user who has no home
    """
    _, err = run(no_home + RELU, **environment)
    assert says_compiling(err)
    assert not list(work.iterdir())


def test_sweep_removes_outdated_and_abandoned_files_only(tmp_path):
    run(RELU, NUMBA_CACHE_DIR=tmp_path)
    (current,) = files(tmp_path)
    folder = current.parent
    outdated = folder / "code.activations.renamed_since-0123456789abcdef-0123456789abcdef.nbc"
    of_a_killed_process = current.with_name(current.name + ".0.tmp")
    of_a_live_process = current.with_name(current.name + ".1.tmp")
    foreign = folder / "notes.txt"
    for file in (outdated, of_a_killed_process, of_a_live_process, foreign):
        file.write_text("")
    long_ago = time.time() - 2 * 3600
    os.utime(of_a_killed_process, (long_ago, long_ago))
    current.unlink()  # so that it is written again, which sweeps
    run(RELU, NUMBA_CACHE_DIR=tmp_path)
    left = {
        file for file in folder.iterdir() if not file.name.startswith(("entry.", "activations."))
    }
    assert left == {current, of_a_live_process, foreign}


def test_flush_leaves_the_files_of_longer_names(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "folders", lambda: [tmp_path])
    names = ["step-0-0.nbc", "step-1-1.nbc", "step_size-0-0.nbc", "a_step-0-0.nbc"]
    for name in names:
        (tmp_path / f"module.{name}").write_text("")
    for part in "code", "entry":
        (tmp_path / f"{part}.module.step-0-0.nbc").write_text("")
    (tmp_path / "a_module.step-0-0.nbc").write_text("")

    def step():
        pass

    step.__module__, step.__qualname__ = "fastscratch.kernels.module", "step"
    cache.KernelCache(step, parallel=False).flush()
    left = {file.name for file in tmp_path.iterdir()}
    assert left == {
        "module.step_size-0-0.nbc",
        "module.a_step-0-0.nbc",
        "a_module.step-0-0.nbc",
    }


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no permission bits")
def test_files_can_be_read_by_whom_the_umask_allows(tmp_path):
    run(
        "import os; os.umask(0o022)\n" + "\n".join(map(str.strip, RELU.splitlines())),
        NUMBA_CACHE_DIR=tmp_path,
    )
    (file,) = files(tmp_path)
    assert file.stat().st_mode & 0o777 == 0o644


def test_without_jit_nothing_is_compiled(tmp_path):
    code = """
    import numpy as np
    from fastscratch.kernels.activations import sigmoid_forward

    a = np.zeros(3, np.float32)
    sigmoid_forward(a, a)
    assert a.tolist() == [0.5, 0.5, 0.5], a
    """
    _, err = run(code, NUMBA_CACHE_DIR=tmp_path, NUMBA_DISABLE_JIT=1)
    assert err == ""
    assert not files(tmp_path)


def test_digest_covers_every_source_of_the_kernels(install, monkeypatch):
    kernels, _, _ = install
    monkeypatch.setattr(cache, "_SOURCES", kernels)
    digests = {cache._digest_sources()}
    for source in sorted(kernels.rglob("*.py")):
        source.write_text(source.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
        digests.add(cache._digest_sources())
    assert len(digests) == 1 + len(list(kernels.rglob("*.py")))
    assert any(source.parent != kernels for source in kernels.rglob("*.py"))
