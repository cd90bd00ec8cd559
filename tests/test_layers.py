"""Layers as descriptions: shapes, names, configurations, and what they refuse."""

import json

import numpy as np
import pytest

import fastscratch
from fastscratch import Sequential, initializers, layers, optimizers, regularizers
from fastscratch.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Input,
    LayerNormalization,
    MaxPooling2D,
    Reshape,
)

# --- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape", "expected", "parameters"),
    [
        (Dense(7), (5,), (7,), 5 * 7 + 7),
        (Dense(7, use_bias=False), (3, 5), (3, 7), 5 * 7),
        (Conv2D(6, 3), (8, 9, 2), (6, 7, 6), 9 * 2 * 6 + 6),
        (Conv2D(6, (3, 2), (2, 3)), (8, 9, 2), (3, 3, 6), 6 * 2 * 6 + 6),
        (Conv2D(6, 3, padding="same"), (8, 9, 2), (8, 9, 6), 9 * 2 * 6 + 6),
        (Conv2D(6, 3, 2, "same"), (8, 9, 2), (4, 5, 6), 9 * 2 * 6 + 6),
        (Conv2D(6, 3, dilation_rate=(2, 1)), (8, 9, 2), (4, 7, 6), 9 * 2 * 6 + 6),
        (Conv2D(6, 3, groups=2, use_bias=False), (8, 9, 4), (6, 7, 6), 9 * 2 * 6),
        (Conv2D(1, 8), (8, 8, 1), (1, 1, 1), 64 + 1),
        (MaxPooling2D(), (7, 8, 3), (3, 4, 3), 0),
        (MaxPooling2D(2, padding="same"), (7, 8, 3), (4, 4, 3), 0),
        (MaxPooling2D((3, 2), 1), (7, 8, 3), (5, 7, 3), 0),
        (AveragePooling2D(3, (2, 1)), (7, 8, 3), (3, 6, 3), 0),
        (GlobalAveragePooling2D(), (7, 8, 3), (3,), 0),
        (BatchNormalization(), (7, 8, 3), (7, 8, 3), 4 * 3),
        (BatchNormalization(center=False, scale=False), (5,), (5,), 2 * 5),
        (LayerNormalization(), (7, 8, 3), (7, 8, 3), 2 * 3),
        (LayerNormalization(scale=False), (5,), (5,), 5),
        (Activation("relu"), (7, 8, 3), (7, 8, 3), 0),
        (Dropout(0.5), (5,), (5,), 0),
        (Flatten(), (7, 8, 3), (168,), 0),
        (Reshape((4, -1)), (7, 8, 3), (4, 42), 0),
        (Reshape(168), (7, 8, 3), (168,), 0),
    ],
    ids=repr,
)
def test_shapes_and_numbers_of_weights(layer, shape, expected, parameters):
    assert layer.output_shape(shape) == expected
    model = Sequential([Input(shape), layer])
    assert model.count_params() == parameters
    assert sum(weight.size for weight in model.get_weights()) == parameters
    assert model.predict(np.zeros((2, *shape))).shape == (2, *expected)


def test_summary(capsys):
    model = Sequential([Input((8, 8, 1)), Conv2D(4, 3), BatchNormalization(), Flatten()], "small")
    model.add(Dense(1200))
    model.layers[0].trainable = False
    model.summary()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["Model:", '"small"']
    assert ["conv2d", "(Conv2D)", "(None,", "6,", "6,", "4)", "40"] in lines
    assert [
        "batch_normalization",
        "(BatchNormalization)",
        "(None,",
        "6,",
        "6,",
        "4)",
        "16",
    ] in lines
    assert ["dense", "(Dense)", "(None,", "1200)", "174,000"] in lines
    # 144 * 1200 + 1200 = 174000; 40 are frozen, and 8 of the normalisation are averages.
    assert lines[-3:] == [
        ["Total", "params:", "174,056", "(679.91", "KB)"],
        ["Trainable", "params:", "174,008", "(679.72", "KB)"],
        ["Non-trainable", "params:", "48", "(192.00", "B)"],
    ]


# --- names ----------------------------------------------------------------------------------------


def test_names_are_numbered_as_in_keras():
    kinds = [Dense(2), Conv2D(2, 3), BatchNormalization(), GlobalAveragePooling2D(), Dense(3)]
    model = Sequential(kinds)
    assert [layer.name for layer in model.layers] == [
        "dense",
        "conv2d",
        "batch_normalization",
        "global_average_pooling2d",
        "dense_1",
    ]
    model.add(Dense(4, name="head"))
    assert model.get_layer("head") is model.get_layer(index=-1) is model.layers[5]
    with pytest.raises(ValueError, match=r"every layer .* has its own name, got 'head' again"):
        model.add(Dense(4, name="head"))
    with pytest.raises(ValueError, match="every layer of a model has its own name"):
        model.add(model.layers[1])


