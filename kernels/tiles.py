"""Tiles of matrix products, with explicit vectors.

Everywhere else the loops are plain and LLVM decides what to vectorise. In a matrix product that is
not enough: the machine is busy only while some twenty sums *stay in vector registers* over the
whole inner loop, and no compiler arranges that from three nested loops.

How it works
------------
**A few small functions are written in LLVM's own language** (:mod:`.llvm`, :mod:`.tile_code`):
tiles of a matrix product, sums of sparse runs, the copy of a panel, and transposes.

**An intrinsic** is how compiled Numba code calls them: a function whose body is not Python but a
recipe that writes LLVM instructions into the caller. ``@intrinsic`` takes a *typing* function that
returns the signature and the recipe (``codegen``). The recipes here write a call. The called code
is compiled once for the process, when this module is imported, and LLVM knows it by name: a caller
does not contain (and compile) its own copy, and callers from the disk cache find it again. (Numba
compiles every callee again into each caller that reaches it: with 14 tiles inlined, a parallel
product took 5.2 s to compile, and without them 2.8.)

**A matrix** is what callers pass, not vectors: an array, where in the array the matrix begins, and
its two strides. So a transpose, a block, or the overlapping rows of a convolution are all matrices
over the same memory, without a copy.

The tiles
---------
With ``r`` rows and ``v`` vectors of columns, one step of the inner loop loads ``v`` vectors of `b`
and ``r`` numbers of `a`, and does ``r v`` multiply-adds. Both should be large, so that there are
few loads for each multiply-add, and enough independent sums to hide the 4 cycles that a
multiply-add takes. ``r v`` sums, ``v`` vectors and one broadcast number must fit the registers:
12 x 2 with 32 registers, 6 x 2 with 16. See Goto and van de Geijn, "Anatomy of High-Performance
Matrix Multiplication" (2008), section 4, and Van Zee and van de Geijn, "BLIS" (2015).

Where a tile has more than one vector of columns and at most one and a half, every two rows share a
vector for the columns after the first one: 22 columns take three quarters of the time of 32.

The sum runs over two loops, `turns` times `depth` steps. In a convolution these are the rows of a
window, and what is contiguous in each row: so its sums, too, stay in registers from the first
number to the last. A dense product has one turn (and the outer loop costs nothing measurable).

The *listed tile* is for an `a` that is mostly zeros: it does only the steps of a list, those in
which one of its rows has a number other than zero.

*Sparse runs* are for products in which one factor is mostly zeros: to each of its numbers belongs
the place of a run of numbers, which it multiplies if it is not zero. The *winner tile* is for such
a factor whose elements are vectors: of four places, one has a number.

The *dot tile* is for sums over vectors: ``r v`` sums, each of them a vector, to which products of
two vectors from memory are added. The lanes of each are added up at the end only; in the *lane
tile* they are not: there each lane is a product of its own. The *slide tile* is one column of it,
for a window that slides along many positions; the *chain tile* is the lane tile with sums that
begin with what they are added to, and the *Adam tile* takes such sums for the gradient of weights,
which it updates. The *maxima tile* keeps only the largest of four neighbouring columns, whose
elements are vectors. The *window tile* is for windows of a few sizes that slide one
pixel at a time: it loads each pixel once.

With ``NUMBA_DISABLE_JIT=1`` each intrinsic is replaced by the plain loops that it stands for.
"""

import ctypes
import dataclasses
import functools
import itertools
from collections import namedtuple

import numpy as np
from llvmlite import binding, ir
from numba import config, types
from numba.extending import intrinsic

from . import cache
from .llvm import call_by_name
from .machine import (
    LISTED_ROWS,
    TILE_ROWS,
    TILE_VECTORS,
    VECTOR_BYTES,
    target_machine,
)
from .tile_code import write_module

Matrix = namedtuple("Matrix", "values at row step")
Matrix.__doc__ = "A matrix in a flat array: element (i, j) is ``values[at + i * row + j * step]``."


@functools.cache  # which keeps the code alive
def _load(name, item):
    """Tell LLVM where a function for numbers of this many bytes is: compile it, or load it."""
    symbol = f"fastscratch_{name}_v{VECTOR_BYTES // item}f{8 * item}"
    file = cache.file_name(f"tiles.{name}.float{8 * item}")
    engine = binding.create_mcjit_compiler(binding.parse_assembly(""), target_machine())
    with cache.claimed(file):
        code = cache.load(file)
        if code is None:
            code = _compile(engine, write_module(name, item))
            cache.save(file, code)
        else:
            engine.add_object_file(binding.object_file.ObjectFileRef.from_data(code))
            engine.finalize_object()
    binding.add_symbol(symbol, engine.get_function_address(symbol))
    return engine


