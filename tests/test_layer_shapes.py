"""Descriptions of layers: shapes and weights worked by hand, configurations, and refusals."""

import json

import numpy as np
import pytest

from fastscratch import Model, Sequential, load_model
from fastscratch.initializers import Constant, RandomUniform, Zeros
from fastscratch.layers import (
    Add,
    Average,
    AveragePooling1D,
    Concatenate,
    Conv1D,
    Conv2DTranspose,
    Cropping2D,
    DepthwiseConv2D,
    Embedding,
    Flatten,
    GaussianNoise,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    Input,
    Maximum,
    MaxPooling1D,
    Minimum,
    Multiply,
    Normalization,
    Permute,
    RepeatVector,
    Rescaling,
    Reshape,
    SeparableConv2D,
    SpatialDropout2D,
    Subtract,
    UpSampling2D,
    ZeroPadding2D,
)
from fastscratch.layers.conv2d_transpose import transposed_places

# --- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shapes", "expected", "weights"),
    [
        # 9 steps and a window of 3: 7 places.
        (Conv1D(6, 3), [(9, 2)], (7, 6), [(3, 2, 6), (6,)]),
        (Conv1D(6, 3, 2, "same"), [(9, 2)], (5, 6), [(3, 2, 6), (6,)]),
        (Conv1D(6, 3, 2, "causal"), [(9, 2)], (5, 6), [(3, 2, 6), (6,)]),
        # Taps 0, 3 and 6 cover 7 of 9 steps.
        (Conv1D(6, 3, dilation_rate=3, use_bias=False), [(9, 2)], (3, 6), [(3, 2, 6)]),
        (Conv1D(6, 3, groups=2), [(9, 4)], (7, 6), [(3, 2, 6), (6,)]),
        (DepthwiseConv2D(3), [(8, 9, 2)], (6, 7, 2), [(3, 3, 2, 1), (2,)]),
        (DepthwiseConv2D((3, 2), 2, "same", 4), [(8, 9, 2)], (4, 5, 8), [(3, 2, 2, 4), (8,)]),
        (
            SeparableConv2D(5, 3, depth_multiplier=4),
            [(8, 9, 2)],
            (6, 7, 5),
            [(3, 3, 2, 4), (1, 1, 8, 5), (5,)],
        ),
        # The first pixel covers rows 0 to 2, and each of the 3 others 2 more.
        (Conv2DTranspose(5, 3, 2), [(4, 1, 2)], (9, 3, 5), [(3, 3, 5, 2), (5,)]),
        (Conv2DTranspose(5, 3, 2, "same"), [(4, 1, 2)], (8, 2, 5), [(3, 3, 5, 2), (5,)]),
        (Conv2DTranspose(5, 1, 3), [(4, 1, 2)], (12, 3, 5), [(1, 1, 5, 2), (5,)]),
        (Conv2DTranspose(5, 3, 2, "same", 0), [(4, 1, 2)], (7, 1, 5), [(3, 3, 5, 2), (5,)]),
        (Conv2DTranspose(5, 3, 2, "valid", (1, 0)), [(4, 1, 2)], (10, 3, 5), [(3, 3, 5, 2), (5,)]),
        (MaxPooling1D(), [(7, 3)], (3, 3), []),
        (MaxPooling1D(2, padding="same"), [(7, 3)], (4, 3), []),
        (AveragePooling1D(3, 1), [(7, 3)], (5, 3), []),
        (GlobalMaxPooling1D(), [(7, 3)], (3,), []),
        (GlobalMaxPooling2D(keepdims=True), [(7, 8, 3)], (1, 1, 3), []),
        (GlobalAveragePooling1D(keepdims=True), [(7, 3)], (1, 3), []),
        (GlobalAveragePooling2D(keepdims=True), [(7, 8, 3)], (1, 1, 3), []),
        (ZeroPadding2D(), [(7, 8, 3)], (9, 10, 3), []),
        (ZeroPadding2D(((1, 2), (3, 4))), [(7, 8, 3)], (10, 15, 3), []),
        (Cropping2D(((1, 2), (3, 4))), [(7, 8, 3)], (4, 1, 3), []),
        (Cropping2D((1, 2)), [(7, 8, 3)], (5, 4, 3), []),
        (UpSampling2D(), [(7, 8, 3)], (14, 16, 3), []),
        (UpSampling2D((3, 1), "bilinear"), [(7, 8, 3)], (21, 8, 3), []),
        (Permute((3, 1, 2)), [(7, 8, 3)], (3, 7, 8), []),
        (RepeatVector(4), [(7,)], (4, 7), []),
        (Rescaling(2), [(7, 8, 3)], (7, 8, 3), []),
        (Rescaling([1, 2, 3], [[1], [2]]), [(7, 2, 3)], (7, 2, 3), []),
        (Normalization(), [(7, 8, 3)], (7, 8, 3), [(3,), (3,), ()]),
        (Normalization((1, -1)), [(7, 8, 3)], (7, 8, 3), [(7, 3), (7, 3), ()]),
        (Normalization(None), [(7, 8, 3)], (7, 8, 3), [(), (), ()]),
        (Normalization(mean=[1, 2, 3], variance=[1, 1, 1]), [(7, 3)], (7, 3), []),
        (GaussianNoise(0.5), [(7,)], (7,), []),
        (SpatialDropout2D(0.5), [(7, 8, 3)], (7, 8, 3), []),
        (Embedding(10, 4), [(7,)], (7, 4), [(10, 4)]),
        (Add(), [(7, 3), (7, 3), (7, 3)], (7, 3), []),
        (Subtract(), [(7, 1), (1, 3)], (7, 3), []),
        (Multiply(), [(7, 8, 3), (3,)], (7, 8, 3), []),
        (Average(), [(1,), (3,)], (3,), []),
        (Maximum(), [(2, 1)], (2, 1), []),
        (Minimum(), [(1, 1), (1, 1)], (1, 1), []),
        (Concatenate(), [(7, 3), (7, 1), (7, 2)], (7, 6), []),
        (Concatenate(1), [(7, 3), (1, 3)], (8, 3), []),
        (Concatenate(-2), [(7, 3), (1, 3)], (8, 3), []),
    ],
    ids=repr,
)
def test_shapes(layer, shapes, expected, weights):
    assert layer.output_shape(*shapes) == expected
    assert [weight.shape for weight in layer.weights(*shapes)] == weights
    again = type(layer)(**json.loads(json.dumps(layer.get_config())))
    assert again.get_config() == layer.get_config()
    assert repr(again) == repr(layer)
    assert again.output_shape(*shapes) == expected