def test_names_in_a_branched_graph_are_those_of_keras(keras):
    """Numbered in the order in which layers are made, not in that of the graph."""

    def model(module):
        x = module.Input((3,))
        make = module.layers
        head, short = make.Dense(1), make.Dense(3)
        longer = make.Dense(3)(make.Dense(3, name="long")(x))
        return module.Model(x, head(make.Add()([short(x), longer])))

    keras.backend.clear_session()
    theirs = [layer.name for layer in model(keras).layers[1:]]
    assert [layer.name for layer in model(fastscratch).layers] == theirs


def test_get_layer_refuses():
    model = Sequential([Dense(2)])
    with pytest.raises(ValueError, match="no layer is named 'tail'; there are dense"):
        model.get_layer("tail")
    with pytest.raises(ValueError, match="the model has 1 layer, got index 1"):
        model.get_layer(index=1)
    for both in ({}, {"name": "dense", "index": 0}):
        with pytest.raises(ValueError, match="get_layer needs either a name or an index"):
            model.get_layer(**both)


# --- layers come and go ---------------------------------------------------------------------------


def test_pop_and_add_keep_the_weights_of_the_others():
    model = Sequential([Input((4,)), Dense(5, "relu"), Dense(3)])
    x = np.random.default_rng(0).random((6, 4), np.float32)
    kept = model.get_weights()
    assert model.predict(x).shape == (6, 3)
    last = model.pop()
    assert last.name == "dense_1"
    hidden = model.predict(x)
    np.testing.assert_allclose(hidden, np.maximum(x @ kept[0] + kept[1], 0), atol=1e-6)
    model.add(Dense(2))
    now = model.get_weights()
    assert [w.tobytes() for w in now[:2]] == [w.tobytes() for w in kept[:2]]
    assert now[2].shape == (5, 2)
    model.pop()
    model.pop()
    with pytest.raises(ValueError, match="the model has no layers to remove"):
        model.pop()


def test_a_submodel_has_copies_of_the_weights():
    model = Sequential([Input((4,)), Dense(5, "relu", name="features"), Dense(3)])
    x = np.random.default_rng(0).random((6, 4), np.float32)
    whole = model.predict(x)
    body = model.submodel("features")
    kernel, bias = model.get_weights()[:2]
    np.testing.assert_allclose(body.predict(x), np.maximum(x @ kernel + bias, 0), atol=1e-6)
    body.set_weights([0 * kernel, bias + 1])
    np.testing.assert_array_equal(model.predict(x), whole)
    assert [layer.name for layer in model.submodel(-1).layers] == ["features", "dense"]
    with pytest.raises(ValueError, match="no layer is named 'tail'"):
        model.submodel("tail")


def test_a_submodel_with_a_fresh_head_trains_the_head():
    model = Sequential([Input((4,)), Dense(5, "tanh")])
    model.compile("sgd", "mean_squared_error")
    model.fit(np.ones((3, 4)), np.ones((3, 5)), verbose=0)
    body = model.submodel(0)
    body.layers[0].trainable = False
    body.add(Dense(2, "softmax"))
    body.compile("adam", "sparse_categorical_crossentropy")
    before = body.get_weights()
    body.fit(np.ones((3, 4)), [0, 1, 1], verbose=0)
    after = body.get_weights()
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [True, True, False, False]
    assert model.layers[0].trainable


def test_a_model_without_an_input_shape_takes_that_of_its_data():
    assert Sequential([Dense(2)]).submodel(0).predict(np.ones((1, 3))).shape == (1, 2)
    with pytest.raises(ValueError, match=r"x must be at least 2-D, got shape \(3,\)"):
        Sequential([Dense(2)]).predict(np.ones(3))
    with pytest.raises(ValueError, match="takes images of shape"):
        Sequential([Conv2D(2, 3)]).predict(np.ones((1, 3)))


# --- configurations -------------------------------------------------------------------------------

