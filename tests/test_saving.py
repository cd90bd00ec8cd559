"""Saved, pickled and copied models go on as if nothing had happened; damaged files are refused."""

import copy
import os
import pickle

import numpy as np
import pytest

from fastscratch import Sequential, initializers, layers, load_model, losses, optimizers
from fastscratch.models import replacing
from fastscratch.optimizers import schedules

RNG = np.random.default_rng(0)
X, Y = RNG.random((30, 8, 8, 4), np.float32), RNG.integers(3, size=30)


def convolutional(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    """A compiled model of many kinds of layers, with options that are not the default."""
    model = Sequential(
        [
            layers.Input((8, 8, 4)),
            layers.Conv2D(6, (3, 2), (1, 2), "same", groups=2, kernel_regularizer="l2"),
            layers.BatchNormalization(-1, 0.9, 0.01, gamma_regularizer="l1"),
            layers.Activation("gelu"),
            layers.MaxPooling2D(2, 1, "same", name="pool"),
            layers.Conv2D(5, 2, dilation_rate=2, use_bias=False, activation="elu"),
            layers.AveragePooling2D((2, 1)),
            layers.LayerNormalization(center=False),
            layers.Dropout(0.3),
            layers.Reshape((3, -1)),
            layers.Dense(4, "tanh", kernel_initializer=initializers.RandomNormal(0, 0.3)),
            layers.Reshape((3, 2, 2)),
            layers.GlobalAveragePooling2D(),
            layers.Flatten(),
            layers.Dense(6, "silu", trainable=False),
            layers.Dense(3, "softmax", bias_regularizer="l1_l2"),
        ],
        name="everything",
    )
    model.compile(optimizer, loss, metrics)
    return model


def dense(optimizer="adam"):
    model = Sequential([layers.Dense(5, "tanh"), layers.Dropout(0.2), layers.Dense(3, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


def after(model):
    """What becomes of a model in a further fit."""
    x = X if len(model.layers) > 3 else X.reshape(30, -1)
    history = model.fit(x, Y, batch_size=8, epochs=2, verbose=0).history
    return [weight.tobytes() for weight in model.get_weights()], history, model.evaluate(x, Y)


def through_a_file(model, tmp_path):
    model.save(tmp_path / "model.safetensors")
    return load_model(tmp_path / "model.safetensors")


COPIES = {
    "saved": through_a_file,
    "pickled": lambda model, _: pickle.loads(pickle.dumps(model)),
    "copied": lambda model, _: copy.deepcopy(model),
}


@pytest.fixture(params=COPIES)
def make_copy(request, tmp_path):
    return lambda model: COPIES[request.param](model, tmp_path)


# --- round trips ----------------------------------------------------------------------------------


def test_layers_of_many_kinds_go_on_bit_for_bit(make_copy):
    """Files of every kind of layer: `test_saved_or_refused.py`."""
    model = convolutional()
    after(model)
    again = make_copy(model)
    assert [layer.get_config() for layer in again.layers] == [
        layer.get_config() for layer in model.layers
    ]
    assert again.name == "everything"
    assert again.metrics == ["accuracy"]
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    assert (again.iterations, again.trained_epochs) == (8, 2)
    assert after(again) == after(model)


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.1, weight_decay=0.01),
        optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.1),
        optimizers.RMSprop(rho=0.8),
        optimizers.RMSprop(momentum=0.5, centered=True),
        optimizers.Adagrad(0.1, initial_accumulator_value=0.2),
        optimizers.Adam(global_clipnorm=0.1),
        optimizers.AdamW(0.01, 0.1),
        optimizers.Adam(schedules.ExponentialDecay(0.01, 5, 0.5, True)),
        optimizers.Adam(schedules.InverseTimeDecay(0.01, 5, 0.5)),
        optimizers.Adam(schedules.PiecewiseConstantDecay([3, 9], [0.1, 0.01, 0.001])),
        optimizers.Adam(schedules.PolynomialDecay(0.1, 10, cycle=True)),
        optimizers.Adam(schedules.CosineDecay(0.1, 10, 0.1, 0.2, 3)),
    ],
    ids=repr,
)
def test_every_optimizer_and_schedule_goes_on(make_copy, optimizer):
    model = dense(optimizer)
    after(model)
    again = make_copy(model)
    assert repr(again.optimizer) == repr(optimizer)
    assert after(again) == after(model)


@pytest.mark.parametrize(
    ("loss", "read_out"),
    [
        (losses.MeanSquaredError(), "linear"),
        (losses.MeanAbsoluteError(), "relu"),
        (losses.Huber(0.5), "linear"),
        (losses.Poisson(), "softplus"),
        (losses.BinaryCrossentropy(True, 0.1), "linear"),
        (losses.MultilabelCrossentropy(label_smoothing=0.2), "sigmoid"),
        (losses.CategoricalCrossentropy(label_smoothing=0.2), "softmax"),
        (losses.SparseCategoricalCrossentropy(True), "linear"),
    ],
    ids=repr,
)
def test_every_loss_is_kept(make_copy, loss, read_out):
    model = Sequential([layers.Input((2,)), layers.Dense(3, read_out)])
    model.compile("sgd", loss)
    x, y = np.ones((4, 2)), [0, 1, 2, 0] if loss.takes_labels else np.eye(4, 3)
    again = make_copy(model)
    assert again.loss == loss
    assert again.evaluate(x, y) == model.evaluate(x, y)


