"""Explicit vectors: the one module that speaks LLVM.

Everywhere else the loops are plain and LLVM decides what to vectorise. A matrix product is the one
loop where that is not enough: the machine is only busy while some twenty sums *stay in vector
registers* over the whole inner loop, and no compiler arranges that from three nested loops.

How it works
------------
**A few small functions are written in LLVM's own language** with llvmlite's builder: tiles of a
matrix product, sums of sparse runs, the copy of a panel and the transpose of a square. The Python
code below runs once and *writes instructions*; an ordinary ``for i in range(12)`` in it writes
twelve multiply-adds one after the other, which is how the loops over the tile unroll.

**An intrinsic** is how compiled Numba code gets at them: a function whose body is not Python but a
recipe that writes LLVM instructions into the caller. ``@intrinsic`` takes a *typing* function that
returns the signature and the recipe (``codegen``). Ours write a call. The called code is compiled
once for the process, when this module is imported, and known to LLVM by name: a caller does not
carry (and compile) its own copy, and callers from the disk cache find it again. (Numba compiles
every callee again into each caller that reaches it: with 14 tiles inlined, a parallel product took
5.2 s to compile, and without them 2.8.)

**A vector value** is an LLVM value of a type like ``<16 x float>``. It never leaves this file: it
is born in a load, lives in a register, and dies in a store. What callers pass is a `Matrix`: an
array, where in the array the matrix begins, and its two strides. So a transpose, a block, or the
overlapping rows of a convolution are all matrices over the same memory, without a copy.

**A value that changes in a loop.** LLVM has no variables, only values. What changes from one turn
to the next is a *phi* at the top of the loop: "the start value if we came from above, the new value
if we came round". One sum is one phi; the 24 of the large tile fill 24 of 32 registers.

**The width** is that of the machine Numba compiles for: 64 bytes with AVX-512, 32 with AVX2, 16 on
64-bit Arm (NEON) and old x86. We ask LLVM instead of guessing from names, so ``NUMBA_CPU_NAME`` and
``NUMBA_CPU_FEATURES`` are respected.

The tiles
---------
With ``r`` rows and ``v`` vectors of columns, one step of the inner loop loads ``v`` vectors of `b`
and ``r`` numbers of `a`, and does ``r v`` multiply-adds. Both want to be large (few loads for each
multiply-add, and enough independent sums to hide the 4 cycles that one takes); ``r v`` sums, ``v``
vectors and one broadcast must fit the registers. 32 registers: 12 x 2; 16 registers: 6 x 2.
See Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), section 4,
and Van Zee and van de Geijn, "BLIS" (2015).

The sum runs over two loops, `turns` times `depth` steps: the rows of a window and what is
contiguous in each, so that a convolution, too, keeps its sums in registers from the first number to
the last. A dense product is one turn (and no slower for the outer loop, as far as can be measured).

*Sparse runs* are for a factor that is mostly zeros: the few numbers of it that are not, each with
the place of a run that it multiplies.

The *dot tile* is for sums over vectors: ``r v`` vectors of sums, each multiply-add of two vectors
from memory, and only at the end the lanes of each are added up.

With ``NUMBA_DISABLE_JIT=1`` each intrinsic is replaced by the plain loops that it means.
"""

from collections import namedtuple
from itertools import product, zip_longest

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features, initialize_llvm
from numba.extending import intrinsic

from . import cache

Matrix = namedtuple("Matrix", "values at row step")
Matrix.__doc__ = "A matrix in a flat array: element (i, j) is ``values[at + i * row + j * step]``."

CPU = config.CPU_NAME or binding.get_host_cpu_name()
_FEATURES = get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES


def _target_machine():
    """The machine that Numba compiles for, as LLVM sees it."""
    initialize_llvm()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=CPU, features=_FEATURES, opt=2, codemodel="jitdefault", jit=True
    )


def _vector_bytes():
    """Bytes of the widest vector register that LLVM uses on that machine."""
    probe = binding.parse_assembly("""
        define <16 x float> @probe(<16 x float> %a, <16 x float> %b) {
            %c = fadd <16 x float> %a, %b
            ret <16 x float> %c
        }""")
    assembly = _target_machine().emit_assembly(probe)
    return 64 if "zmm" in assembly else 32 if "ymm" in assembly else 16


