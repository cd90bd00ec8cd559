"""Operations of programs, each alone on a small memory, against NumPy."""

import itertools

import numpy as np
import pytest

from fastscratch.kernels import activations
from fastscratch.kernels.call import address, values
from fastscratch.kernels.program import columns as col
from fastscratch.kernels.program import embedding, merge, noise, rescaling, resize, strided
from fastscratch.kernels.program.elementwise import LANES, RATE, SAMPLES_AN_ITEM, SEED
from fastscratch.reference import random as twin

BATCH, SAMPLES = 5, 4
UNTOUCHED = 123.0


class Memory:
    """Arrays in one flat memory, with numbers around them that must not change."""

    def __init__(self, dtype, **arrays):
        self.dtype, gap = np.dtype(dtype), 8
        self.places, self._shapes, end = {}, {}, gap
        for name, array in arrays.items():
            self.places[name], self._shapes[name] = end, np.shape(array)
            end += np.size(array) + gap
        self.flat = np.full(end, UNTOUCHED, dtype)
        for name, array in arrays.items():
            self[name][...] = array
        self._before = self.flat.copy()

    def __getitem__(self, name):
        place, shape = self.places[name], self._shapes[name]
        return self.flat[place : place + int(np.prod(shape))].reshape(shape)

    def run(self, operation, items, record, samples=SAMPLES, step=0):
        """All items of a phase, the last one first."""
        row = np.full(col.COLUMNS, col.NONE)
        row[col.ITEMS] = items
        for field, value in record.items():
            assert operation.fields[int(field)] is field, (operation, field)
            if field.kind == col.NUMBER:
                value = np.float64(value).view(np.int64)
            row[field] = self.places[value] if isinstance(value, str) else value
        for item in reversed(range(items)):
            operation(self.flat, row, samples, item, 0, step)

    def only_changed(self, *names):
        """Check that everything but these arrays is as it was."""
        for name in names:
            place, size = self.places[name], self[name].size
            self.flat[place : place + size] = self._before[place : place + size]
        np.testing.assert_array_equal(self.flat, self._before)