def test_models_that_are_not_trained_or_not_compiled(make_copy):
    compiled = dense()
    compiled.predict(X.reshape(30, -1))
    assert after(make_copy(compiled)) == after(compiled)
    plain = Sequential([layers.Input((4,)), layers.Dense(3, input_shape=(4,))])
    again = make_copy(plain)
    assert again.loss is again.optimizer is None
    assert again.predict(np.ones((1, 4))).tobytes() == plain.predict(np.ones((1, 4))).tobytes()
    with pytest.raises(RuntimeError, match="is not compiled"):
        again.fit(np.ones((1, 4)), np.ones((1, 3)))


def test_a_model_without_a_shape_cannot_be_saved(tmp_path):
    with pytest.raises(ValueError, match="does not know its input shape"):
        Sequential([layers.Dense(2)]).save(tmp_path / "model")
    with pytest.raises(ValueError, match="the model has no layers"):
        Sequential().save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_is_a_model_of_its_own(make_copy):
    model = dense()
    after(model)
    before = model.get_weights()
    again = make_copy(model)
    after(again)
    again.layers[0].trainable = False
    for weight, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, old)
    assert model.layers[0].trainable


# --- files ----------------------------------------------------------------------------------------


def test_overwrite(tmp_path):
    file = tmp_path / "model.safetensors"
    first, second = dense(), dense()
    for model in (first, second):
        after(model)
    first.save(file)
    with pytest.raises(FileExistsError, match=r"there is a file .*, and overwrite is False"):
        second.save(file, overwrite=False)
    assert after(load_model(file)) == after(first)
    second.save(str(file))
    assert after(load_model(str(file))) == after(second)


@pytest.mark.skipif(os.name == "nt", reason="no permission bits")
def test_a_file_can_be_read_by_whom_the_umask_allows(tmp_path):
    before = os.umask(0o022)
    try:
        Sequential([layers.Dense(2, input_shape=(2,))]).save(tmp_path / "model")
    finally:
        os.umask(before)
    assert (tmp_path / "model").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch, failing):
    file = tmp_path / "model.safetensors"
    model = dense()
    after(model)
    model.save(file)
    old = file.read_bytes()
    after(model)

    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(replacing.os, failing, fail)
    with pytest.raises(OSError, match="disk full"):
        model.save(file)
    assert file.read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*no to save model in"):
        Sequential([layers.Dense(2, input_shape=(2,))]).save(tmp_path / "no" / "model")


def test_a_save_goes_where_a_load_looks(tmp_path, monkeypatch):
    """Not to `m` for "no/../m", which no program can open while there is no folder `no`."""
    monkeypatch.chdir(tmp_path)
    model = Sequential([layers.Dense(2, input_shape=(2,))])
    with pytest.raises(FileNotFoundError, match=r"there is no folder no.\.\. to save m in"):
        model.save("no/../m")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "there").mkdir()
    model.save("there/../m")
    assert load_model("there/../m").get_weights()[0].tolist() == model.get_weights()[0].tolist()
    assert (tmp_path / "m").is_file()


@pytest.mark.parametrize("use", [Sequential.save, lambda _, path: load_model(path)])
def test_a_path_with_a_null_character_is_refused(use):
    with pytest.raises(ValueError, match=r"filepath must not hold a null character, got 'm\\x00'"):
        use(Sequential([layers.Dense(2, input_shape=(2,))]), "m\0")


def test_metadata_is_saved_with_a_model(tmp_path):
    path = tmp_path / "model"
    model = Sequential([layers.Input((2,)), layers.Dense(1)])
    assert model.metadata == {}
    model.metadata = {"names": ["a", "b"], "nested": {"mean": 0.1}}
    model.save(path)
    assert load_model(path).metadata == model.metadata
    before = path.read_bytes()
    model.metadata = {"array": np.zeros(2)}
    with pytest.raises(TypeError, match="metadata must be what JSON can hold: Object of type nda"):
        model.save(path)
    nested = []
    for _ in range(100_000):
        nested = [nested]
    model.metadata = {"nested": nested}
    too_deep = "(maximum recursion|Stack overflow)"  # the latter from CPython 3.14 on
    with pytest.raises(TypeError, match="metadata must be what JSON can hold: " + too_deep):
        model.save(path)
    assert path.read_bytes() == before


def test_metadata_come_back_as_json_has_them(tmp_path):
    """Of two keys that JSON does not tell apart, the last; the checksum is of what is read."""
    model = Sequential([layers.Dense(1, input_shape=(2,))])
    model.metadata = {1: (2, 3), "1": float("inf"), "é": "\ud800"}
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").metadata == {"1": float("inf"), "é": "\ud800"}


def test_the_same_model_is_the_same_file(tmp_path):
    model = dense()
    after(model)
    files = [tmp_path / str(i) for i in range(20)]
    for file in files:
        model.save(file)
    assert len({file.read_bytes() for file in files}) == 1


def test_an_initializer_of_ones_own_cannot_be_saved(tmp_path):
    class Twos(initializers.Initializer):
        def __call__(self, shape, seed):
            return np.full(shape, 2, np.float32)

    model = Sequential([layers.Dense(2, kernel_initializer=Twos(), input_shape=(2,))])
    with pytest.raises(ValueError, match="only initializers of fastscratch can be saved, got Twos"):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []
