"""Models that are graphs: layers that are shared, tensors that are read twice, several ends.

The truth is the naive network of the reference (`naive.py`), its central differences, the
Sequential model of the same layers, and Keras' functional models.
"""

import copy
import gc
import pickle

import naive
import numpy as np
import pytest

import fastscratch as fs
from fastscratch import layers, load_model, losses, optimizers
from fastscratch.utils import derived_seed, set_random_seed

RNG = np.random.default_rng(0)
# Of float64, for sums of fewer than 10000 terms of size up to 10.
ROUNDING = 1e5 * 2.0**-53
# The step of a difference, and what it cuts off and rounds: see `test_gradients`.
H = 2.0**-20
TOLERANCE = H**2 / 6 * 1e4 + 1000 * 10 * 2.0**-53 / H


def residual(**options):
    """A layer beside what it reads, and one that is called twice."""
    set_random_seed(7)
    x = fs.Input((6,))
    h = layers.Add()([x, layers.Dense(6, "tanh", kernel_regularizer="l2")(x)])
    twice = layers.Dense(6, "silu", bias_regularizer="l1_l2", bias_initializer="random_uniform")
    h = layers.Dropout(0.2)(twice(layers.Dropout(0.2)(twice(h))))
    model = fs.Model(x, layers.Dense(3, "softmax")(h), **options)
    model.compile(optimizers.Adam(0.02), "categorical_crossentropy")
    return model


def images(**options):
    """Convolutions that meet again, one of them frozen, with batch normalisation."""
    set_random_seed(8)
    x = fs.Input((7, 6, 3))
    wide = layers.Conv2D(4, 3, padding="same", activation="elu")(x)
    low = layers.Conv2D(4, 1, use_bias=False, trainable=False)(x)
    h = layers.BatchNormalization()(layers.Multiply()([wide, low]))
    joined = layers.Concatenate()([h, wide, x])
    pooled = layers.GlobalAveragePooling2D()(layers.MaxPooling2D(2)(joined))
    model = fs.Model(x, layers.Dense(2)(pooled), **options)
    model.compile(optimizers.SGD(0.05, momentum=0.9), "huber")
    return model


def several(**options):
    """Two inputs through one layer; outputs of which one is read by another; weighted losses."""
    set_random_seed(9)
    rows, image = fs.Input((4,), name="rows"), fs.Input((2, 2), name="image")
    both = layers.Dense(4, "tanh", name="both")
    one, other = both(rows), both(layers.Flatten()(image))
    scores = layers.Dense(3, "softmax", name="scores")(layers.Concatenate()([one, other]))
    level = layers.Dense(1, "sigmoid", name="level")(layers.Concatenate()([scores, one]))
    size = layers.Dense(2, name="size")(other)
    model = fs.Model([rows, image], [scores, level, size], **options)
    model.compile(
        optimizers.RMSprop(0.01),
        ["sparse_categorical_crossentropy", "binary_crossentropy", "mean_squared_error"],
        [["accuracy"], ["accuracy", "mae"], []],
        [0.5, 1.0, 2.0],
    )
    return model


GRAPHS = {"residual": residual, "images": images, "several": several}
OUTPUTS = {"residual": [(3,)], "images": [(2,)], "several": [(), (1,), (2,)]}


def data(name, n=13):
    """Samples and targets, a list of each."""
    rng = np.random.default_rng(n)
    shapes = {"residual": [(6,)], "images": [(7, 6, 3)], "several": [(4,), (2, 2)]}[name]
    x = [rng.standard_normal((n, *shape)) for shape in shapes]
    labels = rng.integers(3, size=n)
    y = {
        "residual": [np.eye(3)[labels]],
        "images": [rng.standard_normal((n, 2))],
        "several": [labels, rng.integers(2, size=(n, 1)), rng.standard_normal((n, 2))],
    }
    return x, y[name]


def given(arrays):
    """As `fit` takes them."""
    return arrays[0] if len(arrays) == 1 else arrays


def fitted(model, name, **options):
    x, y = data(name)
    options = {"batch_size": 5, "epochs": 3, "verbose": 0} | options
    return model.fit(given(x), given(y), **options).history


def bits(model):
    """All that training leaves."""
    slots = model._state.slots or ()
    return [array.tobytes() for array in (*model.get_weights(), *slots)]


