"""What a fit takes and gives back: by the formula of the guide, and nothing stays."""

import sys
import tracemalloc
import weakref

import numpy as np
import pytest
from children import run

import fastscratch
from fastscratch import Sequential, layers
from fastscratch.kernels.machine import VECTOR_BYTES
from fastscratch.models import programs

MB = 2**20


def peak_of(function):
    """Bytes that NumPy and Python took at most while a function ran, above what they had."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        function()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.fixture
def one_thread():
    most = fastscratch.get_num_threads()
    fastscratch.set_num_threads(1)
    yield
    fastscratch.set_num_threads(most)


def compiled(stack, optimizer="adam"):
    model = Sequential(stack)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


# --- the formula ----------------------------------------------------------------------------------

# Of each network its layers, the numbers of one sample (input, targets, and layer by layer, by the
# rules in the guide), the weights of the convolutions that have few filters, and those of the dense
# layers after the first, if samples go by blocks.
NETWORKS = {
    "one hidden": (
        lambda: [layers.Input((784,)), layers.Dense(512, "sigmoid"), layers.Dense(10, "softmax")],
        784 + 10 + 4 * 512 + 2 * 10,
        0,
        512 * 10,
    ),
    "two hidden": (
        lambda: [
            layers.Input((784,)),
            layers.Dense(512, "relu"),
            layers.Dense(600, "tanh"),
            layers.Dense(10, "softmax"),
        ],
        784 + 10 + 4 * 512 + 4 * 600 + 2 * 10,
        0,
        0,
    ),
    "dropout": (
        lambda: [
            layers.Input((784,)),
            layers.Dense(600, "gelu"),
            layers.Dropout(0.5),
            layers.Dense(10, "softmax"),
        ],
        784 + 10 + 4 * 600 + 2 * 600 + 2 * 10,
        0,
        600 * 10,
    ),
    "few filters": (
        lambda: [
            layers.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(120, "relu"),
            layers.Dense(10, "softmax"),
        ],
        # The input and what is flattened twice.
        2 * 784
        + 10
        + 6 * 28 * 28 * 2
        + 6 * 14 * 14 * 3
        + 16 * 10 * 10 * 2
        + 16 * 5 * 5 * (3 + 2)
        + 120 * 4
        + 10 * 2,
        6 * 26 + 16 * 151,
        400 * 120 + 120 * 10,
    ),
    "many filters": (
        lambda: [
            layers.Input((28, 28, 1)),
            layers.Conv2D(32, 3),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ],
        784 + 10 + 32 * 26 * 26 * (2 + 3) + 32 * 24 * 24 * 2 + 32 * 12 * 12 * 2 + 10 * 2,
        0,
        0,
    ),
}


def packed(make, samples):
    """Numbers of a sample that are copied, because those of all samples fill 512 kB or more."""
    units = [layer.units for layer in make() if isinstance(layer, layers.Dense)]
    return sum(n for n in units if 4 * n * samples >= 2**19)


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("batch_size", [128, pytest.param(512, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("optimizer", "slots"), [("sgd", 0), pytest.param("adam", 2, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("network", NETWORKS)
def test_the_peak_is_that_of_the_formula(network, optimizer, slots, batch_size):
    """Within 3%, for the guide rounds the scratch of a thread up to 1 MB."""
    make, numbers, of_few_filters, arranged = NETWORKS[network]
    n = 1100
    x = np.ones((n, *make()[0].sample_shape), np.float32)
    y = np.zeros(n, np.float32)
    compiled(make(), optimizer).fit(x, y, batch_size, verbose=0)  # reads what is compiled
    model = compiled(make(), optimizer)
    weights = model.count_params()
    found = peak_of(lambda: model.fit(x, y, batch_size, verbose=0))
    vectors = -(-batch_size // (VECTOR_BYTES // 4))
    of_samples = (numbers + (0 if arranged else packed(make, batch_size))) * batch_size
    numbers = (4 + 3 * slots) * weights + of_samples + of_few_filters * vectors + arranged
    assert found == pytest.approx(4 * numbers + 16 * n + MB, rel=0.03)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("network", NETWORKS)
def test_readers_take_no_more_than_their_formulas(network):
    """But for 3%, because samples that are innermost are rounded up to whole vectors."""
    make, numbers, of_few_filters, _ = NETWORKS[network]
    n = 300
    x = np.ones((n, *make()[0].sample_shape), np.float32)
    y = np.zeros(n, np.float32)
    uses = {
        "predict": (lambda model: model.predict(x), 1, 128 * numbers),
        "evaluate": (lambda model: model.evaluate(x, y), 1, 128 * numbers),
        "input_gradients": (
            lambda model: model.input_gradients(x, y),
            1,
            128 * (numbers + x[0].size * (2 if of_few_filters else 1)),
        ),
        "gradients": (
            lambda model: model.gradients(x, y),
            3,
            n * (numbers + packed(make, n)) + of_few_filters * -(-n // (VECTOR_BYTES // 4)),
        ),
    }
    largest = 0
    for_all = compiled(make())
    for use, copies, activations in uses.values():
        model = compiled(make())
        use(model)
        use(for_all)
        limit = 4 * (copies * model.count_params() + activations) + MB
        largest = max(largest, limit)
        for kept, bound in ((model, limit), (for_all, largest)):
            (workspace,) = kept._programs.idle
            assert 0.5 * bound < workspace._memory.nbytes < 1.03 * bound


# --- the data -------------------------------------------------------------------------------------


def small(units=20):
    return compiled([layers.Input((units,)), layers.Dense(3, "softmax")])


def test_data_that_are_float32_and_contiguous_are_not_copied():
    x, y = np.ones((400_000, 20), np.float32), np.zeros(400_000, np.float32)
    model = small()
    model.fit(x, y, 1000, verbose=0)
    order, out = 16 * len(x), 12 * len(x)
    for use, own in (
        (lambda x: model.fit(x, y, 1000, verbose=0), order),
        (lambda x: model.evaluate(x, y), order),
        (model.predict, out),
    ):
        use(x)  # compiles or reads what it needs, which takes memory, too
        assert peak_of(lambda use=use: use(x)) < own + MB
        for copied in (np.asfortranarray(x), x.astype(float)):
            peak = peak_of(lambda use=use, copied=copied: use(copied))
            assert x.nbytes < peak < x.nbytes + own + 2 * MB


def test_a_model_lets_go_of_its_data():
    model = small()
    x, y, weights = np.ones((90, 20), np.float32), np.zeros(90, np.float32), np.ones(90, np.float32)
    model.fit(x, y, sample_weight=weights, validation_data=(x[:9], y[:9], weights[:9]), verbose=0)
    model.evaluate(x, y)
    model.train_on_batch(x, y)
    model.predict(x)
    kept = [weakref.ref(array) for array in (x, y, weights)]
    del x, y, weights
    assert [reference() for reference in kept] == [None] * 3


def test_a_memory_map_gives_the_bits_of_the_array(tmp_path):
    rng = np.random.default_rng(0)
    x, y = rng.random((300, 20), np.float32), rng.integers(3, size=300).astype(np.float32)
    x.tofile(tmp_path / "x")
    y.tofile(tmp_path / "y")
    mapped = [
        np.memmap(tmp_path / name, np.float32, "r", shape=array.shape)
        for name, array in (("x", x), ("y", y))
    ]
    ends = []
    for data in ((x, y), mapped):
        fastscratch.utils.set_random_seed(1)
        model = small()
        losses = model.fit(*data, epochs=3, verbose=0, validation_split=0.2).history
        ends.append((model.get_weights()[0].tobytes(), losses, model.predict(data[0]).tobytes()))
    assert ends[0] == ends[1]


@pytest.mark.skipif(sys.platform != "linux", reason="no limit of memory")
def test_a_memory_map_is_not_read_in_whole(tmp_path):
    """256 MB of data in a process that may take 32 MB more than it has."""
    code = f"""
        import pathlib, resource
        import numpy as np
        from fastscratch import Sequential, layers

        x = np.memmap({str(tmp_path / "x")!r}, np.float32, "w+", shape=(65_536, 1024))
        x[::1000] = 1
        x = np.memmap(x.filename, np.float32, "r", shape=x.shape)
        y = np.zeros(len(x), np.float32)
        model = Sequential([layers.Input((1024,)), layers.Dense(1)])
        model.compile("sgd", "mean_squared_error")

        def use(x, y):
            model.fit(x, y, 512, verbose=0)
            model.evaluate(x, y)
            assert len(model.predict(x)) == len(x)

        use(np.ones((600, 1024), np.float32), np.ones(600, np.float32))
        status = pathlib.Path("/proc/self/status").read_text()
        limit = 1024 * int(status.split("VmData:")[1].split()[0]) + 2**25
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
        use(x, y)
        try:
            np.array(x)
            raise SystemExit("the limit is not heard")
        except MemoryError:
            print("done")
    """
    assert run(code)[0] == "done"


# --- many times -----------------------------------------------------------------------------------


def test_programs_for_batches_of_any_size_are_few():
    """Ten powers of two up to 1023; a larger one replaces the smaller ones, which are made anew."""
    model = small()
    x, y = np.ones((1023, 20), np.float32), np.zeros(1023, np.float32)
    for _ in range(2):
        for size in (*range(1, 16), *range(16, 1024, 37)):
            model.predict(x[:size], batch_size=size)
            model.evaluate(x[:size], y[:size], batch_size=size)
    (workspace,) = model._programs.idle
    assert len(workspace._programs) == 2 * 10


def test_programs_for_any_number_of_samples_are_not_kept_for_ever():
    model = small()
    x, y = np.ones((200, 20), np.float32), np.zeros(200, np.float32)
    for size in range(200, 0, -1):
        model.gradients(x[:size], y[:size])
        model.train_on_batch(x[:size], y[:size])
    _, training = model._programs._training
    for workspace in (*model._programs.idle, training):
        assert len(workspace._programs) == programs.MOST_KEPT


@pytest.mark.usefixtures("one_thread")
def test_programs_that_read_share_one_copy_of_the_weights():
    """Predictions and evaluations of eight sizes: 20 MB of weights are held twice, not 17 times."""
    x, y = np.ones((128, 500), np.float32), np.zeros(128, np.float32)
    sizes = [2**k for k in range(8)]

    def built():
        return compiled([layers.Input((500,)), layers.Dense(10_000), layers.Dense(3, "softmax")])

    def use():
        for size in sizes:
            model.predict(x[:size])
            model.evaluate(x[:size], y[:size])

    model = built()
    use()  # compiles what all sizes need, which takes memory, too
    model = built()
    model.predict(x[:1])
    weights = 4 * model.count_params()
    activations = 4 * 128 * (500 + 10_000 + 4 * 3)
    assert peak_of(use) < activations + weights + 2 * MB  # the memory before is freed first
    assert sum(one._memory.nbytes for one in model._programs.idle) < weights + activations + 2 * MB


def test_a_step_on_another_number_of_samples_builds_nothing_anew(monkeypatch):
    model = small()
    x, y, weights = np.ones((64, 20), np.float32), np.zeros(64), np.full(64, 0.5)
    cases = [(64, None), (50, None), (64, weights), (50, weights[:50])]

    def use():
        for size, some in cases:
            model.train_on_batch(x[:size], y[:size], sample_weight=some)

    use()
    use()  # what the larger memory of the weighted samples has replaced
    made = []
    monkeypatch.setattr(programs, "new_trainer", lambda *_, **__: made.append(1))
    use()
    assert not made


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="no /proc")
def test_nothing_grows_over_fits_and_predictions():
    """A thousand fits, of new models and of one again and again; 100,000 predictions; all sizes."""
    code = """
        import pathlib, resource
        import numpy as np
        from fastscratch import Sequential, layers

        x, y = np.ones((200, 100), np.float32), np.zeros(200, int)

        def fitted(model=None):
            if model is None:
                model = Sequential(
                    [layers.Input((100,)), layers.Dense(50, "relu"), layers.Dense(3, "softmax")]
                )
                model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
            model.fit(x, y, validation_split=0.5, verbose=0)
            return model

        def resident():
            pages = int(pathlib.Path("/proc/self/statm").read_text().split()[1])
            return pages * resource.getpagesize()

        model = fitted()

        def fits(count):
            for _ in range(count // 2):
                fitted()
                fitted(model)

        def predictions(count):
            for i in range(count):
                model.predict(x[i % 200 : i % 200 + 1])

        def of_other_sizes(count):
            for size in range(1, 1 + count):
                model.predict(wide[:size], batch_size=size)
                model.evaluate(wide[:size], labels[:size], batch_size=size)

        wide, labels = np.ones((1023, 100), np.float32), np.zeros(1023, np.float32)
        for work, first, count in (
            (fits, 100, 1000),
            (predictions, 1000, 100_000),
            (of_other_sizes, 1023, 1023),
        ):
            work(first)
            before = resident()
            work(count)
            print(resident() - before)
    """
    for growth in run(code)[0].split():
        assert int(growth) < MB