def _compile(engine, text):
    compiled = []
    engine.set_object_cache(lambda module, code: compiled.append(code), lambda module: None)
    engine.add_module(binding.parse_assembly(text))
    engine.finalize_object()
    return max(compiled, key=len)  # the other one is the empty module's


@dataclasses.dataclass(frozen=True)
class _Load:
    """What is done before a kernel is loaded that calls a function."""

    name: str
    item: int

    def __call__(self):
        _load(self.name, self.item)


def _call(context, builder, name, matrices, kinds, numbers=()):
    """Write the call of a compiled function: each matrix as its pointer and strides."""
    item = kinds[0][0].dtype.bitwidth // 8
    load = _Load(name, item)
    load()
    context.active_code_library._reload_init.add(load)
    arguments = []
    for matrix, kind in zip(matrices, kinds, strict=True):
        array = context.make_helper(builder, kind[0], builder.extract_value(matrix, 0))
        at, row, step = (
            context.cast(builder, builder.extract_value(matrix, i), kind[i], types.int64)
            for i in (1, 2, 3)
        )
        arguments += [builder.gep(array.data, [at]), row, step]
    symbol = f"fastscratch_{name}_v{VECTOR_BYTES // item}f{8 * item}"
    call_by_name(builder, builder.module, symbol, ir.VoidType(), [*arguments, *numbers])
    return context.get_dummy_value()


def _unscaled(name, c, start, a, b):
    """The signature and the code of a call of a tile whose sums are not scaled."""

    def codegen(context, builder, signature, arguments):
        unused = ir.Constant(context.get_value_type(c[0].dtype), 0.0)
        numbers = [*arguments[4:], unused]
        return _call(context, builder, name, arguments[:4], signature.args[:4], numbers)

    return types.void(c, start, a, b, *[types.int64] * 6), codegen


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
        Elements from the end of one stretch to the beginning of the next, added to
        ``depth * a.step`` and ``depth * b.row``.

    Notes
    -----
    2 height width depth turns flops. Each sum adds its products in order, so an element does not
    depend on how the matrix was cut into tiles.
    """

    return _unscaled("tile", c, start, a, b)


@intrinsic
def tile_ahead(typingctx, c, start, a, b, width, depth, ahead):
    """A tile of `TILE_ROWS` rows, as `tile_product`, that fetches memory meanwhile.

    Parameters
    ----------
    ahead : int
        Where that memory begins: this many elements after `a`. Each step fetches one element for
        each row, to the second-level cache. It may be beyond the end of the array.
    """

    def codegen(context, builder, signature, arguments):
        one, nothing = (ir.Constant(ir.IntType(64), number) for number in (1, 0))
        width, depth, ahead = arguments[4:]
        height = ir.Constant(ir.IntType(64), TILE_ROWS)
        sizes = height, width, depth, one, nothing, nothing, ahead
        return _call(context, builder, "ahead", arguments[:4], signature.args[:4], sizes)

    return types.void(c, start, a, b, *[types.int64] * 3), codegen


@intrinsic
def tile_fetching(typingctx, c, start, a, b, memory, depth, rows):
    """A tile of `TILE_ROWS` rows and `TILE_VECTORS` vectors that fetches rows of memory meanwhile.

    Parameters
    ----------
    c, start, a, b : Matrix
        As `tile_product` takes them; the columns are whole vectors.
    memory : Matrix
        What is fetched to the second-level cache: rows as wide as the tile, at any distance. They
        may be beyond the end of the array.
    depth : int
    rows : int
        Of `memory`, at least one; no more than `depth`, or the tile waits for memory.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "fetch", arguments[:5], signature.args[:5], arguments[5:])

    return types.void(c, start, a, b, memory, *[types.int64] * 2), codegen


