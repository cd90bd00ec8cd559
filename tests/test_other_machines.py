"""Machine code for other machines than this one, which LLVM writes here, too."""

import os
import pathlib
import pickle
import re
import subprocess
import sys

import pytest
from children import run
from scripts import TOOLS, needs_tools, tool

from fastscratch.kernels import machine
from fastscratch.kernels.machine_code import MachineCode

LINUX_X86 = "x86_64-unknown-linux-gnu"
LINUX_ARM, APPLE = "aarch64-unknown-linux-gnu", "arm64-apple-darwin"
# What a file of object code begins with: its format and its processor.
MAGIC = {LINUX_ARM: b"\x7fELF\x02\x01\x01", APPLE: b"\xcf\xfa\xed\xfe\x0c\x00\x00\x01"}
ARMS = [(LINUX_ARM, "generic"), (APPLE, "apple-m1")]

pytestmark = needs_tools


@pytest.fixture(scope="module")
def platforms():
    """What wheels are built for."""
    return tool("build_wheels").PLATFORMS.values()


def run_as(triple, processor, code, **environment):
    """Run code in a process that takes this machine for another one; what it wrote."""
    begin = f"""
import sys
sys.path.append({str(TOOLS)!r})
import cross_compile
cross_compile.pretend({triple!r})
cross_compile.link_nothing()
"""
    settings = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": ""}
    return run(begin + code, **settings, **environment)[0]


def branches(assembly):
    """The number of conditional branches in each tile, and in the copies, of an assembly."""
    functions = re.split(r"^_?([a-z]\w+):", assembly, flags=re.MULTILINE)[1:]
    # Of Arm: b.ne, cbz, cbnz, tbz, tbnz; of x86: all that begins with a j but jmp.
    branch = re.compile(r"^\s+(b\.\w+|[ct]bn?z|j(?!mp)\w+)\s", re.MULTILINE)
    return {
        name: len(branch.findall(body))
        for name, body in zip(functions[::2], functions[1::2], strict=True)
        if not re.match("fastscratch_(tile|update)", name)  # it chooses one of the tiles
    }


@pytest.mark.parametrize(
    ("triple", "processor"),
    [
        pytest.param(*ARMS[0], marks=pytest.mark.slow),
        pytest.param(LINUX_X86, "x86-64", marks=pytest.mark.slow),
        pytest.param(LINUX_X86, "x86-64-v3", marks=pytest.mark.slow),
    ],
)
def test_tiles_have_no_branches_but_those_of_their_loops(triple, processor):
    code = """
from llvmlite import binding
from fastscratch.kernels import machine, tile_code
for name in ("tile", "update", "copy"):
    for item in (4, 8):
        module = binding.parse_assembly(tile_code.write_module(name, item))
        print(machine.target_machine().emit_assembly(module))
"""
    found = branches(run_as(triple, processor, code))
    assert len(found) > 20
    # Of each loop: one before it, whether there is any turn, and one at its end.
    assert max(found.values()) <= 6, found


def test_arm_rests_where_it_waits_and_orders_its_memory(tmp_path):
    code = """
from numba import types
from fastscratch.kernels import threads
from fastscratch.kernels.program import team
integers = types.Array(types.int64, 1, "C"), *[types.int64] * 3
print(team.next_item.compile_code(integers).library.get_asm_str())
print("bytes apart:", 8 * team.LINE)
print(threads.TBB_COMES_WITH)
"""
    out = run_as(LINUX_ARM, "generic", code, NUMBA_CACHE_DIR=tmp_path)
    assert "bytes apart: 128" in out
    assert out.endswith("conda install -c conda-forge numba tbb")
    words = out.split()
    assert "isb" in words
    assert "yield" not in words
    # Loads that acquire, stores that release, and both in one.
    assert {"ldar", "stlr", "ldaxr", "stlxr"} <= set(words)


