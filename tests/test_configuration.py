"""Models as dicts and as JSON, their shapes, and their weights in files."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import fastscratch as fs
from fastscratch import constraints, layers
from fastscratch.models import clone_model, model_from_json

# Keras' variables hand themselves out to NumPy in a way that is going out of use.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def row():
    return fs.Sequential(
        [
            fs.Input((6, 5, 2)),
            layers.Conv2D(3, 2, activation="relu", kernel_constraint=constraints.MaxNorm(2)),
            layers.Dropout(0.5, seed=3),
            layers.Flatten(),
            layers.Dense(4, kernel_regularizer="l2", name="head"),
        ],
        name="row",
        dtype="float64",
    )


def graph():
    a, b = fs.Input((4,), name="a"), fs.Input((4,), name="b")
    shared = layers.Dense(3, "tanh")
    both = layers.Concatenate()([shared(a), shared(b)])
    outs = [layers.Dense(1)(both), layers.LayerNormalization(axis=[-1])(both)]
    return fs.Model([a, b], outs, name="graph")


@pytest.mark.parametrize("make", [row, graph])
def test_a_config_makes_the_same_model_again(make):
    model = make()
    for again in (
        type(model).from_config(model.get_config()),
        fs.Model.from_config(json.loads(json.dumps(model.get_config()))),
        model_from_json(model.to_json(indent=1)),
        clone_model(model),
    ):
        assert type(again) is type(model)
        assert again.get_config() == model.get_config()
        assert (again.name, again.dtype, again.optimizer) == (model.name, model.dtype, None)
        again.set_weights(model.get_weights())
        xs = [np.random.default_rng(0).standard_normal((3, *s[1:])) for s in shapes(model)]
        given = xs[0] if len(xs) == 1 else xs
        for one, other in zip(outputs(model, given), outputs(again, given), strict=True):
            np.testing.assert_array_equal(one, other)


def shapes(model):
    return model.input_shape if isinstance(model.input_shape, list) else [model.input_shape]


def outputs(model, x):
    predicted = model.predict(x)
    return predicted if isinstance(predicted, list) else [predicted]


def test_a_clone_has_weights_of_its_own():
    model = row()
    clone = clone_model(model)
    assert (clone.get_weights()[0] != model.get_weights()[0]).any()
    assert clone.layers[0] is not model.layers[0]


def test_a_model_that_knows_no_shape_yet():
    model = fs.Sequential([layers.Dense(3), layers.Dense(2)])
    again = fs.Sequential.from_config(model.get_config())
    assert not again.built
    assert again.predict(np.ones((2, 5))).shape == (2, 2)
    assert again.built
    with pytest.raises(ValueError, match="the model does not know its input shape"):
        _ = model.input_shape
    model.build((None, 7))
    assert (model.input_shape, model.output_shape) == ((None, 7), (None, 2))
    assert model.count_params() == 7 * 3 + 3 + 3 * 2 + 2


def test_shapes(keras):
    """Those of Keras."""
    for make in (row, graph):
        assert make().input_shape
    assert row().output_shape == (None, 4)
    ours, theirs = graph(), None
    a, b = keras.Input((4,)), keras.Input((4,))
    shared = keras.layers.Dense(3)
    both = keras.layers.Concatenate()([shared(a), shared(b)])
    theirs = keras.Model([a, b], [keras.layers.Dense(1)(both), both])
    assert ours.input_shape == list(theirs.input_shape)
    assert ours.output_shape == list(theirs.output_shape)


def test_build_checks_the_shape():
    model = row()
    model.build()
    model.build((None, 6, 5, 2))
    with pytest.raises(ValueError, match=r"samples of shape \(6, 5, 2\), .* got \(6, 5, 3\)"):
        model.build((None, 6, 5, 3))
    x = fs.Input((4,))
    functional = fs.Model(x, layers.Dense(1)(x))
    functional.build((None, 4))
    with pytest.raises(ValueError, match=r"samples of shape \(4,\), as its Input says, got \(5,\)"):
        functional.build((None, 5))
    with pytest.raises(ValueError, match=r"input_shape must be as \(None, 784\), got 4"):
        model.build(4)


def test_weights_that_training_changes(keras):
    """As many as in Keras, of the same shapes."""
    for module in (fs, keras):
        body = [module.layers.Dense(3, trainable=False), module.layers.BatchNormalization()]
        model = module.Sequential([module.Input((4,)), *body, module.layers.Dense(1)])
        assert [tuple(w.shape) for w in model.trainable_weights] == [(3,), (3,), (3, 1), (1,)]
        assert [tuple(w.shape) for w in model.non_trainable_weights] == [(4, 3), (3,), (3,), (3,)]


def test_arguments_of_models():
    """Those that Keras has besides."""
    frozen = fs.Sequential([fs.Input((4,)), layers.Dense(1)], None, trainable=False)
    assert (frozen.name, frozen.trainable) == ("sequential", False)
    assert fs.Sequential(None).layers == []
    x = fs.Input((4,))
    model = fs.Model(x, layers.Dense(1)(x), name=None, trainable=False)
    assert (model.name, model.trainable) == ("model", False)
    with pytest.raises(TypeError, match="trainable must be True or False, got 'no'"):
        fs.Sequential(trainable="no")


def test_a_summary_goes_where_it_is_wanted(capsys):
    said = []
    row().summary(print_fn=said.append)
    assert capsys.readouterr().out == ""
    assert said[0].startswith('Model: "row"')
    with pytest.raises(TypeError, match="print_fn must be a function, got int"):
        row().summary(print_fn=3)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: fs.Model.from_config({}), "config must be what get_config returned: KeyError"),
        (lambda: fs.Model.from_config(3), "config must be what get_config returned"),
        (lambda: fs.Sequential.from_config(graph().get_config()), "config must be that of a Seq"),
        (lambda: model_from_json("{"), "json_string must be what to_json returned"),
        (lambda: model_from_json('{"config": {"layers": [{"class": "add"}]}}'), "no layer 'add'"),
        (lambda: clone_model(3), "model must be a model, got int"),
    ],
)
def test_refused(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


# --- weights in files -----------------------------------------------------------------------------


def same(one, other):
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("make", [row, graph])
def test_weights_go_through_a_file(make, tmp_path):
    model, other, path = make(), make(), tmp_path / "m.weights.safetensors"
    assert not same(model, other)
    model.save_weights(path)
    other.load_weights(path)
    assert same(model, other)
    names = [f"{layer.name}/{placed.weight.name}" for layer, placed in model._named_weights()]
    assert sorted(load_file(path)) == sorted(names)


def test_weights_of_a_whole_model(tmp_path):
    """What the optimiser remembers is left alone; that of the model stays."""
    model = row()
    model.compile("adam", "mse")
    x, y = np.ones((4, 6, 5, 2)), np.ones((4, 4))
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.safetensors")
    other = row()
    other.load_weights(tmp_path / "m.safetensors")
    assert same(model, other)
    assert other.iterations == 0


def test_weights_of_another_dtype_are_converted(tmp_path):
    model = row()
    model.save_weights(tmp_path / "w")
    config = model.get_config() | {"dtype": "float32"}
    single = fs.Sequential.from_config(config)
    single.load_weights(tmp_path / "w")
    np.testing.assert_array_equal(
        single.get_weights()[0], model.get_weights()[0].astype(np.float32)
    )


def test_another_head_is_left_out(tmp_path):
    model, path = row(), tmp_path / "w"
    model.save_weights(path)
    other = fs.Sequential([*row().layers[:-1], layers.Dense(2, name="head")], dtype="float64")
    other._input_shape = (6, 5, 2)
    before = other.get_weights()
    with pytest.raises(
        ValueError, match=r"those of another model: head/kernel must hold .* \(60, 2"
    ):
        other.load_weights(path)
    assert all(map(np.array_equal, before, other.get_weights()))
    other.load_weights(path, skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    np.testing.assert_array_equal(other.get_weights()[2], before[2])


def test_files_that_are_refused(tmp_path):
    model = row()
    with pytest.raises(FileNotFoundError, match=r"there is no file .*none, so no weights can be"):
        model.load_weights(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match="is a folder, so no weights can be"):
        model.load_weights(tmp_path)
    (tmp_path / "text").write_text("weights")
    with pytest.raises(ValueError, match=r"no weights can be loaded from .*: it is a text file"):
        model.load_weights(tmp_path / "text")
    with pytest.raises(ValueError, match=r"filepath must end in .safetensors"):
        model.save_weights(tmp_path / "m.weights.h5")
    model.save_weights(tmp_path / "w")
    with pytest.raises(
        FileExistsError, match=r"there is a file .* already, and overwrite is False"
    ):
        model.save_weights(tmp_path / "w", overwrite=False)
    arrays = load_file(tmp_path / "w")
    save_file(arrays | {"more/kernel": np.ones(2)}, tmp_path / "more")
    with pytest.raises(ValueError, match="more/kernel is no weight of the model; skip_mismatch"):
        model.load_weights(tmp_path / "more")
    del arrays["head/bias"]
    save_file(arrays, tmp_path / "less")
    with pytest.raises(ValueError, match="head/bias is missing"):
        model.load_weights(tmp_path / "less")
    save_file(arrays | {"head/bias": np.full(4, np.nan)}, tmp_path / "nan")
    with pytest.raises(ValueError, match="head/bias must hold finite numbers"):
        model.load_weights(tmp_path / "nan")
    weights = model.get_weights()
    weights[0] = weights[0].copy()
    model._state.parameters.flags.writeable = True
    model._state.parameters[0] = np.inf
    with pytest.raises(
        ValueError, match="the weights cannot be saved: conv2d/kernel is not finite"
    ):
        model.save_weights(tmp_path / "inf")
    assert not (tmp_path / "inf").exists()