@intrinsic
def tile_update(typingctx, c, start, a, b, height, width, depth, turns, a_jump, b_jump, scale):
    """One tile of ``c = start + scale * (a @ b)``; all else as in `tile_product`.

    The sums begin with zero: small ones do not lose their digits to a large `start`.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "update", arguments[:4], signature.args[:4], arguments[4:])

    return types.void(c, start, a, b, *[types.int64] * 6, c[0].dtype), codegen


def _call_listed(name, c, start, a, b, *scale):
    """The signature and the code of a call of a listed tile."""

    def codegen(context, builder, signature, arguments):
        matrices, (width, steps, count, *rest) = arguments[:4], arguments[4:]
        data = context.make_helper(builder, signature.args[5], steps).data
        height, nothing = (ir.Constant(ir.IntType(64), number) for number in (LISTED_ROWS, 0))
        unscaled = ir.Constant(context.get_value_type(c[0].dtype), 0.0)
        address = builder.ptrtoint(data, ir.IntType(64))
        sizes = height, width, count, address, nothing, nothing, *(rest or [unscaled])
        return _call(context, builder, name, matrices, signature.args[:4], sizes)

    steps = types.Array(types.int32, 1, "C")
    return types.void(c, start, a, b, types.int64, steps, types.int64, *scale), codegen


@intrinsic
def listed_tile(typingctx, c, start, a, b, width, steps, count):
    """A tile of `LISTED_ROWS` rows, as `tile_product`, whose sums run over the steps of a list.

    Parameters
    ----------
    width : int
        From 1 to `LISTED_VECTORS` vectors.
    steps : int32 array
        The first `count` are the steps: columns of `a`, and rows of `b`.
    count : int
    """

    return _call_listed("listed", c, start, a, b)


@intrinsic
def listed_update(typingctx, c, start, a, b, width, steps, count, scale):
    """A tile of ``c = start + scale * (a @ b)``, as `tile_update`, over the steps of a list."""

    return _call_listed("listed_update", c, start, a, b, c[0].dtype)


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

    return _unscaled("dot", c, start, a, b)


@intrinsic
def lane_tile(typingctx, c, start, a, b, height, width, depth, turns, a_jump, b_jump):
    """As `dot_tile`, but without the last sum: elements of `c` and `start` are vectors too."""

    return _unscaled("lane", c, start, a, b)


@intrinsic
def maxima_tile(typingctx, c, argmax, start, a, b, height, depth, turns, b_jump, below):
    """The largest of four neighbours in each row of a product of numbers and vectors.

    ``c[i] = max over j of start[i]`` + the sum over ``k`` of ``a[i, k] * b[k, j]``, lane by lane;
    ``j`` is 0 to 3.

    Parameters
    ----------
    c, argmax : Matrix of vectors, (height,)
        The maxima, and which of the four they are: the first of equal numbers. A number that is NaN
        is the largest.
    start : Matrix of vectors, (height,)
    a : Matrix of numbers, (height, turns depth)
    b : Matrix of vectors, (turns, depth, 4)
        Columns 0 and 1 are `step` elements apart, and columns 2 and 3 are `below` these.
    height : int
        From 1 to `MAXIMA_ROWS`.
    depth, turns, b_jump : int
        As in `tile_product`.
    below : int
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "maxima", arguments[:5], signature.args[:5], arguments[5:])

    return types.void(c, argmax, start, a, b, *[types.int64] * 5), codegen


@intrinsic
def slide_tile(typingctx, c, start, a, b, height, width, depth, turns, a_jump, b_jump):
    """As `lane_tile` with one column (`width` is 1), of any height; its rows share one `start`."""

    return _unscaled("slide", c, start, a, b)


@intrinsic
def window_tile(
    typingctx,
    c,
    bias,
    zeros,
    a,
    b,
    height,
    taps,
    positions,
    left,
    right,
    above,
    below,
    missing,
    past_caches,
):
    """A window of `taps` x `taps` vectors that slides along some rows, one pixel at a time.

    ``c[i, x] = bias`` + the sum over ``ky, kx`` of ``a[i + ky, x + kx - left] * b[ky, kx]``, where
    elements are vectors: element (i, x) of `a` is the one at ``a.at + i * a.row + x * a.step``.

    Parameters
    ----------
    c : Matrix of vectors, (height, positions + right)
    bias, zeros : Matrix of vectors, (1, 1)
    a : Matrix of vectors, (height + taps - 1, positions + taps - 1 - left)
    b : Matrix of vectors, (taps, taps)
    height, taps : int
        One of `WINDOWS`.
    positions : int
        Those whose last column is inside of the image.
    left : int
        Columns of the first window that are not there: at most ``taps - 1``.
    right : int
        Positions after these, whose last columns are not there: at most ``taps - 1``.
    above, below : int
        Rows of `a` that are not there, at either end. What is not there counts as `zeros`.
    missing : int
        The first lanes of `a` and `c` that are not the tile's: they are not touched. 0 on a machine
        without `MASKS`.
    past_caches : int
        1 if `c` is stored past the caches: each of its vectors begins a vector's width then, and
        none is missing. Or else 0.

    Notes
    -----
    2 taps**2 height (positions + right) lanes flops. A sum adds its products column by column, in
    the same order whatever the height is.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "window", arguments[:5], signature.args[:5], arguments[5:])

    return types.void(c, bias, zeros, a, b, *[types.int64] * 9), codegen


@intrinsic
def chain_tile(typingctx, c, start, a, b, height, width, depth, turns, a_jump, b_jump):
    """As `lane_tile`, but the sums begin with `start`, as in `tile_product`."""

    return _unscaled("chain", c, start, a, b)


@intrinsic
def adam_tile(
    typingctx, weights, paces, start, a, b, height, width, depth, distance, renew_1, renew_2, floor
):
    """An Adam step of weights that are vectors, whose gradient is a tile: ``start + a @ b``.

    The operations are those of :func:`.optimizers.adamw_step`, lane by lane. The gradient never
    leaves the registers, and the next tile begins while the processor divides for this one.

    Parameters
    ----------
    weights : Matrix of vectors, (height, width)
        Updated.
    paces : Matrix of vectors, (2, 1)
        The learning rates, corrected already, and what part of themselves the weights lose.
    start : Matrix of vectors, (height, width)
    a, b : Matrix of vectors, (height, depth) and (depth, width)
    height, width, depth : int
        As in `chain_tile`.
    distance : int
        Elements from a weight to its first moment, and from there to its second moment.
    renew_1, renew_2 : float
        The parts of the moments that are renewed.
    floor : float
        Keeps the division from zero.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "adam", arguments[:5], signature.args[:5], arguments[5:])

    numbers = [*[types.int64] * 4, *[weights[0].dtype] * 3]
    return types.void(weights, paces, start, a, b, *numbers), codegen


