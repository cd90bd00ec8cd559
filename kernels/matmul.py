"""Dense products in the three forms that training needs.

===============  ============================================
computes         in a dense layer ``z = x @ kernel + bias``
===============  ============================================
``a @ b``        forward
``a.T @ b``      gradient of the kernel: ``x.T @ dz``
``a @ b.T``      gradient of the input: ``dz @ kernel.T``
===============  ============================================

All are one loop over tiles (:mod:`.tiles`), because a transpose is only a matrix with its strides
exchanged. The result is cut into pieces that run in parallel; a piece is cut along the depth into
parts that stay in the second-level cache, and a part into tiles. Elements of the result add their
products in the order of k, wherever the cuts are: the bits depend neither on the cuts nor on the
number of threads.

What is copied first, and why:

- `b`, if its rows are not contiguous (in ``a @ b.T``), or if they are far apart and many tiles use
  them (each row is then on another page).
- a strip of `a`, if its stride is a multiple of 4096 bytes: all its lines then compete for the same
  eight places of the first-level cache.

Everything else is read in place. Copying always, as the large libraries do, costs 4% at n = 256.

Source: Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008).
"""

import numpy as np

from .chunks import SERIAL_WORK, chunk_bounds
from .finite import is_finite
from .instructions import fma
from .jit import get_thread_id, njit, prange, thread_count
from .machine import (
    DOT_COLUMNS,
    DOT_ROWS,
    TILE_ROWS,
    TILE_VECTORS,
    TILES,
    VECTOR_BYTES,
)
from .tiles import (
    Matrix,
    copy_rows,
    dot_tile,
    tile_ahead,
    tile_product,
    tile_update,
    transpose_square,
)

__all__ = ["matmul"]

# A part of `b`, DEPTH rows of ROW_BYTES, stays in a second-level cache of 1 MB. A tenth of the time
# of 256 x 2048 x 2048 goes to copying `b`. Tried, each less than 3% either way: 192, 256 and 320;
# to prefetch the next part of `b` and the next strip of `a` between tiles; to copy all strips of
# `a` first, and go through them panel by panel.
DEPTH = 384

# From this depth on, the sums of the parts are made apart and then added up. (A forward pass of
# 784-100 at batch 32 took 5% longer with it.)
LONG = 4096
ROW_BYTES = 2048
ROWS = 512
# A product of fewer flops is not shared among threads: in tiles, four take as long as the
# multiply-add of a plain loop.
SERIAL_FLOPS = 4 * SERIAL_WORK
# Pieces of at least this size, and at most PIECES of them unless a piece exceeds ROWS x ROW_BYTES.
PIECE_FLOPS = 500_000
PIECES = 8
# With a side of less than FEW_ROWS, a product is limited by moving the largest matrix: in pieces of
# READ_AT_ONCE numbers. Of up to FEW_STREAMS rows, long ones of `b` are read in order, not in panels
# (in panels, 1 x 100 x 4000 took 30 us in place of 18; in order, 3 x 300 x 30 took 3.3 in place of
# 1.1). One or two columns are sums over vectors, or over numbers, in columns of SHORT_ROWS, if they
# have FEW_TERMS or less. So are FEW_COLUMNS columns, if tiles of them would be few, or deeper than
# SHORT: 562 x 6 x 4 takes 4.2 us in sums, 2.3 in tiles. (The dot tile is faster for three or four
# columns and a depth of 200 or more, by a fifth to a third, but slower for all others.)
FEW_ROWS, FEW_STREAMS, FEW_COLUMNS, FEW_TERMS, SHORT_ROWS, SHORT = 8, 3, 4, 4, 1024, 128
# Tiles of at most this height are as wide as the registers allow, where `b` is read in place.
LOW = 2
READ_AT_ONCE = 1 << 15


@njit
def window(m, i, j):
    """The matrix that begins at element (i, j) of `m`."""
    return Matrix(m.values, m.at + i * m.row + j * m.step, m.row, m.step)


