"""Products of a matrix that is mostly zeros, such as the pixels of digits, with another matrix.

A product with zero adds nothing. But to ask of every number whether it is zero takes longer than to
multiply it, if its product is not one of many that are done at once: what is left out must be whole
steps of a tile. In MNIST 19% of the pixels are not zero; and of four images, 39% of the pixels are
not zero in at least one. So the columns of each four rows that are not all zeros are listed first,
and the sums of a tile run over the list.

The sums have the same terms in the same order as those of :func:`.matmul.product_serial`, without
those that are zero. So they have the same bits, if the other matrix is finite: a zero times
infinity or NaN is NaN there, and is left out here.
"""

import numpy as np

from .jit import njit
from .machine import LISTED_ROWS, LISTED_VECTORS, VECTOR_BYTES
from .matmul import DEPTH, LONG, window
from .tiles import listed_tile, listed_update, tile_product, tile_update


def lists_size(rows, depth, itemsize):
    """Elements of scratch that the lists of a product need."""
    return rows // LISTED_ROWS * (1 + depth) * 4 // itemsize + 1


@njit
def _list_steps(steps, a, depth):
    """List the columns of `LISTED_ROWS` rows of `a` that are not all zeros; return their number."""
    count = 0
    if a.step == 1:
        # First it is noted of each column whether it is one of them: that loop is made of vectors.
        # (Of 128 x 784 numbers, 13 us in place of 36 in one loop.)
        p, q, r, s = [a.values[a.at + i * a.row :][:depth] for i in range(LISTED_ROWS)]
        for k in range(depth):
            steps[k] = abs(p[k]) + abs(q[k]) + abs(r[k]) + abs(s[k]) != 0
        for k in range(depth):
            is_step = steps[k]
            steps[count] = k
            count += is_step
    else:  # each column is contiguous
        for k in range(depth):
            x = a.values[a.at + k * a.step :][:LISTED_ROWS]
            steps[count] = k
            count += abs(x[0]) + abs(x[1]) + abs(x[2]) + abs(x[3]) != 0
    return count


@njit
def product_of_nonzeros(c, start, a, b, rows, columns, depth, scratch, scale):
    """As `product_serial`, with the same bits, where `a` is mostly zeros.

    One stride of `a` is 1, and rows of `b` are contiguous. Rows that are left over of fours are
    multiplied with their zeros, one by one.
    """
    lanes = VECTOR_BYTES // scratch.itemsize
    number, parts = scratch.dtype.type(scale), 1
    if depth > LONG:  # sums of parts, as there
        parts = -(-depth // DEPTH)
    part = -(-depth // parts)
    groups = rows // LISTED_ROWS
    lists = scratch.view(np.int32)
    for k in range(0, depth, part):
        d = min(part, depth - k)
        is_sum = scale == 1 and (k == 0 or depth <= LONG)
        for group in range(groups):
            steps = lists[groups + group * d :][:d]
            lists[group] = _list_steps(steps, window(a, group * LISTED_ROWS, k), d)
        for j in range(0, columns, LISTED_VECTORS * lanes):
            width, right = min(LISTED_VECTORS * lanes, columns - j), window(b, k, j)
            for group in range(groups):
                i, steps = group * LISTED_ROWS, lists[groups + group * d :][:d]
                to, left = window(c, i, j), window(a, i, k)
                of = to if k > 0 else window(start, i, j)
                if is_sum:
                    listed_tile(to, of, left, right, width, steps, lists[group])
                else:
                    listed_update(to, of, left, right, width, steps, lists[group], number)
            for i in range(groups * LISTED_ROWS, rows):
                to, left = window(c, i, j), window(a, i, k)
                of = to if k > 0 else window(start, i, j)
                if is_sum:
                    tile_product(to, of, left, right, 1, width, d, 1, 0, 0)
                else:
                    tile_update(to, of, left, right, 1, width, d, 1, 0, 0, number)