def test_a_transposed_convolution_undoes_a_convolution():
    """Padding before the first row is that of the convolution with the same window."""
    # Rows -1 to 1, 1 to 3, ... of 8 are seen by a window of 3 with strides of 2, "same": one row is
    # missing, after the last. With strides of 1 two are missing, one of them before.
    assert transposed_places(Conv2DTranspose(1, 3, 2, "same"), (4, 4)) == ((8, 8), (0, 0))
    assert transposed_places(Conv2DTranspose(1, 3, 1, "same"), (4, 4)) == ((4, 4), (1, 1))
    assert transposed_places(Conv2DTranspose(1, 3, 2, "same", 0), (4, 4)) == ((7, 7), (1, 1))
    assert transposed_places(Conv2DTranspose(1, 3, 2), (4, 4)) == ((9, 9), (0, 0))


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (
            Conv1D(2, 5),
            [(4, 1)],
            r"the window of Conv1D\(2, .* is larger than the sequence: it covers \(5,\), got seq",
        ),
        (Conv1D(2, 3), [(9,)], r"takes sequences of shape \(steps, channels\), got .* \(9,\)"),
        (Conv1D(2, 3, groups=2), [(9, 3)], "takes channels divisible by groups=2, got 3"),
        (DepthwiseConv2D(5), [(4, 9, 1)], r"the window of Depthwise.* larger than the image"),
        (SeparableConv2D(2, 5), [(9, 1)], r"takes images of shape .*, got samples of \(9, 1\)"),
        (
            Conv2DTranspose(2, 2, 2, "same", 0),
            [(1, 1, 1)],
            r"the output of Conv2DTranspose.* would be empty: its size is \(0, 0\), got images of",
        ),
        (GlobalMaxPooling1D(), [(1, 2, 3)], "takes sequences of shape"),
        (GlobalMaxPooling2D(), [(2, 3)], "takes images of shape"),
        (ZeroPadding2D(), [(2, 3)], "takes images of shape"),
        (Cropping2D(2), [(9, 4, 1)], r"Cropping2D\(.*\) leaves nothing of images of \(9, 4\)"),
        (Permute((2, 1)), [(2, 3, 4)], r"Permute\(\(2, 1\)\) takes samples of 2 axes, got sam"),
        (RepeatVector(3), [(2, 3)], r"RepeatVector\(3\) takes vectors of shape \(n,\), got sam"),
        (SpatialDropout2D(0.5), [(2, 3)], "takes images of shape"),
        (
            Rescaling([1, 2]),
            [(3,)],
            r"the scale of Rescaling\(\[1.0, 2.0\]\) must broadcast to \(3,\), got an .* \(2,\)",
        ),
        (Rescaling(1, [[1]]), [(3,)], r"the offset of .* must broadcast to \(3,\), got an array"),
        (Normalization(2), [(3,)], r"takes samples that have an axis 2 \(axis 0 is that of the"),
        (Normalization(-2), [(3,)], "takes samples that have an axis -2"),
        (
            Normalization(mean=[1, 2], variance=[1, 2]),
            [(3,)],
            r"the mean of Normalization.* must broadcast to \(3,\), got an array of \(2,\)",
        ),
        (Add(), [], r"Add\(\) takes at least one tensor, got none"),
        (
            Add(),
            [(2, 3), (3, 3)],
            r"Add\(\) takes samples whose axes are equal or 1, got samples of \(2, 3\) and \(3, 3",
        ),
        (Subtract(), [(2,)], r"Subtract\(\) takes exactly two tensors, got 1"),
        (Subtract(), [(2,)] * 3, r"Subtract\(\) takes exactly two tensors, got 3"),
        (Concatenate(), [], r"Concatenate\(\) takes at least one tensor, got none"),
        (
            Concatenate(),
            [(2, 3), (3, 3)],
            r"Concatenate\(\) takes samples that differ along its axis only, got samples of \(2, 3",
        ),
        (Concatenate(2), [(4, 5), (4,)], "differ along its axis only, got samples of"),
        (Concatenate(3), [(4, 5)], r"Concatenate\(axis=3\) takes samples that have an axis 3"),
    ],
    ids=repr,
)
def test_impossible_shapes(layer, shapes, message):
    with pytest.raises(ValueError, match=message):
        layer.output_shape(*shapes)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv1D(2, (3, 3)), ValueError, "kernel_size must be one int, got 2 of them"),
        (lambda: Conv1D(2, 3, padding="full"), ValueError, "padding must be one of 'valid', .*'ca"),
        (lambda: Conv1D(3, 2, groups=2), ValueError, "filters must be divisible by groups=2, got"),
        (lambda: MaxPooling1D(0), ValueError, "pool_size must be at least 1, got 0"),
        (lambda: MaxPooling1D(padding="causal"), ValueError, "padding must be one of 'valid'"),
        (lambda: GlobalMaxPooling1D(1), TypeError, "keepdims must be True or False, got 1"),
        (lambda: DepthwiseConv2D(3, padding="causal"), ValueError, "padding must be one of"),
        (
            lambda: DepthwiseConv2D(3, depth_multiplier=0),
            ValueError,
            "depth_multiplier must be at least 1, got 0",
        ),
        (
            lambda: DepthwiseConv2D(3, depthwise_initializer="he"),
            ValueError,
            "depthwise_initializer must be an initializer",
        ),
        (
            lambda: SeparableConv2D(3, 3, pointwise_regularizer="l3"),
            ValueError,
            "pointwise_regularizer must be a regularizer",
        ),
        (
            lambda: Conv2DTranspose(3, 3, (2, 1), output_padding=1),
            ValueError,
            r"output_padding must be less than strides=\(2, 1\), got \(1, 1\)",
        ),
        (lambda: ZeroPadding2D(-1), ValueError, "padding must be at least 0, got -1"),
        (
            lambda: ZeroPadding2D((1, 2, 3)),
            ValueError,
            r"padding must be an int, two ints, as \(1, 1\), or two pairs, .*, got \(1, 2, 3\)",
        ),
        (
            lambda: Cropping2D((1, (2, 3, 4))),
            ValueError,
            "cropping must be one int or two ints, got 3 of",
        ),
        (lambda: Cropping2D("1"), TypeError, "cropping must be an integer, got str"),
        (lambda: UpSampling2D(0), ValueError, "size must be at least 1, got 0"),
        (
            lambda: UpSampling2D(2, "bicubic"),
            ValueError,
            "interpolation must be one of 'nearest', 'bilinear', got 'bicubic'",
        ),
        (lambda: Permute((1, 3)), ValueError, r"dims must hold each axis from 1 .*, got \(1, 3\)"),
        (lambda: Permute(2), ValueError, "dims must hold each axis from 1 to the number of axes"),
        (lambda: Permute((0, 1)), ValueError, "dims must be at least 1, got 0"),
        (lambda: RepeatVector(0), ValueError, "n must be at least 1, got 0"),
        (lambda: Rescaling("1"), TypeError, "scale must hold real numbers"),
        (lambda: Rescaling(1, np.nan), ValueError, "offset must be finite"),
        (lambda: Normalization(0), ValueError, "axis must not be 0, the axis of the batch, got 0"),
        (lambda: Normalization(1.5), TypeError, "axis must be an integer, got float"),
        (lambda: Normalization(mean=1), ValueError, "mean and variance must be given both or not"),
        (
            lambda: Normalization(mean=1, variance=[1, 2]),
            ValueError,
            r"mean and variance must have the same shape, got \(\) and \(2,\)",
        ),
        (
            lambda: Normalization(mean=[1, 1], variance=[1, -2]),
            ValueError,
            "variance must not be negative, got -2",
        ),
        (lambda: GaussianNoise(-1), ValueError, "stddev must not be negative, got -1"),
        (lambda: SpatialDropout2D(1), ValueError, "rate must be at least 0 and below 1, got 1"),
        (lambda: Embedding(0, 2), ValueError, "input_dim must be at least 1, got 0"),
        (lambda: Embedding(2, 0), ValueError, "output_dim must be at least 1, got 0"),
        (
            lambda: Embedding(2, 2, mask_zero=True),
            ValueError,
            "mask_zero must be False, because there are no masks here, got True",
        ),
        (lambda: Concatenate(0), ValueError, "axis must not be 0, the axis of the batch"),
    ],
)
def test_arguments_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


