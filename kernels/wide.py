"""Products of matrices that come from memory, not from a cache: it is fetched while they work.

The weights of a wide layer are in no cache when a training step needs them. To copy them into
panels, as :mod:`.matmul` does, then takes a tenth of the time of a product with 256 samples: the
copy waits for memory, and the multiply-adds wait for the copy. Here each tile also fetches a piece
of the next panel (:func:`.tiles.tile_fetching`), which is copied when the tile after it is done.
And the product that is the gradient of some weights fetches these, and what the optimiser remembers
of them, for the update that follows. For 2048-2048-2048-10 at batch 256 with Adam, a step takes a
sixteenth less. (With 384 samples there is little left to win, and with 512 nothing.)

Sums add their products in the same order as in :mod:`.matmul`: the bits are the same.
"""

from .jit import njit
from .machine import TILE_ROWS, TILE_VECTORS, VECTOR_BYTES
from .matmul import copy_strip, tile_shape, transpose_panel, window
from .tiles import Matrix, copy_rows, tile_fetching, tile_product

# Bytes of `a` that are copied at once: half of a second-level cache.
KEPT_BYTES = 1 << 19


@njit
def _panel(itemsize):
    """Columns of a panel: those of a tile."""
    return TILE_VECTORS * VECTOR_BYTES // itemsize