ARM = binding.get_process_triple().startswith(("aarch64", "arm64"))
VECTOR_BYTES = 16 if config.DISABLE_JIT else _vector_bytes()
REGISTERS = 32 if VECTOR_BYTES == 64 or ARM else 16
# Heights of the tiles that exist: any number of rows is a sum of a few of them. From half the full
# height on, a tile is as fast as the full one.
TILE_HEIGHTS = (12, 10, 8, 6, 4, 2, 1) if REGISTERS == 32 else (6, 4, 2, 1)
TILE_ROWS = TILE_HEIGHTS[0]
TILE_VECTORS = 2
# A single row is limited by reading `b`: up to eight vectors, so that `b` is read in long runs.
ROW_VECTORS = 8
# The heights, and the most vectors of each: where they fit the registers.
TILES = tuple(
    (rows, ROW_VECTORS if rows == 1 else min(ROW_VECTORS, (REGISTERS - 1) // (rows + 1)))
    for rows in TILE_HEIGHTS
)
# The largest dot tile.
DOT_ROWS, DOT_COLUMNS = (6, 4) if REGISTERS == 32 else (3, 3)
# Rows and vectors of sparse runs: their sums, or weights, stay in registers too.
RUN_ROWS, RUN_VECTORS = 5, 2
RUNS = tuple(product(range(1, 1 + RUN_ROWS), range(1, 1 + RUN_VECTORS)))

_INT = ir.IntType(64)
_INT32 = ir.IntType(32)


def _constant(value):
    return ir.Constant(_INT, value)


class _Writer:
    """Writes functions into one LLVM module, one after the other, for vectors of one type."""

    def __init__(self, module, item):
        self.module = module
        self.item = item
        self.lanes = VECTOR_BYTES // item
        self.scalar = ir.FloatType() if item == 4 else ir.DoubleType()
        self.pointer = self.scalar.as_pointer()
        self.type = ir.VectorType(self.scalar, self.lanes)
        self.indices = ir.VectorType(_INT32, self.lanes)
        self.suffix = f"v{self.lanes}f{8 * item}"
        self.builder = None

    def function(self, name, kinds):
        """Begin a function; each letter of `kinds` is an argument: `p` a pointer, `n` an integer,
        `x` a number.

        What is written from now on goes to its body.
        """
        types = {"p": self.pointer, "n": _INT, "x": self.scalar}
        arguments = [types[kind] for kind in kinds.replace(" ", "")]
        kind = ir.FunctionType(ir.VoidType(), arguments)
        function = ir.Function(self.module, kind, f"{name}_{self.suffix}")
        self.builder = ir.IRBuilder(function.append_basic_block("entry"))
        return function

    def call(self, name, result, *arguments):
        """Call one of LLVM's own intrinsics, declaring it first."""
        return _call_by_name(self.builder, self.module, name, result, arguments)

    def times(self, a, count):
        return self.builder.mul(a, _constant(count))

    def after(self, pointer, offset):
        """The place `offset` elements after another."""
        return self.builder.gep(pointer, [offset])

    def load(self, pointer):
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        return self.builder.load(place, align=self.item)

    def store(self, value, pointer):
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        self.builder.store(value, place, align=self.item)

    def splat(self, x, kind=None):
        """A vector with `x` in every lane."""
        nothing = ir.Constant(kind or self.type, ir.Undefined)
        one = self.builder.insert_element(nothing, x, ir.Constant(_INT32, 0))
        return self.shuffle(one, nothing, [0] * self.lanes)

    def shuffle(self, a, b, lanes):
        """The lanes asked for, those of `b` counting from `self.lanes` on."""
        return self.builder.shuffle_vector(a, b, ir.Constant(self.indices, lanes))

    def fma(self, a, b, c):
        """a * b + c: one instruction, rounded once, where the machine has one."""
        return self.call(f"llvm.fmuladd.{self.suffix}", self.type, a, b, c)

    def lanes_from(self, first):
        """A mask that is true in lanes `first`, `first` + 1, ..."""
        first = self.splat(self.builder.trunc(first, _INT32), self.indices)
        lane = ir.Constant(self.indices, list(range(self.lanes)))
        return self.builder.icmp_signed(">=", lane, first)

    def masked_load(self, pointer, mask):
        """Zero, and no memory touched, where the mask is false."""
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        rest = ir.Constant(_INT32, self.item), mask, ir.Constant(self.type, None)
        return self.call(f"llvm.masked.load.{self.suffix}.p0", self.type, place, *rest)

    def masked_store(self, value, pointer, mask):
        place = self.builder.bitcast(pointer, self.type.as_pointer())
        rest = ir.Constant(_INT32, self.item), mask
        self.call(f"llvm.masked.store.{self.suffix}.p0", ir.VoidType(), value, place, *rest)

    def loop(self, turns, carried, body):
        """Write ``for _ in range(turns)``; return the values after it.

        `carried` are start values; ``body(*values)`` writes one turn, returning the next ones.
        """
        builder = self.builder
        before = builder.block
        loop, done = (builder.append_basic_block(name) for name in ("loop", "done"))
        builder.cbranch(builder.icmp_signed(">", turns, _constant(0)), loop, done)
        builder.position_at_end(loop)
        first = [turns, *carried]
        phis = [builder.phi(value.type) for value in first]
        left = builder.sub(phis[0], _constant(1))
        following = [left, *body(*phis[1:])]
        end = builder.block  # not `loop`, if the body has a loop of its own
        builder.cbranch(builder.icmp_signed(">", left, _constant(0)), loop, done)
        builder.position_at_end(done)
        after = [builder.phi(value.type) for value in first]
        for i, value in enumerate(first):
            for phi in (phis[i], after[i]):
                phi.add_incoming(value, before)
                phi.add_incoming(following[i], end)
        return after[1:]


def _call_by_name(builder, module, name, result, arguments):
    """Call a function that LLVM or the machine knows by name, declaring it first."""
    function = module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        function = ir.Function(module, kind, name)
        function.attributes.add("nounwind")
    return builder.call(function, arguments)


def _tile_function(w, name):
    """Begin the function of a tile; return its matrices (pointer, row, step), sizes and scale."""
    function = w.function(name, "pnn pnn pnn pnn nnnnnn x")
    return function, [function.args[i : i + 3] for i in (0, 3, 6, 9)], function.args[12:18]


def _sum_in_registers(w, a, b, sizes, sums, step):
    """Write the two loops of a tile; return the sums. ``step(a, b, sums)`` writes one step."""
    (a, _, a_step), (b, b_row, _) = a, b
    _, _, depth, turns, a_jump, b_jump = sizes

    def one_step(a, b, *sums):
        return [w.after(a, a_step), w.after(b, b_row), *step(a, b, sums)]

    def one_turn(a, b, *sums):
        a, b, *sums = w.loop(depth, [a, b, *sums], one_step)
        return [w.after(a, a_jump), w.after(b, b_jump), *sums]

    return w.loop(turns, [a, b, *sums], one_turn)[2:]


def _write_tile(w, rows, vectors, scaled):
    """The function of one tile shape: `rows` rows and `vectors` vectors of columns.

    Either the sums begin with `start`, or, `scaled`, they begin with zero and are added to it at
    the end, times a number.
    """
    name = f"{'update' if scaled else 'tile'}_{rows}_{vectors}"
    function, (c, start, a, b), sizes = _tile_function(w, name)
    missing = w.builder.sub(_constant(vectors * w.lanes), sizes[1])
    mask = w.lanes_from(missing)

    def columns(step):
        """Where the vectors of a row begin. The last ends where the tile ends: what it shares with
        the one before it (or, if it is the only one, with memory before it) is not stored."""
        offsets = [w.times(step, v * w.lanes) for v in range(vectors)]
        offsets[-1] = w.builder.sub(offsets[-1], missing)
        return offsets

    def places(matrix):
        pointer, row, step = matrix
        rows_begin = [w.after(pointer, w.times(row, i)) for i in range(rows)]
        offsets = columns(step)
        return [[w.after(begin, offset) for offset in offsets] for begin in rows_begin]

    a_rows, b_columns = [w.times(a[1], i) for i in range(rows)], columns(b[2])

    def starts():
        return [
            value
            for *row, last in places(start)
            for value in [*map(w.load, row), w.masked_load(last, mask)]
        ]

    sums = [ir.Constant(w.type, None)] * (rows * vectors) if scaled else starts()

    def step(a, b, sums):
        row = [w.after(b, column) for column in b_columns]
        # A lone vector may begin before the array, so it is masked. (That costs no time.)
        row = [w.load(place) for place in row] if vectors > 1 else [w.masked_load(*row, mask)]
        following = []
        for i in range(rows):
            x = w.splat(w.builder.load(w.after(a, a_rows[i])))
            following += [w.fma(x, y, sums[i * vectors + v]) for v, y in enumerate(row)]
        return following

    sums = _sum_in_registers(w, a, b, sizes, sums, step)
    if scaled:
        scale = w.splat(function.args[-1])
        sums = [w.fma(scale, total, of) for total, of in zip(sums, starts(), strict=True)]
    sums = iter(sums)
    for *row, last in places(c):
        for place in row:
            w.store(next(sums), place)
        w.masked_store(next(sums), last, mask)
    w.builder.ret_void()
    return function


def _write_dot(w, rows, columns):
    """The function of one shape of the dot tile."""
    function, (c, start, a, b), sizes = _tile_function(w, f"dot_{rows}_{columns}")
    a_rows = [w.times(a[1], i) for i in range(rows)]
    b_columns = [w.times(b[2], j) for j in range(columns)]

    def step(a, b, sums):
        row = [w.load(w.after(b, column)) for column in b_columns]
        following = []
        for i in range(rows):
            x = w.load(w.after(a, a_rows[i]))
            following += [w.fma(x, y, sums[i * columns + j]) for j, y in enumerate(row)]
        return following

    zeros = [ir.Constant(w.type, None)] * (rows * columns)
    totals = _horizontal_sums(w, _sum_in_registers(w, a, b, sizes, zeros, step))
    for place in range(rows * columns):
        i, j = divmod(place, columns)
        of, to = (
            w.after(pointer, w.builder.add(w.times(row, i), w.times(step, j)))
            for pointer, row, step in (start, c)
        )
        lane = ir.Constant(_INT32, place % w.lanes)
        total = w.builder.extract_element(totals[place // w.lanes], lane)
        w.builder.store(w.builder.fadd(w.builder.load(of), total), to)
    w.builder.ret_void()
    return function


def _horizontal_sums(w, vectors):
    """The sum of each vector: a few vectors, whose lanes are the sums in order.

    Each turn adds neighbouring lanes, of two vectors into one: half of its lanes are from the
    first, half from the second. After log2(lanes) turns a lane is the sum of a whole vector, and
    `lanes` sums have cost `lanes` - 1 additions and twice as many shuffles.
    """
    even, odd = ([2 * lane + i for lane in range(w.lanes)] for i in (0, 1))
    nothing = ir.Constant(w.type, ir.Undefined)
    for _ in range(w.lanes.bit_length() - 1):
        pairs = zip_longest(vectors[::2], vectors[1::2], fillvalue=nothing)
        vectors = [w.builder.fadd(w.shuffle(*pair, even), w.shuffle(*pair, odd)) for pair in pairs]
    return vectors


def _runs_function(w, name):
    """Begin a function of sparse runs; return its matrices (pointer, row, step) and sizes."""
    function = w.function(name, "pnn pnn pnn nnn")
    return function, [function.args[i : i + 3] for i in (0, 3, 6)], function.args[9:]


def _write_runs(w, rows, vectors, scatters):
    """The function of one shape of `gather_runs`, or of `scatter_runs`."""
    name = f"{'scatter' if scatters else 'gather'}_{rows}_{vectors}"
    function, (c, x, found), (_, _, count) = _runs_function(w, name)
    shape = list(product(range(rows), range(vectors)))

    def places(pointer, row):
        return [
            w.after(pointer, w.builder.add(w.times(row, i), _constant(v * w.lanes)))
            for i, v in shape
        ]

    def one_found(at, *sums):
        value = w.splat(w.builder.load(at))
        place = w.builder.fptosi(w.builder.load(w.after(at, found[1])), _INT)
        run = places(w.after(x[0], place), x[1])
        following = w.after(at, _constant(1))
        if not scatters:
            run = [w.fma(value, w.load(here), total) for here, total in zip(run, sums, strict=True)]
            return [following, *run]
        for here, weight in zip(run, values, strict=True):
            w.store(w.fma(value, weight, w.load(here)), here)
        return [following]

    own = places(c[0], c[1])
    values = [w.load(place) for place in own]
    _, *sums = w.loop(count, [found[0], *([] if scatters else values)], one_found)
    for total, place in zip(sums, own, strict=False):
        w.store(total, place)
    w.builder.ret_void()
    return function


def _write_choice(w, begin, name, tiles, lanes):
    """The function that callers know: it jumps to the tile of the shape asked for.

    `tiles` are the functions by their shape, `begin` what begins one of them; a width counts in
    vectors of `lanes`.
    """
    function, _, (height, width, *_) = begin(w, f"fastscratch_{name}")
    builder = w.builder
    vectors = builder.sdiv(builder.add(width, _constant(lanes - 1)), _constant(lanes))
    unknown = builder.append_basic_block("unknown")
    choice = builder.switch(builder.add(w.times(height, 16), vectors), unknown)
    for (rows, columns), tile in tiles.items():
        block = builder.append_basic_block(f"rows{rows}_columns{columns}")
        choice.add_case(_constant(16 * rows + columns), block)
        builder.position_at_end(block)
        builder.call(tile, function.args, tail="musttail")
        builder.ret_void()
    builder.position_at_end(unknown)
    builder.ret_void()


def _write_copy(w):
    """The copy of `rows` rows of `width` columns, at most two vectors."""
    function = w.function("fastscratch_copy", "pnn pnn nn")
    target, target_row, _, source, source_row, _, rows, width = function.args
    # As in the tile, the last vector ends with the panel. A narrow panel has no first vector, only
    # the lanes of the last one from `missing` on.
    missing = w.builder.sub(_constant(w.lanes), width)
    wide = w.builder.icmp_signed("<", missing, _constant(0))
    first_mask = w.lanes_from(w.builder.select(wide, _constant(0), _constant(w.lanes)))
    last_mask = w.lanes_from(missing)
    last = w.builder.sub(width, _constant(w.lanes))

    def row(target, source):
        for column, mask in ((_constant(0), first_mask), (last, last_mask)):
            w.store(w.masked_load(w.after(source, column), mask), w.after(target, column))
        return [w.after(target, target_row), w.after(source, source_row)]

    w.loop(rows, [target, source], row)
    w.builder.ret_void()


def _write_transpose(w):
    """The transpose of one square of lanes x lanes elements, in registers.

    Stage ``s`` = 1, 2, 4, ... exchanges, between the rows ``i`` and ``i + s``, the squares of
    ``s`` x ``s`` elements off the diagonal: log2(lanes) stages of `lanes` shuffles.
    """
    function = w.function("fastscratch_transpose", "pnn pnn")
    target, target_row, _, source, source_row, _ = function.args
    lanes = w.lanes
    rows = [w.load(w.after(source, w.times(source_row, i))) for i in range(lanes)]
    stage = 1
    while stage < lanes:
        # Where each lane of the new rows comes from: lanes of the lower row count from `lanes` on.
        upper = [lanes + j - stage if j & stage else j for j in range(lanes)]
        lower = [lanes + j if j & stage else j + stage for j in range(lanes)]
        for i in range(lanes):
            if not i & stage:
                pair = rows[i], rows[i + stage]
                rows[i], rows[i + stage] = w.shuffle(*pair, upper), w.shuffle(*pair, lower)
        stage *= 2
    for i in range(lanes):
        w.store(rows[i], w.after(target, w.times(target_row, i)))
    w.builder.ret_void()


def _write_module():
    """The text of all the functions, for float32 and float64."""
    module = ir.Module("fastscratch_simd")
    module.triple = binding.get_process_triple()
    for item in (4, 8):
        w = _Writer(module, item)
        shapes = [(rows, v + 1) for rows, vectors in TILES for v in range(vectors)]
        for name, scaled in (("tile", False), ("update", True)):
            tiles = {shape: _write_tile(w, *shape, scaled) for shape in shapes}
            _write_choice(w, _tile_function, name, tiles, w.lanes)
        shapes = product(range(1, 1 + DOT_ROWS), range(1, 1 + DOT_COLUMNS))
        dots = {shape: _write_dot(w, *shape) for shape in shapes}
        _write_choice(w, _tile_function, "dot", dots, 1)
        for name, scatters in (("gather", False), ("scatter", True)):
            runs = {shape: _write_runs(w, *shape, scatters) for shape in RUNS}
            _write_choice(w, _runs_function, name, runs, w.lanes)
        _write_copy(w)
        _write_transpose(w)
    return str(module)


def _compile():
    """Compile the functions and tell LLVM their names; 1.5 s, or 3 ms from the cache."""
    name = cache.file_name("simd.tiles", CPU, _FEATURES)
    code = cache.load(name)
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), _target_machine())
    if code is not None:
        engine.add_object_file(binding.object_file.ObjectFileRef.from_data(code))
        engine.finalize_object()
    else:
        compiled = []
        engine.set_object_cache(lambda module, code: compiled.append(code), lambda module: None)
        engine.add_module(binding.parse_assembly(_write_module()))
        engine.finalize_object()
        cache.save(name, max(compiled, key=len))  # the other one is the empty module's
    for item in (4, 8):
        for name in ("tile", "update", "dot", "gather", "scatter", "copy", "transpose"):
            symbol = f"fastscratch_{name}_v{VECTOR_BYTES // item}f{8 * item}"
            binding.add_symbol(symbol, engine.get_function_address(symbol))
    return engine


def _call(context, builder, name, matrices, kinds, numbers=()):
    """Write the call of a compiled function: each matrix as its pointer and strides."""
    item = kinds[0][0].dtype.bitwidth // 8
    arguments = []
    for matrix, kind in zip(matrices, kinds, strict=True):
        array = context.make_helper(builder, kind[0], builder.extract_value(matrix, 0))
        at, row, step = (
            context.cast(builder, builder.extract_value(matrix, i), kind[i], types.int64)
            for i in (1, 2, 3)
        )
        arguments += [builder.gep(array.data, [at]), row, step]
    symbol = f"fastscratch_{name}_v{VECTOR_BYTES // item}f{8 * item}"
    _call_by_name(builder, builder.module, symbol, ir.VoidType(), [*arguments, *numbers])
    return context.get_dummy_value()


@intrinsic
def tile_product(typingctx, c, start, a, b, height, width, depth, turns, a_jump, b_jump):
    """One tile of a matrix product: ``c = start + a @ b``, the sums held in registers.

    Columns are counted in vectors here: of `c`, `start` and `b`, `step` says how many vectors apart
    the vectors of a row are, 1 if the row is contiguous.

    Parameters
    ----------
    c : Matrix, (height, width)
        The result.
    start : Matrix, (height, width)
        What the sums begin with: `c` itself to accumulate; a vector of zeros with strides 0, or a
        bias with row stride 0.
    a : Matrix, (height, turns, depth)
        Any strides.
    b : Matrix, (turns, depth, width)
        Where the tile has more than one vector, the last ends with the last column.
    height : int
        One of `TILE_HEIGHTS`.
    width : int
        From 1 to `lanes` times the vectors of that height in `TILES`. No element of `c` or `start`
        outside of the tile is touched.
    depth, turns : int
        The sum runs over `turns` stretches of `depth` numbers each.
    a_jump, b_jump : int
        Elements from the end of one stretch to the begin of the next, added to ``depth * a.step``
        and ``depth * b.row``.

    Notes
    -----
    2 height width depth turns flops. Each sum adds its products in order, so an element does not
    depend on how the matrix was cut into tiles.
    """

    scalar = c[0].dtype

    def codegen(context, builder, signature, arguments):
        unused = ir.Constant(context.get_value_type(scalar), 0.0)
        numbers = [*arguments[4:], unused]
        return _call(context, builder, "tile", arguments[:4], signature.args[:4], numbers)

    return types.void(c, start, a, b, *[types.int64] * 6), codegen


@intrinsic
def tile_update(typingctx, c, start, a, b, height, width, depth, turns, a_jump, b_jump, scale):
    """One tile of ``c = start + scale * (a @ b)``; all else as in `tile_product`.

    The sums begin with zero: small ones do not lose their digits to a large `start`.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "update", arguments[:4], signature.args[:4], arguments[4:])

    return types.void(c, start, a, b, *[types.int64] * 6, c[0].dtype), codegen


@intrinsic
def dot_tile(typingctx, c, start, a, b, height, width, depth, turns, a_jump, b_jump):
    """A matrix product whose elements are vectors, and whose sums are added up over their lanes.

    ``c[i, j] = start[i, j]`` + the sum over ``k`` and the lanes of ``a[i, k] * b[k, j]``: element
    (i, k) of `a` is the vector at ``a.at + i * a.row + k * a.step``, and `b` likewise.

    Parameters
    ----------
    c, start : Matrix, (height, width)
        The result, and what is added to it: numbers, not vectors, with any strides.
    a : Matrix of vectors, (height, turns, depth)
    b : Matrix of vectors, (turns, depth, width)
    height, width : int
        From 1 to `DOT_ROWS` and `DOT_COLUMNS`.
    depth, turns, a_jump, b_jump : int
        As in `tile_product`.
    """

    scalar = c[0].dtype

    def codegen(context, builder, signature, arguments):
        unused = ir.Constant(context.get_value_type(scalar), 0.0)
        numbers = [*arguments[4:], unused]
        return _call(context, builder, "dot", arguments[:4], signature.args[:4], numbers)

    return types.void(c, start, a, b, *[types.int64] * 6), codegen


@intrinsic
def gather_runs(typingctx, c, x, found, height, width, count):
    """Sums of runs that begin anywhere: ``c[i, j] += sum of value * x[place + i * x.row + j]``.

    Parameters
    ----------
    c : Matrix, (height, width)
        Rows contiguous, as are those of `x`. Up to a vector's lanes are written behind each row.
    x : Matrix
        What the runs are of; up to a vector's lanes are read behind each.
    found : Matrix, (2, count)
        The values, and in the second row the places.
    height, width : int
        From 1 to `RUN_ROWS`, and to `RUN_VECTORS` vectors.
    count : int
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "gather", arguments[:3], signature.args[:3], arguments[3:])

    return types.void(c, x, found, *[types.int64] * 3), codegen


@intrinsic
def scatter_runs(typingctx, c, x, found, height, width, count):
    """The transpose of `gather_runs`: ``x[place + i * x.row + j] += value * c[i, j]``.

    Behind each row of `c` stand zeros, up to a whole vector.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "scatter", arguments[:3], signature.args[:3], arguments[3:])

    return types.void(c, x, found, *[types.int64] * 3), codegen


@intrinsic
def copy_rows(typingctx, target, source, rows, width):
    """Copy a panel: ``target[:rows, :width] = source[:rows, :width]``, columns contiguous.

    `width` is at most two vectors, the row stride of `target` at least one. Beside the panel, up to
    `lanes` elements before and after a row of `target` are overwritten with zeros.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "copy", arguments[:2], signature.args[:2], arguments[2:])

    return types.void(target, source, types.int64, types.int64), codegen