# --- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", GRAPHS)
def test_loss_and_gradients_are_those_of_the_reference(name, weighted):
    model = GRAPHS[name](dtype="float64")
    x, y = data(name)
    weights = RNG.random(13) if weighted else None
    loss, gradients = model.gradients(given(x), given(y), weights)
    network, state = model._network, model._state
    learned = [
        layer.trainable and placed.weight.trainable for layer, placed in model._named_weights()
    ]
    options = {"seed": derived_seed(model.seed, 1), "step": 0}

    def expected(parameters):
        of_losses = model._losses, weights, model._loss_weights
        return naive.loss_and_gradient(network, parameters, x, y, *of_losses, **options)

    expected_loss, flat, _ = expected(state.parameters)
    assert loss == pytest.approx(expected_loss, rel=ROUNDING)
    for gradient, placed, learns in zip(gradients, network.placed(), learned, strict=True):
        np.testing.assert_allclose(gradient, placed.view(flat), rtol=0, atol=ROUNDING)
        assert gradient.any() == learns
    # The reference itself is tested by differences; here is one of this very graph.
    moved = [
        np.full(gradient.size, learns) for gradient, learns in zip(gradients, learned, strict=True)
    ]
    direction = np.concatenate(moved) * RNG.choice([-1, 1], state.parameters.size)
    ahead, _, _ = expected(state.parameters + H * direction)
    behind, _, _ = expected(state.parameters - H * direction)
    ours = np.concatenate([gradient.ravel() for gradient in gradients]) @ direction
    assert ours == pytest.approx((ahead - behind) / (2 * H), abs=TOLERANCE)


@pytest.mark.parametrize("n", [1, 13, 300])
@pytest.mark.parametrize("name", GRAPHS)
def test_predictions_are_those_of_the_reference(name, n):
    model = GRAPHS[name](dtype="float64")
    fitted(model, name)
    x, _ = data(name, n)
    expected = naive.forward(model._network, model._state.parameters, x)
    for found in (model.predict(given(x)), model(given(x)), model.predict(given(x), 7)):
        for out, wanted in zip(found if len(expected) > 1 else [found], expected, strict=True):
            np.testing.assert_allclose(out, wanted, rtol=0, atol=ROUNDING * abs(wanted).max())


def test_a_fit_by_hand():
    """``y = k (k x) + k x`` with one weight, k = 2, at x = 1: y = 6, and dy/dk = 2 k + 1 = 5."""
    x = fs.Input((1,))
    k = layers.Dense(1, use_bias=False)
    kx = k(x)
    model = fs.Model(x, layers.Add()([k(kx), kx]))
    model.compile(optimizers.SGD(0.125), "mean_squared_error")
    model.set_weights([[[2.0]]])
    assert model.count_params() == 1
    assert model.predict([[1.0]]) == [[6.0]]
    # Of target 5 the loss is 1, its derivative 2 * 1 * 5 = 10, and the step 10 / 8.
    assert model.fit([[1.0]], [[5.0]], verbose=0).history == {"loss": [1.0]}
    assert model.get_weights()[0] == [[2 - 10 / 8]]


@pytest.mark.parametrize("name", GRAPHS)
def test_evaluate_adds_up_the_losses_of_the_outputs(name):
    model = GRAPHS[name](dtype="float64")
    x, y = data(name, 150)
    found = model.evaluate(given(x), given(y), return_dict=True)
    total = model._penalty(model._state)
    outs = model.predict(given(x))
    for output, loss, weight, out, target in zip(
        model.output_names,
        model._losses,
        model._loss_weights,
        outs if len(y) > 1 else [outs],
        y,
        strict=True,
    ):
        expected = FORMULAS[type(loss)](out, target)
        total += weight * expected
        if len(y) > 1:
            assert found[f"{output}_loss"] == pytest.approx(expected, rel=ROUNDING)
    assert found["loss"] == pytest.approx(total, rel=ROUNDING)