@njit
def scratch_size(depth, columns, itemsize):
    """Elements of scratch that one thread needs for pieces of `columns` columns."""
    lanes = VECTOR_BYTES // itemsize
    part = min(depth, DEPTH) + 2 * lanes
    columns = min(columns, ROW_BYTES // itemsize) + 2 * lanes
    return 4 * lanes + part * (TILE_ROWS + lanes + columns)


@njit
def tile_shape(rows):
    """The tallest tile of at most `rows` rows: its height, and the most vectors it has."""
    for height, vectors in TILES:
        if height <= rows:
            return height, vectors
    return 0, 0


@njit
def _must_copy_a(a, itemsize):
    return max(a.row, a.step) * itemsize % 4096 == 0


@njit
def _must_copy_b(b, rows, itemsize):
    return b.step != 1 or (rows >= 96 and b.row * itemsize > 2048)


@njit
def copy_strip(target, a, height, depth):
    """Copy one strip of `a`, rows (or columns) staying contiguous."""
    width = TILE_VECTORS * VECTOR_BYTES // a.values.itemsize
    if a.step == 1:
        # A run as rows of one tile's width; the last of them ends where the run ends.
        for i in range(height):
            to, of = target.at + i * target.row, a.at + i * a.row
            copy_rows(
                Matrix(target.values, to, width, 1),
                Matrix(a.values, of, width, 1),
                depth // width,
                width,
            )
            last = max(depth - width, 0)
            copy_rows(
                Matrix(target.values, to + last, 0, 1),
                Matrix(a.values, of + last, 0, 1),
                1,
                min(depth, width),
            )
    else:
        # The columns of a tile may be more than two vectors (float64 on Arm).
        for i in range(0, height, width):
            copy_rows(
                Matrix(target.values, target.at + i, target.step, 1),
                Matrix(a.values, a.at + i * a.row, a.step, 1),
                depth,
                min(width, height - i),
            )


@njit
def panels_at(values, at, depth):
    """Where panels of a product's `b` are, of this depth, in memory that begins at `at`.

    As a matrix of panels: `row` is the width of a panel, `step` how far apart the panels are. There
    is a vector before each: the copy of a narrow panel overwrites it.
    """
    lanes = VECTOR_BYTES // values.itemsize
    return Matrix(values, at + lanes, TILE_VECTORS * lanes, depth * TILE_VECTORS * lanes + lanes)


@njit
def copy_panels(panels, b, depth, columns):
    """Copy a block of `b` into panels as wide as a tile; panel p begins at (0, p) of `panels`."""
    panel = TILE_VECTORS * VECTOR_BYTES // b.values.itemsize
    whole = columns // panel
    rest = columns - whole * panel
    if b.step == 1:
        # Row by row over all panels, not panel by panel: a row is one page, or one run to prefetch
        # (0.08 ns an element instead of 0.18 where rows are 4 KB apart).
        for k in range(depth):
            copy_rows(
                Matrix(panels.values, panels.at + k * panels.row, panels.step, 1),
                Matrix(b.values, b.at + k * b.row, panel, 1),
                whole,
                panel,
            )
        if rest > 0:
            copy_rows(
                Matrix(panels.values, panels.at + whole * panels.step, panels.row, 1),
                window(b, 0, whole * panel),
                depth,
                rest,
            )
    else:
        for j in range(0, columns, panel):
            to = Matrix(panels.values, panels.at + j // panel * panels.step, panels.row, 1)
            transpose_panel(to, window(b, 0, j), depth, min(panel, columns - j))


@njit
def transpose_panel(target, b, depth, width):
    """``target[k, j] = b[k, j]`` where it is the columns of `b` that are contiguous."""
    lanes = VECTOR_BYTES // b.values.itemsize
    for right in range(min(lanes, width), width + lanes, lanes):
        j = min(right, width) - lanes  # the last square ends with the panel
        for k in range(0, depth, lanes):
            # A square may read beyond the matrix, which is harmless, but not beyond the array: the
            # one at its end is copied element by element.
            first = b.at + k * b.row + j * b.step
            last = first + (lanes - 1) * (b.row + b.step)
            if first >= 0 and last < b.values.size:
                transpose_square(window(target, k, j), Matrix(b.values, first, b.step, b.row))
            else:
                for kk in range(k, min(k + lanes, depth)):
                    for jj in range(max(j, 0), j + lanes):
                        target.values[target.at + kk * target.row + jj] = b.values[
                            b.at + kk * b.row + jj * b.step
                        ]


@njit
def product_serial(c, start, a, b, rows, columns, depth, scratch, scale):
    """``c = start + scale * (a @ b)`` on the calling thread; see `product`.

    If neither stride of `b` is 1, it is panels that `copy_panels` has written, all of their depth.

    `scratch` is one row of the scratch there. The error is at most `depth` units of roundoff of the
    sum of the products' absolute values; or, if there are more than `LONG`, so that sums of `DEPTH`
    of them are added up, ``DEPTH + depth / DEPTH + 1``.
    """
    lanes = VECTOR_BYTES // scratch.itemsize
    copy_a = _must_copy_a(a, scratch.itemsize)
    is_copy = b.row != 1 and b.step != 1
    copy_b = not is_copy and _must_copy_b(b, rows, scratch.itemsize)
    in_place = not (copy_b or is_copy)
    parts = -(-max(depth, 1) // DEPTH)
    part = -(-max(depth, 1) // parts)
    # Room for a strip of `a`, in either order, and after it the panels of `b`.
    if a.step == 1:
        strip = Matrix(scratch, 3 * lanes, part + 2 * lanes, 1)
    else:
        strip = Matrix(scratch, 3 * lanes, 1, -(-TILE_ROWS // lanes) * lanes)
    panels = panels_at(scratch, 4 * lanes + (part + 2 * lanes) * (TILE_ROWS + lanes), part)
    if is_copy:
        panels = b
    block = ROW_BYTES // scratch.itemsize if copy_b else columns

    for j0 in range(0, columns, max(block, 1)):
        j1 = min(j0 + block, columns)
        for k in range(0, max(depth, 1), part):
            d = min(part, depth - k)
            if copy_b:
                copy_panels(panels, window(b, k, j0), d, j1 - j0)
            i = 0
            while i < rows:
                height, vectors = tile_shape(rows - i)
                # One or two rows of two vectors are too few sums: each waits for the one before.
                is_low = in_place and height <= LOW
                panel = lanes * (vectors if is_low else TILE_VECTORS)
                left = window(a, i, k)
                if copy_a:
                    copy_strip(strip, left, height, d)
                    left = strip
                for j in range(j0, j1, panel):
                    to = window(c, i, j)
                    of = to if k > 0 else window(start, i, j)
                    right = window(b, k, j)
                    if copy_b:
                        right = window(panels, 0, (j - j0) // panel)
                    elif is_copy:
                        right = window(panels, k, j // panel)
                    right = Matrix(right.values, right.at, right.row, 1)
                    width = min(panel, j1 - j)
                    if scale == 1 and (k == 0 or depth <= LONG):
                        tile_product(to, of, left, right, height, width, d, 1, 0, 0)
                    else:
                        number = scratch.dtype.type(scale)
                        tile_update(to, of, left, right, height, width, d, 1, 0, 0, number)
                i += height


@njit
def product_ahead(c, start, a, b, rows, columns, depth, scratch):
    """As `product_serial`, for an `a` whose rows are one run, and in no cache yet.

    Each tile fetches what the tile after the next one reads. (Where all 22,000 x 409 numbers came
    from memory, the product with 409 x 22 took 190 ns a row, and so 114.)
    """
    whole, panel = 0, TILE_VECTORS * VECTOR_BYTES // scratch.itemsize
    if depth <= LONG and not _must_copy_a(a, scratch.itemsize):
        whole = rows // TILE_ROWS * TILE_ROWS
    part = -(-max(depth, 1) // -(-max(depth, 1) // DEPTH))
    for k in range(0, max(depth, 1), part):
        d = min(part, depth - k)
        # The rows of a tile are one run only with all their parts: each part fetches its share.
        ahead = 2 * TILE_ROWS * depth + (TILE_ROWS - 1) * k
        for i in range(0, whole, TILE_ROWS):
            left = window(a, i, k)
            for j in range(0, columns, panel):
                to, right, width = window(c, i, j), window(b, k, j), min(panel, columns - j)
                of = to if k > 0 else window(start, i, j)
                if j == 0:
                    tile_ahead(to, of, left, right, width, d, ahead)
                else:
                    tile_product(to, of, left, right, TILE_ROWS, width, d, 1, 0, 0)
    if whole < rows:
        of, left = window(start, whole, 0), window(a, whole, 0)
        to, height = window(c, whole, 0), rows - whole
        product_serial(to, of, left, b, height, columns, depth, scratch, 1.0)


@njit
def takes_dots(columns, depth, itemsize):
    """Whether `product_of_dots` is faster than tiles (64 x 2052 x 3 takes 9 us by it, not 21)."""
    return columns <= DOT_COLUMNS and depth * itemsize >= 4 * VECTOR_BYTES


@njit
def product_of_dots(c, start, a, b, rows, columns, depth, scratch):
    """``c = start + a @ b`` on the calling thread, with few columns, as sums over vectors.

    Rows of `a` are contiguous, and `scratch` has room for `b`. Products are not added in the order
    of `product_serial`, so the bits differ from its: each lane has a sum of its own, and numbers
    after the last whole vector are added at the end.
    """
    lanes = VECTOR_BYTES // scratch.itemsize
    whole = depth // lanes
    for k in range(depth):
        for j in range(columns):
            scratch[j * depth + k] = b.values[b.at + k * b.row + j * b.step]
    right = Matrix(scratch, 0, lanes, depth)
    for i in range(0, rows, DOT_ROWS):
        to, of, height = window(c, i, 0), window(start, i, 0), min(DOT_ROWS, rows - i)
        left = Matrix(a.values, a.at + i * a.row, a.row, lanes)
        dot_tile(to, of, left, right, height, columns, whole, 1, 0, 0)
    for i in range(rows if whole * lanes < depth else 0):
        for j in range(columns):
            total = c.values[c.at + i * c.row + j * c.step]
            for k in range(whole * lanes, depth):
                total = fma(a.values[a.at + i * a.row + k], scratch[j * depth + k], total)
            c.values[c.at + i * c.row + j * c.step] = total


@njit
def product_of_runs(c, start, a, b, rows, columns, sizes, apart):
    """``c = start + a @ b`` on the calling thread, with nothing copied, tile by tile.

    `sizes` are turns, depth and jumps, as `tile_product` takes them: a sum may run over several
    stretches of `a` and `b`. If `apart`, the sums begin with zero and are added to `start` at the
    end.
    """
    turns, depth, a_jump, b_jump = sizes
    i = 0
    while i < rows:
        height, vectors = tile_shape(rows - i)
        panel = vectors * VECTOR_BYTES // c.values.itemsize
        for j in range(0, columns, panel):
            to, of, left, right = (
                window(c, i, j),
                window(start, i, j),
                window(a, i, 0),
                window(b, 0, j),
            )
            width = min(panel, columns - j)
            if apart:
                one = c.values.dtype.type(1)
                tile_update(to, of, left, right, height, width, depth, turns, a_jump, b_jump, one)
            else:
                tile_product(to, of, left, right, height, width, depth, turns, a_jump, b_jump)
        i += height


@njit
def _power_of_two(x):
    """The largest power of two that is at most x, and at least 1."""
    power = 1
    while 2 * power <= x:
        power *= 2
    return power


@njit
def _cut(rows, columns, depth, itemsize):
    """Rows and columns of the pieces that a product is cut into."""
    pieces = min(PIECES, 2 * rows * columns * depth // PIECE_FLOPS)
    across = _power_of_two(min(pieces, columns // 64, 4))
    down = _power_of_two(min(pieces // across, rows // 24))
    across = max(across, -(-columns * itemsize // ROW_BYTES))
    down = max(down, -(-rows // ROWS))
    return -(-rows // (4 * down)) * 4, -(-columns // (32 * across)) * 32


@njit(parallel=True)
def product(c, start, a, b, rows, columns, depth, scratch):
    """``c = start + a @ b`` for matrices with strides; parallel over pieces of `c`.

    Parameters
    ----------
    c : Matrix, (rows, columns)
        Rows contiguous (step 1).
    start : Matrix, (rows, columns)
        What is added: `c` itself to accumulate, ``Matrix(zeros, 0, 0, 0)`` with one vector of zeros
        to overwrite, ``Matrix(bias, 0, 0, 1)`` to add a bias.
    a : Matrix, (rows, depth)
    b : Matrix, (depth, columns)
        One of the strides of each must be 1.
    rows, columns, depth : int
    scratch : ndarray, (threads, `scratch_size` elements or more)
        Overwritten.

    Notes
    -----
    2 rows columns depth flops.
    """
    if 2 * rows * columns * depth < SERIAL_FLOPS:
        product_serial(c, start, a, b, rows, columns, depth, scratch[0], 1.0)
    else:
        height, width = _cut(rows, columns, depth, scratch.itemsize)
        down = -(-rows // height)
        for piece in prange(down * -(-columns // width)):
            i, j = piece % down * height, piece // down * width
            product_serial(
                window(c, i, j),
                window(start, i, j),
                window(a, i, 0),
                window(b, 0, j),
                min(height, rows - i),
                min(width, columns - j),
                depth,
                scratch[get_thread_id()],
                1.0,
            )


@njit
def _scratch(threads, c, a, b):
    """Scratch for ``c = a @ b`` on some threads, empty if nothing is copied; and zeros.

    The sums of a tile begin with the zeros.
    """
    (rows, columns), depth, size = c.shape, a.shape[1], 0
    left, right = Matrix(a.reshape(-1), 0, depth, 1), Matrix(b.reshape(-1), 0, columns, 1)
    if _is_tiled(c, depth) and (
        _must_copy_a(left, c.itemsize) or _must_copy_b(right, rows, c.itemsize)
    ):
        size = scratch_size(depth, columns, c.itemsize)
    return np.empty((threads, size), c.dtype), np.zeros(VECTOR_BYTES // c.itemsize, c.dtype)


@njit
def _parts(rows, columns, depth, pieces):
    """How many parts the depth is cut into: where the result is too small to be cut."""
    if rows < FEW_ROWS:
        return max(1, min(PIECES, columns * depth // READ_AT_ONCE, depth // 8))
    if pieces > 1:
        return 1
    return max(1, min(PIECES, 2 * rows * columns * depth // PIECE_FLOPS, depth // DEPTH))


@njit
def _is_streamed(c):
    """Whether so few rows are so long that those of `b` are read in order."""
    return c.shape[0] <= FEW_STREAMS and c.shape[1] * c.itemsize >= ROW_BYTES


@njit
def _is_narrow(c, depth):
    """Whether there are so few columns that they are sums, not tiles."""
    rows, columns = c.shape
    fills_tiles = columns > 2 and rows >= TILE_ROWS and 1 < depth <= SHORT
    return columns <= FEW_COLUMNS and not fills_tiles


@njit
def _is_tiled(c, depth):
    """Whether a `matmul` is made of tiles, and not of plain loops."""
    return depth > 1 and not _is_narrow(c, depth) and not _is_streamed(c)


@njit
def _dot_rows(c, a, columns, first, stop):
    """Some rows of ``c = a @ columns.T``."""
    if columns.shape[1] <= FEW_TERMS:
        for i in range(first, stop, SHORT_ROWS):
            _short_dot_rows(c, a, columns, i, min(i + SHORT_ROWS, stop))
        return
    for j in range(len(columns)):
        column = columns[j]
        for i in range(first, stop):
            row, total = a[i], c.dtype.type(0)
            for k in range(row.size):
                total += row[k] * column[k]
            c[i, j] = total


@njit
def _short_dot_rows(c, a, columns, first, stop):
    """`_dot_rows` of two to FEW_TERMS terms, which fill no vector: always four, some of them 0."""
    depth, zero, rows = columns.shape[1], c.dtype.type(0), a[first:stop]
    x_0, x_1, x_2, x_3 = rows[:, 0], rows[:, 1], rows[:, min(2, depth - 1)], rows[:, depth - 1]
    for j in range(len(columns)):
        column, to = columns[j], c[first:stop, j]
        w_0, w_1 = column[0], column[1]
        w_2, w_3 = column[2] if depth > 2 else zero, column[3] if depth > 3 else zero
        for i in range(to.size):
            first_two = fma(w_1, x_1[i], w_0 * x_0[i])
            to[i] = fma(w_3, x_3[i], fma(w_2, x_2[i], first_two))


@njit
def _add_rows(c, a, b, j, right, first, stop):
    """Some columns of ``c = a @ b``, and some of the depth: multiples of the rows of `b`, in order.

    Four at a time, so that a number of `c` is loaded and stored once for four products.
    """
    for i in range(len(c)):
        c[i][j:right] = 0
    weights = np.zeros(4, c.dtype)
    for k in range(first, stop, 4):
        count, last = min(4, stop - k), stop - 1  # of fewer than four, the last one times zero
        row_0, row_1 = b[k][j:right], b[min(k + 1, last)][j:right]
        row_2, row_3 = b[min(k + 2, last)][j:right], b[min(k + 3, last)][j:right]
        for i in range(len(c)):
            for n in range(4):
                weights[n] = a[i, k + n] if n < count else 0
            w_0, w_1, w_2, w_3 = weights[0], weights[1], weights[2], weights[3]
            total = c[i][j:right]
            for column in range(total.size):
                first_two = fma(w_1, row_1[column], fma(w_0, row_0[column], total[column]))
                total[column] = fma(w_3, row_3[column], fma(w_2, row_2[column], first_two))


@njit
def _outer(c, a, b, i, last, j, right):
    """A piece of ``c = a @ b``, a column times a row: limited by writing it."""
    row = b[0][j:right]
    for n in range(i, last):
        to, weight = c[n][j:right], a[n, 0]
        for column in range(row.size):
            to[column] = weight * row[column]


@njit
def _outer_few_columns(c, a, b, first, stop):
    """Some rows of a column times a short row, column by column."""
    for i in range(first, stop, SHORT_ROWS):
        weights = a[i : min(i + SHORT_ROWS, stop), 0]
        for j in range(b.shape[1]):
            to, number = c[i : min(i + SHORT_ROWS, stop), j], b[0, j]
            for n in range(to.size):
                to[n] = number * weights[n]


@njit
def _columns(c, b):
    """A few columns as rows, for `_dot_rows`; none, where tiles are better."""
    depth, count = b.shape
    columns = np.empty((count if _is_narrow(c, depth) else 0, depth), b.dtype)
    for j in range(len(columns)):
        for k in range(depth):
            columns[j, k] = b[k, j]
    return columns


@njit
def _cut_factors(rows, columns, depth, itemsize, is_few):
    """Rows and columns of the pieces of a `matmul`, and parts that the depth is cut into."""
    if is_few:
        return -(-rows // -(-rows * depth // READ_AT_ONCE)), columns, 1
    height, width = _cut(rows, columns, depth, itemsize)
    parts = _parts(rows, columns, depth, -(-rows // height) * -(-columns // width))
    return (height, width, 1) if parts == 1 else (rows, columns, parts)


@njit
def _work(rows, columns, depth):
    """Flops of a product; or of a larger one, that takes as long as moving its largest matrix."""
    least = min(rows, columns, depth)
    return 2 * rows * columns * depth // least * max(least, FEW_ROWS)


@njit
def _add_parts(total, sums):
    """The sum of the parts in their order."""
    total[:] = 0
    for part in range(len(sums)):
        for i in range(total.size):
            total[i] += sums[part, i]


@njit
def _block(c, a, b, columns, zeros, scratch, rows, places, terms):
    """Some rows and columns of ``c = a @ b``, over some of the depth, on the calling thread."""
    (i, last), (j, right), (k, stop) = rows, places, terms
    count, depth = c.shape[1], a.shape[1]
    if depth == 1 and len(columns) > 0:
        _outer_few_columns(c, a, b, i, last)
    elif depth == 1:
        _outer(c, a, b, i, last, j, right)
    elif len(columns) > 0:
        _dot_rows(c, a, columns, i, last)
    elif _is_streamed(c):
        _add_rows(c, a, b, j, right, k, stop)
    else:
        product_serial(
            Matrix(c.reshape(-1), i * count + j, count, 1),
            Matrix(zeros, 0, 0, 0),
            Matrix(a.reshape(-1), i * depth + k, depth, 1),
            Matrix(b.reshape(-1), k * count + j, count, 1),
            last - i,
            right - j,
            stop - k,
            scratch,
            1.0,
        )


@njit
def _item(c, sums, a, b, columns, zeros, cut, item, scratch):
    """One piece or part of a `matmul`; returns whether the numbers of a piece are finite."""
    (rows, count), depth = c.shape, a.shape[1]
    height, width, parts = cut
    down = -(-rows // height)
    part, i, j = item % parts, item // parts % down * height, item // parts // down * width
    last, right = min(i + height, rows), min(j + width, count)
    to, terms = sums[part] if parts > 1 else c, chunk_bounds(part, parts, depth)
    _block(to, a, b, columns, zeros, scratch, (i, last), (j, right), terms)
    if parts == 1 and _checks_result(rows, count, depth):
        return _is_piece_finite(c, i, last, j, right)
    return True


@njit
def _is_piece_finite(c, i, last, j, right):
    """Whether some rows and columns are finite."""
    rows, length = last - i, right - j
    if length == c.shape[1]:  # they are one run
        rows, length = 1, rows * length
    finite, numbers = True, c.reshape(-1)
    for row in range(rows):
        finite &= is_finite(numbers[(i + row) * c.shape[1] + j :][:length])
    return finite


@njit
def _checks_result(rows, columns, depth):
    """Whether the result has fewer numbers than the factors."""
    return rows * columns < (rows + columns) * depth


@njit
def _prepared(c, a, b):
    """How a `matmul` is cut, into how many items, and room for sums of parts."""
    (rows, count), depth = c.shape, a.shape[1]
    cut = _cut_factors(rows, count, depth, c.itemsize, _is_narrow(c, depth))
    height, width, parts = cut
    items = -(-rows // height) * -(-count // width) * parts
    return cut, items, np.empty((parts if parts > 1 else 0, rows, count), c.dtype)


@njit
def _matmul_alone(c, a, b):
    """As :func:`matmul`, on the calling thread."""
    (rows, count), depth = c.shape, a.shape[1]
    scratch, zeros = _scratch(1, c, a, b)
    _block(c, a, b, _columns(c, b), zeros, scratch[0], (0, rows), (0, count), (0, depth))
    if _checks_result(rows, count, depth):
        return is_finite(c.reshape(-1))
    return is_finite(a.reshape(-1)) and is_finite(b.reshape(-1))


@njit(parallel=True)
def matmul(c, a, b):
    """``c = a @ b``.

    Parameters
    ----------
    c : ndarray, (rows, columns)
        The result.
    a : ndarray, (rows, depth)
    b : ndarray, (depth, columns)
        All C-contiguous and of one type, float32 or float64. `c` must not overlap the others.

    Returns
    -------
    bool
        False if a number of `a` or `b` is not finite. Of these and the result, the fewer are
        looked at: a number that is not finite makes some of the result so. False, too, if the
        result overflows.

    Notes
    -----
    2 rows columns depth flops; (rows depth + depth columns + rows columns) numbers are moved.
    Parallel over pieces of `c`; or, if there is only one, over parts of the depth, whose sums are
    then added up in order.
    """
    if _work(c.shape[0], c.shape[1], a.shape[1]) < SERIAL_FLOPS:
        return _matmul_alone(c, a, b)
    scratch, zeros = _scratch(thread_count(), c, a, b)
    columns, (cut, items, sums) = _columns(c, b), _prepared(c, a, b)
    finite = 0
    for item in prange(items):
        own = scratch[get_thread_id()]
        finite += _item(c, sums, a, b, columns, zeros, cut, item, own)
    if len(sums) > 0:
        _add_parts(c.reshape(-1), sums.reshape((len(sums), c.size)))
        return is_finite(c.reshape(-1))
    if not _checks_result(c.shape[0], c.shape[1], a.shape[1]):
        return is_finite(a.reshape(-1)) and is_finite(b.reshape(-1))
    return finite == items


@njit(calls_parallel=True)
def matmul_bias(c, a, b, bias):
    """``c = a @ b + bias`` with a bias of shape (columns,) added to every row; see `matmul`."""
    (rows, columns), depth = c.shape, a.shape[1]
    size = scratch_size(depth, columns, c.itemsize)
    scratch = np.empty((thread_count(), size), c.dtype)
    product(
        Matrix(c.reshape(-1), 0, columns, 1),
        Matrix(bias, 0, 0, 1),
        Matrix(a.reshape(-1), 0, depth, 1),
        Matrix(b.reshape(-1), 0, columns, 1),
        rows,
        columns,
        depth,
        scratch,
    )