EVERY = [
    Dense(3, "relu", False, "he_uniform", "ones", "l1", regularizers.L1L2(0.1, 0.2), name="one"),
    Dense(2, kernel_initializer=initializers.RandomNormal(1, 2), trainable=False),
    Dense(2, input_shape=(4,)),
    Conv2D(4, (3, 2), (2, 1), "same", 1, 2, "gelu", kernel_regularizer="l2"),
    Conv2D(4, 3, dilation_rate=2),
    MaxPooling2D(3, 2, "same"),
    AveragePooling2D((1, 2)),
    GlobalAveragePooling2D(),
    BatchNormalization(
        -1, 0.9, 0.01, False, gamma_regularizer="l2", moving_mean_initializer="ones"
    ),
    LayerNormalization(-1, 0.01, scale=False, beta_initializer="random_uniform"),
    Activation("selu"),
    Dropout(0.25),
    Flatten(),
    Reshape((2, -1)),
    layers.Conv1D(4, 3, 2, "causal", 1, 2, "relu", bias_initializer="ones"),
    layers.DepthwiseConv2D(3, 2, "same", 2, depthwise_regularizer="l2"),
    layers.SeparableConv2D(4, 3, 1, "same", 2, 3, pointwise_initializer="he_uniform"),
    layers.Conv2DTranspose(4, 3, 2, "same", 1, activation="tanh", kernel_regularizer="l1"),
    layers.MaxPooling1D(3, 2, "same"),
    layers.AveragePooling1D(),
    layers.GlobalMaxPooling1D(keepdims=True),
    layers.GlobalAveragePooling1D(),
    layers.GlobalMaxPooling2D(),
    layers.ZeroPadding2D((1, 2)),
    layers.Cropping2D(((0, 1), (2, 0))),
    layers.UpSampling2D((2, 1), "bilinear"),
    layers.Permute((3, 1, 2)),
    layers.RepeatVector(2),
    layers.Rescaling(0.5, [1, 2, 3, 4]),
    layers.Normalization((1, -1), invert=True),
    layers.GaussianNoise(0.1),
    layers.SpatialDropout2D(0.25),
    layers.Embedding(9, 3, initializers.Constant(2), "l2"),
    layers.Add(),
    layers.Subtract(name="difference"),
    layers.Multiply(),
    layers.Average(),
    layers.Maximum(),
    layers.Minimum(),
    layers.Concatenate(1),
    layers.ReLU(2.0, 0.1, 0.2),
    layers.LeakyReLU(0.2),
    layers.ELU(0.5),
    layers.PReLU("ones", "l2", shared_axes=(1,)),
    layers.Softmax(1),
]


@pytest.mark.parametrize("layer", EVERY, ids=repr)
def test_config_round_trip(layer):
    config = json.loads(json.dumps(layer.get_config()))
    again = type(layer)(**config)
    assert again.get_config() == layer.get_config()
    assert repr(again) == repr(layer)
    shapes = [(8, 8, 4), (32,)]
    for shape in shapes:
        try:
            expected = layer.output_shape(shape)
        except ValueError:
            continue
        assert again.output_shape(shape) == expected
        assert [(w.name, w.shape, w.regularizer) for w in again.weights(expected)] == [
            (w.name, w.shape, w.regularizer and regularizers.L1L2(**w.regularizer.get_config()))
            for w in layer.weights(expected)
        ]


def test_every_layer_has_a_config_here():
    assert {type(layer).__name__ for layer in EVERY} == {
        name for name in layers.__all__ if isinstance(getattr(layers, name), type)
    } - {
        "Input",
        "Layer",
        "SymbolicTensor",
        "Weight",
    }


def test_repr_shows_what_is_not_the_default():
    assert repr(Conv2D(4, 3, 2, "same")) == ("Conv2D(4, (3, 3), strides=(2, 2), padding='same')")
    assert repr(Dense(3)) == "Dense(3)"
    assert repr(Dropout(0.5)) == "Dropout(0.5)"


# --- regularizers ---------------------------------------------------------------------------------


