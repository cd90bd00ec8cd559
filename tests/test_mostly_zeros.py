"""Dense samples that are mostly zeros: what leaves the zeros out has the bits of what does not."""

import numba
import numpy as np
import pytest

from fastscratch import Sequential, datasets, layers, optimizers
from fastscratch.engine.mostly_zeros import pays, units_that_read
from fastscratch.examples.example import network_of
from fastscratch.kernels import matmul, mostly_zeros
from fastscratch.kernels.jit import FASTMATH
from fastscratch.kernels.tiles import Matrix
from fastscratch.models import programs

# Numba's own decorator: functions made inside of functions must not go to the disk cache.
njit = numba.njit(error_model="numpy", fastmath=FASTMATH)

DTYPES = ["float32", "float64"]
# Rows, depth and columns: one and odd ones, rows that are no multiple of four, whole and half
# tiles, and a sum that is cut into parts.
SIZES = [(4, 1, 1), (3, 5, 7), (9, 30, 17), (12, 33, 64), (33, 65, 131), (8, 4100, 20)]


def mostly_zero(shape, dtype="float32", share=0.15, seed=0):
    """Numbers of which this share is not zero, among them zeros that are negative."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) * (rng.random(shape) < share)
    x[0] = 0
    return x.astype(dtype)


@njit
def products(with_zeros, without, start, start_row, x, row, step, b, rows, depth, scratch, scale):
    columns = b.size // depth
    of, left = Matrix(start, 0, start_row, 1), Matrix(x, 0, row, step)
    right, size = Matrix(b, 0, columns, 1), (rows, columns, depth)
    to = Matrix(with_zeros, 0, columns, 1)
    matmul.product_serial(to, of, left, right, *size, scratch, scale)
    to = Matrix(without, 0, columns, 1)
    mostly_zeros.product_of_nonzeros(to, of, left, right, *size, scratch, scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [1.0, -0.3])
@pytest.mark.parametrize("is_transposed", [False, True])
def test_products_have_the_bits_of_those_with_zeros(dtype, size, scale, is_transposed):
    rows, depth, columns = size
    rng = np.random.default_rng(1)
    a = mostly_zero((rows, depth), dtype)
    b = rng.standard_normal((depth, columns)).astype(dtype)
    start = rng.standard_normal(columns).astype(dtype)
    x, strides = (a.T.copy(), (1, rows)) if is_transposed else (a, (depth, 1))
    room = matmul.scratch_size(depth, columns, a.itemsize)
    room = max(room, mostly_zeros.lists_size(rows, depth, a.itemsize))
    found = np.full((2, rows, columns), np.nan, dtype)
    flat = found.reshape(2, -1)
    sizes = b.reshape(-1), rows, depth, np.empty(room, dtype), scale
    products(flat[0], flat[1], start, 0, x.reshape(-1), *strides, *sizes)
    assert np.array_equal(found[1], found[0])
    wanted = start + scale * (a.astype(float) @ b.astype(float))
    terms = abs(start) + abs(scale) * (abs(a).astype(float) @ abs(b).astype(float))
    assert np.all(abs(found[1] - wanted) <= (depth + 3) * np.finfo(dtype).eps * terms)


def test_numbers_that_are_not_finite_are_no_zeros():
    x, b = np.zeros((4, 3), np.float32), np.ones((3, 2), np.float32)
    x[1, 2], x[2, 0] = np.nan, -np.inf
    found = np.zeros((2, 8), np.float32)
    scratch = np.empty(matmul.scratch_size(3, 2, 4), np.float32)
    start = np.zeros(2, np.float32)
    products(*found, start, 0, x.reshape(-1), 3, 1, b.reshape(-1), 4, 3, scratch, 1.0)
    wanted = [0, 0, np.nan, np.nan, -np.inf, -np.inf, 0, 0]
    np.testing.assert_array_equal(found, [wanted, wanted])


def model(n_in=784, widths=(100,), optimizer="adam", dtype="float32", **config):
    body = [layers.Dense(width, "relu", **config) for width in widths]
    made = Sequential(
        [layers.Input((n_in,)), *body, layers.Dense(3, "softmax")],
        dtype=dtype,
    )
    made.seed = 4
    made.compile(optimizer() if callable(optimizer) else optimizer, "categorical_crossentropy")
    return made


def operations(made, batch_size, mostly_zeros):
    """What the program that trains a model does."""
    network = network_of(made)
    objectives = made._objectives([0])
    kept = programs.new_trainer(
        *(network, objectives, made.optimizer, batch_size, made.dtype), mostly_zeros=mostly_zeros
    )
    return kept.program.operations()


def data(n, n_in, dtype="float32"):
    y = np.eye(3)[np.random.default_rng(2).integers(3, size=n)]
    return mostly_zero((n, n_in), dtype, 0.05), y.astype(dtype)


@pytest.fixture
def choose(monkeypatch):
    """Return a function that says whether zeros are left out from then on; it notes who asked."""

    def choose(leaves_out):
        asked = []

        def answer(samples, units, at_once):
            asked.append(at_once)
            return leaves_out

        monkeypatch.setattr(programs, "pays", answer)
        return asked

    return choose


def clipping():
    return optimizers.Adam(0.01, global_clipnorm=0.5)


def momentum():
    return optimizers.SGD(0.01, momentum=0.9, nesterov=True)


WAYS = {
    "Adam": {},
    "descent": {"optimizer": lambda: optimizers.SGD(0.05)},
    "momentum": {"optimizer": momentum},
    "clipped": {"optimizer": clipping},
    "rmsprop": {"optimizer": "rmsprop"},
    "penalty": {"kernel_regularizer": "l2", "optimizer": lambda: optimizers.SGD(0.05)},
    "without bias": {"use_bias": False},
    "float64": {"dtype": "float64"},
}
# Samples, batch size, inputs, and the widths of the layers before the last. The last mini-batch is
# smaller, sometimes a single sample. Of a wide layer, plain descent keeps a gradient.
SHAPES = {
    "cut by inputs": (70, 32, 784, (100,)),
    "blocks": (129, 64, 91, (67,)),
    "odd": (45, 18, 99, (103, 20)),
    "few samples": (13, 6, 200, (130,)),
    "large": (301, 150, 784, (512, 256)),
    "wide": (101, 96, 784, (1340,)),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_optimizer_ends_with_the_bits_of_dense_products(choose, way):
    compare(choose, *SHAPES["odd"], **WAYS[way])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("way", ["Adam", "descent"])
def test_every_shape_ends_with_the_bits_of_dense_products(choose, monkeypatch, shape, threads, way):
    monkeypatch.setattr("fastscratch.engine.evaluation.get_num_threads", lambda: threads)
    monkeypatch.setattr("fastscratch.engine.evaluation.PARALLEL_WORK", 0)
    compare(choose, *SHAPES[shape], **WAYS[way])


def compare(choose, n, batch_size, n_in, widths, **way):
    x, y = data(n, n_in, way.get("dtype", "float32"))
    found = []
    for leaves_out in (False, True):
        made, asked = model(n_in, widths, **way), choose(leaves_out)
        history = made.fit(x, y, batch_size=batch_size, epochs=2, verbose=0).history
        assert asked == [batch_size]
        found.append([*made.get_weights(), history["loss"], made.predict(x), made.evaluate(x, y)])
    shown = operations(made, batch_size, mostly_zeros=True)
    assert "mostly_zeros_backward" in shown
    assert shown & {"mostly_zeros_forward_block", "mostly_zeros_forward_part"}
    assert not any("mostly" in name for name in operations(made, batch_size, mostly_zeros=False))
    for a, b in zip(*found, strict=True):
        assert np.array_equal(a, b)


def test_the_forward_pass_is_cut_as_the_dense_one_is():
    """Else sums of parts would be rounded in another order."""
    _, batch_size, n_in, widths = SHAPES["cut by inputs"]
    for leaves_out in (False, True):
        shown = operations(model(n_in, widths), batch_size, leaves_out)
        assert "dense_sum_parts" in shown
        assert ("mostly_zeros_forward_part" in shown) == leaves_out


@pytest.mark.parametrize("rate", [1e30, 1e38])
def test_divergence_is_reported_as_with_dense_products(choose, rate):
    """A zero times infinity is left out; but the step before has been refused already."""
    x, y = data(70, 784)
    messages, weights = [], []
    for leaves_out in (False, True):
        made = model(optimizer=lambda: optimizers.SGD(rate))
        choose(leaves_out)
        with pytest.raises(FloatingPointError) as caught:
            made.fit(x, y, batch_size=32, epochs=3, verbose=0)
        messages.append(str(caught.value))
        weights.append(made.get_weights())
    assert messages[0] == messages[1]
    for a, b in zip(*weights, strict=True):
        assert np.array_equal(a, b)


def test_samples_that_are_not_finite_are_refused_by_predictions(choose):
    made, (x, _) = model(), data(40, 784)
    choose(True)
    x[17, 5] = np.nan
    with pytest.raises(ValueError, match=r"x must be finite in float32, got nan at \(17, 5\)"):
        made.predict(x)


def test_digits_are_mostly_zeros_and_their_negatives_are_not():
    (images, _), _ = datasets.load_mnist()
    x = images.reshape(-1, 784).astype(np.float32) / 255
    assert pays([x], 512, 128)
    assert pays([images.astype(np.float32)], 512, 128)  # flattened by the network
    assert not pays([1 - x], 512, 128)


@pytest.mark.parametrize(
    ("share", "units", "is_worth_it"),
    [(0.05, 512, True), (0.19, 512, True), (0.3, 512, False), (0.05, 64, True), (0.05, 36, False)],
)
def test_the_share_of_steps_that_are_left_decides(share, units, is_worth_it):
    """Of random numbers, the steps left are 1 - (1 - share)**4: 19%, 57%, 76%.

    The listed ones take 1.15 times as long, and the lists as much as 34 outputs: 0.28, 0.72 and
    0.94 of the time with 512 outputs; 0.75 with 64, and 1.16 with 36.
    """
    assert pays([mostly_zero((500, 300), share=share)], units, 128) == is_worth_it


def test_it_is_not_looked_at_where_there_is_nothing_to_gain():
    x = mostly_zero((500, 300), share=0.05)
    assert pays([x], 512, 128)
    assert not pays([x], 512, 3)  # no four samples in a mini-batch
    assert pays([x], 64, 32)
    assert not pays([x], 64, 8)  # the lists of few samples take as long to begin as longer ones
    assert not pays([x[:3]], 5000, 128)
    assert not pays([x[:, :3].copy()], 512, 128)
    assert not pays([x[:20]], 64, 128)  # few outputs of few samples
    assert not pays([x], 0, 128)  # no dense layer reads them


def test_dense_layers_that_read_the_inputs():
    def found(*body, shape=(28, 28)):
        return units_that_read(network_of(Sequential([layers.Input(shape), *body])))

    assert found(layers.Flatten(), layers.Dense(70), layers.Dense(5)) == 70
    assert found(layers.Dense(70), shape=(30,)) == 70
    assert found(layers.Dense(70), layers.Flatten()) == 0  # along the last axis of each row
    assert found(layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(70)) == 0
    assert found(layers.Reshape((28, 28, 1)), layers.Conv2D(3, 3), layers.Flatten()) == 0


def test_a_fit_decides_by_its_samples():
    (images, labels), _ = datasets.load_mnist()
    x, y = images[:256].astype(np.float32) / 255, np.eye(10, dtype=np.float32)[labels[:256]]
    made = Sequential([layers.Flatten(input_shape=(28, 28)), layers.Dense(128, "relu")])
    made.add(layers.Dense(10, "softmax"))
    made.compile("sgd", "categorical_crossentropy")

    def trained_on(samples):
        made.fit(samples, y, batch_size=64, verbose=0)
        workspace = made._programs._training[1]
        return "mostly_zeros_backward" in workspace.program.program.operations()

    assert trained_on(x)
    assert not trained_on(1 - x)