@intrinsic
def transpose_square(typingctx, target, source):
    """``target[j, i] = source[i, j]`` for one square of lanes x lanes elements, rows contiguous."""

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "transpose", arguments, signature.args)

    return types.void(target, source), codegen


@intrinsic
def fma(typingctx, a, b, c):
    """a * b + c of three scalars, rounded once, and left as it is by the optimiser.

    The project's fast-math flags let LLVM reorder sums; where an error term is computed on purpose
    (argument reduction), this keeps it. Loops over it vectorise.
    """

    def codegen(context, builder, signature, arguments):
        return builder.fma(*arguments)

    return a(a, a, a), codegen


@intrinsic
def prefetch_to_write(typingctx, array, index):
    """Ask for the cache line of an element that is written soon, and for no one else to have it."""

    def codegen(context, builder, signature, arguments):
        data = context.make_helper(builder, signature.args[0], arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(8).as_pointer())
        # To be written, with high locality, as data.
        how = [ir.Constant(_INT32, number) for number in (1, 3, 1)]
        _call_by_name(builder, builder.module, "llvm.prefetch.p0", ir.VoidType(), [place, *how])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


@intrinsic
def set_denormals_flushed(typingctx):
    """Make this thread treat denormal numbers as zero; return what `restore_denormals` wants.

    A denormal operand costs some 100 cycles, and the second moments of Adam decay into thousands of
    them (17 times slower, measured). The mode belongs to the *thread*: inside a `prange`, set it in
    the body.
    """

    def codegen(context, builder, signature, arguments):
        old = _float_mode(builder)
        _set_float_mode(builder, builder.or_(old, _constant(_FLUSH)))
        return old

    return types.int64(), codegen


