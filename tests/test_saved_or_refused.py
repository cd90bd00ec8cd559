"""Whatever `save` writes, `load_model` reads; what it would refuse is refused before writing."""

import contextlib
import gzip
import os
import pickle
import stat
import zipfile

import numpy as np
import pytest

from fastscratch import Sequential, callbacks, layers, load_model, losses, optimizers, regularizers
from fastscratch.examples import EXAMPLES
from fastscratch.optimizers import schedules


@pytest.fixture
def file(tmp_path):
    """A good file of another model, which a refused save must leave alone."""
    path = tmp_path / "model"
    small().save(path)
    return path


def small(epochs=2, **compiled):
    """A trained model with each kind of part that has a description."""
    model = Sequential(
        [
            layers.Input((3,)),
            layers.Dense(2, "tanh", kernel_initializer="random_normal", bias_regularizer="l1"),
            layers.Dropout(0.1),
            layers.Dense(1),
        ]
    )
    rate = schedules.PolynomialDecay(0.1, 10)
    settings = {"optimizer": optimizers.Adam(rate), "loss": losses.Huber(0.5), "metrics": ["mae"]}
    model.compile(**settings | compiled)
    model.count_params()  # builds it
    if epochs:
        model.fit(np.eye(3), np.ones(3), epochs=epochs, verbose=0)
    return model


def assert_refused(model, file, message, kind=ValueError):
    before = file.read_bytes()
    with pytest.raises(kind, match=message):
        model.save(file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_comes_back_as_it_was(tmp_path, name):
    EXAMPLES[name].model().save(tmp_path / "first")
    load_model(tmp_path / "first").save(tmp_path / "second")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_the_examples_have_every_layer():
    known = {kind for kind in vars(layers).values() if isinstance(kind, type)}
    kinds = {kind for kind in known if issubclass(kind, layers.Layer)} - {layers.Layer}
    assert {type(layer) for e in EXAMPLES.values() for layer in e.model().layers} == kinds


# --- any value in any attribute -------------------------------------------------------------------

HOSTILE = [None, True, -1, 0, 3, 0.5, 1e308, 10**30, float("nan"), float("inf"), "", "x", b"x", []]
HOSTILE += [[1], {}, {"a": 1}, (), {1}, object(), np.float32(1), np.arange(2), lambda: 0, "\ud800"]
HOSTILE += [[["a", 1]], type, layers.Dense(1), "float64"]


def parts(model):
    first = model.layers[0]
    rate = model.optimizer.learning_rate
    own = [first.kernel_initializer, first.bias_regularizer]
    return [model, *model.layers, *own, *model._losses, model.optimizer, rate]


PLACES = [(k, name) for k, part in enumerate(parts(small(epochs=0))) for name in vars(part)]


@pytest.mark.slow
@pytest.mark.parametrize(("place", "name"), PLACES)
def test_what_is_saved_can_be_loaded(file, place, name):
    before = file.read_bytes()
    for value in HOSTILE:
        model = small()
        part = parts(model)[place]
        try:
            if place == 0 or not hasattr(part, "__dataclass_fields__"):
                setattr(part, name, value)
            else:  # frozen, or checked when they are set: force it
                object.__setattr__(part, name, value)
        except Exception:  # refused at once, which is not the matter here
            continue
        with contextlib.suppress(Exception):
            model.save(file)
        if file.read_bytes() != before:
            load_model(file).save(file.with_name("again"))
            assert file.with_name("again").read_bytes() == file.read_bytes(), value
            file.with_name("again").unlink()
            file.write_bytes(before)
        assert list(file.parent.iterdir()) == [file]


# --- the cases by name ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite(file, number):
    model = small()
    weights = model._state.parameters.copy()
    weights[1] = number
    model._state = model._state.replaced(parameters=weights)
    assert_refused(model, file, "loaded again: the array 'dense/kernel' must hold finite numbers")
    model = small()
    slots = [slot.copy() for slot in model._state.slots]
    slots[1][0] = number
    model._state = model._state.replaced(slots=tuple(slots))
    assert_refused(model, file, "loaded again: the array 'optimizer/1' must hold finite numbers")


def test_a_checkpoint_of_a_fit_that_diverged_stays_the_last_good_one(tmp_path):
    path = tmp_path / "best"
    model = Sequential([layers.Input((1,)), layers.Dense(1)])
    model.compile(optimizers.SGD(1e20), "mean_squared_error")
    options = {"epochs": 9, "terminate_on_nan": False, "verbose": 0}
    with pytest.raises(ValueError, match="must hold finite numbers"):
        model.fit([[1.0]], [2.0], callbacks=[callbacks.ModelCheckpoint(path)], **options)
    again = load_model(path)
    assert again.trained_epochs == model.trained_epochs - 1
    assert np.isfinite(again.get_weights()[0]).all()


@pytest.mark.parametrize("metadata", [None, [], [["a", 1]], "text", 3, {"a"}])
def test_metadata_that_are_no_dict(file, metadata):
    model = small()
    model.metadata = metadata
    kind = type(metadata).__name__
    assert_refused(model, file, f"metadata must be a dict, got {kind}", TypeError)


class Adam(optimizers.Adam):
    pass


class MySGD(optimizers.SGD):
    @property
    def kind(self):
        return "sgd"


class PolynomialDecay(schedules.PolynomialDecay):
    pass


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        ({"optimizer": Adam()}, "Adam is a class of another package"),
        ({"optimizer": MySGD()}, "class must be one of .* got 'MySGD'"),
        (
            {"optimizer": optimizers.SGD(PolynomialDecay(0.1, 9))},
            "PolynomialDecay is a class of another package",
        ),
    ],
)
def test_classes_of_ones_own(file, compiled, message):
    model = Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile(**{"optimizer": "sgd", "loss": "mse"} | compiled)
    assert_refused(model, file, f"the model cannot be saved, .* loaded again: {message}")


