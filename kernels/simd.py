"""Explicit vectors: the one module that speaks LLVM.

Everywhere else the loops are plain and LLVM decides what to vectorise. A matrix product is the one
loop where that is not enough: the machine is only busy while some twenty sums *stay in vector
registers* over the whole inner loop, and no compiler arranges that from three nested loops.

How it works
------------
**Three small functions are written in LLVM's own language** with llvmlite's builder: a tile of a
matrix product, the copy of a panel and the transpose of a square. The Python code below runs once
and *writes instructions*; an ordinary ``for i in range(12)`` in it writes twelve multiply-adds one
after the other, which is how the loops over the tile unroll.

**An intrinsic** is how compiled Numba code gets at them: a function whose body is not Python but a
recipe that writes LLVM instructions into the caller. ``@intrinsic`` takes a *typing* function that
returns the signature and the recipe (``codegen``). Ours write a call. The called code is compiled
once for the process, when this module is imported, and known to LLVM by name: a caller does not
carry (and compile) its own copy, and callers from the disk cache find it again. (Numba compiles
every callee again into each caller that reaches it: with the 14 tiles inlined, a parallel product
took 5.2 s to compile, and without them 2.8.)

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

The tile
--------
With ``r`` rows and ``v`` vectors of columns, one step of the inner loop loads ``v`` vectors of `b`
and ``r`` numbers of `a`, and does ``r v`` multiply-adds. Both want to be large (few loads for each
multiply-add, and enough independent sums to hide the 4 cycles that one takes); ``r v`` sums, ``v``
vectors and one broadcast must fit the registers. 32 registers: 12 x 2; 16 registers: 6 x 2.
See Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), section 4,
and Van Zee and van de Geijn, "BLIS" (2015).

With ``NUMBA_DISABLE_JIT=1`` each intrinsic is replaced by the plain loops that it means.
"""

from collections import namedtuple

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.core import cgutils
from numba.core.codegen import get_host_cpu_features, initialize_llvm
from numba.extending import intrinsic

from . import cache

Matrix = namedtuple("Matrix", "values at row step")
Matrix.__doc__ = "A matrix in a flat array: element (i, j) is ``values[at + i * row + j * step]``."

_CPU = config.CPU_NAME or binding.get_host_cpu_name()
_FEATURES = get_host_cpu_features() if config.CPU_FEATURES is None else config.CPU_FEATURES