# It calls another kernel, and both call tiles.
COPY = """
import numpy as np
from fastscratch.kernels.matmul import copy_panels
from fastscratch.kernels.tiles import Matrix
copy_panels(*(Matrix(np.zeros(3000, np.float32), 100, 100, 1) for _ in range(2)), 3, 40)
"""


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """What this machine compiles."""
    folder = tmp_path_factory.mktemp("warm")
    run(COPY, NUMBA_CACHE_DIR=folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(("triple", "processor"), ARMS)
def test_kernels_of_a_warm_up_are_compiled_for_another_machine(
    triple, processor, platforms, warm, tmp_path
):
    settings = {
        "NUMBA_CPU_NAME": processor,
        "NUMBA_CPU_FEATURES": "",
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    command = [sys.executable, TOOLS / "cross_compile.py", triple, warm, "0", "1"]
    subprocess.run(command, check=True, env=os.environ | settings)
    # Each file without the key of the processor, and without that of symbols, which are numbered.
    here, there = (
        {
            re.sub(r"-\w+$", "", name) if name.startswith("entry.") else name: file
            for part in tool("build_wheels").MACHINE_CODE
            for file in folder.rglob(f"{part}.*.nbc")
            for name in [file.name.rpartition("-")[0]]
        }
        for folder in (warm, tmp_path)
    )
    assert here.keys() == there.keys()
    assert {name.partition(".")[0] for name in there} == {"code", "entry", "tiles"}
    # Their names are those that such a machine looks for.
    code = """
from fastscratch.kernels import cache, machine
print(cache._key(machine.LEVEL_TARGET), *machine.LEVELS)
"""
    key, *levels = run_as(triple, processor, code).split()
    assert {file.stem.rpartition("-")[2] for file in there.values()} == {key}
    assert (triple, tuple(levels)) in [(platform.triple, platform.levels) for platform in platforms]
    for name in there:
        if name.startswith("code."):
            made, expected = (
                MachineCode(*pickle.loads(files[name].read_bytes()[32:])) for files in (there, here)
            )
            assert made.object_code.startswith(MAGIC[triple])
            assert set(made.needs) == set(expected.needs)  # what is loaded before the kernel


@pytest.mark.slow
@pytest.mark.skipif(machine.ARM, reason="the other tests of tiles are of this case")
def test_tiles_of_a_machine_without_masks(tmp_path):
    """Bit for bit the sums of wide tiles, and nothing is written beside them."""
    code = """
import numpy as np
import test_tiles as tests
from fastscratch.kernels import machine
from fastscratch.kernels.tiles import Matrix, copy_rows
assert not machine.MASKS

@tests.njit
def copy(target, source, rows, width):
    lanes = machine.VECTOR_BYTES // source.itemsize
    to, of = Matrix(target, tests.GUARD, 2 * lanes, 1), Matrix(source, 0, width, 1)
    copy_rows(to, of, rows, width)

for dtype in tests.DTYPES:
    for height in machine.TILE_HEIGHTS:
        tests.test_tile_writes_the_tile_and_nothing_else(dtype, height)
    for height, taps in machine.WINDOWS:
        tests.test_window_tile(dtype, height, taps)
    for height in range(1, machine.MAXIMA_ROWS + 1):
        tests.test_maxima_tile(dtype, height)
    for taps in machine.WINNER_TAPS:
        tests.test_winner_tile(dtype, taps)
    for height in range(1, machine.RUN_ROWS + 1):
        tests.test_sparse_runs(dtype, height)
    tests.test_pick_rows(dtype)
    lanes = 16 // np.dtype(dtype).itemsize
    a, b = (tests.random((n, 7), dtype) for n in (6, lanes))
    wide = np.zeros((6, lanes), dtype)
    tests.tile(wide.ravel(), wide[0].copy(), 0, a.ravel(), 7, 1, b.T.ravel(), 6, lanes, 7, 0, 0)
    for width in range(1, lanes):
        narrow = np.zeros((6, width), dtype)
        start, part = np.zeros(width, dtype), b[:width].T.ravel()
        tests.tile(narrow.ravel(), start, 0, a.ravel(), 7, 1, part, 6, width, 7, 0, 0)
        assert np.array_equal(narrow, wide[:, :width])
    for width in range(1, 2 * lanes + 1):
        x = tests.random((3, width), dtype)
        flat, out = tests.guarded(np.zeros((3, 2 * lanes), dtype))
        copy(flat, x.ravel(), 3, width)
        assert np.array_equal(out[:, :width], x)
        assert np.isnan(flat[tests.GUARD + 6 * lanes :]).all()
"""
    settings = {"NUMBA_CPU_NAME": "x86-64", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": tmp_path}
    run(code, PYTHONPATH=pathlib.Path(__file__).parent, **settings)