def test_a_regularizer_of_ones_own_is_one_of_ours_once_it_is_read(file):
    class Weak(regularizers.Regularizer):
        def __init__(self):
            super().__init__(l2=1e-6)

    model = Sequential([layers.Input((3,)), layers.Dense(1, kernel_regularizer=Weak())])
    model.save(file)
    assert load_model(file).layers[0].kernel_regularizer == regularizers.L1L2(0, 1e-6)


def test_a_regularizer_cannot_have_a_formula_of_its_own():
    class Cubic(regularizers.Regularizer):
        def __call__(self, weights):
            return float((abs(weights) ** 3).sum())

    with pytest.raises(ValueError, match=r"kernel_regularizer .* with a formula of its own"):
        layers.Dense(1, kernel_regularizer=Cubic())


@pytest.mark.parametrize("base", [losses.Loss, losses.MeanSquaredError, losses.Huber])
@pytest.mark.parametrize("method", ["call", "__call__"])
def test_a_loss_cannot_have_a_formula_of_its_own(base, method):
    """Keras' users write `call`; the kernels would compute the loss that it inherits from."""
    fourth = type("Fourth", (base,), {method: lambda self, y_true, y_pred: (y_true - y_pred) ** 4})
    model = Sequential([layers.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"loss must be .* with a formula of its own, Fourth"):
        model.compile("sgd", fourth())
    assert model.loss.name == "mean_squared_error"


def test_a_loss_without_a_formula_is_refused():
    class Nothing(losses.Loss):
        pass

    model = Sequential([layers.Input((3,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"loss must be .* with a formula of its own, Nothing"):
        model.compile("sgd", Nothing())


# --- what is replaced -----------------------------------------------------------------------------

posix = pytest.mark.skipif(os.name == "nt", reason="no permission bits, pipes and devices")


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664, 0o755])
def test_a_replaced_file_keeps_its_mode(file, mode):
    file.chmod(mode)
    small().save(file)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@posix
def test_a_private_file_is_never_readable_by_others(file, monkeypatch):
    file.chmod(0o600)
    modes = []
    write = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (modes.append(os.fstat(fd).st_mode), write(fd)))
    small().save(file)
    assert [stat.S_IMODE(mode) for mode in modes] == [0o600]


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may chown")
def test_a_replaced_file_keeps_its_owner(file):
    os.chown(file, 12345, 23456)
    small().save(file)
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anything")
def test_a_file_that_may_not_be_written_is_not_replaced(file):
    file.chmod(0o444)
    assert_refused(small(), file, "may not be written", PermissionError)


def test_a_symbolic_link_is_followed(tmp_path, file):
    (tmp_path / "folder").mkdir()
    target = file.rename(tmp_path / "folder" / "target")
    chain = [tmp_path / "latest", tmp_path / "second"]
    try:
        chain[1].symlink_to(os.path.join("folder", "target"))
        chain[0].symlink_to("second")
    except OSError:
        pytest.skip("links need a right here")
    model = small()
    model.seed = 77
    model.save(chain[0])
    assert all(link.is_symlink() for link in chain)
    assert load_model(target).seed == load_model(chain[0]).seed == 77
    target.unlink()
    model.save(chain[0])  # to where the link points, as any program writes
    assert load_model(target).seed == 77
    assert chain[0].is_symlink()
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["folder", "latest", "second", "target"]


@posix
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_is_no_regular_file_is_not_replaced(tmp_path, make):
    special = tmp_path / "special"
    make(special)
    before = special.lstat()
    with pytest.raises(OSError, match="special is no regular file, and cannot be replaced by one"):
        small().save(special)
    assert special.lstat().st_ino == before.st_ino
    assert list(tmp_path.iterdir()) == [special]


@posix
def test_a_device_is_not_replaced():
    with pytest.raises(OSError, match=r"/dev/null is no regular file"):
        small().save("/dev/null")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.parametrize("name", ["", ".", "..", "folder/", "folder/.."])
def test_a_path_without_a_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ValueError, match=f"filepath must be the name of a file, got '{name}'"):
        small().save(name)