@intrinsic
def gather_runs(typingctx, c, x, found, height, width, count):
    """Sums of runs that begin anywhere: ``c[i, j] += sum of value * x[place + i * x.row + j]``.

    Values that are zero take no time.

    Parameters
    ----------
    c : Matrix, (height, width)
        Rows contiguous, as are those of `x`. Up to a vector of numbers is written after each row.
    x : Matrix
        The numbers of which the runs consist; up to a vector of them is read after each run. The
        run of value number e begins ``e * x.step`` elements after its place.
    found : Matrix, (2, count)
        The values, and in the second row the places. Up to a vector of numbers after the values is
        read.
    height, width : int
        From 1 to `RUN_ROWS`, and to `RUN_VECTORS` vectors.
    count : int
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "gather", arguments[:3], signature.args[:3], arguments[3:])

    return types.void(c, x, found, *[types.int64] * 3), codegen


@intrinsic
def winner_tile(typingctx, c, a, b, taps, depth, turns, b_jump, argmax):
    """The gradient of a filter of `taps` x `taps` from the winners of windows of 2 x 2.

    ``c[ky, kx] +=`` the sum over windows and lanes of ``a * x[ky + py, kx + px]``, where elements
    of `a` and of ``x``, the image from where the window begins, are vectors; and ``(py, px)`` is
    where in the window the maximum is.

    Parameters
    ----------
    c : Matrix, (taps, taps)
        Numbers, not vectors, with any strides.
    a : Matrix of vectors
        Gradients of the maxima, `step` elements apart.
    b : Matrix of vectors
        The image: `row` is how far the next row is, `step` the next pixel.
    taps : int
        One of `WINNER_TAPS`.
    depth, turns : int
        Windows of a row, which are two pixels apart, and rows.
    b_jump : int
        Elements from the end of one row of windows to the beginning of the next.
    argmax : int
        The places of the maxima, 0 to 3, are this many elements after their gradients.
    """

    def codegen(context, builder, signature, arguments):
        return _call(context, builder, "winner", arguments[:3], signature.args[:3], arguments[3:])

    return types.void(c, a, b, *[types.int64] * 5), codegen


@intrinsic
def copy_rows(typingctx, target, source, rows, width):
    """Copy a panel: ``target[:rows, :width] = source[:rows, :width]``, columns contiguous.

    `width` is at most two vectors, the row stride of `target` at least one. Where it is less than
    one, the elements of `target` before a row, up to a whole vector, are overwritten.
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
def pick_rows(typingctx, target, addresses, width):
    """``target[j, i]`` = number j of the row at address i: rows that begin anywhere, transposed.

    Parameters
    ----------
    target : Matrix, (width, lanes)
        Columns contiguous.
    addresses : (lanes,) int64 array
    width : int
        Numbers in each row, at least one. No other memory is read.
    """

    def codegen(context, builder, signature, arguments):
        data = context.make_helper(builder, signature.args[1], arguments[1]).data
        numbers = [builder.ptrtoint(data, ir.IntType(64)), arguments[2]]
        return _call(context, builder, "pick", arguments[:1], signature.args[:1], numbers)

    return types.void(target, addresses, types.int64), codegen


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

    def _tile(c, start, a, b, height, width, steps):
        lanes = VECTOR_BYTES // c.values.itemsize
        for i in range(height):
            for j in range(width):
                vector, lane = divmod(j, lanes)
                to, of, right = (m.at + vector * lanes * m.step + lane for m in (c, start, b))
                total = start.values[of + i * start.row]
                for x, y in steps:
                    total += a.values[x + i * a.row] * b.values[right - b.at + y]
                c.values[to + i * c.row] = total

    def _update(c, start, a, b, height, width, steps, scale):
        zero = Matrix(np.zeros(VECTOR_BYTES, c.values.dtype), 0, 0, 0)
        total = np.empty((height, TILE_VECTORS * VECTOR_BYTES), c.values.dtype)
        sums = Matrix(total.reshape(-1), 0, total.shape[1], 1)
        _tile(sums, zero, a, b, height, width, steps)
        lanes = VECTOR_BYTES // c.values.itemsize
        for i in range(height):
            for j in range(width):
                vector, lane = divmod(j, lanes)
                to, of = (m.at + i * m.row + vector * lanes * m.step + lane for m in (c, start))
                c.values[to] = start.values[of] + scale * total[i, j]

    def _listed(a, b, steps, count):
        return [(a.at + int(k) * a.step, b.at + int(k) * b.row) for k in steps[:count]]

    def tile_product(c, start, a, b, height, width, depth, turns, a_jump, b_jump):
        _tile(c, start, a, b, height, width, _steps(a, b, depth, turns, a_jump, b_jump))

    def tile_ahead(c, start, a, b, width, depth, ahead):
        tile_product(c, start, a, b, TILE_ROWS, width, depth, 1, 0, 0)

    def tile_fetching(c, start, a, b, memory, depth, rows):
        width = TILE_VECTORS * VECTOR_BYTES // c.values.itemsize
        tile_product(c, start, a, b, TILE_ROWS, width, depth, 1, 0, 0)

    def tile_update(c, start, a, b, height, width, depth, turns, a_jump, b_jump, scale):
        _update(c, start, a, b, height, width, _steps(a, b, depth, turns, a_jump, b_jump), scale)

    def listed_tile(c, start, a, b, width, steps, count):
        _tile(c, start, a, b, LISTED_ROWS, width, _listed(a, b, steps, count))

    def listed_update(c, start, a, b, width, steps, count, scale):
        _update(c, start, a, b, LISTED_ROWS, width, _listed(a, b, steps, count), scale)

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

    def lane_tile(c, start, a, b, height, width, depth, turns, a_jump, b_jump):
        lanes = VECTOR_BYTES // c.values.itemsize
        steps = _steps(a, b, depth, turns, a_jump, b_jump)
        for i in range(height):
            for j in range(width):
                for lane in range(lanes):
                    total = start.values[start.at + i * start.row + j * start.step + lane]
                    for x, y in steps:
                        left = a.values[x + i * a.row + lane]
                        total += left * b.values[y + j * b.step + lane]
                    c.values[c.at + i * c.row + j * c.step + lane] = total

    def maxima_tile(c, argmax, start, a, b, height, depth, turns, b_jump, below):
        lanes = VECTOR_BYTES // c.values.itemsize
        steps = _steps(a, b, depth, turns, 0, b_jump)
        for i in range(height):
            for lane in range(lanes):
                totals = []
                for j in range(4):
                    total = start.values[start.at + i * start.row + lane]
                    column = j // 2 * below + j % 2 * b.step + lane
                    for x, y in steps:
                        total += a.values[x + i * a.row] * b.values[y + column]
                    totals.append(total)
                place = int(np.argmax(totals))
                c.values[c.at + i * c.row + lane] = totals[place]
                argmax.values[argmax.at + i * argmax.row + lane] = place

    def slide_tile(c, start, a, b, height, width, depth, turns, a_jump, b_jump):
        lane_tile(c, start._replace(row=0), a, b, height, 1, depth, turns, a_jump, b_jump)

    def chain_tile(c, start, a, b, height, width, depth, turns, a_jump, b_jump):
        lanes = VECTOR_BYTES // c.values.itemsize
        steps = _steps(a, b, depth, turns, a_jump, b_jump)
        for i in range(height):
            for j in range(width):
                for lane in range(lanes):
                    total = start.values[start.at + i * start.row + j * start.step + lane]
                    for x, y in steps:
                        left = a.values[x + i * a.row + lane]
                        total += left * b.values[y + j * b.step + lane]
                    c.values[c.at + i * c.row + j * c.step + lane] = total

    def adam_tile(
        weights, paces, start, a, b, height, width, depth, distance, renew_1, renew_2, floor
    ):
        lanes, memory = VECTOR_BYTES // weights.values.itemsize, weights.values
        gradient = np.empty(height * width * lanes, memory.dtype)
        to = Matrix(gradient, 0, width * lanes, lanes)
        chain_tile(to, start, a, b, height, width, depth, 1, 0, 0)
        rate, decay = (paces.values[paces.at + k * paces.row :][:lanes] for k in (0, 1))
        for k, places in enumerate(itertools.product(range(height), range(width))):
            at = weights.at + places[0] * weights.row + places[1] * weights.step
            weight, one, two = (memory[at + k * distance :][:lanes] for k in range(3))
            g = gradient[k * lanes :][:lanes]
            one += renew_1 * (g - one)
            two += renew_2 * (g * g - two)
            weight -= decay * weight
            weight -= rate * one / (np.sqrt(two) + floor)

    def window_tile(
        c, bias, zeros, a, b, height, taps, positions, left, right, above, below, missing, _
    ):
        lanes = VECTOR_BYTES // c.values.itemsize
        columns = positions + taps - 1 - left
        for i in range(height):
            for x in range(positions + right):
                for lane in range(missing, lanes):
                    total = bias.values[bias.at + lane]
                    for kx in range(taps):
                        for ky in range(taps):
                            row, column = i + ky, x + kx - left
                            inside = above <= row < height + taps - 1 - below
                            if inside and 0 <= column < columns:
                                pixel = a.values[a.at + row * a.row + column * a.step + lane]
                                total += pixel * b.values[b.at + ky * b.row + kx * b.step + lane]
                    c.values[c.at + i * c.row + x * c.step + lane] = total

    def gather_runs(c, x, found, height, width, count):
        own = _grid(c, height, width)
        for e in range(count):
            value = found.values[found.at + e]
            if value != 0:
                place = int(found.values[found.at + found.row + e]) + e * x.step
                run = _grid(Matrix(x.values, x.at + place, x.row, 1), height, width)
                for i in range(height):
                    for j in range(width):
                        c.values[own[i][j]] += value * x.values[run[i][j]]

    def winner_tile(c, a, b, taps, depth, turns, b_jump, argmax):
        lanes = VECTOR_BYTES // c.values.itemsize
        for window in range(turns * depth):
            of = a.at + window * a.step
            begin = b.at + 2 * window * b.step + window // depth * b_jump
            for lane in range(lanes):
                py, px = divmod(int(a.values[of + argmax + lane]), 2)
                for ky in range(taps):
                    for kx in range(taps):
                        pixel = begin + (ky + py) * b.row + (kx + px) * b.step + lane
                        product = a.values[of + lane] * b.values[pixel]
                        c.values[c.at + ky * c.row + kx * c.step] += product

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

    def pick_rows(target, addresses, width):
        for i in range(addresses.size):
            size = width * target.values.itemsize
            kind = ctypes.c_byte * size
            row = np.frombuffer(kind.from_address(int(addresses[i])), target.values.dtype)
            for j in range(width):
                target.values[target.at + j * target.row + i] = row[j]
