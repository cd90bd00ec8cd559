"""The tile, the copies and the dense products against float64, for every awkward size."""

import itertools

import numba
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from fastscratch.kernels import denormals, instructions, machine, matmul, tiles
from fastscratch.kernels.jit import FASTMATH
from fastscratch.kernels.tiles import Matrix
from fastscratch.reference.optimizers import adamw_step

# Numba's own decorator: functions made inside of functions must not go to the disk cache.
njit = numba.njit(error_model="numpy", fastmath=FASTMATH)

INTERPRETED = bool(numba.config.DISABLE_JIT)
DTYPES = [np.float32, np.float64]
GUARD = 40


def random(shape, dtype, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(dtype)


def assert_product(c, a, b, start=0.0):
    """Within (depth + 2) roundings of the sum of magnitudes, which bounds every order of adding."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    tolerance = (a.shape[1] + 2) * np.finfo(c.dtype).eps * (np.abs(a) @ np.abs(b) + np.abs(start))
    assert c.shape == (a.shape[0], b.shape[1])
    assert np.all(np.abs(c - (a @ b + start)) <= tolerance)


def guarded(array):
    """A copy of `array` between two stretches of nan, to notice what is written beside it."""
    flat = np.full(array.size + 2 * GUARD, np.nan, array.dtype)
    inside = flat[GUARD : GUARD + array.size].reshape(array.shape)
    inside[...] = array
    return flat, inside


@njit
def tile(c, start, start_row, a, a_row, a_step, b, height, width, depth, c_at, b_at):
    tiles.tile_product(
        Matrix(c, c_at, width, 1),
        Matrix(start, 0, start_row, 1),
        Matrix(a, 0, a_row, a_step),
        Matrix(b, b_at, width, 1),
        height,
        width,
        depth,
        1,
        0,
        0,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", machine.TILE_HEIGHTS)
def test_tile_writes_the_tile_and_nothing_else(dtype, height):
    lanes = machine.VECTOR_BYTES // np.dtype(dtype).itemsize
    for width in range(1, machine.TILE_VECTORS * lanes + 1):
        for depth in (0, 1, 7):
            a, bias = random((height, depth), dtype, 1), random(width, dtype, 3)
            b_flat, b = guarded(random((depth, width), dtype, 2))
            c_flat, c = guarded(np.zeros((height, width), dtype))
            args = b_flat, height, width, depth, GUARD, GUARD
            tile(c_flat, bias, 0, a.ravel(), depth, 1, *args)
            assert_product(c, a, b, bias)
            assert np.isnan(c_flat).sum() == 2 * GUARD
            # The same from a transposed left factor, bit for bit.
            before = c.copy()
            tile(c_flat, bias, 0, a.T.ravel(), 1, height, *args)
            assert np.array_equal(c, before)


@njit
def update(c, a, a_row, a_step, b, height, width, depth, scale):
    tiles.tile_update(
        Matrix(c, GUARD, width, 1),
        Matrix(c, GUARD, width, 1),
        Matrix(a, 0, a_row, a_step),
        Matrix(b, GUARD, width, 1),
        height,
        width,
        depth,
        1,
        0,
        0,
        scale,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", machine.TILE_HEIGHTS)
def test_update_adds_the_scaled_product_to_the_tile(dtype, height):
    lanes = machine.VECTOR_BYTES // np.dtype(dtype).itemsize
    scale = dtype(-0.5)  # scaling `a` instead rounds nothing
    for width in range(1, machine.TILE_VECTORS * lanes + 1):
        for depth in (0, 1, 7):
            a = random((height, depth), dtype, 1)
            b_flat, b = guarded(random((depth, width), dtype, 2))
            c_flat, c = guarded(random((height, width), dtype, 3))
            before = c.copy()
            update(c_flat, a.ravel(), depth, 1, b_flat, height, width, depth, scale)
            assert_product(c, scale * a, b, before)
            assert np.isnan(c_flat).sum() == 2 * GUARD


@njit
def ahead(c, start, a, b, width, depth, distance):
    tiles.tile_ahead(
        Matrix(c, GUARD, width, 1),
        Matrix(start, 0, 0, 1),
        Matrix(a, 0, depth, 1),
        Matrix(b, GUARD, width, 1),
        width,
        depth,
        distance,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("distance", [0, 100, 1 << 40])
def test_tile_that_fetches_ahead(dtype, distance):
    """What is fetched makes no difference, and need not be there."""
    lanes = machine.VECTOR_BYTES // np.dtype(dtype).itemsize
    for width in range(1, machine.TILE_VECTORS * lanes + 1):
        for depth in (0, 1, 7):
            a, bias = random((machine.TILE_ROWS, depth), dtype, 1), random(width, dtype, 3)
            b_flat, b = guarded(random((depth, width), dtype, 2))
            c_flat, c = guarded(np.zeros((machine.TILE_ROWS, width), dtype))
            ahead(c_flat, bias, a.ravel(), b_flat, width, depth, distance)
            assert_product(c, a, b, bias)
            assert np.isnan(c_flat).sum() == 2 * GUARD


@njit
def fetching(c, start, a, b, width, depth, distance, rows):
    tiles.tile_fetching(
        Matrix(c, GUARD, width, 1),
        Matrix(start, 0, 0, 1),
        Matrix(a, 0, depth, 1),
        Matrix(b, GUARD, width, 1),
        Matrix(b, distance, distance, 1),
        depth,
        rows,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("distance", [0, 100, 1 << 40])
def test_tile_that_fetches_rows(dtype, distance):
    """What is fetched makes no difference, and need not be there."""
    width = machine.TILE_VECTORS * machine.VECTOR_BYTES // np.dtype(dtype).itemsize
    for depth, rows in itertools.product((0, 1, 7, 40), (1, 3, 40)):
        a, bias = random((machine.TILE_ROWS, depth), dtype, 1), random(width, dtype, 3)
        b_flat, b = guarded(random((depth, width), dtype, 2))
        c_flat, c = guarded(np.zeros((machine.TILE_ROWS, width), dtype))
        fetching(c_flat, bias, a.ravel(), b_flat, width, depth, distance, rows)
        assert_product(c, a, b, bias)
        assert np.isnan(c_flat).sum() == 2 * GUARD


@njit
def window_tile(c, start, a, b, c_step, a_row, b_step, height, width, sizes):
    depth, turns, a_jump, b_jump, b_row = sizes
    tiles.tile_product(
        Matrix(c, 0, c.size // height, c_step),
        Matrix(start, 0, start.size // height, 0),
        Matrix(a, 0, a_row, 1),
        Matrix(b, 0, b_row, b_step),
        height,
        width,
        depth,
        turns,
        a_jump,
        b_jump,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("tile", machine.TILES, ids=str)
def test_tile_of_vectors_that_lie_apart(dtype, tile):
    """Rows, vectors and turns of the loops each with a stride of their own."""
    height, most = tile
    lanes, depth, turns = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, 3, 2
    for vectors in range(1, most + 1):
        a = random((height, turns, depth + 2), dtype, 1)
        b = random((turns, depth + 1, vectors, 2, lanes), dtype, 2)
        start = random((height, lanes), dtype, 3)
        c = np.full((height, vectors, 3, lanes), np.nan, dtype)
        b_row = vectors * 2 * lanes
        sizes = depth, turns, 2, b_row, b_row
        window_tile(
            c.ravel(),
            start.ravel(),
            a.ravel(),
            b.ravel(),
            3,
            a[0].size,
            2,
            height,
            vectors * lanes,
            sizes,
        )
        left = a[:, :, :depth].reshape(height, -1)
        right = b[:, :depth, :, 0].reshape(turns * depth, -1)
        written = np.ascontiguousarray(c[:, :, 0]).reshape(height, -1)
        assert_product(written, left, right, np.tile(start, vectors))
        assert np.isnan(c[:, :, 1:]).all()


@njit
def dots(c, start, a, b, c_step, height, width, sizes):
    depth, turns, a_jump, b_jump, a_row, a_step, b_row, b_step = sizes
    tiles.dot_tile(
        Matrix(c, 0, 1, c_step),
        Matrix(start, 0, width, 1),
        Matrix(a, 0, a_row, a_step),
        Matrix(b, 0, b_row, b_step),
        height,
        width,
        depth,
        turns,
        a_jump,
        b_jump,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", range(1, machine.DOT_ROWS + 1))
@pytest.mark.parametrize("width", range(1, machine.DOT_COLUMNS + 1))
def test_dot_tile(dtype, height, width):
    lanes, depth, turns = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, 5, 3
    a = random((turns, depth + 1, height, 2, lanes), dtype, 1)  # every second vector, and jumps
    b = random((turns, depth + 2, width, lanes), dtype, 2)
    start, c = random((height, width), dtype, 3), np.full((width, height), np.nan, dtype)
    a_step, b_row = height * 2 * lanes, width * lanes
    sizes = depth, turns, a_step, 2 * b_row, 2 * lanes, a_step, b_row, lanes
    dots(c.ravel(), start.ravel(), a.ravel(), b.ravel(), height, height, width, sizes)
    left = np.moveaxis(a[:, :depth, :, 0], 2, 0).reshape(height, -1)
    right = np.moveaxis(b[:, :depth], 2, -1).reshape(-1, width)
    assert_product(c.T, left, right, start)


@njit
def lane_products(c, start, a, b, c_step, height, width, lanes, sizes):
    depth, turns, a_jump, b_jump, a_row, a_step, b_row, b_step = sizes
    tiles.lane_tile(
        Matrix(c, 0, lanes, c_step),
        Matrix(start, 0, width * lanes, lanes),
        Matrix(a, 0, a_row, a_step),
        Matrix(b, 0, b_row, b_step),
        height,
        width,
        depth,
        turns,
        a_jump,
        b_jump,
    )


@njit
def chain_products(c, start, a, b, c_step, height, width, lanes, sizes):
    depth, turns, a_jump, b_jump, a_row, a_step, b_row, b_step = sizes
    tiles.chain_tile(
        Matrix(c, 0, lanes, c_step),
        Matrix(start, 0, width * lanes, lanes),
        Matrix(a, 0, a_row, a_step),
        Matrix(b, 0, b_row, b_step),
        height,
        width,
        depth,
        turns,
        a_jump,
        b_jump,
    )


@pytest.mark.parametrize("products", [lane_products, chain_products])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", range(1, machine.DOT_ROWS + 1))
@pytest.mark.parametrize("width", range(1, machine.DOT_COLUMNS + 1))
def test_lane_and_chain_tile(products, dtype, height, width):
    """Each lane is a product of its own."""
    lanes, depth, turns = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, 5, 3
    a = random((turns, depth + 1, height, 2, lanes), dtype, 1)  # every second vector, and jumps
    b = random((turns, depth + 2, width, lanes), dtype, 2)
    start = random((height, width, lanes), dtype, 3)
    flat, c = guarded(np.full((width, height, lanes), np.nan, dtype))
    a_step, b_row = height * 2 * lanes, width * lanes
    sizes = depth, turns, a_step, 2 * b_row, 2 * lanes, a_step, b_row, lanes
    arrays = c.reshape(-1), start.ravel(), a.ravel(), b.ravel()
    products(*arrays, height * lanes, height, width, lanes, sizes)
    for lane in range(lanes):
        left = np.moveaxis(a[:, :depth, :, 0, lane], 2, 0).reshape(height, -1)
        right = b[:, :depth, :, lane].reshape(-1, width)
        assert_product(c[..., lane].T, left, right, start[..., lane])
    assert np.isnan(flat).sum() == 2 * GUARD


@njit
def adam(weights, paces, start, a, b, height, width, depth, lanes, numbers):
    renew_1, renew_2, floor = numbers
    tiles.adam_tile(
        Matrix(weights, GUARD, lanes, height * lanes),
        Matrix(paces, 0, lanes, 0),
        Matrix(start, 0, width * lanes, lanes),
        Matrix(a, 0, lanes, height * lanes),
        Matrix(b, 0, width * lanes, lanes),
        height,
        width,
        depth,
        weights.size // 3,
        renew_1,
        renew_2,
        floor,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", range(1, machine.DOT_ROWS + 1))
@pytest.mark.parametrize("width", range(1, machine.DOT_COLUMNS + 1))
def test_adam_tile(dtype, height, width):
    """Each lane takes the step of the reference, with its own rate and decay."""
    lanes, depth = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, 5
    a, b = random((depth, height, lanes), dtype, 1), random((depth, width, lanes), dtype, 2)
    start, paces = random((height, width, lanes), dtype, 3), abs(random((2, lanes), dtype, 4))
    sections = [guarded(abs(random((width, height, lanes), dtype, seed)))[0] for seed in (5, 6, 7)]
    flat = np.concatenate(sections)
    weights, first, second = (
        part[GUARD:-GUARD].reshape(width, height, lanes) for part in np.split(flat, 3)
    )
    step, beta_1, beta_2 = 9, 0.75, 0.875
    correction = np.sqrt(1 - beta_2 ** (step + 1)) / (1 - beta_1 ** (step + 1))
    gradient = start.astype(float) + np.einsum("khl,kwl->hwl", a.astype(float), b)
    wanted = [part.astype(float) for part in (weights, first, second)]
    for lane, (rate, decay) in enumerate(paces.T.astype(float)):
        own = [part[..., lane].T.ravel() for part in wanted]
        rate /= correction  # which the tile's rate has in it
        arguments = rate, decay / rate, beta_1, beta_2, 1e-3, step
        adamw_step(*own, gradient[..., lane].ravel(), *arguments)
        for part, numbers in zip(wanted, own, strict=True):
            part[..., lane] = numbers.reshape(height, width).T
    numbers = dtype(1 - beta_1), dtype(1 - beta_2), dtype(1e-3)
    arrays = flat, paces.ravel(), start.ravel(), a.ravel(), b.ravel()
    adam(*arrays, height, width, depth, lanes, numbers)
    for part, numbers in zip((weights, first, second), wanted, strict=True):
        assert np.allclose(part, numbers, rtol=0, atol=200 * np.finfo(dtype).eps)
    assert np.isnan(flat).sum() == 6 * GUARD


@njit
def slide(c, start, a, b, height, lanes, sizes):
    depth, turns, a_jump, b_jump, a_row, a_step, b_row = sizes
    tiles.slide_tile(
        Matrix(c, 0, lanes, 0),
        Matrix(start, 0, 0, 0),
        Matrix(a, 0, a_row, a_step),
        Matrix(b, 0, b_row, 0),
        height,
        1,
        depth,
        turns,
        a_jump,
        b_jump,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", [1, 3, 4, 8, 15, 29])
def test_slide_tile(dtype, height):
    """A window of 3 x 5 slides along an image of vectors, two at a time."""
    lanes, depth, turns = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, 5, 3
    width = 2 * height + depth - 2
    a, b = random((turns, width, lanes), dtype, 1), random((turns, depth, lanes), dtype, 2)
    start = random(lanes, dtype, 3)
    flat, c = guarded(np.full((height, lanes), np.nan, dtype))
    sizes = depth, turns, (width - depth) * lanes, 0, 2 * lanes, lanes, lanes
    slide(c.reshape(-1), start, a.ravel(), b.ravel(), height, lanes, sizes)
    for lane in range(lanes):
        seen = np.stack([a[:, 2 * i : 2 * i + depth, lane].ravel() for i in range(height)])
        assert_product(c[:, [lane]], seen, b[..., lane].reshape(-1, 1), start[lane])
    assert np.isnan(flat).sum() == 2 * GUARD


@njit
def four_maxima(c, argmax, start, a, b, height, lanes, sizes):
    depth, turns, b_jump, below, right = sizes
    tiles.maxima_tile(
        Matrix(c, GUARD, lanes, 0),
        Matrix(argmax, GUARD, lanes, 0),
        Matrix(start, 0, lanes, 0),
        Matrix(a, 0, 1, height),
        Matrix(b, 0, lanes, right),
        height,
        depth,
        turns,
        b_jump,
        below,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", range(1, machine.MAXIMA_ROWS + 1))
def test_maxima_tile(dtype, height):
    """A window of 3 x 2 pixels at four places; whole numbers, so that the sums are exact."""
    lanes, draw = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, np.random.default_rng(height)
    image = draw.integers(-2, 3, (4, 5, lanes)).astype(dtype)
    filters, start = (draw.integers(-2, 3, shape) for shape in ((3, 2, height), (height, lanes)))
    filters, start = filters.astype(dtype), start.astype(dtype)
    image[0, 0, 0] = image[3, 3, 1] = np.nan  # in the first window, and in the last
    (flat, c), (flat_places, places) = (guarded(np.zeros((height, lanes), dtype)) for _ in "ab")
    sizes = 2, 3, 3 * lanes, 5 * lanes, 2 * lanes
    four_maxima(
        flat, flat_places, start.ravel(), filters.ravel(), image.ravel(), height, lanes, sizes
    )
    sums = np.stack(
        [
            start + np.einsum("yxl,yxo->ol", image[y : y + 3, x : x + 2], filters)
            for y in (0, 1)
            for x in (0, 2)
        ]
    )
    np.testing.assert_array_equal(c, sums.max(axis=0))
    np.testing.assert_array_equal(places, sums.argmax(axis=0))
    assert np.isnan(flat).sum() == 2 * GUARD + 2 * height
    assert np.isnan(flat_places).sum() == 2 * GUARD


@njit
def winners_of_window(c, values, argmax, x, taps, depth, turns, filters, lanes):
    width = x.shape[1] * lanes
    both = np.concatenate((values, argmax))
    tiles.winner_tile(
        Matrix(c, GUARD, 1, taps),
        Matrix(both, 0, 0, filters * lanes),
        Matrix(x.reshape(-1), 0, width, lanes),
        taps,
        depth,
        turns,
        2 * (width - depth * lanes),
        values.size,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("taps", machine.WINNER_TAPS)
def test_winner_tile(dtype, taps):
    """The first of two filters; whole numbers, so that the sums are exact."""
    lanes, draw = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, np.random.default_rng(taps)
    depth, turns, filters = 3, 2, 2
    image = draw.integers(-3, 4, (2 * turns + taps - 1, 2 * depth + taps, lanes)).astype(dtype)
    values = draw.integers(-3, 4, (turns, depth, filters, lanes)).astype(dtype)
    places = draw.integers(0, 4, values.shape).astype(dtype)
    start = draw.integers(-3, 4, (taps, taps)).astype(dtype)
    flat, c = guarded(start.T)
    winners_of_window(
        flat, values.ravel(), places.ravel(), image, taps, depth, turns, filters, lanes
    )
    expected = start.copy()
    for y, x, lane in np.ndindex(turns, depth, lanes):
        py, px = divmod(int(places[y, x, 0, lane]), 2)
        top, left = 2 * y + py, 2 * x + px
        seen = image[top : top + taps, left : left + taps, lane]
        expected += values[y, x, 0, lane] * seen
    np.testing.assert_array_equal(c.T, expected)
    assert np.isnan(flat).sum() == 2 * GUARD


@njit
def slide_window(c, bias, a, b, taps, positions, edges, missing, past_caches):
    left, right, above, below = edges
    height, width, lanes = c.shape
    zeros = np.zeros(lanes, c.dtype)
    tiles.window_tile(
        Matrix(c.reshape(-1), 0, width * lanes, lanes),
        Matrix(bias, 0, 0, 0),
        Matrix(zeros, 0, 0, 0),
        # Rows above the image have places before it.
        Matrix(a.reshape(-1), -above * a.shape[1] * lanes, a.shape[1] * lanes, lanes),
        Matrix(b.reshape(-1), 0, taps * lanes, lanes),
        height,
        taps,
        positions,
        left,
        right,
        above,
        below,
        missing,
        past_caches,
    )
    instructions.finish_stores()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("height", "taps"), machine.WINDOWS)
def test_window_tile(dtype, height, taps):
    """A window slides along an image with and without padding on each side."""
    lanes = machine.VECTOR_BYTES // np.dtype(dtype).itemsize
    some = ((0, 0, 0, 0), (1, 1, 1, 1), (taps - 1, 0, 0, taps - 1), (1, taps - 1, taps - 1, 0))
    for positions, edges in itertools.product((0, 1, 6), some):
        left, right, above, below = edges
        rows, columns = height + taps - 1 - above - below, positions + taps - 1 - left
        if rows < 1 or columns < 1 or positions + right < 1:
            continue
        a, b = random((rows, columns, lanes), dtype, 1), random((taps, taps, lanes), dtype, 2)
        bias = random(lanes, dtype, 3)
        flat, c = guarded(np.full((height, positions + right, lanes), np.nan, dtype))
        missing = positions // 2 % lanes if machine.MASKS else 0
        slide_window(c, bias, a, b, taps, positions, edges, missing, 0)
        if missing == 0:
            place = np.empty(c.nbytes + machine.VECTOR_BYTES, np.uint8)
            place = place[-place.ctypes.data % machine.VECTOR_BYTES :][: c.nbytes]
            stored = place.view(dtype).reshape(c.shape)
            slide_window(stored, bias, a, b, taps, positions, edges, 0, 1)
            np.testing.assert_array_equal(stored, c)
        image = np.pad(a, ((above, below), (left, right), (0, 0)))
        assert np.isnan(c[..., :missing]).all()
        for lane in range(missing, lanes):
            seen = sliding_window_view(image[..., lane], (taps, taps)).reshape(-1, taps * taps)
            found = c[..., lane].reshape(-1, 1)
            assert_product(found, seen, b[..., lane].reshape(-1, 1), bias[lane])
        assert np.isnan(flat).sum() == 2 * GUARD + c[..., :missing].size


@njit
def pick(target, row, addresses, width):
    tiles.pick_rows(Matrix(target, GUARD, row, 1), addresses, width)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pick_rows(dtype):
    """Rows that lie anywhere become columns; nothing is written beside them."""
    lanes = machine.VECTOR_BYTES // np.dtype(dtype).itemsize
    for width in range(1, 3 * lanes + 2):
        table = random((2 * lanes, width), dtype, width)
        chosen = np.random.default_rng(width).integers(2 * lanes, size=lanes)
        addresses = np.array([table[k].ctypes.data for k in chosen], np.int64)
        flat, columns = guarded(np.full((width, lanes), np.nan, dtype))
        pick(flat, lanes, addresses, width)
        np.testing.assert_array_equal(columns, table[chosen].T)
        assert np.isnan(flat).sum() == 2 * GUARD


def odd_shapes():
    if INTERPRETED:
        return [(1, 1, 1), (1, 3, 9), (3, 5, 2), (7, 4, 9), (13, 2, 5)]
    small = [(m, k, n) for m in (1, 2, 13, 23) for k in (0, 1, 17, 40) for n in (1, 3, 15, 33, 47)]
    return [
        *small,
        (10, 784, 100),
        (128, 512, 10),
        (37, 1000, 61),
        (129, 257, 130),
        (12, 9, 1100),
        (520, 64, 48),
        (100, 400, 520),
        (192, 1024, 1024),
        (260, 2048, 33),
    ]


@njit
def strided_product(c, a, a_strides, b, b_strides, depth, scratch):
    """``c = a @ b`` of matrices with any strides, which are a row's and a column's."""
    rows, columns = c.shape
    matmul.product(
        Matrix(c.reshape(-1), 0, columns, 1),
        Matrix(np.zeros(machine.VECTOR_BYTES // c.itemsize, c.dtype), 0, 0, 0),
        Matrix(a.reshape(-1), 0, a_strides[0], a_strides[1]),
        Matrix(b.reshape(-1), 0, b_strides[0], b_strides[1]),
        rows,
        columns,
        depth,
        scratch,
    )


def product_of(c, a, b):
    """The same of views in NumPy, one of whose strides is that of one element."""
    depth, size = a.shape[1], c.itemsize
    scratch = np.empty(
        (numba.get_num_threads(), matmul.scratch_size(depth, c.shape[1], size)), c.dtype
    )
    (left, left_strides), (right, right_strides) = (
        (np.ascontiguousarray(m.T), (1, len(m))) if m.flags.f_contiguous else (m, (m.shape[1], 1))
        for m in (a, b)
    )
    strided_product(c, left, left_strides, right, right_strides, depth, scratch)


#: How the factors lie in memory: as they are in the forward pass of a dense layer, and, one of them
#: transposed, in the gradients of its weights and of its inputs.
FORMS = {
    "nn": lambda a, b: (a, b),
    "tn": lambda a, b: (np.asfortranarray(a), b),
    "nt": lambda a, b: (a, np.asfortranarray(b)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("form", FORMS)
def test_matmul(form, dtype):
    for m, k, n in odd_shapes():
        a, b = random((m, k), dtype, 1), random((k, n), dtype, 2)
        flat, c = guarded(np.zeros((m, n), dtype))
        product_of(c, *FORMS[form](a, b))
        assert_product(c, a, b)
        assert np.isnan(flat).sum() == 2 * GUARD


@njit
def one_product(c, bias, a, b, scratch, kind):
    rows, columns = c.shape
    depth = a.shape[1]
    to, of = Matrix(c.reshape(-1), 0, columns, 1), Matrix(bias, 0, 0, 1)
    left, right = Matrix(a.reshape(-1), 0, depth, 1), Matrix(b.reshape(-1), 0, columns, 1)
    if kind == 0:
        matmul.product_serial(to, of, left, right, rows, columns, depth, scratch, 1.0)
    elif kind == 1:
        matmul.product_ahead(to, of, left, right, rows, columns, depth, scratch)
    else:
        matmul.product_of_dots(to, of, left, right, rows, columns, depth, scratch)


@pytest.mark.parametrize("dtype", DTYPES)
def test_product_that_fetches_ahead_has_the_bits_of_the_other(dtype):
    shapes = odd_shapes() if INTERPRETED else [*odd_shapes(), (30, 1024, 22), (30, 5000, 22)]
    for m, k, n in shapes:
        a, b, bias = random((m, k), dtype, 1), random((k, n), dtype, 2), random(n, dtype, 3)
        scratch = np.empty(matmul.scratch_size(k, n, a.itemsize), dtype)
        c, expected = np.zeros((2, m, n), dtype)
        one_product(expected, bias, a, b, scratch, 0)
        one_product(c, bias, a, b, scratch, 1)
        assert np.array_equal(c, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", range(1, machine.DOT_COLUMNS + 1))
def test_product_of_few_columns(dtype, columns):
    for m, k in [(1, 1), (3, 16), (7, 35), (13, 64), (1, 100)]:
        a, b = random((m, k), dtype, 1), random((k, columns), dtype, 2)
        bias, scratch = random(columns, dtype, 3), np.empty(k * columns, dtype)
        flat, c = guarded(np.zeros((m, columns), dtype))
        one_product(c, bias, a, b, scratch, 2)
        assert_product(c, a, b, bias)
        assert np.isnan(flat).sum() == 2 * GUARD


@pytest.mark.parametrize("dtype", DTYPES)
def test_matmul_bias(dtype):
    for m, k, n in odd_shapes():
        a, b, bias = random((m, k), dtype, 1), random((k, n), dtype, 2), random(n, dtype, 3)
        c = np.empty((m, n), dtype)
        matmul.matmul_bias(c, a, b, bias)
        assert_product(c, a, b, bias)


@pytest.mark.skipif(INTERPRETED, reason="one thread")
@pytest.mark.parametrize("form", FORMS)
def test_bits_do_not_depend_on_the_number_of_threads(form):
    threads = numba.get_num_threads()
    if threads == 1:
        pytest.skip("one thread")
    for m, k, n in [(130, 200, 150), (128, 784, 512), (512, 512, 512), (300, 1024, 700)]:
        a, b = FORMS[form](random((m, k), np.float32, 1), random((k, n), np.float32, 2))
        one, many = np.empty((m, n), np.float32), np.empty((m, n), np.float32)
        try:
            numba.set_num_threads(1)
            product_of(one, a, b)
        finally:
            numba.set_num_threads(threads)
        product_of(many, a, b)
        assert np.array_equal(one, many)


@njit
def accumulate(c, a, b, scratch):
    (rows, columns), depth = c.shape, a.shape[1]
    to = Matrix(c.reshape(-1), 0, columns, 1)
    matmul.product_serial(
        to,
        to,
        Matrix(a.reshape(-1), 0, depth, 1),
        Matrix(b.reshape(-1), 0, columns, 1),
        rows,
        columns,
        depth,
        scratch,
        1.0,
    )


def test_product_accumulates():
    for m, k, n in odd_shapes():
        a, b, c = (random(s, np.float64) for s in ((m, k), (k, n), (m, n)))
        before = c.copy()
        accumulate(c, a, b, np.empty(matmul.scratch_size(k, n, 8)))
        assert_product(c, a, b, before)


@njit
def runs(c, width, x, pitch, step, found, height, run, count):
    tiles.gather_runs(
        Matrix(c, GUARD, width, 1),
        Matrix(x, GUARD, pitch, step),
        Matrix(found, 0, found.size // 2, 1),
        height,
        run,
        count,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("height", range(1, 1 + machine.RUN_ROWS))
def test_sparse_runs(dtype, height):
    """Sums of the runs of a few places; whatever else is touched keeps its value."""
    lanes, pitch, room = machine.VECTOR_BYTES // np.dtype(dtype).itemsize, 100, 40
    for run in range(1, machine.RUN_VECTORS * lanes + 1):
        width = -(-run // lanes) * lanes
        for count, step in ((0, 0), (1, 5), (7, 0), (19, 3)):
            values = random(room, dtype, run)
            values[:count:3] = 0
            places = np.random.default_rng(run).integers(0, 50, room)
            places[:count:3] = 1 << 20  # where no memory is: it must not be read
            found = np.append(values, places.astype(dtype))
            start = random((height, width), dtype, 1)
            start[:, run:] = 0
            x = random(GUARD + height * pitch + 50 + 3 * room + 2 * GUARD, dtype, 2)
            windows = GUARD + np.arange(height)[:, None] * pitch + np.arange(run)

            flat, c = guarded(start)
            runs(flat, width, x, pitch, step, found, height, run, count)
            expected, terms = start.astype(float), np.abs(start.astype(float))
            for e in range(count):
                if values[e] != 0:
                    products = float(values[e]) * x[windows + places[e] + step * e].astype(float)
                    expected[:, :run] += products
                    terms[:, :run] += np.abs(products)
            off = np.abs(c - expected)[:, :run]
            assert np.all(off <= (count + 2) * np.finfo(dtype).eps * terms[:, :run])
            assert np.isnan(flat).sum() == 2 * GUARD


def test_nan_and_inf_pass_through():
    a, b = np.ones((5, 3), np.float32), np.ones((3, 4), np.float32)
    a[1, 2], b[0, 3] = np.nan, np.inf
    c = np.empty((5, 4), np.float32)
    matmul.matmul(c, a, b)
    np.testing.assert_array_equal(c, a @ b)


@njit
def half_of_tiny(x):
    old = denormals.set_denormals_flushed()
    x[0] = x[1] * x[2]
    denormals.restore_denormals(old)
    x[3] = x[1] * x[2]


@pytest.mark.skipif(INTERPRETED, reason="the interpreter keeps denormals")
def test_denormals_are_flushed_and_restored():
    x = np.array([-1, np.finfo(np.float64).tiny, 0.5, -1])
    half_of_tiny(x)
    assert x[0] == 0
    assert x[3] > 0