@intrinsic
def restore_denormals(typingctx, mode):
    """Put back the floating-point mode that `set_denormals_flushed` returned."""

    def codegen(context, builder, signature, arguments):
        _set_float_mode(builder, arguments[0])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


# x86: DAZ (bit 6: denormal operands are zero), FTZ (bit 15: denormal results are). Arm: FZ, both.
_FLUSH = 1 << 24 if ARM else 1 << 15 | 1 << 6


def _machine_call(builder, name, result, *arguments):
    """Call an intrinsic of LLVM that stands for one machine instruction."""
    return _call_by_name(builder, builder.module, name, result, arguments)


def _float_mode(builder):
    """Read the control register of floating point, as int64."""
    if ARM:
        return _machine_call(builder, "llvm.aarch64.get.fpcr", _INT)
    place = cgutils.alloca_once(builder, _INT32)
    _machine_call(builder, "llvm.x86.sse.stmxcsr", ir.VoidType(), place)
    return builder.zext(builder.load(place), _INT)


def _set_float_mode(builder, mode):
    if ARM:
        _machine_call(builder, "llvm.aarch64.set.fpcr", ir.VoidType(), mode)
        return
    place = cgutils.alloca_once(builder, _INT32)
    builder.store(builder.trunc(mode, _INT32), place)
    _machine_call(builder, "llvm.x86.sse.ldmxcsr", ir.VoidType(), place)