# --- initial values -------------------------------------------------------------------------------


def test_an_embedding_starts_uniform():
    (table,) = Embedding(10, 4).weights((7,))
    assert table.name == "embeddings"
    assert table.initializer == RandomUniform(-0.05, 0.05)


def test_normalization_adapts():
    # Columns (1, 3) and (2, 8): means 2 and 5, variances 1 and 9.
    layer = Normalization()
    layer.adapt([[1, 2], [3, 8]])
    weights = layer.weights((2,))
    assert [weight.name for weight in weights] == ["mean", "variance", "count"]
    assert not any(weight.trainable for weight in weights)
    values = [weight.initializer(weight.shape, 0).tolist() for weight in weights]
    assert values == [[2, 5], [1, 9], 0]
    assert layer.get_config() == Normalization().get_config()
    with pytest.raises(ValueError, match=r"was adapted to data with means of shape \(2,\), got"):
        layer.output_shape((3,))


def test_normalization_adapts_along_its_axes():
    data = np.random.default_rng(3).standard_normal((20, 4, 3)).astype(np.float32)
    for axis, others in [(None, (0, 1, 2)), (1, (0, 2)), ((2, 1), (0,))]:
        layer = Normalization(axis)
        layer.adapt(data)
        mean, variance, _ = layer.weights((4, 3))
        expected = data.astype(float).mean(others), data.astype(float).var(others)
        # One rounding, to float32, of numbers below 2.
        np.testing.assert_allclose(mean.initializer(mean.shape, 0), expected[0], atol=2**-23)
        np.testing.assert_allclose(
            variance.initializer(variance.shape, 0), expected[1], atol=2**-23
        )