def _target_machine():
    """The machine that Numba compiles for, as LLVM sees it."""
    initialize_llvm()
    return binding.Target.from_default_triple().create_target_machine(
        cpu=_CPU, features=_FEATURES, opt=2, codemodel="jitdefault", jit=True
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
# Heights of the tiles that exist: any number of rows is a sum of a few of them. From half the full
# height on, a tile is as fast as the full one.
TILE_HEIGHTS = (12, 10, 8, 6, 4, 2, 1) if VECTOR_BYTES == 64 or ARM else (6, 4, 2, 1)
TILE_ROWS = TILE_HEIGHTS[0]
TILE_VECTORS = 2
# A single row is limited by reading `b`: up to eight vectors, so that `b` is read in long runs.
ROW_VECTORS = 8

_INT = ir.IntType(64)
_INT32 = ir.IntType(32)


def _constant(value):
    return ir.Constant(_INT, value)


class _Vectors:
    """Writes the instructions for vectors of one element type into one LLVM module."""

    def __init__(self, module, item):
        self.module = module
        self.item = item
        self.lanes = VECTOR_BYTES // item
        self.scalar = ir.FloatType() if item == 4 else ir.DoubleType()
        self.pointer = self.scalar.as_pointer()
        self.type = ir.VectorType(self.scalar, self.lanes)
        self.indices = ir.VectorType(_INT32, self.lanes)
        self.mask = ir.VectorType(ir.IntType(1), self.lanes)
        self.suffix = f"v{self.lanes}f{8 * item}"

    def call(self, builder, name, result, *arguments):
        """Call one of LLVM's own intrinsics, declaring it first."""
        function = self.module.globals.get(name)
        if function is None:
            kinds = [argument.type for argument in arguments]
            function = ir.Function(self.module, ir.FunctionType(result, kinds), name)
        return builder.call(function, arguments)

    def at(self, builder, pointer, offset):
        """The vector in memory that starts `offset` elements after `pointer`."""
        return builder.bitcast(builder.gep(pointer, [offset]), self.type.as_pointer())

    def load(self, builder, place):
        return builder.load(place, align=self.item)

    def store(self, builder, value, place):
        builder.store(value, place, align=self.item)

    def splat(self, builder, x, kind=None):
        """A vector with `x` in every lane."""
        nothing = ir.Constant(kind or self.type, ir.Undefined)
        one = builder.insert_element(nothing, x, ir.Constant(_INT32, 0))
        return builder.shuffle_vector(one, nothing, ir.Constant(self.indices, [0] * self.lanes))

    def fma(self, builder, a, b, c):
        """a * b + c: one instruction, rounded once, where the machine has one."""
        return self.call(builder, f"llvm.fmuladd.{self.suffix}", self.type, a, b, c)

    def lanes_from(self, builder, first):
        """A mask that is true in lanes `first`, `first` + 1, ..."""
        first = self.splat(builder, builder.trunc(first, _INT32), self.indices)
        lane = ir.Constant(self.indices, list(range(self.lanes)))
        return builder.icmp_signed(">=", lane, first)

    def masked_load(self, builder, place, mask):
        """Zero, and no memory touched, where the mask is false."""
        return self.call(
            builder,
            f"llvm.masked.load.{self.suffix}.p0",
            self.type,
            place,
            ir.Constant(_INT32, self.item),
            mask,
            ir.Constant(self.type, None),
        )

    def masked_store(self, builder, value, place, mask):
        self.call(
            builder,
            f"llvm.masked.store.{self.suffix}.p0",
            ir.VoidType(),
            value,
            place,
            ir.Constant(_INT32, self.item),
            mask,
        )


def _loop(entry, done, turns, carried, body):
    """Write ``for _ in range(turns)`` between two blocks; return the values after the loop.

    `carried` are start values; ``body(builder, values)`` writes one turn, returning the next ones.
    """
    loop = ir.IRBuilder(entry.function.append_basic_block("loop"))
    first = [turns, *carried]
    phis = [loop.phi(value.type) for value in first]
    after = [done.phi(value.type) for value in first]
    left = loop.sub(phis[0], _constant(1))
    following = [left, *body(loop, phis[1:])]
    for i, value in enumerate(first):
        for phi in (phis[i], after[i]):
            phi.add_incoming(value, entry.block)
            phi.add_incoming(following[i], loop.block)
    entry.cbranch(entry.icmp_signed(">", turns, _constant(0)), loop.block, done.block)
    loop.cbranch(loop.icmp_signed(">", left, _constant(0)), loop.block, done.block)
    return after[1:]


def _write_tile(simd, rows, vectors):
    """The function of one tile shape: `rows` rows and `vectors` vectors of columns."""
    p, n = simd.pointer, _INT
    kind = ir.FunctionType(ir.VoidType(), [p, n, p, n, p, n, n, p, n, n, n, n])
    function = ir.Function(simd.module, kind, f"tile_{simd.suffix}_{rows}_{vectors}")
    function.linkage = "internal"
    c, c_row, start, start_row, a, a_row, a_step, b, b_row, _, width, depth = function.args
    entry = ir.IRBuilder(function.append_basic_block("entry"))
    done = ir.IRBuilder(function.append_basic_block("done"))

    # The last vector ends where the tile ends. What it shares with the vector before it (or, in a
    # tile of one vector, with the memory before it) is computed and not stored.
    columns = [_constant(v * simd.lanes) for v in range(vectors - 1)]
    columns.append(entry.sub(width, _constant(simd.lanes)))
    mask = simd.lanes_from(entry, entry.sub(_constant(vectors * simd.lanes), width))

    sums, a_rows = [], []
    for i in range(rows):
        row = entry.gep(start, [entry.mul(start_row, _constant(i))])
        places = [simd.at(entry, row, column) for column in columns]
        sums += [simd.load(entry, place) for place in places[:-1]]
        sums.append(simd.masked_load(entry, places[-1], mask))
        a_rows.append(entry.mul(a_row, _constant(i)))

    def step(loop, carried):
        a, b, *sums = carried
        row_of_b = [simd.load(loop, simd.at(loop, b, column)) for column in columns]
        for i in range(rows):
            x = simd.splat(loop, loop.load(loop.gep(a, [a_rows[i]])))
            for v in range(vectors):
                s = i * vectors + v
                sums[s] = simd.fma(loop, x, row_of_b[v], sums[s])
        return [loop.gep(a, [a_step]), loop.gep(b, [b_row]), *sums]

    _, _, *sums = _loop(entry, done, depth, [a, b, *sums], step)
    for i in range(rows):
        row = done.gep(c, [done.mul(c_row, _constant(i))])
        places = [simd.at(done, row, column) for column in columns]
        for v in range(vectors - 1):
            simd.store(done, sums[i * vectors + v], places[v])
        simd.masked_store(done, sums[(i + 1) * vectors - 1], places[-1], mask)
    done.ret_void()
    return function


def _write_tiles(simd):
    """The function that callers know: it jumps to the tile of the height and width asked for."""
    tiles = {
        (rows, vectors): _write_tile(simd, rows, vectors)
        for rows in TILE_HEIGHTS
        for vectors in range(1, 1 + (ROW_VECTORS if rows == 1 else TILE_VECTORS))
    }
    kind = next(iter(tiles.values())).function_type
    function = ir.Function(simd.module, kind, f"fastscratch_tile_{simd.suffix}")
    height, width = function.args[9:11]
    entry = ir.IRBuilder(function.append_basic_block("entry"))
    unknown = ir.IRBuilder(function.append_basic_block("unknown"))
    unknown.ret_void()
    vectors = entry.sdiv(entry.add(width, _constant(simd.lanes - 1)), _constant(simd.lanes))
    choice = entry.switch(entry.add(entry.mul(height, _constant(16)), vectors), unknown.block)
    for (rows, vectors), tile in tiles.items():
        block = ir.IRBuilder(function.append_basic_block(f"rows{rows}_vectors{vectors}"))
        block.call(tile, function.args, tail="musttail")
        block.ret_void()
        choice.add_case(_constant(16 * rows + vectors), block.block)


def _write_copy(simd):
    """The copy of `rows` rows of `width` columns, at most two vectors."""
    p, n = simd.pointer, _INT
    kind = ir.FunctionType(ir.VoidType(), [p, n, p, n, n, n])
    function = ir.Function(simd.module, kind, f"fastscratch_copy_{simd.suffix}")
    target, target_row, source, source_row, rows, width = function.args
    entry = ir.IRBuilder(function.append_basic_block("entry"))
    done = ir.IRBuilder(function.append_basic_block("done"))
    # As in the tile, the last vector ends with the panel. A narrow panel has no first vector, only
    # the lanes of the last one from `missing` on.
    missing = entry.sub(_constant(simd.lanes), width)
    wide = entry.icmp_signed("<", missing, _constant(0))
    first_mask = simd.lanes_from(entry, entry.select(wide, _constant(0), _constant(simd.lanes)))
    last_mask = simd.lanes_from(entry, missing)
    last = entry.sub(width, _constant(simd.lanes))

    def row(loop, carried):
        target, source = carried
        for column, mask in ((_constant(0), first_mask), (last, last_mask)):
            value = simd.masked_load(loop, simd.at(loop, source, column), mask)
            simd.store(loop, value, simd.at(loop, target, column))
        return [loop.gep(target, [target_row]), loop.gep(source, [source_row])]

    _loop(entry, done, rows, [target, source], row)
    done.ret_void()


def _write_transpose(simd):
    """The transpose of one square of lanes x lanes elements, in registers.

    Stage ``s`` = 1, 2, 4, ... exchanges, between the rows ``i`` and ``i + s``, the squares of
    ``s`` x ``s`` elements off the diagonal: log2(lanes) stages of `lanes` shuffles.
    """
    p, n = simd.pointer, _INT
    kind = ir.FunctionType(ir.VoidType(), [p, n, p, n])
    function = ir.Function(simd.module, kind, f"fastscratch_transpose_{simd.suffix}")
    target, target_row, source, source_row = function.args
    entry = ir.IRBuilder(function.append_basic_block("entry"))
    lanes = simd.lanes
    rows = [
        simd.load(entry, simd.at(entry, source, entry.mul(source_row, _constant(i))))
        for i in range(lanes)
    ]
    stage = 1
    while stage < lanes:
        # Where each lane of the new rows comes from: lanes of the lower row count from `lanes` on.
        upper = [lanes + j - stage if j & stage else j for j in range(lanes)]
        lower = [lanes + j if j & stage else j + stage for j in range(lanes)]
        for i in range(lanes):
            if not i & stage:
                pair = rows[i], rows[i + stage]
                rows[i] = entry.shuffle_vector(*pair, ir.Constant(simd.indices, upper))
                rows[i + stage] = entry.shuffle_vector(*pair, ir.Constant(simd.indices, lower))
        stage *= 2
    for i in range(lanes):
        place = simd.at(entry, target, entry.mul(target_row, _constant(i)))
        simd.store(entry, rows[i], place)
    entry.ret_void()


def _write_module():
    """The text of all the functions, for float32 and float64."""
    module = ir.Module("fastscratch_simd")
    module.triple = binding.get_process_triple()
    for item in (4, 8):
        simd = _Vectors(module, item)
        _write_tiles(simd)
        _write_copy(simd)
        _write_transpose(simd)
    return str(module)


def _compile():
    """Compile the functions and tell LLVM their names; 0.25 s, or 3 ms from the cache."""
    name = cache.file_name("simd.tiles", _CPU, _FEATURES)
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
        for name in ("tile", "copy", "transpose"):
            symbol = f"fastscratch_{name}_v{VECTOR_BYTES // item}f{8 * item}"
            binding.add_symbol(symbol, engine.get_function_address(symbol))
    return engine


def _call(context, builder, name, matrices, kinds, integers=()):
    """Write the call of a compiled function: each matrix as its pointer and strides."""
    item = kinds[0][0].dtype.bitwidth // 8
    arguments = []
    for field, (matrix, kind) in enumerate(zip(matrices, kinds, strict=True)):
        array = context.make_helper(builder, kind[0], builder.extract_value(matrix, 0))
        at, row, step = (
            context.cast(builder, builder.extract_value(matrix, i), kind[i], types.int64)
            for i in (1, 2, 3)
        )
        arguments += [builder.gep(array.data, [at]), row]
        if name == "tile" and field == 2:  # only the left factor has a column stride
            arguments.append(step)
    arguments += integers
    symbol = f"fastscratch_{name}_v{VECTOR_BYTES // item}f{8 * item}"
    function = builder.module.globals.get(symbol)
    if function is None:
        kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
        function = ir.Function(builder.module, kind, symbol)
        function.attributes.add("nounwind")
    builder.call(function, arguments)
    return context.get_dummy_value()


@intrinsic
def tile_product(typingctx, c, start, a, b, height, width, depth):
    """One tile of a matrix product: ``c = start + a @ b``, the sums held in registers.

    Parameters
    ----------
    c : Matrix, (height, width)
        The result. Its columns, like those of `start` and `b`, must be contiguous (step 1).
    start : Matrix, (height, width)
        What the sums begin with: `c` itself to accumulate; a row of zeros, or a bias, with row
        stride 0.
    a : Matrix, (height, depth)
        Any strides.
    b : Matrix, (depth, width)
        The `lanes` elements that end at the last column are read: a tile narrower than a vector
        needs readable memory before its first row (it is not used, whatever it holds).
    height : int
        One of `TILE_HEIGHTS`.
    width : int
        From 1 to ``TILE_VECTORS * lanes``, or ``ROW_VECTORS * lanes`` if the height is 1. No
        element of `c` or `start` outside of the tile is touched.
    depth : int

    Notes
    -----
    2 height width depth flops. Each sum adds its products in the order of k, so an element does not
    depend on how the matrix was cut into tiles.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "tile", arguments[:4], signature.args[:4], arguments[4:])

    return types.void(c, start, a, b, types.int64, types.int64, types.int64), codegen


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
    kinds = [argument.type for argument in arguments]
    function = builder.module.globals.get(name)
    if function is None:
        function = ir.Function(builder.module, ir.FunctionType(result, kinds), name)
    return builder.call(function, arguments)


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

    def tile_product(c, start, a, b, height, width, depth):
        to, of = _grid(c, height, width), _grid(start, height, width)
        left, right = _grid(a, height, depth), _grid(b, depth, width)
        for i in range(height):
            for j in range(width):
                total = start.values[of[i][j]]
                for k in range(depth):
                    total += a.values[left[i][k]] * b.values[right[k][j]]
                c.values[to[i][j]] = total

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

    def set_denormals_flushed():
        return 0

    def restore_denormals(mode):
        pass

else:
    _ENGINE = _compile()  # keeps the code alive