if config.DISABLE_JIT:

    def _grid(matrix, rows, columns):
        """The flat indices of a matrix, as nested lists."""
        return [
            [matrix.at + i * matrix.row + j * matrix.step for j in range(columns)]
            for i in range(rows)
        ]

    def _steps(a, b, depth, turns, a_jump, b_jump):
        """The begin of each step of a tile's two loops, in `a` and in `b`."""
        return [
            (
                a.at + (turn * depth + k) * a.step + turn * a_jump,
                b.at + (turn * depth + k) * b.row + turn * b_jump,
            )
            for turn in range(turns)
            for k in range(depth)
        ]

    def tile_product(c, start, a, b, height, width, depth, turns, a_jump, b_jump):
        lanes = VECTOR_BYTES // c.values.itemsize
        steps = _steps(a, b, depth, turns, a_jump, b_jump)
        for i in range(height):
            for j in range(width):
                vector, lane = divmod(j, lanes)
                to, of, right = (m.at + vector * lanes * m.step + lane for m in (c, start, b))
                total = start.values[of + i * start.row]
                for x, y in steps:
                    total += a.values[x + i * a.row] * b.values[right - b.at + y]
                c.values[to + i * c.row] = total

    def tile_update(c, start, a, b, height, width, depth, turns, a_jump, b_jump, scale):
        zero = Matrix(np.zeros(VECTOR_BYTES, c.values.dtype), 0, 0, 0)
        total = np.empty((height, TILE_VECTORS * VECTOR_BYTES), c.values.dtype)
        sums = Matrix(total.reshape(-1), 0, total.shape[1], 1)
        tile_product(sums, zero, a, b, height, width, depth, turns, a_jump, b_jump)
        lanes = VECTOR_BYTES // c.values.itemsize
        for i in range(height):
            for j in range(width):
                vector, lane = divmod(j, lanes)
                to, of = (m.at + i * m.row + vector * lanes * m.step + lane for m in (c, start))
                c.values[to] = start.values[of] + scale * total[i, j]

    def dot_tile(c, start, a, b, height, width, depth, turns, a_jump, b_jump):
        lanes = VECTOR_BYTES // c.values.itemsize
        steps = _steps(a, b, depth, turns, a_jump, b_jump)
        for i in range(height):
            for j in range(width):
                total = start.values[start.at + i * start.row + j * start.step]
                for x, y in steps:
                    for lane in range(lanes):
                        left = a.values[x + i * a.row + lane]
                        total += left * b.values[y + j * b.step + lane]
                c.values[c.at + i * c.row + j * c.step] = total

    def _runs(x, found, height, width, count):
        """Each value, with the flat indices of its run in `x` as nested lists."""
        for e in range(found.at, found.at + count):
            place = int(found.values[e + found.row])
            yield found.values[e], _grid(x._replace(at=x.at + place), height, width)

    def gather_runs(c, x, found, height, width, count):
        own = _grid(c, height, width)
        for value, run in _runs(x, found, height, width, count):
            for i in range(height):
                for j in range(width):
                    c.values[own[i][j]] += value * x.values[run[i][j]]

    def scatter_runs(c, x, found, height, width, count):
        own = _grid(c, height, width)
        for value, run in _runs(x, found, height, width, count):
            for i in range(height):
                for j in range(width):
                    x.values[run[i][j]] += value * c.values[own[i][j]]

    def copy_rows(target, source, rows, width):
        to, of = _grid(target, rows, width), _grid(source, rows, width)
        for i in range(rows):
            for j in range(width):
                target.values[to[i][j]] = source.values[of[i][j]]

    def transpose_square(target, source):
        lanes = VECTOR_BYTES // target.values.itemsize
        to, of = _grid(target, lanes, lanes), _grid(source, lanes, lanes)
        for i in range(lanes):
            for j in range(lanes):
                target.values[to[j][i]] = source.values[of[i][j]]

    def fma(a, b, c):
        return type(a)(np.longdouble(a) * b + c)

    def prefetch_to_write(array, index):
        pass

    def set_denormals_flushed():
        return 0

    def restore_denormals(mode):
        pass

else:
    _ENGINE = _compile()  # keeps the code alive
