"""Products that fetch memory while they work: the bits of the others, and as the naive network."""

import dataclasses

import numpy as np
import pytest
from programs import WIDE, programs_of
from test_tiles import DTYPES, GUARD, INTERPRETED, assert_product, guarded, njit, random

from fastscratch import Sequential, engine, get_num_threads, layers, optimizers, set_num_threads
from fastscratch.examples import EXAMPLES
from fastscratch.examples.comparison import compare_training
from fastscratch.kernels import matmul, wide
from fastscratch.kernels.tiles import Matrix
from fastscratch.utils import set_random_seed

#: Of rows, columns and depth.
SHAPES = [
    (1, 1, 1),
    (5, 65, 70),
    (12, 40, 100),
    (23, 7, 33),
    (100, 33, 129),
    *([] if INTERPRETED else [(96, 320, 2000), (256, 100, 1025), (301, 31, 700)]),
]


@njit
def products(expected, c, bias, a, strips, b, is_transposed, part, scratch, own):
    (rows, columns), depth = c.shape, a.shape[1]
    left, start = Matrix(a.reshape(-1), 0, depth, 1), Matrix(bias, 0, 0, 1)
    right = Matrix(b, GUARD, 1, depth) if is_transposed else Matrix(b, GUARD, columns, 1)
    to = Matrix(expected.reshape(-1), 0, columns, 1)
    matmul.product_serial(to, start, left, right, rows, columns, depth, scratch, 1.0)
    size = wide.strips_size(rows, part, a.itemsize)
    for k in range(0, depth, part):
        where = strips[k // part * size :]
        wide.copy_strips(where, matmul.window(left, 0, k), rows, min(part, depth - k), part)
    to = Matrix(c.reshape(-1), 0, columns, 1)
    wide.product_fetching(to, start, strips, right, rows, columns, depth, part, own)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("is_transposed", [False, True])
@pytest.mark.parametrize("planned", [13, 256])
def test_product_that_fetches_has_the_bits_of_the_other(dtype, is_transposed, planned):
    for rows, columns, depth in SHAPES:
        a, bias = random((rows, depth), dtype, 1), random(columns, dtype, 3)
        shape = (columns, depth) if is_transposed else (depth, columns)
        flat, b = guarded(random(shape, dtype, 2))
        part = wide.part_of(max(rows, planned), depth, a.itemsize)
        parts = -(-depth // part)
        strips = np.full(parts * wide.strips_size(rows, part, a.itemsize), np.nan, dtype)
        own_flat, own = guarded(np.zeros(wide.fetching_scratch_size(part, a.itemsize), dtype))
        scratch = np.empty(matmul.scratch_size(depth, columns, a.itemsize), dtype)
        expected = np.zeros((rows, columns), dtype)
        c_flat, c = guarded(expected)
        products(expected, c, bias, a, strips, flat, is_transposed, part, scratch, own)
        assert np.array_equal(c, expected)
        assert_product(c, a, b.T if is_transposed else b, bias)
        assert np.isnan(c_flat).sum() == 2 * GUARD
        assert np.isnan(own_flat[[*range(GUARD), *range(-GUARD, 0)]]).all()


@njit
def gradient(c, a, b, zeros, panels, scratch, weights, count, distance):
    (depth, rows), columns = a.shape, c.shape[1]
    right = matmul.panels_at(panels, 0, depth)
    matmul.copy_panels(right, Matrix(b.reshape(-1), 0, columns, 1), depth, columns)
    wide.gradient_fetching(
        Matrix(c.reshape(-1), 0, columns, 1),
        Matrix(zeros, 0, 0, 0),
        Matrix(a.reshape(-1), 0, 1, rows),
        right,
        rows,
        columns,
        depth,
        scratch,
        Matrix(weights, 0, 0, 1),
        count,
        distance,
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 3])
def test_gradient_that_fetches_is_the_product(dtype, count):
    for rows, columns, depth in [(1, 1, 1), (12, 64, 5), (24, 70, 100), (23, 33, 40)]:
        a, b = random((depth, rows), dtype, 1), random((depth, columns), dtype, 2)
        panels = np.empty(4 * columns * depth + 4096, dtype)
        scratch_flat, scratch = guarded(np.zeros(wide.strips_size(rows, depth, a.itemsize), dtype))
        c_flat, c = guarded(np.zeros((rows, columns), dtype))
        zeros = np.zeros(64, dtype)
        gradient(c, a, b, zeros, panels, scratch, zeros, count, 1 << 40)  # there is nothing there
        assert_product(c, a.T, b)
        assert np.isnan(c_flat).sum() == np.isnan(scratch_flat).sum() == 2 * GUARD


# --- in a network ---------------------------------------------------------------------------------


@pytest.fixture
def all_are_wide(monkeypatch):
    monkeypatch.setattr(engine.dense, "WIDE_BYTES", 0)
    monkeypatch.setattr(engine.dense, "WIDE_ROWS", (13, 320))


@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("last", [1, 5, 60])
@pytest.mark.parametrize("optimizer", [optimizers.SGD, lambda: optimizers.Adam(0.01, epsilon=0.1)])
def test_wide_layers_train_as_the_naive_network_does(all_are_wide, dtype, last, optimizer):
    example = EXAMPLES["wide layers"]
    example = dataclasses.replace(example, samples=60 + last, optimizer=optimizer)
    assert next(programs_of(example)).program.operations() >= WIDE
    compared = compare_training(example, dtype)
    assert not compared.trouble, str(compared)


def trained(threads=None):
    """The weights of a network after two steps, and the operations that it has taken."""
    set_random_seed(1)
    stack = [layers.Dense(1024, "relu", input_shape=(1030,)), layers.Dense(1024, "tanh")]
    model = Sequential([*stack, layers.Dense(3, "softmax")])
    model.compile(optimizers.Adam(), "sparse_categorical_crossentropy")
    rng = np.random.default_rng(2)
    x, y = rng.random((150, 1030), np.float32), rng.integers(3, size=150)
    before = get_num_threads()
    set_num_threads(threads or before)
    try:
        model.fit(x, y, batch_size=100, verbose=0)
    finally:
        set_num_threads(before)
    return [weight.tobytes() for weight in model.get_weights()], str(model.program(100))


@pytest.mark.skipif(INTERPRETED, reason="takes minutes")
def test_large_weights_are_fetched_with_the_same_bits(monkeypatch):
    weights, program = trained()
    assert all(name in program for name in WIDE)
    assert trained(threads=1)[0] == weights
    monkeypatch.setattr(engine.dense, "WIDE_BYTES", 1 << 40)
    others, program = trained()
    assert others == weights
    assert "wide" not in program
