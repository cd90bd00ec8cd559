"""The machine that Numba compiles for: its vectors and registers, and the tiles that fit them.

The width of a vector is 64 bytes with AVX-512, 32 with AVX2, and 16 on 64-bit Arm (NEON) and old
x86. It is found out from LLVM, not from the name of the processor, so that ``NUMBA_CPU_NAME`` and
``NUMBA_CPU_FEATURES`` are respected.
"""

import re
from itertools import product

from llvmlite import binding
from numba import config
from numba.core.codegen import get_host_cpu_features, initialize_llvm

# The system, without the version that macOS adds: machine code does not depend on that.
TRIPLE = re.sub(r"[\d.]+$", "", binding.get_process_triple())
ARM = TRIPLE.startswith(("aarch64", "arm64"))
CPU = config.CPU_NAME or binding.get_host_cpu_name()
FEATURES = get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES


def target_machine():
    """The machine that Numba compiles for, as LLVM sees it."""
    initialize_llvm()
    return binding.Target.from_triple(binding.get_process_triple()).create_target_machine(
        cpu=CPU, features=FEATURES, opt=2, codemodel="jitdefault", jit=True
    )


def _vector_bytes():
    """Bytes of the widest vector register that LLVM uses on that machine."""
    probe = binding.parse_assembly("""
        define <16 x float> @probe(<16 x float> %a, <16 x float> %b) {
            %c = fadd <16 x float> %a, %b
            ret <16 x float> %c
        }""")
    assembly = target_machine().emit_assembly(probe)
    return 64 if "zmm" in assembly else 32 if "ymm" in assembly else 16


def _levels():
    """Levels of processors, as LLVM names them, the higher first, and a feature that tells each
    from the one below."""
    if not ARM:
        return {"x86-64-v4": "avx512vl", "x86-64-v3": "avx2"}
    return {"apple-m1" if "apple" in TRIPLE else "generic": None}  # all have NEON


LEVELS = _levels()


def _level():
    """The level for which compiled kernels may have come with the package; None if none is."""
    if config.CPU_NAME is not None or config.CPU_FEATURES is not None:
        return CPU if CPU in LEVELS and FEATURES == "" else None
    here = f"{FEATURES},"
    return next((level for level, f in LEVELS.items() if f is None or f"+{f}," in here), None)


VECTOR_BYTES = 16 if config.DISABLE_JIT else _vector_bytes()
# What machine code depends on; and the same for code that came with the package, if any did.
TARGET = TRIPLE, CPU, FEATURES, VECTOR_BYTES
LEVEL = _level()
LEVEL_TARGET = None if LEVEL is None else (TRIPLE, LEVEL, "", VECTOR_BYTES)
# Bytes that the caches move at once: 128 on Apple's processors, 64 on most others.
CACHE_LINE = 128 if ARM else 64
# Whether one instruction moves some lanes of a vector, and touches no memory of the others.
MASKS = VECTOR_BYTES > 16 or "+sve" in FEATURES
REGISTERS = 32 if VECTOR_BYTES == 64 or ARM else 16
# Heights of the tiles that exist: any number of rows is a sum of a few of them. From half the full
# height on, a tile is as fast as the full one.
TILE_HEIGHTS = (12, 10, 8, 6, 4, 2, 1) if REGISTERS == 32 else (6, 4, 2, 1)
TILE_ROWS = TILE_HEIGHTS[0]
TILE_VECTORS = 2
# A single row is limited by reading `b`: up to eight vectors, so that `b` is read in long runs.
ROW_VECTORS = 8
# Each height, with the largest number of vectors that fits the registers.
TILES = tuple(
    (rows, ROW_VECTORS if rows == 1 else min(ROW_VECTORS, (REGISTERS - 1) // (rows + 1)))
    for rows in TILE_HEIGHTS
)
# The tile whose sums run over a list of steps. With fewer rows there are too few multiply-adds for
# each load, and with more a step is seldom zero in all of them. LLVM loads the numbers of all rows
# first: with wider ones, sums would leave the registers (4 x 6 took a quarter longer than 4 x 4).
LISTED_ROWS, LISTED_VECTORS = (4, 4) if REGISTERS == 32 else (4, 2)
# Heights of the tiles for one vector of columns and half of another one: even, and so large that
# the multiply-adds take longer than the loads.
HALF_TILES = tuple(rows for rows in TILE_HEIGHTS if 2 * rows >= TILE_ROWS)
# The largest dot tile.
DOT_ROWS, DOT_COLUMNS = (6, 4) if REGISTERS == 32 else (3, 3)
# Rows of the largest maxima tile: it has four vectors of columns.
MAXIMA_ROWS = 6 if REGISTERS == 32 else 2
# Rows of output and taps of the window tiles: sums of all taps of a row, a number of each row that
# is seen, and a weight fit the registers.
WINDOWS = tuple(
    (rows, taps)
    for taps in (3, 5)
    for rows in (4, 2, 1)
    if rows * taps + rows + taps <= REGISTERS or rows == 1
)
# Taps of the winner tiles: sums of all of them stay in registers.
WINNER_TAPS = (3, 5) if REGISTERS == 32 else (3,)
# The most rows and vectors of sparse runs: their sums stay in registers, too.
RUN_ROWS, RUN_VECTORS = (6, 3) if REGISTERS == 32 else (6, 2)
RUNS = tuple(product(range(1, 1 + RUN_ROWS), range(1, 1 + RUN_VECTORS)))