FORMULAS = {
    losses.CategoricalCrossentropy: lambda a, y: -(y * np.log(a)).sum(axis=1).mean(),
    losses.SparseCategoricalCrossentropy: lambda a, y: -np.log(a[np.arange(len(a)), y]).mean(),
    losses.BinaryCrossentropy: lambda a, y: -np.log(np.where(y, a, 1 - a)).mean(),
    losses.MeanSquaredError: lambda a, y: ((a - y) ** 2).mean(),
    losses.Huber: lambda a, y: np.where(abs(a - y) < 1, (a - y) ** 2 / 2, abs(a - y) - 0.5).mean(),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_learning_lowers_the_loss(name):
    history = fitted(GRAPHS[name](), name, epochs=60)
    assert history["loss"][-1] < 0.7 * history["loss"][0]


# --- one row of layers ----------------------------------------------------------------------------

ROWS = {
    "dense": (
        lambda: [
            layers.Dense(8, "relu", kernel_regularizer="l2"),
            layers.BatchNormalization(),
            layers.Dropout(0.3),
            layers.Dense(3),
            layers.Activation("softmax"),
        ],
        (5,),
    ),
    "few filters": (
        lambda: [
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(3, "softmax"),
        ],
        (8, 9, 2),
    ),
    "many filters": (
        lambda: [
            layers.Conv2D(33, 3),
            layers.LayerNormalization(),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, "softmax"),
        ],
        (6, 6, 3),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_layers_is_sequential_bit_for_bit(name, tmp_path):
    make, shape = ROWS[name]
    x, y = RNG.standard_normal((40, *shape)), RNG.integers(3, size=40)
    found = []
    for kind in ("sequential", "model"):
        set_random_seed(3)
        if kind == "sequential":
            model = fs.Sequential([fs.Input(shape), *make()], "row")
        else:
            tensor = first = fs.Input(shape)
            for layer in make():
                tensor = layer(tensor)
            model = fs.Model(first, tensor, "row")
        model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
        history = model.fit(x, y, batch_size=16, epochs=2, validation_split=0.2, verbose=0).history
        model.save(tmp_path / kind)
        again = load_model(tmp_path / kind)
        assert type(again) is type(model)
        found.append(
            (
                [layer.name for layer in model.layers],
                bits(model),
                history,
                model.evaluate(x, y),
                model.predict(x).tobytes(),
                [gradient.tobytes() for gradient in model.gradients(x, y)[1]],
                again.fit(x, y, verbose=0).history,
            )
        )
    assert found[0] == found[1]


# --- forms of what is given -----------------------------------------------------------------------


def test_lists_tuples_and_dicts_are_the_same():
    (rows, image), (labels, level, size) = data("several")
    by_output = {"level": level, "size": size, "scores": labels}
    forms = [
        ([rows, image], [labels, level, size]),
        ((rows, image), (labels, level, size)),
        ({"image": image, "rows": rows}, by_output),
        ([rows.tolist(), image.tolist()], [labels.tolist(), level.ravel(), size.tolist()]),
    ]
    found = []
    for x, y in forms:
        model = several()
        history = model.fit(x, y, batch_size=5, epochs=2, validation_data=(x, y), verbose=0).history
        batch = model.train_on_batch(x, y)
        outs = [out.tobytes() for out in model.predict(x)]
        found.append((bits(model), history, batch, model.evaluate(x, y), outs))
    assert found[1:] == found[:1] * 3


def test_compile_takes_lists_and_dicts():
    given_losses = {
        "size": losses.MeanSquaredError(),
        "scores": "sparse_categorical_crossentropy",
        "level": "binary_crossentropy",
    }
    metrics = {"scores": "accuracy", "level": ["accuracy", "mae"], "size": []}
    weights = {"scores": 0.5, "size": 2, "level": 1}
    by_list, by_dict = several(), several()
    by_dict.compile(optimizers.RMSprop(0.01), given_losses, metrics, weights)
    assert by_dict.loss == by_list.loss
    assert by_dict.metrics == by_list.metrics == [["accuracy"], ["accuracy", "mae"], []]
    assert fitted(by_dict, "several") == fitted(by_list, "several")
    assert bits(by_dict) == bits(by_list)


def test_logs_have_the_names_of_keras():
    names = ["loss", "scores_loss", "level_loss", "size_loss"]
    metrics = ["scores_accuracy", "level_accuracy", "level_mae"]
    model = several()
    x, y = data("several")
    history = model.fit(x, y, validation_data=(x, y), verbose=0).history
    assert set(history) == {
        f"{prefix}{name}" for prefix in ("", "val_") for name in names + metrics
    }
    assert set(model.evaluate(x, y, return_dict=True)) == {*names, *metrics}
    assert len(model.evaluate(x, y)) == 7
    assert model.evaluate(x, y)[0] == model.evaluate(x, y, return_dict=True)["loss"]


def test_weights_of_losses_are_in_the_total_only():
    x, y = data("several")
    found = several().evaluate(x, y, return_dict=True)
    expected = 0.5 * found["scores_loss"] + found["level_loss"] + 2 * found["size_loss"]
    assert found["loss"] == pytest.approx(expected, rel=1e-12)
    model = several()
    model.compile("sgd", model.loss)
    plain = model.evaluate(x, y, return_dict=True)
    assert plain["loss"] == pytest.approx(sum(list(plain.values())[1:]), rel=1e-12)


def test_a_single_output_takes_a_weight_too():
    x, y = data("residual")
    model = residual(dtype="float64")
    loss, gradients = model.gradients(x[0], y[0])
    penalty = model._penalty(model._state)
    for weight in (3, [3], {"dense_2": 3}):
        model.compile("sgd", "categorical_crossentropy", loss_weights=weight)
        tripled, of_that = model.gradients(x[0], y[0])
        assert tripled == pytest.approx(3 * (loss - penalty) + penalty, rel=ROUNDING)
        np.testing.assert_allclose(of_that[-1], 3 * gradients[-1], rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("loss", ["mse", losses.Huber(0.5)])
def test_one_loss_is_that_of_every_output(loss):
    x = fs.Input((2,))
    model = fs.Model(x, [layers.Dense(1)(x), layers.Dense(2)(x)])
    model.compile("sgd", loss)
    assert model.loss == [losses.get(loss)] * 2


def test_a_dict_for_one_input():
    x = fs.Input((2,), name="numbers")
    model = fs.Model(x, layers.Dense(1)(x))
    assert model.predict({"numbers": [[1, 2]]}).tobytes() == model.predict([[1, 2]]).tobytes()
    with pytest.raises(ValueError, match="x must be a dict with the keys numbers, got other"):
        model.predict({"other": [[1, 2]]})


def test_one_layer_may_return_two_outputs():
    a, b = fs.Input((2,)), fs.Input((2,))
    both = layers.Dense(1, name="both")
    model = fs.Model([a, b], [both(a), both(b)])
    assert model.input_names == ["input", "input_1"]
    assert model.output_names == ["both", "both_1"]
    model.compile("sgd", {"both": "mse", "both_1": "mae"})
    x, y = [np.ones((3, 2)), np.zeros((3, 2))], [np.ones(3), np.ones(3)]
    found = model.evaluate(x, y, return_dict=True)
    assert list(found) == ["loss", "both_loss", "both_1_loss"]
    assert found["both_1_loss"] == 1  # |0 - 1|


# --- weights, layers and parts --------------------------------------------------------------------


def test_a_layer_knows_its_weights():
    model = residual()
    model.predict(np.ones((1, 6)))
    assert [w.shape for w in model.weights] == [(6, 6), (6,), (6, 6), (6,), (6, 3), (3,)]
    for layer, first in (("dense", 0), ("dense_1", 2), ("dense_2", 4)):
        for ours, all_of_them in zip(
            model.get_layer(layer).get_weights(), model.weights[first : first + 2], strict=True
        ):
            np.testing.assert_array_equal(ours, all_of_them)
    model.get_layer("dense_2").set_weights([np.ones((6, 3)), [1, 2, 3]])
    assert model.weights[5].tolist() == [1, 2, 3]
    assert [layer.name for layer in model.layers] == [
        "dense",
        "add",
        "dense_1",
        "dropout_1",  # made after the one that is called on it
        "dropout",
        "dense_2",
    ]
    with pytest.raises(ValueError, match=r"Dense\(2\) has no weights yet: it is not part of a bui"):
        layers.Dense(2).get_weights()


def test_a_layer_in_two_models_is_warned_of():
    x = fs.Input((2,))
    shared, flat = layers.Dense(3), layers.Flatten()
    h = flat(shared(x))
    whole, part = fs.Model(x, layers.Dense(1)(h), "whole"), fs.Model(x, h, "part")
    whole.count_params()  # builds it
    with pytest.warns(UserWarning, match=r"Dense\(3\) is in two models, 'whole' and 'part', and"):
        part.count_params()
    features = whole.submodel("flatten").predict([[1.0, 2.0]])  # what the warning says to use
    np.testing.assert_array_equal(features, [[1, 2]] @ whole.get_weights()[0])
    # A layer that has left its model, or whose model is gone, may go into another one.
    first = fs.Sequential([fs.Input((2,)), layers.Dense(3)])
    first.count_params()
    moved = first.layers[0]
    first.pop()
    second = fs.Sequential([fs.Input((2,)), moved])
    second.count_params()
    del second
    gc.collect()
    fs.Sequential([fs.Input((2,)), moved]).count_params()


def test_names_that_are_given_are_kept_for_those_who_have_them():
    x = fs.Input((2,))
    h = layers.Dense(3)(x)
    model = fs.Model(x, layers.Dense(4, name="dense")(h))
    assert [layer.name for layer in model.layers] == ["dense_1", "dense"]


def test_summary(capsys):
    several(name="both").summary()
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["Model:", '"both"']
    assert rows[4:-4] == [
        ["flatten", "(Flatten)", "(None,", "4)", "0", "input", "1"],
        ["both", "(Dense)", "(None,", "4)", "20", "input", "0"],
        ["concatenate", "(Concatenate)", "(None,", "8)", "0", "both,", "both"],
        ["scores", "(Dense)", "(None,", "3)", "27", "concatenate"],
        ["concatenate_1", "(Concatenate)", "(None,", "7)", "0", "scores,", "both"],
        ["level", "(Dense)", "(None,", "1)", "8", "concatenate_1"],
        ["size", "(Dense)", "(None,", "2)", "10", "both"],
    ]
    assert rows[-3:] == [
        ["Total", "params:", "65", "(260.00", "B)"],
        ["Trainable", "params:", "65", "(260.00", "B)"],
        ["Non-trainable", "params:", "0", "(0.00", "B)"],
    ]


def test_submodels_are_what_the_model_computes_on_the_way():
    model = several()
    fitted(model, "several")
    (rows, image), _ = data("several")
    for layer in ("scores", 3):
        body = model.submodel(layer)
        assert body.input_names == ["rows", "image"]
        found, expected = body.predict([rows, image]), model.predict([rows, image])[0]
        assert found.tobytes() == expected.tobytes()
        assert body.count_params() == 20 + 27  # the shared layer once
    size = model.submodel("size")  # needs one of the inputs
    assert size.input_names == ["image"]
    assert size.predict(image).tobytes() == model.predict([rows, image])[2].tobytes()
    # It is a model of its own.
    size.compile("sgd", "mean_squared_error")
    before = bits(model)
    size.fit(image, np.ones((13, 2)), verbose=0)
    assert bits(model) == before
    with pytest.raises(ValueError, match="no layer is named 'sizes'; there are flatten, both, con"):
        model.submodel("sizes")


def test_a_submodel_of_a_layer_that_is_called_twice_ends_with_its_last_call():
    model = residual()
    x = data("residual")[0][0].astype(np.float32)
    body = model.submodel("dense_1")
    assert len(body.layers) == 4  # with the dropout between its calls
    kernel, bias, again, more, *_ = (w.astype(float) for w in model.get_weights())
    h = x + np.tanh(x @ kernel + bias)
    for _ in range(2):
        z = h @ again + more
        h = z / (1 + np.exp(-z))
    np.testing.assert_allclose(body.predict(x), h, rtol=0, atol=100 * np.finfo(np.float32).eps)


# --- copies ---------------------------------------------------------------------------------------


def through_a_file(model, tmp_path):
    model.save(tmp_path / "model")
    return load_model(tmp_path / "model")


COPIES = {
    "saved": through_a_file,
    "pickled": lambda model, _: pickle.loads(pickle.dumps(model)),
    "copied": lambda model, _: copy.deepcopy(model),
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("name", GRAPHS)
def test_a_copy_goes_on_bit_for_bit(name, how, tmp_path):
    model = GRAPHS[name](name="graph")
    fitted(model, name)
    again = COPIES[how](model, tmp_path)
    assert bits(again) == bits(model)
    for same in ("name", "input_names", "output_names", "loss", "metrics", "iterations", "seed"):
        assert getattr(again, same) == getattr(model, same)
    assert [layer.get_config() for layer in again.layers] == [
        layer.get_config() for layer in model.layers
    ]
    assert len(again._network.nodes) == len(model._network.nodes)  # shared layers are shared
    before = bits(model)
    histories = [fitted(again, name)]
    assert bits(model) == before  # the copy is a model of its own
    histories.append(fitted(model, name))
    assert histories[0] == histories[1]
    assert bits(again) == bits(model)
    for layer in again.layers:  # knows the model that it is part of
        assert len(layer.get_weights()) == len(layer.weights(*_read_by(again, layer)))


def _read_by(model, layer):
    network = model._network
    node = next(node for node in network.nodes if node.layer is layer)
    return [network.shapes[tensor] for tensor in node.inputs]


def test_a_copy_of_a_model_that_was_not_used_yet(tmp_path):
    for how in COPIES.values():
        model = several()
        again = how(model, tmp_path)
        assert fitted(again, "several") == fitted(model, "several")


# --- Keras ----------------------------------------------------------------------------------------


# Keras' variables hand themselves out to NumPy in a way that is going out of use.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_model_with_several_ends_is_that_of_keras(keras):
    """Predictions, losses, metrics and three steps; `test_examples_against_keras` has more."""
    rows, image = keras.Input((4,), name="rows"), keras.Input((2, 2), name="image")
    both = keras.layers.Dense(4, "tanh", name="both")
    one, other = both(rows), both(keras.layers.Flatten()(image))
    joined = keras.layers.Concatenate()([one, other])
    scores = keras.layers.Dense(3, "softmax", name="scores")(joined)
    joined = keras.layers.Concatenate()([scores, one])
    level = keras.layers.Dense(1, "sigmoid", name="level")(joined)
    size = keras.layers.Dense(2, name="size")(other)
    theirs = keras.Model([rows, image], [scores, level, size])
    theirs.compile(
        keras.optimizers.SGD(0.1),
        ["sparse_categorical_crossentropy", "binary_crossentropy", "mean_squared_error"],
        metrics=[["accuracy"], ["accuracy", "mae"], []],
        loss_weights=[0.5, 1.0, 2.0],
    )
    ours = several()
    ours.compile(optimizers.SGD(0.1), ours.loss, ours.metrics, [0.5, 1.0, 2.0])
    named = {w.path: w for w in theirs.weights}
    theirs.set_weights(ours.get_weights())
    assert list(named) == [
        f"{layer}/{weight}"
        for layer in ("both", "scores", "level", "size")
        for weight in ("kernel", "bias")
    ]
    x, y = data("several", 32)
    x, y = [a.astype(np.float32) for a in x], [y[0], y[1], y[2].astype(np.float32)]
    # Sums of a few terms of size about 1, in float32.
    close = {"rtol": 0, "atol": 1000 * 2.0**-23}
    for out, expected in zip(ours.predict(x), theirs.predict(x, verbose=0), strict=True):
        np.testing.assert_allclose(out, expected, **close)
    found = ours.evaluate(x, y, return_dict=True)
    expected = theirs.evaluate(x, y, verbose=0, return_dict=True)
    assert found == pytest.approx(expected, rel=0, abs=close["atol"])
    options = {"batch_size": 32, "epochs": 3, "shuffle": False, "verbose": 0}
    history, expected = (model.fit(x, y, **options).history for model in (ours, theirs))
    assert set(history) == set(expected)
    del history["level_mae"]  # taken of a prediction at the end of the epoch, not on the way
    for name, values in history.items():
        np.testing.assert_allclose(values, expected[name], **close)
    for weight, wanted in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(weight, wanted, **close)


# --- what is refused ------------------------------------------------------------------------------


def test_what_layers_are_called_on():
    x = fs.Input((4,))
    with pytest.raises(TypeError, match=r"Dense\(3\) must be called on an Input or on what a la"):
        layers.Dense(3)(np.ones((2, 4)))
    with pytest.raises(TypeError, match=r"called on an Input .*, got list; to compute with arrays"):
        layers.Dense(3)([x, np.ones((2, 4))])
    with pytest.raises(ValueError, match=r"Dense\(3\) reads one tensor, got 2"):
        layers.Dense(3)([x, x])
    with pytest.raises(ValueError, match=r"Conv2D\(2, .* takes images of shape"):
        layers.Conv2D(2, 3)(x)
    assert layers.Dense(3)([x]).shape == (None, 3)
    assert repr(layers.Dense(3)(x)) == "<SymbolicTensor of shape (None, 3), made by Dense(3)>"
    with pytest.raises(TypeError, match="'model' is a model and no layer: it can be called on arr"):
        fs.Model(x, layers.Dense(3)(x))(x)


X, OTHER = fs.Input((4,)), fs.Input((4,))
TENSOR = layers.Dense(3)(X)
REFUSED = {
    "inputs an array": (lambda: fs.Model(np.ones(4), TENSOR), TypeError, "inputs .*, got ndarray"),
    "outputs an array": (lambda: fs.Model(X, np.ones(4)), TypeError, "outputs .*, got ndarray"),
    "an array among them": (
        lambda: fs.Model(X, [TENSOR, np.ones(4)]),
        TypeError,
        "outputs must be symbolic tensors, got ndarray",
    ),
    "a layer": (lambda: fs.Model(X, layers.Dense(3)), TypeError, "tensors, got Dense"),
    "no inputs": (lambda: fs.Model([], TENSOR), ValueError, "inputs must be at least one .* none"),
    "no outputs": (lambda: fs.Model(X, []), ValueError, "outputs must be at least one symbolic"),
    "an input that is none": (
        lambda: fs.Model(TENSOR, layers.Dense(2)(TENSOR)),
        ValueError,
        r"inputs must be Inputs, got <SymbolicTensor of shape \(None, 3\), made by Dense",
    ),
    "an input twice": (
        lambda: fs.Model([X, X], TENSOR),
        ValueError,
        r"inputs must be different, got Input\(\(4,\)\) twice",
    ),
    "an input that nobody needs": (
        lambda: fs.Model([X, OTHER], TENSOR),
        ValueError,
        r"the input Input\(\(4,\)\) is needed by no output",
    ),
    "an input that is missing": (
        lambda: fs.Model(X, layers.Add()([X, OTHER])),
        ValueError,
        r"outputs need Input\(\(4,\)\), which is not among the inputs, or belongs to another",
    ),
    "an output that is an input": (
        lambda: fs.Model(X, [TENSOR, X]),
        ValueError,
        r"outputs must be what layers have returned, got Input\(\(4,\)\)",
    ),
    "layers of one name": (
        lambda: fs.Model(X, layers.Dense(2, name="a")(layers.Dense(2, name="a")(X))),
        ValueError,
        "every layer of a model has its own name, got 'a' again",
    ),
    "inputs of one name": (
        lambda: fs.Model(
            both := [fs.Input((2,), name="a"), fs.Input((2,), name="a")], layers.Add()(both)
        ),
        ValueError,
        "every input of a model has its own name, got 'a' again",
    ),
    "weights that cannot be shared": (
        lambda: fs.Model(X, (layer := layers.Dense(3))(layer(X))),
        ValueError,
        "reads tensors of different shapes, so that its weights cannot be shared; the second",
    ),
    "a layer of one's own": (
        lambda: fs.Model(X, type("Mine", (layers.Dense,), {})(3)(X)),
        TypeError,
        "Mine is no layer that can be computed: there is no lowering for it; use a layer of",
    ),
    "a name": (lambda: fs.Model(X, TENSOR, 7), TypeError, "name must be a string, got int"),
    "a type": (
        lambda: fs.Model(X, TENSOR, dtype=int),
        ValueError,
        "dtype must be one of 'float32'",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_models_that_are_refused(what):
    make, error, message = REFUSED[what]
    with pytest.raises(error, match=message):
        make()
    assert fs.Model(X, TENSOR).count_params() == 15


ROWS_AND_IMAGE, TARGETS = data("several")
CALLS = {
    "x alone": (
        lambda m: m.predict(ROWS_AND_IMAGE[0]),
        ValueError,
        "x must be a list of 2, one for each of rows, image, got ndarray",
    ),
    "x of three": (
        lambda m: m.fit([*ROWS_AND_IMAGE, ROWS_AND_IMAGE[0]], TARGETS),
        ValueError,
        "x must be a list of 2, one for each of rows, image, got 3",
    ),
    "x by other names": (
        lambda m: m.evaluate({"rows": ROWS_AND_IMAGE[0], "picture": 1}, TARGETS),
        ValueError,
        "x must be a dict with the keys rows, image, got rows, picture",
    ),
    "x an empty dict": (
        lambda m: m.predict({}),
        ValueError,
        "x must be a dict with the keys rows, image, got none",
    ),
    "x of another shape": (
        lambda m: m.predict([ROWS_AND_IMAGE[0], ROWS_AND_IMAGE[0]]),
        ValueError,
        r"x of image must have samples of shape \(2, 2\), .* got \(4,\)",
    ),
    "x not finite": (
        lambda m: m.predict([ROWS_AND_IMAGE[0], ROWS_AND_IMAGE[1] * np.nan]),
        ValueError,
        "x of image must be finite in float32",
    ),
    "inputs of two lengths": (
        lambda m: m.predict([ROWS_AND_IMAGE[0], ROWS_AND_IMAGE[1][:5]]),
        ValueError,
        "x must have as many samples for every input, got 13 and 5",
    ),
    "y alone": (
        lambda m: m.fit(ROWS_AND_IMAGE, TARGETS[0]),
        ValueError,
        "y must be a list of 3, one for each of scores, level, size, got ndarray",
    ),
    "y of two": (
        lambda m: m.fit(ROWS_AND_IMAGE, TARGETS[:2]),
        ValueError,
        "y must be a list of 3, one for each of scores, level, size, got 2",
    ),
    "y by other names": (
        lambda m: m.fit(ROWS_AND_IMAGE, {"scores": TARGETS[0]}),
        ValueError,
        "y must be a dict with the keys scores, level, size, got scores",
    ),
    "y of another shape": (
        lambda m: m.fit(ROWS_AND_IMAGE, [TARGETS[0], TARGETS[2], TARGETS[2]]),
        ValueError,
        r"y of level must have shape \(samples, 1\), .* got \(13, 2\)",
    ),
    "y of another length": (
        lambda m: m.fit(ROWS_AND_IMAGE, [TARGETS[0], TARGETS[1], TARGETS[2][:5]]),
        ValueError,
        "x and y must have one row for each sample, got 13 and 5",
    ),
    "validation of another form": (
        lambda m: m.fit(ROWS_AND_IMAGE, TARGETS, validation_data=(ROWS_AND_IMAGE[0], TARGETS)),
        ValueError,
        "validation x must be a list of 2",
    ),
    "class weights": (
        lambda m: m.fit(ROWS_AND_IMAGE, TARGETS, class_weight={0: 2}),
        ValueError,
        "class_weight needs a model with one output, got several",
    ),
    "two losses": (
        lambda m: m.compile("sgd", ["mse", "mse"]),
        ValueError,
        "loss must be a list of 3, one for each of scores, level, size, got 2",
    ),
    "no loss": (
        lambda m: m.compile("sgd"),
        ValueError,
        "loss must be a list of 3, one for each of scores, level, size, got NoneType",
    ),
    "losses by other names": (
        lambda m: m.compile("sgd", {"scores": "mse"}),
        ValueError,
        "loss must be a dict with the keys scores, level, size, got scores",
    ),
    "metrics of one": (
        lambda m: m.compile("sgd", m.loss, ["accuracy"]),
        ValueError,
        "metrics must be a list of 3, one for each of scores, level, size, got 1",
    ),
    "weights of two losses": (
        lambda m: m.compile("sgd", m.loss, loss_weights=[1, 2]),
        ValueError,
        "loss_weights must be a list of 3, one for each of scores, level, size, got 2",
    ),
    "a weight below zero": (
        lambda m: m.compile("sgd", m.loss, loss_weights=[1, 2, -1]),
        ValueError,
        "loss_weights must be positive, got -1",
    ),
}


@pytest.mark.parametrize("what", CALLS)
def test_calls_that_are_refused_change_nothing(what):
    call, error, message = CALLS[what]
    model, same = several(), several()
    with pytest.raises(error, match=message):
        call(model)
    assert fitted(model, "several") == fitted(same, "several")
    assert bits(model) == bits(same)


def test_each_output_may_have_weights_of_its_samples():
    """Losses as NumPy weights them; and a fit whose sum of losses is the same in another form."""
    rng = np.random.default_rng(3)
    x, y, z = (rng.standard_normal((20, k)).astype(np.float32) for k in (3, 1, 1))
    v, w = rng.uniform(0, 2, (2, 20)).astype(np.float32)

    def pair():
        set_random_seed(4)
        a = layers.Input((3,))
        model = fs.Model(a, [layers.Dense(1, name="u")(a), layers.Dense(1, name="v")(a)])
        model.compile(optimizers.SGD(0.1), "mse")
        return model

    model = pair()
    of_y, of_z = (((p - t) ** 2)[:, 0] for p, t in zip(model.predict(x), (y, z), strict=True))
    for given, first, second in (
        ([v, w], v, w),
        ((None, w), 1, w),
        ({"v": w, "u": v}, v, w),
        ({"u": v}, v, 1),
        (v, v, v),
    ):
        logs = model.evaluate(x, [y, z], sample_weight=given, return_dict=True)
        assert logs["u_loss"] == pytest.approx((first * of_y).mean(), rel=1e-5)
        assert logs["v_loss"] == pytest.approx((second * of_z).mean(), rel=1e-5)
    ends = []
    for given in ([v, 2 * v], {"v": 2 * v, "u": v}):
        model = pair()
        options = {"sample_weight": given, "validation_split": 0.2, "verbose": 0, "epochs": 3}
        ends.append((model.fit(x, [y, z], **options).history, model))
    other = pair()
    other.compile(optimizers.SGD(0.1), "mse", loss_weights=[1, 2])
    other.fit(x, [y, z], sample_weight=v, validation_split=0.2, verbose=0, epochs=3)
    assert ends[0][0] == ends[1][0]
    for ours, theirs in zip(ends[0][1].get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="dict with keys among u, v, got 'w'"):
        model.evaluate(x, [y, z], sample_weight={"w": v})