def test_a_folder_is_not_replaced(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; name a file"):
        small().save(tmp_path)
    with pytest.raises(TypeError, match="filepath must be a string or a path, got int"):
        small().save(3)
    with pytest.raises(TypeError, match="overwrite must be True or False, got 'no'"):
        small().save(tmp_path / "model", overwrite="no")


# --- suffixes, and files of others ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "m.weights.h5", "m.H5", "m.pt", "data.csv"])
def test_the_suffix_of_another_format(tmp_path, name):
    path = tmp_path / name
    with pytest.raises(
        ValueError, match=r"filepath must end in \.safetensors, .*, got '.*/" + name
    ):
        small().save(path)
    with pytest.raises(ValueError, match=r"filepath must end in \.safetensors"):
        callbacks.ModelCheckpoint(path)
    assert list(tmp_path.iterdir()) == []
    for right in ("m.safetensors", "m", "m.v1", "m-0.25"):
        small().save(tmp_path / right)


def test_a_foreign_file_is_named(tmp_path):
    def archive(path, *members):
        with zipfile.ZipFile(path, "w") as file:
            for member in members:
                file.writestr(member, b"x")

    makers = {
        "a model that Keras saved": lambda p: archive(p, "config.json", "model.weights.h5"),
        "a file that PyTorch saved, with a pickle": lambda p: archive(p, "m/data.pkl", "m/data/0"),
        "a zip archive": lambda p: archive(p, "picture.png"),
        "an HDF5 file, as Keras writes": lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)),
        "arrays that NumPy saved": lambda p: archive(p, "a.npy", "b.npy"),
        "an array that NumPy saved": lambda p: p.write_bytes(b"\x93NUMPY\x01\0" + bytes(99)),
        "a pickle, which is not opened": lambda p: p.write_bytes(pickle.dumps({"a": 1})),
        "a file that gzip compressed": lambda p: p.write_bytes(gzip.compress(b"x")),
        "a JSON file": lambda p: p.write_text('{"layers": [1, 2, 3]}'),
        "a text file": lambda p: p.write_text("sepal_length,sepal_width\n1,2\n"),
        "an empty file": lambda p: p.touch(),
    }
    for k, (what, make) in enumerate(makers.items()):
        path = tmp_path / str(k)
        make(path)
        with pytest.raises(ValueError, match=f"not a model that fastscratch saved: it is {what}"):
            load_model(path)


def test_a_folder_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder, and no model file"):
        load_model(tmp_path)
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(IsADirectoryError, match="is a folder that TensorFlow saved, and no model"):
        load_model(tmp_path)