@pytest.mark.parametrize(
    ("layer", "data", "error", "message"),
    [
        (Normalization(), [1.0, 2.0], ValueError, r"takes samples that have an axis -1 .* of \(\)"),
        (Normalization(3), [[1.0]], ValueError, "takes samples that have an axis 3"),
        (Normalization(), [[np.nan]], ValueError, "data must be finite"),
        (Normalization(), [["1"]], TypeError, "data must hold real numbers"),
        (Normalization(), np.array([[1e30], [-1e30]]), ValueError, "the variance of data must be"),
        (Normalization(mean=1, variance=1), [[1]], ValueError, "a Normalization with a given mean"),
    ],
)
def test_normalization_does_not_adapt(layer, data, error, message):
    with pytest.raises(error, match=message):
        layer.adapt(data)
    assert layer.adapted is None


FEATURES = np.array([[1, 2], [3, 8]], np.float32)  # of means 2 and 5, deviations 1 and 3
NORMAL = [[-1, -1], [1, 1]]


def test_a_model_knows_what_its_normalization_is_adapted_to():
    x = Input((2,))
    for make in (lambda layer: Sequential([x, layer]), lambda layer: Model(x, layer(x))):
        before = Normalization()
        before.adapt(FEATURES)
        assert make(before).predict(FEATURES).tolist() == NORMAL
        after = Normalization()
        model = make(after)
        after.adapt(FEATURES + 1)
        assert model.predict(FEATURES + 1).tolist() == NORMAL
        after.adapt(FEATURES)
        assert model.predict(FEATURES).tolist() == NORMAL
        with pytest.raises(ValueError, match=r"must have shape \(2,\), got \(3,\)"):
            after.adapt(np.ones((4, 3)))
        assert model.predict(FEATURES).tolist() == NORMAL


