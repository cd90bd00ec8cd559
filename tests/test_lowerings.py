"""What layers tell each other while they become phases, and boxes of strided copies."""

import numpy as np
import pytest

from fastscratch import Input, Sequential, layers
from fastscratch.engine.strided import box, strides_of
from fastscratch.kernels.program import strided as op


def test_what_a_max_pooling_tells_the_convolution_passes_a_layer_that_does_nothing():
    """Few filters: the convolution is told which places won; without training nothing drops."""
    body = [layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(3, "softmax")]
    models = [
        Sequential([Input((13, 12, 6)), layers.Conv2D(5, 3, activation="relu"), *between, *rest])
        for between, rest in (
            ([], body),
            ([layers.Dropout(0.5)], [type(layer)(**layer.get_config()) for layer in body]),
        )
    ]
    x = np.random.default_rng(0).standard_normal((40, 13, 12, 6))
    y = np.arange(40) % 3
    for model in models:
        model.compile("sgd", "sparse_categorical_crossentropy")
        model.set_weights(models[0].get_weights())
    without, with_dropout = (model.input_gradients(x, y) for model in models)
    assert np.abs(without).max() > 0.01
    np.testing.assert_array_equal(with_dropout, without)


def test_maxima_of_a_reshaped_convolution_are_those_of_the_new_windows():
    # The convolution passes the numbers on; of rows 0 to 15 as (2, 8), the windows are columns.
    model = Sequential(
        [
            Input((4, 4, 1)),
            layers.Conv2D(1, 1),
            layers.Reshape((2, 8, 1)),
            layers.MaxPooling2D((2, 1)),
        ]
    )
    model.set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    x = np.arange(16).reshape(1, 4, 4, 1)
    assert model.predict(x).reshape(-1).tolist() == list(range(8, 16))


def fields(record, of):
    return [record[field] for field in of]


def test_axes_that_run_on_are_one():
    # All of (2, 3, 4) to the same place: 24 numbers in a row.
    steps = strides_of((2, 3, 4))
    assert steps == (12, 4, 1)
    record = box((2, 3, 4), steps, steps)
    assert fields(record, op.SIZES) == [1, 1, 1, 1, 24]
    assert fields(record, op.OUT_STRIDES) == [0, 0, 0, 0, 1]
    # Rows of a wider image; two samples stand innermost.
    record = box((2, 3, 4), (40, 4, 1), steps, out_start=5, lanes=2, in_lanes=2)
    assert fields(record, op.SIZES) == [1, 1, 1, 2, 24]
    assert fields(record, op.OUT_STRIDES) == [0, 0, 0, 80, 1]
    assert fields(record, op.IN_STRIDES) == [0, 0, 0, 24, 1]
    assert (record[op.OUT_START], record[op.IN_START]) == (10, 0)
    # One number for each row, for both samples.
    record = box((3, 4), (4, 1), (1, 0), lanes=2)
    assert fields(record, op.SIZES) == [1, 1, 1, 3, 8]
    assert fields(record, op.IN_STRIDES) == [0, 0, 0, 1, 0]


def test_more_axes_than_can_be_moved():
    reversing = layers.Permute((6, 5, 4, 3, 2, 1))
    message = (
        r"Permute\(\(6, 5, 4, 3, 2, 1\)\) moves 6 runs of axes, at most 5 can be moved; got sam"
    )
    with pytest.raises(ValueError, match=message):
        reversing(Input((2,) * 6))
    with pytest.raises(ValueError, match=message):
        Sequential([Input((2,) * 6), reversing])
    # An axis of one number is not moved.
    x = np.random.default_rng(0).random((3, 2, 2, 1, 2, 2, 2), np.float32)
    model = Sequential([Input(x.shape[1:]), layers.Permute((6, 5, 4, 3, 2, 1))])
    np.testing.assert_array_equal(model.predict(x), x.transpose(0, 6, 5, 4, 3, 2, 1))
    # The last two stay side by side: they are one.
    model = Sequential([Input((2,) * 6), layers.Permute((4, 3, 2, 1, 5, 6))])
    x = np.random.default_rng(0).random((3, *(2,) * 6), np.float32)
    np.testing.assert_array_equal(model.predict(x), x.transpose(0, 4, 3, 2, 1, 5, 6))