@njit
def part_of(rows, depth, itemsize):
    """How deep the parts of a product should be: a tile fetches a square piece at most."""
    most = min(rows // TILE_ROWS * _panel(itemsize), KEPT_BYTES // (rows * itemsize))
    return -(-depth // -(-depth // most))


@njit
def _strip_size(depth, itemsize):
    """Elements of a strip of `a`, in either order, and of what a copy may overwrite before it."""
    lanes = VECTOR_BYTES // itemsize
    return -(-TILE_ROWS // lanes) * lanes * (depth + 2 * lanes)


@njit
def strips_size(rows, depth, itemsize):
    """Elements of a copy of `a` in strips."""
    return -(-rows // TILE_ROWS) * _strip_size(depth, itemsize)


@njit
def _strip(strips, depth, number, are_rows):
    """One of some strips, as high as a tile, whose rows, or else columns, are contiguous."""
    lanes = VECTOR_BYTES // strips.itemsize
    at = 2 * lanes + number * _strip_size(depth, strips.itemsize)
    if are_rows:
        return Matrix(strips, at, depth + 2 * lanes, 1)
    return Matrix(strips, at, 1, -(-TILE_ROWS // lanes) * lanes)


@njit
def copy_strips(strips, a, rows, depth, room):
    """Copy `a` in strips that have room for some depth, in the order that `a` has."""
    for number in range(-(-rows // TILE_ROWS)):
        i = number * TILE_ROWS
        strip = _strip(strips, room, number, a.step == 1)
        copy_strip(strip, window(a, i, 0), min(TILE_ROWS, rows - i), depth)


@njit
def _panel_size(depth, itemsize):
    """Elements of a panel of `b`, and of what a copy may overwrite before and after it."""
    return (depth + 2 * VECTOR_BYTES // itemsize) * _panel(itemsize)


@njit
def fetching_scratch_size(part, itemsize):
    """Elements of scratch that `product_fetching` needs."""
    return 2 * _panel_size(part, itemsize)


@njit
def _copy_piece(panel, b, first, height, depth, width):
    """Copy rows ``first ... first + height - 1`` of a panel of `b`, if it has so many."""
    height = min(height, depth - first)
    if height > 0 and width > 0:
        to, of = window(panel, first, 0), window(b, first, 0)
        if b.step == 1:
            copy_rows(to, of, height, width)
        else:
            transpose_panel(to, of, height, width)


@njit
def _strip_product(c, start, a, b, rows, width, depth):
    """A strip of a panel of ``c = start + a @ b``, in tiles as high as there are."""
    i = 0
    while i < rows:
        height, _ = tile_shape(rows - i)
        to, of, left = window(c, i, 0), window(start, i, 0), window(a, i, 0)
        tile_product(to, of, left, b, height, width, depth, 1, 0, 0)
        i += height


@njit
def product_fetching(c, start, strips, b, rows, columns, depth, part, scratch):
    """``c = start + a @ b`` on the calling thread, as `product_serial`, for a `b` from memory.

    Parameters
    ----------
    c, start : Matrix, (rows, columns)
    strips : ndarray
        The rows of `a` as `copy_strips` copies them, in parts: of each, `strips_size` elements.
    b : Matrix, (depth, columns)
    rows, columns, depth : int
        The depth is at most `LONG`.
    part : int
        What `part_of` says for this many rows or more.
    scratch : ndarray, (`fetching_scratch_size` elements or more)
    """
    itemsize = scratch.itemsize
    panel, lanes = _panel(itemsize), VECTOR_BYTES // itemsize
    own, other = lanes, lanes + _panel_size(part, itemsize)
    whole, panels = rows // TILE_ROWS, -(-columns // panel)
    count, size = -(-rows // TILE_ROWS), strips_size(rows, part, itemsize)
    height = lanes * -(-part // (max(whole, 1) * lanes))
    # A piece is this many rows of `b`, or all columns of a panel.
    fetched = height if b.step == 1 else panel
    _copy_piece(Matrix(scratch, own, panel, 1), b, 0, part, part, min(panel, columns))
    for number in range(panels * -(-depth // part)):
        k, j = number // panels * part, number % panels * panel
        d, width = min(part, depth - k), min(panel, columns - j)
        of_part = strips[number // panels * size :]
        next_k, next_j = (number + 1) // panels * part, (number + 1) % panels * panel
        next_d, next_width = min(part, depth - next_k), min(panel, columns - next_j)
        following, to = window(b, next_k, next_j), Matrix(scratch, other, panel, 1)
        right = Matrix(scratch, own, panel, 1)
        for strip in range(count):
            i = strip * TILE_ROWS
            left, total = _strip(of_part, part, strip, True), window(c, i, j)
            of = total if k > 0 else window(start, i, j)
            if strip < whole and width == panel and strip * height < next_d:
                ahead = window(following, strip * height, 0)
                ahead = Matrix(ahead.values, ahead.at, max(b.row, b.step), 1)
                tile_fetching(total, of, left, right, ahead, d, fetched)
            else:
                _strip_product(total, of, left, right, min(TILE_ROWS, rows - i), width, d)
            if strip > 0:  # what the tile before has fetched is there now
                _copy_piece(to, following, (strip - 1) * height, height, next_d, next_width)
        rest = (count - 1) * height
        _copy_piece(to, following, rest, part, next_d, next_width)
        own, other = other, own


@njit
def gradient_fetching(c, zeros, a, panels, rows, columns, depth, scratch, weights, count, distance):
    """``c = a @ panels`` for a strip of weights, whose numbers are fetched.

    Parameters
    ----------
    c : Matrix, (rows, columns)
    zeros : Matrix
    a : Matrix, (rows, depth)
    panels : Matrix
        All of `b`, as :func:`.matmul.panels_at` describes it.
    rows, columns, depth : int
    scratch : ndarray, (`strips_size` elements or more)
    weights : Matrix
        The first of the weights that this is the gradient of.
    count, distance : int
        How many runs of as many numbers are fetched, the weights being the first of them, and how
        far apart the others are: there is a gap as wide as one after the weights.
    """
    panel = _panel(scratch.itemsize)
    copy_strips(scratch, a, rows, depth, depth)
    piece, tile = count * TILE_ROWS * panel, 0
    for j in range(0, columns, panel):
        right, width = window(panels, 0, j // panel), min(panel, columns - j)
        right = Matrix(right.values, right.at, panel, 1)
        for i in range(0, rows, TILE_ROWS):
            left, to = _strip(scratch, depth, i // TILE_ROWS, False), window(c, i, j)
            height, run = min(TILE_ROWS, rows - i), tile % count
            if height == TILE_ROWS and width == panel:
                at = weights.at + tile // count * piece + (run + (run > 0)) * distance
                ahead = Matrix(weights.values, at, panel, 1)
                tile_fetching(to, zeros, left, right, ahead, depth, count * TILE_ROWS)
            else:
                _strip_product(to, zeros, left, right, height, width, depth)
            tile += 1