def test_a_normalization_that_does_not_fit_its_model():
    layer = Normalization()
    model = Model(x := Input((2,)), layer(x))
    layer.adapt(np.ones((4, 3)))
    with pytest.raises(ValueError, match=r"was adapted to data with means of shape \(3,\), but"):
        model.predict(FEATURES)


def test_a_saved_normalization(tmp_path):
    layer = Normalization()
    layer.adapt(FEATURES)
    model = Sequential([Input((2,)), layer])
    model.save(tmp_path / "model.safetensors")
    assert load_model(tmp_path / "model.safetensors").predict(FEATURES).tolist() == NORMAL


@pytest.mark.parametrize("number", [4, -1, 0.5])
def test_an_embedding_refuses_what_names_no_row(number):
    a, b = Input((3,)), Input((3,))
    table = Embedding(4, 2)
    several = Model([a, b], Add()([table(a), table(b)]))
    several.compile("sgd", "mse")
    x, wrong, y = np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 3, 2))
    wrong[1, 2] = number
    message = rf"must hold whole numbers from 0 to 3, as Embedding\(4, 2\) reads it, got {number:g}"
    with pytest.raises(ValueError, match=rf"x\[1\] {message}"):
        several.predict([x, wrong])
    with pytest.raises(ValueError, match=rf"x\[0\] {message}"):
        several.fit([wrong, x], y, verbose=0)
    with pytest.raises(ValueError, match=f"x {message}"):
        Sequential([Input((3,)), Embedding(4, 2)]).predict(wrong)


@pytest.mark.parametrize(
    ("moved", "shape"),
    [
        (Flatten(), (6,)),
        (Reshape((2, 3)), (6,)),
        (Permute((2, 1)), (3, 2)),
        (RepeatVector(2), (6,)),
        (Concatenate(), (6,)),
    ],
    ids=repr,
)
def test_numbers_that_are_only_moved_to_an_embedding_are_checked(moved, shape):
    inputs = [Input(shape), Input(shape)][: 1 + moved.reads_several]
    model = Model(inputs, Embedding(4, 2)(Flatten()(moved(inputs))))
    right, wrong = np.ones((2, *shape)), np.full((2, *shape), 4)
    model.predict([right, right] if moved.reads_several else right)
    with pytest.raises(ValueError, match=r"must hold whole numbers from 0 to 3, .* got 4"):
        model.predict([right, wrong] if moved.reads_several else wrong)


def test_an_embedding_of_more_rows_than_float32_can_name():
    """Every whole number up to 2**24 is one in float32; the next is rounded to another row."""
    rows = 2**24 + 2
    model = Sequential([Input((1,)), Embedding(rows, 1, "zeros")])
    with pytest.raises(ValueError, match="rows that float32 cannot name, because it does not hold"):
        model.predict([[rows - 1]])
    model = Sequential([Input((1,)), Embedding(rows, 1, "zeros")], dtype="float64")
    weights = model.get_weights()
    weights[0][rows - 1] = 7
    model.set_weights(weights)
    assert model.predict([[rows - 1], [rows - 2]]).ravel().tolist() == [7, 0]


def test_constant():
    assert Constant(2)((2, 2), 0).tolist() == [[2, 2], [2, 2]]
    assert Constant([1, 2])((2, 2), 0).tolist() == [[1, 2], [1, 2]]
    assert Constant([1, 2]).get_config() == {"name": "constant", "value": [1, 2]}
    assert not Zeros()((), 0)
    with pytest.raises(ValueError, match=r"value must broadcast to .* \(3,\), got an array of \(2"):
        Constant([1, 2])((3,), 0)
    with pytest.raises(ValueError, match="value must be finite"):
        Constant(np.inf)