def test_regularizers_by_hand():
    # 1/2 (1 + 0 + 3) = 2;  1/4 (1 + 0 + 9) = 5/2.
    weights = np.array([[1.0, 0.0, -3.0]])
    assert regularizers.L1(0.5)(weights) == 2
    assert regularizers.L2(0.25)(weights) == 2.5
    assert regularizers.L1L2(0.5, 0.25)(weights) == 4.5
    assert regularizers.get("l1_l2", "name") == regularizers.L1L2(0.01, 0.01)
    assert regularizers.get(None, "name") is None
    given = regularizers.L2()
    assert regularizers.get(given, "name") is given
    with pytest.raises(ValueError, match="kernel_regularizer must be a regularizer or one of 'l1'"):
        Dense(2, kernel_regularizer="l3")
    with pytest.raises(ValueError, match="l2 must not be negative, got -1"):
        regularizers.L2(-1)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (
            Conv2D(2, 5),
            (4, 9, 1),
            r"the window of Conv2D\(2, .* larger than the image: it covers \(5, 5\), got",
        ),
        (Conv2D(2, 3, dilation_rate=2), (4, 9, 1), r"it covers \(5, 5\), got images of \(4, 9\)"),
        (Conv2D(2, 3, groups=2), (9, 9, 3), "takes channels divisible by groups=2, got 3"),
        (Conv2D(2, 3), (9,), r"takes images of shape \(height, width, channels\), got .* \(9,\)"),
        (MaxPooling2D(5), (4, 9, 1), r"the window of MaxPooling2D\(.* larger than the image"),
        (AveragePooling2D(), (4,), r"takes images of shape .*, got samples of \(4,\)"),
        (GlobalAveragePooling2D(), (4, 4), r"takes images of shape .*, got samples of \(4, 4\)"),
        (Reshape((3, -1)), (4, 4), r"Reshape\(\(3, -1\)\) cannot hold the 16 numbers of samples"),
        (Reshape((3, 5)), (4, 4), r"Reshape\(\(3, 5\)\) cannot hold the 16 numbers"),
    ],
    ids=repr,
)
def test_impossible_geometry(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer.output_shape(shape)
    model = Sequential([Input(shape)])
    with pytest.raises(ValueError, match=message):
        model.add(layer)
    assert model.layers == []


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Dense(0), ValueError, "units must be at least 1, got 0"),
        (lambda: Dense(2.0), TypeError, "units must be an integer, got float"),
        (
            lambda: Dense(2, "step"),
            ValueError,
            "activation must be one of 'linear', 'sigmoid', .*, got 'step'",
        ),
        (lambda: Dense(2, ""), ValueError, "activation must be one of .*, got ''"),
        (
            lambda: Dense(2, kernel_initializer="he"),
            ValueError,
            "kernel_initializer must be an initializer or one of 'zeros', .*, got 'he'",
        ),
        (
            lambda: Dense(2, bias_initializer=0),
            ValueError,
            "bias_initializer must be an initializer or one of 'zeros', .*, got 0",
        ),
        (
            lambda: Dense(2, input_shape=4),
            ValueError,
            r"input_shape must be a tuple of ints, as \(784,\) or .*, got 4",
        ),
        (lambda: Input(()), ValueError, r"shape must be a tuple of ints, .*, got \(\)"),
        (lambda: Input(None), ValueError, "Input needs either a shape or a batch_shape"),
        (lambda: Input("4"), ValueError, "a tuple of ints, .*, got '4'"),
        (lambda: Input((0,)), ValueError, r"shape\[0\] must be at least 1, got 0"),
        (lambda: Input((4.0,)), TypeError, r"shape\[0\] must be an integer, got float"),
        (lambda: Dense(2, name=3), TypeError, "name must be a string, got int"),
        (lambda: Dense(2, trainable=1), TypeError, "trainable must be True or False, got 1"),
        (lambda: Dense(2, use_bias=None), TypeError, "use_bias must be True or False, got None"),
        (lambda: Conv2D(0, 3), ValueError, "filters must be at least 1, got 0"),
        (lambda: Conv2D(3, 0), ValueError, "kernel_size must be at least 1, got 0"),
        (
            lambda: Conv2D(3, (1, 2, 3)),
            ValueError,
            "kernel_size must be one int or two ints, got 3",
        ),
        (
            lambda: Conv2D(3, 2, padding="full"),
            ValueError,
            "padding must be one of 'valid'",
        ),
        (
            lambda: Conv2D(3, 2, groups=2),
            ValueError,
            "filters must be divisible by groups=2",
        ),
        (lambda: MaxPooling2D(strides=0), ValueError, "strides must be at least 1, got 0"),
        (lambda: Dropout(1), ValueError, "rate must be at least 0 and below 1, got 1"),
        (
            lambda: BatchNormalization(momentum=1.0),
            ValueError,
            "momentum must be at least 0 and below 1",
        ),
        (lambda: LayerNormalization(epsilon=0), ValueError, "epsilon must be positive, got 0"),
        (lambda: Activation("step"), ValueError, "activation must be one of"),
        (
            lambda: Reshape(()),
            ValueError,
            "target_shape must be a tuple of positive ints",
        ),
        (lambda: Reshape((-1, -1)), ValueError, "target_shape must be a tuple"),
        (lambda: Reshape((2, 0)), ValueError, "target_shape must be a tuple"),
        (lambda: Reshape(b"1"), TypeError, "target_shape must be an integer, got bytes"),
        (lambda: Reshape((True,)), TypeError, "target_shape must be an integer, got bool"),
        (lambda: Dense(2, input_shape=b"1"), ValueError, "input_shape must be a tuple of ints"),
        (lambda: MaxPooling2D(2**31), ValueError, r"pool_size must be below 2\*\*31"),
        (lambda: optimizers.SGD(np.True_), TypeError, "learning_rate must be a number, got bool"),
        (lambda: optimizers.from_config(None), TypeError, "config must be a dict, got NoneType"),
        (lambda: optimizers.SGD(-1), ValueError, "learning_rate must not be negative, got -1"),
        (lambda: optimizers.SGD(np.nan), ValueError, "learning_rate must be finite, got nan"),
        (lambda: optimizers.SGD("0.1"), TypeError, "learning_rate must be a number, got str"),
    ],
)
def test_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()