def random(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def derivative(dtype):
    """Address of the derivative of the ReLU."""
    return address(activations.ACTIVATIONS["relu"].backward, *(values(dtype),) * 4)


def gradient_of(units, dtype, passed):
    """Fields and arrays of a gradient that is handed down: through a ReLU, or as it is."""
    a = np.maximum(random(BATCH, units, seed=9), 0)
    arrays = {"a": a, "da": np.full_like(a, UNTOUCHED)}
    record = {col.A: "a", col.Z: "a", col.DA: "da", col.UNITS: units}
    if passed:
        arrays["dz"] = np.full_like(a, UNTOUCHED)
        return arrays, record | {col.DZ: "dz", col.FUNCTION: derivative(dtype)}
    return arrays, record | {col.DZ: "da", col.FUNCTION: col.NONE}


def check_gradient(memory, passed, expected, samples=SAMPLES, **close):
    """Compare what was handed down; nothing after the samples may be written."""
    name = "dz" if passed else "da"
    expected = np.where(memory["a"][:samples] > 0, expected, 0) if passed else expected
    np.testing.assert_allclose(memory[name][:samples], expected, **close)
    assert (memory[name][samples:] == UNTOUCHED).all()
    memory.only_changed("da", *["dz"] * passed)


def cut(samples_an_item, lanes=1):
    return {LANES: lanes, SAMPLES_AN_ITEM: samples_an_item}


#: Samples of an item, and items.
CUTS = [(BATCH, 1), (2, 3), (1, 5)]
#: The type, whether a gradient passes a ReLU, and how the work is cut.
WAYS = [
    (np.float32, False, *CUTS[0]),
    (np.float32, True, *CUTS[1]),
    (np.float64, True, *CUTS[2]),
]


# --- strided copies -------------------------------------------------------------------------------

#: Shape of a sample of the input and of the output, and what of each is the box.
BOXES = {
    "padding": ((3, 4, 2), (6, 7, 2), lambda x: x, lambda out: out[1:4, 2:6]),
    "cropping": ((6, 7, 2), (3, 4, 2), lambda x: x[1:4, 2:6], lambda out: out),
    "transposing": ((3, 4, 2), (2, 3, 4), lambda x: x.transpose(2, 0, 1), lambda out: out),
    "five axes": (
        (2, 3, 2, 3, 2),
        (3, 2, 2, 3, 2),
        lambda x: x.transpose(3, 0, 4, 1, 2),
        lambda out: out,
    ),
    "repeating": ((4,), (3, 4), lambda x: np.broadcast_to(x, (3, 4)), lambda out: out),
    "broadcasting": ((3, 1), (2, 3, 4), lambda x: np.broadcast_to(x, (2, 3, 4)), lambda out: out),
    "nearest": (
        (3, 2, 4),
        (6, 6, 4),
        lambda x: np.broadcast_to(x[:, None, :, None], (3, 2, 2, 3, 4)),
        lambda out: out.reshape(3, 2, 2, 3, 4),
    ),
    "concatenating": ((3, 2), (3, 5), lambda x: x, lambda out: out[:, 2:4]),
}


def box_of(in_shape, out_shape, in_view, out_view, lanes):
    """Fields of a box, from the strides that NumPy gives to views; lanes are one more axis."""
    record = {}
    for shape, view, start, fields in (
        (in_shape, in_view, strided.IN_START, strided.IN_STRIDES),
        (out_shape, out_view, strided.OUT_START, strided.OUT_STRIDES),
    ):
        whole = np.zeros(shape, np.int8)
        part = view(whole)
        record[start] = (
            part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
        ) * lanes
        strides = [stride * lanes for stride in part.strides] + [1] * (lanes > 1)
        sizes = [*part.shape, *[lanes] * (lanes > 1)]
        missing = strided.AXES - len(sizes)
        record |= dict(zip(fields, [0] * missing + strides, strict=True))
        record |= dict(zip(strided.SIZES, [1] * missing + sizes, strict=True))
    return record


def in_blocks(rows, lanes):
    """Samples in rows as blocks of them, in each of which they stand innermost."""
    blocks = -(-len(rows) // lanes)
    whole = np.zeros((blocks * lanes, rows[0].size))
    whole[: len(rows)] = rows.reshape(len(rows), -1)
    return whole.reshape(blocks, lanes, -1).transpose(0, 2, 1)


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize(("samples_an_item", "items"), CUTS)
def test_copy(name, samples_an_item, items):
    in_shape, out_shape, in_view, out_view = BOXES[name]
    x = random(BATCH, *in_shape)
    expected = np.zeros((SAMPLES, *out_shape))
    for n in range(SAMPLES):
        out_view(expected[n])[...] = in_view(x[n])
    memory = Memory(np.float64, x=x, out=np.full((BATCH, *out_shape), UNTOUCHED))
    record = box_of(*BOXES[name], 1) | cut(samples_an_item)
    record |= {col.INPUT: "x", col.A: "out", strided.CLEARS: 1}
    record |= {col.UNITS: int(np.prod(out_shape)), strided.OTHER_UNITS: int(np.prod(in_shape))}
    memory.run(strided.copy_item, items, record)
    np.testing.assert_array_equal(memory["out"][:SAMPLES], expected)
    assert (memory["out"][SAMPLES:] == UNTOUCHED).all()
    memory.only_changed("out")


@pytest.mark.parametrize("name", ["padding", "cropping", "transposing", "repeating"])
def test_copy_where_samples_stand_innermost(name):
    in_shape, out_shape, in_view, out_view = BOXES[name]
    lanes = 4
    x = random(BATCH, *in_shape)
    expected = np.zeros((BATCH, *out_shape))
    for n in range(BATCH):
        out_view(expected[n])[...] = in_view(x[n])
    expected = in_blocks(expected, lanes)
    memory = Memory(np.float32, x=in_blocks(x, lanes), out=np.full(expected.shape, UNTOUCHED))
    record = box_of(*BOXES[name], lanes) | cut(lanes, lanes)
    record |= {col.INPUT: "x", col.A: "out", strided.CLEARS: 1}
    record |= {col.UNITS: int(np.prod(out_shape)), strided.OTHER_UNITS: int(np.prod(in_shape))}
    memory.run(strided.copy_item, 2, record, samples=BATCH)
    np.testing.assert_array_equal(memory["out"], expected.astype(np.float32))
    memory.only_changed("out")


@pytest.mark.parametrize("name", BOXES)
@pytest.mark.parametrize(("dtype", "passed", "samples_an_item", "items"), WAYS)
def test_copy_backward(name, dtype, passed, samples_an_item, items):
    in_shape, out_shape, in_view, out_view = BOXES[name]
    units = int(np.prod(in_shape))
    dout = random(BATCH, *out_shape).astype(dtype)
    places = in_view(np.arange(units).reshape(in_shape))
    expected = np.zeros((SAMPLES, units), dtype)
    for n in range(SAMPLES):
        np.add.at(expected[n], places.reshape(-1), out_view(dout[n]).reshape(-1))
    arrays, record = gradient_of(units, dtype, passed)
    memory = Memory(dtype, dout=dout, **arrays)
    adds = int(len(np.unique(places)) < places.size)
    record |= box_of(*BOXES[name], 1) | cut(samples_an_item)
    record |= {col.DOUTPUT: "dout", strided.CLEARS: 1, strided.ADDS: adds}
    record |= {strided.OTHER_UNITS: int(np.prod(out_shape))}
    memory.run(strided.copy_backward_item, items, record)
    # A sum of at most 6 numbers; where the inner loop adds up, it may be regrouped.
    check_gradient(memory, passed, expected, rtol=0, atol=6 * 6 * np.finfo(dtype).eps)


# --- merges ---------------------------------------------------------------------------------------

MERGES = {
    "add": (merge.add_item, np.add),
    "subtract": (merge.subtract_item, np.subtract),
    "multiply": (merge.multiply_item, np.multiply),
    "maximum": (merge.maximum_item, np.maximum),
    "minimum": (merge.minimum_item, np.minimum),
}


@pytest.mark.parametrize("name", MERGES)
@pytest.mark.parametrize(("samples_an_item", "items"), CUTS)
def test_merges(name, samples_an_item, items):
    operation, function = MERGES[name]
    x, y = np.float32(random(BATCH, 7)), np.float32(random(BATCH, 7, seed=1))
    x[0, :3], y[0, 1:4] = [np.nan, np.nan, 1], [np.nan, 1, np.nan]
    memory = Memory(np.float32, x=x, y=y, a=np.full((BATCH, 7), UNTOUCHED))
    record = {col.INPUT: "x", merge.SECOND: "y", col.A: "a", col.UNITS: 7} | cut(samples_an_item)
    memory.run(operation, items, record)
    np.testing.assert_array_equal(memory["a"][:SAMPLES], function(x, y)[:SAMPLES])
    assert (memory["a"][SAMPLES:] == UNTOUCHED).all()
    memory.only_changed("a")


def test_a_sum_may_be_written_over_its_first_term():
    x, y = random(BATCH, 7), random(BATCH, 7, seed=1)
    memory = Memory(np.float64, x=x, y=y)
    record = {col.INPUT: "x", merge.SECOND: "y", col.A: "x", col.UNITS: 7} | cut(2)
    memory.run(merge.add_item, 3, record, samples=BATCH)
    np.testing.assert_array_equal(memory["x"], x + y)
    record = {col.INPUT: "x", col.A: "x", merge.FACTOR: 0.25, col.UNITS: 7} | cut(2)
    memory.run(merge.scale_item, 3, record, samples=BATCH)
    np.testing.assert_array_equal(memory["x"], (x + y) / 4)
    memory.only_changed("x")


@pytest.mark.parametrize(("dtype", "passed", "samples_an_item", "items"), WAYS)
def test_the_gradient_of_a_term_and_of_a_factor(dtype, passed, samples_an_item, items):
    dout, y = (random(BATCH, 7, seed=seed).astype(dtype) for seed in (0, 1))
    for operation, own, expected in (
        (merge.scale_backward_item, {merge.FACTOR: -0.5}, -dout / 2),
        (merge.multiply_backward_item, {merge.SECOND: "y"}, dout * y),
    ):
        arrays, record = gradient_of(7, dtype, passed)
        memory = Memory(dtype, dout=dout, y=y, **arrays)
        memory.run(operation, items, record | own | cut(samples_an_item) | {col.DOUTPUT: "dout"})
        check_gradient(memory, passed, expected[:SAMPLES], rtol=0)


@pytest.mark.parametrize(("dtype", "passed", "samples_an_item", "items"), WAYS)
@pytest.mark.parametrize("largest", [True, False])
def test_the_gradient_goes_to_the_first_that_is_chosen(
    largest, dtype, passed, samples_an_item, items
):
    """As the derivative of a maximum in TensorFlow: where the two are equal, to the first."""
    dout, x, y = (random(BATCH, 7, seed=seed).astype(dtype) for seed in (0, 1, 2))
    y[:, ::2] = x[:, ::2]
    first = x >= y if largest else x <= y
    operation = merge.maximum_backward_item if largest else merge.minimum_backward_item
    for second in (0, 1):
        arrays, record = gradient_of(7, dtype, passed)
        memory = Memory(dtype, dout=dout, x=x, y=y, **arrays)
        record |= {col.DOUTPUT: "dout", col.INPUT: "x", merge.SECOND: "y"} | cut(samples_an_item)
        memory.run(operation, items, record | {merge.OF_SECOND: second})
        expected = np.where(first != bool(second), dout, 0)
        check_gradient(memory, passed, expected[:SAMPLES], rtol=0)


# --- noise ----------------------------------------------------------------------------------------


def uniform_and_normal(seed, stream, size):
    """The numbers of a stream, from the generator's definition (see the twin)."""
    uniform, normal = [0.0] * size, [0.0] * size
    twin.random_uniform(uniform, seed, stream)
    twin.random_normal(normal, seed, stream)
    return np.array(uniform), np.array(normal)


@pytest.mark.parametrize("units", [6, 7])
@pytest.mark.parametrize(("samples_an_item", "items"), CUTS)
def test_gaussian_noise(units, samples_an_item, items):
    x = random(BATCH, units)
    memory = Memory(np.float64, x=x, a=np.full((BATCH, units), UNTOUCHED))
    record = {col.INPUT: "x", col.A: "a", col.UNITS: units, noise.STDDEV: 0.5, SEED: 11}
    memory.run(noise.gaussian_noise_item, items, record | cut(samples_an_item), step=3)
    _, normal = uniform_and_normal(11, 3, BATCH * units)
    expected = x + normal.reshape(BATCH, units) / 2
    # Logarithm, root and cosine of a number below 9, each of which may round in its own way.
    np.testing.assert_allclose(memory["a"][:SAMPLES], expected[:SAMPLES], rtol=0, atol=40 * 2**-52)
    assert (memory["a"][SAMPLES:] == UNTOUCHED).all()
    memory.only_changed("a")


def test_gaussian_noise_where_samples_stand_innermost():
    x = random(BATCH, 6)
    memory = Memory(np.float32, x=in_blocks(x, 4), a=np.full((2, 6, 4), UNTOUCHED))
    record = {col.INPUT: "x", col.A: "a", col.UNITS: 6, noise.STDDEV: 0.5, SEED: 11}
    memory.run(noise.gaussian_noise_item, 2, record | cut(4, 4), samples=BATCH, step=3)
    _, normal = uniform_and_normal(11, 3, BATCH * 6)
    expected = in_blocks(x + normal.reshape(BATCH, 6) / 2, 4)
    real = in_blocks(np.ones((BATCH, 6)), 4) > 0  # the last block has but one sample
    np.testing.assert_allclose(memory["a"][real], expected[real], rtol=0, atol=8 * 2**-23)


def dropped(x, channels, rate, seed, step):
    """Samples after dropout of channels."""
    uniform, _ = uniform_and_normal(seed, step, len(x) * channels)
    kept = uniform.reshape(len(x), 1, channels) >= rate
    return np.where(kept, x.reshape(len(x), -1, channels) / (1 - rate), 0).reshape(x.shape)


@pytest.mark.parametrize(("dtype", "passed", "samples_an_item", "items"), WAYS)
def test_spatial_dropout(dtype, passed, samples_an_item, items):
    channels, units = 3, 12
    x = random(BATCH, units).astype(dtype)
    own = {RATE: 0.5, SEED: 11, noise.CHANNELS: channels} | cut(samples_an_item)
    expected = dropped(x, channels, 0.5, 11, 2)[:SAMPLES]  # twice a number, or 0: exact
    assert 0 < (expected == 0).mean() < 1
    memory = Memory(dtype, x=x, out=np.full((BATCH, units), UNTOUCHED))
    record = {col.INPUT: "x", col.A: "out", col.UNITS: units}
    memory.run(noise.spatial_dropout_forward_item, items, record | own, step=2)
    np.testing.assert_array_equal(memory["out"][:SAMPLES], expected)
    assert (memory["out"][SAMPLES:] == UNTOUCHED).all()
    memory.only_changed("out")

    arrays, record = gradient_of(units, dtype, passed)
    memory = Memory(dtype, dout=x, **arrays)
    record |= own | {col.DOUTPUT: "dout"}
    memory.run(noise.spatial_dropout_backward_item, items, record, step=2)
    check_gradient(memory, passed, expected, rtol=0)


def test_spatial_dropout_where_samples_stand_innermost():
    x = random(BATCH, 12)
    memory = Memory(np.float64, x=in_blocks(x, 4), out=np.full((2, 12, 4), UNTOUCHED))
    record = {col.INPUT: "x", col.A: "out", col.UNITS: 12, RATE: 0.5, SEED: 11, noise.CHANNELS: 3}
    memory.run(noise.spatial_dropout_forward_item, 2, record | cut(4, 4), samples=BATCH, step=2)
    expected = in_blocks(dropped(x, 3, 0.5, 11, 2), 4)
    np.testing.assert_array_equal(memory["out"], expected)
    memory.only_changed("out")


# --- embedding ------------------------------------------------------------------------------------

TABLE = (6, 3)


def test_embedding_forward():
    indices = np.array([[0, 5], [2, 2], [-4, 9], [np.nan, 4.7], [1, 1]])
    named = [[0, 5], [2, 2], [0, 5], [0, 4]]  # outside of the table the nearest, NaN as 0
    table = random(*TABLE)
    for samples_an_item, items in CUTS:
        out = np.full((BATCH, 2, 3), UNTOUCHED)
        memory = Memory(np.float32, table=table, x=indices, out=out)
        record = {col.INPUT: "x", col.A: "out", col.KERNEL: "table"}
        record |= {embedding.INDICES: 2, embedding.LONG: 3, embedding.ROWS: 6}
        record |= {embedding.SAMPLES_AN_ITEM: samples_an_item}
        memory.run(embedding.embedding_forward_item, items, record)
        np.testing.assert_array_equal(memory["out"][:SAMPLES], np.float32(table)[named])
        assert (memory["out"][SAMPLES:] == UNTOUCHED).all()
        np.testing.assert_array_equal(memory["x"], np.float32(indices))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("rows_an_item", "items"), [(6, 1), (2, 3), (4, 2)])
def test_embedding_backward(dtype, rows_an_item, items):
    indices = np.array([[0, 5], [2, 2], [5, 5], [0, 4], [1, 1]])
    table, dout = random(*TABLE).astype(dtype), random(BATCH, 2, 3, seed=1).astype(dtype)
    gradient = np.zeros(TABLE, dtype)
    for n, i in itertools.product(range(SAMPLES), range(2)):  # in this order
        gradient[indices[n, i]] += dout[n, i]
    memory = Memory(dtype, x=indices, dout=dout, table=table, gradient=np.full(TABLE, UNTOUCHED))
    first = memory.places["table"]
    record = {col.INPUT: "x", col.DOUTPUT: "dout", col.UPDATE: col.NONE}
    record |= {col.KERNEL: first, col.BIAS: first + table.size, col.STOP: first + table.size}
    record |= {col.LENGTH: memory.places["gradient"] - first}
    record |= {col.L1: 0.0, col.L2: 0.5, embedding.INDICES: 2, embedding.LONG: 3}
    record |= {embedding.ROWS: 6, embedding.ROWS_AN_ITEM: rows_an_item}
    memory.run(embedding.embedding_backward_item, items, record)
    # The derivative of l2 w**2 is 2 l2 w: here w, added to the sum, which rounds once more.
    close = {"rtol": 0, "atol": 4 * np.finfo(dtype).eps}
    np.testing.assert_allclose(memory["gradient"], gradient + table, **close)
    memory.only_changed("gradient")


# --- bilinear interpolation -----------------------------------------------------------------------


def weights_of(size, times):
    """The matrix of an interpolation along one axis: half-pixel centres, clamped at the edges."""
    matrix = np.zeros((size * times, size))
    for i in range(size * times):
        place = np.clip((i + 0.5) / times - 0.5, 0, size - 1)
        for k in range(size):
            matrix[i, k] = max(0, 1 - abs(place - k))
    return matrix


@pytest.mark.parametrize("times", [(2, 3), (1, 1), (3, 2)])
@pytest.mark.parametrize("shape", [(3, 4, 2), (1, 2, 1)])
@pytest.mark.parametrize(("dtype", "passed", "samples_an_item", "items"), WAYS)
def test_bilinear(times, shape, dtype, passed, samples_an_item, items):
    down, along = weights_of(shape[0], times[0]), weights_of(shape[1], times[1])
    x = random(BATCH, *shape).astype(dtype)
    dout = random(BATCH, shape[0] * times[0], shape[1] * times[1], shape[2], seed=1).astype(dtype)
    sizes = dict(zip(resize.SIZES[2:], (shape[0], shape[1], shape[2], *times), strict=True)) | cut(
        samples_an_item
    )
    memory = Memory(dtype, x=x, out=np.full(dout.shape, UNTOUCHED))
    memory.run(resize.bilinear_forward_item, items, sizes | {col.INPUT: "x", col.A: "out"})
    expected = np.einsum("yh,xw,nhwc->nyxc", down, along, x)[:SAMPLES]
    # Three interpolations, each of which rounds three times, of numbers below 4.
    close = {"rtol": 0, "atol": 9 * 4 * np.finfo(dtype).eps}
    np.testing.assert_allclose(memory["out"][:SAMPLES], expected, **close)
    assert (memory["out"][SAMPLES:] == UNTOUCHED).all()
    memory.only_changed("out")

    units = int(np.prod(shape))
    arrays, record = gradient_of(units, dtype, passed)
    memory = Memory(dtype, dout=dout, **arrays)
    memory.run(resize.bilinear_backward_item, items, record | sizes | {col.DOUTPUT: "dout"})
    expected = np.einsum("yh,xw,nyxc->nhwc", down, along, dout)[:SAMPLES].reshape(SAMPLES, units)
    # A sum of at most (2 s_y) (2 s_x) = 24 products, their weights of at most 6 in all.
    close = {"rtol": 0, "atol": 26 * 6 * 4 * np.finfo(dtype).eps}
    check_gradient(memory, passed, expected, **close)


# --- scales ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dtype", "passed", "samples_an_item", "items"), WAYS)
def test_scales(dtype, passed, samples_an_item, items):
    x, dout = (random(BATCH, 7, seed=seed).astype(dtype) for seed in (0, 1))
    scale, offset = (random(7, seed=seed).astype(dtype) for seed in (2, 3))
    variance = (scale**2).astype(dtype)
    variance[0] = 0  # counts as 1e-14
    deviation = np.maximum(np.sqrt(variance), 1e-7).astype(dtype)
    affine, moments = {rescaling.SCALE: "p", rescaling.OFFSET: "q"}, {rescaling.MEAN: "q"}
    spread = {rescaling.VARIANCE: "p"}
    for forward, backward, p, own, own_back, expected, gradient in (
        (
            rescaling.rescale_item,
            rescaling.rescale_backward_item,
            scale,
            affine,
            {rescaling.SCALE: "p"},
            x * scale + offset,
            dout * scale,
        ),
        (
            rescaling.normalize_item,
            rescaling.normalize_backward_item,
            variance,
            moments | spread,
            spread,
            (x - offset) / deviation,
            dout / deviation,
        ),
        (
            rescaling.denormalize_item,
            rescaling.denormalize_backward_item,
            variance,
            moments | spread,
            spread,
            x * deviation + offset,
            dout * deviation,
        ),
    ):
        close = {"rtol": 4 * np.finfo(dtype).eps, "atol": 8 * np.finfo(dtype).eps}
        memory = Memory(dtype, x=x, p=p, q=offset, out=np.full((BATCH, 7), UNTOUCHED))
        record = {col.INPUT: "x", col.A: "out", col.UNITS: 7} | cut(samples_an_item)
        memory.run(forward, items, record | own)
        np.testing.assert_allclose(memory["out"][:SAMPLES], expected[:SAMPLES], **close)
        assert (memory["out"][SAMPLES:] == UNTOUCHED).all()
        memory.only_changed("out")

        arrays, record = gradient_of(7, dtype, passed)
        memory = Memory(dtype, dout=dout, p=p, **arrays)
        record |= cut(samples_an_item) | {col.DOUTPUT: "dout"}
        memory.run(backward, items, record | own_back)
        check_gradient(memory, passed, gradient[:SAMPLES], **close)


def test_scales_where_samples_stand_innermost():
    x, scale, offset = random(BATCH, 6), random(6, seed=1), random(6, seed=2)
    repeated = {"p": np.repeat(scale, 4), "q": np.repeat(offset, 4)}
    memory = Memory(np.float64, x=in_blocks(x, 4), out=np.full((2, 6, 4), UNTOUCHED), **repeated)
    record = {col.INPUT: "x", col.A: "out", col.UNITS: 6} | cut(4, 4)
    record |= {rescaling.SCALE: "p", rescaling.OFFSET: "q"}
    memory.run(rescaling.rescale_item, 2, record, samples=BATCH)
    real = in_blocks(np.ones((BATCH, 6)), 4) > 0
    expected = in_blocks(x * scale + offset, 4)
    np.testing.assert_allclose(memory["out"][real], expected[real], rtol=0, atol=8 * 2**-52)
    memory.only_changed("out")
